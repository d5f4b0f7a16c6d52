//! Both formats, every way of being wrong. The key is made once: it takes half a second.

#![expect(clippy::unwrap_used, clippy::disallowed_types, reason = "tests share one slow key")]

use std::sync::OnceLock;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};

use super::*;

/// The DER of a key (PKCS#8) and of its certificate, valid in 2026.
fn pair() -> &'static (Vec<u8>, Vec<u8>) {
    static PAIR: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    PAIR.get_or_init(|| {
        make(&KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap())
    })
}

fn curve_pair() -> (Vec<u8>, Vec<u8>) {
    make(&KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap())
}

fn make(key: &KeyPair) -> (Vec<u8>, Vec<u8>) {
    let mut params = CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    let certificate = params.self_signed(key).unwrap();
    (key.serialize_der(), certificate.der().to_vec())
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn pfx(password: &str) -> Vec<u8> {
    let (key, certificate) = pair();
    let key = p12_keystore::PrivateKey::from_der(key).unwrap();
    let certificate = p12_keystore::Certificate::from_der(certificate).unwrap();
    let chain = p12_keystore::PrivateKeyChain::new("id", key, [certificate]);
    let mut store = p12_keystore::KeyStore::new();
    store.add_entry("app", p12_keystore::KeyStoreEntry::PrivateKeyChain(chain));
    store.writer(password).encryption_iterations(100).mac_iterations(100).write().unwrap()
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn load(bytes: &[u8], password: Option<&str>) -> Result<Credential, CredentialError> {
    Credential::load(bytes, password.map(SecretString::from).as_ref(), now())
}

fn refusal(bytes: &[u8]) -> CredentialError {
    load(bytes, None).unwrap_err()
}

/// A credential for the tests of other modules.
pub(crate) fn credential() -> Credential {
    let (key, certificate) = pair();
    let text = pem("PRIVATE KEY", key) + &pem("CERTIFICATE", certificate);
    load(text.as_bytes(), None).unwrap()
}

#[test]
fn a_pem_with_key_and_certificate_in_either_order_is_a_credential() {
    let (key, certificate) = pair();
    let (key, certificate) = (pem("PRIVATE KEY", key), pem("CERTIFICATE", certificate));
    for text in [format!("{key}{certificate}"), format!("{certificate}\n{key}")] {
        let credential = load(text.as_bytes(), None).unwrap();
        assert_eq!(credential.certificate(), pair().1);
        assert_eq!(credential.thumbprint(), <[u8; 32]>::from(Sha256::digest(&pair().1)));
        assert_eq!(credential.not_after().to_string(), "2027-01-01T00:00:00Z");
        assert_eq!(credential.not_before().to_string(), "2026-01-01T00:00:00Z");
    }
}

#[test]
fn a_pem_with_the_older_rsa_block_is_a_credential() {
    let pkcs1 = pkcs1_of_pkcs8(&pair().0).unwrap();
    let text = pem("RSA PRIVATE KEY", &pkcs1) + &pem("CERTIFICATE", &pair().1);
    assert_eq!(load(text.as_bytes(), None).unwrap().key(), &*pkcs1);
}

#[test]
fn a_pfx_opens_with_its_password_and_one_without_a_password_opens_without() {
    assert_eq!(load(&pfx("secret"), Some("secret")).unwrap().certificate(), pair().1);
    assert_eq!(load(&pfx(""), None).unwrap().certificate(), pair().1);
}

#[test]
fn a_wrong_password_and_a_missing_one_are_told_apart() {
    let wrong = load(&pfx("secret"), Some("guess")).unwrap_err();
    assert_eq!(wrong, CredentialError::WrongPassword);
    assert_eq!(refusal(&pfx("secret")), CredentialError::PasswordNeeded);
}

#[test]
fn what_is_missing_is_named() {
    let (key, certificate) = pair();
    assert_eq!(refusal(certificate), CredentialError::NoKey);
    assert_eq!(refusal(pem("CERTIFICATE", certificate).as_bytes()), CredentialError::NoKey);
    assert_eq!(refusal(pem("PRIVATE KEY", key).as_bytes()), CredentialError::NoCertificate);
}

#[test]
fn noise_is_neither_format() {
    for noise in [&b""[..], b"not a certificate", b"0\x82", b"0000000000000000", b"\0\0\0\0"] {
        assert_eq!(refusal(noise), CredentialError::NotRecognised, "{noise:?}");
    }
}

#[test]
fn a_pfx_that_was_cut_is_not_recognised() {
    let whole = pfx("");
    assert_eq!(refusal(&whole[..whole.len() / 2]), CredentialError::NotRecognised);
}

#[test]
fn a_curve_key_is_refused_by_name() {
    let (key, certificate) = curve_pair();
    let text = pem("PRIVATE KEY", &key) + &pem("CERTIFICATE", &certificate);
    assert_eq!(refusal(text.as_bytes()), CredentialError::NotRsa("an elliptic curve key"));
    let text = pem("EC PRIVATE KEY", &key) + &pem("CERTIFICATE", &certificate);
    assert_eq!(refusal(text.as_bytes()), CredentialError::NotRsa("an elliptic curve key"));
}

#[test]
fn an_encrypted_pem_is_refused_with_what_to_use_instead() {
    let text = pem("ENCRYPTED PRIVATE KEY", &[1, 2, 3]) + &pem("CERTIFICATE", &pair().1);
    assert_eq!(refusal(text.as_bytes()), CredentialError::EncryptedPem);
}

#[test]
fn a_key_of_another_certificate_is_a_mismatch() {
    let (_, other) = curve_pair();
    let text = pem("PRIVATE KEY", &pair().0) + &pem("CERTIFICATE", &other);
    assert_eq!(refusal(text.as_bytes()), CredentialError::Mismatched);
}

#[test]
fn dates_are_judged_by_the_time_that_is_passed_in() {
    let (key, certificate) = pair();
    let text = pem("PRIVATE KEY", key) + &pem("CERTIFICATE", certificate);
    let at = |time: &str| {
        let error = Credential::load(text.as_bytes(), None, time.parse().unwrap()).unwrap_err();
        error.to_string()
    };
    assert_eq!(at("2027-01-02T00:00:00Z"), "the certificate expired on 2027-01-01T00:00:00Z");
    let early = "the certificate is not valid before 2026-01-01T00:00:00Z";
    assert_eq!(at("2025-12-31T23:59:59Z"), early);
}

#[test]
fn debug_shows_no_key() {
    let shown = format!("{:?}", credential());
    assert_eq!(shown, "Credential { not_after: 2027-01-01T00:00:00Z, .. }");
}
