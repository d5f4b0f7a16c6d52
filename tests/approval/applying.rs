//! `apply` of plans that have to be signed: what is refused before the first call, whoever has signed it,
//! and what no signature covers.

use auditform::approval::NAMESPACE;

use super::scene::Scene;
use crate::identity_chain::{FEW, from_scratch};
use crate::plan::OWNERS;
use crate::support::{Emulator, Output, World};

#[test]
fn a_saved_plan_is_applied_once_enough_have_signed_and_not_before() {
    let scene = Scene::new(1, &["alice", "bob"]);
    let world = &scene.world;
    let emulator = Emulator::with(world, "[generate]\nmailboxes = 3\n", &[]);
    let signers: Vec<String> =
        ["alice", "bob"].map(|name| format!("\"{} {name}\"", scene.signer(name).key)).into();
    let body = format!("[approval]\nsigners = [{}]\nrequired = 2\n", signers.join(", "));
    world.spec(&emulator, &format!("{body}{OWNERS}"));
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    let apply = ["apply", "--auto-approve", "plan.json"];
    let planned = emulator.requests().len();
    let unsigned = world.run(&apply).ended(4);
    assert!(unsigned.stderr.contains("none of 2 signers has approved it"), "{}", unsigned.stderr);
    scene.sign("alice").ended(0);
    let half = world.run(&apply).ended(4);
    assert!(half.stderr.contains("1 of 2 signers has approved it"), "{}", half.stderr);
    assert_eq!(
        (emulator.requests().len(), unsigned.stdout, half.stdout),
        (planned, String::new(), String::new())
    );
    scene.sign("bob").ended(0);
    let done = world.run(&apply).ended(0);
    assert!(done.stderr.contains("Approved by alice at "), "{}", done.stderr);
    assert!(!emulator.writes().is_empty());
    // The same signatures say nothing about another plan.
    world.spec(&emulator, &format!("{body}{}", OWNERS.replace("MailboxLogin", "Create")));
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    world.run(&apply).ended(4);
}

#[test]
fn a_plan_that_brings_its_own_signers_along_does_not_get_past_the_spec() {
    let scene = Scene::new(1, &["alice", "mallory"]);
    let world = &scene.world;
    let emulator = Emulator::with(world, "[generate]\nmailboxes = 3\n", &[]);
    let body = |name: &str| {
        format!("[approval]\nsigners = [\"{} {name}\"]\n{OWNERS}", scene.signer(name).key)
    };
    world.spec(&emulator, &body("mallory"));
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    world.spec(&emulator, &body("alice"));
    world.run(&["approve", "plan.json", "--key", "mallory", "--auto-approve"]).ended(0);
    let before = emulator.requests().len();
    world.run(&["apply", "--auto-approve", "plan.json"]).ended(5);
    let refused = world.run(&["apply", "--auto-approve", "--plan-only", "plan.json"]).ended(4);
    assert!(refused.stderr.contains("error[looser-rules]"), "{}", refused.stderr);
    assert_eq!(emulator.requests().len(), before);
}

#[test]
fn a_signature_of_another_key_and_one_that_is_over_are_refused_before_the_first_call() {
    let scene = Scene::new(1, &["alice"]);
    scene.key("mallory", "");
    let world = &scene.world;
    let emulator = Emulator::with(world, "[generate]\nmailboxes = 3\n", &[]);
    let signer = scene.signer("alice").key;
    world.spec(&emulator, &format!("[approval]\nsigners = [\"{signer} alice\"]\n{OWNERS}"));
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    let statement = scene.approve(&["--statement", "--quiet"]).ended(0).stdout;
    let (said, _) = statement.split_once("time: ").unwrap();
    let old = format!("{said}time: 2026-01-02T03:04:05Z\n");
    let before = emulator.requests().len();
    for (key, said, expected) in [
        ("mallory", &statement, "its key may not sign: ssh-ed25519 "),
        ("alice", &old, "it has expired: alice gave it at 2026-01-02T03:04:05Z, and it held 1d"),
    ] {
        world.write("said", said);
        let _ = std::fs::remove_file(world.path("said.sig"));
        let sign = ["-Y", "sign", "-q", "-n", NAMESPACE, "-f", key, "said"];
        scene.tool("ssh-keygen", &sign).ended(0);
        world.write("plan.json.alice.approval", format!("{said}{}", scene.file("said.sig")));
        let refused = world.run(&["apply", "--auto-approve", "plan.json"]).ended(4);
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
        assert_eq!((refused.stdout.as_str(), emulator.requests().len()), ("", before));
    }
}

