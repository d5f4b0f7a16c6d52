//! What the commands that read a tenant have in common: load the spec, start the embedded tenant
//! where the spec wants it, sign in, plan. Findings are shown on the way.

use std::path::Path;
use std::sync::Arc;

use clap::ValueEnum;

use super::embedded;
use super::exit::Exit;
use super::terminal::Terminal;
use super::variables::VariableArguments;
use crate::client::{DeviceCode, DevicePrompt};
use crate::diagnostic::{Diagnostic, Sources};
use crate::emulator::Running;
use crate::ops::{
    self, Cause, ConnectOptions, Connection, LoadError, Loaded, PlanOptions, Planned, Ports,
    Stopped,
};
use crate::plan::{Plan, SpecText};
use crate::state::Endpoint;

/// A change that has to be allowed by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Allowance {
    /// Turn the unified audit log or the organisation's mailbox auditing off
    OrganizationWeakening,
}

/// A tenant that was read.
pub(super) struct Session {
    pub(super) loaded: Loaded,
    pub(super) connection: Connection,
    /// Keeps the embedded tenant alive.
    embedded: Option<Running>,
}

impl Session {
    /// Ends the embedded tenant in good order.
    pub(super) async fn close(self) {
        self.connection.sign_out().await;
        if let Some(running) = self.embedded {
            running.shutdown().await;
        }
    }
}

/// Reads the spec, showing what is wrong with it.
pub(super) fn load(
    path: &Path,
    variables: &VariableArguments,
    terminal: Terminal,
    ports: &Ports,
) -> Result<Loaded, Exit> {
    let loaded = ops::load(path, &variables.options(), ports);
    let loaded = loaded.map_err(|error| unloadable(&error, terminal))?;
    terminal.diagnostics(&loaded.sources, &loaded.warnings);
    Ok(loaded)
}

/// The spec that a plan was made from. What there was to warn of was said when it was planned.
pub(super) fn load_captured(
    spec: &SpecText,
    directory: &Path,
    terminal: Terminal,
    ports: &Ports,
) -> Result<Loaded, Exit> {
    let capture = ops::capture_of(spec);
    let capture = capture.map_err(|stopped| show(&stopped, &Sources::default(), terminal))?;
    let loaded = ops::load_captured(&capture, directory, ports.today());
    loaded.map_err(|error| unloadable(&error, terminal))
}

fn unloadable(error: &LoadError, terminal: Terminal) -> Exit {
    terminal.diagnostics(&error.sources, &error.diagnostics);
    Exit::Error
}

/// How a tenant is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) allow: &'a [Allowance],
    pub(super) parallelism: usize,
    pub(super) applying: bool,
}

/// Signs in, reads the tenant and plans.
pub(super) async fn open(
    loaded: Loaded,
    reading: Reading<'_>,
    terminal: Terminal,
    ports: &Ports,
) -> Result<(Session, Plan), Exit> {
    let mut session = connect(loaded, reading, terminal, ports).await?;
    let plan = plan(&mut session, reading, terminal, ports).await?;
    Ok((session, plan))
}

/// Signs in.
pub(super) async fn connect(
    loaded: Loaded,
    reading: Reading<'_>,
    terminal: Terminal,
    ports: &Ports,
) -> Result<Session, Exit> {
    let shown = |stopped: &Stopped| show(stopped, &loaded.sources, terminal);
    let tenant = &loaded.desired.tenant;
    let mut embedded = None;
    if tenant.endpoint == Endpoint::Embedded {
        embedded = Some(embedded::start(&loaded.directory).await.map_err(|error| shown(&error))?);
    }
    let options = ConnectOptions {
        embedded: embedded.as_ref().map(|(_, tenant)| tenant),
        parallelism: reading.parallelism,
        applying: reading.applying,
        prompt: Arc::new(Person(terminal)),
    };
    let connection =
        ops::connect(&loaded.desired, ports, options).await.map_err(|error| shown(&error))?;
    let embedded = embedded.map(|(running, _)| running);
    Ok(Session { loaded, connection, embedded })
}

/// Reads the tenant and plans; also for what could not be planned before.
pub(super) async fn plan(
    session: &mut Session,
    reading: Reading<'_>,
    terminal: Terminal,
    ports: &Ports,
) -> Result<Plan, Exit> {
    let organization_weakening = reading.allow.contains(&Allowance::OrganizationWeakening);
    let options = PlanOptions { organization_weakening, applying: reading.applying };
    let mut progress = terminal.progress();
    let Session { loaded, connection, .. } = session;
    let (desired, directory) = (&loaded.desired, &loaded.directory);
    let planned = ops::plan(connection, desired, directory, ports, options, &mut progress).await;
    progress.reading_ended();
    let Planned { plan, warnings } =
        planned.map_err(|error| show(&error, &loaded.sources, terminal))?;
    terminal.diagnostics(&loaded.sources, &warnings);
    Ok(plan)
}

/// Tells a person where to sign in: whatever else is quiet, this has to be seen.
struct Person(Terminal);

impl DevicePrompt for Person {
    fn show(&self, code: &DeviceCode) {
        self.0.say(&code.message);
    }
}

/// Shows what stopped an operation; the exit code that it means.
pub(super) fn show(stopped: &Stopped, sources: &Sources, terminal: Terminal) -> Exit {
    terminal.diagnostics(sources, &stopped.diagnostics);
    match stopped.cause {
        Cause::Error => Exit::Error,
        Cause::StateUnknown => Exit::StateUnknown,
        Cause::Stale => Exit::Stale,
        Cause::NotApproved => Exit::NotApproved,
    }
}

/// An output that could not be written: the disk is full, say.
pub(super) fn unwritten(error: &std::io::Error, terminal: Terminal) -> Exit {
    let summary = format!("the result cannot be written: {error}");
    terminal.finding(Diagnostic::error("unwritable-output", summary));
    Exit::Error
}
