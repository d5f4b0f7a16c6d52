//! One request to Graph with all of its tries: signs in, sends, reads refusals, drops a refused
//! token once, and ends with an answer or a reason.
//!
//! Reads, and writes that may be sent twice (PATCH, DELETE), are repeated. A POST that may have
//! taken effect is not: that is [`GraphErrorKind::InDoubt`], to be read back by the caller.

use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::Inner;
use super::errors::{GraphError, GraphErrorKind, InnerError};
use super::failure::{Meaning, Refusal, classify};
use super::needs::Needs;
use crate::client::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use crate::client::{
    AnswerId, Attempts, EndpointClass, Failure, Method, NoTurn, Outcome, Request, RequestTrace,
    SignInError, Stop, Token,
};

/// A page of service principals with all of their roles is some megabytes.
const MAX_ANSWER: usize = 1 << 26;

/// A request as the operations make it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    /// What is asked for, in errors.
    pub(super) label: &'static str,
    pub(super) body: Option<Value>,
    /// `Prefer: create-if-missing`.
    pub(super) create_if_missing: bool,
    /// Made from a read just before, so it is not sent again as it is.
    pub(super) computed: bool,
    pub(super) needs: &'static Needs,
}

impl Call {
    pub(super) fn get(url: Url, label: &'static str, needs: &'static Needs) -> Self {
        let (body, create_if_missing, computed) = (None, false, false);
        Self { method: Method::GET, url, label, body, create_if_missing, computed, needs }
    }

    pub(super) fn post(url: Url, label: &'static str, needs: &'static Needs, body: Value) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(url, label, needs) }
    }

    pub(super) fn patch(url: Url, label: &'static str, needs: &'static Needs, body: Value) -> Self {
        Self { method: Method::PATCH, body: Some(body), ..Self::get(url, label, needs) }
    }

    pub(super) fn delete(url: Url, label: &'static str, needs: &'static Needs) -> Self {
        Self { method: Method::DELETE, ..Self::get(url, label, needs) }
    }

    pub(super) fn upserting(self) -> Self {
        Self { create_if_missing: true, ..self }
    }

    pub(super) fn computed(self) -> Self {
        Self { computed: true, ..self }
    }

    fn is_read(&self) -> bool {
        self.method == Method::GET
    }

    fn is_repeatable(&self) -> bool {
        self.method != Method::POST && !self.computed
    }

    /// A request without its `Authorization`, which is added at each try.
    fn request(&self) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static("application/json"));
        if self.body.is_some() {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        if self.create_if_missing {
            headers.insert("prefer", HeaderValue::from_static("create-if-missing"));
        }
        if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
            headers.insert("client-request-id", id);
        }
        Request {
            method: self.method.clone(),
            url: self.url.clone(),
            label: self.label.to_owned(),
            headers,
            body: self.body.as_ref().map(|body| body.to_string().into_bytes()),
            class: EndpointClass::Graph,
            cookies: false,
        }
    }
}

/// An answer of success.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) trace: Box<RequestTrace>,
    is_read: bool,
}

impl Reply {
    /// The body as what it must be. An answer to a write that cannot be read leaves in doubt what
    /// was made.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, GraphError> {
        serde_json::from_slice(&self.body).map_err(|error| self.unreadable(&without_place(&error)))
    }

    pub(super) fn unreadable(&self, reason: &str) -> GraphError {
        let kind = if self.is_read { GraphErrorKind::BadAnswer } else { GraphErrorKind::InDoubt };
        self.error(kind, reason)
    }

    pub(super) fn error(&self, kind: GraphErrorKind, reason: &str) -> GraphError {
        let (message, trace) = (reason.to_owned(), self.trace.clone());
        GraphError { kind, code: None, message, inner: Box::default(), trace }
    }
}

/// What serde says, without a place in bytes that nobody sees.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Why one try did not do it.
enum Trouble {
    SignIn(SignInError),
    /// It was not sent.
    NoTurn(NoTurn),
    Failure(Failure),
    Refused(Refusal, AnswerId),
}

struct Tries<'t> {
    inner: &'t Inner,
    call: &'t Call,
    attempts: Attempts<'t>,
    token: Option<Arc<Token>>,
    token_dropped: bool,
    /// Some try may have taken effect.
    doubtful: bool,
}

