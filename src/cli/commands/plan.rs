//! `auditform plan`: read the tenant and show what an apply would do; keep it as a file where one is
//! named. Writes nothing to the tenant.

use std::path::{Path, PathBuf};

use crate::cli::events::{Destination, Events};
use crate::cli::exit::Exit;
use crate::cli::outputs::Output;
use crate::cli::reports::{ReportArguments, Reports};
use crate::cli::selection::SelectionArguments;
use crate::cli::session::{Allow, Reading, load, open, open_snapshot, show, unwritten};
use crate::cli::terminal::Terminal;
use crate::cli::variables::VariableArguments;
use crate::cli::view::View;
use crate::diagnostic::{Diagnostic, Sources};
use crate::ops::{self, Loaded, Ports, Speed, Stopped};
use crate::plan::{CheckResult, Made, Plan, SavedPlan, SpecText};
use crate::render::{CommandName, Looser, Provenance, plan_findings};
use crate::resource::PlanDigest;

/// Show what would change, without changing anything
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A directory that holds `auditform.toml`, or a spec file
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    variables: VariableArguments,
    #[command(flatten)]
    view: View,
    /// Save the plan, so that it can be reviewed and then applied as it is; compressed where the name
    /// ends in `.zst`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Exit with 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    allow: Allow,
    #[command(flatten)]
    selection: SelectionArguments,
    /// Plan from what `auditform snapshot` has kept, without any call; `--refresh=false` is implied
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Whether the tenant is read: `false` takes a `--snapshot` [default: true without one]
    #[arg(long, value_name = "BOOL")]
    refresh: Option<bool>,
    /// Print what happens, as one JSON object on each line, instead of the plan
    #[arg(long, conflicts_with_all = ["json_into", "format", "full", "summary", "context"])]
    json: bool,
    /// Write the events of `--json` to a file, beside the plan
    #[arg(long, value_name = "FILE")]
    json_into: Option<PathBuf>,
    #[command(flatten)]
    reports: ReportArguments,
}

