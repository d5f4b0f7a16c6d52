//! What is left when an apply is interrupted or killed, and how many requests it has under way.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

use crate::identity_chain::{FEW, finds_nothing_to_do, from_scratch, stands_once};
use crate::support::front::{Front, Reply, Seen};
use crate::support::{Emulator, Running, World, wait_for};

const HUNDRED: &str = "[generate]\nmailboxes = 100\nseed = 2\ncompliant = 0.0\n\
                       [generate.types]\nUserMailbox = 1\n";

const AGE: &str = "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nlog_age_limit = 400\n";

/// The number before a word of a report: `3 failed`.
fn said(report: &str, word: &str) -> usize {
    let (before, _) = report.split_once(&format!(" {word}")).unwrap_or_default();
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[test]
fn an_interrupt_awaits_what_is_in_flight_starts_nothing_more_and_a_rerun_finishes() {
    let world = World::new();
    let emulator = Emulator::with(&world, HUNDRED, &["--latency", "60"]);
    world.spec(&emulator, AGE);
    let apply = world.spawn(&["apply", "--auto-approve", "--parallelism", "4"]);
    wait_for("a few writes", || (emulator.writes().len() >= 6).then_some(()));
    apply.signal("INT");
    let ended = apply.wait().ended(130);
    let stopping = "stopping: no further request is sent, ";
    assert!(ended.stderr.contains(stopping), "{}", ended.stderr);
    let (_, report) = ended.stderr.split_once("Apply interrupted.").unwrap();
    let (done, left) = (said(report, "changed"), said(report, "not started"));
    assert_eq!(done + left, 100, "{report}");
    assert!(left > 50, "{report}");
    assert_eq!(emulator.writes().len(), done, "every request that was sent has been counted");

    world.run(&["apply", "--resume"]).ended(0);
    assert_eq!(emulator.writes().len(), 100, "nothing was written twice");
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
}

#[test]
fn a_second_interrupt_leaves_at_once() {
    let world = World::new();
    let emulator = Emulator::with(&world, HUNDRED, &["--latency", "700"]);
    world.spec(&emulator, AGE);
    let apply = world.spawn(&["apply", "--auto-approve", "--parallelism", "1"]);
    wait_for("a write", || (!emulator.writes().is_empty()).then_some(()));
    apply.signal("INT");
    apply.says("interrupt again to leave at once");
    apply.signal("INT");
    let ended = apply.wait().ended(130);
    assert!(!ended.stderr.contains("Apply interrupted."), "{}", ended.stderr);
}

#[test]
fn an_interrupt_while_reading_ends_the_command_and_nothing_was_planned() {
    let world = World::new();
    let emulator = Emulator::with(&world, HUNDRED, &["--latency", "2000"]);
    world.spec(&emulator, AGE);
    let plan = world.spawn(&["plan"]);
    // Discovery is logged once its latency is over; the token then takes as long again.
    wait_for("the first request", || (!emulator.requests().is_empty()).then_some(()));
    plan.signal("INT");
    let ended = plan.wait().ended(130);
    assert_eq!(ended.stdout, "");
}

#[test]
fn what_waits_for_a_throttling_to_end_is_not_waited_for() {
    let world = World::new();
    let faults = "[[fault]]\ncmdlet = \"Set-Mailbox\"\nkind = \"answer\"\nstatus = 429\n\
                  retry_after = \"600s\"\n";
    world.write("faults.toml", faults);
    let emulator = Emulator::with(&world, HUNDRED, &["--faults", "faults.toml"]);
    let front = Front::before(&emulator.base_url, |_| Reply::Forward);
    world.spec_at(&front.url(), &emulator, AGE);
    let apply = world.spawn(&["apply", "--auto-approve", "--parallelism", "4"]);
    wait_for("a refusal", || (!emulator.writes().is_empty()).then_some(()));
    apply.signal("INT");
    // Far less than the ten minutes that the service asks for: `wait` has an end of its own.
    let ended = apply.wait().ended(130);
    let (_, report) = ended.stderr.split_once("Apply interrupted.").unwrap();
    assert_eq!(said(report, "not started"), 100, "{report}");
    let shown = world.run(&["show", "latest"]).ended(0).stdout;
    assert!(shown.contains("exit code 130, unfinished"), "{shown}");
    assert!(!shown.contains("in doubt"), "{shown}");
}

/// Before a tenant, what answers everything but the first request that is picked; says when it came.
fn withholding(
    emulator: &Emulator,
    pick: impl Fn(&Seen) -> bool + Send + Sync + 'static,
) -> (Front, Receiver<()>) {
    let (arrived, arrival) = channel();
    let withheld = AtomicBool::new(false);
    let front = Front::before(&emulator.base_url, move |request| {
        let is_it = pick(request) && !withheld.swap(true, Ordering::SeqCst);
        if is_it { Reply::Withhold(arrived.clone()) } else { Reply::Forward }
    });
    (front, arrival)
}

/// Starts an apply that does not wait for ever, and interrupts it once.
fn interrupted_at(world: &World, arrival: &Receiver<()>) -> Running {
    let apply = world.spawn(&["apply", "--auto-approve", "--request-timeout", "8s"]);
    wait_for("the request that is withheld", || arrival.try_recv().ok());
    apply.signal("INT");
    apply
}

#[test]
fn an_interrupt_while_reading_back_ends_that_and_says_what_was_done() {
    let world = World::new();
    let emulator = Emulator::start(&world, &HUNDRED.replace("100", "5"));
    let written = AtomicBool::new(false);
    let (front, arrival) = withholding(&emulator, move |seen| match seen.cmdlet() {
        "Set-Mailbox" => {
            written.store(true, Ordering::SeqCst);
            false
        }
        "Get-Mailbox" => written.load(Ordering::SeqCst),
        _ => false,
    });
    world.spec_at(&front.url(), &emulator, AGE);
    let ended = interrupted_at(&world, &arrival).wait().ended(130);
    assert!(!ended.stdout.contains("Apply complete!"), "nothing there tells of a result");
    let done = "Apply complete! 0 created, 5 changed, 0 deleted.\n";
    assert!(ended.stderr.contains(done), "{}", ended.stderr);
    assert!(ended.stderr.contains("warning[not-verified]"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("Read back"), "{}", ended.stderr);
    finds_nothing_to_do(&world);
}

#[test]
fn an_interrupt_between_the_phases_ends_the_apply_before_anything_of_the_second() {
    // The first asks whether the new application may enter, the second comes while planning.
    for cmdlet in ["Get-Mailbox", "Get-OrganizationConfig"] {
        let world = World::new();
        let emulator = Emulator::with(&world, FEW, &["--bootstrap-only"]);
        let (front, arrival) = withholding(&emulator, move |seen| seen.cmdlet() == cmdlet);
        let both = ("[tenant]\n", "[tenant]\napprove_second_phase = true\n");
        from_scratch(&world, &front.url(), &emulator, &[both]);
        let ended = interrupted_at(&world, &arrival).wait().ended(130);
        assert!(ended.stdout.contains("Apply complete! 6 created"), "{}", ended.stdout);
        assert_eq!(emulator.writes(), [], "{cmdlet}");
        stands_once(&world, &emulator);
        world.run(&["apply", "--auto-approve"]).ended(0);
        finds_nothing_to_do(&world);
    }
}

/// How many writes of an apply that may have five under way were too many for a tenant that takes so many.
fn refused_by_a_tenant_that_takes(at_once: usize) -> usize {
    let world = World::new();
    let limit = format!("[rate.writes]\nconcurrency = {at_once}\n");
    world.write("faults.toml", limit);
    let options = ["--latency", "80", "--faults", "faults.toml"];
    let emulator = Emulator::with(&world, HUNDRED, &options);
    world.spec(&emulator, AGE);
    world.run(&["apply", "--auto-approve", "--parallelism", "5"]).ended(0);
    let writes = emulator.writes();
    let refused = writes.iter().filter(|write| write.status != 200).count();
    assert_eq!(writes.len() - refused, 100);
    refused
}

#[test]
fn as_many_requests_are_under_way_as_allowed_and_never_more() {
    assert_eq!(refused_by_a_tenant_that_takes(5), 0);
    assert!(refused_by_a_tenant_that_takes(4) > 0, "requests go out side by side");
}

#[test]
fn a_killed_apply_loses_no_answered_write_and_the_next_one_finishes_the_rest() {
    let world = World::new();
    world.write("tenant.toml", HUNDRED.replace("100", "1500"));
    world.write("auditform.toml", format!("version = 1\n[tenant]\nendpoint = \"embedded\"\n{AGE}"));
    let total = world.run(&["plan", "--format", "json"]).ended(0).json();
    let total = total["summary"]["change"].as_u64().unwrap();
    let state = world.path(".auditform/tenant.state");
    let kept = || {
        let text = fs::read_to_string(&state).unwrap_or_default();
        (text.matches('\n').count() as u64).saturating_sub(1)
    };
    let apply = world.spawn(&["apply", "--auto-approve"]);
    wait_for("two hundred changes", || (kept() > 200).then_some(()));
    apply.signal("KILL");
    let ended = apply.wait().ended(128 + 9);
    let answered = ended
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("applied ")?.split(' ').next()?.parse().ok())
        .max()
        .unwrap_or(0);
    let kept = kept();
    assert!(answered <= kept, "{answered} answered, {kept} kept");
    assert!(answered > 0 && kept < total, "{answered} answered, {kept} of {total} kept");

    let left = world.run(&["plan", "--format", "json"]).ended(0).json();
    assert_eq!(left["summary"]["change"].as_u64().unwrap(), total - kept);
    world.run(&["apply", "--resume"]).ended(0);
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
}
