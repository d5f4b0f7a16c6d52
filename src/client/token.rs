//! Access tokens of one application in one tenant: finds the tenant, asks for a token per scope,
//! keeps it until shortly before it expires, and drops it on demand. One fetch at a time: Entra
//! throttles clients that ask for the same token in parallel (AADSTS50196).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use uuid::Uuid;

use super::assertion;
use super::attempts::{Attempts, Request};
use super::certificate::Credential;
use super::claims::Claims;
use super::context::Client;
use super::limiter::EndpointClass;
use super::retry::{Outcome, RetryPolicy};
use super::sign_in_error::{Refusal, SignInError, SignInReason, reason_of_stop, refusal};
use super::trace::RequestTrace;

/// A token this close to its end is not handed out any more.
const MARGIN: SignedDuration = SignedDuration::from_secs(300);
const MAX_ANSWER: usize = 1 << 20;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a [`TokenSource`] is made from.
#[derive(Debug)]
pub struct TokenSourceOptions {
    /// Base URL of the authority, such as `https://login.microsoftonline.com`.
    pub authority: Url,
    /// The initial domain, or the tenant's id where the spec has only that.
    pub tenant: String,
    /// The tenant id that the spec names; discovery must agree.
    pub expected_tenant: Option<Uuid>,
    /// The application.
    pub client_id: Uuid,
    /// Its certificate.
    pub credential: Credential,
    /// Bounds of a token request.
    pub policy: RetryPolicy,
}

/// See the module. One per tenant and application.
pub struct TokenSource {
    client: Arc<Client>,
    options: TokenSourceOptions,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tenant: Option<Uuid>,
    tokens: BTreeMap<String, Arc<Token>>,
}

/// An access token.
pub struct Token {
    secret: SecretString,
    /// What it says about itself, if it can be read.
    pub claims: Option<Claims>,
    expires: Timestamp,
}

impl Token {
    /// The `Authorization` header.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let text = format!("Bearer {}", self.secret.expose_secret());
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Token").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenSource")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    token_endpoint: String,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: Seconds,
}

/// A number, or a number in a string, which some identity providers send.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(i64),
    Text(String),
}

