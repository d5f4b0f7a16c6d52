//! From the members of a document back to a [`Plan`]. What is told twice in a document (an address
//! and a name, counts and what they count) has to agree.

mod pattern;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use uuid::Uuid;

use super::row::{Datum, MailboxRow, Members, Particulars};
use super::step::StepRow;
use super::{Counts, SignInRow, SnapshotRow, Tenant};
use crate::approval::ApprovalRules;
use crate::plan::identity::IdentityChange;
use crate::plan::mailboxes::{MailboxChange, MailboxChanges, Names};
use crate::plan::tenant::TenantChange;
use crate::plan::{
    CheckResult, Held, HeldAttribute, Plan, Refusal, Reversible, Selected, SignInGate, Summary,
    Undoes,
};
use crate::resource::{ActionVocabulary, Address, Kind};
use crate::state::{Safeguards, TenantIdentity};
use pattern::pattern;

/// Something in a document that cannot be.
#[derive(Debug)]
pub(super) struct Unfit(String);

impl Unfit {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<serde_json::Error> for Unfit {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<io::Error> for Unfit {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Changes that are not of mailboxes are held whole, and come from a spec of 16 MiB at most.
const MOST_OF_OTHERS: usize = 100_000;

fn unfit<T>(what: impl Into<String>) -> Result<T, Unfit> {
    Err(Unfit::new(what))
}

/// Gathers the members of a document, in whatever order they come.
#[derive(Default)]
pub(super) struct Restorer {
    tenant: Option<Tenant>,
    counts: Option<Summary>,
    few: Vec<(Address, Particulars)>,
    mailboxes: Vec<MailboxChange>,
    names: Names,
    /// The policy that each mailbox's address names, by pattern; one pattern has one.
    policy_of: HashMap<u32, String>,
    patterns: Vec<Particulars>,
    /// Patterns of documents that hold every mailbox whole.
    known: HashMap<String, u32>,
    sign_in: Option<SignInRow>,
    pending: Vec<Address>,
    deferred: Vec<Address>,
    unread: Vec<Address>,
    refused: Vec<String>,
    violations: Option<Vec<Refusal>>,
    safeguards: Safeguards,
    unchanged_mailboxes: u64,
    notes: Vec<String>,
    snapshot: Option<SnapshotRow>,
    selected: Option<Selected>,
    undoes: Option<Undoes>,
    checks: Vec<CheckResult>,
    approval: Option<ApprovalRules>,
}

impl Restorer {
    pub(super) fn counts(&mut self, counts: &Counts) {
        self.unchanged_mailboxes = counts.unchanged_mailboxes;
        self.counts = Some(Summary {
            create: counts.create,
            change: counts.change,
            delete: counts.delete,
            unchanged: counts.unchanged,
            requests: counts.requests,
            reads: counts.reads.unwrap_or_default(),
        });
    }

    pub(super) fn checks(&mut self, checks: Vec<CheckResult>) {
        self.checks = checks;
    }

    /// Takes any other member than the changes, the counts and the checks.
    pub(super) fn member(&mut self, name: &str, text: &str) -> Result<(), Unfit> {
        match name {
            "tenant" => self.tenant = Some(serde_json::from_str(text)?),
            "patterns" => self.patterns.extend(list::<Particulars>(text)?),
            "sign_in" => self.sign_in = Some(serde_json::from_str(text)?),
            "pending" => self.pending = addresses(&list::<String>(text)?)?,
            "deferred" => self.deferred = addresses(&list::<String>(text)?)?,
            "unread" => self.unread = addresses(&list::<String>(text)?)?,
            "refused" => self.refused = list(text)?,
            "violations" => self.violations = Some(list(text)?),
            "safeguards" => self.safeguards = serde_json::from_str(text)?,
            "snapshot" => self.snapshot = Some(serde_json::from_str(text)?),
            "selection" => self.selected = Some(selected(text)?),
            "undoes" => self.undoes = Some(serde_json::from_str(text)?),
            "notes" => self.notes = list(text)?,
            "approval" => self.approval = Some(serde_json::from_str(text)?),
            "format_version" | "tool_version" | "created_at" | "digest" | "git" | "host" => {}
            other => return unfit(format!("`{other}` is no part of a plan")),
        }
        Ok(())
    }

