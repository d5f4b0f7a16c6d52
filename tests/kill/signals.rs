//! An apply that is asked to stop: by Ctrl-C, or by the signal with which services and containers end a
//! process. It waits for the requests in flight and for nothing else, and its journal is gone on with.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use super::side_by_side;
use crate::support::front::{Front, Reply, Seen};
use crate::support::{Emulator, World, wait_for};

const MAILBOXES: usize = 40;
const PARALLELISM: usize = 4;
const SEED: &str = "[generate]\nmailboxes = 40\nseed = 2\ncompliant = 0.0\n\
                    [generate.types]\nUserMailbox = 1\n";
const SPEC: &str = "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nlog_age_limit = 400\n";

/// Lets requests through, up to one; from there on they wait until it is opened.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        let open = self.is_open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

/// A tenant behind a gate that closes at the `number`th of the requests that `pick` picks.
struct Scene {
    world: World,
    emulator: Emulator,
    front: Front,
    gate: Arc<Gate>,
    arrived: Arc<AtomicUsize>,
}

impl Scene {
    fn new(number: usize, pick: impl Fn(&Seen) -> bool + Send + Sync + 'static) -> Self {
        let world = World::new();
        let emulator = Emulator::start(&world, SEED);
        let (gate, arrived) = (Arc::<Gate>::default(), Arc::<AtomicUsize>::default());
        let (closing, count) = (Arc::clone(&gate), Arc::clone(&arrived));
        let front = Front::before(&emulator.base_url, move |seen| {
            if pick(seen) && count.fetch_add(1, Ordering::SeqCst) + 1 >= number {
                closing.pass();
            }
            Reply::Forward
        });
        world.spec_at(&front.url(), &emulator, SPEC);
        Self { world, emulator, front, gate, arrived }
    }

    fn has_arrived(&self, number: usize) {
        let arrived = || (self.arrived.load(Ordering::SeqCst) >= number).then_some(());
        wait_for("the request", arrived);
    }
}

fn is_write(seen: &Seen) -> bool {
    seen.cmdlet() == "Set-Mailbox"
}

/// Asks an apply to stop at its `number`th write.
fn stopped_at(number: usize, signal: &str) {
    let scene = Scene::new(number, is_write);
    let parallelism = PARALLELISM.to_string();
    let mut apply = scene.world.spawn(&["apply", "--auto-approve", "--parallelism", &parallelism]);
    scene.has_arrived(number);
    apply.signal(signal);
    apply.says("stopping: no further request is sent, ");
    assert!(!apply.has_ended(), "the requests in flight are waited for");
    scene.gate.open();
    let output = apply.wait().ended(130);
    let sent = scene.front.writes().len();
    let report = format!("Apply interrupted. 0 created, {sent} changed, 0 deleted");
    assert!(output.stderr.contains(&report), "{number}, {sent}: {}", output.stderr);
    assert!((number..number + PARALLELISM).contains(&sent), "{number}, {sent}");
    let seen = scene.front.seen();
    let after = seen.iter().skip_while(|seen| !is_write(seen)).filter(|seen| !is_write(seen));
    assert_eq!(after.count(), 0, "nothing but the writes in flight was waited for");
    let resumed = scene.world.run(&["apply", "--resume"]).ended(0);
    let told = format!("{sent} of {MAILBOXES} changes were done before. ");
    assert!(resumed.stderr.contains(&told), "{}", resumed.stderr);
    assert_eq!(scene.emulator.writes().len(), MAILBOXES, "each was written once");
    scene.world.run(&["plan", "--detailed-exitcode"]).ended(0);
}

#[test]
fn an_apply_that_is_asked_to_stop_waits_for_what_is_in_flight_and_for_nothing_else() {
    let next = AtomicUsize::new(0);
    side_by_side(4, || {
        loop {
            let instant = next.fetch_add(1, Ordering::Relaxed);
            if instant >= 10 {
                return;
            }
            let signal = if instant.is_multiple_of(2) { "INT" } else { "TERM" };
            // From the first write to one of the last, all of which are still in flight then.
            stopped_at(1 + instant * (MAILBOXES - PARALLELISM) / 10, signal);
        }
    });
}

#[test]
fn an_apply_that_is_asked_to_stop_while_it_reads_ends_at_once_and_nothing_was_begun() {
    for signal in ["INT", "TERM"] {
        let scene = Scene::new(1, |seen| seen.cmdlet() == "Get-Mailbox");
        let apply = scene.world.spawn(&["apply", "--auto-approve"]);
        scene.has_arrived(1);
        apply.signal(signal);
        apply.wait().ended(130);
        scene.gate.open();
        assert_eq!(scene.emulator.writes(), []);
        let nothing = scene.world.run(&["apply", "--resume"]).ended(0);
        assert!(nothing.stdout.starts_with("Nothing to resume"), "{}", nothing.stdout);
    }
}

#[test]
fn a_second_signal_leaves_at_once_and_what_was_in_flight_is_in_doubt() {
    let scene = Scene::new(3, is_write);
    let apply = scene.world.spawn(&["apply", "--auto-approve", "--parallelism", "1"]);
    scene.has_arrived(3);
    apply.signal("TERM");
    apply.says("stopping: no further request is sent, ");
    apply.signal("TERM");
    apply.wait().ended(130);
    scene.gate.open();
    let resumed = scene.world.run(&["apply", "--resume"]).ended(0);
    // Whether it took effect is for the tenant to say.
    assert!(resumed.stderr.contains("; 1 request was in doubt, and "), "{}", resumed.stderr);
    scene.world.run(&["plan", "--detailed-exitcode"]).ended(0);
}