impl Seconds {
    fn get(&self) -> Option<i64> {
        match self {
            Self::Number(seconds) => Some(*seconds),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

impl TokenSource {
    /// Makes no call.
    pub fn new(client: Arc<Client>, options: TokenSourceOptions) -> Self {
        Self { client, options, state: Mutex::default() }
    }

    /// The application that signs in.
    pub fn client_id(&self) -> Uuid {
        self.options.client_id
    }

    /// The tenant's id, asked for once: `GET {authority}/{tenant}/v2.0/.well-known/…`.
    pub async fn tenant_id(&self) -> Result<Uuid, SignInError> {
        self.known_tenant(&mut *self.state.lock().await).await
    }

    /// A token that is good for five minutes at least.
    pub async fn token(&self, scope: &str) -> Result<Arc<Token>, SignInError> {
        let mut state = self.state.lock().await;
        if let Some(token) = state.tokens.get(scope)
            && self.client.now().duration_until(token.expires) > MARGIN
        {
            return Ok(Arc::clone(token));
        }
        let tenant = self.known_tenant(&mut state).await?;
        let token = Arc::new(self.fetch(tenant, scope).await?);
        state.tokens.insert(scope.to_owned(), Arc::clone(&token));
        Ok(token)
    }

    /// Forgets a token that was refused, unless another task has replaced it already.
    pub async fn drop_token(&self, scope: &str, refused: &Arc<Token>) {
        let mut state = self.state.lock().await;
        if state.tokens.get(scope).is_some_and(|kept| Arc::ptr_eq(kept, refused)) {
            state.tokens.remove(scope);
        }
    }

    async fn known_tenant(&self, state: &mut State) -> Result<Uuid, SignInError> {
        if let Some(tenant) = state.tenant {
            return Ok(tenant);
        }
        let tenant = self.discover().await?;
        state.tenant = Some(tenant);
        Ok(tenant)
    }

    async fn discover(&self) -> Result<Uuid, SignInError> {
        let path = ["v2.0", ".well-known", "openid-configuration"];
        let url = self.url(&self.options.tenant, &path);
        let request = request(Method::GET, url, "tenant discovery", None);
        let (answer, trace) = self.call::<Discovery>(|| Ok(request.clone())).await?;
        let issuer = tenant_in(&answer.issuer);
        let Some(tenant) = issuer.or_else(|| tenant_in(&answer.token_endpoint)) else {
            let text = "it names no tenant".to_owned();
            return Err(SignInError { reason: SignInReason::NotASignInService, text, trace });
        };
        match self.options.expected_tenant {
            Some(expected) if expected != tenant => Err(SignInError {
                reason: SignInReason::OtherTenant,
                text: format!("`tenant_id` is {expected}, the host answers for {tenant}"),
                trace,
            }),
            _ => Ok(tenant),
        }
    }

    async fn fetch(&self, tenant: Uuid, scope: &str) -> Result<Token, SignInError> {
        // Built from the configured authority, not taken from the discovery document: the
        // assertion goes to the host that the user named and to no other.
        let url = self.url(&tenant.to_string(), &["oauth2", "v2.0", "token"]);
        let started = self.client.now();
        // A new assertion for every try, since one outlives ten minutes of throttling only just.
        let make = || {
            let assertion = assertion::sign(
                &self.options.credential,
                self.options.client_id,
                url.as_str(),
                Uuid::new_v4(),
                self.client.now(),
            )
            .map_err(|error| error.to_string())?;
            let client_id = self.options.client_id.to_string();
            let form = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("client_id", &client_id)
                .append_pair("scope", scope)
                .append_pair("client_assertion_type", ASSERTION_TYPE)
                .append_pair("client_assertion", assertion.expose_secret())
                .append_pair("grant_type", "client_credentials")
                .finish();
            Ok(request(Method::POST, url.clone(), "access token", Some(form.into_bytes())))
        };
        let (answer, trace) = self.call::<TokenAnswer>(make).await?;
        let lifetime = answer.expires_in.get().map(SignedDuration::from_secs);
        let expires = lifetime.and_then(|lifetime| started.checked_add(lifetime).ok());
        let Some(expires) = expires.filter(|_| !answer.access_token.is_empty()) else {
            let text = "it holds no usable token".to_owned();
            return Err(SignInError { reason: SignInReason::NotASignInService, text, trace });
        };
        let claims = Claims::of_token(&answer.access_token);
        Ok(Token { secret: answer.access_token.into(), claims, expires })
    }

    fn url(&self, tenant: &str, path: &[&str]) -> Url {
        let mut url = self.options.authority.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(tenant).extend(path);
        }
        url
    }

    /// Sends until there is an answer of the expected shape or the bounds are reached.
    async fn call<T: for<'de> Deserialize<'de>>(
        &self,
        make: impl Fn() -> Result<Request, String> + Send,
    ) -> Result<(T, Box<RequestTrace>), SignInError> {
        let mut attempts = Attempts::new(&self.client, &self.options.policy);
        loop {
            let request = match make() {
                Ok(request) => request,
                Err(text) => return Err(self.cannot_sign(&attempts, text)),
            };
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

    fn cannot_sign(&self, attempts: &Attempts<'_>, text: String) -> SignInError {
        let request = request(Method::POST, self.options.authority.clone(), "access token", None);
        let trace = attempts.trace(&request, None);
        SignInError { reason: SignInReason::CannotSign, text, trace }
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
            Err(wait) => {
                let outcome = Outcome::Throttled { retry_after: Some(wait) };
                return (failed(outcome, String::new()), attempts.trace(request, None));
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
            Ok(body) => body,
            Err(failure) => return (failed(failure.outcome, failure.text), trace),
        };
        if status != 200 {
            return (Err(refusal(status, &body, retry_after, ahead)), trace);
        }
        let parsed = serde_json::from_slice(&body).map_err(|_| Refusal {
            reason: SignInReason::NotASignInService,
            text: String::new(),
            outcome: Outcome::Permanent,
        });
        (parsed, trace)
    }
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

/// The tenant in the path of an issuer or of a token endpoint.
fn tenant_in(url: &str) -> Option<Uuid> {
    url.split('/').find_map(|part| Uuid::parse_str(part).ok())
}

#[cfg(test)]
mod tests;
