//! Plans what takes a run back: what its journal says was done, or may have been, is compared with the
//! tenant as it is now, and written back to what the run's plan saw before.

use std::path::Path;

use super::checks::{Places, judge_again};
use super::connect::Connection;
use super::enter;
use super::identity;
use super::pending;
use super::plan::guard;
use super::ports::{Ports, Stopped};
use super::read;
use super::resume::Known;
use crate::diagnostic::{Diagnostic, Sources};
use crate::journal::Run;
use crate::plan::{
    ChainsUndone, MailboxUndo, ObservedTenant, Plan, Stays, TenantChange, Undoes, UndoneRun,
    undo_chains, undo_switches,
};
use crate::providers::exchange::Exchange;
use crate::state::{Allowance, DesiredState, MailboxRow};

/// What an undo goes by.
#[derive(Debug, Clone, Copy)]
pub struct UndoOptions<'a> {
    /// `--allow`: what is let through although a safeguard of the spec forbids it.
    pub allow: &'a [Allowance],
    /// The spec's files.
    pub sources: &'a Sources,
}

/// Plans the inverse of a run. Its safeguards, checks and rules of approval are those of the spec as it is
/// now, and not those of the run. Objects that others have changed since are left as they are and named.
pub async fn undo(
    connection: &mut Connection,
    desired: &DesiredState,
    done: &Plan,
    run: &Run,
    beside: &Path,
    ports: &Ports,
    options: UndoOptions<'_>,
) -> Result<Plan, Stopped> {
    let mut run = run.clone();
    run.replay.resume();
    let known = Known::of(done, &run);
    let mut plan = Plan::of(done.tenant.clone());
    let mut stays = chains(&mut plan, connection, desired, done, &run, &known, ports).await?;
    stays.extend(in_exchange(&mut plan, connection, done, &run, &known, beside, ports).await?);
    stays.sort();
    plan.undoes = Some(Undoes { run: run.head.run.clone(), stays });
    finish(&mut plan, done, connection, desired, beside, ports, options).await?;
    Ok(plan)
}

/// Identity chains, by what directory and disk hold now; what stays. Whoever may read Exchange is found out
/// by that, where it is as an application of the spec.
async fn chains(
    plan: &mut Plan,
    connection: &mut Connection,
    desired: &DesiredState,
    done: &Plan,
    run: &Run,
    known: &Known,
    ports: &Ports,
) -> Result<Vec<Stays>, Stopped> {
    let is_begun = |place: u32| known.is_begun(place);
    let begun = done.identity.iter().zip(0u32..).filter(|(_, place)| is_begun(*place));
    let touched = identity::Touched::of(begun.map(|(change, _)| change));
    if touched.is_empty() && connection.exchange.is_some() {
        return Ok(Vec::new());
    }
    let before = connection.directory_requests();
    let observed = identity::observe(connection, desired, &touched, ports.now()).await?;
    let undone = UndoneRun {
        name: &run.head.run,
        began: run.head.started_at,
        changes: &done.identity,
        is_begun: &is_begun,
        is_proved: &|place| known.is_proved(place),
    };
    let ChainsUndone { changes, stays, mut diagnostics } =
        undo_chains(undone, desired, &observed, ports.now());
    if !changes.is_empty()
        && let Some(entra) = &connection.entra
    {
        let claims = entra.claims().await.map_err(|error| identity::stop(&error))?;
        let missing = claims.map(|claims| identity::preflight(&claims, &changes));
        diagnostics.extend(missing.unwrap_or_default());
    }
    if diagnostics.has_errors() {
        return Err(Stopped::error_of(diagnostics));
    }
    plan.reads += connection.directory_requests() - before;
    plan.identity = changes;
    connection.application_id = identity::signing_in(&observed, desired);
    enter::enter(connection, desired, &observed, ports).await?;
    Ok(stays)
}

