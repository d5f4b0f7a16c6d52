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
    let mailboxes = plan.mailboxes.by_pattern().into_iter();
    let mailboxes = mailboxes.map(|(first, number)| (Change::Mailbox(first), number));
    for (change, number) in plan.few().map(|change| (change, 1)).chain(mailboxes) {
        // What is recorded less is among what is removed, and told once.
        match change.weakens() {
            none if none.is_empty() => removes.add(removing(&change), &change, number),
            reasons => weakens.add(reasons, &change, number),
        }
    }
    let deletes = plan.few().filter(|change| change.action() == Action::Delete);
    Subject {
        plan: digest,
        tenant: plan.tenant.id,
        organization: plan.tenant.organization.clone(),
        rules: plan.approval.clone(),
        create: summary.create,
        change: summary.change,
        delete: summary.delete,
        weakens: weakens.sorted(),
        removes: removes.sorted(),
        deletes: deletes.map(|change| change.address().to_string()).collect(),
    }
}

fn removing(change: &Change<'_>) -> Vec<String> {
    let removes = change.removes();
    let told =
        |(attribute, values): &(&str, Vec<&str>)| format!("{attribute} loses {}", and_list(values));
    removes.iter().map(told).collect()
}

/// Losses by their words: a plan has many changes and few sorts of them.
#[derive(Default)]
struct Losses(BTreeMap<String, (u64, String)>);

impl Losses {
    fn add(&mut self, all: Vec<String>, first: &Change<'_>, number: u64) {
        for what in all {
            self.0.entry(what).or_insert_with(|| (0, first.address().to_string())).0 += number;
        }
    }

    /// The most frequent ones first.
    fn sorted(self) -> Vec<Loss> {
        let loss = |(what, (changes, first))| Loss { what, changes, first };
        let mut all: Vec<Loss> = self.0.into_iter().map(loss).collect();
        all.sort_by_key(|loss| std::cmp::Reverse(loss.changes));
        all
    }
}
