//! Keys and certificates of tests. The usual one is made once for all tests of a run, since an RSA
//! key takes half a second; every file that a test needs is written into its own directory.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::disallowed_types, reason = "tests share one slow key")]

use std::sync::OnceLock;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};
use sha1::{Digest, Sha1};
use sha2::Sha256;

/// A key with its certificate.
pub(crate) struct Pair {
    key: KeyPair,
    certificate: rcgen::Certificate,
}

/// The years in which a certificate is valid, from January to January.
type Years = (i32, i32);

const VALID: Years = (2024, 2044);

/// The key that most tests share.
pub(crate) fn shared() -> &'static Pair {
    static SHARED: OnceLock<Pair> = OnceLock::new();
    SHARED.get_or_init(|| {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        Pair::new(key, VALID)
    })
}

/// A key that no service knows.
pub(crate) fn stranger() -> Pair {
    Pair::new(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap(), VALID)
}

/// The shared key with a certificate of this name.
pub(crate) fn named(common_name: &str) -> Pair {
    let key = KeyPair::from_pem(&shared().key.serialize_pem()).unwrap();
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, common_name);
    Pair::of(key, parameters, VALID)
}

/// A key of a kind that Entra does not take.
pub(crate) fn curve() -> Pair {
    Pair::new(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(), VALID)
}

/// The shared key with a certificate of other years.
pub(crate) fn shared_in(years: Years) -> Pair {
    Pair::new(KeyPair::from_pem(&shared().key.serialize_pem()).unwrap(), years)
}

impl Pair {
    fn new(key: KeyPair, years: Years) -> Self {
        Self::of(key, CertificateParams::default(), years)
    }

    fn of(key: KeyPair, mut parameters: CertificateParams, years: Years) -> Self {
        parameters.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let certificate = parameters.self_signed(&key).unwrap();
        Self { key, certificate }
    }

    /// Key and certificate in one text.
    pub(crate) fn pem(&self) -> String {
        self.key.serialize_pem() + &self.certificate.pem()
    }

    /// The certificate alone.
    pub(crate) fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    /// The private key, PKCS#8.
    pub(crate) fn key(&self) -> Vec<u8> {
        self.key.serialize_der()
    }

    /// SHA-1 and SHA-256 of the certificate.
    pub(crate) fn thumbprints(&self) -> (String, String) {
        let der = self.certificate.der();
        (hex(&Sha1::digest(der)), hex(&Sha256::digest(der)))
    }

    /// Key and certificate as PKCS#12; an empty password is none.
    pub(crate) fn pfx(&self, password: &str) -> Vec<u8> {
        let key = p12_keystore::PrivateKey::from_der(&self.key.serialize_der()).unwrap();
        let certificate = p12_keystore::Certificate::from_der(self.certificate.der()).unwrap();
        let chain = p12_keystore::PrivateKeyChain::new("id", key, [certificate]);
        let mut store = p12_keystore::KeyStore::new();
        store.add_entry("app", p12_keystore::KeyStoreEntry::PrivateKeyChain(chain));
        store.writer(password).encryption_iterations(100).mac_iterations(100).write().unwrap()
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    digits.concat()
}
