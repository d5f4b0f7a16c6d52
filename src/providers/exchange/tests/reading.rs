//! Reads: paging, everything that makes an answer unbelievable, and what is tried again.

use serde_json::{Value, json};

use super::{PROXY, connect_with, exchange, mailbox, refusal};
use crate::client::RetryPolicy;
use crate::client::scripted::{Reply, Scripted, TENANT};
use crate::providers::exchange::{Exchange, ListEnd, MailboxQuery, ReadError, RowRefused};
use crate::resource::{ActionVocabulary, RecipientType};

fn query() -> MailboxQuery {
    let recipient_types = vec![RecipientType::UserMailbox];
    MailboxQuery { recipient_types, addresses: false, page_size: 2 }
}

async fn list(exchange: &Exchange) -> Result<(Vec<String>, ListEnd), ReadError> {
    let mut upns = Vec::new();
    let mut take = |row: &crate::state::MailboxRow<'_>| {
        upns.push(row.upn.to_string());
        Ok(())
    };
    let end = exchange.mailboxes(&query(), &mut ActionVocabulary::default(), &mut take).await?;
    Ok((upns, end))
}

/// What becomes of a list whose only page is this.
async fn only(page: Reply) -> ReadError {
    let (_server, exchange) = exchange([page]).await;
    list(&exchange).await.unwrap_err()
}

fn page(rows: &[Value], link: Option<&str>) -> Value {
    let mut page = json!({ "@odata.context": "x", "@adminapi.warnings": [], "value": rows });
    if let Some(link) = link {
        page["@odata.nextLink"] = json!(link);
    }
    page
}

fn incomplete(error: ReadError) -> (u64, String) {
    match error {
        ReadError::Incomplete { page, reason, .. } => (page, reason),
        error => unreachable!("{error}"),
    }
}

#[tokio::test]
async fn pages_are_asked_for_by_the_same_post_with_the_same_anchor_and_cookies() {
    let (server, exchange) = exchange([]).await;
    let link = format!("{}adminapi/beta/{TENANT}/InvokeCommand?%24skiptoken=abc", server.url);
    let first = page(&[mailbox(1), mailbox(2)], Some(&link)).to_string();
    server.push(Reply::new(200, &[("set-cookie", "exchangecookie=abc; path=/")], first));
    server.push(Reply::json(&page(&[mailbox(3)], None)));

    let (upns, end) = list(&exchange).await.unwrap();
    assert_eq!(upns, ["u1@contoso.com", "u2@contoso.com", "u3@contoso.com"]);
    assert_eq!(end, ListEnd { rows: 3, pages: 2, last_page_full: false });

    let seen = server.seen();
    let select = "Guid,UserPrincipalName,RecipientTypeDetails,AuditEnabled,AuditAdmin,\
                  AuditDelegate,AuditOwner,DefaultAuditSet,AuditLogAgeLimit";
    assert_eq!(seen[0].target, format!("/adminapi/beta/{TENANT}/InvokeCommand?$select={select}"));
    assert!(seen[1].target.ends_with("?%24skiptoken=abc"), "{}", seen[1].target);
    assert_eq!(
        seen[0].json(),
        json!({ "CmdletInput": { "CmdletName": "Get-Mailbox", "Parameters": {
            "ResultSize": "Unlimited", "RecipientTypeDetails": ["UserMailbox"] } } })
    );
    assert_eq!(seen[0].body, seen[1].body);
    let anchor = format!("APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{TENANT}");
    for request in &seen {
        assert_eq!(request.header("x-anchormailbox"), Some(anchor.as_str()));
        assert_eq!(request.header("x-cmdletname"), Some("Get-Mailbox"));
        assert_eq!(request.header("prefer"), Some("odata.maxpagesize=2"));
    }
    assert_eq!(seen[0].header("connection-id"), seen[1].header("connection-id"));
    assert_eq!(seen[0].header("cookie"), None);
    assert_eq!(seen[1].header("cookie"), Some("exchangecookie=abc"));
    assert_eq!(exchange.requests().reads, 2);
}

