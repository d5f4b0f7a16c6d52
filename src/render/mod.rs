//! Values to text: plans, reports, diagnostics, progress. Everything writes into what it is given
//! and opens nothing itself; nothing here decides anything.

mod attribute;
mod diagnostic;
mod plan_text;
mod progress;
mod report;
mod roles;
mod style;
mod text_diff;
mod wording;

pub use diagnostic::render as diagnostics;
pub use plan_text::write_plan;
pub use progress::{Mode, Progress};
pub use report::write_report;
pub use roles::write_requirements;
pub use text_diff::write_text_diff;
