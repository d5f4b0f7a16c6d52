//! Changes of which an earlier process has sent something: each of their requests shows its effect or
//! none. Anything between the two is what others have done, and makes the change stale.

use super::{Seen, Standings, difference, otherwise_seen, untouched};
use crate::plan::{
    IdentityChange, IdentityFindings, ListChange, MailboxView, MailboxWrites, confirms,
};
use crate::resource::LogonType;
use crate::state::{AuditState, MailboxRow};

/// A change of an identity chain, by what comparing anew would still do: nothing but steps of its own.
pub(super) fn identity(
    change: &IdentityChange,
    place: u32,
    found: &IdentityFindings,
    standings: &mut Standings,
) {
    let steps: Vec<_> = change.steps().collect();
    let Some(now) = found.changes.iter().find(|other| other.address == change.address) else {
        standings.shown.insert(place, vec![true; steps.len()]);
        return;
    };
    let mut shown = vec![true; steps.len()];
    let mut renewed = change.clone();
    for left in now.steps() {
        let own = (0..steps.len()).find(|at| shown[*at] && steps[*at].is_same_step(left));
        let Some(own) = own else {
            standings.stale.insert(place, difference(change, now));
            return;
        };
        shown[own] = false;
        // What was not known when it was planned is known by now.
        let step = renewed.writes.get_mut(own).or(renewed.finally.as_mut());
        if let Some(step) = step {
            step.clone_from(left);
        }
    }
    standings.renewed.insert(place, renewed);
    standings.shown.insert(place, shown);
}

/// A mailbox: what one request writes is there as a whole, or is as the plan saw it.
pub(super) fn mailbox(view: MailboxView<'_>, row: &MailboxRow<'_>, seen: AuditState) -> Seen {
    let pattern = view.pattern();
    let evaluation = &pattern.evaluation;
    let is_renamed = !row.upn.eq_ignore_ascii_case(view.upn());
    if is_renamed || row.recipient_type != pattern.recipient_type || !untouched(view, &seen) {
        return otherwise_seen(row, is_renamed, seen);
    }
    let mut shown = Vec::new();
    for request in requests(&evaluation.writes) {
        let is_there = confirms(&request, &evaluation.after, &seen);
        if !is_there && !is_as_before(&request, &pattern.before, &seen) {
            return otherwise_seen(row, false, seen);
        }
        shown.push(is_there);
    }
    Seen::HalfDone(shown)
}

/// What each request writes, in their order.
fn requests(writes: &MailboxWrites) -> impl Iterator<Item = MailboxWrites> {
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
