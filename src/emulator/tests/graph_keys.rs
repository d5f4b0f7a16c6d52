//! Certificates of applications: `keyCredentials` by PATCH, `addKey` and `removeKey` with proof.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};

use super::graph::Graph;
use super::*;

const LAG: i64 = 5;

/// A certificate valid from 2026 to the end of 2027, around the clock of these tests.
fn certificate(name: &str) -> rcgen::Certificate {
    let key = rcgen::KeyPair::generate().unwrap();
    parameters(name).self_signed(&key).unwrap()
}

fn parameters(name: &str) -> rcgen::CertificateParams {
    let mut parameters = rcgen::CertificateParams::default();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
    parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2028, 1, 1);
    parameters
}

fn credential(certificate: &rcgen::Certificate) -> Value {
    json!({
        "type": "AsymmetricX509Cert", "usage": "Verify",
        "key": STANDARD.encode(certificate.der()),
    })
}

/// An application, and the URL of it.
fn application(graph: &Graph) -> String {
    format!("/v1.0/applications/{}", graph.application("app").0)
}

fn keys(graph: &Graph, url: &str) -> Vec<Value> {
    graph.get(url).body["keyCredentials"].as_array().unwrap().clone()
}

#[test]
fn every_form_of_upload_is_taken_and_the_dates_follow_from_the_certificate() {
    let graph = Graph::new();
    let url = application(&graph);
    let one = certificate("one");
    let der = STANDARD.encode(one.der());
    let lines: Vec<_> =
        der.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    for key in [der.clone(), lines.join("\r\n"), STANDARD.encode(one.pem())] {
        let mut sent = credential(&one);
        sent["key"] = key.into();
        let got = graph.patch(&url, json!({ "keyCredentials": [sent] }));
        assert_eq!(got.status, 204, "{}", got.text);
        let read = &keys(&graph, &url)[0];
        assert_eq!(read["key"], Value::Null);
        assert_eq!(read["startDateTime"], "2026-01-01T00:00:00Z");
        assert_eq!(read["endDateTime"], "2028-01-01T00:00:00Z");
        assert_eq!(read["displayName"], "CN=one");
        assert_eq!(read["customKeyIdentifier"].as_str().unwrap().len(), 40);
        let selected = graph.get(&format!("{url}?$select=id,keyCredentials")).body;
        assert_eq!(selected["keyCredentials"][0]["key"], der);
    }
    let list = graph.get("/v1.0/applications?$select=id,keyCredentials");
    for row in list.rows() {
        assert!(row["keyCredentials"].as_array().unwrap().iter().all(|key| key["key"].is_null()));
    }
}

#[test]
fn the_array_is_the_whole_new_collection() {
    let graph = Graph::new();
    let url = application(&graph);
    let (one, two) = (certificate("one"), certificate("two"));
    graph.patch(&url, json!({ "keyCredentials": [credential(&one)] }));
    let first = keys(&graph, &url).remove(0);
    let both = json!({ "keyCredentials": [first, credential(&two)] });
    assert_eq!(graph.patch(&url, both).status, 204, "sent back as it was read, without its key");
    assert_eq!(keys(&graph, &url).len(), 2);
    let kept = json!({ "keyCredentials": [{ "keyId": first["keyId"] }] });
    assert_eq!(graph.patch(&url, kept).status, 204);
    assert_eq!(keys(&graph, &url), std::slice::from_ref(&first));
    assert_eq!(graph.patch(&url, json!({ "keyCredentials": [] })).status, 204);
    assert_eq!(keys(&graph, &url).len(), 0);
}

