//! Tokens of other issuers in place of a certificate.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::PublicKeyData as _;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::*;
use crate::emulator::entra::objects::FederatedCredential;
use crate::emulator::entra::snapshot::Entry;
use crate::emulator::identity::issuer::{GITHUB, Issuers, github_token};

const SUBJECT: &str = "repo:contoso/audit:environment:Production";
const AUDIENCE: &str = "api://AzureADTokenExchange";

impl World {
    /// Lets the generated application trust an issuer.
    fn trust(&self, issuer: &str, subject: &str) {
        let now = self.service.clock.now();
        let replica = self.service.directory.replica(now);
        let known = replica.application_of(self.service.generated().client_id).unwrap();
        let mut changed = known.as_ref().clone();
        changed.federated_credentials.push(FederatedCredential {
            id: Uuid::new_v4(),
            name: "ci".to_owned(),
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            audiences: vec![AUDIENCE.to_owned()],
            description: None,
        });
        let entry = Entry::Application(Box::new(changed));
        let commit = self.service.directory.commit(now, |_| Ok::<_, ()>((vec![entry], ())));
        assert!(commit.is_ok());
    }

    fn github(&self, audience: &str, subject: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("audience", audience), ("subject", subject)])
            .finish();
        let request = request(&query, &[("authorization", "Bearer runner")], String::new());
        let got = Got::of(&github_token(&self.service, &request));
        assert_eq!((got.status, &got.body["count"]), (200, &json!(1)));
        got.body["value"].as_str().unwrap().to_owned()
    }

    fn exchange(&self, assertion: &str) -> Got {
        let client_id = self.service.generated().client_id.to_string();
        self.post_token(
            "contoso.onmicrosoft.com",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &client_id),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion),
                ("scope", "https://graph.microsoft.com/.default"),
            ],
        )
    }
}

#[test]
fn a_workflow_that_the_application_trusts_gets_its_token() {
    let world = World::of("");
    world.trust(GITHUB, SUBJECT);
    let got = world.exchange(&world.github(AUDIENCE, SUBJECT));
    assert_eq!(got.status, 200, "{}", got.text);
    let claims = payload(&got.body["access_token"]);
    assert_eq!(claims["appid"], world.service.generated().client_id.to_string());
    assert_eq!(claims["idtyp"], "app");
}

#[test]
fn a_seed_may_let_the_generated_application_trust_an_issuer() {
    let world = World::of(&format!(
        "[[federated_credential]]\nissuer = '{GITHUB}'\nsubject = '{SUBJECT}'\n"
    ));
    assert_eq!(world.exchange(&world.github(AUDIENCE, SUBJECT)).status, 200);
}

#[test]
fn issuer_subject_and_audience_count_to_the_letter_and_the_refusal_says_which() {
    let world = World::of("");
    let refused = |world: &World, audience: &str, subject: &str| {
        let got = world.exchange(&world.github(audience, subject));
        let text = got.body["error_description"].as_str().unwrap().to_owned();
        (got.status, got.body["error_codes"][0].as_u64().unwrap(), text)
    };
    let (status, code, text) = refused(&world, AUDIENCE, SUBJECT);
    assert_eq!((status, code), (400, 70021));
    for part in [GITHUB, SUBJECT, AUDIENCE] {
        assert!(text.contains(&format!("'{part}'")), "{text}");
    }
    world.trust("https://token.actions.githubusercontent.com/", SUBJECT);
    let (status, code, text) = refused(&world, AUDIENCE, SUBJECT);
    assert_eq!((status, code), (401, 700_211));
    assert!(text.contains(&format!("issuer '{GITHUB}'")), "{text}");
    world.trust(GITHUB, SUBJECT);
    let lower = SUBJECT.to_lowercase();
    let (status, code, text) = refused(&world, AUDIENCE, &lower);
    assert_eq!((status, code), (401, 700_213));
    assert!(text.contains(&format!("subject '{lower}'")), "{text}");
    let (status, code, text) = refused(&world, "api://other", SUBJECT);
    assert_eq!((status, code), (401, 700_212));
    assert!(text.contains("audience 'api://other'"), "{text}");
}

