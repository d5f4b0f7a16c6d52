//! `/roleManagement/directory`: the directory's roles and who holds them. Sources: the pages of
//! unifiedRoleAssignment; dod-ccpo/atat#1554; Azure/azure-cli#26471.

use axum::http::Method;
use serde_json::Value;
use uuid::Uuid;

use super::caller::{READ_DIRECTORY_ROLES, WRITE_DIRECTORY_ROLES};
use super::failure::Failure;
use super::listing::{self, Kind};
use super::path::Segment;
use super::role_requests::wanted;
use super::{Call, body, no_content, owners, shown};
use crate::emulator::entra::generated::role_assignment;
use crate::emulator::entra::roles::{
    DIRECTORY_ROLES, GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR, directory_role,
};
use crate::emulator::entra::snapshot::Entry;
use crate::emulator::message::Answer;

const ASSIGNMENTS: Kind = Kind {
    set: "roleManagement/directory/roleAssignments",
    resource: "UnifiedRoleAssignment",
    filterable: &["principalId", "roleDefinitionId", "directoryScopeId"],
    hidden: &[],
};
const DEFINITIONS: Kind = Kind {
    set: "roleManagement/directory/roleDefinitions",
    resource: "UnifiedRoleDefinition",
    filterable: &["id", "displayName", "isBuiltIn", "isEnabled", "templateId"],
    hidden: &[],
};

pub(crate) fn run(call: &Call<'_>, rest: &[Segment]) -> Result<Answer, Failure> {
    let (names, key) = super::exchange_roles::named(rest);
    match (names.as_slice(), key.as_deref(), &call.method) {
        (["roleDefinitions"], None, &Method::GET) => {
            call.caller.needs_scope(READ_DIRECTORY_ROLES)?;
            listing::page(call, &DEFINITIONS, definitions())
        }
        (["roleDefinitions"], Some(id), &Method::GET) => {
            call.caller.needs_scope(READ_DIRECTORY_ROLES)?;
            let found = definitions().into_iter().find(|it| it["id"] == *id);
            listing::one(call, &DEFINITIONS, &found.ok_or_else(|| Failure::not_found(id))?)
        }
        (["roleAssignments"], None, &Method::GET) => {
            call.caller.needs_scope(READ_DIRECTORY_ROLES)?;
            let held = call.replica.role_assignments.values();
            listing::page(call, &ASSIGNMENTS, held.map(|it| shown::role_assignment(it)).collect())
        }
        (["roleAssignments"], Some(id), &Method::GET) => {
            call.caller.needs_scope(READ_DIRECTORY_ROLES)?;
            let held = call.replica.role_assignments.get(id);
            let held = held.ok_or_else(|| Failure::not_found(id))?;
            listing::one(call, &ASSIGNMENTS, &shown::role_assignment(held))
        }
        (["roleAssignments"], None, &Method::POST) => assign(call),
        (["roleAssignments"], Some(id), &Method::DELETE) => remove(call, id),
        (["roleDefinitions" | "roleAssignments"], ..) => Err(Failure::method_not_allowed()),
        (names, ..) => Err(Failure::no_such_segment(names.first().copied().unwrap_or("directory"))),
    }
}

fn definitions() -> Vec<Value> {
    let mut all = DIRECTORY_ROLES;
    all.sort_by_key(|role| role.template_id);
    all.iter().map(|role| shown::role_definition(role.template_id, role.name)).collect()
}

fn needs(call: &Call<'_>) -> Result<(), Failure> {
    call.caller.needs_scope(WRITE_DIRECTORY_ROLES)?;
    call.caller
        .needs_role(&[GLOBAL_ADMINISTRATOR.template_id, PRIVILEGED_ROLE_ADMINISTRATOR.template_id])
}

fn assign(call: &Call<'_>) -> Result<Answer, Failure> {
    needs(call)?;
    let wanted = wanted(&body::object(call.request)?)?;
    let principal = Uuid::try_parse(&wanted.principal)
        .map_err(|_| Failure::value("principalId", ASSIGNMENTS.resource))?;
    let role = directory_role(wanted.role_definition_id)
        .ok_or_else(|| Failure::not_found(&wanted.role_definition_id.to_string()))?;
    let Some(scope) = wanted.directory_scope_id else {
        return Err(Failure::value("appScopeId", ASSIGNMENTS.resource));
    };
    let made = call.commit(|sight| {
        owners::found(call, &sight.replica, principal)?;
        let made = role_assignment(principal, role.template_id, &scope);
        if sight.primary.role_assignments.contains_key(&made.id) {
            return Err(Failure::conflicting_object());
        }
        Ok((vec![Entry::RoleAssignment(made.clone())], made))
    })?;
    Ok(listing::created(call, &ASSIGNMENTS, &shown::role_assignment(&made)))
}

fn remove(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    needs(call)?;
    call.commit(|sight| {
        let is_there = sight.replica.role_assignments.contains_key(id)
            && sight.primary.role_assignments.contains_key(id);
        if !is_there {
            return Err(Failure::not_found(id));
        }
        Ok((vec![Entry::RoleAssignmentRemoved(id.to_owned())], ()))
    })?;
    Ok(no_content())
}
