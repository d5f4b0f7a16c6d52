//! What was read is written upon for a while only: then nothing more starts until it was read again, and
//! what that shows decides.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use auditform::apply::{Cancel, Execution, Standings, StepState};
use auditform::graph;
use tokio::sync::watch;

use super::{Journal, Scripted, Silent, plan};

#[tokio::test]
async fn nothing_is_written_upon_a_reading_that_is_too_old() {
    let plan = plan(10, Vec::new());
    let graph = graph::build(&plan).unwrap();
    let cancel = Cancel::new(watch::channel(false).1);
    // Asked for each intent, all of which are written at once, and again before each request.
    let allowed = Arc::new(AtomicUsize::new(10 + 4));
    let left = Arc::clone(&allowed);
    let is_fresh = move |_| {
        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    };
    let mut execution = Execution::new(&plan, &graph, 2, cancel).while_fresh(Arc::new(is_fresh));
    let (writer, mut journal) = (Arc::new(Scripted::default()), Journal::default());
    execution.run(&writer, &mut journal, &mut Silent).await;
    assert!(execution.is_outdated());
    assert_eq!(writer.written.lock().unwrap().len(), 4);
    let withdrawn = journal.lines.iter().filter(|line| line.starts_with("withdrawn"));
    assert_eq!(withdrawn.count(), 6, "{:?}", journal.lines);
    let open: Vec<u32> = (0..10).filter(|place| execution.is_untouched(*place)).collect();
    assert_eq!(open, [4, 5, 6, 7, 8, 9]);
    // Reading again shows that one is done already, and that another is somebody else's by now.
    let stale = BTreeMap::from([(5, "it was changed".to_owned())]);
    execution.settle(&Standings { already: vec![4], stale, ..Standings::default() });
    allowed.store(usize::MAX, Ordering::SeqCst);
    execution.run(&writer, &mut journal, &mut Silent).await;
    assert!(!execution.is_outdated());
    let written = writer.written.lock().unwrap().clone();
    assert_eq!(written.len(), 8);
    for settled in ["user004@contoso.com", "user005@contoso.com"] {
        assert!(!written.iter().any(|name| name == settled), "{written:?}");
    }
    let report = execution.into_report();
    assert_eq!(report.count(StepState::Done), 8);
    assert_eq!(report.state(4), StepState::AlreadyThere);
    assert_eq!(report.stale().collect::<Vec<_>>(), [(5, "it was changed")]);
}
