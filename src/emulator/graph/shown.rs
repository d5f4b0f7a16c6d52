//! Objects as Graph shows them: every property of the published types that a read returns by
//! default, null or empty where nothing was written.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::emulator::entra::objects::{
    AppRole, AppRoleAssignment, Application, FederatedCredential, KeyCredential, RoleAssignment,
    ServicePrincipal, User,
};
use crate::emulator::entra::snapshot::Snapshot;

/// RFC 3339 to the second, as Graph writes it.
fn time(moment: jiff::Timestamp) -> Value {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
}

/// What was written goes over the defaults; within a complex value, member by member.
fn overlay(mut defaults: Value, written: &Map<String, Value>) -> Value {
    for (name, value) in written {
        match (defaults[name].as_object_mut(), value.as_object()) {
            (Some(default), Some(value)) => default.extend(value.clone()),
            _ => defaults[name] = value.clone(),
        }
    }
    defaults
}

/// `with_keys`: the certificates themselves, which only a `$select` on one object shows.
pub(crate) fn application(it: &Application, organization: &str, with_keys: bool) -> Value {
    let defaults = json!({
        "id": it.id,
        "deletedDateTime": null,
        "appId": it.app_id,
        "applicationTemplateId": null,
        "disabledByMicrosoftStatus": null,
        "createdDateTime": time(it.created),
        "displayName": it.display_name,
        "description": null,
        "groupMembershipClaims": null,
        "identifierUris": [],
        "isDeviceOnlyAuthSupported": null,
        "isFallbackPublicClient": null,
        "notes": null,
        "publisherDomain": organization,
        "serviceManagementReference": null,
        "signInAudience": "AzureADMyOrg",
        "tags": [],
        "tokenEncryptionKeyId": null,
        "uniqueName": it.unique_name,
        "optionalClaims": null,
        "addIns": [],
        "api": {
            "acceptMappedClaims": null,
            "knownClientApplications": [],
            "requestedAccessTokenVersion": null,
            "oauth2PermissionScopes": [],
            "preAuthorizedApplications": [],
        },
        "appRoles": [],
        "info": {
            "logoUrl": null,
            "marketingUrl": null,
            "privacyStatementUrl": null,
            "supportUrl": null,
            "termsOfServiceUrl": null,
        },
        "keyCredentials":
            it.key_credentials.iter().map(|key| key_credential(key, with_keys)).collect::<Vec<_>>(),
        "parentalControlSettings": { "countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow" },
        "passwordCredentials": [],
        "publicClient": { "redirectUris": [] },
        "requiredResourceAccess": [],
        "verifiedPublisher":
            { "displayName": null, "verifiedPublisherId": null, "addedDateTime": null },
        "web": {
            "homePageUrl": null,
            "logoutUrl": null,
            "redirectUris": [],
            "implicitGrantSettings":
                { "enableAccessTokenIssuance": false, "enableIdTokenIssuance": false },
        },
        "spa": { "redirectUris": [] },
    });
    let mut shown = overlay(defaults, &it.properties);
    if it.disabled {
        shown["isDisabled"] = true.into();
    }
    shown
}

pub(crate) fn key_credential(it: &KeyCredential, with_key: bool) -> Value {
    json!({
        "customKeyIdentifier": it.custom_key_identifier,
        "displayName": it.display_name,
        "endDateTime": time(it.end),
        "key": with_key.then(|| it.der.base64()),
        "keyId": it.key_id,
        "startDateTime": time(it.start),
        "type": it.kind,
        "usage": it.usage,
    })
}

pub(crate) fn federated_credential(it: &FederatedCredential) -> Value {
    json!({
        "id": it.id,
        "name": it.name,
        "issuer": it.issuer,
        "subject": it.subject,
        "description": it.description,
        "audiences": it.audiences,
    })
}

pub(crate) fn service_principal(it: &ServicePrincipal) -> Value {
    let defaults = json!({
        "id": it.id,
        "deletedDateTime": null,
        "accountEnabled": it.account_enabled,
        "alternativeNames": [],
        "appDisplayName": it.display_name,
        "appDescription": null,
        "appId": it.app_id,
        "applicationTemplateId": null,
        "appOwnerOrganizationId": it.owner_organization,
        "appRoleAssignmentRequired": false,
        "description": null,
        "disabledByMicrosoftStatus": null,
        "displayName": it.display_name,
        "homepage": null,
        "loginUrl": null,
        "logoutUrl": null,
        "notes": null,
        "notificationEmailAddresses": [],
        "preferredSingleSignOnMode": null,
        "preferredTokenSigningKeyThumbprint": null,
        "replyUrls": [],
        "servicePrincipalNames": [it.app_id],
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMyOrg",
        "tags": [],
        "tokenEncryptionKeyId": null,
        "samlSingleSignOnSettings": null,
        "addIns": [],
        "appRoles": it.app_roles.iter().map(app_role).collect::<Vec<_>>(),
        "info": {
            "logoUrl": null,
            "marketingUrl": null,
            "privacyStatementUrl": null,
            "supportUrl": null,
            "termsOfServiceUrl": null,
        },
        "keyCredentials": [],
        "oauth2PermissionScopes": [],
        "passwordCredentials": [],
        "resourceSpecificApplicationPermissions": [],
        "verifiedPublisher":
            { "displayName": null, "verifiedPublisherId": null, "addedDateTime": null },
    });
    overlay(defaults, &it.properties)
}

fn app_role(it: &AppRole) -> Value {
    json!({
        "allowedMemberTypes": ["Application"],
        "description": it.display_name,
        "displayName": it.display_name,
        "id": it.id,
        "isEnabled": true,
        "origin": "Application",
        "value": it.value,
    })
}

/// The names of both ends are as `all` has them.
pub(crate) fn app_role_assignment(it: &AppRoleAssignment, all: &Snapshot) -> Value {
    let name = |id: Uuid| all.service_principals.get(&id).map(|it| it.display_name.clone());
    json!({
        "id": it.id,
        "deletedDateTime": null,
        "appRoleId": it.app_role_id,
        "createdDateTime": time(it.created),
        "principalDisplayName": name(it.principal_id),
        "principalId": it.principal_id,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": name(it.resource_id),
        "resourceId": it.resource_id,
    })
}

pub(crate) fn role_assignment(it: &RoleAssignment) -> Value {
    json!({
        "id": it.id,
        "principalId": it.principal_id,
        "roleDefinitionId": it.role_definition_id,
        "directoryScopeId": it.directory_scope_id,
    })
}

/// Exchange's provider names principals by path.
pub(crate) fn exchange_role_assignment(it: &RoleAssignment) -> Value {
    json!({
        "id": it.id,
        "principalId": format!("/ServicePrincipals/{}", it.principal_id),
        "roleDefinitionId": it.role_definition_id,
        "directoryScopeId": it.directory_scope_id,
        "appScopeId": it.app_scope_id,
    })
}

pub(crate) fn role_definition(id: Uuid, name: &str) -> Value {
    json!({
        "id": id,
        "description": name,
        "displayName": name,
        "isBuiltIn": true,
        "isEnabled": true,
        "resourceScopes": ["/"],
        "templateId": id,
        "version": "1",
        "rolePermissions": [],
    })
}

pub(crate) fn user(it: &User) -> Value {
    json!({
        "businessPhones": [],
        "displayName": it.display_name,
        "givenName": null,
        "id": it.id,
        "jobTitle": null,
        "mail": null,
        "mobilePhone": null,
        "officeLocation": null,
        "preferredLanguage": null,
        "surname": null,
        "userPrincipalName": it.user_principal_name,
    })
}
