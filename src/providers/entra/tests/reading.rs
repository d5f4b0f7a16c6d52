//! Reads: absence, lists to their end, everything that makes an answer unbelievable.

use super::*;

#[tokio::test]
async fn what_is_not_there_is_absent_and_no_error() {
    let missing = || refusal(404, "Request_ResourceNotFound", "Resource 'x' does not exist.");
    let (server, entra) = entra([missing(), missing(), missing(), missing()]).await;
    assert_eq!(entra.application("x").await, Ok(None));
    assert_eq!(entra.application_by_app_id(ONE).await, Ok(None));
    assert_eq!(entra.application_by_unique_name("x").await, Ok(None));
    assert_eq!(entra.service_principal(ONE).await, Ok(None));
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_list_is_followed_to_its_end_and_a_row_that_comes_twice_counts_once() {
    let (server, entra) = entra([]).await;
    let link = format!("{}v1.0/next?$skiptoken=abc%2B", server.url);
    server.push(page(&[consent("b"), consent("a")], Some(&link)));
    server.push(page(&[consent("b"), consent("c")], None));
    let consents = entra.consents("client").await.unwrap();
    let ids: Vec<&str> = consents.iter().map(|consent| consent.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert_eq!(consents[0].resource_name, "Office 365 Exchange Online");
    assert_eq!(server.seen()[1].target, "/v1.0/next?$skiptoken=abc%2B");
    assert_eq!(entra.requests().graph, 2);
}

async fn incomplete(replies: impl IntoIterator<Item = Reply>) -> String {
    let (_server, entra) = entra(replies).await;
    let error = entra.consents("client").await.unwrap_err();
    assert_eq!(error.kind, GraphErrorKind::Incomplete, "{error}");
    assert_eq!(error.trace.request_id.as_deref(), Some("req-1"));
    error.message
}

#[tokio::test]
async fn a_link_to_another_host_is_not_followed_and_gets_no_token() {
    let elsewhere = Scripted::start([]).await;
    let reason = incomplete([page(&[consent("a")], Some(elsewhere.url.as_str()))]).await;
    assert!(reason.starts_with("page 1: its link leads to another host, `http://127."), "{reason}");
    assert_eq!(elsewhere.seen().len(), 0);
    let reason = incomplete([page(&[], Some("next"))]).await;
    assert_eq!(reason, "page 1: its link is no address");
}

#[tokio::test]
async fn a_link_that_was_followed_before_ends_the_read() {
    let (server, entra) = entra([]).await;
    let link = format!("{}v1.0/next", server.url);
    for id in ["a", "b"] {
        server.push(page(&[consent(id)], Some(&link)));
    }
    let error = entra.consents("client").await.unwrap_err();
    assert_eq!(error.message, "page 2: its link was followed before");
}

#[tokio::test]
async fn a_list_that_contradicts_itself_or_never_ends_is_incomplete() {
    let mut other = consent("a");
    other["resourceId"] = json!("other");
    let reason = incomplete([page(&[consent("a"), other], None)]).await;
    assert_eq!(reason, "page 1: two rows with the id a differ");
    let reason = incomplete([page(&[json!({ "appRoleId": ONE })], None)]).await;
    assert_eq!(reason, "page 1: a row has no `id`");
    let (server, entra) = entra([]).await;
    for number in 0..20 {
        server.push(page(&[], Some(&format!("{}next?{number}", server.url))));
    }
    let error = entra.consents("client").await.unwrap_err();
    assert_eq!(error.message, "page 10: 10 pages in a row are empty");
}

#[tokio::test]
async fn a_list_whose_link_has_expired_is_begun_again_twice_at_most() {
    let expired = || refusal(400, "Directory_ExpiredPageToken", "The page token has expired.");
    let (server, entra) = entra([]).await;
    let link = format!("{}next", server.url);
    for _ in 0..2 {
        server.push(page(&[consent("old")], Some(&link)));
        server.push(expired());
    }
    server.push(page(&[consent("new")], None));
    let consents = entra.consents("client").await.unwrap();
    assert_eq!((consents.len(), consents[0].id.as_str()), (1, "new"));
    for _ in 0..3 {
        server.push(page(&[consent("old")], Some(&link)));
        server.push(expired());
    }
    assert_eq!(kind(entra.consents("client").await), GraphErrorKind::Other);
    assert_eq!(server.seen().len(), 11);
}

#[tokio::test]
async fn an_answer_that_lacks_something_is_never_filled_in() {
    let mut row = application(1);
    row.as_object_mut().unwrap().remove("keyCredentials");
    for reply in [Reply::json(&row), Reply::new(200, &[], "<html>"), Reply::new(204, &[], "")] {
        let (_server, entra) = entra([reply]).await;
        assert_eq!(kind(entra.application("x").await), GraphErrorKind::BadAnswer);
    }
    let list = json!({ "value": [{ "id": "a", "appRoleId": ONE }] });
    for (reply, said) in [
        (Reply::json(&list), "the row a: missing field `resourceId`"),
        (Reply::json(&json!({})), "missing field `value`"),
        (Reply::json(&json!({ "value": null })), "invalid type: null"),
    ] {
        let (_server, entra) = entra([reply]).await;
        let error = entra.consents("client").await.unwrap_err();
        assert_eq!(error.kind, GraphErrorKind::BadAnswer);
        assert!(error.message.starts_with(said), "{error}");
    }
}

#[tokio::test]
async fn a_read_is_tried_again_whatever_broke_it() {
    let trouble = [
        Reply::Reset,
        Reply::new(503, &[("retry-after", "0")], ""),
        Reply::cut(&application(1)),
        refusal(429, "TooManyRequests", "x"),
        Reply::json(&application(1)),
    ];
    let (_server, entra) = entra(trouble).await;
    let found = entra.application("x").await.unwrap().unwrap();
    assert_eq!((found.object_id.as_str(), found.app_id), ("object-1", ONE));
    assert_eq!((entra.requests().graph, entra.requests().retries), (5, 4));
}

#[tokio::test]
async fn a_service_that_keeps_failing_and_one_that_asks_for_patience_are_told_apart() {
    let (_server, failing) = entra(vec![refusal(503, "ServiceUnavailable", "x"); 10]).await;
    let error = failing.application("x").await.unwrap_err();
    assert_eq!((&error.kind, error.trace.attempts), (&GraphErrorKind::Unavailable, 6));
    let (_server, busy) = entra([Reply::new(429, &[("retry-after", "3600")], "")]).await;
    let come_back = "2026-11-23T13:00:00Z".parse().unwrap();
    let error = busy.application("x").await.unwrap_err();
    assert_eq!(error.kind, GraphErrorKind::Throttled { come_back });
    let said = "Microsoft Graph throttles and asks to come back after 2026-11-23T13:00:00Z";
    assert!(error.to_string().starts_with(said), "{error}");
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_replaced_once() {
    let invalid = || refusal(401, "InvalidAuthenticationToken", "Lifetime validation failed.");
    let (server, entra) =
        entra([invalid(), Reply::json(&application(1)), invalid(), invalid()]).await;
    assert!(entra.application("x").await.unwrap().is_some());
    assert_eq!(server.tokens(), 2);
    let seen = server.seen();
    assert_ne!(seen[0].header("authorization"), seen[1].header("authorization"));
    assert_eq!(kind(entra.application("x").await), GraphErrorKind::Unauthorized);
    assert_eq!(server.tokens(), 3);
}

#[tokio::test]
async fn a_sign_in_that_fails_keeps_its_reason() {
    let (server, entra) = entra([Reply::new(401, &[], "")]).await;
    let body = json!({ "error": "invalid_client", "error_codes": [700_016],
        "error_description": "AADSTS700016: No. Trace ID: 1" });
    server.authority([Reply::new(400, &[], body.to_string())]);
    let error = entra.application("x").await.unwrap_err();
    assert!(matches!(error.kind, GraphErrorKind::SignIn(_)));
    let said = "the application is not known in this tenant: AADSTS700016: No. [";
    assert!(error.to_string().starts_with(said), "{error}");
    assert!(error.help().contains("check `client_id`"));
}

#[tokio::test]
async fn an_owner_may_be_a_user_or_a_service_principal() {
    let user = json!({ "id": "u", "displayName": "Ada", "userPrincipalName": "ada@contoso.com" });
    let missing = || refusal(404, "Request_ResourceNotFound", "x");
    let service = json!({ "id": ONE, "displayName": "Deployer" });
    let (server, entra) =
        entra([Reply::json(&user), missing(), missing(), Reply::json(&service)]).await;
    let found = entra.user("ada#EXT#@contoso.com").await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.name.as_str()), ("u", "ada@contoso.com"));
    assert_eq!(entra.user("bob@contoso.com").await, Ok(None));
    assert_eq!(entra.user(&ONE.to_string()).await.unwrap().unwrap().name, "Deployer");
    let select = "$select=id%2CdisplayName%2CuserPrincipalName";
    assert_eq!(server.seen()[0].target, format!("/v1.0/users/ada%23EXT%23@contoso.com?{select}"));
}
