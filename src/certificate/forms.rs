//! The three forms of a certificate's file, as bytes: PEM with the key, PKCS#12 with the key, and
//! the certificate alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey,
    PrivateKeyChain,
};
use zeroize::Zeroizing;

use super::issue::Issued;

/// How a `.pfx` is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PfxEncryption {
    /// AES-256 with a key from PBKDF2 and HMAC-SHA-256 (PBES2). Windows is said to read it from
    /// Windows 10 1709 and Windows Server 2019 on; that was not tried.
    #[default]
    Aes256,
    /// Triple DES with SHA-1, for what is older.
    Legacy,
}

/// Rounds of hashing for a password. Guessing gets as slow as one key derivation; OpenSSL and
/// Windows stop at 2,000.
pub(super) const ROUNDS: u32 = 100_000;
/// Rounds where there is no password to guess. Some readers count these against a limit.
pub(super) const ROUNDS_WITHOUT_PASSWORD: u32 = 2_048;

const PEM_LINE: usize = 64;

/// The key (PKCS#8), then the certificate: the order in which every reader finds both.
pub(super) fn pem(issued: &Issued) -> Zeroizing<Vec<u8>> {
    let certificate = block("CERTIFICATE", &issued.facts().der);
    let key = block("PRIVATE KEY", issued.key());
    Zeroizing::new([key.as_slice(), certificate.as_slice()].concat())
}

fn block(label: &str, der: &[u8]) -> Zeroizing<Vec<u8>> {
    let text = Zeroizing::new(STANDARD.encode(der));
    // Sized beforehand: a vector that grows leaves copies of the key behind.
    let lines = text.len().div_ceil(PEM_LINE);
    let mut written =
        Zeroizing::new(Vec::with_capacity(text.len() + lines + 2 * (label.len() + 20)));
    written.extend_from_slice(format!("-----BEGIN {label}-----\n").as_bytes());
    for line in text.as_bytes().chunks(PEM_LINE) {
        written.extend_from_slice(line);
        written.push(b'\n');
    }
    written.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    written
}

/// Key and certificate, bound to each other by the thumbprint; an empty password is none.
pub(super) fn pfx(
    issued: &Issued,
    password: &str,
    encryption: PfxEncryption,
    rounds: u32,
) -> Result<Vec<u8>, p12_keystore::error::Error> {
    let facts = issued.facts();
    let chain = PrivateKeyChain::new(
        facts.thumbprint_sha1.as_slice(),
        PrivateKey::from_der(issued.key())?,
        [Certificate::from_der(&facts.der)?],
    );
    let mut store = KeyStore::new();
    store.add_entry("auditform", KeyStoreEntry::PrivateKeyChain(chain));
    let (algorithm, mac) = match encryption {
        PfxEncryption::Aes256 => {
            (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256)
        }
        PfxEncryption::Legacy => {
            (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1)
        }
    };
    store
        .writer(password)
        .encryption_algorithm(algorithm)
        .encryption_iterations(rounds)
        .mac_algorithm(mac)
        .mac_iterations(rounds)
        .write()
}

/// `PrivateKeyInfo ::= SEQUENCE { version, algorithm, OCTET STRING }` around a PKCS#1 RSA key.
pub(super) fn pkcs8_of_pkcs1(key: &[u8]) -> Zeroizing<Vec<u8>> {
    // INTEGER 0; SEQUENCE { rsaEncryption, NULL }.
    const HEAD: [u8; 18] = [
        0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
        0x01, 0x05, 0x00,
    ];
    let octets = header(0x04, key.len());
    let outer = header(0x30, HEAD.len() + octets.len() + key.len());
    Zeroizing::new([outer.as_slice(), &HEAD, octets.as_slice(), key].concat())
}

/// Tag and length, DER.
fn header(tag: u8, length: usize) -> Vec<u8> {
    let bytes: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    match (u8::try_from(length), u8::try_from(bytes.len())) {
        (Ok(short), _) if short < 0x80 => vec![tag, short],
        (_, Ok(count)) => [&[tag, 0x80 | count], bytes.as_slice()].concat(),
        // A length has at most eight bytes.
        (_, Err(_)) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use secrecy::SecretString;

    use super::*;
    use crate::certificate::tests::shared;
    use crate::client::Credential;

    #[test]
    fn a_pem_is_read_back_and_its_key_survives_the_way_through_pkcs_1() {
        let issued = shared();
        let credential = Credential::open(&pem(issued), None).unwrap();
        assert_eq!(credential.certificate(), issued.facts().der);
        assert_eq!(pkcs8_of_pkcs1(credential.key()).as_slice(), issued.key());
    }

    #[test]
    fn both_encryptions_are_read_back_with_and_without_a_password() {
        for encryption in [PfxEncryption::Aes256, PfxEncryption::Legacy] {
            for password in ["", "correct horse", "pässwörd"] {
                let bytes = pfx(shared(), password, encryption, 10).unwrap();
                let secret = (!password.is_empty()).then(|| SecretString::from(password));
                let credential = Credential::open(&bytes, secret.as_ref()).unwrap();
                assert_eq!(credential.certificate(), shared().facts().der);
            }
        }
    }

    #[test]
    fn lengths_are_written_as_der_wants_them() {
        assert_eq!(header(0x30, 5), [0x30, 5]);
        assert_eq!(header(0x30, 0x80), [0x30, 0x81, 0x80]);
        assert_eq!(header(0x04, 0x1234), [0x04, 0x82, 0x12, 0x34]);
    }
}
