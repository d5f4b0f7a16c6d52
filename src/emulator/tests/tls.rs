//! TLS through a real socket, judged by a client with its own TLS stack.

use std::path::Path;

use reqwest::Certificate;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::emulator::{Emulator, Options, Running};

async fn start(folder: &Path) -> Running {
    let options = Options {
        seed: Some(Seed::parse(FEW, "").unwrap()),
        tls: true,
        ..Options::new(folder.join("credentials"))
    };
    Emulator::start(options).await.unwrap()
}

/// Trusts what the emulator says is its authority, and nothing else.
pub(super) fn trusting(running: &Running) -> reqwest::ClientBuilder {
    let pem = std::fs::read(running.ca_file().unwrap()).unwrap();
    reqwest::Client::builder().tls_certs_only([Certificate::from_pem(&pem).unwrap()])
}

pub(super) const DISCOVERY: &str = "/contoso.com/v2.0/.well-known/openid-configuration";

#[tokio::test]
async fn a_client_that_trusts_the_ca_file_is_served_and_gets_https_urls() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let base = running.base_url();
    assert!(base.starts_with("https://127.0.0.1:"), "{base}");
    let client = trusting(&running).no_proxy().build().unwrap();
    let by_name = base.replace("127.0.0.1", "localhost");
    for base in [base, by_name] {
        let answer = client.get(format!("{base}{DISCOVERY}")).send().await.unwrap();
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let endpoint = format!("{base}/{}/oauth2/v2.0/token", running.tenant_id());
        assert_eq!(body["token_endpoint"], endpoint);
    }
    running.shutdown().await;
}

#[tokio::test]
async fn who_does_not_trust_the_authority_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let refused = client.get(format!("{}{DISCOVERY}", running.base_url())).send().await;
    assert!(refused.unwrap_err().is_connect());
    running.shutdown().await;
}

#[tokio::test]
async fn plain_http_gets_nothing_but_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let base = running.base_url();
    let mut stream = TcpStream::connect(base.strip_prefix("https://").unwrap()).await.unwrap();
    let request = format!("GET {DISCOVERY} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("https") && !answer.contains("token_endpoint"), "{answer}");
    running.shutdown().await;
}

#[tokio::test]
async fn the_authority_stays_over_restarts_and_the_ready_file_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(folder.path()).await;
    let authority = std::fs::read(first.ca_file().unwrap()).unwrap();
    let client = trusting(&first).no_proxy().build().unwrap();
    first.shutdown().await;
    let second = start(folder.path()).await;
    assert_eq!(std::fs::read(second.ca_file().unwrap()).unwrap(), authority);
    let answer = client.get(format!("{}{DISCOVERY}", second.base_url())).send().await;
    assert_eq!(answer.unwrap().status(), 200, "a client of the first run trusts the second");
    let ready = second.ready_document();
    assert_eq!(ready["ca_file"], second.ca_file().unwrap().to_str().unwrap());
    assert!(ready.get("proxy_url").is_none());
    second.shutdown().await;
}

#[cfg(unix)]
#[test]
fn the_key_of_the_authority_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    crate::emulator::tls::open(folder.path()).unwrap();
    let mode = std::fs::metadata(folder.path().join("ca.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
