//! What there is to approve, from a saved plan: its digest, tenant, rules and losses. A path goes in;
//! a [`Subject`] comes out.

use std::collections::BTreeMap;
use std::path::Path;

use crate::approval::{Loss, Subject};
use crate::diagnostic::{Diagnostic, and_list};
use crate::ops::ports::Stopped;
use crate::ops::saved::read_saved;
use crate::plan::{Action, Change, Plan};
use crate::resource::PlanDigest;

/// Reads a saved plan.
pub fn approval_subject(path: &Path) -> Result<Subject, Stopped> {
    let read = read_saved(path)?;
    let Some(digest) = read.digest else {
        let summary = format!("`{}` was printed, not saved", path.display());
        return Err(Stopped::error(
            Diagnostic::error("printed-plan", summary)
                .note("no digest covers it, so nothing could be signed")
                .help("save the plan with `auditform plan --out FILE`"),
        ));
    };
    Ok(subject(&read.plan, digest))
}

fn subject(plan: &Plan, digest: PlanDigest) -> Subject {
    let summary = plan.summary();
    let (mut weakens, mut removes) = (Losses::default(), Losses::default());
    let mut deletes = Vec::new();
    for change in plan.changes() {
        let address = shown(&change.address().to_string());
        let weakening = change.weakens().iter().map(|reason| shown(reason)).collect();
        let weakened = weakens.add_all(weakening, &address);
        // What is recorded less is among what is removed, and told once.
        if !weakened {
            removes.add_all(removing(&change), &address);
        }
        if change.action() == Action::Delete {
            deletes.push(address);
        }
    }
    Subject {
        plan: digest,
        tenant: plan.tenant.id,
        organization: shown(&plan.tenant.organization),
        rules: plan.approval.clone(),
        create: summary.create,
        change: summary.change,
        delete: summary.delete,
        weakens: weakens.sorted(),
        removes: removes.sorted(),
        deletes,
    }
}

fn removing(change: &Change<'_>) -> Vec<String> {
    let removes = change.removes();
    removes
        .iter()
        .map(|(attribute, values)| shown(&format!("{attribute} loses {}", and_list(values))))
        .collect()
}

/// Losses by their words: a plan has many changes and few sorts of them.
#[derive(Default)]
struct Losses(BTreeMap<String, (u64, String)>);

impl Losses {
    /// Whether there was one.
    fn add_all(&mut self, all: Vec<String>, address: &str) -> bool {
        let is_some = !all.is_empty();
        for what in all {
            self.0.entry(what).or_insert_with(|| (0, address.to_owned())).0 += 1;
        }
        is_some
    }

    /// The most frequent ones first.
    fn sorted(self) -> Vec<Loss> {
        let loss = |(what, (changes, first))| Loss { what, changes, first };
        let mut all: Vec<Loss> = self.0.into_iter().map(loss).collect();
        all.sort_by_key(|loss| std::cmp::Reverse(loss.changes));
        all
    }
}

/// A plan comes from others: what a terminal would obey, or what turns the direction of writing, is
/// not shown.
fn shown(text: &str) -> String {
    let is_mark = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|letter| if is_mark(letter) { '\u{fffd}' } else { letter }).collect()
}
