//! Discovery, tokens, their cache, and refusals, against a scripted authority.

#![expect(clippy::unwrap_used, reason = "tests")]

mod methods;
mod people;

use serde_json::json;

use super::*;
use crate::client::scripted::{Reply, Scripted, TENANT};

const SCOPE: &str = "https://outlook.office365.com/.default";

fn refused(code: u32) -> Reply {
    let text = format!("AADSTS{code}: No. Trace ID: 1");
    let body =
        json!({ "error": "invalid_client", "error_description": text, "error_codes": [code] });
    Reply::new(400, &[("date", "Mon, 23 Nov 2026 11:50:00 GMT")], body.to_string())
}

async fn server(authority: impl IntoIterator<Item = Reply>) -> (Scripted, Arc<TokenSource>) {
    let server = Scripted::start([]).await;
    server.authority(authority);
    let tokens = server.tokens_of(&Scripted::client());
    (server, tokens)
}

#[tokio::test]
async fn a_token_is_fetched_once_and_again_after_it_was_dropped() {
    let (server, tokens) = server([]).await;
    assert_eq!(tokens.tenant_id().await.unwrap(), TENANT);
    let first = tokens.token(SCOPE).await.unwrap();
    let (second, third) = tokio::join!(tokens.token(SCOPE), tokens.token(SCOPE));
    assert!(Arc::ptr_eq(&first, &second.unwrap()) && Arc::ptr_eq(&first, &third.unwrap()));
    tokens.drop_token(SCOPE, &first).await;
    let fresh = tokens.token(SCOPE).await.unwrap();
    assert_eq!(server.tokens(), 2);
    // Eight tasks that were refused together drop one token, not one another's.
    tokens.drop_token(SCOPE, &first).await;
    assert!(Arc::ptr_eq(&fresh, &tokens.token(SCOPE).await.unwrap()));
}

#[tokio::test]
async fn signing_out_forgets_every_token_and_a_fresh_one_is_made_on_demand() {
    let (server, tokens) = server([]).await;
    let first = tokens.token(SCOPE).await.unwrap();
    let fresh = tokens.fresh_token(SCOPE).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &fresh));
    assert!(Arc::ptr_eq(&fresh, &tokens.token(SCOPE).await.unwrap()));
    tokens.forget().await;
    assert_eq!(Arc::strong_count(&fresh), 1);
    tokens.token(SCOPE).await.unwrap();
    assert_eq!(server.tokens(), 3);
}

#[tokio::test]
async fn a_token_close_to_its_end_is_not_handed_out_again() {
    let server = Scripted::start([]).await;
    let short = json!({ "access_token": "opaque", "expires_in": "299" });
    let tokens = server.tokens_of(&Scripted::client());
    tokens.tenant_id().await.unwrap();
    server.authority([Reply::json(&short)]);
    assert!(tokens.token(SCOPE).await.unwrap().claims.is_none());
    assert_eq!(server.tokens(), 0);
    tokens.token(SCOPE).await.unwrap();
    assert_eq!(server.tokens(), 1);
}

#[tokio::test]
async fn a_tenant_that_does_not_exist_is_named() {
    let (_server, tokens) = server([refused(90002)]).await;
    let error = tokens.token(SCOPE).await.unwrap_err();
    assert_eq!(error.reason, SignInReason::TenantNotFound);
    assert_eq!((error.trace.status, error.trace.attempts), (Some(400), 1));
    assert!(error.to_string().contains("AADSTS90002: No. ["), "{error}");
}

#[tokio::test]
async fn a_clock_that_runs_ahead_is_told_from_the_answers_date() {
    let (server, tokens) = server([]).await;
    tokens.tenant_id().await.unwrap();
    server.authority([refused(700_024)]);
    let error = tokens.token(SCOPE).await.unwrap_err();
    assert_eq!(error.reason, SignInReason::AssertionTime { ahead_seconds: Some(600) });
    assert!(error.help().contains("600 s ahead of"), "{}", error.help());
}

#[tokio::test]
async fn trouble_that_passes_is_not_noticed() {
    let broken =
        [Reply::new(503, &[], ""), Reply::Reset, Reply::new(429, &[("retry-after", "0")], "")];
    let (_server, tokens) = server(broken).await;
    assert_eq!(tokens.tenant_id().await.unwrap(), TENANT);
}

#[tokio::test]
async fn a_long_wait_is_an_error_that_says_when_to_come_back() {
    let (_server, tokens) = server([Reply::new(429, &[("retry-after", "3600")], "")]).await;
    let error = tokens.tenant_id().await.unwrap_err();
    let come_back = "2026-11-23T13:00:00Z".parse().unwrap();
    assert_eq!(error.reason, SignInReason::Throttled { come_back });
}

#[tokio::test]
async fn a_host_that_answers_something_else_is_no_sign_in_service() {
    let pages = [
        Reply::new(200, &[], "<html>welcome</html>"),
        Reply::new(404, &[], "<html>no</html>"),
        Reply::json(&json!({ "issuer": "https://x/", "token_endpoint": "https://x/" })),
    ];
    for page in pages {
        let (_server, tokens) = server([page]).await;
        let error = tokens.tenant_id().await.unwrap_err();
        assert_eq!(error.reason, SignInReason::NotASignInService);
    }
}

#[tokio::test]
async fn a_dead_host_is_reported_after_a_few_tries() {
    let server = Scripted::start([]).await;
    let client = Scripted::client();
    let tokens = server.tokens_of(&client);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let authority = format!("http://{}", free.local_addr().unwrap()).parse().unwrap();
    drop(free);
    let mut options = Arc::into_inner(tokens).unwrap().options;
    options.authority = authority;
    let error = TokenSource::new(client, options).tenant_id().await.unwrap_err();
    assert_eq!((error.reason, error.trace.attempts), (SignInReason::Unreachable, 3));
}

#[tokio::test]
async fn another_tenant_than_the_one_named_is_refused() {
    let server = Scripted::start([]).await;
    let client = Scripted::client();
    let mut options = Arc::into_inner(server.tokens_of(&client)).unwrap().options;
    options.expected_tenant = Some(Uuid::from_u128(9));
    let error = TokenSource::new(client, options).tenant_id().await.unwrap_err();
    assert_eq!(error.reason, SignInReason::OtherTenant);
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_token_or_a_key() {
    let (_server, tokens) = server([]).await;
    let token = tokens.token(SCOPE).await.unwrap();
    let shown = format!("{token:?} {tokens:?} {:?}", token.header());
    assert!(!shown.contains("e30") && !shown.contains("key"), "{shown}");
}
