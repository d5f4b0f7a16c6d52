//! TLS with an authority of our own: a CA that is made once and kept in the credentials directory,
//! and a leaf that is issued at every start and lives in memory alone. The directory goes in; what
//! ends TLS on a connection and the file that clients trust come out. One leaf holds every name by
//! which the emulator can be reached, so SNI decides nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::errors::EmulatorError;
use super::identity::credentials::{private_directory, put};

/// The hosts that programs have built in: authorities, Graph and Exchange of the public clouds.
/// The proxy lets these through and no others.
pub(crate) const MICROSOFT_HOSTS: [&str; 16] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.windows.net",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
    "graph.microsoft.com",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "microsoftgraph.chinacloudapi.cn",
    "outlook.office365.com",
    "outlook.office.com",
    "outlook.office365.us",
    "outlook-dod.office365.us",
    "webmail.apps.mil",
    "partner.outlook.cn",
    "outlook.office365.cn",
];

const AUTHORITY: &str = "ca.pem";
const AUTHORITY_KEY: &str = "ca.key";
/// Days; the longest that common clients take from a server.
const LEAF_LIFETIME: i64 = 397;

/// What ends TLS, and what its clients must trust.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) ca_file: PathBuf,
}

/// Reads the CA of `directory`, makes it where it is missing, and issues a leaf.
pub(crate) fn open(directory: &Path) -> Result<Tls, EmulatorError> {
    private_directory(directory)?;
    let (ca_file, key_file) = (directory.join(AUTHORITY), directory.join(AUTHORITY_KEY));
    if !ca_file.exists() || !key_file.exists() {
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = authority().self_signed(&key).map_err(failed)?;
        put(directory, AUTHORITY_KEY, key.serialize_pem().as_bytes())?;
        put(directory, AUTHORITY, certificate.pem().as_bytes())?;
    }
    let pem = std::fs::read_to_string(&key_file).map_err(EmulatorError::file("read", &key_file))?;
    let key = KeyPair::from_pem(&pem).map_err(failed)?;
    Ok(Tls { acceptor: acceptor(&Issuer::new(authority(), key))?, ca_file })
}

/// The same for every key, so that an issuer can be made again from the key alone.
fn authority() -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, "Auditform embedded tenant CA");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters.not_before = rcgen::date_time_ymd(2024, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2044, 1, 1);
    parameters
}

fn leaf() -> Result<CertificateParams, rcgen::Error> {
    let names = ["localhost"].into_iter().chain(MICROSOFT_HOSTS).map(str::to_owned);
    let mut parameters = CertificateParams::new(names.collect::<Vec<_>>())?;
    let addresses: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    parameters.subject_alt_names.extend(addresses.map(SanType::IpAddress));
    parameters.distinguished_name.push(DnType::CommonName, "Auditform embedded tenant");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Strict clients (Python 3.13) ask for the issuer's key identifier.
    parameters.use_authority_key_identifier_extension = true;
    // The machine's time, whatever the emulator's clock says: clients judge by it.
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let day = |date: jiff::civil::Date| {
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        rcgen::date_time_ymd(i32::from(date.year()), part(date.month()), part(date.day()))
    };
    parameters.not_before = day(today.saturating_sub(1.day()));
    parameters.not_after = day(today.saturating_add(LEAF_LIFETIME.days()));
    Ok(parameters)
}

fn acceptor(issuer: &Issuer<'_, KeyPair>) -> Result<TlsAcceptor, EmulatorError> {
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = leaf().and_then(|leaf| leaf.signed_by(&key, issuer)).map_err(failed)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    // Named, not taken from the process: nothing here is global.
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .map_err(failed)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn failed(error: impl std::fmt::Display) -> EmulatorError {
    EmulatorError::credential("make a certificate for TLS", error)
}
