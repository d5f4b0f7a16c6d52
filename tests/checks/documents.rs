//! How plans hold checks: digest, saved form, Markdown, the page.

use std::collections::{BTreeMap, BTreeSet};

use auditform::plan::{
    CheckResult, CheckVerdict, CheckViolation, Made, Plan, SavedPlan, SpecText, compare_plans,
    read_plan,
};
use auditform::render::{
    Finding, FindingSuite, Provenance, ReportFormat, TextOptions, plan_findings, write_findings,
    write_html, write_markdown, write_plan,
};
use auditform::resource::{Address, Kind};
use auditform::state::{CheckSeverity, CheckedState};
use jiff::Timestamp;

use super::empty;

fn result(verdict: CheckVerdict, selected: u64) -> CheckResult {
    CheckResult {
        name: "people".to_owned(),
        description: Some("<script>alert(1)</script> @octocat".to_owned()),
        asserts: "all of UserMailbox are audited".to_owned(),
        on: CheckedState::Planned,
        severity: CheckSeverity::Error,
        verdict,
        verdict_after: None,
        reason: (verdict == CheckVerdict::Failed).then(|| "1 of 2 mailboxes is not so".to_owned()),
        selected: Some(selected),
        conforming: Some(selected),
        violations: Vec::new(),
        more_violations: 0,
        place: Some("auditform.toml:3".to_owned()),
    }
}

fn spec_text() -> SpecText {
    let entry = "auditform.toml".to_owned();
    let files = BTreeMap::from([(entry.clone(), "version = 1\n".to_owned())]);
    SpecText { entry, files, variables: BTreeMap::new() }
}

fn digest(check: CheckResult) -> String {
    let plan = Plan { checks: vec![check], ..empty() };
    auditform::plan::digest(&plan, &spec_text()).unwrap().to_string()
}

#[test]
fn the_digest_covers_verdicts_and_not_how_many_mailboxes_passed() {
    use CheckVerdict::{Failed, Passed, Unknown};
    assert_eq!(digest(result(Passed, 10)), digest(result(Passed, 11)));
    assert_ne!(digest(result(Failed, 10)), digest(result(Failed, 11)));
    let verdicts: BTreeSet<String> =
        [Passed, Failed, Unknown].map(|verdict| digest(result(verdict, 10))).into();
    assert_eq!(verdicts.len(), 3);
}

#[test]
fn a_saved_plan_has_its_checks_and_no_verdict_of_it_can_be_edited() {
    let plan = Plan { checks: vec![result(CheckVerdict::Failed, 10)], ..empty() };
    let (spec, made) = (
        spec_text(),
        Made {
            created_at: Timestamp::UNIX_EPOCH,
            tool_version: "0".to_owned(),
            git: None,
            host: None,
        },
    );
    let digest = auditform::plan::digest(&plan, &spec).unwrap();
    let mut bytes = Vec::new();
    SavedPlan { plan: &plan, spec: &spec, made: &made }.write(digest, &mut bytes).unwrap();
    let read = |text: String| {
        read_plan(&mut || Ok(Box::new(std::io::Cursor::new(text.clone().into_bytes()))))
    };
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(read(text.clone()).unwrap().plan.checks, plan.checks);
    assert!(read(text.replace("\"failed\"", "\"passed\"")).is_err());
}

#[test]
fn a_comparison_says_first_what_is_checked_less() {
    let with = |check: CheckResult| Plan { checks: vec![check], ..empty() };
    let old = with(result(CheckVerdict::Failed, 2));
    assert!(compare_plans(&old, &old.clone()).is_empty());
    let gone = compare_plans(&old, &empty());
    assert_eq!(gone.loosened, ["`check.people` is gone"]);
    let quiet = CheckResult {
        severity: CheckSeverity::Warning,
        on: CheckedState::Observed,
        asserts: "none of UserMailbox is audited".to_owned(),
        ..result(CheckVerdict::Passed, 2)
    };
    let quiet = compare_plans(&old, &with(quiet));
    let looser = [
        "`check.people` only warns",
        "`check.people` no longer forbids an apply",
        "`check.people` no longer asserts that all of UserMailbox are audited",
    ];
    assert_eq!(quiet.loosened, looser);
    let [told] = &quiet.remarks[..] else { panic!("{:?}", quiet.remarks) };
    assert_eq!(told.old, "check.people failed (1 of 2 mailboxes is not so)");
    assert_eq!(told.new, "check.people passed");
    let added = compare_plans(&empty(), &old);
    assert!(added.loosened.is_empty() && !added.is_empty());
}

