//! What each operation sends: method, path, query, body.

use super::*;
use crate::plan::{ApplicationPatch, FederatedWrite};
use crate::providers::entra::{KeyElement, Upserted};
use crate::state::{ObservedKey, RequiredAccess};

/// The requests that were sent, as `METHOD target`.
fn sent(server: &Scripted) -> Vec<String> {
    server.seen().iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect()
}

fn permission() -> RequiredAccess {
    RequiredAccess { resource: ONE, permissions: vec![(TWO, "Role".to_owned())] }
}

#[tokio::test]
async fn every_request_is_signed_and_can_be_found_in_the_services_logs() {
    let (server, entra) = entra([Reply::json(&application(1)), Reply::json(&application(1))]).await;
    for _ in 0..2 {
        entra.application("object").await.unwrap();
    }
    let seen = server.seen();
    assert!(seen[0].header("authorization").unwrap().starts_with("Bearer e30."));
    let id = |number: usize| Uuid::parse_str(seen[number].header("client-request-id").unwrap());
    assert_ne!(id(0).unwrap(), id(1).unwrap());
}

#[tokio::test]
async fn applications_are_found_by_their_keys_and_by_name() {
    let one = || Reply::json(&application(1));
    let (server, entra) =
        entra([one(), one(), one(), page(&[application(1), application(2)], None)]).await;
    entra.application_by_app_id(ONE).await.unwrap();
    entra.application_by_unique_name("d'or/1").await.unwrap();
    entra.application("object").await.unwrap();
    assert_eq!(entra.applications_named("O'Neill & Co+").await.unwrap().len(), 2);
    let select = "$select=id%2CappId%2CdisplayName%2CuniqueName%2Cnotes%2Ctags%2CsignInAudience\
                  %2CcreatedDateTime%2CrequiredResourceAccess%2CkeyCredentials";
    let filter = "$filter=displayName%20eq%20%27O%27%27Neill%20%26%20Co%2B%27";
    assert_eq!(
        sent(&server),
        [
            format!("GET /v1.0/applications(appId='{ONE}')?{select}"),
            format!("GET /v1.0/applications(uniqueName='d''or%2F1')?{select}"),
            format!("GET /v1.0/applications/object?{select}"),
            format!("GET /v1.0/applications?{filter}&{select}"),
        ]
    );
}

#[tokio::test]
async fn a_new_application_is_of_this_tenant_alone() {
    let answer = json!({ "id": "object", "appId": TWO, "createdDateTime": "2026-11-23T12:00:00Z" });
    let (server, entra) = entra([created(&answer), done()]).await;
    let body = ApplicationPatch {
        display_name: Some("Audit".to_owned()),
        notes: Some("why".to_owned()),
        tags: Some(vec!["stamp".to_owned()]),
        required_access: Some(vec![permission()]),
    };
    let Upserted::Created(found) = entra.upsert_application("auditform-x", &body).await.unwrap()
    else {
        unreachable!("it was created");
    };
    assert_eq!((found.object_id.as_str(), found.app_id), ("object", TWO));
    assert_eq!(found.unique_name.as_deref(), Some("auditform-x"));
    assert_eq!(found.required_access, [permission()]);
    let again = entra.upsert_application("auditform-x", &body).await.unwrap();
    assert_eq!(again, Upserted::Existed);
    let seen = server.seen();
    let target = "/v1.0/applications(uniqueName='auditform-x')";
    assert_eq!((seen[0].method.as_str(), seen[0].target.as_str()), ("PATCH", target));
    assert_eq!(seen[0].header("prefer"), Some("create-if-missing"));
    let access =
        json!([{ "resourceAppId": ONE, "resourceAccess": [{ "id": TWO, "type": "Role" }] }]);
    assert_eq!(
        seen[0].json(),
        json!({ "displayName": "Audit", "signInAudience": "AzureADMyOrg", "notes": "why",
            "tags": ["stamp"], "requiredResourceAccess": access })
    );
}

#[tokio::test]
async fn a_patch_holds_what_changes_and_nothing_else() {
    let (server, entra) = entra([done(), done(), done()]).await;
    let patch = ApplicationPatch { notes: Some(String::new()), ..ApplicationPatch::default() };
    entra.update_application("object", &patch).await.unwrap();
    let patch = ApplicationPatch {
        display_name: Some("New".to_owned()),
        tags: Some(vec![]),
        required_access: Some(vec![permission()]),
        notes: None,
    };
    entra.update_application("object", &patch).await.unwrap();
    entra.delete_application("object").await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].json(), json!({ "notes": null }));
    let names: Vec<String> = seen[1].json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["displayName", "requiredResourceAccess", "tags"]);
    assert_eq!(seen[0].header("prefer"), None);
    assert_eq!(
        sent(&server)[1..],
        ["PATCH", "DELETE"].map(|it| format!("{it} /v1.0/applications/object"))
    );
}

