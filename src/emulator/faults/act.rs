//! Does to one request what the faults chose: answers in the service's place, or lets the service
//! answer and spoils that. A harm, a request and the rest of the way go in; a response comes out,
//! or how the connection ends instead.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request as HttpRequest;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Hit;
use super::harm::{Harm, When};
use super::rows;
use super::slow::Slow;
use super::subject::Subject;
use crate::emulator::exchange::failure::Failure as ExchangeFailure;
use crate::emulator::graph::Failure as GraphFailure;
use crate::emulator::message::{Answer, Request, Stale};
use crate::emulator::service::Service;

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// None where the service never saw the request and nothing was answered for it.
    pub(crate) response: Option<Response>,
    pub(crate) ending: Ending,
    /// False where there was nothing to do harm to.
    pub(crate) harmed: bool,
}

/// What the client gets to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Response,
    Reset,
    Silence,
}

impl Outcome {
    pub(crate) fn response(response: Response) -> Self {
        Self { response: Some(response), ending: Ending::Response, harmed: true }
    }
}

/// Carries out what the rule says.
pub(crate) async fn carry_out(
    hit: &Hit,
    subject: &Subject,
    service: &Service,
    mut request: HttpRequest,
    next: Next,
) -> Outcome {
    match &hit.harm {
        Harm::Reset(When::During) => {
            let (mut parts, bytes) = whole(next.run(request).await).await;
            // The length of all of it, so that the client knows what it missed.
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            let body = Body::new(Slow::half(&bytes));
            Outcome::response(Response::from_parts(parts, body))
        }
        Harm::Reset(when) => lost(*when, Ending::Reset, request, next).await,
        Harm::Hang(when) => lost(*when, Ending::Silence, request, next).await,
        Harm::Truncated => {
            let (parts, bytes) = whole(next.run(request).await).await;
            let half = bytes.slice(..bytes.len() / 2);
            Outcome::response(Response::from_parts(parts, Body::from(half)))
        }
        Harm::Drip(pause) => {
            let (parts, bytes) = whole(next.run(request).await).await;
            let body = Body::new(Slow::drip(&bytes, *pause));
            Outcome::response(Response::from_parts(parts, body))
        }
        Harm::Stale(by) => {
            request.extensions_mut().insert(Stale(*by));
            Outcome::response(next.run(request).await)
        }
        Harm::Rows(fault) => altered(*fault, hit, service, request, next).await,
        Harm::Gone if subject.identity.is_none() => {
            altered(rows::RowFault::Missing, hit, service, request, next).await
        }
        Harm::Answer { shape, when } => {
            if *when == When::After {
                next.run(request).await;
            }
            answered(shape.answer(subject, service.clock.now()), subject)
        }
        harm => answered(instead(harm, subject, service), subject),
    }
}

async fn lost(when: When, ending: Ending, request: HttpRequest, next: Next) -> Outcome {
    let response = match when {
        When::Before => None,
        When::During | When::After => Some(next.run(request).await),
    };
    Outcome { response, ending, harmed: true }
}

async fn altered(
    fault: rows::RowFault,
    hit: &Hit,
    service: &Service,
    request: HttpRequest,
    next: Next,
) -> Outcome {
    let (parts, bytes) = whole(next.run(request).await).await;
    let guid = hit.row.map(|row| service.tenant.directory.guid(row).to_string());
    let altered = rows::altered(&bytes, fault, guid.as_deref());
    let harmed = altered.is_some();
    let body = Body::from(altered.unwrap_or(bytes));
    Outcome { harmed, ..Outcome::response(Response::from_parts(parts, body)) }
}

fn answered(mut answer: Answer, subject: &Subject) -> Outcome {
    answer.cmdlet.clone_from(&subject.cmdlet);
    Outcome::response(answer.into_response())
}

/// What the service would say if it were so.
fn instead(harm: &Harm, subject: &Subject, service: &Service) -> Answer {
    let identity = subject.identity.as_deref().unwrap_or_default();
    let graph = |failure: GraphFailure| failure.answer(&Request::default(), service.clock.now());
    match harm {
        Harm::Exception { status, exception, text } => {
            ExchangeFailure::named(*status, exception, text)
        }
        Harm::ExpiredLink if subject.is_graph() => graph(GraphFailure::expired_page()),
        Harm::ExpiredLink => ExchangeFailure::pagination().answer(),
        Harm::Moved { forest: true, .. } => ExchangeFailure::other_forest(identity).answer(),
        Harm::Moved { .. } => {
            let tenant = &service.tenant;
            let anchor = subject.anchor.as_deref().unwrap_or_default();
            let required = subject.mailbox.map(|row| tenant.server_of(row)).unwrap_or_default();
            ExchangeFailure::needs_proxy(&tenant.server_of_name(anchor), &required).answer()
        }
        Harm::Gone => ExchangeFailure::not_found(identity).answer(),
        Harm::Unlicensed => ExchangeFailure::unlicensed().answer(),
        Harm::RevokedToken if subject.is_graph() => graph(GraphFailure::revoked()),
        Harm::RevokedToken => ExchangeFailure::Unauthorized("The token has been revoked.").answer(),
        _ => ExchangeFailure::Forbidden.answer(),
    }
}

/// The answer with its body in memory and without a length, which is about to change.
async fn whole(response: Response) -> (axum::http::response::Parts, Bytes) {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    if let Ok(bytes) = to_bytes(body, usize::MAX).await {
        return (parts, bytes);
    }
    parts.status = StatusCode::INTERNAL_SERVER_ERROR;
    (parts, Bytes::new())
}
