//! Journals on disk. An apply begins one before its first request, writes what happens to each request,
//! and ends it. An intent is on the disk before its request leaves; the rest is with the operating
//! system by then, which keeps it when this program is killed, and on the disk with the next intent.

mod history;
mod report;
mod rules;
mod store;
mod unfinished;

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

pub use history::{ObjectRun, history, history_of};
pub use report::{ReadRun, read_again, read_run, report_of};
pub use rules::looser_than_last;
pub use store::{LocalRuns, RunFile, RunStore};
pub use unfinished::{abandon, close_undone, unfinished};

use super::ports::{Ports, Stopped};
use crate::apply::{
    Failure, FailureKind, Prerequisite, Report, Sink, StepEvent, StepState, Verdict,
};
use crate::client::Clock;
use crate::diagnostic::Diagnostic;
use crate::graph::{ExecutionGraph, Step, StepId};
use crate::journal::{
    Actor, Approver, Event, FORMAT_VERSION, Head, PlanLine, Record, RequestKey, Run, Settled,
    Transition, WaitsFor, places_of,
};
use crate::plan::{CheckRule, Made, Plan, SavedPlan, SpecText};
use crate::resource::PlanDigest;

/// The journal of a run that is under way.
pub struct Journal {
    /// The name of the run.
    pub run: String,
    file: Box<dyn RunFile>,
    clock: Clock,
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Journal").field("run", &self.run).finish_non_exhaustive()
    }
}

/// What a run is about.
#[derive(Debug, Clone, Copy)]
pub struct Undertaking<'a> {
    /// What is carried out.
    pub plan: &'a Plan,
    /// The spec that it was made from.
    pub spec: &'a SpecText,
    /// When and where that was.
    pub made: &'a Made,
    /// The digest by which a saved plan was approved.
    pub approved: Option<PlanDigest>,
    /// Whose approvals counted.
    pub approvers: &'a [Approver],
}

impl<'a> Undertaking<'a> {
    /// A plan that was made just now.
    pub fn unreviewed(plan: &'a Plan, spec: &'a SpecText, made: &'a Made) -> Self {
        Self { plan, spec, made, approved: None, approvers: &[] }
    }
}

impl Journal {
    /// Begins the journal of a run beside its spec: who, what, and the whole plan, on the disk before
    /// anything is sent.
    pub fn begin(about: Undertaking<'_>, beside: &Path, ports: &Ports) -> Result<Self, Stopped> {
        let digest = super::digest_of(about.plan, about.spec)?;
        let unwritable = |error: io::Error| unwritable(beside, &error);
        let runs = LocalRuns::prepare(beside).map_err(unwritable)?;
        let started_at = ports.now();
        let run = name_of(started_at);
        let head = head(about, digest, run.clone(), started_at, ports);
        let begun = || -> io::Result<Box<dyn RunFile>> {
            let mut file = runs.create(&run)?;
            serde_json::to_writer(&mut file, &head)?;
            file.write_all(b"\n")?;
            file.write_all(PlanLine::BEFORE.as_bytes())?;
            let saved = SavedPlan { plan: about.plan, spec: about.spec, made: about.made };
            saved.write_in_line(digest, &mut file)?;
            file.write_all(PlanLine::AFTER.as_bytes())?;
            file.keep()?;
            Ok(file)
        };
        let file = begun().map_err(unwritable)?;
        Ok(Self { run, file, clock: ports.clock.clone() })
    }

    /// Goes on writing the journal of a run that has not ended: who takes it up, and what was found out
    /// about the requests that were in doubt, on the disk before anything is sent.
    pub fn take_up(
        run: &Run,
        settled: &[(RequestKey, Event)],
        beside: &Path,
        ports: &Ports,
    ) -> Result<Self, Stopped> {
        let name = run.head.run.clone();
        let at = ports.now();
        let taken_up = || -> io::Result<Box<dyn RunFile>> {
            let mut lines = Lines::default();
            lines.push(&Record::Resumed { at, actor: actor(ports) })?;
            for (key, event) in settled {
                lines.push(&Record::Request(Transition::of(at, *key, *event)))?;
            }
            let mut file = LocalRuns::beside(beside).append(&name, run.whole)?;
            file.write_all(&lines.0)?;
            file.keep()?;
            Ok(file)
        };
        let file = taken_up().map_err(|error| unwritable(beside, &error))?;
        Ok(Self { run: name, file, clock: ports.clock.clone() })
    }

