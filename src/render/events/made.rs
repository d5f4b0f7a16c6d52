//! Events from what the rest of the program hands over: plans, reports, what the executor tells.

use std::collections::BTreeMap;

use super::CommandEvent;
use super::EVENTS_FORMAT_VERSION;
use super::rows::{
    ApplySummary, ChangeResult, CommandName, JudgedCheck, Opening, PlanSummary, PlannedChange,
    ResultState, StepRef, TenantRef, VerificationState,
};
use crate::apply::{Event, FailureKind, Prerequisite, Report, StepName, StepState, Verdict};
use crate::plan::{Action, Change, CheckResult, Plan, Reversible};
use crate::resource::{Address, Kind};

/// Waiting is told at once and then this often, in seconds.
const WAITING_STEP: u64 = 15;

impl CommandEvent {
    /// The first event of a stream.
    pub fn opening(command: CommandName) -> Self {
        Self::Version(Opening {
            format_version: EVENTS_FORMAT_VERSION.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            command,
        })
    }

    /// What an apply tells; nothing where that is not for a stream.
    pub fn of(event: Event<'_>) -> Option<Self> {
        let step =
            |step: StepName<'_>| StepRef { address: step.address.to_owned(), write: step.write };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Some(match event {
            Event::Started { steps } => Self::ApplyStarted { steps },
            Event::Begun { step: begun } => Self::StepStarted { step: step(begun) },
            Event::Sent { step: sent, client_request_id, attempt } => Self::StepSent {
                step: step(sent),
                client_request_id: client_request_id.to_owned(),
                attempt,
            },
            Event::Done { step: done, request_id } => {
                Self::StepSucceeded { step: step(done), request_id: owned(request_id) }
            }
            Event::Failed { step: failed, failure } => Self::StepFailed {
                step: step(failed),
                reason: failure.message.clone(),
                in_doubt: failure.kind == FailureKind::InDoubt,
                request_id: failure.request_id.clone(),
            },
            Event::NotYet { step: held, what } => {
                Self::StepNotYet { step: step(held), what: what.to_owned() }
            }
            Event::Waiting { address, what, seconds } if seconds.is_multiple_of(WAITING_STEP) => {
                let (address, what) = (address.to_owned(), what.to_owned());
                Self::StepWaiting { address, what, seconds }
            }
            Event::Stopping { in_flight } => Self::Stopping { in_flight: in_flight as u64 },
            Event::Verifying { waiting } => Self::Verifying { waiting },
            Event::Waiting { .. } | Event::Finished => return None,
        })
    }
}

/// Each change of a plan and then the plan as a whole, as events.
pub fn planned_changes(
    plan: &Plan,
    digest: Option<String>,
    saved_as: Option<String>,
) -> impl Iterator<Item = CommandEvent> + '_ {
    let mut weaken = 0;
    let mut changes = plan.changes();
    let mut checks = plan.checks.iter();
    let mut ends = Some((digest, saved_as));
    std::iter::from_fn(move || {
        if let Some(change) = changes.next() {
            let row = planned(&change);
            weaken += u64::from(!row.weakens.is_empty());
            return Some(CommandEvent::PlannedChange(row));
        }
        if let Some(check) = checks.next() {
            return Some(CommandEvent::CheckResult(judged(check)));
        }
        let (digest, saved_as) = ends.take()?;
        Some(CommandEvent::PlanSummary(summary(plan, weaken, digest, saved_as)))
    })
}

fn planned(change: &Change<'_>) -> PlannedChange {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let attributes = change.attributes();
    let changing = attributes.iter().filter(|attribute| attribute.changes());
    let removes = change.removes();
    PlannedChange {
        address: change.address().to_string(),
        guid: change.guid(),
        action: change.action(),
        reason: change.reason(),
        attributes: changing.map(|attribute| attribute.name.to_owned()).collect(),
        removes: removes.iter().map(|(name, gone)| ((*name).to_owned(), owned(gone))).collect(),
        weakens: change.weakens(),
        reversible: change.reversible() == Reversible::Yes,
    }
}

fn judged(check: &CheckResult) -> JudgedCheck {
    JudgedCheck {
        address: Address::named(Kind::Check, &check.name).to_string(),
        asserts: check.asserts.clone(),
        on: check.on,
        severity: check.severity,
        verdict: check.verdict,
        reason: check.reason.clone(),
    }
}

fn summary(
    plan: &Plan,
    weaken: u64,
    digest: Option<String>,
    saved_as: Option<String>,
) -> PlanSummary {
    let addresses = |list: &[Address]| list.iter().map(ToString::to_string).collect();
    let counts = plan.summary();
    PlanSummary {
        tenant: TenantRef { id: plan.tenant.id, organization: plan.tenant.organization.clone() },
        create: counts.create,
        change: counts.change,
        delete: counts.delete,
        unchanged: counts.unchanged,
        requests: counts.requests,
        reads: counts.reads,
        weaken,
        digest,
        saved_as,
        left_out: plan.selected.as_ref().map(|selected| selected.left_out.all()),
        refused: plan.refused.iter().map(|refusal| refusal.violation.words()).collect(),
        deferred: addresses(&plan.deferred),
        pending: addresses(&plan.pending),
        notes: plan.notes.clone(),
    }
}

