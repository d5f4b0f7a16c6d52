//! An application's certificate with its private key, out of a `.pfx` or a PEM file. Bytes and the
//! present time in, a checked credential or a typed error out; reading the file is the caller's.
//!
//! RSA alone: Microsoft documents PS256 and RS256 for client assertions and no curve.

use std::fmt;

use jiff::Timestamp;
use p12_keystore::Pkcs12Archive;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};
use x509_parser::asn1_rs::{FromDer, Integer, OctetString, Sequence};
use x509_parser::pem::Pem;
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey;
use zeroize::Zeroizing;

/// The encoding of `rsaEncryption` (1.2.840.113549.1.1.1) in an algorithm identifier.
const RSA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// A certificate with its key, fit for signing at the time that it was loaded.
pub struct Credential {
    /// PKCS#1, DER.
    key: SecretBox<[u8]>,
    certificate: Vec<u8>,
    thumbprint: [u8; 32],
    not_before: Timestamp,
    not_after: Timestamp,
}

/// Why a file gives no credential. The name of the file is the caller's to add.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Neither format.
    #[error("it is neither a .pfx (PKCS#12) nor a PEM file")]
    NotRecognised,
    /// A `.cer`, or a PEM with certificates alone.
    #[error("it holds a certificate and no private key")]
    NoKey,
    /// A key alone.
    #[error("it holds a private key and no certificate")]
    NoCertificate,
    /// No password was given and the file has one.
    #[error("it is protected by a password and none was given")]
    PasswordNeeded,
    /// The password does not open it.
    #[error("the password is wrong")]
    WrongPassword,
    /// An encrypted PEM, which a `.pfx` does better.
    #[error("its private key is encrypted PEM, which is not read; use a .pfx with a password")]
    EncryptedPem,
    /// Not RSA.
    #[error("its private key is {0}; Microsoft Entra takes RSA keys alone")]
    NotRsa(&'static str),
    /// The parts do not belong together.
    #[error("its private key does not belong to its certificate")]
    Mismatched,
    /// Recognised, then unreadable.
    #[error("it cannot be read: {0}")]
    Damaged(String),
    /// Too late.
    #[error("the certificate expired on {not_after}")]
    Expired {
        /// The last moment at which it was valid.
        not_after: Timestamp,
    },
    /// Too early.
    #[error("the certificate is not valid before {not_before}")]
    NotYetValid {
        /// The first moment at which it is valid.
        not_before: Timestamp,
    },
}

/// What a file holds, before anything is checked.
struct Parts {
    keys: Vec<Key>,
    certificates: Vec<Vec<u8>>,
}

enum Key {
    Pkcs8(Zeroizing<Vec<u8>>),
    Pkcs1(Zeroizing<Vec<u8>>),
    Curve,
    EncryptedPem,
}

impl Credential {
    /// Reads either format and judges the dates. Without a password a `.pfx` is tried with the
    /// empty one.
    pub fn load(
        bytes: &[u8],
        password: Option<&SecretString>,
        now: Timestamp,
    ) -> Result<Self, CredentialError> {
        Self::open(bytes, password)?.valid_at(now)
    }

    /// Reads either format, whatever the dates: an expired file can be shown and kept, too.
    pub fn open(bytes: &[u8], password: Option<&SecretString>) -> Result<Self, CredentialError> {
        let parts = match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            // Every PKCS#12 file and every DER certificate is an ASN.1 SEQUENCE.
            Some(0x30) => from_pkcs12(bytes, password)?,
            _ => from_pem(bytes)?,
        };
        Self::from_parts(parts)
    }

    /// Itself, if it is valid at this time.
    pub fn valid_at(self, now: Timestamp) -> Result<Self, CredentialError> {
        if now > self.not_after {
            return Err(CredentialError::Expired { not_after: self.not_after });
        }
        if now < self.not_before {
            return Err(CredentialError::NotYetValid { not_before: self.not_before });
        }
        Ok(self)
    }

    fn from_parts(parts: Parts) -> Result<Self, CredentialError> {
        if parts.keys.is_empty() {
            let empty = parts.certificates.is_empty();
            let error = if empty { CredentialError::NotRecognised } else { CredentialError::NoKey };
            return Err(error);
        }
        if parts.certificates.is_empty() {
            return Err(CredentialError::NoCertificate);
        }
        let keys = parts.keys.into_iter().map(Key::into_pkcs1).collect::<Result<Vec<_>, _>>()?;
        for key in keys {
            let modulus = modulus(&key)?;
            for certificate in &parts.certificates {
                if let Some(credential) = Self::pair(&key, &modulus, certificate)? {
                    return Ok(credential);
                }
            }
        }
        Err(CredentialError::Mismatched)
    }

    /// The credential, if the certificate is the key's. A file may hold a whole chain.
    fn pair(key: &[u8], modulus: &[u8], der: &[u8]) -> Result<Option<Self>, CredentialError> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(damaged)?;
        let Ok(PublicKey::RSA(public)) = certificate.public_key().parsed() else { return Ok(None) };
        if without_leading_zeros(public.modulus) != without_leading_zeros(modulus) {
            return Ok(None);
        }
        let moment = |time: x509_parser::time::ASN1Time| {
            Timestamp::from_second(time.timestamp()).map_err(damaged)
        };
        Ok(Some(Self {
            key: SecretBox::new(key.into()),
            certificate: der.to_vec(),
            thumbprint: Sha256::digest(der).into(),
            not_before: moment(certificate.validity().not_before)?,
            not_after: moment(certificate.validity().not_after)?,
        }))
    }

    /// The private key for one signature: PKCS#1, DER.
    pub(crate) fn key(&self) -> &[u8] {
        self.key.expose_secret()
    }

    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// SHA-256 of the certificate.
    pub fn thumbprint(&self) -> [u8; 32] {
        self.thumbprint
    }

    /// The first moment at which it is valid.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last moment at which it is valid.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.not_after;
        formatter.debug_struct("Credential").field("not_after", &until).finish_non_exhaustive()
    }
}

