//! The forward proxy, through real sockets: who is let through, where the tunnel ends, and what the
//! request log shows of it.

use std::path::Path;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::tls::{DISCOVERY, trusting};
use super::*;
use crate::emulator::{Emulator, EmulatorError, Options, Running};

async fn start(folder: &Path) -> Running {
    let options = Options {
        seed: Some(Seed::parse(FEW, "").unwrap()),
        request_log: Some(folder.join("requests.jsonl")),
        proxy: Some(([127, 0, 0, 1], 0).into()),
        ..Options::new(folder.join("credentials"))
    };
    Emulator::start(options).await.unwrap()
}

fn through(running: &Running) -> reqwest::Client {
    let proxy = reqwest::Proxy::all(running.proxy_url().unwrap()).unwrap();
    trusting(running).proxy(proxy).build().unwrap()
}

fn log(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("requests.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the proxy answers to these bytes before it closes.
async fn raw(running: &Running, request: &str) -> String {
    let address = running.proxy_url().unwrap().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_program_with_built_in_hosts_reaches_the_tenant_and_stays_on_those_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let client = through(&running);
    for host in ["login.microsoftonline.com", "login.partner.microsoftonline.cn"] {
        let answer = client.get(format!("https://{host}{DISCOVERY}")).send().await.unwrap();
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let endpoint = format!("https://{host}/{}/oauth2/v2.0/token", running.tenant_id());
        assert_eq!(body["token_endpoint"], endpoint);
    }
    let lines = log(folder.path());
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!((&lines[0]["path"], &lines[0]["status"]), (&json!(DISCOVERY), &json!(200)));
    running.shutdown().await;
}

#[tokio::test]
async fn the_plain_address_goes_on_beside_the_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let base = running.base_url();
    assert!(base.starts_with("http://"), "{base}");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(client.get(format!("{base}{DISCOVERY}")).send().await.unwrap().status(), 200);
    let ready = running.ready_document();
    assert_eq!(ready["proxy_url"], running.proxy_url().unwrap());
    assert_eq!(ready["ca_file"], running.ca_file().unwrap().to_str().unwrap());
    running.shutdown().await;
}

#[tokio::test]
async fn other_hosts_ports_and_methods_are_refused_and_logged() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    for (line, status) in [
        ("CONNECT example.com:443", 403),
        ("CONNECT graph.microsoft.com:80", 403),
        ("CONNECT graph.microsoft.com", 403),
        ("CONNECT evil.graph.microsoft.com:443", 403),
        ("GET http://graph.microsoft.com/v1.0/me", 405),
    ] {
        let answer = raw(&running, &format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {answer}");
        let text = answer.split("\r\n\r\n").nth(1).unwrap();
        assert!(text.contains("proxy"), "{line}: {answer}");
    }
    let lines = log(folder.path());
    let statuses: Vec<_> = lines.iter().map(|line| line["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [403, 403, 403, 403, 405]);
    assert_eq!(
        (&lines[0]["method"], &lines[0]["path"]),
        (&json!("CONNECT"), &json!("example.com:443"))
    );
    running.shutdown().await;
}

#[tokio::test]
async fn the_proxy_too_listens_on_loopback_only() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        Options { proxy: Some(([0, 0, 0, 0], 0).into()), ..Options::new(folder.path().join("c")) };
    let refused = Emulator::start(options).await.unwrap_err();
    assert!(matches!(refused, EmulatorError::NotLoopback(_)), "{refused}");
    assert!(!folder.path().join("c").exists(), "nothing is made for a refused start");
}

#[tokio::test]
async fn a_client_that_says_nothing_does_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let address = running.proxy_url().unwrap().strip_prefix("http://").unwrap().to_owned();
    let mut silent = TcpStream::connect(&address).await.unwrap();
    silent.write_all(b"CONNECT graph").await.unwrap();
    running.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
}
