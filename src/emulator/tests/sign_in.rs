//! Discovery and the token endpoint: every form of assertion that clients send, and every way to
//! be refused.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};

use super::*;
use crate::emulator::identity::credentials::{self, Credentials};
use crate::emulator::identity::endpoint::{discovery, instance};

/// A tenant with a real certificate, and its private key.
struct SignIn {
    world: World,
    credentials: Credentials,
    key: EncodingKey,
    _folder: tempfile::TempDir,
}

const EXCHANGE: &str = "https://outlook.office365.com/.default";

impl SignIn {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let credentials = credentials::open(folder.path()).unwrap();
        let world = World::around(FEW, 0, &credentials.certificate);
        let pem = std::fs::read(&credentials.certificate_pem).unwrap();
        let key = EncodingKey::from_rsa_pem(&pem).unwrap();
        Self { world, credentials, key, _folder: folder }
    }

    fn client_id(&self) -> String {
        self.world.service.generated().client_id.to_string()
    }

    fn claims(&self) -> Value {
        let id = self.client_id();
        json!({
            "aud": "https://tenant.local:8080/contoso.onmicrosoft.com/oauth2/v2.0/token",
            "iss": id, "sub": id, "jti": "1", "nbf": START, "iat": START, "exp": START + 600,
        })
    }

    fn sha256(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.credentials.certificate.sha256)
    }

    fn sign(&self, algorithm: Algorithm, mut header: Value, claims: &Value) -> String {
        header["typ"] = "JWT".into();
        header["alg"] = format!("{algorithm:?}").into();
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, algorithm).unwrap();
        format!("{message}.{signature}")
    }

    /// The same with the padding that base64url does without in a JWT.
    fn sign_padded(&self, algorithm: Algorithm, header: &Value, claims: &Value) -> String {
        let message = [header, claims].map(|part| URL_SAFE.encode(part.to_string())).join(".");
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, algorithm).unwrap();
        let signature = URL_SAFE.encode(URL_SAFE_NO_PAD.decode(signature).unwrap());
        format!("{message}.{signature}")
    }

    fn good(&self, claims: &Value) -> String {
        self.sign(Algorithm::PS256, json!({ "x5t#S256": self.sha256() }), claims)
    }

    fn post(&self, tenant: &str, fields: &[(&str, &str)]) -> Got {
        self.world.post_token(tenant, fields)
    }

    fn present(&self, assertion: &str, scope: &str) -> Got {
        self.post(
            "contoso.onmicrosoft.com",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &self.client_id()),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion),
                ("scope", scope),
            ],
        )
    }

    fn code(&self, assertion: &str) -> Value {
        self.present(assertion, EXCHANGE).body["error_codes"][0].clone()
    }
}

#[test]
fn every_form_of_assertion_that_clients_send_is_taken() {
    let it = SignIn::new();
    let certificate = &it.credentials.certificate;
    let broken = |der: &[u8]| {
        let text = STANDARD.encode(der);
        text.as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into_owned() + "\n")
            .collect::<String>()
    };
    let mut floats = it.claims();
    floats["iat"] = json!(1_800_000_000.25);
    floats["exp"] = json!(1_800_000_600.25);
    floats.as_object_mut().unwrap().remove("nbf");
    let mut strings = it.claims();
    strings["nbf"] = START.to_string().into();
    strings["exp"] = (START + 600).to_string().into();
    strings.as_object_mut().unwrap().remove("iat");
    let plain = it.claims();
    for (client, algorithm, header, claims) in [
        ("MSAL Node", Algorithm::PS256, json!({ "x5t#S256": it.sha256() }), &plain),
        (
            "MSAL Python by thumbprint",
            Algorithm::RS256,
            json!({ "x5t": URL_SAFE.encode(certificate.sha1) }),
            &floats,
        ),
        (
            "MSAL Python by certificate",
            Algorithm::PS256,
            json!({ "x5c": [broken(&certificate.der)] }),
            &floats,
        ),
        (
            "azure-identity async",
            Algorithm::PS256,
            json!({ "x5t#S256": URL_SAFE.encode(certificate.sha256) }),
            &plain,
        ),
        (
            "MSAL Go",
            Algorithm::PS256,
            json!({ "x5t#S256": STANDARD.encode(certificate.sha256) }),
            &plain,
        ),
        (
            "go-azure-sdk",
            Algorithm::RS256,
            json!({ "kid": URL_SAFE.encode(certificate.sha1) }),
            &plain,
        ),
        ("MSAL.NET", Algorithm::PS256, json!({ "x5t#S256": it.sha256() }), &strings),
    ] {
        let got = it.present(&it.sign(algorithm, header, claims), EXCHANGE);
        assert_eq!(got.status, 200, "{client}: {}", got.text);
    }
}

