//! One apply at a time: who comes second is refused or waits, who is dead is followed, who has lost its
//! lease stops.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::support::front::{Front, Reply};
use crate::support::{Emulator, Output, Running, World, wait_for};

const SIX: &str = "[generate]\nmailboxes = 6\nseed = 2\ncompliant = 0.0\n\
                   [generate.types]\nUserMailbox = 1\n";

const AGE: &str = "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nlog_age_limit = 400\n";

const ELSEWHERE: &str = "build-9.contoso.example";

struct Scene {
    world: World,
    emulator: Emulator,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let emulator = Emulator::start(&world, SIX);
        world.spec(&emulator, AGE);
        Self { world, emulator }
    }

    fn lease_file(&self) -> PathBuf {
        self.world.path(&format!(".auditform/leases/{}.json", self.emulator.tenant_id))
    }

    /// The lease, where there is one.
    fn lease(&self) -> Option<Value> {
        Some(serde_json::from_slice(&fs::read(self.lease_file()).ok()?).unwrap())
    }

    fn put(&self, lease: &Value) {
        let name = format!(".auditform/leases/{}.json", self.emulator.tenant_id);
        self.world.write(".auditform/.gitignore", "*\n");
        self.world.write(&name, lease.to_string());
    }

    /// A lease that another machine took some seconds ago.
    fn of_elsewhere(&self, seconds_ago: i64) -> Value {
        let taken = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds_ago);
        json!({
            "format_version": "1.0",
            "id": "0b5e1f00-0000-4000-8000-000000000001",
            "tenant_id": self.emulator.tenant_id,
            "organization": self.emulator.organization,
            "owner": { "user": "bo", "host": ELSEWHERE, "process": 4711 },
            "boot_id": "5e1f",
            "run": "20261123T154119042Z-5e1f00",
            "acquired_at": taken,
            "renewed_at": taken,
            "expires_at": taken + jiff::SignedDuration::from_secs(60),
        })
    }

    fn apply(&self, more: &[&str]) -> Output {
        self.world.run(&[&["apply", "--auto-approve"], more].concat())
    }

    /// An apply of which the first write was sent and is never answered, with what swallows it.
    fn held_up(&self) -> (Running, Front) {
        let (arrived, arrival) = std::sync::mpsc::channel();
        let is_first = AtomicBool::new(true);
        let front = Front::before(&self.emulator.base_url, move |seen| {
            if seen.cmdlet() == "Set-Mailbox" && is_first.swap(false, Ordering::SeqCst) {
                Reply::Swallow(arrived.clone())
            } else {
                Reply::Forward
            }
        });
        self.world.spec_at(&front.url(), &self.emulator, AGE);
        let apply = self.world.spawn(&["apply", "--auto-approve", "--parallelism", "1"]);
        wait_for("the write", || arrival.try_recv().ok());
        (apply, front)
    }
}

