//! The objects of the directory, as Graph names and types them (`@microsoft/microsoft-graph-types`,
//! the v1.0 schema). They are plain values: what may be written to them is decided in `graph`, who
//! may sign in with them in `identity`. Properties that have no effect here are kept as they came.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

/// `Edm.Binary`: base64 wherever it is written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Binary(pub(crate) Vec<u8>);

impl Binary {
    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(&self.0)
    }
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.base64())
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// What an application is in its home tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Application {
    pub(crate) id: Uuid,
    pub(crate) app_id: Uuid,
    pub(crate) display_name: String,
    pub(crate) unique_name: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) disabled: bool,
    pub(crate) owners: Vec<Uuid>,
    pub(crate) key_credentials: Vec<KeyCredential>,
    pub(crate) federated_credentials: Vec<FederatedCredential>,
    /// Under their Graph names; only those that were written.
    pub(crate) properties: Map<String, Value>,
}

/// A certificate of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyCredential {
    pub(crate) key_id: Uuid,
    /// As it is shown: base64 as the client gave it, or else the thumbprint in hexadecimal.
    pub(crate) custom_key_identifier: String,
    pub(crate) display_name: Option<String>,
    /// `type`
    pub(crate) kind: String,
    pub(crate) usage: String,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) der: Binary,
}

/// Whose tokens an application may present in place of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FederatedCredential {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) description: Option<String>,
}

/// What an application is in a tenant that uses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServicePrincipal {
    pub(crate) id: Uuid,
    pub(crate) app_id: Uuid,
    pub(crate) display_name: String,
    /// The home tenant of its application.
    pub(crate) owner_organization: Uuid,
    pub(crate) account_enabled: bool,
    pub(crate) created: Timestamp,
    pub(crate) owners: Vec<Uuid>,
    pub(crate) app_roles: Vec<AppRole>,
    pub(crate) properties: Map<String, Value>,
}

/// A permission that a service principal offers to applications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AppRole {
    pub(crate) id: Uuid,
    pub(crate) value: String,
    pub(crate) display_name: String,
}

/// A permission granted: admin consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AppRoleAssignment {
    pub(crate) id: String,
    pub(crate) app_role_id: Uuid,
    pub(crate) principal_id: Uuid,
    pub(crate) resource_id: Uuid,
    pub(crate) created: Timestamp,
}

/// A directory role, or with the Exchange provider a management role, that a principal holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoleAssignment {
    pub(crate) id: String,
    pub(crate) role_definition_id: Uuid,
    /// The Exchange provider's `/ServicePrincipals/{id}` without its head.
    pub(crate) principal_id: Uuid,
    pub(crate) directory_scope_id: Option<String>,
    pub(crate) app_scope_id: Option<String>,
}

/// A person: the one who administers the tenant. There are no others in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "as Graph calls them")]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) display_name: String,
    pub(crate) user_principal_name: String,
}
