//! The plan: a pure comparison of desired and observed state, as data. Mailboxes are compared row
//! by row as they are read (`differ`), the tenant's switches at once (`tenant`); what comes out
//! carries its own reasons, pre-images and edges, so that everything after it (texts, documents,
//! the execution graph, the writes) is made from the plan alone. No clock, no I/O, no async.

mod change;
mod checks;
mod compare;
mod differ;
mod document;
mod effects;
mod evaluate;
mod identity;
mod limits;
mod loosened;
mod mailboxes;
mod ruleset;
mod select;
mod selector;
mod tenant;
mod undo;
mod write;

pub use change::{Action, Attribute, Change, Reversible, Value};
pub use checks::{
    CheckResult, CheckRule, CheckVerdict, CheckViolation, CheckedMailboxes, Evidence, MailboxJudge,
    checks_loosened, judge_checks, switch_after,
};
pub use compare::{Difference, PlanDifference, compare_plans};
pub use differ::{DifferingRows, MailboxDiffer, MailboxFindings, Population};
pub use document::{
    FORMAT_VERSION, GitCommit, Host, Made, PlanDocument, ReadPlan, SavedPlan, SpecText,
    UnreadablePlan, digest, looks_like_plan, plan_schema, read_plan,
};
pub use effects::{is_rest_untouched, shown_requests};
pub use evaluate::{Evaluation, ListChange, MailboxWrites, Rules, confirms, evaluate};
pub use identity::{
    ApplicationPatch, ApplicationRef, CertificateOrder, ChainsUndone, FederatedWrite, Held,
    HeldAttribute, IdentityChange, IdentityFindings, IdentityWrite, UndoneRun, diff_identity,
    sign_in_gate, undo_chains,
};
pub use limits::{Refusal, Violation, judge, unneeded};
pub use loosened::loosened;
pub use mailboxes::{MailboxChanges, MailboxView, Pattern};
pub use select::{
    HeldBack, LeftOut, MailboxWatch, Selected, is_wanted, select, unknown_targets, unmet_targets,
};
pub use tenant::{ObservedTenant, TenantChange, TenantFindings, diff_tenant};
pub use undo::{ChainStanding, MailboxUndo, Stays, Undoes, judge_undo, undo_switches};
pub use write::{ListWrite, MailboxPatch, MailboxRef, Operation, Write};

use jiff::Timestamp;

use crate::approval::ApprovalRules;
use crate::resource::{Address, Kind};
use crate::state::{Safeguards, TenantIdentity};

/// Everything that an apply would do, and what was seen on the way.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The tenant that was read and that alone may be written.
    pub tenant: TenantIdentity,
    /// Changes of identity chains, in order.
    pub identity: Vec<IdentityChange>,
    /// The sign-in that stands between the identity chain and Exchange, where this plan needs one.
    pub sign_in: Option<SignInGate>,
    /// Changes of the tenant as a whole, in order.
    pub tenant_changes: Vec<TenantChange>,
    /// Changes of mailboxes.
    pub mailboxes: MailboxChanges,
    /// Managed objects that need nothing.
    pub unchanged: u64,
    /// Those of them that are mailboxes.
    pub unchanged_mailboxes: u64,
    /// The requests, other than writes, that an apply of this plan makes: it reads back what it
    /// wrote.
    pub reads: u64,
    /// What can be known only after the sign-in, since nobody may read Exchange before.
    pub deferred: Vec<Address>,
    /// What nobody may read, and no sign-in of this plan opens.
    pub unread: Vec<Address>,
    /// Switches that were written lately and still read as before.
    pub pending: Vec<Address>,
    /// What the plan is held against, its allowances included.
    pub safeguards: Safeguards,
    /// Why the plan may not be applied as it is: what it breaks of them; empty when it may.
    pub refused: Vec<Refusal>,
    /// What a reader should know and that is neither an error nor a change.
    pub notes: Vec<String>,
    /// When what it was made from was observed, where that is kept in a snapshot; `None` where the
    /// tenant was read for it. No part of the digest, as the time of making is none.
    pub snapshot: Option<Timestamp>,
    /// What it was narrowed to, with what that left out; `None` where it is the whole.
    pub selected: Option<Selected>,
    /// What became of the spec's checks, in its order.
    pub checks: Vec<CheckResult>,
    /// Who has to sign it before it may be applied; `None` where nobody has to.
    pub approval: Option<ApprovalRules>,
    /// The run that it takes back, where it is an undo.
    pub undoes: Option<Undoes>,
}

