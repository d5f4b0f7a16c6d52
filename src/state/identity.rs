//! The identity chain: what the spec wants of certificates and applications, and what the directory
//! and the disk hold. Values only.
//!
//! An absent resource is desired too (`ensure = "absent"`), so that it is deleted and not forgotten.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::Declared;
use crate::diagnostic::Span;

/// `ensure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ensure {
    /// The resource is to exist.
    #[default]
    Present,
    /// The resource is to be gone.
    Absent,
}

/// `[certificate.NAME]`.
#[derive(Debug, Clone)]
pub struct CertificateSettings {
    /// NAME.
    pub name: String,
    /// The table's header.
    pub span: Span,
    /// Whether it is to exist.
    pub ensure: Ensure,
    /// Where it comes from.
    pub source: CertificateSource,
    /// The environment variable that holds the password of the `.pfx`.
    pub password_env: Option<Declared<String>>,
}

/// Where a certificate comes from.
#[derive(Debug, Clone)]
pub enum CertificateSource {
    /// Made here, and renewed here.
    Made(MadeCertificate),
    /// `existing = "path"`: issued elsewhere, read and never written.
    Existing(Declared<PathBuf>),
}

/// How a certificate is made.
#[derive(Debug, Clone)]
pub struct MadeCertificate {
    /// The directory of `NAME.pfx`, `NAME.cer` and `NAME.pem`, joined with the spec's.
    pub directory: PathBuf,
    /// The same from the spec's directory: how that was named makes no difference to a plan.
    pub written_directory: String,
    /// `CN=` of subject and issuer.
    pub common_name: String,
    /// Bits of the RSA key: 2048, 3072 or 4096.
    pub key_size: u16,
    /// The first moment of its validity; `None` is the moment at which it is made.
    pub valid_from: Option<Timestamp>,
    /// How long it is valid, or until when.
    pub validity: Validity,
    /// How long before its end it is renewed; `None` is a third of its life.
    pub rotate_before: Option<SignedDuration>,
    /// How long the old one stays registered after a renewal.
    pub overlap: SignedDuration,
    /// `pfx_compatibility = "legacy"`: 3DES and SHA-1, for old readers.
    pub legacy_pfx: bool,
}

/// `valid_for` or `valid_until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// So long from its beginning.
    For(SignedDuration),
    /// Up to and including this moment.
    Until(Timestamp),
}

/// `[application.NAME]`.
#[derive(Debug, Clone)]
pub struct ApplicationSettings {
    /// NAME.
    pub name: String,
    /// The table's header.
    pub span: Span,
    /// Whether it is to exist.
    pub ensure: Ensure,
    /// `display_name`; `None` only where `app_id` adopts or `ensure` is absent.
    pub display_name: Option<Declared<String>>,
    /// Which application it is.
    pub key: ApplicationKey,
    /// `api_permissions`: application permissions, by name.
    pub api_permissions: Vec<ApiPermission>,
    /// `admin_consent`: whether they are granted too, not only declared.
    pub admin_consent: bool,
    /// `directory_roles`, by name or template id.
    pub directory_roles: Vec<Declared<String>>,
    /// `exchange_roles`: management roles by the Exchange provider of unified RBAC (beta).
    pub exchange_roles: Vec<Declared<String>>,
    /// `certificates`: names of `[certificate.NAME]`.
    pub certificates: Vec<Declared<String>>,
    /// `federated_credentials`.
    pub federated_credentials: Vec<FederatedCredential>,
    /// `notes`.
    pub notes: Option<Declared<String>>,
    /// `owners`: user principal names or object ids.
    pub owners: Vec<Declared<String>>,
    /// `exclusive`: credentials, permissions and roles that the spec does not name are removed.
    pub exclusive: bool,
}

/// By what an application is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplicationKey {
    /// `unique_name`, the upsert key.
    UniqueName {
        /// Its value.
        name: String,
        /// Whether the spec says it, or it follows from the address.
        is_explicit: bool,
    },
    /// `app_id`: adopts an application that exists, whoever made it.
    AppId(Declared<Uuid>),
}

/// One application permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiPermission {
    /// The app id of the service that defines it.
    pub resource: Uuid,
    /// Its `value` there, such as `Exchange.ManageAsApp`.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// An issuer whose tokens sign the application in, without any key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederatedCredential {
    /// 3 to 120 URL-safe characters, unique in the application and immutable.
    pub name: String,
    /// `iss` of the token.
    pub issuer: String,
    /// `sub` of the token, compared with letter case.
    pub subject: String,
    /// `aud` of the token; Entra takes exactly one.
    pub audience: String,
    /// Its table.
    pub span: Span,
}
