//! A request and an answer as the rest of the emulator sees them: whole, in memory, without
//! sockets. `server.rs` turns HTTP into these and back.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// How a client reached us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scheme {
    #[default]
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// One request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) scheme: Scheme,
    /// The query without its `?`, as sent.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// How old what it reads is to be, beyond the lag.
    pub(crate) stale: Duration,
}

/// Rides on a request from the faults to its endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stale(pub(crate) Duration);

/// Rides on a response to the log.
#[derive(Clone, Debug)]
pub(crate) struct Cmdlet(pub(crate) String);

impl Request {
    /// A header's text; what is not text counts as absent.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The name by which the client reached us.
    pub(crate) fn host(&self) -> &str {
        self.header("host").unwrap_or("localhost")
    }

    /// What every URL begins with that this client is to follow.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme.name(), self.host())
    }

    /// A parameter of the query, decoded.
    pub(crate) fn query_value(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// What the router asks of a body: bytes or a stream.
#[derive(Debug)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    Stream(Body),
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Content,
    /// For the request log.
    pub(crate) cmdlet: Option<String>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        Self { status, headers, content: Content::Bytes(body), cmdlet: None }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        let text = body.to_string().into_bytes();
        Self::new(status, "application/json; charset=utf-8", text)
    }

    pub(crate) fn text_of(status: StatusCode, text: String) -> Self {
        Self::new(status, "text/plain; charset=utf-8", text.into_bytes())
    }

    /// A value that cannot stand in a header is left out.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(HeaderName::from_static(name), value);
        }
        self
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        match &self.content {
            Content::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Content::Stream(_) => String::new(),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(match self.content {
            Content::Bytes(bytes) => Body::from(bytes),
            Content::Stream(body) => body,
        });
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if let Some(cmdlet) = self.cmdlet {
            response.extensions_mut().insert(Cmdlet(cmdlet));
        }
        response
    }
}

/// Scheme and address, as a URL writes them.
pub(crate) fn base_url(scheme: Scheme, address: SocketAddr) -> String {
    format!("{}://{address}", scheme.name())
}