/// The sign-in as an application that the plan makes or changes: Exchange waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInGate {
    /// NAME of `[application.NAME]`.
    pub application: String,
    /// What it waits for.
    pub after: Vec<Address>,
}

impl std::fmt::Display for SignInGate {
    /// What it is called where it is awaited, where it fails, and where something waits for it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "sign-in as application.{}", self.application)
    }
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
    /// A plan that changes nothing.
    pub fn of(tenant: TenantIdentity) -> Self {
        Self {
            tenant,
            identity: Vec::new(),
            sign_in: None,
            tenant_changes: Vec::new(),
            mailboxes: MailboxChanges::none(),
            unchanged: 0,
            unchanged_mailboxes: 0,
            reads: 0,
            deferred: Vec::new(),
            unread: Vec::new(),
            pending: Vec::new(),
            safeguards: Safeguards::default(),
            refused: Vec::new(),
            notes: Vec::new(),
            snapshot: None,
            selected: None,
            checks: Vec::new(),
            approval: None,
            undoes: None,
        }
    }

    /// How many changes there are.
    pub fn len(&self) -> usize {
        self.before_mailbox_changes() + self.mailboxes.len()
    }

    /// How many changes come before those of mailboxes.
    pub fn before_mailbox_changes(&self) -> usize {
        self.identity.len() + self.tenant_changes.len()
    }

    /// Whether there is nothing to do, as far as is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The change at a place: identity chains first, then the tenant's, then mailboxes by address.
    pub fn get(&self, place: usize) -> Option<Change<'_>> {
        if let Some(change) = self.identity.get(place) {
            return Some(Change::Identity(change));
        }
        let place = place.checked_sub(self.identity.len())?;
        if let Some(change) = self.tenant_changes.get(place) {
            return Some(Change::Tenant(*change, self.undone_run()));
        }
        let place = place.checked_sub(self.tenant_changes.len())?;
        self.mailboxes.get(place).map(Change::Mailbox)
    }

    /// All changes in order.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        (0..self.len()).filter_map(|place| self.get(place))
    }

    /// The changes that are not of mailboxes.
    pub fn few(&self) -> impl Iterator<Item = Change<'_>> {
        let tenant = self.tenant_changes.iter();
        let tenant = tenant.map(|change| Change::Tenant(*change, self.undone_run()));
        self.identity.iter().map(Change::Identity).chain(tenant)
    }

    /// The run that it takes back, where it is an undo.
    pub fn undone_run(&self) -> Option<&str> {
        self.undoes.as_ref().map(|undoes| undoes.run.as_str())
    }

    /// The counts.
    pub fn summary(&self) -> Summary {
        let count =
            |action: Action| self.few().filter(|change| change.action() == action).count() as u64;
        let (create, delete) = (count(Action::Create), count(Action::Delete));
        let identity = self.identity.iter().flat_map(IdentityChange::steps);
        let identity = identity.filter(|write| write.is_request()).count() as u64;
        Summary {
            create,
            change: self.len() as u64 - create - delete,
            delete,
            unchanged: self.unchanged,
            requests: identity + self.tenant_changes.len() as u64 + self.mailboxes.requests(),
            reads: self.reads,
        }
    }

    /// Whether a check that failed forbids the apply.
    pub fn is_forbidden(&self) -> bool {
        self.checks.iter().any(CheckResult::forbids)
    }

    /// How many steps there are to do: requests, and work on files.
    pub fn steps(&self) -> u64 {
        let identity = self.identity.iter().flat_map(IdentityChange::steps).count() as u64;
        identity + self.tenant_changes.len() as u64 + self.mailboxes.requests()
    }

    /// What has to be done before anything in Exchange.
    pub fn before_exchange(&self) -> &[Address] {
        self.sign_in.as_ref().map_or(&[], |gate| &gate.after)
    }

    /// What has to be done before a switch is turned back: all mailboxes, since what is written to one
    /// while the organisation's auditing is off may not count.
    pub fn before_switches(&self) -> Vec<Address> {
        let policies = self.mailboxes.policies_of_changes();
        let is_undo = self.undoes.is_some();
        policies.into_iter().filter(|_| is_undo).map(Address::policy).collect()
    }

    /// What has to be done before any mailbox: the sign-in, and both switches, since what a mailbox
    /// records depends on them.
    pub fn before_mailboxes(&self) -> Vec<Address> {
        if self.undoes.is_some() {
            return Vec::new();
        }
        let switches = self
            .tenant_changes
            .iter()
            .map(|change| change.address())
            .filter(|address| address.kind() != Kind::OrganizationCustomization);
        self.before_exchange().iter().cloned().chain(switches).collect()
    }
}
