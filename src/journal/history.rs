//! A run as a list of runs tells of it: its first line and its last.

use jiff::Timestamp;

use super::record::{Actor, Head, Record};

/// One of the runs that a directory knows of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    /// Its name.
    pub name: String,
    /// Its first line and what became of it; or why its journal cannot be gone by.
    pub told: Result<(Head, Outcome), String>,
}

/// What became of a run as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its process holds the lease on the tenant.
    UnderWay,
    /// Its process is gone without a word.
    CutOff,
    /// It has ended.
    Ended {
        /// When.
        at: Timestamp,
        /// With which exit code.
        exit_code: u8,
        /// Something was left that can be gone on with.
        unfinished: bool,
    },
    /// It was given up.
    GivenUp {
        /// When.
        at: Timestamp,
        /// By whom.
        by: Actor,
        /// The run that takes back what this one did, where it was closed for that.
        undone_by: Option<String>,
    },
}

impl Outcome {
    /// What the last line of a journal tells. `is_held` is whether a lease names the run.
    pub fn of(last: Option<Record>, is_held: bool) -> Self {
        match last {
            Some(Record::Abandoned { at, actor, undone_by }) => {
                Self::GivenUp { at, by: actor, undone_by }
            }
            _ if is_held => Self::UnderWay,
            Some(Record::Ended { at, exit_code, unfinished }) => {
                Self::Ended { at, exit_code, unfinished }
            }
            _ => Self::CutOff,
        }
    }

    /// The outcome as a word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnderWay => "under_way",
            Self::CutOff => "cut_off",
            Self::GivenUp { .. } => "given_up",
            Self::Ended { unfinished: true, .. } => "unfinished",
            Self::Ended { exit_code: 0, .. } => "done",
            Self::Ended { exit_code: 6, .. } => "partly_applied",
            Self::Ended { exit_code: 9, .. } => "verification_pending",
            Self::Ended { .. } => "ended",
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    #[test]
    fn the_last_line_and_the_lease_tell_what_became_of_a_run() {
        let at: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let actor = Actor { user: None, host: None, process: 1 };
        let ended = |exit_code, unfinished| Some(Record::Ended { at, exit_code, unfinished });
        let resumed = Some(Record::Resumed { at, actor: actor.clone() });
        let given_up = Some(Record::Abandoned { at, actor, undone_by: None });
        for (last, is_held, expected) in [
            (None, false, "cut_off"),
            (None, true, "under_way"),
            (resumed.clone(), false, "cut_off"),
            (resumed, true, "under_way"),
            (ended(0, false), false, "done"),
            (ended(6, false), false, "partly_applied"),
            (ended(9, false), false, "verification_pending"),
            (ended(5, false), false, "ended"),
            (ended(130, true), false, "unfinished"),
            (ended(130, true), true, "under_way"),
            (given_up, true, "given_up"),
        ] {
            assert_eq!(Outcome::of(last.clone(), is_held).name(), expected, "{last:?}");
        }
    }
}
