//! `appRoleAssignedTo` and `appRoleAssignments`: admin consent, seen from the resource that offers
//! a permission and from the client that was given it. Sources: the pages of appRoleAssignment;
//! microsoft-graph-docs#12833; terraform-provider-azuread.

use axum::http::Method;
use serde_json::Value;
use uuid::Uuid;

use super::caller::{READ_ASSIGNMENTS, SEE_APPLICATIONS, WRITE_ASSIGNMENTS};
use super::failure::Failure;
use super::listing::{self, Kind};
use super::path::Key;
use super::{Call, addressed, body, no_content, shown};
use crate::emulator::entra::first_party::MICROSOFT_GRAPH;
use crate::emulator::entra::generated::grant_id;
use crate::emulator::entra::objects::AppRoleAssignment;
use crate::emulator::entra::roles::{
    APPLICATION_ADMINISTRATOR, CLOUD_APPLICATION_ADMINISTRATOR, GLOBAL_ADMINISTRATOR,
    PRIVILEGED_ROLE_ADMINISTRATOR,
};
use crate::emulator::entra::snapshot::{Entry, Snapshot};
use crate::emulator::message::Answer;

/// From which end a path comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Resource,
    Client,
}

const RESOURCE: &str = "AppRoleAssignment";

pub(crate) fn run(
    call: &Call<'_>,
    key: &Key,
    side: Side,
    rest: &[&str],
) -> Result<Answer, Failure> {
    let kind = Kind {
        set: match side {
            Side::Resource => "appRoleAssignedTo",
            Side::Client => "appRoleAssignments",
        },
        resource: RESOURCE,
        filterable: &["resourceId", "principalDisplayName"],
        hidden: &[],
    };
    match (rest, &call.method) {
        ([], &Method::GET) => listing::page(call, &kind, held(call, key, side)?),
        (["$count"], &Method::GET) => listing::count(call, &kind, held(call, key, side)?),
        ([id], &Method::GET) => {
            let found = held(call, key, side)?.into_iter().find(|it| it["id"] == **id);
            listing::one(call, &kind, &found.ok_or_else(|| Failure::not_found(id))?)
        }
        ([], &Method::POST) => grant(call, key, side, &kind),
        ([id], &Method::DELETE) => revoke(call, key, side, id),
        _ => Err(Failure::method_not_allowed()),
    }
}

fn held(call: &Call<'_>, key: &Key, side: Side) -> Result<Vec<Value>, Failure> {
    call.caller.needs(READ_ASSIGNMENTS)?;
    let owner = addressed::service_principal(&call.replica, key)?.id;
    let assignments = call.replica.app_role_assignments.values();
    Ok(assignments
        .filter(|it| end(it, side) == owner)
        .map(|it| shown::app_role_assignment(it, &call.replica))
        .collect())
}

fn end(it: &AppRoleAssignment, side: Side) -> Uuid {
    match side {
        Side::Resource => it.resource_id,
        Side::Client => it.principal_id,
    }
}

/// Both the permission to grant and one to see applications; a person also an administrator's
/// role, a higher one for the permissions of Graph.
fn needs(call: &Call<'_>, all: &Snapshot, resource_id: Uuid) -> Result<(), Failure> {
    call.caller.needs(WRITE_ASSIGNMENTS)?;
    call.caller.needs(SEE_APPLICATIONS)?;
    let is_graph =
        all.service_principals.get(&resource_id).is_some_and(|it| it.app_id == MICROSOFT_GRAPH);
    let high = [GLOBAL_ADMINISTRATOR.template_id, PRIVILEGED_ROLE_ADMINISTRATOR.template_id];
    let low = [APPLICATION_ADMINISTRATOR.template_id, CLOUD_APPLICATION_ADMINISTRATOR.template_id];
    if is_graph {
        call.caller.needs_role(&high)
    } else {
        call.caller.needs_role(&[high, low].concat())
    }
}

fn grant(call: &Call<'_>, key: &Key, side: Side, kind: &Kind) -> Result<Answer, Failure> {
    let body = body::object(call.request)?;
    body::known(&body, &["appRoleId", "principalId", "resourceId", "principalType"])?;
    let principal_id = body::guid(&body, "principalId", RESOURCE)?;
    let resource_id = body::guid(&body, "resourceId", RESOURCE)?;
    let app_role_id = body::guid(&body, "appRoleId", RESOURCE)?;
    call.caller.needs(WRITE_ASSIGNMENTS)?;
    call.caller.needs(SEE_APPLICATIONS)?;
    let made = call.commit(|sight| {
        let addressed = addressed::service_principal(&sight.replica, key)?.id;
        needs(call, &sight.replica, resource_id)?;
        let made = AppRoleAssignment {
            id: grant_id(principal_id, resource_id, app_role_id),
            app_role_id,
            principal_id,
            resource_id,
            created: call.now,
        };
        if end(&made, side) != addressed {
            return Err(Failure::value(
                if side == Side::Resource { "resourceId" } else { "principalId" },
                RESOURCE,
            ));
        }
        let known = &sight.replica.service_principals;
        let (Some(_), Some(resource)) = (known.get(&principal_id), known.get(&resource_id)) else {
            return Err(Failure::not_a_reference());
        };
        // All zeros is access without a permission, where the resource offers none.
        let is_default = app_role_id.is_nil() && resource.app_roles.is_empty();
        if !is_default && resource.app_roles.iter().all(|role| role.id != app_role_id) {
            return Err(Failure::bad("Permission being assigned was not found on application"));
        }
        if sight.primary.app_role_assignments.contains_key(&made.id) {
            return Err(Failure::bad("Permission being assigned already exists on the object"));
        }
        let shown = shown::app_role_assignment(&made, &sight.replica);
        Ok((vec![Entry::AppRoleAssignment(made)], shown))
    })?;
    Ok(listing::created(call, kind, &made))
}

fn revoke(call: &Call<'_>, key: &Key, side: Side, id: &str) -> Result<Answer, Failure> {
    call.caller.needs(WRITE_ASSIGNMENTS)?;
    call.caller.needs(SEE_APPLICATIONS)?;
    call.commit(|sight| {
        let owner = addressed::service_principal(&sight.replica, key)?.id;
        let is_seen = sight.replica.app_role_assignments.contains_key(id);
        let stored = sight.primary.app_role_assignments.get(id);
        let stored = stored.filter(|it| is_seen && end(it, side) == owner);
        let stored = stored.ok_or_else(|| Failure::not_found(id))?;
        needs(call, &sight.replica, stored.resource_id)?;
        Ok((vec![Entry::AppRoleAssignmentRemoved(id.to_owned())], ()))
    })?;
    Ok(no_content())
}
