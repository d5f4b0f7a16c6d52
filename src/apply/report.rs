//! What became of each change: a byte each, and the particulars of those that did not go well.

use std::collections::BTreeMap;

/// What went wrong with a request, as far as the executor cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The service refused it; nothing changed.
    Refused,
    /// The answer never came or cannot be trusted: only reading again can tell.
    InDoubt,
    /// What was to be changed is not there any more.
    Gone,
    /// It was not sent, or was refused and is not sent again, since it was asked to stop.
    Withdrawn,
    /// What was done is done, and the service takes its time with it: a later run goes on.
    NotYet,
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

impl Failure {
    /// The task of a request ended without an answer.
    pub(super) fn broken_off() -> Self {
        let message = "the request broke off inside the program".to_owned();
        Self { kind: FailureKind::InDoubt, message, request_id: None }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)?;
        // The words of a provider's error hold it already.
        match &self.request_id {
            Some(id) if !self.message.contains(id) => write!(formatter, " (request id {id})"),
            _ => Ok(()),
        }
    }
}

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Nothing was sent.
    NotStarted,
    /// Nothing had to be sent: it was there already.
    AlreadyThere,
    /// All its requests succeeded.
    Done,
    /// Nothing was sent: it is no longer as the plan saw it.
    Stale,
    /// A request failed.
    Failed,
    /// It is not known whether a request took effect.
    InDoubt,
    /// The object was deleted after it was read: nothing is left to do.
    Gone,
    /// Something that it depends on failed.
    Skipped,
}

/// What a skipped change waited for, and what failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prerequisite {
    /// The change at this place.
    Change(u32),
    /// The sign-in between the identity chain and Exchange.
    SignIn,
    /// The reading back of Exchange, before the identity goes that works there.
    ReadBack,
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
    read_back: Vec<bool>,
    failures: BTreeMap<u32, Failure>,
    stale: BTreeMap<u32, String>,
    skipped: BTreeMap<u32, Prerequisite>,
    verdicts: BTreeMap<u32, Verdict>,
    /// Why the sign-in between the identity chain and Exchange failed, if it did. It is no change, so
    /// that what it waited for stays done.
    pub sign_in: Option<Failure>,
    /// The apply was asked to stop before everything was started.
    pub interrupted: bool,
    /// The sink could not keep an intent, so nothing further was started.
    pub sink_error: Option<String>,
    /// What the service still has to get ready before the rest can be done.
    pub awaited: Option<String>,
}

impl Report {
    /// A report of a plan with so many changes, none of them begun.
    pub fn new(changes: usize) -> Self {
        Self {
            states: vec![StepState::NotStarted; changes],
            read_back: vec![false; changes],
            failures: BTreeMap::new(),
            stale: BTreeMap::new(),
            skipped: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            sign_in: None,
            interrupted: false,
            sink_error: None,
            awaited: None,
        }
    }

    /// Where the change at a place stands.
    pub fn state(&self, change: u32) -> StepState {
        self.states.get(change as usize).copied().unwrap_or(StepState::NotStarted)
    }

    /// Whether a change was done, or may have been, and was not read back yet.
    pub fn is_to_read_back(&self, change: u32) -> bool {
        let was_read_back = self.read_back.get(change as usize).copied().unwrap_or_default();
        let begun = matches!(self.state(change), StepState::Done | StepState::InDoubt);
        begun && !was_read_back
    }

    /// One change was read back.
    pub(crate) fn one_was_read_back(&mut self, change: u32) {
        if let Some(read_back) = self.read_back.get_mut(change as usize) {
            *read_back = true;
        }
    }

    /// All that is done was read back, and the verdicts are in.
    pub fn was_read_back(&mut self) {
        for (read_back, state) in self.read_back.iter_mut().zip(&self.states) {
            *read_back |= *state == StepState::Done;
        }
    }

    /// Whether nothing that was done went wrong so far, as far as reading back has shown; what was left
    /// out does not count.
    pub fn went_well(&self) -> bool {
        let is_bad = |state: &StepState| matches!(state, StepState::Failed | StepState::InDoubt);
        !self.states.iter().any(is_bad)
            && self.verdicts(Verdict::Refuted) == 0
            && self.sign_in.is_none()
            && self.sink_error.is_none()
    }

    /// Whether something was not begun, or is in doubt and would show by now.
    pub fn is_open(&self) -> bool {
        let is_doubtful = |change| self.verdict(change).is_none();
        self.states.iter().zip(0u32..).any(|(state, change)| match state {
            StepState::NotStarted => true,
            StepState::InDoubt => is_doubtful(change),
            _ => false,
        })
    }

