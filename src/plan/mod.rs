//! The plan: a pure comparison of desired and observed state, as data. Mailboxes are compared row
//! by row as they are read (`differ`), the tenant's switches at once (`tenant`); what comes out
//! carries its own reasons, pre-images and edges, so that everything after it (texts, documents,
//! the execution graph, the writes) is made from the plan alone. No clock, no I/O, no async.

mod change;
mod differ;
mod document;
mod evaluate;
mod mailboxes;
mod ruleset;
mod tenant;
mod write;

pub use change::{Action, Attribute, Change, Reversible, Value};
pub use differ::{DifferingRows, MailboxDiffer, MailboxFindings, Population};
pub use document::{FORMAT_VERSION, PlanDocument};
pub use evaluate::{Evaluation, ListChange, MailboxWrites, Rules, confirms, evaluate};
pub use mailboxes::{MailboxChanges, MailboxView, Pattern};
pub use tenant::{ObservedTenant, TenantChange, TenantFindings, diff_tenant};
pub use write::{ListWrite, MailboxPatch, MailboxRef, Write};

use crate::resource::{Address, Kind};
use crate::state::TenantIdentity;

/// Everything that an apply would do, and what was seen on the way.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The tenant that was read and that alone may be written.
    pub tenant: TenantIdentity,
    /// Changes of the tenant as a whole, in order.
    pub tenant_changes: Vec<TenantChange>,
    /// Changes of mailboxes.
    pub mailboxes: MailboxChanges,
    /// Managed objects that need nothing.
    pub unchanged: u64,
    /// The requests, other than writes, that an apply of this plan makes: it reads back what it
    /// wrote.
    pub reads: u64,
    /// Switches that were written lately and still read as before.
    pub pending: Vec<Address>,
    /// Why the plan may not be applied as it is; empty when it may.
    pub refused: Vec<String>,
    /// What a reader should know and that is neither an error nor a change.
    pub notes: Vec<String>,
}

/// The counts of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Objects that come into being.
    pub create: u64,
    /// Objects that change.
    pub change: u64,
    /// Objects that go.
    pub delete: u64,
    /// Managed objects that need nothing.
    pub unchanged: u64,
    /// Requests that write.
    pub requests: u64,
    /// Requests that read.
    pub reads: u64,
}

impl Plan {
    /// How many changes there are.
    pub fn len(&self) -> usize {
        self.tenant_changes.len() + self.mailboxes.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The change at a place: the tenant's first, then mailboxes by address.
    pub fn get(&self, place: usize) -> Option<Change<'_>> {
        if let Some(change) = self.tenant_changes.get(place) {
            return Some(Change::Tenant(*change));
        }
        let place = place.checked_sub(self.tenant_changes.len())?;
        self.mailboxes.get(place).map(Change::Mailbox)
    }

    /// All changes in order.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        (0..self.len()).filter_map(|place| self.get(place))
    }

    /// The counts.
    pub fn summary(&self) -> Summary {
        let create = self
            .tenant_changes
            .iter()
            .filter(|change| Change::Tenant(**change).action() == Action::Create)
            .count() as u64;
        Summary {
            create,
            change: self.len() as u64 - create,
            delete: 0,
            unchanged: self.unchanged,
            requests: self.tenant_changes.len() as u64 + self.mailboxes.requests(),
            reads: self.reads,
        }
    }

    /// The ways in which the plan weakens the tenant as a whole, in words.
    pub fn organization_weakenings(&self) -> Vec<String> {
        self.tenant_changes
            .iter()
            .filter(|change| change.weakens())
            .map(|change| {
                let (attribute, _, _) = change.attribute();
                format!("`{}` would turn `{attribute}` off", change.address())
            })
            .collect()
    }

    /// What has to be done before any mailbox: both switches, since what a mailbox records depends
    /// on them.
    pub fn before_mailboxes(&self) -> Vec<Address> {
        self.tenant_changes
            .iter()
            .map(|change| change.address())
            .filter(|address| address.kind() != Kind::OrganizationCustomization)
            .collect()
    }
}
