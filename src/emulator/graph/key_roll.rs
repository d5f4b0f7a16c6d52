//! `addKey` and `removeKey`: an application rolls its own certificates and proves by a signed
//! token that it holds one of them ("Generate proof of possession tokens for rolling keys").

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::body::{self, Body};
use super::failure::Failure;
use super::path::Key;
use super::{Call, addressed, key_credentials, no_content, shown};
use crate::emulator::entra::Sight;
use crate::emulator::entra::objects::Application;
use crate::emulator::entra::sign_in::registered;
use crate::emulator::entra::snapshot::Entry;
use crate::emulator::message::Answer;

/// Azure AD Graph, not Microsoft Graph.
const AUDIENCE: &str = "00000002-0000-0000-c000-000000000000";
const SKEW: i64 = 300;

pub(crate) fn add(call: &Call<'_>, key: &Key) -> Result<Answer, Failure> {
    let body = body::object(call.request)?;
    body::known(&body, &["keyCredential", "passwordCredential", "proof"])?;
    if !body.get("passwordCredential").is_none_or(Value::is_null) {
        return Err(Failure::value("passwordCredential", "Application"));
    }
    let added = call.commit(|sight| {
        let mut application = proven(call, sight, key, &body)?;
        let sent = body.get("keyCredential").filter(|sent| sent.is_object());
        let sent = sent.ok_or_else(|| Failure::missing("keyCredential", "Application"))?;
        let id = match &sent["keyId"] {
            Value::Null => None,
            id => Some(
                id.as_str()
                    .and_then(|id| Uuid::try_parse(id).ok())
                    .filter(|id| application.key_credentials.iter().all(|it| it.key_id != *id))
                    .ok_or_else(|| Failure::value("keyId", "KeyCredential"))?,
            ),
        };
        let app_id = application.app_id;
        let mut fresh = |thumbprint: &str| {
            sight.primary.fresh_id("key credential", &format!("{app_id}/{thumbprint}"))
        };
        let credential = key_credentials::made(sent, id, call.now, &mut fresh)?;
        application.key_credentials.push(credential.clone());
        Ok((vec![Entry::Application(Box::new(application))], credential))
    })?;
    let mut answer = Map::new();
    answer.insert("@odata.context".into(), call.context("microsoft.graph.keyCredential").into());
    if let Value::Object(shown) = shown::key_credential(&added, false) {
        answer.extend(shown);
    }
    Ok(Answer::json(StatusCode::OK, &Value::Object(answer)))
}

pub(crate) fn remove(call: &Call<'_>, key: &Key) -> Result<Answer, Failure> {
    let body = body::object(call.request)?;
    body::known(&body, &["keyId", "proof"])?;
    let key_id = body::guid(&body, "keyId", "Application")?;
    call.commit(|sight| {
        let mut application = proven(call, sight, key, &body)?;
        let seen = sight.replica.applications.get(&application.id);
        // Right after another roll the directory is not of one mind yet.
        if seen.is_some_and(|seen| seen.key_credentials != application.key_credentials) {
            return Err(Failure::new(
                StatusCode::CONFLICT,
                "Directory_ConcurrencyViolation",
                "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.",
            ));
        }
        let before = application.key_credentials.len();
        application.key_credentials.retain(|it| it.key_id != key_id);
        if application.key_credentials.len() == before {
            return Err(Failure::bad("No credentials found to be removed."));
        }
        Ok((vec![Entry::Application(Box::new(application))], ()))
    })?;
    Ok(no_content())
}

/// The application, if the caller may roll its keys and the proof holds. Its own keys an
/// application rolls without any permission.
fn proven(call: &Call<'_>, sight: &Sight, key: &Key, body: &Body) -> Result<Application, Failure> {
    let application = addressed::application_to_write(sight, key)?;
    if !call.caller.is(&application) {
        call.caller.needs_to_write(&application.owners)?;
    }
    let proof = body::text(body, "proof", "Application")?;
    let principal = sight.primary.service_principal_of(application.app_id).map(|it| it.id);
    // The page says the object id; what is in use says the client id as well.
    let issuers = [Some(application.id), principal, Some(application.app_id)];
    if holds(proof, &application, &issuers, call.now) == Some(true) {
        Ok(application)
    } else {
        Err(Failure::new(
            StatusCode::UNAUTHORIZED,
            "Authentication_MissingOrMalformed",
            "Access Token missing or malformed.",
        ))
    }
}

fn holds(
    proof: &str,
    application: &Application,
    issuers: &[Option<Uuid>],
    now: Timestamp,
) -> Option<bool> {
    let (signed, signature) = proof.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    // No padding is taken: the page warns of it.
    let part = |text: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    };
    let (header, claims) = (part(header)?, part(claims)?);
    let algorithm = match header["alg"].as_str()? {
        "RS256" => Algorithm::RS256,
        "PS256" => Algorithm::PS256,
        _ => return None,
    };
    let issuer = Uuid::try_parse(claims["iss"].as_str()?).ok()?;
    let now = now.as_second();
    let moment = |name: &str| claims[name].as_i64();
    let in_time = moment("exp").is_none_or(|end| now <= end + SKEW)
        && moment("nbf").is_none_or(|start| start <= now + SKEW);
    let is_signed = application
        .key_credentials
        .iter()
        .filter_map(registered)
        .filter(|it| it.not_before <= now && now <= it.not_after)
        .any(|it| {
            let key = DecodingKey::from_rsa_der(&it.public_key);
            jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, algorithm)
                .unwrap_or(false)
        });
    let is_for_us = claims["aud"].as_str() == Some(AUDIENCE);
    Some(issuers.contains(&Some(issuer)) && is_for_us && in_time && is_signed)
}
