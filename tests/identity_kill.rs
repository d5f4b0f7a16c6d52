//! An apply that makes an identity chain is killed at each of its requests, when the tenant has the
//! request and nobody ever gets the answer. The next one completes, and nothing is there twice.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use serde_json::json;

use crate::identity_absent::{ABSENT, directory};
use crate::identity_chain::{FEW, PEM, finds_nothing_to_do, from_scratch, stands_once};
use crate::support::front::{Front, Reply, Seen};
use crate::support::{Emulator, World, wait_for};

/// Kills an apply at the first request that `at` picks by its number and by what it is, and lets
/// the next one complete. False where the apply ended before there was such a request.
fn killed(lag: &str, at: impl Fn(usize, &Seen) -> bool + Send + Sync + 'static) -> bool {
    let world = World::new();
    let emulator = Emulator::with(&world, FEW, &["--lag", lag]);
    let (arrived, arrival) = channel();
    let (number, withheld) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let front = Front::before(&emulator.base_url, move |request| {
        let number = number.fetch_add(1, Ordering::SeqCst) + 1;
        let is_it = at(number, request) && withheld.fetch_add(1, Ordering::SeqCst) == 0;
        if is_it { Reply::Withhold(arrived.clone()) } else { Reply::Forward }
    });
    from_scratch(&world, &front.url(), &emulator, &[]);
    let mut apply = world.spawn(&["apply", "--auto-approve"]);
    let has_arrived = wait_for("the request, or the end", || {
        let arrived = arrival.try_recv().is_ok();
        (arrived || apply.has_ended()).then_some(arrived)
    });
    if has_arrived {
        apply.signal("KILL");
        apply.wait().ended(128 + 9);
        goes_on(&world);
    } else {
        apply.wait().ended(0);
    }
    stands_once(&world, &emulator);
    nothing_else_lies_beside(&world);
    finds_nothing_to_do(&world);
    has_arrived
}

/// What was begun is finished; what broke off before that begins anew.
#[track_caller]
fn goes_on(world: &World) {
    let resumed = world.run(&["apply", "--resume"]).ended(0);
    if resumed.stdout.starts_with("Nothing to resume") {
        world.run(&["apply", "--auto-approve"]).ended(0);
    }
}

/// What an interrupted run has begun in the directory of certificates is gone.
#[track_caller]
fn nothing_else_lies_beside(world: &World) {
    let files = fs::read_dir(world.path(PEM).parent().unwrap()).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["auditor.cer", "auditor.pem", "auditor.pfx"]);
}

/// Does the work of all numbers side by side: most of it is waiting.
fn side_by_side(numbers: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4.min(numbers) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers {
                        break;
                    }
                    work(number);
                }
            });
        }
    });
}

/// How many requests the whole of it takes.
fn all() -> usize {
    let world = World::new();
    let emulator = Emulator::start(&world, FEW);
    from_scratch(&world, &emulator.base_url, &emulator, &[]);
    world.run(&["apply", "--auto-approve"]).ended(0);
    emulator.requests().len()
}

#[test]
fn whichever_request_is_its_last_the_next_apply_completes() {
    let all = all();
    assert!((30..60).contains(&all), "{all}");
    side_by_side(all, |number| {
        assert!(killed("0", move |seen, _| seen == number + 1), "request {}", number + 1);
    });
}

#[test]
fn a_removal_goes_on_whichever_deletion_was_its_last() {
    side_by_side(4, |number| {
        let world = World::new();
        let emulator = Emulator::start(&world, FEW);
        let before = emulator.state();
        from_scratch(&world, &emulator.base_url, &emulator, &[]);
        world.run(&["apply", "--auto-approve"]).ended(0);
        let (arrived, arrival) = channel();
        let deletions = AtomicUsize::new(0);
        let front = Front::before(&emulator.base_url, move |request| {
            let deletes = request.method() == "DELETE";
            if deletes && deletions.fetch_add(1, Ordering::SeqCst) == number {
                return Reply::Withhold(arrived.clone());
            }
            Reply::Forward
        });
        from_scratch(&world, &front.url(), &emulator, &ABSENT);
        let apply = world.spawn(&["apply", "--auto-approve"]);
        wait_for("a deletion", || arrival.try_recv().ok());
        apply.signal("KILL");
        apply.wait().ended(128 + 9);
        goes_on(&world);
        assert_eq!(directory(emulator.state()), directory(before), "deletion {}", number + 1);
        assert!(!world.path(PEM).exists());
        finds_nothing_to_do(&world);
    });
}

/// The requests that build the chain, by method and a part of their path.
const WRITES: [(&str, &str); 5] = [
    ("PATCH", "/applications(uniqueName="),
    ("PATCH", "/servicePrincipals(appId="),
    ("POST", "/appRoleAssignedTo"),
    ("POST", "/directory/roleAssignments"),
    ("PATCH", "/v1.0/applications/"),
];

#[test]
fn what_the_directory_does_not_show_yet_is_not_made_again() {
    side_by_side(WRITES.len(), |number| {
        let (method, part) = WRITES[number];
        let is_it = move |_, seen: &Seen| seen.method() == method && seen.target.contains(part);
        assert!(killed("300", is_it), "{method} {part}");
    });
}

#[test]
fn what_is_asked_to_stop_while_the_directory_is_waited_for_is_gone_on_with() {
    side_by_side(WRITES.len(), |number| {
        let (method, part) = WRITES[number];
        let world = World::new();
        let emulator = Emulator::with(&world, FEW, &["--lag", "2000"]);
        let (arrived, arrival) = channel();
        let front = Front::before(&emulator.base_url, move |seen| {
            if seen.method() == method && seen.target.contains(part) {
                // Only the first one is waited for.
                let _ = arrived.send(());
            }
            Reply::Forward
        });
        from_scratch(&world, &front.url(), &emulator, &[]);
        let apply = world.spawn(&["apply", "--auto-approve"]);
        wait_for("the request", || arrival.try_recv().ok());
        apply.signal("INT");
        apply.wait().ended(130);
        let shown = world.run(&["show", "latest"]).ended(0);
        assert!(shown.stdout.contains("exit code 130, unfinished"), "{}", shown.stdout);
        goes_on(&world);
        stands_once(&world, &emulator);
        finds_nothing_to_do(&world);
    });
}

#[test]
fn an_application_that_is_listed_before_its_unique_name_is_known_is_the_specs_own() {
    let world = World::new();
    let emulator = Emulator::start(&world, FEW);
    from_scratch(&world, &emulator.base_url, &emulator, &[]);
    world.run(&["apply", "--auto-approve"]).ended(0);
    let front = Front::before(&emulator.base_url, |request| {
        let by_name = request.target.contains("/applications(uniqueName=");
        if by_name && request.method() == "GET" {
            let error = json!({ "code": "Request_ResourceNotFound", "message": "Not there." });
            let body = json!({ "error": error }).to_string();
            return Reply::new(404, &[("content-type", "application/json")], body);
        }
        Reply::Forward
    });
    from_scratch(&world, &front.url(), &emulator, &[]);
    finds_nothing_to_do(&world);
    assert!(front.seen().iter().any(|seen| seen.target.contains("displayName%20eq")));
}
