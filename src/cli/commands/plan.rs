//! `auditform plan`: read the tenant and show what an apply would do. Writes nothing to it.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::exit::Exit;
use crate::cli::session::{Allow, Reading, load, open, unwritten};
use crate::cli::terminal::Terminal;
use crate::ops::Ports;
use crate::plan::{Plan, PlanDocument};
use crate::render::write_plan;

/// Show what would change, without changing anything
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A directory that holds `auditform.toml`, or a spec file
    #[arg(default_value = ".")]
    path: PathBuf,
    /// How to print the plan
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// List every mailbox by name
    #[arg(long)]
    full: bool,
    /// Exit with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    allow: Allow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// The whole plan, one document
    Json,
}

pub(in crate::cli) async fn run(arguments: &Arguments, terminal: Terminal, ports: &Ports) -> Exit {
    let loaded = match load(&arguments.path, terminal, ports) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let reading = Reading { allow: &arguments.allow.allow, parallelism: 1, applying: false };
    let (session, plan) = match open(loaded, reading, terminal, ports).await {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let written = terminal.result(|out| match arguments.format {
        Format::Text => write_plan(out, &plan, arguments.full),
        Format::Json => write_json(out, &plan),
    });
    let exit = match written {
        Err(error) => unwritten(&error, terminal),
        Ok(()) if !plan.refused.is_empty() => Exit::Refused,
        // What is deferred is unknown, which is no reason to say that nothing is to be done.
        Ok(()) if arguments.detailed_exitcode && !(plan.is_empty() && plan.deferred.is_empty()) => {
            Exit::ChangesPresent
        }
        Ok(()) => Exit::Done,
    };
    session.close().await;
    exit
}

fn write_json(out: &mut dyn Write, plan: &Plan) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, &PlanDocument(plan))?;
    writeln!(out)
}
