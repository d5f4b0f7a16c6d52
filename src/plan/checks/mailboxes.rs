//! Holds mailboxes against the checks of a spec, one after another. Of a mailbox nothing is kept here
//! but the number of its outcome, which is what became of it in all checks together: few combinations
//! occur in a tenant. Of each check the first few mailboxes are kept by name. Who reads keeps the
//! numbers, so that a mailbox that was listed twice is counted once.

use std::collections::HashMap;

use jiff::civil::Date;
use uuid::Uuid;

use super::CheckViolation;
use super::conformity::{Subject, conforms, faults};
use crate::diagnostic::Diagnostics;
use crate::plan::mailboxes::by_letters;
use crate::plan::selector::Selector;
use crate::resource::ActionVocabulary;
use crate::state::{AuditState, CheckedState, DesiredState, MailboxAssertion, MailboxRow};

/// As many mailboxes are named of a check.
const NAMED: usize = 5;

const SELECTED: u8 = 0b001;
const CONFORMS: [u8; 2] = [0b010, 0b100];

/// Something of a mailbox in both states: as observed, as planned.
type InBoth<T> = [T; 2];

pub(super) fn place(state: CheckedState) -> usize {
    match state {
        CheckedState::Observed => 0,
        CheckedState::Planned => 1,
    }
}

/// Judges mailboxes row by row.
#[derive(Debug)]
pub struct MailboxJudge<'s> {
    judged: Vec<Judged<'s>>,
    /// The organisation's switch, as read and as planned.
    mailbox_auditing: InBoth<bool>,
    outcomes: Vec<Box<[u8]>>,
    numbers: HashMap<Box<[u8]>, u32>,
    outcome: Vec<u8>,
}

/// One check that is about mailboxes.
#[derive(Debug)]
struct Judged<'s> {
    /// Its place in the spec.
    check: usize,
    assertion: &'s MailboxAssertion,
    selector: Selector<'s>,
    /// The first that are not as asserted.
    lacking: InBoth<Sample>,
    /// The first that are.
    conforming: InBoth<Sample>,
}

/// The first mailboxes by name.
#[derive(Debug, Default)]
struct Sample(Vec<(String, Uuid, Subject)>);

impl Sample {
    /// One that comes twice is kept once.
    fn add(&mut self, row: &MailboxRow<'_>, subject: Subject) {
        let found = self.0.binary_search_by(|(upn, guid, _)| {
            by_letters(upn, &row.upn).then_with(|| guid.cmp(&row.guid))
        });
        let Err(place) = found else { return };
        if place < NAMED {
            self.0.truncate(NAMED - 1);
            self.0.insert(place, (row.upn.clone().into_owned(), row.guid, subject));
        }
    }

    fn told(&self, because: impl Fn(&Subject) -> String) -> Vec<CheckViolation> {
        let told = |(upn, _, subject): &(String, Uuid, Subject)| CheckViolation {
            mailbox: upn.clone(),
            because: because(subject),
        };
        self.0.iter().map(told).collect()
    }
}

impl<'s> MailboxJudge<'s> {
    /// `mailbox_auditing` is the organisation's switch as read and as it will be; exclusions are
    /// judged on `today` (UTC).
    pub fn new(desired: &'s DesiredState, mailbox_auditing: InBoth<bool>, today: Date) -> Self {
        let judged = |(check, assertion): (usize, &'s MailboxAssertion)| {
            let MailboxAssertion { recipient_types, include, exclude, .. } = assertion;
            Judged {
                check,
                assertion,
                selector: Selector::new(recipient_types, include, exclude, today),
                lacking: InBoth::default(),
                conforming: InBoth::default(),
            }
        };
        let about = desired.checks.iter().enumerate();
        let about = about.filter_map(|(place, check)| Some((place, check.mailboxes()?)));
        Self {
            judged: about.map(judged).collect(),
            mailbox_auditing,
            outcomes: Vec::new(),
            numbers: HashMap::new(),
            outcome: Vec::new(),
        }
    }

    /// Takes one mailbox as it is and as it will be; the number of its outcome.
    pub fn observe(&mut self, row: &MailboxRow<'_>, after: &AuditState) -> u32 {
        self.outcome.clear();
        let states = [row.audit, *after];
        for judged in &mut self.judged {
            let mut outcome = 0;
            if judged.selector.matches(row) {
                outcome = SELECTED;
                for (at, audit) in states.into_iter().enumerate() {
                    let mailbox_auditing = self.mailbox_auditing[at];
                    let recipient_type = row.recipient_type;
                    let subject = Subject { recipient_type, audit, mailbox_auditing };
                    if conforms(&judged.assertion.expectation, &subject) {
                        outcome |= CONFORMS[at];
                        judged.conforming[at].add(row, subject);
                    } else {
                        judged.lacking[at].add(row, subject);
                    }
                }
            }
            self.outcome.push(outcome);
        }
        if let Some(known) = self.numbers.get(self.outcome.as_slice()) {
            return *known;
        }
        let number = u32::try_from(self.outcomes.len()).unwrap_or(u32::MAX);
        let outcome: Box<[u8]> = self.outcome.as_slice().into();
        self.outcomes.push(outcome.clone());
        self.numbers.insert(outcome, number);
        number
    }

    /// Ends a read that is known to be complete. `outcomes` are the numbers of all mailboxes, each of
    /// them once.
    pub fn finish(
        self,
        outcomes: impl Iterator<Item = u32>,
        vocabulary: &ActionVocabulary,
    ) -> CheckedMailboxes {
        let mut times = vec![0u64; self.outcomes.len()];
        for number in outcomes {
            if let Some(times) = times.get_mut(number as usize) {
                *times += 1;
            }
        }
        let mut found = CheckedMailboxes::default();
        for (at, judged) in self.judged.iter().enumerate() {
            let count = |bit: u8| {
                let outcomes = self.outcomes.iter().zip(&times);
                outcomes.filter(|(outcome, _)| outcome[at] & bit != 0).map(|(_, times)| times).sum()
            };
            let expected = &judged.assertion.expectation;
            let faults = |subject: &Subject| faults(expected, subject, vocabulary).join("; ");
            found.unused.extend(judged.selector.unused_patterns("check"));
            found.all.push(Checked {
                check: judged.check,
                selected: count(SELECTED),
                conforming: CONFORMS.map(count),
                lacking_ones: judged.lacking.each_ref().map(|sample| sample.told(faults)),
                conforming_ones: judged
                    .conforming
                    .each_ref()
                    .map(|sample| sample.told(|_| "is so".to_owned())),
            });
        }
        found
    }
}

/// What the mailboxes of a tenant came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckedMailboxes {
    all: Vec<Checked>,
    /// Patterns of checks that matched nothing, as warnings.
    pub unused: Diagnostics,
}

/// What they came to in one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    check: usize,
    pub(super) selected: u64,
    pub(super) conforming: InBoth<u64>,
    pub(super) lacking_ones: InBoth<Vec<CheckViolation>>,
    pub(super) conforming_ones: InBoth<Vec<CheckViolation>>,
}

impl CheckedMailboxes {
    /// Of the check at this place of the spec.
    pub(super) fn of(&self, check: usize) -> Option<&Checked> {
        self.all.iter().find(|checked| checked.check == check)
    }
}
