//! `/applications`: made, upserted by `uniqueName`, read, changed, deleted, and what hangs on one.
//! Sources: the pages of the application resource, `application-upsert`, the schema.

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::application_properties::set_on_application;
use super::body::{self, Body};
use super::caller::READ_APPLICATIONS;
use super::failure::Failure;
use super::listing::{self, Kind};
use super::path::{Key, Segment};
use super::{
    Call, addressed, federated_credentials, key_credentials, key_roll, no_content, owners, shown,
};
use crate::emulator::entra::Sight;
use crate::emulator::entra::objects::{Application, ServicePrincipal};
use crate::emulator::entra::snapshot::{Deleted, Entry, Snapshot};
use crate::emulator::message::Answer;

const RESOURCE: &str = "Application";
pub(crate) const KIND: Kind = Kind {
    set: "applications",
    resource: RESOURCE,
    filterable: &[
        "id",
        "appId",
        "createdDateTime",
        "displayName",
        "identifierUris",
        "keyCredentials",
        "publisherDomain",
        "requiredResourceAccess",
        "signInAudience",
        "tags",
        "uniqueName",
    ],
    hidden: &[],
};
const NAME_AT_MOST: usize = 256;
const OWNERS_AT_MOST: usize = 20;
/// The default of a POST; the documents' upsert shows the other one.
const AUDIENCE: &str = "AzureADMyOrg";
const UPSERT_AUDIENCE: &str = "AzureADandPersonalMicrosoftAccount";

pub(crate) fn run(call: &Call<'_>, key: Option<&Key>, rest: &[Segment]) -> Result<Answer, Failure> {
    let (key, rest) = addressed::split(key, rest);
    let names: Vec<&str> = rest.iter().map(|segment| segment.name.as_str()).collect();
    match (key, names.as_slice(), &call.method) {
        (None, [], &Method::GET) => listing::page(call, &KIND, all(call)?),
        (None, ["$count"], &Method::GET) => listing::count(call, &KIND, all(call)?),
        (None, [], &Method::POST) => create(call),
        (Some(key), [], &Method::GET) => one(call, &key),
        (Some(key), [], &Method::PATCH) => patch(call, &key),
        (Some(key), [], &Method::DELETE) => delete(call, &key),
        (Some(key), ["owners", ..], _) => owners::of_application(call, &key, &names[1..]),
        (Some(key), ["addKey" | "microsoft.graph.addKey"], &Method::POST) => {
            key_roll::add(call, &key)
        }
        (Some(key), ["removeKey" | "microsoft.graph.removeKey"], &Method::POST) => {
            key_roll::remove(call, &key)
        }
        (Some(key), ["federatedIdentityCredentials", ..], _) => {
            federated_credentials::run(call, &key, rest)
        }
        (_, [] | ["addKey" | "removeKey"], _) => Err(Failure::method_not_allowed()),
        (_, [first, ..], _) => Err(Failure::no_such_segment(first)),
    }
}

fn all(call: &Call<'_>) -> Result<Vec<Value>, Failure> {
    call.caller.needs(READ_APPLICATIONS)?;
    let organization = &call.service.tenant.organization;
    let applications = call.replica.applications.values();
    Ok(applications.map(|it| shown::application(it, organization, false)).collect())
}

fn one(call: &Call<'_>, key: &Key) -> Result<Answer, Failure> {
    call.caller.needs(READ_APPLICATIONS)?;
    let application = addressed::application(&call.replica, key)?;
    let select = call.option("select").unwrap_or_default();
    let with_keys = select.split(',').any(|name| name.trim() == "keyCredentials");
    let organization = &call.service.tenant.organization;
    listing::one(call, &KIND, &shown::application(&application, organization, with_keys))
}

fn create(call: &Call<'_>) -> Result<Answer, Failure> {
    call.caller.needs_to_create()?;
    let body = body::object(call.request)?;
    let made = call.commit(|sight| new(call, sight, &body, AUDIENCE))?;
    Ok(answer_created(call, &made))
}

