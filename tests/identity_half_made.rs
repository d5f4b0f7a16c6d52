//! Identity chains that are left half made, since a service refuses or is not ready: what is read of
//! what exists and of what the next run will do, and that the next run does it.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use snapbox::{assert_data_eq, str};

use crate::bad_input::{BODY, SEED};
use crate::identity_bad_input::bootstrap;
use crate::sign_in_methods::{CHAIN, spec_at};
use crate::support::front::{Front, Reply, Seen};
use crate::support::{Emulator, Output, World};

/// What is told after the plan: the report, and the findings without the progress.
fn told(world: &World, output: &Output) -> String {
    let (_, report) = output.stdout.split_once("to read back.\n").unwrap();
    let is_progress = |line: &&str| {
        line.starts_with("applied ") || line.starts_with("failed: ") || line.contains(": waiting ")
    };
    let findings: Vec<&str> = output.stderr.lines().filter(|line| !is_progress(line)).collect();
    world.redact(&format!("{report}---\n{}\n", findings.join("\n")))
}

/// The usual chain on a tenant behind a server that answers in its place as long as the switch is
/// on.
fn behind(
    answer: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static,
) -> (World, Emulator, Arc<AtomicBool>) {
    let world = World::new();
    let emulator = Emulator::with(&world, SEED, &["--bootstrap-only"]);
    let on = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&on);
    let front = Front::before(&emulator.base_url, move |seen: &Seen| {
        let answer = switch.load(Ordering::Relaxed).then(|| answer(seen)).flatten();
        answer.unwrap_or(Reply::Forward)
    });
    let rest = format!("approve_second_phase = true\n{CHAIN}{}\n{BODY}", bootstrap(&emulator));
    spec_at(&front.url(), &world, &emulator, &rest);
    (world, emulator, on)
}

/// The next run finds what is there and goes on to the end.
#[track_caller]
fn the_next_run_completes_it(world: &World, emulator: &Emulator, on: &AtomicBool) {
    on.store(false, Ordering::Relaxed);
    world.run(&["apply", "--auto-approve"]).ended(0);
    let state = emulator.state();
    let applications = state["Applications"].as_array().unwrap();
    assert_eq!(applications.iter().filter(|app| app["displayName"] == "Auditor").count(), 1);
    assert_eq!(emulator.mailbox("ada@contoso.com")["AuditLogAgeLimit"], "100.00:00:00");
}