#[tokio::test]
async fn keys_that_stay_are_sent_back_as_they_were_read() {
    let (server, entra) = entra([done()]).await;
    let kept = ObservedKey {
        key_id: ONE,
        custom_key_identifier: Some("AQID".to_owned()),
        thumbprint: None,
        display_name: Some("old".to_owned()),
        kind: Some("AsymmetricX509Cert".to_owned()),
        usage: Some("Verify".to_owned()),
        start: "2026-01-01T00:00:00Z".parse().ok(),
        end: "2026-12-01T00:00:00.1234567Z".parse().ok(),
    };
    let new = KeyElement::New {
        key_id: TWO,
        der: vec![1, 2, 3],
        display_name: "auditform".to_owned(),
        start: "2026-11-23T12:00:00Z".parse().unwrap(),
        end: "2027-11-23T12:00:00Z".parse().unwrap(),
    };
    entra.set_keys("object", &[KeyElement::Keep(kept), new]).await.unwrap();
    let kept = json!({ "keyId": ONE, "customKeyIdentifier": "AQID", "displayName": "old",
        "type": "AsymmetricX509Cert", "usage": "Verify", "key": null,
        "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2026-12-01T00:00:00.1234567Z" });
    let new = json!({ "keyId": TWO, "displayName": "auditform", "type": "AsymmetricX509Cert",
        "usage": "Verify", "key": "AQID", "startDateTime": "2026-11-23T12:00:00Z",
        "endDateTime": "2027-11-23T12:00:00Z" });
    assert_eq!(server.seen()[0].json(), json!({ "keyCredentials": [kept, new] }));
    assert_eq!(sent(&server), ["PATCH /v1.0/applications/object"]);
}

#[tokio::test]
async fn service_principals_and_consents() {
    let principal = json!({ "id": "sp", "appId": ONE, "displayName": "Exchange",
        "accountEnabled": true, "appRoles": [
            { "id": TWO, "value": "Exchange.ManageAsApp", "isEnabled": true,
              "allowedMemberTypes": ["Application"] },
            { "id": ONE, "value": null, "isEnabled": true, "allowedMemberTypes": ["User"] }] });
    let (server, entra) = entra([
        Reply::json(&principal),
        created(&principal),
        created(&consent("c")),
        done(),
        done(),
    ])
    .await;
    let found = entra.service_principal(ONE).await.unwrap().unwrap();
    let usable: Vec<bool> = found.app_roles.iter().map(|role| role.usable).collect();
    assert_eq!((usable, found.enabled), (vec![true, false], true));
    assert_eq!(entra.upsert_service_principal(ONE).await, Ok(Upserted::Created(found)));
    let granted = entra.grant_consent("client", "resource", TWO).await.unwrap();
    assert_eq!((granted.id.as_str(), granted.resource_id.as_str()), ("c", "resource"));
    entra.revoke_consent("resource", "c-_1").await.unwrap();
    entra.delete_service_principal("sp").await.unwrap();
    let select = "$select=id%2CappId%2CdisplayName%2CaccountEnabled%2CappRoles";
    assert_eq!(
        sent(&server),
        [
            format!("GET /v1.0/servicePrincipals(appId='{ONE}')?{select}"),
            format!("PATCH /v1.0/servicePrincipals(appId='{ONE}')"),
            "POST /v1.0/servicePrincipals/resource/appRoleAssignedTo".to_owned(),
            "DELETE /v1.0/servicePrincipals/resource/appRoleAssignedTo/c-_1".to_owned(),
            "DELETE /v1.0/servicePrincipals/sp".to_owned(),
        ]
    );
    let body = json!({ "principalId": "client", "resourceId": "resource", "appRoleId": TWO });
    assert_eq!(server.seen()[2].json(), body);
}

