//! Public keys of signers, as `~/.ssh/id_ed25519.pub` and `openssl pkey -pubout` hold them. Text in, a
//! key with its owner's name out, or what is wrong with the text.

use std::fmt;

use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::DecodePublicKey as _;
use ssh_key::public::{Ed25519PublicKey, KeyData};
use ssh_key::{HashAlg, PublicKey};

/// The kinds of keys that approvals may be signed with. RSA is left out: its only implementation
/// that fits has an open advisory (RUSTSEC-2023-0071).
pub const KEY_KINDS: [&str; 4] = [
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// The longest name of a signer.
const LONGEST_NAME: usize = 100;

/// A key that can prove an approval. Equal keys are equal whatever their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignerKey(KeyData);

/// A text that is no key of a signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is the private part.
    #[error("it is a private key")]
    Private,
    /// A key that approvals cannot be signed with.
    #[error("keys of the kind `{0}` are not supported")]
    Unsupported(String),
    /// The key is not the first thing on its line.
    #[error("something stands before the key")]
    NotFirst,
    /// The kind of the key is missing.
    #[error("the kind of the key is missing in front of it")]
    NoKind,
    /// The kind is right and what follows is cut or mistyped, or a point that no key is.
    #[error("the key is damaged: a part is missing or mistyped")]
    Damaged,
    /// The name after the key cannot be shown.
    #[error("the name after the key is too long or has characters that cannot be shown")]
    Name,
    /// A key in PEM that is no Ed25519 key, or is cut.
    #[error("a public key in PEM has to be a whole Ed25519 key")]
    Pem,
    /// Nothing like a key.
    #[error("it is not a public key")]
    NotAKey,
}

impl SignerKey {
    /// Reads the line of a `.pub` file, or a public key in PEM. What follows the key is its owner's
    /// name.
    pub fn parse(text: &str) -> Result<(Self, Option<String>), KeyError> {
        let text = text.trim();
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyError::Private);
        }
        if text.starts_with("-----BEGIN ") {
            return Self::from_pem(text).map(|key| (key, None));
        }
        let mut words = text.split_whitespace();
        let (kind, body) = (words.next().unwrap_or_default(), words.next());
        if !KEY_KINDS.contains(&kind) {
            return Err(not_first(kind, text));
        }
        let line = format!("{kind} {}", body.ok_or(KeyError::Damaged)?);
        let key = PublicKey::from_openssh(&line).map_err(|_| KeyError::Damaged)?;
        let name = words.collect::<Vec<_>>().join(" ");
        if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(KeyError::Name);
        }
        let key = Self::of(key.key_data()).ok_or(KeyError::Damaged)?;
        Ok((key, Some(name).filter(|name| !name.is_empty())))
    }

    fn from_pem(text: &str) -> Result<Self, KeyError> {
        let label = text.lines().next().unwrap_or_default();
        match label.trim() {
            "-----BEGIN PUBLIC KEY-----" => {
                let key = VerifyingKey::from_public_key_pem(text).map_err(|_| KeyError::Pem)?;
                let data = KeyData::Ed25519(Ed25519PublicKey(key.to_bytes()));
                Self::of(&data).ok_or(KeyError::Damaged)
            }
            _ => Err(KeyError::NotAKey),
        }
    }

    /// A key of a supported kind which is a point that keys are made of: with one of small order
    /// anybody could sign.
    pub(super) fn of(data: &KeyData) -> Option<Self> {
        let is_sound =
            |bytes: &[u8; 32]| VerifyingKey::from_bytes(bytes).is_ok_and(|key| !key.is_weak());
        let is_fit = match data {
            KeyData::Ed25519(key) => is_sound(&key.0),
            KeyData::SkEd25519(key) => is_sound(&key.public_key().0),
            _ => KEY_KINDS.contains(&data.algorithm().as_str()),
        };
        is_fit.then(|| Self(data.clone()))
    }

    /// `SHA256:` and base64, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The key as OpenSSH's library has it.
    pub(super) fn public(&self) -> PublicKey {
        PublicKey::from(self.0.clone())
    }

    /// Whether it lives in a device that asks for a touch.
    pub(super) fn is_in_hardware(&self) -> bool {
        matches!(self.0, KeyData::SkEd25519(_) | KeyData::SkEcdsaSha2NistP256(_))
    }
}

