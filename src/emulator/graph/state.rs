//! The directory's part of the state document: what stands in it, with Graph's property names and
//! without anything that a clock has written. Deleted objects that could be restored are no part
//! of it, nor is what Microsoft owns.

use serde_json::{Value, json};

use super::shown;
use crate::emulator::entra::objects::Application;
use crate::emulator::service::Service;

/// Names and rows, in the order of the document.
pub(crate) fn state(service: &Service) -> [(&'static str, Vec<Value>); 6] {
    let all = service.directory.primary();
    let is_own = |owner| owner == all.tenant_id;
    let applications = || all.applications.values();
    let principals = all.service_principals.values();
    let grants = all.app_role_assignments.values();
    let federated = applications().flat_map(|it| {
        let mut rows: Vec<_> = it.federated_credentials.iter().collect();
        rows.sort_by_key(|row| row.id);
        rows.into_iter().map(|row| {
            let mut row = shown::federated_credential(row);
            row["appId"] = json!(it.app_id);
            row
        })
    });
    [
        ("Applications", applications().map(|it| application(service, it)).collect()),
        (
            "ServicePrincipals",
            principals
                .filter(|it| is_own(it.owner_organization))
                .map(|it| timeless(shown::service_principal(it)))
                .collect(),
        ),
        (
            "AppRoleAssignments",
            grants.map(|it| timeless(shown::app_role_assignment(it, &all))).collect(),
        ),
        (
            "RoleAssignments",
            all.role_assignments.values().map(|it| shown::role_assignment(it)).collect(),
        ),
        (
            "ExchangeRoleAssignments",
            all.exchange_role_assignments
                .values()
                .map(|it| shown::exchange_role_assignment(it))
                .collect(),
        ),
        ("FederatedIdentityCredentials", federated.collect()),
    ]
}

fn application(service: &Service, it: &Application) -> Value {
    let mut row = timeless(shown::application(it, &service.tenant.organization, false));
    row["owners"] = json!(it.owners);
    // Made once in every credentials directory: tenants with equal seeds differ in it alone.
    let generated = service.generated().key_id.to_string();
    for credential in row["keyCredentials"].as_array_mut().into_iter().flatten() {
        if credential["keyId"] == generated {
            credential["customKeyIdentifier"] = Value::Null;
        }
    }
    row
}

fn timeless(mut value: Value) -> Value {
    strip(&mut value);
    value
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // All of them are written by clocks.
            members.retain(|name, _| !name.ends_with("DateTime"));
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
