//! Reads again what a plan is about to change, as close to the writing as can be: the service knows
//! no condition on a write, so that what changes in between goes unnoticed. Nothing is written upon
//! a reading that is older than `freshness` allows.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use super::connect::Connection;
use super::enter;
use super::identity;
use super::pending;
use super::ports::{Ports, Stopped};
use super::read;
use crate::apply::{ChainsFound, MailboxRecheck, Open, RequestPlace, Standings, recheck_few};
use crate::diagnostic::Diagnostic;
use crate::plan::{
    IdentityChange, IdentityFindings, IdentityWrite, ObservedTenant, Plan, TenantChange,
    diff_identity, judge_undo,
};
use crate::providers::exchange::Exchange;
use crate::resource::{Address, Kind};
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

/// Pauses while the directory does not show yet what was done: a minute in all.
const PAUSES: [u64; 6] = [1, 2, 4, 8, 15, 30];

/// What is read again, and how.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// How mailboxes are read.
    pub reading: Reading,
    /// Which changes are compared.
    pub open: Open<'a>,
    /// Which requests are known to have taken effect.
    pub is_done: &'a (dyn Fn(RequestPlace) -> bool + Sync),
}

impl<'a> Asked<'a> {
    /// Changes of which nothing was sent.
    pub fn untouched(reading: Reading, is_open: &'a (dyn Fn(u32) -> bool + Sync)) -> Self {
        Self { reading, open: Open::untouched(is_open), is_done: &|_| false }
    }
}

impl fmt::Debug for Asked<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Asked").field("reading", &self.reading).finish_non_exhaustive()
    }
}

/// Compares the changes of a plan that are open with the tenant as it is now.
pub async fn recheck(
    connection: &mut Connection,
    desired: &DesiredState,
    plan: &Plan,
    beside: &Path,
    ports: &Ports,
    asked: Asked<'_>,
) -> Result<Standings, Stopped> {
    let open = asked.open;
    let is_open = open.is_open;
    let first_mailbox = u32::try_from(plan.before_mailbox_changes()).unwrap_or(u32::MAX);
    let first_switch = u32::try_from(plan.identity.len()).unwrap_or(u32::MAX);
    let all = u32::try_from(plan.len()).unwrap_or(u32::MAX);
    let mut found = ChainsFound::Compared(IdentityFindings::default());
    let changes_directory = (0..first_switch).any(is_open);
    if changes_directory || connection.exchange.is_none() {
        let observed;
        (observed, found) = chains(connection, desired, plan, ports, asked.is_done).await?;
        are_roles_known(plan, &observed, is_open)?;
        connection.application_id = identity::signing_in(&observed, desired);
        if let ChainsFound::Compared(compared) = &found
            && compared.diagnostics.has_errors()
            && !changes_directory
        {
            return Err(Stopped::error_of(compared.diagnostics.clone()));
        }
        enter::enter(connection, desired, &observed, ports).await?;
    }
    let mut tenant = ObservedTenant::default();
    if (first_switch..first_mailbox).any(is_open) {
        tenant = switches(connection, plan, beside, ports).await?;
    }
    let mut standings = recheck_few(plan, &found, tenant, open);
    if (first_mailbox..all).any(is_open) {
        mailboxes(exchange(connection)?, plan, asked, &mut standings).await?;
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

/// The identity chains and what is left to do about them. What was done in this run and does not show
/// yet is waited for: a reader of the directory may be behind, and later steps need its identifiers.
async fn chains(
    connection: &Connection,
    desired: &DesiredState,
    plan: &Plan,
    ports: &Ports,
    is_done: &(dyn Fn(RequestPlace) -> bool + Sync),
) -> Result<(ObservedIdentity, ChainsFound), Stopped> {
    let mut pauses = PAUSES.into_iter();
    loop {
        let touched = identity::Touched::by(plan);
        let observed = identity::observe(connection, desired, &touched, ports.now()).await?;
        let found = found(desired, plan, &observed, ports);
        let Some(address) = hidden(plan, &found, is_done) else { return Ok((observed, found)) };
        match pauses.next() {
            Some(pause) => sleep(Duration::from_secs(pause)).await,
            None => return Err(not_shown(address)),
        }
    }
}

/// What of a plan is left to do. The spec knows nothing of what takes a run back.
pub(super) fn found(
    desired: &DesiredState,
    plan: &Plan,
    observed: &ObservedIdentity,
    ports: &Ports,
) -> ChainsFound {
    if plan.undoes.is_some() {
        ChainsFound::Undone(judge_undo(&plan.identity, observed))
    } else {
        ChainsFound::Compared(diff_identity(desired, observed, ports.now()))
    }
}

/// A change of which something was done that would be done again.
fn hidden<'p>(
    plan: &'p Plan,
    found: &ChainsFound,
    is_done: &(dyn Fn(RequestPlace) -> bool + Sync),
) -> Option<&'p Address> {
    let is_left =
        |change: &IdentityChange, place: u32, request: u8, step: &IdentityWrite| match found {
            ChainsFound::Compared(found) => {
                let now = found.changes.iter().find(|other| other.address == change.address);
                now.is_some_and(|now| now.steps().any(|left| step.is_same_step(left)))
            }
            ChainsFound::Undone(seen) => {
                let shown = seen.get(place as usize).map(|seen| &seen.shown);
                let is_shown = shown.and_then(|shown| shown.get(usize::from(request)));
                is_shown.is_none_or(|is_shown| !is_shown)
            }
        };
    let is_hidden = |change: &IdentityChange, place: u32| {
        let mut steps = (0u8..).zip(change.steps());
        steps.any(|(request, step)| {
            is_done((place, request)) && is_left(change, place, request, step)
        })
    };
    let mut all = plan.identity.iter().zip(0u32..);
    all.find(|(change, place)| is_hidden(change, *place)).map(|(change, _)| &change.address)
}

fn not_shown(address: &Address) -> Stopped {
    Stopped::state_unknown(
        Diagnostic::error("not-shown", format!("what was done to `{address}` does not show"))
            .note("the directory may take minutes to show it, or somebody has taken it back")
            .note("nothing was changed")
            .help("run `auditform apply --resume` again later; or `auditform apply --abandon`, which plans anew"),
    )
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
    asked: Asked<'_>,
    standings: &mut Standings,
) -> Result<(), Stopped> {
    let mut recheck = MailboxRecheck::new(plan, asked.open);
    let expected = recheck.expected();
    let mut vocabulary = plan.mailboxes.vocabulary().clone();
    let mut on_row = |row: &MailboxRow<'_>| {
        recheck.observe(row);
        Ok(())
    };
    if asked.reading == Reading::OneByOne || expected.len() <= FEW {
        read::each(exchange, &expected, &mut vocabulary, &mut on_row).await?;
    } else {
        read::of_types(exchange, &expected, &mut vocabulary, &mut on_row).await?;
    }
    recheck.finish(&vocabulary, standings);
    Ok(())
}
