//! The two doors through which a program on Azure gets a token without a credential: the instance
//! metadata service of a virtual machine, and the endpoint of App Service (Azure docs, "How to use
//! managed identities to acquire an access token"). The identity is the generated application, or
//! another one of the directory that `client_id` names.

use axum::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::access_token::{Claims, Resource};
use super::client_credentials::principal;
use super::refusal::Refusal;
use crate::emulator::message::{Answer, Request};
use crate::emulator::service::Service;

/// `GET /metadata/identity/oauth2/token`
pub(crate) fn instance_metadata(service: &Service, request: &Request) -> Answer {
    let refused = |error: &str, text: &str| {
        let body = json!({ "error": error, "error_description": text });
        Answer::json(StatusCode::BAD_REQUEST, &body)
    };
    let is_asked = |value: &str| value.eq_ignore_ascii_case("true");
    if !request.header("metadata").is_some_and(is_asked) {
        return refused("invalid_request", "Required metadata header not specified");
    }
    match token(service, request) {
        Ok(mut token) => {
            // Numbers travel as text here, unlike at the token endpoint.
            let lifetime = service.sign_in.token_lifetime.to_string();
            token["expires_in"] = lifetime.as_str().into();
            token["ext_expires_in"] = lifetime.into();
            token["not_before"] = service.clock.now().as_second().to_string().into();
            Answer::json(StatusCode::OK, &token)
        }
        Err((error, text)) => refused(error, &text),
    }
}

/// `GET /msi/token`
pub(crate) fn app_service(service: &Service, request: &Request) -> Answer {
    let refused = |status: StatusCode, text: &str| {
        Answer::json(status, &json!({ "statusCode": status.as_u16(), "message": text }))
    };
    if request.header("x-identity-header").is_none_or(str::is_empty) {
        return refused(StatusCode::UNAUTHORIZED, "The X-IDENTITY-HEADER header is missing.");
    }
    match token(service, request) {
        Ok(token) => Answer::json(StatusCode::OK, &token),
        Err((_, text)) => refused(StatusCode::BAD_REQUEST, &text),
    }
}

fn token(service: &Service, request: &Request) -> Result<Value, (&'static str, String)> {
    let invalid = |text: &str| ("invalid_request", text.to_owned());
    let missing = |name: &str| {
        let text = format!("Required query variable '{name}' is missing");
        ("invalid_request", text)
    };
    request.query_value("api-version").ok_or_else(|| missing("api-version"))?;
    let name = request.query_value("resource").ok_or_else(|| missing("resource"))?;
    let now = service.clock.now();
    let id = match request.query_value("client_id") {
        Some(id) => Uuid::try_parse(&id).map_err(|_| invalid("Identity not found"))?,
        None => service.generated().client_id,
    };
    let application = service.directory.sign_in_view(now, id);
    let application = application.ok_or_else(|| invalid("Identity not found"))?;
    let refused = |refusal: Refusal| (refusal.error, refusal.described());
    let organization = &service.tenant.organization;
    let principal = principal(&application, organization).map_err(refused)?;
    let resource = Resource::named(&name)
        .ok_or_else(|| refused(Refusal::unknown_resource(&name, organization)))?;
    let claims = Claims::new(&application, principal, service.tenant.id, (resource, &name), now)
        .lasting(service.sign_in.token_lifetime);
    let access_token =
        claims.sign(&service.token_key).map_err(|_| invalid("The token cannot be signed"))?;
    Ok(json!({
        "access_token": access_token,
        "client_id": claims.appid,
        "expires_on": claims.exp.to_string(),
        "resource": name,
        "token_type": "Bearer",
    }))
}
