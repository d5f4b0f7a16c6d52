//! How the Exchange gateway says no: an exception type, a text, a status, and the several shapes
//! of body that were seen around them. What goes wrong is decided elsewhere.

use std::fmt::Write as _;

use axum::http::StatusCode;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use crate::emulator::message::Answer;

/// A refusal of the gateway or of a cmdlet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A .NET exception, in the published error body.
    Exception { status: StatusCode, exception: &'static str, text: String, details: Details },
    /// No token or one that does not count here; the reason is in headers alone.
    Unauthorized(&'static str),
    /// Not permitted. graph2otel measured a body of NUL bytes and no reason.
    Forbidden,
}

/// The `details` array differs by origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Details {
    /// `Ex6F9304|Type|Text`
    Coded,
    /// `|Type|Text`: seen with errors of the parameter set.
    Uncoded,
    /// None at all: seen with values that cannot be converted.
    Absent,
}

const NOT_FOUND: &str = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException";
const AMBIGUOUS: &str = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException";
const RECIPIENT: &str = "Microsoft.Exchange.Management.Tasks.RecipientTaskException";
const PROXY: &str = "Microsoft.Exchange.Configuration.Tasks.CmdletProxyNotAvailableException";
const DEHYDRATED: &str =
    "Microsoft.Exchange.Configuration.Tasks.InvalidOperationInDehydratedContextException";
const PARAMETER_SET: &str =
    "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException";
const TRANSFORMATION: &str =
    "Microsoft.Exchange.AdminApi.CommandInvocation.ParameterTransformationException";
const ODATA: &str = "Microsoft.Exchange.Admin.OData.Core.ODataServiceException";
const ARGUMENT: &str = "System.ArgumentException";

impl Failure {
    fn exception(exception: &'static str, details: Details, text: impl Into<String>) -> Self {
        Self::Exception { status: StatusCode::BAD_REQUEST, exception, text: text.into(), details }
    }

    pub(crate) fn not_found(identity: &str) -> Self {
        Self::exception(
            NOT_FOUND,
            Details::Coded,
            format!(
                "The operation couldn't be performed because object '{identity}' couldn't be found on 'DB8PR04A003DC02.EURPR04A003.PROD.OUTLOOK.COM'."
            ),
        )
    }

    pub(crate) fn ambiguous(identity: &str) -> Self {
        let text = format!(
            "The operation couldn't be performed because '{identity}' matches multiple entries."
        );
        Self::exception(AMBIGUOUS, Details::Coded, text)
    }

    /// An error of the recipient task, such as A1.5 lists.
    pub(crate) fn recipient(text: impl Into<String>) -> Self {
        Self::exception(RECIPIENT, Details::Coded, text)
    }

    /// pnp/cli-microsoft365#4677.
    pub(crate) fn needs_proxy(current: &str, required: &str) -> Self {
        Self::exception(
            PROXY,
            Details::Coded,
            format!(
                "Cmdlet needs proxy. Current Server FQDN: {current}, Required Server FQDN: {required}."
            ),
        )
    }

    pub(crate) fn dehydrated() -> Self {
        Self::exception(
            DEHYDRATED,
            Details::Coded,
            "The command you tried to run isn't currently allowed in your organization. To run this command, you first need to run the command Enable-OrganizationCustomization.",
        )
    }

    /// Enable-OrganizationCustomization docs: it runs once.
    pub(crate) fn already_customized() -> Self {
        Self::exception(
            "System.InvalidOperationException",
            Details::Coded,
            "This operation is not required. Organization is already enabled for customization.",
        )
    }

    pub(crate) fn unknown_parameter(name: &str, cmdlet: &str) -> Self {
        Self::exception(
            PARAMETER_SET,
            Details::Uncoded,
            format!(
                "Parameter set cannot be resolved using the specified named parameters. A parameter cannot be found that matches parameter name '{name}' of '{cmdlet}'."
            ),
        )
    }

    pub(crate) fn missing_parameter(name: &str, cmdlet: &str) -> Self {
        Self::exception(
            PARAMETER_SET,
            Details::Uncoded,
            format!(
                "Parameter set cannot be resolved using the specified named parameters. '{cmdlet}' needs a value for '{name}'."
            ),
        )
    }

