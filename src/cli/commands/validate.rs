//! `auditform validate`: everything that can be said about a spec without a call.

use std::path::PathBuf;

use crate::cli::exit::Exit;
use crate::cli::session::{load, unwritten};
use crate::cli::terminal::Terminal;
use crate::ops::Ports;

/// Check a spec offline: syntax, names, actions, overlaps
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A directory that holds `auditform.toml`, or a spec file
    #[arg(default_value = ".")]
    path: PathBuf,
}

pub(in crate::cli) fn run(arguments: &Arguments, terminal: Terminal, ports: &Ports) -> Exit {
    let loaded = match load(&arguments.path, terminal, ports) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let policies = loaded.desired.policies.len();
    let many = if policies == 1 { "policy" } else { "policies" };
    let written =
        terminal.result(|out| writeln!(out, "The spec is valid: {policies} mailbox_audit {many}."));
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}
