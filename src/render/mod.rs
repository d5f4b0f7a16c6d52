//! Values to text: plans, reports, diagnostics, progress. Everything writes into what it is given
//! and opens nothing itself; nothing here decides anything.

mod approval;
mod attribute;
mod checks;
mod diagnostic;
mod escape;
mod html;
mod markdown;
mod plan_difference;
mod plan_text;
mod progress;
mod provenance;
mod report;
mod roles;
mod style;
mod survey;
mod text_diff;
mod wording;
mod wrapped;

pub use approval::{write_approved, write_subject};
pub use diagnostic::render as diagnostics;
pub use html::write_html;
pub use markdown::{COMMENT, write_markdown};
pub use plan_difference::write_plan_difference;
pub use plan_text::{COLUMNS, Detail, TextOptions, write_plan};
pub use progress::{Mode, Progress};
pub use provenance::Provenance;
pub use report::{write_report, write_stale};
pub use roles::write_requirements;
pub use text_diff::write_text_diff;
