//! `auditform plan`: read the tenant and show what an apply would do. Writes nothing to it.

use std::path::PathBuf;

use crate::cli::exit::Exit;
use crate::cli::session::{Allowance, Reading, load, open, unwritten};
use crate::cli::terminal::Terminal;
use crate::cli::view::View;
use crate::ops::Ports;
use crate::render::Provenance;

/// Show what would change, without changing anything
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A directory that holds `auditform.toml`, or a spec file
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    view: View,
    /// Exit with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// Allow a change that is refused otherwise
    #[arg(long, value_enum, value_name = "CHANGE")]
    allow: Vec<Allowance>,
}

pub(in crate::cli) async fn run(arguments: &Arguments, terminal: Terminal, ports: &Ports) -> Exit {
    if let Some(misuse) = arguments.view.misuse() {
        terminal.finding(misuse);
        return Exit::Usage;
    }
    let loaded = match load(&arguments.path, terminal, ports) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let reading = Reading { allow: &arguments.allow, parallelism: 1, applying: false };
    let (session, plan) = match open(loaded, reading, terminal, ports).await {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let written = arguments.view.write(terminal, &plan, &Provenance::default());
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
