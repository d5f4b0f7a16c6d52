//! What happens, in words: the `message` of each event. What comes from a tenant or a file stands in
//! it with nothing hidden, so that a log that shows messages is safe to look at.

use super::CommandEvent;
use super::rows::{
    ApplySummary, ChangeResult, CommandName, Finding, JudgedCheck, Opening, PlanSummary,
    PlannedChange, ResultState, SeverityWord, StepRef, VerificationState,
};
use crate::plan::CheckVerdict;
use crate::render::wording::{count, mailboxes, visible};

impl CommandEvent {
    /// One line for people.
    pub(in crate::render) fn message(&self) -> String {
        let text = match self {
            Self::Version(opening) => opened(opening),
            Self::Diagnostic(finding) => found(finding),
            Self::Note { text } => text.clone(),
            Self::SignInStarted { organization } if organization.is_empty() => "signing in".into(),
            Self::SignInStarted { organization } => format!("signing in to {organization}"),
            Self::SignedIn { tenant } => {
                format!("signed in to {} ({})", tenant.organization, tenant.id)
            }
            Self::ReadStarted {} => "reading the tenant".into(),
            Self::ReadProgress { mailboxes: number } => format!("read {}", mailboxes(*number)),
            Self::PlannedChange(change) => planned(change),
            Self::CheckResult(check) => judged(check),
            Self::PlanSummary(summary) => summed_up(summary),
            Self::ApprovalAwaited {} => "waiting for a yes at the terminal".into(),
            Self::ApplyStarted { steps } => {
                format!("applying: {} left", count(*steps, "step", "steps"))
            }
            Self::StepStarted { step } => format!("{}: started", name(step)),
            Self::StepSent { step, attempt: 1, .. } => format!("{}: sent", name(step)),
            Self::StepSent { step, attempt, .. } => {
                format!("{}: sent again, try {attempt}", name(step))
            }
            Self::StepSucceeded { step, .. } => format!("{}: done", name(step)),
            Self::StepFailed { step, reason, in_doubt: false, .. } => {
                format!("{}: failed: {reason}", name(step))
            }
            Self::StepFailed { step, reason, .. } => format!("{}: in doubt: {reason}", name(step)),
            Self::StepWaiting { address, what, seconds } => {
                format!("{address}: waiting for {what}, {seconds} s")
            }
            Self::StepNotYet { step, what } => format!("{}: not yet: {what}", name(step)),
            Self::Stopping { in_flight } => {
                format!("stopping: no further request is sent, {in_flight} in flight are awaited")
            }
            Self::Verifying { waiting } => {
                format!("reading back what was written: {waiting} to confirm")
            }
            Self::ChangeResult(result) => became(result),
            Self::ApplySummary(summary) => applied(summary),
            Self::Outcome(outcome) => format!("exit {}: {}", outcome.exit_code, outcome.outcome),
        };
        visible(&text).into_owned()
    }
}

fn opened(opening: &Opening) -> String {
    let command = match opening.command {
        CommandName::Plan => "plan",
        CommandName::Apply => "apply",
        CommandName::Undo => "undo",
    };
    format!("auditform {} {command}, events {}", opening.tool_version, opening.format_version)
}

fn found(finding: &Finding) -> String {
    let severity = match finding.severity {
        SeverityWord::Error => "error",
        SeverityWord::Warning => "warning",
    };
    let place = finding.places.first();
    let place = place
        .map(|place| format!(" ({}:{}:{})", place.file, place.line, place.column))
        .unwrap_or_default();
    format!("{severity}[{}]: {}{place}", finding.code, finding.summary)
}

fn planned(change: &PlannedChange) -> String {
    let mark = if change.weakens.is_empty() { "" } else { ", weakens" };
    format!("{}: {}{mark}: {}", change.address, change.action.name(), change.reason)
}

fn judged(check: &JudgedCheck) -> String {
    let verdict = match check.verdict {
        CheckVerdict::Passed => "passed",
        CheckVerdict::Failed => "failed",
        CheckVerdict::Unknown => "not judged",
    };
    let reason = check.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{}: {verdict}{reason}", check.address)
}

fn summed_up(summary: &PlanSummary) -> String {
    let PlanSummary { create, change, delete, .. } = summary;
    let refused = if summary.refused.is_empty() { "" } else { ", refused" };
    format!("plan: {create} to create, {change} to change, {delete} to delete{refused}")
}

fn name(step: &StepRef) -> String {
    match step.write {
        Some(write) => format!("{} (write {write})", step.address),
        None => step.address.clone(),
    }
}

fn became(result: &ChangeResult) -> String {
    let state = match result.state {
        ResultState::Done => "done",
        ResultState::AlreadyThere => "already there",
        ResultState::Gone => "gone",
        ResultState::Stale => "stale",
        ResultState::Failed => "failed",
        ResultState::InDoubt => "in doubt",
        ResultState::Skipped => "skipped",
        ResultState::NotStarted => "not started",
    };
    let verification = match result.verification {
        None => "",
        Some(VerificationState::Verified) => ", verified",
        Some(VerificationState::Pending) => ", not visible yet",
        Some(VerificationState::Refuted) => ", refuted",
    };
    let reason = result.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{}: {state}{verification}{reason}", result.address)
}

fn applied(summary: &ApplySummary) -> String {
    let ApplySummary { created, changed, deleted, .. } = summary;
    let counts = [
        (summary.already_there, "already there"),
        (summary.gone, "gone"),
        (summary.stale, "stale"),
        (summary.failed, "failed"),
        (summary.in_doubt, "in doubt"),
        (summary.skipped, "skipped"),
        (summary.not_started, "not started"),
        (summary.verified, "verified"),
        (summary.pending, "not visible yet"),
        (summary.refuted, "refuted"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0);
    let mut text = format!("apply: {created} created, {changed} changed, {deleted} deleted");
    for (number, word) in counts {
        text.extend([", ", &number.to_string(), " ", word]);
    }
    text
}
