//! The sign-in service's own requests: discovery, and a token for whoever proves to be somebody. A
//! tenant name and a request go in, an answer comes out; URLs are built from the name by which the
//! client reached us.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::access_token::Claims;
use super::client_credentials::{self, is_our_host};
use super::device_endpoint;
use super::form::Form;
use super::published::UNKNOWN_INSTANCE;
use super::refusal::Refusal;
use super::scope::Consent;
use crate::emulator::message::{Answer, Request};
use crate::emulator::service::Service;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`
pub(crate) fn discovery(service: &Service, tenant: &str, request: &Request) -> Answer {
    if !service.tenant.is_called(tenant) {
        return Refusal::unknown_tenant(tenant).answer(request, service.clock.now());
    }
    let base = format!("{}/{}", request.origin(), service.tenant.id);
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

/// `GET /{tenant}/discovery/v2.0/keys`: none, since our tokens are for us alone.
pub(crate) fn keys() -> Answer {
    Answer::json(StatusCode::OK, &json!({ "keys": [] }))
}

/// `GET /common/discovery/instance`: what MSAL asks before it believes in an authority.
pub(crate) fn instance(service: &Service, request: &Request) -> Answer {
    let asked = request.query_value("authorization_endpoint").unwrap_or_default();
    let known = url::Url::parse(&asked)
        .ok()
        .filter(|url| url.host_str().is_some_and(|host| is_our_host(host, request.host())));
    let Some(url) = known else {
        return Refusal::from(UNKNOWN_INSTANCE).answer(request, service.clock.now());
    };
    let tenant = url.path_segments().and_then(|mut path| path.next()).unwrap_or("common");
    let origin = url.origin().ascii_serialization();
    let cloud = |network: &str, cache: &str, aliases: &[&str]| json!({ "preferred_network": network, "preferred_cache": cache, "aliases": aliases });
    let body = json!({
        "tenant_discovery_endpoint":
            format!("{origin}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [
            cloud("login.microsoftonline.com", "login.windows.net", &[
                "login.microsoftonline.com", "login.windows.net", "login.microsoft.com",
                "sts.windows.net",
            ]),
            cloud("login.partner.microsoftonline.cn", "login.partner.microsoftonline.cn", &[
                "login.partner.microsoftonline.cn", "login.chinacloudapi.cn",
            ]),
            cloud("login.microsoftonline.us", "login.microsoftonline.us", &[
                "login.microsoftonline.us", "login.usgovcloudapi.net",
            ]),
        ],
    });
    Answer::json(StatusCode::OK, &body)
}

/// `POST /{tenant}/oauth2/v2.0/token`
pub(crate) fn token(service: &Service, tenant: &str, request: &Request) -> Answer {
    let body = grant(service, tenant, request).map(|grant| grant.body(service));
    match body {
        Err(refusal) => refusal.answer(request, service.clock.now()),
        Ok(Err(_)) => Answer::json(StatusCode::INTERNAL_SERVER_ERROR, &json!({})),
        Ok(Ok(body)) => {
            Answer::json(StatusCode::OK, &body).with_header("cache-control", "no-store, no-cache")
        }
    }
}

/// What was granted.
struct Grant {
    claims: Claims,
    /// A person's.
    consent: Option<Consent>,
    /// MSAL asks in this way who signed in.
    client_info: bool,
}

fn grant(service: &Service, tenant: &str, request: &Request) -> Result<Grant, Refusal> {
    if !service.tenant.is_called(tenant) {
        return Err(Refusal::unknown_tenant(tenant));
    }
    let (form, now) = (Form::of(request), service.clock.now());
    let kind = form.required("grant_type")?;
    if kind != "client_credentials" && kind != DEVICE_CODE {
        return Err(Refusal::grant_type(&kind));
    }
    service.sign_in.refusing.next()?;
    let (claims, consent) = if kind == DEVICE_CODE {
        let (claims, consent) = device_endpoint::redeem(service, tenant, &form, now)?;
        (claims, Some(consent))
    } else {
        (client_credentials::grant(service, tenant, &form, request.host(), now)?, None)
    };
    let claims = claims.lasting(service.sign_in.token_lifetime);
    Ok(Grant { claims, consent, client_info: form.field("client_info").is_some() })
}

impl Grant {
    fn body(&self, service: &Service) -> Result<Value, jsonwebtoken::errors::Error> {
        let claims = &self.claims;
        let mut body = json!({
            "token_type": "Bearer",
            "expires_in": service.sign_in.token_lifetime,
            "ext_expires_in": service.sign_in.token_lifetime,
            "access_token": claims.sign(&service.token_key)?,
        });
        let Some(consent) = &self.consent else {
            return Ok(body);
        };
        body["scope"] = consent.granted.join(" ").into();
        if consent.open_id {
            body["id_token"] = claims.id_token(&service.token_key)?.into();
        }
        if self.client_info {
            let info = json!({ "uid": claims.oid, "utid": claims.tid });
            body["client_info"] = URL_SAFE_NO_PAD.encode(info.to_string()).into();
        }
        Ok(body)
    }
}
