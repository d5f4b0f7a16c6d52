//! `auditform show`: what a saved plan holds, as `plan` shows it. Makes no call.

use std::path::PathBuf;

use super::plan::provenance;
use crate::cli::exit::Exit;
use crate::cli::session::{show, unwritten};
use crate::cli::terminal::Terminal;
use crate::cli::view::View;
use crate::diagnostic::Sources;
use crate::ops;

/// Show a saved plan
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A plan that `auditform plan --out FILE` has saved
    plan: PathBuf,
    #[command(flatten)]
    view: View,
}

pub(in crate::cli) fn run(arguments: &Arguments, terminal: Terminal) -> Exit {
    if let Some(misuse) = arguments.view.misuse() {
        terminal.finding(misuse);
        return Exit::Usage;
    }
    let read = match ops::read_saved(&arguments.plan) {
        Ok(read) => read,
        Err(stopped) => return show(&stopped, &Sources::default(), terminal),
    };
    let provenance = provenance(read.digest, read.made.as_ref());
    let written = arguments.view.write(terminal, &read.plan, &provenance, read.digest);
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}
