//! Carries out a plan:
//!
//! 1. build the execution graph from the plan alone (`graph::build`);
//! 2. do what it says, in its order, with bounded concurrency (`apply::Execution`), and read again
//!    what is left whenever the last reading is too old to be written upon (`recheck`);
//! 3. read back what was written (`verify`); where the identity that works in Exchange is to go, once
//!    before that, and once after it;
//! 4. remember a switch that does not show yet (`pending`).
//!
//! Where a part of the spec could not be planned before an application was made, `enter` signs in as
//! it, so that the rest can be planned.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::RwLock;
use tokio::task::JoinSet;

use super::connect::Connection;
use super::enter;
use super::freshness::Freshness;
use super::identity::{Entered, IdentityWriter};
use super::journal::Journal;
use super::ports::{Cause, Ports, Stopped};
use super::recheck::{Asked, Reading, recheck};
use super::verify;
use super::writer::TenantWriter;
use crate::apply::{Cancel, Event, Execution, Observer, Report, Standings, TakenUp};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::graph;
use crate::plan::Plan;
use crate::state::{DesiredState, SignIn};

/// How a plan is carried out.
#[derive(Debug)]
pub struct ApplyOptions<'j> {
    /// Requests under way at once.
    pub parallelism: usize,
    /// Tells it to start nothing more, and to leave off reading back.
    pub cancel: Cancel,
    /// When the tenant was last read, and what is to become of what is no longer as it was then.
    pub read: LastRead,
    /// What an earlier process has done of the plan.
    pub taken_up: TakenUp,
    /// Where it is written down what happens to each request.
    pub journal: &'j mut Journal,
}

/// The reading that a plan is carried out upon.
#[derive(Debug, Clone)]
pub struct LastRead {
    /// When it began.
    pub at: Timestamp,
    /// When it was over.
    pub ended: Timestamp,
    /// What it has shown about the plan.
    pub standings: Standings,
    /// What to do about changes that are stale.
    pub stale: StalePolicy,
}

impl LastRead {
    /// One that has shown nothing about the plan yet, since the plan comes from it.
    pub fn at(at: Timestamp) -> Self {
        Self { at, ended: at, standings: Standings::default(), stale: StalePolicy::default() }
    }
}

/// What to do about objects that are neither as the plan saw them nor as it wants them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StalePolicy {
    /// Nothing more is written at all.
    #[default]
    RefuseAll,
    /// They, and what depends on them, are left out.
    Skip,
}

/// What became of an apply, and of the reading that should have proved it.
#[derive(Debug)]
pub struct Applied {
    /// What was done.
    pub report: Report,
    /// Reading back failed, so what was done is not proved.
    pub unverified: Option<Stopped>,
    /// What was left could not be read again, so nothing more was done.
    pub unread: Option<Stopped>,
}

/// Applies a plan. `beside` is the spec's directory.
pub async fn apply(
    connection: &mut Connection,
    desired: &DesiredState,
    plan: &Plan,
    beside: &Path,
    ports: &Ports,
    options: ApplyOptions<'_>,
    observer: &mut dyn Observer,
) -> Result<Applied, Stopped> {
    let graph = graph::build(plan).map_err(|cycle| Stopped::error(cycle.diagnostic()))?;
    let writer = Arc::new(writer(connection, desired, ports));
    let ApplyOptions { parallelism, mut cancel, read, taken_up, journal } = options;
    let mut sink = journal.of(plan, &graph);
    let mut freshness = Freshness::of(&read, ports);
    let scope = Scope { desired, plan, beside, ports };
    let _stopping = stop_waiting_when_asked(connection, &cancel);
    let mut execution = Execution::new(plan, &graph, parallelism, cancel.clone())
        .while_fresh(freshness.gate())
        .taking_up(taken_up);
    execution.settle(&read.standings);
    let mut unread = None;
    let verified = loop {
        execution.run(&writer, &mut sink, observer).await;
        entered(connection, desired, &writer).await;
        if execution.is_outdated() && !execution.report().interrupted {
            let reading = reread(connection, &scope, &mut execution, &mut freshness, read.stale);
            let reading = tokio::select! {
                biased;
                () = cancel.wait() => Ok(false),
                reading = reading => reading,
            };
            match reading {
                Ok(true) => continue,
                Ok(false) => execution.report_mut().interrupted |= cancel.is_asked(),
                Err(stopped) => unread = Some(stopped),
            }
        }
        let report = execution.report_mut();
        let verified =
            read_back(connection, desired, plan, ports, report, &mut cancel, observer).await;
        if unread.is_some() || !execution.is_held() || execution.report().interrupted {
            break verified;
        }
        if !execution.was_read_back(verified.is_ok()) {
            break verified;
        }
    };
    let report = execution.into_report();
    observer.event(Event::Finished);
    let proved = verified.is_ok();
    if let Err(error) = verify::note_pending(connection, plan, &report, proved, beside, ports) {
        tracing::warn!(%error, "the time of the switch could not be kept");
    }
    Ok(Applied { report, unverified: verified.err().map(unproved), unread })
}

/// What an apply is about.
#[derive(Clone, Copy)]
struct Scope<'a> {
    desired: &'a DesiredState,
    plan: &'a Plan,
    beside: &'a Path,
    ports: &'a Ports,
}

