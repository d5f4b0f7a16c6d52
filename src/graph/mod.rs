//! From plan to execution graph: steps with the edges between them, made from the plan alone, so
//! that a saved plan is a saved graph. `schedule` walks it one decision at a time; `picture` draws
//! it. petgraph lives here and nowhere else.

mod build;
mod picture;
mod schedule;

pub use build::{CycleError, ExecutionGraph, Step, StepId, build};
pub use picture::{Outline, OutlineBox, dot, outline, without_detours};
pub use schedule::{Outcome, Schedule, Skipped};