impl Inner {
    pub(super) async fn call(&self, call: &Call) -> Result<Reply, GraphError> {
        let attempts = Attempts::new(&self.client, &self.options.policy);
        let (token, token_dropped, doubtful) = (None, false, false);
        let mut tries = Tries { inner: self, call, attempts, token, token_dropped, doubtful };
        loop {
            let mut request = call.request();
            let trouble = match tries.once(&mut request).await {
                Ok(reply) => return Ok(reply),
                Err(trouble) => trouble,
            };
            if let Some(reply) = tries.again(trouble, &request).await? {
                return Ok(reply);
            }
        }
    }
}

impl Tries<'_> {
    /// Sends one try. The body belongs to it: a read that breaks off is begun again.
    async fn once(&mut self, request: &mut Request) -> Result<Reply, Trouble> {
        let turn = self.attempts.turn(request.class).await.map_err(Trouble::NoTurn)?;
        // After the turn, since one that is long in coming may outlast a token.
        let scope = &self.inner.options.scope;
        let token = self.inner.tokens.token(scope).await.map_err(Trouble::SignIn)?;
        if let Some(value) = token.header() {
            request.headers.insert(AUTHORIZATION, value);
        }
        self.token = Some(token);
        let answer = self.attempts.send(turn, request).await.map_err(Trouble::Failure)?;
        let (status, id) = (answer.status(), answer.id());
        let retry_after = answer.retry_after(self.inner.client.now());
        let body = answer.collect(MAX_ANSWER).await;
        if !(200..300).contains(&status) {
            // The status stands even where its body does not arrive.
            let body = body.unwrap_or_default();
            return Err(Trouble::Refused(classify(status, retry_after, &body), id));
        }
        let body = body.map_err(Trouble::Failure)?;
        let trace = self.attempts.trace(request, Some(&id));
        Ok(Reply { status, body, trace, is_read: self.call.is_read() })
    }

    /// Waits until the call may be made again, or says how it ended.
    async fn again(
        &mut self,
        trouble: Trouble,
        request: &Request,
    ) -> Result<Option<Reply>, GraphError> {
        let (outcome, message, id, refusal) = match trouble {
            Trouble::SignIn(error) => return Err(self.without_token(error)),
            Trouble::NoTurn(NoTurn::Stopped) => {
                let trace = self.trace(request, None, None);
                return Err(self.gave_up(Stop::Stopped, String::new(), None, trace));
            }
            Trouble::NoTurn(NoTurn::Held(after)) => {
                let outcome = Outcome::throttled(Some(after));
                let reason = self.inner.client.limiter.reason(request.class);
                (outcome, reason, None, None)
            }
            Trouble::Failure(failure) => (failure.outcome, failure.text, None, None),
            Trouble::Refused(refusal, id) => {
                if refusal.meaning == Meaning::Unauthorized && !self.token_dropped {
                    self.drop_token().await;
                    return Ok(None);
                }
                let outcome = outcome(&refusal);
                if matches!(outcome, Outcome::Throttled { .. } | Outcome::Transient { .. }) {
                    self.inner.client.limiter.note(request.class, &refusal.message);
                }
                (outcome, refusal.message.clone(), Some(id), Some(refusal))
            }
        };
        let conflict = refusal.as_ref().is_some_and(|it| it.meaning == Meaning::Conflict);
        self.doubtful |= !self.call.is_read()
            && !conflict
            && matches!(outcome, Outcome::Interrupted | Outcome::Transient { .. });
        let repeatable = self.call.is_repeatable() || (conflict && !self.call.computed);
        let again = self.attempts.again(request.class, outcome, repeatable).await;
        let Err(stop) = again else { return Ok(None) };
        let trace = self.trace(request, id.as_ref(), refusal.as_ref());
        match (stop, refusal) {
            (Stop::Permanent, Some(refusal)) => self.refused(refusal, trace),
            (stop, refusal) => Err(self.gave_up(stop, message, refusal, trace)),
        }
    }

    async fn drop_token(&mut self) {
        self.token_dropped = true;
        if let Some(token) = &self.token {
            let scope = &self.inner.options.scope;
            self.inner.tokens.drop_token(scope, token).await;
        }
    }

    /// The service's identifier of the request, from the body where the header lacks.
    fn trace(
        &self,
        request: &Request,
        id: Option<&AnswerId>,
        refusal: Option<&Refusal>,
    ) -> Box<RequestTrace> {
        let mut trace = self.attempts.trace(request, id);
        if trace.request_id.is_none() {
            trace.request_id = refusal.and_then(|refusal| refusal.inner.request_id.clone());
        }
        trace
    }

    fn without_token(&self, error: SignInError) -> GraphError {
        if !self.doubtful {
            return error.into();
        }
        let (message, trace) = (error.to_string(), error.trace);
        let kind = GraphErrorKind::InDoubt;
        GraphError { kind, code: None, message, inner: Box::default(), trace }
    }

    fn refused(
        &self,
        refusal: Refusal,
        trace: Box<RequestTrace>,
    ) -> Result<Option<Reply>, GraphError> {
        let Refusal { meaning, code, message, missing, inner, .. } = refusal;
        let kind = match meaning {
            // An earlier try that had no answer has deleted it.
            Meaning::NotFound if self.doubtful && self.call.method == Method::DELETE => {
                let (status, body) = (204, Vec::new());
                return Ok(Some(Reply { status, body, trace, is_read: false }));
            }
            Meaning::NotFound => GraphErrorKind::NotFound,
            Meaning::AlreadyThere => GraphErrorKind::AlreadyThere,
            Meaning::NotYet => GraphErrorKind::NotYet,
            Meaning::Denied => {
                let needs = self.call.needs;
                GraphErrorKind::Denied { missing: self.missing(&missing), needs }
            }
            Meaning::Unauthorized => GraphErrorKind::Unauthorized,
            Meaning::KeyRefused => GraphErrorKind::KeyRefused,
            Meaning::Conflict => GraphErrorKind::Conflict,
            Meaning::Transient | Meaning::Throttled | Meaning::LinkExpired | Meaning::Invalid => {
                GraphErrorKind::Other
            }
        };
        Err(GraphError { kind, code, message, inner: Box::new(inner), trace })
    }

    /// What the service names, or what the token can be seen to lack.
    fn missing(&self, named: &[String]) -> Vec<String> {
        // Several that the service names are those of which one would do.
        if !named.is_empty() {
            return vec![named.join(" or ")];
        }
        let claims = self.token.as_ref().and_then(|token| token.claims.as_ref());
        let missing = claims.map(|claims| self.call.needs.missing(claims)).unwrap_or_default();
        missing.into_iter().map(str::to_owned).collect()
    }

    fn gave_up(
        &self,
        stop: Stop,
        message: String,
        refusal: Option<Refusal>,
        trace: Box<RequestTrace>,
    ) -> GraphError {
        let conflict = refusal.as_ref().is_some_and(|it| it.meaning == Meaning::Conflict);
        let kind = match stop {
            Stop::NotSafeToRepeat => GraphErrorKind::InDoubt,
            _ if self.doubtful => GraphErrorKind::InDoubt,
            Stop::ComeBack { after } => {
                let now = self.inner.client.now();
                let come_back = now.saturating_add(after).unwrap_or(Timestamp::MAX);
                GraphErrorKind::Throttled { come_back }
            }
            _ if conflict => GraphErrorKind::Conflict,
            Stop::Unreachable => GraphErrorKind::Unreachable,
            Stop::Stopped => GraphErrorKind::Stopped,
            _ => GraphErrorKind::Unavailable,
        };
        let (code, inner) = match refusal {
            Some(refusal) => (refusal.code, refusal.inner),
            None => (None, InnerError::default()),
        };
        GraphError { kind, code, message, inner: Box::new(inner), trace }
    }
}

fn outcome(refusal: &Refusal) -> Outcome {
    let retry_after = refusal.retry_after;
    match refusal.meaning {
        Meaning::Throttled => Outcome::throttled(retry_after),
        Meaning::Transient | Meaning::Conflict => Outcome::Transient { retry_after },
        _ => Outcome::Permanent,
    }
}
