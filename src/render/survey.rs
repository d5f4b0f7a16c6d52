//! A plan looked through once, for the views that show it to people: mailboxes that change alike as
//! groups, counts by kind, policy and type, and what the plan takes away. Grows with the number of
//! patterns, not with the number of mailboxes.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use crate::diagnostic::and_list;
use crate::plan::{Action, Attribute, Change, MailboxView, Plan, Reversible};
use crate::resource::{Address, RecipientType};

use super::wording::mailboxes;

/// As many names are kept of a group as a view shows without being asked for all.
pub(super) const NAMED: usize = 10;

/// Mailboxes that change in the same way.
pub(super) struct Group<'p> {
    pub(super) first: MailboxView<'p>,
    pub(super) number: u64,
    pub(super) types: BTreeMap<RecipientType, u64>,
    /// The first [`NAMED`] in the order of the plan.
    pub(super) named: Vec<MailboxView<'p>>,
}

impl<'p> Group<'p> {
    fn new(first: MailboxView<'p>) -> Self {
        Self { first, number: 0, types: BTreeMap::new(), named: Vec::new() }
    }

    fn add(&mut self, view: MailboxView<'p>) {
        self.number += 1;
        *self.types.entry(view.pattern().recipient_type).or_default() += 1;
        if self.named.len() < NAMED {
            self.named.push(view);
        }
    }

    pub(super) fn change(&self) -> Change<'p> {
        Change::Mailbox(self.first)
    }

    /// `2 UserMailbox, 1 RoomMailbox`.
    pub(super) fn types_in_words(&self) -> String {
        let counts: Vec<String> =
            self.types.iter().map(|(kind, number)| format!("{number} {kind}")).collect();
        counts.join(", ")
    }
}

/// How many changes there are, and of what sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) create: u64,
    pub(super) change: u64,
    pub(super) delete: u64,
    /// Record less, keep less, or stop something from working.
    pub(super) weaken: u64,
    /// Take values away.
    pub(super) remove: u64,
    /// Do one of the two, or delete an object.
    pub(super) lose: u64,
    /// Cannot be undone.
    pub(super) irreversible: u64,
}

impl Tally {
    pub(super) fn of(change: &Change<'_>, times: u64) -> Self {
        let if_so = |is: bool| if is { times } else { 0 };
        let action = change.action();
        Self {
            create: if_so(action == Action::Create),
            change: if_so(matches!(action, Action::Update | Action::Replace)),
            delete: if_so(action == Action::Delete),
            weaken: if_so(!change.weakens().is_empty()),
            remove: if_so(!change.removes().is_empty()),
            lose: if_so(loses(change)),
            irreversible: if_so(change.reversible() != Reversible::Yes),
        }
    }

    pub(super) fn all(&self) -> u64 {
        self.create + self.change + self.delete
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.create += other.create;
        self.change += other.change;
        self.delete += other.delete;
        self.weaken += other.weaken;
        self.remove += other.remove;
        self.lose += other.lose;
        self.irreversible += other.irreversible;
    }
}

/// What a view shows as one thing.
pub(super) enum Part<'s, 'p> {
    /// A change that is not of a mailbox.
    One(Change<'p>),
    /// A group, with its place among the groups.
    Many(usize, &'s Group<'p>),
}

impl<'p> Part<'_, 'p> {
    /// The change, or what the members of the group have in common.
    pub(super) fn change(&self) -> Change<'p> {
        match self {
            Self::One(change) => *change,
            Self::Many(_, group) => group.change(),
        }
    }

    pub(super) fn tally(&self) -> Tally {
        match self {
            Self::One(change) => Tally::of(change, 1),
            Self::Many(_, group) => Tally::of(&group.change(), group.number),
        }
    }

    /// What happens to what: `will be changed` and so on.
    pub(super) fn verb(&self) -> &'static str {
        match self.change().action() {
            Action::Create => "will be created",
            Action::Update => "will be changed",
            Action::Replace => "will be replaced",
            Action::Delete => "will be deleted",
        }
    }
}

/// The changes of one kind, and of one policy where they are of mailboxes.
pub(super) struct Section {
    pub(super) name: String,
    pub(super) tally: Tally,
    /// Empty but for mailboxes.
    pub(super) types: BTreeMap<RecipientType, u64>,
}

/// What a plan takes away, each as a sentence, the gravest first.
#[derive(Default)]
pub(super) struct Losses {
    /// What of an identity chain stops working.
    pub(super) access: Vec<String>,
    /// What is no longer recorded, or no longer kept.
    pub(super) records: Vec<String>,
    /// What goes without a loss of either sort.
    pub(super) removals: Vec<String>,
}

