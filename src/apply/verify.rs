//! Compares mailboxes that were read again with what was written to them, row by row. Values only;
//! who reads, and how often, is decided elsewhere.

use uuid::Uuid;

use super::report::Report;
use crate::plan::{Plan, confirms};
use crate::resource::RecipientType;
use crate::state::MailboxRow;

/// The mailbox changes of a plan that are still to be confirmed.
#[derive(Debug)]
pub struct Verification<'p> {
    plan: &'p Plan,
    /// Guid and place among the mailbox changes, by Guid.
    index: Vec<(Uuid, u32)>,
    /// By place among the mailbox changes.
    waiting: Vec<bool>,
}

impl<'p> Verification<'p> {
    /// Expects every mailbox change of the plan that was done or is in doubt, and was not read back.
    pub fn new(plan: &'p Plan, report: &Report) -> Self {
        let offset = plan.before_mailbox_changes();
        let waiting = (offset..plan.len())
            .zip(0u32..)
            .map(|(place, _)| report.is_to_read_back(u32::try_from(place).unwrap_or(u32::MAX)))
            .collect();
        Self { plan, index: plan.mailboxes.index_by_guid(), waiting }
    }

    /// The mailboxes that are not confirmed yet, with their types.
    pub fn expected(&self) -> Vec<(Uuid, RecipientType)> {
        let views = self.plan.mailboxes.iter().zip(&self.waiting).filter(|(_, waiting)| **waiting);
        views.map(|(view, _)| (view.guid(), view.pattern().recipient_type)).collect()
    }

    /// Takes one row as read again.
    pub fn observe(&mut self, row: &MailboxRow<'_>) {
        let Ok(found) = self.index.binary_search_by(|(guid, _)| guid.cmp(&row.guid)) else {
            return;
        };
        let place = self.index[found].1 as usize;
        if let Some(view) = self.plan.mailboxes.get(place).filter(|_| self.waiting[place]) {
            let evaluation = &view.pattern().evaluation;
            self.waiting[place] = !confirms(&evaluation.writes, &evaluation.after, &row.audit);
        }
    }

    /// How many changes are not confirmed yet.
    pub fn waiting(&self) -> u64 {
        self.waiting.iter().filter(|waiting| **waiting).count() as u64
    }

    /// The places, in the plan, of the changes that are not confirmed.
    pub fn unconfirmed(&self) -> impl Iterator<Item = u32> {
        let offset = u32::try_from(self.plan.before_mailbox_changes()).unwrap_or(u32::MAX);
        self.waiting
            .iter()
            .zip(0u32..)
            .filter(|(waiting, _)| **waiting)
            .map(move |(_, place)| place + offset)
    }
}
