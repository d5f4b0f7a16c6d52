//! From what was found to the result of each check, in both states: as it was read, and as it will be
//! once the plan was applied.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::mailboxes::{Checked, CheckedMailboxes, place};
use super::words;
use super::{CheckResult, CheckVerdict, CheckViolation};
use crate::diagnostic::Span;
use crate::plan::{Action, ObservedTenant, Plan, TenantChange};
use crate::resource::{Address, Kind, written_duration};
use crate::state::{
    Assertion, CertificateSettings, CertificateSource, Check, CheckedState, DesiredState,
    MailboxAssertion, ObservedCertificate, RangeEnd, Validity,
};

/// What checks are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The spec.
    pub desired: &'a DesiredState,
    /// What is planned.
    pub plan: &'a Plan,
    /// When.
    pub now: Timestamp,
    /// The certificates on disk.
    pub certificates: &'a BTreeMap<String, ObservedCertificate>,
    /// The switches; `None` where nobody may read Exchange.
    pub tenant: Option<ObservedTenant>,
    /// The mailboxes; `None` where none were read.
    pub mailboxes: Option<&'a CheckedMailboxes>,
}

/// The organisation's switch once a plan was applied; `None` where the plan leaves it as it is.
pub fn switch_after(plan: &Plan) -> Option<bool> {
    plan.tenant_changes.iter().find_map(|change| match change {
        TenantChange::MailboxAuditing { enabled, .. } => Some(*enabled),
        _ => None,
    })
}

/// The unified audit log's switch, likewise.
fn audit_log_after(plan: &Plan) -> Option<bool> {
    plan.tenant_changes.iter().find_map(|change| match change {
        TenantChange::UnifiedAuditLog { ingestion, .. } => Some(*ingestion),
        _ => None,
    })
}

/// What is found of one check in one state.
struct Finding {
    verdict: CheckVerdict,
    reason: Option<String>,
    violations: Vec<CheckViolation>,
    more_violations: u64,
}

impl Finding {
    fn passed() -> Self {
        let verdict = CheckVerdict::Passed;
        Self { verdict, reason: None, violations: Vec::new(), more_violations: 0 }
    }

    fn failed(reason: String) -> Self {
        Self { verdict: CheckVerdict::Failed, reason: Some(reason), ..Self::passed() }
    }

    fn unknown(reason: &str) -> Self {
        let reason = Some(reason.to_owned());
        Self { verdict: CheckVerdict::Unknown, reason, ..Self::passed() }
    }

    fn of(is_so: bool, otherwise: impl FnOnce() -> String) -> Self {
        if is_so { Self::passed() } else { Self::failed(otherwise()) }
    }
}

/// Judges every check of a spec, in the order of the spec. `place_of` is where something stands in
/// its files.
pub fn judge_checks(
    evidence: &Evidence<'_>,
    place_of: &dyn Fn(Span) -> String,
) -> Vec<CheckResult> {
    let checks = evidence.desired.checks.iter().enumerate();
    checks.map(|(at, check)| evidence.result(at, check, place_of)).collect()
}