impl Losses {
    /// The sentences under their headings, without empty ones.
    pub(super) fn titled(&self) -> Vec<(&'static str, &[String])> {
        [
            ("This plan takes access away", self.access.as_slice()),
            ("This plan records less than today", &self.records),
            ("This plan removes values without recording less", &self.removals),
        ]
        .into_iter()
        .filter(|(_, losses)| !losses.is_empty())
        .collect()
    }
}

/// A pattern in a plan.
pub(super) struct Occurrence<'p> {
    /// The place in [`Survey::groups`].
    pub(super) group: usize,
    /// One mailbox of it.
    pub(super) first: MailboxView<'p>,
}

/// A plan with what a view needs to know of it beforehand.
pub(super) struct Survey<'p> {
    pub(super) plan: &'p Plan,
    /// In the order in which they are shown: losses first, then the larger ones.
    pub(super) groups: Vec<Group<'p>>,
    /// The patterns that occur, by their numbers.
    pub(super) patterns: BTreeMap<u32, Occurrence<'p>>,
    pub(super) tally: Tally,
}

impl<'p> Survey<'p> {
    pub(super) fn of(plan: &'p Plan) -> Self {
        let mut found: Vec<Group<'p>> = Vec::new();
        let mut of_key: BTreeMap<(String, String), usize> = BTreeMap::new();
        let mut patterns: BTreeMap<u32, Occurrence<'p>> = BTreeMap::new();
        for view in plan.mailboxes.iter() {
            let pattern = patterns.entry(view.pattern_id()).or_insert_with(|| {
                let group = *of_key.entry(key(view)).or_insert_with(|| {
                    found.push(Group::new(view));
                    found.len() - 1
                });
                Occurrence { group, first: view }
            });
            if let Some(group) = found.get_mut(pattern.group) {
                group.add(view);
            }
        }
        let mut tally = Tally::default();
        plan.few().for_each(|change| tally += Tally::of(&change, 1));
        for group in &found {
            tally += Tally::of(&group.change(), group.number);
        }
        let order = order(&found);
        let mut place_of = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, at)| place_of[*at] = place);
        for pattern in patterns.values_mut() {
            pattern.group = place_of[pattern.group];
        }
        let mut placed: Vec<(usize, Group<'p>)> = place_of.into_iter().zip(found).collect();
        placed.sort_by_key(|(place, _)| *place);
        let groups = placed.into_iter().map(|(_, group)| group).collect();
        Self { plan, groups, patterns, tally }
    }

    /// The place in `groups` of the group that a mailbox belongs to.
    pub(super) fn group_of(&self, view: MailboxView<'_>) -> usize {
        self.patterns.get(&view.pattern_id()).map_or(0, |pattern| pattern.group)
    }

    /// The mailboxes of each group, as places among [`Plan::mailboxes`]: four bytes for each.
    pub(super) fn members(&self) -> Vec<Vec<u32>> {
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); self.groups.len()];
        for (view, place) in self.plan.mailboxes.iter().zip(0u32..) {
            members[self.group_of(view)].push(place);
        }
        members
    }

    /// All that changes, what takes something away first. Otherwise identity chains and switches come
    /// before mailboxes, as they are done.
    pub(super) fn parts(&self) -> Vec<Part<'_, 'p>> {
        let few = self.plan.few().map(Part::One);
        let groups = self.groups.iter().enumerate();
        let groups = groups.map(|(place, group)| Part::Many(place, group));
        let mut parts: Vec<Part<'_, 'p>> = few.chain(groups).collect();
        parts.sort_by_cached_key(|part| loudness(&part.change()));
        parts
    }

    /// Counts by kind and policy, in the order of the plan; what weakens comes first.
    pub(super) fn sections(&self) -> Vec<Section> {
        let mut sections: Vec<Section> = Vec::new();
        let few = self.plan.few().map(|change| (change, 1, None));
        let groups = self.groups.iter();
        let groups = groups.map(|group| (group.change(), group.number, Some(&group.types)));
        for (change, times, types) in few.chain(groups) {
            let name = section_name(&change);
            let at = sections.iter().position(|section| section.name == name);
            let at = at.unwrap_or_else(|| {
                let (tally, types) = (Tally::default(), BTreeMap::new());
                sections.push(Section { name, tally, types });
                sections.len() - 1
            });
            sections[at].tally += Tally::of(&change, times);
            for (kind, number) in types.into_iter().flatten() {
                *sections[at].types.entry(*kind).or_default() += number;
            }
        }
        sections.sort_by_key(|section| (section.tally.weaken == 0, section.tally.remove == 0));
        sections
    }

    /// What the plan takes away.
    pub(super) fn losses(&self) -> Losses {
        let mut losses = Losses::default();
        for change in self.plan.few() {
            let address = change.address();
            for words in change.weakens() {
                match &change {
                    Change::Identity(_) => losses.access.push(format!("{address}: {words}")),
                    _ => losses.records.push(words),
                }
            }
            if change.weakens().is_empty() {
                let removals = removals(&change);
                losses.removals.extend(removals.iter().map(|what| format!("{address}: {what}")));
            }
        }
        let [mut records, mut removed] = [BTreeMap::new(), BTreeMap::new()];
        for group in &self.groups {
            let change = group.change();
            let weakens = change.weakens();
            let (sentences, counts) = if weakens.is_empty() {
                (removals(&change), &mut removed)
            } else {
                (weakens, &mut records)
            };
            for sentence in sentences {
                *counts.entry(sentence).or_insert(0u64) += group.number;
            }
        }
        losses.records.extend(counted(records));
        losses.removals.extend(counted(removed));
        losses
    }
}

