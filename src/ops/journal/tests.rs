//! What an apply knew when it ended is what is read back from its journal.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::graph;
use crate::ops::Environment;
use crate::plan::TenantChange;
use crate::state::TenantIdentity;

#[test]
fn of_two_runs_in_one_second_the_later_one_has_the_later_name() {
    let names = ["2026-11-23T15:41:19.042Z", "2026-11-23T15:41:19.043Z"]
        .map(|time| name_of(time.parse().unwrap()));
    assert!(names[0].starts_with("20261123T154119042Z-"), "{names:?}");
    assert!(names[0] < names[1], "{names:?}");
}

fn ports() -> Ports {
    let at: Timestamp = "2026-11-23T15:41:19Z".parse().unwrap();
    Ports {
        clock: Arc::new(move || at),
        environment: Environment::new(|_| None),
        seed: 1,
        request_timeout: None,
    }
}

fn plan() -> Plan {
    let tenant = TenantIdentity { id: Uuid::from_u128(7), organization: "contoso".to_owned() };
    let tenant_changes = vec![
        TenantChange::UnifiedAuditLog { ingestion: true, after_customization: false },
        TenantChange::MailboxAuditing { enabled: true, after_customization: false },
    ];
    Plan { tenant_changes, ..Plan::of(tenant) }
}

fn failure(kind: FailureKind) -> Failure {
    Failure { kind, message: "the connection was reset".to_owned(), request_id: None }
}

/// What becomes of the first change, as the executor tells it and as the report has it.
struct Outcome {
    name: &'static str,
    answer: Option<Result<(), FailureKind>>,
    verdict: Option<Verdict>,
    settled: fn(&mut Report),
}

fn outcomes() -> Vec<Outcome> {
    let sent =
        |name, answer, verdict| Outcome { name, answer: Some(answer), verdict, settled: |_| {} };
    let not_sent = |name, settled| Outcome { name, answer: None, verdict: None, settled };
    let doubt = Err(FailureKind::InDoubt);
    vec![
        sent("done", Ok(()), None),
        sent("done and not visible yet", Ok(()), Some(Verdict::Pending)),
        sent("done and otherwise", Ok(()), Some(Verdict::Refuted)),
        sent("refused", Err(FailureKind::Refused), None),
        sent("gone", Err(FailureKind::Gone), None),
        sent("in doubt", doubt, None),
        sent("in doubt and there", doubt, Some(Verdict::Verified)),
        sent("in doubt and not there", doubt, Some(Verdict::Refuted)),
        sent("in doubt and not visible yet", doubt, Some(Verdict::Pending)),
        not_sent("there already", |report| report.already(0)),
        not_sent("stale", |report| report.refuse(0, "it was on and is off".to_owned())),
        not_sent("skipped", |report| report.skip(0, Prerequisite::SignIn)),
        not_sent("not started", |_| {}),
    ]
}

/// Carries it out on paper; the report at the end, and the one that is read back.
fn carried_out(outcome: &Outcome) -> (Report, Report) {
    let directory = tempfile::tempdir().unwrap();
    let plan = plan();
    let graph = graph::build(&plan).unwrap();
    let files = BTreeMap::from([("auditform.toml".to_owned(), "version = 1\n".to_owned())]);
    let spec = SpecText { entry: "auditform.toml".to_owned(), files, variables: BTreeMap::new() };
    let made =
        Made { created_at: ports().now(), tool_version: "0.1.0".to_owned(), git: None, host: None };
    let about = Undertaking::unreviewed(&plan, &spec, &made);
    let mut journal = Journal::begin(about, directory.path(), &ports()).unwrap();
    let mut report = Report::new(plan.len());
    if let Some(answer) = outcome.answer {
        let first =
            |step: &StepId| graph.step(*step) == Some(Step::Write { change: 0, request: 0 });
        let step = graph.steps().node_indices().find(first).unwrap();
        let mut scribe = journal.of(&plan, &graph);
        scribe.record(&[StepEvent::Intent { step }]).unwrap();
        scribe.record(&[StepEvent::Sent { step, client_request_id: "1", attempt: 1 }]).unwrap();
        if let Err(kind) = answer {
            let failure = failure(kind);
            scribe.record(&[StepEvent::Failed { step, failure: &failure }]).unwrap();
            report.failed(0, failure);
        } else {
            scribe.record(&[StepEvent::Succeeded { step, request_id: None }]).unwrap();
            report.done(0);
        }
    }
    (outcome.settled)(&mut report);
    if let Some(verdict) = outcome.verdict {
        report.verify(0, verdict);
        report.was_read_back();
    }
    journal.end(&plan, &report, 0).unwrap();
    let read = read_run(&LocalRuns::beside(directory.path()), "latest").unwrap();
    let again = report_of(&read.plan.unwrap().plan, &read.run);
    (report, again)
}

#[test]
fn whatever_becomes_of_a_change_is_read_back_from_the_journal() {
    for outcome in outcomes() {
        let (told, read) = carried_out(&outcome);
        let name = outcome.name;
        assert_eq!(read.state(0), told.state(0), "{name}");
        assert_eq!(read.verdict(0), told.verdict(0), "{name}");
        assert_eq!(read.is_to_read_back(0), told.is_to_read_back(0), "{name}");
        let reasons = |report: &Report| -> Vec<String> {
            let failures = report.failures().chain(report.gone());
            let failures = failures.map(|(_, failure)| failure.to_string());
            failures.chain(report.stale().map(|(_, why)| why.to_owned())).collect()
        };
        assert_eq!(reasons(&read), reasons(&told), "{name}");
        assert!(read.skipped().eq(told.skipped()), "{name}");
        assert_eq!(read.state(1), StepState::NotStarted, "{name}");
    }
}

#[test]
fn a_journal_that_broke_off_before_anything_was_begun_is_nothing_to_restore() {
    let directory = tempfile::tempdir().unwrap();
    let runs = LocalRuns::prepare(directory.path()).unwrap();
    drop(runs.create("20261123T154119042Z-5e1f00").unwrap());
    let stopped = read_run(&runs, "latest").unwrap_err();
    let finding = stopped.diagnostics.iter().next().unwrap();
    assert_eq!(finding.notes[0], "it broke off in its first line, so nothing of the run was begun");
    let help = "there is nothing in it that could be lost: remove the file, or leave it";
    assert_eq!(finding.help, [help]);
    assert_eq!(unfinished(directory.path(), None).unwrap(), []);
}
