//! Narrows a plan to what targets and exclusions name. A plan and a selection in; the plan of what is
//! left out, with what was left out as data. What is left always stands by itself: what a wanted change
//! needs comes along, and what needs something that is excluded stays out with it.

mod edges;
mod unmet;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Change, MailboxView, Plan, Reversible, SignInGate};
use crate::resource::{Address, Kind};
use crate::state::{Selection, TargetError, Targets};
use edges::Edges;

pub use unmet::{MailboxWatch, unknown_targets, unmet_targets};

/// What a plan was narrowed to, and what that left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selected {
    /// The patterns of what was wanted; empty for everything.
    #[schemars(inner(length(min = 1)))]
    pub targets: Vec<String>,
    /// The patterns of what was not.
    #[schemars(inner(length(min = 1)))]
    pub excludes: Vec<String>,
    /// Changes that no target names and that come along, since one that is named needs them.
    #[schemars(with = "Vec<Address>", extend("uniqueItems" = true))]
    pub included: Vec<String>,
    /// Changes that are not excluded by name and stay out, since they need one that is.
    pub held_back: Vec<HeldBack>,
    /// The changes that are not in the plan, those that are held back among them.
    pub left_out: LeftOut,
    /// What was not planned at all: nobody looked, or it can be known only later.
    #[schemars(with = "Vec<Address>", extend("uniqueItems" = true))]
    pub not_planned: Vec<String>,
}

impl Selected {
    /// The patterns, to narrow another plan to the same.
    pub fn selection(&self) -> Result<Selection, TargetError> {
        Selection::of_texts(&self.targets, &self.excludes)
    }
}

/// Changes that cannot go without one that is excluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldBack {
    /// What they need.
    #[schemars(with = "Address")]
    pub needs: String,
    /// How many they are.
    pub changes: u64,
    /// The first of them.
    #[schemars(with = "Address")]
    pub example: String,
}

/// Counts of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Objects that would come into being.
    pub create: u64,
    /// Objects that would change.
    pub change: u64,
    /// Objects that would go.
    pub delete: u64,
    /// Those that record less, keep less, or stop something from working.
    pub weaken: u64,
    /// Those that take values away.
    pub remove: u64,
    /// Those that cannot be undone.
    pub irreversible: u64,
    /// Those that are of mailboxes: with the others they are the population of limits.
    pub mailboxes: u64,
}

impl LeftOut {
    /// How many changes there are.
    pub fn all(&self) -> u64 {
        self.create + self.change + self.delete
    }

    fn add(&mut self, change: &Change<'_>, times: u64) {
        let if_so = |is: bool| if is { times } else { 0 };
        self.create += if_so(change.action() == Action::Create);
        self.change += if_so(matches!(change.action(), Action::Update | Action::Replace));
        self.delete += if_so(change.action() == Action::Delete);
        self.weaken += if_so(!change.weakens().is_empty());
        self.remove += if_so(!change.removes().is_empty());
        self.irreversible += if_so(change.reversible() != Reversible::Yes);
        self.mailboxes += if_so(matches!(change, Change::Mailbox(_)));
    }
}

/// Narrows a plan. `gate` is the sign-in that what is deferred waits for, where there is one.
pub fn select(mut plan: Plan, selection: &Selection, gate: Option<&SignInGate>) -> Plan {
    if selection.is_whole() {
        return plan;
    }
    let edges = Edges::of(&plan, gate);
    let few = narrow_few(&plan, selection, &edges);
    let mut selected = Selected {
        targets: selection.targets.texts(),
        excludes: selection.excludes.texts(),
        ..Selected::default()
    };
    selected.included.extend(few.included.iter().map(|place| edges.address(*place).to_string()));
    let mut held = Held::default();
    for (place, change) in plan.few().enumerate().filter(|(place, _)| !few.keeps[*place]) {
        selected.left_out.add(&change, 1);
        if !few.is_excluded[place] && few.is_wanted[place] {
            let needs = few.cause[place].map(|cause| edges.address(cause));
            held.add(needs, 1, || change.address());
        }
    }
    narrow_mailboxes(&mut plan, selection, &edges, &few, &mut selected, &mut held);
    let mut place = 0..;
    plan.identity.retain(|_| place.next().is_none_or(|place| few.keeps[place]));
    plan.tenant_changes.retain(|_| place.next().is_none_or(|place| few.keeps[place]));
    plan.pending.retain(|address| wants(selection, address));
    let is_held = few.gate_cause.is_some();
    let (deferred, others) = plan
        .deferred
        .iter()
        .cloned()
        .partition(|address: &Address| may_want(selection, address) && !is_held);
    plan.deferred = deferred;
    selected.not_planned.extend(others.iter().map(Address::to_string));
    if plan.len() == plan.identity.len() {
        plan.sign_in = None;
    }
    selected.held_back = held.into_rows();
    plan.selected = Some(selected);
    plan
}

