//! `/servicePrincipals`: made for an application, upserted by `appId`, read, changed, deleted, and
//! the permissions on both of its sides. Sources: the pages of the servicePrincipal resource,
//! `serviceprincipal-upsert`, terraform-provider-azuread.

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::application_properties::set_on_service_principal;
use super::applications::without_principal;
use super::body::{self, Body};
use super::caller::READ_APPLICATIONS;
use super::failure::Failure;
use super::listing::{self, Kind};
use super::path::{Key, Segment};
use super::{Call, addressed, app_role_assignments, no_content, owners, shown};
use crate::emulator::entra::Sight;
use crate::emulator::entra::objects::ServicePrincipal;
use crate::emulator::entra::snapshot::{Entry, Snapshot};
use crate::emulator::message::Answer;

const RESOURCE: &str = "ServicePrincipal";
pub(crate) const KIND: Kind = Kind {
    set: "servicePrincipals",
    resource: RESOURCE,
    filterable: &[
        "id",
        "accountEnabled",
        "appId",
        "appOwnerOrganizationId",
        "displayName",
        "servicePrincipalNames",
        "servicePrincipalType",
        "tags",
    ],
    hidden: &[],
};

pub(crate) fn run(call: &Call<'_>, key: Option<&Key>, rest: &[Segment]) -> Result<Answer, Failure> {
    let (key, rest) = addressed::split(key, rest);
    let names: Vec<&str> = rest.iter().map(|segment| segment.name.as_str()).collect();
    match (key, names.as_slice(), &call.method) {
        (None, [], &Method::GET) => listing::page(call, &KIND, all(call)?),
        (None, ["$count"], &Method::GET) => listing::count(call, &KIND, all(call)?),
        (None, [], &Method::POST) => create(call),
        (Some(key), [], &Method::GET) => {
            call.caller.needs(READ_APPLICATIONS)?;
            let principal = addressed::service_principal(&call.replica, &key)?;
            listing::one(call, &KIND, &shown::service_principal(&principal))
        }
        (Some(key), [], &Method::PATCH) => patch(call, &key),
        (Some(key), [], &Method::DELETE) => delete(call, &key),
        (Some(key), ["owners", ..], _) => owners::of_service_principal(call, &key, &names[1..]),
        (Some(key), ["appRoleAssignedTo", ..], _) => {
            app_role_assignments::run(call, &key, app_role_assignments::Side::Resource, &names[1..])
        }
        (Some(key), ["appRoleAssignments", ..], _) => {
            app_role_assignments::run(call, &key, app_role_assignments::Side::Client, &names[1..])
        }
        (_, [], _) => Err(Failure::method_not_allowed()),
        (_, [first, ..], _) => Err(Failure::no_such_segment(first)),
    }
}

fn all(call: &Call<'_>) -> Result<Vec<Value>, Failure> {
    call.caller.needs(READ_APPLICATIONS)?;
    Ok(call.replica.service_principals.values().map(|it| shown::service_principal(it)).collect())
}

fn create(call: &Call<'_>) -> Result<Answer, Failure> {
    call.caller.needs_to_create()?;
    let body = body::object(call.request)?;
    let app_id = body::guid(&body, "appId", RESOURCE)?;
    let made = call.commit(|sight| {
        if sight.primary.service_principal_of(app_id).is_some() {
            return Err(Failure::new(
                StatusCode::CONFLICT,
                "Request_MultipleObjectsWithSameKeyValue",
                format!(
                    "The service principal cannot be created, updated, or restored because the service principal name {app_id} is already in use."
                ),
            ));
        }
        new(call, sight, app_id, &body)
    })?;
    Ok(listing::created(call, &KIND, &shown::service_principal(&made)))
}

type Made = (Vec<Entry>, ServicePrincipal);

