//! What a run has left unproved is read back later; what it finds goes into the run's journal, and nothing
//! is written to the tenant.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::support::front::{Front, Reply};
use crate::support::{Emulator, World};

const TENANT: &str = "[tenant]\nunified_audit_log = false\n\
                      [generate]\nmailboxes = 3\nseed = 2\ncompliant = 0.0\n\
                      [generate.types]\nUserMailbox = 1\n";

const SWITCH: &str = "[unified_audit_log]\ningestion = true\n";

const AGE: &str = "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nlog_age_limit = 400\n";

/// A tenant whose reads can be made to lie.
struct Scene {
    world: World,
    emulator: Emulator,
    front: Front,
    lies: Arc<AtomicBool>,
}

impl Scene {
    /// `lie` is answered in the place of the truth to a cmdlet of this name, for as long as it lies.
    fn of(spec: &str, cmdlet: &'static str, lie: Reply) -> Self {
        let world = World::new();
        let emulator = Emulator::start(&world, TENANT);
        let lies = Arc::new(AtomicBool::new(false));
        let is_lying = Arc::clone(&lies);
        let front = Front::before(&emulator.base_url, move |seen| {
            if seen.cmdlet().starts_with("Set-") || seen.cmdlet().starts_with("Enable-") {
                is_lying.store(true, Ordering::SeqCst);
            }
            let is_a_lie = seen.cmdlet() == cmdlet && is_lying.load(Ordering::SeqCst);
            if is_a_lie { lie.clone() } else { Reply::Forward }
        });
        world.spec_at(&front.url(), &emulator, spec);
        Self { world, emulator, front, lies }
    }

    /// The unified audit log still reads as it did before the first write.
    fn with_a_slow_switch() -> Self {
        let old = json!({ "value": [{ "UnifiedAuditLogIngestionEnabled": false }] });
        Self::of(SWITCH, "Get-AdminAuditLogConfig", Reply::json(&old))
    }

    fn tells_the_truth(&self) {
        self.lies.store(false, Ordering::SeqCst);
    }