impl Evidence<'_> {
    fn result(&self, at: usize, check: &Check, place_of: &dyn Fn(Span) -> String) -> CheckResult {
        let checked = self.mailboxes.and_then(|mailboxes| mailboxes.of(at));
        let found = self.find(check, checked, check.on);
        let is_observed = check.on == CheckedState::Observed;
        let after = is_observed.then(|| self.find(check, checked, CheckedState::Planned).verdict);
        CheckResult {
            name: check.name.clone(),
            description: check.description.clone(),
            asserts: words::asserts(&check.assertion),
            on: check.on,
            severity: check.severity,
            verdict: found.verdict,
            verdict_after: after,
            reason: found.reason,
            selected: checked.map(|checked| checked.selected),
            conforming: checked.map(|checked| checked.conforming[place(check.on)]),
            violations: found.violations,
            more_violations: found.more_violations,
            place: Some(place_of(check.span)),
        }
    }

    fn find(&self, check: &Check, checked: Option<&Checked>, state: CheckedState) -> Finding {
        match &check.assertion {
            Assertion::Certificate { name, valid_for } => {
                self.certificate(&name.value, *valid_for, state)
            }
            Assertion::UnifiedAuditLog { ingestion } => self.audit_log(*ingestion, state),
            Assertion::Organization { mailbox_auditing } => {
                self.organization(*mailbox_auditing, state)
            }
            Assertion::Mailboxes(assertion) => match checked {
                Some(checked) => mailboxes(assertion, checked, state),
                None => self.unread(),
            },
        }
    }

    fn unread(&self) -> Finding {
        Finding::unknown(if self.plan.deferred.is_empty() {
            "not read"
        } else {
            "known after sign-in"
        })
    }

    fn audit_log(&self, wanted: bool, state: CheckedState) -> Finding {
        let Some((tenant, present)) =
            self.tenant.and_then(|tenant| Some((tenant, tenant.unified_audit_log?)))
        else {
            return self.unread();
        };
        let coming = tenant.pending_unified_audit_log.unwrap_or(present);
        let ingestion = match state {
            CheckedState::Observed if coming != present => {
                return Finding::unknown(
                    "it was switched within the last hour and still reads the old value",
                );
            }
            CheckedState::Observed => present,
            CheckedState::Planned => audit_log_after(self.plan).unwrap_or(coming),
        };
        Finding::of(ingestion == wanted, || {
            if ingestion { "it takes records" } else { "it takes no records" }.to_owned()
        })
    }

    fn organization(&self, wanted: bool, state: CheckedState) -> Finding {
        let Some(read) = self.tenant.and_then(|tenant| tenant.organization) else {
            return self.unread();
        };
        let is_on = match state {
            CheckedState::Observed => read.mailbox_auditing,
            CheckedState::Planned => switch_after(self.plan).unwrap_or(read.mailbox_auditing),
        };
        Finding::of(is_on == wanted, || if is_on { "it is on" } else { "it is off" }.to_owned())
    }

    fn certificate(&self, name: &str, wanted: SignedDuration, state: CheckedState) -> Finding {
        let observed = self.certificates.get(name);
        let current = observed.and_then(|observed| observed.current.as_ref());
        let present = current.map(|facts| End::At(facts.not_after));
        let end = match state {
            CheckedState::Observed => present,
            CheckedState::Planned => self.end_of(name, observed, present),
        };
        let Some(end) = end else { return Finding::failed("there is none".to_owned()) };
        match end {
            End::At(end) => Finding::of(end.duration_since(self.now) >= wanted, || {
                format!("it ends at {end}, which is sooner")
            }),
            End::After(life) => Finding::of(life >= wanted, || {
                format!("it will be valid for {}, which is shorter", written_duration(life))
            }),
        }
    }

    /// When the certificate that is in use once the plan was applied ends. One that is made then is
    /// taken to be made now.
    fn end_of(
        &self,
        name: &str,
        observed: Option<&ObservedCertificate>,
        present: Option<End>,
    ) -> Option<End> {
        let address = Address::named(Kind::Certificate, name);
        let change = self.plan.identity.iter().find(|change| change.address == address);
        match change.map(|change| change.action) {
            None | Some(Action::Update) => present,
            Some(Action::Delete) => None,
            Some(Action::Create | Action::Replace) => {
                let staged = observed.and_then(|observed| observed.staged.as_ref());
                let named = |settings: &&CertificateSettings| settings.name == name;
                let settings = self.desired.certificates.iter().find(named);
                staged.map(|facts| End::At(facts.not_after)).or_else(|| end_of_new(settings?))
            }
        }
    }
}

/// When a certificate ends. No instant of the clock gets into a plan: the same plan made again has the
/// same digest.
#[derive(Debug, Clone, Copy)]
enum End {
    At(Timestamp),
    /// So long after it is made.
    After(SignedDuration),
}

fn end_of_new(settings: &CertificateSettings) -> Option<End> {
    let CertificateSource::Made(made) = &settings.source else { return None };
    match (made.validity, made.valid_from) {
        (Validity::Until(until), _) => Some(End::At(until)),
        (Validity::For(life), Some(from)) => from.checked_add(life).ok().map(End::At),
        (Validity::For(life), None) => Some(End::After(life)),
    }
}

fn mailboxes(assertion: &MailboxAssertion, checked: &Checked, state: CheckedState) -> Finding {
    let at = place(state);
    let (selected, conforming) = (checked.selected, checked.conforming[at]);
    if let Some(end) = assertion.count.broken_by(selected, selected) {
        return Finding::failed(words::count(selected, end));
    }
    let Some(end) = assertion.conforming.broken_by(conforming, selected) else {
        return Finding::passed();
    };
    let (violations, number) = match end {
        RangeEnd::AtLeast(_) => (&checked.lacking_ones[at], selected - conforming),
        RangeEnd::AtMost(_) => (&checked.conforming_ones[at], conforming),
    };
    Finding {
        violations: violations.clone(),
        more_violations: number.saturating_sub(violations.len() as u64),
        ..Finding::failed(words::conforming(conforming, selected, end))
    }
}
