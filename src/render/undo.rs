//! What an undo takes back and what stays as the run left it, in words, the same in every view.

use std::collections::BTreeMap;

use super::wording::count;
use crate::plan::{Plan, Stays};

/// So many objects are named for each reason.
const NAMED: usize = 5;

/// What stands before the plan. `None` where it is no undo.
pub(super) fn undoes(plan: &Plan) -> Option<String> {
    plan.undone_run().map(|run| format!("this plan takes back what run `{run}` has changed"))
}

/// What stands beside the counts, each line with its name.
pub(super) fn stays(plan: &Plan) -> Vec<(&'static str, String)> {
    let Some(undoes) = &plan.undoes else { return Vec::new() };
    let mut reasons: BTreeMap<(bool, &str), Vec<&Stays>> = BTreeMap::new();
    for one in &undoes.stays {
        reasons.entry((one.changed_since, &one.reason)).or_default().push(one);
    }
    let line = |((changed_since, reason), all): ((bool, &str), Vec<&Stays>)| {
        let name =
            if changed_since { "Changed since, left as it is" } else { "Cannot be taken back" };
        (name, format!("{}: {reason}", names(&all)))
    };
    reasons.into_iter().map(line).collect()
}

fn names(all: &[&Stays]) -> String {
    let mut named: Vec<String> =
        all.iter().take(NAMED).map(|one| format!("`{}`", one.address)).collect();
    if let more @ 1.. = all.len().saturating_sub(NAMED) {
        named.push(count(more as u64, "more", "more"));
    }
    crate::diagnostic::and_list(&named)
}
