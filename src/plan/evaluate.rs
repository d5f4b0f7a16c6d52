//! What one mailbox needs: rules and an observed audit state in, the writes and the state after
//! them out. Pure and small, since every promise about action lists is kept or broken here.

use crate::resource::{
    ActionSet, AgeLimit, Coverage, LogonType, LogonTypes, RecipientType, default_actions,
};
use crate::state::{ActionRule, AuditState};

/// The rules that hold for a mailbox once overlapping policies are resolved; `None` is unmanaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rules {
    /// `AuditEnabled`.
    pub enabled: Option<bool>,
    /// `AuditAdmin`, `AuditDelegate`, `AuditOwner`, in this order.
    pub actions: [Option<ActionRule>; 3],
    /// `AuditLogAgeLimit`.
    pub log_age_limit: Option<AgeLimit>,
}

/// How an action list changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListChange {
    /// The list becomes this.
    Replace(ActionSet),
    /// These are added.
    Add(ActionSet),
    /// The logon type goes back to Microsoft.
    Reset,
}

/// What has to be written to one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct MailboxWrites {
    /// `AuditEnabled`.
    pub enabled: Option<bool>,
    /// The action lists, in the order of [`LogonType::ALL`].
    pub actions: [Option<ListChange>; 3],
    /// `AuditLogAgeLimit`.
    pub log_age_limit: Option<AgeLimit>,
}

impl MailboxWrites {
    /// The logon types that are given back to Microsoft, in a request of its own that comes first.
    pub fn resets(&self) -> LogonTypes {
        self.lists()
            .filter(|(_, change)| *change == ListChange::Reset)
            .fold(LogonTypes::NONE, |set, (logon, _)| set.with(logon))
    }

    /// The changed action lists with their logon types.
    pub fn lists(&self) -> impl Iterator<Item = (LogonType, ListChange)> {
        LogonType::ALL
            .into_iter()
            .zip(self.actions)
            .filter_map(|(logon, change)| change.map(|change| (logon, change)))
    }

    /// Whether anything besides resets is written.
    pub fn sets(&self) -> bool {
        self.enabled.is_some()
            || self.log_age_limit.is_some()
            || self.lists().any(|(_, change)| change != ListChange::Reset)
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        !self.sets() && self.resets().is_empty()
    }

    /// How many requests it takes.
    pub fn requests(&self) -> u64 {
        u64::from(self.sets()) + u64::from(!self.resets().is_empty())
    }
}

/// The result for one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluation {
    /// What has to be written; may be empty.
    pub writes: MailboxWrites,
    /// What will be read back afterwards.
    pub after: AuditState,
    /// The rules ask for an `AuditEnabled` that would change nothing about what is audited.
    pub enabled_without_effect: bool,
}

/// Compares one mailbox with its rules. `mailbox_auditing` is the organisation's switch as it will
/// be once the plan is applied.
pub fn evaluate(
    rules: &Rules,
    recipient: RecipientType,
    mailbox_auditing: bool,
    before: &AuditState,
) -> Evaluation {
    let mut evaluation = Evaluation {
        writes: MailboxWrites::default(),
        after: *before,
        enabled_without_effect: false,
    };
    if recipient.takes_action_lists() {
        evaluate_enabled(&mut evaluation, rules, recipient, mailbox_auditing, before);
        for (place, logon) in LogonType::ALL.into_iter().enumerate() {
            let change =
                rules.actions[place].and_then(|rule| list_change(rule, logon, recipient, before));
            evaluation.writes.actions[place] = change;
            if let Some(change) = change {
                predict(&mut evaluation.after, change, logon, recipient);
            }
        }
    }
    if let Some(limit) = rules.log_age_limit.filter(|limit| *limit != before.log_age_limit) {
        evaluation.writes.log_age_limit = Some(limit);
        evaluation.after.log_age_limit = limit;
    }
    evaluation
}

/// "Manage mailbox auditing": while the organisation's switch is on it overrides `AuditEnabled` of
/// the types it covers; while it is off, `AuditEnabled` is ignored on every mailbox.
fn evaluate_enabled(
    evaluation: &mut Evaluation,
    rules: &Rules,
    recipient: RecipientType,
    mailbox_auditing: bool,
    before: &AuditState,
) {
    let Some(wanted) = rules.enabled.filter(|wanted| *wanted != before.enabled) else { return };
    if mailbox_auditing && recipient.coverage() == Coverage::Mailbox {
        evaluation.writes.enabled = Some(wanted);
        evaluation.after.enabled = wanted;
    } else {
        evaluation.enabled_without_effect = true;
    }
}

