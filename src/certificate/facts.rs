//! What a certificate says about itself, read from its DER. Nothing here judges: whether a date or
//! a kind of key will do is for the caller to say.

use jiff::{SignedDuration, Timestamp};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::layout::{SHORT, Slot};
use crate::resource::Thumbprint;

/// The public part of a certificate file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// SHA-1 of the DER, which Windows and Microsoft Entra call the thumbprint.
    pub thumbprint_sha1: [u8; 20],
    /// SHA-256 of the DER, which assertions name.
    pub thumbprint_sha256: [u8; 32],
    /// As `CN=Auditform`.
    pub subject: String,
    /// As `CN=Auditform`.
    pub issuer: String,
    /// Hexadecimal bytes with colons.
    pub serial: String,
    /// The first moment at which it is valid.
    pub not_before: Timestamp,
    /// The last moment at which it is valid.
    pub not_after: Timestamp,
    /// How many bits the RSA modulus has; `None` for a key that is not RSA.
    pub rsa_bits: Option<u32>,
    /// Issuer and subject are the same name.
    pub self_signed: bool,
    /// The certificate itself, which is what is uploaded.
    pub der: Vec<u8>,
}

impl Facts {
    /// Reads one certificate; what is wrong with it as text.
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|error| error.to_string())?;
        if !rest.is_empty() {
            return Err(format!("{} bytes follow the certificate", rest.len()));
        }
        let moment = |time: x509_parser::time::ASN1Time| {
            Timestamp::from_second(time.timestamp()).map_err(|error| error.to_string())
        };
        let rsa_bits = match certificate.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => Some(bits(key.modulus)),
            _ => None,
        };
        Ok(Self {
            thumbprint_sha1: Sha1::digest(der).into(),
            thumbprint_sha256: Sha256::digest(der).into(),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.raw_serial_as_string(),
            not_before: moment(certificate.validity().not_before)?,
            not_after: moment(certificate.validity().not_after)?,
            rsa_bits,
            self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
            der: der.to_vec(),
        })
    }

    /// The SHA-1 thumbprint, for showing and comparing.
    pub fn sha1(&self) -> Thumbprint {
        Thumbprint::Sha1(self.thumbprint_sha1)
    }

    /// The SHA-256 thumbprint, for showing and comparing.
    pub fn sha256(&self) -> Thumbprint {
        Thumbprint::Sha256(self.thumbprint_sha256)
    }

    /// Whether the thumbprint is this certificate's, in either digest.
    pub fn has(&self, thumbprint: &Thumbprint) -> bool {
        self.sha1() == *thumbprint || self.sha256() == *thumbprint
    }

    /// From the first to the last moment.
    pub fn life(&self) -> SignedDuration {
        self.not_after.duration_since(self.not_before)
    }

    /// The common name of the subject, without `CN=`.
    pub fn common_name(&self) -> Option<String> {
        let (_, certificate) = X509Certificate::from_der(&self.der).ok()?;
        let name = certificate.subject().iter_common_name().next()?.as_str().ok()?;
        Some(name.to_owned())
    }

    /// Where a rotation keeps this certificate's files once it is no longer current.
    pub fn retired_slot(&self) -> Slot {
        Slot::Retired(self.short())
    }

    /// What a retired certificate's files carry in their name.
    pub(super) fn short(&self) -> String {
        let hexadecimal = self.sha1().to_string().to_ascii_lowercase();
        hexadecimal.chars().take(SHORT).collect()
    }
}

/// How many bits a number has.
fn bits(bytes: &[u8]) -> u32 {
    let mut significant = bytes.iter().skip_while(|byte| **byte == 0);
    let Some(first) = significant.next() else { return 0 };
    let rest = u32::try_from(significant.count()).unwrap_or(u32::MAX / 8);
    (8 - first.leading_zeros()) + rest.saturating_mul(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modulus_is_counted_from_its_highest_bit() {
        assert_eq!(bits(&[0, 0x80, 0]), 16);
        assert_eq!(bits(&[0x01, 0xff]), 9);
        assert_eq!(bits(&[0, 0]), 0);
    }

    #[test]
    fn noise_is_no_certificate() {
        assert!(Facts::from_der(b"noise").is_err());
    }
}
