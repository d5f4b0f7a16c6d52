//! The device code flow's three doors: where a program asks for a code, where the administrator
//! answers, and what the token endpoint does with a poll. Whose permissions a person's token
//! carries is the directory's business.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use uuid::{Uuid, uuid};

use super::access_token::Claims;
use super::device_code::LIFETIME;
use super::form::Form;
use super::published::NO_CREDENTIAL;
use super::refusal::Refusal;
use super::scope::{Consent, Program, of_person};
use crate::emulator::message::{Answer, Request};
use crate::emulator::service::Service;

/// Microsoft Graph Command Line Tools.
const GRAPH_TOOLS: Uuid = uuid!("14d82eec-204b-4c2f-b7e8-296a70dab67e");
const AZURE_CLI: Uuid = uuid!("04b07795-8ddb-461a-bbee-02f9e1bf7b46");

/// `POST /{tenant}/oauth2/v2.0/devicecode`
pub(crate) fn device_code(service: &Service, tenant: &str, request: &Request) -> Answer {
    let now = service.clock.now();
    let issued = issue(service, tenant, request, now);
    issued.unwrap_or_else(|refusal| refusal.answer(request, now))
}

fn issue(
    service: &Service,
    tenant: &str,
    request: &Request,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if !service.tenant.is_called(tenant) {
        return Err(Refusal::unknown_tenant(tenant));
    }
    let form = Form::of(request);
    let client_id = form.required("client_id")?;
    let client = client(service, tenant, &client_id, now)?;
    let consent = of_person(&form.required("scope")?, tenant, client.program)?;
    let devices = &service.sign_in.devices;
    let codes = devices.issue(&client_id, consent, now);
    let (uri, user_code) = (format!("{}/_emulator/device", request.origin()), codes.user_code);
    let body = json!({
        "user_code": user_code,
        "device_code": codes.device_code,
        "verification_uri": uri,
        "expires_in": LIFETIME,
        "interval": devices.interval,
        "message": format!(
            "To sign in, use a web browser to open the page {uri} and enter the code {user_code} to authenticate."
        ),
    });
    Ok(Answer::json(StatusCode::OK, &body).with_header("cache-control", "no-store, no-cache"))
}

/// A program that keeps no secret.
struct Client {
    id: Uuid,
    name: String,
    program: Program,
    /// Whether it may sign people in without a credential of its own.
    public: bool,
}

fn client(
    service: &Service,
    tenant: &str,
    client_id: &str,
    now: Timestamp,
) -> Result<Client, Refusal> {
    let unknown = || Refusal::unknown_application(client_id, tenant);
    let id = Uuid::try_parse(client_id).map_err(|_| unknown())?;
    let known = |name: &str, program| Client { id, name: name.to_owned(), program, public: true };
    match id {
        GRAPH_TOOLS => return Ok(known("Microsoft Graph Command Line Tools", Program::GraphTools)),
        AZURE_CLI => return Ok(known("Microsoft Azure CLI", Program::AzureCli)),
        _ => {}
    }
    let replica = service.directory.replica(now);
    let application = replica.application_of(id).ok_or_else(unknown)?;
    if application.disabled {
        return Err(Refusal::disabled_application(client_id, &application.display_name));
    }
    Ok(Client {
        id,
        name: application.display_name.clone(),
        program: Program::Registered,
        public: application.properties.get("isFallbackPublicClient") == Some(&json!(true)),
    })
}

/// What a poll is worth.
pub(crate) fn redeem(
    service: &Service,
    tenant: &str,
    form: &Form<'_>,
    now: Timestamp,
) -> Result<(Claims, Consent), Refusal> {
    let client_id = form.required("client_id")?;
    let client = client(service, tenant, &client_id, now)?;
    if !client.public {
        return Err(NO_CREDENTIAL.into());
    }
    let device_code = form.required("device_code")?;
    let consent = service.sign_in.devices.poll(&client_id, &device_code, now)?;
    let user = &service.administrator;
    let roles = service.directory.replica(now).directory_roles_of(user.id);
    let program = (client.id, client.name.as_str());
    let claims = Claims::of_person(user, &roles, program, &consent, service.tenant.id, now);
    Ok((claims, consent))
}

/// `POST /_emulator/device`: `user_code` and `answer`, which is `approve` or `decline`.
pub(crate) fn answer(service: &Service, request: &Request) -> Answer {
    let form = Form::of(request);
    let now = service.clock.now();
    let approve = match form.field("answer").as_deref() {
        Some("approve") => true,
        Some("decline") => false,
        _ => {
            let text = "`answer` is `approve` or `decline`.\n".to_owned();
            return Answer::text_of(StatusCode::BAD_REQUEST, text);
        }
    };
    let user_code = form.field("user_code").unwrap_or_default();
    if let Err(refusal) = service.sign_in.devices.answer(&user_code, approve, now) {
        return Refusal::from(refusal).answer(request, now);
    }
    let said = if approve { "approved" } else { "declined" };
    let name = &service.administrator.user_principal_name;
    Answer::text_of(StatusCode::OK, format!("{name} has {said} the sign-in.\n"))
}

/// `GET /_emulator/device`: the same for a person with a browser.
pub(crate) fn page(service: &Service) -> Answer {
    let name = &service.administrator.user_principal_name;
    let body = format!(
        "<!doctype html><meta charset=utf-8><title>Sign in</title>\
         <h1>Sign in to a program</h1><p>You are {name}.</p>\
         <form method=post><p><label>Code <input name=user_code autofocus required></label></p>\
         <p><button name=answer value=approve>Approve</button> \
         <button name=answer value=decline>Decline</button></p></form>"
    );
    Answer::new(StatusCode::OK, "text/html; charset=utf-8", body.into_bytes())
}
