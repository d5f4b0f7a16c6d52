//! The changes of mailboxes in a plan, held compactly: a change is a Guid, a name and the number of
//! a pattern, and a pattern (policies, type, before, after) is held once however many mailboxes
//! share it. That gives grouping for free and keeps a plan of a million changes small.

use uuid::Uuid;

use super::evaluate::{Evaluation, ListChange};
use super::write::{ListWrite, MailboxPatch, MailboxRef, Write};
use crate::resource::{
    ActionSet, ActionVocabulary, Address, AuditAction, LogonType, LogonTypes, RecipientType,
    Standing, TABLE, known_action,
};
use crate::state::AuditState;

/// What a number of mailboxes have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The policies that have a say, as places in the list that all changes share; the first one gives the
    /// address.
    pub policies: Vec<u16>,
    /// The type of the mailboxes.
    pub recipient_type: RecipientType,
    /// The audit settings as read, `DefaultAuditSet` included.
    pub before: AuditState,
    /// What is written and what will be read back.
    pub evaluation: Evaluation,
}

/// One mailbox that changes, 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MailboxChange {
    pub(crate) guid: Uuid,
    pub(crate) name: Name,
    pub(crate) pattern: u32,
}

/// A name in [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    start: u32,
    block: u16,
    length: u16,
}

/// User principal names one after another, in blocks, so that growing never copies them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    blocks: Vec<String>,
}

const BLOCK: usize = 1 << 20;

impl Names {
    /// Keeps a name. User principal names have at most 1,024 characters, and 65,536 blocks of a
    /// mebibyte hold more of them than a tenant can have.
    pub(crate) fn add(&mut self, name: &str) -> Name {
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        let kept = name.get(..usize::from(length)).unwrap_or_default();
        let full = self.blocks.last().is_none_or(|block| block.len() + kept.len() > BLOCK);
        if full {
            self.blocks.push(String::with_capacity(BLOCK));
        }
        let block = self.blocks.len() - 1;
        let start = self.blocks[block].len();
        self.blocks[block].push_str(kept);
        Name {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            block: u16::try_from(block).unwrap_or(u16::MAX),
            length: u16::try_from(kept.len()).unwrap_or(u16::MAX),
        }
    }

    pub(crate) fn get(&self, name: Name) -> &str {
        let start = name.start as usize;
        self.blocks
            .get(usize::from(name.block))
            .and_then(|block| block.get(start..start + usize::from(name.length)))
            .unwrap_or_default()
    }
}

/// All mailboxes that a plan changes, by address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxChanges {
    policies: Vec<String>,
    patterns: Vec<Pattern>,
    changes: Vec<MailboxChange>,
    names: Names,
    vocabulary: ActionVocabulary,
    /// The run that all of them take back, where they are an undo.
    undoes: Option<String>,
}

impl MailboxChanges {
    /// Puts changes in the order of their addresses; one mailbox counts once.
    pub(crate) fn new(
        policies: Vec<String>,
        patterns: Vec<Pattern>,
        mut changes: Vec<MailboxChange>,
        names: Names,
        vocabulary: ActionVocabulary,
    ) -> Self {
        let policy = |change: &MailboxChange| {
            patterns[change.pattern as usize]
                .policies
                .first()
                .map(|at| policies[usize::from(*at)].as_str())
        };
        changes.sort_unstable_by(|left, right| {
            policy(left)
                .cmp(&policy(right))
                .then_with(|| by_letters(names.get(left.name), names.get(right.name)))
                .then_with(|| left.guid.cmp(&right.guid))
        });
        changes.dedup_by_key(|change| change.guid);
        Self { policies, patterns, changes, names, vocabulary, undoes: None }
    }

    /// The same as an undo of a run.
    pub(crate) fn of_undo(self, run: &str) -> Self {
        Self { undoes: Some(run.to_owned()), ..self }
    }

    /// No change at all.
    pub fn none() -> Self {
        Self::new(Vec::new(), Vec::new(), Vec::new(), Names::default(), ActionVocabulary::default())
    }

