//! `auditform apply`: plan, show, ask, apply in order, read back, report.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::apply::{Report, StepState, Verdict};
use crate::cli::exit::Exit;
use crate::cli::interrupt::Interrupts;
use crate::cli::session::{Allowance, Reading, Session, load, open, show, unwritten};
use crate::cli::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::ops::{self, Applied, ApplyOptions, Ports};
use crate::render::{write_plan, write_report};

/// Plan, ask, change the tenant in order, and read it back
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A directory that holds `auditform.toml`, or a spec file
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
    /// List every mailbox by name
    #[arg(long)]
    full: bool,
    /// How many requests may be under way at once
    #[arg(long, value_name = "NUMBER", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=256))]
    parallelism: u16,
    /// Allow a change that is refused otherwise
    #[arg(long, value_enum, value_name = "CHANGE")]
    allow: Vec<Allowance>,
}

pub(in crate::cli) async fn run(
    arguments: &Arguments,
    terminal: Terminal,
    ports: &Ports,
    interrupts: &Interrupts,
) -> Exit {
    let loaded = match load(&arguments.path, terminal, ports) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if !arguments.auto_approve && !Terminal::can_ask() {
        terminal.finding(
            Diagnostic::error("no-terminal", "there is no terminal to ask on")
                .note("nothing was read or changed")
                .help("run it on a terminal, or with `--auto-approve`"),
        );
        return Exit::NotApproved;
    }
    let parallelism = usize::from(arguments.parallelism);
    let reading = Reading { allow: &arguments.allow, parallelism, applying: true };
    let session = match open(loaded, reading, terminal, ports).await {
        Ok(session) => session,
        Err(exit) => return exit,
    };
    let exit = match show_plan(arguments, &session, terminal) {
        Err(error) => unwritten(&error, terminal),
        Ok(()) => carry_out(arguments, &session, terminal, ports, interrupts).await,
    };
    session.close().await;
    exit
}

/// A plan that is asked about is part of the talk; one that is applied or turned down without
/// asking is part of the result.
fn show_plan(arguments: &Arguments, session: &Session, terminal: Terminal) -> io::Result<()> {
    let plan = &session.plan;
    let asks = !arguments.auto_approve && !plan.is_empty() && plan.refused.is_empty();
    if asks {
        terminal.talk(|out| write_plan(out, plan, arguments.full))
    } else {
        terminal.result(|out| write_plan(out, plan, arguments.full))
    }
}

async fn carry_out(
    arguments: &Arguments,
    session: &Session,
    terminal: Terminal,
    ports: &Ports,
    interrupts: &Interrupts,
) -> Exit {
    let plan = &session.plan;
    if !plan.refused.is_empty() {
        return Exit::Refused;
    }
    if plan.is_empty() {
        return if plan.pending.is_empty() { Exit::Done } else { Exit::Pending };
    }
    if !arguments.auto_approve && !approved(terminal).await {
        terminal.say("Not approved: nothing was changed.");
        return Exit::NotApproved;
    }
    let parallelism = usize::from(arguments.parallelism);
    let options = ApplyOptions { parallelism, cancel: interrupts.ask_first() };
    let (desired, directory) = (&session.loaded.desired, &session.loaded.directory);
    let mut progress = terminal.progress();
    let applied =
        ops::apply(&session.connection, desired, plan, directory, ports, options, &mut progress)
            .await;
    let sources = &session.loaded.sources;
    let Applied { report, unverified } = match applied {
        Ok(applied) => applied,
        Err(stopped) => return show(&stopped, sources, terminal),
    };
    if let Some(stopped) = &unverified {
        show(stopped, sources, terminal);
    }
    let exit = exit_of(&report, unverified.is_some());
    let write = |out: &mut dyn Write| {
        write_report(out, plan, &report, unverified.is_none())?;
        plan.notes.iter().try_for_each(|note| writeln!(out, "Note: {note}"))
    };
    // What was done is told in any case; as a result only where it can be taken for one.
    let written = match exit {
        Exit::Interrupted | Exit::StateUnknown => terminal.talk(write),
        _ => terminal.result(write),
    };
    written.map_or_else(|error| unwritten(&error, terminal), |()| exit)
}

async fn approved(terminal: Terminal) -> bool {
    tokio::task::spawn_blocking(move || terminal.confirm()).await.unwrap_or(false)
}

/// The most telling code where several hold, in the order of the table.
fn exit_of(report: &Report, unverified: bool) -> Exit {
    let incomplete = [StepState::Failed, StepState::InDoubt, StepState::Skipped]
        .into_iter()
        .any(|state| report.count(state) > 0)
        || report.verdicts(Verdict::Refuted) > 0
        || report.sink_error.is_some();
    if report.interrupted {
        Exit::Interrupted
    } else if unverified {
        Exit::StateUnknown
    } else if incomplete {
        Exit::Partly
    } else if report.verdicts(Verdict::Pending) > 0 {
        Exit::Pending
    } else {
        Exit::Done
    }
}
