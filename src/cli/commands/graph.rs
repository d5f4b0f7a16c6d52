//! `auditform graph`: the plan's execution graph as a picture.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::exit::Exit;
use crate::cli::selection::SelectionArguments;
use crate::cli::session::{Reading, load, open, unwritten};
use crate::cli::terminal::Terminal;
use crate::cli::variables::VariableArguments;
use crate::graph;
use crate::ops::Ports;

/// Draw what an apply would do and in which order
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A directory that holds `auditform.toml`, or a spec file
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
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
}

impl From<Format> for graph::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Dot => Self::Dot,
            Format::Mermaid => Self::Mermaid,
        }
    }
}

pub(in crate::cli) async fn run(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Exit {
    let selection = match arguments.selection.selection(terminal) {
        Ok(selection) => selection,
        Err(exit) => return exit,
    };
    let loaded = match load(&arguments.path, &arguments.variables, terminal, ports) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let reading = Reading { allow: &[], selection: &selection, parallelism: 1, applying: false };
    let (session, plan) = match open(loaded, reading, terminal, ports).await {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let picture = graph::draw(&plan, arguments.format.into());
    let written = terminal.result(|out| out.write_all(picture.as_bytes()));
    session.close().await;
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}
