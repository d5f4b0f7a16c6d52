//! `auditform show`: what a saved plan holds, as `plan` shows it. Makes no call.

use std::path::PathBuf;

use super::plan::{Format, View};
use crate::cli::exit::Exit;
use crate::cli::session::{show, unwritten};
use crate::cli::terminal::Terminal;
use crate::diagnostic::Sources;
use crate::ops;

/// Show a saved plan
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A plan that `auditform plan --out FILE` has saved
    plan: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// List every mailbox by name
    #[arg(long)]
    full: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, terminal: Terminal) -> Exit {
    let read = match ops::read_saved(&arguments.plan) {
        Ok(read) => read,
        Err(stopped) => return show(&stopped, &Sources::default(), terminal),
    };
    let view = View { format: arguments.format, full: arguments.full };
    let written = terminal.result(|out| view.write(out, &read.plan, read.digest));
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}