    /// Takes one change.
    pub(super) fn change(&mut self, text: &str) -> Result<(), Unfit> {
        if let Ok(row) = serde_json::from_str::<MailboxRow>(text) {
            let upn = match row.upn {
                Some(upn) => upn,
                None => key_of(&address(&row.address)?)?.to_owned(),
            };
            return self.mailbox(&row.address, row.guid, &upn, row.pattern);
        }
        let mut members: serde_json::Map<String, Json> = serde_json::from_str(text)?;
        let mut take = |name: &str| members.remove(name);
        let Some(Json::String(at)) = take("address") else {
            return unfit("a change has no address");
        };
        let (guid, anchor) = (take("guid"), take("anchor"));
        let particulars: Particulars = serde_json::from_value(Json::Object(members))?;
        let parsed = address(&at)?;
        if parsed.kind() != Kind::MailboxAudit {
            if self.few.len() == MOST_OF_OTHERS {
                return unfit("it changes more than any spec can name");
            }
            self.few.push((parsed, particulars));
            return Ok(());
        }
        let guid = guid.map(serde_json::from_value::<Uuid>).transpose()?;
        let upn = anchor.as_ref().and_then(Json::as_str).and_then(|text| text.strip_prefix("UPN:"));
        let (Some(guid), Some(upn)) = (guid, upn) else {
            return unfit(format!("`{at}` lacks its guid or its anchor"));
        };
        let pattern = self.whole_pattern(&parsed, particulars)?;
        self.mailbox(&at, guid, upn, pattern)
    }

    /// The pattern of a mailbox that is held whole. Older documents tell one policy, in the address.
    fn whole_pattern(&mut self, at: &Address, mut row: Particulars) -> Result<u32, Unfit> {
        if row.policies.is_empty() {
            row.policies.extend(at.name().map(str::to_owned));
        }
        let text = serde_jcs::to_string(&row)?;
        let next = u32::try_from(self.patterns.len()).unwrap_or(u32::MAX);
        let number = *self.known.entry(text).or_insert(next);
        if number == next {
            self.patterns.push(row);
        }
        Ok(number)
    }

    fn mailbox(&mut self, at: &str, guid: Uuid, upn: &str, pattern: u32) -> Result<(), Unfit> {
        let parsed = address(at)?;
        let policy = parsed.name().unwrap_or_default();
        if parsed != Address::mailbox(policy, upn) {
            return unfit(format!("`{at}` and `{upn}` are not one mailbox"));
        }
        let known = self.policy_of.entry(pattern).or_insert_with(|| policy.to_owned());
        if known != policy {
            return unfit(format!("`{at}` has the pattern of another policy"));
        }
        let name = self.names.add(upn);
        self.mailboxes.push(MailboxChange { guid, name, pattern });
        Ok(())
    }

    /// The plan, if everything is there and fits.
    pub(super) fn finish(mut self) -> Result<Plan, Unfit> {
        let Some(tenant) = self.tenant.take() else { return unfit("it names no tenant") };
        let Some(counts) = self.counts.take() else { return unfit("it has no `summary`") };
        if self.violations.is_none() {
            // Older documents tell in words alone why a plan was refused.
            let refused = std::mem::take(&mut self.refused);
            self.notes.extend(refused.into_iter().map(|why| format!("it was refused: {why}")));
        }
        let identity = TenantIdentity { id: tenant.id, organization: tenant.organization };
        let mut plan = Plan {
            sign_in: self.sign_in.as_ref().map(sign_in).transpose()?,
            unchanged: counts.unchanged,
            reads: counts.reads,
            pending: std::mem::take(&mut self.pending),
            deferred: std::mem::take(&mut self.deferred),
            unread: std::mem::take(&mut self.unread),
            unchanged_mailboxes: self.unchanged_mailboxes,
            safeguards: std::mem::take(&mut self.safeguards),
            refused: self.violations.take().unwrap_or_default(),
            notes: std::mem::take(&mut self.notes),
            snapshot: self.snapshot.map(|row| row.taken_at),
            selected: self.selected.take(),
            undoes: self.undoes.take(),
            checks: std::mem::take(&mut self.checks),
            approval: self.approval.take(),
            ..Plan::of(identity)
        };
        for (at, row) in std::mem::take(&mut self.few) {
            if TENANT_KINDS.contains(&at.kind()) {
                plan.tenant_changes.push(tenant_change(&at, &row)?);
            } else {
                plan.identity.push(identity_change(at, row)?);
            }
        }
        let stated = self.mailboxes.len();
        plan.mailboxes = self.into_mailboxes()?;
        if let Some(undoes) = &plan.undoes {
            plan.mailboxes = plan.mailboxes.of_undo(&undoes.run);
        }
        if plan.mailboxes.len() != stated {
            return unfit("it changes one mailbox twice");
        }
        if plan.summary() != counts {
            return unfit("its `summary` does not count what it holds");
        }
        Ok(plan)
    }