/// The application is looked up where reads find it: a new one is not there yet.
fn new(call: &Call<'_>, sight: &Sight, app_id: Uuid, body: &Body) -> Result<Made, Failure> {
    let Some(application) = sight.replica.application_of(app_id) else {
        return Err(if call.caller.is_confined_to_owned() {
            Failure::application_elsewhere()
        } else {
            Failure::bad(format!(
                "The appId '{app_id}' of the service principal does not reference a valid application object."
            ))
        });
    };
    call.caller.needs_to_write(&application.owners)?;
    let mut principal = ServicePrincipal {
        id: sight.primary.fresh_id("service principal", &app_id.to_string()),
        app_id,
        display_name: application.display_name.clone(),
        owner_organization: call.service.tenant.id,
        account_enabled: true,
        created: call.now,
        owners: call.caller.as_owner(),
        app_roles: Vec::new(),
        properties: Map::new(),
    };
    set_all(&mut principal, body)?;
    Ok((vec![Entry::ServicePrincipal(Box::new(principal.clone()))], principal))
}

fn set_all(principal: &mut ServicePrincipal, body: &Body) -> Result<(), Failure> {
    for (name, value) in body {
        match name.as_str() {
            "appId" if value.as_str() == Some(&principal.app_id.to_string()) => {}
            // It has the name of its application.
            "displayName" if value.is_string() => {}
            "displayName" => return Err(Failure::value(name, RESOURCE)),
            "accountEnabled" => {
                principal.account_enabled =
                    value.as_bool().ok_or_else(|| Failure::value(name, RESOURCE))?;
            }
            "keyCredentials" | "passwordCredentials"
                if value.as_array().is_some_and(Vec::is_empty) => {}
            _ => set_on_service_principal(&mut principal.properties, name, value)?,
        }
    }
    Ok(())
}

/// An update, or with `Prefer: create-if-missing` on an `appId` an upsert.
fn patch(call: &Call<'_>, key: &Key) -> Result<Answer, Failure> {
    let upserts = key.name.as_deref() == Some("appId") && call.creates_if_missing();
    if upserts {
        call.caller.needs_to_create()?;
    }
    let body = body::object(call.request)?;
    let made = call.commit(|sight| {
        let there = if upserts {
            let app_id = addressed::guid(&key.value)?;
            let Some(there) = sight.primary.service_principal_of(app_id) else {
                let (entries, made) = new(call, sight, app_id, &body)?;
                return Ok((entries, Some(made)));
            };
            ServicePrincipal::clone(there)
        } else {
            addressed::service_principal_to_write(sight, key)?
        };
        Ok((changed(call, &sight.primary, &there, &body)?, None))
    })?;
    Ok(match made {
        Some(made) => listing::created(call, &KIND, &shown::service_principal(&made)),
        None => no_content(),
    })
}

/// Whoever owns its application owns it too.
fn needs_to_write(
    call: &Call<'_>,
    all: &Snapshot,
    principal: &ServicePrincipal,
) -> Result<(), Failure> {
    let application = all.application_of(principal.app_id).map(|it| it.owners.clone());
    let owners = [principal.owners.clone(), application.unwrap_or_default()].concat();
    call.caller.needs_to_write(&owners)
}

fn changed(
    call: &Call<'_>,
    all: &Snapshot,
    before: &ServicePrincipal,
    body: &Body,
) -> Result<Vec<Entry>, Failure> {
    needs_to_write(call, all, before)?;
    let mut after = before.clone();
    set_all(&mut after, body)?;
    let is_new = after != *before;
    Ok(is_new.then(|| Entry::ServicePrincipal(Box::new(after))).into_iter().collect())
}

fn delete(call: &Call<'_>, key: &Key) -> Result<Answer, Failure> {
    call.commit(|sight| {
        let principal = addressed::service_principal_to_write(sight, key)?;
        needs_to_write(call, &sight.primary, &principal)?;
        Ok((without_principal(call, &sight.primary, &principal), ()))
    })?;
    Ok(no_content())
}
