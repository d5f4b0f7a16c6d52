//! `/beta/roleManagement/exchange`: management roles of Exchange given to a service principal
//! without any PowerShell (the beta page of rbacApplication, example 5; a public program that does
//! it). Ids of assignments are Guids here.

use axum::http::{Method, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use super::caller::{READ_EXCHANGE_ROLES, WRITE_EXCHANGE_ROLES};
use super::failure::Failure;
use super::listing::{self, Kind};
use super::path::Segment;
use super::role_requests::{Wanted, wanted};
use super::{Call, body, no_content, shown};
use crate::emulator::entra::objects::RoleAssignment;
use crate::emulator::entra::roles::{
    EXCHANGE_ADMINISTRATOR, EXCHANGE_ROLES, GLOBAL_ADMINISTRATOR, exchange_role, exchange_role_id,
};
use crate::emulator::entra::snapshot::Entry;
use crate::emulator::message::Answer;

const ASSIGNMENTS: Kind = Kind {
    set: "roleManagement/exchange/roleAssignments",
    resource: "UnifiedRoleAssignment",
    filterable: &["principalId", "roleDefinitionId", "directoryScopeId", "appScopeId"],
    hidden: &[],
};
const DEFINITIONS: Kind = Kind {
    set: "roleManagement/exchange/roleDefinitions",
    resource: "UnifiedRoleDefinition",
    filterable: &["id", "displayName", "isBuiltIn", "isEnabled", "templateId"],
    hidden: &[],
};
const PRINCIPAL: &str = "/ServicePrincipals/";

/// The names of segments, with a key in parentheses or in the second one beside them.
pub(crate) fn named(rest: &[Segment]) -> (Vec<&str>, Option<String>) {
    match rest {
        [set] => (vec![set.name.as_str()], set.key.as_ref().map(|key| key.value.clone())),
        [set, id] => (vec![set.name.as_str()], Some(id.name.clone())),
        _ => (rest.iter().map(|segment| segment.name.as_str()).collect(), None),
    }
}

pub(crate) fn run(call: &Call<'_>, rest: &[Segment]) -> Result<Answer, Failure> {
    let (names, key) = named(rest);
    match (names.as_slice(), key.as_deref(), &call.method) {
        (["roleDefinitions"], None, &Method::GET) => {
            call.caller.needs_scope(READ_EXCHANGE_ROLES)?;
            listing::page(call, &DEFINITIONS, definitions(call))
        }
        (["roleDefinitions"], Some(id), &Method::GET) => {
            call.caller.needs_scope(READ_EXCHANGE_ROLES)?;
            let found = definitions(call).into_iter().find(|it| it["id"] == *id);
            listing::one(call, &DEFINITIONS, &found.ok_or_else(|| missing(id))?)
        }
        (["roleAssignments"], None, &Method::GET) => {
            call.caller.needs_scope(READ_EXCHANGE_ROLES)?;
            let held = call.replica.exchange_role_assignments.values();
            let held = held.map(|it| shown::exchange_role_assignment(it)).collect();
            listing::page(call, &ASSIGNMENTS, held)
        }
        (["roleAssignments"], Some(id), &Method::GET) => {
            call.caller.needs_scope(READ_EXCHANGE_ROLES)?;
            let held = call.replica.exchange_role_assignments.get(id).ok_or_else(|| missing(id))?;
            listing::one(call, &ASSIGNMENTS, &shown::exchange_role_assignment(held))
        }
        (["roleAssignments"], None, &Method::POST) => assign(call),
        (["roleAssignments"], Some(id), &Method::DELETE) => remove(call, id),
        (["roleDefinitions" | "roleAssignments"], ..) => Err(Failure::method_not_allowed()),
        (names, ..) => Err(Failure::no_such_segment(names.first().copied().unwrap_or("exchange"))),
    }
}

fn definitions(call: &Call<'_>) -> Vec<Value> {
    let tenant = call.service.tenant.id;
    let mut all = EXCHANGE_ROLES.map(|name| (exchange_role_id(tenant, name), name));
    all.sort_unstable();
    all.iter().map(|(id, name)| shown::role_definition(*id, name)).collect()
}

fn needs(call: &Call<'_>) -> Result<(), Failure> {
    call.caller.needs_scope(WRITE_EXCHANGE_ROLES)?;
    call.caller.needs_role(&[GLOBAL_ADMINISTRATOR.template_id, EXCHANGE_ADMINISTRATOR.template_id])
}

/// Exchange's own words for what it does not find, or not yet.
fn missing(what: &str) -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "ManagementObjectNotFoundException",
        format!("The operation couldn't be performed because object '{what}' couldn't be found."),
    )
}

fn assign(call: &Call<'_>) -> Result<Answer, Failure> {
    needs(call)?;
    let wanted = wanted(&body::object(call.request)?)?;
    let tenant = call.service.tenant.id;
    if exchange_role(tenant, wanted.role_definition_id).is_none() {
        return Err(missing(&wanted.role_definition_id.to_string()));
    }
    let principal = principal(&wanted)?;
    let made = call.commit(|sight| {
        if !sight.replica.service_principals.contains_key(&principal) {
            return Err(missing(&wanted.principal));
        }
        let made = RoleAssignment {
            id: id(&wanted, principal).to_string(),
            role_definition_id: wanted.role_definition_id,
            principal_id: principal,
            directory_scope_id: wanted.directory_scope_id.clone(),
            app_scope_id: wanted.app_scope_id.clone(),
        };
        if sight.primary.exchange_role_assignments.contains_key(&made.id) {
            return Err(Failure::new(
                StatusCode::CONFLICT,
                "Conflict",
                "A role assignment with the same principal, role and scope already exists.",
            ));
        }
        Ok((vec![Entry::ExchangeRoleAssignment(made.clone())], made))
    })?;
    Ok(listing::created(call, &ASSIGNMENTS, &shown::exchange_role_assignment(&made)))
}

/// Other principals than service principals are not in this directory's Exchange.
fn principal(wanted: &Wanted) -> Result<Uuid, Failure> {
    let said = &wanted.principal;
    let is_headed =
        said.get(..PRINCIPAL.len()).is_some_and(|head| head.eq_ignore_ascii_case(PRINCIPAL));
    let id = is_headed.then(|| Uuid::try_parse(&said[PRINCIPAL.len()..]).ok()).flatten();
    id.ok_or_else(|| {
        Failure::bad(format!("Invalid principalId '{said}': expected '{PRINCIPAL}' and an id."))
    })
}

fn id(wanted: &Wanted, principal: Uuid) -> Uuid {
    let scope = (&wanted.directory_scope_id, &wanted.app_scope_id);
    let what = format!("exchange role assignment/{}/{scope:?}", wanted.role_definition_id);
    crate::emulator::entra::derived(principal, &what)
}

fn remove(call: &Call<'_>, id: &str) -> Result<Answer, Failure> {
    needs(call)?;
    call.commit(|sight| {
        let is_there = sight.replica.exchange_role_assignments.contains_key(id)
            && sight.primary.exchange_role_assignments.contains_key(id);
        if !is_there {
            return Err(missing(id));
        }
        Ok((vec![Entry::ExchangeRoleAssignmentRemoved(id.to_owned())], ()))
    })?;
    Ok(no_content())
}
