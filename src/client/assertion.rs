//! The client assertion: a short-lived token that proves possession of the certificate's key.
//! Credential, client id, token URL, identifier and time in, a signed JWT out.
//!
//! Shape: Microsoft, "Certificate credentials" (PS256 with `x5t#S256`). The thumbprint is unpadded
//! base64url; a wrongly encoded one is answered with AADSTS700027.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::SecretString;
use serde::Serialize;
use uuid::Uuid;

use super::certificate::Credential;

/// How far the clock of this machine may run ahead of Microsoft's.
const SKEW: i64 = 60;
/// All of Microsoft's own libraries use ten minutes.
const LIFETIME: i64 = 600;

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: String,
    sub: String,
    jti: String,
    nbf: i64,
    iat: i64,
    exp: i64,
}

/// The key cannot sign; a credential that was loaded should never come to this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the private key cannot sign: {0}")]
pub(crate) struct SigningError(String);

/// Signs an assertion for one request of one token.
pub(crate) fn sign(
    credential: &Credential,
    client_id: Uuid,
    token_url: &str,
    id: Uuid,
    now: Timestamp,
) -> Result<SecretString, SigningError> {
    let mut header = Header::new(Algorithm::PS256);
    header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(credential.thumbprint()));
    let now = now.as_second();
    let claims = Claims {
        aud: token_url,
        iss: client_id.to_string(),
        sub: client_id.to_string(),
        jti: id.to_string(),
        nbf: now - SKEW,
        iat: now - SKEW,
        exp: now + LIFETIME,
    };
    let key = EncodingKey::from_rsa_der(credential.key());
    jsonwebtoken::encode(&header, &claims, &key)
        .map(SecretString::from)
        .map_err(|error| SigningError(error.to_string()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use secrecy::ExposeSecret;

    use super::super::certificate::tests::credential;
    use super::*;

    fn part(jwt: &str, number: usize) -> serde_json::Value {
        let part = jwt.split('.').nth(number).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn the_assertion_has_the_documented_shape_and_its_signature_verifies() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let (client, id) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let url = "https://login.example/tenant/oauth2/v2.0/token";
        let credential = credential();
        let jwt = sign(&credential, client, url, id, now).unwrap();
        let jwt = jwt.expose_secret();

        let header = part(jwt, 0);
        let thumbprint = URL_SAFE_NO_PAD.encode(credential.thumbprint());
        assert_eq!(
            header,
            serde_json::json!({ "typ": "JWT", "alg": "PS256", "x5t#S256": thumbprint })
        );
        let second = now.as_second();
        assert_eq!(
            part(jwt, 1),
            serde_json::json!({
                "aud": url, "iss": client.to_string(), "sub": client.to_string(),
                "jti": id.to_string(), "nbf": second - 60, "iat": second - 60, "exp": second + 600,
            })
        );

        let (_, certificate) =
            x509_parser::parse_x509_certificate(credential.certificate()).unwrap();
        let spki = &certificate.public_key().subject_public_key.data;
        let key = jsonwebtoken::DecodingKey::from_rsa_der(spki);
        let mut rules = jsonwebtoken::Validation::new(Algorithm::PS256);
        rules.set_audience(&[url]);
        rules.validate_exp = false;
        assert!(jsonwebtoken::decode::<serde_json::Value>(jwt, &key, &rules).is_ok());
    }
}
