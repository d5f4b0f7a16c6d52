//! Which part of what could be done a plan is, and what that leaves out, in words, the same in every view.

use super::survey::Tally;
use super::undo::{stays, undoes};
use super::wording::{count, sorts};
use crate::diagnostic::and_list;
use crate::plan::{LeftOut, Plan, Selected};

/// So many names stand in a line.
const NAMED: usize = 5;

/// What stands before the plan, with its name: that it is not the whole, or that it takes a run back.
pub(super) fn narrowed(plan: &Plan) -> Option<(&'static str, String)> {
    if let Some(words) = undoes(plan) {
        return Some(("Undo", words));
    }
    let selected = plan.selected.as_ref()?;
    let to = (!selected.targets.is_empty()).then(|| format!("to {}", some(&selected.targets)));
    let without =
        (!selected.excludes.is_empty()).then(|| format!("without {}", some(&selected.excludes)));
    let parts: Vec<String> = to.into_iter().chain(without).collect();
    Some(("Not the whole plan", format!("narrowed {}", parts.join(", "))))
}

/// What stands beside the counts, each line with its name.
pub(super) fn left_out(plan: &Plan) -> Vec<(&'static str, String)> {
    let Some(selected) = &plan.selected else { return stays(plan) };
    let mut lines = vec![("Left out", counts(&selected.left_out))];
    lines.extend(held_back(selected).into_iter().map(|line| ("Held back", line)));
    if !selected.included.is_empty() {
        let names = some(&selected.included);
        let verb = if selected.included.len() == 1 { "is" } else { "are" };
        lines.push(("Included", format!("{names}, which {verb} needed by what is wanted")));
    }
    if !selected.not_planned.is_empty() {
        let names = some(&selected.not_planned);
        lines.push(("Not planned", format!("{names}, which may need changes too")));
    }
    lines
}

/// `0 to create, 4 to change, 0 to delete; of these, 3 weaken`.
fn counts(left_out: &LeftOut) -> String {
    let LeftOut { create, change, delete, weaken, remove, irreversible, .. } = *left_out;
    let tally = Tally { create, change, delete, weaken, remove, irreversible, ..Tally::default() };
    let all = format!("{create} to create, {change} to change, {delete} to delete");
    match sorts(tally) {
        Some(sorts) => format!("{all}; of these, {sorts}"),
        None => all,
    }
}

fn held_back(selected: &Selected) -> Vec<String> {
    let line = |held: &crate::plan::HeldBack| {
        let changes = count(held.changes, "change needs", "changes need");
        let (needs, example) = (start(&held.needs), start(&held.example));
        let first = match held.changes {
            1 => format!(": `{example}`"),
            _ => format!(", the first of them `{example}`"),
        };
        format!("{changes} `{needs}`, which is excluded{first}")
    };
    selected.held_back.iter().map(line).collect()
}

/// Names as code, the first of many.
fn some(names: &[String]) -> String {
    let mut shown: Vec<String> =
        names.iter().take(NAMED).map(|name| format!("`{}`", start(name))).collect();
    if let more @ 1.. = names.len().saturating_sub(NAMED) {
        shown.push(format!("{more} more"));
    }
    and_list(&shown)
}

/// A pattern may be of any length.
fn start(name: &str) -> &str {
    name.char_indices().nth(200).map_or(name, |(end, _)| &name[..end])
}
