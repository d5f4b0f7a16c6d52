//! What Microsoft Entra's refusals mean and what to do about each. Bodies and codes in, typed
//! reasons with advice out; pure.
//!
//! Source: `reference-error-codes.md` of the Entra documentation. It asks to react to `error` and
//! not to codes; so codes choose the words here, and whether to try again rests on `error`, the
//! status and the few codes that are published as transient.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::retry::{Outcome, Stop};
use super::trace::RequestTrace;

/// Signing in failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInError {
    /// Why.
    pub reason: SignInReason,
    /// The service's words, without its trailing identifiers.
    pub text: String,
    /// The request that failed.
    pub trace: Box<RequestTrace>,
}

/// Why signing in failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInReason {
    /// AADSTS90002.
    TenantNotFound,
    /// AADSTS90038 and kin: the tenant is in another of Microsoft's clouds.
    WrongCloud,
    /// The host answered for another tenant than the one that the spec names.
    OtherTenant,
    /// AADSTS700016.
    AppNotFound,
    /// AADSTS7000229: the application has no service principal in the tenant.
    NoServicePrincipal,
    /// AADSTS7000112, 70001.
    AppDisabled,
    /// AADSTS700027.
    CertificateNotRegistered,
    /// AADSTS700024: the assertion is outside of its time window.
    AssertionTime {
        /// How far this machine's clock is ahead of the service's, in seconds, if it said its time.
        ahead_seconds: Option<i64>,
    },
    /// AADSTS50012 and kin.
    AssertionRefused,
    /// AADSTS700025.
    PublicClient,
    /// AADSTS500011: the resource has no service principal in the tenant.
    ResourceNotFound,
    /// AADSTS70011 and kin.
    ScopeRefused,
    /// AADSTS65001 and kin.
    ConsentMissing,
    /// AADSTS53003 and kin: Conditional Access.
    Blocked,
    /// The service asks to come back later than the bound allows.
    Throttled {
        /// When to come back.
        come_back: Timestamp,
    },
    /// The host has never answered.
    Unreachable,
    /// It answered with failures until the bound was reached.
    Unavailable,
    /// An answer that is not what a sign-in service sends.
    NotASignInService,
    /// The certificate's key could not sign.
    CannotSign,
    /// Anything else that the service refuses.
    Other,
}

impl SignInError {
    /// What to do about it, in one or two sentences.
    pub fn help(&self) -> String {
        let fixed = match &self.reason {
            SignInReason::AssertionTime { ahead_seconds } => return clock_help(*ahead_seconds),
            SignInReason::Throttled { come_back } => {
                return format!("the service asks to wait; run this again after {come_back}");
            }
            SignInReason::TenantNotFound => {
                "check `organization` (the initial domain, such as contoso.onmicrosoft.com) and \
                 `cloud`"
            }
            SignInReason::WrongCloud => "the tenant is in another cloud: set `cloud`",
            SignInReason::OtherTenant => "check `organization` and `tenant_id` against each other",
            SignInReason::AppNotFound => {
                "check `client_id`: it is the Application (client) ID of an app registration in \
                 this very tenant"
            }
            SignInReason::NoServicePrincipal => {
                "the application has no enterprise application in this tenant; grant it admin \
                 consent there once"
            }
            SignInReason::AppDisabled => "an administrator has disabled the application",
            SignInReason::CertificateNotRegistered => {
                "upload the certificate (the .cer, not the key) to the app registration; after an \
                 upload it takes a few minutes to be known"
            }
            SignInReason::AssertionRefused => "the service does not accept the signed assertion",
            SignInReason::PublicClient => {
                "the app registration allows public client flows; switch that off"
            }
            SignInReason::ResourceNotFound => {
                "this tenant does not have the service; check `exchange_scope` and that the tenant \
                 has Exchange Online"
            }
            SignInReason::ScopeRefused => "check `exchange_scope`: one resource and `/.default`",
            SignInReason::ConsentMissing => "grant the application admin consent",
            SignInReason::Blocked => "a Conditional Access policy blocks this application",
            SignInReason::Unreachable => {
                "check the network, the proxy variables and `[tenant.endpoints] authority`; a \
                 private certificate authority goes into `ca_file`"
            }
            SignInReason::Unavailable => "the sign-in service is failing; try again later",
            SignInReason::NotASignInService => {
                "is `[tenant.endpoints] authority` right, and does a proxy answer in its place?"
            }
            SignInReason::CannotSign => "make a new certificate with an RSA key of 2048 bits",
            SignInReason::Other => {
                "the code is explained at https://login.microsoftonline.com/error"
            }
        };
        fixed.to_owned()
    }
}

