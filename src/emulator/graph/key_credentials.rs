//! `keyCredentials`: what becomes of an application's certificates when an array of them is sent.
//! The array is the whole new collection; an element that is there already stays as it is, and
//! only a new one brings a key (the keyCredential page; terraform-provider-azuread;
//! microsoft-graph-docs#3579).

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;
use x509_parser::pem::Pem;

use super::failure::Failure;
use super::shown;
use crate::emulator::entra::certificate::RegisteredCertificate;
use crate::emulator::entra::objects::{Binary, KeyCredential};

const NAME_AT_MOST: usize = 90;
const PROPERTIES: [&str; 8] = [
    "customKeyIdentifier",
    "displayName",
    "endDateTime",
    "key",
    "keyId",
    "startDateTime",
    "type",
    "usage",
];

/// The collection after a write. `fresh` gives the id of a new credential by its thumbprint.
pub(crate) fn replaced(
    existing: &[KeyCredential],
    sent: &Value,
    now: Timestamp,
    mut fresh: impl FnMut(&str) -> Uuid,
) -> Result<Vec<KeyCredential>, Failure> {
    let sent = sent.as_array().ok_or_else(|| Failure::value("keyCredentials", "Application"))?;
    let mut all: Vec<KeyCredential> = Vec::with_capacity(sent.len());
    for element in sent {
        let id = key_id(element)?;
        let known = id.and_then(|id| existing.iter().find(|known| known.key_id == id));
        let credential = match known {
            Some(known) => kept(known, element, now)?,
            None => made(element, id, now, &mut fresh)?,
        };
        if all.iter().any(|other| other.key_id == credential.key_id) {
            return Err(Failure::value("keyCredentials", "Application"));
        }
        all.push(credential);
    }
    Ok(all)
}

fn key_id(element: &Value) -> Result<Option<Uuid>, Failure> {
    let object = element.as_object();
    let object = object.ok_or_else(|| Failure::value("keyCredentials", "Application"))?;
    let is_known = |name: &&String| PROPERTIES.contains(&name.as_str()) || name.contains("@odata.");
    if let Some(name) = object.keys().find(|name| !is_known(name)) {
        return Err(Failure::unknown_property(name));
    }
    match &element["keyId"] {
        Value::Null => Ok(None),
        Value::String(id) => Uuid::try_parse(id).map(Some).map_err(|_| of_key("keyId")),
        _ => Err(of_key("keyId")),
    }
}

fn of_key(property: &str) -> Failure {
    Failure::value(property, "KeyCredential")
}

/// Sent again it must be what it is, or say nothing.
fn kept(known: &KeyCredential, sent: &Value, now: Timestamp) -> Result<KeyCredential, Failure> {
    let stored = shown::key_credential(known, true);
    let is_same = |name: &&'static str| {
        let (was, is) = (&stored[*name], &sent[*name]);
        is.is_null()
            || was == is
            || match *name {
                "endDateTime" | "startDateTime" => same_moment(was, is),
                "key" => certificate(is).is_ok_and(|der| der.der == known.der.0),
                "keyId" => true,
                _ => false,
            }
    };
    if !PROPERTIES.iter().all(is_same) {
        return Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "KeyNotUpdatable",
            format!("Update to existing credential with KeyId '{}' is not allowed.", known.key_id),
        ));
    }
    if known.end < now { Err(end_date()) } else { Ok(known.clone()) }
}

fn same_moment(one: &Value, other: &Value) -> bool {
    let read = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    read(one).zip(read(other)).is_some_and(|(one, other)| one.as_second() == other.as_second())
}

/// A new one; also what `addKey` adds.
pub(crate) fn made(
    sent: &Value,
    id: Option<Uuid>,
    now: Timestamp,
    fresh: &mut impl FnMut(&str) -> Uuid,
) -> Result<KeyCredential, Failure> {
    let text = |name: &str| match &sent[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.as_str())),
        _ => Err(of_key(name)),
    };
    if text("type")? != Some("AsymmetricX509Cert") {
        return Err(of_key("type"));
    }
    if text("usage")? != Some("Verify") {
        return Err(of_key("usage"));
    }
    let certificate = certificate(&sent["key"])?;
    let moment = |seconds| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    let start = match text("startDateTime")? {
        None => moment(certificate.not_before),
        Some(text) => text.parse().map_err(|_| start_date())?,
    };
    let end: Timestamp = match text("endDateTime")? {
        None => moment(certificate.not_after),
        Some(text) => text.parse().map_err(|_| end_date())?,
    };
    if start.as_second() < certificate.not_before {
        return Err(start_date());
    }
    if end.as_second() > certificate.not_after || end <= start || end < now {
        return Err(end_date());
    }
    let custom = text("customKeyIdentifier")?;
    if custom.is_some_and(|text| STANDARD.decode(text).is_err()) {
        return Err(of_key("customKeyIdentifier"));
    }
    let thumbprint = certificate.thumbprint();
    let name = text("displayName")?.unwrap_or(&certificate.subject);
    Ok(KeyCredential {
        key_id: id.unwrap_or_else(|| fresh(&thumbprint)),
        custom_key_identifier: custom.map_or(thumbprint, str::to_owned),
        display_name: Some(name.chars().take(NAME_AT_MOST).collect()),
        kind: "AsymmetricX509Cert".to_owned(),
        usage: "Verify".to_owned(),
        start,
        end,
        der: Binary(certificate.der),
    })
}

/// Base64 of the DER, with line breaks or without, or of a PEM text.
fn certificate(key: &Value) -> Result<RegisteredCertificate, Failure> {
    let invalid = || of_key("key");
    let text = key.as_str().ok_or_else(invalid)?;
    let flat: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(flat).map_err(|_| invalid())?;
    if let Some(certificate) = RegisteredCertificate::from_der(&bytes) {
        return Ok(certificate);
    }
    let blocks: Vec<Pem> = Pem::iter_from_buffer(&bytes).filter_map(Result::ok).collect();
    // A private key was never the server's business: such a text is not taken at all.
    if blocks.iter().any(|block| block.label != "CERTIFICATE") {
        return Err(invalid());
    }
    let first = blocks.first().ok_or_else(invalid)?;
    RegisteredCertificate::from_der(&first.contents).ok_or_else(invalid)
}

fn end_date() -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        "KeyCredentialsInvalidEndDate",
        "Key credential end date is invalid.",
    )
}

fn start_date() -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        "KeyCredentialsInvalidStartDate",
        "Key credential start date is invalid.",
    )
}
