//! The rules that were in force when this tenant was changed last from here, against those of a plan: who
//! loosens a limit and uses it in the same plan is to be seen first.

use std::io::BufReader;
use std::path::Path;

use super::store::{LocalRuns, RunStore};
use crate::approval;
use crate::journal::{Head, Run};
use crate::plan::{self, CheckRule, Plan};
use crate::state::Safeguards;

/// What the last run of the plan's tenant would have refused and the plan's rules let through, each in
/// words, with that run; `None` where nothing is looser, or nothing was applied from here yet. What one
/// run was allowed beyond its spec counts on neither side: a plan tells of that by itself.
pub fn looser_than_last(plan: &Plan, beside: &Path) -> Option<(Head, Vec<String>)> {
    let head = last_of(&LocalRuns::beside(beside), plan)?;
    let ruled =
        |safeguards: &Safeguards| Safeguards { allowances: Vec::new(), ..safeguards.clone() };
    let mut looser = approval::loosened(head.approval.as_ref(), plan.approval.as_ref());
    looser.extend(plan::loosened(&ruled(&head.safeguards), &ruled(&plan.safeguards)));
    let checks: Vec<CheckRule> = plan.checks.iter().map(CheckRule::from).collect();
    looser.extend(plan::checks_loosened(&head.checks, &checks));
    (!looser.is_empty()).then_some((head, looser))
}

/// A journal that cannot be read is none here: it hinders who wants to go on by it, not who plans.
fn last_of(runs: &dyn RunStore, plan: &Plan) -> Option<Head> {
    let names = runs.list().ok()?;
    names.iter().rev().find_map(|name| {
        let mut lines = BufReader::new(runs.open(name).ok()?);
        let head = Run::read_head(&mut lines).ok()?;
        (head.tenant_id == plan.tenant.id).then_some(head)
    })
}