    /// Writes what became of the changes that no request tells about, what reading back showed, and
    /// the end of the run.
    pub fn end(self, plan: &Plan, report: &Report, exit_code: u8) -> io::Result<()> {
        let at = (self.clock)();
        let mut lines = Lines::default();
        settled(plan, report, at, &mut lines)?;
        verdicts(plan, report, at, &mut lines)?;
        self.close(lines, at, exit_code, is_unfinished(report, exit_code))
    }

    /// Opens the journal of a run that has ended, for what reading back shows later.
    pub fn reopen(run: &Run, beside: &Path, ports: &Ports) -> io::Result<Self> {
        let name = run.head.run.clone();
        let file = LocalRuns::beside(beside).append(&name, run.whole)?;
        Ok(Self { run: name, file, clock: ports.clock.clone() })
    }

    /// Writes what reading back showed after the run had ended, and how it stands now.
    pub fn prove(self, plan: &Plan, report: &Report, exit_code: u8) -> io::Result<()> {
        let at = (self.clock)();
        let mut lines = Lines::default();
        verdicts(plan, report, at, &mut lines)?;
        self.close(lines, at, exit_code, false)
    }

    fn close(
        mut self,
        mut lines: Lines,
        at: Timestamp,
        exit_code: u8,
        unfinished: bool,
    ) -> io::Result<()> {
        lines.push(&Record::Ended { at, exit_code, unfinished })?;
        self.file.write_all(&lines.0)?;
        self.file.keep()
    }

    /// Takes the transitions of the steps of a graph.
    pub(super) fn of<'j>(&'j mut self, plan: &'j Plan, graph: &'j ExecutionGraph) -> Scribe<'j> {
        Scribe { journal: self, plan, graph }
    }
}

/// `20261123T154119042Z-5e1f00`: sorts by time, to the millisecond, and is another one for each run.
fn name_of(started_at: Timestamp) -> String {
    let time = started_at.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%S%3fZ").to_string();
    let [one, two, three, ..] = *Uuid::new_v4().as_bytes();
    format!("{time}-{one:02x}{two:02x}{three:02x}")
}

fn unwritable(beside: &Path, error: &io::Error) -> Stopped {
    let directory = LocalRuns::beside(beside);
    let summary =
        format!("no journal can be kept in `{}`: {error}", directory.directory().display());
    Stopped::error(
        Diagnostic::error("unwritable-journal", summary)
            .note("nothing was changed: without a journal nobody could tell what was done")
            .help("make room there, or let the directory be written to"),
    )
}

/// Whether there is something to go on with: a run that was interrupted, that lost its lease, or that could
/// not read on.
fn is_unfinished(report: &Report, exit_code: u8) -> bool {
    match exit_code {
        // What failed may have failed since it was asked to stop.
        130 | 10 => report.is_open() || !report.is_good(),
        8 => report.is_open(),
        _ => false,
    }
}

fn head(
    about: Undertaking<'_>,
    digest: PlanDigest,
    run: String,
    started_at: Timestamp,
    ports: &Ports,
) -> Head {
    let plan = about.plan;
    Head {
        format_version: FORMAT_VERSION.to_owned(),
        run,
        tenant_id: plan.tenant.id,
        organization: plan.tenant.organization.clone(),
        started_at,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        actor: actor(ports),
        digest,
        approved_digest: about.approved.filter(|approved| *approved != digest),
        approved_by: about.approvers.to_vec(),
        changes: plan.len() as u64,
        requests: plan.summary().requests,
        undoes: plan.undone_run().map(str::to_owned),
        git: about.made.git.clone(),
        safeguards: plan.safeguards.clone(),
        checks: plan.checks.iter().map(CheckRule::from).collect(),
        approval: plan.approval.clone(),
    }
}

pub(super) fn actor(ports: &Ports) -> Actor {
    let user =
        ["USER", "USERNAME", "LOGNAME"].into_iter().find_map(|name| ports.environment.get(name));
    let host = gethostname::gethostname().into_string().ok().filter(|name| !name.is_empty());
    Actor { user, host, process: std::process::id() }
}

/// Changes of which nothing was sent, and why.
fn settled(plan: &Plan, report: &Report, at: Timestamp, lines: &mut Lines) -> io::Result<()> {
    let record = |change: u32, outcome, reason, waits_for| {
        let address = address(plan, change);
        Record::Change { at, change, address, outcome, reason, waits_for }
    };
    for change in 0..u32::try_from(plan.len()).unwrap_or(u32::MAX) {
        if report.state(change) == StepState::AlreadyThere {
            lines.push(&record(change, Settled::AlreadyThere, None, None))?;
        }
    }
    for (change, _) in report.gone() {
        lines.push(&record(change, Settled::Gone, None, None))?;
    }
    for (change, why) in report.stale() {
        lines.push(&record(change, Settled::Stale, Some(why.to_owned()), None))?;
    }
    for (change, because) in report.skipped() {
        let waits_for = match because {
            Prerequisite::Change(place) => WaitsFor::Change(place),
            Prerequisite::SignIn => WaitsFor::SignIn,
            Prerequisite::ReadBack => WaitsFor::ReadBack,
        };
        lines.push(&record(change, Settled::Skipped, None, Some(waits_for)))?;
    }
    Ok(())
}

