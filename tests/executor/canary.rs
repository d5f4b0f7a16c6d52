//! `canary` of `[limits]`: the first mailboxes are written and read back before any other, and none
//! follows where one of them fails.

use std::collections::BTreeSet;
use std::sync::Arc;

use auditform::apply::{Cancel, Execution, Prerequisite, Report, Standings, StepState};
use auditform::graph;
use auditform::plan::Plan;
use auditform::state::Safeguards;
use tokio::sync::watch;

use super::{Journal, Scripted, Silent, plan};

fn with_canary(mailboxes: usize, canary: u64) -> Plan {
    let safeguards = Safeguards { canary: Some(canary), ..Safeguards::default() };
    Plan { safeguards, ..plan(mailboxes, Vec::new()) }
}

/// Carries it out; how many were written before the reading back, if it came to that, which proves
/// them or does not.
async fn carry_out(plan: &Plan, writer: Scripted, proves: bool) -> (Report, usize, Option<usize>) {
    let graph = graph::build(plan).unwrap();
    let cancel = Cancel::new(watch::channel(false).1);
    let mut execution = Execution::new(plan, &graph, 8, cancel);
    let (writer, mut journal) = (Arc::new(writer), Journal::default());
    execution.run(&writer, &mut journal, &mut Silent).await;
    let mut before = None;
    if execution.is_held() {
        before = Some(writer.written.lock().unwrap().len());
        execution.was_read_back(proves);
        execution.run(&writer, &mut journal, &mut Silent).await;
    }
    let all = writer.written.lock().unwrap().len();
    (execution.into_report(), all, before)
}

#[tokio::test]
async fn the_rest_follows_once_the_first_are_read_back() {
    let (report, all, before) = carry_out(&with_canary(40, 3), Scripted::default(), true).await;
    assert_eq!((all, before), (40, Some(3)));
    assert_eq!(report.count(StepState::Done), 40);
}

#[tokio::test]
async fn nothing_follows_where_reading_back_does_not_prove_the_first() {
    let (report, all, _) = carry_out(&with_canary(40, 3), Scripted::default(), false).await;
    assert_eq!(all, 3);
    assert_eq!(report.count(StepState::Skipped), 37);
    assert!(report.skipped().all(|(_, because)| because == Prerequisite::ReadBack));
}

#[tokio::test]
async fn nothing_follows_where_one_of_the_first_fails() {
    let refuse = BTreeSet::from(["user001@contoso.com".to_owned()]);
    let writer = Scripted { refuse, ..Scripted::default() };
    let (report, all, before) = carry_out(&with_canary(40, 3), writer, true).await;
    assert_eq!((all, before), (3, None));
    assert_eq!(report.count(StepState::Skipped), 37);
    assert!(report.skipped().all(|(_, because)| because == Prerequisite::Change(1)));
}

#[tokio::test]
async fn a_plan_that_is_no_larger_needs_no_reading_back_in_between() {
    let (report, all, before) = carry_out(&with_canary(3, 3), Scripted::default(), false).await;
    assert_eq!((all, before), (3, None));
    assert!(report.is_good());
}

#[tokio::test]
async fn what_is_stale_is_left_out_of_the_first_and_of_the_rest_and_holds_nothing_up() {
    let plan = with_canary(10, 3);
    let graph = graph::build(&plan).unwrap();
    let mut execution = Execution::new(&plan, &graph, 8, Cancel::new(watch::channel(false).1));
    let stale = [1, 7].map(|place| (place, "it was changed".to_owned())).into();
    execution.settle(&Standings { stale, ..Standings::default() });
    let (writer, mut journal) = (Arc::new(Scripted::default()), Journal::default());
    execution.run(&writer, &mut journal, &mut Silent).await;
    assert_eq!(writer.written.lock().unwrap().len(), 2);
    assert!(execution.was_read_back(true));
    execution.run(&writer, &mut journal, &mut Silent).await;
    assert_eq!(writer.written.lock().unwrap().len(), 8);
    let report = execution.into_report();
    assert_eq!((report.count(StepState::Done), report.count(StepState::Stale)), (8, 2));
}
