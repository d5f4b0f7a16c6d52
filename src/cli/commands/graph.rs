//! `auditform graph`: what an apply would do and in which order, as a text or a picture.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::exit::Exit;
use crate::cli::selection::SelectionArguments;
use crate::cli::session::{Reading, load, open, show, unwritten};
use crate::cli::terminal::Terminal;
use crate::cli::variables::VariableArguments;
use crate::diagnostic::{Diagnostic, Sources};
use crate::ops::{self, Ports, Speed};
use crate::plan::Plan;
use crate::render::{GraphFormat, write_graph};

/// Draw what an apply would do and in which order
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A directory that holds `auditform.toml`, a spec file, or a saved plan
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    variables: VariableArguments,
    #[command(flatten)]
    selection: SelectionArguments,
    /// In which language to draw
    #[arg(long, value_enum, default_value = "dot")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A list, for people
    Text,
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
    /// An image that needs nothing else
    Svg,
}

impl From<Format> for GraphFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Dot => Self::Dot,
            Format::Mermaid => Self::Mermaid,
            Format::Svg => Self::Svg,
        }
    }
}

pub(in crate::cli) async fn run(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Exit {
    if ops::is_saved_plan(&arguments.path) {
        return of_saved(arguments, terminal);
    }
    let selection = match arguments.selection.selection(terminal) {
        Ok(selection) => selection,
        Err(exit) => return exit,
    };
    let loaded = match load(&arguments.path, &arguments.variables, terminal, ports) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let reading =
        Reading { allow: &[], selection: &selection, speed: Speed::default(), applying: false };
    let (session, plan) = match open(loaded, reading, terminal, ports).await {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let exit = write(arguments, &plan, terminal);
    session.close().await;
    exit
}

/// A plan that was saved is drawn as it is, without a call.
fn of_saved(arguments: &Arguments, terminal: Terminal<'_>) -> Exit {
    if !arguments.variables.is_empty() {
        terminal.finding(
            Diagnostic::error("given-too-late", "the values of variables are part of a saved plan")
                .help("give `--var` and `--var-file` to `auditform plan --out FILE`"),
        );
        return Exit::Usage;
    }
    if !arguments.selection.is_empty() {
        terminal.finding(
            Diagnostic::error("selected-too-late", "a saved plan is drawn whole")
                .help("give `--target` and `--exclude` to `auditform plan --out FILE`"),
        );
        return Exit::Usage;
    }
    match ops::read_saved(&arguments.path) {
        Ok(read) => write(arguments, &read.plan, terminal),
        Err(stopped) => show(&stopped, &Sources::default(), terminal),
    }
}

fn write(arguments: &Arguments, plan: &Plan, terminal: Terminal<'_>) -> Exit {
    let written = terminal.result(|out| write_graph(out, plan, arguments.format.into()));
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}
