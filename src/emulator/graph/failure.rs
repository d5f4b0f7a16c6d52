//! How Graph says no: a status, a code, a message, and the published body around them ("Microsoft
//! Graph error responses"). Codes and messages are as published or as others saw them; where
//! neither is known, `docs/emulator.md` says that it chooses.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::emulator::message::{Answer, Request};

/// A refusal of Graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// The one `details` entry: code and target.
    detail: Option<(&'static str, &'static str)>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), detail: None }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    /// Of the gateway, before the directory is asked.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(crate) fn unauthenticated(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    }

    /// hashicorp/terraform-provider-azuread: said of a new application too, until it is everywhere.
    pub(crate) fn application_elsewhere() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "When using this permission, the backing application of the service principal being created must in the local tenant",
        )
    }

    /// A JSON text inside the message (Azure/azure-cli#26471, #33778).
    pub(crate) fn scope_not_granted(wanted: &[&str]) -> Self {
        let inner = json!({
            "errorCode": "PermissionScopeNotGranted",
            "message": format!(
                "Authorization failed due to missing permission scope {}.", wanted.join(",")
            ),
            "instanceAnnotations": [],
        });
        Self::new(StatusCode::FORBIDDEN, "UnknownError", inner.to_string())
    }

    pub(crate) fn not_found(id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Request_ResourceNotFound",
            format!(
                "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    }

    pub(crate) fn no_such_segment(segment: &str) -> Self {
        Self::malformed(format!("Resource not found for the segment '{segment}'."))
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        )
    }

    pub(crate) fn query(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message)
    }

    pub(crate) fn value(property: &str, resource: &str) -> Self {
        Self::bad(format!(
            "Invalid value specified for property '{property}' of resource '{resource}'."
        ))
    }

    pub(crate) fn missing(property: &str, resource: &str) -> Self {
        Self::bad(format!(
            "A value is required for property '{property}' of resource '{resource}'."
        ))
    }

    pub(crate) fn unknown_property(property: &str) -> Self {
        Self::bad(format!("Invalid property '{property}'."))
    }

    pub(crate) fn read_only(property: &str) -> Self {
        Self::bad(format!("Property '{property}' is read-only and cannot be set."))
    }

    pub(crate) fn taken(property: &'static str) -> Self {
        Self {
            detail: Some(("ObjectConflict", property)),
            ..Self::new(
                StatusCode::BAD_REQUEST,
                "Request_MultipleObjectsWithSameKeyValue",
                format!(
                    "Another object with the same value for property {property} already exists."
                ),
            )
        }
    }

    /// dod-ccpo/atat#1554.
    pub(crate) fn conflicting_object() -> Self {
        Self::bad(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        )
    }

    /// Said of a reference to what is not replicated yet.
    pub(crate) fn not_a_reference() -> Self {
        Self::bad("Not a valid reference update.")
    }

    pub(crate) fn expired_page() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "Directory_ExpiredPageToken",
            "The specified page token value has expired and can no longer be included in your request.",
        )
    }

    /// "Continuous access evaluation".
    pub(crate) fn revoked() -> Self {
        Self::unauthenticated(
            "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp",
        )
    }

    pub(crate) fn not_written(error: &std::io::Error) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Service_InternalServerError",
            format!("The change could not be stored: {error}"),
        )
    }

    /// With the ids of the request, in the body and in headers.
    pub(crate) fn answer(&self, request: &Request, now: Timestamp) -> Answer {
        let id = Uuid::new_v4().to_string();
        let client_id = request.header("client-request-id").unwrap_or(&id);
        let mut error = json!({
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                "request-id": id,
                "client-request-id": client_id,
            },
        });
        if let Some((code, target)) = self.detail {
            error["details"] = json!([{ "code": code, "message": self.message, "target": target }]);
        }
        Answer::json(self.status, &json!({ "error": error })).with_header("request-id", &id)
    }
}
