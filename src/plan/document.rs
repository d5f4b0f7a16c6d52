//! The plan as a JSON document, written as a stream: no copy of the plan is made, whatever its
//! size. The shape is described by `schemas/plan.schema.json`; a change of it that a reader could
//! trip over raises the first number of the format version.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::identity;
use super::write::{ListWrite, MailboxPatch, Operation, Write};
use super::{Attribute, Change, Plan, Reversible, SignInGate, Value};
use crate::resource::{Address, Kind};

/// Readers take every document with the same first number and ignore keys that they do not know.
pub const FORMAT_VERSION: &str = "1.1";

/// A plan that serialises as its document.
#[derive(Debug, Clone, Copy)]
pub struct PlanDocument<'p>(pub &'p Plan);

impl Serialize for PlanDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plan = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("format_version", FORMAT_VERSION)?;
        map.serialize_entry("tool_version", env!("CARGO_PKG_VERSION"))?;
        map.serialize_entry("tenant", &Tenant(plan))?;
        map.serialize_entry("summary", &Counts(plan))?;
        map.serialize_entry("changes", &Changes(plan))?;
        if let Some(gate) = &plan.sign_in {
            map.serialize_entry("sign_in", &SignIn(gate))?;
        }
        let pending: Vec<String> = plan.pending.iter().map(ToString::to_string).collect();
        map.serialize_entry("pending", &pending)?;
        map.serialize_entry("deferred", &addresses(&plan.deferred))?;
        if !plan.unread.is_empty() {
            map.serialize_entry("unread", &addresses(&plan.unread))?;
        }
        map.serialize_entry("safeguards", &plan.safeguards)?;
        let words: Vec<String> =
            plan.refused.iter().map(|refusal| refusal.violation.words()).collect();
        map.serialize_entry("refused", &words)?;
        map.serialize_entry("violations", &plan.refused)?;
        map.serialize_entry("notes", &plan.notes)?;
        map.end()
    }
}

struct Tenant<'p>(&'p Plan);

impl Serialize for Tenant<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("id", &self.0.tenant.id.to_string())?;
        map.serialize_entry("organization", &self.0.tenant.organization)?;
        map.end()
    }
}

struct SignIn<'p>(&'p SignInGate);

impl Serialize for SignIn<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let application = Address::named(Kind::Application, &self.0.application).to_string();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("application", &application)?;
        map.serialize_entry("after", &addresses(&self.0.after))?;
        map.end()
    }
}

struct Counts<'p>(&'p Plan);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let summary = self.0.summary();
        let counts = [
            ("create", summary.create),
            ("change", summary.change),
            ("delete", summary.delete),
            ("unchanged", summary.unchanged),
            ("unchanged_mailboxes", self.0.unchanged_mailboxes),
            ("requests", summary.requests),
            ("reads", summary.reads),
        ];
        serializer.collect_map(counts)
    }
}

struct Changes<'p>(&'p Plan);

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plan = self.0;
        let before_mailboxes = addresses(&plan.before_mailboxes());
        let mut changes = serializer.serialize_seq(Some(plan.len()))?;
        for change in plan.changes() {
            let depends_on = match &change {
                Change::Mailbox(_) => &before_mailboxes,
                _ => &addresses(&change.depends_on(plan)),
            };
            changes.serialize_element(&ChangeDocument { change, depends_on })?;
        }
        changes.end()
    }
}

fn addresses(list: &[Address]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

struct ChangeDocument<'p> {
    change: Change<'p>,
    depends_on: &'p [String],
}