fn answer_created(call: &Call<'_>, made: &Application) -> Answer {
    let shown = shown::application(made, &call.service.tenant.organization, false);
    let answer = listing::created(call, &KIND, &shown);
    let location = format!(
        "{}/v1.0/directoryObjects/{}/Microsoft.DirectoryServices.Application",
        call.request.origin(),
        made.id
    );
    answer.with_header("location", &location)
}

type Made = (Vec<Entry>, Application);

fn new(call: &Call<'_>, sight: &Sight, body: &Body, audience: &str) -> Result<Made, Failure> {
    let name = body::text(body, "displayName", RESOURCE)?;
    let unique_name = body.get("uniqueName").and_then(Value::as_str);
    let handle = unique_name.unwrap_or(name);
    let mut properties = Map::new();
    properties.insert("signInAudience".into(), audience.into());
    let mut application = Application {
        id: sight.primary.fresh_id("application", handle),
        app_id: sight.primary.fresh_id("client", handle),
        display_name: String::new(),
        unique_name: None,
        created: call.now,
        disabled: false,
        owners: call.caller.as_owner(),
        key_credentials: Vec::new(),
        federated_credentials: Vec::new(),
        properties,
    };
    for (name, value) in body {
        if name == "owners@odata.bind" {
            bind_owners(call, sight, &mut application, value)?;
        } else {
            set(call, &sight.primary, &mut application, name, value)?;
        }
    }
    Ok((vec![Entry::Application(Box::new(application.clone()))], application))
}

fn bind_owners(
    call: &Call<'_>,
    sight: &Sight,
    application: &mut Application,
    urls: &Value,
) -> Result<(), Failure> {
    let urls = urls.as_array().filter(|urls| urls.len() <= OWNERS_AT_MOST);
    for url in urls.ok_or_else(|| Failure::value("owners", RESOURCE))? {
        let owner = owners::found(call, &sight.replica, body::reference(url)?)?;
        if !application.owners.contains(&owner) {
            application.owners.push(owner);
        }
    }
    Ok(())
}

fn set(
    call: &Call<'_>,
    all: &Snapshot,
    application: &mut Application,
    name: &str,
    value: &Value,
) -> Result<(), Failure> {
    match name {
        "displayName" => {
            let text = value.as_str().filter(|text| !text.trim().is_empty());
            let text = text.filter(|text| text.chars().count() <= NAME_AT_MOST);
            text.ok_or_else(|| Failure::value(name, RESOURCE))?
                .clone_into(&mut application.display_name);
        }
        "uniqueName" => set_unique_name(all, application, value)?,
        "isDisabled" if value.is_null() => application.disabled = false,
        "isDisabled" => {
            application.disabled = value.as_bool().ok_or_else(|| Failure::value(name, RESOURCE))?;
        }
        "keyCredentials" => {
            let app_id = application.app_id;
            let fresh = |thumbprint: &str| {
                all.fresh_id("key credential", &format!("{app_id}/{thumbprint}"))
            };
            application.key_credentials =
                key_credentials::replaced(&application.key_credentials, value, call.now, fresh)?;
        }
        // Secrets are made by addPassword alone, which this directory does not have.
        "passwordCredentials" if value.as_array().is_some_and(Vec::is_empty) => {}
        "passwordCredentials" => return Err(Failure::value(name, RESOURCE)),
        _ => set_on_application(&mut application.properties, name, value)?,
    }
    Ok(())
}

/// Written once: at the creation, or onto an application that has none.
fn set_unique_name(
    all: &Snapshot,
    application: &mut Application,
    value: &Value,
) -> Result<(), Failure> {
    let wanted = match value {
        Value::Null => None,
        Value::String(text) if !text.is_empty() => Some(text),
        _ => return Err(Failure::value("uniqueName", RESOURCE)),
    };
    match (&application.unique_name, wanted) {
        (None, None) => Ok(()),
        (Some(is), Some(wanted)) if is == wanted => Ok(()),
        (Some(_), _) => Err(Failure::read_only("uniqueName")),
        (None, Some(wanted)) => {
            if all.application_named(wanted).is_some_and(|other| other.id != application.id) {
                return Err(Failure::taken("uniqueName"));
            }
            application.unique_name = Some(wanted.clone());
            Ok(())
        }
    }
}

