//! The incremental comparison of mailboxes: `observe` takes one row at a time and keeps a few bytes
//! of it, `finish` makes the changes once the read is known to be complete. Rows are provisional
//! until then: a read that fails, or turns out short, leaves nothing behind that could be planned.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::civil::Date;
use uuid::Uuid;

use super::checks::{CheckedMailboxes, MailboxJudge};
use super::evaluate::{Evaluation, evaluate};
use super::mailboxes::{MailboxChange, MailboxChanges, Names, Pattern};
use super::ruleset::Rulesets;
use super::select::MailboxWatch;
use crate::diagnostic::Diagnostics;
use crate::resource::{ActionVocabulary, RecipientType};
use crate::state::{AuditState, DesiredState, MailboxRow};

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// No policy is about it.
    Unmanaged,
    /// It is as it should be.
    Unchanged,
    /// It needs the change of this pattern.
    Changed(u32),
}

/// What was found out about one combination of rules, type and audit settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Judgement {
    outcome: Outcome,
    /// The rules ask for an `AuditEnabled` that would have no effect.
    enabled_without_effect: bool,
}

/// What is kept of every row, 25 bytes: its Guid, a digest of the row whose lowest bits tell what
/// became of it, and the number of what became of it in the spec's checks. Rows that came twice are
/// told apart by the digest; two that differ pass for equal once in 2^37 times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RowRecord {
    guid: [u8; 16],
    digest: [u8; 5],
    checked: [u8; 4],
}

const UNCHANGED: u8 = 0b001;
const CHANGED: u8 = 0b010;
const WITHOUT_EFFECT: u8 = 0b100;
const FLAGS: u32 = 3;

impl RowRecord {
    fn new(row: &MailboxRow<'_>, judgement: Judgement, checked: u32) -> Self {
        let mut hasher = DefaultHasher::new();
        row.upn.hash(&mut hasher);
        row.recipient_type.hash(&mut hasher);
        row.audit.hash(&mut hasher);
        row.primary_address.hash(&mut hasher);
        addresses_digest(row).hash(&mut hasher);
        let outcome = match judgement.outcome {
            Outcome::Unmanaged => 0,
            Outcome::Unchanged => UNCHANGED,
            Outcome::Changed(_) => CHANGED,
        };
        let effect = if judgement.enabled_without_effect { WITHOUT_EFFECT } else { 0 };
        let [first, second, third, fourth, fifth, ..] = (hasher.finish() << FLAGS).to_le_bytes();
        let digest = [first | outcome | effect, second, third, fourth, fifth];
        Self { guid: row.guid.into_bytes(), digest, checked: checked.to_le_bytes() }
    }

    fn has(self, flag: u8) -> bool {
        self.digest[0] & flag != 0
    }
}

/// A sum, since the service gives a mailbox's addresses in no promised order.
fn addresses_digest(row: &MailboxRow<'_>) -> u64 {
    row.addresses.iter().fold(0, |sum: u64, address| {
        let mut hasher = DefaultHasher::new();
        address.hash(&mut hasher);
        sum.wrapping_add(hasher.finish())
    })
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
    judge: Option<MailboxJudge<'s>>,
    policies: Vec<String>,
    mailbox_auditing: bool,
    known: HashMap<(u32, RecipientType, AuditState), Judgement>,
    patterns: Vec<Pattern>,
    changes: Vec<MailboxChange>,
    names: Names,
    rows: Vec<RowRecord>,
    watch: Option<MailboxWatch<'s>>,
}

/// What a complete read came to.
#[derive(Debug)]
pub struct MailboxFindings {
    /// The changes, in order.
    pub changes: MailboxChanges,
    /// Mailboxes that a policy is about and that need nothing.
    pub unchanged: u64,
    /// Mailboxes whose rules ask for an `AuditEnabled` that would have no effect.
    pub without_effect: u64,
    /// Mailboxes that were listed and that no policy is about.
    pub unmanaged: u64,
    /// What the spec's checks came to; `None` where none were asked.
    pub checked: Option<CheckedMailboxes>,
    /// Errors (conflicting policies) and warnings (patterns that match nothing).
    pub diagnostics: Diagnostics,
}

