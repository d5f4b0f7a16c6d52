//! From the key in a path to the object: by its id or by an alternate key of the schema
//! (`applications(appId|uniqueName)`, `servicePrincipals(appId)`).

use std::sync::Arc;

use uuid::Uuid;

use super::failure::Failure;
use super::path::{Key, Segment};
use crate::emulator::entra::Sight;
use crate::emulator::entra::objects::{Application, ServicePrincipal};
use crate::emulator::entra::snapshot::Snapshot;

/// A key in parentheses or in the next segment, and what comes after it.
pub(crate) fn split<'a>(key: Option<&Key>, rest: &'a [Segment]) -> (Option<Key>, &'a [Segment]) {
    match (key, rest.split_first()) {
        (Some(key), _) => (Some(key.clone()), rest),
        (None, Some((id, rest))) if !id.name.starts_with('$') => (Some(Key::id(&id.name)), rest),
        (None, _) => (None, rest),
    }
}

pub(crate) fn guid(value: &str) -> Result<Uuid, Failure> {
    Uuid::try_parse(value)
        .map_err(|_| Failure::bad(format!("Invalid object identifier '{value}'.")))
}

pub(crate) fn application(all: &Snapshot, key: &Key) -> Result<Arc<Application>, Failure> {
    let found = match key.name.as_deref() {
        None | Some("id") => all.applications.get(&guid(&key.value)?),
        Some("appId") => all.application_of(guid(&key.value)?),
        Some("uniqueName") => all.application_named(&key.value),
        Some(other) => return Err(no_key(other)),
    };
    found.cloned().ok_or_else(|| Failure::not_found(&key.value))
}

pub(crate) fn service_principal(
    all: &Snapshot,
    key: &Key,
) -> Result<Arc<ServicePrincipal>, Failure> {
    let found = match key.name.as_deref() {
        None | Some("id") => all.service_principals.get(&guid(&key.value)?),
        Some("appId") => all.service_principal_of(guid(&key.value)?),
        Some(other) => return Err(no_key(other)),
    };
    found.cloned().ok_or_else(|| Failure::not_found(&key.value))
}

fn no_key(name: &str) -> Failure {
    Failure::malformed(format!("The key property '{name}' is not an alternate key of this set."))
}

/// The application that a write changes: found where reads find it, taken as it is stored.
pub(crate) fn application_to_write(sight: &Sight, key: &Key) -> Result<Application, Failure> {
    let id = application(&sight.replica, key)?.id;
    let stored = sight.primary.applications.get(&id);
    stored.map(|it| Application::clone(it)).ok_or_else(|| Failure::not_found(&key.value))
}

/// As `application_to_write`.
pub(crate) fn service_principal_to_write(
    sight: &Sight,
    key: &Key,
) -> Result<ServicePrincipal, Failure> {
    let id = service_principal(&sight.replica, key)?.id;
    let stored = sight.primary.service_principals.get(&id);
    stored.map(|it| ServicePrincipal::clone(it)).ok_or_else(|| Failure::not_found(&key.value))
}
