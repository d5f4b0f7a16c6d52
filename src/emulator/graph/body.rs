//! The JSON of a request, and the values in it that several endpoints read alike.

use axum::http::StatusCode;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::failure::Failure;
use crate::emulator::message::Request;

pub(crate) type Body = Map<String, Value>;

/// The object of a write. Annotations are left out, save what binds references.
pub(crate) fn object(request: &Request) -> Result<Body, Failure> {
    let media_type = request.header("content-type").unwrap_or_default();
    if !media_type.to_ascii_lowercase().starts_with("application/json") {
        return Err(Failure::malformed(
            "Entity only allows writes with a JSON Content-Type header.",
        ));
    }
    match serde_json::from_slice(&request.body) {
        Ok(Value::Object(body)) => Ok(body
            .into_iter()
            .filter(|(name, _)| name.ends_with("@odata.bind") || !name.contains("@odata."))
            .collect()),
        _ => Err(Failure::malformed(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
        )),
    }
}

/// A text that must be there.
pub(crate) fn text<'a>(body: &'a Body, name: &str, resource: &str) -> Result<&'a str, Failure> {
    match body.get(name) {
        None | Some(Value::Null) => Err(Failure::missing(name, resource)),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
        Some(_) => Err(Failure::value(name, resource)),
    }
}

/// A Guid that must be there.
pub(crate) fn guid(body: &Body, name: &str, resource: &str) -> Result<Uuid, Failure> {
    Uuid::try_parse(text(body, name, resource)?).map_err(|_| Failure::value(name, resource))
}

/// Refuses what the resource does not have.
pub(crate) fn known(body: &Body, names: &[&str]) -> Result<(), Failure> {
    match body.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Failure::unknown_property(name)),
    }
}

/// The object that a reference names: the last segment of its URL.
pub(crate) fn reference(url: &Value) -> Result<Uuid, Failure> {
    let last = url.as_str().and_then(|url| url.trim_end_matches('/').rsplit('/').next());
    last.and_then(|id| Uuid::try_parse(id).ok()).ok_or_else(|| {
        Failure::new(
            StatusCode::BAD_REQUEST,
            "Request_BadRequest",
            "Invalid URL format specified in @odata.id.",
        )
    })
}
