//! A step on an identity chain as it stands in the plan document: an operation and the identifiers
//! and values that it is carried out with.

use serde::Serialize as _;
use serde::ser::Serializer;
use serde_json::{Map, Value, json};

use super::write::{ApplicationPatch, ApplicationRef, FederatedWrite, IdentityWrite};
use crate::resource::Thumbprint;
use crate::state::RequiredAccess;

/// Writes one step.
pub(in crate::plan) fn document<S: Serializer>(
    write: &IdentityWrite,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = Map::new();
    map.insert("operation".to_owned(), write.name().into());
    for (name, value) in values(write) {
        if !value.is_null() {
            map.insert(name.to_owned(), value);
        }
    }
    Value::Object(map).serialize(serializer)
}

fn values(write: &IdentityWrite) -> Vec<(&'static str, Value)> {
    match write {
        IdentityWrite::MakeCertificate(order) => vec![
            ("certificate", json!(order.name)),
            ("valid_from", json!(order.not_before.map(|from| from.to_string()))),
            ("staged", json!(order.staged)),
        ],
        IdentityWrite::RepairCertificate { name }
        | IdentityWrite::SwitchCertificate { name }
        | IdentityWrite::DeleteCertificate { name } => vec![("certificate", json!(name))],
        IdentityWrite::ForgetCertificate { name, thumbprint } => {
            vec![
                ("certificate", json!(name)),
                ("thumbprint", json!(Thumbprint::Sha1(*thumbprint).to_string())),
            ]
        }
        IdentityWrite::CreateApplication { application, unique_name, patch } => {
            let own = vec![("unique_name", json!(unique_name))];
            [of(application), own, attributes(patch)].concat()
        }
        IdentityWrite::UpdateApplication { application, patch, before } => {
            let own = vec![("required_access_before", access(before.as_deref()))];
            [of(application), attributes(patch), own].concat()
        }
        IdentityWrite::DeleteApplication { application }
        | IdentityWrite::CreateServicePrincipal { application }
        | IdentityWrite::DeleteServicePrincipal { application } => of(application),
        IdentityWrite::AddOwner { application, owner }
        | IdentityWrite::RemoveOwner { application, owner } => {
            [of(application), vec![("owner", json!(owner))]].concat()
        }
        other => values_of_access(other),
    }
}

fn values_of_access(write: &IdentityWrite) -> Vec<(&'static str, Value)> {
    match write {
        IdentityWrite::GrantConsent { application, resource, app_role } => {
            let own = vec![("resource", json!(resource)), ("app_role", json!(app_role))];
            [of(application), own].concat()
        }
        IdentityWrite::RevokeConsent { resource, assignment } => {
            vec![("resource", json!(resource)), ("assignment", json!(assignment))]
        }
        IdentityWrite::AssignDirectoryRole { application, role }
        | IdentityWrite::AssignExchangeRole { application, role } => {
            [of(application), vec![("role", json!(role))]].concat()
        }
        IdentityWrite::RemoveDirectoryRole { assignment }
        | IdentityWrite::RemoveExchangeRole { assignment } => {
            vec![("assignment", json!(assignment))]
        }
        IdentityWrite::AddKey { application, certificate, staged, thumbprint } => {
            let thumbprint = thumbprint.map(|sha1| Thumbprint::Sha1(sha1).to_string());
            let own = vec![
                ("certificate", json!(certificate)),
                ("staged", json!(staged)),
                ("thumbprint", json!(thumbprint)),
            ];
            [of(application), own].concat()
        }
        IdentityWrite::RemoveKey { application, key_id } => {
            [of(application), vec![("key_id", json!(key_id))]].concat()
        }
        IdentityWrite::AddFederatedCredential { application, credential } => {
            [of(application), federated(credential)].concat()
        }
        IdentityWrite::UpdateFederatedCredential { application, id, credential } => {
            [of(application), vec![("id", json!(id))], federated(credential)].concat()
        }
        IdentityWrite::RemoveFederatedCredential { application, id } => {
            [of(application), vec![("id", json!(id))]].concat()
        }
        _ => Vec::new(),
    }
}

/// Identifiers that only an earlier step will know are left out.
fn of(application: &ApplicationRef) -> Vec<(&'static str, Value)> {
    vec![
        ("application", json!(application.name)),
        ("object_id", json!(application.object_id)),
        ("app_id", json!(application.app_id)),
        ("principal_id", json!(application.principal_id)),
    ]
}

fn attributes(patch: &ApplicationPatch) -> Vec<(&'static str, Value)> {
    vec![
        ("display_name", json!(patch.display_name)),
        ("notes", json!(patch.notes)),
        ("tags", json!(patch.tags)),
        ("required_access", access(patch.required_access.as_deref())),
    ]
}

fn access(access: Option<&[RequiredAccess]>) -> Value {
    let permission = |(id, kind): &(uuid::Uuid, String)| json!({ "id": id, "type": kind });
    let entry = |entry: &RequiredAccess| {
        let permissions: Vec<Value> = entry.permissions.iter().map(permission).collect();
        json!({ "resource": entry.resource, "permissions": permissions })
    };
    access.map_or(Value::Null, |access| access.iter().map(entry).collect())
}

fn federated(credential: &FederatedWrite) -> Vec<(&'static str, Value)> {
    vec![
        ("name", json!(credential.name)),
        ("issuer", json!(credential.issuer)),
        ("subject", json!(credential.subject)),
        ("audience", json!(credential.audience)),
    ]
}
