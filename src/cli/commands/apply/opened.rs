//! From a spec to a plan that is about to be applied, and what an approval has to be.

use super::Arguments;
use super::lease::locked;
use super::unfinished::{Left, nothing_in_the_way};
use crate::apply::TakenUp;
use crate::cli::commands::plan::{looser, provenance};
use crate::cli::exit::Exit;
use crate::cli::session::{Reading, Session, can_be_planned, connect, load, plan, show};
use crate::cli::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::journal::{Approver, Event, RequestKey, Run};
use crate::ops::{self, LastRead, Ports, Stopped};
use crate::plan::{Made, Plan};
use crate::render::Provenance;
use crate::resource::PlanDigest;
use crate::state::Selection;

/// What is about to be applied.
pub(super) struct Opened {
    pub(super) session: Session,
    pub(super) plan: Plan,
    pub(super) read: LastRead,
    /// What is told beside the plan.
    pub(super) beside: Provenance,
    /// What is known of a saved plan.
    pub(super) reviewed: Option<ReviewedPlan>,
    /// The run that is gone on with.
    pub(super) resumed: Option<Resumed>,
    /// What the plan was narrowed to, and what is planned after it is too.
    pub(super) selection: Selection,
}

/// A run that has not ended, with what was found out about it.
pub(super) struct Resumed {
    pub(super) run: Run,
    /// The end of each doubt.
    pub(super) settled: Vec<(RequestKey, Event)>,
    pub(super) taken_up: TakenUp,
}

/// A saved plan that may be applied.
pub(super) struct ReviewedPlan {
    /// When, by what and where it was made.
    pub(super) made: Option<Made>,
    pub(super) digest: Option<PlanDigest>,
    /// Whose approvals counted.
    pub(super) approvers: Vec<Approver>,
}

/// Reads the spec and the tenant and plans.
pub(super) async fn open_spec(
    arguments: &Arguments,
    terminal: Terminal<'_>,
    ports: &Ports,
) -> Result<Opened, Left> {
    if arguments.plan_only {
        terminal.finding(
            Diagnostic::error("not-a-plan", "`--plan-only` is for saved plans")
                .note(format!("`{}` is a spec", arguments.path.display()))
                .help("leave it out, or name a plan that `auditform plan --out FILE` has saved"),
        );
        return Err(Exit::Usage.into());
    }
    let selection = arguments.selection.selection(terminal)?;
    let loaded = load(&arguments.path, &arguments.variables, terminal, ports)?;
    ops::needs_no_approval(&loaded.desired)
        .map_err(|stopped| show(&stopped, &loaded.sources, terminal))?;
    if !arguments.approval.is_empty() {
        terminal.finding(
            Diagnostic::error("not-a-plan", "`--approval` is for saved plans")
                .note(format!("`{}` is a spec", arguments.path.display()))
                .help("leave it out, or name a plan that `auditform plan --out FILE` has saved"),
        );
        return Err(Exit::Usage.into());
    }
    can_be_asked(arguments, terminal)?;
    let speed = arguments.speed.speed();
    let allow = &arguments.allow.allow;
    let reading = Reading { allow, selection: &selection, speed, applying: true };
    let spec = ops::spec_text(&loaded);
    can_be_planned(&loaded, reading, terminal)?;
    let session = connect(loaded, reading, terminal, ports).await?;
    let session = locked(session, arguments.lock_timeout, terminal, ports).await?;
    let mut session = nothing_in_the_way(session, arguments, None, terminal, ports).await?;
    let at = ports.now();
    let plan = plan(&mut session, reading, terminal, ports).await?;
    let stale = arguments.stale.into();
    let read = LastRead { stale, ended: ports.now(), ..LastRead::at(at) };
    let shown = |stopped: Stopped| show(&stopped, &session.loaded.sources, terminal);
    let digest = ops::digest_of(&plan, &spec).map_err(shown)?;
    if let Some(approved) = arguments.approve {
        is_approved(approved, digest, terminal)?;
    }
    let looser = looser(&plan, &session.loaded.directory);
    let beside = Provenance { looser, ..provenance(Some(digest), None) };
    Ok(Opened { session, plan, read, beside, reviewed: None, resumed: None, selection })
}

/// Without a terminal nobody can say yes.
pub(super) fn can_be_asked(arguments: &Arguments, terminal: Terminal) -> Result<(), Exit> {
    if arguments.auto_approve || Terminal::can_ask() {
        return Ok(());
    }
    terminal.finding(
        Diagnostic::error("no-terminal", "there is no terminal to ask on")
            .note("nothing was read or changed")
            .help("run it on a terminal, or with `--auto-approve`"),
    );
    Err(Exit::NotApproved)
}

/// `--approve` names this plan and no other.
pub(super) fn is_approved(
    approved: PlanDigest,
    digest: PlanDigest,
    terminal: Terminal,
) -> Result<(), Exit> {
    if approved == digest {
        return Ok(());
    }
    terminal.finding(
        Diagnostic::error("not-approved", "this is not the plan that was approved")
            .note(format!("approved: {approved}"))
            .note(format!("this one: {digest}"))
            .note("nothing was changed")
            .help("review this plan, and approve its digest if it is what you want"),
    );
    Err(Exit::NotApproved)
}
