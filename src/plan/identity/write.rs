//! What is done to an identity chain, as data. Objects that exist are named by the service's own
//! identifiers; of those that an earlier step makes, only the name in the spec is known.

use jiff::Timestamp;
use uuid::Uuid;

use crate::state::RequiredAccess;

/// An application that exists, or will by then.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApplicationRef {
    /// NAME of `[application.NAME]`.
    pub name: String,
    /// `id` of the registration, where it exists.
    pub object_id: Option<String>,
    /// `appId`, likewise.
    pub app_id: Option<Uuid>,
    /// `id` of its service principal, likewise.
    pub principal_id: Option<String>,
}

/// The attributes of a registration that a write sets; what is `None` keeps its value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplicationPatch {
    /// `displayName`.
    pub display_name: Option<String>,
    /// `notes`.
    pub notes: Option<String>,
    /// `tags`, all of them.
    pub tags: Option<Vec<String>>,
    /// `requiredResourceAccess`, all of it.
    pub required_access: Option<Vec<RequiredAccess>>,
}

/// A certificate that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateOrder {
    /// NAME of `[certificate.NAME]`.
    pub name: String,
    /// The first moment of its validity; `None` is the moment at which it is made.
    pub not_before: Option<Timestamp>,
    /// Whether one is in use already, so that the new one waits beside it.
    pub staged: bool,
}

/// One step of work on an identity chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityWrite {
    /// Makes a key and a certificate and writes their files.
    MakeCertificate(CertificateOrder),
    /// Writes missing files of the certificate in use again.
    RepairCertificate {
        /// NAME.
        name: String,
    },
    /// Puts the waiting certificate in use and keeps the old one beside.
    SwitchCertificate {
        /// NAME.
        name: String,
    },
    /// Deletes a certificate that was in use before.
    ForgetCertificate {
        /// NAME.
        name: String,
        /// Which one.
        thumbprint: [u8; 20],
    },
    /// Deletes all files of a certificate.
    DeleteCertificate {
        /// NAME.
        name: String,
    },
    /// Makes the registration, or finds it made.
    CreateApplication {
        /// Which one.
        application: ApplicationRef,
        /// `uniqueName`: the upsert key.
        unique_name: String,
        /// Its attributes.
        patch: ApplicationPatch,
    },
    /// Changes the registration.
    UpdateApplication {
        /// Which one.
        application: ApplicationRef,
        /// What to set.
        patch: ApplicationPatch,
        /// `requiredResourceAccess` as the plan saw it, where the patch replaces it.
        before: Option<Vec<RequiredAccess>>,
    },
    /// Deletes the registration.
    DeleteApplication {
        /// Which one.
        application: ApplicationRef,
    },
    /// Makes the service principal.
    CreateServicePrincipal {
        /// Of which application.
        application: ApplicationRef,
    },
    /// Deletes the service principal.
    DeleteServicePrincipal {
        /// Of which application.
        application: ApplicationRef,
    },
    /// Makes someone an owner.
    AddOwner {
        /// Of which application.
        application: ApplicationRef,
        /// `id` of the user.
        owner: String,
    },
    /// Takes ownership away.
    RemoveOwner {
        /// Of which application.
        application: ApplicationRef,
        /// `id` of the user.
        owner: String,
    },
    /// Admin consent.
    GrantConsent {
        /// To which application.
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
    AddKey {
        /// On which application.
        application: ApplicationRef,
        /// NAME of `[certificate.NAME]`.
        certificate: String,
        /// The one that waits beside the one in use.
        staged: bool,
        /// Which one, where it was there when the plan was made.
        thumbprint: Option<[u8; 20]>,
    },
    /// Takes a certificate off, keeping all others.
    RemoveKey {
        /// From which application.
        application: ApplicationRef,
        /// `keyId`.
        key_id: Uuid,
    },
    /// Registers a federated credential.
    AddFederatedCredential {
        /// On which application.
        application: ApplicationRef,
        /// Its values.
        credential: FederatedWrite,
    },
    /// Changes a federated credential.
    UpdateFederatedCredential {
        /// On which application.
        application: ApplicationRef,
        /// `id`.
        id: String,
        /// Its values.
        credential: FederatedWrite,
    },
    /// Takes a federated credential off.
    RemoveFederatedCredential {
        /// From which application.
        application: ApplicationRef,
        /// `id`.
        id: String,
    },
}

/// The values of a federated credential.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl IdentityWrite {
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
