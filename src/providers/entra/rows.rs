//! Objects of Graph as they come, and what becomes of them. A property that was asked for and is
//! missing is an error of the read; only what may be null by the schema may be null here.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use crate::state::{
    AppRole, ObservedApplication, ObservedConsent, ObservedFederatedCredential, ObservedKey,
    ObservedOwner, ObservedRole, ObservedServicePrincipal, RequiredAccess, RoleDefinition,
};

pub(super) const APPLICATION_FIELDS: &str = "id,appId,displayName,uniqueName,notes,tags,\
     signInAudience,createdDateTime,requiredResourceAccess,keyCredentials";
pub(super) const SERVICE_PRINCIPAL_FIELDS: &str = "id,appId,displayName,accountEnabled,appRoles";

/// Null, but not missing.
fn nullable<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApplicationRow {
    id: String,
    app_id: Uuid,
    display_name: String,
    #[serde(deserialize_with = "nullable")]
    unique_name: Option<String>,
    #[serde(deserialize_with = "nullable")]
    notes: Option<String>,
    tags: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    sign_in_audience: Option<String>,
    #[serde(deserialize_with = "nullable")]
    created_date_time: Option<Timestamp>,
    required_resource_access: Vec<AccessRow>,
    key_credentials: Vec<KeyRow>,
}

/// The answer to a creation, which may be shortened: what it must say is what it was given.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreatedRow {
    pub(super) id: String,
    pub(super) app_id: Uuid,
    pub(super) created_date_time: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessRow {
    resource_app_id: Uuid,
    resource_access: Vec<PermissionRow>,
}

