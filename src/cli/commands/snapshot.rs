//! `auditform snapshot`: read what a plan of the spec would read, and keep it, so that plans can be made
//! where nobody may read the tenant. Writes nothing to the tenant.

use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::cli::outputs::Output;
use crate::cli::session::{Reading, Session, connect, load, show};
use crate::cli::terminal::Terminal;
use crate::cli::variables::VariableArguments;
use crate::diagnostic::Sources;
use crate::ops::{self, Ports, Speed};
use crate::state::Selection;

/// Keep what a plan would read, so that it can be made elsewhere
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A directory that holds `auditform.toml`, or a spec file
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    variables: VariableArguments,
    /// Where to save it; compressed, and readable by its owner alone
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(in crate::cli) async fn run(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Exit {
    let files = arguments.variables.files();
    let taken: Vec<&Path> = [arguments.path.as_path()].into_iter().chain(files).collect();
    let out = Output { what: "the snapshot", flag: "--out", path: &arguments.out };
    if let Err(stopped) = out.spares(&taken) {
        return show(&stopped, &Sources::default(), terminal);
    }
    let loaded = match load(&arguments.path, &arguments.variables, terminal, ports) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let selection = Selection::default();
    let reading =
        Reading { allow: &[], selection: &selection, speed: Speed::default(), applying: false };
    let mut session = match connect(loaded, reading, terminal, ports).await {
        Ok(session) => session,
        Err(exit) => return exit,
    };
    let mut progress = terminal.progress();
    let Session { loaded, connection, .. } = &mut session;
    let (desired, directory) = (&loaded.desired, &loaded.directory);
    let captured =
        ops::capture(connection, desired, directory, ports, &arguments.out, &mut progress).await;
    let exit = match captured {
        Ok(mailboxes) => {
            let name = arguments.out.display();
            let count = match mailboxes {
                1 => "1 mailbox".to_owned(),
                number => format!("{number} mailboxes"),
            };
            terminal.tell(&format!(
                "Saved as `{name}`: {count}. Plan from it with: auditform plan --snapshot {name}"
            ));
            Exit::Done
        }
        Err(stopped) => show(&stopped, &loaded.sources, terminal),
    };
    session.close().await;
    exit
}
