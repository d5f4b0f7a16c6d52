//! Carries a plan out: `executor` walks the execution graph with bounded concurrency and tells a
//! sink of each step's intent, sending and outcome; `report` says in the end what was done, what
//! failed and what was skipped; `verify` compares what was written with what is read back. Which
//! service is written is behind the `Writer` trait.

mod event;
mod executor;
mod report;
mod verify;

pub use event::{Event, NoJournal, Observer, Sink, StepEvent};
pub use executor::{Cancel, Execution, Writer, WriterEvents};
pub use report::{Failure, FailureKind, Prerequisite, Report, StepState, Verdict};
pub use verify::Verification;
