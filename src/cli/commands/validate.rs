//! `auditform validate`: everything that can be said about a spec without a call.

use std::path::PathBuf;

use crate::cli::exit::Exit;
use crate::cli::session::{load, unwritten};
use crate::cli::terminal::Terminal;
use crate::cli::variables::VariableArguments;
use crate::diagnostic::and_list;
use crate::ops::Ports;
use crate::render::write_requirements;
use crate::state::{DesiredState, requirements};

/// Check a spec offline: syntax, names, actions, overlaps
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A directory that holds `auditform.toml`, or a spec file
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    variables: VariableArguments,
    /// Print the least permissions and roles with which the spec can be planned and applied
    #[arg(long)]
    roles: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, terminal: Terminal, ports: &Ports) -> Exit {
    let loaded = match load(&arguments.path, &arguments.variables, terminal, ports) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let written = if arguments.roles {
        let needed = requirements(&loaded.desired);
        terminal.result(|out| write_requirements(out, &needed))
    } else {
        let said = resources(&loaded.desired);
        terminal.result(|out| writeln!(out, "The spec is valid: {said}."))
    };
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}

/// What a spec holds, counted.
fn resources(desired: &DesiredState) -> String {
    let count = |number: usize, one: &str, many: &str| {
        format!("{number} {}", if number == 1 { one } else { many })
    };
    let mut parts = Vec::new();
    if !desired.certificates.is_empty() {
        parts.push(count(desired.certificates.len(), "certificate", "certificates"));
    }
    if !desired.applications.is_empty() {
        parts.push(count(desired.applications.len(), "application", "applications"));
    }
    parts.push(count(desired.policies.len(), "mailbox_audit policy", "mailbox_audit policies"));
    if !desired.checks.is_empty() {
        parts.push(count(desired.checks.len(), "check", "checks"));
    }
    and_list(&parts)
}
