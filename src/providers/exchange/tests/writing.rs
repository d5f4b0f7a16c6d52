//! Writes: what is sent, what is sent again, and what is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{PROXY, connect_by, connect_with, exchange, refusal};
use crate::client::scripted::{Reply, Scripted, TENANT};
use crate::client::{Clock, RetryPolicy};
use crate::plan::{ListWrite, MailboxPatch, MailboxRef, Write};
use crate::providers::exchange::{Exchange, Receipt, WriteError, WriteEvent};
use crate::resource::RecipientType;

fn to(patch: MailboxPatch) -> Write {
    let mailbox = MailboxRef {
        guid: Uuid::from_u128(7),
        upn: "a@contoso.com".into(),
        recipient_type: RecipientType::UserMailbox,
    };
    Write::SetMailbox { mailbox, patch }
}

fn idempotent() -> Write {
    to(MailboxPatch { enabled: Some(true), ..MailboxPatch::default() })
}

fn adding() -> Write {
    let admin = Some(ListWrite::Add(vec!["Move".into()]));
    to(MailboxPatch { admin, ..MailboxPatch::default() })
}

/// The result, and the attempts that were announced.
async fn write(exchange: &Exchange, write: &Write) -> (Result<Receipt, WriteError>, Vec<u32>) {
    let mut announced = Vec::new();
    let mut sink = |WriteEvent::Sent { attempt, .. }| announced.push(attempt);
    let result = exchange.write(write, &mut sink).await;
    (result, announced)
}

fn done() -> Reply {
    Reply::json(&json!({ "@adminapi.warnings": ["nothing was modified"], "value": [] }))
}

#[tokio::test]
async fn a_mailbox_write_is_anchored_to_its_mailbox_and_keeps_no_cookies() {
    let cookie = Reply::new(200, &[("set-cookie", "a=b; path=/"), ("request-id", "r")], "{}");
    let (server, exchange) = exchange([cookie, done()]).await;
    let (first, _) = write(&exchange, &idempotent()).await;
    assert_eq!(first.unwrap().request_id.as_deref(), Some("r"));
    let (second, announced) = write(&exchange, &idempotent()).await;
    let receipt = second.unwrap();
    assert_eq!(receipt.warnings, ["nothing was modified"]);
    assert_eq!((receipt.attempts, receipt.already_done, announced), (1, false, vec![1]));
    let seen = server.seen();
    for request in &seen {
        assert_eq!(request.header("x-anchormailbox"), Some("UPN:a@contoso.com"));
        assert_eq!(request.header("cookie"), None);
        assert_eq!(request.target, format!("/adminapi/beta/{TENANT}/InvokeCommand"));
    }
    assert_ne!(seen[0].header("client-request-id"), seen[1].header("client-request-id"));
    assert_eq!(exchange.requests().writes, 2);
}

#[tokio::test]
async fn an_idempotent_write_is_sent_again_and_each_send_is_announced() {
    let replies = [Reply::Reset, Reply::new(503, &[], ""), done()];
    let (_server, exchange) = exchange(replies).await;
    let (result, announced) = write(&exchange, &idempotent()).await;
    assert_eq!(result.unwrap().attempts, 3);
    assert_eq!(announced, [1, 2, 3]);
    assert_eq!(exchange.requests().retries, 2);
}

#[tokio::test]
async fn a_write_that_is_not_idempotent_is_not_sent_again_after_a_doubtful_answer() {
    let doubtful = [
        Reply::Reset,
        Reply::new(504, &[], ""),
        Reply::cut(&json!({ "value": [] })),
        Reply::new(200, &[], "<html>a proxy</html>"),
    ];
    for reply in doubtful {
        for doubted in [adding(), Write::EnableOrganizationCustomization] {
            let (server, exchange) = exchange([reply.clone(), done()]).await;
            let (result, announced) = write(&exchange, &doubted).await;
            assert!(matches!(result, Err(WriteError::InDoubt { .. })), "{result:?}");
            assert_eq!((server.seen().len(), announced.len()), (1, 1));
        }
    }
}

#[tokio::test]
async fn a_throttled_write_has_done_nothing_and_is_sent_again() {
    let (_server, exchange) = exchange([Reply::new(429, &[], ""), done()]).await;
    let (result, _) = write(&exchange, &adding()).await;
    assert_eq!(result.unwrap().attempts, 2);
}