#[test]
fn a_key_id_may_be_chosen_and_what_it_names_cannot_change() {
    let graph = Graph::new();
    let url = application(&graph);
    let (one, two) = (certificate("one"), certificate("two"));
    let id = "11111111-2222-3333-4444-555555555555";
    let mut sent = credential(&one);
    sent["keyId"] = id.into();
    sent["displayName"] = "x".repeat(120).into();
    assert_eq!(graph.patch(&url, json!({ "keyCredentials": [sent] })).status, 204);
    assert_eq!(keys(&graph, &url)[0]["displayName"].as_str().unwrap().len(), 90);
    let mut other = credential(&two);
    other["keyId"] = id.into();
    for changed in [other, json!({ "keyId": id, "endDateTime": "2027-06-01T00:00:00Z" })] {
        let got = graph.patch(&url, json!({ "keyCredentials": [changed] }));
        assert_eq!(
            (got.status, got.error().1),
            (400, &*format!("Update to existing credential with KeyId '{id}' is not allowed."))
        );
    }
}

#[test]
fn dates_outside_the_certificate_are_refused() {
    let graph = Graph::new();
    let url = application(&graph);
    let one = certificate("one");
    for (name, value, code) in [
        ("endDateTime", "2028-01-01T00:00:01Z", "KeyCredentialsInvalidEndDate"),
        ("endDateTime", "2027-01-15T07:59:59Z", "KeyCredentialsInvalidEndDate"),
        ("endDateTime", "2027-06-01 00:00:00", "KeyCredentialsInvalidEndDate"),
        ("startDateTime", "2025-12-31T23:59:59Z", "KeyCredentialsInvalidStartDate"),
    ] {
        let mut sent = credential(&one);
        sent[name] = value.into();
        let got = graph.patch(&url, json!({ "keyCredentials": [sent] }));
        assert_eq!((got.status, got.error().0), (400, code), "{value}");
    }
}

#[test]
fn an_expired_credential_cannot_be_sent_again() {
    let graph = Graph::new();
    let url = application(&graph);
    let mut sent = credential(&certificate("one"));
    sent["endDateTime"] = "2027-02-01T00:00:00Z".into();
    graph.patch(&url, json!({ "keyCredentials": [sent] }));
    let old = keys(&graph, &url).remove(0);
    graph.world.wait(40 * 86_400);
    let fresh = credential(&certificate("two"));
    let got = graph.patch(&url, json!({ "keyCredentials": [old, fresh] }));
    assert_eq!(
        got.error(),
        ("KeyCredentialsInvalidEndDate", "Key credential end date is invalid.")
    );
    assert_eq!(graph.patch(&url, json!({ "keyCredentials": [fresh] })).status, 204);
}

#[test]
fn what_is_no_certificate_is_refused_and_a_private_key_above_all() {
    let graph = Graph::new();
    let url = application(&graph);
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = parameters("x").self_signed(&key).unwrap().pem() + &key.serialize_pem();
    let with = |name: &str, value: Value| {
        let mut sent = credential(&certificate("x"));
        sent[name] = value;
        sent
    };
    for sent in [
        with("key", Value::Null),
        with("key", "nonsense".into()),
        with("key", STANDARD.encode("nonsense").into()),
        with("key", STANDARD.encode(pem).into()),
        with("type", "X509CertAndPassword".into()),
        with("usage", "Sign".into()),
        with("keyId", "x".into()),
        with("nonsense", 1.into()),
    ] {
        let got = graph.patch(&url, json!({ "keyCredentials": [sent] }));
        assert_eq!((got.status, got.error().0), (400, "Request_BadRequest"), "{sent}");
    }
}