impl Serialize for ChangeDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let change = &self.change;
        let attributes = change.attributes();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("address", &change.address().to_string())?;
        map.serialize_entry("action", change.action().name())?;
        map.serialize_entry("reason", &change.reason())?;
        if let Change::Mailbox(view) = change {
            map.serialize_entry("guid", &view.guid().to_string())?;
            map.serialize_entry("anchor", &format!("UPN:{}", view.upn()))?;
            map.serialize_entry("recipient_type", view.pattern().recipient_type.name())?;
        }
        map.serialize_entry("before", &Before(&attributes))?;
        map.serialize_entry("after", &After(&attributes))?;
        let unknown: Vec<&str> = attributes
            .iter()
            .filter(|attribute| attribute.after == Some(Value::Unknown))
            .map(|attribute| attribute.name)
            .collect();
        if !unknown.is_empty() {
            map.serialize_entry("after_unknown", &unknown)?;
        }
        map.serialize_entry("removes", &Removes(change))?;
        map.serialize_entry("weakens", &change.weakens())?;
        map.serialize_entry("leaves_microsoft_management", &change.leaves_management())?;
        match change.reversible() {
            Reversible::Yes => map.serialize_entry("reversible", &true)?,
            Reversible::No(reason) => {
                map.serialize_entry("reversible", &false)?;
                map.serialize_entry("irreversible_because", reason)?;
            }
        }
        map.serialize_entry("depends_on", self.depends_on)?;
        let mut writes: Vec<WriteDocument> =
            change.writes().into_iter().map(WriteDocument).collect();
        if let Change::Identity(identity) = change {
            map.serialize_entry("after_exchange", &identity.after_exchange)?;
            if let Some(last) = identity.finally.as_ref().and_then(|_| writes.pop()) {
                map.serialize_entry("finally", &last)?;
            }
        }
        map.serialize_entry("writes", &writes)?;
        map.end()
    }
}

struct Before<'a, 'p>(&'a [Attribute<'p>]);

impl Serialize for Before<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter_map(|attribute| {
            attribute.before.as_ref().map(|value| (attribute.name, Plain(value)))
        }))
    }
}

struct After<'a, 'p>(&'a [Attribute<'p>]);

impl Serialize for After<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter_map(|attribute| {
            let value = attribute.after.as_ref().filter(|value| **value != Value::Unknown)?;
            Some((attribute.name, Plain(value)))
        }))
    }
}

struct Plain<'a, 'p>(&'a Value<'p>);

impl Serialize for Plain<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Text(value) => serializer.serialize_str(value),
            Value::Set(values) => serializer.collect_seq(values),
            Value::Unknown => serializer.serialize_unit(),
        }
    }
}

struct Removes<'a, 'p>(&'a Change<'p>);

impl Serialize for Removes<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.removes())
    }
}

/// A request as it stands in the plan: an operation and its values, in our words.
struct WriteDocument(Operation);

impl Serialize for WriteDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Operation::Identity(write) => identity::document(write, serializer),
            Operation::Exchange(write) => exchange_document(write, serializer),
        }
    }
}

fn exchange_document<S: Serializer>(write: &Write, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    match write {
        Write::EnableOrganizationCustomization => {
            map.serialize_entry("operation", "enable_organization_customization")?;
        }
        Write::SetUnifiedAuditLog { ingestion } => {
            map.serialize_entry("operation", "set_unified_audit_log")?;
            map.serialize_entry("ingestion", ingestion)?;
        }
        Write::SetMailboxAuditing { enabled } => {
            map.serialize_entry("operation", "set_mailbox_auditing")?;
            map.serialize_entry("mailbox_auditing", enabled)?;
        }
        Write::ResetDefaultAuditSet { logon_types, .. } => {
            map.serialize_entry("operation", "reset_default_audit_set")?;
            map.serialize_entry("logon_types", &logon_types.names())?;
        }
        Write::SetMailbox { patch, .. } => {
            map.serialize_entry("operation", "set_mailbox")?;
            serialize_patch(&mut map, patch)?;
        }
    }
    map.end()
}

fn serialize_patch<M: SerializeMap>(map: &mut M, patch: &MailboxPatch) -> Result<(), M::Error> {
    if let Some(enabled) = patch.enabled {
        map.serialize_entry("enabled", &enabled)?;
    }
    let lists = [("admin", &patch.admin), ("delegate", &patch.delegate), ("owner", &patch.owner)];
    for (name, list) in lists {
        if let Some(list) = list {
            map.serialize_entry(name, &ListDocument(list))?;
        }
    }
    if let Some(limit) = patch.log_age_limit {
        map.serialize_entry("log_age_limit", &limit.timespan())?;
    }
    Ok(())
}

struct ListDocument<'a>(&'a ListWrite);

impl Serialize for ListDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ListWrite::Replace(names) => serializer.collect_map([("replace", names)]),
            ListWrite::Add(names) => serializer.collect_map([("add", names)]),
        }
    }
}