pub(super) fn list_change(
    rule: ActionRule,
    logon: LogonType,
    recipient: RecipientType,
    before: &AuditState,
) -> Option<ListChange> {
    let present = before.actions(logon);
    let managed = before.default_audit_set.contains(logon);
    match rule {
        ActionRule::Exactly(wanted) => (present != wanted).then_some(ListChange::Replace(wanted)),
        ActionRule::AtLeast(wanted) => {
            let missing = wanted.minus(present);
            (!missing.is_empty()).then_some(ListChange::Add(missing))
        }
        ActionRule::Default => (!managed).then_some(ListChange::Reset),
        ActionRule::DefaultPlus(extra) => {
            if managed && present.includes(extra) {
                return None;
            }
            let wanted = microsoft_default(logon, recipient, present, managed).union(extra);
            (present != wanted).then_some(ListChange::Replace(wanted))
        }
    }
}

/// What counts as Microsoft's default set for a mailbox. While Microsoft manages the logon type,
/// all that the service returns belongs to it, joined with the table. Afterwards the table is the
/// only source, yet an action that the table does not know may have come from the default and is
/// kept, so that it is never planned away.
fn microsoft_default(
    logon: LogonType,
    recipient: RecipientType,
    present: ActionSet,
    managed: bool,
) -> ActionSet {
    let kept = if managed { present } else { present.unknown() };
    default_actions(logon, recipient).union(kept)
}

fn predict(after: &mut AuditState, change: ListChange, logon: LogonType, recipient: RecipientType) {
    let list = after.actions_mut(logon);
    match change {
        ListChange::Replace(wanted) => *list = wanted,
        ListChange::Add(missing) => *list = list.union(missing),
        ListChange::Reset => *list = default_actions(logon, recipient),
    }
    // Writing a list takes the logon type out of Microsoft's management; only a reset returns it.
    after.default_audit_set = match change {
        ListChange::Reset => after.default_audit_set.with(logon),
        ListChange::Replace(_) | ListChange::Add(_) => after.default_audit_set.without(logon),
    };
}

