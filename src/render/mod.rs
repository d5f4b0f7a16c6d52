//! Values to text: plans, reports, diagnostics, progress. Everything writes into what it is given
//! and opens nothing itself; nothing here decides anything.

mod approval;
mod attribute;
mod checks;
mod diagnostic;
mod drawing;
mod escape;
mod estimate;
mod events;
mod graph;
mod history;
mod html;
mod junit;
mod lease;
mod markdown;
mod plan_difference;
mod plan_text;
mod progress;
mod provenance;
mod report;
mod reports;
mod roles;
mod run;
mod sarif;
mod selection;
mod style;
mod survey;
mod text_diff;
mod undo;
mod wording;
mod wrapped;

pub use approval::{write_approved, write_subject};
pub use diagnostic::render as diagnostics;
pub use estimate::AssumedSpeed;
pub use events::{
    ApplySummary, ChangeResult, CommandEvent, CommandName, EVENTS_FORMAT_VERSION, Finding,
    JudgedCheck, Opening, Outcome, Place, PlanSummary, PlannedChange, ResultState, SeverityWord,
    StepRef, TenantRef, VerificationState, change_results, events_schema, planned_changes,
    write_event,
};
pub use graph::{GraphFormat, write_graph};
pub use history::{write_history, write_object_run, write_object_run_json, write_past_run_json};
pub use html::write_html;
pub use lease::{write_leases, write_leases_json};
pub use markdown::{COMMENT, write_markdown};
pub use plan_difference::write_plan_difference;
pub use plan_text::{COLUMNS, Detail, TextOptions, write_plan};
pub use progress::{Mode, Progress};
pub use provenance::{Looser, Provenance};
pub use report::{write_proof, write_report, write_stale};
pub use reports::{FindingSuite, ReportFormat, plan_findings, write_findings};
pub use roles::write_requirements;
pub use run::{write_run, write_run_json};
pub use text_diff::write_text_diff;
pub use wording::visible;
