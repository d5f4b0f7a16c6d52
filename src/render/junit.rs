//! Findings as `JUnit` XML, which CI servers show beside their tests: a suite for each spec, a case for
//! each finding. An error is a failed case; a warning stops nothing, so its case passes and tells it. A
//! suite without findings has one case that passes.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::events::{Finding, SeverityWord};
use super::reports::FindingSuite;
use super::wording::visible;

/// Writes the report of a command.
pub(super) fn write_junit(
    out: &mut dyn Write,
    command: &str,
    suites: &[FindingSuite],
) -> io::Result<()> {
    let mut report = Report::new(format!("auditform {command}"));
    for suite in suites {
        let mut cases = TestSuite::new(shown(&suite.name));
        cases.add_test_cases(suite.findings.iter().map(|finding| case(&suite.name, finding)));
        if suite.findings.is_empty() {
            cases.add_test_case(case_of(&suite.name, "no findings", TestCaseStatus::success()));
        }
        report.add_test_suite(cases);
    }
    report.serialize(out).map_err(io::Error::other)
}

fn case(suite: &str, finding: &Finding) -> TestCase {
    let place = finding.places.first();
    let place = place.map(|place| format!(" {}:{}:{}", place.file, place.line, place.column));
    let name = format!("{}{}", finding.code, place.unwrap_or_default());
    match finding.severity {
        SeverityWord::Error => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(shown(&finding.code));
            status.set_message(shown(&finding.summary));
            status.set_description(text(finding));
            case_of(suite, &name, status)
        }
        SeverityWord::Warning => {
            let mut case = case_of(suite, &name, TestCaseStatus::success());
            case.set_system_out(format!("warning: {}", text(finding)));
            case
        }
    }
}

fn case_of(suite: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(shown(name), status);
    case.set_classname(shown(suite));
    case
}

/// All that there is to say, with nothing hidden: XML has no way to write most control characters.
fn text(finding: &Finding) -> String {
    let lines = finding.text();
    lines.split('\n').map(shown).collect::<Vec<_>>().join("\n")
}

fn shown(text: &str) -> String {
    visible(text).into_owned()
}
