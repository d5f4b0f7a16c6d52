//! `auditform show`: what a saved plan holds, as `plan` shows it; or what became of a run. Makes no call.

use std::path::{Path, PathBuf};

use super::plan::provenance;
use crate::cli::exit::Exit;
use crate::cli::session::{show, unwritten};
use crate::cli::terminal::Terminal;
use crate::cli::view::View;
use crate::diagnostic::{Diagnostic, Sources};
use crate::ops::{self, LocalRuns};
use crate::render::{write_run, write_run_json};

/// Show a saved plan, or a run and what became of its changes
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A plan that `auditform plan --out FILE` has saved; or the name of a run, `latest` for the last one
    #[arg(value_name = "PLAN|RUN")]
    what: PathBuf,
    /// The spec that the run was applied from, or its directory [default: .]
    #[arg(long, value_name = "PATH")]
    spec: Option<PathBuf>,
    #[command(flatten)]
    view: View,
}

pub(in crate::cli) fn run(arguments: &Arguments, terminal: Terminal) -> Exit {
    if let Some(misuse) = arguments.view.misuse() {
        terminal.finding(misuse);
        return Exit::Usage;
    }
    match (arguments.run_name(), &arguments.spec) {
        (Some(run), spec) => {
            let spec = spec.as_deref().unwrap_or(Path::new("."));
            show_run(arguments, run, beside(spec), terminal)
        }
        (None, None) => show_plan(arguments, terminal),
        (None, Some(_)) => {
            let summary = "`--spec` is for runs, and this is a plan";
            let finding = Diagnostic::error("view", summary);
            terminal.finding(finding.help("leave it out: a saved plan holds its spec"));
            Exit::Usage
        }
    }
}

impl Arguments {
    /// A plan is a file; what is no file and could not be one is the name of a run.
    fn run_name(&self) -> Option<&str> {
        let name = self.what.to_str()?;
        let is_name = !name.contains(['.', '/', '\\']);
        (is_name && !self.what.exists()).then_some(name)
    }
}

fn show_plan(arguments: &Arguments, terminal: Terminal) -> Exit {
    let read = match ops::read_saved(&arguments.what) {
        Ok(read) => read,
        Err(stopped) => return show(&stopped, &Sources::default(), terminal),
    };
    let provenance = provenance(read.digest, read.made.as_ref());
    let written = arguments.view.write(terminal, &read.plan, &provenance, read.digest);
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}

fn show_run(arguments: &Arguments, name: &str, directory: &Path, terminal: Terminal) -> Exit {
    let is_json = match arguments.view.of_run() {
        Ok(is_json) => is_json,
        Err(misuse) => {
            terminal.finding(*misuse);
            return Exit::Usage;
        }
    };
    let read = match ops::read_run(&LocalRuns::beside(directory), name) {
        Ok(read) => read,
        Err(stopped) => return show(&stopped, &Sources::default(), terminal),
    };
    let (run, plan) = (&read.run, read.plan.as_ref().map(|read| &read.plan));
    let report = plan.map(|plan| ops::report_of(plan, run));
    let carried_out = plan.zip(report.as_ref());
    let written = terminal.result(|out| {
        if is_json {
            write_run_json(out, run, carried_out)
        } else {
            write_run(out, run, carried_out, arguments.view.is_full())
        }
    });
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}

/// The directory of a spec that is named by its file or by its directory.
pub(super) fn beside(spec: &Path) -> &Path {
    if spec.is_file() { ops::directory_of(spec) } else { spec }
}
