//! Kills at random instants. `AUDITFORM_KILLS` says how many, `AUDITFORM_FIRST_KILL` with which seed
//! they begin and `AUDITFORM_KILL_MAILBOXES` how large the tenant is. Each seed has a tenant of its
//! own, whose apply is killed once at least, and whose resumed runs are killed now and then.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::print_stdout, reason = "a test prints its figures")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::journals::{Lay, counted};
use super::{number, side_by_side};
use crate::support::{Emulator, World};

/// Worlds side by side.
const AT_ONCE: usize = 4;
const LATENCY: [&str; 2] = ["--latency", "2"];
/// A switch that is on again before the mailboxes, and mailboxes that take one request or two: where
/// lists were written by hand, they are given back before the rest is set.
const SPEC: &str = "[unified_audit_log]\ningestion = true\n[organization]\nmailbox_auditing = true\n\
                    [mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nadmin = \"default\"\n\
                    log_age_limit = 400\n";

/// A tenant, and what an undisturbed run makes of it.
struct Course {
    seed: String,
    /// The longest of some runs side by side.
    time: Duration,
    state: String,
    requests: usize,
}

/// What came of kills.
#[derive(Debug, Default)]
struct Figures {
    kills: usize,
    too_late: usize,
    phases: BTreeMap<&'static str, usize>,
    tenants: usize,
    resumes: usize,
    anew: usize,
    doubts: usize,
    took_effect: usize,
    writes: usize,
    least: usize,
    lost: usize,
    repeated: usize,
}

impl Course {
    #[expect(clippy::disallowed_methods, reason = "kills are drawn over the time of a run")]
    fn of(mailboxes: u64) -> Self {
        let seed = format!(
            "[tenant]\nunified_audit_log = false\nmailbox_auditing = false\n\
             [generate]\nmailboxes = {mailboxes}\nseed = 5\ncompliant = 0.3\n\
             [generate.types]\nUserMailbox = 1\n"
        );
        let runs = Mutex::new(Vec::new());
        side_by_side(AT_ONCE, || {
            let (world, emulator) = begin(&seed);
            let started = Instant::now();
            world.run(&["apply", "--auto-approve"]).ended(0);
            let time = started.elapsed();
            let plan = Lay::of(&world).plan.unwrap();
            assert_eq!(plan["summary"]["change"], mailboxes + 2);
            runs.lock().unwrap().push((time, emulator.state_text(), emulator.writes().len()));
        });
        let mut runs = runs.into_inner().unwrap();
        runs.sort();
        let (time, state, requests) = runs.pop().unwrap();
        for (_, other, count) in runs {
            assert_eq!(count, requests);
            assert!(other == state, "undisturbed runs of one tenant end in one state");
        }
        Self { seed, time, state, requests }
    }
}

fn begin(seed: &str) -> (World, Emulator) {
    let world = World::new();
    let emulator = Emulator::with(&world, seed, &LATENCY);
    world.spec(&emulator, SPEC);
    (world, emulator)
}

/// Where a command was killed, by what it left of its journal.
fn phase(before: &Lay, after: &Lay) -> &'static str {
    if before.bytes == after.bytes {
        return if before.is_unfinished() { "reading again" } else { "signing in and reading" };
    }
    if after.plan.is_none() {
        return "beginning the journal";
    }
    match after.lines.last() {
        _ if after.has_ended() => "after the end",
        None => "before the first intent",
        Some(line) if line["type"] == "resumed" => "taking up",
        _ if after.plan.as_ref().unwrap()["summary"]["change"] == after.done_writes().len() => {
            "reading back"
        }
        _ => "writing",
    }
}