fn hex(text: Option<&str>) -> Vec<u8> {
    let pairs = text.unwrap().as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

/// An application that holds a certificate and has a service principal.
struct Holder {
    graph: Graph,
    url: String,
    object_id: String,
    app_id: String,
    /// SHA-1 of its certificate.
    thumbprint: Vec<u8>,
    key: EncodingKey,
}

impl Holder {
    fn with_lag(minutes: i64) -> Self {
        let holder = Self::without_principal(minutes);
        let app_id = holder.app_id.as_str();
        holder.graph.post("/v1.0/servicePrincipals", json!({ "appId": app_id }));
        holder.graph.world.wait(minutes * 60);
        holder
    }

    fn without_principal(minutes: i64) -> Self {
        let graph = Graph::with_lag(minutes);
        let rsa =
            rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
                .unwrap();
        let certificate = parameters("holder").self_signed(&rsa).unwrap();
        let body = json!({ "displayName": "holder", "keyCredentials": [credential(&certificate)] });
        let made = graph.post("/v1.0/applications", body);
        graph.world.wait(minutes * 60);
        Self {
            graph,
            url: format!("/v1.0/applications/{}", made.id()),
            object_id: made.id(),
            app_id: made.body["appId"].as_str().unwrap().to_owned(),
            thumbprint: hex(made.body["keyCredentials"][0]["customKeyIdentifier"].as_str()),
            key: EncodingKey::from_rsa_pem(rsa.serialize_pem().as_bytes()).unwrap(),
        }
    }

    /// The number of the refusal, or none for a token.
    fn sign_in(&self) -> Option<i64> {
        let now = self.graph.world.service.clock.now().as_second();
        let claims = json!({
            "aud": "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
            "iss": self.app_id, "sub": self.app_id, "nbf": now, "exp": now + 600,
        });
        let header = json!({ "alg": "RS256", "x5t": URL_SAFE_NO_PAD.encode(&self.thumbprint) });
        let assertion = self.with_header(&header, &|text| URL_SAFE_NO_PAD.encode(text), &claims);
        let got = self.graph.world.post_token(
            "contoso.onmicrosoft.com",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &self.app_id),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", &assertion),
                ("scope", "https://outlook.office365.com/.default"),
            ],
        );
        got.body["error_codes"][0].as_i64()
    }

    fn with_header(
        &self,
        header: &Value,
        encode: &dyn Fn(&str) -> String,
        claims: &Value,
    ) -> String {
        let message = format!("{}.{}", encode(&header.to_string()), encode(&claims.to_string()));
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, Algorithm::RS256).unwrap();
        format!("{message}.{signature}")
    }

    fn signed(&self, encode: &dyn Fn(&str) -> String, claims: &Value) -> String {
        self.with_header(&json!({ "alg": "RS256", "typ": "JWT" }), encode, claims)
    }

    fn claims(&self) -> Value {
        json!({
            "aud": "00000002-0000-0000-c000-000000000000", "iss": self.object_id,
            "nbf": START, "exp": START + 86_400,
        })
    }

    fn proof(&self) -> String {
        self.signed(&|text| URL_SAFE_NO_PAD.encode(text), &self.claims())
    }

    /// As itself, with no permission at all.
    fn roll(&self, action: &str, body: &Value) -> Got {
        let claims = self.graph.as_application(&self.app_id);
        assert!(claims.roles.is_empty());
        let url = format!("{}/{action}", self.url);
        self.graph.send_as(&claims, axum::http::Method::POST, &url, &[], body)
    }
}

#[test]
fn an_application_rolls_its_own_keys_with_a_proof() {
    let holder = Holder::with_lag(0);
    let old = keys(&holder.graph, &holder.url).remove(0);
    let body = |proof: String| {
        json!({
            "keyCredential": credential(&certificate("new")), "passwordCredential": null,
            "proof": proof,
        })
    };
    let added = holder.roll("addKey", &body(holder.proof()));
    assert_eq!(added.status, 200, "{}", added.text);
    assert_eq!(added.body["key"], Value::Null);
    let remove =
        || holder.roll("removeKey", &json!({ "keyId": old["keyId"], "proof": holder.proof() }));
    let mut by_client = holder.claims();
    by_client["iss"] = holder.app_id.as_str().into();
    let by_client = holder.signed(&|text| URL_SAFE_NO_PAD.encode(text), &by_client);
    assert_eq!(holder.roll("addKey", &body(by_client)).status, 200);
    assert_eq!(remove().status, 204);
    assert_eq!(keys(&holder.graph, &holder.url).len(), 2);
    let without = remove();
    assert_eq!(without.status, 401, "its certificate is gone, and the proof with it");
}