fn clock_help(ahead: Option<i64>) -> String {
    match ahead {
        Some(seconds) if seconds.abs() > 60 => {
            let way = if seconds > 0 { "ahead of" } else { "behind" };
            let seconds = seconds.abs();
            format!("this machine's clock is {seconds} s {way} the service's; set it right")
        }
        _ => "check this machine's clock and time zone".to_owned(),
    }
}

impl fmt::Display for SignInError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.reason {
            SignInReason::TenantNotFound => "the tenant does not exist",
            SignInReason::WrongCloud => "the tenant is in another cloud",
            SignInReason::OtherTenant => "the host serves another tenant",
            SignInReason::AppNotFound => "the application is not known in this tenant",
            SignInReason::NoServicePrincipal => "the application is not installed in this tenant",
            SignInReason::AppDisabled => "the application is disabled",
            SignInReason::CertificateNotRegistered => {
                "the certificate is not registered on the application"
            }
            SignInReason::AssertionTime { .. } => "the signed assertion is outside of its times",
            SignInReason::AssertionRefused => "the signed assertion was refused",
            SignInReason::PublicClient => "the application is a public client",
            SignInReason::ResourceNotFound => "the resource is not in this tenant",
            SignInReason::ScopeRefused => "the scope was refused",
            SignInReason::ConsentMissing => "the application has no consent",
            SignInReason::Blocked => "sign-in is blocked by policy",
            SignInReason::Throttled { .. } => "the sign-in service throttles",
            SignInReason::Unreachable => "the sign-in service cannot be reached",
            SignInReason::Unavailable => "the sign-in service fails",
            SignInReason::NotASignInService => "the answer is not one of a sign-in service",
            SignInReason::CannotSign => "the assertion cannot be signed",
            SignInReason::Other => "signing in was refused",
        };
        write!(formatter, "{what}")?;
        if !self.text.is_empty() {
            write!(formatter, ": {}", self.text)?;
        }
        write!(formatter, " [{}]", self.trace)
    }
}

impl std::error::Error for SignInError {}

#[derive(Deserialize)]
struct Body {
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
}

/// A refusal as the service wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: SignInReason,
    pub(crate) text: String,
    pub(crate) outcome: Outcome,
}

/// What a status other than 200 means. `ahead_seconds` is our clock against the answer's `Date`.
pub(crate) fn refusal(
    status: u16,
    body: &[u8],
    retry_after: Option<Duration>,
    ahead_seconds: Option<i64>,
) -> Refusal {
    let parsed = serde_json::from_slice::<Body>(body).ok();
    let codes = parsed.as_ref().map(codes).unwrap_or_default();
    let transient = codes.iter().any(|code| matches!(code, 50033 | 90006 | 90024 | 90033 | 90055))
        || parsed.as_ref().is_some_and(|body| body.error == "temporarily_unavailable");
    // 50196 is Entra's answer to a client that asks for the same token over and over.
    let outcome = if status == 429 || codes.contains(&50196) {
        Outcome::Throttled { retry_after }
    } else if transient || status >= 500 || status == 408 {
        Outcome::Transient { retry_after }
    } else {
        Outcome::Permanent
    };
    let reason = match (outcome, &parsed) {
        (Outcome::Permanent, None) => SignInReason::NotASignInService,
        (Outcome::Permanent, Some(_)) => {
            let known = codes.iter().find_map(|code| reason_of(*code, ahead_seconds));
            known.unwrap_or(SignInReason::Other)
        }
        _ => SignInReason::Unavailable,
    };
    let text = parsed.map(|body| description(&body)).unwrap_or_default();
    Refusal { reason, text, outcome }
}

/// `error_codes`, and the code that the description begins with, where it is left out.
fn codes(body: &Body) -> Vec<u32> {
    let mut codes = body.error_codes.clone();
    if let Some(text) = body.error_description.strip_prefix("AADSTS") {
        let digits = text.split(|byte: char| !byte.is_ascii_digit()).next().unwrap_or_default();
        codes.extend(digits.parse::<u32>().ok());
    }
    codes
}

