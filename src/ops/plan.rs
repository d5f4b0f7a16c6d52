//! Makes a plan:
//!
//! 1. read the switches that the spec manages or depends on (`read::switches`);
//! 2. recall whether the unified audit log was switched within the last hour (`pending`);
//! 3. compare the switches (`plan::diff_tenant`), so that mailboxes are judged against the
//!    organisation's switch as it will be;
//! 4. read the mailboxes and compare each row as it comes (`read::mailboxes`);
//! 5. put the plan together, with what must be said beside the changes.
//!
//! Nothing is written to the tenant.

use std::path::Path;

use super::connect::Connection;
use super::pending;
use super::ports::{Cause, Ports, ReadObserver, Stopped};
use super::read;
use crate::diagnostic::Diagnostics;
use crate::plan::{
    MailboxChanges, MailboxFindings, Plan, TenantChange, TenantFindings, diff_tenant,
};
use crate::resource::{Address, Kind};
use crate::state::{DesiredState, TenantIdentity};

/// What a plan may do beyond the usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanOptions {
    /// `--allow organization-weakening`: a switch of the tenant may be turned off.
    pub organization_weakening: bool,
}

/// A plan with the warnings that came up while it was made.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Policies and patterns that match nothing.
    pub warnings: Diagnostics,
}

/// Reads the tenant and plans. `beside` is the spec's directory.
pub async fn plan(
    connection: &Connection,
    desired: &DesiredState,
    beside: &Path,
    ports: &Ports,
    options: PlanOptions,
    observer: &mut dyn ReadObserver,
) -> Result<Planned, Stopped> {
    let exchange = &connection.exchange;
    let id = exchange.tenant_id();
    let mut tenant = read::switches(exchange, desired).await?;
    tenant.pending_unified_audit_log = pending::recall(beside, id, ports.now());
    let switches = diff_tenant(desired, &tenant);
    let mailbox_auditing = tenant.mailbox_auditing_after(desired);
    let before = exchange.requests().reads;
    let mailboxes = if desired.policies.is_empty() {
        None
    } else {
        let today = ports.today();
        Some(read::mailboxes(exchange, desired, mailbox_auditing, today, observer).await?)
    };
    let listing = exchange.requests().reads - before;
    let identity = TenantIdentity { id, organization: connection.organization.clone() };
    let mut planned = put_together(identity, switches, mailboxes, mailbox_auditing)?;
    planned.plan.reads = reads_of_an_apply(&planned.plan, listing);
    if !options.organization_weakening {
        planned.plan.refused = planned.plan.organization_weakenings();
    }
    Ok(planned)
}

/// What an apply reads to prove its result: the lists of mailboxes once more, which took so many
/// requests, and each of the two settings that hold the switches; a customisation is awaited.
fn reads_of_an_apply(plan: &Plan, listing: u64) -> u64 {
    let changed =
        |wanted: fn(&TenantChange) -> bool| u64::from(plan.tenant_changes.iter().any(wanted));
    let lists = if plan.mailboxes.is_empty() { 0 } else { listing };
    lists
        + changed(|change| matches!(change, TenantChange::UnifiedAuditLog { .. }))
        + changed(|change| !matches!(change, TenantChange::UnifiedAuditLog { .. }))
        + changed(|change| matches!(change, TenantChange::Customization))
}

fn put_together(
    tenant: TenantIdentity,
    switches: TenantFindings,
    mailboxes: Option<MailboxFindings>,
    mailbox_auditing: bool,
) -> Result<Planned, Stopped> {
    let mut notes = Vec::new();
    let mut unchanged = switches.unchanged;
    let mut warnings = Diagnostics::default();
    let mailboxes = match mailboxes {
        None => MailboxChanges::none(),
        Some(found) => {
            if found.diagnostics.has_errors() {
                return Err(Stopped { cause: Cause::Error, diagnostics: found.diagnostics });
            }
            notes.extend(no_effect(&found, mailbox_auditing));
            unchanged += found.unchanged;
            warnings = found.diagnostics;
            found.changes
        }
    };
    notes.push(BYPASS_NOT_READ.to_owned());
    let pending = switches.pending.then(|| Address::singleton(Kind::UnifiedAuditLog));
    let plan = Plan {
        tenant,
        tenant_changes: switches.changes,
        mailboxes,
        unchanged,
        reads: 0,
        pending: pending.into_iter().collect(),
        refused: Vec::new(),
        notes,
    };
    Ok(Planned { plan, warnings })
}

/// Said at the end of every plan until the list is a kind of its own: a bypassed account leaves no
/// records on any mailbox, whatever the plan says.
const BYPASS_NOT_READ: &str = "the mailbox audit bypass list was not looked at: accounts on it leave \
                               no audit records, whatever is set here";

fn no_effect(found: &MailboxFindings, mailbox_auditing: bool) -> Option<String> {
    let number = found.without_effect;
    let subject = if number == 1 { "1 mailbox".to_owned() } else { format!("{number} mailboxes") };
    let reason = if mailbox_auditing {
        "the organisation's mailbox auditing covers them and overrides it"
    } else {
        "mailbox auditing is off for the whole organisation, which overrides it"
    };
    (number > 0)
        .then(|| format!("`enabled` has no effect on {subject} and is not written there: {reason}"))
}
