//! Reads a run back: its journal, the plan in it, and the report as the apply would have made it.

use std::io::{self, BufReader, Read, SeekFrom};

use super::store::RunStore;
use crate::apply::{Failure, FailureKind, Prerequisite, Report, StepState, Verdict};
use crate::diagnostic::{Diagnostic, nearest};
use crate::journal::{Head, RequestKey, Run, Settled, State, Unreadable, WaitsFor};
use crate::ops::ports::Stopped;
use crate::plan::{CheckRule, Plan, ReadPlan, read_plan};

/// A run with the plan that it carried out.
#[derive(Debug)]
pub struct ReadRun {
    /// What its journal tells.
    pub run: Run,
    /// The plan; `None` where the run broke off before anything was sent.
    pub plan: Option<ReadPlan>,
}

/// Reads a run by its name; `latest` is the last one.
pub fn read_run(runs: &dyn RunStore, name: &str) -> Result<ReadRun, Stopped> {
    let name = find(runs, name)?;
    let unreadable = |error: &Unreadable| unreadable(&name, error);
    let io = |error: io::Error| unreadable(&Unreadable::Io(error));
    let mut lines = BufReader::with_capacity(1 << 16, runs.open(&name).map_err(io)?);
    let run = Run::read(&mut lines).map_err(|error| unreadable(&error))?;
    drop(lines);
    let Some((start, length)) = run.plan else { return Ok(ReadRun { run, plan: None }) };
    let mut open = || -> io::Result<Box<dyn Read>> {
        let mut file = runs.open(&name)?;
        file.seek(SeekFrom::Start(start))?;
        Ok(Box::new(file.take(length)))
    };
    let plan = read_plan(&mut open)
        .map_err(|error| unreadable(&Unreadable::Line { line: 2, reason: error.to_string() }))?;
    if !speaks_of(&run.head, &plan) {
        let reason = "it is not the plan that the first line speaks of".to_owned();
        return Err(unreadable(&Unreadable::Line { line: 2, reason }));
    }
    Ok(ReadRun { run, plan: Some(plan) })
}

/// What the journal of a run tells by now. Its plan is the same: nothing but lines after it is ever written.
pub fn read_again(runs: &dyn RunStore, run: &Run) -> Result<Run, Stopped> {
    let name = &run.head.run;
    let read = || -> Result<Run, Unreadable> {
        Run::read(&mut BufReader::with_capacity(1 << 16, runs.open(name)?))
    };
    read().map_err(|error| unreadable(name, &error))
}

/// Whether the first line tells of the plan what stands in it: no digest covers the line itself.
fn speaks_of(head: &Head, read: &ReadPlan) -> bool {
    let plan = &read.plan;
    read.digest == Some(head.digest)
        && plan.tenant.id == head.tenant_id
        && plan.len() as u64 == head.changes
        && plan.safeguards == head.safeguards
        && plan.approval == head.approval
        && plan.checks.iter().map(CheckRule::from).eq(head.checks.iter().cloned())
        && plan.undone_run() == head.undoes.as_deref()
}

/// The names of all runs, the oldest first.
pub(super) fn names_of(runs: &dyn RunStore) -> Result<Vec<String>, Stopped> {
    runs.list().map_err(|error| {
        let summary = format!("the journals of runs cannot be listed: {error}");
        Stopped::error(Diagnostic::error("unreadable-journal", summary))
    })
}

fn find(runs: &dyn RunStore, name: &str) -> Result<String, Stopped> {
    let names = names_of(runs)?;
    let found = if name == "latest" { names.last() } else { names.iter().find(|one| *one == name) };
    if let Some(found) = found {
        return Ok(found.clone());
    }
    let finding = Diagnostic::error("unknown-run", format!("there is no run `{name}`"));
    Err(Stopped::error(match (nearest(name, names.iter().map(String::as_str)), names.last()) {
        (Some(near), _) => finding.help(format!("did you mean `{near}`?")),
        (None, Some(last)) => finding.help(format!("the latest run is `{last}`")),
        (None, None) => finding.note("nothing was applied from here yet"),
    }))
}

pub(super) fn unreadable(name: &str, error: &Unreadable) -> Stopped {
    let summary = format!("the journal of run `{name}` cannot be gone by");
    let finding = match error {
        Unreadable::TooNew(_) => {
            Diagnostic::error("journal-too-new", summary).help("take a newer release of Auditform")
        }
        Unreadable::NotBegun => Diagnostic::error("unreadable-journal", summary)
            .help("there is nothing in it that could be lost: remove the file, or leave it"),
        _ => Diagnostic::error("unreadable-journal", summary)
            .help("a journal is not edited: restore the file as it was"),
    };
    Stopped::error(
        finding.note(error.to_string()).note("nothing of it was believed, and nothing was changed"),
    )
}

/// What became of each change of a plan, as its journal tells it.
pub fn report_of(plan: &Plan, run: &Run) -> Report {
    let mut report = Report::new(plan.len());
    for (place, settled) in run.replay.settled() {
        match settled.outcome {
            // What the service said of it is told with its request.
            Settled::Gone => {}
            Settled::AlreadyThere => report.already(place),
            Settled::Stale => report.refuse(place, settled.reason.clone().unwrap_or_default()),
            Settled::Skipped => report.skip(place, prerequisite(settled.waits_for)),
        }
    }
    for transition in run.replay.failures() {
        let kind = match run.replay.state(transition.key) {
            State::InDoubt => FailureKind::InDoubt,
            _ if run.replay.is_gone(transition.key.change) => FailureKind::Gone,
            _ => FailureKind::Refused,
        };
        let message = transition.reason.clone().unwrap_or_default();
        let request_id = transition.request_id.clone();
        report.failed(transition.key.change, Failure { kind, message, request_id });
    }
    for (change, place) in plan.changes().zip(0u32..) {
        let requests = (0u8..).take(change.writes().len());
        let states =
            requests.map(|request| run.replay.state(RequestKey { change: place, request }));
        judge(place, &states.collect::<Vec<_>>(), &mut report);
    }
    for place in (0u32..).take(plan.len()).filter(|place| run.replay.is_not_visible(*place)) {
        report.verify(place, Verdict::Pending);
    }
    report.interrupted = run.ended.as_ref().is_none_or(|ended| matches!(ended.exit_code, 130 | 10));
    report
}

fn prerequisite(waits_for: Option<WaitsFor>) -> Prerequisite {
    match waits_for {
        Some(WaitsFor::Change(place)) => Prerequisite::Change(place),
        Some(WaitsFor::SignIn) => Prerequisite::SignIn,
        Some(WaitsFor::ReadBack) | None => Prerequisite::ReadBack,
    }
}

/// Puts one change into the report, by where its requests stand.
fn judge(place: u32, states: &[State], report: &mut Report) {
    if report.state(place) != StepState::NotStarted {
        return;
    }
    let any = |wanted: &[State]| states.iter().any(|state| wanted.contains(state));
    if any(&[State::Intended, State::Sent, State::InDoubt]) {
        let message = "the run broke off before the service had answered".to_owned();
        report.failed(place, Failure { kind: FailureKind::InDoubt, message, request_id: None });
        return;
    }
    let is_done = !states.is_empty() && !any(&[State::Planned, State::Failed]);
    if !is_done {
        return;
    }
    report.done(place);
    if any(&[State::Verified, State::Pending, State::Refuted]) {
        report.one_was_read_back(place);
    }
    if any(&[State::Refuted]) {
        report.verify(place, Verdict::Refuted);
    } else if any(&[State::Pending]) {
        report.verify(place, Verdict::Pending);
    }
}