/// The sentences with how many mailboxes each is about, the largest number first.
fn counted(sentences: BTreeMap<String, u64>) -> impl Iterator<Item = String> {
    let mut sentences: Vec<(String, u64)> = sentences.into_iter().collect();
    sentences.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    sentences.into_iter().map(|(sentence, number)| format!("{}: {sentence}", mailboxes(number)))
}

/// What goes, in words: an object as a whole, or values of an attribute.
fn removals(change: &Change<'_>) -> Vec<String> {
    let whole = (change.action() == Action::Delete).then(|| "will be deleted".to_owned());
    let values = change.removes().into_iter();
    whole
        .into_iter()
        .chain(values.map(|(name, values)| format!("`{name}` loses {}", and_list(&values))))
        .collect()
}

/// The order in which groups are shown, as places.
fn order(groups: &[Group<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_cached_key(|at| {
        let group = &groups[*at];
        (loudness(&group.change()), u64::MAX - group.number, key(group.first))
    });
    order
}

/// What takes more away comes earlier.
fn loudness(change: &Change<'_>) -> (bool, bool) {
    (change.weakens().is_empty(), !loses(change))
}

/// Whether something is less afterwards, or gone.
pub(super) fn loses(change: &Change<'_>) -> bool {
    !change.weakens().is_empty()
        || !change.removes().is_empty()
        || change.action() == Action::Delete
}

/// What a change takes away, in a word or two; empty where nothing.
pub(super) fn marks(change: &Change<'_>) -> Vec<&'static str> {
    [
        (!change.weakens().is_empty(), "weakens"),
        (!change.removes().is_empty(), "removes values"),
        (change.action() == Action::Delete, "deletes"),
        (change.reversible() != Reversible::Yes, "cannot be undone"),
    ]
    .into_iter()
    .filter_map(|(is_so, mark)| is_so.then_some(mark))
    .collect()
}

/// The kind of a change, with the policy where it is of a mailbox.
pub(super) fn section_name(change: &Change<'_>) -> String {
    match change {
        Change::Mailbox(view) => Address::policy(view.policy()).to_string(),
        _ => change.address().kind().name().to_owned(),
    }
}

/// What makes two changes look the same to a reader: the policies and everything that is shown.
/// The names of actions are taken, not their bits, which depend on the order of a read.
fn key(view: MailboxView<'_>) -> (String, String) {
    let policies: Vec<&str> = view.policies().collect();
    let change = Change::Mailbox(view);
    let shown = (shown(&change), change.leaves_management(), change.weakens());
    (policies.join(","), format!("{shown:?}"))
}

/// The attributes that a reader has to see. That a logon type leaves Microsoft's management is said
/// in words, so `default_audit_set` is shown only where a logon type comes back to it.
pub(super) fn shown<'p>(change: &Change<'p>) -> Vec<Attribute<'p>> {
    let mut attributes = change.attributes();
    let only_leaves = match change {
        Change::Identity(_) | Change::Tenant(..) => false,
        Change::Mailbox(view) => view.pattern().evaluation.writes.resets().is_empty(),
    };
    attributes.retain(|attribute| {
        attribute.changes() && !(only_leaves && attribute.name == "default_audit_set")
    });
    attributes
}
