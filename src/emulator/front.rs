//! What every request passes on its way in and every answer on its way out, whatever its path: the
//! faults first, the request log last. What lies between is `routes.rs`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest as _, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tokio::time::Instant;

use super::clock::Clock;
use super::faults::{Ending, Faults, Outcome, Subject, Verdict, carry_out, http_date};
use super::message::Cmdlet;
use super::request_log::{Entry, RequestLog, path_without_secrets, time};
use super::service::Service;
use super::wire::Cut;

/// What the routes share.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) service: Arc<Service>,
    pub(crate) faults: Faults,
    pub(crate) log: Option<RequestLog>,
    /// The right time; the service's may be off.
    pub(crate) clock: Clock,
    /// Whether the service's time is said in `Date`, since it is not the machine's.
    pub(crate) says_date: bool,
}

impl Front {
    /// One line for a request that no route has seen.
    pub(crate) fn record(
        &self,
        method: &str,
        path: String,
        status: StatusCode,
    ) -> std::io::Result<()> {
        let Some(log) = &self.log else {
            return Ok(());
        };
        let (time, status) = (time(self.clock.now()), status.as_u16());
        log.write(&Entry { time, method, path, cmdlet: None, anchor: None, status, fault: None })
    }

    /// The request, and what rules see of it where there are any. Our own pages have no faults.
    async fn seen(
        &self,
        request: HttpRequest,
    ) -> Result<(HttpRequest, Option<Subject>), BytesRejection> {
        let is_ours = request.uri().path().starts_with("/_emulator/");
        if is_ours || !self.faults.look_at_requests() {
            return Ok((request, None));
        }
        let (parts, body) = request.into_parts();
        let body = Bytes::from_request(HttpRequest::from_parts(parts.clone(), body), &()).await?;
        let subject = Subject::of(&parts, &body, &self.service.tenant);
        Ok((HttpRequest::from_parts(parts, Body::from(body)), Some(subject)))
    }

    fn verdict(&self, subject: Option<&Subject>) -> Verdict {
        let judge = |subject| self.faults.judge(subject, self.clock.now());
        subject.map_or_else(|| self.faults.wait_alone(), judge)
    }

    /// The service's answer, or what a fault makes of it.
    async fn answered(
        &self,
        verdict: &Verdict,
        subject: Option<&Subject>,
        request: HttpRequest,
        next: Next,
    ) -> Outcome {
        match (&verdict.hit, subject) {
            (Some(hit), Some(subject)) => {
                carry_out(hit, subject, &self.service, request, next).await
            }
            (_, Some(subject)) if subject.asks_for_a_token() && self.faults.look_at_tokens() => {
                Outcome::response(self.token_noted(next.run(request).await).await)
            }
            _ => Outcome::response(next.run(request).await),
        }
    }

    async fn token_noted(&self, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if let Some(token) = answer["access_token"].as_str() {
            self.faults.issued(token);
        }
        Response::from_parts(parts, Body::from(bytes))
    }

    /// Every answer names itself, unless its body has done so already, and the client's own number
    /// for the request where it gave one.
    fn identify(&self, headers: &mut HeaderMap, client_id: Option<HeaderValue>) {
        let id = uuid::Uuid::new_v4().to_string();
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.entry(HeaderName::from_static("request-id")).or_insert(id);
        }
        if let Some(client_id) = client_id {
            headers.insert(HeaderName::from_static("client-request-id"), client_id);
        }
        let date = HeaderValue::from_str(&http_date(self.service.clock.now()));
        if let (true, Ok(date)) = (self.says_date, date) {
            headers.insert(header::DATE, date);
        }
    }
}

/// Waits until then, give or take half a millisecond. The runtime's timer rounds up to the next one and
/// is late by that on average, which is a twentieth of an ordinary latency; whoever measures a client
/// against it would blame the client.
async fn wait_until(then: Instant) {
    const LATE: Duration = Duration::from_millis(1);
    if let Some(early) = then.checked_sub(LATE).filter(|early| *early > Instant::now()) {
        tokio::time::sleep_until(early).await;
    }
}

/// The one place that sees every request and every answer.
pub(crate) async fn observe(
    State(front): State<Arc<Front>>,
    request: HttpRequest,
    next: Next,
) -> Response {
    let arrived = Instant::now();
    let path = path_without_secrets(request.uri().path(), request.uri().query());
    let method = request.method().clone();
    let anchor = request.headers().get("x-anchormailbox").cloned();
    let client_id = request.headers().get("client-request-id").cloned();
    let cut = request.extensions().get::<Cut>().cloned().unwrap_or_default();
    let (request, subject) = match front.seen(request).await {
        Ok(seen) => seen,
        Err(refused) => return refused.into_response(),
    };
    let mut verdict = front.verdict(subject.as_ref());
    // The work is done half way, and its time is part of the latency.
    let (half, whole) = (arrived + verdict.delay / 2, arrived + verdict.delay);
    wait_until(half).await;
    let mut outcome = front.answered(&verdict, subject.as_ref(), request, next).await;
    let response = outcome.response.as_mut();
    // Of a request that the service never saw we know only what was asked.
    let asked = || subject.as_ref().and_then(|subject| subject.cmdlet.clone());
    let cmdlet = response
        .as_ref()
        .map_or_else(asked, |it| it.extensions().get::<Cmdlet>().map(|cmdlet| cmdlet.0.clone()));
    let status = response.as_ref().map_or(0, |response| response.status().as_u16());
    if let Some(response) = response {
        front.identify(response.headers_mut(), client_id);
    }
    let entry = Entry {
        time: time(front.clock.now()),
        method: method.as_str(),
        path,
        cmdlet: cmdlet.as_deref(),
        anchor: anchor.as_ref().and_then(|value| value.to_str().ok()),
        status,
        fault: verdict.fault.as_deref().filter(|_| outcome.harmed),
    };
    if let Some(Err(error)) = front.log.as_ref().map(|log| log.write(&entry)) {
        let text = format!("the request log cannot be written: {error}");
        return (StatusCode::INTERNAL_SERVER_ERROR, text).into_response();
    }
    // Written down by now: whoever asked may be gone before it is answered.
    wait_until(whole).await;
    // Answered: the next one may come in.
    drop(verdict.slot.take());
    match (outcome.ending, outcome.response) {
        (Ending::Response, Some(response)) => return response,
        (Ending::Reset, _) => cut.tear(),
        _ => {}
    }
    // Nothing more comes; this ends with the connection.
    std::future::pending().await
}