#[test]
fn what_a_check_says_can_be_nothing_but_text_in_markdown_and_on_the_page() {
    let plan = Plan { checks: vec![result(CheckVerdict::Failed, 2)], ..empty() };
    let (mut page, mut comment) = (Vec::new(), Vec::new());
    write_html(&mut page, &plan, &Provenance::default()).unwrap();
    write_markdown(&mut comment, &plan, &Provenance::default(), TextOptions::default()).unwrap();
    let (page, comment) = (String::from_utf8(page).unwrap(), String::from_utf8(comment).unwrap());
    assert!(page.contains("<strong>Failed:</strong> <code>check.people</code>, as planned"));
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script>alert")
    );
    assert!(comment.contains("**Checks: 1 failed.**"), "{comment}");
    assert!(comment.contains("- **Failed:** `check.people`, as planned (`auditform.toml:3`)"));
    assert!(comment.contains("`@octocat`"), "{comment}");
}

#[test]
fn a_report_tells_what_failed_with_its_mailboxes_and_what_was_not_judged_as_a_warning() {
    let violation =
        CheckViolation { mailbox: "ada@contoso.com".to_owned(), because: "off".to_owned() };
    let failed = CheckResult {
        description: None,
        violations: vec![violation],
        more_violations: 2,
        ..result(CheckVerdict::Failed, 3)
    };
    let unknown =
        CheckResult { reason: Some("not read".to_owned()), ..result(CheckVerdict::Unknown, 0) };
    let checks = vec![failed, unknown, result(CheckVerdict::Passed, 3)];
    let findings = plan_findings(&Plan { checks, ..empty() }, std::path::Path::new("."));
    let told: Vec<(&str, &str)> =
        findings.iter().map(|one| (one.code.as_str(), one.summary.as_str())).collect();
    let asserts = "`check.people`: all of UserMailbox are audited";
    let [first, second] =
        ["1 of 2 mailboxes is not so", "not read"].map(|why| format!("{asserts}: {why}"));
    assert_eq!(told, [("checks-failed", first.as_str()), ("check-unknown", second.as_str())]);
    assert_eq!(findings[0].notes, ["ada@contoso.com: off", "and 2 more"]);
    let levels: Vec<String> = sarif(findings)["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["level"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(levels, ["error", "warning"]);
}

fn sarif(findings: Vec<Finding>) -> serde_json::Value {
    let suite = FindingSuite { name: "auditform.toml".to_owned(), findings };
    let mut out = Vec::new();
    write_findings(&mut out, ReportFormat::Sarif, "plan", &[suite], 7).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn every_view_says_alike_that_there_is_nothing_to_do() {
    let beside = Provenance::default();
    let failed = vec![result(CheckVerdict::Failed, 2)];
    for (plan, rest) in [
        (empty(), "."),
        (Plan { checks: failed, ..empty() }, ", but for what its checks ask for."),
        (Plan { pending: vec![switch()], ..empty() }, ", but for what is pending."),
        (Plan { unread: vec![switch()], ..empty() }, ", as far as it was read."),
    ] {
        let (mut text, mut page, mut comment) = (Vec::new(), Vec::new(), Vec::new());
        write_plan(&mut text, &plan, &beside, TextOptions { width: 500, ..TextOptions::default() })
            .unwrap();
        write_html(&mut page, &plan, &beside).unwrap();
        write_markdown(&mut comment, &plan, &beside, TextOptions::default()).unwrap();
        let [text, page, comment] =
            [text, page, comment].map(|view| String::from_utf8(view).unwrap());
        let name = &plan.tenant.organization;
        let said = format!("No changes.\u{1b}[0m {name} matches the spec{rest}");
        assert!(text.contains(&said), "{text}");
        let said = format!("<strong>No changes.</strong> <bdi>{name}</bdi> matches the spec{rest}");
        assert!(page.contains(&said), "{page}");
        assert!(
            comment.contains(&format!("**No changes.** `{name}` matches the spec{rest}")),
            "{comment}"
        );
    }
    let deferred = Plan { deferred: vec![switch()], ..empty() };
    let mut page = Vec::new();
    write_html(&mut page, &deferred, &beside).unwrap();
    assert!(!String::from_utf8(page).unwrap().contains("No changes"));
}

fn switch() -> Address {
    Address::singleton(Kind::UnifiedAuditLog)
}
