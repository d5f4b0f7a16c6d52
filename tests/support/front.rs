//! A server that does as a test says: it answers with any bytes, or hands a request on to a real
//! tenant. It keeps every request that it saw.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) target: String,
    headers: BTreeMap<String, String>,
    head: String,
    body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn method(&self) -> &str {
        self.head.split(' ').next().unwrap_or_default()
    }

    /// What was sent, as it was sent.
    pub(crate) fn text(&self) -> String {
        format!("{}\r\n\r\n{}", self.head, String::from_utf8_lossy(&self.body))
    }

    pub(crate) fn cmdlet(&self) -> &str {
        self.header("x-cmdletname")
    }

    /// The parameters of its cmdlet.
    pub(crate) fn parameters(&self) -> Value {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["CmdletInput"]["Parameters"].clone()
    }
}

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// These bytes; then the connection is closed.
    Raw(Vec<u8>),
    /// Whatever the tenant behind it says.
    Forward,
    /// Whatever the tenant at this address says.
    ForwardTo(String),
    /// The tenant has the request, which is told here, and nobody ever gets its answer.
    Withhold(Sender<()>),
    /// Nobody but the one who is told here ever gets the request.
    Swallow(Sender<()>),
}

impl Reply {
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        Self::announcing(body.len(), status, headers, body)
    }

    pub(crate) fn json(body: &Value) -> Self {
        Self::new(200, &[("content-type", "application/json")], body.to_string())
    }

    /// A body that breaks off before its announced length.
    pub(crate) fn cut(body: &Value) -> Self {
        let body = body.to_string();
        Self::announcing(body.len(), 200, &[], &body.as_bytes()[..body.len() - 5])
    }

    fn announcing(length: usize, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut bytes =
            format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n");
        for (name, value) in headers {
            bytes.extend([name, ": ", value, "\r\n"]);
        }
        bytes.push_str("\r\n");
        Self::Raw([bytes.as_bytes(), body].concat())
    }
}

/// A running server; it lives as long as the test's process.
pub(crate) struct Front {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Front {
    /// A server that answers as `script` says.
    pub(crate) fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::before("", script)
    }

    /// The same before a tenant at `upstream`.
    pub(crate) fn before(
        upstream: &str,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let front = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = Arc::clone(&front.seen);
        let script = Arc::new(script);
        let upstream = address(upstream).to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
                let upstream = upstream.clone();
                std::thread::spawn(move || serve(stream, &seen, &*script, &upstream));
            }
        });
        front
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Those that ran a cmdlet which could change something.
    pub(crate) fn writes(&self) -> Vec<Seen> {
        let writes = |seen: &Seen| !seen.cmdlet().is_empty() && !seen.cmdlet().starts_with("Get-");
        self.seen().into_iter().filter(writes).collect()
    }
}

fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Seen>>,
    script: &(dyn Fn(&Seen) -> Reply + Send + Sync),
    upstream: &str,
) {
    let Some(request) = read(&mut stream) else { return };
    seen.lock().unwrap().push(request.clone());
    let bytes = match script(&request) {
        Reply::Raw(bytes) => bytes,
        Reply::Forward => forward(&request, upstream),
        Reply::ForwardTo(upstream) => forward(&request, &upstream),
        Reply::Withhold(arrived) => {
            forward(&request, upstream);
            return await_the_end(stream, &arrived);
        }
        Reply::Swallow(arrived) => return await_the_end(stream, &arrived),
    };
    // A client that has gone does not matter.
    let _ = stream.write_all(&bytes);
}

/// Says that the request is here, and stays silent until the client has gone.
fn await_the_end(mut stream: TcpStream, arrived: &Sender<()>) {
    // Where nobody waits for it any more, the test is over.
    let _ = arrived.send(());
    let _ = stream.read_to_end(&mut Vec::new());
}

fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let mut more = |bytes: &mut Vec<u8>| {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        Some(())
    };
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        more(&mut bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let headers: BTreeMap<String, String> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        more(&mut body)?;
    }
    let target = head.split(' ').nth(1)?.to_owned();
    Some(Seen { target, headers, head, body })
}

/// The host and port of a base URL.
pub(crate) fn address(url: &str) -> &str {
    url.trim_start_matches("http://").trim_end_matches('/')
}

/// What the tenant at this address answers.
pub(crate) fn forward(request: &Seen, upstream: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(upstream).unwrap();
    let head = format!("{}\r\nconnection: close\r\n\r\n", request.head);
    stream.write_all(&[head.as_bytes(), &request.body].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}
