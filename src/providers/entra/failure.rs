//! What a refusal of Microsoft Graph means. Status and body in, a [`Refusal`] out; pure. Codes
//! decide first, then the few published texts (a code such as `Request_BadRequest` is shared by
//! many), then the status.
//!
//! The body is read as leniently as the clients of Graph had to learn to: `message` may be a text
//! or an object, `details` a list or an object, and `innerError` is spelt in three ways (go-azure-sdk
//! `odata/errors.go`).

use std::time::Duration;

use serde_json::{Map, Value};

use super::errors::InnerError;
use crate::client::without_tokens;

/// What to make of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It may pass.
    Transient,
    /// Too many requests; nothing was done.
    Throttled,
    /// Another write to the same object; nothing was done.
    Conflict,
    NotFound,
    AlreadyThere,
    NotYet,
    Denied,
    Unauthorized,
    KeyRefused,
    /// The link to the next page is too old.
    LinkExpired,
    /// The request itself is at fault.
    Invalid,
}

/// A refusal, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) meaning: Meaning,
    pub(super) code: Option<String>,
    /// The service's words, or the status where it has none.
    pub(super) message: String,
    /// Permissions that it names as missing.
    pub(super) missing: Vec<String>,
    pub(super) inner: InnerError,
    pub(super) retry_after: Option<Duration>,
}

const MAX_TEXT: usize = 600;

/// What an object or assignment that is there already is answered with, in lower case.
const ALREADY: [&str; 5] = [
    "permission being assigned already exists on the object",
    "entitlementgrant entry already exists",
    "a conflicting object with one or more of the specified property values is present",
    "one or more added object references already exist",
    "another object with the same value for property",
];
/// What a reference to an object that is not replicated yet is answered with.
const NOT_YET: [&str; 6] = [
    "not a valid reference update",
    "does not reference a valid application object",
    "when using this permission, the backing application of the service principal",
    // The Exchange provider, about a service principal that Exchange has not seen.
    "couldn't find",
    "couldn\u{2019}t find",
    "principalid",
];
const KEY: [&str; 2] = ["key credential end date is invalid", "update to existing credential"];

/// Reads a refusal.
pub(super) fn classify(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Refusal {
    let body = without_tokens(&String::from_utf8_lossy(body));
    let body = serde_json::from_str::<Value>(&body).unwrap_or_default();
    let error = body.get("error").and_then(Value::as_object);
    let mut code = error.and_then(|error| text(error, "code"));
    let mut message = error.map(message).unwrap_or_default();
    if let Some(embedded) = embedded(&message) {
        code = text(&embedded, "errorCode").or(code);
        message = text(&embedded, "message").unwrap_or(message);
    }
    let codes: Vec<String> =
        code.iter().cloned().chain(error.map(detail_codes).unwrap_or_default()).collect();
    let meaning = codes
        .iter()
        .find_map(|code| by_code(code))
        .or_else(|| by_text(status, &message))
        .unwrap_or_else(|| by_status(status));
    let missing = match meaning {
        Meaning::Denied => permissions_in(&message),
        _ => Vec::new(),
    };
    let inner = error.map(inner_error).unwrap_or_default();
    // The code that decided says the most, even where it stands in the details.
    let code = codes.iter().find(|code| by_code(code).is_some()).cloned().or(code);
    let message = if message.is_empty() { words(status) } else { shortened(&message) };
    Refusal { meaning, code, message, missing, inner, retry_after }
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    let found = object.get(name)?.as_str()?;
    Some(found.to_owned()).filter(|found| !found.is_empty())
}

/// A text, or `{ "lang", "value" }`.
fn message(error: &Map<String, Value>) -> String {
    match error.get("message") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(object)) => text(object, "value").unwrap_or_default(),
        _ => String::new(),
    }
}

/// Role management puts an error as JSON into the text of another one.
fn embedded(message: &str) -> Option<Map<String, Value>> {
    let start = message.trim();
    if !start.starts_with('{') {
        return None;
    }
    match serde_json::from_str(start) {
        Ok(Value::Object(object)) if object.contains_key("errorCode") => Some(object),
        _ => None,
    }
}

