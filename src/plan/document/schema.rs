//! The JSON Schema of a plan, in both its forms. The types here are views: nothing is written with
//! them. They say of the rows that are written what differs with the kind of an object, and of the
//! document which members it has, since that is written member by member. Tests hold documents to them.

#![expect(dead_code, reason = "of a view only the schema is used")]

mod rows;

use schemars::JsonSchema;

use super::saved::{GitCommit, Host, SpecText};
use super::{Counts, SignInRow, SnapshotRow, Tenant};
use crate::approval::ApprovalRules;
use crate::plan::{CheckResult, Refusal, Selected, Undoes};
use crate::resource::{Address, PlanDigest};
use crate::schema::schema_text;
use crate::state::Safeguards;
pub(super) use rows::{ActionNames, MailboxAddress, SomeActionNames, TimeSpan};
use rows::{PatternRow, Row};

/// The JSON Schema of a plan, as published.
pub fn plan_schema() -> String {
    schema_text::<Document>(
        "A plan of Auditform",
        "What `auditform plan --format json` prints, and what `auditform plan --out FILE` saves: \
         there, what mailboxes share is held once under `patterns`. Readers take every document \
         whose `format_version` begins with the same number and ignore keys that they do not know; \
         this schema is of the version that it was published with and knows all keys.",
    )
}

/// A document. Its members are those of [`PlanDocument`](super::PlanDocument) and of
/// [`SavedPlan`](super::SavedPlan); optional are those that only one of the two has, and those that
/// some plans or older versions lack.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Document {
    /// The first number is raised by a change that a reader could trip over.
    #[schemars(regex(pattern = r"^1\.[0-9]+$"))]
    format_version: String,
    /// The version of Auditform that made the plan.
    tool_version: String,
    /// When it was made, in UTC; in saved plans.
    #[schemars(skip_serializing_if = "Option::is_none")]
    created_at: Option<jiff::Timestamp>,
    /// SHA-256 over the saved document as canonical JSON (RFC 8785) without `created_at`, `digest`, `git`, `host`, `snapshot`, `tool_version`, `summary.reads`, and `selected` and `conforming` of checks that passed.
    #[schemars(skip_serializing_if = "Option::is_none")]
    digest: Option<PlanDigest>,
    /// The commit that the spec was at; in saved plans.
    #[schemars(skip_serializing_if = "Option::is_none")]
    git: Option<GitCommit>,
    /// Where it was made; in saved plans.
    #[schemars(skip_serializing_if = "Option::is_none")]
    host: Option<Host>,
    /// The spec that it was made from, whole; in saved plans.
    #[schemars(skip_serializing_if = "Option::is_none")]
    spec: Option<SpecText>,
    /// Who has to sign the plan before it may be applied; left out where nobody has to.
    #[schemars(skip_serializing_if = "Option::is_none")]
    approval: Option<ApprovalRules>,
    /// What mailboxes share; in saved plans.
    #[schemars(skip_serializing_if = "Option::is_none")]
    patterns: Option<Vec<PatternRow>>,
    /// The tenant that was read, and the only one that the plan may change.
    tenant: Tenant,
    /// The counts of the plan.
    summary: Counts,
    /// Every change: identity chains first, then the tenant's, then mailboxes by address.
    changes: Vec<Row>,
    /// Addresses that were written lately and still read as before.
    #[schemars(extend("uniqueItems" = true))]
    pending: Vec<Address>,
    /// The sign-in that everything in Exchange waits for, as an application that this plan makes or changes.
    #[schemars(skip_serializing_if = "Option::is_none")]
    sign_in: Option<SignInRow>,
    /// Known only after the sign-in, and then planned by itself: nobody may read it before.
    #[schemars(extend("uniqueItems" = true))]
    deferred: Vec<Address>,
    /// Nobody may read it, and no sign-in of this plan opens it.
    #[schemars(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("uniqueItems" = true))]
    unread: Option<Vec<Address>>,
    /// What the plan was held against: the limits and prevents of its spec, and what its run is allowed beyond them.
    #[schemars(skip_serializing_if = "Option::is_none")]
    safeguards: Option<Safeguards>,
    /// What was compared was not read from the tenant for this plan but kept before; not there otherwise.
    #[schemars(skip_serializing_if = "Option::is_none")]
    snapshot: Option<SnapshotRow>,
    /// What the plan was narrowed to with `--target` and `--exclude`, and what that left out; not there where the plan is the whole.
    #[schemars(skip_serializing_if = "Option::is_none")]
    selection: Option<Selected>,
    /// The run that the plan takes back, and what of it stays; not there where it is no undo.
    #[schemars(skip_serializing_if = "Option::is_none")]
    undoes: Option<Undoes>,
    /// What `refused` says in words, as data.
    #[schemars(skip_serializing_if = "Option::is_none")]
    violations: Option<Vec<Refusal>>,
    /// Why the plan may not be applied as it is, in words; empty where it may.
    #[schemars(inner(length(min = 1)))]
    refused: Vec<String>,
    /// What a reader should know and that is no change.
    #[schemars(inner(length(min = 1)))]
    notes: Vec<String>,
    /// What became of each check of the spec, in its order; left out where it has none.
    #[schemars(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    checks: Option<Vec<CheckResult>>,
}
