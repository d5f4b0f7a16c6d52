//! Reads back what an earlier run has left unproved: what did not show yet, what showed something else,
//! and what was in doubt or was not looked at. Changes nothing but the report.

use std::path::Path;

use uuid::Uuid;

use super::connect::Connection;
use super::journal::report_of;
use super::ports::{Cause, Ports, Stopped};
use super::{pending, verify};
use crate::apply::{Observer, Report, StepState, Verdict};
use crate::diagnostic::Diagnostic;
use crate::journal::Run;
use crate::plan::{Plan, TenantChange};
use crate::state::DesiredState;

/// What became of a run, with the places of its changes that are still to be proved.
pub fn unproved(plan: &Plan, run: &Run) -> (Report, Vec<u32>) {
    let mut report = report_of(plan, run).to_prove_again();
    // It was stopped, and what it left was finished or given up since.
    report.interrupted = false;
    let places = (0u32..).take(plan.len()).filter(|place| report.is_to_read_back(*place));
    let places = places.collect();
    (report, places)
}

/// Reads them back, for up to a minute, and puts the verdicts into the report.
pub async fn prove(
    connection: &Connection,
    desired: &DesiredState,
    plan: &Plan,
    report: &mut Report,
    beside: &Path,
    ports: &Ports,
    observer: &mut dyn Observer,
) -> Result<(), Stopped> {
    let mut in_exchange = (0u32..).take(plan.len()).skip(plan.identity.len());
    if connection.exchange.is_none() && in_exchange.any(|place| report.is_to_read_back(place)) {
        let finding = Diagnostic::error("not-verified", "Exchange cannot be read")
            .note("the application that reads it is not there, or is not let in yet")
            .help("run `auditform plan`: it tells what is missing");
        return Err(Stopped { cause: Cause::StateUnknown, ..Stopped::error(finding) });
    }
    verify::verify(connection, desired, plan, ports, report, observer).await?;
    let places = (0u32..).skip(plan.identity.len());
    for (place, change) in places.zip(&plan.tenant_changes) {
        if let TenantChange::UnifiedAuditLog { ingestion, .. } = change {
            judge_late(place, *ingestion, connection.tenant_id, report, beside, ports);
        }
    }
    Ok(())
}

/// A switch of the unified audit log may show late, and is refuted once that time is over.
fn judge_late(
    place: u32,
    ingestion: bool,
    tenant: Uuid,
    report: &mut Report,
    beside: &Path,
    ports: &Ports,
) {
    let is_recent = pending::recall(beside, tenant, ports.now()) == Some(ingestion);
    if report.verdict(place) == Some(Verdict::Pending) {
        if !is_recent {
            report.verify(place, Verdict::Refuted);
        }
    } else if report.state(place) == StepState::Done
        && is_recent
        && let Err(error) = pending::forget(beside, tenant)
    {
        tracing::warn!(%error, "the time of the switch is kept, though it shows by now");
    }
}
