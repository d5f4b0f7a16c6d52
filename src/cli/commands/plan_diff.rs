//! `auditform plan-diff`: whether a new plan is the one that was reviewed, and if not, what differs.
//! Makes no call.

use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::cli::session::{show, unwritten};
use crate::cli::terminal::Terminal;
use crate::diagnostic::Sources;
use crate::ops;
use crate::plan::{ReadPlan, compare_plans};
use crate::render::write_plan_difference;

/// Compare two saved plans
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The plan that was reviewed
    old: PathBuf,
    /// The plan that is to be applied
    new: PathBuf,
    /// List every change
    #[arg(long)]
    full: bool,
    /// Exit with 2 when they differ
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, terminal: Terminal) -> Exit {
    let (old, new) = match (read(&arguments.old, terminal), read(&arguments.new, terminal)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(exit), _) | (_, Err(exit)) => return exit,
    };
    let difference = compare_plans(&old.plan, &new.plan);
    let specs = changed_specs(&old, &new);
    let digests = [old.digest, new.digest];
    let is_same = difference.is_empty()
        && specs.is_empty()
        && (digests.contains(&None) || digests[0] == digests[1]);
    let written = terminal.result(|out| {
        for file in &specs {
            writeln!(out, "The spec differs: {file}")?;
        }
        write_plan_difference(out, &difference, arguments.full)?;
        let verdict = if is_same { "The plans are the same." } else { "The plans differ." };
        let gap = if is_same { "" } else { "\n" };
        writeln!(out, "{gap}{verdict}")?;
        for (name, read) in [("Old", &old), ("New", &new)] {
            if let Some(digest) = read.digest {
                writeln!(out, "{name}: {digest}")?;
            }
        }
        Ok(())
    });
    match written {
        Err(error) => unwritten(&error, terminal),
        Ok(()) if arguments.detailed_exitcode && !is_same => Exit::ChangesPresent,
        Ok(()) => Exit::Done,
    }
}

fn read(path: &Path, terminal: Terminal) -> Result<ReadPlan, Exit> {
    ops::read_saved(path).map_err(|stopped| show(&stopped, &Sources::default(), terminal))
}

/// What differs of the specs.
fn changed_specs(old: &ReadPlan, new: &ReadPlan) -> Vec<String> {
    let (Some(old), Some(new)) = (&old.spec, &new.spec) else { return Vec::new() };
    let mut changed = ops::changed_files(old, new);
    if old.variables != new.variables {
        changed.push("the values of variables".to_owned());
    }
    changed
}