#[tokio::test]
async fn groups_are_listed_by_their_switch() {
    let (server, exchange) = exchange([Reply::json(&page(&[], None))]).await;
    let query = MailboxQuery { recipient_types: vec![RecipientType::GroupMailbox], ..query() };
    let mut none = |_: &crate::state::MailboxRow<'_>| Ok(());
    exchange.mailboxes(&query, &mut ActionVocabulary::default(), &mut none).await.unwrap();
    let parameters = server.seen()[0].json()["CmdletInput"]["Parameters"].clone();
    assert_eq!(parameters, json!({ "ResultSize": "Unlimited", "GroupMailbox": true }));
}

#[tokio::test]
async fn a_full_last_page_is_told_so_that_it_can_be_confirmed() {
    let (_server, exchange) = exchange([Reply::json(&page(&[mailbox(1), mailbox(2)], None))]).await;
    let (_, end) = list(&exchange).await.unwrap();
    assert!(end.last_page_full);
}

#[tokio::test]
async fn a_link_to_another_host_is_not_followed_and_gets_no_token() {
    let elsewhere = Scripted::start([]).await;
    let (server, exchange) = exchange([]).await;
    let user = format!("http://{}@{}", server.url.authority(), elsewhere.url.authority());
    for link in [elsewhere.url.as_str(), user.as_str(), "https://outlook.office365.com/next"] {
        server.push(Reply::json(&page(&[mailbox(1)], Some(link))));
        let (at, reason) = incomplete(list(&exchange).await.unwrap_err());
        assert_eq!(at, 1);
        assert!(reason.contains("another host"), "{reason}");
    }
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn a_link_that_was_followed_before_ends_the_read() {
    let (server, exchange) = exchange([]).await;
    let link = format!("{}next?a", server.url);
    for number in 1..=2 {
        server.push(Reply::json(&page(&[mailbox(number)], Some(&link))));
    }
    let (at, reason) = incomplete(list(&exchange).await.unwrap_err());
    assert_eq!((at, reason.as_str()), (2, "its link was followed before"));
}

#[tokio::test]
async fn pages_without_rows_do_not_go_on_for_ever() {
    let (server, exchange) = exchange([]).await;
    for number in 0..20 {
        let link = format!("{}next?{number}", server.url);
        server.push(Reply::json(&page(&[], Some(&link))));
    }
    let (at, _) = incomplete(list(&exchange).await.unwrap_err());
    assert_eq!(at, 10);
}

#[tokio::test]
async fn an_expired_link_is_told_apart_so_that_the_caller_can_begin_again() {
    let (server, exchange) = exchange([]).await;
    let link = format!("{}next", server.url);
    server.push(Reply::json(&page(&[mailbox(1)], Some(&link))));
    let expired = "Expired or Invalid pagination request. Default Expiry time is 00:30:00";
    server.push(refusal(400, expired));
    let error = list(&exchange).await.unwrap_err();
    assert!(matches!(error, ReadError::LinkExpired { page: 2, .. }), "{error}");
}

#[tokio::test]
async fn a_truncation_warning_without_a_link_is_an_incomplete_read() {
    let mut cut = page(&[mailbox(1)], None);
    cut["@adminapi.warnings"] = json!(["By default, only the first 1000 items are returned. Use \
                                        the ResultSize parameter to specify the number."]);
    let (_, reason) = incomplete(only(Reply::json(&cut)).await);
    assert!(reason.contains("has cut the list"), "{reason}");
}

#[tokio::test]
async fn errors_inside_of_a_200_are_an_incomplete_read() {
    let mut failed = page(&[mailbox(1)], None);
    failed["@adminapi.errors"] = json!(["Ex1|X.Y|A server was lost"]);
    let (_, reason) = incomplete(only(Reply::json(&failed)).await);
    assert!(reason.ends_with("A server was lost"), "{reason}");
}

#[tokio::test]
async fn garbage_is_an_incomplete_read_and_not_asked_for_again() {
    for garbage in [
        "<html>a proxy</html>",
        "[]",
        "null",
        "\0\0\0",
        "{\"value\":[1]}",
        "{\"value\":[{}]}x",
        "{}",
        "{\"value\":null}",
        "{\"value\":{}}",
        "{\"value\":[],\"value\":[]}",
        "{\"\\u0076alue\":[{}]}",
        "{\"value\":[],}",
        "{\"value\":[] \"x\":1}",
        "{\"value\":[],\"@odata.nextLink\":7}",
    ] {
        let (server, exchange) = exchange([Reply::new(200, &[], garbage)]).await;
        let error = list(&exchange).await.unwrap_err();
        let broken = matches!(error, ReadError::Incomplete { .. } | ReadError::BrokenRow { .. });
        assert!(broken, "{garbage}: {error}");
        assert_eq!(server.seen().len(), 1, "{garbage}");
    }
}

#[tokio::test]
async fn a_broken_row_is_named_by_page_row_identity_and_field() {
    let mut row = mailbox(2);
    row.as_object_mut().unwrap().remove("AuditOwner");
    let error = only(Reply::json(&page(&[mailbox(1), row], None))).await;
    let shown = error.to_string();
    let wanted = "row 2 of page 1 (u2@contoso.com): `AuditOwner` is missing [POST ";
    assert!(shown.starts_with(wanted), "{shown}");
    assert!(shown.contains("request-id req-1"), "{shown}");
}

#[tokio::test]
async fn a_type_that_was_not_asked_for_is_a_broken_row() {
    let mut row = mailbox(1);
    row["RecipientTypeDetails"] = json!("SharedMailbox");
    let error = only(Reply::json(&page(&[row], None))).await;
    assert!(error.to_string().contains("`SharedMailbox`, which was not asked for"), "{error}");
}

#[tokio::test]
async fn whoever_takes_the_rows_can_end_the_read() {
    let (_server, exchange) = exchange([Reply::json(&page(&[mailbox(1)], None))]).await;
    let mut refuse = |_: &crate::state::MailboxRow<'_>| Err(RowRefused("differs".into()));
    let error = exchange
        .mailboxes(&query(), &mut ActionVocabulary::default(), &mut refuse)
        .await
        .unwrap_err();
    assert_eq!(error, ReadError::RowRefused(RowRefused("differs".into())));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_asked_for_again() {
    let mut whole = page(&[mailbox(1)], None);
    whole["zz"] = json!("something after the rows");
    // Cut by the connection, and cut by a server that closes properly.
    let text = whole.to_string();
    let short = Reply::new(200, &[], &text[..text.len() - 9]);
    let replies = [Reply::cut(&whole), short, Reply::Reset, Reply::json(&whole)];
    let (_server, exchange) = exchange(replies).await;
    let (upns, end) = list(&exchange).await.unwrap();
    // The first two bodies held the row already: the caller tells it by its Guid.
    assert_eq!((upns.len(), end.rows), (3, 1));
    assert_eq!(exchange.requests().retries, 3);
}

#[tokio::test]
async fn a_page_that_keeps_breaking_off_fails_the_read() {
    let cut = Reply::cut(&page(&[mailbox(1)], None));
    let (server, exchange) = exchange(vec![cut; 10]).await;
    let error = list(&exchange).await.unwrap_err();
    assert!(matches!(error, ReadError::Unavailable { .. }), "{error}");
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn transient_trouble_is_tried_again_whatever_its_status() {
    let text = "You have reached the maximum number of concurrent requests per tenant. Please wait";
    let replies = [
        Reply::new(503, &[], ""),
        refusal(400, "Ex1|Microsoft.Exchange.Data.Directory.ADTransientException|again"),
        Reply::new(400, &[], text),
        refusal(400, PROXY),
        Reply::json(&page(&[mailbox(1)], None)),
    ];
    let (server, exchange) = exchange(replies).await;
    assert_eq!(list(&exchange).await.unwrap().1.rows, 1);
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn a_retry_after_beyond_the_bound_says_when_to_come_back() {
    let (server, exchange) = exchange([Reply::new(429, &[("retry-after", "1800")], "")]).await;
    let wanted = "2026-11-23T12:30:00Z".parse::<jiff::Timestamp>().unwrap();
    match list(&exchange).await.unwrap_err() {
        ReadError::Throttled { come_back, .. } => assert_eq!(come_back, wanted),
        error => unreachable!("{error}"),
    }
    // The whole class is held back: the next read is not even sent.
    let error = exchange.organization().await.unwrap_err();
    assert!(matches!(error, ReadError::Throttled { .. }), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_403_without_a_reason_costs_the_token_once_and_then_names_the_roles() {
    let nul = Reply::new(403, &[], "\0".repeat(2048));
    let (server, exchange) = exchange([nul.clone(), nul]).await;
    server.claims(json!({ "tid": TENANT.to_string(), "roles": ["Exchange.ManageAsApp"] }));
    let error = list(&exchange).await.unwrap_err();
    assert!(matches!(error, ReadError::Denied { .. }), "{error}");
    let help = error.help();
    assert!(help.contains("names no directory role"), "{help}");
    assert!(help.contains("Global Reader"), "{help}");
    let seen = server.seen();
    assert_eq!((seen.len(), server.tokens()), (2, 2));
    assert_ne!(seen[0].header("authorization"), seen[1].header("authorization"));
}

#[tokio::test]
async fn a_new_token_may_be_all_that_was_missing() {
    let replies = [Reply::new(401, &[], ""), Reply::json(&page(&[mailbox(1)], None))];
    let (server, exchange) = exchange(replies).await;
    assert_eq!(list(&exchange).await.unwrap().1.rows, 1);
    assert_eq!(server.tokens(), 2);
}

#[tokio::test]
async fn a_403_with_a_reason_is_final() {
    let reason = "2000008;reason=\"The token contains no permissions\"";
    let (server, exchange) = exchange([Reply::new(403, &[("x-ms-diagnostics", reason)], "")]).await;
    let error = list(&exchange).await.unwrap_err();
    assert!(error.to_string().contains("contains no permissions"), "{error}");
    assert_eq!((server.seen().len(), server.tokens()), (1, 1));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Scripted::start([]).await;
    let (_server, exchange) =
        exchange([Reply::new(302, &[("location", elsewhere.url.as_str())], "")]).await;
    let error = list(&exchange).await.unwrap_err();
    assert!(error.to_string().contains("redirects elsewhere"), "{error}");
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_in_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Scripted::start([]).await;
    let mut hanging = server.clone();
    hanging.url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let policy = RetryPolicy {
        total: std::time::Duration::from_millis(60),
        attempt: std::time::Duration::from_millis(20),
        ..Scripted::policy()
    };
    let exchange = {
        // Tokens from the one, Exchange at the other.
        let mut exchange = connect_with(&server, policy).await.unwrap();
        std::sync::Arc::get_mut(&mut exchange.inner).unwrap().options.base = hanging.url;
        exchange
    };
    let error = exchange.organization().await.unwrap_err();
    assert!(matches!(error, ReadError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn the_two_switches_are_read_from_their_single_rows() {
    let row = |row: Value| Reply::json(&page(&[row], None));
    let (server, exchange) = exchange([
        row(json!({ "AuditDisabled": false, "IsDehydrated": true, "AuditDisabled@x": 1 })),
        row(json!({ "UnifiedAuditLogIngestionEnabled": true })),
    ])
    .await;
    let organization = exchange.organization().await.unwrap();
    assert!(organization.mailbox_auditing && organization.dehydrated);
    assert!(exchange.unified_audit_log().await.unwrap());
    let seen = server.seen();
    assert!(seen[0].target.ends_with("?$select=AuditDisabled,IsDehydrated"), "{}", seen[0].target);
    assert_eq!(seen[1].header("x-cmdletname"), Some("Get-AdminAuditLogConfig"));
}

#[tokio::test]
async fn a_switch_that_is_missing_null_or_there_twice_is_no_state() {
    let switch = json!({ "AuditDisabled": false, "IsDehydrated": false });
    for rows in [
        vec![],
        vec![switch.clone(), switch],
        vec![json!({ "AuditDisabled": false })],
        vec![json!({ "AuditDisabled": null, "IsDehydrated": false })],
        vec![json!({ "AuditDisabled": "false", "IsDehydrated": false })],
    ] {
        let (_server, exchange) = exchange([Reply::json(&page(&rows, None))]).await;
        let error = exchange.organization().await.unwrap_err();
        let broken = matches!(error, ReadError::Incomplete { .. } | ReadError::BrokenRow { .. });
        assert!(broken, "{rows:?}: {error}");
    }
}