fn detail_codes(error: &Map<String, Value>) -> Vec<String> {
    let code = |detail: &Value| detail.as_object().and_then(|detail| text(detail, "code"));
    match error.get("details") {
        Some(Value::Array(details)) => details.iter().filter_map(code).collect(),
        Some(detail) => code(detail).into_iter().collect(),
        None => Vec::new(),
    }
}

fn inner_error(error: &Map<String, Value>) -> InnerError {
    let is_inner = |name: &str| name.eq_ignore_ascii_case("innererror");
    let inner = error.iter().find(|(name, _)| is_inner(name));
    let Some(inner) = inner.and_then(|(_, inner)| inner.as_object()) else {
        return InnerError::default();
    };
    let found = |wanted: &str| {
        let entry = inner.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        entry.and_then(|(_, value)| value.as_str()).map(str::to_owned)
    };
    InnerError {
        request_id: found("request-id"),
        client_request_id: found("client-request-id"),
        date: found("date"),
    }
}

fn by_code(code: &str) -> Option<Meaning> {
    Some(match code {
        "Directory_ConcurrencyViolation" => Meaning::Conflict,
        "PermissionScopeNotGranted" => Meaning::Denied,
        "Request_MultipleObjectsWithSameKeyValue" => Meaning::AlreadyThere,
        "InvalidAuthenticationToken" | "Authentication_MissingOrMalformed" => Meaning::Unauthorized,
        "KeyCredentialsInvalidEndDate"
        | "CredentialInvalidLifetimeAsPerAppPolicy"
        | "CredentialTypeNotAllowedAsPerAppPolicy"
        | "KeyNotUpdatable" => Meaning::KeyRefused,
        "Directory_ExpiredPageToken" => Meaning::LinkExpired,
        "TooManyRequests" => Meaning::Throttled,
        _ => return None,
    })
}

fn by_text(status: u16, message: &str) -> Option<Meaning> {
    let message = message.to_ascii_lowercase();
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    match status {
        400 | 403 | 404 | 409 if says(&ALREADY) => Some(Meaning::AlreadyThere),
        400 | 403 | 404 if says(&NOT_YET) => Some(Meaning::NotYet),
        400 if says(&KEY) => Some(Meaning::KeyRefused),
        _ => None,
    }
}

fn by_status(status: u16) -> Meaning {
    match status {
        401 => Meaning::Unauthorized,
        403 => Meaning::Denied,
        404 => Meaning::NotFound,
        409 => Meaning::AlreadyThere,
        429 => Meaning::Throttled,
        // 424 outside of a batch: a service behind Graph failed (go-azure-sdk retries it).
        408 | 424 | 500.. => Meaning::Transient,
        _ => Meaning::Invalid,
    }
}

