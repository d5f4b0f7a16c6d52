//! Everything that was observed of an identity chain before it is compared with the spec: the
//! directory's objects by the name that the spec gives them, certificates on disk, and what names
//! of roles and permissions resolve to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ObservedApplication, ObservedConsent, ObservedFederatedCredential, ObservedOwner, ObservedRole,
    ObservedServicePrincipal, RoleDefinition,
};
use crate::resource::Thumbprint;

/// What a certificate on disk says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFacts {
    /// SHA-1 of the certificate, by which Entra shows it.
    #[serde(with = "crate::resource::sha1_text")]
    pub thumbprint: [u8; 20],
    /// The subject, `CN=...`.
    pub subject: String,
    /// The first moment of its validity.
    pub not_before: Timestamp,
    /// The last moment of its validity.
    pub not_after: Timestamp,
    /// Bits of its RSA key.
    pub key_size: u16,
}

impl CertificateFacts {
    /// The thumbprint as Entra writes it: 40 hexadecimal digits in upper case.
    pub fn thumbprint_text(&self) -> String {
        Thumbprint::Sha1(self.thumbprint).to_string()
    }
}

/// The files of one certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedCertificate {
    /// The one in use.
    pub current: Option<CertificateFacts>,
    /// Whether its private key is not there: on another machine, or lost.
    pub lacks_key: bool,
    /// The one that is to follow it.
    pub staged: Option<CertificateFacts>,
    /// One that was to follow it and whose key is not there, so that it never can.
    pub stranded: Option<CertificateFacts>,
    /// Those that were in use before and are kept beside.
    pub retired: Vec<CertificateFacts>,
    /// When the latest of those was put aside, as the dates of its files have it.
    pub switched: Option<Timestamp>,
    /// Which of the three files of the one in use are missing, as far as they can be made again.
    pub missing: Vec<String>,
    /// Whether the password of the `.pfx` has letters that Java does not take.
    pub has_unportable_password: bool,
    /// Every file, where it is to be gone: those that cannot be read are deleted too.
    pub files: Vec<String>,
}

impl ObservedCertificate {
    /// Every certificate whose files are there.
    pub fn all(&self) -> impl Iterator<Item = &CertificateFacts> {
        self.current.iter().chain(&self.staged).chain(&self.stranded).chain(&self.retired)
    }

    /// Whether a renewal was begun and not ended.
    pub fn is_being_renewed(&self) -> bool {
        self.staged.is_some() || self.stranded.is_some()
    }
}

/// One application with everything that hangs on it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedChain {
    /// The registration; `None` where the directory says that there is none.
    pub application: Option<ObservedApplication>,
    /// Its service principal.
    pub principal: Option<ObservedServicePrincipal>,
    /// Application permissions that it was granted.
    pub consents: Vec<ObservedConsent>,
    /// Its directory roles.
    pub directory_roles: Vec<ObservedRole>,
    /// Its management roles of Exchange.
    pub exchange_roles: Vec<ObservedRole>,
    /// Reading those was refused, so that none being there says nothing.
    pub exchange_roles_denied: bool,
    /// Its federated credentials.
    pub federated: Vec<ObservedFederatedCredential>,
    /// Its owners.
    pub owners: Vec<ObservedOwner>,
    /// Other applications of the same display name, looked up where this one is not there.
    pub namesakes: Vec<ObservedApplication>,
}

/// All chains of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedIdentity {
    /// By NAME of `[certificate.NAME]`.
    pub certificates: BTreeMap<String, ObservedCertificate>,
    /// By NAME of `[application.NAME]`.
    pub applications: BTreeMap<String, ObservedChain>,
    /// The services whose permissions the spec names, by app id.
    pub resources: BTreeMap<Uuid, ObservedServicePrincipal>,
    /// The directory roles that exist; empty where the spec names none.
    pub directory_roles: Vec<RoleDefinition>,
    /// The management roles that exist; empty where the spec names none.
    pub exchange_roles: Vec<RoleDefinition>,
    /// The owners that the spec names, by the text by which it does; absent where there is none.
    pub owners: BTreeMap<String, ObservedOwner>,
    /// The application that does this work, where it is one: it must not remove itself.
    pub acting_as: Option<Uuid>,
    /// The application that works in Exchange, where it is known.
    pub exchange_as: Option<Uuid>,
    /// The certificates, by SHA-1, with which this run signs in: it must not take them away.
    #[serde(with = "crate::resource::sha1_text::list")]
    pub acting_with: Vec<[u8; 20]>,
}

impl ObservedIdentity {
    /// The id of a permission, by the object id of the service that defines it and by its name, which a
    /// plan writes with the service before it where several define one of that name. A permission whose
    /// name was not known is named by its id.
    pub fn app_role(&self, resource: &str, name: &str) -> Option<Uuid> {
        let name = name.rsplit('/').next().unwrap_or(name);
        let defined = self.resources.values().find(|found| found.object_id == resource);
        let role = defined.and_then(|found| found.app_roles.iter().find(|role| role.value == name));
        role.map(|role| role.id).or_else(|| Uuid::try_parse(name).ok())
    }
}