#[test]
fn an_assertion_whose_parts_are_padded_is_taken_too() {
    let it = SignIn::new();
    let thumbprint = URL_SAFE.encode(it.credentials.certificate.sha256);
    let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint });
    let assertion = it.sign_padded(Algorithm::PS256, &header, &it.claims());
    assert!(assertion.ends_with("=="), "{assertion}");
    let got = it.present(&assertion, EXCHANGE);
    assert_eq!(got.status, 200, "{}", got.text);
}

#[test]
fn the_token_opens_the_exchange_endpoint_and_says_what_it_is() {
    let it = SignIn::new();
    let got = it.present(&it.good(&it.claims()), EXCHANGE);
    assert_eq!(got.body["token_type"], "Bearer");
    assert_eq!(got.body["expires_in"], 3599);
    let access_token = got.body["access_token"].as_str().unwrap();
    let payload = URL_SAFE_NO_PAD.decode(access_token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(claims["aud"], "https://outlook.office365.com");
    assert_eq!(claims["roles"], json!(["Exchange.ManageAsApp"]));
    assert_eq!(claims["wids"], json!(["29232cdf-9323-42fd-ade2-1d097af3e4de"]));
    assert_eq!(claims["idtyp"], "app");
    assert_eq!(claims["appid"], it.client_id());
    assert_eq!(claims["tid"], it.world.service.tenant.id.to_string());
    let bearer = format!("Bearer {access_token}");
    let body = input("Get-OrganizationConfig", &json!({}));
    assert_eq!(it.world.send("", &[("authorization", &bearer)], &body).status, 200);
    let graph = it.present(&it.good(&it.claims()), "https://graph.microsoft.com/.default");
    let bearer = format!("Bearer {}", graph.body["access_token"].as_str().unwrap());
    assert_eq!(it.world.send("", &[("authorization", &bearer)], &body).status, 401);
}

#[test]
fn an_assertion_that_does_not_fit_is_refused_with_its_number() {
    let it = SignIn::new();
    let with = |claim: &str, value: Value| {
        let mut claims = it.claims();
        claims[claim] = value;
        it.good(&claims)
    };
    let good = it.good(&it.claims());
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    let stranger = json!({ "x5t#S256": URL_SAFE_NO_PAD.encode([7; 32]) });
    for (what, assertion, code) in [
        ("not a JWT", "nonsense".to_owned(), 50027),
        ("no thumbprint", it.sign(Algorithm::PS256, json!({}), &it.claims()), 50027),
        ("another certificate", it.sign(Algorithm::PS256, stranger, &it.claims()), 700_027),
        ("a forged signature", forged, 700_027),
        ("expired", with("exp", json!(START - 301)), 700_024),
        ("not yet valid", with("nbf", json!(START + 301)), 700_024),
        ("another issuer", with("iss", json!("someone")), 700_021),
        ("another subject", with("sub", json!("someone")), 700_021),
        (
            "another host",
            with("aud", json!("https://evil.example/contoso.onmicrosoft.com/oauth2/v2.0/token")),
            700_023,
        ),
        (
            "another tenant",
            with("aud", json!("https://tenant.local/northwind.com/oauth2/v2.0/token")),
            700_023,
        ),
        (
            "another path",
            with("aud", json!("https://tenant.local/contoso.onmicrosoft.com/token")),
            700_023,
        ),
    ] {
        assert_eq!(it.code(&assertion), code, "{what}");
    }
}

#[test]
fn the_audience_counts_by_path_and_tenant_whatever_name_of_ours_it_has() {
    let it = SignIn::new();
    let id = it.world.service.tenant.id;
    for audience in [
        format!("http://localhost:1/{id}/oauth2/v2.0/token"),
        format!("https://127.0.0.1:9/{id}/oauth2/v2.0/token"),
        format!("https://login.microsoftonline.com/{id}/oauth2/v2.0/token"),
        format!("https://login.microsoftonline.us/{id}/v2.0"),
        "http://tenant.local:8080/contoso.com/oauth2/v2.0/token".to_owned(),
    ] {
        let mut claims = it.claims();
        claims["aud"] = audience.as_str().into();
        assert_eq!(it.present(&it.good(&claims), EXCHANGE).status, 200, "{audience}");
    }
}

#[test]
fn scopes_are_one_published_resource_each() {
    let it = SignIn::new();
    let ask = |scope: &str| it.present(&it.good(&it.claims()), scope);
    for scope in [
        "https://outlook.office365.us/.default",
        "https://partner.outlook.cn/.default",
        "https://graph.microsoft.us/.default",
        "https://dod-graph.microsoft.us/.default",
    ] {
        assert_eq!(ask(scope).status, 200, "{scope}");
    }
    for (scope, error, code) in [
        ("https://outlook.office365.com/Mail.Read", "invalid_scope", 70011),
        (
            "https://outlook.office365.com/.default https://graph.microsoft.com/.default",
            "invalid_scope",
            28002,
        ),
        ("https://vault.azure.net/.default", "invalid_resource", 500_011),
        ("", "invalid_request", 900_144),
    ] {
        let got = ask(scope);
        assert_eq!(
            (got.status, &got.body["error"], &got.body["error_codes"][0]),
            (400, &json!(error), &json!(code)),
            "{scope}"
        );
    }
}

#[test]
fn refusals_before_the_assertion_have_their_numbers_too() {
    let it = SignIn::new();
    let id = it.client_id();
    let grant = ("grant_type", "client_credentials");
    for (tenant, fields, status, code) in [
        ("northwind.com", vec![grant], 400, 90002),
        ("contoso.com", vec![], 400, 900_144),
        ("contoso.com", vec![("grant_type", "password")], 400, 70003),
        ("contoso.com", vec![grant, ("client_id", "someone")], 400, 700_016),
        ("contoso.com", vec![grant, ("client_id", &id)], 401, 7_000_218),
        ("contoso.com", vec![grant, ("client_id", &id), ("client_secret", "x")], 401, 7_000_215),
    ] {
        let got = it.post(tenant, &fields);
        assert_eq!((got.status, &got.body["error_codes"][0]), (status, &json!(code)));
        let text = got.body["error_description"].as_str().unwrap();
        assert!(text.starts_with(&format!("AADSTS{code}: ")), "{text}");
        assert!(text.contains("Trace ID: ") && text.contains("Correlation ID: "), "{text}");
    }
}

#[test]
fn discovery_names_the_host_that_was_asked() {
    let it = SignIn::new();
    let ask = |tenant: &str| {
        Got::of(&discovery(&it.world.service, tenant, &request("", &[], String::new())))
    };
    let got = ask("Contoso.onmicrosoft.com");
    let id = it.world.service.tenant.id;
    assert_eq!(
        got.body["token_endpoint"],
        format!("http://tenant.local:8080/{id}/oauth2/v2.0/token")
    );
    assert_eq!(got.body["issuer"], format!("http://tenant.local:8080/{id}/v2.0"));
    let unknown = ask("northwind.com");
    assert_eq!((unknown.status, &unknown.body["error_codes"][0]), (400, &json!(90002)));
}

#[test]
fn instance_discovery_knows_the_published_clouds_and_ourselves() {
    let it = SignIn::new();
    let ask = |host: &str| {
        let query = format!("api-version=1.1&authorization_endpoint=https://{host}/contoso.com/x");
        Got::of(&instance(&it.world.service, &request(&query, &[], String::new())))
    };
    for host in ["login.microsoftonline.com", "login.microsoftonline.us", "tenant.local:8080"] {
        let got = ask(host);
        assert_eq!(
            got.body["tenant_discovery_endpoint"],
            format!("https://{host}/contoso.com/v2.0/.well-known/openid-configuration")
        );
        let aliases = &got.body["metadata"][0]["aliases"];
        assert_eq!(aliases[0], "login.microsoftonline.com");
    }
    let unknown = ask("evil.example");
    assert_eq!((unknown.status, &unknown.body["error"]), (400, &json!("invalid_instance")));
}

#[test]
fn a_seed_may_have_sign_ins_refused_by_number_for_a_while() {
    let fields = [("grant_type", "client_credentials")];
    let codes = |world: &World| {
        (0..3)
            .map(|_| {
                world.post_token("contoso.onmicrosoft.com", &fields).body["error_codes"][0].clone()
            })
            .collect::<Vec<_>>()
    };
    let twice = World::of("[sign_in]\nrefuse = 90033\ntimes = 2");
    // Then the request is judged, and this one lacks its client_id.
    assert_eq!(codes(&twice), [90033, 90033, 900_144]);
    let always = World::of("[sign_in]\nrefuse = 53003");
    assert_eq!(codes(&always), [53003, 53003, 53003]);
    let got = always.post_token("contoso.onmicrosoft.com", &fields);
    assert_eq!((got.status, &got.body["error"]), (400, &json!("interaction_required")));
    assert_eq!(got.body["suberror"], "message_only");
}

#[test]
fn every_published_refusal_of_this_setup_can_be_asked_for() {
    for code in [
        700_016, 7_000_229, 700_027, 700_024, 700_030, 50012, 50013, 50027, 7_000_215, 7_000_222,
        7_000_218, 700_025, 7_000_112, 70001, 70021, 700_211, 700_212, 700_213, 700_229, 90002,
        90038, 900_382, 900_432, 500_011, 650_052, 65001, 65002, 90094, 70011, 28002, 700_022,
        50034, 50020, 50057, 50126, 50076, 50079, 50074, 53000, 53001, 53002, 53003, 530_035,
        50105, 70016, 70018, 70019, 90119, 90120, 50196, 50033, 90006, 90024, 90033, 90055,
    ] {
        let world = World::of(&format!("[sign_in]\nrefuse = {code}"));
        let got =
            world.post_token("contoso.onmicrosoft.com", &[("grant_type", "client_credentials")]);
        assert_eq!(got.body["error_codes"], json!([code]), "{}", got.text);
        assert!(got.status == 400 || got.status == 401, "{}", got.text);
        assert!(!got.body["error"].as_str().unwrap().is_empty());
    }
}