#[test]
fn a_proof_that_does_not_hold_is_refused() {
    let holder = Holder::with_lag(0);
    let with = |name: &str, value: Value| {
        let mut claims = holder.claims();
        claims[name] = value;
        holder.signed(&|text| URL_SAFE_NO_PAD.encode(text), &claims)
    };
    let padded = holder.signed(&|text| URL_SAFE.encode(format!("{text} ")), &holder.claims());
    assert!(padded.contains('='));
    let good = holder.proof();
    for (what, proof) in [
        ("another audience", with("aud", "00000003-0000-0000-c000-000000000000".into())),
        ("another issuer", with("iss", "11111111-2222-3333-4444-555555555555".into())),
        ("expired", with("exp", (START - 301).into())),
        ("padded", padded),
        ("forged", format!("{}AAAA", &good[..good.len() - 4])),
        ("nonsense", "nonsense".to_owned()),
    ] {
        let body = json!({ "keyId": "11111111-2222-3333-4444-555555555555", "proof": proof });
        let got = holder.roll("removeKey", &body);
        assert_eq!(
            (got.status, got.error()),
            (401, ("Authentication_MissingOrMalformed", "Access Token missing or malformed.")),
            "{what}"
        );
    }
    let stranger = json!({ "keyId": "11111111-2222-3333-4444-555555555555", "proof": good });
    let got = holder.roll("removeKey", &stranger);
    assert_eq!(got.error(), ("Request_BadRequest", "No credentials found to be removed."));
    let graph = holder.graph.allowed(&["Application.Read.All"]);
    assert_eq!(graph.post(&format!("{}/removeKey", holder.url), stranger).status, 403);
}

#[test]
fn a_removal_right_after_an_addition_meets_a_directory_of_two_minds() {
    let holder = Holder::with_lag(5);
    let old = keys(&holder.graph, &holder.url).remove(0);
    let add = json!({ "keyCredential": credential(&certificate("new")), "proof": holder.proof() });
    assert_eq!(holder.roll("addKey", &add).status, 200);
    let remove =
        || holder.roll("removeKey", &json!({ "keyId": old["keyId"], "proof": holder.proof() }));
    assert_eq!((remove().status, remove().error().0), (409, "Directory_ConcurrencyViolation"));
    holder.graph.world.wait(5 * 60);
    assert_eq!(remove().status, 204);
}

#[test]
fn a_made_application_signs_in_once_all_of_it_has_arrived() {
    let holder = Holder::without_principal(LAG);
    assert_eq!(holder.sign_in(), Some(7_000_229));
    let app_id = holder.app_id.as_str();
    holder.graph.post("/v1.0/servicePrincipals", json!({ "appId": app_id }));
    assert_eq!(holder.sign_in(), Some(7_000_229));
    holder.graph.world.wait(LAG * 60);
    assert_eq!(holder.sign_in(), None);
    assert_eq!(holder.graph.patch(&holder.url, json!({ "keyCredentials": [] })).status, 204);
    assert_eq!(holder.sign_in(), None);
    holder.graph.world.wait(LAG * 60);
    assert_eq!(holder.sign_in(), Some(700_027));
    assert_eq!(holder.graph.delete(&holder.url).status, 204);
    holder.graph.world.wait(LAG * 60);
    assert_eq!(holder.sign_in(), Some(700_016));
}

#[test]
fn a_disabled_application_gets_no_token() {
    let holder = Holder::with_lag(0);
    assert_eq!(holder.sign_in(), None);
    holder.graph.patch(&holder.url, json!({ "isDisabled": true }));
    assert_eq!(holder.sign_in(), Some(7_000_112));
}
