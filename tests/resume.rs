//! A run that has not ended is gone on with: what is known to be done is not sent again, what was in doubt
//! is read again, what has moved is refused.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use snapbox::{assert_data_eq, str};

use crate::support::front::{Front, Reply};
use crate::support::{Emulator, World, wait_for};

const SIX: &str = "[generate]\nmailboxes = 6\nseed = 2\ncompliant = 0.0\n\
                   [generate.types]\nUserMailbox = 1\n";

const AGE: &str = "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nlog_age_limit = 400\n";

/// A tenant behind something that loses one write.
struct Scene {
    world: World,
    emulator: Emulator,
    front: Front,
}

impl Scene {
    /// An apply that was killed at its `number`th write. The tenant has done it where it was `delivered`,
    /// and nobody ever got the answer.
    fn killed_at(number: usize, delivered: bool) -> Self {
        let world = World::new();
        let emulator = Emulator::start(&world, SIX);
        let (arrived, arrival) = std::sync::mpsc::channel();
        let writes = AtomicUsize::new(0);
        let front = Front::before(&emulator.base_url, move |seen| {
            let is_write = seen.cmdlet() == "Set-Mailbox";
            match is_write && writes.fetch_add(1, Ordering::SeqCst) + 1 == number {
                false => Reply::Forward,
                true if delivered => Reply::Withhold(arrived.clone()),
                true => Reply::Swallow(arrived.clone()),
            }
        });
        world.spec_at(&front.url(), &emulator, AGE);
        let apply = world.spawn(&["apply", "--auto-approve", "--parallelism", "1"]);
        wait_for("the write", || arrival.try_recv().ok());
        apply.signal("KILL");
        apply.wait().ended(128 + 9);
        Self { world, emulator, front }
    }

