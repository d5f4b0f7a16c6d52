//! An application that signs in as itself: it proves who it is by an assertion, its own or that of
//! an issuer it trusts, and gets a token for one resource (Entra docs, "client credentials flow").

use jiff::Timestamp;
use uuid::Uuid;

use super::access_token::Claims;
use super::assertion::{self, Expected};
use super::federation;
use super::form::Form;
use super::jwt::Jwt;
use super::published::NO_CREDENTIAL;
use super::refusal::Refusal;
use super::scope::of_application;
use crate::emulator::entra::sign_in::{PrincipalView, SignInView};
use crate::emulator::service::Service;

/// The published authorities: an assertion may be addressed to them though it comes to us.
pub(crate) const AUTHORITIES: [&str; 5] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
];
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// `host` is the name by which the client reached us.
pub(crate) fn grant(
    service: &Service,
    tenant: &str,
    form: &Form<'_>,
    host: &str,
    now: Timestamp,
) -> Result<Claims, Refusal> {
    let client_id = form.required("client_id")?;
    let application = Uuid::try_parse(&client_id)
        .ok()
        .and_then(|id| service.directory.sign_in_view(now, id))
        .ok_or_else(|| Refusal::unknown_application(&client_id, tenant))?;
    let Some(assertion) = form.field("client_assertion") else {
        return Err(match form.field("client_secret") {
            Some(_) => Refusal::wrong_secret(&client_id),
            None => NO_CREDENTIAL.into(),
        });
    };
    if form.required("client_assertion_type")? != JWT_BEARER {
        return Err(Refusal::malformed("The client_assertion_type is not supported."));
    }
    let assertion = Jwt::read(&assertion)?;
    if federation::is_external(&assertion) {
        let credentials = &application.federated_credentials;
        federation::judge(&assertion, credentials, &service.sign_in.issuers, now)?;
    } else {
        let expected = Expected {
            client_id: &client_id,
            certificates: &application.certificates,
            is_our_host: &|name| is_our_host(name, host),
            is_our_tenant: &|name| service.tenant.is_called(name),
            now,
        };
        assertion::judge(&assertion, &expected)?;
    }
    let principal = principal(&application, tenant)?;
    let scope = form.required("scope")?;
    let resource = of_application(&scope, tenant)?;
    Ok(Claims::new(&application, principal, service.tenant.id, resource, now))
}

/// As whom an application acts in this tenant.
pub(crate) fn principal<'a>(
    application: &'a SignInView,
    tenant: &str,
) -> Result<&'a PrincipalView, Refusal> {
    let name = application.app_id.to_string();
    let principal = application.service_principal.as_ref();
    let principal = principal.ok_or_else(|| Refusal::no_service_principal(&name, tenant))?;
    if application.disabled || !principal.enabled {
        return Err(Refusal::disabled_application(&name, &application.display_name));
    }
    Ok(principal)
}

/// Whether an authority is one under which this emulator may be addressed.
pub(crate) fn is_our_host(host: &str, reached_by: &str) -> bool {
    let ours = url::Url::parse(&format!("http://{reached_by}"))
        .ok()
        .and_then(|url| url.host_str().map(str::to_ascii_lowercase));
    let host = host.to_ascii_lowercase();
    ours.as_deref() == Some(&host)
        || ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str())
        || AUTHORITIES.contains(&host.as_str())
}
