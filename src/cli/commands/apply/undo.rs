//! `auditform undo`: plan what takes a run back, show it, ask, and apply it like any other plan.

use std::path::PathBuf;
use std::time::Duration;

use super::lease::locked;
use super::opened::{Opened, can_be_asked, is_approved};
use super::unfinished::{Left, nothing_in_the_way};
use super::{Stale, carried_out};
use crate::cli::commands::plan::{looser, provenance};
use crate::cli::duration;
use crate::cli::events::{Destination, Events};
use crate::cli::exit::Exit;
use crate::cli::interrupt::Interrupts;
use crate::cli::outputs::Output;
use crate::cli::selection::SelectionArguments;
use crate::cli::session::{Allow, Reading, SpeedArguments, connect, load, show, unwritten};
use crate::cli::terminal::Terminal;
use crate::cli::variables::VariableArguments;
use crate::diagnostic::{Diagnostic, Sources};
use crate::journal::Run;
use crate::ops::{
    self, LastRead, Loaded, LocalRuns, Ports, ReadRun, StalePolicy, Stopped, UndoOptions,
};
use crate::plan::{Plan, SavedPlan};
use crate::render::{CommandName, Provenance, TextOptions, write_plan};
use crate::resource::PlanDigest;
use crate::state::Selection;

/// Take back what a run has changed
///
/// Plans the way back from what the run saw before, shows it, asks, and applies it as any other plan. An
/// object that others have changed since is refused.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The name of the run, `latest` for the last one
    run: String,
    /// The spec that the run was applied from, or its directory
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    variables: VariableArguments,
    /// Only save the plan, so that it can be reviewed, approved and applied like any other
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
    /// List every mailbox by name
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    speed: SpeedArguments,
    #[command(flatten)]
    allow: Allow,
    /// Apply only the plan of this digest
    #[arg(long, value_name = "DIGEST")]
    approve: Option<PlanDigest>,
    /// What to do when others have changed an object since
    #[arg(long, value_enum, value_name = "POLICY", default_value = "refuse-all")]
    stale: Stale,
    /// How long to wait for another apply of the tenant to end
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration::parse)]
    lock_timeout: Duration,
    /// Print what happens, as one JSON object on each line, instead of plan and report
    #[arg(long, conflicts_with_all = ["json_into", "full"])]
    json: bool,
    /// Write the events of `--json` to a file, beside plan and report
    #[arg(long, value_name = "FILE")]
    json_into: Option<PathBuf>,
}

impl Arguments {
    /// An undo is applied as any other plan is.
    fn of_apply(&self) -> super::Arguments {
        super::Arguments {
            path: self.path.clone(),
            variables: self.variables.clone(),
            auto_approve: self.auto_approve,
            full: self.full,
            speed: self.speed,
            allow: self.allow.clone(),
            selection: SelectionArguments::default(),
            approve: self.approve,
            approval: Vec::new(),
            stale: self.stale,
            plan_only: false,
            resume: None,
            abandon: false,
            lock_timeout: self.lock_timeout,
            json: self.json,
            json_into: self.json_into.clone(),
        }
    }
}

pub(in crate::cli) async fn run(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
    interrupts: &Interrupts,
) -> Exit {
    let taken: Vec<&std::path::Path> =
        [Some(arguments.path.as_path()), arguments.out.as_deref()].into_iter().flatten().collect();
    let destination =
        Destination { stdout: arguments.json, file: arguments.json_into.as_deref(), taken: &taken };
    let events = match Events::open(CommandName::Undo, destination, ports) {
        Ok(events) => events,
        Err(stopped) => return show(&stopped, &Sources::default(), terminal),
    };
    let exit = Box::pin(undone(arguments, terminal.with(&events), ports, interrupts)).await;
    events.end(exit, terminal)
}

async fn undone(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
    interrupts: &Interrupts,
) -> Exit {
    let apply = arguments.of_apply();
    let opened = match Box::pin(open(arguments, &apply, terminal, ports)).await {
        Ok(opened) => opened,
        Err(Left::Ended(exit)) => return exit,
        Err(Left::ForRun(_)) => return Exit::Unfinished,
    };
    if let Some(out) = &arguments.out {
        let exit = save(&opened, out, arguments, terminal, ports);
        opened.session.close().await;
        return exit;
    }
    Box::pin(carried_out(opened, &apply, terminal, ports, interrupts)).await
}