    /// The only journal.
    fn journal(&self) -> PathBuf {
        let files = fs::read_dir(self.world.path(".auditform/runs")).unwrap();
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    fn overwrite(&self, text: &str) {
        self.world.write(&format!(".auditform/runs/{}.jsonl", self.run_name()), text);
    }

    fn run_name(&self) -> String {
        self.journal().file_stem().unwrap().to_str().unwrap().to_owned()
    }

    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.journal()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How often each mailbox was written, as the tenant has it.
    fn writes(&self) -> Vec<String> {
        self.emulator.writes().iter().map(|write| write.anchor().to_owned()).collect()
    }

    fn is_as_wanted(&self) {
        self.world.run(&["plan", "--detailed-exitcode"]).ended(0);
        for (name, mailbox) in self.emulator.mailboxes() {
            assert_eq!(mailbox["AuditLogAgeLimit"], "400.00:00:00", "{name}: {mailbox}");
        }
    }

    /// Somebody else changes a mailbox.
    fn meanwhile(&self, upn: &str) {
        let other = format!(
            "[mailbox_audit.b]\nrecipient_types = [\"UserMailbox\"]\ninclude = [\"{upn}\"]\n\
             log_age_limit = 30\n"
        );
        let elsewhere = self.world.path("elsewhere");
        fs::create_dir_all(&elsewhere).unwrap();
        let spec = fs::read_to_string(self.world.path("auditform.toml")).unwrap();
        let (head, _) = spec.split_once("[mailbox_audit").unwrap();
        self.world.write("elsewhere/auditform.toml", format!("{head}{other}"));
        self.world.run(&["apply", "--auto-approve", "elsewhere"]).ended(0);
    }
}

fn once_each(mut writes: Vec<String>) {
    let all = writes.len();
    writes.sort();
    writes.dedup();
    assert_eq!((writes.len(), all), (6, 6), "{writes:?}");
}

#[test]
fn what_was_in_doubt_and_took_effect_is_not_sent_again() {
    let scene = Scene::killed_at(3, true);
    let output = scene.world.run(&["apply", "--resume"]).ended(0);
    let name = scene.run_name();
    assert_data_eq!(
        output.stderr.lines().take(2).collect::<Vec<_>>().join("\n").replace(&name, "RUN"),
        str![[r"
Going on with run RUN. Reading again what is left of it.
3 of 6 changes were done before; 4 requests were in doubt, and 1 of them took effect. 3 are left."]]
    );
    assert_data_eq!(
        output.stdout,
        str![[r"

Apply complete! 0 created, 6 changed, 0 deleted.
Read back and verified: 6 changes.
Note: the mailbox audit bypass list was not looked at: accounts on it leave no audit records, whatever is set here

"]]
    );
    once_each(scene.writes());
    scene.is_as_wanted();
    let again = scene.world.run(&["apply", "--resume"]).ended(0);
    assert_eq!(again.stdout, "Nothing to resume: no run of `auditform.toml` is unfinished.\n");
    assert_eq!(again.stderr, "");
    let named = scene.world.run(&["apply", &format!("--resume={name}")]).ended(0);
    assert_eq!(named.stdout, format!("Nothing to resume: run {name} has ended.\n"));
    let shown = scene.world.run(&["show", "latest"]).ended(0).stdout;
    assert!(shown.contains("Taken up again: "), "{shown}");
    assert!(shown.contains("Apply complete! 0 created, 6 changed, 0 deleted."), "{shown}");
}

#[test]
fn what_was_in_doubt_and_had_no_effect_is_sent() {
    let scene = Scene::killed_at(3, false);
    let output = scene.world.run(&["apply", "--resume"]).ended(0);
    assert!(output.stderr.contains("2 of 6 changes were done before; 4 requests were in doubt, and 0 of them took effect. 4 are left."), "{}", output.stderr);
    once_each(scene.writes());
    scene.is_as_wanted();
    let events: Vec<String> = scene
        .lines()
        .iter()
        .filter(|line| line["type"] == "request" && line["change"] == 2)
        .map(|line| line["event"].as_str().unwrap().to_owned())
        .collect();
    let expected = ["intended", "sent", "refuted", "intended", "sent", "succeeded"];
    assert_eq!(events, expected);
}

#[test]
fn a_run_that_has_not_ended_stands_in_the_way_until_it_is_finished_or_given_up() {
    let scene = Scene::killed_at(3, true);
    let name = scene.run_name();
    let refused = scene.world.run_with(&["apply", "--auto-approve"], &[]).ended(11);
    assert_eq!(refused.stdout, "");
    let refused = refused.stderr.replace(&name, "RUN");
    let begun = refused.lines().find(|line| line.contains("it was begun at")).unwrap();
    assert_data_eq!(
        refused.replace(&format!("{begun}\n"), ""),
        str![[r"
error[unfinished-run]: run `RUN` of this tenant has not ended
 |
 = note: nothing was planned or changed
 = help: finish it with `auditform apply --resume`
 = help: or close it and plan anew, with `auditform apply --abandon`

"]]
    );
    scene.world.run(&["plan", "--out", "plan.json"]).ended(0);
    scene.world.run(&["apply", "--auto-approve", "plan.json"]).ended(11);
    assert_eq!(scene.writes().len(), 3);
    let output = scene.world.run(&["apply", "--abandon", "--auto-approve"]).ended(0);
    let closed = format!("Run {name} is closed: nobody goes on with it.");
    assert!(output.stderr.contains(&closed), "{}", output.stderr);
    assert!(output.stdout.contains("0 created, 3 changed, 0 deleted"), "{}", output.stdout);
    once_each(scene.writes());
    scene.is_as_wanted();
    let nothing = scene.world.run(&["apply", &format!("--resume={name}")]).ended(0);
    assert_eq!(nothing.stdout, format!("Nothing to resume: run {name} has ended.\n"));
    let shown = scene.world.run(&["show", &name]).ended(0).stdout;
    assert!(shown.contains("  Given up: "), "{shown}");
}

#[test]
fn whoever_applies_on_a_terminal_is_asked_whether_to_finish_the_run_first() {
    let scene = Scene::killed_at(3, true);
    let no = scene.world.on_a_terminal("apply", "no\n").ended(11);
    assert!(no.stdout.contains("Do you want to finish it first?"), "{}", no.stdout);
    assert_eq!(scene.writes().len(), 3);
    let yes = scene.world.on_a_terminal("apply", "yes\n").ended(0);
    assert!(yes.stdout.contains("0 created, 6 changed, 0 deleted"), "{}", yes.stdout);
    once_each(scene.writes());
}

#[test]
fn a_run_goes_on_as_it_was_planned_or_not_at_all_where_its_spec_has_changed() {
    let scene = Scene::killed_at(3, true);
    let spec = fs::read_to_string(scene.world.path("auditform.toml")).unwrap();
    scene.world.write("auditform.toml", spec.replace("400", "401"));
    let requests = scene.front.seen().len();
    let refused = scene.world.run(&["apply", "--resume"]).ended(5);
    assert_data_eq!(
        refused.stderr,
        str![[r"
error[spec-changed]: the spec is not the one that was planned
 |
 = note: `auditform.toml` is not as when the plan was made
 = note: no call was made
 = help: finish the run as it was planned with `--resume --plan-only`, or close it and plan anew with `--abandon`

"]]
    );
    assert_eq!(scene.front.seen().len(), requests);
    scene.world.run(&["apply", "--resume", "--plan-only"]).ended(0);
    once_each(scene.writes());
    scene.world.write("auditform.toml", spec);
    scene.is_as_wanted();
}

#[test]
fn what_has_moved_meanwhile_is_refused_and_can_be_left_out() {
    let scene = Scene::killed_at(3, true);
    let names: Vec<String> = scene.emulator.mailboxes().into_keys().collect();
    let left: Vec<String> = names
        .into_iter()
        .filter(|name| !scene.writes().iter().any(|one| one.contains(name)))
        .collect();
    scene.meanwhile(&left[0]);
    let before = scene.writes().len();
    let journal = fs::read_to_string(scene.journal()).unwrap();
    let refused = scene.world.run(&["apply", "--resume"]).ended(5);
    assert!(
        refused.stderr.contains("`log_age_limit` was 90 days and is 30 days"),
        "{}",
        refused.stderr
    );
    assert_eq!(scene.writes().len(), before);
    assert_eq!(fs::read_to_string(scene.journal()).unwrap(), journal, "nothing has happened to it");
    let partly = scene.world.run(&["apply", "--resume", "--stale", "skip"]).ended(6);
    assert!(partly.stdout.contains("5 changed, 0 deleted, 1 stale"), "{}", partly.stdout);
    assert_eq!(scene.writes().len(), before + 2);
    scene.world.run(&["apply", "--auto-approve"]).ended(0);
    scene.is_as_wanted();
}

#[test]
fn a_last_line_that_broke_off_is_dropped_and_any_other_damage_is_named() {
    let scene = Scene::killed_at(3, true);
    let (path, text) = (scene.journal(), fs::read_to_string(scene.journal()).unwrap());
    let name = scene.run_name();
    let damaged: String = text
        .lines()
        .enumerate()
        .map(|(at, line)| if at == 3 { "{}\n".to_owned() } else { format!("{line}\n") })
        .collect();
    scene.overwrite(&damaged);
    for arguments in [&["apply", "--resume"][..], &["apply", "--auto-approve"]] {
        let stopped = scene.world.run(arguments).ended(1);
        let said =
            format!("error[unreadable-journal]: the journal of run `{name}` cannot be gone by");
        assert!(stopped.stderr.contains(&said), "{}", stopped.stderr);
        assert!(
            stopped.stderr.contains("note: line 4: missing field `type`"),
            "{}",
            stopped.stderr
        );
    }
    scene.overwrite(&text.replacen("\"format_version\":\"1.", "\"format_version\":\"2.", 1));
    let newer = scene.world.run(&["apply", "--resume"]).ended(1);
    assert!(newer.stderr.contains("help: take a newer release of Auditform"), "{}", newer.stderr);
    assert_eq!(scene.writes().len(), 3);
    scene.overwrite(&format!("{text}{{\"type\":\"request\",\"at\":\"2026-"));
    scene.world.run(&["apply", "--resume"]).ended(0);
    once_each(scene.writes());
    assert!(fs::read_to_string(&path).unwrap().starts_with(&text));
    scene.lines();
}

#[test]
fn a_run_of_another_tenant_stands_in_nobodys_way_and_is_not_gone_on_with_by_its_spec() {
    let scene = Scene::killed_at(3, true);
    let elsewhere = World::new();
    let other = Emulator::start(&elsewhere, &SIX.replace("[generate]", "[tenant]\norganization = \"fabrikam.onmicrosoft.com\"\ntenant_id = \"6babcaad-604b-40ac-a9d7-9fd97c0b779f\"\n[generate]"));
    let spec = fs::read_to_string(scene.world.path("auditform.toml")).unwrap();
    scene.world.spec(&other, AGE);
    let said = scene.world.run(&["apply", "--resume"]).ended(5);
    assert!(said.stderr.contains("error[spec-changed]"), "{}", said.stderr);
    scene.world.run(&["apply", "--auto-approve"]).ended(0);
    assert_eq!(other.writes().len(), 6);
    scene.world.write("auditform.toml", spec);
    scene.world.run(&["apply", "--resume"]).ended(0);
    once_each(scene.writes());
}

#[test]
fn what_would_make_another_plan_of_a_run_is_a_mistake_of_usage() {
    let scene = Scene::killed_at(1, true);
    for more in [&["--target", "mailbox_audit"][..], &["--allow", "weakening=3"], &["--var", "a=b"]]
    {
        let arguments = [&["apply", "--resume"], more].concat();
        let said = scene.world.run(&arguments).ended(64);
        assert!(said.stderr.contains("cannot be given with `--resume`"), "{}", said.stderr);
    }
    for other in ["--abandon", "--approve=sha256:00", "--approval=a"] {
        scene.world.run(&["apply", "--resume", other]).ended(64);
    }
    let unknown = scene.world.run(&["apply", "--resume=20261123T000000000Z-000000"]).ended(1);
    assert!(unknown.stderr.contains("error[unknown-run]"), "{}", unknown.stderr);
    assert_eq!(scene.writes().len(), 1);
}
