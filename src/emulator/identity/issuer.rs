//! Issuers of tokens that stand in for a certificate (workload identity federation). The emulator
//! reaches none, so it knows their keys beforehand: those that a seed names, and its own, which
//! stands for GitHub Actions and signs what a workflow would be given. Issuers go in by name;
//! their keys, and tokens of the own one, come out.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::Deserialize;
use serde_json::json;
use sha1::{Digest as _, Sha1};
use uuid::Uuid;

use super::credentials::put;
use crate::emulator::errors::EmulatorError;
use crate::emulator::message::{Answer, Request};
use crate::emulator::service::Service;

/// GitHub's documentation of OIDC in workflows.
pub(crate) const GITHUB: &str = "https://token.actions.githubusercontent.com";
const DEFAULT_SUBJECT: &str = "repo:contoso/audit:ref:refs/heads/main";
/// Seconds; GitHub's live for five to ten minutes.
const LIFETIME: i64 = 300;

/// An issuer that a seed names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FederatedIssuer {
    pub(crate) issuer: String,
    pub(crate) keys: Vec<PublicKey>,
}

/// An RSA key of a JWK set (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    kid: Option<String>,
    modulus: String,
    exponent: String,
}

/// What verifies a signature.
pub(crate) struct VerifyingKey {
    kid: Option<String>,
    pub(crate) key: DecodingKey,
}

impl VerifyingKey {
    /// Whether a token whose header says `kid` may be signed by it.
    pub(crate) fn is_named(&self, kid: Option<&str>) -> bool {
        match (&self.kid, kid) {
            (Some(own), Some(said)) => own == said,
            _ => true,
        }
    }
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl PublicKey {
    /// The RSA keys of a set; an error says what to write instead.
    pub(crate) fn read_set(text: &str) -> Result<Vec<Self>, String> {
        let set: JwkSet = serde_json::from_str(text).map_err(|error| {
            format!("this is not a JWK set, `{{\"keys\":[{{\"kty\":\"RSA\",…}}]}}`: {error}")
        })?;
        let keys: Vec<_> = set.keys.into_iter().filter(|key| key.kty == "RSA").collect();
        if keys.is_empty() {
            return Err("the set holds no RSA key, and only RS256 tokens are taken".to_owned());
        }
        keys.into_iter().map(Self::of).collect()
    }

    fn of(jwk: Jwk) -> Result<Self, String> {
        let (Some(modulus), Some(exponent)) = (jwk.n, jwk.e) else {
            return Err("an RSA key has `n` and `e`".to_owned());
        };
        DecodingKey::from_rsa_components(&modulus, &exponent)
            .map_err(|_| "`n` and `e` are numbers in base64url".to_owned())?;
        Ok(Self { kid: jwk.kid, modulus, exponent })
    }

    fn verifying(&self) -> Option<VerifyingKey> {
        let key = DecodingKey::from_rsa_components(&self.modulus, &self.exponent).ok()?;
        Some(VerifyingKey { kid: self.kid.clone(), key })
    }
}

/// All issuers that are known.
#[derive(Debug, Default)]
pub(crate) struct Issuers {
    named: Vec<FederatedIssuer>,
    own: OwnIssuer,
}

impl Issuers {
    /// `key` is the file of the own issuer's key; none keeps it in memory.
    pub(crate) fn new(named: Vec<FederatedIssuer>, key: Option<PathBuf>) -> Self {
        Self { named, own: OwnIssuer { file: key, key: Mutex::default() } }
    }

    /// The keys of an issuer; none: there is no such issuer here.
    pub(crate) fn keys(&self, issuer: &str) -> Result<Vec<VerifyingKey>, EmulatorError> {
        let named = self.named.iter().filter(|known| known.issuer == issuer);
        let mut keys: Vec<_> =
            named.flat_map(|issuer| &issuer.keys).filter_map(PublicKey::verifying).collect();
        if issuer == GITHUB {
            let own = self.own.key()?;
            let key = DecodingKey::from_rsa_der(&own.public_key);
            keys.push(VerifyingKey { kid: Some(own.kid.clone()), key });
        }
        Ok(keys)
    }

    /// What a workflow is given for `audience`.
    pub(crate) fn github_token(
        &self,
        audience: Option<String>,
        subject: Option<String>,
        now: Timestamp,
    ) -> Result<String, EmulatorError> {
        let own = self.own.key()?;
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(own.kid.clone());
        let now = now.as_second();
        let claims = json!({
            "jti": Uuid::new_v4(),
            "iss": GITHUB,
            "sub": subject.unwrap_or_else(|| DEFAULT_SUBJECT.to_owned()),
            "aud": audience.unwrap_or_else(|| "https://github.com/contoso".to_owned()),
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
        });
        jsonwebtoken::encode(&header, &claims, &own.private_key).map_err(failed)
    }
}

/// `GET /_emulator/oidc/token`: what GitHub answers at `ACTIONS_ID_TOKEN_REQUEST_URL`. `subject`
/// in the query says which workflow is asking.
pub(crate) fn github_token(service: &Service, request: &Request) -> Answer {
    let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if bearer.is_none_or(|token| token.trim().is_empty()) {
        let text = "A workflow sends `Authorization: Bearer` and its request token.\n".to_owned();
        return Answer::text_of(StatusCode::UNAUTHORIZED, text);
    }
    let (audience, subject) = (request.query_value("audience"), request.query_value("subject"));
    match service.sign_in.issuers.github_token(audience, subject, service.clock.now()) {
        Ok(token) => Answer::json(StatusCode::OK, &json!({ "count": 1, "value": token })),
        Err(error) => Answer::text_of(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

/// Makes its key when it is first asked for, since that takes a moment.
#[derive(Default)]
struct OwnIssuer {
    file: Option<PathBuf>,
    key: Mutex<Option<Arc<SigningKey>>>,
}

impl std::fmt::Debug for OwnIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnIssuer").field("file", &self.file).finish_non_exhaustive()
    }
}

struct SigningKey {
    kid: String,
    private_key: EncodingKey,
    /// PKCS#1.
    public_key: Vec<u8>,
}

impl OwnIssuer {
    fn key(&self) -> Result<Arc<SigningKey>, EmulatorError> {
        let mut slot = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*slot {
            return Ok(Arc::clone(key));
        }
        let pem = match &self.file {
            Some(file) if file.exists() => {
                std::fs::read_to_string(file).map_err(EmulatorError::file("read", file))?
            }
            file => {
                let size = rcgen::RsaKeySize::_2048;
                let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size)
                    .map_err(failed)?;
                let pem = key.serialize_pem();
                let place =
                    file.as_deref().and_then(|file| Some((file.parent()?, file.file_name()?)));
                if let Some((directory, name)) = place {
                    put(directory, &name.to_string_lossy(), pem.as_bytes())?;
                }
                pem
            }
        };
        let public_key = rcgen::KeyPair::from_pem(&pem).map_err(failed)?.public_key_raw().to_vec();
        let kid = format!("{:x}", Sha1::digest(&public_key));
        let private_key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(failed)?;
        Ok(Arc::clone(slot.insert(Arc::new(SigningKey { kid, private_key, public_key }))))
    }
}

fn failed(error: impl std::fmt::Display) -> EmulatorError {
    EmulatorError::credential("make the key of the issuer", error)
}
