//! A plan that was saved and reviewed before: what can be judged without a call is judged first, then
//! the tenant is read again, and nothing is asked before it is known that the plan still holds.

use std::path::PathBuf;

use super::Arguments;
use super::checks::{forbidden, may_go_ahead};
use super::lease::locked;
use super::opened::{Opened, ReviewedPlan, can_be_asked, is_approved};
use super::unfinished::{Left, nothing_in_the_way};
use crate::apply::Report;
use crate::cli::commands::plan::{looser, provenance};
use crate::cli::exit::Exit;
use crate::cli::session::{Reading, Session, connect, load_captured, show, unwritten};
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Sources};
use crate::journal::Approver;
use crate::ops::{self, ApprovalQuestion, Asked, LastRead, Loaded, Ports, StalePolicy, Stopped};
use crate::plan::{CheckResult, Plan, ReadPlan, Selected, SpecText};
use crate::render::{
    CommandEvent, Detail, Provenance, TextOptions, change_results, write_plan, write_stale,
};
use crate::resource::PlanDigest;
use crate::state::Selection;

pub(super) async fn open(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Opened, Left> {
    let file = &arguments.path;
    let stopped = |stopped: Stopped| show(&stopped, &Sources::default(), terminal);
    let read = ops::read_saved(file).map_err(stopped)?;
    let (loaded, approvers) = judge_offline(arguments, &read, terminal, ports)?;
    let reviewed = ReviewedPlan { made: read.made, digest: read.digest, approvers };
    let mut plan = read.plan;
    let looser = looser(&plan, &loaded.directory);
    let beside = Provenance { looser, ..provenance(reviewed.digest, reviewed.made.as_ref()) };
    can_be_asked(arguments, terminal)?;
    if !may_go_ahead(&plan) {
        terminal.planned(&plan, beside.digest.clone(), None);
        let detail = if arguments.full { Detail::Full } else { Detail::Groups };
        let width = Terminal::result_width();
        let options = TextOptions {
            detail,
            width,
            speed: arguments.speed.assumed(),
            ..TextOptions::default()
        };
        let written = terminal.result(|out| write_plan(out, &plan, &beside, options));
        if plan.refused.is_empty() {
            terminal.finding(forbidden(&plan));
        }
        let exit = if plan.refused.is_empty() { Exit::ChecksFailed } else { Exit::Refused };
        let exit = written.map_or_else(|error| unwritten(&error, terminal), |()| exit);
        return Err(exit.into());
    }
    let speed = arguments.speed.speed();
    let selection = selection_of(&plan).map_err(stopped)?;
    let reading = Reading { allow: &[], selection: &selection, speed, applying: true };
    let session = connect(loaded, reading, terminal, ports).await?;
    is_of_tenant(&plan, &session, terminal)?;
    let session = locked(session, arguments.lock_timeout, terminal, ports).await?;
    let mut session =
        nothing_in_the_way(session, arguments, plan.undone_run(), terminal, ports).await?;
    let read = check_against_tenant(arguments, &mut plan, &mut session, terminal, ports).await?;
    refuse_stale(&plan, &read, &beside, terminal)?;
    plan.checks = judge_checks(&plan, &mut session, terminal, ports).await?;
    let reviewed = Some(reviewed);
    Ok(Opened { session, plan, read, beside, reviewed, resumed: None, selection })
}

/// What a plan was narrowed to.
pub(super) fn selection_of(plan: &Plan) -> Result<Selection, Stopped> {
    let selection = plan.selected.as_ref().map(Selected::selection).transpose();
    let selection = selection
        .map_err(|error| Stopped::error(Diagnostic::error("unreadable-plan", error.to_string())))?;
    Ok(selection.unwrap_or_default())
}

/// Judges the checks of the plan's own spec by what the tenant holds now.
async fn judge_checks(
    plan: &Plan,
    session: &mut Session,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Vec<CheckResult>, Exit> {
    let Session { loaded, connection, .. } = session;
    let Loaded { desired, directory, sources, .. } = loaded;
    if desired.checks.is_empty() {
        return Ok(Vec::new());
    }
    terminal.tell("Judging the checks by what the tenant holds now.");
    let judged = ops::judge_again(connection, desired, plan, directory, sources, ports).await;
    judged.map_err(|stopped| show(&stopped, sources, terminal))
}

/// Everything that takes no call: the approval, and whether the spec is still the same.
fn judge_offline(
    arguments: &Arguments,
    read: &ReadPlan,
    terminal: Terminal,
    ports: &Ports,
) -> Result<(Loaded, Vec<Approver>), Exit> {
    let stopped = |stopped: Stopped| show(&stopped, &Sources::default(), terminal);
    let (Some(digest), Some(spec)) = (read.digest, &read.spec) else {
        terminal.finding(
            Diagnostic::error("printed-plan", "this plan was printed, not saved")
                .note("it does not hold the spec that it was made from, and no digest covers it")
                .help("save one with `auditform plan --out FILE`"),
        );
        return Err(Exit::Error);
    };
    is_given_in_time(arguments, terminal)?;
    let directory = spec_directory(arguments, read, spec, terminal)?;
    if !arguments.plan_only {
        ops::compare_spec(spec, &directory, ports.today()).map_err(stopped)?;
        terminal
            .tell(&format!("The spec in `{}` is the one that was planned.", directory.display()));
    } else if ops::spec_directory(&arguments.path, read).is_some() {
        ops::is_no_looser(&read.plan, spec, &directory, ports.today()).map_err(stopped)?;
    }
    if let Some(rules) = &read.plan.approval {
        ops::is_recent(read, rules, ports.now()).map_err(stopped)?;
    }
    if let Some(approved) = arguments.approve {
        is_approved(approved, digest, terminal)?;
    }
    let loaded = load_captured(spec, &directory, terminal, ports)?;
    if !ops::is_guarded(&read.plan, &loaded.desired) {
        return Err(stopped(Stopped::error(
            Diagnostic::error("unreadable-plan", "the plan's safeguards are not its spec's")
                .note("nothing of it was believed, and no call was made")
                .help("save it again with `auditform plan --out FILE`"),
        )));
    }
    let approvers = is_signed(arguments, read, digest, &loaded, terminal, ports)?;
    Ok((loaded, approvers))
}

/// What belongs to planning comes too late for a plan that is saved.
fn is_given_in_time(arguments: &Arguments, terminal: Terminal) -> Result<(), Exit> {
    let finding = if !arguments.variables.is_empty() {
        Diagnostic::error("given-too-late", "the values of variables are part of a saved plan")
            .help("give `--var` and `--var-file` to `auditform plan --out FILE`")
    } else if !arguments.allow.allow.is_empty() {
        Diagnostic::error("allowed-too-late", "what a plan is allowed is part of it")
            .help("give `--allow` to `auditform plan --out FILE`")
    } else if !arguments.selection.is_empty() {
        Diagnostic::error("selected-too-late", "a saved plan is applied whole")
            .note("`--target` and `--exclude` would make another plan of it, which nobody has seen")
            .help("give them to `auditform plan --out FILE`")
    } else {
        return Ok(());
    };
    terminal.finding(finding);
    Err(Exit::Usage)
}

/// Where the spec lies by now, or would lie.
fn spec_directory(
    arguments: &Arguments,
    read: &ReadPlan,
    spec: &SpecText,
    terminal: Terminal,
) -> Result<PathBuf, Exit> {
    if let Some(found) = ops::spec_directory(&arguments.path, read) {
        return Ok(found);
    }
    if arguments.plan_only {
        return Ok(ops::directory_of(&arguments.path).to_path_buf());
    }
    let missing = Diagnostic::error("spec-changed", "the spec of this plan is not to be found")
        .note(format!("looked for `{}` where it was, beside the plan and here", spec.entry))
        .note("no call was made")
        .help("run this in the spec's directory, or give `--plan-only`");
    Err(show(&Stopped::stale(missing), &Sources::default(), terminal))
}

/// The signatures that the plan's rules ask for, which are those of the spec in it.
fn is_signed(
    arguments: &Arguments,
    read: &ReadPlan,
    digest: PlanDigest,
    loaded: &Loaded,
    terminal: Terminal,
    ports: &Ports,
) -> Result<Vec<Approver>, Exit> {
    let stopped = |stopped: Stopped| show(&stopped, &Sources::default(), terminal);
    let rules = loaded.desired.approval.as_ref().map(|rules| &rules.value);
    if rules != read.plan.approval.as_ref() {
        return Err(stopped(Stopped::error(
            Diagnostic::error("unreadable-plan", "the plan's rules of approval are not its spec's")
                .note("nothing of it was believed, and no call was made")
                .help("save it again with `auditform plan --out FILE`"),
        )));
    }
    let question = ApprovalQuestion {
        path: &arguments.path,
        named: &arguments.approval,
        rules,
        plan: digest,
        tenant: read.plan.tenant.id,
    };
    let approved = ops::check_approval(&question, ports.now()).map_err(stopped)?;
    let mut approvers = Vec::new();
    for approval in approved.into_iter().flat_map(|approved| approved.by) {
        terminal.tell(&format!("Approved by {} at {}.", approval.signer, approval.time));
        approvers.push(Approver { signer: approval.signer, at: approval.time });
    }
    Ok(approvers)
}

pub(super) fn is_of_tenant(plan: &Plan, session: &Session, terminal: Terminal) -> Result<(), Exit> {
    let (planned, found) = (plan.tenant.id, session.connection.tenant_id);
    if planned == found {
        return Ok(());
    }
    terminal.finding(
        Diagnostic::error("other-tenant", "this plan is for another tenant")
            .note(format!("it was made for {planned}, and this is {found}"))
            .note("nothing was changed"),
    );
    Err(Exit::Error)
}

/// Reads again what the plan touches.
async fn check_against_tenant(
    arguments: &Arguments,
    plan: &mut Plan,
    session: &mut Session,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<LastRead, Exit> {
    let at = ports.now();
    let Session { loaded, connection, .. } = session;
    let (desired, directory) = (&loaded.desired, &loaded.directory);
    terminal.tell("Reading again what the plan changes.");
    terminal.happens(|| CommandEvent::ReadStarted {});
    let asked = Asked::untouched(ops::Reading::Lists, &|_| true);
    let mut standings = ops::recheck(connection, desired, plan, directory, ports, asked)
        .await
        .map_err(|stopped| show(&stopped, &loaded.sources, terminal))?;
    for (place, renewed) in std::mem::take(&mut standings.renewed) {
        if let Some(change) = plan.identity.get_mut(place as usize) {
            *change = renewed;
        }
    }
    let stale = StalePolicy::from(arguments.stale);
    Ok(LastRead { at, ended: ports.now(), standings, stale })
}

/// Ends the apply where something is stale and nothing stale is to be left out.
pub(super) fn refuse_stale(
    plan: &Plan,
    read: &LastRead,
    beside: &Provenance,
    terminal: Terminal<'_>,
) -> Result<(), Exit> {
    let stale = &read.standings.stale;
    if read.stale == StalePolicy::Skip || stale.is_empty() {
        return Ok(());
    }
    let mut report = Report::new(plan.len());
    for (place, why) in stale {
        report.refuse(*place, why.clone());
    }
    terminal.planned(plan, beside.digest.clone(), None);
    if let Some(events) = terminal.events {
        change_results(plan, &report).for_each(|event| events.tell(&event));
    }
    if let Err(error) = terminal.talk(|out| write_stale(out, plan, &report)) {
        return Err(unwritten(&error, terminal));
    }
    let number = stale.len();
    let objects =
        if number == 1 { "1 object is".to_owned() } else { format!("{number} objects are") };
    terminal.finding(
        Diagnostic::error("stale-plan", format!("{objects} no longer as the plan saw it"))
            .note("nothing was changed")
            .help("plan again, or leave out what is stale with `--stale skip`"),
    );
    Err(Exit::Stale)
}
