//! Ways to sign in without a person: another issuer's token, given tokens, a managed identity.

use std::io::Write;

use secrecy::SecretString;
use serde_json::Value;

use super::*;
use crate::client::scripted::CLIENT;
use crate::client::sign_in::{AssertionSource, ManagedIdentityEndpoint};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const GRAPH: &str = "https://graph.microsoft.com/.default";

fn jwt(claims: &Value) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn workload() -> Value {
    json!({ "iss": "https://i", "sub": "repo:o/r:ref:refs/heads/main", "aud": "api://x" })
}

fn signed_in_by(server: &Scripted, method: SignInMethod) -> Arc<TokenSource> {
    server.signed_in_by(&Scripted::client(), method)
}

fn federated(server: &Scripted, assertion: AssertionSource) -> Arc<TokenSource> {
    signed_in_by(server, SignInMethod::Federated { client_id: CLIENT, assertion })
}

fn from_github(server: &Scripted) -> Arc<TokenSource> {
    let assertion = AssertionSource::GitHub {
        url: format!("{}secret-path/idtoken?api-version=2.0", server.url).into(),
        token: "request-token".into(),
        audience: "api://AzureADTokenExchange".to_owned(),
    };
    federated(server, assertion)
}

#[tokio::test]
async fn a_token_file_is_read_again_for_every_request() {
    let server = Scripted::start([]).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "first").unwrap();
    let tokens = federated(&server, AssertionSource::File(file.path().to_owned()));
    tokens.token(GRAPH).await.unwrap();
    file.as_file().set_len(0).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    writeln!(file, "second").unwrap();
    tokens.fresh_token(GRAPH).await.unwrap();

    let asked = server.asked();
    let sent: Vec<Option<String>> =
        asked.iter().map(|seen| seen.field("client_assertion")).collect();
    assert_eq!(sent, [None, Some("first".to_owned()), Some("second".to_owned())]);
    assert_eq!(asked[1].field("client_id"), Some(CLIENT.to_string()));
    assert_eq!(asked[1].field("grant_type").as_deref(), Some("client_credentials"));
    assert_eq!(tokens.client_id(), Some(CLIENT));
}

