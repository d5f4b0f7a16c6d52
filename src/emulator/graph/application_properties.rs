//! Which properties an application and a service principal take, and what they may hold: the
//! schema's types, with the limits of the resource pages. Those that have an effect here are
//! handled where they have it; the rest are judged by this table and kept.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::failure::Failure;

/// What a property holds.
#[derive(Clone, Copy, Debug)]
enum Type {
    /// Of at most so many characters.
    Text(usize),
    Bool,
    Texts,
    Object,
    Objects,
    Audience,
    /// `requiredResourceAccess`
    Access,
}

type Table = [(&'static str, Type)];

const APPLICATION: &Table = &[
    ("addIns", Type::Objects),
    ("api", Type::Object),
    ("appRoles", Type::Objects),
    ("defaultRedirectUri", Type::Text(2048)),
    ("description", Type::Text(1024)),
    ("groupMembershipClaims", Type::Text(256)),
    ("identifierUris", Type::Texts),
    ("info", Type::Object),
    ("isDeviceOnlyAuthSupported", Type::Bool),
    ("isFallbackPublicClient", Type::Bool),
    ("notes", Type::Text(1024)),
    ("oauth2RequirePostResponse", Type::Bool),
    ("optionalClaims", Type::Object),
    ("parentalControlSettings", Type::Object),
    ("publicClient", Type::Object),
    ("requestSignatureVerification", Type::Object),
    ("requiredResourceAccess", Type::Access),
    ("samlMetadataUrl", Type::Text(2048)),
    ("serviceManagementReference", Type::Text(256)),
    ("servicePrincipalLockConfiguration", Type::Object),
    ("signInAudience", Type::Audience),
    ("spa", Type::Object),
    ("tags", Type::Texts),
    ("tokenEncryptionKeyId", Type::Text(36)),
    ("web", Type::Object),
];

const SERVICE_PRINCIPAL: &Table = &[
    ("alternativeNames", Type::Texts),
    ("appRoleAssignmentRequired", Type::Bool),
    ("description", Type::Text(1024)),
    ("homepage", Type::Text(2048)),
    ("loginUrl", Type::Text(2048)),
    ("notes", Type::Text(1024)),
    ("notificationEmailAddresses", Type::Texts),
    ("preferredSingleSignOnMode", Type::Text(256)),
    ("replyUrls", Type::Texts),
    ("servicePrincipalNames", Type::Texts),
    ("tags", Type::Texts),
];

const READ_ONLY: [&str; 14] = [
    "id",
    "appId",
    "appDisplayName",
    "appOwnerOrganizationId",
    "applicationTemplateId",
    "certification",
    "createdByAppId",
    "createdDateTime",
    "deletedDateTime",
    "disabledByMicrosoftStatus",
    "publisherDomain",
    "servicePrincipalType",
    "signInAudience",
    "verifiedPublisher",
];

const AUDIENCES: [&str; 4] = [
    "AzureADMyOrg",
    "AzureADMultipleOrgs",
    "AzureADandPersonalMicrosoftAccount",
    "PersonalMicrosoftAccount",
];
/// The page of requiredResourceAccess.
const RESOURCES_AT_MOST: usize = 50;
const PERMISSIONS_AT_MOST: usize = 400;
const TAG_AT_MOST: usize = 256;

pub(crate) fn set_on_application(
    properties: &mut Map<String, Value>,
    name: &str,
    value: &Value,
) -> Result<(), Failure> {
    set(properties, (APPLICATION, "Application"), name, value)
}

pub(crate) fn set_on_service_principal(
    properties: &mut Map<String, Value>,
    name: &str,
    value: &Value,
) -> Result<(), Failure> {
    set(properties, (SERVICE_PRINCIPAL, "ServicePrincipal"), name, value)
}

/// Omitted properties keep their value; a collection that is sent is the whole new one; null takes
/// a single value away.
fn set(
    properties: &mut Map<String, Value>,
    (table, resource): (&Table, &str),
    name: &str,
    value: &Value,
) -> Result<(), Failure> {
    let Some((_, kind)) = table.iter().find(|(known, _)| *known == name) else {
        return Err(if READ_ONLY.contains(&name) {
            Failure::read_only(name)
        } else {
            Failure::unknown_property(name)
        });
    };
    let is_collection = matches!(kind, Type::Texts | Type::Objects | Type::Access);
    if value.is_null() && !is_collection {
        properties.remove(name);
        return Ok(());
    }
    if !fits(*kind, value) {
        return Err(Failure::value(name, resource));
    }
    properties.insert(name.to_owned(), value.clone());
    Ok(())
}

fn fits(kind: Type, value: &Value) -> bool {
    let texts = |most: usize| {
        value.as_array().is_some_and(|all| all.iter().all(|text| is_text(text, most)))
    };
    match kind {
        Type::Text(most) => is_text(value, most),
        Type::Bool => value.is_boolean(),
        Type::Texts => texts(TAG_AT_MOST),
        Type::Object => value.is_object(),
        Type::Objects => value.as_array().is_some_and(|all| all.iter().all(Value::is_object)),
        Type::Audience => value.as_str().is_some_and(|text| AUDIENCES.contains(&text)),
        Type::Access => fits_access(value),
    }
}

fn is_text(value: &Value, most: usize) -> bool {
    value.as_str().is_some_and(|text| text.chars().count() <= most)
}

fn fits_access(value: &Value) -> bool {
    let is_guid = |value: &Value| value.as_str().is_some_and(|id| Uuid::try_parse(id).is_ok());
    let Some(resources) = value.as_array() else {
        return false;
    };
    let mut permissions = 0;
    let all_fit = resources.iter().all(|resource| {
        let Some(access) = resource["resourceAccess"].as_array() else {
            return false;
        };
        permissions += access.len();
        is_guid(&resource["resourceAppId"])
            && access.iter().all(|permission| {
                is_guid(&permission["id"])
                    && permission["type"]
                        .as_str()
                        .is_some_and(|kind| ["Role", "Scope"].contains(&kind))
            })
    });
    all_fit && resources.len() <= RESOURCES_AT_MOST && permissions <= PERMISSIONS_AT_MOST
}
