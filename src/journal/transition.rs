//! The states of one request and what leads from one to another. The function is total: what cannot
//! happen is an answer too, so that a journal that says so is not believed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum State {
    /// Nothing was done about it.
    #[default]
    Planned,
    /// It is on disk that it will be sent; it may have been, if nothing more was written.
    Intended,
    /// It went out.
    Sent,
    /// Nobody knows whether it took effect.
    InDoubt,
    /// The service said that it is done.
    Succeeded,
    /// It had no effect.
    Failed,
    /// Reading back showed what was written.
    Verified,
    /// Reading back did not show it yet, within the time that the service takes.
    Pending,
    /// The service took it, and reading back shows something else.
    Refuted,
}

impl State {
    /// Every state, in the order in which a request comes by them.
    pub const ALL: [Self; 9] = [
        Self::Planned,
        Self::Intended,
        Self::Sent,
        Self::InDoubt,
        Self::Succeeded,
        Self::Failed,
        Self::Verified,
        Self::Pending,
        Self::Refuted,
    ];

    /// Where an event leads; `None` where it cannot happen.
    pub const fn after(self, event: Event) -> Option<Self> {
        use Event as E;
        Some(match (self, event) {
            // Again after a failure: in a run that was taken up once more.
            (Self::Planned | Self::Failed | Self::Refuted, E::Intended) => Self::Intended,
            // Intents are written for several requests at once, ahead of their turn; and one that was
            // refused for the time being is not sent again by whoever stops.
            (Self::Intended | Self::Sent, E::Withdrawn) => Self::Planned,
            (Self::Intended | Self::Sent, E::Sent) => Self::Sent,
            // Work on files has no moment at which it goes out.
            (Self::Intended | Self::Sent, E::Succeeded) => Self::Succeeded,
            // What is doubtful and does not read back was not done.
            (Self::Intended | Self::Sent, E::Failed) | (Self::InDoubt, E::Refuted) => Self::Failed,
            (Self::Intended | Self::Sent, E::InDoubt | E::Resumed)
            | (Self::InDoubt, E::Pending) => Self::InDoubt,
            (other, E::Resumed) => other,
            (
                Self::InDoubt | Self::Succeeded | Self::Pending | Self::Verified | Self::Refuted,
                E::Verified,
            ) => Self::Verified,
            // The service answers from several places: what was seen once may not be seen next time.
            (Self::Succeeded | Self::Pending | Self::Verified | Self::Refuted, E::Pending) => {
                Self::Pending
            }
            (Self::Succeeded | Self::Pending | Self::Verified | Self::Refuted, E::Refuted) => {
                Self::Refuted
            }
            _ => return None,
        })
    }

    /// What it means to whoever goes on with the run.
    pub const fn standing(self) -> Standing {
        match self {
            Self::Planned | Self::Failed => Standing::Open,
            Self::Intended | Self::Sent | Self::InDoubt => Standing::InDoubt,
            Self::Succeeded | Self::Verified | Self::Pending | Self::Refuted => Standing::Done,
        }
    }

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Intended => "intended",
            Self::Sent => "sent",
            Self::InDoubt => "in doubt",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Verified => "verified",
            Self::Pending => "pending",
            Self::Refuted => "refuted",
        }
    }
}

/// What is left to do about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// The service said that it is done, so it is never sent again, whatever reading back showed.
    Done,
    /// Only the tenant can tell.
    InDoubt,
    /// It had no effect, and is to be sent.
    Open,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It is about to be sent.
    Intended,
    /// It was not sent after all, or had no effect and is not sent again: the run was asked to stop, or has
    /// to read the tenant again first.
    Withdrawn,
    /// It goes out, for the first time or again.
    Sent,
    /// The service said that it is done.
    Succeeded,
    /// It had no effect.
    Failed,
    /// No answer came, or none that can be trusted.
    InDoubt,
    /// The run was taken up again after it had broken off.
    Resumed,
    /// Reading back shows what was written.
    Verified,
    /// Reading back does not show it yet.
    Pending,
    /// Reading back shows something else.
    Refuted,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 10] = [
        Self::Intended,
        Self::Withdrawn,
        Self::Sent,
        Self::Succeeded,
        Self::Failed,
        Self::InDoubt,
        Self::Resumed,
        Self::Verified,
        Self::Pending,
        Self::Refuted,
    ];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Withdrawn => "withdrawn",
            Self::Sent => "sent",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::InDoubt => "in doubt",
            Self::Resumed => "resumed",
            Self::Verified => "verified",
            Self::Pending => "pending",
            Self::Refuted => "refuted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_transitions_is_this() {
        let line = |state: State| {
            let next =
                |event: Event| Some(format!("{} {}", event.name(), state.after(event)?.name()));
            let all: Vec<String> = Event::ALL.into_iter().filter_map(next).collect();
            format!("{}: {}\n", state.name(), all.join(", "))
        };
        let table: String = State::ALL.into_iter().map(line).collect();
        let expected = "\
planned: intended intended, resumed planned
intended: withdrawn planned, sent sent, succeeded succeeded, failed failed, in doubt in doubt, resumed in doubt
sent: withdrawn planned, sent sent, succeeded succeeded, failed failed, in doubt in doubt, resumed in doubt
in doubt: resumed in doubt, verified verified, pending in doubt, refuted failed
succeeded: resumed succeeded, verified verified, pending pending, refuted refuted
failed: intended intended, resumed failed
verified: resumed verified, verified verified, pending pending, refuted refuted
pending: resumed pending, verified verified, pending pending, refuted refuted
refuted: intended intended, resumed refuted, verified verified, pending pending, refuted refuted
";
        assert_eq!(table, expected);
    }

    #[test]
    fn what_may_have_been_sent_is_in_doubt_after_a_break_and_what_was_not_is_not() {
        for state in State::ALL {
            let is_doubtful = matches!(state, State::Intended | State::Sent | State::InDoubt);
            assert_eq!(state.after(Event::Resumed) == Some(State::InDoubt), is_doubtful);
        }
    }

    #[test]
    fn nothing_that_is_done_or_in_doubt_can_be_sent_again() {
        for state in [State::InDoubt, State::Succeeded, State::Verified, State::Pending] {
            assert_eq!(state.after(Event::Intended), None);
            assert_eq!(state.after(Event::Sent), None);
        }
    }
}
