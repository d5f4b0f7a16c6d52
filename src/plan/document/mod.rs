//! The plan as a JSON document, in two forms of one shape (`schemas/plan.schema.json`):
//!
//! - printed ([`PlanDocument`]): every change whole, for people's tools;
//! - saved ([`SavedPlan`]): canonical JSON (RFC 8785) with a digest, what mailboxes share held once
//!   under `patterns`, and the spec that it was made from. It can be read back, and is what an apply
//!   of a reviewed plan carries out.
//!
//! Both are written as a stream: no copy of the plan is made, whatever its size.

mod read;
mod restore;
mod room;
mod row;
mod saved;
mod schema;
mod step;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

pub use read::{ReadPlan, UnreadablePlan, looks_like_plan, read_plan};
pub use saved::{GitCommit, Host, Made, SavedPlan, SpecText, digest};
pub use schema::plan_schema;

use super::{Change, Plan, SignInGate};
use crate::resource::{Address, Kind, PlanDigest};
use row::WholeRow;

/// A change of the shape that a reader could trip over raises the first number, any other the
/// second. Documents of a higher version are refused, older ones are read.
pub const FORMAT_VERSION: &str = "1.4";

/// A plan that serialises as its printed document.
#[derive(Debug, Clone, Copy)]
pub struct PlanDocument<'p> {
    /// The plan.
    pub plan: &'p Plan,
    /// The digest of the saved form, by which it is approved, where it was computed.
    pub digest: Option<PlanDigest>,
}

impl Serialize for PlanDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plan = self.plan;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("format_version", FORMAT_VERSION)?;
        map.serialize_entry("tool_version", env!("CARGO_PKG_VERSION"))?;
        if let Some(digest) = &self.digest {
            map.serialize_entry("digest", digest)?;
        }
        map.serialize_entry("tenant", &Tenant::of(plan))?;
        map.serialize_entry("summary", &Counts::of(plan))?;
        map.serialize_entry("changes", &Changes(plan))?;
        if let Some(gate) = &plan.sign_in {
            map.serialize_entry("sign_in", &SignInRow::of(gate))?;
        }
        map.serialize_entry("pending", &addresses(&plan.pending))?;
        map.serialize_entry("deferred", &addresses(&plan.deferred))?;
        if !plan.unread.is_empty() {
            map.serialize_entry("unread", &addresses(&plan.unread))?;
        }
        map.serialize_entry("safeguards", &plan.safeguards)?;
        map.serialize_entry("refused", &refused(plan))?;
        map.serialize_entry("violations", &plan.refused)?;
        if let Some(taken_at) = plan.snapshot {
            map.serialize_entry("snapshot", &SnapshotRow { taken_at })?;
        }
        if let Some(selected) = &plan.selected {
            map.serialize_entry("selection", selected)?;
        }
        if let Some(undoes) = &plan.undoes {
            map.serialize_entry("undoes", undoes)?;
        }
        map.serialize_entry("notes", &plan.notes)?;
        if !plan.checks.is_empty() {
            map.serialize_entry("checks", &plan.checks)?;
        }
        if let Some(rules) = &plan.approval {
            map.serialize_entry("approval", rules)?;
        }
        map.end()
    }
}

#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
struct Tenant {
    /// Its id.
    id: uuid::Uuid,
    /// Its initial domain, or its id where the spec names no domain.
    #[schemars(length(min = 1))]
    organization: String,
}

impl Tenant {
    fn of(plan: &Plan) -> Self {
        Self { id: plan.tenant.id, organization: plan.tenant.organization.clone() }
    }
}

/// Where a plan was not made from the tenant itself.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
struct SnapshotRow {
    /// When the tenant was read, in UTC.
    taken_at: jiff::Timestamp,
}

#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
struct SignInRow {
    /// The application.
    #[schemars(with = "Address")]
    application: String,
    /// What it waits for; nothing where all of it is there already.
    #[schemars(with = "Vec<Address>", extend("uniqueItems" = true))]
    after: Vec<String>,
}

impl SignInRow {
    fn of(gate: &SignInGate) -> Self {
        let application = Address::named(Kind::Application, &gate.application).to_string();
        Self { application, after: addresses(&gate.after) }
    }
}

/// The counts of the plan.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
#[schemars(extend(
    "required" = ["create", "change", "delete", "unchanged", "requests", "reads"]
))]
struct Counts {
    /// Objects that come into being.
    create: u64,
    /// Objects that change.
    change: u64,
    /// Objects that go.
    delete: u64,
    /// Managed objects that need nothing.
    unchanged: u64,
    /// Those of them that are mailboxes. With the mailboxes that change they are the population of
    /// limits. Not told before version 1.2.
    #[serde(default)]
    unchanged_mailboxes: u64,
    /// Requests that write.
    requests: u64,
    /// All other requests of an apply. Left out of the digest: how many pages a list comes in is the
    /// service's affair.
    #[serde(skip_serializing_if = "Option::is_none")]
    reads: Option<u64>,
}

impl Counts {
    fn of(plan: &Plan) -> Self {
        let summary = plan.summary();
        Self {
            create: summary.create,
            change: summary.change,
            delete: summary.delete,
            unchanged: summary.unchanged,
            unchanged_mailboxes: plan.unchanged_mailboxes,
            requests: summary.requests,
            reads: Some(summary.reads),
        }
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
            changes.serialize_element(&WholeRow::of(&change, depends_on))?;
        }
        changes.end()
    }
}

/// Why the plan may not be applied, in words.
fn refused(plan: &Plan) -> Vec<String> {
    plan.refused.iter().map(|refusal| refusal.violation.words()).collect()
}

fn addresses(list: &[Address]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}
