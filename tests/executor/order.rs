//! What becomes of a request is told in the order in which it happened, on however many threads.

use std::collections::HashMap;

use super::{Journal, Scripted, plan, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_request_is_told_to_be_sent_before_it_is_told_to_have_succeeded() {
    const REQUESTS: usize = 20_000;
    let mut journal = Journal::default();
    run(&plan(REQUESTS, Vec::new()), Scripted::default(), 64, &mut journal).await;
    let mut last: HashMap<&str, &str> = HashMap::new();
    for line in &journal.lines {
        let (event, step) = line.split_once(' ').unwrap();
        let before = last.insert(step, event).unwrap_or("nothing");
        let expected = match event {
            "intent" => "nothing",
            "sent" => "intent",
            _ => "sent",
        };
        assert_eq!(before, expected, "before {line}");
    }
    assert_eq!(journal.lines.len(), 3 * REQUESTS);
}
