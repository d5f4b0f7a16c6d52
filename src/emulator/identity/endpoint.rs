//! The two sign-in requests a client makes: discovery and a token for an application that proves
//! itself by certificate. A tenant name and a request go in, an answer comes out; URLs are built
//! from the name by which the client reached us.

use axum::http::StatusCode;
use serde_json::json;

use super::access_token::{Claims, LIFETIME, Resource};
use super::assertion::{Expected, judge};
use super::refusal::Refusal;
use crate::emulator::message::{Answer, Request};
use crate::emulator::service::Service;

/// The published authorities: an assertion may be addressed to them though it comes to us.
const AUTHORITIES: [&str; 5] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
];
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`
pub(crate) fn discovery(service: &Service, tenant: &str, request: &Request) -> Answer {
    if !service.tenant.is_called(tenant) {
        return Refusal::unknown_tenant(tenant).answer(request, service.clock.now());
    }
    let (host, id) = (request.host(), service.tenant.id);
    let base = format!("http://{host}/{id}");
    let body = json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("{base}/v2.0"),
        "request_uri_parameter_supported": false,
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": "graph.microsoft.com",
    });
    Answer::json(StatusCode::OK, &body)
}

/// `POST /{tenant}/oauth2/v2.0/token`
pub(crate) fn token(service: &Service, tenant: &str, request: &Request) -> Answer {
    let now = service.clock.now();
    let grant = grant(service, tenant, request);
    match grant.map(|claims| claims.sign(&service.token_key)) {
        Err(refusal) => refusal.answer(request, now),
        Ok(Err(_)) => Answer::json(StatusCode::INTERNAL_SERVER_ERROR, &json!({})),
        Ok(Ok(access_token)) => {
            let body = json!({
                "token_type": "Bearer",
                "expires_in": LIFETIME,
                "ext_expires_in": LIFETIME,
                "access_token": access_token,
            });
            Answer::json(StatusCode::OK, &body).with_header("cache-control", "no-store, no-cache")
        }
    }
}

fn grant(service: &Service, tenant: &str, request: &Request) -> Result<Claims, Refusal> {
    if !service.tenant.is_called(tenant) {
        return Err(Refusal::unknown_tenant(tenant));
    }
    let field = |name: &str| {
        url::form_urlencoded::parse(&request.body)
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    };
    let grant_type = field("grant_type").ok_or_else(|| Refusal::missing("grant_type"))?;
    if grant_type != "client_credentials" {
        return Err(Refusal::grant_type(&grant_type));
    }
    let client_id = field("client_id").ok_or_else(|| Refusal::missing("client_id"))?;
    if !client_id.eq_ignore_ascii_case(&service.application.client_id.to_string()) {
        return Err(Refusal::unknown_application(&client_id, tenant));
    }
    let Some(assertion) = field("client_assertion") else {
        return Err(match field("client_secret") {
            Some(_) => Refusal::wrong_secret(&client_id),
            None => Refusal::no_credential(),
        });
    };
    match field("client_assertion_type") {
        Some(kind) if kind == JWT_BEARER => {}
        Some(_) => return Err(Refusal::malformed("The client_assertion_type is not supported.")),
        None => return Err(Refusal::missing("client_assertion_type")),
    }
    let expected = Expected {
        client_id: &client_id,
        certificate: &service.certificate,
        is_our_host: &|host| is_our_host(host, request.host()),
        is_our_tenant: &|name| service.tenant.is_called(name),
        now: service.clock.now(),
    };
    judge(&assertion, &expected)?;
    let scope = field("scope").ok_or_else(|| Refusal::missing("scope"))?;
    let (resource, audience) = resource(&scope, tenant)?;
    let now = service.clock.now();
    Ok(Claims::new(&service.application, service.tenant.id, resource, audience, now))
}

/// One resource and `/.default` (client-credentials docs).
fn resource<'a>(scope: &'a str, tenant: &str) -> Result<(Resource, &'a str), Refusal> {
    // MSAL adds nothing here, yet OpenID scopes beside the resource are let through by Entra.
    let mut scopes = scope
        .split_whitespace()
        .filter(|scope| !["openid", "profile", "offline_access"].contains(scope));
    let first = scopes.next().ok_or_else(|| Refusal::scope(scope))?;
    if scopes.next().is_some() {
        return Err(Refusal::two_resources(scope));
    }
    let name = first.strip_suffix("/.default").ok_or_else(|| Refusal::scope(scope))?;
    let resource = Resource::named(name).ok_or_else(|| Refusal::unknown_resource(name, tenant))?;
    Ok((resource, name))
}

fn is_our_host(host: &str, reached_by: &str) -> bool {
    let ours = url::Url::parse(&format!("http://{reached_by}"))
        .ok()
        .and_then(|url| url.host_str().map(str::to_ascii_lowercase));
    let host = host.to_ascii_lowercase();
    ours.as_deref() == Some(&host)
        || ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str())
        || AUTHORITIES.contains(&host.as_str())
}