#[test]
fn exchange_that_does_not_let_the_application_in_yet() {
    let (world, emulator, on) = behind(|seen| {
        let is_exchange = seen.target.starts_with("/adminapi/");
        is_exchange.then(|| Reply::new(403, &[("request-id", "r-1")], "\0".repeat(512)))
    });
    let output = world.run(&["apply", "--auto-approve", "--request-timeout", "3s"]).ended(9);
    assert_data_eq!(
        told(&world, &output),
        str![[r#"

Digest: sha256:<digest>

Apply complete! 6 created, 0 changed, 0 deleted.
Read back and verified: 6 changes.
---
reading back what was written: 6 to confirm
The first phase is done. Signing in to Exchange to plan the rest.
warning[not-yet]: Exchange does not let the application in yet
 |
 = note: Exchange denies access and gives no reason, to a new token either: a grant is missing or not yet in force [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 403, request-id r-1, 2 tries in <time> s]
 = note: what the first phase did stays as it is
 = help: run `auditform apply` again later: it goes on from here

"#]]
    );
    // A later run finds the chain whole, and waits on.
    let later = world.run(&["apply", "--auto-approve", "--request-timeout", "1s"]).ended(9);
    assert!(later.stdout.contains("Plan: 0 to create, 0 to change"), "{}", later.stdout);
    assert!(later.stderr.contains("warning[not-yet]"), "{}", later.stderr);
    the_next_run_completes_it(&world, &emulator, &on);
}

#[test]
fn exchange_that_fails_after_the_first_phase() {
    let (world, emulator, on) = behind(|seen| {
        let is_exchange = seen.target.starts_with("/adminapi/");
        is_exchange.then(|| Reply::new(503, &[("request-id", "r-1")], ""))
    });
    let output = world.run(&["apply", "--auto-approve", "--request-timeout", "1s"]).ended(8);
    assert_data_eq!(
        told(&world, &output),
        str![[r#"

Digest: sha256:<digest>

Apply complete! 6 created, 0 changed, 0 deleted.
Read back and verified: 6 changes.
---
reading back what was written: 6 to confirm
The first phase is done. Signing in to Exchange to plan the rest.
error[unavailable]: the service keeps failing: status 503 without a reason [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 503, request-id r-1, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: try again later; where a request-id is shown, Microsoft's support asks for it
warning[first-phase-done]: the rest could not be planned
 |
 = note: what the first phase did stays as it is
 = help: run `auditform apply` again: it finds what is there and goes on from here

"#]]
    );
    the_next_run_completes_it(&world, &emulator, &on);
}

#[test]
fn a_consent_that_the_directory_refuses() {
    let (world, emulator, on) = behind(|seen| {
        let body = json!({ "error": {
            "code": "Authorization_RequestDenied",
            "message": "Insufficient privileges to complete the operation.",
        } });
        let is_consent = seen.target.ends_with("/appRoleAssignedTo");
        is_consent.then(|| Reply::new(403, &[("request-id", "r-1")], body.to_string()))
    });
    let output = world.run(&["apply", "--auto-approve"]).ended(6);
    assert_data_eq!(
        told(&world, &output),
        str![[r#"

Digest: sha256:<digest>
failed: app_role_assignment.auditor["Exchange.ManageAsApp"]: Microsoft Graph denies access: Insufficient privileges to complete the operation. (Authorization_RequestDenied) [POST http://127.0.0.1:<port>/v1.0/servicePrincipals/<guid>/appRoleAssignedTo (consent), status 403, request-id r-1, client-request-id <guid>, 1 try in <time> s]; whoever signs in needs the role Cloud Application Administrator or Application Administrator; for permissions of Microsoft Graph itself Privileged Role Administrator; a role or permission given just now is in force after some minutes, in a new token

Apply incomplete. 5 created, 0 changed, 0 deleted, 1 failed.
Read back and verified: 5 changes.
---
reading back what was written: 5 to confirm
warning[half-made]: the identity chain is not whole
 |
 = note: 5 steps took effect and stay as they are
 = help: mend what failed, then run `auditform apply` again: it finds what is there and does the rest

"#]]
    );
    the_next_run_completes_it(&world, &emulator, &on);
}

#[test]
fn conditional_access_that_blocks_the_new_application() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let (world, emulator, on) = behind(move |seen| {
        if !seen.target.ends_with("/oauth2/v2.0/token") {
            return None;
        }
        let text = "AADSTS53003: Access has been blocked by Conditional Access policies.";
        let body = json!({ "error": "interaction_required", "error_description": text });
        // The first two are for whoever makes it: at Graph, and at Exchange, where it may not read.
        let is_early = count.fetch_add(1, Ordering::Relaxed) < 2;
        (!is_early).then(|| Reply::new(400, &[("request-id", "r-1")], body.to_string()))
    });
    let output = world.run(&["apply", "--auto-approve"]).ended(6);
    // Asked once, since a policy does not change its mind.
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    assert_data_eq!(
        told(&world, &output),
        str![[r#"

Digest: sha256:<digest>
failed: key_credential.auditor["certificate.auditor"]: the certificate is registered and gives no token: sign-in is blocked by Conditional Access: AADSTS53003: Access has been blocked by Conditional Access policies. [POST http://127.0.0.1:<port>/<guid>/oauth2/v2.0/token (access token), status 400, request-id r-1, 1 try in <time> s]; a Conditional Access policy blocks this identity, this place or this way to sign in, as many do with device codes; the sign-in log names the policy: have an exception made, or use another `method`

Apply incomplete. 5 created, 0 changed, 0 deleted, 1 failed.
Read back and verified: 5 changes.
---
reading back what was written: 5 to confirm
warning[half-made]: the identity chain is not whole
 |
 = note: 5 steps took effect and stay as they are
 = help: mend what failed, then run `auditform apply` again: it finds what is there and does the rest

"#]]
    );
    the_next_run_completes_it(&world, &emulator, &on);
}