/// Whether a mailbox that was read again shows what was written to it. A list that was added to
/// may hold more; a logon type that was given back holds whatever Microsoft records now.
pub fn confirms(writes: &MailboxWrites, after: &AuditState, seen: &AuditState) -> bool {
    let lists = writes.lists().all(|(logon, change)| match change {
        ListChange::Replace(wanted) => seen.actions(logon) == wanted,
        ListChange::Add(missing) => seen.actions(logon).includes(missing),
        ListChange::Reset => seen.default_audit_set.contains(logon),
    });
    lists
        && writes.enabled.is_none_or(|enabled| seen.enabled == enabled)
        && writes.log_age_limit.is_none_or(|_| seen.log_age_limit == after.log_age_limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ActionVocabulary;

    fn actions(names: &[&str]) -> ActionSet {
        let mut vocabulary = ActionVocabulary::default();
        names.iter().fold(ActionSet::EMPTY, |set, name| vocabulary.add(set, name).unwrap_or(set))
    }

    fn microsoft_managed(recipient: RecipientType) -> AuditState {
        AuditState {
            enabled: true,
            admin: default_actions(LogonType::Admin, recipient),
            delegate: default_actions(LogonType::Delegate, recipient),
            owner: default_actions(LogonType::Owner, recipient),
            default_audit_set: LogonTypes::ALL,
            log_age_limit: AgeLimit::days(90),
        }
    }

    fn rules(rule: ActionRule) -> Rules {
        Rules { actions: [Some(rule), None, None], ..Rules::default() }
    }

    const USER: RecipientType = RecipientType::UserMailbox;

    #[test]
    fn default_plus_keeps_what_microsoft_records_and_adds_the_rest() {
        let before = microsoft_managed(USER);
        let result =
            evaluate(&rules(ActionRule::DefaultPlus(actions(&["Copy"]))), USER, true, &before);
        assert_eq!(result.after.admin, before.admin.union(actions(&["Copy"])));
        assert!(!result.after.default_audit_set.contains(LogonType::Admin));
        assert!(result.after.default_audit_set.contains(LogonType::Owner));
    }

    #[test]
    fn default_plus_keeps_an_action_that_the_table_does_not_know_before_and_after_the_change() {
        let mut before = microsoft_managed(USER);
        before.admin = before.admin.union(actions(&["FutureAction"]));
        let rules = rules(ActionRule::DefaultPlus(actions(&["Copy"])));
        let first = evaluate(&rules, USER, true, &before);
        assert!(first.after.admin.includes(actions(&["FutureAction", "Copy"])));
        let second = evaluate(&rules, USER, true, &first.after);
        assert!(second.writes.is_empty());
    }

    #[test]
    fn default_plus_leaves_a_managed_list_alone_that_already_records_the_extras() {
        let before = microsoft_managed(USER);
        let result =
            evaluate(&rules(ActionRule::DefaultPlus(actions(&["SendAs"]))), USER, true, &before);
        assert!(result.writes.is_empty());
    }

    #[test]
    fn default_plus_takes_away_what_is_neither_default_nor_named() {
        let mut before = microsoft_managed(USER);
        before.admin = before.admin.union(actions(&["Move", "Copy"]));
        before.default_audit_set = LogonTypes::NONE;
        let result =
            evaluate(&rules(ActionRule::DefaultPlus(actions(&["Copy"]))), USER, true, &before);
        assert_eq!(before.admin.minus(result.after.admin), actions(&["Move"]));
    }

    #[test]
    fn default_is_a_reset_and_never_a_list() {
        let mut before = microsoft_managed(USER);
        before.default_audit_set = LogonTypes::NONE;
        let result = evaluate(&rules(ActionRule::Default), USER, true, &before);
        assert_eq!(result.writes.actions[0], Some(ListChange::Reset));
        assert!(!result.writes.sets());
        assert_eq!(result.writes.requests(), 1);
    }

    #[test]
    fn at_least_writes_what_is_missing_with_the_add_form() {
        let before = microsoft_managed(USER);
        let rule = ActionRule::AtLeast(actions(&["Update", "FolderBind"]));
        let result = evaluate(&rules(rule), USER, true, &before);
        assert_eq!(result.writes.actions[0], Some(ListChange::Add(actions(&["FolderBind"]))));
    }

    #[test]
    fn enabled_is_not_written_where_the_organisation_decides() {
        let rules = Rules { enabled: Some(true), ..Rules::default() };
        let mut before = microsoft_managed(USER);
        before.enabled = false;
        let covered = evaluate(&rules, USER, true, &before);
        assert!(covered.writes.is_empty() && covered.enabled_without_effect);
        let room = evaluate(&rules, RecipientType::RoomMailbox, true, &before);
        assert_eq!(room.writes.enabled, Some(true));
        let switched_off = evaluate(&rules, RecipientType::RoomMailbox, false, &before);
        assert!(switched_off.writes.is_empty() && switched_off.enabled_without_effect);
    }

    #[test]
    fn a_group_mailbox_takes_a_log_age_and_nothing_else() {
        let rules = Rules {
            enabled: Some(false),
            actions: [Some(ActionRule::Exactly(actions(&["Update"]))); 3],
            log_age_limit: Some(AgeLimit::days(180)),
        };
        let before = microsoft_managed(RecipientType::GroupMailbox);
        let result = evaluate(&rules, RecipientType::GroupMailbox, true, &before);
        let only_age =
            MailboxWrites { log_age_limit: Some(AgeLimit::days(180)), ..MailboxWrites::default() };
        assert_eq!(result.writes, only_age);
    }

    #[test]
    fn a_reset_and_a_list_take_two_requests() {
        let mut before = microsoft_managed(USER);
        before.default_audit_set = LogonTypes::NONE;
        let rules = Rules {
            actions: [
                Some(ActionRule::Default),
                Some(ActionRule::Exactly(actions(&["Update"]))),
                None,
            ],
            ..Rules::default()
        };
        assert_eq!(evaluate(&rules, USER, true, &before).writes.requests(), 2);
    }
}
