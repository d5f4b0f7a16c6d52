//! The incremental comparison of mailboxes: `observe` takes one row at a time and keeps a few bytes
//! of it, `finish` makes the changes once the read is known to be complete. Rows are provisional
//! until then: a read that fails, or turns out short, leaves nothing behind that could be planned.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::civil::Date;
use uuid::Uuid;

use super::evaluate::{Evaluation, evaluate};
use super::mailboxes::{MailboxChange, MailboxChanges, Names, Pattern};
use super::ruleset::Rulesets;
use crate::diagnostic::Diagnostics;
use crate::resource::{ActionVocabulary, RecipientType};
use crate::state::{AuditState, DesiredState, MailboxRow};

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Outcome {
    /// No policy is about it.
    Unmanaged,
    /// It is as it should be.
    Unchanged,
    /// It is as it should be, but for an `AuditEnabled` that would have no effect.
    WithoutEffect,
    /// It needs a change.
    Changed,
}

/// What is kept of every row, 24 bytes: its Guid, and a digest of the row with the outcome, by
/// which rows that came twice are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RowRecord {
    guid: [u8; 16],
    digest: u64,
}

const OUTCOME_BITS: u32 = 2;

impl RowRecord {
    fn outcome(self) -> Outcome {
        match self.digest & 0b11 {
            0 => Outcome::Unmanaged,
            1 => Outcome::Unchanged,
            2 => Outcome::WithoutEffect,
            _ => Outcome::Changed,
        }
    }
}

/// Two rows with one Guid that do not agree: the read cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the mailbox {guid} was listed twice with different contents")]
pub struct DifferingRows {
    /// The Guid that both rows carry.
    pub guid: Uuid,
}

/// Compares mailboxes with the policies of a spec, row by row.
#[derive(Debug)]
pub struct MailboxDiffer<'s> {
    rulesets: Rulesets<'s>,
    policies: Vec<String>,
    mailbox_auditing: bool,
    known: HashMap<(u32, RecipientType, AuditState), (Outcome, u32)>,
    patterns: Vec<Pattern>,
    changes: Vec<MailboxChange>,
    names: Names,
    rows: Vec<RowRecord>,
}

/// What a complete read came to.
#[derive(Debug)]
pub struct MailboxFindings {
    /// The changes, in order.
    pub changes: MailboxChanges,
    /// Mailboxes that a policy is about and that need nothing.
    pub unchanged: u64,
    /// Those of them whose rules ask for an `AuditEnabled` without effect.
    pub without_effect: u64,
    /// Mailboxes that were listed and that no policy is about.
    pub unmanaged: u64,
    /// Errors (conflicting policies) and warnings (patterns that match nothing).
    pub diagnostics: Diagnostics,
}

impl<'s> MailboxDiffer<'s> {
    /// Starts a comparison. `mailbox_auditing` is the organisation's switch as it will be once the
    /// plan is applied; exclusions are judged on `today` (UTC).
    pub fn new(desired: &'s DesiredState, mailbox_auditing: bool, today: Date) -> Self {
        Self {
            rulesets: Rulesets::new(desired, today),
            policies: desired.policies.iter().map(|policy| policy.name.clone()).collect(),
            mailbox_auditing,
            known: HashMap::new(),
            patterns: Vec::new(),
            changes: Vec::new(),
            names: Names::default(),
            rows: Vec::new(),
        }
    }

    /// Takes one row; says what it needs, if anything.
    pub fn observe(&mut self, row: &MailboxRow<'_>) -> Option<Evaluation> {
        let (outcome, pattern) = match self.rulesets.find(row) {
            None => (Outcome::Unmanaged, 0),
            Some(ruleset) => self.judge(ruleset, row),
        };
        self.rows.push(record(row, outcome));
        (outcome == Outcome::Changed).then(|| {
            let name = self.names.add(&row.upn);
            self.changes.push(MailboxChange { guid: row.guid, name, pattern });
            self.patterns[pattern as usize].evaluation
        })
    }

    fn judge(&mut self, ruleset: u32, row: &MailboxRow<'_>) -> (Outcome, u32) {
        let key = (ruleset, row.recipient_type, row.audit);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let found = self.rulesets.get(ruleset);
        let evaluation =
            evaluate(&found.rules, row.recipient_type, self.mailbox_auditing, &row.audit);
        let judged = if !evaluation.writes.is_empty() {
            let place = u32::try_from(self.patterns.len()).unwrap_or(u32::MAX);
            self.patterns.push(Pattern {
                policies: found.policies.clone(),
                recipient_type: row.recipient_type,
                before: row.audit,
                evaluation,
            });
            (Outcome::Changed, place)
        } else if evaluation.enabled_without_effect {
            (Outcome::WithoutEffect, 0)
        } else {
            (Outcome::Unchanged, 0)
        };
        self.known.insert(key, judged);
        judged
    }

    /// How many rows came, repeated ones included.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The number of distinct mailboxes and a digest of their Guids, by which two reads of the same
    /// list are compared; it does not depend on the order of the rows.
    pub fn population(&mut self) -> Population {
        self.rows.sort_unstable();
        let mut population = Population::default();
        let mut previous = None;
        for record in &self.rows {
            if previous != Some(record.guid) {
                population.mailboxes += 1;
                let mut hasher = DefaultHasher::new();
                record.guid.hash(&mut hasher);
                population.digest = population.digest.wrapping_add(hasher.finish());
            }
            previous = Some(record.guid);
        }
        population
    }

    /// Ends a read that is known to be complete. Rows that came twice and agree count once.
    pub fn finish(
        mut self,
        vocabulary: ActionVocabulary,
    ) -> Result<MailboxFindings, DifferingRows> {
        self.rows.sort_unstable();
        self.rows.dedup();
        if let Some(pair) = self.rows.windows(2).find(|pair| pair[0].guid == pair[1].guid) {
            return Err(DifferingRows { guid: Uuid::from_bytes(pair[0].guid) });
        }
        let count = |wanted: Outcome| {
            self.rows.iter().filter(|record| record.outcome() == wanted).count() as u64
        };
        let without_effect = count(Outcome::WithoutEffect);
        let unchanged = count(Outcome::Unchanged) + without_effect;
        let unmanaged = count(Outcome::Unmanaged);
        let mut diagnostics = self.rulesets.conflicts();
        diagnostics.extend(self.rulesets.unused());
        let changes =
            MailboxChanges::new(self.policies, self.patterns, self.changes, self.names, vocabulary);
        Ok(MailboxFindings { changes, unchanged, without_effect, unmanaged, diagnostics })
    }
}

fn record(row: &MailboxRow<'_>, outcome: Outcome) -> RowRecord {
    let mut hasher = DefaultHasher::new();
    row.upn.hash(&mut hasher);
    row.recipient_type.hash(&mut hasher);
    row.audit.hash(&mut hasher);
    let digest = hasher.finish() << OUTCOME_BITS | outcome as u64;
    RowRecord { guid: row.guid.into_bytes(), digest }
}

/// Which mailboxes a read saw, for comparing it with another read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Population {
    /// Distinct mailboxes.
    pub mailboxes: u64,
    /// A digest of their Guids.
    pub digest: u64,
}
