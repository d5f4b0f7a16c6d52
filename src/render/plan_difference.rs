//! The difference of two plans as text: what the new one weakens beyond the old one first.

use std::io::{self, Write};

use super::style::{ADDED, CHANGED, LOUD, REMOVED, STRONG};
use super::wording::{count, visible};
use crate::plan::{Difference, PlanDifference};

/// How many changes of each sort are listed.
const LISTED: usize = 20;

/// Writes it; with `full` every change is listed.
pub fn write_plan_difference(
    out: &mut dyn Write,
    difference: &PlanDifference,
    full: bool,
) -> io::Result<()> {
    let listed = if full { usize::MAX } else { LISTED };
    if let Some([old, new]) = &difference.tenants {
        writeln!(out, "{LOUD}! The plans are about different tenants:{LOUD:#} {old} and {new}")?;
    }
    if !difference.loosened.is_empty() {
        writeln!(out, "{LOUD}! The new plan was made under looser rules:{LOUD:#}")?;
        for what in &difference.loosened {
            writeln!(out, "  {REMOVED}! {}{REMOVED:#}", visible(what))?;
        }
    }
    let weakening: Vec<_> =
        difference.added.iter().filter(|(_, weakens)| !weakens.is_empty()).collect();
    if !weakening.is_empty() {
        writeln!(out, "{LOUD}! The new plan weakens what the old one leaves alone:{LOUD:#}")?;
        for (address, weakens) in weakening.iter().take(listed) {
            let words = format!("{address}: {}", weakens.join("; "));
            writeln!(out, "  {REMOVED}! {}{REMOVED:#}", visible(&words))?;
        }
        more(out, weakening.len(), listed)?;
    }
    heading(out, difference.added.len(), "only in the new plan")?;
    for (address, _) in difference.added.iter().take(listed) {
        writeln!(out, "  {ADDED}+{ADDED:#} {}", visible(&address.to_string()))?;
    }
    more(out, difference.added.len(), listed)?;
    heading(out, difference.removed.len(), "only in the old plan")?;
    for address in difference.removed.iter().take(listed) {
        writeln!(out, "  {REMOVED}-{REMOVED:#} {}", visible(&address.to_string()))?;
    }
    more(out, difference.removed.len(), listed)?;
    heading(out, difference.differing.len(), "in both, and not alike")?;
    for (address, differences) in difference.differing.iter().take(listed) {
        writeln!(out, "  {CHANGED}~{CHANGED:#} {}", visible(&address.to_string()))?;
        differences.iter().try_for_each(|one| write_difference(out, one))?;
    }
    more(out, difference.differing.len(), listed)?;
    if !difference.remarks.is_empty() {
        writeln!(out, "\n{STRONG}Beside the changes:{STRONG:#}")?;
        difference.remarks.iter().try_for_each(|one| write_difference(out, one))?;
    }
    Ok(())
}

fn heading(out: &mut dyn Write, number: usize, what: &str) -> io::Result<()> {
    if number == 0 {
        return Ok(());
    }
    let changes = count(number as u64, "change", "changes");
    writeln!(out, "\n{STRONG}{changes} {what}:{STRONG:#}")
}

fn more(out: &mut dyn Write, number: usize, listed: usize) -> io::Result<()> {
    match number.saturating_sub(listed) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more"),
    }
}

fn write_difference(out: &mut dyn Write, difference: &Difference) -> io::Result<()> {
    let Difference { name, old, new } = difference;
    let [name, old, new] = [name, old, new].map(|part| visible(part));
    writeln!(out, "      {name}: {REMOVED}{old}{REMOVED:#} -> {ADDED}{new}{ADDED:#}")
}
