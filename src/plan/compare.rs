//! Is a plan the one that was reviewed, and if not, what differs. Pure; memory grows with what
//! differs and with an index of the mailboxes.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::loosened::loosened;
use crate::approval::loosened as approval_loosened;

use super::{Attribute, Change, Plan, Value};
use crate::resource::Address;

/// How a later plan differs from an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanDifference {
    /// What the two are about differs: the tenant.
    pub tenants: Option<[String; 2]>,
    /// Rules that the new plan was made under and that allow more than the old one's.
    pub loosened: Vec<String>,
    /// Changes that only the new plan makes, with what each of them weakens.
    pub added: Vec<(Address, Vec<String>)>,
    /// Changes that only the old plan makes.
    pub removed: Vec<Address>,
    /// Changes that both make, and not alike.
    pub differing: Vec<(Address, Vec<Difference>)>,
    /// Lines of the plans beside their changes: what is deferred, refused, noted.
    pub remarks: Vec<Difference>,
}

/// Something that is not alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub name: String,
    /// In the old plan.
    pub old: String,
    /// In the new plan.
    pub new: String,
}

impl PlanDifference {
    /// Whether the plans say and do the same.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares a new plan with an old one.
pub fn compare_plans(old: &Plan, new: &Plan) -> PlanDifference {
    let mut difference = PlanDifference::default();
    if old.tenant != new.tenant {
        let named = |plan: &Plan| format!("{} ({})", plan.tenant.organization, plan.tenant.id);
        difference.tenants = Some([named(old), named(new)]);
    }
    few(old, new, &mut difference);
    mailboxes(old, new, &mut difference);
    difference.loosened = approval_loosened(old.approval.as_ref(), new.approval.as_ref());
    difference.loosened.extend(loosened(&old.safeguards, &new.safeguards));
    remarks(old, new, &mut difference);
    difference
}

fn few(old: &Plan, new: &Plan, difference: &mut PlanDifference) {
    let by_address = |plan: &'_ Plan| -> BTreeMap<Address, usize> {
        plan.few().enumerate().map(|(place, change)| (change.address(), place)).collect()
    };
    let (before, after) = (by_address(old), by_address(new));
    for (address, place) in &after {
        let Some(change) = new.get(*place) else { continue };
        match before.get(address).and_then(|place| old.get(*place)) {
            None => difference.added.push((address.clone(), change.weakens())),
            Some(was) => compare((old, &was), (new, &change), difference),
        }
    }
    let gone = before.into_keys().filter(|address| !after.contains_key(address));
    difference.removed.extend(gone);
}

fn mailboxes(old: &Plan, new: &Plan, difference: &mut PlanDifference) {
    let before = old.mailboxes.index_by_guid();
    let find = |guid: Uuid| {
        let at = before.binary_search_by(|(known, _)| known.cmp(&guid)).ok()?;
        old.mailboxes.get(before[at].1 as usize)
    };
    let mut kept: BTreeSet<Uuid> = BTreeSet::new();
    for view in new.mailboxes.iter() {
        let change = Change::Mailbox(view);
        match find(view.guid()) {
            None => difference.added.push((change.address(), change.weakens())),
            Some(was) => {
                kept.insert(view.guid());
                compare((old, &Change::Mailbox(was)), (new, &change), difference);
            }
        }
    }
    let gone = old.mailboxes.iter().filter(|view| !kept.contains(&view.guid()));
    difference.removed.extend(gone.map(super::MailboxView::address));
}

fn compare(
    (old, was): (&Plan, &Change<'_>),
    (new, is): (&Plan, &Change<'_>),
    difference: &mut PlanDifference,
) {
    let mut found = Vec::new();
    let mut differ = |name: &str, old: String, new: String| {
        if old != new {
            found.push(Difference { name: name.to_owned(), old, new });
        }
    };
    differ("address", was.address().to_string(), is.address().to_string());
    differ("action", was.action().name().to_owned(), is.action().name().to_owned());
    let (before, after) = (was.attributes(), is.attributes());
    let names: BTreeSet<&str> = before.iter().chain(&after).map(|one| one.name).collect();
    for name in names {
        let find = |all: &[Attribute<'_>], is_after: bool| {
            let found = all.iter().find(|one| one.name == name);
            let value =
                found.and_then(|one| if is_after { &one.after } else { &one.before }.as_ref());
            value.map_or_else(|| "none".to_owned(), words)
        };
        differ(&format!("{name}, as read"), find(&before, false), find(&after, false));
        differ(&format!("{name}, as wanted"), find(&before, true), find(&after, true));
    }
    let edges = |change: &Change<'_>, plan: &Plan| joined(&change.depends_on(plan));
    differ("comes after", edges(was, old), edges(is, new));
    if found.is_empty() && was.writes() != is.writes() {
        let steps = |change: &Change<'_>| count(change.writes().len());
        let (old, new) = (steps(was), format!("{}, others", steps(is)));
        found.push(Difference { name: "how it is done".to_owned(), old, new });
    }
    if !found.is_empty() {
        difference.differing.push((is.address(), found));
    }
}

fn count(steps: usize) -> String {
    if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") }
}

fn words(value: &Value<'_>) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Text(text) => format!("\"{text}\""),
        Value::Set(names) => format!("[{}]", names.join(", ")),
        Value::Unknown => "(known after apply)".to_owned(),
    }
}

fn joined(addresses: &[Address]) -> String {
    let names: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn remarks(old: &Plan, new: &Plan, difference: &mut PlanDifference) {
    let mut differ = |name: &str, old: String, new: String| {
        if old != new {
            difference.remarks.push(Difference { name: name.to_owned(), old, new });
        }
    };
    differ("deferred", joined(&old.deferred), joined(&new.deferred));
    differ("not readable", joined(&old.unread), joined(&new.unread));
    differ("pending", joined(&old.pending), joined(&new.pending));
    let refused = |plan: &Plan| -> Vec<String> {
        plan.refused.iter().map(|one| one.violation.words()).collect()
    };
    let lines = |lines: &[String]| {
        if lines.is_empty() { "nothing".to_owned() } else { lines.join("; ") }
    };
    differ("refused", lines(&refused(old)), lines(&refused(new)));
    differ("notes", lines(&old.notes), lines(&new.notes));
    if old.approval != new.approval {
        let signers = |plan: &Plan| match &plan.approval {
            Some(rules) => format!("{} of {}", rules.required(), rules.holders()),
            None => "nobody".to_owned(),
        };
        differ("approved by", signers(old), signers(new));
    }
    differ("unchanged objects", old.unchanged.to_string(), new.unchanged.to_string());
}
