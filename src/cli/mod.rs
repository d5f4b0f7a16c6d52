//! The command line: arguments in, an exit code out. The process's clock, environment, signals and
//! streams enter here and nowhere else; each command is a thin wrapper around `ops` and `render`.

#![expect(clippy::disallowed_methods, reason = "this is where the environment enters the program")]

mod commands;
mod duration;
mod embedded;
mod events;
mod exit;
mod interrupt;
mod logging;
mod outputs;
mod reference;
mod reports;
mod selection;
mod session;
mod terminal;
mod variables;
mod view;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use jiff::Timestamp;

pub use commands::schema::schemas;
pub use exit::Exit;
pub use reference::markdown;

use crate::diagnostic::Diagnostic;
use crate::ops::{Environment, Ports};
use interrupt::{Interrupts, Signals};
use logging::LogLevel;
use terminal::Terminal;

/// Plan and apply for the audit state of a Microsoft 365 tenant.
///
/// A spec in TOML says what shall be audited. `plan` signs in, reads the tenant and shows what
/// would change; `apply` changes it in order and reads it back.
#[derive(Debug, Parser)]
#[command(
    name = "auditform",
    version,
    propagate_version = true,
    after_long_help = Exit::table()
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, clap::Args)]
struct Global {
    /// How much to log
    #[arg(
        long,
        global = true,
        value_enum,
        env = "AUDITFORM_LOG",
        hide_env_values = true,
        default_value = "warn"
    )]
    log_level: LogLevel,
    /// Log to this file instead of standard error
    #[arg(long, global = true, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// Never use colour (`NO_COLOR` does the same)
    #[arg(long, global = true)]
    no_color: bool,
    /// Show results and errors alone: no progress, no warnings
    #[arg(long, global = true)]
    quiet: bool,
    /// How long one request may take, all its tries included [default: 90s, in an apply 15m]
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration::parse)]
    request_timeout: Option<Duration>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Validate(commands::validate::Arguments),
    Plan(commands::plan::Arguments),
    Apply(commands::apply::Arguments),
    Undo(commands::apply::undo::Arguments),
    Verify(commands::apply::verify::Arguments),
    Show(commands::show::Arguments),
    PlanDiff(commands::plan_diff::Arguments),
    History(commands::history::Arguments),
    Lock(commands::lock::Arguments),
    Approve(commands::approve::Arguments),
    Snapshot(commands::snapshot::Arguments),
    Graph(commands::graph::Arguments),
    Certificate(commands::certificate::Arguments),
    Emulate(commands::emulate::Arguments),
    Init(commands::init::Arguments),
    Fmt(commands::fmt::Arguments),
    Schema(commands::schema::Arguments),
}

/// Runs one command.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error).into(),
    };
    let global = &arguments.global;
    let terminal =
        Terminal { no_color: global.no_color, quiet: global.quiet, events: None, reports: None };
    if let Err(error) = logging::start(global.log_level, global.log_file.as_deref()) {
        let summary = format!("the log file cannot be opened: {error}");
        terminal.finding(Diagnostic::error("log-file", summary));
        return Exit::Error.into();
    }
    let ports = Ports {
        clock: Arc::new(Timestamp::now),
        environment: Environment::new(|name| std::env::var(name).ok()),
        seed: fastrand::u64(..),
        request_timeout: global.request_timeout,
    };
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(dispatch(arguments.command, terminal, ports));
            // A thread that still waits for an answer on standard input must not keep us here.
            runtime.shutdown_background();
            exit.into()
        }
        Err(error) => {
            let summary = format!("threads cannot be started: {error}");
            terminal.finding(Diagnostic::error("runtime", summary));
            Exit::Error.into()
        }
    }
}

async fn dispatch(command: Command, terminal: Terminal<'_>, ports: Ports) -> Exit {
    let (interrupts, signals) = (Interrupts::new(), Signals::listen());
    let work = async {
        match command {
            Command::Validate(arguments) => commands::validate::run(&arguments, terminal, &ports),
            Command::Plan(arguments) => commands::plan::run(&arguments, terminal, &ports).await,
            Command::Apply(arguments) => {
                // What an apply holds on to is large, and lives once.
                Box::pin(commands::apply::run(&arguments, terminal, &ports, &interrupts)).await
            }
            Command::Undo(arguments) => {
                Box::pin(commands::apply::undo::run(&arguments, terminal, &ports, &interrupts))
                    .await
            }
            Command::Verify(arguments) => {
                Box::pin(commands::apply::verify::run(&arguments, terminal, &ports)).await
            }
            Command::Show(arguments) => commands::show::run(&arguments, terminal),
            Command::History(arguments) => commands::history::run(&arguments, terminal, &ports),
            Command::Lock(arguments) => commands::lock::run(&arguments, terminal, &ports).await,
            Command::PlanDiff(arguments) => commands::plan_diff::run(&arguments, terminal),
            Command::Approve(arguments) => {
                commands::approve::run(&arguments, terminal, &ports).await
            }
            Command::Snapshot(arguments) => {
                commands::snapshot::run(&arguments, terminal, &ports).await
            }
            Command::Graph(arguments) => commands::graph::run(&arguments, terminal, &ports).await,
            Command::Certificate(arguments) => {
                commands::certificate::run(&arguments, terminal, &ports)
            }
            Command::Init(arguments) => commands::init::run(&arguments, terminal),
            Command::Fmt(arguments) => commands::fmt::run(&arguments, terminal),
            Command::Schema(arguments) => commands::schema::run(&arguments, terminal),
            Command::Emulate(arguments) => {
                commands::emulate::run(arguments, terminal, &interrupts).await
            }
        }
    };
    tokio::select! {
        exit = work => exit,
        () = interrupts.leave(signals) => Exit::Interrupted,
    }
}

fn usage(error: &clap::Error) -> Exit {
    // clap writes help to standard output and errors to standard error; a closed pipe is no matter.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
        _ => Exit::Usage,
    }
}