impl Key {
    fn into_pkcs1(self) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
        match self {
            Self::Pkcs1(der) => Ok(der),
            Self::Pkcs8(der) => pkcs1_of_pkcs8(&der),
            Self::Curve => Err(CredentialError::NotRsa("an elliptic curve key")),
            Self::EncryptedPem => Err(CredentialError::EncryptedPem),
        }
    }
}

fn from_pkcs12(bytes: &[u8], password: Option<&SecretString>) -> Result<Parts, CredentialError> {
    if X509Certificate::from_der(bytes).is_ok() {
        return Err(CredentialError::NoKey);
    }
    let text = password.map_or("", ExposeSecret::expose_secret);
    let archive = Pkcs12Archive::from_pkcs12(bytes, text).map_err(|error| {
        use p12_keystore::error::Error;
        match error {
            // A file without a MAC shows a wrong password by what the decryption leaves.
            Error::MacError(_) | Error::Pkcs5Error(_) | Error::UnpadError => match password {
                Some(_) => CredentialError::WrongPassword,
                None => CredentialError::PasswordNeeded,
            },
            Error::DerError(_) | Error::IoError(_) => CredentialError::NotRecognised,
            error => CredentialError::Damaged(error.to_string()),
        }
    })?;
    let key =
        |bag: &p12_keystore::PrivateKeyBag| Key::Pkcs8(Zeroizing::new(bag.key.as_der().to_vec()));
    let certificate = |bag: &p12_keystore::CertificateBag| bag.cert.as_der().to_vec();
    Ok(Parts {
        keys: archive.keys.iter().map(key).collect(),
        certificates: archive.certs.iter().map(certificate).collect(),
    })
}

fn from_pem(bytes: &[u8]) -> Result<Parts, CredentialError> {
    let mut parts = Parts { keys: Vec::new(), certificates: Vec::new() };
    for block in Pem::iter_from_buffer(bytes) {
        let block = block.map_err(damaged)?;
        match block.label.as_str() {
            "CERTIFICATE" => parts.certificates.push(block.contents),
            "PRIVATE KEY" => parts.keys.push(Key::Pkcs8(Zeroizing::new(block.contents))),
            "RSA PRIVATE KEY" => parts.keys.push(Key::Pkcs1(Zeroizing::new(block.contents))),
            "EC PRIVATE KEY" => parts.keys.push(Key::Curve),
            "ENCRYPTED PRIVATE KEY" => parts.keys.push(Key::EncryptedPem),
            _ => {}
        }
    }
    Ok(parts)
}

fn damaged(error: impl fmt::Display) -> CredentialError {
    CredentialError::Damaged(error.to_string())
}

/// `PrivateKeyInfo ::= SEQUENCE { version, algorithm SEQUENCE, privateKey OCTET STRING }`.
fn pkcs1_of_pkcs8(der: &[u8]) -> Result<Zeroizing<Vec<u8>>, CredentialError> {
    let (_, outer) = Sequence::from_der(der).map_err(damaged)?;
    let (rest, _) = Integer::from_der(&outer.content).map_err(damaged)?;
    let (rest, algorithm) = Sequence::from_der(rest).map_err(damaged)?;
    if !algorithm.content.starts_with(&RSA) {
        return Err(CredentialError::NotRsa(algorithm_name(&algorithm.content)));
    }
    let (_, key) = OctetString::from_der(rest).map_err(damaged)?;
    Ok(Zeroizing::new(key.as_ref().to_vec()))
}

/// Names an algorithm by the encoding of its identifier.
fn algorithm_name(encoded: &[u8]) -> &'static str {
    // 1.2.840.10045.2.1 and 1.3.101.
    if encoded.starts_with(&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]) {
        "an elliptic curve key"
    } else if encoded.starts_with(&[0x06, 0x03, 0x2b, 0x65]) {
        "an Edwards curve key"
    } else {
        "of another kind"
    }
}

/// `RSAPrivateKey ::= SEQUENCE { version, modulus, ... }`.
fn modulus(pkcs1: &[u8]) -> Result<Vec<u8>, CredentialError> {
    let (_, outer) = Sequence::from_der(pkcs1).map_err(damaged)?;
    let (rest, _) = Integer::from_der(&outer.content).map_err(damaged)?;
    let (_, modulus) = Integer::from_der(rest).map_err(damaged)?;
    Ok(modulus.as_ref().to_vec())
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests;
