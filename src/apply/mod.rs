//! Carries a plan out: `executor` walks the execution graph with bounded concurrency and tells a
//! sink of each step's intent, sending and outcome; `report` says in the end what was done, what
//! failed and what was skipped; `recheck` compares what is about to be written with the tenant as it
//! is by then, `verify` what was written with what is read back. Which service is written is behind
//! the `Writer` trait.

mod event;
mod executor;
mod recheck;
mod report;
mod verify;
mod writer;

pub use event::{Event, Observer, Sink, StepEvent, StepName};
pub use executor::{Execution, Freshness, RequestPlace, TakenUp};
pub use recheck::{ChainsFound, MailboxRecheck, Open, Standings, comparable, recheck_few};
pub use report::{Failure, FailureKind, Prerequisite, Report, StepState, Verdict};
pub use verify::Verification;
pub use writer::{Cancel, Writer, WriterEvents};
