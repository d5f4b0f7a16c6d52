//! A JWT as it comes, in three parts: not judged, only taken apart, and asked whether a key
//! verifies it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::refusal::Refusal;

/// Clocks may differ by this much, in seconds.
const SKEW: f64 = 300.0;

/// A JWT of somebody else's making.
pub(crate) struct Jwt<'a> {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    signed: &'a [u8],
    signature: &'a str,
}

impl<'a> Jwt<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, Refusal> {
        let text = text.trim();
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err(Refusal::malformed("It must have three parts."));
        };
        let signed = &text.as_bytes()[..header.len() + 1 + claims.len()];
        // azure-identity's asynchronous client pads every part; what is signed includes that.
        let signature = signature.trim_end_matches('=');
        Ok(Self { header: part(header)?, claims: part(claims)?, signed, signature })
    }

    pub(crate) fn is_signed_by(&self, key: &DecodingKey, algorithm: Algorithm) -> bool {
        jsonwebtoken::crypto::verify(self.signature, self.signed, key, algorithm).unwrap_or(false)
    }

    /// A claim's text; what is not text counts as absent.
    pub(crate) fn claim(&self, name: &str) -> &str {
        self.claims[name].as_str().unwrap_or_default()
    }

    /// Whether `now` lies between its times.
    pub(crate) fn judge_times(&self, now: Timestamp) -> Result<(), Refusal> {
        let Some(until) = seconds(&self.claims["exp"]) else {
            return Err(Refusal::malformed("It must have an 'exp' claim."));
        };
        let from = seconds(&self.claims["nbf"]).or_else(|| seconds(&self.claims["iat"]));
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
        let present = now.as_second() as f64;
        if present > until + SKEW || from.is_some_and(|from| present < from - SKEW) {
            let from = from.map_or_else(|| "unset".to_owned(), moment);
            return Err(Refusal::outside_time(now, &from, &moment(until)));
        }
        Ok(())
    }
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
