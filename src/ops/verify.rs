//! Proves the result of an apply by reading it back: identity chains by comparing them anew, mailboxes
//! by one bulk listing, again with growing pauses for up to a minute, and the switches beside them.
//! What the service documents as slow is pending, anything else that does not show is refuted.

use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use super::connect::Connection;
use super::identity;
use super::pending;
use super::ports::{Ports, Stopped};
use super::{read, recheck};
use crate::apply::{ChainsFound, Event, Observer, Report, StepState, Verdict, Verification};
use crate::plan::{Plan, TenantChange};
use crate::providers::exchange::Exchange;
use crate::state::{DesiredState, MailboxRow};

/// Pauses before each reading: 60 seconds in all.
const PAUSES: [u64; 7] = [0, 1, 2, 4, 8, 15, 30];
/// How many readings the unified audit log gets before it counts as pending.
const SWITCH_READINGS: usize = 3;

/// Reads back what was done or is in doubt since the last time and puts the verdicts into the report.
pub(super) async fn verify(
    connection: &Connection,
    desired: &DesiredState,
    plan: &Plan,
    ports: &Ports,
    report: &mut Report,
    observer: &mut dyn Observer,
) -> Result<(), Stopped> {
    let mut chains = Chains::new(plan, report);
    let mut mailboxes = Verification::new(plan, report);
    let mut switches = Switches::new(plan, report);
    for (reading, pause) in PAUSES.into_iter().enumerate() {
        if mailboxes.waiting() + switches.waiting(reading) + chains.waiting() == 0 {
            break;
        }
        sleep(Duration::from_secs(pause)).await;
        let waiting = mailboxes.waiting() + switches.all() + chains.waiting();
        observer.event(Event::Verifying { waiting });
        if chains.waiting() > 0 {
            chains.read(connection, desired, plan, ports).await?;
        }
        let Some(exchange) = &connection.exchange else { continue };
        switches.read(exchange).await?;
        if mailboxes.waiting() > 0 {
            let mut vocabulary = plan.mailboxes.vocabulary().clone();
            let expected = mailboxes.expected();
            let mut on_row = |row: &MailboxRow<'_>| {
                mailboxes.observe(row);
                Ok(())
            };
            if plan.undoes.is_some() {
                // What a run has changed may be nothing that the spec still manages.
                read::of_types(exchange, &expected, &mut vocabulary, &mut on_row).await?;
            } else {
                read::again(exchange, desired, &mut vocabulary, &mut on_row).await?;
            }
        }
    }
    settle(plan, report, &mailboxes, &switches, &chains);
    Ok(())
}

fn settle(
    plan: &Plan,
    report: &mut Report,
    mailboxes: &Verification<'_>,
    switches: &Switches,
    chains: &Chains,
) {
    for (place, change) in &switches.unconfirmed {
        let slow = matches!(change, TenantChange::UnifiedAuditLog { .. });
        report.verify(*place, if slow { Verdict::Pending } else { Verdict::Refuted });
    }
    for place in mailboxes.unconfirmed().chain(chains.unconfirmed.iter().copied()) {
        report.verify(place, Verdict::Refuted);
    }
    let confirmed: Vec<u32> = (0u32..)
        .take(plan.len())
        .filter(|place| report.state(*place) == StepState::InDoubt)
        .filter(|place| report.verdict(*place).is_none())
        .collect();
    for place in confirmed {
        report.verify(place, Verdict::Verified);
    }
    report.was_read_back();
}

/// The changes of identity chains that are still to be confirmed, by their places in the plan. A
/// change is confirmed when comparing anew no longer asks for it, or what it takes back is gone.
struct Chains {
    unconfirmed: Vec<u32>,
}

impl Chains {
    fn new(plan: &Plan, report: &Report) -> Self {
        let places = (0u32..).take(plan.identity.len());
        Self { unconfirmed: places.filter(|place| report.is_to_read_back(*place)).collect() }
    }

    fn waiting(&self) -> u64 {
        self.unconfirmed.len() as u64
    }

    async fn read(
        &mut self,
        connection: &Connection,
        desired: &DesiredState,
        plan: &Plan,
        ports: &Ports,
    ) -> Result<(), Stopped> {
        let touched = identity::Touched::by(plan);
        let observed = identity::observe(connection, desired, &touched, ports.now()).await?;
        let found = recheck::found(desired, plan, &observed, ports);
        self.unconfirmed.retain(|place| {
            let change = plan.identity.get(*place as usize);
            match &found {
                ChainsFound::Compared(left) => change.is_some_and(|change| {
                    left.diagnostics.has_errors()
                        || left.changes.iter().any(|left| left.address == change.address)
                }),
                ChainsFound::Undone(seen) => {
                    let seen = seen.get(*place as usize);
                    seen.is_some_and(|seen| seen.shown.iter().any(|is_shown| !is_shown))
                }
            }
        });
        Ok(())
    }
}

