//! Mailboxes, written back to what they were: what Microsoft managed goes back to Microsoft, and not to
//! the list that it happened to be.

use std::collections::HashMap;

use uuid::Uuid;

use super::Stays;
use crate::plan::effects::{requests, shown_requests};
use crate::plan::evaluate::{Evaluation, ListChange, MailboxWrites};
use crate::plan::mailboxes::{MailboxChange, Names, Pattern};
use crate::plan::{MailboxChanges, MailboxView, Plan};
use crate::resource::{ActionVocabulary, Coverage, RecipientType};
use crate::state::{AuditState, MailboxRow};

/// Takes the mailboxes that a run has changed as they are by now, one after another.
#[derive(Debug)]
pub struct MailboxUndo<'p> {
    plan: &'p Plan,
    /// Guid and place among the mailbox changes, by Guid.
    index: Vec<(Uuid, u32)>,
    /// By place among the mailbox changes: still to be seen.
    open: Vec<bool>,
    patterns: HashMap<(Vec<u16>, Inverse), u32>,
    found: Vec<Pattern>,
    changes: Vec<MailboxChange>,
    names: Names,
    stays: Vec<Stays>,
}

/// What one mailbox is now and what it was, with what leads there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Inverse {
    recipient_type: RecipientType,
    present: AuditState,
    writes: MailboxWrites,
    after: AuditState,
}

impl<'p> MailboxUndo<'p> {
    /// Expects the mailbox changes of which something may have taken effect, by their places in the plan.
    pub fn new(plan: &'p Plan, is_begun: &dyn Fn(u32) -> bool) -> Self {
        let offset = u32::try_from(plan.before_mailbox_changes()).unwrap_or(u32::MAX);
        Self {
            plan,
            index: plan.mailboxes.index_by_guid(),
            open: (offset..).take(plan.mailboxes.len()).map(is_begun).collect(),
            patterns: HashMap::new(),
            found: Vec::new(),
            changes: Vec::new(),
            names: Names::default(),
            stays: Vec::new(),
        }
    }

    /// The mailboxes that are expected, with their types.
    pub fn expected(&self) -> Vec<(Uuid, RecipientType)> {
        let views = self.plan.mailboxes.iter().zip(&self.open).filter(|(_, open)| **open);
        views.map(|(view, _)| (view.guid(), view.pattern().recipient_type)).collect()
    }

    /// Takes one row.
    pub fn observe(&mut self, row: &MailboxRow<'_>) {
        let Ok(found) = self.index.binary_search_by(|(guid, _)| guid.cmp(&row.guid)) else {
            return;
        };
        let place = self.index[found].1 as usize;
        let Some(open) = self.open.get_mut(place).filter(|open| **open) else { return };
        let Some(view) = self.plan.mailboxes.get(place) else { return };
        *open = false;
        let pattern = view.pattern();
        if row.recipient_type != pattern.recipient_type {
            return self.stays.push(Stays::changed(&view.address(), "it has another type by now"));
        }
        let mut seen = row.audit;
        // Where the organisation decides, what `enabled` reads says nothing about the mailbox.
        if row.recipient_type.coverage() == Coverage::Organization {
            seen.enabled = pattern.before.enabled;
        }
        let shown = shown_requests(pattern, &seen);
        if let Some(inverse) = shown.and_then(|shown| inverse(pattern, &shown, &row.audit)) {
            self.name_what_is_lost(view, &inverse);
            self.add(view, row, inverse);
        } else {
            let why = "its settings are neither what the run left nor what they were before";
            self.stays.push(Stays::changed(&view.address(), why));
        }
    }

    /// A list goes back without what the service takes no more, and a longer limit does not bring records
    /// back.
    fn name_what_is_lost(&mut self, view: MailboxView<'_>, inverse: &Inverse) {
        if view.pattern().shortens_log() && inverse.writes.log_age_limit.is_some() {
            let why = "its log was shortened, and what was deleted by then stays deleted";
            self.stays.push(Stays::irreversible(&view.address(), why));
        }
        for (logon, _) in inverse.writes.lists() {
            for action in view.action_names(view.pattern().not_taken_again(logon)) {
                let why = format!("{logon} had `{action}`, which the service takes no more");
                self.stays.push(Stays::irreversible(&view.address(), why));
            }
        }
    }

    fn add(&mut self, view: MailboxView<'_>, row: &MailboxRow<'_>, inverse: Inverse) {
        if inverse.writes.is_empty() {
            return;
        }
        let policies = view.pattern().policies.clone();
        let next = u32::try_from(self.found.len()).unwrap_or(u32::MAX);
        let pattern = *self.patterns.entry((policies.clone(), inverse)).or_insert(next);
        if pattern == next {
            let Inverse { recipient_type, present, writes, after } = inverse;
            let evaluation = Evaluation { writes, after, enabled_without_effect: false };
            self.found.push(Pattern { policies, recipient_type, before: present, evaluation });
        }
        let name = self.names.add(&row.upn);
        self.changes.push(MailboxChange { guid: row.guid, name, pattern });
    }

    /// The changes that lead back, and what stays, once the rows were all of them. `vocabulary` is that of
    /// the rows.
    pub fn finish(
        mut self,
        run: &str,
        vocabulary: ActionVocabulary,
    ) -> (MailboxChanges, Vec<Stays>) {
        for (view, _) in self.plan.mailboxes.iter().zip(&self.open).filter(|(_, open)| **open) {
            let gone = "the mailbox is no longer there";
            self.stays.push(Stays::changed(&view.address(), gone));
        }
        let policies = self.plan.mailboxes.policies().to_vec();
        let changes =
            MailboxChanges::new(policies, self.found, self.changes, self.names, vocabulary);
        let changes = changes.of_undo(run);
        (changes, self.stays)
    }
}

/// What takes back the requests that show; `None` where a list holds more than the run has written.
fn inverse(pattern: &Pattern, shown: &[bool], present: &AuditState) -> Option<Inverse> {
    let (before, left) = (&pattern.before, &pattern.evaluation.after);
    let mut inverse = Inverse {
        recipient_type: pattern.recipient_type,
        present: *present,
        writes: MailboxWrites::default(),
        after: *present,
    };
    let done = requests(&pattern.evaluation.writes).zip(shown).filter(|(_, shown)| **shown);
    for (request, _) in done {
        for (logon, change) in request.lists() {
            // What Microsoft records is Microsoft's to change.
            if change != ListChange::Reset && present.actions(logon) != left.actions(logon) {
                return None;
            }
            let was_managed = before.default_audit_set.contains(logon);
            let is_managed = present.default_audit_set.contains(logon);
            let wanted = before.actions(logon).minus(pattern.not_taken_again(logon));
            if wanted == present.actions(logon) && was_managed == is_managed {
                continue;
            }
            let managed = inverse.after.default_audit_set;
            let (change, managed) = if was_managed {
                (ListChange::Reset, managed.with(logon))
            } else {
                (ListChange::Replace(wanted), managed.without(logon))
            };
            inverse.writes.actions[logon as usize] = Some(change);
            *inverse.after.actions_mut(logon) = wanted;
            inverse.after.default_audit_set = managed;
        }
        if request.enabled.is_some() && before.enabled != present.enabled {
            inverse.writes.enabled = Some(before.enabled);
            inverse.after.enabled = before.enabled;
        }
        if request.log_age_limit.is_some() && before.log_age_limit != present.log_age_limit {
            inverse.writes.log_age_limit = Some(before.log_age_limit);
            inverse.after.log_age_limit = before.log_age_limit;
        }
    }
    Some(inverse)
}