#[tokio::test]
async fn an_idempotent_write_that_never_gets_a_whole_answer_is_in_doubt() {
    let (_server, exchange) = exchange(vec![Reply::Reset; 10]).await;
    let (result, announced) = write(&exchange, &idempotent()).await;
    assert!(matches!(result, Err(WriteError::InDoubt { .. })), "{result:?}");
    assert_eq!(announced.len(), 6);
}

const ELSEWHERE: &str = "Ex1|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|\
                         The mailbox is not found in the local forest.";

#[tokio::test]
async fn the_wrong_server_is_left_by_every_anchor_in_turn_and_each_once() {
    let guid = format!("MBX:{}@{TENANT}", Uuid::from_u128(7));
    let anchors = ["UPN:a@contoso.com", "SMTP:a@contoso.com", guid.as_str()];
    let wrong = [refusal(400, PROXY), refusal(500, ELSEWHERE), refusal(400, PROXY)];
    for written in [idempotent(), adding()] {
        for wrongly in 0..=3 {
            let replies = wrong.iter().take(wrongly).cloned().chain([done()]);
            let (server, exchange) = exchange(replies).await;
            let (result, announced) = write(&exchange, &written).await;
            let seen = server.seen();
            let used = seen.iter().map(|request| request.header("x-anchormailbox").unwrap());
            assert_eq!(used.collect::<Vec<_>>(), anchors[..anchors.len().min(wrongly + 1)]);
            assert_eq!(announced.len(), seen.len());
            match result {
                Ok(_) => assert!(wrongly < 3),
                Err(WriteError::Refused { .. }) => assert_eq!(wrongly, 3),
                Err(other) => unreachable!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn an_anchor_that_was_found_is_kept_when_the_service_throttles() {
    let replies = [refusal(400, PROXY), Reply::new(429, &[], ""), done()];
    let (server, exchange) = exchange(replies).await;
    assert!(write(&exchange, &adding()).await.0.is_ok());
    let seen = server.seen();
    assert_eq!(seen[1].header("x-anchormailbox"), Some("SMTP:a@contoso.com"));
    assert_eq!(seen[2].header("x-anchormailbox"), Some("SMTP:a@contoso.com"));
}

#[tokio::test]
async fn a_lacking_licence_concerns_its_mailbox_alone() {
    let words = "|X.Y|MailItemsAccessed is only available for users with appropriate license.";
    let (server, exchange) = exchange([refusal(400, words), done()]).await;
    let error = write(&exchange, &idempotent()).await.0.unwrap_err();
    assert!(matches!(error, WriteError::Unlicensed { .. }), "{error:?}");
    assert!(error.help().contains("leave the action out"), "{}", error.help());
    assert!(write(&exchange, &idempotent()).await.0.is_ok());
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_refusal_without_a_reason_costs_one_new_token_and_then_says_what_may_be_missing() {
    let nothing = || Reply::new(403, &[], "\0".repeat(512));
    for status in [401, 403] {
        let refused = || Reply::new(status, &[], "\0".repeat(512));
        let (server, exchange) = exchange([refused(), nothing(), done()]).await;
        let error = write(&exchange, &adding()).await.0.unwrap_err();
        assert!(matches!(error, WriteError::Denied { .. }), "{error:?}");
        assert!(error.to_string().contains("missing or not yet in force"), "{error}");
        assert_eq!((server.seen().len(), server.tokens()), (2, 2));
    }
}

#[tokio::test]
async fn writes_that_were_refused_together_share_one_new_token() {
    let replies = vec![Reply::new(401, &[], ""); 4].into_iter().chain(vec![done(); 4]);
    let (server, exchange) = exchange(replies).await;
    let one = || async { write(&exchange, &idempotent()).await.0.is_ok() };
    assert_eq!(tokio::join!(one(), one(), one(), one()), (true, true, true, true));
    assert_eq!((server.seen().len(), server.tokens()), (8, 2));
}

#[tokio::test]
async fn a_write_that_gets_no_answer_in_time_is_in_doubt() {
    let policy = RetryPolicy { attempt: Duration::from_millis(30), ..Scripted::policy() };
    let server = Scripted::start([Reply::Silence]).await;
    let exchange = connect_with(&server, policy).await.unwrap();
    let (result, announced) = write(&exchange, &adding()).await;
    assert!(matches!(result, Err(WriteError::InDoubt { .. })), "{result:?}");
    assert_eq!(announced, [1]);
}

#[tokio::test]
async fn words_about_concurrency_hold_back_under_any_status() {
    let words = "You have reached the maximum number of concurrent requests per tenant. Please \
                 wait and try again";
    for status in [200, 400, 403, 429, 500, 503] {
        let (server, exchange) = exchange([Reply::new(status, &[], words), done()]).await;
        let (result, _) = write(&exchange, &adding()).await;
        assert_eq!(result.unwrap().attempts, 2, "{status}");
        assert_eq!(server.tokens(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_200_with_errors_inside_is_a_failure() {
    let error = "Ex1|X.ManagementObjectNotFoundException|The mailbox is gone";
    let failed = Reply::json(&json!({ "@adminapi.errors": [error], "value": [] }));
    let (_server, exchange) = exchange([failed]).await;
    match write(&exchange, &idempotent()).await.0 {
        Err(WriteError::NotFound { text, trace }) => {
            assert_eq!(text, "The mailbox is gone");
            assert_eq!((trace.status, trace.request_id.as_deref()), (Some(200), Some("req-1")));
            assert!(trace.client_request_id.is_some());
        }
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn refusals_keep_their_kinds() {
    let said = |exception: &str| refusal(400, &format!("|X.{exception}|words"));
    let kinds = [
        (said("ManagementObjectNotFoundException"), "the object is not there: words"),
        (
            said("InvalidOperationInDehydratedContextException"),
            "the organisation is dehydrated: words",
        ),
        (said("ParameterTransformationException"), "the service refuses: words"),
        (refusal(403, "|X.AuthorizationException|words"), "Exchange denies access: words"),
        (
            Reply::new(429, &[("retry-after", "Mon, 23 Nov 2026 13:00:00 GMT")], ""),
            "the service throttles and asks to come back after 2026-11-23T13:00:00Z",
        ),
    ];
    for (reply, wanted) in kinds {
        let (server, exchange) = exchange([reply, done()]).await;
        let error = write(&exchange, &idempotent()).await.0.unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn customising_an_organisation_that_is_customised_is_done_already() {
    let text = "Ex1|System.InvalidOperationException|This operation is not required. Organization \
                is already enabled for customization.";
    let (_server, exchange) = exchange([refusal(400, text)]).await;
    let (result, _) = write(&exchange, &Write::EnableOrganizationCustomization).await;
    assert!(result.unwrap().already_done);
}

#[tokio::test]
async fn a_token_that_ran_out_is_replaced_even_for_a_write_that_is_not_idempotent() {
    let (server, exchange) = exchange([Reply::new(401, &[], ""), done()]).await;
    assert!(write(&exchange, &adding()).await.0.is_ok());
    assert_eq!(server.tokens(), 2);
}

/// A clock that a test moves.
fn clock() -> (Clock, Arc<AtomicI64>) {
    let seconds = Arc::new(AtomicI64::new(1_795_000_000));
    let read = Arc::clone(&seconds);
    let clock = move || Timestamp::from_second(read.load(Ordering::Relaxed)).unwrap();
    (Arc::new(clock), seconds)
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_and_once_for_all_that_wait() {
    let server = Scripted::start(vec![done(); 9]).await;
    let (clock, seconds) = clock();
    let client = Scripted::client_by(clock);
    let exchange = connect_by(&server, Scripted::policy(), &client).await.unwrap();
    assert!(write(&exchange, &adding()).await.0.is_ok());
    assert_eq!(server.tokens(), 1);
    // It lives for an hour.
    seconds.fetch_add(56 * 60, Ordering::Relaxed);
    let writes = (0..8).map(|_| {
        let exchange = exchange.clone();
        tokio::spawn(async move { write(&exchange, &adding()).await })
    });
    for task in writes.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap().0.unwrap().attempts, 1);
    }
    assert_eq!(server.tokens(), 2);
    let seen = server.seen();
    let token = |place: usize| seen[place].header("authorization").unwrap().to_owned();
    assert_ne!(token(0), token(1));
    assert!((2..9).all(|place| token(place) == token(1)));
}

#[tokio::test]
async fn a_token_that_runs_out_while_the_service_throttles_is_renewed_before_the_next_try() {
    let server = Scripted::start([Reply::new(429, &[], ""), done()]).await;
    let (clock, seconds) = clock();
    let client = Scripted::client_by(clock);
    let exchange = connect_by(&server, Scripted::policy(), &client).await.unwrap();
    let mut sink = |WriteEvent::Sent { attempt, .. }| {
        if attempt == 1 {
            seconds.fetch_add(3600, Ordering::Relaxed);
        }
    };
    assert!(exchange.write(&adding(), &mut sink).await.is_ok());
    assert_eq!((server.seen().len(), server.tokens()), (2, 2));
}
