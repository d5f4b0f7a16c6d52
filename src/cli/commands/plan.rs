//! `auditform plan`: read the tenant and show what an apply would do; keep it as a file where one is
//! named. Writes nothing to the tenant.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::exit::Exit;
use crate::cli::session::{Allowance, Reading, Session, load, open, show, unwritten};
use crate::cli::terminal::Terminal;
use crate::cli::variables::VariableArguments;
use crate::ops::{self, Ports, Stopped};
use crate::plan::{Plan, PlanDocument, SavedPlan, SpecText};
use crate::render::write_plan;
use crate::resource::PlanDigest;

/// Show what would change, without changing anything
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A directory that holds `auditform.toml`, or a spec file
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    variables: VariableArguments,
    /// How to print the plan
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// List every mailbox by name
    #[arg(long)]
    full: bool,
    /// Save the plan, so that it can be reviewed and then applied as it is; compressed where the name
    /// ends in `.zst`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// Allow a change that is refused otherwise
    #[arg(long, value_enum, value_name = "CHANGE")]
    allow: Vec<Allowance>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// The whole plan, one document
    Json,
}

pub(in crate::cli) async fn run(arguments: &Arguments, terminal: Terminal, ports: &Ports) -> Exit {
    let loaded = match load(&arguments.path, &arguments.variables, terminal, ports) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let reading = Reading { allow: &arguments.allow, parallelism: 1, applying: false };
    let (session, plan) = match open(loaded, reading, terminal, ports).await {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let spec = ops::spec_text(&session.loaded);
    let digest = match keep(arguments, &session, &plan, &spec, ports) {
        Ok(digest) => digest,
        Err(stopped) => {
            let exit = show(&stopped, &session.loaded.sources, terminal);
            session.close().await;
            return exit;
        }
    };
    let view = View { format: arguments.format, full: arguments.full };
    let written = terminal.result(|out| view.write(out, &plan, Some(digest)));
    if let Some(path) = &arguments.out {
        let name = path.display();
        terminal
            .tell(&format!("Saved as `{name}`. Apply exactly this with: auditform apply {name}"));
    }
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

/// Digests the plan, and saves it where a file is named.
fn keep(
    arguments: &Arguments,
    session: &Session,
    plan: &Plan,
    spec: &SpecText,
    ports: &Ports,
) -> Result<PlanDigest, Stopped> {
    let digest = ops::digest_of(plan, spec)?;
    if let Some(path) = &arguments.out {
        let made = ops::made(&session.loaded.directory, ports);
        ops::save(&SavedPlan { plan, spec, made: &made }, digest, path)?;
    }
    Ok(digest)
}

/// How a plan is printed.
pub(super) struct View {
    pub(super) format: Format,
    pub(super) full: bool,
}

impl View {
    pub(super) fn write(
        &self,
        out: &mut dyn Write,
        plan: &Plan,
        digest: Option<PlanDigest>,
    ) -> std::io::Result<()> {
        match self.format {
            Format::Text => {
                write_plan(out, plan, self.full)?;
                digest.map_or(Ok(()), |digest| writeln!(out, "\nDigest: {digest}"))
            }
            Format::Json => {
                serde_json::to_writer(&mut *out, &PlanDocument { plan, digest })?;
                writeln!(out)
            }
        }
    }
}
