//! The forward proxy for programs with hard-coded hosts: `CONNECT` (RFC 9110, 9.3.6) to a Microsoft
//! host opens a tunnel that ends here, everything else is refused, since the emulator reaches
//! nothing outside the machine. The head of a request goes in; a tunnel or a refusal comes out.

use axum::http::StatusCode;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use super::front::Front;
use super::request_log::path_without_secrets;
use super::tls::MICROSOFT_HOSTS;
use super::wire::Wire;

/// Bytes; far more than any client sends.
const HEAD_AT_MOST: u64 = 16 * 1024;

/// Reads what a client asks of the proxy and answers it. None: refused, and the refusal is in the
/// request log. The buffer keeps what the client may have sent ahead of the answer.
pub(crate) async fn tunnel(stream: Wire, front: &Front) -> Option<BufReader<Wire>> {
    let mut stream = BufReader::new(stream);
    let line = head(&mut stream).await?;
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (status, text) = match judge(method, target) {
        Ok(()) => {
            let answer = b"HTTP/1.1 200 Connection established\r\n\r\n";
            stream.write_all(answer).await.ok()?;
            return Some(stream);
        }
        Err(refusal) => refusal,
    };
    // The log first, as for every other request.
    let (path, query) = target.split_once('?').map_or((target, None), |(a, b)| (a, Some(b)));
    let text = match front.record(method, path_without_secrets(path, query), status) {
        Ok(()) => text,
        Err(error) => format!("the request log cannot be written: {error}"),
    };
    let allow = if status == StatusCode::METHOD_NOT_ALLOWED { "Allow: CONNECT\r\n" } else { "" };
    let length = text.len() + 1;
    let answer = format!(
        "HTTP/1.1 {status}\r\n{allow}Content-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{text}\n"
    );
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()?;
    None
}

/// The request line; header fields say nothing that matters here.
async fn head(stream: &mut BufReader<Wire>) -> Option<String> {
    let mut limited = stream.take(HEAD_AT_MOST);
    let mut first = String::new();
    limited.read_line(&mut first).await.ok()?;
    let mut line = String::new();
    loop {
        line.clear();
        let length = limited.read_line(&mut line).await.ok()?;
        if line == "\r\n" || line == "\n" {
            return Some(first.trim_end().to_owned());
        }
        if length == 0 {
            return None;
        }
    }
}

fn judge(method: &str, target: &str) -> Result<(), (StatusCode, String)> {
    if method != "CONNECT" {
        let text = "This proxy answers CONNECT alone; ask for an https address.";
        return Err((StatusCode::METHOD_NOT_ALLOWED, text.to_owned()));
    }
    let (host, port) = target.rsplit_once(':').unwrap_or((target, ""));
    let known = MICROSOFT_HOSTS.iter().any(|known| known.eq_ignore_ascii_case(host));
    if known && port == "443" {
        return Ok(());
    }
    let text = format!(
        "`{target}` is not for this proxy: it stands for Microsoft's sign-in, Graph and Exchange \
         hosts on port 443, and reaches nothing outside this machine."
    );
    Err((StatusCode::FORBIDDEN, text))
}
