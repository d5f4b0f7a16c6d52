//! Is a plan the one that was reviewed, and if not, what differs. Pure; memory grows with what
//! differs and with an index of the mailboxes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::checks::{CheckRule, checks_loosened, told};
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
    let rules = |plan: &Plan| plan.checks.iter().map(CheckRule::from).collect::<Vec<_>>();
    difference.loosened.extend(checks_loosened(&rules(old), &rules(new)));
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
        let Some(was) = before.get(address).and_then(|place| old.get(*place)) else {
            difference.added.push((address.clone(), change.weakens()));
            continue;
        };
        let mut found = differences(&was, &change);
        let edges = [was.depends_on(old), change.depends_on(new)];
        found.extend(comes_after(&edges));
        if !found.is_empty() {
            difference.differing.push((address.clone(), found));
        }
    }
    let gone = before.into_keys().filter(|address| !after.contains_key(address));
    difference.removed.extend(gone);
}

/// Mailboxes are compared by pattern: two patterns differ alike for every mailbox that has them.
fn mailboxes(old: &Plan, new: &Plan, difference: &mut PlanDifference) {
    let before = old.mailboxes.index_by_guid();
    let find = |guid: Uuid| {
        let at = before.binary_search_by(|(known, _)| known.cmp(&guid)).ok()?;
        old.mailboxes.get(before[at].1 as usize)
    };
    let edges = comes_after(&[old.before_mailboxes(), new.before_mailboxes()]);
    let mut known: HashMap<(u32, u32), Vec<Difference>> = HashMap::new();
    let mut kept: BTreeSet<Uuid> = BTreeSet::new();
    for view in new.mailboxes.iter() {
        let change = Change::Mailbox(view);
        let Some(was) = find(view.guid()) else {
            difference.added.push((change.address(), change.weakens()));
            continue;
        };
        kept.insert(view.guid());
        let patterns = known.entry((was.pattern_id(), view.pattern_id()));
        let shared = patterns.or_insert_with(|| differences(&Change::Mailbox(was), &change));
        if shared.is_empty()
            && edges.is_none()
            && was.upn() == view.upn()
            && was.policy() == view.policy()
        {
            continue;
        }
        let mut found = Vec::new();
        push(&mut found, "address", was.address().to_string(), view.address().to_string());
        found.extend(shared.iter().cloned().chain(edges.clone()));
        if !found.is_empty() {
            difference.differing.push((view.address(), found));
        }
    }
    let gone = old.mailboxes.iter().filter(|view| !kept.contains(&view.guid()));
    difference.removed.extend(gone.map(super::MailboxView::address));
}

fn push(found: &mut Vec<Difference>, name: &str, old: String, new: String) {
    if old != new {
        found.push(Difference { name: name.to_owned(), old, new });
    }
}

fn comes_after([old, new]: &[Vec<Address>; 2]) -> Option<Difference> {
    let mut found = Vec::new();
    push(&mut found, "comes after", joined(old), joined(new));
    found.pop()
}

/// What two changes of one object do not have in common, address and edges aside.
fn differences(was: &Change<'_>, is: &Change<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    push(&mut found, "action", was.action().name().to_owned(), is.action().name().to_owned());
    let (before, after) = (was.attributes(), is.attributes());
    let names: BTreeSet<&str> = before.iter().chain(&after).map(|one| one.name).collect();
    for name in names {
        let find = |all: &[Attribute<'_>], is_after: bool| {
            let found = all.iter().find(|one| one.name == name);
            let value =
                found.and_then(|one| if is_after { &one.after } else { &one.before }.as_ref());
            value.map_or_else(|| "none".to_owned(), words)
        };
        push(&mut found, &format!("{name}, as read"), find(&before, false), find(&after, false));
        push(&mut found, &format!("{name}, as wanted"), find(&before, true), find(&after, true));
    }
    let is_mailbox = matches!(is, Change::Mailbox(_));
    if found.is_empty() && !is_mailbox && was.writes() != is.writes() {
        let (old, new) =
            (count(was.writes().len()), format!("{}, others", count(is.writes().len())));
        push(&mut found, "how it is done", old, new);
    }
    found
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
    differ("checks", told(&old.checks), told(&new.checks));
    differ("notes", lines(&old.notes), lines(&new.notes));
    if old.approval != new.approval {
        let signers = |plan: &Plan| match &plan.approval {
            Some(rules) => format!("{} of {}", rules.required(), rules.holders()),
            None => "nobody".to_owned(),
        };
        differ("approved by", signers(old), signers(new));
    }
    let allowed = |plan: &Plan| -> Vec<String> {
        plan.safeguards.allowances.iter().map(ToString::to_string).collect()
    };
    differ("allowed", lines(&allowed(old)), lines(&allowed(new)));
    let sign_in = |plan: &Plan| {
        plan.sign_in.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string)
    };
    differ("Exchange waits for", sign_in(old), sign_in(new));
    let narrowed = |plan: &Plan| match &plan.selected {
        Some(selected) => {
            let [targets, excludes] = [&selected.targets, &selected.excludes];
            format!("to {}, without {}", lines(targets), lines(excludes))
        }
        None => "no".to_owned(),
    };
    differ("narrowed", narrowed(old), narrowed(new));
    let left_out = |plan: &Plan| {
        let number = plan.selected.as_ref().map_or(0, |selected| selected.left_out.all());
        number.to_string()
    };
    differ("left out", left_out(old), left_out(new));
    differ("unchanged objects", old.unchanged.to_string(), new.unchanged.to_string());
}
