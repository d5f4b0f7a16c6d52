//! What an apply did, line by line: the records of one run, the states that a request goes through,
//! and how the lines of a run are read back into what has become of it.
//!
//! 1. `record`: a line. The first names the run, the second is the plan that it carries out, the others
//!    are transitions.
//! 2. `transition`: the state machine of a request. Writing and reading go through the same function.
//! 3. `replay`: lines in, a [`Run`] out; or the line that cannot be, and why.
//!
//! Values only: who writes to a disk, and when a line has to be on it, is decided in `ops`.

mod history;
mod lines;
mod record;
mod replay;
mod schema;
mod transition;

pub use history::{Outcome, PastRun};
pub use record::{
    Actor, Approver, FORMAT_VERSION, Head, Places, PlanLine, Record, RequestKey, Settled,
    Transition, WaitsFor, places_of,
};
pub use replay::{Ended, Replay, Run, SettledChange, Unreadable, Unreplayable};
pub use schema::journal_schema;
pub use transition::{Event, Standing, State};

#[cfg(test)]
mod laws;
