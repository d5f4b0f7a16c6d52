//! `auditform validate`: everything that can be said about specs without a call.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::cli::reports::{ReportArguments, Reports};
use crate::cli::session::{load, show, unwritten};
use crate::cli::terminal::Terminal;
use crate::cli::variables::VariableArguments;
use crate::diagnostic::{Sources, and_list};
use crate::ops::Ports;
use crate::render::write_requirements;
use crate::state::{DesiredState, requirements};

/// Check specs offline: syntax, names, actions, overlaps
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Directories that hold `auditform.toml`, or spec files; each is judged by itself
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    variables: VariableArguments,
    /// Print the least permissions and roles with which the spec can be planned and applied
    #[arg(long)]
    roles: bool,
    #[command(flatten)]
    reports: ReportArguments,
}

pub(in crate::cli) fn run(arguments: &Arguments, terminal: Terminal, ports: &Ports) -> Exit {
    let paths = arguments.paths.iter().map(PathBuf::as_path);
    let taken: Vec<&Path> = paths.chain(arguments.variables.files()).collect();
    let reports = match Reports::begin("validate", &arguments.reports, &taken) {
        Ok(reports) => reports,
        Err(stopped) => return show(&stopped, &Sources::default(), terminal),
    };
    let exit = validated(arguments, terminal, &reports, ports);
    reports.end(exit, terminal)
}

fn validated(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    reports: &Reports,
    ports: &Ports,
) -> Exit {
    let mut valid = Vec::new();
    let mut invalid = None;
    for path in &arguments.paths {
        reports.about(path);
        match load(path, &arguments.variables, terminal.reporting(reports), ports) {
            Ok(loaded) => valid.push((path.as_path(), loaded.desired)),
            Err(exit) => invalid = invalid.or(Some(exit)),
        }
    }
    // What is said of the others would be taken for the result of all.
    if let Some(exit) = invalid {
        return exit;
    }
    let is_alone = valid.len() == 1;
    let written = terminal.result(|out| {
        valid.iter().try_for_each(|(path, desired)| {
            let name = (!is_alone).then_some(*path);
            if arguments.roles { roles(out, name, desired) } else { verdict(out, name, desired) }
        })
    });
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}

/// The path is told where there are several.
fn verdict(out: &mut dyn Write, path: Option<&Path>, desired: &DesiredState) -> io::Result<()> {
    let said = resources(desired);
    match path {
        None => writeln!(out, "The spec is valid: {said}."),
        Some(path) => writeln!(out, "{}: valid: {said}.", path.display()),
    }
}

fn roles(out: &mut dyn Write, path: Option<&Path>, desired: &DesiredState) -> io::Result<()> {
    if let Some(path) = path {
        writeln!(out, "{}:", path.display())?;
    }
    write_requirements(out, &requirements(desired))
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
