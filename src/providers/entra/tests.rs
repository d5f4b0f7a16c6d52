//! The whole way to a scripted server and back. No test waits: backoffs are milliseconds here.

#![expect(clippy::unwrap_used, reason = "tests")]

mod reading;
mod requests;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Entra, EntraOptions, GraphError, GraphErrorKind};
use crate::client::RetryPolicy;
use crate::client::scripted::{Reply, Scripted, TENANT};

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

async fn entra(replies: impl IntoIterator<Item = Reply>) -> (Scripted, Entra) {
    let server = Scripted::start(replies).await;
    server.claims(json!({ "tid": TENANT.to_string(), "roles": ["Application.ReadWrite.All"] }));
    let client = Scripted::client();
    let options = EntraOptions {
        base: server.url.clone(),
        scope: "https://graph.microsoft.com/.default".to_owned(),
        policy: RetryPolicy { total: Duration::from_secs(20), ..Scripted::policy() },
    };
    let tokens = server.tokens_of(&client);
    let entra = Entra::connect(Arc::clone(&client), tokens, options).await.unwrap();
    (server, entra)
}

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    let inner = json!({ "request-id": "req-9", "date": "2026-11-23T12:00:00" });
    let body = json!({ "error": { "code": code, "message": message, "innerError": inner } });
    Reply::new(status, &[], body.to_string())
}

fn page(rows: &[Value], link: Option<&str>) -> Reply {
    let mut page = json!({ "@odata.context": "x", "value": rows });
    if let Some(link) = link {
        page["@odata.nextLink"] = json!(link);
    }
    Reply::json(&page)
}

fn created(body: &Value) -> Reply {
    Reply::new(201, &[("request-id", "req-1")], body.to_string())
}

fn done() -> Reply {
    Reply::new(204, &[("request-id", "req-1")], "")
}

fn consent(id: &str) -> Value {
    json!({ "id": id, "appRoleId": ONE, "resourceId": "resource", "principalId": "client",
        "resourceDisplayName": "Office 365 Exchange Online" })
}

fn application(number: u128) -> Value {
    json!({ "id": format!("object-{number}"), "appId": Uuid::from_u128(number),
        "displayName": "Audit", "uniqueName": null, "notes": null, "tags": ["a"],
        "signInAudience": "AzureADMyOrg", "createdDateTime": "2026-11-23T12:00:00Z",
        "requiredResourceAccess": [], "keyCredentials": [] })
}

fn kind<T: std::fmt::Debug>(result: Result<T, GraphError>) -> GraphErrorKind {
    result.unwrap_err().kind
}
