//! `owners` of applications and service principals: who may change them with the lesser
//! permission.

use axum::http::Method;
use serde_json::Value;
use uuid::Uuid;

use super::caller::READ_APPLICATIONS;
use super::failure::Failure;
use super::listing::{self, Kind};
use super::path::Key;
use super::{Call, addressed, no_content, shown};
use crate::emulator::entra::snapshot::{Entry, Snapshot};
use crate::emulator::message::Answer;

const KIND: Kind = Kind {
    set: "directoryObjects",
    resource: "DirectoryObject",
    filterable: &["id", "displayName"],
    hidden: &[],
};

/// An object that may own: a service principal or the administrator.
pub(crate) fn found(call: &Call<'_>, all: &Snapshot, id: Uuid) -> Result<Uuid, Failure> {
    let is_there = all.service_principals.contains_key(&id) || person(call, id).is_some();
    if is_there { Ok(id) } else { Err(Failure::not_found(&id.to_string())) }
}

fn person(call: &Call<'_>, id: Uuid) -> Option<Value> {
    let user = &call.service.administrator;
    (user.id == id).then(|| {
        let mut object = shown::user(user);
        object["@odata.type"] = "#microsoft.graph.user".into();
        object
    })
}

pub(crate) fn of_application(call: &Call<'_>, key: &Key, rest: &[&str]) -> Result<Answer, Failure> {
    if let ([], &Method::GET) = (rest, &call.method) {
        call.caller.needs(READ_APPLICATIONS)?;
        return list(call, &addressed::application(&call.replica, key)?.owners);
    }
    call.commit(|sight| {
        let mut application = addressed::application_to_write(sight, key)?;
        call.caller.needs_to_write(&application.owners)?;
        change(call, &sight.replica, &mut application.owners, rest)?;
        Ok((vec![Entry::Application(Box::new(application))], ()))
    })?;
    Ok(no_content())
}

pub(crate) fn of_service_principal(
    call: &Call<'_>,
    key: &Key,
    rest: &[&str],
) -> Result<Answer, Failure> {
    if let ([], &Method::GET) = (rest, &call.method) {
        call.caller.needs(READ_APPLICATIONS)?;
        return list(call, &addressed::service_principal(&call.replica, key)?.owners);
    }
    call.commit(|sight| {
        let mut principal = addressed::service_principal_to_write(sight, key)?;
        call.caller.needs_to_write(&principal.owners)?;
        change(call, &sight.replica, &mut principal.owners, rest)?;
        Ok((vec![Entry::ServicePrincipal(Box::new(principal))], ()))
    })?;
    Ok(no_content())
}

fn list(call: &Call<'_>, owners: &[Uuid]) -> Result<Answer, Failure> {
    let shown = |id: &Uuid| {
        let principal = call.replica.service_principals.get(id).map(|it| {
            let mut object = shown::service_principal(it);
            object["@odata.type"] = "#microsoft.graph.servicePrincipal".into();
            object
        });
        principal.or_else(|| person(call, *id))
    };
    let mut owners = owners.to_vec();
    owners.sort_unstable();
    listing::page(call, &KIND, owners.iter().filter_map(shown).collect())
}

fn change(
    call: &Call<'_>,
    all: &Snapshot,
    owners: &mut Vec<Uuid>,
    rest: &[&str],
) -> Result<(), Failure> {
    match (rest, &call.method) {
        (["$ref"], &Method::POST) => {
            let owner = found(call, all, reference(call)?)?;
            if owners.contains(&owner) {
                return Err(Failure::bad(
                    "One or more added object references already exist for the following modified properties: 'owners'.",
                ));
            }
            owners.push(owner);
            Ok(())
        }
        ([id, "$ref"], &Method::DELETE) => {
            let owner = addressed::guid(id)?;
            if !owners.contains(&owner) {
                return Err(Failure::not_found(id));
            }
            owners.retain(|other| *other != owner);
            Ok(())
        }
        ([] | ["$ref"] | [_, "$ref"], _) => Err(Failure::method_not_allowed()),
        ([first, ..], _) => Err(Failure::no_such_segment(first)),
    }
}

/// `{"@odata.id": "…/directoryObjects/{id}"}`
fn reference(call: &Call<'_>) -> Result<Uuid, Failure> {
    let body: Value = serde_json::from_slice(&call.request.body).unwrap_or_default();
    super::body::reference(&body["@odata.id"])
}