fn writer(connection: &Connection, desired: &DesiredState, ports: &Ports) -> TenantWriter {
    TenantWriter {
        identity: IdentityWriter::new(
            connection.entra.clone(),
            connection.reach.clone(),
            Arc::clone(&connection.certificates),
            Arc::clone(&ports.clock),
        ),
        application: enter::application(connection, desired, ports),
        client_id: connection.application_id,
        exchange: RwLock::new(connection.exchange.clone()),
    }
}

/// What is thrown back may wait for minutes: that ends when `cancel` asks. The watch ends with what is
/// returned.
fn stop_waiting_when_asked(connection: &Connection, cancel: &Cancel) -> JoinSet<()> {
    let (reach, mut asked) = (connection.reach.clone(), cancel.clone());
    let mut watch = JoinSet::new();
    watch.spawn(async move {
        asked.wait().await;
        reach.stop_waiting();
    });
    watch
}

/// Reads again what is left of a plan, and settles it; whether that lets the apply go on.
async fn reread(
    connection: &mut Connection,
    scope: &Scope<'_>,
    execution: &mut Execution<'_>,
    freshness: &mut Freshness,
    stale: StalePolicy,
) -> Result<bool, Stopped> {
    let Scope { desired, plan, beside, ports } = *scope;
    let all = u32::try_from(plan.len()).unwrap_or(u32::MAX);
    let until = freshness.until((0..all).filter(|place| execution.is_untouched(*place)));
    let is_slow = freshness.is_slow();
    let at = ports.now();
    let is_open = |place| place < until && execution.is_untouched(place);
    let reading = if is_slow { Reading::OneByOne } else { Reading::Lists };
    let asked = Asked::untouched(reading, &is_open);
    let found = recheck(connection, desired, plan, beside, ports, asked).await?;
    execution.settle(&found);
    if !freshness.was_read(at, until) && is_slow {
        return Err(too_slow());
    }
    Ok(found.stale.is_empty() || stale == StalePolicy::Skip)
}

fn too_slow() -> Stopped {
    let why = "a few hundred mailboxes took longer than ten minutes, and nothing is written upon older \
               readings";
    Stopped::state_unknown(
        Diagnostic::error("reading-too-slow", "the tenant takes too long to read")
            .note(why)
            .help("run it again when the service throttles less; what was done is done"),
    )
}

/// Keeps what carrying out has learnt about the application that works in Exchange.
async fn entered(connection: &mut Connection, desired: &DesiredState, writer: &TenantWriter) {
    connection.exchange.clone_from(&*writer.exchange.read().await);
    if let Some(SignIn::Application(name)) = &desired.tenant.sign_in {
        let made = writer.identity.app_id(&name.value);
        connection.application_id = made.or(connection.application_id);
    }
}

/// Reads back what was done. Who has asked to stop waits for what is in flight and for nothing else: the
/// run that is gone on with reads it all back.
async fn read_back(
    connection: &Connection,
    desired: &DesiredState,
    plan: &Plan,
    ports: &Ports,
    report: &mut Report,
    cancel: &mut Cancel,
    observer: &mut dyn Observer,
) -> Result<(), Stopped> {
    let verified = tokio::select! {
        biased;
        () = cancel.wait() => Err(left_off()),
        verified = verify::verify(connection, desired, plan, ports, report, observer) => verified,
    };
    report.interrupted |= cancel.is_asked();
    verified
}

/// Enters Exchange as the application that the first phase has made, so that the rest can be
/// planned. What is still awaited, in words, where it does not let the application in yet.
pub async fn second_phase(
    connection: &mut Connection,
    desired: &DesiredState,
    ports: &Ports,
    observer: &mut dyn Observer,
) -> Result<Option<String>, Stopped> {
    let Some(application) = enter::application(connection, desired, ports) else {
        return Ok(None);
    };
    let address = format!("application.{}", application.name);
    let Some(client_id) = connection.application_id else {
        return Ok(Some(format!("`{address}` was not made")));
    };
    let observer = Mutex::new(observer);
    let tell = |what: &str, seconds| {
        let mut observer = observer.lock().unwrap_or_else(PoisonError::into_inner);
        observer.event(Event::Waiting { address: &address, what, seconds });
    };
    let entered = application.enter(client_id, &tell).await?;
    observer.lock().unwrap_or_else(PoisonError::into_inner).event(Event::Finished);
    match entered {
        Entered::Yes(exchange) => {
            connection.exchange = Some(exchange);
            connection.entered = true;
            Ok(None)
        }
        Entered::NotYet(why) => Ok(Some(why)),
    }
}

/// The reading back was asked to stop.
fn left_off() -> Stopped {
    Stopped { cause: Cause::StateUnknown, diagnostics: Diagnostics::default() }
}

fn unproved(stopped: Stopped) -> Stopped {
    let mut diagnostics = stopped.diagnostics;
    diagnostics.push(
        Diagnostic::warning("not-verified", "what was written was not read back")
            .help("run `auditform plan` later: it shows what is left to do, if anything"),
    );
    Stopped { diagnostics, ..stopped }
}