    fn into_mailboxes(self) -> Result<MailboxChanges, Unfit> {
        let mut policies = Vec::new();
        let mut vocabulary = ActionVocabulary::default();
        let mut patterns = Vec::new();
        for (row, number) in self.patterns.into_iter().zip(0u32..) {
            let first = row.policies.first();
            if self.policy_of.get(&number).is_some_and(|policy| Some(policy) != first) {
                return unfit("a mailbox has the pattern of another policy");
            }
            patterns.push(pattern(&row, &mut policies, &mut vocabulary)?);
        }
        if self.mailboxes.iter().any(|change| patterns.get(change.pattern as usize).is_none()) {
            return unfit("a mailbox names a pattern that is not there");
        }
        Ok(MailboxChanges::new(policies, patterns, self.mailboxes, self.names, vocabulary))
    }
}

const TENANT_KINDS: [Kind; 3] =
    [Kind::OrganizationCustomization, Kind::UnifiedAuditLog, Kind::Organization];

fn list<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, Unfit> {
    Ok(serde_json::from_str(text)?)
}

fn address(text: &str) -> Result<Address, Unfit> {
    let parsed = Address::parse(text).filter(|parsed| parsed.kind().is_planned());
    parsed.ok_or_else(|| Unfit(format!("`{text}` is no address in a plan")))
}

fn addresses(texts: &[String]) -> Result<Vec<Address>, Unfit> {
    texts.iter().map(|text| address(text)).collect()
}

fn key_of(at: &Address) -> Result<&str, Unfit> {
    at.key().ok_or_else(|| Unfit(format!("`{at}` names no mailbox")))
}

fn selected(text: &str) -> Result<Selected, Unfit> {
    let selected: Selected = serde_json::from_str(text)?;
    selected.selection().map_err(|error| Unfit(error.to_string()))?;
    Ok(selected)
}

fn sign_in(row: &SignInRow) -> Result<SignInGate, Unfit> {
    let application = address(&row.application)?;
    let Some(name) = application.name() else { return unfit("the sign-in names no application") };
    Ok(SignInGate { application: name.to_owned(), after: addresses(&row.after)? })
}

fn tenant_change(at: &Address, row: &Particulars) -> Result<TenantChange, Unfit> {
    let customization = Address::singleton(Kind::OrganizationCustomization).to_string();
    let after_customization = row.depends_on.contains(&customization);
    let Some((_, Datum::Bool(after))) = row.after.0.first() else {
        return unfit(format!("`{at}` has no value"));
    };
    Ok(match at.kind() {
        Kind::OrganizationCustomization => TenantChange::Customization,
        Kind::UnifiedAuditLog => {
            TenantChange::UnifiedAuditLog { ingestion: *after, after_customization }
        }
        _ => TenantChange::MailboxAuditing { enabled: *after, after_customization },
    })
}

fn identity_change(at: Address, row: Particulars) -> Result<IdentityChange, Unfit> {
    let names = if row.attributes.is_empty() { names_of(&row) } else { row.attributes.clone() };
    let mut change = IdentityChange::new(at, row.action, row.reason);
    let held = |members: &Members<Datum>, name: &str| {
        let found = members.0.iter().find(|(member, _)| member == name);
        found.map(|(_, datum)| match datum {
            Datum::Bool(value) => Held::Bool(*value),
            Datum::Text(text) => Held::Text(text.clone()),
            Datum::Set(values) => Held::Set(values.clone()),
        })
    };
    for name in names {
        let is_unknown = row.after_unknown.contains(&name);
        let after = if is_unknown { Some(Held::Unknown) } else { held(&row.after, &name) };
        let before = held(&row.before, &name);
        change.attributes.push(HeldAttribute { name: Cow::Owned(name), before, after });
    }
    change.removes =
        row.removes.0.into_iter().map(|(name, values)| (Cow::Owned(name), values)).collect();
    change.weakens = row.weakens;
    change.reversible = match row.irreversible_because {
        Some(reason) if !row.reversible => Reversible::No(Cow::Owned(reason)),
        _ => Reversible::Yes,
    };
    change.depends_on = addresses(&row.depends_on)?;
    change.after_exchange = row.after_exchange.unwrap_or_default();
    let step = |step: StepRow| match step {
        StepRow::Identity(write) => Ok(write),
        StepRow::Exchange(_) => unfit("an identity chain has a step in Exchange"),
    };
    change.writes = row.writes.into_iter().map(step).collect::<Result<_, _>>()?;
    change.finally = row.finally.map(step).transpose()?;
    Ok(change)
}

/// The attributes of a document that does not tell their order.
fn names_of(row: &Particulars) -> Vec<String> {
    let known = row.before.0.iter().chain(&row.after.0).map(|(name, _)| name);
    let mut names: Vec<String> = known.chain(&row.after_unknown).cloned().collect();
    names.sort();
    names.dedup();
    names
}
