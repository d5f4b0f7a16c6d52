//! What became of the checks of a spec: a pure judgement of what was read, and of what it will be once
//! the plan was applied. A spec, what was observed and what changes in; a result for each check out,
//! as data that a plan carries. What could not be read is not judged, and that is never a pass.
//!
//! - `mailboxes`: mailboxes one after another, as they are read.
//! - `conformity`: one mailbox against what is expected of it.
//! - `verdict`: all checks, from what was found.
//! - `loosened`: what one spec's checks forbid and another's do not.
//! - `words`: what is asserted, and why it fails, in words.

mod conformity;
mod loosened;
mod mailboxes;
mod verdict;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use loosened::told;
pub use loosened::{CheckRule, checks_loosened};
pub use mailboxes::{CheckedMailboxes, MailboxJudge};
pub use verdict::{Evidence, judge_checks, switch_after};

use crate::state::{CheckSeverity, CheckedState};

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// It is so.
    Passed,
    /// It is not so.
    Failed,
    /// It could not be judged, which is no pass.
    Unknown,
}

/// One check of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckResult {
    /// NAME of `check.NAME`.
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_-]*$"))]
    pub name: String,
    /// Why it is there, where the spec says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub description: Option<String>,
    /// What it asserts, in words.
    #[schemars(length(min = 1))]
    pub asserts: String,
    /// The state that it is about: as it was read, or as it will be once the plan was applied.
    pub on: CheckedState,
    /// What a failure means: an error ends with exit code 7, and on the planned state it forbids the
    /// apply.
    pub severity: CheckSeverity,
    /// What became of it.
    pub verdict: CheckVerdict,
    /// Of a check on the observed state: what will become of it once the plan was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict_after: Option<CheckVerdict>,
    /// Why it failed, or was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub reason: Option<String>,
    /// Where mailboxes were looked at: how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<u64>,
    /// How many of them are as asserted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conforming: Option<u64>,
    /// The first, by address, of the mailboxes by which it failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 5))]
    pub violations: Vec<CheckViolation>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_violations: u64,
    /// `file:line` of the spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = ":[0-9]+$"))]
    pub place: Option<String>,
}

/// A mailbox by which a check failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckViolation {
    /// Its user principal name.
    #[schemars(length(min = 1))]
    pub mailbox: String,
    /// What is not as asserted.
    #[schemars(length(min = 1))]
    pub because: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl CheckResult {
    /// Whether it failed and is an error.
    pub fn is_error(&self) -> bool {
        self.verdict == CheckVerdict::Failed && self.severity == CheckSeverity::Error
    }

    /// Whether it forbids the apply.
    pub fn forbids(&self) -> bool {
        self.is_error() && self.on == CheckedState::Planned
    }

    /// Whether it is an error that will still fail once the plan was applied.
    pub fn is_error_after(&self) -> bool {
        let after = self.verdict_after.unwrap_or(self.verdict);
        after == CheckVerdict::Failed && self.severity == CheckSeverity::Error
    }

    /// As far as a digest covers it: mailboxes that come and go and are as they should be leave a plan
    /// what it is.
    pub(crate) fn without_numbers_of_a_pass(mut self) -> Self {
        if self.verdict == CheckVerdict::Passed {
            (self.selected, self.conforming) = (None, None);
        }
        self
    }
}
