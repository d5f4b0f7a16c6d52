//! Certificates that were issued elsewhere: one that is named by its file, and one that is named by
//! its thumbprint and looked for in a directory, as Windows looks in its store.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use secrecy::SecretString;

use super::error::StoreError;
use super::facts::Facts;
use super::files;
use super::reading::{open, public};
use crate::client::{Credential, CredentialError};
use crate::resource::Thumbprint;

/// The shortest key that Microsoft Entra takes: a shorter one is AADSTS50032.
const SHORTEST_KEY: u32 = 2048;

/// A certificate fit for signing in, with the file that it came from.
#[derive(Debug)]
pub struct Existing {
    /// The file.
    pub path: PathBuf,
    /// What the certificate says about itself.
    pub facts: Facts,
    /// The certificate with its key.
    pub credential: Credential,
}

/// Reads a certificate that was issued elsewhere, with its key: by itself, by an internal authority
/// or by a public one. A chain may be in the same file. RSA, valid now, and with its own key.
pub fn read_existing(
    path: &Path,
    password: Option<&SecretString>,
    now: Timestamp,
) -> Result<Existing, StoreError> {
    let (credential, facts) =
        open(path, password)?.ok_or_else(|| StoreError::Missing { path: path.to_owned() })?;
    fit(path, credential, facts, now)
}

fn fit(
    path: &Path,
    credential: Credential,
    facts: Facts,
    now: Timestamp,
) -> Result<Existing, StoreError> {
    let path = path.to_owned();
    match facts.rsa_bits {
        Some(bits) if bits < SHORTEST_KEY => Err(StoreError::WeakKey { path, bits }),
        _ => match credential.valid_at(now) {
            Ok(credential) => Ok(Existing { path, facts, credential }),
            Err(reason) => Err(StoreError::Unusable { path, reason }),
        },
    }
}

/// Looks through the `.pem`, `.pfx` and `.p12` of a directory, in this order and by name. Where
/// none has the thumbprint, the error lists what there is.
pub fn find_by_thumbprint(
    directory: &Path,
    thumbprint: &Thumbprint,
    password: Option<&SecretString>,
    now: Timestamp,
) -> Result<Existing, StoreError> {
    let names = files::list(directory)?;
    let mut seen = Vec::new();
    for extension in ["pem", "pfx", "p12"] {
        for name in names.iter().filter(|name| has_extension(name, extension)) {
            let path = directory.join(name);
            match open(&path, password) {
                Ok(Some((credential, facts))) if facts.has(thumbprint) => {
                    return fit(&path, credential, facts, now);
                }
                Ok(Some((_, facts))) => seen.push(format!("`{name}` has {}", facts.sha1())),
                // A PEM with certificates alone is none that could be meant.
                Ok(None) | Err(StoreError::Unusable { reason: CredentialError::NoKey, .. }) => {}
                Err(StoreError::Unusable { reason, .. }) => {
                    seen.push(format!("`{name}`: {reason}"));
                }
                Err(error) => seen.push(error.to_string()),
            }
        }
    }
    // The one that was uploaded lies there, and the one with the key does not.
    for name in names.iter().filter(|name| is_public(name)) {
        let path = directory.join(name);
        if let Ok(Some(facts)) = public(&path)
            && facts.has(thumbprint)
        {
            return Err(StoreError::NoKey { path });
        }
    }
    let (directory, thumbprint) = (directory.to_owned(), *thumbprint);
    Err(StoreError::NotFound { directory, thumbprint, seen })
}

fn has_extension(name: &str, wanted: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

fn is_public(name: &str) -> bool {
    ["cer", "crt", "pem", "der"].iter().any(|extension| has_extension(name, extension))
}

#[cfg(test)]
mod tests;
