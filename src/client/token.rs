//! Access tokens of one identity in one tenant: finds the tenant, gets a token per scope in the way
//! that the identity signs in, keeps it until shortly before it expires, and drops it on demand.
//! One fetch at a time: Entra throttles clients that ask for the same token in parallel
//! (AADSTS50196). Nothing is kept on disk.

mod azure_cli;
mod call;
mod client_credentials;
mod device_code;
mod given;
mod managed_identity;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use uuid::Uuid;

use self::call::{Caller, Grant, get, not_a_service, without_request};
use self::client_credentials::{ClientCredentials, Proof};
use self::device_code::DeviceSignIn;
use super::claims::Claims;
use super::context::Client;
use super::retry::RetryPolicy;
use super::sign_in::SignInMethod;
use super::sign_in_error::{SignInError, SignInReason, managed_identity_refusal, refusal};

/// A token this close to its end is not handed out any more.
const MARGIN: SignedDuration = SignedDuration::from_secs(300);

/// What a [`TokenSource`] is made from.
#[derive(Debug)]
pub struct TokenSourceOptions {
    /// Base URL of the authority, such as `https://login.microsoftonline.com`.
    pub authority: Url,
    /// The initial domain, or the tenant's id where the spec has only that.
    pub tenant: String,
    /// The tenant id that the spec names; discovery must agree.
    pub expected_tenant: Option<Uuid>,
    /// How to sign in.
    pub method: SignInMethod,
    /// Bounds of a token request.
    pub policy: RetryPolicy,
}

/// See the module. One per tenant and identity.
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

/// An access token; its memory is overwritten when the last holder drops it.
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

    /// When it ends.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }
}

impl From<Grant> for Token {
    fn from(Grant { secret, expires }: Grant) -> Self {
        let claims = Claims::of_token(secret.expose_secret());
        Self { secret, claims, expires }
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

impl TokenSource {
    /// Makes no call.
    pub fn new(client: Arc<Client>, options: TokenSourceOptions) -> Self {
        Self { client, options, state: Mutex::default() }
    }

    /// The application that signs in, where it is known beforehand; a token's claims name it too.
    pub fn client_id(&self) -> Option<Uuid> {
        self.options.method.client_id()
    }

    /// How it signs in.
    pub fn method(&self) -> &SignInMethod {
        &self.options.method
    }

    /// The tenant's id, asked for once: `GET {authority}/{tenant}/v2.0/.well-known/…`.
    pub async fn tenant_id(&self) -> Result<Uuid, SignInError> {
        self.known_tenant(&mut *self.state.lock().await).await
    }

    /// A token that is good for five minutes at least, as far as this way to sign in can give one.
    pub async fn token(&self, scope: &str) -> Result<Arc<Token>, SignInError> {
        let mut state = self.state.lock().await;
        if let Some(token) = state.tokens.get(scope)
            && self.client.now().duration_until(token.expires) > MARGIN
        {
            return Ok(Arc::clone(token));
        }
        self.renew(&mut state, scope).await
    }

    /// A token that was made now: what was granted since the last one is in it. A managed identity
    /// and given tokens may give the same one again.
    pub async fn fresh_token(&self, scope: &str) -> Result<Arc<Token>, SignInError> {
        let mut state = self.state.lock().await;
        self.renew(&mut state, scope).await
    }

    /// Forgets a token that was refused, unless another task has replaced it already.
    pub async fn drop_token(&self, scope: &str, refused: &Arc<Token>) {
        let mut state = self.state.lock().await;
        if state.tokens.get(scope).is_some_and(|kept| Arc::ptr_eq(kept, refused)) {
            state.tokens.remove(scope);
        }
    }

    /// Signs out: forgets all tokens. Also due when a permission or a role was granted, since a
    /// token says what was the case when it was made.
    pub async fn forget(&self) {
        self.state.lock().await.tokens.clear();
    }

    async fn renew(&self, state: &mut State, scope: &str) -> Result<Arc<Token>, SignInError> {
        let tenant = self.known_tenant(state).await?;
        state.tokens.remove(scope);
        let token = Arc::new(self.fetch(tenant, scope).await?);
        state.tokens.insert(scope.to_owned(), Arc::clone(&token));
        Ok(token)
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
        let request = get(url, "tenant discovery");
        let (answer, trace) = self.caller().call::<Discovery>(&request).await?;
        let issuer = tenant_in(&answer.issuer);
        let Some(tenant) = issuer.or_else(|| tenant_in(&answer.token_endpoint)) else {
            return Err(not_a_service("it names no tenant", trace));
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
        let caller = self.caller();
        let proven = |client_id, proof| {
            // Built from the configured authority, not taken from the discovery document: the
            // assertion goes to the host that the user named and to no other.
            let url = self.url(&tenant.to_string(), &["oauth2", "v2.0", "token"]);
            let identity = std::sync::Mutex::default();
            ClientCredentials { caller, client_id, proof, url, scope, identity }
        };
        let grant = match &self.options.method {
            SignInMethod::Certificate { client_id, credential } => {
                return Ok(proven(*client_id, Proof::Certificate(credential))
                    .fetch()
                    .await?
                    .into());
            }
            SignInMethod::Federated { client_id, assertion } => {
                return Ok(proven(*client_id, Proof::Federated(assertion)).fetch().await?.into());
            }
            SignInMethod::DeviceCode { client_id, scopes, prompt } => {
                let url = |last| self.url(&tenant.to_string(), &["oauth2", "v2.0", last]);
                let sign_in = DeviceSignIn {
                    caller,
                    client_id: *client_id,
                    permissions: scopes,
                    prompt: prompt.as_ref(),
                    code_url: url("devicecode"),
                    token_url: url("token"),
                    scope,
                };
                sign_in.fetch().await?
            }
            SignInMethod::AzureCli { program } => {
                let (limit, now) = (self.options.policy.attempt, self.client.now());
                azure_cli::fetch(program, scope, &tenant.to_string(), limit, now).await?
            }
            SignInMethod::Given(tokens) => given::pick(tokens, scope, self.client.now())?,
            SignInMethod::ManagedIdentity { client_id, endpoint } => {
                let caller = Caller { judge: managed_identity_refusal, ..caller };
                managed_identity::fetch(caller, endpoint, *client_id, scope).await?
            }
        };
        of_tenant(grant.into(), tenant)
    }

    fn caller(&self) -> Caller<'_> {
        Caller { client: &self.client, policy: &self.options.policy, judge: refusal }
    }

    fn url(&self, tenant: &str, path: &[&str]) -> Url {
        let mut url = self.options.authority.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(tenant).extend(path);
        }
        url
    }
}

/// Refuses a token of another tenant: those that others give out may be of any.
fn of_tenant(token: Token, tenant: Uuid) -> Result<Token, SignInError> {
    match token.claims.as_ref().and_then(Claims::tenant) {
        Some(found) if found != tenant => {
            let text = format!("it is of {found}, not of {tenant}");
            Err(without_request(SignInReason::TokenOfOtherTenant, text))
        }
        _ => Ok(token),
    }
}

/// The tenant in the path of an issuer or of a token endpoint.
fn tenant_in(url: &str) -> Option<Uuid> {
    url.split('/').find_map(|part| Uuid::parse_str(part).ok())
}
