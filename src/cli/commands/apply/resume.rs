//! `auditform apply --resume`: the rest of a run that has not ended. It was shown and approved when it began,
//! so that nothing is asked again.

use std::path::{Path, PathBuf};

use super::Arguments;
use super::lease::locked;
use super::opened::{Opened, Resumed, ReviewedPlan};
use super::saved::{is_of_tenant, refuse_stale, selection_of};
use super::unfinished::Left;
use crate::cli::commands::plan::provenance;
use crate::cli::exit::Exit;
use crate::cli::session::{Reading, Session, connect, load_captured, show, unwritten};
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::journal::{Event, Run};
use crate::ops::{
    self, Loaded, LocalRuns, Ports, ReadRun, Resumption, SPEC_FILE, StalePolicy, Stopped,
};
use crate::plan::{Plan, ReadPlan, SpecText};

/// A run that has not ended, with its plan.
struct Found {
    run: Run,
    read: ReadPlan,
    spec: SpecText,
}

/// Opens the run that is asked for, or the latest of this spec that has not ended.
pub(super) async fn open(
    arguments: &Arguments,
    wanted: Option<&str>,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Opened, Left> {
    let shown = |stopped: Stopped| show(&stopped, &Sources::default(), terminal);
    if let Some(finding) = misuse(arguments) {
        terminal.finding(finding);
        return Err(Exit::Usage.into());
    }
    let (directory, entry) = spec_of(&arguments.path);
    let Some(found) = find(&directory, &entry, wanted).map_err(shown)? else {
        return Err(nothing(wanted, &entry, terminal).into());
    };
    let Found { run, read, spec } = found;
    if !arguments.plan_only {
        ops::compare_spec(&spec, &directory, ports.today())
            .map_err(or_as_planned)
            .map_err(shown)?;
    }
    let loaded = load_captured(&spec, &directory, terminal, ports)?;
    let mut plan = read.plan;
    let selection = selection_of(&plan).map_err(shown)?;
    let speed = arguments.speed.speed();
    let reading = Reading { allow: &[], selection: &selection, speed, applying: true };
    let session = connect(loaded, reading, terminal, ports).await?;
    is_of_tenant(&plan, &session, terminal)?;
    let mut session = locked(session, arguments.lock_timeout, terminal, ports).await?;
    // It may have been under way until the lease was free.
    let runs = LocalRuns::beside(&directory);
    let run = ops::read_again(&runs, &run).map_err(shown)?;
    if !run.is_unfinished() {
        return Err(nothing(Some(&run.head.run), &entry, terminal).into());
    }
    terminal
        .tell(&format!("Going on with run {}. Reading again what is left of it.", run.head.run));
    let resumption = {
        let Session { loaded: Loaded { desired, directory, sources, .. }, connection, .. } =
            &mut session;
        let stale = StalePolicy::from(arguments.stale);
        ops::resume(connection, desired, &mut plan, &run, directory, ports, stale)
            .await
            .map_err(|stopped| show(&stopped, sources, terminal))?
    };
    let reviewed = ReviewedPlan { made: read.made, digest: read.digest, approvers: Vec::new() };
    let beside = provenance(reviewed.digest, reviewed.made.as_ref());
    refuse_stale(&plan, &resumption.read, &beside, terminal)?;
    terminal.tell(&so_far(&plan, &resumption));
    let Resumption { taken_up, read, settled } = resumption;
    let resumed = Some(Resumed { run, settled, taken_up });
    Ok(Opened { session, plan, read, beside, reviewed: Some(reviewed), resumed, selection })
}

/// What would make another plan of it.
fn misuse(arguments: &Arguments) -> Option<Diagnostic> {
    let what = if !arguments.variables.is_empty() {
        "`--var` and `--var-file`"
    } else if !arguments.allow.allow.is_empty() {
        "`--allow`"
    } else if !arguments.selection.is_empty() {
        "`--target` and `--exclude`"
    } else if ops::is_saved_plan(&arguments.path) {
        "a saved plan"
    } else {
        return None;
    };
    Some(
        Diagnostic::error("resumed-as-planned", format!("{what} cannot be given with `--resume`"))
            .note("a run goes on with the plan that it was begun with")
            .help("leave it out, or close the run and plan anew, with `--abandon`"),
    )
}

/// The directory of a spec, and the name of its file.
pub(super) fn spec_of(path: &Path) -> (PathBuf, String) {
    if path.is_dir() {
        return (path.to_path_buf(), SPEC_FILE.to_owned());
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    (ops::directory_of(path).to_path_buf(), name.unwrap_or_default())
}

fn find(directory: &Path, entry: &str, wanted: Option<&str>) -> Result<Option<Found>, Stopped> {
    let runs = LocalRuns::beside(directory);
    for head in ops::unfinished(directory, None)? {
        if wanted.is_some_and(|wanted| wanted != head.run) {
            continue;
        }
        let ReadRun { run, plan } = ops::read_run(&runs, &head.run)?;
        if let Some(read) = plan
            && let Some(spec) = read.spec.clone()
            && (wanted.is_some() || spec.entry == entry)
        {
            return Ok(Some(Found { run, read, spec }));
        }
    }
    // Whether there is a run of that name at all.
    wanted.map(|wanted| ops::read_run(&runs, wanted)).transpose()?;
    Ok(None)
}

fn nothing(wanted: Option<&str>, entry: &str, terminal: Terminal<'_>) -> Exit {
    let text = match wanted {
        Some(name) => format!("Nothing to resume: run {name} has ended."),
        None => format!("Nothing to resume: no run of `{entry}` is unfinished."),
    };
    let written = terminal.result(|out| writeln!(out, "{text}"));
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}

/// A run can be finished as it was planned, whatever has become of the spec.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`, which hands over")]
fn or_as_planned(stopped: Stopped) -> Stopped {
    let help = "finish the run as it was planned with `--resume --plan-only`, or close it and plan \
                anew with `--abandon`";
    let mut diagnostics = Diagnostics::default();
    for finding in &stopped.diagnostics {
        diagnostics.push(Diagnostic { help: vec![help.to_owned()], ..finding.clone() });
    }
    Stopped { diagnostics, ..stopped }
}

/// What was done before, what has become of what was in doubt, and what is left.
fn so_far(plan: &Plan, resumption: &Resumption) -> String {
    let is_done = |place: u32, requests: u8| {
        (0..requests).all(|request| resumption.taken_up.done.contains(&(place, request)))
    };
    let all = plan.changes().zip(0u32..);
    let done = all.filter(|(change, place)| is_done(*place, change.requests())).count();
    let doubts = resumption.settled.len();
    let there = resumption.settled.iter().filter(|(_, event)| *event == Event::Verified).count();
    let doubt = match doubts {
        0 => String::new(),
        1 if there == 1 => "; 1 request was in doubt, and took effect".to_owned(),
        1 => "; 1 request was in doubt, and had no effect".to_owned(),
        _ => format!("; {doubts} requests were in doubt, and {there} of them took effect"),
    };
    let left = plan.len().saturating_sub(done);
    format!("{done} of {} changes were done before{doubt}. {left} are left.", plan.len())
}
