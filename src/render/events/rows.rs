//! What events carry. The words above each member are its description in the published schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::plan::{Action, CheckVerdict};
use crate::state::{CheckSeverity, CheckedState};

/// The format of the stream, and what writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Opening {
    /// The version of this format. The first number is raised by a change that a reader could trip
    /// over, the second by a new type or member.
    #[schemars(regex(pattern = r"^1\.[0-9]+$"))]
    pub format_version: String,
    /// The version of Auditform.
    pub tool_version: String,
    /// Which command runs.
    pub command: CommandName,
}

/// A command that has a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommandName {
    /// `auditform plan`.
    Plan,
    /// `auditform apply`.
    Apply,
    /// `auditform undo`.
    Undo,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// How bad it is.
    pub severity: SeverityWord,
    /// A stable name, explained in `docs/diagnostics.md`.
    pub code: String,
    /// What is wrong, in one line.
    pub summary: String,
    /// Where: the first is the place of the finding, further ones are related. Empty where it is
    /// about no file.
    pub places: Vec<Place>,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Vec<String>,
    /// The service's id of the request that failed, where one did and it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeverityWord {
    /// The command cannot go on.
    Error,
    /// The command goes on.
    Warning,
}

/// A stretch of a file. Lines and columns count from 1; a column is a Unicode code point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// The path as it was given, or as seen from there.
    pub file: String,
    /// The line on which it begins.
    #[schemars(range(min = 1))]
    pub line: u64,
    /// The column at which it begins.
    #[schemars(range(min = 1))]
    pub column: u64,
    /// The line on which it ends.
    #[schemars(range(min = 1))]
    pub end_line: u64,
    /// The first column after it.
    #[schemars(range(min = 1))]
    pub end_column: u64,
    /// What is to be said of this place; empty where the summary says enough.
    pub text: String,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TenantRef {
    /// Its id.
    pub id: Uuid,
    /// Its initial domain, or its id where the spec names no domain.
    pub organization: String,
}

/// A change that an apply would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlannedChange {
    /// `kind`, `kind.name` or `kind.name["object"]`.
    pub address: String,
    /// The object's Guid, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guid: Option<Uuid>,
    /// What happens to the object.
    pub action: Action,
    /// Why, in words.
    pub reason: String,
    /// The attributes that change, by the names that a spec uses.
    pub attributes: Vec<String>,
    /// Values that go, by attribute.
    pub removes: BTreeMap<String, Vec<String>>,
    /// In which ways less is recorded or kept afterwards; empty where in none.
    pub weakens: Vec<String>,
    /// Whether the inverse change restores what was.
    pub reversible: bool,
}

/// A plan as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlanSummary {
    /// The only tenant that it may change.
    pub tenant: TenantRef,
    /// Objects that come into being.
    pub create: u64,
    /// Objects that change.
    pub change: u64,
    /// Objects that go.
    pub delete: u64,
    /// Managed objects that need nothing.
    pub unchanged: u64,
    /// Requests that write.
    pub requests: u64,
    /// All other requests of an apply.
    pub reads: u64,
    /// Changes after which less is recorded or kept, or that stop something from working.
    pub weaken: u64,
    /// `sha256:` and the digest by which the plan is approved. The plan of a second phase has none
    /// before it is saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The file that the plan was saved to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved_as: Option<String>,
    /// Why the plan may not be applied as it is, in words; empty where it may.
    pub refused: Vec<String>,
    /// Addresses that can be planned only after the sign-in of a second phase.
    pub deferred: Vec<String>,
    /// Addresses that were written lately and still read as before.
    pub pending: Vec<String>,
    /// Changes that `--target` and `--exclude` leave out; not there where nothing was selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<u64>,
    /// What a reader should know and that is no change.
    pub notes: Vec<String>,
}

/// What became of a check of the spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct JudgedCheck {
    /// `check.NAME`.
    pub address: String,
    /// What has to be so, in words.
    pub asserts: String,
    /// Which state it is about.
    pub on: CheckedState,
    /// What a failure means.
    pub severity: CheckSeverity,
    /// What became of it.
    pub verdict: CheckVerdict,
    /// Why it failed, or was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A step of an apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepRef {
    /// The address of its change, or the name of the sign-in.
    pub address: String,
    /// Which of the `writes` that the plan document holds for the change, counted from 1; left out
    /// where the step is a sign-in or a wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<u8>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChangeResult {
    /// `kind`, `kind.name` or `kind.name["object"]`.
    pub address: String,
    /// Where it stands.
    pub state: ResultState,
    /// What reading it back has shown; left out where it was not read back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationState>,
    /// Why it stands there, in words, where it is not as planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The service's id of the request that failed, where it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Where a change stands in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultState {
    /// All its requests succeeded.
    Done,
    /// Nothing had to be sent: it was there already.
    AlreadyThere,
    /// Nothing was sent: the object is no longer as the plan saw it.
    Stale,
    /// The object was deleted after it was read: nothing is left to do.
    Gone,
    /// A request failed.
    Failed,
    /// It is not known whether a request took effect.
    InDoubt,
    /// Nothing was sent: something that it depends on failed.
    Skipped,
    /// Nothing was sent: the apply stopped before.
    NotStarted,
}

/// What reading back has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerificationState {
    /// The tenant holds what was written.
    Verified,
    /// Not visible yet, within the time that the service's documentation gives.
    Pending,
    /// The tenant holds something else.
    Refuted,
}

/// What became of a plan, counted in changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ApplySummary {
    /// Objects that came into being.
    pub created: u64,
    /// Objects that changed.
    pub changed: u64,
    /// Objects that went.
    pub deleted: u64,
    /// Were there already.
    pub already_there: u64,
    /// Refused, since the object is no longer as the plan saw it.
    pub stale: u64,
    /// Deleted by others after they were read.
    pub gone: u64,
    /// Failed.
    pub failed: u64,
    /// May have taken effect and may not.
    pub in_doubt: u64,
    /// Left out, since something before them failed.
    pub skipped: u64,
    /// Not begun.
    pub not_started: u64,
    /// Read back and found as written.
    pub verified: u64,
    /// Written and not visible yet.
    pub pending: u64,
    /// Written, and something else reads back.
    pub refuted: u64,
    /// Whether the apply was asked to stop before everything was started.
    pub interrupted: bool,
}

/// How a command ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Outcome {
    /// The exit code of the process, see `docs/exit-codes.md`.
    pub exit_code: u8,
    /// The same as a word.
    pub outcome: String,
}
