//! The checks of a spec: judged with a plan that is being made, and once more before one that was
//! saved is applied, upon what the tenant holds by then and what that plan would change of it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::connect::Connection;
use super::ports::{Ports, Stopped};
use super::read;
use super::source::Source;
use crate::apply::comparable;
use crate::diagnostic::{Sources, Span};
use crate::plan::{
    CheckResult, CheckedMailboxes, DifferingRows, Evidence, MailboxJudge, ObservedTenant, Plan,
    judge_checks, switch_after,
};
use crate::state::{AuditState, DesiredState, MailboxRow, ObservedCertificate};

/// Where the places of a spec are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) sources: &'a Sources,
    /// The spec's directory.
    pub(super) beside: &'a Path,
}

impl Places<'_> {
    /// A place as seen from the spec's directory: how that was named makes no difference to a plan.
    pub(super) fn of(&self, span: Span) -> String {
        let place = self.sources.place(span);
        let beside = self.beside.strip_prefix(".").unwrap_or(self.beside);
        let inner = Path::new(&place).strip_prefix(beside).map(|path| path.display().to_string());
        inner.unwrap_or(place)
    }
}

/// What was read of Exchange, as far as checks ask.
#[derive(Debug, Default)]
pub(super) struct ReadForChecks {
    /// The switches; `None` where nobody may read them.
    pub(super) tenant: Option<ObservedTenant>,
    /// The mailboxes; `None` where none were read.
    pub(super) mailboxes: Option<CheckedMailboxes>,
}

/// Judges the checks of a spec with a plan.
pub(super) fn judge(
    desired: &DesiredState,
    plan: &Plan,
    certificates: &BTreeMap<String, ObservedCertificate>,
    read: &ReadForChecks,
    now: Timestamp,
    places: Places<'_>,
) -> Vec<CheckResult> {
    let (tenant, mailboxes) = (read.tenant, read.mailboxes.as_ref());
    let evidence = Evidence { desired, plan, now, certificates, tenant, mailboxes };
    judge_checks(&evidence, &|span| places.of(span))
}

/// Judges the checks of a saved plan's spec again.
pub async fn judge_again(
    connection: &mut Connection,
    desired: &DesiredState,
    plan: &Plan,
    beside: &Path,
    sources: &Sources,
    ports: &Ports,
) -> Result<Vec<CheckResult>, Stopped> {
    let certificates = connection.certificates.observe(ports.now())?;
    let mut read = ReadForChecks::default();
    if connection.exchange.is_some() {
        let mut source = Source::Tenant(connection);
        let tenant = source.switches(desired, beside, ports).await?;
        read.mailboxes =
            checked_mailboxes(&mut source, desired, plan, &tenant, ports.today()).await?;
        read.tenant = Some(tenant);
    }
    let places = Places { sources, beside };
    Ok(judge(desired, plan, &certificates, &read, ports.now(), places))
}

/// Judges mailboxes by a plan that is made: what it changes of each, and nothing that it leaves out.
pub(super) async fn checked_mailboxes(
    source: &mut Source<'_>,
    desired: &DesiredState,
    plan: &Plan,
    tenant: &ObservedTenant,
    today: Date,
) -> Result<Option<CheckedMailboxes>, Stopped> {
    if desired.checks.iter().all(|check| check.mailboxes().is_none()) {
        return Ok(None);
    }
    let auditing = tenant.organization.is_none_or(|read| read.mailbox_auditing);
    let after = switch_after(plan).unwrap_or(auditing);
    let mut judge = MailboxJudge::new(desired, [auditing, after], today);
    // The plan's sets of actions have the plan's bits.
    let mut vocabulary = plan.mailboxes.vocabulary().clone();
    let changes = plan.mailboxes.index_by_guid();
    let mut outcomes: Vec<(Uuid, u32)> = Vec::new();
    let mut on_row = |row: &MailboxRow<'_>| {
        let outcome = judge.observe(row, &planned(plan, &changes, row));
        outcomes.push((row.guid, outcome));
        Ok(())
    };
    source.rows_of_checks(desired, &mut vocabulary, &mut on_row).await?;
    outcomes.sort_unstable();
    outcomes.dedup();
    if let Some(pair) = outcomes.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(read::differing_rows(DifferingRows { guid: pair[0].0 }));
    }
    let outcomes = outcomes.into_iter().map(|(_, outcome)| outcome);
    Ok(Some(judge.finish(outcomes, &vocabulary)))
}

/// What a mailbox will be: what the plan makes of it, where it is still what the plan saw.
fn planned(plan: &Plan, changes: &[(Uuid, u32)], row: &MailboxRow<'_>) -> AuditState {
    let place = changes.binary_search_by(|(guid, _)| guid.cmp(&row.guid)).ok();
    let view = place.and_then(|at| plan.mailboxes.get(changes[at].1 as usize));
    view.filter(|view| view.pattern().before == comparable(plan, *view, row))
        .map_or(row.audit, |view| view.pattern().evaluation.after)
}
