//! Judges a token of another issuer that is presented in place of an own assertion: is there a
//! federated credential for it, does its issuer's key verify it, is it in time (Entra docs,
//! "Workload identity federation considerations"). Issuer, subject and audience count to the
//! letter. It gives nothing but yes or a refusal.

use jiff::Timestamp;
use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::issuer::Issuers;
use super::jwt::Jwt;
use super::published::{
    BAD_EXTERNAL_SIGNATURE, EXTERNAL_ALGORITHM, EXTERNAL_ISSUER_UNREACHABLE, NO_EXTERNAL_KEY,
};
use super::refusal::{Mismatch, Refusal};
use crate::emulator::entra::objects::FederatedCredential;

/// Whether an assertion is another issuer's: those name themselves by a URL, an application by its
/// GUID.
pub(crate) fn is_external(assertion: &Jwt<'_>) -> bool {
    assertion.claim("iss").contains("://")
}

pub(crate) fn judge(
    assertion: &Jwt<'_>,
    credentials: &[FederatedCredential],
    issuers: &Issuers,
    now: Timestamp,
) -> Result<(), Refusal> {
    find(assertion, credentials)?;
    if assertion.header["alg"] != "RS256" {
        return Err(EXTERNAL_ALGORITHM.into());
    }
    let keys = issuers.keys(assertion.claim("iss")).unwrap_or_default();
    if keys.is_empty() {
        return Err(EXTERNAL_ISSUER_UNREACHABLE.into());
    }
    let kid = assertion.header["kid"].as_str();
    let mut candidates = keys.iter().filter(|key| key.is_named(kid)).peekable();
    if candidates.peek().is_none() {
        return Err(NO_EXTERNAL_KEY.into());
    }
    if !candidates.any(|key| assertion.is_signed_by(&key.key, Algorithm::RS256)) {
        return Err(BAD_EXTERNAL_SIGNATURE.into());
    }
    assertion.judge_times(now)
}

/// A credential that fits, or what it is that no credential has.
fn find(assertion: &Jwt<'_>, credentials: &[FederatedCredential]) -> Result<(), Refusal> {
    let (issuer, subject) = (assertion.claim("iss"), assertion.claim("sub"));
    let audiences = audiences(&assertion.claims["aud"]);
    if credentials.is_empty() {
        return Err(Refusal::no_federated_credential(issuer, subject, &audiences.join(", ")));
    }
    let mut fitting: Vec<_> = credentials.iter().filter(|known| known.issuer == issuer).collect();
    if fitting.is_empty() {
        return Err(Refusal::other_federated(Mismatch::Issuer, issuer));
    }
    fitting.retain(|known| known.subject == subject);
    if fitting.is_empty() {
        return Err(Refusal::other_federated(Mismatch::Subject, subject));
    }
    fitting.retain(|known| known.audiences.iter().any(|it| audiences.contains(&it.as_str())));
    if fitting.is_empty() {
        return Err(Refusal::other_federated(Mismatch::Audience, &audiences.join(", ")));
    }
    Ok(())
}

fn audiences(claim: &Value) -> Vec<&str> {
    match claim {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}
