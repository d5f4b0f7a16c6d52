//! One mailbox against what a check expects of it. A rule holds where a policy with it would change
//! nothing, so that a check and a policy in the same words never disagree.

use crate::diagnostic::and_list;
use crate::plan::evaluate::{ListChange, list_change};
use crate::resource::{ActionSet, ActionVocabulary, Coverage, LogonType, RecipientType};
use crate::state::{AuditState, Expectation};

/// A mailbox as far as a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) recipient_type: RecipientType,
    pub(super) audit: AuditState,
    /// The organisation's switch.
    pub(super) mailbox_auditing: bool,
}

impl Subject {
    /// Whether what happens in it is recorded ("Manage mailbox auditing"): with the organisation's
    /// switch off nothing is, whatever the mailbox says; with it on, its own switch counts only where
    /// the organisation does not cover it.
    fn is_audited(&self) -> bool {
        let covered = self.recipient_type.coverage() == Coverage::Organization;
        self.mailbox_auditing && (covered || self.audit.enabled)
    }

    fn change(&self, logon: LogonType, rule: crate::state::ActionRule) -> Option<ListChange> {
        list_change(rule, logon, self.recipient_type, &self.audit)
    }
}

/// Whether a mailbox is as expected.
pub(super) fn conforms(expected: &Expectation, subject: &Subject) -> bool {
    let age = subject.audit.log_age_limit;
    expected.audited.is_none_or(|audited| audited == subject.is_audited())
        && expected.rules().all(|(logon, rule)| subject.change(logon, rule).is_none())
        && expected.default_audit_set.is_none_or(|set| set == subject.audit.default_audit_set)
        && expected.keeps_at_least.is_none_or(|least| age >= least)
        && expected.keeps_at_most.is_none_or(|most| age <= most)
}

/// What of a mailbox is not as expected, in words.
pub(super) fn faults(
    expected: &Expectation,
    subject: &Subject,
    vocabulary: &ActionVocabulary,
) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(audited) = expected.audited.filter(|audited| *audited != subject.is_audited()) {
        faults.push(if audited { "not audited" } else { "audited" }.to_owned());
    }
    for (logon, rule) in expected.rules() {
        if let Some(change) = subject.change(logon, rule) {
            faults.extend(lists(logon, change, subject.audit.actions(logon), vocabulary));
        }
    }
    let set = subject.audit.default_audit_set;
    if expected.default_audit_set.is_some_and(|expected| expected != set) {
        let names: Vec<String> = set.iter().map(|logon| ticked(logon.attribute())).collect();
        faults.push(match names.as_slice() {
            [] => "Microsoft manages no logon type".to_owned(),
            names => format!("Microsoft manages {}", and_list(names)),
        });
    }
    let age = subject.audit.log_age_limit;
    let is_short = expected.keeps_at_least.is_some_and(|least| age < least);
    if is_short || expected.keeps_at_most.is_some_and(|most| age > most) {
        faults.push(format!("keeps entries for {age}"));
    }
    faults
}

fn lists(
    logon: LogonType,
    change: ListChange,
    present: ActionSet,
    vocabulary: &ActionVocabulary,
) -> Vec<String> {
    let name = ticked(logon.attribute());
    let (lacks, besides) = match change {
        ListChange::Replace(wanted) => (wanted.minus(present), present.minus(wanted)),
        ListChange::Add(missing) => (missing, ActionSet::EMPTY),
        ListChange::Reset => return vec![format!("{name} is not Microsoft's to manage")],
    };
    let told = |set: ActionSet, verb: &str| {
        let names = and_list(&vocabulary.names(set));
        (!set.is_empty()).then(|| format!("{name} {verb} {names}"))
    };
    told(lacks, "lacks").into_iter().chain(told(besides, "also records")).collect()
}

fn ticked(name: &str) -> String {
    format!("`{name}`")
}
