//! Somebody who works in the directory by hand: signs in with a certificate and sends requests to
//! the tenant without any code of the product.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::Emulator;

/// A signed-in application.
pub(crate) struct Graph {
    base_url: String,
    token: String,
}

impl Graph {
    /// As the generated application, which may do everything in the directory.
    pub(crate) fn bootstrap(emulator: &Emulator) -> Self {
        Self::sign_in(emulator, &emulator.client_id, &emulator.certificate).unwrap()
    }

    /// As an application with key and certificate in one PEM file; else what the sign-in service
    /// says.
    pub(crate) fn sign_in(emulator: &Emulator, client_id: &str, pem: &Path) -> Result<Self, Value> {
        let text = fs::read(pem).unwrap();
        let mut header = Header::new(Algorithm::PS256);
        header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(Sha256::digest(certificate(&text))));
        let path = format!("/{}/oauth2/v2.0/token", emulator.tenant_id);
        let now = Timestamp::now().as_second();
        let claims = json!({
            "aud": format!("{}{path}", emulator.base_url), "iss": client_id, "sub": client_id,
            "jti": format!("{now}"), "nbf": now - 60, "exp": now + 600,
        });
        let key = EncodingKey::from_rsa_pem(&text).unwrap();
        let assertion = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", client_id)
            .append_pair("scope", "https://graph.microsoft.com/.default")
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", &assertion)
            .finish();
        let form = "application/x-www-form-urlencoded";
        let (status, answer) = exchange(&emulator.base_url, "POST", &path, form, "", &body);
        if status != 200 {
            return Err(answer);
        }
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Ok(Self { base_url: emulator.base_url.clone(), token })
    }

    /// Whoever has a token for another service of the tenant.
    pub(crate) fn with(emulator: &Emulator, token: String) -> Self {
        Self { base_url: emulator.base_url.clone(), token }
    }

    /// One request; its status and its body.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        exchange(&self.base_url, method, path, "application/json", &self.token, &body)
    }

    /// The same with one more header: `NAME: VALUE`.
    pub(crate) fn send_with(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        header: &str,
    ) -> (u16, Value) {
        let kind = format!("application/json\r\n{header}");
        exchange(&self.base_url, method, path, &kind, &self.token, &body.to_string())
    }

    /// A request that has to succeed; its body.
    #[track_caller]
    pub(crate) fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }
}

/// The certificate in a PEM text, as DER.
pub(crate) fn certificate(pem: &[u8]) -> Vec<u8> {
    let mut blocks = x509_parser::pem::Pem::iter_from_buffer(pem).map(Result::unwrap);
    blocks.find(|block| block.label == "CERTIFICATE").unwrap().contents
}

/// How the directory names a certificate: its SHA-1 in hexadecimal.
pub(crate) fn thumbprint(certificate: &[u8]) -> String {
    format!("{:X}", Sha1::digest(certificate))
}

/// What a token says of itself.
pub(crate) fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// HTTP/1.0, so that the answer ends with the connection.
fn exchange(
    base_url: &str,
    method: &str,
    path: &str,
    kind: &str,
    token: &str,
    body: &str,
) -> (u16, Value) {
    let address = base_url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}
