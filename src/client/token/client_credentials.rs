//! Sign-in of an application: a form with an assertion, which is either signed here with the
//! certificate's key or is the token of another issuer.

use std::sync::{Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::call::{
    Caller, Grant, MakeRequest, TokenAnswer, add_secret, get, post, without_request,
};
use crate::client::assertion;
use crate::client::attempts::Request;
use crate::client::certificate::Credential;
use crate::client::claims::federated_identity;
use crate::client::sign_in::AssertionSource;
use crate::client::sign_in_error::{SignInError, SignInReason, other_refusal};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// By what the application proves itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Proof<'a> {
    Certificate(&'a Credential),
    Federated(&'a AssertionSource),
}

pub(super) struct ClientCredentials<'a> {
    pub(super) caller: Caller<'a>,
    pub(super) client_id: Uuid,
    pub(super) proof: Proof<'a>,
    /// The token endpoint, which is also the audience of a signed assertion.
    pub(super) url: Url,
    pub(super) scope: &'a str,
    /// Who the last assertion of another issuer said that it is.
    pub(super) identity: Mutex<Option<String>>,
}

#[derive(Deserialize)]
struct GitHubAnswer {
    value: String,
}

impl ClientCredentials<'_> {
    pub(super) async fn fetch(&self) -> Result<Grant, SignInError> {
        let started = self.caller.client.now();
        match self.caller.call::<TokenAnswer>(self).await {
            Ok((answer, trace)) => answer.grant(started, trace),
            Err(error) => Err(self.explained(error)),
        }
    }

    async fn assertion(&self) -> Result<SecretString, SignInError> {
        match self.proof {
            Proof::Certificate(credential) => {
                let (id, now) = (Uuid::new_v4(), self.caller.client.now());
                assertion::sign(credential, self.client_id, self.url.as_str(), id, now)
                    .map_err(|error| without_request(SignInReason::CannotSign, error.to_string()))
            }
            Proof::Federated(AssertionSource::File(path)) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    let text = format!("`{}` cannot be read: {error}", path.display());
                    without_request(SignInReason::NoAssertion, text)
                })?;
                non_empty(&text.into(), || format!("`{}`", path.display()))
            }
            Proof::Federated(AssertionSource::GitHub { url, token, audience }) => {
                self.github(url, token, audience).await
            }
        }
    }

    /// Asks the endpoint of the job, whose address is a secret but for its host.
    async fn github(
        &self,
        url: &SecretString,
        token: &SecretString,
        audience: &str,
    ) -> Result<SecretString, SignInError> {
        let Ok(mut url) = Url::parse(url.expose_secret()) else {
            let text = "the request URL that GitHub gave is no address";
            return Err(without_request(SignInReason::NoAssertion, text));
        };
        let host = url.origin().ascii_serialization();
        url.query_pairs_mut().append_pair("audience", audience);
        let mut request = get(url, "token of the workload");
        let bearer = format!("Bearer {}", token.expose_secret());
        add_secret(&mut request, "authorization", &bearer);
        let caller = Caller { judge: other_refusal, ..self.caller };
        let answer = caller.call::<GitHubAnswer>(&request).await;
        match answer {
            Ok((answer, _)) => non_empty(&answer.value.into(), || host),
            Err(mut error) => {
                error.trace.url = host;
                if error.reason == SignInReason::NotASignInService {
                    error.reason = SignInReason::NoAssertion;
                }
                Err(error)
            }
        }
    }

    /// What has to match a federated credential, in the words of the token that was sent.
    fn explained(&self, mut error: SignInError) -> SignInError {
        let mut identity = self.identity.lock().unwrap_or_else(PoisonError::into_inner);
        if error.trace.status.is_some()
            && let Some(identity) = identity.take()
        {
            let separator = if error.text.is_empty() { "" } else { " " };
            error.text = format!("{}{separator}({identity})", error.text);
        }
        error
    }

    /// An error about the assertion itself is not to show the identity of an earlier one.
    fn remember(&self, identity: Option<String>) {
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = identity;
    }
}

/// Trailing line ends are no part of a token.
fn non_empty(
    token: &SecretString,
    place: impl FnOnce() -> String,
) -> Result<SecretString, SignInError> {
    let trimmed = token.expose_secret().trim();
    if trimmed.is_empty() {
        let text = format!("{} holds no token", place());
        return Err(without_request(SignInReason::NoAssertion, text));
    }
    Ok(SecretString::from(trimmed))
}

impl MakeRequest for ClientCredentials<'_> {
    /// With a new assertion for every try: a signed one outlives ten minutes of throttling only
    /// just, and another issuer's is as short-lived.
    async fn make(&self) -> Result<Request, SignInError> {
        self.remember(None);
        let assertion = self.assertion().await?;
        if let Proof::Federated(_) = self.proof {
            self.remember(Some(federated_identity(assertion.expose_secret())));
        }
        let form = [
            ("client_id", self.client_id.to_string()),
            ("scope", self.scope.to_owned()),
            ("client_assertion_type", ASSERTION_TYPE.to_owned()),
            ("grant_type", "client_credentials".to_owned()),
        ];
        let mut form: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        form.push(("client_assertion", assertion.expose_secret()));
        Ok(post(self.url.clone(), "access token", &form))
    }
}