#[test]
fn a_token_that_is_forged_or_stale_or_signed_otherwise_is_refused() {
    let world = World::of("");
    world.trust(GITHUB, SUBJECT);
    world.trust("https://elsewhere.example", SUBJECT);
    let code = |assertion: &str| world.exchange(assertion).body["error_codes"][0].clone();
    let good = world.github(AUDIENCE, SUBJECT);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    assert_eq!(code(&format!("{signed}.{turned}")), 50013);
    let claims =
        |issuer: &str| json!({ "iss": issuer, "sub": SUBJECT, "aud": [AUDIENCE], "exp": START });
    let key = EncodingKey::from_secret(b"not a secret");
    let weak = |issuer: &str| {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(issuer), &key).unwrap()
    };
    assert_eq!(code(&weak(GITHUB)), 50013);
    let rsa = rsa();
    let header = Header { kid: Some("another".to_owned()), ..Header::new(Algorithm::RS256) };
    let sign = |header: &Header, issuer: &str| {
        let key = EncodingKey::from_rsa_pem(rsa.serialize_pem().as_bytes()).unwrap();
        jsonwebtoken::encode(header, &claims(issuer), &key).unwrap()
    };
    assert_eq!(code(&sign(&header, GITHUB)), 50013);
    assert_eq!(code(&sign(&header, "https://elsewhere.example")), 90061);
    world.wait(601);
    assert_eq!(code(&good), 700_024);
}

fn rsa() -> rcgen::KeyPair {
    rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap()
}

#[test]
fn a_seed_may_name_an_issuer_with_keys_of_its_own() {
    let key = rsa();
    let der = key.subject_public_key_info();
    let (_, info) = SubjectPublicKeyInfo::from_der(&der).unwrap();
    let PublicKey::RSA(public) = info.parsed().unwrap() else { unreachable!("an RSA key") };
    // DER puts a zero before a number whose first bit is set; a JWK has none.
    let modulus: Vec<u8> = public.modulus.iter().copied().skip_while(|byte| *byte == 0).collect();
    let (n, e) = (URL_SAFE_NO_PAD.encode(modulus), URL_SAFE_NO_PAD.encode(public.exponent));
    let jwks = json!({ "keys": [{ "kty": "RSA", "kid": "one", "n": n, "e": e }] });
    let world = World::of(&format!(
        "[[federated_issuer]]\nissuer = 'https://ci.contoso.com'\njwks = '{jwks}'\n"
    ));
    world.trust("https://ci.contoso.com", "build");
    let claims = json!({
        "iss": "https://ci.contoso.com", "sub": "build", "aud": AUDIENCE,
        "iat": START, "exp": START + 60,
    });
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::RS256) };
    let private = EncodingKey::from_rsa_pem(key.serialize_pem().as_bytes()).unwrap();
    let token = jsonwebtoken::encode(&header, &claims, &private).unwrap();
    assert_eq!(world.exchange(&token).status, 200);
}

#[test]
fn the_issuers_key_stays_over_restarts_and_a_workflow_needs_its_request_token() {
    let folder = tempfile::tempdir().unwrap();
    let token = |_: u8| {
        let issuers = Issuers::new(Vec::new(), Some(folder.path().join("issuer.key")));
        let now = Timestamp::from_second(START).unwrap();
        let token = issuers.github_token(None, None, now).unwrap();
        jsonwebtoken::decode_header(&token).unwrap().kid
    };
    assert_eq!(token(1), token(2));
    let world = World::of("");
    let refused = github_token(&world.service, &request("", &[], String::new()));
    assert_eq!(refused.status.as_u16(), 401);
}