#[tokio::test]
async fn both_kinds_of_roles() {
    let given = json!({ "id": "a-1", "roleDefinitionId": "r", "directoryScopeId": "/" });
    let definition = json!({ "id": "r", "displayName": "Exchange Administrator" });
    let (server, entra) = entra([
        page(std::slice::from_ref(&definition), None),
        page(std::slice::from_ref(&given), None),
        created(&given),
        done(),
        page(&[definition], None),
        page(std::slice::from_ref(&given), None),
        created(&given),
        done(),
    ])
    .await;
    let name = &entra.directory_role_definitions().await.unwrap()[0].display_name;
    assert_eq!(name, "Exchange Administrator");
    assert_eq!(entra.directory_roles("sp").await.unwrap()[0].role_definition, "r");
    assert_eq!(entra.assign_directory_role("sp", "r").await.unwrap().id, "a-1");
    entra.remove_directory_role("a-1").await.unwrap();
    entra.exchange_role_definitions().await.unwrap();
    entra.exchange_roles("sp").await.unwrap();
    assert_eq!(entra.assign_exchange_role("sp", "r").await.unwrap().scope, "/");
    entra.remove_exchange_role("a-1").await.unwrap();
    let (directory, exchange) = ("/v1.0/roleManagement/directory", "/beta/roleManagement/exchange");
    let filter = |id: &str| format!("$filter=principalId%20eq%20%27{id}%27");
    assert_eq!(
        sent(&server),
        [
            format!("GET {directory}/roleDefinitions"),
            format!("GET {directory}/roleAssignments?{}", filter("sp")),
            format!("POST {directory}/roleAssignments"),
            format!("DELETE {directory}/roleAssignments/a-1"),
            format!("GET {exchange}/roleDefinitions"),
            format!("GET {exchange}/roleAssignments?{}", filter("%2FServicePrincipals%2Fsp")),
            format!("POST {exchange}/roleAssignments"),
            format!("DELETE {exchange}/roleAssignments/a-1"),
        ]
    );
    let seen = server.seen();
    assert_eq!(
        seen[2].json(),
        json!({ "@odata.type": "#microsoft.graph.unifiedRoleAssignment", "principalId": "sp",
            "roleDefinitionId": "r", "directoryScopeId": "/" })
    );
    assert_eq!(
        seen[6].json(),
        json!({ "principalId": "/ServicePrincipals/sp", "roleDefinitionId": "r",
            "directoryScopeId": "/", "appScopeId": null })
    );
}

#[tokio::test]
async fn federated_credentials_and_owners() {
    let row = json!({ "id": "f", "name": "main", "issuer": "https://i", "subject": "s",
        "audiences": ["api://a"], "description": null });
    let owner = json!({ "id": "o", "userPrincipalName": "ada@contoso.com" });
    let (server, entra) = entra([
        page(std::slice::from_ref(&row), None),
        created(&row),
        done(),
        done(),
        page(&[owner], None),
        done(),
        done(),
    ])
    .await;
    let wanted = FederatedWrite {
        name: "main".to_owned(),
        issuer: "https://i".to_owned(),
        subject: "s".to_owned(),
        audience: "api://a".to_owned(),
    };
    let found = entra.federated_credentials("object").await.unwrap().remove(0);
    assert_eq!((found.name, found.issuer), (wanted.name.clone(), wanted.issuer.clone()));
    assert_eq!(
        (found.subject, found.audiences),
        (wanted.subject.clone(), vec![wanted.audience.clone()])
    );
    let made = entra.create_federated_credential("object", &wanted).await.unwrap();
    entra.update_federated_credential("object", &made.id, &wanted).await.unwrap();
    entra.delete_federated_credential("object", &made.id).await.unwrap();
    assert_eq!(entra.owners("object").await.unwrap()[0].name, "ada@contoso.com");
    entra.add_owner("object", "o").await.unwrap();
    entra.remove_owner("object", "o").await.unwrap();
    let base = "/v1.0/applications/object";
    assert_eq!(
        sent(&server),
        [
            format!("GET {base}/federatedIdentityCredentials"),
            format!("POST {base}/federatedIdentityCredentials"),
            format!("PATCH {base}/federatedIdentityCredentials/f"),
            format!("DELETE {base}/federatedIdentityCredentials/f"),
            format!("GET {base}/owners"),
            format!("POST {base}/owners/$ref"),
            format!("DELETE {base}/owners/o/$ref"),
        ]
    );
    let seen = server.seen();
    let mut body = json!({ "issuer": "https://i", "subject": "s", "audiences": ["api://a"] });
    assert_eq!(seen[2].json(), body);
    body["name"] = json!("main");
    assert_eq!(seen[1].json(), body);
    let reference = format!("{}v1.0/directoryObjects/o", server.url);
    assert_eq!(seen[5].json(), json!({ "@odata.id": reference }));
}