#[derive(Deserialize)]
struct PermissionRow {
    id: Uuid,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyRow {
    key_id: Uuid,
    custom_key_identifier: Option<String>,
    display_name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    usage: Option<String>,
    start_date_time: Option<Timestamp>,
    end_date_time: Option<Timestamp>,
}

impl From<ApplicationRow> for ObservedApplication {
    fn from(row: ApplicationRow) -> Self {
        Self {
            object_id: row.id,
            app_id: row.app_id,
            display_name: row.display_name,
            unique_name: row.unique_name,
            notes: row.notes,
            tags: row.tags,
            sign_in_audience: row.sign_in_audience,
            created: row.created_date_time,
            required_access: row.required_resource_access.into_iter().map(Into::into).collect(),
            keys: row.key_credentials.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<AccessRow> for RequiredAccess {
    fn from(row: AccessRow) -> Self {
        let permissions = row.resource_access.into_iter().map(|one| (one.id, one.kind)).collect();
        Self { resource: row.resource_app_id, permissions }
    }
}

impl From<KeyRow> for ObservedKey {
    fn from(row: KeyRow) -> Self {
        Self {
            key_id: row.key_id,
            thumbprint: row.custom_key_identifier.as_deref().and_then(thumbprint),
            custom_key_identifier: row.custom_key_identifier,
            display_name: row.display_name,
            kind: row.kind,
            usage: row.usage,
            start: row.start_date_time,
            end: row.end_date_time,
        }
    }
}

/// `customKeyIdentifier` has been seen as 40 hexadecimal digits and as base64 of 20 bytes.
fn thumbprint(identifier: &str) -> Option<[u8; 20]> {
    if identifier.len() == 40 && identifier.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let pair = |at: usize| u8::from_str_radix(identifier.get(at..at + 2)?, 16).ok();
        let bytes = (0..20).map(|at| pair(at * 2)).collect::<Option<Vec<u8>>>()?;
        return bytes.try_into().ok();
    }
    let lenient =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
    let standard = identifier.replace('-', "+").replace('_', "/");
    alphabet.decode(standard).ok()?.try_into().ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServicePrincipalRow {
    id: String,
    app_id: Uuid,
    display_name: String,
    account_enabled: bool,
    app_roles: Vec<AppRoleRow>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppRoleRow {
    id: Uuid,
    /// Null where the role appears in no token.
    #[serde(deserialize_with = "nullable")]
    value: Option<String>,
    is_enabled: bool,
    allowed_member_types: Vec<String>,
}

impl From<ServicePrincipalRow> for ObservedServicePrincipal {
    fn from(row: ServicePrincipalRow) -> Self {
        let role = |row: AppRoleRow| AppRole {
            id: row.id,
            value: row.value.unwrap_or_default(),
            usable: row.is_enabled
                && row.allowed_member_types.iter().any(|kind| kind == "Application"),
        };
        Self {
            object_id: row.id,
            app_id: row.app_id,
            display_name: row.display_name,
            enabled: row.account_enabled,
            app_roles: row.app_roles.into_iter().map(role).collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConsentRow {
    id: String,
    app_role_id: Uuid,
    resource_id: String,
    resource_display_name: Option<String>,
}

impl From<ConsentRow> for ObservedConsent {
    fn from(row: ConsentRow) -> Self {
        Self {
            id: row.id,
            app_role: row.app_role_id,
            resource_name: row.resource_display_name.unwrap_or_else(|| row.resource_id.clone()),
            resource_id: row.resource_id,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoleDefinitionRow {
    id: String,
    display_name: String,
}

impl From<RoleDefinitionRow> for RoleDefinition {
    fn from(row: RoleDefinitionRow) -> Self {
        Self { id: row.id, display_name: row.display_name }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoleRow {
    id: String,
    role_definition_id: String,
    /// One of the two is there.
    directory_scope_id: Option<String>,
    app_scope_id: Option<String>,
}

impl RoleRow {
    /// `None` where it names no scope.
    pub(super) fn role(self) -> Option<ObservedRole> {
        let scope = self.directory_scope_id.or(self.app_scope_id)?;
        Some(ObservedRole { id: self.id, role_definition: self.role_definition_id, scope })
    }
}

#[derive(Deserialize)]
pub(super) struct FederatedRow {
    id: String,
    name: String,
    issuer: String,
    /// Null for a credential that matches by an expression, which is another kind (beta).
    #[serde(deserialize_with = "nullable")]
    subject: Option<String>,
    audiences: Vec<String>,
}

impl From<FederatedRow> for ObservedFederatedCredential {
    fn from(row: FederatedRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            issuer: row.issuer,
            subject: row.subject.unwrap_or_default(),
            audiences: row.audiences,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnerRow {
    id: String,
    user_principal_name: Option<String>,
    display_name: Option<String>,
}

impl From<OwnerRow> for ObservedOwner {
    fn from(row: OwnerRow) -> Self {
        let name = row.user_principal_name.or(row.display_name);
        Self { name: name.unwrap_or_else(|| row.id.clone()), id: row.id }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_thumbprint_is_read_in_every_form() {
        let bytes: [u8; 20] = std::array::from_fn(|at| 0xf0 + u8::try_from(at % 16).unwrap());
        let hex = "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFFF0F1F2F3";
        for form in [
            hex.to_owned(),
            hex.to_lowercase(),
            STANDARD.encode(bytes),
            URL_SAFE_NO_PAD.encode(bytes),
        ] {
            assert_eq!(thumbprint(&form), Some(bytes), "{form}");
        }
        for other in ["", "AAAA", "not base64!", &hex[..38]] {
            assert_eq!(thumbprint(other), None, "{other}");
        }
    }

    fn application() -> Value {
        json!({ "id": "o", "appId": Uuid::from_u128(1), "displayName": "d", "uniqueName": null,
            "notes": null, "tags": [], "signInAudience": "AzureADMyOrg", "createdDateTime": null,
            "requiredResourceAccess": [], "keyCredentials": [] })
    }

    #[test]
    fn nothing_that_was_asked_for_may_be_missing() {
        assert!(serde_json::from_value::<ApplicationRow>(application()).is_ok());
        let fields: Vec<String> = application().as_object().unwrap().keys().cloned().collect();
        assert_eq!(fields.len(), APPLICATION_FIELDS.split(',').count());
        for field in fields {
            let mut row = application();
            row.as_object_mut().unwrap().remove(&field);
            assert!(serde_json::from_value::<ApplicationRow>(row).is_err(), "{field}");
        }
    }

    #[test]
    fn a_key_and_a_permission_are_read_whole() {
        let mut row = application();
        let access = json!([{ "id": Uuid::from_u128(3), "type": "Role" }]);
        row["requiredResourceAccess"] =
            json!([{ "resourceAppId": Uuid::from_u128(2), "resourceAccess": access }]);
        row["keyCredentials"] = json!([{ "keyId": Uuid::from_u128(4), "type": "AsymmetricX509Cert",
            "usage": "Verify", "displayName": null, "key": "ignored",
            "customKeyIdentifier": "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFFF0F1F2F3",
            "startDateTime": "2026-11-23T12:00:00Z", "endDateTime": "2027-11-23T12:00:00.5Z" }]);
        let row: ObservedApplication =
            serde_json::from_value::<ApplicationRow>(row).unwrap().into();
        let permissions = vec![(Uuid::from_u128(3), "Role".to_owned())];
        assert_eq!(
            row.required_access,
            [RequiredAccess { resource: Uuid::from_u128(2), permissions }]
        );
        assert!(row.keys[0].thumbprint.is_some());
        assert_eq!(row.keys[0].end, "2027-11-23T12:00:00.5Z".parse().ok());
    }

    #[test]
    fn a_role_without_a_scope_is_no_role() {
        let row = |scope: Value| {
            let row = json!({ "id": "i", "roleDefinitionId": "r", "directoryScopeId": scope });
            serde_json::from_value::<RoleRow>(row).unwrap().role()
        };
        assert_eq!(row(json!("/")).unwrap().scope, "/");
        assert!(row(Value::Null).is_none());
    }
}