pub(in crate::cli) async fn run(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Exit {
    let mut taken: Vec<&Path> = arguments.inputs().chain(arguments.out.as_deref()).collect();
    let file = arguments.json_into.as_deref();
    let destination = Destination { stdout: arguments.json, file, taken: &taken };
    let events = match Events::open(CommandName::Plan, destination, ports) {
        Ok(events) => events,
        Err(stopped) => return show(&stopped, &Sources::default(), terminal),
    };
    taken.extend(file);
    let reports = match Reports::begin("plan", &arguments.reports, &taken) {
        Ok(reports) => reports,
        Err(stopped) => {
            let exit = show(&stopped, &Sources::default(), terminal.with(&events));
            return events.end(exit, terminal);
        }
    };
    reports.about(&arguments.path);
    let exit = planned(arguments, terminal.with(&events).reporting(&reports), ports).await;
    let exit = reports.end(exit, terminal.with(&events));
    events.end(exit, terminal)
}

impl Arguments {
    /// The files that are read.
    fn inputs(&self) -> impl Iterator<Item = &Path> {
        let Self { path, variables, selection, snapshot, .. } = self;
        let named = [path.as_path()].into_iter().chain(snapshot.as_deref());
        named.chain(variables.files()).chain(selection.files())
    }

    /// Whether the plan may be kept where it is to go.
    fn spares_inputs(&self) -> Result<(), Stopped> {
        let Some(path) = &self.out else { return Ok(()) };
        let inputs: Vec<&Path> = self.inputs().collect();
        Output { what: "the plan", flag: "--out", path }.spares(&inputs)
    }
}

async fn planned(arguments: &Arguments, terminal: Terminal<'_>, ports: &Ports) -> Exit {
    if let Some(misuse) = arguments.view.misuse().or_else(|| misuse(arguments)) {
        terminal.finding(misuse);
        return Exit::Usage;
    }
    if let Err(stopped) = arguments.spares_inputs() {
        return show(&stopped, &Sources::default(), terminal);
    }
    let selection = match arguments.selection.selection(terminal) {
        Ok(selection) => selection,
        Err(exit) => return exit,
    };
    let loaded = match load(&arguments.path, &arguments.variables, terminal, ports) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let allow = &arguments.allow.allow;
    let reading =
        Reading { allow, selection: &selection, speed: Speed::default(), applying: false };
    if let Some(file) = &arguments.snapshot {
        return match open_snapshot(&loaded, file, reading, terminal, ports).await {
            Ok(plan) => finish(arguments, &loaded, &plan, terminal, ports),
            Err(exit) => exit,
        };
    }
    let (session, plan) = match open(loaded, reading, terminal, ports).await {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    let exit = finish(arguments, &session.loaded, &plan, terminal, ports);
    session.close().await;
    exit
}

/// What is wrong with flags that each are right.
fn misuse(arguments: &Arguments) -> Option<Diagnostic> {
    match (arguments.refresh, &arguments.snapshot) {
        (Some(false), None) => Some(
            Diagnostic::error("no-snapshot", "`--refresh=false` leaves nothing to plan from")
                .note("nothing was read")
                .help("take a snapshot with `auditform snapshot --out FILE`, and add `--snapshot FILE`"),
        ),
        (Some(true), Some(_)) => Some(
            Diagnostic::error("no-snapshot", "`--refresh=true` does not go with `--snapshot`")
                .note("a plan is made from the tenant or from a snapshot, never from both")
                .help("leave one of them out"),
        ),
        _ => None,
    }
}

/// Keeps the plan, where that is asked, and shows it.
fn finish(
    arguments: &Arguments,
    loaded: &Loaded,
    plan: &Plan,
    terminal: Terminal,
    ports: &Ports,
) -> Exit {
    let spec = ops::spec_text(loaded);
    // Git is asked only where its answer is kept or shown: a large repository takes its time.
    let is_kept = arguments.out.is_some() || !arguments.view.is_text();
    let made = is_kept.then(|| ops::made(&loaded.directory, arguments.out.as_deref(), ports));
    let digest = match keep(arguments, plan, &spec, made.as_ref()) {
        Ok(digest) => digest,
        Err(stopped) => return show(&stopped, &loaded.sources, terminal),
    };
    // Of a plan that was made just now, a reader of the text knows when and by what.
    let told = made.as_ref().filter(|_| !arguments.view.is_text());
    let looser = looser(plan, &loaded.directory);
    let beside = Provenance { looser, ..provenance(Some(digest), told) };
    let saved_as = arguments.out.as_ref().map(|path| path.display().to_string());
    terminal.planned(plan, Some(digest.to_string()), saved_as);
    if let Some(reports) = terminal.reports {
        reports.take(plan_findings(plan, &loaded.directory));
    }
    let written = arguments.view.write(terminal, plan, &beside, Some(digest));
    if let Some(path) = &arguments.out {
        let name = path.display();
        terminal
            .tell(&format!("Saved as `{name}`. Apply exactly this with: auditform apply {name}"));
    }
    match written {
        Err(error) => unwritten(&error, terminal),
        Ok(()) if !plan.refused.is_empty() => Exit::Refused,
        Ok(()) if plan.checks.iter().any(CheckResult::is_error) => Exit::ChecksFailed,
        // What is deferred is unknown, which is no reason to say that nothing is to be done.
        Ok(()) if arguments.detailed_exitcode && !(plan.is_empty() && plan.deferred.is_empty()) => {
            Exit::ChangesPresent
        }
        Ok(()) => Exit::Done,
    }
}

/// Digests the plan, and saves it where a file is named.
fn keep(
    arguments: &Arguments,
    plan: &Plan,
    spec: &SpecText,
    made: Option<&Made>,
) -> Result<PlanDigest, Stopped> {
    let digest = ops::digest_of(plan, spec)?;
    if let (Some(path), Some(made)) = (&arguments.out, made) {
        ops::save(&SavedPlan { plan, spec, made }, digest, path)?;
    }
    Ok(digest)
}

/// What the rules of a plan let through that those of the last apply did not.
pub(super) fn looser(plan: &Plan, directory: &Path) -> Option<Looser> {
    let (head, ways) = ops::looser_than_last(plan, directory)?;
    Some(Looser { than: head.run, at: head.started_at, ways })
}

/// What is shown beside a plan.
pub(super) fn provenance(digest: Option<PlanDigest>, made: Option<&Made>) -> Provenance {
    Provenance {
        digest: digest.map(|digest| digest.to_string()),
        created: made.map(|made| made.created_at),
        tool_version: made.map(|made| made.tool_version.clone()),
        git_commit: made.and_then(|made| made.git.as_ref()).map(|git| git.commit.clone()),
        looser: None,
    }
}
