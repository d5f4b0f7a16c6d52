//! Findings as files for the programs that show them to teams: `JUnit` XML and SARIF.

use std::io::{self, Write};
use std::path::Path;

use super::events::{Finding, Place, SeverityWord};
use super::junit::write_junit;
use super::sarif::write_sarif;
use super::survey::Survey;
use super::wording;
use crate::plan::{CheckResult, CheckVerdict, Plan};
use crate::state::CheckSeverity;

/// In which language findings are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// `JUnit` XML.
    Junit,
    /// SARIF 2.1.0.
    Sarif,
}

/// The findings about one spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingSuite {
    /// The spec as it was named.
    pub name: String,
    /// In the order in which they were met.
    pub findings: Vec<Finding>,
}

/// Writes the findings of a command that ended with this code.
pub fn write_findings(
    out: &mut dyn Write,
    format: ReportFormat,
    command: &str,
    suites: &[FindingSuite],
    exit_code: u8,
) -> io::Result<()> {
    match format {
        ReportFormat::Junit => write_junit(out, command, suites),
        ReportFormat::Sarif => write_sarif(out, suites, exit_code, env!("CARGO_PKG_REPOSITORY")),
    }
}

/// What a plan itself has against it: why it is refused, and what is less afterwards. `beside` is the
/// directory of its spec, from which the plan names places.
pub fn plan_findings(plan: &Plan, beside: &Path) -> Vec<Finding> {
    let finding = |severity, code: &str, summary: String, places| Finding {
        severity,
        code: code.to_owned(),
        summary,
        places,
        notes: Vec::new(),
        help: Vec::new(),
        request_id: None,
    };
    let refused = plan.refused.iter().map(|refusal| {
        let place = refusal.place.as_deref().and_then(|place| Place::of_line(place, beside));
        let places = place.into_iter().collect();
        finding(SeverityWord::Error, "plan-refused", wording::refusal(refusal), places)
    });
    let losses = Survey::of(plan).losses();
    let weakens = losses
        .access
        .into_iter()
        .chain(losses.records)
        .map(|sentence| finding(SeverityWord::Warning, "plan-weakens", sentence, Vec::new()));
    let checks = plan.checks.iter().filter_map(|check| {
        let (severity, code, otherwise) = match (check.verdict, check.severity) {
            (CheckVerdict::Passed, _) => return None,
            (CheckVerdict::Unknown, _) => (SeverityWord::Warning, "check-unknown", "not judged"),
            (CheckVerdict::Failed, CheckSeverity::Error) => {
                (SeverityWord::Error, "checks-failed", "it is not so")
            }
            (CheckVerdict::Failed, CheckSeverity::Warning) => {
                (SeverityWord::Warning, "checks-failed", "it is not so")
            }
        };
        let place = check.place.as_deref().and_then(|place| Place::of_line(place, beside));
        let reason = check.reason.as_deref().unwrap_or(otherwise);
        let summary = format!("`check.{}`: {}: {reason}", check.name, check.asserts);
        let places = place.into_iter().collect();
        Some(Finding { notes: notes(check), ..finding(severity, code, summary, places) })
    });
    refused.chain(checks).chain(weakens).collect()
}

/// Why a check is there, and the first mailboxes by which it failed.
fn notes(check: &CheckResult) -> Vec<String> {
    let violations = check.violations.iter();
    let violations = violations.map(|one| format!("{}: {}", one.mailbox, one.because));
    let more = (check.more_violations > 0).then(|| format!("and {} more", check.more_violations));
    check.description.clone().into_iter().chain(violations).chain(more).collect()
}

impl Place {
    /// The whole line of `file:line`.
    fn of_line(text: &str, beside: &Path) -> Option<Self> {
        let (file, line) = text.rsplit_once(':')?;
        let line = line.parse().ok().filter(|line| *line > 0)?;
        let file = beside.strip_prefix(".").unwrap_or(beside).join(file).display().to_string();
        let text = String::new();
        Some(Self { file, line, column: 1, end_line: line + 1, end_column: 1, text })
    }
}

impl Finding {
    /// All that there is to say about it, on lines of its own.
    pub(super) fn text(&self) -> String {
        let mut text = self.summary.clone();
        for note in &self.notes {
            text.extend(["\nnote: ", note]);
        }
        for help in &self.help {
            text.extend(["\nhelp: ", help]);
        }
        text
    }
}
