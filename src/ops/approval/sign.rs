//! Signing: a key file is read, and an approval is written beside its plan. The key stays in memory
//! that is overwritten, and nothing of it is in a message.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::files::SUFFIX;
use crate::approval::{
    APPROVAL_BEGINS, KEY_KINDS, PrivateKey, PrivateKeyError, Statement, Subject,
};
use crate::diagnostic::Diagnostic;
use crate::ops::directory_of;
use crate::ops::ports::Stopped;

/// Larger files are no keys. An encrypted one of Ed25519 has about 500 bytes.
const LARGEST_KEY: u64 = 64 << 10;

/// The text of a key file, and how to speak of it.
#[derive(Debug)]
pub struct ApprovalKey {
    path: PathBuf,
    text: SecretString,
}

/// Reads a key file.
pub fn read_approval_key(path: &Path) -> Result<ApprovalKey, Stopped> {
    let name = path.display();
    let refused = |reason: &dyn std::fmt::Display| {
        let summary = format!("the key `{name}` cannot be read: {reason}");
        Stopped::error(Diagnostic::error("unreadable-file", summary))
    };
    // Room for all of it at once: what a growing text leaves behind would not be overwritten.
    let mut text = String::with_capacity(usize::try_from(LARGEST_KEY).unwrap_or_default() + 1);
    let file = File::open(path).map_err(|error| refused(&error))?;
    let read = file.take(LARGEST_KEY + 1).read_to_string(&mut text);
    let (read, text) = (read, SecretString::from(text));
    match read {
        Ok(length) if length as u64 > LARGEST_KEY => Err(refused(&"it is larger than any key")),
        Ok(_) => Ok(ApprovalKey { path: path.to_owned(), text }),
        Err(error) => Err(refused(&error)),
    }
}

impl ApprovalKey {
    /// The key, or `None` if it takes a passphrase and none is given.
    pub fn open(&self, passphrase: Option<&SecretString>) -> Result<Option<PrivateKey>, Stopped> {
        let passphrase = passphrase.map(ExposeSecret::expose_secret);
        match PrivateKey::read(self.text.expose_secret(), passphrase) {
            Ok(key) => Ok(Some(key)),
            Err(PrivateKeyError::PassphraseNeeded) => Ok(None),
            Err(error) => Err(self.unusable(&error)),
        }
    }

    fn unusable(&self, error: &PrivateKeyError) -> Stopped {
        let path = self.path.display();
        let summary = format!("nothing can be signed with `{path}`: {error}");
        let finding = Diagnostic::error("unusable-key", summary);
        let elsewhere = "or sign elsewhere: `auditform approve` with `--statement` says how";
        Stopped::error(match error {
            PrivateKeyError::Public => {
                let private = path.to_string();
                let private = private.strip_suffix(".pub").unwrap_or("~/.ssh/id_ed25519");
                finding.help(format!("name the private key: `--key {private}`"))
            }
            PrivateKeyError::Hardware => finding
                .help("sign with `ssh-keygen`: `auditform approve` with `--statement` says how"),
            PrivateKeyError::WrongPassphrase | PrivateKeyError::PassphraseNeeded => finding
                .help("give its passphrase on the terminal, or in the variable that `--passphrase-env` names"),
            PrivateKeyError::Unsupported(_) => finding
                .note(format!("supported are {}", KEY_KINDS.join(", ")))
                .help("make a key with `ssh-keygen -t ed25519`"),
            PrivateKeyError::Damaged | PrivateKeyError::NotAKey => finding
                .note("a key file of OpenSSH is read, and an Ed25519 key in PKCS#8 as OpenSSL writes it")
                .help("name the file that belongs to your `.pub` file")
                .help(elsewhere),
        })
    }
}

/// Signs, and writes the approval: to `out`, or beside the plan under the signer's name. Returns
/// where it is.
pub fn approve(
    path: &Path,
    subject: &Subject,
    statement: &Statement,
    key: &PrivateKey,
    out: Option<&Path>,
) -> Result<PathBuf, Stopped> {
    let signer = may_approve(subject, key)?;
    let content = key.approve(statement).map_err(|error| {
        let summary = format!("the approval was not made: {error}");
        Stopped::error(Diagnostic::error("unusable-key", summary))
    })?;
    let out = out.map_or_else(|| beside(path, &signer), Path::to_owned);
    keeps_others(&out)?;
    write(&out, content.as_bytes()).map_err(|error| {
        let summary = format!("the approval `{}` cannot be written: {error}", out.display());
        Stopped::error(Diagnostic::error("unwritable-output", summary))
    })?;
    Ok(out)
}

/// Whose key it is. A signature that would not count is not made.
pub fn may_approve(subject: &Subject, key: &PrivateKey) -> Result<String, Stopped> {
    let Some(rules) = &subject.rules else { return Ok(key.public().fingerprint()) };
    rules.signer(key.public()).map(crate::approval::Signer::holder).ok_or_else(|| {
        let summary = "this key is none of those that may approve the plan";
        Stopped::not_approved(
            Diagnostic::error("not-a-signer", summary)
                .note(format!("its public part is: {}", key.public()))
                .note("the plan carries the signers that its spec had when it was saved")
                .help("to let it approve, add that line to `[approval] signers` and save the plan again"),
        )
    })
}

/// `plan.json` and `alice@contoso.com` make `plan.json.alice@contoso.com.approval`.
fn beside(plan: &Path, signer: &str) -> PathBuf {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "@._-".contains(letter);
    let written: String =
        signer.chars().map(|letter| if is_plain(letter) { letter } else { '-' }).collect();
    let mut name = plan.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{written}{SUFFIX}"));
    plan.with_file_name(name)
}

/// An earlier approval gives way to a newer one; another file does not.
fn keeps_others(out: &Path) -> Result<(), Stopped> {
    let mut begin = Vec::new();
    let length = APPROVAL_BEGINS.len() as u64;
    let read = match File::open(out) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => Err(error),
        Ok(file) => file.take(length).read_to_end(&mut begin),
    };
    if read.is_ok() && begin == APPROVAL_BEGINS.as_bytes() {
        return Ok(());
    }
    let summary = format!("`{}` is there already and is no approval", out.display());
    Err(Stopped::error(
        Diagnostic::error("output-exists", summary).help("name another file with `--out`"),
    ))
}

/// As a whole or not at all, and readable by others: it goes to Git.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".approval-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(directory_of(path))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
