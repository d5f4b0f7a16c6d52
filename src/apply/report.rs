//! What became of each change: a byte each, and the particulars of those that did not go well.

use std::collections::BTreeMap;

/// What went wrong with a request, as far as the executor cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The service refused it; nothing changed.
    Refused,
    /// The answer never came or cannot be trusted: only reading again can tell.
    InDoubt,
    /// It could not be sent or the sink could not keep its intent.
    NotSent,
}

/// A request that did not succeed, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What it means for the change.
    pub kind: FailureKind,
    /// What the service said, or why nothing came.
    pub message: String,
    /// The service's id of the request, for its support.
    pub request_id: Option<String>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.request_id {
            Some(id) => write!(formatter, " (request id {id})"),
            None => Ok(()),
        }
    }
}

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Nothing was sent.
    NotStarted,
    /// All its requests succeeded.
    Done,
    /// A request failed.
    Failed,
    /// It is not known whether a request took effect.
    InDoubt,
    /// Something that it depends on failed.
    Skipped,
}

/// What reading back showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The tenant holds what was written.
    Verified,
    /// Not visible yet, within the time that the service's documentation gives.
    Pending,
    /// The tenant holds something else.
    Refuted,
}

/// The result of an apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    states: Vec<StepState>,
    failures: BTreeMap<u32, Failure>,
    skipped: BTreeMap<u32, u32>,
    verdicts: BTreeMap<u32, Verdict>,
    /// The apply was asked to stop before everything was started.
    pub interrupted: bool,
    /// The sink could not keep an intent, so nothing further was started.
    pub sink_error: Option<String>,
}

impl Report {
    /// A report of a plan with so many changes, none of them begun.
    pub fn new(changes: usize) -> Self {
        Self {
            states: vec![StepState::NotStarted; changes],
            failures: BTreeMap::new(),
            skipped: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            interrupted: false,
            sink_error: None,
        }
    }

    /// Where the change at a place stands.
    pub fn state(&self, change: u32) -> StepState {
        self.states.get(change as usize).copied().unwrap_or(StepState::NotStarted)
    }

    /// How many changes stand there.
    pub fn count(&self, wanted: StepState) -> u64 {
        self.states.iter().filter(|state| **state == wanted).count() as u64
    }

    /// Failed and doubtful changes with what went wrong, by place.
    pub fn failures(&self) -> impl Iterator<Item = (u32, &Failure)> {
        self.failures.iter().map(|(change, failure)| (*change, failure))
    }

    /// Skipped changes with the change whose failure is the reason, by place.
    pub fn skipped(&self) -> impl Iterator<Item = (u32, u32)> {
        self.skipped.iter().map(|(change, because)| (*change, *because))
    }

    /// Changes that reading back did not confirm.
    pub fn unconfirmed(&self) -> impl Iterator<Item = (u32, Verdict)> {
        self.verdicts.iter().map(|(change, verdict)| (*change, *verdict))
    }

    /// How many changes got this verdict; only those that were not verified are kept.
    pub fn verdicts(&self, wanted: Verdict) -> u64 {
        self.verdicts.values().filter(|verdict| **verdict == wanted).count() as u64
    }

    pub(crate) fn done(&mut self, change: u32) {
        self.set(change, StepState::Done);
    }

    pub(crate) fn failed(&mut self, change: u32, failure: Failure) {
        let state = match failure.kind {
            FailureKind::InDoubt => StepState::InDoubt,
            FailureKind::Refused | FailureKind::NotSent => StepState::Failed,
        };
        self.set(change, state);
        self.failures.entry(change).or_insert(failure);
    }

    pub(crate) fn skip(&mut self, change: u32, because: u32) {
        // A change whose first request failed is failed, not skipped because of itself.
        if change != because {
            self.set(change, StepState::Skipped);
            self.skipped.entry(change).or_insert(because);
        }
    }

    /// Takes what reading back showed. A doubtful change that is there was done after all; one
    /// that is not there failed.
    pub fn verify(&mut self, change: u32, verdict: Verdict) {
        let doubtful = self.state(change) == StepState::InDoubt;
        match verdict {
            Verdict::Verified => {
                self.verdicts.remove(&change);
                if doubtful {
                    self.failures.remove(&change);
                    self.set(change, StepState::Done);
                }
            }
            Verdict::Refuted if doubtful => self.set(change, StepState::Failed),
            Verdict::Pending | Verdict::Refuted => {
                self.verdicts.insert(change, verdict);
            }
        }
    }

    fn set(&mut self, change: u32, state: StepState) {
        if let Some(slot) = self.states.get_mut(change as usize) {
            *slot = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_doubt() -> Failure {
        Failure {
            kind: FailureKind::InDoubt,
            message: "the connection was reset".to_owned(),
            request_id: None,
        }
    }

    #[test]
    fn a_doubtful_change_that_reads_back_was_done() {
        let mut report = Report::new(1);
        report.failed(0, in_doubt());
        assert_eq!(report.state(0), StepState::InDoubt);
        report.verify(0, Verdict::Verified);
        assert_eq!(report.state(0), StepState::Done);
        assert_eq!(report.failures().count(), 0);
    }

    #[test]
    fn a_doubtful_change_that_does_not_read_back_failed_with_its_first_cause() {
        let mut report = Report::new(1);
        report.failed(0, in_doubt());
        report.verify(0, Verdict::Refuted);
        assert_eq!(report.state(0), StepState::Failed);
        assert_eq!(report.failures().count(), 1);
    }

    #[test]
    fn a_change_is_not_skipped_because_of_itself() {
        let mut report = Report::new(1);
        report.failed(0, Failure { kind: FailureKind::Refused, ..in_doubt() });
        report.skip(0, 0);
        assert_eq!(report.state(0), StepState::Failed);
    }
}