/// Reads the run and the tenant, and plans the way back.
async fn open(
    arguments: &Arguments,
    apply: &super::Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Opened, Left> {
    let shown = |stopped: Stopped| show(&stopped, &Sources::default(), terminal);
    if let Some(path) = &arguments.out {
        let output = Output { what: "the plan", flag: "--out", path };
        output.spares(&[&arguments.path]).map_err(shown)?;
    }
    let loaded = load(&arguments.path, &arguments.variables, terminal, ports)?;
    if arguments.out.is_none() {
        ops::needs_no_approval(&loaded.desired)
            .map_err(|stopped| show(&stopped, &loaded.sources, terminal))?;
        can_be_asked(apply, terminal)?;
    }
    let ReadRun { run, plan: done } =
        ops::read_run(&LocalRuns::beside(&loaded.directory), &arguments.run).map_err(shown)?;
    let Some(done) = done else { return Err(nothing(&run, terminal).into()) };
    let selection = Selection::default();
    let speed = arguments.speed.speed();
    let allow = &arguments.allow.allow;
    let applying = arguments.out.is_none();
    let reading = Reading { allow, selection: &selection, speed, applying };
    let session = connect(loaded, reading, terminal, ports).await?;
    super::saved::is_of_tenant(&done.plan, &session, terminal)?;
    let undone = Some(run.head.run.as_str());
    let mut session = if applying {
        let session = locked(session, arguments.lock_timeout, terminal, ports).await?;
        nothing_in_the_way(session, apply, undone, terminal, ports).await?
    } else {
        session
    };
    terminal.tell(&format!("Reading what run {} has changed.", run.head.run));
    let at = ports.now();
    let Loaded { desired, directory, sources, .. } = &session.loaded;
    let options = UndoOptions { allow, sources };
    let connection = &mut session.connection;
    let plan = ops::undo(connection, desired, &done.plan, &run, directory, ports, options).await;
    let plan = plan.map_err(|stopped| show(&stopped, sources, terminal))?;
    let stale = StalePolicy::from(arguments.stale);
    let read = LastRead { stale, ended: ports.now(), ..LastRead::at(at) };
    let digest = ops::digest_of(&plan, &ops::spec_text(&session.loaded)).map_err(shown)?;
    if let Some(approved) = arguments.approve {
        is_approved(approved, digest, terminal)?;
    }
    let looser = looser(&plan, &session.loaded.directory);
    let beside = Provenance { looser, ..provenance(Some(digest), None) };
    has_not_moved(&plan, stale, terminal)?;
    Ok(Opened { session, plan, read, beside, reviewed: None, resumed: None, selection })
}

/// A run that broke off before anything was sent.
fn nothing(run: &Run, terminal: Terminal<'_>) -> Exit {
    let text = format!("Nothing to undo: run {} broke off before anything was sent.", run.head.run);
    let written = terminal.result(|out| writeln!(out, "{text}"));
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}

/// What others have changed since is not overwritten.
fn has_not_moved(plan: &Plan, stale: StalePolicy, terminal: Terminal<'_>) -> Result<(), Exit> {
    let stays = plan.undoes.iter().flat_map(|undoes| &undoes.stays);
    let moved: Vec<_> = stays.filter(|one| one.changed_since).collect();
    if moved.is_empty() || stale == StalePolicy::Skip {
        return Ok(());
    }
    for one in &moved {
        terminal.say(&format!("changed since: {}: {}", one.address, one.reason));
    }
    let number = moved.len();
    let objects =
        if number == 1 { "1 object was".to_owned() } else { format!("{number} objects were") };
    terminal.finding(
        Diagnostic::error("changed-since", format!("{objects} changed by others since the run"))
            .note("nothing was changed")
            .help("look at them; `--stale skip` leaves them as they are and takes back the rest"),
    );
    Err(Exit::Stale)
}

/// Keeps the plan and shows it.
fn save(
    opened: &Opened,
    out: &std::path::Path,
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Exit {
    let Opened { session, plan, beside, .. } = opened;
    let loaded = &session.loaded;
    let (spec, made) = (ops::spec_text(loaded), ops::made(&loaded.directory, Some(out), ports));
    let saved = SavedPlan { plan, spec: &spec, made: &made };
    let kept = ops::digest_of(plan, &spec).and_then(|digest| ops::save(&saved, digest, out));
    if let Err(stopped) = kept {
        return show(&stopped, &loaded.sources, terminal);
    }
    terminal.planned(plan, beside.digest.clone(), Some(out.display().to_string()));
    let detail = super::detail(arguments.full);
    let options = TextOptions { detail, width: Terminal::result_width(), ..TextOptions::default() };
    if let Err(error) = terminal.result(|to| write_plan(to, plan, beside, options)) {
        return unwritten(&error, terminal);
    }
    let name = out.display();
    terminal.tell(&format!("Saved as `{name}`. Apply exactly this with: auditform apply {name}"));
    if plan.refused.is_empty() { Exit::Done } else { Exit::Refused }
}
