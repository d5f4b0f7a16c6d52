//! `federatedIdentityCredentials` of an application: whose tokens it may present instead of a
//! certificate. Limits and error codes: "Important considerations and restrictions for federated
//! identity credentials" and the error table of the workload identity pages.

use axum::http::{Method, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use super::body::{self, Body};
use super::caller::READ_APPLICATIONS;
use super::failure::Failure;
use super::listing::{self, Kind};
use super::path::{Key, Segment};
use super::{Call, addressed, no_content, shown};
use crate::emulator::entra::objects::{Application, FederatedCredential};
use crate::emulator::entra::snapshot::Entry;
use crate::emulator::message::Answer;

const RESOURCE: &str = "FederatedIdentityCredential";
const KIND: Kind = Kind {
    set: "federatedIdentityCredentials",
    resource: RESOURCE,
    filterable: &["id", "name", "issuer", "subject"],
    hidden: &[],
};
const CREDENTIALS_AT_MOST: usize = 20;
const TEXT_AT_MOST: usize = 600;
const PROPERTIES: [&str; 6] = ["id", "name", "issuer", "subject", "audiences", "description"];

pub(crate) fn run(call: &Call<'_>, key: &Key, rest: &[Segment]) -> Result<Answer, Failure> {
    let named = rest.first().and_then(|segment| segment.key.clone());
    let item = match (named, rest) {
        (Some(named), [_]) => Some(named),
        (None, [_]) => None,
        (None, [_, id]) => Some(Key::id(&id.name)),
        _ => return Err(Failure::no_such_segment("federatedIdentityCredentials")),
    };
    match (item, &call.method) {
        (None, &Method::GET) => {
            call.caller.needs(READ_APPLICATIONS)?;
            let application = addressed::application(&call.replica, key)?;
            let mut all = application.federated_credentials.clone();
            all.sort_by_key(|it| it.id);
            listing::page(call, &KIND, all.iter().map(shown::federated_credential).collect())
        }
        (Some(item), &Method::GET) => {
            call.caller.needs(READ_APPLICATIONS)?;
            let application = addressed::application(&call.replica, key)?;
            let place = place(&application, &item).ok_or_else(|| not_found(&item))?;
            let found = &application.federated_credentials[place];
            listing::one(call, &KIND, &shown::federated_credential(found))
        }
        (None, &Method::POST) => write(call, key, None),
        (Some(item), &Method::PATCH) => write(call, key, Some(&item)),
        (Some(item), &Method::DELETE) => delete(call, key, &item),
        _ => Err(Failure::method_not_allowed()),
    }
}

fn place(application: &Application, item: &Key) -> Option<usize> {
    let id = Uuid::try_parse(&item.value).ok();
    application.federated_credentials.iter().position(|it| match item.name.as_deref() {
        Some("name") => it.name == item.value,
        // A name in the place of the id is taken too, as Azure's own clients send it.
        _ => Some(it.id) == id || it.name == item.value,
    })
}

fn not_found(item: &Key) -> Failure {
    match item.name.as_deref() {
        Some("name") => super::applications::missing(
            StatusCode::NOT_FOUND,
            format!("FederatedIdentityCredential with name {} not found.", item.value),
        ),
        _ => Failure::not_found(&item.value),
    }
}

/// Makes one, changes one, or with `Prefer: create-if-missing` on a name does what is needed.
fn write(call: &Call<'_>, key: &Key, item: Option<&Key>) -> Result<Answer, Failure> {
    let body = body::object(call.request)?;
    body::known(&body, &PROPERTIES)?;
    let made = call.commit(|sight| {
        let mut application = addressed::application_to_write(sight, key)?;
        call.caller.needs_to_write(&application.owners)?;
        let there = item.and_then(|item| place(&application, item));
        let made = match (item, there) {
            (_, Some(place)) => {
                let changed = changed(&application.federated_credentials[place], &body)?;
                free(&application, &changed)?;
                application.federated_credentials[place] = changed;
                None
            }
            (Some(item), None) if item.name.is_none() || !call.creates_if_missing() => {
                return Err(not_found(item));
            }
            (upserted, None) => {
                let name = upserted.map(|item| item.value.as_str());
                let fresh = |name: &str| {
                    let within = format!("{}/{name}", application.app_id);
                    sight.primary.fresh_id("federated credential", &within)
                };
                let new = new(&body, name, fresh)?;
                free(&application, &new)?;
                application.federated_credentials.push(new.clone());
                Some(new)
            }
        };
        Ok((vec![Entry::Application(Box::new(application))], made))
    })?;
    Ok(match made {
        Some(made) => listing::created(call, &KIND, &shown::federated_credential(&made)),
        None => no_content(),
    })
}

fn new(
    body: &Body,
    name: Option<&str>,
    fresh: impl FnOnce(&str) -> Uuid,
) -> Result<FederatedCredential, Failure> {
    let name = match name {
        Some(name) => name,
        None => body::text(body, "name", RESOURCE)?,
    };
    let is_safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !(3..=120).contains(&name.chars().count()) || !name.chars().all(is_safe) {
        return Err(Failure::value("name", RESOURCE));
    }
    for needed in ["issuer", "subject"] {
        body::text(body, needed, RESOURCE)?;
    }
    if !body.contains_key("audiences") {
        return Err(Failure::missing("audiences", RESOURCE));
    }
    let empty = FederatedCredential {
        id: fresh(name),
        name: name.to_owned(),
        issuer: String::new(),
        subject: String::new(),
        audiences: Vec::new(),
        description: None,
    };
    changed(&empty, body)
}

fn changed(before: &FederatedCredential, body: &Body) -> Result<FederatedCredential, Failure> {
    let mut after = before.clone();
    for (name, value) in body {
        let text = value.as_str().filter(|text| text.chars().count() <= TEXT_AT_MOST);
        let needed = || {
            let text = text.filter(|text| !text.is_empty());
            text.map(str::to_owned).ok_or_else(|| Failure::value(name, RESOURCE))
        };
        match name.as_str() {
            "issuer" => after.issuer = needed()?,
            "subject" => after.subject = needed()?,
            "description" if value.is_null() => after.description = None,
            "description" => after.description = Some(needed()?),
            "name" if text == Some(&before.name) => {}
            "name" => {
                return Err(Failure::bad(
                    "Name is immutable and cannot be changed after creation.",
                ));
            }
            "audiences" => after.audiences = audiences(value)?,
            _ => return Err(Failure::read_only(name)),
        }
    }
    Ok(after)
}

/// Exactly one.
fn audiences(value: &Value) -> Result<Vec<String>, Failure> {
    match value.as_array().map(Vec::as_slice) {
        Some([Value::String(audience)]) if !audience.is_empty() => Ok(vec![audience.clone()]),
        _ => Err(Failure::value("audiences", RESOURCE)),
    }
}

/// Names, and issuer with subject, are unique within an application, and there are not many.
fn free(application: &Application, wanted: &FederatedCredential) -> Result<(), Failure> {
    let others = application.federated_credentials.iter().filter(|it| it.id != wanted.id);
    let taken = |message: String| {
        Failure::new(StatusCode::CONFLICT, "Request_MultipleObjectsWithSameKeyValue", message)
    };
    let mut count = 0;
    for other in others {
        count += 1;
        if other.name == wanted.name {
            let name = &wanted.name;
            return Err(taken(format!(
                "FederatedIdentityCredential with name {name} already exists."
            )));
        }
        if (&other.issuer, &other.subject) == (&wanted.issuer, &wanted.subject) {
            return Err(taken(
                "FederatedIdentityCredential with the same issuer and subject already exists."
                    .to_owned(),
            ));
        }
    }
    if count >= CREDENTIALS_AT_MOST {
        return Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "Directory_QuotaExceeded",
            format!(
                "The application has reached the maximum of {CREDENTIALS_AT_MOST} federated identity credentials."
            ),
        ));
    }
    Ok(())
}

fn delete(call: &Call<'_>, key: &Key, item: &Key) -> Result<Answer, Failure> {
    call.commit(|sight| {
        let mut application = addressed::application_to_write(sight, key)?;
        call.caller.needs_to_write(&application.owners)?;
        let place = place(&application, item).ok_or_else(|| not_found(item))?;
        application.federated_credentials.remove(place);
        Ok((vec![Entry::Application(Box::new(application))], ()))
    })?;
    Ok(no_content())
}
