//! What the checks of one spec forbid and those of another one do not. Whether an assertion in other
//! words is a weaker one is for people to say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::asserts;
use super::{CheckResult, CheckVerdict};
use crate::resource::{Address, Kind};
use crate::state::{Check, CheckSeverity, CheckedState};

/// What a check is, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CheckRule {
    /// NAME of `[[check]]`.
    name: String,
    /// The state that it is about.
    on: CheckedState,
    /// What its failing means.
    severity: CheckSeverity,
    /// What it asserts, in words.
    asserts: String,
}

impl From<&Check> for CheckRule {
    fn from(check: &Check) -> Self {
        let (on, severity) = (check.on, check.severity);
        Self { name: check.name.clone(), on, severity, asserts: asserts(&check.assertion) }
    }
}

impl From<&CheckResult> for CheckRule {
    fn from(check: &CheckResult) -> Self {
        let CheckResult { name, on, severity, asserts, .. } = check;
        Self { name: name.clone(), on: *on, severity: *severity, asserts: asserts.clone() }
    }
}

/// What of `old` is gone, less loud or otherwise in `new`; in words.
pub fn checks_loosened(old: &[CheckRule], new: &[CheckRule]) -> Vec<String> {
    let mut found = Vec::new();
    for before in old {
        let address = Address::named(Kind::Check, &before.name);
        let Some(after) = new.iter().find(|after| after.name == before.name) else {
            found.push(format!("`{address}` is gone"));
            continue;
        };
        if before.severity == CheckSeverity::Error && after.severity == CheckSeverity::Warning {
            found.push(format!("`{address}` only warns"));
        }
        if before.on == CheckedState::Planned && after.on == CheckedState::Observed {
            found.push(format!("`{address}` no longer forbids an apply"));
        }
        if before.asserts != after.asserts {
            found.push(format!("`{address}` no longer asserts that {}", before.asserts));
        }
    }
    found
}

/// The results of checks in a line, for comparing those of two plans.
pub(crate) fn told(checks: &[CheckResult]) -> String {
    let one = |check: &CheckResult| {
        let address = Address::named(Kind::Check, &check.name);
        let verdict = match check.verdict {
            CheckVerdict::Passed => "passed",
            CheckVerdict::Failed => "failed",
            CheckVerdict::Unknown => "not judged",
        };
        let reason = check.reason.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
        format!("{address} {verdict}{reason}")
    };
    if checks.is_empty() {
        return "nothing".to_owned();
    }
    checks.iter().map(one).collect::<Vec<_>>().join("; ")
}