    pub(crate) fn transformation(parameter: &str, value: &Value, legal: &str) -> Self {
        Self::exception(
            TRANSFORMATION,
            Details::Absent,
            format!(
                "Cannot process argument transformation on parameter '{parameter}'. Cannot convert value {value} to the type of the parameter. {legal}"
            ),
        )
    }

    pub(crate) fn filter(filter: &str) -> Self {
        Self::exception(
            ARGUMENT,
            Details::Coded,
            format!(
                "Cannot bind parameter 'Filter' to the target. Exception setting \"Filter\": \"Invalid filter syntax. For a description of the filter parameter syntax see the command help. '{filter}'\""
            ),
        )
    }

    /// Text as graph2otel measured it.
    pub(crate) fn pagination() -> Self {
        Self::exception(
            ODATA,
            Details::Absent,
            "Expired or Invalid pagination request. Default Expiry time is 00:30:00",
        )
    }

    pub(crate) fn body(text: &str) -> Self {
        Self::exception(ODATA, Details::Absent, text)
    }

    /// A gateway or a backend that gave up, without a reason of the cmdlet's own.
    pub(crate) fn failed(status: StatusCode) -> Self {
        Self::Exception {
            status,
            exception: ODATA,
            text: "Error executing cmdlet".to_owned(),
            details: Details::Absent,
        }
    }

    pub(crate) fn not_written(error: &std::io::Error) -> Self {
        Self::Exception {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            exception: "System.IO.IOException",
            text: format!("The change could not be stored: {error}"),
            details: Details::Coded,
        }
    }

    pub(crate) fn answer(&self) -> Answer {
        match self {
            Self::Unauthorized(reason) => {
                let challenge = format!(
                    "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", \
                     token_types=\"app_asserted_user_v1 service_asserted_app_v1\", \
                     error=\"invalid_token\", error_description=\"{reason}\""
                );
                let diagnostics =
                    format!("2000001;reason=\"{reason}\";error_category=\"invalid_token\"");
                Answer::new(StatusCode::UNAUTHORIZED, "text/plain", Vec::new())
                    .with_header("www-authenticate", &challenge)
                    .with_header("x-ms-diagnostics", &diagnostics)
            }
            Self::Forbidden => Answer::new(StatusCode::FORBIDDEN, "text/plain", vec![0; 1024]),
            Self::Exception { status, exception, text, details } => {
                let body = exception_body(*status, exception, text, *details);
                Answer::json(*status, &body).with_header("x-exceptiontype", exception)
            }
        }
    }
}

fn exception_body(status: StatusCode, exception: &str, text: &str, details: Details) -> Value {
    let server_fault = status.is_server_error();
    let mut error = json!({
        "code": if server_fault { "InternalServerError" } else { "BadRequest" },
        "message": if server_fault { "Error executing cmdlet" } else { "Invalid Operation" },
        "innererror": {
            "message": if server_fault { "Error executing cmdlet" } else { "Invalid Operation" },
            "type": ODATA,
            "stacktrace": "   at Microsoft.Exchange.Admin.OData.Core.InvokeCommand()",
            "internalexception": {
                "message": text,
                "type": exception,
                "stacktrace": "   at Microsoft.Exchange.Admin.OData.Core.CmdletExecution()",
            },
        },
    });
    let code = match details {
        Details::Absent => None,
        Details::Uncoded => Some(String::new()),
        Details::Coded => Some(exception_code(exception)),
    };
    if let Some(code) = code {
        let message = format!("{code}|{exception}|{text}");
        error["details"] = json!([{ "code": "Client", "target": "", "message": message }]);
    } else if exception == ODATA {
        // Errors of the gateway itself carry their text on the outside.
        error["message"] = json!(text);
        error["innererror"] = json!({ "message": text, "type": ODATA, "stacktrace": "" });
    }
    json!({
        "error": error,
        "adminapi.warnings@odata.type": "#Collection(String)",
        "@adminapi.warnings": [],
    })
}

/// `Ex` and six digits of hexadecimal, always the same for a type.
fn exception_code(exception: &str) -> String {
    if exception == NOT_FOUND {
        return "Ex6F9304".to_owned();
    }
    let digest = Sha1::digest(exception.as_bytes());
    digest.iter().take(3).fold(String::from("Ex"), |mut code, byte| {
        let _ = write!(code, "{byte:02X}");
        code
    })
}
