//! Ways in which a person signs in: the device code, and the Azure CLI as `tests/fixtures/az`.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::client::scripted::CLIENT;
use crate::client::sign_in::{DeviceCode, DevicePrompt};

const GRAPH: &str = "https://graph.microsoft.com/.default";

/// Keeps what it was told.
#[derive(Default)]
struct Told(Mutex<Vec<DeviceCode>>);

impl DevicePrompt for Told {
    fn show(&self, code: &DeviceCode) {
        self.0.lock().unwrap().push(code.clone());
    }
}

fn code() -> Value {
    json!({ "device_code": "device-secret", "user_code": "ABC", "expires_in": 900,
        "verification_uri": "https://microsoft.com/devicelogin", "interval": "0",
        "message": "Enter ABC." })
}

fn waiting(error: &str) -> Reply {
    Reply::new(400, &[], json!({ "error": error, "error_codes": [70016] }).to_string())
}

fn granted(scope: &str) -> Reply {
    Reply::json(&json!({ "access_token": "opaque", "expires_in": 3600, "scope": scope }))
}

/// Signs in while the authority answers with this; what came of it, and what the person was told.
async fn sign_in(
    replies: impl IntoIterator<Item = Reply>,
    scope: &str,
) -> (Scripted, Result<Arc<Token>, SignInError>, Vec<DeviceCode>) {
    let server = Scripted::start([]).await;
    let told = Arc::new(Told::default());
    let method = SignInMethod::DeviceCode {
        client_id: CLIENT,
        scopes: vec!["Application.ReadWrite.All".to_owned(), "User.Read".to_owned()],
        prompt: Arc::clone(&told) as Arc<dyn DevicePrompt>,
    };
    let tokens = server.signed_in_by(&Scripted::client(), method);
    tokens.tenant_id().await.unwrap();
    server.authority([Reply::json(&code())].into_iter().chain(replies));
    let result = tokens.token(scope).await;
    let told = told.0.lock().unwrap().clone();
    (server, result, told)
}

#[tokio::test]
async fn a_person_is_told_once_and_asked_for_until_the_code_is_entered() {
    let scope = "https://graph.microsoft.com/Application.ReadWrite.All User.Read";
    let pending = || waiting("authorization_pending");
    let (server, token, told) = sign_in([pending(), pending(), granted(scope)], GRAPH).await;
    assert!(token.unwrap().claims.is_none());
    assert_eq!(
        told,
        [DeviceCode {
            message: "Enter ABC.".to_owned(),
            user_code: "ABC".to_owned(),
            verification_uri: "https://microsoft.com/devicelogin".to_owned(),
            expires_in: Duration::from_secs(900),
        }]
    );
    let asked = server.asked();
    assert_eq!(asked.len(), 5);
    assert!(asked[1].target.ends_with("/oauth2/v2.0/devicecode"), "{}", asked[1].target);
    let wanted = "https://graph.microsoft.com/Application.ReadWrite.All \
                  https://graph.microsoft.com/User.Read";
    assert_eq!(asked[1].field("scope").as_deref(), Some(wanted));
    let grant_type = "urn:ietf:params:oauth:grant-type:device_code";
    for poll in &asked[2..] {
        assert_eq!(poll.field("grant_type").as_deref(), Some(grant_type));
        assert_eq!(poll.field("device_code").as_deref(), Some("device-secret"));
        assert_eq!(poll.field("client_id"), Some(CLIENT.to_string()));
    }
}

#[tokio::test]
async fn another_service_than_graph_is_asked_for_what_the_client_has() {
    let (server, token, _) = sign_in([granted("")], SCOPE).await;
    assert!(token.is_ok());
    assert_eq!(server.asked()[1].field("scope").as_deref(), Some(SCOPE));
}

#[tokio::test]
async fn a_sign_in_that_ends_otherwise_has_its_own_reason_and_is_not_asked_about_again() {
    let failed = |error: &str| Reply::new(400, &[], json!({ "error": error }).to_string());
    for (reply, reason) in [
        (failed("authorization_declined"), SignInReason::Declined),
        (failed("expired_token"), SignInReason::CodeExpired),
        (failed("bad_verification_code"), SignInReason::CodeWrong),
        (refused(53003), SignInReason::Blocked { code: 53003 }),
        (refused(530_036), SignInReason::Blocked { code: 530_036 }),
        (refused(7_000_218), SignInReason::NoCredential),
    ] {
        let (server, result, _) = sign_in([reply], GRAPH).await;
        assert_eq!(result.unwrap_err().reason, reason);
        assert_eq!(server.asked().len(), 3);
    }
}

#[tokio::test]
async fn permissions_that_were_not_granted_are_named() {
    let (_server, result, _) = sign_in([granted("User.Read openid")], GRAPH).await;
    let error = result.unwrap_err();
    let said = "not all permissions were granted: Application.ReadWrite.All lack [";
    assert!(error.to_string().starts_with(said), "{error}");
    assert!(error.help().contains("may consent to Application.ReadWrite.All"), "{}", error.help());
}

fn cli(server: &Scripted, program: &str) -> Arc<TokenSource> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(program);
    server.signed_in_by(&Scripted::client(), SignInMethod::AzureCli { program })
}

#[tokio::test]
async fn the_clis_token_ends_when_it_says_in_universal_time() {
    let server = Scripted::start([]).await;
    let tokens = cli(&server, "az");
    let token = tokens.token(GRAPH).await.unwrap();
    let sent = format!("Bearer opaque-for-{TENANT}");
    assert_eq!(token.header().unwrap().to_str().unwrap(), sent);
    for (scope, end) in [
        (GRAPH, "2026-11-23T13:00:00Z"),
        ("api://text/.default", "2026-11-23T13:00:00Z"),
        ("api://old/.default", "2026-11-23T12:05:00Z"),
    ] {
        let token = tokens.token(scope).await.unwrap();
        assert_eq!(token.expires(), end.parse().unwrap(), "{scope}");
    }
}

#[tokio::test]
async fn what_the_cli_complains_about_is_said_in_its_last_line() {
    let server = Scripted::start([]).await;
    for (program, scope, reason, said) in [
        ("no-az", GRAPH, SignInReason::CliMissing, "cannot be started: there is no `"),
        ("az", SCOPE, SignInReason::CliRefused, "no token: Please run 'az login' to"),
        (
            "az",
            "api://second-factor/.default",
            SignInReason::InteractionNeeded,
            "factor: AADSTS50076: Due to a configuration change, you must use multi-factor",
        ),
        ("az", "api://noise/.default", SignInReason::CliRefused, "az` cannot be read"),
    ] {
        let error = cli(&server, program).token(scope).await.unwrap_err();
        assert_eq!(error.reason, reason);
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(said) && !shown.contains("eyJ"), "{shown}");
    }
}

#[tokio::test]
async fn a_cli_that_hangs_is_not_waited_for() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/az");
    let (limit, now) = (Duration::from_millis(50), Scripted::client().now());
    let result = azure_cli::fetch(&program, "api://hangs/.default", "t", limit, now).await;
    let error = result.map(|grant| grant.expires).unwrap_err();
    assert!(error.to_string().contains("has not answered"), "{error}");
}
