//! `/directory/deletedItems`: applications and service principals that were deleted and can come
//! back. A restored one has lost what it was granted.

use axum::http::{Method, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use super::caller::READ_APPLICATIONS;
use super::failure::Failure;
use super::listing::{self, Kind};
use super::path::Segment;
use super::{Call, addressed, applications, no_content, service_principals, shown};
use crate::emulator::entra::Sight;
use crate::emulator::entra::snapshot::{Entry, Snapshot};
use crate::emulator::message::Answer;

const ANY: Kind =
    Kind { set: "directoryObjects", resource: "DirectoryObject", filterable: &["id"], hidden: &[] };

pub(crate) fn run(call: &Call<'_>, rest: &[Segment]) -> Result<Answer, Failure> {
    let names: Vec<&str> = rest.iter().map(|segment| segment.name.as_str()).collect();
    match (names.as_slice(), &call.method) {
        (["deletedItems", "microsoft.graph.application"], &Method::GET) => {
            call.caller.needs(READ_APPLICATIONS)?;
            let all = call.replica.deleted_applications.keys();
            let all = all.filter_map(|id| deleted(call, &call.replica, *id));
            listing::page(call, &applications::KIND, all.collect())
        }
        (["deletedItems", "microsoft.graph.servicePrincipal"], &Method::GET) => {
            call.caller.needs(READ_APPLICATIONS)?;
            let all = call.replica.deleted_service_principals.keys();
            let all = all.filter_map(|id| deleted(call, &call.replica, *id));
            listing::page(call, &service_principals::KIND, all.collect())
        }
        (["deletedItems", id], &Method::GET) => {
            call.caller.needs(READ_APPLICATIONS)?;
            let found = deleted(call, &call.replica, addressed::guid(id)?);
            listing::one(call, &ANY, &found.ok_or_else(|| Failure::not_found(id))?)
        }
        (["deletedItems", id], &Method::DELETE) => {
            let id = addressed::guid(id)?;
            call.commit(|sight| Ok((vec![purged(call, sight, id)?], ())))?;
            Ok(no_content())
        }
        (["deletedItems", id, "restore"], &Method::POST) => {
            let id = addressed::guid(id)?;
            let restored = call.commit(|sight| restored(call, sight, id))?;
            let mut answer = listing::created(call, &ANY, &restored);
            answer.status = StatusCode::OK;
            Ok(answer)
        }
        (["deletedItems", ..], _) => Err(Failure::method_not_allowed()),
        _ => Err(Failure::no_such_segment("directory")),
    }
}

fn deleted(call: &Call<'_>, all: &Snapshot, id: Uuid) -> Option<Value> {
    let time = |at: jiff::Timestamp| Value::from(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    if let Some(it) = all.deleted_applications.get(&id) {
        let mut object = typed(
            "application",
            shown::application(&it.object, &call.service.tenant.organization, false),
        );
        object["deletedDateTime"] = time(it.at);
        return Some(object);
    }
    all.deleted_service_principals.get(&id).map(|it| {
        let mut object = typed("servicePrincipal", shown::service_principal(&it.object));
        object["deletedDateTime"] = time(it.at);
        object
    })
}

fn typed(name: &str, mut object: Value) -> Value {
    object["@odata.type"] = format!("#microsoft.graph.{name}").into();
    object
}

fn purged(call: &Call<'_>, sight: &Sight, id: Uuid) -> Result<Entry, Failure> {
    let is_seen = deleted(call, &sight.replica, id).is_some();
    let all = &sight.primary;
    if let Some(it) = all.deleted_applications.get(&id).filter(|_| is_seen) {
        call.caller.needs_to_write(&it.object.owners)?;
        return Ok(Entry::ApplicationPurged(id));
    }
    let principal = all.deleted_service_principals.get(&id).filter(|_| is_seen);
    let principal = principal.ok_or_else(|| Failure::not_found(&id.to_string()))?;
    call.caller.needs_to_write(&principal.object.owners)?;
    Ok(Entry::ServicePrincipalPurged(id))
}

fn restored(call: &Call<'_>, sight: &Sight, id: Uuid) -> Result<(Vec<Entry>, Value), Failure> {
    let is_seen = deleted(call, &sight.replica, id).is_some();
    let all = &sight.primary;
    if let Some(it) = all.deleted_applications.get(&id).filter(|_| is_seen) {
        let object = it.object.clone();
        call.caller.needs_to_write(&object.owners)?;
        let name = object.unique_name.as_deref();
        if name.is_some_and(|name| all.application_named(name).is_some()) {
            return Err(Failure::taken("uniqueName"));
        }
        let organization = &call.service.tenant.organization;
        let shown = typed("application", shown::application(&object, organization, false));
        return Ok((vec![Entry::Application(Box::new(object))], shown));
    }
    let principal = all.deleted_service_principals.get(&id).filter(|_| is_seen);
    let principal = principal.ok_or_else(|| Failure::not_found(&id.to_string()))?;
    let object = principal.object.clone();
    call.caller.needs_to_write(&object.owners)?;
    if all.service_principal_of(object.app_id).is_some() {
        return Err(Failure::taken("servicePrincipalNames"));
    }
    let shown = typed("servicePrincipal", shown::service_principal(&object));
    Ok((vec![Entry::ServicePrincipal(Box::new(object))], shown))
}
