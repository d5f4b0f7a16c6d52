//! Makes a self-signed RSA certificate with its key, in memory. A recipe goes in; what can be
//! written to files comes out.
//!
//! RSA with SHA-256 and at least 2048 bits is what Microsoft documents for applications; a weaker
//! key is refused with AADSTS50032.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize,
};
use zeroize::{Zeroize as _, Zeroizing};

use super::facts::Facts;

/// How long a certificate is valid unless something else is said, and the longest life without a
/// warning: Microsoft's how-to allows a year.
pub const USUAL_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);
/// A longer life is refused. Two years are the most that services have been seen to take.
pub const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(731 * 24);

/// X.520, `ub-common-name`.
const LONGEST_NAME: usize = 64;

/// The size of an RSA key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeySize {
    /// 2048 bits.
    #[default]
    Rsa2048,
    /// 3072 bits.
    Rsa3072,
    /// 4096 bits.
    Rsa4096,
}

impl KeySize {
    /// Every size, the smallest first.
    pub const ALL: [Self; 3] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096];

    /// As a number.
    pub fn bits(self) -> u32 {
        match self {
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
            Self::Rsa4096 => 4096,
        }
    }

    /// The size with this many bits, if it is one of them.
    pub fn from_bits(bits: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.bits() == bits)
    }

    fn of_rcgen(self) -> RsaKeySize {
        match self {
            Self::Rsa2048 => RsaKeySize::_2048,
            Self::Rsa3072 => RsaKeySize::_3072,
            Self::Rsa4096 => RsaKeySize::_4096,
        }
    }
}

/// What a certificate is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Subject and issuer, without `CN=`.
    pub common_name: String,
    /// The size of its key.
    pub key_size: KeySize,
    /// The first moment at which it is valid. Certificates know whole seconds; what is beyond the
    /// second is cut off.
    pub not_before: Timestamp,
    /// The last moment at which it is valid.
    pub not_after: Timestamp,
}

/// Why no certificate was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// Empty, too long, or with letters that nobody can see.
    #[error("the common name {0}")]
    CommonName(&'static str),
    /// The dates are the wrong way round.
    #[error("it would end on {not_after}, before it begins on {not_before}")]
    Dates {
        /// The beginning.
        not_before: Timestamp,
        /// The end.
        not_after: Timestamp,
    },
    /// The library gave up.
    #[error("it cannot be made: {0}")]
    Failed(String),
}

/// A certificate with its private key, in memory.
pub struct Issued {
    /// PKCS#8, DER.
    key: Zeroizing<Vec<u8>>,
    facts: Facts,
}

impl Issued {
    /// `key` is PKCS#8, DER, and belongs to the certificate.
    pub(super) fn new(key: Zeroizing<Vec<u8>>, facts: Facts) -> Self {
        Self { key, facts }
    }

    /// What it says about itself.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// PKCS#8, DER.
    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thumbprint = self.facts.sha1().to_string();
        formatter.debug_struct("Issued").field("thumbprint", &thumbprint).finish_non_exhaustive()
    }
}

/// Makes a key, and a certificate that signs itself with it.
pub fn issue(recipe: &Recipe) -> Result<Issued, IssueError> {
    judge_name(&recipe.common_name)?;
    if recipe.not_after <= recipe.not_before {
        let (not_before, not_after) = (recipe.not_before, recipe.not_after);
        return Err(IssueError::Dates { not_before, not_after });
    }
    let failed = |error: rcgen::Error| IssueError::Failed(error.to_string());
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, recipe.common_name.as_str());
    parameters.serial_number = Some(serial().to_vec().into());
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages =
        vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    parameters.not_before = epoch + since_epoch(recipe.not_before)?;
    parameters.not_after = epoch + since_epoch(recipe.not_after)?;
    let mut pair =
        KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, recipe.key_size.of_rcgen()).map_err(failed)?;
    let key = Zeroizing::new(pair.serialize_der());
    let certificate = parameters.self_signed(&pair);
    pair.zeroize();
    let facts = Facts::from_der(certificate.map_err(failed)?.der()).map_err(IssueError::Failed)?;
    Ok(Issued { key, facts })
}

