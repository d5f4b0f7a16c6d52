//! `auditform lock`: who holds the tenants of a spec, and taking one from who holds it. Makes no call.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use super::show::beside;
use crate::cli::exit::Exit;
use crate::cli::session::{show, unwritten};
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Sources};
use crate::lease::KeptLease;
use crate::ops::{self, BreakOutcome, Ports};
use crate::render::{visible, write_leases, write_leases_json};

/// Show and break the leases by which one apply at a time changes a tenant
///
/// An apply takes a lease on its tenant, renews it while it runs, and gives it back at its end. It lies in
/// `.auditform/leases` beside the spec. No call is made.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Show(ShowArguments),
    Break(BreakArguments),
}

/// Show who holds the tenants of a spec, since when and until when
#[derive(Debug, clap::Args)]
struct ShowArguments {
    /// A directory that holds `auditform.toml`, or a spec file
    #[arg(default_value = ".")]
    path: PathBuf,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON document
    Json,
}

/// Take the lease on a tenant from who holds it
///
/// An apply that is under way starts nothing more, ends what it has begun, and says who broke its lease.
/// Until it has ended on this machine, no other one begins.
#[derive(Debug, clap::Args)]
struct BreakArguments {
    /// A directory that holds `auditform.toml`, or a spec file
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Which tenant, by its id or by its initial domain, where there are leases of several
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// Do not ask
    #[arg(long)]
    force: bool,
}

pub(in crate::cli) async fn run(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Exit {
    let done = match &arguments.action {
        Action::Show(arguments) => shown(arguments, terminal, ports),
        Action::Break(arguments) => broken(arguments, terminal, ports).await,
    };
    done.unwrap_or_else(|exit| exit)
}

fn shown(arguments: &ShowArguments, terminal: Terminal, ports: &Ports) -> Result<Exit, Exit> {
    let leases = read(&arguments.path, terminal, ports)?;
    let written = terminal.result(|out| match arguments.format {
        Format::Text => write_leases(out, &leases),
        Format::Json => write_leases_json(out, &leases),
    });
    written.map_or_else(|error| Err(unwritten(&error, terminal)), |()| Ok(Exit::Done))
}

fn read(path: &Path, terminal: Terminal, ports: &Ports) -> Result<Vec<KeptLease>, Exit> {
    let leases = ops::leases(beside(path), ports.now());
    leases.map_err(|stopped| show(&stopped, &Sources::default(), terminal))
}

async fn broken(
    arguments: &BreakArguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Exit, Exit> {
    let leases = read(&arguments.path, terminal, ports)?;
    let kept = wanted(&leases, arguments.tenant.as_deref()).map_err(|(finding, exit)| {
        terminal.finding(*finding);
        exit
    })?;
    let Some(kept) = kept else {
        return Ok(say(terminal, "Nothing to break: no apply holds a lease here."));
    };
    if !arguments.force {
        confirmed(kept, terminal).await?;
    }
    let outcome = ops::break_lease(kept, beside(&arguments.path), ports)
        .map_err(|stopped| show(&stopped, &Sources::default(), terminal))?;
    Ok(say(terminal, &told(outcome, &visible(&kept.name))))
}

type Refused = (Box<Diagnostic>, Exit);

/// The lease that is meant: the one that is named, or the only one.
fn wanted<'l>(
    leases: &'l [KeptLease],
    tenant: Option<&str>,
) -> Result<Option<&'l KeptLease>, Refused> {
    let names: Vec<&str> = leases.iter().map(|kept| kept.name.as_str()).collect();
    let held = format!("there are leases of {}", names.join(", "));
    match (leases, tenant) {
        ([], _) => Ok(None),
        (_, Some(tenant)) => {
            let found = leases.iter().find(|kept| kept.is_of(tenant));
            found.map(Some).ok_or_else(|| {
                let summary = format!("there is no lease on tenant `{tenant}`");
                (Box::new(Diagnostic::error("no-such-lease", summary).note(held)), Exit::Error)
            })
        }
        ([only], None) => Ok(Some(only)),
        (_, None) => {
            let summary = "there are leases on several tenants";
            let finding = Diagnostic::error("several-leases", summary)
                .note(held)
                .help("name one with `--tenant TENANT`, by its id or by its initial domain");
            Err((Box::new(finding), Exit::Usage))
        }
    }
}

async fn confirmed(kept: &KeptLease, terminal: Terminal<'_>) -> Result<(), Exit> {
    if !Terminal::can_ask() {
        terminal.finding(
            Diagnostic::error("no-terminal", "there is no terminal to ask on")
                .note("nothing was broken")
                .help("run it on a terminal, or with `--force`"),
        );
        return Err(Exit::NotApproved);
    }
    let shown = terminal.talk(|out| write_leases(out, std::slice::from_ref(kept)));
    shown.map_err(|error| unwritten(&error, terminal))?;
    let asking = terminal.alone();
    let asked = move || asking.confirm("Do you want to break this lease?");
    if tokio::task::spawn_blocking(asked).await.unwrap_or(false) {
        return Ok(());
    }
    terminal.say("Nothing was broken.");
    Err(Exit::NotApproved)
}

fn told(outcome: BreakOutcome, tenant: &str) -> String {
    match outcome {
        BreakOutcome::Removed => format!("The lease on tenant {tenant} is gone."),
        BreakOutcome::OwnerEnds => format!(
            "The lease on tenant {tenant} is broken. Its owner runs on this machine: it starts nothing \
             more, and the next apply begins when it has ended."
        ),
        BreakOutcome::OwnerElsewhere => format!(
            "The lease on tenant {tenant} is broken. If its owner still runs on another machine, it \
             starts nothing more once it looks; see that it has ended before you apply."
        ),
    }
}

fn say(terminal: Terminal, text: &str) -> Exit {
    let written = terminal.result(|out| writeln!(out, "{text}"));
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}