    fn journal(&self) -> Vec<Value> {
        let mut files = fs::read_dir(self.world.path(".auditform/runs")).unwrap();
        let text = fs::read_to_string(files.next().unwrap().unwrap().path()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What reading back showed each time, and how the run ended with it.
    fn proofs(&self) -> Vec<String> {
        let tell = |line: &Value| match line["type"].as_str().unwrap() {
            "read_back" => Some(line["verdict"].as_str().unwrap().to_owned()),
            "ended" => Some(format!("ended {}", line["exit_code"])),
            _ => None,
        };
        self.journal().iter().filter_map(tell).collect()
    }
}

#[test]
fn a_switch_that_shows_later_is_verified_later_and_asked_for_no_more() {
    let scene = Scene::with_a_slow_switch();
    let run = |arguments: &[&str]| scene.world.run(arguments);
    let name = |text: &str| {
        let run = scene.journal()[0]["run"].as_str().unwrap().to_owned();
        text.replace(&run, "RUN")
    };
    let applied = run(&["apply", "--auto-approve"]).ended(9);
    assert!(
        name(&applied.stderr).contains("Look again with: auditform verify RUN"),
        "{}",
        applied.stderr
    );

    let pending = run(&["verify", "latest"]).ended(9);
    assert_data_eq!(
        name(&pending.stdout),
        str![[r"
pending: unified_audit_log: written, not visible yet; the service may take up to 60 minutes
1 change of run RUN read back: 0 verified, 1 not visible yet, 0 refuted, 0 without effect.

"]]
    );

    scene.tells_the_truth();
    let verified = run(&["verify", "latest"]).ended(0);
    assert_data_eq!(
        name(&verified.stdout),
        str![[r"
1 change of run RUN read back: 1 verified, 0 not visible yet, 0 refuted, 0 without effect.

"]]
    );
    let proofs = ["pending", "ended 9", "pending", "ended 9", "verified", "ended 0"];
    assert_eq!(scene.proofs(), proofs);
    let shown = run(&["show", "latest", "--format", "json"]).ended(0).json();
    assert_eq!(shown["changes"][0]["verification"], "verified", "{shown}");
    let plan = run(&["plan", "--detailed-exitcode", "--format", "json"]).ended(0).json();
    assert_eq!(plan["pending"], json!([]));

    let requests = scene.front.seen().len();
    let again = run(&["verify", "latest"]).ended(0);
    assert_data_eq!(
        name(&again.stdout),
        str![[r"
Nothing to verify: all that run RUN did was read back.

"]]
    );
    assert_eq!(scene.front.seen().len(), requests, "the tenant was asked");
    assert_eq!(scene.emulator.writes().len(), 1);
}

#[test]
fn a_switch_that_does_not_show_within_its_hour_is_refuted() {
    let scene = Scene::with_a_slow_switch();
    scene.world.run(&["apply", "--auto-approve"]).ended(9);
    let path = ".auditform/pending.json";
    let mut kept: Value =
        serde_json::from_str(&fs::read_to_string(scene.world.path(path)).unwrap()).unwrap();
    let of_tenant = &mut kept["unified_audit_log"][&scene.emulator.tenant_id];
    of_tenant["at"] = json!("2026-01-01T00:00:00Z");
    scene.world.write(path, kept.to_string());
    let refuted = scene.world.run(&["verify", "latest"]).ended(6);
    assert!(refuted.stdout.starts_with("refuted: unified_audit_log: "), "{}", refuted.stdout);
    assert_eq!(scene.proofs(), ["pending", "ended 9", "refuted", "ended 6"]);
}

#[test]
fn what_could_not_be_read_back_is_read_back_later() {
    let scene = Scene::of(AGE, "Get-Mailbox", Reply::new(400, &[], "no"));
    scene.world.run(&["apply", "--auto-approve"]).ended(8);
    scene.tells_the_truth();
    let verified = scene.world.run(&["verify", "latest"]).ended(0);
    let (_, told) = verified.stdout.split_once(" read back: ").unwrap();
    assert_eq!(told, "3 verified, 0 not visible yet, 0 refuted, 0 without effect.\n");
    assert_eq!(scene.proofs(), ["ended 8", "verified", "ended 0"]);
}

#[test]
fn what_cannot_be_read_now_leaves_the_journal_as_it_was() {
    let scene = Scene::of(AGE, "Get-Mailbox", Reply::new(400, &[], "no"));
    scene.world.run(&["apply", "--auto-approve"]).ended(8);
    let before = scene.journal();
    scene.world.run(&["verify", "latest"]).ended(8);
    assert_eq!(scene.journal(), before);
}

#[test]
fn a_run_that_has_not_ended_is_finished_first_and_one_that_was_closed_is_not_looked_at() {
    let scene = Scene::of(AGE, "none", Reply::Forward);
    scene.world.run(&["apply", "--auto-approve"]).ended(0);
    let runs = fs::read_dir(scene.world.path(".auditform/runs")).unwrap();
    let path = runs.into_iter().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&path).unwrap();
    let (cut, _) = text.split_once("{\"type\":\"read_back\"").unwrap();
    let name = path.file_stem().unwrap().to_str().unwrap();
    scene.world.write(&format!(".auditform/runs/{name}.jsonl"), cut);

    let refused = scene.world.run(&["verify", "latest"]).ended(11);
    assert!(refused.stderr.starts_with("error[unfinished-run]: "), "{}", refused.stderr);
    scene.world.run(&["apply", "--abandon", "--auto-approve"]).ended(0);
    let refused = scene.world.run(&["verify", name]).ended(1);
    assert!(refused.stderr.starts_with("error[closed-run]: "), "{}", refused.stderr);
}
