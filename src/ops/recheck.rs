//! Reads again what a plan is about to change, as close to the writing as can be: the service knows
//! no condition on a write, so that what changes in between goes unnoticed. Nothing is written upon
//! a reading that is older than `freshness` allows.

use std::path::Path;

use super::connect::Connection;
use super::enter;
use super::identity;
use super::pending;
use super::ports::{Ports, Stopped};
use super::read;
use crate::apply::{MailboxRecheck, Standings, recheck_few};
use crate::diagnostic::Diagnostic;
use crate::plan::{
    IdentityChange, IdentityFindings, ObservedTenant, Plan, TenantChange, diff_identity,
};
use crate::providers::exchange::Exchange;
use crate::resource::Kind;
use crate::state::{DesiredState, MailboxRow, ObservedIdentity};

/// How mailboxes are read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// By the lists of their types, a few of them one by one.
    Lists,
    /// One by one, where lists take too long.
    OneByOne,
}

/// So many mailboxes are read again one by one: a list takes a request for each thousand, those that
/// do not matter included.
const FEW: usize = 20;

/// Compares the changes of a plan that `is_open` says yes to with the tenant as it is now.
pub async fn recheck(
    connection: &mut Connection,
    desired: &DesiredState,
    plan: &Plan,
    beside: &Path,
    ports: &Ports,
    reading: Reading,
    is_open: &(dyn Fn(u32) -> bool + Sync),
) -> Result<Standings, Stopped> {
    let first_mailbox = u32::try_from(plan.before_mailbox_changes()).unwrap_or(u32::MAX);
    let first_switch = u32::try_from(plan.identity.len()).unwrap_or(u32::MAX);
    let all = u32::try_from(plan.len()).unwrap_or(u32::MAX);
    let mut found = IdentityFindings::default();
    let changes_directory = (0..first_switch).any(is_open);
    if changes_directory || connection.exchange.is_none() {
        let observed = identity::observe(connection, desired, ports.now()).await?;
        are_roles_known(plan, &observed, is_open)?;
        connection.application_id = identity::signing_in(&observed, desired);
        found = diff_identity(desired, &observed, ports.now());
        if found.diagnostics.has_errors() && !changes_directory {
            return Err(Stopped::error_of(found.diagnostics));
        }
        enter_exchange(connection, desired, &observed, ports).await?;
    }
    let mut tenant = ObservedTenant::default();
    if (first_switch..first_mailbox).any(is_open) {
        tenant = switches(connection, plan, beside, ports).await?;
    }
    let mut standings = recheck_few(plan, &found, tenant, &is_open);
    if (first_mailbox..all).any(is_open) {
        mailboxes(exchange(connection)?, plan, reading, is_open, &mut standings).await?;
    }
    Ok(standings)
}

/// That reading the management roles of Exchange is refused is only remarked on while planning; a role
/// that a plan takes away would pass for gone.
fn are_roles_known(
    plan: &Plan,
    observed: &ObservedIdentity,
    is_open: &(dyn Fn(u32) -> bool + Sync),
) -> Result<(), Stopped> {
    let is_unknown = |change: &IdentityChange| {
        let chain = change.address.name().and_then(|name| observed.applications.get(name));
        change.address.kind() == Kind::ExchangeRoleAssignment
            && chain.is_some_and(|chain| chain.exchange_roles_denied)
    };
    let mut open = plan.identity.iter().zip(0u32..).filter(|(_, place)| is_open(*place));
    match open.find(|(change, _)| is_unknown(change)) {
        None => Ok(()),
        Some((change, _)) => Err(Stopped::state_unknown(
            Diagnostic::error("denied", format!("`{}` cannot be read again", change.address))
                .note("reading the management roles of Exchange was refused")
                .help("grant `RoleManagement.Read.Exchange` to whoever does this work (beta)"),
        )),
    }
}

/// Whoever may read Exchange by now does.
async fn enter_exchange(
    connection: &mut Connection,
    desired: &DesiredState,
    observed: &ObservedIdentity,
    ports: &Ports,
) -> Result<(), Stopped> {
    if connection.exchange.is_none()
        && let Some(reader) = enter::reader(connection, desired, observed, ports).await?
    {
        connection.exchange = Some(reader.exchange);
        connection.entered = reader.is_application;
    }
    Ok(())
}

fn exchange(connection: &Connection) -> Result<&Exchange, Stopped> {
    connection.exchange.as_ref().ok_or_else(|| {
        Stopped::state_unknown(
            Diagnostic::error(
                "denied",
                "nobody may read Exchange, as somebody could when this was planned",
            )
            .help("plan again"),
        )
    })
}

async fn switches(
    connection: &Connection,
    plan: &Plan,
    beside: &Path,
    ports: &Ports,
) -> Result<ObservedTenant, Stopped> {
    let exchange = exchange(connection)?;
    let is_log = |change: &TenantChange| matches!(change, TenantChange::UnifiedAuditLog { .. });
    let mut tenant = ObservedTenant::default();
    if plan.tenant_changes.iter().any(is_log) {
        tenant.unified_audit_log = Some(exchange.unified_audit_log().await.map_err(read::stop)?);
        tenant.pending_unified_audit_log =
            pending::recall(beside, exchange.tenant_id(), ports.now());
    }
    if !plan.tenant_changes.iter().all(is_log) {
        tenant.organization = Some(exchange.organization().await.map_err(read::stop)?);
    }
    Ok(tenant)
}

async fn mailboxes(
    exchange: &Exchange,
    plan: &Plan,
    reading: Reading,
    is_open: &(dyn Fn(u32) -> bool + Sync),
    standings: &mut Standings,
) -> Result<(), Stopped> {
    let mut recheck = MailboxRecheck::new(plan, &is_open);
    let expected = recheck.expected();
    let mut vocabulary = plan.mailboxes.vocabulary().clone();
    let mut on_row = |row: &MailboxRow<'_>| {
        recheck.observe(row);
        Ok(())
    };
    if reading == Reading::OneByOne || expected.len() <= FEW {
        read::each(exchange, &expected, &mut vocabulary, &mut on_row).await?;
    } else {
        read::of_types(exchange, &expected, &mut vocabulary, &mut on_row).await?;
    }
    recheck.finish(&vocabulary, standings);
    Ok(())
}
