//! What the token endpoint says when it refuses: the published AADSTS numbers and texts, and the
//! body around them (Entra docs, reference-error-codes). A number and a text go in, an answer
//! comes out.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::published::Published;
use crate::emulator::message::{Answer, Request};

/// A refusal of the sign-in service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) error: &'static str,
    pub(crate) code: u32,
    pub(crate) text: String,
}

/// What it is that no federated credential has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    Issuer,
    Subject,
    Audience,
}

impl From<Published> for Refusal {
    fn from(published: Published) -> Self {
        let status = StatusCode::from_u16(published.status).unwrap_or(StatusCode::BAD_REQUEST);
        Self::new(status, published.error, published.code, published.text)
    }
}

impl Refusal {
    fn new(status: StatusCode, error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self { status, error, code, text: text.into() }
    }

    fn request(error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, code, text)
    }

    fn client(code: u32, text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", code, text)
    }

    pub(crate) fn unknown_tenant(name: &str) -> Self {
        Self::request(
            "invalid_request",
            90002,
            format!(
                "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
            ),
        )
    }

    pub(crate) fn missing(field: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{field}'.");
        Self::request("invalid_request", 900_144, text)
    }

    pub(crate) fn grant_type(said: &str) -> Self {
        let text = format!("The app requested an unsupported grant type '{said}'.");
        Self::request("unsupported_grant_type", 70003, text)
    }

    pub(crate) fn unknown_application(client_id: &str, tenant: &str) -> Self {
        Self::request(
            "unauthorized_client",
            700_016,
            format!(
                "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
            ),
        )
    }

    /// Azure/Commercial-Marketplace-SaaS-Accelerator#830.
    pub(crate) fn no_service_principal(client_id: &str, tenant: &str) -> Self {
        Self::client(
            7_000_229,
            format!(
                "The client application {client_id} is missing service principal in the tenant {tenant}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119"
            ),
        )
    }

    pub(crate) fn disabled_application(client_id: &str, name: &str) -> Self {
        Self::request(
            "unauthorized_client",
            7_000_112,
            format!("Application '{client_id}'({name}) is disabled."),
        )
    }

    pub(crate) fn wrong_secret(client_id: &str) -> Self {
        Self::client(
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client_id}'."
            ),
        )
    }

    pub(crate) fn malformed(why: &str) -> Self {
        Self::client(50027, format!("JWT token is invalid or malformed. {why}"))
    }

    pub(crate) fn unknown_certificate(thumbprint: &str) -> Self {
        Self::client(
            700_027,
            format!(
                "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '{thumbprint}']"
            ),
        )
    }

    pub(crate) fn expired_certificate(thumbprint: &str) -> Self {
        Self::client(
            700_027,
            format!(
                "The certificate with identifier used to sign the client assertion is expired on application. [Reason - The key used is expired., Thumbprint of key used by client: '{thumbprint}']"
            ),
        )
    }

    pub(crate) fn wrong_signature(thumbprint: &str) -> Self {
        Self::client(
            700_027,
            format!(
                "Client assertion failed signature validation. [Reason - The key was found, but use of the key to verify the signature failed., Thumbprint of key used by client: '{thumbprint}']"
            ),
        )
    }

    pub(crate) fn outside_time(now: Timestamp, from: &str, until: &str) -> Self {
        Self::client(
            700_024,
            format!(
                "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {from}, expiry time of assertion {until}. Review the documentation at https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials ."
            ),
        )
    }

    pub(crate) fn audience() -> Self {
        Self::client(
            700_023,
            "Client assertion audience claim does not match Realm issuer. Review the documentation at https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .",
        )
    }

    pub(crate) fn other_client() -> Self {
        Self::client(
            700_021,
            "Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation at https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .",
        )
    }

    /// Azure/azure-workload-identity#616.
    pub(crate) fn no_federated_credential(issuer: &str, subject: &str, audience: &str) -> Self {
        Self::request(
            "invalid_request",
            70021,
            format!(
                "No matching federated identity record found for presented assertion. Assertion Issuer: '{issuer}'. Assertion Subject: '{subject}'. Assertion Audience: '{audience}'. https://docs.microsoft.com/en-us/azure/active-directory/develop/workload-identity-federation"
            ),
        )
    }

    /// Azure/azure-workload-identity#1200; Azure/login#482.
    pub(crate) fn other_federated(mismatch: Mismatch, said: &str) -> Self {
        let (code, what) = match mismatch {
            Mismatch::Issuer => (700_211, "issuer"),
            Mismatch::Audience => (700_212, "audience"),
            Mismatch::Subject => (700_213, "subject"),
        };
        Self::client(
            code,
            format!(
                "No matching federated identity record found for presented assertion {what} '{said}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
            ),
        )
    }

    pub(crate) fn scope(scope: &str) -> Self {
        Self::request(
            "invalid_scope",
            70011,
            format!(
                "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."
            ),
        )
    }

    pub(crate) fn two_resources(scope: &str) -> Self {
        Self::request(
            "invalid_scope",
            28002,
            format!(
                "Provided value for the input parameter scope '{scope}' is not valid when requesting an access token, as it names more than one resource. Please specify a valid scope."
            ),
        )
    }

    pub(crate) fn unknown_resource(resource: &str, tenant: &str) -> Self {
        Self::request(
            "invalid_resource",
            500_011,
            format!(
                "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant."
            ),
        )
    }

    /// Number and words.
    pub(crate) fn described(&self) -> String {
        format!("AADSTS{}: {}", self.code, self.text)
    }

    /// The published error body ("Microsoft Entra authentication and authorization error codes"); the correlation id is the client's where it sent one.
    pub(crate) fn answer(&self, request: &Request, now: Timestamp) -> Answer {
        let trace = Uuid::new_v4().to_string();
        let correlation = request
            .header("client-request-id")
            .and_then(|id| Uuid::try_parse(id).ok())
            .unwrap_or_else(Uuid::new_v4)
            .to_string();
        let time = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let code = self.code;
        let description = format!(
            "{} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}",
            self.described()
        );
        let mut body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [code],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        });
        if self.error == "interaction_required" {
            // Nothing that a program could do about it (dafthack/MSOLSpray#5).
            body["suberror"] = "message_only".into();
        }
        Answer::json(self.status, &body).with_header("cache-control", "no-store, no-cache")
    }
}
