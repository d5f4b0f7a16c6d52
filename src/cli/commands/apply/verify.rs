//! `auditform verify`: read back what a run has left unproved. Changes nothing in the tenant; what it finds
//! goes into the journal of the run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ending::exit_of;
use super::lease::{locked, nothing_lost};
use super::resume::spec_of;
use super::saved::is_of_tenant;
use crate::apply::{Report, StepState};
use crate::cli::duration;
use crate::cli::exit::Exit;
use crate::cli::session::{Reading, Session, connect, load_captured, show, unwritten};
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Sources};
use crate::journal::Run;
use crate::ops::{self, Journal, Loaded, LocalRuns, Ports, ReadRun, Speed, StalePolicy, Stopped};
use crate::plan::{Plan, ReadPlan, SpecText};
use crate::render::write_proof;
use crate::state::Selection;

/// Read back what a run has left unproved
///
/// Looks again at what did not show yet when the run ended, at what showed something else, and at what was
/// not looked at. Nothing is changed; what it finds is kept in the run's journal.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The name of the run, `latest` for the last one
    run: String,
    /// The spec that the run was applied from, or its directory
    #[arg(default_value = ".")]
    path: PathBuf,
    /// How long to wait for an apply of the tenant to end
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration::parse)]
    lock_timeout: Duration,
}

/// A run that has ended, with its plan.
struct Ended {
    run: Run,
    plan: Plan,
    spec: SpecText,
}

pub(in crate::cli) async fn run(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Exit {
    let (directory, _) = spec_of(&arguments.path);
    let ended = match find(&directory, &arguments.run, terminal) {
        Ok(ended) => ended,
        Err(exit) => return exit,
    };
    let (report, places) = ops::unproved(&ended.plan, &ended.run);
    if places.is_empty() {
        // The tenant need not be asked.
        return told(&ended, &report, &places, terminal);
    }
    let Ended { plan, spec, .. } = &ended;
    let opened = Box::pin(open(plan, spec, &directory, arguments, terminal, ports)).await;
    let session = match opened {
        Ok(session) => session,
        Err(exit) => return exit,
    };
    let exit = Box::pin(proved(ended, &session, &directory, terminal, ports)).await;
    session.close().await;
    exit
}

/// Finds the run, and refuses one that others go on with.
fn find(directory: &Path, name: &str, terminal: Terminal<'_>) -> Result<Ended, Exit> {
    let read = ops::read_run(&LocalRuns::beside(directory), name);
    let ReadRun { run, plan } =
        read.map_err(|stopped| show(&stopped, &Sources::default(), terminal))?;
    let name = &run.head.run;
    let Some(ReadPlan { plan, spec: Some(spec), .. }) = plan else {
        let text = format!("Nothing to verify: run {name} broke off before anything was sent.");
        let written = terminal.result(|out| writeln!(out, "{text}"));
        return Err(written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done));
    };
    let finding = if run.is_unfinished() {
        Diagnostic::error("unfinished-run", format!("run `{name}` has not ended"))
            .help("finish it with `auditform apply --resume`: that reads back what it has done")
    } else if run.abandoned.is_some() {
        Diagnostic::error("closed-run", format!("run `{name}` was closed before it had ended"))
            .note("what it left is not waited for any more")
            .help("run `auditform plan`: it shows how the tenant differs from the spec")
    } else {
        return Ok(Ended { run, plan, spec });
    };
    terminal.finding(finding.note("nothing was read"));
    Err(if run.is_unfinished() { Exit::Unfinished } else { Exit::Error })
}

/// Signs in as the run did, and keeps others from writing meanwhile.
async fn open(
    plan: &Plan,
    spec: &SpecText,
    directory: &Path,
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Session, Exit> {
    let loaded = load_captured(spec, directory, terminal, ports)?;
    let selection = Selection::default();
    let speed = Speed::default();
    let reading = Reading { allow: &[], selection: &selection, speed, applying: true };
    let session = connect(loaded, reading, terminal, ports).await?;
    is_of_tenant(plan, &session, terminal)?;
    locked(session, arguments.lock_timeout, terminal, ports).await
}

/// Reads back, and keeps what that shows.
async fn proved(
    ended: Ended,
    session: &Session,
    directory: &Path,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Exit {
    let Session { loaded: Loaded { desired, sources, .. }, connection, .. } = session;
    let shown = |stopped: &Stopped| show(stopped, sources, terminal);
    // Another one may have looked until the lease was free.
    let run = match ops::read_again(&LocalRuns::beside(directory), &ended.run) {
        Ok(run) => run,
        Err(stopped) => return shown(&stopped),
    };
    let (mut report, places) = ops::unproved(&ended.plan, &run);
    let ended = Ended { run, ..ended };
    let mut progress = terminal.progress();
    let read =
        ops::prove(connection, desired, &ended.plan, &mut report, directory, ports, &mut progress);
    let read = read.await;
    drop(progress);
    if let Err(stopped) = read {
        return shown(&stopped);
    }
    if let Err(exit) = nothing_lost(session, terminal) {
        return exit;
    }
    let exit = exit_after(&report, &ended.run);
    let kept = Journal::reopen(&ended.run, directory, ports)
        .and_then(|journal| journal.prove(&ended.plan, &report, exit as u8));
    if let Err(error) = kept {
        let summary = "what was read back could not be written down";
        terminal.finding(
            Diagnostic::warning("journal-not-ended", summary)
                .note(format!("the journal of run `{}`: {error}", ended.run.head.run)),
        );
    }
    told(&ended, &report, &places, terminal)
}

/// Tells what of a run is proved; its exit code.
fn told(ended: &Ended, report: &Report, places: &[u32], terminal: Terminal<'_>) -> Exit {
    let name = &ended.run.head.run;
    let written = terminal.result(|out| write_proof(out, name, &ended.plan, report, places));
    let exit = exit_after(report, &ended.run);
    written.map_or_else(|error| unwritten(&error, terminal), |()| exit)
}

/// How the run stands: what reading back cannot tell is as it was when the run ended.
fn exit_after(report: &Report, run: &Run) -> Exit {
    let ended_with = |exit: Exit| run.ended.as_ref().is_some_and(|end| end.exit_code == exit as u8);
    let stale = if ended_with(Exit::Stale) { StalePolicy::RefuseAll } else { StalePolicy::Skip };
    match exit_of(report, false, stale) {
        Exit::Done if report.count(StepState::NotStarted) > 0 => Exit::Pending,
        exit => exit,
    }
}
