//! What the refusals of a sign-in service mean. Status, body and times in, a [`Refusal`] out; pure.
//!
//! Source: `reference-error-codes.md` of the Entra documentation. It asks to react to `error` and
//! not to codes; so codes choose the words, and whether to try again rests on `error`, the status
//! and the few codes that are published as transient.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::SignInReason;
use crate::client::retry::{Outcome, Stop};

#[derive(Deserialize)]
struct Body {
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
}

/// The instance metadata service answers as Entra does, App Service with `statusCode` and `message`.
#[derive(Deserialize)]
#[serde(untagged)]
enum MachineBody {
    Metadata(Body),
    AppService { message: String },
}

/// A refusal as the service wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: SignInReason,
    pub(crate) text: String,
    pub(crate) outcome: Outcome,
}

/// Reads a refusal: status, body, `Retry-After`, and our clock against the answer's `Date`.
pub(crate) type Judge = fn(u16, &[u8], Option<Duration>, Option<i64>) -> Refusal;

/// What a status other than 200 of Microsoft Entra means.
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
        Outcome::throttled(retry_after)
    } else if transient || status >= 500 || status == 408 {
        Outcome::Transient { retry_after }
    } else {
        Outcome::Permanent
    };
    let reason = match (outcome, &parsed) {
        (Outcome::Permanent, None) => SignInReason::NotASignInService,
        (Outcome::Permanent, Some(body)) => device_reason(&body.error)
            .or_else(|| codes.iter().find_map(|code| reason_of(*code, ahead_seconds)))
            .unwrap_or(SignInReason::Other),
        _ if codes.contains(&50196) => SignInReason::LoopDetected,
        _ => SignInReason::Unavailable,
    };
    let text = parsed.map(|body| description(&body)).unwrap_or_default();
    Refusal { reason, text, outcome }
}

/// What a refusal of a managed identity endpoint means. 404 and 410 are answers while it is being
/// renewed (Microsoft, "How to use managed identities": error handling).
pub(crate) fn managed_identity_refusal(
    status: u16,
    body: &[u8],
    retry_after: Option<Duration>,
    _ahead_seconds: Option<i64>,
) -> Refusal {
    let outcome = match status {
        429 => Outcome::throttled(retry_after),
        404 | 408 | 410 | 500.. => Outcome::Transient { retry_after },
        _ => Outcome::Permanent,
    };
    let parsed = serde_json::from_slice::<MachineBody>(body).ok();
    let text = match parsed {
        Some(MachineBody::Metadata(body)) => description(&body),
        Some(MachineBody::AppService { message }) => without_identifiers(&message),
        None => String::new(),
    };
    Refusal { reason: SignInReason::NoManagedIdentity, text, outcome }
}

/// What a refusal means of whoever issues the token of a workload.
pub(crate) fn other_refusal(
    status: u16,
    _body: &[u8],
    retry_after: Option<Duration>,
    _ahead_seconds: Option<i64>,
) -> Refusal {
    let outcome = match status {
        429 => Outcome::throttled(retry_after),
        408 | 500.. => Outcome::Transient { retry_after },
        _ => Outcome::Permanent,
    };
    let text = "its issuer refuses".to_owned();
    Refusal { reason: SignInReason::NoAssertion, text, outcome }
}

/// `error_codes`, and the code that the description begins with, where it is left out.
fn codes(body: &Body) -> Vec<u32> {
    let mut codes = body.error_codes.clone();
    codes.extend(code_in(&body.error_description));
    codes
}

/// The first code that a text names.
pub(crate) fn code_in(text: &str) -> Option<u32> {
    let (_, after) = text.split_once("AADSTS")?;
    let digits = after.split(|byte: char| !byte.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().ok()
}

fn description(body: &Body) -> String {
    let text =
        if body.error_description.is_empty() { &body.error } else { &body.error_description };
    without_identifiers(text)
}

/// A description without `Trace ID: …` and what follows, on one line.
pub(crate) fn without_identifiers(text: &str) -> String {
    let text = text.split("Trace ID:").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The states of the device code flow, which have values of `error` of their own.
fn device_reason(error: &str) -> Option<SignInReason> {
    Some(match error {
        "authorization_pending" => SignInReason::CodePending,
        "slow_down" => SignInReason::CodeSlowDown,
        "authorization_declined" | "access_denied" => SignInReason::Declined,
        "bad_verification_code" => SignInReason::CodeWrong,
        "expired_token" | "code_expired" => SignInReason::CodeExpired,
        _ => return None,
    })
}

/// What a code means, transient ones aside.
pub(crate) fn reason_of(code: u32, ahead_seconds: Option<i64>) -> Option<SignInReason> {
    Some(match code {
        90002 => SignInReason::TenantNotFound,
        90038 | 900_382 | 900_432 => SignInReason::WrongCloud,
        700_016 => SignInReason::AppNotFound,
        7_000_229 => SignInReason::NoServicePrincipal,
        7_000_112 | 70001 => SignInReason::AppDisabled,
        700_027 => SignInReason::CertificateNotRegistered,
        700_030 => SignInReason::SubjectNotAuthorised,
        700_024 => SignInReason::AssertionTime { ahead_seconds },
        50012 | 50013 | 50027 => SignInReason::AssertionRefused,
        7_000_215 => SignInReason::SecretWrong,
        7_000_222 => SignInReason::SecretExpired,
        7_000_218 => SignInReason::NoCredential,
        700_025 => SignInReason::PublicClient,
        70021 | 700_211 | 700_212 | 700_213 => SignInReason::FederationMismatch,
        700_229 => SignInReason::AppOnlyFederation,
        500_011 => SignInReason::ResourceNotFound,
        650_052 => SignInReason::NotSubscribed,
        70011 | 28002 | 700_022 => SignInReason::ScopeRefused,
        65001 => SignInReason::ConsentMissing,
        65002 => SignInReason::NotPreauthorised,
        90094 => SignInReason::AdminConsent,
        50034 | 50020 | 50057 | 50126 => SignInReason::UserRefused,
        50076 | 50079 | 50074 => SignInReason::InteractionNeeded,
        53000..=53003 | 530_035 | 530_036 => SignInReason::Blocked { code },
        50105 => SignInReason::NotAssigned,
        70016 => SignInReason::CodePending,
        70018 | 90119 => SignInReason::CodeWrong,
        70019 => SignInReason::CodeExpired,
        90120 => SignInReason::CodeUsed,
        50196 => SignInReason::LoopDetected,
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
