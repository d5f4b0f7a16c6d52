//! The generated app's key and certificate, and the key that signs access tokens: made once, kept
//! in a directory of their own, read again at the next start. A path goes in; the certificate as
//! the directory service registers it comes out. It never shows the private key to anyone but the
//! file.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use sha1::{Digest as _, Sha1};
use x509_parser::pem::Pem;

use crate::emulator::entra::certificate::RegisteredCertificate;
use crate::emulator::errors::EmulatorError;

/// What lies in the credentials directory.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) certificate_pem: PathBuf,
    pub(crate) certificate_pfx: PathBuf,
    pub(crate) certificate: RegisteredCertificate,
    pub(crate) token_key: TokenKey,
}

/// Signs access tokens and page links.
#[derive(Clone)]
pub(crate) struct TokenKey(Vec<u8>);

impl TokenKey {
    pub(crate) fn random() -> Self {
        let mut key = uuid::Uuid::new_v4().into_bytes().to_vec();
        key.extend(uuid::Uuid::new_v4().into_bytes());
        Self(key)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey")
    }
}

const PEM: &str = "application.pem";
const PFX: &str = "application.pfx";
const KEY: &str = "token.key";

/// Reads the credentials of `directory`, and makes what is missing.
pub(crate) fn open(directory: &Path) -> Result<Credentials, EmulatorError> {
    private_directory(directory)?;
    let (certificate_pem, certificate_pfx) = (directory.join(PEM), directory.join(PFX));
    if !certificate_pem.exists() || !certificate_pfx.exists() {
        make_certificate(directory)?;
    }
    let key = directory.join(KEY);
    if !key.exists() {
        put(directory, KEY, TokenKey::random().bytes())?;
    }
    let pem =
        std::fs::read(&certificate_pem).map_err(EmulatorError::file("read", &certificate_pem))?;
    let token_key = std::fs::read(&key).map_err(EmulatorError::file("read", &key))?;
    Ok(Credentials {
        certificate: read_certificate(&pem)?,
        certificate_pem,
        certificate_pfx,
        token_key: TokenKey(token_key),
    })
}

/// Readable by its owner alone, and invisible to Git, as a key will lie in it.
pub(crate) fn private_directory(directory: &Path) -> Result<(), EmulatorError> {
    let failed = EmulatorError::file("create", directory);
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if let Err(error) = builder.create(directory) {
        return Err(failed(error));
    }
    if directory.join(".gitignore").exists() {
        return Ok(());
    }
    put(directory, ".gitignore", b"*\n")
}

/// Beside the target first, then renamed: never half a file, never readable by others.
pub(crate) fn put(directory: &Path, name: &str, content: &[u8]) -> Result<(), EmulatorError> {
    let path = directory.join(name);
    let write = || -> std::io::Result<()> {
        let mut fresh = tempfile::NamedTempFile::new_in(directory)?;
        fresh.write_all(content)?;
        fresh.persist(&path).map(drop).map_err(|error| error.error)
    };
    write().map_err(EmulatorError::file("write", &path))
}

fn make_certificate(directory: &Path) -> Result<(), EmulatorError> {
    let failed = |error: rcgen::Error| EmulatorError::credential("make a certificate", error);
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .map_err(failed)?;
    let mut parameters = rcgen::CertificateParams::default();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "Auditform embedded tenant");
    parameters.not_before = rcgen::date_time_ymd(2024, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2044, 1, 1);
    let certificate = parameters.self_signed(&key).map_err(failed)?;
    let pfx = pfx(&key.serialize_der(), certificate.der())
        .map_err(|error| EmulatorError::credential("make a .pfx", error))?;
    let pem = format!("{}{}", key.serialize_pem(), certificate.pem());
    put(directory, PFX, &pfx)?;
    put(directory, PEM, pem.as_bytes())
}

/// Without a password: whoever may read the directory has the key in the .pem anyway.
fn pfx(key: &[u8], certificate: &[u8]) -> Result<Vec<u8>, p12_keystore::error::Error> {
    let chain = PrivateKeyChain::new(
        Sha1::digest(certificate).as_slice(),
        PrivateKey::from_der(key)?,
        [Certificate::from_der(certificate)?],
    );
    let mut store = KeyStore::new();
    store.add_entry("auditform", KeyStoreEntry::PrivateKeyChain(chain));
    store.writer("").encryption_iterations(2048).mac_iterations(2048).write()
}

fn read_certificate(pem: &[u8]) -> Result<RegisteredCertificate, EmulatorError> {
    let unreadable = || {
        EmulatorError::credential(
            "read the certificate",
            format!("`{PEM}` holds none; remove the directory to have a new one made"),
        )
    };
    let block = Pem::iter_from_buffer(pem)
        .filter_map(Result::ok)
        .find(|block| block.label == "CERTIFICATE")
        .ok_or_else(unreadable)?;
    RegisteredCertificate::from_der(&block.contents).ok_or_else(unreadable)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
    use super::*;

    #[test]
    fn a_second_start_finds_the_same_certificate_and_key() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path()).unwrap();
        let second = open(folder.path()).unwrap();
        assert_eq!(first.certificate.sha256, second.certificate.sha256);
        assert_eq!(first.token_key.bytes(), second.token_key.bytes());
    }

    #[test]
    fn the_pfx_opens_without_a_password_and_holds_the_same_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let credentials = open(folder.path()).unwrap();
        let pfx = std::fs::read(&credentials.certificate_pfx).unwrap();
        let store =
            KeyStore::from_pkcs12(&pfx, "", p12_keystore::Pkcs12ImportPolicy::Strict).unwrap();
        let (_, chain) = store.private_key_chain().unwrap();
        assert_eq!(chain.certs()[0].as_der(), credentials.certificate.der);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_the_directory_and_git_does_not_see_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("credentials");
        let credentials = open(&directory).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        for file in [&credentials.certificate_pem, &credentials.certificate_pfx] {
            assert_eq!(mode(file), 0o600);
        }
        assert_eq!(std::fs::read(directory.join(".gitignore")).unwrap(), b"*\n");
    }
}