fn judge_name(name: &str) -> Result<(), IssueError> {
    let refused = |why| Err(IssueError::CommonName(why));
    match name {
        _ if name.trim().is_empty() => refused("is empty"),
        _ if name.chars().count() > LONGEST_NAME => refused("has more than 64 letters"),
        _ if name.chars().any(char::is_control) => refused("holds a control character"),
        _ => Ok(()),
    }
}

fn since_epoch(time: Timestamp) -> Result<Duration, IssueError> {
    let seconds = u64::try_from(time.as_second())
        .map_err(|_| IssueError::Failed(format!("{time} lies before 1970")))?;
    Ok(Duration::from_secs(seconds))
}

/// 126 random bits in 16 bytes: positive, and of one length (RFC 5280, 4.1.2.2).
fn serial() -> [u8; 16] {
    let (first, second) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    // A version 4 UUID has six bits that are not random, in its second half.
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&first.as_bytes()[..6]);
    bytes[6..12].copy_from_slice(&second.as_bytes()[..6]);
    bytes[12..].copy_from_slice(&first.as_bytes()[10..14]);
    bytes[0] = bytes[0] & 0x3f | 0x40;
    bytes
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use x509_parser::prelude::{FromDer as _, X509Certificate};

    use super::*;
    use crate::certificate::tests::{recipe, shared};

    #[test]
    fn it_is_rsa_with_sha_256_and_fit_for_signing_in_alone() {
        let facts = shared().facts();
        assert_eq!((facts.subject.as_str(), facts.rsa_bits), ("CN=Auditform", Some(2048)));
        assert_eq!(facts.common_name().as_deref(), Some("Auditform"));
        assert!(facts.self_signed);
        let (_, certificate) = X509Certificate::from_der(&facts.der).unwrap();
        let algorithm = certificate.signature_algorithm.algorithm.to_string();
        assert_eq!(algorithm, "1.2.840.113549.1.1.11");
        assert!(!certificate.basic_constraints().unwrap().unwrap().value.ca);
        let usage = certificate.key_usage().unwrap().unwrap().value;
        assert!(usage.digital_signature() && usage.key_encipherment());
        assert!(!usage.key_cert_sign());
        let extended = certificate.extended_key_usage().unwrap().unwrap().value;
        assert!(extended.client_auth && !extended.server_auth && !extended.any);
    }

    #[test]
    fn its_dates_are_those_of_the_recipe_to_the_second() {
        let facts = shared().facts();
        assert_eq!(facts.not_before.to_string(), "2026-11-23T12:00:00Z");
        assert_eq!(facts.not_after.to_string(), "2027-11-23T12:00:00Z");
        assert_eq!(facts.life(), USUAL_LIFE);
    }

    #[test]
    fn serial_numbers_are_positive_and_differ() {
        let (first, second) = (serial(), serial());
        assert_ne!(first, second);
        assert_eq!(first[0] & 0xc0, 0x40);
    }

    #[test]
    fn a_recipe_that_cannot_be_followed_says_why() {
        let told = |change: fn(&mut Recipe)| {
            let mut recipe = recipe();
            change(&mut recipe);
            issue(&recipe).unwrap_err().to_string()
        };
        assert_eq!(told(|recipe| recipe.common_name = " ".into()), "the common name is empty");
        let long = "the common name has more than 64 letters";
        assert_eq!(told(|recipe| recipe.common_name = "a".repeat(65)), long);
        let control = "the common name holds a control character";
        assert_eq!(told(|recipe| recipe.common_name = "a\nb".into()), control);
        let order =
            "it would end on 2026-11-23T12:00:00Z, before it begins on 2026-11-23T12:00:00Z";
        assert_eq!(told(|recipe| recipe.not_after = recipe.not_before), order);
    }

    #[test]
    fn debug_shows_the_thumbprint_and_nothing_else() {
        let issued = shared();
        let thumbprint = issued.facts().sha1();
        let expected = format!("Issued {{ thumbprint: \"{thumbprint}\", .. }}");
        assert_eq!(format!("{issued:?}"), expected);
    }
}
