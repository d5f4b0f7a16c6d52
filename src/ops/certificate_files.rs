//! What the commands and the kind `certificate` have in common: the password out of the
//! environment, and what is told when a certificate's files are not in order.

use secrecy::SecretString;

use super::ports::Ports;
use crate::certificate::StoreError;
use crate::client::CredentialError;
use crate::diagnostic::Diagnostic;

/// The password that an environment variable holds; none where no variable is named.
pub fn certificate_password(
    variable: Option<&str>,
    ports: &Ports,
) -> Result<Option<SecretString>, Box<Diagnostic>> {
    let Some(name) = variable else { return Ok(None) };
    ports.environment.get(name).map(|value| Some(SecretString::from(value))).ok_or_else(|| {
        let summary = format!("the environment variable `{name}` is not set");
        let help = format!("set `{name}`, or name no variable for a file without password");
        Box::new(Diagnostic::error("no-password", summary).help(help))
    })
}

/// What is wrong with a certificate's files, and what to do about it.
pub fn certificate_finding(error: &StoreError) -> Diagnostic {
    let summary = error.to_string();
    match error {
        StoreError::Name(_) => Diagnostic::error("certificate-name", summary)
            .help("it becomes the names of files: NAME.pem, NAME.pfx, NAME.cer"),
        StoreError::Directory { .. } => Diagnostic::error("certificate-files", summary)
            .help("name a directory that can be written to; it is made if it is not there"),
        StoreError::File { .. } => Diagnostic::error("certificate-files", summary)
            .help("it has to be a file that this user may read and write"),
        StoreError::NotMade { .. } => Diagnostic::error("certificate-files", summary)
            .help("a password of letters, digits and signs of the keyboard can be encoded"),
        StoreError::ReadBack { .. } => Diagnostic::error("certificate-files", summary)
            .help("does another program write there at the same time? Run it again"),
        StoreError::Unusable { reason, .. } => {
            Diagnostic::error("certificate", summary).help(help_for(reason))
        }
        StoreError::NotACertificate { .. } => Diagnostic::error("certificate", summary)
            .help("move the file away; beside its key it is written again"),
        StoreError::WeakKey { .. } => Diagnostic::error("certificate", summary)
            .help("have a certificate with a longer RSA key issued"),
        StoreError::NoKey { .. } => Diagnostic::error("certificate", summary)
            .help("a .pfx or a PEM file with the private key has to lie beside it"),
        StoreError::Mixed { .. } => Diagnostic::error("certificate", summary)
            .help("move away the one that is not meant; it is written again from the other"),
        StoreError::Occupied { .. } => Diagnostic::error("certificate-exists", summary)
            .help("to keep both, take another name; to go over from one to the other without a gap, rotate")
            .help("with `--replace` the new one takes its place at once and the old one is kept beside"),
        StoreError::AlreadyStaged { .. } => Diagnostic::error("certificate-staged", summary)
            .help("finish that rotation first, or delete these files if it was never uploaded"),
        StoreError::NothingStaged { .. } => Diagnostic::error("nothing-staged", summary)
            .help("run `auditform certificate rotate` without `--switch` first"),
        StoreError::Missing { .. } => Diagnostic::error("no-certificate", summary),
        StoreError::NotFound { seen, .. } => {
            let finding = Diagnostic::error("no-certificate", summary);
            let finding = seen.iter().fold(finding, |finding, line| finding.note(line.as_str()));
            finding.help("is the directory the right one, and is the file there with its key?")
        }
    }
}

/// What to do about a certificate that cannot be used.
pub(super) fn help_for(reason: &CredentialError) -> &'static str {
    match reason {
        CredentialError::PasswordNeeded => {
            "name the environment variable that holds the password: `password_env` in a spec, \
             `--password-env` on the command line"
        }
        CredentialError::WrongPassword => {
            "check the variable that holds the password; it may have changed since the file was \
             written"
        }
        CredentialError::Expired { .. } => {
            "make a new certificate and upload it to the application"
        }
        CredentialError::NotYetValid { .. } => "check this machine's clock, or wait until then",
        CredentialError::NotRsa(_) => {
            "make a certificate with an RSA key: Microsoft Entra ID takes no other for an \
             application"
        }
        CredentialError::EncryptedPem => "name a .pfx instead: its password can be given",
        CredentialError::NoKey
        | CredentialError::NoCertificate
        | CredentialError::NotRecognised
        | CredentialError::Damaged(_)
        | CredentialError::Mismatched => {
            "name a .pfx, or a PEM file that holds the certificate and its own private key"
        }
    }
}
