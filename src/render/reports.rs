//! Findings as files for the programs that show them to teams: `JUnit` XML and SARIF.

use std::io::{self, Write};
use std::path::Path;

use super::events::{Finding, Place, SeverityWord};
use super::junit::write_junit;
use super::sarif::write_sarif;
use super::survey::Survey;
use super::wording;
use crate::plan::{CheckVerdict, Plan};
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
    let failed = plan.checks.iter().filter(|check| check.verdict == CheckVerdict::Failed);
    let failed = failed.map(|check| {
        let severity = match check.severity {
            CheckSeverity::Error => SeverityWord::Error,
            CheckSeverity::Warning => SeverityWord::Warning,
        };
        let place = check.place.as_deref().and_then(|place| Place::of_line(place, beside));
        let reason = check.reason.as_deref().unwrap_or("it is not so");
        let summary = format!("`check.{}`: {}: {reason}", check.name, check.asserts);
        Finding {
            notes: check.description.clone().into_iter().collect(),
            ..finding(severity, "checks-failed", summary, place.into_iter().collect())
        }
    });
    refused.chain(failed).chain(weakens).collect()
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
