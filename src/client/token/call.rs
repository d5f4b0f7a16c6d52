//! A request to whoever gives out tokens, with all of its tries, and what every such answer has in
//! common.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use crate::client::attempts::{Attempts, NoTurn, Request, STOPPED};
use crate::client::context::Client;
use crate::client::limiter::EndpointClass;
use crate::client::retry::{Outcome, RetryPolicy};
use crate::client::sign_in_error::{Judge, Refusal, SignInError, SignInReason, reason_of_stop};
use crate::client::trace::{RequestTrace, without_tokens};

const MAX_ANSWER: usize = 1 << 20;

/// A number, or a number in a string, which some identity providers send.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Seconds {
    Number(i64),
    Text(String),
}

impl Seconds {
    pub(super) fn get(&self) -> Option<i64> {
        match self {
            Self::Number(seconds) => Some(*seconds),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

/// A token as it was given, and when it ends.
pub(super) struct Grant {
    pub(super) secret: SecretString,
    pub(super) expires: Timestamp,
}

/// An answer that holds a token.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: String,
    pub(super) expires_in: Option<Seconds>,
    /// Managed identities alone.
    pub(super) expires_on: Option<Seconds>,
    /// The delegated permissions that were granted.
    #[serde(default)]
    pub(super) scope: String,
}

impl TokenAnswer {
    /// `started` is when it was asked for, since `expires_in` counts from a moment after that.
    pub(super) fn grant(
        self,
        started: Timestamp,
        trace: Box<RequestTrace>,
    ) -> Result<Grant, SignInError> {
        let epoch = self.expires_on.as_ref().and_then(Seconds::get);
        let by_epoch = epoch.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let lifetime = self.expires_in.as_ref().and_then(Seconds::get);
        let by_lifetime = lifetime
            .and_then(|seconds| started.checked_add(SignedDuration::from_secs(seconds)).ok());
        match by_epoch.or(by_lifetime).filter(|_| !self.access_token.is_empty()) {
            Some(expires) => Ok(Grant { secret: self.access_token.into(), expires }),
            None => Err(not_a_service("it holds no usable token", trace)),
        }
    }
}

pub(super) fn not_a_service(text: &str, trace: Box<RequestTrace>) -> SignInError {
    SignInError { reason: SignInReason::NotASignInService, text: text.to_owned(), trace }
}

/// An error before any request was made.
pub(super) fn without_request(reason: SignInReason, text: impl Into<String>) -> SignInError {
    SignInError { reason, text: text.into(), trace: Box::new(RequestTrace::none("access token")) }
}

/// Makes the request of each try.
pub(super) trait MakeRequest: Sync {
    fn make(&self) -> impl Future<Output = Result<Request, SignInError>> + Send;
}

impl MakeRequest for Request {
    async fn make(&self) -> Result<Request, SignInError> {
        Ok(self.clone())
    }
}

/// Whom to ask, how long, and how to read a refusal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'c> {
    pub(super) client: &'c Client,
    pub(super) policy: &'c RetryPolicy,
    pub(super) judge: Judge,
}

impl Caller<'_> {
    /// Sends until there is an answer of the expected shape or the bounds are reached.
    pub(super) async fn call<T: for<'de> Deserialize<'de>>(
        &self,
        make: &impl MakeRequest,
    ) -> Result<(T, Box<RequestTrace>), SignInError> {
        let mut attempts = Attempts::new(self.client, self.policy);
        loop {
            let request = make.make().await?;
            let (refusal, trace) = match self.try_once(&mut attempts, &request).await {
                (Ok(answer), trace) => return Ok((answer, trace)),
                (Err(refusal), trace) => (refusal, trace),
            };
            let again = attempts.again(request.class, refusal.outcome, true).await;
            if let Err(stop) = again {
                let reason = reason_of_stop(stop, refusal.reason, self.client.now());
                return Err(SignInError { reason, text: refusal.text, trace });
            }
        }
    }

    async fn try_once<T: for<'de> Deserialize<'de>>(
        &self,
        attempts: &mut Attempts<'_>,
        request: &Request,
    ) -> (Result<T, Refusal>, Box<RequestTrace>) {
        let failed =
            |outcome, text| Err(Refusal { reason: SignInReason::Unavailable, text, outcome });
        let turn = match attempts.turn(request.class).await {
            Ok(turn) => turn,
            Err(no_turn) => {
                let (outcome, text) = match no_turn {
                    NoTurn::Held(wait) => {
                        let reason = self.client.limiter.reason(request.class);
                        (Outcome::throttled(Some(wait)), reason)
                    }
                    NoTurn::Stopped => (Outcome::Permanent, STOPPED.to_owned()),
                };
                return (failed(outcome, text), attempts.trace(request, None));
            }
        };
        let answer = match attempts.send(turn, request).await {
            Ok(answer) => answer,
            Err(failure) => {
                return (failed(failure.outcome, failure.text), attempts.trace(request, None));
            }
        };
        let trace = attempts.trace(request, Some(&answer.id()));
        let now = self.client.now();
        let (status, retry_after) = (answer.status(), answer.retry_after(now));
        let ahead = answer.date().map(|date| now.duration_since(date).as_secs());
        let body = match answer.collect(MAX_ANSWER).await {
            Ok(body) => Zeroizing::new(body),
            Err(failure) => return (failed(failure.outcome, failure.text), trace),
        };
        if status != 200 {
            let said = without_tokens(&String::from_utf8_lossy(&body));
            return (Err((self.judge)(status, said.as_bytes(), retry_after, ahead)), trace);
        }
        let parsed = serde_json::from_slice(&body).map_err(|_| Refusal {
            reason: SignInReason::NotASignInService,
            text: String::new(),
            outcome: Outcome::Permanent,
        });
        (parsed, trace)
    }
}

/// A request of something by GET.
pub(super) fn get(url: Url, label: &str) -> Request {
    request(Method::GET, url, label, None)
}

/// A request with a form.
pub(super) fn post(url: Url, label: &str, form: &[(&str, &str)]) -> Request {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    request(Method::POST, url, label, Some(form.into_bytes()))
}

fn request(method: Method, url: Url, label: &str, form: Option<Vec<u8>>) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("accept", HeaderValue::from_static("application/json"));
    if form.is_some() {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
    }
    Request {
        method,
        url,
        label: label.to_owned(),
        headers,
        body: form,
        class: EndpointClass::Authority,
        cookies: false,
    }
}

/// Adds a header that no log may show.
pub(super) fn add_secret(request: &mut Request, name: &'static str, value: &str) {
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(true);
        request.headers.insert(name, value);
    }
}
