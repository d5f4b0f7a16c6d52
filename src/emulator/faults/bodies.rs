//! What a failing service was seen to answer with: bodies of its own making, and those of whatever
//! stood in between. A shape and the kind of request go in, an answer comes out.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use super::subject::Subject;
use crate::emulator::exchange::failure::Failure as ExchangeFailure;
use crate::emulator::graph::Failure as GraphFailure;
use crate::emulator::identity::published::numbered;
use crate::emulator::identity::refusal::Refusal;
use crate::emulator::message::{Answer, Request};

/// The text that is retried whatever its status (`ExoHelper`).
const CONCURRENCY: &str = "You have reached the maximum number of concurrent requests per tenant. \
                           Please wait and try again";
/// graph2otel measured a 403 whose body is a run of NUL bytes.
const NUL_BYTES: usize = 1024;

/// An answer in place of the service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) status: StatusCode,
    pub(crate) body: Body,
    pub(crate) retry_after: Option<RetryAfter>,
}

/// What an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// JSON as the service that was asked writes its errors.
    Service,
    /// The status in words.
    Text,
    /// A page of a proxy or load balancer.
    Html,
    /// NUL bytes.
    Nul,
    Empty,
    /// The plain text about too many requests at once.
    Concurrency,
}

/// When to come back (RFC 9110, 10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    Date(Timestamp),
    /// A date that lies so many seconds after the answer.
    DateIn(u64),
}

impl RetryAfter {
    pub(super) fn at(now: Timestamp, wait: std::time::Duration) -> Self {
        Self::Date(now.saturating_add(wait).unwrap_or(Timestamp::MAX))
    }

    fn text(self, now: Timestamp) -> String {
        match self {
            Self::Seconds(seconds) => seconds.to_string(),
            Self::Date(date) => http_date(date),
            Self::DateIn(seconds) => {
                Self::at(now, std::time::Duration::from_secs(seconds)).text(now)
            }
        }
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
pub(crate) fn http_date(date: Timestamp) -> String {
    date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

impl Body {
    pub(super) const NAMES: [(&'static str, Self); 6] = [
        ("service", Self::Service),
        ("text", Self::Text),
        ("html", Self::Html),
        ("nul", Self::Nul),
        ("empty", Self::Empty),
        ("concurrency", Self::Concurrency),
    ];
}

impl Shape {
    pub(crate) fn answer(self, subject: &Subject, now: Timestamp) -> Answer {
        let status = self.status;
        let reason = status.canonical_reason().unwrap_or("Error");
        let answer = match self.body {
            Body::Service => service(status, subject, now),
            Body::Text => Answer::text_of(status, reason.to_owned()),
            Body::Concurrency => Answer::text_of(status, CONCURRENCY.to_owned()),
            Body::Html => {
                let number = status.as_u16();
                let page = format!(
                    "<html>\r\n<head><title>{number} {reason}</title></head>\r\n<body>\r\n\
                     <center><h1>{number} {reason}</h1></center>\r\n</body>\r\n</html>\r\n"
                );
                Answer::new(status, "text/html", page.into_bytes())
            }
            Body::Nul => Answer::new(status, "text/plain", vec![0; NUL_BYTES]),
            Body::Empty => Answer::new(status, "text/plain", Vec::new()),
        };
        match self.retry_after {
            None => answer,
            Some(retry_after) => answer.with_header("retry-after", &retry_after.text(now)),
        }
    }
}

/// Each service has its own way to say that it cannot.
fn service(status: StatusCode, subject: &Subject, now: Timestamp) -> Answer {
    let request = Request::default();
    let mut answer = if subject.is_graph() {
        GraphFailure::new(status, graph_code(status), reason(status)).answer(&request, now)
    } else if subject.is_exchange() {
        if status.is_server_error() {
            ExchangeFailure::failed(status).answer()
        } else {
            let code = status.canonical_reason().unwrap_or("Error").replace(' ', "");
            Answer::json(status, &json!({ "error": { "code": code, "message": reason(status) } }))
        }
    } else {
        // Entra docs, reference-error-codes: too many requests, and a fault that passes.
        let code = if status == StatusCode::TOO_MANY_REQUESTS { 90055 } else { 90033 };
        match numbered(code) {
            Some(published) => Refusal::from(published).answer(&request, now),
            None => Answer::text_of(status, reason(status).to_owned()),
        }
    };
    answer.status = status;
    answer
}

/// "Microsoft Graph error responses and resource types".
fn graph_code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "InvalidAuthenticationToken",
        403 => "Authorization_RequestDenied",
        429 => "TooManyRequests",
        500 => "Service_InternalServerError",
        503 => "serviceNotAvailable",
        _ => "UnknownError",
    }
}

fn reason(status: StatusCode) -> &'static str {
    match status.as_u16() {
        429 => "Too many requests. Please retry later.",
        503 => "The service is temporarily unavailable. Please retry later.",
        _ => status.canonical_reason().unwrap_or("Error"),
    }
}
