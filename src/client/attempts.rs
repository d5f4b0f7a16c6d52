//! The tries of one request: waiting for a turn, sending, reading the body piece by piece, and
//! waiting before the next try. `retry` decides, this does; what an answer means is the caller's.

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;
use uuid::Uuid;

use super::context::Client;
use super::http_date;
use super::limiter::{EndpointClass, Patience, Permit, Sent, Ticket, published};
use super::retry::{Decision, Outcome, RetryPolicy, RetryState, Stop};
use super::trace::{RequestTrace, without_secrets, without_tokens};
use super::transport::with_sources;

/// A request as data; its headers may hold secrets.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// What is asked for, in errors.
    pub(crate) label: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) class: EndpointClass,
    /// Whether it keeps and sends cookies.
    pub(crate) cookies: bool,
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = without_secrets(&self.url);
        formatter.debug_struct("Request").field("url", &url).finish_non_exhaustive()
    }
}

/// No answer, or not the whole of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Never `Throttled` or `Transient`: those are answers.
    pub(crate) outcome: Outcome,
    pub(crate) text: String,
}

/// The right to send one try now.
#[derive(Debug)]
pub(crate) struct Turn {
    permit: Permit,
}

/// What is told of a request that was not sent, or was refused and not sent again, since it was asked to
/// stop.
pub(crate) const STOPPED: &str = "it was asked to stop before the request was sent, or sent again";

/// Why a request is not sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTurn {
    /// The class is held back for so long, which is beyond the total time.
    Held(Duration),
    /// Nothing is to be waited for any more.
    Stopped,
}

#[derive(Debug)]
pub(crate) struct Attempts<'c> {
    client: &'c Client,
    policy: &'c RetryPolicy,
    state: RetryState,
    /// Its place in the queue, from its first turn on.
    ticket: Option<Ticket>,
    started: Option<Instant>,
    sent: u32,
    /// The answer that is not judged yet: its status, and when its request left.
    answered: Option<(u16, Sent)>,
}

impl<'c> Attempts<'c> {
    pub(crate) fn new(client: &'c Client, policy: &'c RetryPolicy) -> Self {
        let state = RetryState::default();
        Self { client, policy, state, ticket: None, started: None, sent: 0, answered: None }
    }

    /// Waits for the request's turn in its class. Time counts from the first turn, not from the queue before it.
    pub(crate) async fn turn(&mut self, class: EndpointClass) -> Result<Turn, NoTurn> {
        let limiter = &self.client.limiter;
        let ticket = *self.ticket.get_or_insert_with(|| limiter.ticket());
        let RetryPolicy { total, attempt, .. } = *self.policy;
        let patience = Patience { started: self.started, total, least: attempt / 10 };
        let permit = tokio::select! {
            biased;
            () = self.client.stopped() => return Err(NoTurn::Stopped),
            permit = limiter.acquire(class, ticket, patience) => permit.map_err(NoTurn::Held)?,
        };
        self.started.get_or_insert_with(Instant::now);
        Ok(Turn { permit })
    }

