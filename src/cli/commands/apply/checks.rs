//! What failed checks mean for an apply.

use crate::diagnostic::{Diagnostic, and_list};
use crate::plan::{CheckResult, Plan};
use crate::resource::{Address, Kind};

/// Whether neither a safeguard nor a check stands in the way of a plan.
pub(super) fn may_go_ahead(plan: &Plan) -> bool {
    plan.refused.is_empty() && !plan.is_forbidden()
}

/// Why nothing is written.
pub(super) fn forbidden(plan: &Plan) -> Diagnostic {
    let failed: Vec<&CheckResult> = plan.checks.iter().filter(|check| check.forbids()).collect();
    let summary = format!("{} would not hold after this plan", and_list(&addresses(&failed)));
    Diagnostic::error("checks-failed", summary)
        .note("nothing was changed")
        .help("change the spec so that it holds, or the check")
        .help("a check with `on = \"observed\"` or `severity = \"warning\"` forbids nothing")
}

/// What an apply has not mended.
pub(super) fn still_failing(failed: &[&CheckResult]) -> Diagnostic {
    let verb = if failed.len() == 1 { "does" } else { "do" };
    let summary = format!("{} {verb} not hold", and_list(&addresses(failed)));
    Diagnostic::error("checks-failed", summary)
        .note("the plan does not mend that")
        .help("change the spec so that it holds, or the check")
}

fn addresses(checks: &[&CheckResult]) -> Vec<String> {
    let address = |check: &&CheckResult| Address::named(Kind::Check, &check.name);
    checks.iter().map(|check| format!("`{}`", address(check))).collect()
}
