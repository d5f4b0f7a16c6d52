//! A saved plan of an identity chain: applied as it was planned, wherever the spec was named from; and
//! what becomes of it where the chain was not left alone.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::plan::SMALL;
use crate::support::front::{Front, Reply, Seen};
use crate::support::{Emulator, Output, World, example};

const CHAIN: &str = "[certificate.auditor]\ncommon_name = \"Auditor\"\ndirectory = \"keys\"\n\
                     [application.auditor]\ndisplay_name = \"Auditor\"\n\
                     api_permissions = [\"Exchange.ManageAsApp\"]\nadmin_consent = true\n\
                     directory_roles = [\"Exchange Administrator\"]\n\
                     certificates = [\"certificate.auditor\"]\n";

fn saved(world: &World, body: &str) -> Emulator {
    let emulator = Emulator::start(world, SMALL);
    world.spec(&emulator, body);
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    emulator
}

/// Somebody else brings the tenant to another spec meanwhile.
fn meanwhile(world: &World, emulator: &Emulator, body: &str) {
    let spec = std::fs::read_to_string(world.path("auditform.toml")).unwrap();
    world.spec(emulator, body);
    world.run(&["apply", "--auto-approve"]).ended(0);
    world.write("auditform.toml", spec);
}

/// The chain, planned, on a tenant behind a door that answers in its place while the switch is on.
fn behind(
    answer: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static,
) -> (World, Emulator, Arc<AtomicBool>) {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let is_on = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_on);
    let front = Front::before(&emulator.base_url, move |seen| {
        let reply = switch.load(Ordering::SeqCst).then(|| answer(seen)).flatten();
        reply.unwrap_or(Reply::Forward)
    });
    world.spec_at(&front.url(), &emulator, CHAIN);
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    (world, emulator, is_on)
}

fn apply(world: &World) -> Output {
    world.run(&["apply", "--auto-approve", "plan.json"])
}

fn finds_nothing_to_do(world: &World) {
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
}

/// The plan is refused, naming this, and the directory is not written.
#[track_caller]
fn refused(world: &World, emulator: &Emulator, what: &str) {
    let writes = emulator.directory_writes().len();
    let output = apply(world).ended(5);
    assert!(output.stderr.contains(what), "{}", output.stderr);
    assert_eq!((output.stdout.as_str(), emulator.directory_writes().len()), ("", writes));
}

#[test]
fn a_chain_is_applied_as_it_was_planned_and_again_is_there_already() {
    let world = World::new();
    let emulator = saved(&world, CHAIN);
    let done = apply(&world).ended(0);
    assert!(done.stdout.contains("6 created, 0 changed, 0 deleted."), "{}", done.stdout);
    finds_nothing_to_do(&world);
    let writes = emulator.directory_writes().len();
    let again = apply(&world).ended(0);
    assert!(again.stdout.contains("6 already done."), "{}", again.stdout);
    assert_eq!(emulator.directory_writes().len(), writes);
}

#[test]
fn a_chain_that_broke_off_is_finished_by_the_same_plan() {
    for last in
        ["/v1.0/applications(", "/v1.0/servicePrincipals", "appRoleAssign", "roleManagement"]
    {
        let (world, emulator, is_on) = behind(move |seen| {
            let is_write = seen.method() != "GET" && seen.target.contains(last);
            is_write.then(|| {
                Reply::new(400, &[], r#"{"error":{"code":"Request_BadRequest","message":"no"}}"#)
            })
        });
        is_on.store(true, Ordering::SeqCst);
        apply(&world).ended(6);
        is_on.store(false, Ordering::SeqCst);
        let second = apply(&world).ended(0);
        assert!(second.stdout.contains("already done."), "{last}: {}", second.stdout);
        finds_nothing_to_do(&world);
        assert!(world.path("keys/auditor.pem").exists() && !emulator.directory_writes().is_empty());
    }
}

#[test]
fn an_application_that_somebody_made_otherwise_meanwhile_is_stale() {
    let world = World::new();
    let emulator = saved(&world, CHAIN);
    let (begun, _) = CHAIN.split_once("api_permissions").unwrap();
    meanwhile(&world, &emulator, begun);
    refused(&world, &emulator, "stale: application.auditor: `api_permissions` was not there");
}

#[test]
fn an_application_that_somebody_renamed_is_stale_and_both_names_are_told() {
    let world = World::new();
    let emulator = saved(&world, CHAIN);
    apply(&world).ended(0);
    let renamed = |name: &str| CHAIN.replace("\"Auditor\"\napi", &format!("\"{name}\"\napi"));
    world.spec(&emulator, &renamed("Auditor of ours"));
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    meanwhile(&world, &emulator, &renamed("Theirs"));
    refused(&world, &emulator, "`display_name` was `Auditor` and is `Theirs`");
    meanwhile(&world, &emulator, &renamed("Auditor of ours"));
    assert!(apply(&world).ended(0).stdout.contains("1 already done."));
}

#[test]
fn an_application_that_is_gone_is_stale() {
    let world = World::new();
    let emulator = saved(&world, CHAIN);
    apply(&world).ended(0);
    world.spec(&emulator, &CHAIN.replace("\"Auditor\"\napi", "\"Auditor of ours\"\napi"));
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    meanwhile(&world, &emulator, "[application.auditor]\nensure = \"absent\"\n");
    refused(&world, &emulator, "stale: application.auditor: ");
}

#[test]
fn a_certificate_that_somebody_made_meanwhile_is_taken_as_it_is() {
    let world = World::new();
    let emulator = saved(&world, CHAIN);
    let (certificate, _) = CHAIN.split_once("[application").unwrap();
    meanwhile(&world, &emulator, certificate);
    let made = std::fs::read(world.path("keys/auditor.pem")).unwrap();
    let done = apply(&world).ended(0);
    assert!(
        done.stdout.contains("5 created, 0 changed, 0 deleted, 1 already done."),
        "{}",
        done.stdout
    );
    assert_eq!(std::fs::read(world.path("keys/auditor.pem")).unwrap(), made);
}

#[test]
fn a_directory_that_cannot_be_read_again_is_unknown_and_nothing_is_written() {
    let (world, emulator, is_on) = behind(|seen| {
        let is_read = seen.method() == "GET" && seen.target.contains("/v1.0/applications");
        is_read.then(|| Reply::cut(&serde_json::json!({ "value": [] })))
    });
    is_on.store(true, Ordering::SeqCst);
    let arguments = ["apply", "--auto-approve", "plan.json", "--request-timeout", "2s"];
    assert_eq!(world.run(&arguments).ended(8).stdout, "");
    assert_eq!(emulator.directory_writes(), []);
    assert!(!world.path("keys/auditor.pem").exists());
}

#[test]
fn from_where_the_spec_was_named_makes_no_difference_to_the_digest() {
    let world = World::new();
    for file in ["auditform.toml", "tenant.toml"] {
        world.write(&format!("spec/{file}"), example("from-scratch", file));
    }
    let limits = "\n[limits]\nchanged = 0\n";
    let spec = example("from-scratch", "auditform.toml") + limits;
    world.write("spec/auditform.toml", spec);
    let absolute = world.path("spec").display().to_string();
    let digest = |path: &str| {
        let plan = world.run(&["plan", "--format", "json", path]);
        assert!(matches!(plan.code, 0 | 3), "{plan:?}");
        plan.json()["digest"].clone()
    };
    let first = digest("spec");
    assert_eq!(
        [digest(&absolute), digest("./spec"), digest("spec/auditform.toml")],
        [first.clone(), first.clone(), first]
    );
}
