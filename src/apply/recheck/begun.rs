//! Changes of which an earlier process has sent something: each of their requests shows its effect or
//! none. Anything between the two is what others have done, and makes the change stale.

use super::{Seen, Standings, difference, otherwise_seen};
use crate::plan::{IdentityChange, IdentityFindings, MailboxView, shown_requests};
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
    let is_renamed = !row.upn.eq_ignore_ascii_case(view.upn());
    let is_same = !is_renamed && row.recipient_type == pattern.recipient_type;
    match shown_requests(pattern, &seen).filter(|_| is_same) {
        Some(shown) => Seen::HalfDone(shown),
        None => otherwise_seen(row, is_renamed, seen),
    }
}
