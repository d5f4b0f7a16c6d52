//! Judges a client assertion (RFC 7523) as Entra does: does it name a certificate of
//! the application, does that certificate's key verify it, and do its claims fit this request.
//! Takes every form that the published client libraries send; gives nothing but yes or a refusal.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use url::Url;

use super::jwt::Jwt;
use super::refusal::Refusal;
use crate::emulator::entra::certificate::RegisteredCertificate;

/// What the assertion is judged against.
pub(crate) struct Expected<'a> {
    pub(crate) client_id: &'a str,
    /// Those of the application.
    pub(crate) certificates: &'a [RegisteredCertificate],
    /// Whether a host is one of ours.
    pub(crate) is_our_host: &'a dyn Fn(&str) -> bool,
    pub(crate) is_our_tenant: &'a dyn Fn(&str) -> bool,
    pub(crate) now: Timestamp,
}

pub(crate) fn judge(assertion: &Jwt<'_>, expected: &Expected<'_>) -> Result<(), Refusal> {
    let named = named_key(&assertion.header)?;
    let shown = named.shown();
    // One certificate may be registered twice, for two spans of time: the later one counts.
    let candidates = expected.certificates.iter().filter(|certificate| named.is(certificate));
    let certificate = candidates
        .max_by_key(|certificate| certificate.not_after)
        .ok_or_else(|| Refusal::unknown_certificate(&shown))?;
    let algorithm = match assertion.header["alg"].as_str() {
        Some("PS256") => Algorithm::PS256,
        Some("RS256") => Algorithm::RS256,
        _ => return Err(Refusal::malformed("The algorithm must be PS256 or RS256.")),
    };
    let key = DecodingKey::from_rsa_der(&certificate.public_key);
    if !assertion.is_signed_by(&key, algorithm) {
        return Err(Refusal::wrong_signature(&shown));
    }
    let now = expected.now.as_second();
    if now < certificate.not_before || now > certificate.not_after {
        return Err(Refusal::expired_certificate(&shown));
    }
    judge_claims(assertion, expected)
}

fn judge_claims(assertion: &Jwt<'_>, expected: &Expected<'_>) -> Result<(), Refusal> {
    for claim in ["iss", "sub"] {
        if !assertion.claim(claim).eq_ignore_ascii_case(expected.client_id) {
            return Err(Refusal::other_client());
        }
    }
    if !fits_audience(assertion.claim("aud"), expected) {
        return Err(Refusal::audience());
    }
    assertion.judge_times(expected.now)
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
