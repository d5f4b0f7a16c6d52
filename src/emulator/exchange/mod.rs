//! The Exchange half of the service: `POST /adminapi/beta/{tenant}/InvokeCommand`. From the token
//! to the envelope; what each cmdlet does is in the files beside this one.
//! Source of the shapes: captured exchanges and public clients of this API; see `docs/emulator.md`.

pub(crate) mod anchor;
pub(crate) mod cmdlet;
pub(crate) mod failure;
pub(crate) mod get_mailbox;
pub(crate) mod mailbox_record;
pub(crate) mod organization;
pub(crate) mod paging;
pub(crate) mod parameters;
pub(crate) mod roles;
pub(crate) mod row;
pub(crate) mod set_mailbox;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use self::cmdlet::Cmdlet;
use self::failure::Failure;
use self::parameters::Parameters;
use self::roles::Permitted;
use super::entra::first_party::MANAGE_AS_APP;
use super::identity::access_token::{self, BadToken, Resource};
use super::message::{Answer, Request};
use super::service::Service;

/// One call of a cmdlet, checked as far as the gateway checks.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) service: &'a Service,
    pub(crate) request: &'a Request,
    /// The tenant's name as the URL has it.
    pub(crate) tenant: &'a str,
    pub(crate) cmdlet: Cmdlet,
    pub(crate) parameters: Parameters,
    /// Of the cmdlet and its parameters; a page link belongs to one.
    pub(crate) digest: String,
    pub(crate) now: Timestamp,
    /// The moment whose tenant reads show.
    pub(crate) seen: Timestamp,
}

/// What a cmdlet gives back.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// JSON objects, separated by commas.
    pub(crate) rows: Vec<u8>,
    pub(crate) warnings: Vec<String>,
    pub(crate) next_link: Option<String>,
    /// The text a client repeats to its user before it calls again with `Confirm: false`.
    pub(crate) confirmation: Option<String>,
}

impl Reply {
    pub(crate) fn warning(text: String) -> Self {
        Self { warnings: vec![text], ..Self::default() }
    }
}

/// Answers one `InvokeCommand`.
pub(crate) fn invoke_command(service: &Service, tenant: &str, request: &Request) -> Answer {
    let mut name = None;
    let outcome = authorize(service, tenant, request)
        .and_then(|permitted| call(service, tenant, request, &permitted, &mut name))
        .and_then(|call| Ok((run(&call)?, call)));
    let mut answer = match outcome {
        Ok((reply, call)) => {
            let answer = envelope(&reply, &call);
            paging::with_affinity(answer, &call)
        }
        Err(failure) => failure.answer(),
    };
    answer.cmdlet = name;
    answer
}

/// 401 where the token does not count, 403 where it counts but its application holds no role.
/// Directory roles are those of the token, as old as it is; the roles that Exchange's own provider
/// gave are looked up.
fn authorize(service: &Service, tenant: &str, request: &Request) -> Result<Permitted, Failure> {
    let token = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(Failure::Unauthorized("No bearer token was sent."))?;
    let tenant_id = service.tenant.id;
    let now = service.clock.now();
    let claims =
        access_token::verify(token.trim(), &service.token_key, Resource::Exchange, tenant_id, now)
            .map_err(|bad| {
                Failure::Unauthorized(match bad {
                    BadToken::NotOurs => "The token has an invalid signature.",
                    BadToken::Expired => "The token has expired.",
                    BadToken::OtherAudience => "The audience claim value is invalid.",
                    BadToken::OtherTenant => "The tenant of the token is another one.",
                })
            })?;
    if !service.tenant.is_called(tenant) {
        return Err(Failure::Unauthorized("The tenant of the token is another one."));
    }
    if !claims.roles.iter().any(|role| role == MANAGE_AS_APP) {
        return Err(Failure::Unauthorized("The token has no permission for this API."));
    }
    let direct = Uuid::try_parse(&claims.oid)
        .map(|principal| service.directory.replica(now).management_roles_of(principal));
    let permitted = Permitted::of(&claims.wids, direct.unwrap_or_default());
    if permitted.is_nothing() { Err(Failure::Forbidden) } else { Ok(permitted) }
}

