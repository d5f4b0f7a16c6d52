//! Values to text: plans, reports, diagnostics, progress. Everything writes into what it is given
//! and opens nothing itself; nothing here decides anything.

mod approval;
mod attribute;
mod diagnostic;
mod plan_difference;
mod plan_text;
mod progress;
mod report;
mod roles;
mod style;
mod wording;

pub use approval::{write_approved, write_subject};
pub use diagnostic::render as diagnostics;
pub use plan_difference::write_plan_difference;
pub use plan_text::write_plan;
pub use progress::{Mode, Progress};
pub use report::{write_report, write_stale};
pub use roles::write_requirements;