/// What becomes of the changes that are not of mailboxes, by their places.
struct Few {
    is_wanted: Vec<bool>,
    is_excluded: Vec<bool>,
    /// The excluded change that each one needs, itself where it is excluded.
    cause: Vec<Option<usize>>,
    /// The excluded change that all mailboxes need.
    mailbox_cause: Option<usize>,
    /// The excluded change that what is deferred needs.
    gate_cause: Option<usize>,
    keeps: Vec<bool>,
    included: Vec<usize>,
}

fn narrow_few(plan: &Plan, selection: &Selection, edges: &Edges) -> Few {
    let matches = |targets: &Targets| -> Vec<bool> {
        plan.few().map(|change| names(targets, &change.address())).collect()
    };
    let is_named = matches(&selection.targets);
    let everything = selection.targets.is_empty();
    let is_wanted: Vec<bool> = is_named.iter().map(|named| everything || *named).collect();
    let is_excluded = matches(&selection.excludes);
    let cause = edges.causes(&is_excluded);
    let first = |needs: &[usize]| needs.iter().find_map(|place| cause[*place]);
    let (mailbox_cause, gate_cause) = (first(edges.of_mailboxes()), first(edges.of_gate()));
    let seeds: Vec<usize> =
        (0..edges.len()).filter(|at| is_wanted[*at] && cause[*at].is_none()).collect();
    let mut begin = seeds.clone();
    let takes_mailbox = |view| wants_mailbox(selection, view);
    if mailbox_cause.is_none() && plan.mailboxes.iter().any(takes_mailbox) {
        begin.extend(edges.of_mailboxes());
    }
    let waits = plan.deferred.iter().any(|address| may_want(selection, address));
    if gate_cause.is_none() && waits {
        begin.extend(edges.of_gate());
    }
    let mut keeps = edges.closed(&begin);
    // The customisation is there for switches alone, and there is no way back from it.
    for place in 0..edges.len() {
        let is_for_others = edges.address(place).kind() == Kind::OrganizationCustomization;
        if is_for_others && !is_named[place] && !edges.is_needed(place, &keeps) {
            keeps[place] = false;
        }
    }
    let included = (0..edges.len()).filter(|place| keeps[*place] && !is_wanted[*place]).collect();
    Few { is_wanted, is_excluded, cause, mailbox_cause, gate_cause, keeps, included }
}

fn narrow_mailboxes(
    plan: &mut Plan,
    selection: &Selection,
    edges: &Edges,
    few: &Few,
    selected: &mut Selected,
    held: &mut Held,
) {
    let needs = few.mailbox_cause.map(|cause| edges.address(cause));
    let mut keeps = Vec::with_capacity(plan.mailboxes.len());
    // By pattern, the first that is left out and how many: what they lose is the same.
    let mut left_out: BTreeMap<u32, (MailboxView<'_>, u64)> = BTreeMap::new();
    for view in plan.mailboxes.iter() {
        let is_wanted = wants_mailbox(selection, view);
        let keep = is_wanted && needs.is_none();
        if !keep {
            left_out.entry(view.pattern_id()).or_insert((view, 0)).1 += 1;
            if is_wanted {
                held.add(needs, 1, || view.address());
            }
        }
        keeps.push(keep);
    }
    for (view, number) in left_out.values() {
        selected.left_out.add(&Change::Mailbox(*view), *number);
    }
    plan.mailboxes.retain(&keeps);
}

fn names(targets: &Targets, address: &Address) -> bool {
    targets.matches(address.kind(), address.name().as_slice(), address.key())
}

fn wants(selection: &Selection, address: &Address) -> bool {
    let is_named = selection.targets.is_empty() || names(&selection.targets, address);
    is_named && !names(&selection.excludes, address)
}

/// Whether a change is what a selection names.
pub fn is_wanted(selection: &Selection, change: &Change<'_>) -> bool {
    match change {
        Change::Mailbox(view) => wants_mailbox(selection, *view),
        change => wants(selection, &change.address()),
    }
}

/// Whether a resource that nobody has read yet may hold something that is wanted.
fn may_want(selection: &Selection, address: &Address) -> bool {
    selection.may_want(address.kind(), address.name()) && !names(&selection.excludes, address)
}

/// Every policy with a say in a mailbox stands for it.
fn wants_mailbox(selection: &Selection, view: MailboxView<'_>) -> bool {
    let policies: Vec<&str> = view.policies().collect();
    let names =
        |targets: &Targets| targets.matches(Kind::MailboxAudit, &policies, Some(view.upn()));
    (selection.targets.is_empty() || names(&selection.targets)) && !names(&selection.excludes)
}

/// Changes that are held back, by what they need.
#[derive(Default)]
struct Held(BTreeMap<String, HeldBack>);

impl Held {
    fn add(&mut self, needs: Option<&Address>, times: u64, address: impl Fn() -> Address) {
        let Some(needs) = needs.map(Address::to_string) else { return };
        let row = self.0.entry(needs).or_insert_with_key(|needs| HeldBack {
            needs: needs.clone(),
            changes: 0,
            example: address().to_string(),
        });
        row.changes += times;
    }

    fn into_rows(self) -> Vec<HeldBack> {
        self.0.into_values().collect()
    }
}
