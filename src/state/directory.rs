//! What the directory holds of an identity chain, as read from Microsoft Graph. Identifiers are the
//! service's opaque texts; an object that was not there is an absent value and not an empty one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An application registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedApplication {
    /// `id`: the object's, which every write names.
    pub object_id: String,
    /// `appId`: the client id.
    pub app_id: Uuid,
    /// `displayName`.
    pub display_name: String,
    /// `uniqueName`; an application made by the portal has none.
    pub unique_name: Option<String>,
    /// `notes`.
    pub notes: Option<String>,
    /// `tags`.
    pub tags: Vec<String>,
    /// `signInAudience`.
    pub sign_in_audience: Option<String>,
    /// `createdDateTime`.
    pub created: Option<Timestamp>,
    /// `requiredResourceAccess`.
    pub required_access: Vec<RequiredAccess>,
    /// `keyCredentials`.
    pub keys: Vec<ObservedKey>,
}

/// An element of `requiredResourceAccess`: the permissions of one service that are declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredAccess {
    /// `resourceAppId`.
    pub resource: Uuid,
    /// `resourceAccess`: id and type (`Role` or `Scope`) of each permission.
    pub permissions: Vec<(Uuid, String)>,
}

/// An element of `keyCredentials`. All of it is sent back where the element is to stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedKey {
    /// `keyId`.
    pub key_id: Uuid,
    /// `customKeyIdentifier` as read.
    pub custom_key_identifier: Option<String>,
    /// The SHA-1 thumbprint in it, where it can be made out.
    #[serde(with = "crate::resource::sha1_text::optional")]
    pub thumbprint: Option<[u8; 20]>,
    /// `displayName`.
    pub display_name: Option<String>,
    /// `type`.
    pub kind: Option<String>,
    /// `usage`.
    pub usage: Option<String>,
    /// `startDateTime`.
    pub start: Option<Timestamp>,
    /// `endDateTime`.
    pub end: Option<Timestamp>,
}

/// A service principal, of ours or of a service that defines permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedServicePrincipal {
    /// `id`.
    pub object_id: String,
    /// `appId`.
    pub app_id: Uuid,
    /// `displayName`.
    pub display_name: String,
    /// `accountEnabled`.
    pub enabled: bool,
    /// `appRoles`: the application permissions that it defines.
    pub app_roles: Vec<AppRole>,
}

/// An application permission that a service defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppRole {
    /// `id`.
    pub id: Uuid,
    /// `value`.
    pub value: String,
    /// Enabled, and for applications.
    pub usable: bool,
}

/// Consent to an application permission: an `appRoleAssignment`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedConsent {
    /// `id`.
    pub id: String,
    /// `appRoleId`.
    pub app_role: Uuid,
    /// `resourceId`: the object id of the service's principal.
    pub resource_id: String,
    /// `resourceDisplayName`.
    pub resource_name: String,
}

/// A directory role or a management role that can be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleDefinition {
    /// `id`; for a built-in directory role the template id.
    pub id: String,
    /// `displayName`.
    pub display_name: String,
}

/// A role that a service principal has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedRole {
    /// `id` of the assignment.
    pub id: String,
    /// `roleDefinitionId`.
    pub role_definition: String,
    /// `directoryScopeId`; `/` is the whole tenant.
    pub scope: String,
}

/// A federated credential that is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedFederatedCredential {
    /// `id`.
    pub id: String,
    /// `name`.
    pub name: String,
    /// `issuer`.
    pub issuer: String,
    /// `subject`.
    pub subject: String,
    /// `audiences`.
    pub audiences: Vec<String>,
}

/// A user or service principal that owns an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedOwner {
    /// `id`.
    pub id: String,
    /// `userPrincipalName`, or `displayName` where it is no user.
    pub name: String,
}
