//! The check that stands between a saved plan and its apply: files are read, judged by the plan's
//! rules, and what is missing is told. No call is made.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::files;
use crate::approval::{
    Approval, ApprovalRules, Approved, Case, NotApproved, Signer, Unfit, judge, loosened,
};
use crate::diagnostic::Diagnostic;
use crate::ops::load::{Loaded, load_again};
use crate::ops::ports::Stopped;
use crate::ops::saved::capture_of;
use crate::plan::{
    CheckRule, Made, Plan, ReadPlan, SpecText, checks_loosened, loosened as safeguards_loosened,
};
use crate::resource::{PlanDigest, written_duration};
use crate::state::DesiredState;

/// So many files that do not count are told of one by one.
const TOLD: usize = 20;

/// Whether a saved plan may be applied, as far as signatures go.
#[derive(Debug, Clone, Copy)]
pub struct ApprovalQuestion<'q> {
    /// Where the plan lies: approvals lie beside it.
    pub path: &'q Path,
    /// `--approval`: further files.
    pub named: &'q [PathBuf],
    /// The rules that the plan carries.
    pub rules: Option<&'q ApprovalRules>,
    /// The plan's digest, computed from what is applied.
    pub plan: PlanDigest,
    /// The tenant that the plan is for.
    pub tenant: Uuid,
}

/// Who approved the plan, or why it is not approved; `None` where nobody has to approve it.
pub fn check_approval(
    question: &ApprovalQuestion<'_>,
    now: Timestamp,
) -> Result<Option<Approved>, Stopped> {
    let ApprovalQuestion { path, named, rules, plan, tenant } = *question;
    let Some(rules) = rules else {
        return if named.is_empty() { Ok(None) } else { Err(without_rules(path)) };
    };
    let files = files::gather(path, named)?;
    let case = Case { rules, plan, tenant, now };
    let judged = judge(&case, &files);
    judged.map(Some).map_err(|refused| Stopped::not_approved(told(question, rules, &refused)))
}

/// A signature that nothing asks for would be passed over, though somebody counts on it.
fn without_rules(path: &Path) -> Stopped {
    let summary = format!("nothing says whose approval `{}` needs", path.display());
    Stopped::not_approved(
        Diagnostic::error("no-approval-rules", summary)
            .note("its spec had no `[approval]` when it was saved, so no signature can be judged")
            .help(
                "add `[approval]` to the spec and save the plan again, or leave `--approval` out",
            ),
    )
}

fn told(
    question: &ApprovalQuestion<'_>,
    rules: &ApprovalRules,
    refused: &NotApproved,
) -> Diagnostic {
    let path = question.path.display();
    let NotApproved { required, by, unfit } = refused;
    let mut finding =
        Diagnostic::error("not-approved", format!("`{path}` is not approved: {refused}"))
            .note(format!("it is the plan {}", question.plan));
    for approval in by {
        finding = finding.note(counted(approval));
    }
    for Unfit { file, reasons } in unfit.iter().take(TOLD) {
        for reason in reasons {
            finding = finding.note(format!("`{file}` does not count: {reason}"));
        }
    }
    if unfit.len() > TOLD {
        finding = finding.note(format!("{} more files do not count", unfit.len() - TOLD));
    }
    if by.is_empty() && unfit.is_empty() {
        let pattern = format!("{path}.NAME{}", files::SUFFIX);
        finding = finding.note(format!("no approval was named, and none lies at `{pattern}`"));
    }
    let mut open: Vec<String> = rules.signers().iter().map(Signer::holder).collect();
    open.retain(|holder| by.iter().all(|approval| approval.signer != *holder));
    open.sort();
    open.dedup();
    let missing = *required as usize - by.len();
    let held = written_duration(rules.expiry());
    finding
        .note(format!(
            "it takes {missing} more of: {}; an approval holds for {held}",
            open.join(", ")
        ))
        .help(format!("they run `auditform approve {path} --key KEY`"))
}

fn counted(approval: &Approval) -> String {
    let Approval { signer, time, file, .. } = approval;
    format!("{signer} approved it at {time} (`{file}`)")
}

/// A plan that is not saved has no digest that anybody could have signed.
pub fn needs_no_approval(desired: &DesiredState) -> Result<(), Stopped> {
    let Some(rules) = &desired.approval else { return Ok(()) };
    let (required, holders) = (rules.value.required(), rules.value.holders());
    Err(Stopped::not_approved(
        Diagnostic::error("needs-saved-plan", "this spec is applied by an approved plan alone")
            .at(rules.span, format!("{required} of {holders} have to approve it"))
            .note("nothing was read or changed")
            .help("save the plan with `auditform plan --out plan.json`")
            .help("have it approved with `auditform approve plan.json --key KEY`")
            .help("apply it with `auditform apply plan.json`"),
    ))
}

/// The clocks of those who plan and of those who apply may differ by so much.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A plan that is older than an approval may be shows a tenant of long ago, whoever signs it now. One
/// that does not tell its age, or not truly, is as good as old: no signature covers the time.
pub fn is_recent(read: &ReadPlan, rules: &ApprovalRules, now: Timestamp) -> Result<(), Stopped> {
    // A plan from a snapshot is as old as that.
    let observed =
        |made: &Made| read.plan.snapshot.map_or(made.created_at, |at| at.min(made.created_at));
    let age = read.made.as_ref().map(|made| now.duration_since(observed(made)));
    if age.is_some_and(|age| (-SKEW..=rules.expiry()).contains(&age)) {
        return Ok(());
    }
    let made = match &read.made {
        Some(made) if read.plan.snapshot.is_some() => {
            format!("it was made from a snapshot of {}", observed(made))
        }
        Some(made) => format!("it was made at {}", made.created_at),
        None => "it does not say when it was made".to_owned(),
    };
    let held = written_duration(rules.expiry());
    Err(Stopped::stale(
        Diagnostic::error("plan-expired", "the plan is too old, or does not tell its age")
            .note(format!("{made}, and `[approval]` lets it hold for {held}"))
            .note("no call was made")
            .help("plan again"),
    ))
}

/// A plan that is applied without its spec being compared may not bring looser rules along than the
/// spec has that lies there. One that cannot be judged any more lets nothing through.
pub fn is_no_looser(
    plan: &Plan,
    spec: &SpecText,
    directory: &Path,
    today: Date,
) -> Result<(), Stopped> {
    let capture = capture_of(spec)?;
    let looser = match load_again(&capture, directory, today) {
        Ok(Loaded { desired, .. }) => {
            let present = desired.approval.as_ref().map(|rules| &rules.value);
            let mut looser = loosened(present, plan.approval.as_ref());
            let allowed = &plan.safeguards.allowances;
            let safeguards = desired.safeguards.in_force(allowed);
            looser.extend(safeguards_loosened(&safeguards, &plan.safeguards));
            let required: Vec<CheckRule> = desired.checks.iter().map(CheckRule::from).collect();
            let judged: Vec<CheckRule> = plan.checks.iter().map(CheckRule::from).collect();
            looser.extend(checks_loosened(&required, &judged));
            looser
        }
        Err(_) => vec![format!("the spec in `{}` does not hold", directory.display())],
    };
    if looser.is_empty() {
        return Ok(());
    }
    let mut finding =
        Diagnostic::error("looser-rules", "the plan was made under looser rules than the spec has");
    for what in looser {
        finding = finding.note(what);
    }
    Err(Stopped::not_approved(finding.note("no call was made").help("plan again")))
}