    /// How many mailboxes change.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether no mailbox changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The change at a place.
    pub fn get(&self, place: usize) -> Option<MailboxView<'_>> {
        let change = self.changes.get(place)?;
        Some(MailboxView {
            all: self,
            change,
            pattern: self.patterns.get(change.pattern as usize)?,
        })
    }

    /// Keeps the changes whose places are marked.
    pub(crate) fn retain(&mut self, keeps: &[bool]) {
        let mut keeps = keeps.iter();
        self.changes.retain(|_| keeps.next().copied().unwrap_or(true));
    }

    /// The changes in the order of their addresses.
    pub fn iter(&self) -> impl Iterator<Item = MailboxView<'_>> {
        (0..self.changes.len()).filter_map(|place| self.get(place))
    }

    /// The place of the change of a mailbox.
    pub fn index_by_guid(&self) -> Vec<(Uuid, u32)> {
        let mut index: Vec<(Uuid, u32)> =
            self.changes.iter().map(|change| change.guid).zip(0u32..).collect();
        index.sort_unstable();
        index
    }

    /// The requests that all these changes take.
    pub fn requests(&self) -> u64 {
        self.changes
            .iter()
            .filter_map(|change| self.patterns.get(change.pattern as usize))
            .map(|pattern| pattern.evaluation.writes.requests())
            .sum()
    }

    /// The first mailbox of each pattern with how many there are, in the order of the first ones.
    pub(crate) fn by_pattern(&self) -> Vec<(MailboxView<'_>, u64)> {
        const NONE: usize = usize::MAX;
        let mut firsts = vec![NONE; self.patterns.len()];
        let mut counts: Vec<(usize, u64)> = Vec::new();
        for (place, change) in self.changes.iter().enumerate() {
            let Some(first) = firsts.get_mut(change.pattern as usize) else { continue };
            if *first == NONE {
                *first = counts.len();
                counts.push((place, 0));
            }
            if let Some((_, number)) = counts.get_mut(*first) {
                *number += 1;
            }
        }
        let view = |(place, number)| self.get(place).map(|view| (view, number));
        counts.into_iter().filter_map(view).collect()
    }

    /// The names of the policies that patterns refer to.
    pub(super) fn policies(&self) -> &[String] {
        &self.policies
    }

    /// The policies that give the changes their addresses.
    pub(super) fn policies_of_changes(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.by_pattern().into_iter().map(|(view, _)| view.policy()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The names of actions.
    pub fn vocabulary(&self) -> &ActionVocabulary {
        &self.vocabulary
    }
}

pub(super) fn by_letters(left: &str, right: &str) -> std::cmp::Ordering {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    if left.is_ascii() && right.is_ascii() {
        let left = left.bytes().map(|byte| byte.to_ascii_lowercase());
        left.cmp(right.bytes().map(|byte| byte.to_ascii_lowercase()))
    } else {
        lower(left).cmp(&lower(right))
    }
}

/// One changing mailbox with all that is known about it.
#[derive(Debug, Clone, Copy)]
pub struct MailboxView<'p> {
    all: &'p MailboxChanges,
    change: &'p MailboxChange,
    pattern: &'p Pattern,
}

impl<'p> MailboxView<'p> {
    /// `mailbox_audit.NAME["upn"]`.
    pub fn address(self) -> Address {
        Address::mailbox(self.policy(), self.upn())
    }

