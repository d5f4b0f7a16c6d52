//! `auditform init`: begins a spec from a starting point.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::cli::exit::Exit;
use crate::cli::session::unwritten;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, and_list};
use crate::ops::{STARTING_POINTS, StartingPoint, init};

/// Begin a spec: write `auditform.toml` and what belongs to it, and replace nothing
///
/// Beside the spec comes its JSON Schema, which editors complete and check with. `.gitignore` gets
/// the lines that it lacks.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The directory to write to; made where it is missing
    #[arg(default_value = ".")]
    directory: PathBuf,
    /// What to begin with; asked for on a terminal
    #[arg(long, value_name = "NAME", value_parser = names())]
    from: Option<String>,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(
        STARTING_POINTS.iter().map(|start| PossibleValue::new(start.name).help(start.about)),
    )
}

pub(in crate::cli) fn run(arguments: &Arguments, terminal: Terminal) -> Exit {
    let chosen = match &arguments.from {
        Some(name) => find(name),
        None if Terminal::can_ask() => ask(terminal),
        None => None,
    };
    let Some(start) = chosen else {
        let all: Vec<String> =
            STARTING_POINTS.iter().map(|start| format!("`{}`", start.name)).collect();
        terminal.finding(
            Diagnostic::error("no-starting-point", "it is not said what the spec begins with")
                .help(format!("give `--from` one of {}", and_list(&all))),
        );
        return Exit::Usage;
    };
    let written = match init(&arguments.directory, start) {
        Ok(written) => written,
        Err(finding) => {
            terminal.finding(*finding);
            return Exit::Error;
        }
    };
    let said = next(&arguments.directory, start, &written);
    let shown = terminal.result(|out| out.write_all(said.as_bytes()));
    shown.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}

fn find(name: &str) -> Option<&'static StartingPoint> {
    STARTING_POINTS.iter().find(|start| start.name == name)
}

/// Lists the starting points and takes a number or a name.
fn ask(terminal: Terminal) -> Option<&'static StartingPoint> {
    let width = STARTING_POINTS.iter().map(|start| start.name.len()).max().unwrap_or_default();
    for (number, start) in (1..).zip(STARTING_POINTS) {
        terminal.say(&format!("{number:>3}  {:width$}  {}", start.name, start.about));
    }
    let answer = Terminal::ask("\nWhat shall the spec begin with? Enter a number or a name: ")?;
    let by_number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    by_number.and_then(|at| STARTING_POINTS.get(at)).or_else(|| find(&answer))
}

/// What was written and what comes next.
fn next(directory: &Path, start: &StartingPoint, written: &[PathBuf]) -> String {
    let shown = |path: &Path| path.strip_prefix(".").unwrap_or(path).display().to_string();
    let files: Vec<String> = written.iter().map(|path| format!("`{}`", shown(path))).collect();
    let mut text = format!("Wrote {}.\n\n", and_list(&files));
    let place = shown(directory);
    let place = if place.is_empty() { place } else { format!(" {place}") };
    if !start.replace.is_empty() {
        let keys: Vec<String> = start.replace.iter().map(|key| format!("`{key}`")).collect();
        text.push_str("In the spec, put yours for ");
        text.push_str(&and_list(&keys));
        text.push_str(". Then:\n\n");
    }
    for command in ["validate", "plan", "apply"] {
        text.extend(["  auditform ", command, &place, "\n"]);
    }
    text
}