/// What reading back showed, the same verdicts together.
fn verdicts(plan: &Plan, report: &Report, at: Timestamp, lines: &mut Lines) -> io::Result<()> {
    let all = || 0..u32::try_from(plan.len()).unwrap_or(u32::MAX);
    let unconfirmed = |wanted: Verdict| {
        let of = move |(change, verdict)| (verdict == wanted).then_some(change);
        report.unconfirmed().filter_map(of)
    };
    let verified = places_of(all().filter(|change| {
        report.state(*change) == StepState::Done
            && !report.is_to_read_back(*change)
            && report.verdict(*change).is_none()
    }));
    // What was in doubt and does not read back was not done.
    let undone = |(place, failure): (u32, &Failure)| {
        let was_doubtful = failure.kind == FailureKind::InDoubt;
        (was_doubtful && report.state(place) == StepState::Failed).then_some(place)
    };
    let mut refuted: Vec<u32> = unconfirmed(Verdict::Refuted).collect();
    refuted.extend(report.failures().filter_map(undone));
    refuted.sort_unstable();
    for (verdict, changes) in [
        (Event::Verified, verified),
        (Event::Pending, places_of(unconfirmed(Verdict::Pending))),
        (Event::Refuted, places_of(refuted)),
    ] {
        if !changes.is_empty() {
            lines.push(&Record::ReadBack { at, verdict, changes })?;
        }
    }
    Ok(())
}

fn address(plan: &Plan, change: u32) -> String {
    plan.get(change as usize).map(|change| change.address().to_string()).unwrap_or_default()
}

/// Lines that go out together.
#[derive(Debug, Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn push(&mut self, record: &Record) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, record)?;
        self.0.push(b'\n');
        Ok(())
    }
}

/// Writes the transitions of steps into a journal.
#[derive(Debug)]
pub(super) struct Scribe<'j> {
    journal: &'j mut Journal,
    plan: &'j Plan,
    graph: &'j ExecutionGraph,
}

impl Scribe<'_> {
    /// The request of a step. Other steps change nothing and leave nothing to be known.
    fn key(&self, step: StepId) -> Option<RequestKey> {
        match self.graph.step(step)? {
            Step::Write { change, request } => Some(RequestKey { change, request }),
            _ => None,
        }
    }

    fn record_of(&self, event: &StepEvent<'_>, at: Timestamp) -> Option<Record> {
        let of = |step: StepId, event| Some(Transition::of(at, self.key(step)?, event));
        Some(Record::Request(match *event {
            StepEvent::Intent { step } => {
                let intended = of(step, Event::Intended)?;
                let address = Some(address(self.plan, intended.key.change));
                Transition { address, ..intended }
            }
            StepEvent::Withdrawn { step } => of(step, Event::Withdrawn)?,
            StepEvent::Sent { step, client_request_id, attempt } => Transition {
                client_request_id: Some(client_request_id.to_owned()),
                attempt: Some(attempt),
                ..of(step, Event::Sent)?
            },
            StepEvent::Succeeded { step, request_id } => Transition {
                request_id: request_id.map(str::to_owned),
                ..of(step, Event::Succeeded)?
            },
            StepEvent::Failed { step, failure } => {
                let event = match failure.kind {
                    FailureKind::InDoubt => Event::InDoubt,
                    _ => Event::Failed,
                };
                let (reason, request_id) = (failure.message.clone(), failure.request_id.clone());
                Transition { reason: Some(reason), request_id, ..of(step, event)? }
            }
        }))
    }
}

impl Sink for Scribe<'_> {
    fn record(&mut self, events: &[StepEvent<'_>]) -> io::Result<()> {
        let at = (self.journal.clock)();
        let mut lines = Lines::default();
        for event in events {
            if let Some(record) = self.record_of(event, at) {
                lines.push(&record)?;
            }
        }
        if lines.0.is_empty() {
            return Ok(());
        }
        self.journal.file.write_all(&lines.0)?;
        let has_intent = events.iter().any(|event| matches!(event, StepEvent::Intent { .. }));
        if has_intent { self.journal.file.keep() } else { self.journal.file.flush() }
    }
}

#[cfg(test)]
mod tests;
