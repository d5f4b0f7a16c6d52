//! Writes: what is sent, what is sent again, and what is not.

use serde_json::json;
use uuid::Uuid;

use super::{PROXY, exchange, refusal};
use crate::client::scripted::{Reply, TENANT};
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

#[tokio::test]
async fn the_wrong_server_is_left_once_for_the_one_of_the_guid() {
    for written in [idempotent(), adding()] {
        let (server, exchange) = exchange([refusal(400, PROXY), done()]).await;
        assert!(write(&exchange, &written).await.0.is_ok());
        let seen = server.seen();
        assert_eq!(seen[0].header("x-anchormailbox"), Some("UPN:a@contoso.com"));
        let guid = format!("MBX:{}@{TENANT}", Uuid::from_u128(7));
        assert_eq!(seen[1].header("x-anchormailbox"), Some(guid.as_str()));
    }
    let (server, exchange) = exchange(vec![refusal(400, PROXY); 5]).await;
    let (result, _) = write(&exchange, &idempotent()).await;
    assert!(matches!(result, Err(WriteError::Refused { .. })), "{result:?}");
    assert_eq!(server.seen().len(), 2);
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
