//! Certificates from elsewhere: chains, kinds of keys, dates; and the look-up in a directory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a failed assumption is a failed test, and tests write files as others do"
)]

use std::fs;

use jiff::SignedDuration;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};

use super::*;
use crate::certificate::tests::{other, shared};
use crate::certificate::{Issued, Store};

fn now() -> Timestamp {
    shared().facts().not_before + SignedDuration::from_hours(1)
}

fn pem(issued: &Issued) -> Vec<u8> {
    crate::certificate::forms::pem(issued).to_vec()
}

fn reading(content: impl AsRef<[u8]>, at: Timestamp) -> Result<Existing, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("existing.pem");
    fs::write(&path, content).unwrap();
    let named = format!("`{}` ", path.display());
    read_existing(&path, None, at).map_err(|error| error.to_string().replace(&named, ""))
}

#[test]
fn a_leaf_of_an_authority_is_found_in_its_chain() {
    let authority = rcgen::Issuer::new(
        CertificateParams::new(vec!["authority".to_owned()]).unwrap(),
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(),
    );
    let key = rustls_key(shared());
    let mut parameters = CertificateParams::new(vec!["leaf".to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2028, 1, 1);
    let leaf = parameters.signed_by(&key, &authority).unwrap();
    let root = CertificateParams::new(Vec::new()).unwrap().self_signed(authority.key()).unwrap();
    let existing = reading(root.pem() + &key.serialize_pem() + &leaf.pem(), now()).unwrap();
    assert_eq!(existing.facts.der, leaf.der().to_vec());
    assert_eq!(existing.credential.certificate(), existing.facts.der);
}

fn rustls_key(issued: &Issued) -> KeyPair {
    KeyPair::from_pem(std::str::from_utf8(&pem(issued)).unwrap()).unwrap()
}

#[test]
fn a_curve_an_expired_one_and_anothers_key_are_told_apart() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    let told = |content: String| reading(content, now()).unwrap_err();
    let curve = "cannot be used: its private key is an elliptic curve key; Microsoft Entra takes \
                 RSA keys alone";
    assert_eq!(told(key.serialize_pem() + &certificate.pem()), curve);
    assert_eq!(
        told(rustls_key(shared()).serialize_pem() + &certificate.pem()),
        "cannot be used: its private key does not belong to its certificate"
    );
    assert_eq!(
        told(certificate.pem()),
        "cannot be used: it holds a certificate and no private key"
    );
    let late = reading(pem(shared()), "2028-01-01T00:00:00Z".parse().unwrap()).unwrap_err();
    assert_eq!(late, "cannot be used: the certificate expired on 2027-11-23T12:00:00Z");
    let early = reading(pem(shared()), "2026-01-01T00:00:00Z".parse().unwrap()).unwrap_err();
    assert_eq!(early, "cannot be used: the certificate is not valid before 2026-11-23T12:00:00Z");
}

#[test]
fn a_short_key_is_refused_with_its_size() {
    let (credential, facts) = {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.pem");
        fs::write(&path, pem(shared())).unwrap();
        open(&path, None).unwrap().unwrap()
    };
    let short = Facts { rsa_bits: Some(1024), ..facts };
    let refused = fit(Path::new("short.pem"), credential, short, now()).unwrap_err().to_string();
    let told = "the RSA key in `short.pem` has 1024 bits; Microsoft Entra takes 2048 and more";
    assert_eq!(refused, told);
}

#[test]
fn either_thumbprint_finds_the_certificate_among_others() {
    let directory = tempfile::tempdir().unwrap();
    for (name, issued) in [("one", shared()), ("two", other())] {
        let store = Store::new(directory.path(), name).unwrap().with_rounds(10);
        store.put(issued, false).unwrap();
    }
    fs::remove_file(directory.path().join("two.pem")).unwrap();
    fs::write(directory.path().join("aaa.pfx"), "noise").unwrap();
    for thumbprint in [other().facts().sha1(), other().facts().sha256()] {
        let found = find_by_thumbprint(directory.path(), &thumbprint, None, now()).unwrap();
        assert_eq!(found.path, directory.path().join("two.pfx"));
        assert_eq!(found.facts, *other().facts());
    }
}

#[test]
fn what_is_there_instead_is_listed() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path(), "one").unwrap().with_rounds(10);
    store.put(shared(), false).unwrap();
    fs::write(directory.path().join("noise.p12"), "noise").unwrap();
    let wanted = other().facts().sha1();
    let error = find_by_thumbprint(directory.path(), &wanted, None, now()).unwrap_err();
    let StoreError::NotFound { seen, .. } = &error else { panic!("{error}") };
    let there = shared().facts().sha1();
    assert_eq!(
        *seen,
        [
            format!("`one.pem` has {there}"),
            format!("`one.pfx` has {there}"),
            "`noise.p12`: it is neither a .pfx (PKCS#12) nor a PEM file".to_owned(),
        ]
    );
    fs::write(directory.path().join("two.cer"), &other().facts().der).unwrap();
    let error = find_by_thumbprint(directory.path(), &wanted, None, now()).unwrap_err();
    assert!(error.to_string().ends_with("two.cer` is there without its private key"), "{error}");
}

#[test]
fn one_that_has_expired_is_found_and_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path(), "one").unwrap().with_rounds(10);
    store.put(shared(), false).unwrap();
    let late = "2028-01-01T00:00:00Z".parse().unwrap();
    let wanted = shared().facts().sha1();
    let error = find_by_thumbprint(directory.path(), &wanted, None, late).unwrap_err();
    assert!(error.to_string().ends_with("expired on 2027-11-23T12:00:00Z"), "{error}");
}