/// A signed plan, with its text changed by `change` where the digest does not reach.
fn signed_and(change: impl Fn(&str) -> String) -> (Scene, Emulator, Output) {
    let scene = Scene::new(1, &["alice"]);
    let emulator = Emulator::with(&scene.world, "[generate]\nmailboxes = 3\n", &[]);
    let signer = scene.signer("alice").key;
    let body = format!("[approval]\nsigners = [\"{signer} alice\"]\n{OWNERS}");
    scene.world.spec(&emulator, &body);
    scene.world.run(&["plan", "--out", "plan.json"]).ended(0);
    scene.sign("alice").ended(0);
    let text = scene.file("plan.json");
    let changed = change(&text);
    assert_ne!(changed, text);
    scene.world.write("plan.json", changed);
    let output = scene.world.run(&["apply", "--auto-approve", "plan.json"]);
    (scene, emulator, output)
}

#[test]
fn a_plan_that_is_too_old_or_does_not_tell_its_age_is_refused_whoever_has_signed_it() {
    let other_time = |time: &'static str| {
        move |text: &str| {
            let (before, rest) = text.split_once("\"created_at\":\"").unwrap();
            let (_, after) = rest.split_once("\",").unwrap();
            if time.is_empty() {
                format!("{before}{after}")
            } else {
                format!("{before}\"created_at\":\"{time}\",{after}")
            }
        }
    };
    for time in ["", "2026-01-02T03:04:05Z", "2199-01-02T03:04:05Z"] {
        let (_scene, emulator, output) = signed_and(other_time(time));
        let output = output.ended(5);
        assert!(output.stderr.contains("error[plan-expired]"), "{}", output.stderr);
        assert_eq!((output.stdout.as_str(), emulator.writes()), ("", vec![]));
    }
}

#[test]
fn a_spec_that_cannot_be_judged_any_more_lets_no_plan_of_looser_rules_through() {
    let world = World::new();
    let emulator = Emulator::with(&world, "[generate]\nmailboxes = 3\n", &[]);
    world.spec(&emulator, OWNERS);
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    world.write("auditform.toml", "[approval\n");
    let before = emulator.requests().len();
    let apply = ["apply", "--auto-approve", "--plan-only", "plan.json"];
    let refused = world.run(&apply).ended(4);
    assert!(refused.stderr.contains("error[looser-rules]"), "{}", refused.stderr);
    assert_eq!(emulator.requests().len(), before);
}

#[test]
fn what_is_planned_after_the_first_phase_is_nothing_that_anybody_has_signed() {
    let scene = Scene::new(1, &["alice"]);
    let rules = format!("[approval]\nsigners = [\"{} alice\"]\n", scene.signer("alice").key);
    let emulator = Emulator::with(&scene.world, FEW, &["--bootstrap-only"]);
    from_scratch(&scene.world, &emulator.base_url, &emulator, &[]);
    let spec = scene.file("auditform.toml");
    let spec = spec.replace("[tenant]\n", "[tenant]\napprove_second_phase = true\n");
    scene.world.write("auditform.toml", format!("{spec}\n{rules}"));
    scene.world.run(&["plan", "--out", "plan.json"]).ended(0);
    scene.sign("alice").ended(0);
    let first = scene.world.run(&["apply", "--auto-approve", "plan.json"]).ended(12);
    assert!(first.stderr.contains("have that plan approved"), "{}", first.stderr);
    assert!(!emulator.directory_writes().is_empty());
    assert_eq!(emulator.writes(), []);
    scene.world.run(&["plan", "--out", "plan.json"]).ended(0);
    scene.world.run(&["apply", "--auto-approve", "plan.json"]).ended(4);
    scene.sign("alice").ended(0);
    scene.world.run(&["apply", "--auto-approve", "plan.json"]).ended(0);
    assert!(!emulator.writes().is_empty());
}