    /// The policy that gives the address.
    pub fn policy(self) -> &'p str {
        self.policies().next().unwrap_or_default()
    }

    /// All policies that have a say.
    pub fn policies(self) -> impl Iterator<Item = &'p str> {
        let names = &self.all.policies;
        self.pattern
            .policies
            .iter()
            .filter_map(|at| names.get(usize::from(*at)))
            .map(String::as_str)
    }

    /// The run that it takes back, where it is part of an undo.
    pub fn undone_run(self) -> Option<&'p str> {
        self.all.undoes.as_deref()
    }

    /// The object's Guid.
    pub fn guid(self) -> Uuid {
        self.change.guid
    }

    /// The user principal name, as the service spells it.
    pub fn upn(self) -> &'p str {
        self.all.names.get(self.change.name)
    }

    /// Which pattern it belongs to; equal numbers mean equal changes.
    pub fn pattern_id(self) -> u32 {
        self.change.pattern
    }

    /// What it shares with other mailboxes.
    pub fn pattern(self) -> &'p Pattern {
        self.pattern
    }

    /// The names of a set of actions.
    pub fn action_names(self, set: ActionSet) -> Vec<&'p str> {
        self.all.vocabulary.names(set)
    }

    /// The requests, in the order in which they have to be sent: a reset comes first.
    pub fn writes(self) -> Vec<Write> {
        let writes = &self.pattern.evaluation.writes;
        let mailbox = MailboxRef {
            guid: self.guid(),
            upn: self.upn().to_owned(),
            recipient_type: self.pattern.recipient_type,
        };
        let mut requests = Vec::new();
        let logon_types = writes.resets();
        if !logon_types.is_empty() {
            requests.push(Write::ResetDefaultAuditSet { mailbox: mailbox.clone(), logon_types });
        }
        if writes.sets() {
            requests.push(Write::SetMailbox { mailbox, patch: self.patch() });
        }
        requests
    }

    fn patch(self) -> MailboxPatch {
        let writes = &self.pattern.evaluation.writes;
        let owned = |set| self.action_names(set).into_iter().map(str::to_owned).collect();
        let list = |logon: LogonType| match writes.actions[logon as usize] {
            Some(ListChange::Replace(set)) => Some(ListWrite::Replace(owned(set))),
            Some(ListChange::Add(set)) => Some(ListWrite::Add(owned(set))),
            Some(ListChange::Reset) | None => None,
        };
        MailboxPatch {
            enabled: writes.enabled,
            admin: list(LogonType::Admin),
            delegate: list(LogonType::Delegate),
            owner: list(LogonType::Owner),
            log_age_limit: writes.log_age_limit,
        }
    }
}

impl Pattern {
    /// The actions that a logon type loses.
    pub fn removed(&self, logon: LogonType) -> ActionSet {
        self.before.actions(logon).minus(self.evaluation.after.actions(logon))
    }

    /// The removed actions whose records will be missed: one that was replaced by another, or is part
    /// of another, is not missed where that other one is recorded.
    pub fn missed(&self, logon: LogonType) -> ActionSet {
        let after = self.evaluation.after.actions(logon);
        let removed = self.removed(logon);
        (0u8..)
            .zip(TABLE.iter())
            .filter(|(bit, action)| {
                removed.has_bit(*bit) && recorded_otherwise(action.standing(logon), after)
            })
            .fold(removed, |missed, (bit, _)| missed.minus(ActionSet::EMPTY.with_bit(bit)))
    }

    /// The actions that a logon type had before, and that the service would not take once more.
    pub fn not_taken_again(&self, logon: LogonType) -> ActionSet {
        let before = self.before.actions(logon);
        let is_written = self.evaluation.writes.actions[logon as usize].is_some();
        if !is_written || self.before.default_audit_set.contains(logon) {
            return ActionSet::EMPTY;
        }
        let refused =
            |action: &AuditAction| matches!(action.standing(logon), Standing::Deprecated(_));
        let refused = (0u8..).zip(TABLE.iter()).filter(|(_, action)| refused(action));
        let refused = refused.fold(ActionSet::EMPTY, |set, (bit, _)| set.with_bit(bit));
        before.minus(before.minus(refused))
    }

    /// Whether less is recorded, or kept for less long.
    pub fn weakens(&self) -> bool {
        LogonType::ALL.into_iter().any(|logon| !self.missed(logon).is_empty())
            || self.stops_auditing()
            || self.shortens_log()
    }

    /// Whether the mailbox is no longer audited.
    pub fn stops_auditing(&self) -> bool {
        self.before.enabled && !self.evaluation.after.enabled
    }

    /// The logon types that leave Microsoft's management: they keep working, and actions that
    /// Microsoft adds to its default set later will not reach them.
    pub fn leaves_management(&self) -> LogonTypes {
        let after = self.evaluation.after.default_audit_set;
        self.before
            .default_audit_set
            .iter()
            .filter(|logon| !after.contains(*logon))
            .fold(LogonTypes::NONE, LogonTypes::with)
    }

    /// Whether the log age becomes shorter, which deletes records for good.
    pub fn shortens_log(&self) -> bool {
        self.evaluation.after.log_age_limit < self.before.log_age_limit
    }
}

fn recorded_otherwise(standing: Standing, after: ActionSet) -> bool {
    match standing {
        Standing::Deprecated(by) | Standing::PartOf(by) => {
            known_action(by).is_some_and(|(bit, _)| after.has_bit(bit))
        }
        _ => false,
    }
}