/// The switches that are still to be confirmed, with their places in the plan.
struct Switches {
    unconfirmed: Vec<(u32, TenantChange)>,
}

impl Switches {
    fn new(plan: &Plan, report: &Report) -> Self {
        let unconfirmed = (0u32..)
            .skip(plan.identity.len())
            .zip(plan.tenant_changes.iter().copied())
            .filter(|(place, _)| report.is_to_read_back(*place))
            .collect();
        Self { unconfirmed }
    }

    fn all(&self) -> u64 {
        self.unconfirmed.len() as u64
    }

    /// How many are worth another reading; the unified audit log is given up early, since it may
    /// take an hour.
    fn waiting(&self, reading: usize) -> u64 {
        let worth = |change: &TenantChange| {
            reading < SWITCH_READINGS || !matches!(change, TenantChange::UnifiedAuditLog { .. })
        };
        self.unconfirmed.iter().filter(|(_, change)| worth(change)).count() as u64
    }

    async fn read(&mut self, exchange: &Exchange) -> Result<(), Stopped> {
        let unified =
            |change: &TenantChange| matches!(change, TenantChange::UnifiedAuditLog { .. });
        if self.unconfirmed.iter().any(|(_, change)| unified(change)) {
            let seen = exchange.unified_audit_log().await.map_err(read::stop)?;
            self.unconfirmed.retain(|(_, change)| {
                !matches!(change, TenantChange::UnifiedAuditLog { ingestion, .. } if *ingestion == seen)
            });
        }
        if self.unconfirmed.iter().any(|(_, change)| !unified(change)) {
            let seen = exchange.organization().await.map_err(read::stop)?;
            self.unconfirmed.retain(|(_, change)| match change {
                TenantChange::MailboxAuditing { enabled, .. } => *enabled != seen.mailbox_auditing,
                TenantChange::Customization => seen.dehydrated,
                TenantChange::UnifiedAuditLog { .. } => true,
            });
        }
        Ok(())
    }
}

/// Remembers a switch of the unified audit log that does not show yet, or was not looked at again,
/// and forgets one that does.
pub(super) fn note_pending(
    connection: &Connection,
    plan: &Plan,
    report: &Report,
    proved: bool,
    beside: &Path,
    ports: &Ports,
) -> std::io::Result<()> {
    let tenant = connection.tenant_id;
    let places = (0u32..).skip(plan.identity.len());
    for (place, change) in places.zip(&plan.tenant_changes) {
        let TenantChange::UnifiedAuditLog { ingestion, .. } = change else { continue };
        let written = matches!(report.state(place), StepState::Done | StepState::InDoubt);
        let pending = !proved || report.unconfirmed().any(|(at, _)| at == place);
        if written && pending {
            pending::remember(beside, tenant, *ingestion, ports.now())?;
        } else if written {
            pending::forget(beside, tenant)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::apply::{Failure, FailureKind};
    use crate::state::TenantIdentity;

    fn doubtful(shows: bool) -> Report {
        let tenant = TenantIdentity { id: Uuid::nil(), organization: "contoso".to_owned() };
        let change = TenantChange::UnifiedAuditLog { ingestion: true, after_customization: false };
        let plan = Plan { tenant_changes: vec![change], ..Plan::of(tenant) };
        let mut report = Report::new(1);
        let message = "the connection was reset".to_owned();
        report.failed(0, Failure { kind: FailureKind::InDoubt, message, request_id: None });
        let mailboxes = Verification::new(&plan, &report);
        let mut switches = Switches::new(&plan, &report);
        switches.unconfirmed.retain(|_| !shows);
        let chains = Chains::new(&plan, &report);
        settle(&plan, &mut report, &mailboxes, &switches, &chains);
        report
    }

    #[test]
    fn a_doubtful_switch_that_does_not_show_stays_in_doubt_and_may_still_come() {
        let report = doubtful(false);
        assert_eq!(report.state(0), StepState::InDoubt);
        assert_eq!(report.verdict(0), Some(Verdict::Pending));
    }

    #[test]
    fn a_doubtful_switch_that_shows_was_done() {
        let report = doubtful(true);
        assert_eq!((report.state(0), report.verdict(0)), (StepState::Done, None));
    }
}
