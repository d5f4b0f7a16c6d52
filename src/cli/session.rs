//! What the commands that read a tenant have in common: load the spec, start the embedded tenant
//! where the spec wants it, sign in, plan. Findings are shown on the way.

use std::path::Path;
use std::sync::Arc;

use super::embedded;
use super::exit::Exit;
use super::terminal::Terminal;
use super::variables::VariableArguments;
use crate::client::{DeviceCode, DevicePrompt};
use crate::diagnostic::{Diagnostic, Sources, nearest};
use crate::emulator::Running;
use crate::ops::{
    self, Cause, ConnectOptions, Connection, LoadError, Loaded, PlanOptions, Planned, Ports,
    ReadObserver, Speed, Stopped, TenantLease,
};
use crate::plan::{Plan, SpecText, unknown_targets};
use crate::render::{AssumedSpeed, CommandEvent, TenantRef};
use crate::state::{Allowance, Endpoint, Selection};

/// What one run may do although a safeguard forbids it.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Allow {
    /// Let through what is refused otherwise, in this run alone
    ///
    /// `changed=50%`, `weakening=40` or `deletions=3`: so much, whatever `[limits]` says.
    /// `prevent=ADDRESS`: what `prevent` of that resource forbids. `organization-weakening`: that
    /// the unified audit log or the organisation's mailbox auditing is turned off.
    #[arg(long = "allow", value_name = "WHAT", value_parser = str::parse::<Allowance>)]
    pub(super) allow: Vec<Allowance>,
}

/// How fast the tenant may be written to.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct SpeedArguments {
    /// How many requests may be under way at once
    ///
    /// As many as the service takes: fewer once it throttles.
    #[arg(long, value_name = "NUMBER", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) parallelism: u16,
    /// The most requests per second that write to Exchange, repeated ones counted [default: as many
    /// as the service takes]
    ///
    /// Without it the rate is found out by what the service lets through.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) max_rate: Option<u32>,
}

impl SpeedArguments {
    pub(super) fn speed(self) -> Speed {
        Speed { parallelism: self.parallelism.into(), max_rate: self.max_rate }
    }

    /// What the text of a plan counts with.
    pub(super) fn assumed(self) -> AssumedSpeed {
        AssumedSpeed { at_once: self.parallelism, per_second: self.max_rate }
    }
}

/// A tenant that was read.
pub(super) struct Session {
    pub(super) loaded: Loaded,
    pub(super) connection: Connection,
    /// The lease on the tenant, where it is to be changed.
    pub(super) lease: Option<TenantLease>,
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
    terminal: Terminal<'_>,
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
    terminal: Terminal<'_>,
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
    pub(super) selection: &'a Selection,
    pub(super) speed: Speed,
    pub(super) applying: bool,
}

/// Signs in, reads the tenant and plans.
pub(super) async fn open(
    loaded: Loaded,
    reading: Reading<'_>,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<(Session, Plan), Exit> {
    can_be_planned(&loaded, reading, terminal)?;
    let mut session = connect(loaded, reading, terminal, ports).await?;
    let plan = plan(&mut session, reading, terminal, ports).await?;
    Ok((session, plan))
}

/// Plans upon a snapshot, without a call.
pub(super) async fn open_snapshot(
    loaded: &Loaded,
    file: &Path,
    reading: Reading<'_>,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Plan, Exit> {
    can_be_planned(loaded, reading, terminal)?;
    let shown = |stopped: Stopped| show(&stopped, &loaded.sources, terminal);
    let mut snapshot = ops::Snapshot::open(file).map_err(shown)?;
    let mut progress = terminal.progress();
    let Loaded { desired, directory, sources, .. } = loaded;
    let Reading { allow, selection, applying, .. } = reading;
    let options = PlanOptions { allow, sources, selection, applying };
    let snapshot = &mut snapshot;
    let planned =
        ops::plan_from_snapshot(snapshot, desired, directory, ports, options, &mut progress).await;
    progress.reading_ended();
    let Planned { plan, warnings } = planned.map_err(shown)?;
    terminal.diagnostics(sources, &warnings);
    Ok(plan)
}