/// The line of a `.pub` file without a name.
impl fmt::Display for SignerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.public().to_openssh().map_err(|_| fmt::Error)?)
    }
}

/// Why a line does not begin with a supported kind of key.
fn not_first(first: &str, text: &str) -> KeyError {
    let later = text.split([' ', '\t', '"', ',']).skip(1);
    let is_kind = |word: &str| {
        let families = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "webauthn-sk-"];
        families.iter().any(|family| word.starts_with(family))
    };
    if is_kind(first) {
        KeyError::Unsupported(first.chars().filter(|one| !one.is_control()).take(60).collect())
    } else if later.into_iter().any(|word| KEY_KINDS.contains(&word)) {
        KeyError::NotFirst
    } else if first.starts_with("AAAA") {
        KeyError::NoKind
    } else {
        KeyError::NotAKey
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    /// The key of the first test vector of RFC 8032.
    const LINE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    const PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
         MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
         -----END PUBLIC KEY-----\n";

    #[test]
    fn a_line_and_a_pem_of_one_key_are_the_same_key() {
        let (key, name) = SignerKey::parse(&format!(" {LINE}  Ada  Lovelace \n")).unwrap();
        assert_eq!(name.as_deref(), Some("Ada Lovelace"));
        assert_eq!(key.to_string(), LINE);
        assert_eq!(SignerKey::parse(PEM).unwrap(), (key.clone(), None));
        // As `ssh-keygen -l` shows it.
        let fingerprint = "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8";
        assert_eq!(key.fingerprint(), fingerprint);
    }

    #[test]
    fn what_is_no_key_of_a_signer_is_told_apart() {
        let refusal = |text: &str| SignerKey::parse(text).unwrap_err();
        let body = LINE.strip_prefix("ssh-ed25519 ").unwrap();
        assert_eq!(refusal(&LINE[..70]), KeyError::Damaged);
        assert_eq!(refusal("ssh-ed25519"), KeyError::Damaged);
        assert_eq!(refusal(&format!("ecdsa-sha2-nistp256 {body}")), KeyError::Damaged);
        assert_eq!(refusal(body), KeyError::NoKind);
        assert_eq!(refusal(&format!("alice {LINE}")), KeyError::NotFirst);
        assert_eq!(refusal(&format!("alice namespaces=\"file\" {LINE}")), KeyError::NotFirst);
        assert_eq!(refusal(&format!("{LINE} a\u{1b}[31m")), KeyError::Name);
        assert_eq!(refusal("ssh-rsa AAAA"), KeyError::Unsupported("ssh-rsa".to_owned()));
        let certificate = "ssh-ed25519-cert-v01@openssh.com";
        assert_eq!(refusal(certificate), KeyError::Unsupported(certificate.to_owned()));
        assert_eq!(refusal("-----BEGIN OPENSSH PRIVATE KEY-----"), KeyError::Private);
        assert_eq!(refusal(&PEM.replace("11qY", "11q")), KeyError::Pem);
        assert_eq!(refusal("-----BEGIN CERTIFICATE-----"), KeyError::NotAKey);
        assert_eq!(refusal("alice@contoso.com"), KeyError::NotAKey);
        assert_eq!(refusal(""), KeyError::NotAKey);
    }

    #[test]
    fn a_point_with_which_anybody_could_sign_is_no_key() {
        let mut identity = [0; 32];
        identity[0] = 1;
        for bytes in [identity, [0; 32]] {
            let data = KeyData::Ed25519(Ed25519PublicKey(bytes));
            let line = PublicKey::from(data).to_openssh().unwrap();
            assert_eq!(SignerKey::parse(&line).unwrap_err(), KeyError::Damaged);
        }
    }
}
