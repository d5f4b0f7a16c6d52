//! The emulator through its socket: what only a real connection shows.

use std::path::Path;

use super::*;
use crate::emulator::{Emulator, EmulatorError, Options, Running};

async fn start(folder: &Path) -> Running {
    let options = Options {
        seed: Some(Seed::parse(FEW, "").unwrap()),
        state: Some(folder.join("state")),
        request_log: Some(folder.join("requests.jsonl")),
        ..Options::new(folder.join("credentials"))
    };
    Emulator::start(options).await.unwrap()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn bearer(running: &Running) -> String {
    let service = &running.service;
    let claims = claims_of(service, service.generated().client_id, EXCHANGE);
    format!("Bearer {}", claims.sign(&service.token_key).unwrap())
}

async fn set_age(running: &Running, days: &str) -> reqwest::Response {
    let url = format!("{}/adminapi/beta/{}/InvokeCommand", running.base_url(), running.tenant_id());
    let body =
        input("Set-Mailbox", &json!({ "Identity": "ada@contoso.com", "AuditLogAgeLimit": days }));
    client()
        .post(url)
        .header("authorization", bearer(running))
        .header("x-anchormailbox", "UPN:ada@contoso.com")
        .header("client-request-id", "11111111-2222-3333-4444-555555555555")
        .body(body.to_string())
        .send()
        .await
        .unwrap()
}

async fn state(running: &Running) -> String {
    let url = format!("{}/_emulator/state", running.base_url());
    client().get(url).send().await.unwrap().text().await.unwrap()
}

fn log(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("requests.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_change_survives_a_restart_with_the_same_credential() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(folder.path()).await;
    assert_eq!(set_age(&first, "200").await.status(), 200);
    let (ready, document) = (first.ready_document(), state(&first).await);
    let certificate = std::fs::read(first.certificate_pem()).unwrap();
    first.shutdown().await;
    let second = start(folder.path()).await;
    assert_eq!(state(&second).await, document);
    assert_eq!(std::fs::read(second.certificate_pem()).unwrap(), certificate);
    for same in ["tenant_id", "organization", "client_id", "certificate_pem", "certificate_pfx"] {
        assert_eq!(second.ready_document()[same], ready[same], "{same}");
    }
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["Mailboxes"][0]["AuditLogAgeLimit"], "200.00:00:00");
    assert_eq!(document["Mailboxes"].as_array().unwrap().len(), 7);
    second.shutdown().await;
}

#[tokio::test]
async fn every_request_is_in_the_log_when_its_answer_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let answer = set_age(&running, "100").await;
    assert_eq!(answer.headers()["client-request-id"], "11111111-2222-3333-4444-555555555555");
    assert!(answer.headers().contains_key("request-id"));
    let line = log(folder.path()).pop().unwrap();
    assert_eq!(line["cmdlet"], "Set-Mailbox");
    assert_eq!(line["anchor"], "UPN:ada@contoso.com");
    assert_eq!((&line["method"], &line["status"]), (&json!("POST"), &json!(200)));
    assert!(line["time"].as_str().unwrap().ends_with('Z'));
    let base = running.base_url();
    let get = |path: &str| client().get(format!("{base}{path}")).send();
    let page = "/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand?$skiptoken=abc";
    assert_eq!(get(page).await.unwrap().status(), 405);
    assert_eq!(get("/nowhere").await.unwrap().status(), 404);
    assert_eq!(
        get("/northwind.com/v2.0/.well-known/openid-configuration").await.unwrap().status(),
        400
    );
    state(&running).await;
    let lines = log(folder.path());
    let statuses: Vec<_> = lines.iter().map(|line| line["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 405, 404, 400, 200]);
    assert_eq!(lines[1]["path"], page);
    let text = std::fs::read_to_string(folder.path().join("requests.jsonl")).unwrap();
    assert!(!text.contains("eyJ"), "a token is in the log");
    running.shutdown().await;
}

#[tokio::test]
async fn equal_seeds_give_equal_state_documents() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (start(one.path()).await, start(two.path()).await);
    assert_eq!(state(&first).await, state(&second).await);
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test]
async fn a_stopped_emulator_takes_no_more_connections_and_frees_its_state() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let base = running.base_url();
    let path = folder.path().join("state");
    assert!(matches!(crate::emulator::reset(&path), Err(EmulatorError::InUse(_))));
    running.shutdown().await;
    assert!(client().get(base).send().await.is_err());
    assert!(crate::emulator::reset(&path).unwrap());
}

#[tokio::test]
async fn only_loopback_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        Options { listen: ([0, 0, 0, 0], 0).into(), ..Options::new(folder.path().join("c")) };
    let refused = Emulator::start(options).await.unwrap_err();
    assert!(matches!(refused, EmulatorError::NotLoopback(_)), "{refused}");
}