#[test]
fn of_two_applies_at_once_one_runs_and_the_other_is_refused_with_who_runs() {
    let scene = Scene::new();
    let (first, _front) = scene.held_up();
    let lease = wait_for("the run", || scene.lease().filter(|lease| lease["run"].is_string()));
    let reads = scene.emulator.ran("Get-Mailbox").len();
    let refused = scene.apply(&[]).ended(10);
    assert_eq!((refused.stdout.as_str(), scene.emulator.ran("Get-Mailbox").len()), ("", reads));
    assert!(refused.stderr.contains(lease["run"].as_str().unwrap()), "{}", refused.stderr);
    assert_data_eq!(
        refused.stderr,
        str![[r"
error[tenant-locked]: another apply of this tenant is under way
 |
 = note: it is held by [..] on [..] (process [..]) since [..]Z
 = note: it carries out run `[..]`
 = note: its lease is good until [..]Z
 = note: nothing was planned or changed
 = help: wait for it with `--lock-timeout 10m`, or try again later
 = help: if nobody applies any more, end its lease with `auditform lock break`

"]]
    );
    scene.world.run(&["apply", "--resume"]).ended(10);
    scene.world.run(&["plan", "--out", "plan.json"]).ended(0);
    scene.world.run(&["apply", "--auto-approve", "plan.json"]).ended(10);
    first.signal("KILL");
    first.wait().ended(128 + 9);
}

#[test]
fn who_waits_goes_on_when_the_other_has_ended() {
    let world = World::new();
    let emulator = Emulator::with(&world, SIX, &["--latency", "100"]);
    world.spec(&emulator, AGE);
    let scene = Scene { world, emulator };
    let first = scene.world.spawn(&["apply", "--auto-approve", "--parallelism", "1"]);
    wait_for("the first write", || (!scene.emulator.writes().is_empty()).then_some(()));
    let second = scene.apply(&["--lock-timeout", "60s"]).ended(0);
    first.wait().ended(0);
    assert!(
        second.stderr.starts_with("Waiting up to 60 s for another apply of this tenant, held by "),
        "{}",
        second.stderr
    );
    assert!(second.stdout.contains("No changes."), "{}", second.stdout);
    assert_eq!((scene.emulator.writes().len(), scene.lease()), (6, None));
}

#[test]
fn a_killed_owner_is_followed_at_once_and_its_run_is_found() {
    let scene = Scene::new();
    let (first, _front) = scene.held_up();
    first.signal("KILL");
    first.wait().ended(128 + 9);
    let left = scene.lease().unwrap();
    let shown = scene.world.run(&["lock", "show"]).ended(0).stdout;
    assert!(shown.contains("left behind: its owner is dead"), "{shown}");
    let found = scene.apply(&[]).ended(11);
    assert!(found.stderr.contains("error[unfinished-run]"), "{}", found.stderr);
    assert!(left["run"].is_string() && scene.lease().is_none());
    scene.world.run(&["apply", "--resume"]).ended(0);
    assert_eq!((scene.emulator.writes().len(), scene.lease()), (6, None));
}

#[test]
fn another_machines_lease_is_respected_until_it_expires() {
    let scene = Scene::new();
    let theirs = scene.of_elsewhere(5);
    scene.put(&theirs);
    let refused = scene.apply(&[]).ended(10);
    let said = format!("note: it is held by bo on {ELSEWHERE} (process 4711) since ");
    assert!(refused.stderr.contains(&said), "{}", refused.stderr);
    assert_eq!(scene.lease(), Some(theirs));
    scene.put(&scene.of_elsewhere(-100));
    let ahead = scene.apply(&[]).ended(10);
    assert!(ahead.stderr.contains("the clocks of the two machines differ by "), "{}", ahead.stderr);
    assert_eq!(scene.emulator.writes(), []);
    scene.put(&scene.of_elsewhere(61));
    scene.apply(&[]).ended(0);
    assert_eq!((scene.emulator.writes().len(), scene.lease()), (6, None));
}

#[test]
fn who_loses_its_lease_starts_nothing_more_and_says_who_took_it() {
    let world = World::new();
    let emulator = Emulator::with(&world, &SIX.replace("= 6", "= 60"), &["--latency", "100"]);
    world.spec(&emulator, AGE);
    let scene = Scene { world, emulator };
    let apply = scene.world.spawn(&["apply", "--auto-approve", "--parallelism", "1"]);
    wait_for("the first write", || (!scene.emulator.writes().is_empty()).then_some(()));
    let broken = scene.world.run_with(&["lock", "break", "--force"], &[("USER", "ada")]).ended(0);
    assert!(broken.stdout.contains("Its owner runs on this machine"), "{}", broken.stdout);
    let stopped = apply.wait().ended(10);
    assert!(!stopped.stdout.contains("interrupted"), "the report is no result: {}", stopped.stdout);
    assert!(stopped.stderr.contains("Apply interrupted."), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("error[lease-lost]"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("note: it was broken at "), "{}", stopped.stderr);
    assert!(stopped.stderr.contains(" by ada on "), "{}", stopped.stderr);
    let sent = scene.emulator.writes().len();
    assert!((1..60).contains(&sent), "{sent}");
    assert_eq!(scene.lease(), None);
    scene.apply(&[]).ended(11);
    scene.world.run(&["apply", "--resume"]).ended(0);
    assert_eq!(scene.emulator.writes().len(), 60);
}

#[test]
fn a_lease_is_given_back_however_an_apply_ends() {
    let scene = Scene::new();
    scene.apply(&["--approve", &format!("sha256:{}", "0".repeat(64))]).ended(4);
    assert_eq!(scene.lease(), None);
    scene.world.on_a_terminal("apply", "no\n").ended(4);
    assert_eq!(scene.lease(), None);
    let (apply, _front) = scene.held_up();
    assert!(scene.lease().is_some());
    apply.signal("INT");
    apply.says("interrupt again to leave at once");
    apply.signal("INT");
    apply.wait().ended(130);
    assert_eq!(scene.lease(), None);
}

#[test]
fn locks_are_shown_in_words_and_as_json_without_a_call() {
    let scene = Scene::new();
    let nothing = scene.world.run(&["lock", "show"]).ended(0);
    assert_eq!(nothing.stdout, "No apply holds a lease here.\n");
    assert!(!scene.world.path(".auditform").exists());
    let requests = scene.emulator.requests().len();
    let lease = scene.of_elsewhere(5);
    scene.put(&lease);
    scene.world.write(".auditform/leases/another.json", "{");
    assert_data_eq!(
        scene.world.run(&["lock", "show"]).ended(0).stdout,
        str![[r"
Tenant [..] (contoso.onmicrosoft.com): held
  Taken: [..]Z by bo on build-9.contoso.example (process 4711)
  Run: 20261123T154119042Z-5e1f00
  Renewed: [..]Z, good until [..]Z

Tenant another: unreadable
  it is no lease: [..]

"]]
    );
    let shown = scene.world.run(&["lock", "show", "--format", "json", "auditform.toml"]).ended(0);
    let shown = shown.json();
    let leases = shown["leases"].as_array().unwrap();
    let of = |tenant: &str| leases.iter().find(|row| row["tenant"] == tenant).unwrap();
    let row = of(&scene.emulator.tenant_id);
    assert_eq!((&row["standing"], &row["lease"]), (&json!("held"), &lease));
    assert!(of("another")["unreadable"].is_string());
    assert_eq!(scene.emulator.requests().len(), requests);
}

#[test]
fn of_several_leases_the_one_that_is_named_is_broken() {
    let scene = Scene::new();
    let nothing = scene.world.run(&["lock", "break", "--force"]).ended(0);
    assert_eq!(nothing.stdout, "Nothing to break: no apply holds a lease here.\n");
    scene.put(&scene.of_elsewhere(5));
    scene.world.write(".auditform/leases/another.json", "{");
    let several = scene.world.run(&["lock", "break", "--force"]).ended(64);
    assert!(several.stderr.contains("error[several-leases]"), "{}", several.stderr);
    let unknown = scene.world.run(&["lock", "break", "--force", "--tenant", "fabrikam"]).ended(1);
    assert!(unknown.stderr.contains("error[no-such-lease]"), "{}", unknown.stderr);
    scene.world.run(&["lock", "break", "--force", "--tenant", "another"]).ended(0);
    assert!(!scene.world.path(".auditform/leases/another.json").exists());
    let unasked = scene.world.run(&["lock", "break"]).ended(4);
    assert!(unasked.stderr.contains("error[no-terminal]"), "{}", unasked.stderr);
    scene.world.on_a_terminal("lock break", "no\n").ended(4);
    assert!(scene.lease().unwrap()["broken"].is_null());
    let organization = &scene.emulator.organization;
    let named =
        scene.world.on_a_terminal(&format!("lock break --tenant {organization}"), "yes\n").ended(0);
    assert!(named.stdout.contains("Do you want to break this lease?"), "{}", named.stdout);
    assert!(scene.lease().unwrap()["broken"]["at"].is_string());
    scene.apply(&[]).ended(0);
}

#[test]
fn a_lease_that_cannot_be_kept_or_read_stops_the_apply_before_anything_is_read() {
    let scene = Scene::new();
    scene.put(&json!({ "format_version": "7.0" }));
    let newer = scene.apply(&[]).ended(1);
    assert!(newer.stderr.contains("help: take a newer release of Auditform"), "{}", newer.stderr);
    let name = format!(".auditform/leases/{}.json", scene.emulator.tenant_id);
    scene.world.write(&name, "");
    let damaged = scene.apply(&[]).ended(1);
    assert!(damaged.stderr.contains("error[unreadable-lease]"), "{}", damaged.stderr);
    assert!(damaged.stderr.contains("remove it with `auditform lock break`"), "{}", damaged.stderr);
    fs::remove_dir_all(scene.world.path(".auditform/leases")).unwrap();
    scene.world.write(".auditform/leases", "a file where a directory should be");
    let unwritable = scene.apply(&[]).ended(1);
    assert!(unwritable.stderr.contains("error[unwritable-lease]"), "{}", unwritable.stderr);
    assert_eq!(scene.emulator.ran("Get-Mailbox").len() + scene.emulator.writes().len(), 0);
    let mode = fs::metadata(scene.world.path(".auditform")).unwrap().permissions().mode();
    assert_eq!(mode & 0o700, 0o700);
}
