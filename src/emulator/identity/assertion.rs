//! Judges a client assertion (RFC 7523) as Entra does: is it a JWT, does it name a certificate of
//! the application, does that certificate's key verify it, and do its claims fit this request.
//! Takes every form that the published client libraries send; gives nothing but yes or a refusal.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use url::Url;

use super::credentials::RegisteredCertificate;
use super::refusal::Refusal;

/// What the assertion is judged against.
pub(crate) struct Expected<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) certificate: &'a RegisteredCertificate,
    /// Whether a host is one of ours.
    pub(crate) is_our_host: &'a dyn Fn(&str) -> bool,
    pub(crate) is_our_tenant: &'a dyn Fn(&str) -> bool,
    pub(crate) now: Timestamp,
}

/// Clocks may differ by this much, in seconds.
const SKEW: f64 = 300.0;

pub(crate) fn judge(assertion: &str, expected: &Expected<'_>) -> Result<(), Refusal> {
    let parts: Vec<&str> = assertion.trim().split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return Err(Refusal::malformed("It must have three parts."));
    };
    let header_json = part(header)?;
    let claims_json = part(claims)?;
    let named = named_key(&header_json)?;
    let shown = named.shown();
    if !named.is(expected.certificate) {
        return Err(Refusal::unknown_certificate(&shown));
    }
    let algorithm = match header_json["alg"].as_str() {
        Some("PS256") => Algorithm::PS256,
        Some("RS256") => Algorithm::RS256,
        _ => return Err(Refusal::malformed("The algorithm must be PS256 or RS256.")),
    };
    let key = DecodingKey::from_rsa_der(&expected.certificate.public_key);
    let signed = &assertion.trim().as_bytes()[..header.len() + 1 + claims.len()];
    if !jsonwebtoken::crypto::verify(signature, signed, &key, algorithm).unwrap_or(false) {
        return Err(Refusal::wrong_signature(&shown));
    }
    let now = expected.now.as_second();
    if now < expected.certificate.not_before || now > expected.certificate.not_after {
        return Err(Refusal::expired_certificate(&shown));
    }
    judge_claims(&claims_json, expected)
}

fn judge_claims(claims: &Value, expected: &Expected<'_>) -> Result<(), Refusal> {
    for claim in ["iss", "sub"] {
        let said = claims[claim].as_str().unwrap_or_default();
        if !said.eq_ignore_ascii_case(expected.client_id) {
            return Err(Refusal::other_client());
        }
    }
    if !claims["aud"].as_str().is_some_and(|aud| fits_audience(aud, expected)) {
        return Err(Refusal::audience());
    }
    let Some(until) = seconds(&claims["exp"]) else {
        return Err(Refusal::malformed("It must have an 'exp' claim."));
    };
    let from = seconds(&claims["nbf"]).or_else(|| seconds(&claims["iat"]));
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
    let now = expected.now.as_second() as f64;
    if now > until + SKEW || from.is_some_and(|from| now < from - SKEW) {
        let from = from.map_or_else(|| "unset".to_owned(), moment);
        return Err(Refusal::outside_time(expected.now, &from, &moment(until)));
    }
    Ok(())
}

/// The host may be any name of ours, with any port: behind a proxy the client knows another one.
fn fits_audience(audience: &str, expected: &Expected<'_>) -> bool {
    let Ok(url) = Url::parse(audience) else {
        return false;
    };
    let mut path = url.path().trim_matches('/').splitn(2, '/');
    let tenant = path.next().unwrap_or_default();
    let rest = path.next().unwrap_or_default();
    // certificate-credentials docs give the token URL; the issuer form is taken too.
    matches!(rest, "oauth2/v2.0/token" | "oauth2/token" | "v2.0")
        && (expected.is_our_tenant)(tenant)
        && url.host_str().is_some_and(expected.is_our_host)
}

fn part(text: &str) -> Result<Value, Refusal> {
    let bytes = URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .map_err(|_| Refusal::malformed("A part is not base64url."))?;
    serde_json::from_slice(&bytes).map_err(|_| Refusal::malformed("A part is not JSON."))
}

/// MSAL Python writes fractions of seconds, MSAL.NET writes strings.
fn seconds(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|seconds| seconds.is_finite())
}

#[expect(clippy::cast_possible_truncation, reason = "for a message; out of range saturates")]
fn moment(seconds: f64) -> String {
    Timestamp::from_second(seconds as i64)
        .map_or_else(|_| seconds.to_string(), |moment| moment.to_string())
}

/// How a header says which certificate it means.
enum NamedKey {
    Sha256(Vec<u8>),
    Sha1(Vec<u8>),
    Certificate(Vec<u8>),
}

impl NamedKey {
    fn is(&self, certificate: &RegisteredCertificate) -> bool {
        match self {
            Self::Sha256(thumbprint) => thumbprint[..] == certificate.sha256,
            Self::Sha1(thumbprint) => thumbprint[..] == certificate.sha1,
            Self::Certificate(der) => *der == certificate.der,
        }
    }

    /// Hexadecimal, as the service repeats it.
    fn shown(&self) -> String {
        use sha1::Digest as _;
        use std::fmt::Write as _;
        let bytes = match self {
            Self::Sha256(thumbprint) | Self::Sha1(thumbprint) => thumbprint.clone(),
            Self::Certificate(der) => sha1::Sha1::digest(der).to_vec(),
        };
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        })
    }
}

/// `x5t#S256` (PS256), then `x5t` (RS256), then `x5c`, then `kid` (go-azure-sdk).
fn named_key(header: &Value) -> Result<NamedKey, Refusal> {
    let thumbprint =
        |name: &str| header[name].as_str().map(|text| decode(text).unwrap_or_default());
    if let Some(sha256) = thumbprint("x5t#S256") {
        return Ok(NamedKey::Sha256(sha256));
    }
    if let Some(sha1) = thumbprint("x5t") {
        return Ok(NamedKey::Sha1(sha1));
    }
    if let Some(leaf) = header["x5c"].get(0).and_then(Value::as_str) {
        let flat: String = leaf.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let der = STANDARD.decode(flat);
        return der
            .map(NamedKey::Certificate)
            .map_err(|_| Refusal::malformed("x5c is not base64."));
    }
    if let Some(sha1) = thumbprint("kid") {
        return Ok(NamedKey::Sha1(sha1));
    }
    Err(Refusal::malformed("No certificate thumbprint specified in token header."))
}

/// Standard or URL-safe alphabet, with or without padding: all of them are met in the wild.
fn decode(text: &str) -> Option<Vec<u8>> {
    let standard: String = text
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    STANDARD_NO_PAD.decode(standard).ok()
}