/// An update, or with `Prefer: create-if-missing` on a `uniqueName` an upsert.
fn patch(call: &Call<'_>, key: &Key) -> Result<Answer, Failure> {
    let upserts = key.name.as_deref() == Some("uniqueName") && call.creates_if_missing();
    if upserts {
        call.caller.needs_to_create()?;
    }
    let mut body = body::object(call.request)?;
    let made = call.commit(|sight| {
        if !upserts {
            let application = addressed::application_to_write(sight, key)?;
            return changed(call, &sight.primary, &application, &body);
        }
        if let Some(there) = sight.primary.application_named(&key.value) {
            return changed(call, &sight.primary, there, &body);
        }
        body.insert("uniqueName".into(), key.value.as_str().into());
        new(call, sight, &body, UPSERT_AUDIENCE).map(|(entries, made)| (entries, Some(made)))
    })?;
    Ok(made.map_or_else(no_content, |made| answer_created(call, &made)))
}

type Changed = (Vec<Entry>, Option<Application>);

fn changed(
    call: &Call<'_>,
    all: &Snapshot,
    before: &Application,
    body: &Body,
) -> Result<Changed, Failure> {
    call.caller.needs_to_write(&before.owners)?;
    let mut after = before.clone();
    for (name, value) in body {
        set(call, all, &mut after, name, value)?;
    }
    let mut entries = Vec::new();
    if after.display_name != before.display_name
        && let Some(principal) = all.service_principal_of(after.app_id)
    {
        let display_name = after.display_name.clone();
        let renamed = ServicePrincipal { display_name, ..ServicePrincipal::clone(principal) };
        entries.push(Entry::ServicePrincipal(Box::new(renamed)));
    }
    if after != *before {
        entries.push(Entry::Application(Box::new(after)));
    }
    Ok((entries, None))
}

fn delete(call: &Call<'_>, key: &Key) -> Result<Answer, Failure> {
    call.commit(|sight| {
        let object = addressed::application_to_write(sight, key)?;
        call.caller.needs_to_write(&object.owners)?;
        let mut entries = match sight.primary.service_principal_of(object.app_id) {
            Some(principal) => without_principal(call, &sight.primary, principal),
            None => Vec::new(),
        };
        entries.push(Entry::ApplicationDeleted(Box::new(Deleted { at: call.now, object })));
        Ok((entries, ()))
    })?;
    Ok(no_content())
}

/// A service principal goes, and with it everything it was granted and granted.
pub(crate) fn without_principal(
    call: &Call<'_>,
    all: &Snapshot,
    principal: &ServicePrincipal,
) -> Vec<Entry> {
    let id: Uuid = principal.id;
    let grants = all.app_role_assignments.values();
    let grants = grants.filter(|it| it.principal_id == id || it.resource_id == id);
    let roles = all.role_assignments.values().filter(|it| it.principal_id == id);
    let exchange = all.exchange_role_assignments.values().filter(|it| it.principal_id == id);
    let object = principal.clone();
    grants
        .map(|it| Entry::AppRoleAssignmentRemoved(it.id.clone()))
        .chain(roles.map(|it| Entry::RoleAssignmentRemoved(it.id.clone())))
        .chain(exchange.map(|it| Entry::ExchangeRoleAssignmentRemoved(it.id.clone())))
        .chain([Entry::ServicePrincipalDeleted(Box::new(Deleted { at: call.now, object }))])
        .collect()
}

/// What the directory says of an application that is not where the request looks.
pub(crate) fn missing(status: StatusCode, message: String) -> Failure {
    Failure::new(status, "Request_ResourceNotFound", message)
}
