//! What is done to an identity chain, as data. Objects that exist are named by the service's own
//! identifiers; of those that an earlier step makes, only the name in the spec is known.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::document::access::Service;
use crate::state::RequiredAccess;

/// An application that exists, or will by then. Identifiers that only an earlier step will know are
/// left out of documents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ApplicationRef {
    /// NAME of `[application.NAME]`.
    #[serde(rename = "application")]
    pub name: String,
    /// `id` of the registration, where it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    /// `appId`, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<Uuid>,
    /// `id` of its service principal, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<String>,
}

/// The attributes of a registration that a write sets; what is `None` keeps its value.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ApplicationPatch {
    /// `displayName`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// `notes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// `tags`, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// `requiredResourceAccess`, all of it.
    #[serde(with = "super::document::access", default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<Service>>")]
    pub required_access: Option<Vec<RequiredAccess>>,
}

/// A certificate that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CertificateOrder {
    /// NAME of `[certificate.NAME]`.
    #[serde(rename = "certificate")]
    pub name: String,
    /// The first moment of its validity; left out, it is the moment at which it is made.
    #[serde(rename = "valid_from", skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Whether one is in use already, so that the new one waits beside it.
    pub staged: bool,
}

/// One step of work on an identity chain; in documents its `operation` and the values that it is
/// carried out with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "operation", rename_all = "snake_case")]
#[schemars(deny_unknown_fields)]
pub enum IdentityWrite {
    /// Makes a key and a certificate and writes their files.
    MakeCertificate(CertificateOrder),
    /// Writes missing files of the certificate in use again.
    RepairCertificate {
        /// NAME.
        #[serde(rename = "certificate")]
        name: String,
    },
    /// Puts the waiting certificate in use and keeps the old one beside.
    SwitchCertificate {
        /// NAME.
        #[serde(rename = "certificate")]
        name: String,
    },
    /// Deletes a certificate that was in use before.
    ForgetCertificate {
        /// NAME.
        #[serde(rename = "certificate")]
        name: String,
        /// Which one.
        #[serde(with = "super::document::thumbprint")]
        #[schemars(with = "String", regex(pattern = "^[0-9A-F]{40}$"))]
        thumbprint: [u8; 20],
    },
    /// Deletes all files of a certificate.
    DeleteCertificate {
        /// NAME.
        #[serde(rename = "certificate")]
        name: String,
    },
    /// Makes the registration, or finds it made.
    CreateApplication {
        /// Which one.
        #[serde(flatten)]
        application: ApplicationRef,
        /// `uniqueName`: the upsert key.
        unique_name: String,
        /// Its attributes.
        #[serde(flatten)]
        patch: ApplicationPatch,
    },
    /// Changes the registration.
    UpdateApplication {
        /// Which one.
        #[serde(flatten)]
        application: ApplicationRef,
        /// What to set.
        #[serde(flatten)]
        patch: ApplicationPatch,
        /// `requiredResourceAccess` as the plan saw it, where the patch replaces it; anything else is refused.
        #[serde(
            rename = "required_access_before",
            with = "super::document::access",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        #[schemars(with = "Option<Vec<Service>>")]
        before: Option<Vec<RequiredAccess>>,
    },
    /// Deletes the registration.
    DeleteApplication {
        /// Which one.
        #[serde(flatten)]
        application: ApplicationRef,
    },
    /// Makes the service principal.
    CreateServicePrincipal {
        /// Of which application.
        #[serde(flatten)]
        application: ApplicationRef,
    },
    /// Deletes the service principal.
    DeleteServicePrincipal {
        /// Of which application.
        #[serde(flatten)]
        application: ApplicationRef,
    },
    /// Makes someone an owner.
    AddOwner {
        /// Of which application.
        #[serde(flatten)]
        application: ApplicationRef,
        /// `id` of the user.
        owner: String,
    },
    /// Takes ownership away.
    RemoveOwner {
        /// Of which application.
        #[serde(flatten)]
        application: ApplicationRef,
        /// `id` of the user.
        owner: String,
    },
    /// Admin consent.
    GrantConsent {
        /// To which application.
        #[serde(flatten)]
        application: ApplicationRef,
        /// `id` of the service principal that defines the permission.
        resource: String,
        /// The permission.
        app_role: Uuid,
    },
    /// Takes consent back.
    RevokeConsent {
        /// `id` of the service principal that defines the permission.
        resource: String,
        /// `id` of the assignment.
        assignment: String,
    },
    /// Gives a directory role for the whole tenant.
    AssignDirectoryRole {
        /// To which application.
        #[serde(flatten)]
        application: ApplicationRef,
        /// `id` of the role's definition.
        role: String,
    },
    /// Takes a directory role away.
    RemoveDirectoryRole {
        /// `id` of the assignment.
        assignment: String,
    },
    /// Gives a management role of Exchange for the whole tenant.
    AssignExchangeRole {
        /// To which application.
        #[serde(flatten)]
        application: ApplicationRef,
        /// `id` of the role's definition.
        role: String,
    },
    /// Takes a management role away.
    RemoveExchangeRole {
        /// `id` of the assignment.
        assignment: String,
    },
    /// Registers a certificate, keeping all others that are valid.
    #[serde(rename = "add_key_credential")]
    AddKey {
        /// On which application.
        #[serde(flatten)]
        application: ApplicationRef,
        /// NAME of `[certificate.NAME]`.
        certificate: String,
        /// The one that waits beside the one in use.
        staged: bool,
        /// Which one, where it was there when the plan was made.
        #[serde(
            with = "super::document::thumbprint_if_known",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        #[schemars(with = "Option<String>", regex(pattern = "^[0-9A-F]{40}$"))]
        thumbprint: Option<[u8; 20]>,
    },
    /// Takes a certificate off, keeping all others.
    #[serde(rename = "remove_key_credential")]
    RemoveKey {
        /// From which application.
        #[serde(flatten)]
        application: ApplicationRef,
        /// `keyId`.
        key_id: Uuid,
    },
    /// Registers a federated credential.
    AddFederatedCredential {
        /// On which application.
        #[serde(flatten)]
        application: ApplicationRef,
        /// Its values.
        #[serde(flatten)]
        credential: FederatedWrite,
    },
    /// Changes a federated credential.
    UpdateFederatedCredential {
        /// On which application.
        #[serde(flatten)]
        application: ApplicationRef,
        /// `id`.
        id: String,
        /// Its values.
        #[serde(flatten)]
        credential: FederatedWrite,
    },
    /// Takes a federated credential off.
    RemoveFederatedCredential {
        /// From which application.
        #[serde(flatten)]
        application: ApplicationRef,
        /// `id`.
        id: String,
    },
}