impl<'s> MailboxDiffer<'s> {
    /// Starts a comparison. `mailbox_auditing` is the organisation's switch as it will be once the
    /// plan is applied; exclusions are judged on `today` (UTC).
    pub fn new(desired: &'s DesiredState, mailbox_auditing: bool, today: Date) -> Self {
        Self {
            rulesets: Rulesets::new(desired, today),
            judge: None,
            policies: desired.policies.iter().map(|policy| policy.name.clone()).collect(),
            mailbox_auditing,
            known: HashMap::new(),
            patterns: Vec::new(),
            changes: Vec::new(),
            names: Names::default(),
            rows: Vec::new(),
            watch: None,
        }
    }

    /// Looks for mailboxes that are named on the way; one that is not there is an error.
    #[must_use]
    pub fn watching(mut self, watch: MailboxWatch<'s>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Lets every row be judged by the checks of the spec too.
    #[must_use]
    pub fn checked_by(mut self, judge: MailboxJudge<'s>) -> Self {
        self.judge = Some(judge);
        self
    }

    /// Takes one row; says what it needs, if anything.
    pub fn observe(&mut self, row: &MailboxRow<'_>) -> Option<Evaluation> {
        let judgement = match self.rulesets.find(row) {
            None => Judgement { outcome: Outcome::Unmanaged, enabled_without_effect: false },
            Some(ruleset) => {
                self.watch(ruleset, row);
                self.judge(ruleset, row)
            }
        };
        let change = match judgement.outcome {
            Outcome::Changed(pattern) => {
                Some((pattern, self.patterns[pattern as usize].evaluation))
            }
            Outcome::Unmanaged | Outcome::Unchanged => None,
        };
        let after = change.as_ref().map_or(row.audit, |(_, evaluation)| evaluation.after);
        let checked = self.judge.as_mut().map_or(0, |judge| judge.observe(row, &after));
        self.rows.push(RowRecord::new(row, judgement, checked));
        let (pattern, evaluation) = change?;
        let name = self.names.add(&row.upn);
        self.changes.push(MailboxChange { guid: row.guid, name, pattern });
        Some(evaluation)
    }

    fn watch(&mut self, ruleset: u32, row: &MailboxRow<'_>) {
        let Some(watch) = &mut self.watch else { return };
        let places = &self.rulesets.get(ruleset).policies;
        let names = places.iter().filter_map(|at| self.policies.get(usize::from(*at)));
        let names: Vec<&str> = names.map(String::as_str).collect();
        watch.observe(&names, &row.upn);
    }

    fn judge(&mut self, ruleset: u32, row: &MailboxRow<'_>) -> Judgement {
        let key = (ruleset, row.recipient_type, row.audit);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let found = self.rulesets.get(ruleset);
        let evaluation =
            evaluate(&found.rules, row.recipient_type, self.mailbox_auditing, &row.audit);
        let outcome = if evaluation.writes.is_empty() {
            Outcome::Unchanged
        } else {
            let place = u32::try_from(self.patterns.len()).unwrap_or(u32::MAX);
            self.patterns.push(Pattern {
                policies: found.policies.clone(),
                recipient_type: row.recipient_type,
                before: row.audit,
                evaluation,
            });
            Outcome::Changed(place)
        };
        let enabled_without_effect = evaluation.enabled_without_effect;
        let judgement = Judgement { outcome, enabled_without_effect };
        self.known.insert(key, judgement);
        judgement
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
        let count = |flag| self.rows.iter().filter(|record| record.has(flag)).count() as u64;
        let (unchanged, without_effect) = (count(UNCHANGED), count(WITHOUT_EFFECT));
        let unmanaged = self.rows.len() as u64 - unchanged - count(CHANGED);
        let mut diagnostics = self.rulesets.conflicts();
        diagnostics.extend(self.rulesets.unused());
        if let Some(watch) = &self.watch {
            diagnostics.extend(watch.unmet());
        }
        let outcomes = self.rows.iter().map(|record| u32::from_le_bytes(record.checked));
        let checked = self.judge.map(|judge| judge.finish(outcomes, &vocabulary));
        diagnostics
            .extend(checked.as_ref().map(|checked| checked.unused.clone()).unwrap_or_default());
        let changes =
            MailboxChanges::new(self.policies, self.patterns, self.changes, self.names, vocabulary);
        Ok(MailboxFindings { changes, unchanged, without_effect, unmanaged, checked, diagnostics })
    }
}

/// Which mailboxes a read saw, for comparing it with another read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Population {
    /// Distinct mailboxes.
    pub mailboxes: u64,
    /// A digest of their Guids.
    pub digest: u64,
}