    /// Sends one try. An answer of any status is an `Ok`.
    pub(crate) async fn send(&mut self, turn: Turn, request: &Request) -> Result<Answer, Failure> {
        let client = self.client.connection(&request.url, request.cookies);
        let client = client
            .map_err(|error| Failure { outcome: Outcome::Permanent, text: error.to_string() })?;
        let deadline = Instant::now() + self.policy.attempt.min(self.left());
        let mut builder = client
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone());
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        self.client.count(request.class, self.sent > 0);
        self.sent += 1;
        self.answered = None;
        tracing::debug!(label = %request.label, attempt = self.sent, "sending");
        match timeout_at(deadline, builder.send()).await {
            Ok(Ok(response)) => {
                self.client.note_answer(&request.url);
                self.note_limits(request.class, &response, turn.permit.sent());
                Ok(Answer { response, deadline, _permit: turn.permit })
            }
            Ok(Err(error)) => Err(self.failure(request, error)),
            Err(_) => Err(timed_out()),
        }
    }

    fn failure(&self, request: &Request, error: reqwest::Error) -> Failure {
        let outcome = if error.is_builder() {
            Outcome::Permanent
        } else if error.is_connect() {
            Outcome::NotSent { answered_before: self.client.has_answered(&request.url) }
        } else {
            Outcome::Interrupted
        };
        Failure { outcome, text: with_sources(&error.without_url()) }
    }

    /// Tells the limiter what an answer's head says. A refusal is told once it was judged.
    fn note_limits(&mut self, class: EndpointClass, response: &reqwest::Response, sent: Sent) {
        let limiter = &self.client.limiter;
        let status = response.status().as_u16();
        self.answered = Some((status, sent));
        if !matches!(status, 429 | 503) {
            limiter.admitted(class, sent);
        }
        if let Some(published) = published(response.headers(), self.client.now()) {
            limiter.publish(class, sent, published);
        }
    }

    /// Waits until the request may be sent again, or says why it is not. After a refusal that
    /// concerns the whole class, the wait is that of the class, at the next turn.
    pub(crate) async fn again(
        &mut self,
        class: EndpointClass,
        outcome: Outcome,
        idempotent: bool,
    ) -> Result<(), Stop> {
        let elapsed = self.elapsed();
        let decision = self
            .client
            .with_rng(|rng| self.state.decide(self.policy, outcome, idempotent, elapsed, rng));
        let waits_with_class = self.tell(class, outcome);
        match decision {
            Decision::Stop(stop) => Err(stop),
            Decision::Again { after } => {
                tracing::debug!(?outcome, ?after, "again");
                let pause = if waits_with_class { Duration::ZERO } else { after };
                tokio::select! {
                    biased;
                    () = self.client.stopped() => Err(Stop::Stopped),
                    () = sleep(pause) => Ok(()),
                }
            }
        }
    }

    /// Tells the limiter what concerns the whole class; whether that is held back now.
    fn tell(&mut self, class: EndpointClass, outcome: Outcome) -> bool {
        let limiter = &self.client.limiter;
        // Half of what one request would wait: here all of the class do.
        let backoff = self.policy.backoff / 2;
        let said = |retry_after: Option<Duration>| retry_after.filter(|wait| !wait.is_zero());
        match (outcome, self.answered.take()) {
            (Outcome::Throttled { retry_after, pressure }, Some((_, sent))) => {
                limiter.refused(class, sent, pressure, said(retry_after), backoff);
                true
            }
            // The class is held back already, for longer than this request can wait.
            (Outcome::Throttled { .. }, None) => true,
            (Outcome::Transient { retry_after }, Some((status, sent))) => {
                if status == 503 {
                    limiter.ease(class, sent);
                }
                if let Some(wait) = said(retry_after) {
                    limiter.hold(class, wait);
                }
                said(retry_after).is_some()
            }
            _ => false,
        }
    }

    fn elapsed(&self) -> Duration {
        self.started.map_or(Duration::ZERO, |started| started.elapsed())
    }

    fn left(&self) -> Duration {
        self.policy.total.saturating_sub(self.elapsed())
    }

    pub(crate) fn sent(&self) -> u32 {
        self.sent
    }

    /// What an error about this request carries.
    pub(crate) fn trace(&self, request: &Request, answer: Option<&AnswerId>) -> Box<RequestTrace> {
        let client_request_id = request.headers.get("client-request-id");
        let client_request_id = client_request_id.and_then(|id| id.to_str().ok());
        Box::new(RequestTrace {
            method: request.method.to_string(),
            url: without_secrets(&request.url),
            label: request.label.clone(),
            status: answer.map(|answer| answer.status),
            request_id: answer.and_then(|answer| answer.request_id.clone()),
            client_request_id: client_request_id.and_then(|id| Uuid::parse_str(id).ok()),
            attempts: self.sent,
            elapsed: self.elapsed(),
        })
    }
}

/// What of an answer goes into an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnswerId {
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
}

/// An answer whose body is still on its way; it keeps its place in the limiter until dropped.
#[derive(Debug)]
pub(crate) struct Answer {
    response: reqwest::Response,
    deadline: Instant,
    _permit: Permit,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub(crate) fn id(&self) -> AnswerId {
        AnswerId {
            status: self.status(),
            request_id: self.header("request-id").map(without_tokens),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// `Retry-After`, judged by the injected clock.
    pub(crate) fn retry_after(&self, now: jiff::Timestamp) -> Option<Duration> {
        http_date::retry_after(self.header(RETRY_AFTER.as_str())?, now)
    }

    /// The service's own time of day.
    pub(crate) fn date(&self) -> Option<jiff::Timestamp> {
        http_date::http_date(self.header("date")?)
    }

    /// The next piece of the body, unpacked.
    pub(crate) async fn chunk(
        &mut self,
    ) -> Result<Option<impl AsRef<[u8]> + Send + use<>>, Failure> {
        match timeout_at(self.deadline, self.response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(Failure {
                outcome: Outcome::Interrupted,
                text: with_sources(&error.without_url()),
            }),
            Err(_) => Err(timed_out()),
        }
    }

    /// The body as a whole, for answers that are small by nature; what is beyond `limit` is cut.
    pub(crate) async fn collect(mut self, limit: usize) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            let room = limit - body.len();
            let chunk = chunk.as_ref();
            body.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
            if body.len() >= limit {
                break;
            }
        }
        Ok(body)
    }
}

fn timed_out() -> Failure {
    Failure { outcome: Outcome::Interrupted, text: "no whole answer in time".to_owned() }
}