/// Kills a fresh apply, and what goes on with it, by one seed.
fn kill(seed: u64, course: &Course) -> Result<Figures, String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let (world, emulator) = begin(&course.seed);
    let mut figures = Figures { tenants: 1, least: course.requests, ..Figures::default() };
    // What was known to be done when it was killed, and how often it had been written by then.
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    loop {
        let before = Lay::of(&world);
        let is_resumed = before.is_unfinished();
        let arguments =
            if is_resumed { ["apply", "--resume"] } else { ["apply", "--auto-approve"] };
        *(if is_resumed { &mut figures.resumes } else { &mut figures.anew }) += 1;
        let mut command = world.spawn(&arguments);
        if figures.kills == 0 || random.bool() {
            command.kill_after(course.time.mul_f64(random.f64()));
        }
        let output = command.wait();
        let after = Lay::of(&world);
        let told = || format!("seed {seed}, {} kills, {arguments:?}: {output:?}", figures.kills);
        match output.code {
            137 => {}
            // It was quicker than its instant: once more with a tenant as new.
            0 if figures.kills == 0 => {
                let again = kill(seed + (1 << 32), course)?;
                return Ok(Figures { too_late: again.too_late + 1, ..again });
            }
            0 if after.has_ended() => break,
            _ => return Err(told()),
        }
        let counts = counted(&emulator.writes());
        for target in after.done_writes() {
            let Some(count) = counts.get(&target).copied() else {
                return Err(format!(
                    "{target} is known to be done, and was never sent; {}",
                    told()
                ));
            };
            known.entry(target).or_insert(count);
        }
        figures.kills += 1;
        *figures.phases.entry(phase(&before, &after)).or_default() += 1;
    }
    judge(&world, &emulator, course, &known, &mut figures);
    if figures.lost + figures.repeated > 0 {
        return Err(format!("seed {seed}: {figures:?}"));
    }
    Ok(figures)
}

/// Compares what has come of it with an undisturbed run.
fn judge(
    world: &World,
    emulator: &Emulator,
    course: &Course,
    known: &BTreeMap<String, usize>,
    figures: &mut Figures,
) {
    let end = Lay::of(world);
    let writes = emulator.writes();
    let counts = counted(&writes);
    figures.writes = writes.len();
    (figures.doubts, figures.took_effect) = end.doubts();
    figures.repeated = known.iter().map(|(target, count)| counts[target] - count).sum();
    let all = end.plan.as_ref().unwrap()["summary"]["change"].as_u64().unwrap();
    figures.lost = usize::try_from(all).unwrap() - end.done_writes().len();
    if emulator.state_text() != course.state {
        figures.lost = figures.lost.max(1);
    }
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.too_late += other.too_late;
        for (phase, count) in &other.phases {
            *self.phases.entry(phase).or_default() += count;
        }
        self.tenants += other.tenants;
        self.resumes += other.resumes;
        self.anew += other.anew;
        self.doubts += other.doubts;
        self.took_effect += other.took_effect;
        self.writes += other.writes;
        self.least += other.least;
        self.lost += other.lost;
        self.repeated += other.repeated;
    }

    fn print(&self) {
        println!("kills: {} ({} more came after the end)", self.kills, self.too_late);
        for (phase, count) in &self.phases {
            println!("  {phase}: {count}");
        }
        println!(
            "tenants: {}, resumes: {}, applies anew: {}",
            self.tenants, self.resumes, self.anew
        );
        println!("requests in doubt: {}, had taken effect: {}", self.doubts, self.took_effect);
        // A tenant that does what it does not write down would hide a repeated write.
        assert!(self.writes >= self.least, "the request log lacks writes: {self:?}");
        let more = self.writes - self.least;
        println!("writes: {}, least possible: {}, more: {more}", self.writes, self.least);
        println!("lost: {}, repeated: {}", self.lost, self.repeated);
    }
}

#[test]
fn a_run_that_is_killed_at_random_instants_loses_nothing_and_repeats_nothing() {
    let wanted = usize::try_from(number("AUDITFORM_KILLS", 25)).unwrap();
    let next = AtomicU64::new(number("AUDITFORM_FIRST_KILL", 1));
    let course = Course::of(number("AUDITFORM_KILL_MAILBOXES", 98));
    println!(
        "an undisturbed run: {:.2} s, {} requests; seeds from {}",
        course.time.as_secs_f64(),
        course.requests,
        next.load(Ordering::Relaxed)
    );
    let (figures, failures) = (Mutex::new(Figures::default()), Mutex::new(Vec::new()));
    side_by_side(AT_ONCE, || {
        while figures.lock().unwrap().kills < wanted {
            match kill(next.fetch_add(1, Ordering::Relaxed), &course) {
                Ok(one) => figures.lock().unwrap().add(&one),
                Err(failure) => {
                    failures.lock().unwrap().push(failure);
                    return;
                }
            }
        }
    });
    figures.into_inner().unwrap().print();
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
