//! What can be wrong with a certificate's files. Each error names the file or the directory.

use std::io;
use std::path::PathBuf;

use crate::client::CredentialError;
use crate::resource::Thumbprint;

/// Why files were not read, written or switched.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not a name of files.
    #[error("`{0}` cannot name a certificate's files: letters, digits, `_` and `-` can")]
    Name(String),
    /// It cannot be made, listed or written to.
    #[error("the directory `{}` cannot be {action}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// It cannot be read, written or removed.
    #[error("`{}` cannot be {action}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// It was read and cannot be used to sign in.
    #[error("`{}` cannot be used: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: CredentialError,
    },
    /// A `.cer` that is none.
    #[error("`{}` is not a certificate: {reason}", path.display())]
    NotACertificate {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        reason: String,
    },
    /// Microsoft Entra refuses a short key with AADSTS50032.
    #[error("the RSA key in `{}` has {bits} bits; Microsoft Entra takes 2048 and more", path.display())]
    WeakKey {
        /// The file.
        path: PathBuf,
        /// Its size.
        bits: u32,
    },
    /// Files that should be the same certificate's are not.
    #[error("`{}` and `{}` hold different certificates", first.display(), second.display())]
    Mixed {
        /// One of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// What would be overwritten is another certificate.
    #[error("`{}` holds another certificate already, with the thumbprint {thumbprint}", path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
        /// Its certificate's.
        thumbprint: Thumbprint,
    },
    /// A rotation was begun and waits for its end.
    #[error("`{}` is staged already, with the thumbprint {thumbprint}", path.display())]
    AlreadyStaged {
        /// The file.
        path: PathBuf,
        /// Its certificate's.
        thumbprint: Thumbprint,
    },
    /// There is nothing to switch to.
    #[error("there is no `{}` to switch to", path.display())]
    NothingStaged {
        /// The file that is missing.
        path: PathBuf,
    },
    /// There is no file of this certificate.
    #[error("there is no `{}`", path.display())]
    Missing {
        /// The file that is missing.
        path: PathBuf,
    },
    /// The certificate is there and its key is not.
    #[error("`{}` is there without its private key", path.display())]
    NoKey {
        /// The file with the certificate.
        path: PathBuf,
    },
    /// PKCS#12 could not be written.
    #[error("`{}` cannot be made: {reason}", path.display())]
    NotMade {
        /// The file.
        path: PathBuf,
        /// What the library said.
        reason: String,
    },
    /// What was read back is not what was written.
    #[error("`{}` was written and does not read back the same", path.display())]
    ReadBack {
        /// The file.
        path: PathBuf,
    },
    /// No file of the directory has it.
    #[error("no certificate in `{}` has the thumbprint {thumbprint}", directory.display())]
    NotFound {
        /// Where it was looked for.
        directory: PathBuf,
        /// What was looked for.
        thumbprint: Thumbprint,
        /// What there is instead, one line for each file.
        seen: Vec<String>,
    },
}

impl StoreError {
    /// Whether the file is in order as far as can be seen without its password.
    pub fn is_locked(&self) -> bool {
        let locked = [CredentialError::PasswordNeeded, CredentialError::WrongPassword];
        matches!(self, Self::Unusable { reason, .. } if locked.contains(reason))
    }
}