/// The description without `Trace ID: …` and what follows, on one line.
fn description(body: &Body) -> String {
    let text =
        if body.error_description.is_empty() { &body.error } else { &body.error_description };
    let text = text.split("Trace ID:").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn reason_of(code: u32, ahead_seconds: Option<i64>) -> Option<SignInReason> {
    Some(match code {
        90002 => SignInReason::TenantNotFound,
        90038 | 900_382 | 900_432 => SignInReason::WrongCloud,
        700_016 => SignInReason::AppNotFound,
        7_000_229 => SignInReason::NoServicePrincipal,
        7_000_112 | 70001 => SignInReason::AppDisabled,
        700_027 => SignInReason::CertificateNotRegistered,
        700_024 => SignInReason::AssertionTime { ahead_seconds },
        50012 | 50013 | 50027 | 700_030 => SignInReason::AssertionRefused,
        700_025 => SignInReason::PublicClient,
        500_011 => SignInReason::ResourceNotFound,
        70011 | 28002 | 700_022 => SignInReason::ScopeRefused,
        650_052 | 65001 | 65002 | 90094 => SignInReason::ConsentMissing,
        53000..=53003 | 530_035 | 50105 => SignInReason::Blocked,
        _ => return None,
    })
}

/// The reason for having stopped trying.
pub(crate) fn reason_of_stop(stop: Stop, reason: SignInReason, now: Timestamp) -> SignInReason {
    match stop {
        Stop::ComeBack { after } => SignInReason::Throttled {
            come_back: now.saturating_add(after).unwrap_or(Timestamp::MAX),
        },
        Stop::Unreachable => SignInReason::Unreachable,
        _ => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(error: &str, code: u32, text: &str) -> String {
        let text = format!("AADSTS{code}: {text} Trace ID: x Correlation ID: y Timestamp: z");
        serde_json::json!({ "error": error, "error_description": text, "error_codes": [code] })
            .to_string()
    }

    fn judged(status: u16, body: &str) -> Refusal {
        refusal(status, body.as_bytes(), None, Some(400))
    }

    #[test]
    fn every_code_of_this_setup_has_its_reason_and_is_not_tried_again() {
        for (code, reason) in [
            (90002, SignInReason::TenantNotFound),
            (700_016, SignInReason::AppNotFound),
            (700_027, SignInReason::CertificateNotRegistered),
            (700_024, SignInReason::AssertionTime { ahead_seconds: Some(400) }),
            (500_011, SignInReason::ResourceNotFound),
            (53003, SignInReason::Blocked),
            (123_456, SignInReason::Other),
        ] {
            let refusal = judged(400, &body("invalid_client", code, "Words."));
            let text = format!("AADSTS{code}: Words.");
            assert_eq!(refusal, Refusal { reason, text, outcome: Outcome::Permanent });
        }
    }

    #[test]
    fn a_code_is_found_in_the_text_where_the_list_is_missing() {
        let body = r#"{"error":"invalid_request","error_description":"AADSTS90002: Tenant 'x' not found.\r\nTrace ID: 1"}"#;
        let refusal = judged(400, body);
        assert_eq!(refusal.reason, SignInReason::TenantNotFound);
        assert_eq!(refusal.text, "AADSTS90002: Tenant 'x' not found.");
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        let transient = Outcome::Transient { retry_after: None };
        let throttled = Outcome::Throttled { retry_after: None };
        for (status, body, outcome) in [
            (400, body("temporarily_unavailable", 1, "x"), transient),
            (400, body("invalid_request", 90033, "x"), transient),
            (503, String::new(), transient),
            (429, "<html>".to_owned(), throttled),
            (400, body("invalid_grant", 50196, "x"), throttled),
        ] {
            assert_eq!(judged(status, &body).outcome, outcome, "{body}");
        }
    }

    #[test]
    fn a_body_that_is_no_refusal_of_entra_is_said_to_be_none() {
        for body in ["", "<html>proxy</html>", "\0\0\0", "{}", "[]"] {
            assert_eq!(judged(404, body).reason, SignInReason::NotASignInService, "{body}");
        }
    }

    #[test]
    fn a_clock_that_is_wrong_is_named_with_its_error() {
        assert!(clock_help(Some(400)).contains("400 s ahead of"));
        assert!(clock_help(Some(-90)).contains("90 s behind"));
        assert!(clock_help(None).contains("check this machine's clock"));
    }
}
