//! A server for tests that plays a script: a queue of answers, one per request, each of them raw
//! bytes, so that any misbehaviour can be written down. Discovery and tokens are answered outside of
//! the queue, and counted. Requests are recorded as they came.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;
use uuid::Uuid;

use super::{
    Client, ClientOptions, Clock, Limits, RetryPolicy, SignInMethod, TokenSource,
    TokenSourceOptions,
};

pub(crate) const TENANT: Uuid = Uuid::from_u128(0xa0);
pub(crate) const CLIENT: Uuid = Uuid::from_u128(0xc0);

/// One answer of the script.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Bytes as they stand; then the connection is closed.
    Raw(Vec<u8>),
    /// The connection is closed without an answer.
    Reset,
    /// No answer, and the connection stays open.
    Silence,
}

impl Reply {
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes = Self::head(status, headers, body.len());
        bytes.extend_from_slice(body);
        Self::Raw(bytes)
    }

    pub(crate) fn json(body: &Value) -> Self {
        Self::new(200, &[("request-id", "req-1")], body.to_string())
    }

    /// A body that ends before its announced length.
    pub(crate) fn cut(body: &Value) -> Self {
        let body = body.to_string();
        let mut bytes = Self::head(200, &[], body.len());
        bytes.extend_from_slice(&body.as_bytes()[..body.len() - 5]);
        Self::Raw(bytes)
    }

    fn head(status: u16, headers: &[(&str, &str)], length: usize) -> Vec<u8> {
        let fixed = [("content-length", length.to_string()), ("connection", "close".to_owned())];
        let fixed = fixed.iter().map(|(name, value)| (*name, value.as_str()));
        let lines: Vec<String> = fixed
            .chain(headers.iter().copied())
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        format!("HTTP/1.1 {status} X\r\n{}\r\n", lines.concat()).into_bytes()
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A field of a form.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut fields = url::form_urlencoded::parse(&self.body);
        fields.find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
    }
}

#[derive(Debug, Default)]
struct Script {
    replies: VecDeque<Reply>,
    authority: VecDeque<Reply>,
    asked: Vec<Seen>,
    seen: Vec<Seen>,
    tokens: u32,
    claims: Value,
}

/// A running server.
#[derive(Debug, Clone)]
pub(crate) struct Scripted {
    pub(crate) url: Url,
    script: Arc<Mutex<Script>>,
}

impl Scripted {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let claims =
            json!({ "tid": TENANT.to_string(), "roles": ["Exchange.ManageAsApp"], "wids": ["x"] });
        let replies = replies.into_iter().collect();
        let script = Script { replies, claims, ..Script::default() };
        let server = Self { url, script: Arc::new(Mutex::new(script)) };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        server
    }

    /// Changes what the tokens say about themselves.
    pub(crate) fn claims(&self, claims: Value) {
        self.script.lock().unwrap().claims = claims;
    }

    /// The next answers of the authority, before it answers as it should.
    pub(crate) fn authority(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.lock().unwrap().authority = replies.into_iter().collect();
    }

    pub(crate) fn push(&self, reply: Reply) {
        self.script.lock().unwrap().replies.push_back(reply);
    }

    /// The requests outside of the authority.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.script.lock().unwrap().seen.clone()
    }

    /// The requests to the authority.
    pub(crate) fn asked(&self) -> Vec<Seen> {
        self.script.lock().unwrap().asked.clone()
    }

    /// How many tokens were given out.
    pub(crate) fn tokens(&self) -> u32 {
        self.script.lock().unwrap().tokens
    }

    async fn serve(&self, mut stream: TcpStream) {
        let Some(request) = read_request(&mut stream).await else { return };
        let reply = self.answer(request);
        match reply {
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
            Reply::Reset => {}
            Reply::Silence => {
                // Until the other side has had enough.
                let _ = stream.read_u8().await;
            }
        }
    }

    fn answer(&self, request: Seen) -> Reply {
        let mut script = self.script.lock().unwrap();
        let is_discovery = request.target.contains("/.well-known/");
        if is_discovery || request.target.contains("/oauth2/v2.0/") {
            script.asked.push(request);
            if let Some(reply) = script.authority.pop_front() {
                return reply;
            }
            if is_discovery {
                let issuer = format!("https://login.example/{TENANT}/v2.0");
                return Reply::json(&json!({ "issuer": issuer, "token_endpoint": "x" }));
            }
            script.tokens += 1;
            let payload = URL_SAFE_NO_PAD.encode(script.claims.to_string());
            let token = format!("e30.{payload}.{}", script.tokens);
            return Reply::json(&json!({ "access_token": token, "expires_in": 3600 }));
        }
        script.seen.push(request);
        script.replies.pop_front().unwrap_or_else(|| Reply::new(410, &[], "the script has ended"))
    }

    /// A client with waits of milliseconds, at a fixed time.
    pub(crate) fn client() -> Arc<Client> {
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        Self::client_by(Arc::new(move || now))
    }

    /// The same by another clock.
    pub(crate) fn client_by(clock: Clock) -> Arc<Client> {
        let transport = super::TransportOptions::default();
        let options = ClientOptions { transport, limits: Limits::default(), clock, seed: 1 };
        Arc::new(Client::new(options).unwrap())
    }

    pub(crate) fn policy() -> RetryPolicy {
        RetryPolicy {
            connection_backoff: Duration::from_millis(1),
            backoff: Duration::from_millis(1),
            max_backoff: Duration::from_millis(2),
            ..RetryPolicy::within(Duration::from_secs(20))
        }
    }

    pub(crate) fn tokens_of(&self, client: &Arc<Client>) -> Arc<TokenSource> {
        let credential = super::test_credential();
        self.signed_in_by(client, SignInMethod::Certificate { client_id: CLIENT, credential })
    }

    pub(crate) fn signed_in_by(
        &self,
        client: &Arc<Client>,
        method: SignInMethod,
    ) -> Arc<TokenSource> {
        let options = TokenSourceOptions {
            authority: self.url.clone(),
            tenant: "contoso.onmicrosoft.com".to_owned(),
            expected_tenant: None,
            method,
            policy: Self::policy(),
        };
        Arc::new(TokenSource::new(Arc::clone(client), options))
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ').map(str::to_owned);
    let (method, target) = (first.next()?, first.next()?);
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(head_end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Seen { method, target, headers, body })
}
