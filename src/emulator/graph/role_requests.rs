//! What a role assignment asks for: the same body for the directory's provider and Exchange's.

use serde_json::Value;
use uuid::Uuid;

use super::body::{self, Body};
use super::failure::Failure;

const RESOURCE: &str = "UnifiedRoleAssignment";

/// A request for a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) principal: String,
    pub(crate) role_definition_id: Uuid,
    pub(crate) directory_scope_id: Option<String>,
    pub(crate) app_scope_id: Option<String>,
}

pub(crate) fn wanted(body: &Body) -> Result<Wanted, Failure> {
    body::known(
        body,
        &["principalId", "roleDefinitionId", "directoryScopeId", "appScopeId", "condition"],
    )?;
    let scope = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(scope)) if !scope.is_empty() => Ok(Some(scope.clone())),
        Some(_) => Err(Failure::value(name, RESOURCE)),
    };
    let wanted = Wanted {
        principal: body::text(body, "principalId", RESOURCE)?.to_owned(),
        role_definition_id: body::guid(body, "roleDefinitionId", RESOURCE)?,
        directory_scope_id: scope("directoryScopeId")?,
        app_scope_id: scope("appScopeId")?,
    };
    // Exactly one of them says where the role holds.
    match (&wanted.directory_scope_id, &wanted.app_scope_id) {
        (Some(_), None) | (None, Some(_)) => Ok(wanted),
        _ => Err(Failure::bad("Exactly one of directoryScopeId and appScopeId must be specified.")),
    }
}
