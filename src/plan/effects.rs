//! Which requests of a mailbox change show in a row that was read: each writes certain attributes, which
//! are there as a whole or are as the plan saw them. Anything between the two is what others have done.

use super::evaluate::{ListChange, MailboxWrites, confirms};
use super::mailboxes::Pattern;
use crate::resource::LogonType;
use crate::state::AuditState;

/// For each request of a change, in their order, whether it shows in the settings that were read; `None`
/// where others have changed them.
pub fn shown_requests(pattern: &Pattern, seen: &AuditState) -> Option<Vec<bool>> {
    if !is_rest_untouched(pattern, seen) {
        return None;
    }
    let mut shown = Vec::new();
    for request in requests(&pattern.evaluation.writes) {
        let is_there = confirms(&request, &pattern.evaluation.after, seen);
        if !is_there && !is_as_before(&request, &pattern.before, seen) {
            return None;
        }
        shown.push(is_there);
    }
    Some(shown)
}

/// Whether what a change does not write is as the plan saw it.
pub fn is_rest_untouched(pattern: &Pattern, seen: &AuditState) -> bool {
    let (before, writes) = (&pattern.before, &pattern.evaluation.writes);
    LogonType::ALL
        .into_iter()
        .zip(writes.actions)
        .all(|(logon, change)| change.is_some() || before.actions(logon) == seen.actions(logon))
        && (writes.enabled.is_some() || before.enabled == seen.enabled)
        && (writes.log_age_limit.is_some() || before.log_age_limit == seen.log_age_limit)
}

/// What each request writes, in their order.
pub(super) fn requests(writes: &MailboxWrites) -> impl Iterator<Item = MailboxWrites> + use<> {
    let is_reset = |change: &ListChange| *change == ListChange::Reset;
    let resets = MailboxWrites {
        actions: writes.actions.map(|change| change.filter(is_reset)),
        ..MailboxWrites::default()
    };
    let sets = MailboxWrites {
        actions: writes.actions.map(|change| change.filter(|change| !is_reset(change))),
        ..*writes
    };
    [resets, sets].into_iter().filter(|writes| !writes.is_empty())
}

fn is_as_before(writes: &MailboxWrites, before: &AuditState, seen: &AuditState) -> bool {
    let is_managed = |state: &AuditState, logon: LogonType| state.default_audit_set.contains(logon);
    writes.lists().all(|(logon, _)| {
        before.actions(logon) == seen.actions(logon)
            && is_managed(before, logon) == is_managed(seen, logon)
    }) && (writes.enabled.is_none() || before.enabled == seen.enabled)
        && (writes.log_age_limit.is_none() || before.log_age_limit == seen.log_age_limit)
}