/// The values of a federated credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FederatedWrite {
    /// `name`.
    pub name: String,
    /// `issuer`.
    pub issuer: String,
    /// `subject`.
    pub subject: String,
    /// The one element of `audiences`.
    pub audience: String,
}

impl ApplicationRef {
    /// The same application, of which `self` may know less. Its service principal may be gone: what
    /// needs that waits for another one, and is told by what it waits for.
    fn is_of(&self, other: &Self) -> bool {
        let fits = |own: Option<&str>, other: Option<&str>| own.is_none() || own == other;
        let principal = other.principal_id.as_deref();
        self.name == other.name
            && fits(self.object_id.as_deref(), other.object_id.as_deref())
            && (self.app_id.is_none() || self.app_id == other.app_id)
            && (principal.is_none() || fits(self.principal_id.as_deref(), principal))
    }
}

impl IdentityWrite {
    /// Whether another one does the same, but knows what was not known yet when this was planned.
    pub fn is_same_step(&self, other: &Self) -> bool {
        let (mut own, mut others) = (self.clone(), other.clone());
        if let (Some(own), Some(others)) = (own.application_mut(), others.application_mut()) {
            if !own.is_of(others) {
                return false;
            }
            own.clone_from(others);
        }
        if let (Self::AddKey { thumbprint, .. }, Self::AddKey { thumbprint: known, .. }) =
            (&mut own, &others)
        {
            *thumbprint = thumbprint.or(*known);
        }
        own == others
    }

    fn application_mut(&mut self) -> Option<&mut ApplicationRef> {
        match self {
            Self::CreateApplication { application, .. }
            | Self::UpdateApplication { application, .. }
            | Self::DeleteApplication { application }
            | Self::CreateServicePrincipal { application }
            | Self::DeleteServicePrincipal { application }
            | Self::AddOwner { application, .. }
            | Self::RemoveOwner { application, .. }
            | Self::GrantConsent { application, .. }
            | Self::AssignDirectoryRole { application, .. }
            | Self::AssignExchangeRole { application, .. }
            | Self::AddKey { application, .. }
            | Self::RemoveKey { application, .. }
            | Self::AddFederatedCredential { application, .. }
            | Self::UpdateFederatedCredential { application, .. }
            | Self::RemoveFederatedCredential { application, .. } => Some(application),
            Self::MakeCertificate(_)
            | Self::RepairCertificate { .. }
            | Self::SwitchCertificate { .. }
            | Self::ForgetCertificate { .. }
            | Self::DeleteCertificate { .. }
            | Self::RevokeConsent { .. }
            | Self::RemoveDirectoryRole { .. }
            | Self::RemoveExchangeRole { .. } => None,
        }
    }

    /// Whether it is a request to the directory, and not work on files alone.
    pub fn is_request(&self) -> bool {
        !matches!(
            self,
            Self::MakeCertificate(_)
                | Self::RepairCertificate { .. }
                | Self::SwitchCertificate { .. }
                | Self::ForgetCertificate { .. }
                | Self::DeleteCertificate { .. }
        )
    }

    /// The word used in documents.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MakeCertificate(_) => "make_certificate",
            Self::RepairCertificate { .. } => "repair_certificate",
            Self::SwitchCertificate { .. } => "switch_certificate",
            Self::ForgetCertificate { .. } => "forget_certificate",
            Self::DeleteCertificate { .. } => "delete_certificate",
            Self::CreateApplication { .. } => "create_application",
            Self::UpdateApplication { .. } => "update_application",
            Self::DeleteApplication { .. } => "delete_application",
            Self::CreateServicePrincipal { .. } => "create_service_principal",
            Self::DeleteServicePrincipal { .. } => "delete_service_principal",
            Self::AddOwner { .. } => "add_owner",
            Self::RemoveOwner { .. } => "remove_owner",
            Self::GrantConsent { .. } => "grant_consent",
            Self::RevokeConsent { .. } => "revoke_consent",
            Self::AssignDirectoryRole { .. } => "assign_directory_role",
            Self::RemoveDirectoryRole { .. } => "remove_directory_role",
            Self::AssignExchangeRole { .. } => "assign_exchange_role",
            Self::RemoveExchangeRole { .. } => "remove_exchange_role",
            Self::AddKey { .. } => "add_key_credential",
            Self::RemoveKey { .. } => "remove_key_credential",
            Self::AddFederatedCredential { .. } => "add_federated_credential",
            Self::UpdateFederatedCredential { .. } => "update_federated_credential",
            Self::RemoveFederatedCredential { .. } => "remove_federated_credential",
        }
    }
}
