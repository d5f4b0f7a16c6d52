//! The whole way to a scripted server and back. No test waits: backoffs are milliseconds here.

#![expect(clippy::unwrap_used, reason = "tests")]

mod reading;
mod writing;

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Exchange, ExchangeOptions, ReadError};
use crate::client::scripted::{Reply, Scripted, TENANT};
use crate::client::{Client, RetryPolicy};

const PROXY: &str = "Ex1|Microsoft.Exchange.Configuration.Tasks.CmdletProxyNotAvailableException|Cmdlet needs proxy.";

async fn connect(server: &Scripted) -> Result<Exchange, ReadError> {
    connect_with(server, Scripted::policy()).await
}

async fn connect_with(server: &Scripted, policy: RetryPolicy) -> Result<Exchange, ReadError> {
    connect_by(server, policy, &Scripted::client()).await
}

async fn connect_by(
    server: &Scripted,
    policy: RetryPolicy,
    client: &Arc<Client>,
) -> Result<Exchange, ReadError> {
    let tokens = server.tokens_of(client);
    let options = ExchangeOptions {
        base: server.url.clone(),
        scope: "https://outlook.office365.com/.default".to_owned(),
        read_policy: policy.clone(),
        write_policy: policy,
    };
    Exchange::connect(Arc::clone(client), tokens, options).await
}

async fn exchange(replies: impl IntoIterator<Item = Reply>) -> (Scripted, Exchange) {
    let server = Scripted::start(replies).await;
    let exchange = connect(&server).await.unwrap();
    (server, exchange)
}

fn refusal(status: u16, message: &str) -> Reply {
    let body = json!({ "error": { "code": "BadRequest", "message": "Invalid Operation",
        "details": [{ "message": message }] } });
    Reply::new(status, &[("request-id", "req-9")], body.to_string())
}

fn mailbox(number: u128) -> Value {
    json!({
        "Guid": Uuid::from_u128(number).to_string(), "UserPrincipalName": format!("u{number}@contoso.com"),
        "RecipientTypeDetails": "UserMailbox", "AuditEnabled": true, "AuditAdmin": ["Update"],
        "AuditDelegate": [], "AuditOwner": [], "DefaultAuditSet": [],
        "AuditLogAgeLimit": "90.00:00:00",
    })
}

#[tokio::test]
async fn a_token_of_another_tenant_is_refused_before_exchange_is_asked() {
    let server = Scripted::start([]).await;
    server.claims(
        json!({ "tid": Uuid::from_u128(1).to_string(), "roles": ["Exchange.ManageAsApp"] }),
    );
    let error = connect(&server).await.unwrap_err();
    assert!(error.to_string().contains("was issued by tenant"), "{error}");
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_token_without_the_permission_is_refused_before_exchange_is_asked() {
    let server = Scripted::start([]).await;
    server.claims(json!({ "tid": TENANT.to_string(), "roles": ["Mail.Read"] }));
    let error = connect(&server).await.unwrap_err();
    assert!(error.to_string().contains("lacks the permission `Exchange.ManageAsApp`"), "{error}");
    assert!(error.help().contains("grant admin consent"), "{}", error.help());
    assert_eq!(server.seen().len(), 0);
}