#[tokio::test]
async fn a_token_file_that_is_not_there_or_empty_is_named() {
    let server = Scripted::start([]).await;
    let tokens = federated(&server, AssertionSource::File("/nowhere/token".into()));
    let error = tokens.token(GRAPH).await.unwrap_err();
    assert_eq!(error.reason, SignInReason::NoAssertion);
    assert!(error.to_string().contains("`/nowhere/token` cannot be read"), "{error}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let tokens = federated(&server, AssertionSource::File(file.path().to_owned()));
    let error = tokens.token(GRAPH).await.unwrap_err().to_string();
    assert!(error.ends_with("holds no token"), "{error}");
}

#[tokio::test]
async fn github_is_asked_for_the_audience_anew_for_each_token() {
    let server = Scripted::start([]).await;
    let tokens = from_github(&server);
    for _ in 0..2 {
        server.push(Reply::json(&json!({ "count": 1, "value": jwt(&workload()) })));
        tokens.fresh_token(GRAPH).await.unwrap();
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    let audience = "audience=api%3A%2F%2FAzureADTokenExchange";
    assert_eq!(seen[0].target, format!("/secret-path/idtoken?api-version=2.0&{audience}"));
    assert_eq!(seen[0].header("authorization"), Some("Bearer request-token"));
    assert_eq!(server.asked()[1].field("client_assertion"), Some(jwt(&workload())));
}

#[tokio::test]
async fn a_mismatch_says_who_the_assertion_claims_to_be_and_not_the_assertion() {
    for code in [70021, 700_211, 700_212, 700_213] {
        let server = Scripted::start([]).await;
        let tokens = from_github(&server);
        tokens.tenant_id().await.unwrap();
        server.authority([refused(code)]);
        server.push(Reply::json(&json!({ "count": 1, "value": jwt(&workload()) })));
        let error = tokens.token(GRAPH).await.unwrap_err();
        assert!(error.is_not_yet());
        let said = "iss `https://i`, sub `repo:o/r:ref:refs/heads/main`, aud `api://x`";
        assert!(error.to_string().contains(said), "{error}");
        assert!(!format!("{error}{error:?}{tokens:?}").contains(&jwt(&workload())));
        assert_eq!(server.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_job_without_the_permission_is_told_and_no_secret_is_shown() {
    let server = Scripted::start([Reply::new(403, &[], "secret-path request-token")]).await;
    let tokens = from_github(&server);
    let error = tokens.token(GRAPH).await.unwrap_err();
    assert_eq!((&error.reason, error.trace.status), (&SignInReason::NoAssertion, Some(403)));
    assert!(error.help().contains("id-token: write"));
    let shown = format!("{error} {error:?} {tokens:?}");
    assert!(!shown.contains("secret-path") && !shown.contains("request-token"), "{shown}");
}

fn given(server: &Scripted, tokens: &[Value]) -> Arc<TokenSource> {
    let tokens = tokens.iter().map(|claims| match claims {
        Value::String(opaque) => SecretString::from(opaque.as_str()),
        claims => jwt(claims).into(),
    });
    signed_in_by(server, SignInMethod::Given(tokens.collect()))
}

/// Noon of the scripted clock is 1795435200.
fn claims(audience: &str, expires: i64) -> Value {
    json!({ "aud": audience, "exp": expires, "tid": TENANT.to_string() })
}

#[tokio::test]
async fn a_given_token_is_picked_by_its_audience() {
    let server = Scripted::start([]).await;
    let graph = claims("00000003-0000-0000-c000-000000000000", 1_795_440_000);
    let exchange = claims("https://outlook.office365.com", 1_795_440_000);
    let old = claims("https://graph.microsoft.com", 1_795_430_000);
    let tokens = given(&server, &[old, graph, exchange]);
    for (scope, audience) in
        [(GRAPH, "00000003-0000-0000-c000-000000000000"), (SCOPE, "https://outlook.office365.com")]
    {
        let token = tokens.token(scope).await.unwrap();
        assert_eq!(token.claims.as_ref().unwrap().audience(), Some(audience));
    }
    assert_eq!((server.tokens(), tokens.client_id()), (0, None));
}

#[tokio::test]
async fn an_opaque_token_is_tried_where_there_is_one() {
    let server = Scripted::start([]).await;
    let graph = claims("https://graph.microsoft.com", 1_795_440_000);
    let tokens = given(&server, &[json!("opaque"), graph.clone()]);
    assert!(tokens.token(SCOPE).await.unwrap().claims.is_none());
    let two = given(&server, &[json!("opaque"), json!("other"), graph]);
    let error = two.token(SCOPE).await.unwrap_err();
    assert_eq!(error.reason, SignInReason::NoToken);
    let said = "`https://outlook.office365.com` is wanted, there is `https://graph.microsoft.com`";
    assert!(error.to_string().ends_with(said), "{error}");
}

#[tokio::test]
async fn a_given_token_that_is_over_or_of_another_tenant_is_refused() {
    let server = Scripted::start([]).await;
    let tokens = given(&server, &[claims("https://graph.microsoft.com", 1_795_435_200)]);
    let error = tokens.token(GRAPH).await.unwrap_err();
    let said = "the token has been expired since 2026-11-23T12:00:00Z: the one for `https://graph.microsoft.com`";
    assert_eq!(error.to_string(), said);
    let mut foreign = claims("https://graph.microsoft.com", 1_795_440_000);
    foreign["tid"] = json!(Uuid::from_u128(1).to_string());
    let error = given(&server, &[foreign]).token(GRAPH).await.unwrap_err();
    assert_eq!(error.reason, SignInReason::TokenOfOtherTenant);
    assert!(error.to_string().contains(&format!("not of {TENANT}")), "{error}");
}

fn machine(server: &Scripted, client_id: Option<Uuid>) -> Arc<TokenSource> {
    let endpoint = ManagedIdentityEndpoint::Imds { base: server.url.clone() };
    signed_in_by(server, SignInMethod::ManagedIdentity { client_id, endpoint })
}

#[tokio::test]
async fn the_metadata_service_is_asked_for_the_resource() {
    let answer = json!({ "access_token": "opaque", "expires_on": "1795438800", "expires_in": "1" });
    let server = Scripted::start([Reply::new(404, &[], ""), Reply::json(&answer)]).await;
    let token = machine(&server, Some(CLIENT)).token(GRAPH).await.unwrap();
    assert_eq!(token.expires(), "2026-11-23T13:00:00Z".parse().unwrap());
    let seen = &server.seen()[1];
    let query = format!(
        "api-version=2018-02-01&resource=https%3A%2F%2Fgraph.microsoft.com&client_id={CLIENT}"
    );
    assert_eq!(seen.target, format!("/metadata/identity/oauth2/token?{query}"));
    assert_eq!(seen.header("metadata"), Some("true"));
}

#[tokio::test]
async fn app_service_is_asked_with_its_header() {
    let answer = json!({ "access_token": "opaque", "expires_on": "1795438800" });
    let server = Scripted::start([Reply::json(&answer)]).await;
    let endpoint = ManagedIdentityEndpoint::AppService {
        endpoint: server.url.join("msi/token").unwrap(),
        header: "header-secret".into(),
    };
    let tokens = signed_in_by(&server, SignInMethod::ManagedIdentity { client_id: None, endpoint });
    tokens.token(GRAPH).await.unwrap();
    let seen = &server.seen()[0];
    let query = "api-version=2019-08-01&resource=https%3A%2F%2Fgraph.microsoft.com";
    assert_eq!(seen.target, format!("/msi/token?{query}"));
    assert_eq!(seen.header("x-identity-header"), Some("header-secret"));
    assert!(!format!("{tokens:?}").contains("header-secret"));
}

#[tokio::test]
async fn a_machine_without_an_identity_is_told() {
    let body = r#"{"error":"invalid_request","error_description":"Identity not found"}"#;
    let server = Scripted::start([Reply::new(400, &[], body)]).await;
    let error = machine(&server, None).token(GRAPH).await.unwrap_err();
    assert_eq!(error.reason, SignInReason::NoManagedIdentity);
    assert!(error.to_string().contains("here: Identity not found ["), "{error}");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = Url::parse(&format!("http://{}", free.local_addr().unwrap())).unwrap();
    drop(free);
    let endpoint = ManagedIdentityEndpoint::Imds { base };
    let tokens = signed_in_by(&server, SignInMethod::ManagedIdentity { client_id: None, endpoint });
    assert_eq!(tokens.token(GRAPH).await.unwrap_err().reason, SignInReason::NoManagedIdentity);
}