fn call<'a>(
    service: &'a Service,
    tenant: &'a str,
    request: &'a Request,
    permitted: &Permitted,
    logged: &mut Option<String>,
) -> Result<Call<'a>, Failure> {
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|_| Failure::body("The request body is not valid JSON."))?;
    let input = &body["CmdletInput"];
    let name = input["CmdletName"].as_str().ok_or_else(|| {
        Failure::body("The request body must hold CmdletInput with a CmdletName.")
    })?;
    *logged = Some(name.to_owned());
    // A cmdlet outside the caller's roles looks like one that does not exist.
    let cmdlet =
        Cmdlet::named(name).filter(|cmdlet| permitted.covers(*cmdlet)).ok_or(Failure::Forbidden)?;
    let empty = Map::new();
    let given = match &input["Parameters"] {
        Value::Null => &empty,
        Value::Object(given) => given,
        _ => return Err(Failure::body("Parameters must be an object.")),
    };
    let parameters = Parameters::bind(cmdlet, given)?;
    // serde_json sorts keys, so the order in which a client writes them does not matter.
    let digest = uuid::Builder::from_slice(&Sha256::digest(input.to_string())[..16])
        .map(|builder| builder.into_uuid().simple().to_string())
        .unwrap_or_default();
    let now = service.clock.now();
    let seen = now.checked_sub(request.stale).unwrap_or(now);
    Ok(Call { service, request, tenant, cmdlet, parameters, digest, now, seen })
}

fn run(call: &Call<'_>) -> Result<Reply, Failure> {
    match call.cmdlet {
        Cmdlet::GetMailbox => get_mailbox::run(call),
        Cmdlet::SetMailbox => set_mailbox::run(call),
        Cmdlet::GetOrganizationConfig => Ok(organization::get_config(call)),
        Cmdlet::SetOrganizationConfig => organization::set_config(call),
        Cmdlet::GetAdminAuditLogConfig => Ok(organization::get_audit_log_config(call)),
        Cmdlet::SetAdminAuditLogConfig => organization::set_audit_log_config(call),
        Cmdlet::EnableOrganizationCustomization => organization::enable_customization(call),
    }
}

impl Call<'_> {
    /// Annotations stand beside properties unless the client declines them.
    pub(crate) fn annotated(&self) -> bool {
        !self
            .request
            .header("accept")
            .is_some_and(|accept| accept.to_ascii_lowercase().contains("odata.metadata=none"))
    }

    /// The properties of `$select`, in lower case; none means all.
    pub(crate) fn selected(&self) -> Option<Vec<String>> {
        let select = self.request.query_value("$select")?;
        let names: Vec<_> = select
            .split(',')
            .map(|name| name.trim().to_ascii_lowercase())
            .filter(|name| !name.is_empty())
            .collect();
        (!names.is_empty()).then_some(names)
    }

    /// A dry run: judged in full, changed in nothing.
    pub(crate) fn is_what_if(&self) -> Result<bool, Failure> {
        Ok(self.parameters.boolean("WhatIf")?.unwrap_or(false))
    }

    /// `Confirm: true` asks what would be asked; nothing is done yet.
    pub(crate) fn asks_to_confirm(&self) -> Result<bool, Failure> {
        Ok(self.parameters.boolean("Confirm")?.unwrap_or(false))
    }
}

fn envelope(reply: &Reply, call: &Call<'_>) -> Answer {
    let mut body = Vec::with_capacity(reply.rows.len() + 512);
    body.push(b'{');
    if call.annotated() {
        let (origin, tenant) = (call.request.origin(), call.tenant);
        let context = format!(
            "{origin}/adminapi/beta/{tenant}/$metadata#Collection(Exchange.GenericHashTable)"
        );
        row::member(&mut body, "@odata.context", &context.into());
        row::member(&mut body, "adminapi.warnings@odata.type", &"#Collection(String)".into());
    }
    row::member(&mut body, "@adminapi.warnings", &reply.warnings.clone().into());
    if let Some(text) = &reply.confirmation {
        row::member(&mut body, "@adminapi.confirmationmessage", &text.as_str().into());
    }
    body.extend_from_slice(b"\"value\":[");
    body.extend_from_slice(&reply.rows);
    body.push(b']');
    if let Some(link) = &reply.next_link {
        body.extend_from_slice(b",\"@odata.nextLink\":");
        body.extend_from_slice(Value::from(link.as_str()).to_string().as_bytes());
    }
    body.push(b'}');
    let media_type = if call.annotated() {
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    } else {
        "application/json;odata.metadata=none;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    };
    Answer::new(StatusCode::OK, media_type, body)
}
