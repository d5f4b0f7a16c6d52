//! What the directory knows of a certificate that is registered on an application. DER goes in;
//! thumbprints, public key and dates come out.

use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// A certificate as sign-in sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegisteredCertificate {
    pub(crate) der: Vec<u8>,
    pub(crate) sha1: [u8; 20],
    pub(crate) sha256: [u8; 32],
    /// PKCS#1, as signature checks want it.
    pub(crate) public_key: Vec<u8>,
    /// `CN=…`
    pub(crate) subject: String,
    /// Unix seconds.
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

impl RegisteredCertificate {
    /// SHA-1 in hexadecimal, as portals and Graph show it.
    pub(crate) fn thumbprint(&self) -> String {
        self.sha1.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02X}");
            text
        })
    }

    /// None where the bytes are no certificate.
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let validity = parsed.validity();
        Some(Self {
            sha1: Sha1::digest(der).into(),
            sha256: Sha256::digest(der).into(),
            public_key: parsed.public_key().subject_public_key.data.to_vec(),
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            subject: parsed.subject().to_string(),
            der: der.to_vec(),
        })
    }
}
