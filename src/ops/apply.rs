//! Carries out a plan:
//!
//! 1. build the execution graph from the plan alone (`graph::build`);
//! 2. send what it says, in its order, with bounded concurrency (`apply::execute`);
//! 3. read back what was written (`verify`);
//! 4. remember a switch that does not show yet (`pending`).

use std::path::Path;
use std::sync::Arc;

use super::connect::Connection;
use super::ports::{Ports, Stopped};
use super::verify;
use super::writer::ExchangeWriter;
use crate::apply::{Cancel, Event, NoJournal, Observer, Report, StepState, execute};
use crate::diagnostic::Diagnostic;
use crate::graph;
use crate::plan::Plan;
use crate::state::DesiredState;

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub struct ApplyOptions {
    /// Requests under way at once.
    pub parallelism: usize,
    /// Tells it to start nothing more.
    pub cancel: Cancel,
}

/// What became of an apply, and of the reading that should have proved it.
#[derive(Debug)]
pub struct Applied {
    /// What was done.
    pub report: Report,
    /// Reading back failed, so what was done is not proved.
    pub unverified: Option<Stopped>,
}

/// Applies a plan. `beside` is the spec's directory.
pub async fn apply(
    connection: &Connection,
    desired: &DesiredState,
    plan: &Plan,
    beside: &Path,
    ports: &Ports,
    options: ApplyOptions,
    observer: &mut dyn Observer,
) -> Result<Applied, Stopped> {
    let graph = graph::build(plan).map_err(|cycle| Stopped::error(cycle.diagnostic()))?;
    let writer = Arc::new(ExchangeWriter(connection.exchange.clone()));
    let mut sink = NoJournal;
    let ApplyOptions { parallelism, cancel } = options;
    let mut report = execute(plan, &graph, &writer, parallelism, cancel, &mut sink, observer).await;
    let begun = report.count(StepState::Done) + report.count(StepState::InDoubt);
    let verified = if begun > 0 {
        verify::verify(connection, desired, plan, &mut report, observer).await
    } else {
        Ok(())
    };
    observer.event(Event::Finished);
    if let Err(error) = verify::note_pending(connection, plan, &report, beside, ports) {
        tracing::warn!(%error, "the time of the switch could not be kept");
    }
    Ok(Applied { report, unverified: verified.err().map(unproved) })
}

fn unproved(stopped: Stopped) -> Stopped {
    let mut diagnostics = stopped.diagnostics;
    diagnostics.push(
        Diagnostic::warning("not-verified", "what was written could not be read back")
            .help("run `auditform plan` later: it shows what is left to do, if anything"),
    );
    Stopped { diagnostics, ..stopped }
}
