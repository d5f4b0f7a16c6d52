//! An approval file: a statement, and the signature of its bytes below. Bytes go in; a statement and
//! the key that signed it come out, or the flaw. Whether the key may sign is for `judge`.

use std::fmt;

use ssh_key::{LineEnding, SshSig};

use super::key::{KEY_KINDS, SignerKey};
use super::statement::{FORMAT_VERSION, Statement, StatementError};

/// What these signatures are for, so that none made for something else passes for an approval.
pub const NAMESPACE: &str = "auditform-approval";

/// Larger files are no approvals. One with an ECDSA key in hardware has about 800 bytes.
pub const LARGEST_APPROVAL: usize = 16 << 10;

/// How a file of this program begins, whatever its version.
pub const APPROVAL_BEGINS: &str = "auditform-approval: ";

const ARMOR: &str = "-----BEGIN SSH SIGNATURE-----\n";
/// A device sets it in a signature when it was touched (`PROTOCOL.u2f`).
const TOUCHED: u8 = 0x01;
/// Flags and a counter end the signature of a device.
const TRAILER: usize = 5;

/// Why a file is no approval at all, whoever signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// Larger than [`LARGEST_APPROVAL`].
    TooLarge,
    /// Something else than an approval.
    NotOne,
    /// Of a later release.
    TooNew(u32),
    /// The statement is not as this program writes it.
    Statement,
    /// There is no signature, or a part of it is missing, or more stands there.
    Signature,
    /// A signature made for something else.
    Namespace(String),
    /// Signed with a kind of key that is not supported.
    KeyKind(String),
    /// The signature is not one of this statement: one of both was edited.
    Edited,
    /// Signed by a device without anybody touching it.
    Untouched,
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(formatter, "it is larger than any approval"),
            Self::NotOne => write!(formatter, "it is not an approval"),
            Self::TooNew(version) => write!(
                formatter,
                "it has version {version} of the format, and this release reads {FORMAT_VERSION}"
            ),
            Self::Statement => write!(formatter, "its statement is cut or edited"),
            Self::Signature => write!(formatter, "its signature is missing, cut or edited"),
            Self::Namespace(namespace) => write!(
                formatter,
                "its signature was made for `{namespace}` and not for `{NAMESPACE}`"
            ),
            Self::KeyKind(kind) => write!(
                formatter,
                "it is signed with a key of the kind `{kind}`; supported are {}",
                KEY_KINDS.join(", ")
            ),
            Self::Edited => {
                write!(formatter, "its signature is not one of its statement: it was edited")
            }
            Self::Untouched => write!(formatter, "the security key was not touched for it"),
        }
    }
}

/// Reads a file and checks its signature.
pub(super) fn open(content: &[u8]) -> Result<(Statement, SignerKey), Flaw> {
    if content.len() > LARGEST_APPROVAL {
        return Err(Flaw::TooLarge);
    }
    // A checkout on Windows may have turned the ends of lines; no statement has a return in it.
    let text = std::str::from_utf8(content).map_err(|_| Flaw::NotOne)?.replace("\r\n", "\n");
    let begin = text.find(ARMOR).unwrap_or(text.len());
    let (said, armor) = text.split_at(begin);
    let statement = Statement::parse(said).map_err(|error| match error {
        StatementError::NotOne => Flaw::NotOne,
        StatementError::TooNew(version) => Flaw::TooNew(version),
        StatementError::Edited => Flaw::Statement,
    })?;
    let key = verify(said, armor)?;
    Ok((statement, key))
}

fn verify(said: &str, armor: &str) -> Result<SignerKey, Flaw> {
    let signature = SshSig::from_pem(armor).map_err(|_| Flaw::Signature)?;
    // The version is not part of what is signed, and armor can be written in more than one way.
    let written = signature.to_pem(LineEnding::LF).map_err(|_| Flaw::Signature)?;
    if signature.version() != SshSig::VERSION || written != armor {
        return Err(Flaw::Signature);
    }
    if signature.namespace() != NAMESPACE {
        let plain = |letter: &char| !letter.is_control();
        return Err(Flaw::Namespace(signature.namespace().chars().filter(plain).collect()));
    }
    let kind = signature.public_key().algorithm();
    let key = SignerKey::of(signature.public_key())
        .ok_or_else(|| Flaw::KeyKind(kind.as_str().to_owned()))?;
    if signature.algorithm() != kind {
        return Err(Flaw::Edited);
    }
    let public = key.public();
    public.verify(NAMESPACE, said.as_bytes(), &signature).map_err(|_| Flaw::Edited)?;
    let flags = signature.signature_bytes().iter().rev().nth(TRAILER - 1);
    if key.is_in_hardware() && flags.is_none_or(|flags| flags & TOUCHED == 0) {
        return Err(Flaw::Untouched);
    }
    Ok(key)
}
