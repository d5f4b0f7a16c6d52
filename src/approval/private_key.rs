//! Private keys of signers: the files of OpenSSH (Ed25519, ECDSA on P-256) and Ed25519 keys in PKCS#8,
//! as `openssl genpkey` writes them, each with a passphrase or without. The text of a file goes in; an
//! approval comes out. Nothing here shows a key, and signing takes no randomness.

use std::fmt;

use ed25519_dalek::SigningKey;
use pkcs8::DecodePrivateKey as _;
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, LineEnding};

use super::file::{self, NAMESPACE};
use super::key::SignerKey;
use super::statement::Statement;

/// A key that can sign.
pub struct PrivateKey {
    key: ssh_key::PrivateKey,
    public: SignerKey,
}

/// A text that is no private key to sign with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// It is the public part.
    #[error("it is a public key, and the private one signs")]
    Public,
    /// It is encrypted and no passphrase was given.
    #[error("it is protected by a passphrase")]
    PassphraseNeeded,
    /// The passphrase does not open it.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    /// The key lives in a security key, which OpenSSH knows how to reach.
    #[error("the key is in a security key")]
    Hardware,
    /// A key that approvals cannot be signed with.
    #[error("keys of the kind `{0}` are not supported")]
    Unsupported(String),
    /// It begins like a private key, and the rest does not follow.
    #[error("it is damaged, or has another form than those that are read")]
    Damaged,
    /// Nothing like a private key.
    #[error("it is not a private key")]
    NotAKey,
}

impl PrivateKey {
    /// Reads the text of a key file.
    pub fn read(text: &str, passphrase: Option<&str>) -> Result<Self, PrivateKeyError> {
        let label = text.trim_start().lines().next().unwrap_or_default().trim_end();
        let label = label.strip_prefix("-----BEGIN ").and_then(|it| it.strip_suffix("-----"));
        let key = match label {
            Some("OPENSSH PRIVATE KEY") => openssh(text, passphrase)?,
            Some("PRIVATE KEY") => raw(SigningKey::from_pkcs8_pem(text.trim()).map_err(unread)?),
            Some("ENCRYPTED PRIVATE KEY") => encrypted(text, passphrase)?,
            Some("PUBLIC KEY") => return Err(PrivateKeyError::Public),
            Some(kind) if kind.ends_with("PRIVATE KEY") => {
                return Err(PrivateKeyError::Unsupported(kind.to_owned()));
            }
            _ if SignerKey::parse(text).is_ok() => return Err(PrivateKeyError::Public),
            _ => return Err(PrivateKeyError::NotAKey),
        };
        if matches!(key.key_data(), KeypairData::SkEd25519(_) | KeypairData::SkEcdsaSha2NistP256(_))
        {
            return Err(PrivateKeyError::Hardware);
        }
        let public = SignerKey::of(key.public_key().key_data())
            .ok_or_else(|| PrivateKeyError::Unsupported(key.algorithm().as_str().to_owned()))?;
        Ok(Self { key, public })
    }

    /// Its public part.
    pub fn public(&self) -> &SignerKey {
        &self.public
    }

    /// The content of an approval file.
    pub fn approve(&self, statement: &Statement) -> Result<String, PrivateKeyError> {
        let said = statement.to_string();
        let signature = self.key.sign(NAMESPACE, HashAlg::Sha512, said.as_bytes());
        let armor = signature.and_then(|signature| signature.to_pem(LineEnding::LF));
        let content = said + &armor.map_err(|_| PrivateKeyError::Damaged)?;
        // What is handed out is what is accepted.
        file::open(content.as_bytes()).map_err(|_| PrivateKeyError::Damaged)?;
        Ok(content)
    }
}

fn openssh(text: &str, passphrase: Option<&str>) -> Result<ssh_key::PrivateKey, PrivateKeyError> {
    let key = ssh_key::PrivateKey::from_openssh(text.trim_start());
    let key = key.map_err(|_| PrivateKeyError::Damaged)?;
    if !key.is_encrypted() {
        return Ok(key);
    }
    let passphrase = passphrase.ok_or(PrivateKeyError::PassphraseNeeded)?;
    key.decrypt(passphrase).map_err(|_| PrivateKeyError::WrongPassphrase)
}

fn encrypted(text: &str, passphrase: Option<&str>) -> Result<ssh_key::PrivateKey, PrivateKeyError> {
    let passphrase = passphrase.ok_or(PrivateKeyError::PassphraseNeeded)?;
    let key = SigningKey::from_pkcs8_encrypted_pem(text.trim(), passphrase);
    key.map(raw).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(_) => PrivateKeyError::WrongPassphrase,
        other => unread(other),
    })
}

/// Its comment is empty, as PKCS#8 has none.
fn raw(key: SigningKey) -> ssh_key::PrivateKey {
    ssh_key::PrivateKey::from(Ed25519Keypair::from(key))
}

fn unread(error: pkcs8::Error) -> PrivateKeyError {
    match error {
        pkcs8::Error::PublicKey(pkcs8::spki::Error::OidUnknown { oid }) => {
            PrivateKeyError::Unsupported(format!("PKCS#8 {oid}"))
        }
        _ => PrivateKeyError::Damaged,
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PrivateKey").field("public", &self.public).finish_non_exhaustive()
    }
}