/// Signs in.
pub(super) async fn connect(
    loaded: Loaded,
    reading: Reading<'_>,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Session, Exit> {
    let shown = |stopped: &Stopped| show(stopped, &loaded.sources, terminal);
    let tenant = &loaded.desired.tenant;
    terminal.happens(|| {
        let id = tenant.tenant_id.map(|id| id.to_string());
        let organization = tenant.organization.clone().or(id).unwrap_or_default();
        CommandEvent::SignInStarted { organization }
    });
    let mut embedded = None;
    if tenant.endpoint == Endpoint::Embedded {
        embedded = Some(embedded::start(&loaded.directory).await.map_err(|error| shown(&error))?);
    }
    let options = ConnectOptions {
        embedded: embedded.as_ref().map(|(_, tenant)| tenant),
        speed: reading.speed,
        applying: reading.applying,
        prompt: Arc::new(Person(terminal.alone())),
    };
    let connection =
        ops::connect(&loaded.desired, ports, options).await.map_err(|error| shown(&error))?;
    let embedded = embedded.map(|(running, _)| running);
    terminal.happens(|| {
        let organization = connection.organization.clone();
        let tenant = TenantRef { id: connection.tenant_id, organization };
        CommandEvent::SignedIn { tenant }
    });
    Ok(Session { loaded, connection, lease: None, embedded })
}

/// Whether what is asked for is in the spec, found before any call.
pub(super) fn can_be_planned(
    loaded: &Loaded,
    reading: Reading<'_>,
    terminal: Terminal,
) -> Result<(), Exit> {
    if let Some(finding) = allows_nothing(loaded, reading.allow) {
        terminal.finding(finding);
        return Err(Exit::Usage);
    }
    let unknown = unknown_targets(&loaded.desired, reading.selection);
    if unknown.has_errors() {
        terminal.diagnostics(&loaded.sources, &unknown);
        return Err(Exit::Error);
    }
    Ok(())
}

/// An allowance for a resource that prevents nothing is a slip, found before any call.
fn allows_nothing(loaded: &Loaded, allow: &[Allowance]) -> Option<Diagnostic> {
    let prevents = &loaded.desired.safeguards.prevents;
    let known: Vec<String> = prevents.iter().map(|one| one.address.to_string()).collect();
    let unknown = allow.iter().find_map(|allowance| match allowance {
        Allowance::Prevent { address } if !known.contains(address) => Some(address),
        _ => None,
    })?;
    let names = || known.iter().map(String::as_str);
    let help = match nearest(unknown, names()) {
        Some(near) => format!("did you mean `--allow prevent={near}`?"),
        None if known.is_empty() => "nothing in this spec has `prevent`".to_owned(),
        None => format!("what has `prevent` is: {}", names().collect::<Vec<_>>().join(", ")),
    };
    let summary = format!("`{unknown}` has no `prevent` that could be lifted");
    Some(Diagnostic::error("nothing-to-allow", summary).note("no request was made").help(help))
}

/// Reads the tenant and plans; also for what could not be planned before.
pub(super) async fn plan(
    session: &mut Session,
    reading: Reading<'_>,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Plan, Exit> {
    terminal.happens(|| CommandEvent::ReadStarted {});
    let mut progress = terminal.progress();
    let Session { loaded, connection, .. } = session;
    let (desired, directory) = (&loaded.desired, &loaded.directory);
    let Reading { allow, selection, applying, .. } = reading;
    let options = PlanOptions { allow, sources: &loaded.sources, selection, applying };
    let planned = ops::plan(connection, desired, directory, ports, options, &mut progress).await;
    progress.reading_ended();
    let Planned { plan, warnings } =
        planned.map_err(|error| show(&error, &loaded.sources, terminal))?;
    terminal.diagnostics(&loaded.sources, &warnings);
    Ok(plan)
}

/// Tells a person where to sign in: whatever else is quiet, this has to be seen.
struct Person(Terminal<'static>);

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
        Cause::Locked => Exit::Locked,
    }
}

/// An output that could not be written: the disk is full, say.
pub(super) fn unwritten(error: &std::io::Error, terminal: Terminal) -> Exit {
    let summary = format!("the result cannot be written: {error}");
    terminal.finding(Diagnostic::error("unwritable-output", summary));
    Exit::Error
}
