//! The token of this machine's own identity in Azure, from an endpoint that only the machine can
//! reach (Microsoft, "How to use managed identities for Azure resources on an Azure VM"; for App
//! Service "How to use managed identities for App Service": `api-version` 2019-08-01).

use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::call::{Caller, Grant, TokenAnswer, add_secret, get};
use crate::client::attempts::Request;
use crate::client::resource;
use crate::client::sign_in::ManagedIdentityEndpoint;
use crate::client::sign_in_error::{SignInError, SignInReason};

pub(super) async fn fetch(
    caller: Caller<'_>,
    endpoint: &ManagedIdentityEndpoint,
    client_id: Option<Uuid>,
    scope: &str,
) -> Result<Grant, SignInError> {
    let started = caller.client.now();
    let request = request(endpoint, client_id, scope);
    match caller.call::<TokenAnswer>(&request).await {
        Ok((answer, trace)) => answer.grant(started, trace),
        Err(mut error) => {
            // Nobody at that address means no Azure, and no proxy or certificate helps.
            if matches!(error.reason, SignInReason::Unreachable | SignInReason::Unavailable) {
                error.reason = SignInReason::NoManagedIdentity;
            }
            Err(error)
        }
    }
}

fn request(endpoint: &ManagedIdentityEndpoint, client_id: Option<Uuid>, scope: &str) -> Request {
    let (mut url, version) = match endpoint {
        ManagedIdentityEndpoint::Imds { base } => {
            let mut url = base.clone();
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().extend(["metadata", "identity", "oauth2", "token"]);
            }
            (url, "2018-02-01")
        }
        ManagedIdentityEndpoint::AppService { endpoint, .. } => (endpoint.clone(), "2019-08-01"),
    };
    url.query_pairs_mut()
        .append_pair("api-version", version)
        .append_pair("resource", resource::of_scope(scope))
        .extend_pairs(client_id.map(|id| ("client_id", id.to_string())));
    let mut request = get(url, "access token");
    match endpoint {
        // Refused without it, so that nobody is tricked into fetching the address.
        ManagedIdentityEndpoint::Imds { .. } => {
            request.headers.insert("metadata", HeaderValue::from_static("true"));
        }
        ManagedIdentityEndpoint::AppService { header, .. } => {
            add_secret(&mut request, "x-identity-header", header.expose_secret());
        }
    }
    request
}