/// What became of each change and then of the plan, as events.
pub fn change_results<'r>(
    plan: &'r Plan,
    report: &'r Report,
) -> impl Iterator<Item = CommandEvent> + 'r {
    let mut total = ApplySummary::none(report.interrupted);
    let mut changes = plan.changes().zip(results(plan, report));
    let mut is_over = false;
    std::iter::from_fn(move || {
        if let Some((change, result)) = changes.next() {
            total.add(&result, change.action());
            return Some(CommandEvent::ChangeResult(result));
        }
        (!std::mem::replace(&mut is_over, true)).then(|| CommandEvent::ApplySummary(total.clone()))
    })
}

/// What became of each change, in the order of the plan.
pub(in crate::render) fn results<'r>(
    plan: &'r Plan,
    report: &'r Report,
) -> impl Iterator<Item = ChangeResult> + 'r {
    let reasons = Reasons::of(plan, report);
    let address = |change: Change<'_>| change.address().to_string();
    let changes = plan.changes().zip(0u32..);
    changes.map(move |(change, place)| reasons.result(address(change), place, report))
}

/// Why changes stand where they stand, by place, each with the service's id of the request.
struct Reasons(BTreeMap<u32, (String, Option<String>)>);

impl Reasons {
    fn of(plan: &Plan, report: &Report) -> Self {
        let address = |place: u32| {
            plan.get(place as usize).map(|change| change.address().to_string()).unwrap_or_default()
        };
        let mut words = BTreeMap::new();
        for (place, failure) in report.failures().chain(report.gone()) {
            words.insert(place, (failure.message.clone(), failure.request_id.clone()));
        }
        for (place, why) in report.stale() {
            words.insert(place, (why.to_owned(), None));
        }
        for (place, because) in report.skipped() {
            let first = match because {
                Prerequisite::Change(place) => address(place),
                Prerequisite::SignIn => {
                    plan.sign_in.as_ref().map(ToString::to_string).unwrap_or_default()
                }
                Prerequisite::ReadBack => "reading back what was written".to_owned(),
            };
            words.insert(place, (format!("{first} comes first and failed"), None));
        }
        Self(words)
    }

    fn result(&self, address: String, place: u32, report: &Report) -> ChangeResult {
        let (reason, request_id) = match self.0.get(&place) {
            Some((reason, request_id)) => (Some(reason.clone()), request_id.clone()),
            None => (None, None),
        };
        let state = report.state(place);
        let was_read_back = state == StepState::Done && !report.is_to_read_back(place);
        let verification = match report.verdict(place) {
            Some(Verdict::Pending) => Some(VerificationState::Pending),
            Some(Verdict::Refuted) => Some(VerificationState::Refuted),
            Some(Verdict::Verified) => Some(VerificationState::Verified),
            None => was_read_back.then_some(VerificationState::Verified),
        };
        ChangeResult { address, state: state.into(), verification, reason, request_id }
    }
}

impl From<StepState> for ResultState {
    fn from(state: StepState) -> Self {
        match state {
            StepState::NotStarted => Self::NotStarted,
            StepState::AlreadyThere => Self::AlreadyThere,
            StepState::Done => Self::Done,
            StepState::Gone => Self::Gone,
            StepState::Stale => Self::Stale,
            StepState::Failed => Self::Failed,
            StepState::InDoubt => Self::InDoubt,
            StepState::Skipped => Self::Skipped,
        }
    }
}

impl ApplySummary {
    fn none(interrupted: bool) -> Self {
        Self {
            created: 0,
            changed: 0,
            deleted: 0,
            already_there: 0,
            stale: 0,
            gone: 0,
            failed: 0,
            in_doubt: 0,
            skipped: 0,
            not_started: 0,
            verified: 0,
            pending: 0,
            refuted: 0,
            interrupted,
        }
    }

    fn add(&mut self, result: &ChangeResult, action: Action) {
        *match (result.state, action) {
            (ResultState::Done, Action::Create) => &mut self.created,
            (ResultState::Done, Action::Update | Action::Replace) => &mut self.changed,
            (ResultState::Done, Action::Delete) => &mut self.deleted,
            (ResultState::AlreadyThere, _) => &mut self.already_there,
            (ResultState::Gone, _) => &mut self.gone,
            (ResultState::Stale, _) => &mut self.stale,
            (ResultState::Failed, _) => &mut self.failed,
            (ResultState::InDoubt, _) => &mut self.in_doubt,
            (ResultState::Skipped, _) => &mut self.skipped,
            (ResultState::NotStarted, _) => &mut self.not_started,
        } += 1;
        match result.verification {
            Some(VerificationState::Verified) => self.verified += 1,
            Some(VerificationState::Pending) => self.pending += 1,
            Some(VerificationState::Refuted) => self.refuted += 1,
            None => {}
        }
    }
}