/// Names such as `RoleManagement.ReadWrite.Directory`.
fn permissions_in(message: &str) -> Vec<String> {
    let is_part = |part: &str| {
        part.starts_with(|letter: char| letter.is_ascii_uppercase())
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    let words = message.split(|letter: char| letter.is_whitespace() || ",;'\"()".contains(letter));
    let words = words.map(|word| word.trim_end_matches(['.', ':']));
    let is_name = |word: &&str| word.contains('.') && word.split('.').all(is_part);
    words.filter(is_name).map(str::to_owned).collect()
}

fn words(status: u16) -> String {
    match status {
        300..400 => "it redirects elsewhere, which is not followed".to_owned(),
        status => format!("status {status} without a reason"),
    }
}

fn shortened(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(status: u16, error: &Value) -> Refusal {
        classify(status, None, json!({ "error": error }).to_string().as_bytes())
    }

    fn bad(message: &str) -> Value {
        json!({ "code": "Request_BadRequest", "message": message })
    }

    #[test]
    fn published_answers_have_their_meaning() {
        let already = "Permission being assigned already exists on the object";
        let conflicting = "A conflicting object with one or more of the specified property values \
                           is present in the directory.";
        let backing = "When using this permission, the backing application of the service \
                       principal being created must in the local tenant";
        for (status, error, meaning) in [
            (400, bad(already), Meaning::AlreadyThere),
            (400, bad("EntitlementGrant entry already exists."), Meaning::AlreadyThere),
            (400, bad(conflicting), Meaning::AlreadyThere),
            (400, bad("One or more added object references already exist"), Meaning::AlreadyThere),
            (409, json!({ "code": "Conflict", "message": "x" }), Meaning::AlreadyThere),
            (
                400,
                json!({ "code": "Request_MultipleObjectsWithSameKeyValue" }),
                Meaning::AlreadyThere,
            ),
            (400, bad("Not a valid reference update."), Meaning::NotYet),
            (
                400,
                bad("The appId 'x' of the service principal does not reference a valid \
                     application object."),
                Meaning::NotYet,
            ),
            (
                403,
                json!({ "code": "Authorization_RequestDenied", "message": backing }),
                Meaning::NotYet,
            ),
            (404, bad("Couldn't find object 'x'."), Meaning::NotYet),
            (400, bad("Invalid value for principalId."), Meaning::NotYet),
            (404, json!({ "code": "Request_ResourceNotFound", "message": "x" }), Meaning::NotFound),
            (409, json!({ "code": "Directory_ConcurrencyViolation" }), Meaning::Conflict),
            (400, json!({ "code": "KeyCredentialsInvalidEndDate" }), Meaning::KeyRefused),
            (
                400,
                bad("Update to existing credential with KeyId 'x' is not allowed."),
                Meaning::KeyRefused,
            ),
            (400, json!({ "code": "Directory_ExpiredPageToken" }), Meaning::LinkExpired),
            (401, json!({ "code": "InvalidAuthenticationToken" }), Meaning::Unauthorized),
            (
                403,
                json!({ "code": "Authorization_RequestDenied", "message":
                    "Insufficient privileges to complete the operation." }),
                Meaning::Denied,
            ),
            (424, json!({}), Meaning::Transient),
            (400, bad("Something else"), Meaning::Invalid),
        ] {
            assert_eq!(judged(status, &error).meaning, meaning, "{status} {error}");
        }
    }

    #[test]
    fn a_missing_scope_is_found_inside_of_the_message() {
        let inside = json!({ "errorCode": "PermissionScopeNotGranted", "message":
            "Authorization failed due to missing permission scope \
             RoleManagement.ReadWrite.Directory,RoleAssignmentSchedule.ReadWrite.Directory." });
        let error = json!({ "code": "UnknownError", "message": inside.to_string() });
        let refusal = judged(403, &error);
        assert_eq!(refusal.code.as_deref(), Some("PermissionScopeNotGranted"));
        assert_eq!(
            refusal.missing,
            ["RoleManagement.ReadWrite.Directory", "RoleAssignmentSchedule.ReadWrite.Directory"]
        );
        assert!(refusal.message.starts_with("Authorization failed"), "{}", refusal.message);
    }

    #[test]
    fn a_code_in_the_details_counts() {
        let detail = json!({ "code": "CredentialInvalidLifetimeAsPerAppPolicy", "message": "x" });
        for details in [json!([detail]), detail.clone()] {
            let error = json!({ "code": "Request_BadRequest", "message": "y", "details": details });
            let refusal = judged(400, &error);
            assert_eq!(refusal.meaning, Meaning::KeyRefused);
            let code = refusal.code.as_deref();
            assert_eq!(code, Some("CredentialInvalidLifetimeAsPerAppPolicy"));
        }
    }

    #[test]
    fn every_spelling_of_the_body_is_read() {
        for inner in ["innerError", "innererror", "InnerError"] {
            let error = json!({ "code": "", "message": { "lang": "en", "value": "Words." },
                inner: { "request-id": "r", "client-request-id": "c", "date": "d" } });
            let refusal = judged(400, &error);
            assert_eq!((refusal.code, refusal.message.as_str()), (None, "Words."));
            assert_eq!(refusal.inner.request_id.as_deref(), Some("r"));
            assert_eq!(refusal.inner.client_request_id.as_deref(), Some("c"));
        }
    }

    #[test]
    fn a_body_that_says_nothing_is_described_by_its_status() {
        for body in ["", "<html>", "[]", "{\"error\":7}", "{\"error\":{\"message\":7}}"] {
            let refusal = classify(418, None, body.as_bytes());
            assert_eq!(refusal.message, "status 418 without a reason", "{body}");
        }
        assert!(classify(302, None, b"").message.contains("redirects elsewhere"));
    }
}