    /// The report that goes on with this one: what was done stays, and all else is open again. What
    /// reading back did not confirm is read back once more.
    #[must_use]
    pub fn to_go_on(mut self) -> Self {
        for state in self.states.iter_mut().filter(|state| **state != StepState::Done) {
            *state = StepState::NotStarted;
        }
        let Self { states, read_back, .. } = self.to_prove_again();
        Self { states, read_back, ..Self::new(0) }
    }

    /// The report with all that reading back has not confirmed still to be read back. What is left to be
    /// found out is known by `is_to_read_back`.
    #[must_use]
    pub fn to_prove_again(mut self) -> Self {
        for (change, _) in std::mem::take(&mut self.verdicts) {
            if let Some(read_back) = self.read_back.get_mut(change as usize) {
                *read_back = false;
            }
        }
        self
    }

    /// Whether nothing went wrong so far and nothing was left out.
    pub fn is_good(&self) -> bool {
        let is_left_out =
            |state: &StepState| matches!(state, StepState::Skipped | StepState::Stale);
        self.went_well() && !self.states.iter().any(is_left_out)
    }

    /// How many changes stand there.
    pub fn count(&self, wanted: StepState) -> u64 {
        self.states.iter().filter(|state| **state == wanted).count() as u64
    }

    /// Failed and doubtful changes with what went wrong, by place.
    pub fn failures(&self) -> impl Iterator<Item = (u32, &Failure)> {
        self.told(false)
    }

    /// Changes of objects that were deleted meanwhile, with what the service said, by place.
    pub fn gone(&self) -> impl Iterator<Item = (u32, &Failure)> {
        self.told(true)
    }

    fn told(&self, gone: bool) -> impl Iterator<Item = (u32, &Failure)> {
        let is_gone = move |change| self.state(change) == StepState::Gone;
        let all = self.failures.iter().map(|(change, failure)| (*change, failure));
        all.filter(move |(change, _)| is_gone(*change) == gone)
    }

    /// Changes that were refused, with what the plan saw and what is there, by place.
    pub fn stale(&self) -> impl Iterator<Item = (u32, &str)> {
        self.stale.iter().map(|(change, why)| (*change, why.as_str()))
    }

    /// Skipped changes with what failed before them, by place.
    pub fn skipped(&self) -> impl Iterator<Item = (u32, Prerequisite)> {
        self.skipped.iter().map(|(change, because)| (*change, *because))
    }

    /// Changes that reading back did not confirm.
    pub fn unconfirmed(&self) -> impl Iterator<Item = (u32, Verdict)> {
        self.verdicts.iter().map(|(change, verdict)| (*change, *verdict))
    }

    /// What reading back showed of one change, where it was not what was written.
    pub fn verdict(&self, change: u32) -> Option<Verdict> {
        self.verdicts.get(&change).copied()
    }

    /// How many changes got this verdict; only those that were not verified are kept.
    pub fn verdicts(&self, wanted: Verdict) -> u64 {
        self.verdicts.values().filter(|verdict| **verdict == wanted).count() as u64
    }

    pub(crate) fn done(&mut self, change: u32) {
        self.set(change, StepState::Done);
    }

    pub(crate) fn already(&mut self, change: u32) {
        self.set(change, StepState::AlreadyThere);
    }

    /// A change is neither as the plan saw it nor as it wants it: nothing of it is sent.
    pub fn refuse(&mut self, change: u32, why: String) {
        self.set(change, StepState::Stale);
        self.stale.insert(change, why);
    }

    pub(crate) fn failed(&mut self, change: u32, failure: Failure) {
        let state = match failure.kind {
            FailureKind::InDoubt => StepState::InDoubt,
            FailureKind::Gone => StepState::Gone,
            _ => StepState::Failed,
        };
        self.set(change, state);
        self.failures.entry(change).or_insert(failure);
    }

    pub(crate) fn skip(&mut self, change: u32, because: Prerequisite) {
        // A change whose first request failed is failed, not skipped because of itself.
        let is_settled = matches!(self.state(change), StepState::Stale | StepState::AlreadyThere);
        if because != Prerequisite::Change(change) && !is_settled {
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
    fn what_was_read_back_is_not_read_back_again() {
        let mut report = Report::new(2);
        report.done(0);
        report.was_read_back();
        report.done(1);
        assert_eq!([0, 1].map(|change| report.is_to_read_back(change)), [false, true]);
    }

    #[test]
    fn a_change_is_not_skipped_because_of_itself() {
        let mut report = Report::new(1);
        report.failed(0, Failure { kind: FailureKind::Refused, ..in_doubt() });
        report.skip(0, Prerequisite::Change(0));
        assert_eq!(report.state(0), StepState::Failed);
    }
}