/// Switches and mailboxes; what stays.
async fn in_exchange(
    plan: &mut Plan,
    connection: &Connection,
    done: &Plan,
    run: &Run,
    known: &Known,
    beside: &Path,
    ports: &Ports,
) -> Result<Vec<Stays>, Stopped> {
    let is_begun = |place: u32| known.is_begun(place);
    let first_switch = u32::try_from(done.identity.len()).unwrap_or(u32::MAX);
    let switches: Vec<TenantChange> = done
        .tenant_changes
        .iter()
        .zip(first_switch..)
        .filter(|(_, place)| is_begun(*place))
        .map(|(change, _)| *change)
        .collect();
    let mut mailboxes = MailboxUndo::new(done, &is_begun);
    let expected = mailboxes.expected();
    if switches.is_empty() && expected.is_empty() {
        return Ok(Vec::new());
    }
    let exchange = exchange(connection)?;
    let tenant = observed(exchange, &switches, beside, ports).await?;
    let (inverse, mut stays) = undo_switches(switches.into_iter(), tenant);
    plan.tenant_changes = inverse;
    let mut vocabulary = done.mailboxes.vocabulary().clone();
    if !expected.is_empty() {
        let mut on_row = |row: &MailboxRow<'_>| {
            mailboxes.observe(row);
            Ok(())
        };
        let before = exchange.requests().reads;
        read::of_types(exchange, &expected, &mut vocabulary, &mut on_row).await?;
        plan.reads += exchange.requests().reads - before;
    }
    let (changes, left) = mailboxes.finish(&run.head.run, vocabulary);
    plan.mailboxes = changes;
    stays.extend(left);
    Ok(stays)
}

/// What holds for every plan holds for this one.
async fn finish(
    plan: &mut Plan,
    done: &Plan,
    connection: &mut Connection,
    desired: &DesiredState,
    beside: &Path,
    ports: &Ports,
    options: UndoOptions<'_>,
) -> Result<(), Stopped> {
    // Shares are of the mailboxes that the run's plan was about.
    let managed = done.unchanged_mailboxes + done.mailboxes.len() as u64;
    plan.unchanged_mailboxes = managed.saturating_sub(plan.mailboxes.len() as u64);
    let others = done.before_mailbox_changes().saturating_sub(plan.before_mailbox_changes());
    plan.unchanged = plan.unchanged_mailboxes + others as u64;
    plan.notes.push(NOT_THE_SPEC.to_owned());
    plan.approval = desired.approval.as_ref().map(|rules| rules.value.clone());
    if !desired.checks.is_empty() {
        let sources = options.sources;
        plan.checks = judge_again(connection, desired, plan, beside, sources, ports).await?;
    }
    let places = Places { sources: options.sources, beside };
    guard(plan, &desired.safeguards, places, options.allow);
    Ok(())
}

const NOT_THE_SPEC: &str = "this plan takes a run back, and does not make the tenant match the spec: where \
                            the spec still asks for what it takes back, the next plan wants it again";

fn exchange(connection: &Connection) -> Result<&Exchange, Stopped> {
    connection.exchange.as_ref().ok_or_else(|| {
        Stopped::state_unknown(
            Diagnostic::error("denied", "nobody may read Exchange")
                .note("the run changed something there, and what that is by now is unknown")
                .help("name in `[tenant.sign_in]` who may, in a spec that manages something there"),
        )
    })
}

async fn observed(
    exchange: &Exchange,
    switches: &[TenantChange],
    beside: &Path,
    ports: &Ports,
) -> Result<ObservedTenant, Stopped> {
    let is_log = |change: &TenantChange| matches!(change, TenantChange::UnifiedAuditLog { .. });
    let mut tenant = ObservedTenant::default();
    if switches.iter().any(is_log) {
        tenant.unified_audit_log = Some(exchange.unified_audit_log().await.map_err(read::stop)?);
        tenant.pending_unified_audit_log =
            pending::recall(beside, exchange.tenant_id(), ports.now());
    }
    if !switches.iter().all(is_log) {
        tenant.organization = Some(exchange.organization().await.map_err(read::stop)?);
    }
    Ok(tenant)
}
