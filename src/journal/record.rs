//! The lines of a journal. Each is one JSON object; `type` says what it tells. Fields that are not
//! known are passed over, so that a later release may add some.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::transition::Event;
use crate::approval::ApprovalRules;
use crate::plan::{CheckRule, GitCommit};
use crate::resource::{Address, PlanDigest};
use crate::state::Safeguards;

/// A change of the shape that a reader could trip over raises the first number, any other the second.
pub const FORMAT_VERSION: &str = "1.0";

/// The first line, with `"type": "run"`: which run this is. It tells enough to list runs, and which rules
/// were in force, without reading on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename = "run")]
#[schemars(deny_unknown_fields)]
pub struct Head {
    /// The version of this format.
    #[schemars(regex(pattern = r"^1\.[0-9]+$"))]
    pub format_version: String,
    /// The name of the run, which is the stem of its file.
    pub run: String,
    /// The id of the tenant.
    pub tenant_id: Uuid,
    /// Its initial domain.
    pub organization: String,
    /// When the run began.
    pub started_at: Timestamp,
    /// The release of Auditform that carries it out.
    pub tool_version: String,
    /// Who started it.
    pub actor: Actor,
    /// The digest of the plan in the second line.
    pub digest: PlanDigest,
    /// The digest by which a saved plan was approved. It is another one than `digest` where reading
    /// again has shown what was unknown when the plan was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_digest: Option<PlanDigest>,
    /// Whose approvals of a saved plan counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<Approver>,
    /// How many changes the plan has.
    pub changes: u64,
    /// How many requests they take.
    pub requests: u64,
    /// The run that this one takes back, where it is an undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
    /// The commit of the spec, where it lies in a Git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitCommit>,
    /// Limits, prevents and canary that were in force, and what was allowed beyond them.
    pub safeguards: Safeguards,
    /// The checks of the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckRule>,
    /// The rules of approval that were in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalRules>,
}

/// Who has approved the plan of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Approver {
    /// The name that the rules give to the signer, or the fingerprint of the key.
    pub signer: String,
    /// When, as the signature has it.
    pub at: Timestamp,
}

/// Who started a run, as far as the operating system tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Actor {
    /// The name of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The name of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The number of the process.
    pub process: u32,
}

impl Actor {
    /// `ada on build-1 (process 4711)`, as far as it is known.
    pub fn words(&self) -> String {
        let user = self.user.as_deref().unwrap_or("somebody");
        let host = self.host.as_deref().unwrap_or("a machine");
        format!("{user} on {host} (process {})", self.process)
    }
}

/// The second line: `{"type":"plan","plan":…}`, where the plan is as `plan --out` saves it, canonical and
/// with its digest. What each change was and becomes stands in it.
#[derive(Debug, Clone, Copy)]
pub struct PlanLine;

impl PlanLine {
    /// What stands before the plan in its line.
    pub const BEFORE: &'static str = r#"{"type":"plan","plan":"#;
    /// What stands after it, the end of the line included.
    pub const AFTER: &'static str = "}\n";
}

/// A request of a plan: which change, and which of its requests, both counted from 0.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct RequestKey {
    /// The place of the change among the plan's.
    pub change: u32,
    /// The place of the request among the change's.
    pub request: u8,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(deny_unknown_fields)]
pub enum Record {
    /// Something has happened to one request.
    Request(Transition),
    /// Something was found out about a change without a request.
    Change {
        /// When.
        at: Timestamp,
        /// The place of the change among the plan's.
        change: u32,
        /// Its address.
        #[schemars(with = "Address")]
        address: String,
        /// What was found out.
        outcome: Settled,
        /// Why it is stale, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What it was skipped for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waits_for: Option<WaitsFor>,
    },
    /// What was written was read back: the same verdict for all requests of these changes.
    ReadBack {
        /// When.
        at: Timestamp,
        /// `verified`, `pending` or `refuted`.
        #[schemars(extend("enum" = ["verified", "pending", "refuted"]))]
        verdict: Event,
        /// Changes by first and last place, both included.
        changes: Vec<Places>,
    },
    /// The run was taken up again: what had not ended by then is in doubt.
    Resumed {
        /// When.
        at: Timestamp,
        /// By whom.
        actor: Actor,
    },
    /// The run is over, or has to be taken up again.
    Ended {
        /// When.
        at: Timestamp,
        /// The exit code.
        exit_code: u8,
        /// Something was left that can be gone on with.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unfinished: bool,
    },
    /// The run was given up: nobody goes on with it.
    Abandoned {
        /// When.
        at: Timestamp,
        /// By whom.
        actor: Actor,
        /// The run that takes back what this one did, where it was closed for that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undone_by: Option<String>,
    },
}

/// What has happened to one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Transition {
    /// When.
    pub at: Timestamp,
    /// Which request.
    #[serde(flatten)]
    pub key: RequestKey,
    /// What.
    pub event: Event,
    /// The address of its change, with the first event alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Address>")]
    pub address: Option<String>,
    /// The id that was given to the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
    /// 1 for the first try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub attempt: Option<u32>,
    /// The service's own id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What went wrong, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Transition {
    /// An event about which there is nothing more to tell.
    pub fn of(at: Timestamp, key: RequestKey, event: Event) -> Self {
        Self {
            at,
            key,
            event,
            address: None,
            client_request_id: None,
            attempt: None,
            request_id: None,
            reason: None,
        }
    }
}

/// What becomes of a change of which nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// It was there already.
    AlreadyThere,
    /// The object was deleted after it was read.
    Gone,
    /// It is no longer as the plan saw it.
    Stale,
    /// Something that it depends on failed.
    Skipped,
}

/// What failed before a change that was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// The change at this place.
    Change(u32),
    /// The sign-in between the identity chain and Exchange.
    SignIn,
    /// The reading back of what was written.
    ReadBack,
}

/// The first and the last of places that follow one another.
pub type Places = (u32, u32);

/// Places in rising order as runs of those that follow one another.
pub fn places_of(places: impl IntoIterator<Item = u32>) -> Vec<Places> {
    let mut runs: Vec<Places> = Vec::new();
    for place in places {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(place) => *last = place,
            _ => runs.push((place, place)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_follow_one_another_are_one_run() {
        assert_eq!(places_of([0, 1, 2, 5, 7, 8]), [(0, 2), (5, 5), (7, 8)]);
        assert_eq!(places_of([]), []);
    }
}
