//! Applications and service principals: made, upserted, changed, owned, federated, deleted.

use axum::http::Method;

use super::graph::Graph;
use super::*;

#[test]
fn an_upsert_makes_an_application_once() {
    let graph = Graph::new();
    let url = "/v1.0/applications(uniqueName='auditform')";
    let body = json!({ "displayName": "Auditform", "signInAudience": "AzureADMyOrg" });
    assert_eq!(graph.patch(url, body.clone()).status, 404);
    let made = graph.upsert(url, body.clone());
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["uniqueName"], "auditform");
    assert_eq!(made.body["signInAudience"], "AzureADMyOrg");
    let again = graph.upsert(url, json!({ "displayName": "Renamed" }));
    assert_eq!((again.status, again.text.as_str()), (204, ""));
    let read = graph.get(url);
    assert_eq!((read.id(), &read.body["displayName"]), (made.id(), &json!("Renamed")));
    let by_client =
        graph.get(&format!("/v1.0/applications(appId='{}')", made.body["appId"].as_str().unwrap()));
    assert_eq!(by_client.id(), made.id());
    let nameless = graph.upsert("/v1.0/applications(uniqueName='b')", json!({}));
    assert_eq!(nameless.error().0, "Request_BadRequest");
}

#[test]
fn the_audience_defaults_as_the_documents_have_it() {
    let graph = Graph::new();
    let made = graph.post("/v1.0/applications", json!({ "displayName": "a" }));
    assert_eq!(made.body["signInAudience"], "AzureADMyOrg");
    let upserted =
        graph.upsert("/v1.0/applications(uniqueName='b')", json!({ "displayName": "b" }));
    assert_eq!(upserted.body["signInAudience"], "AzureADandPersonalMicrosoftAccount");
}

#[test]
fn names_of_display_may_be_shared_and_unique_names_not() {
    let graph = Graph::new();
    let (first, _) = graph.application("twin");
    let (second, _) = graph.application("twin");
    assert_ne!(first, second);
    let name = |id: &str, name: &str| {
        graph.patch(&format!("/v1.0/applications/{id}"), json!({ "uniqueName": name }))
    };
    assert_eq!(name(&first, "k").status, 204, "it may be written onto one that has none");
    let taken = name(&second, "K");
    assert_eq!((taken.status, taken.error().0), (400, "Request_MultipleObjectsWithSameKeyValue"));
    assert_eq!(name(&first, "other").status, 400, "and never changes");
}

#[test]
fn a_change_keeps_what_it_does_not_name_and_replaces_collections_whole() {
    let graph = Graph::new();
    let (id, _) = graph.application("app");
    let url = format!("/v1.0/applications/{id}");
    let access = json!([{
        "resourceAppId": "00000002-0000-0ff1-ce00-000000000000",
        "resourceAccess": [{ "id": "dc50a0fb-09a3-484d-be87-e023b12c6440", "type": "Role" }],
    }]);
    let first = json!({ "notes": "n", "tags": ["a", "b"], "requiredResourceAccess": access });
    assert_eq!(graph.patch(&url, first).status, 204);
    assert_eq!(graph.patch(&url, json!({ "tags": ["c"], "description": "d" })).status, 204);
    let read = graph.get(&url).body;
    assert_eq!(read["tags"], json!(["c"]));
    assert_eq!((&read["notes"], &read["description"]), (&json!("n"), &json!("d")));
    assert_eq!(read["requiredResourceAccess"], access);
    assert_eq!(graph.patch(&url, json!({ "notes": null })).status, 204);
    assert_eq!(graph.get(&url).body["notes"], Value::Null);
}

#[test]
fn what_an_application_does_not_take_is_refused() {
    let graph = Graph::new();
    let (id, _) = graph.application("app");
    for body in [
        json!({ "nonsense": 1 }),
        json!({ "appId": id }),
        json!({ "tags": "a" }),
        json!({ "tags": null }),
        json!({ "displayName": "" }),
        json!({ "displayName": "x".repeat(257) }),
        json!({ "signInAudience": "Everyone" }),
        json!({ "passwordCredentials": [{ "displayName": "x" }] }),
        json!({ "requiredResourceAccess": [{ "resourceAppId": "x", "resourceAccess": [] }] }),
        json!({ "requiredResourceAccess": [{
            "resourceAppId": "00000002-0000-0ff1-ce00-000000000000",
            "resourceAccess": [{ "id": "dc50a0fb-09a3-484d-be87-e023b12c6440", "type": "Right" }],
        }] }),
    ] {
        let got = graph.patch(&format!("/v1.0/applications/{id}"), body.clone());
        assert_eq!((got.status, got.error().0), (400, "Request_BadRequest"), "{body}");
    }
}

#[test]
fn a_service_principal_belongs_to_an_application_of_the_tenant() {
    let graph = Graph::new();
    let (_, app_id) = graph.application("app");
    let url = format!("/v1.0/servicePrincipals(appId='{app_id}')");
    let made = graph.upsert(&url, json!({}));
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["displayName"], "app");
    assert_eq!(made.body["appOwnerOrganizationId"], graph.world.service.tenant.id.to_string());
    assert_eq!(graph.upsert(&url, json!({})).status, 204);
    let twice = graph.post("/v1.0/servicePrincipals", json!({ "appId": app_id }));
    assert_eq!((twice.status, twice.error().0), (409, "Request_MultipleObjectsWithSameKeyValue"));
    let stranger = "11111111-2222-3333-4444-555555555555";
    let none = graph.post("/v1.0/servicePrincipals", json!({ "appId": stranger }));
    assert_eq!(
        (none.status, none.error().1),
        (
            400,
            &*format!(
                "The appId '{stranger}' of the service principal does not reference a valid application object."
            )
        )
    );
}

#[test]
fn microsofts_own_service_principals_offer_the_published_permissions() {
    let graph = Graph::new();
    for (app_id, value, id) in [
        (
            "00000002-0000-0ff1-ce00-000000000000",
            "Exchange.ManageAsApp",
            "dc50a0fb-09a3-484d-be87-e023b12c6440",
        ),
        (
            "00000007-0000-0ff1-ce00-000000000000",
            "Exchange.ManageAsApp",
            "455e5cd2-84e8-4751-8344-5672145dfa17",
        ),
        (
            "00000003-0000-0000-c000-000000000000",
            "RoleManagement.ReadWrite.Exchange",
            "025d3225-3f02-4882-b4c0-cd5b541a4e80",
        ),
    ] {
        let url = format!("/v1.0/servicePrincipals(appId='{app_id}')?$select=appRoles");
        let read = graph.get(&url).body;
        let roles = read["appRoles"].as_array().unwrap();
        let role = roles.iter().find(|role| role["value"] == value).unwrap();
        assert_eq!(role["id"], id);
        assert_eq!(role["allowedMemberTypes"], json!(["Application"]));
        assert_eq!(read["displayName"], Value::Null, "not selected");
    }
}

#[test]
fn with_the_lesser_permission_an_application_touches_only_what_it_owns() {
    let graph = Graph::new();
    let (foreign, foreign_client) = graph.application("foreign");
    let graph = graph.allowed(&["Application.ReadWrite.OwnedBy"]);
    let (own, own_client) = graph.application("own");
    let change =
        |id: &str| graph.patch(&format!("/v1.0/applications/{id}"), json!({ "notes": "x" })).status;
    assert_eq!((change(&own), change(&foreign)), (204, 403));
    let principal =
        |app_id: &str| graph.post("/v1.0/servicePrincipals", json!({ "appId": app_id })).status;
    assert_eq!((principal(&own_client), principal(&foreign_client)), (201, 403));
    let owners = graph.get(&format!("/v1.0/applications/{own}/owners"));
    assert_eq!(owners.rows()[0]["id"], graph.world.service.generated().object_id.to_string());
}

#[test]
fn owners_are_added_by_reference_and_once() {
    let graph = Graph::new();
    let (id, principal, _) = graph.principal("app");
    let url = format!("/v1.0/applications/{id}/owners");
    let reference = json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{principal}") });
    let add = || graph.post(&format!("{url}/$ref"), reference.clone());
    assert_eq!(add().status, 204);
    assert!(add().error().1.starts_with("One or more added object references already exist"));
    assert_eq!(graph.get(&url).rows()[0]["id"], principal);
    assert_eq!(graph.delete(&format!("{url}/{principal}/$ref")).status, 204);
    assert_eq!(graph.get(&url).rows().len(), 0);
    let bound = json!({
        "displayName": "b",
        "owners@odata.bind": [reference["@odata.id"]],
    });
    let made = graph.post("/v1.0/applications", bound);
    let owners = graph.get(&format!("/v1.0/applications/{}/owners", made.id()));
    assert_eq!(owners.rows()[0]["id"], principal);
}

#[test]
fn the_administrator_is_found_by_name_and_by_id_and_can_own() {
    let graph = Graph::new();
    let (application, _) = graph.application("app");
    let user = graph.get("/v1.0/users/Admin@contoso.onmicrosoft.com?$select=id,displayName");
    assert_eq!(user.body["displayName"], "Tenant Administrator");
    let id = user.id();
    let by_id = graph.get(&format!("/v1.0/users/{id}"));
    assert_eq!(by_id.body["userPrincipalName"], "admin@contoso.onmicrosoft.com");
    assert_eq!(graph.get("/v1.0/users/nobody@contoso.onmicrosoft.com").status, 404);
    let url = format!("/v1.0/applications/{application}/owners");
    let reference =
        json!({ "@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}") });
    assert_eq!(graph.post(&format!("{url}/$ref"), reference).status, 204);
    let owner = graph.get(&url).rows()[0].clone();
    assert_eq!(
        (&owner["id"], &owner["@odata.type"]),
        (&json!(id), &json!("#microsoft.graph.user"))
    );
    let graph = graph.allowed(&["Application.ReadWrite.All"]);
    assert_eq!(graph.get("/v1.0/users").status, 403);
}

#[test]
fn federated_credentials_keep_to_their_rules() {
    let graph = Graph::new();
    let (id, _) = graph.application("ci");
    let url = format!("/v1.0/applications/{id}/federatedIdentityCredentials");
    let good = |name: &str, subject: &str| {
        json!({
            "name": name, "issuer": "https://token.actions.githubusercontent.com",
            "subject": subject, "audiences": ["api://AzureADTokenExchange"],
        })
    };
    let made = graph.post(&url, good("main", "repo:a/b:ref:refs/heads/main"));
    assert_eq!(made.status, 201, "{}", made.text);
    let name = graph.post(&url, good("main", "other"));
    assert_eq!(
        (name.status, name.error().1),
        (409, "FederatedIdentityCredential with name main already exists.")
    );
    let subject = graph.post(&url, good("second", "repo:a/b:ref:refs/heads/main"));
    assert_eq!(subject.error().0, "Request_MultipleObjectsWithSameKeyValue");
    let mut two = good("two", "x");
    two["audiences"] = json!(["a", "b"]);
    for bad in [good("ab", "x"), good("a b c", "x"), two, json!({ "name": "abc" })] {
        assert_eq!(graph.post(&url, bad.clone()).status, 400, "{bad}");
    }
    let by_name = format!("{url}(name='main')");
    assert_eq!(graph.upsert(&by_name, json!({ "subject": "repo:a/b:pull_request" })).status, 204);
    assert_eq!(graph.get(&by_name).body["subject"], "repo:a/b:pull_request");
    assert_eq!(graph.get(&format!("{url}/{}", made.id())).body["name"], "main");
    let renamed = graph.patch(&by_name, json!({ "name": "other" }));
    assert_eq!(renamed.error().1, "Name is immutable and cannot be changed after creation.");
    let new = format!("{url}(name='release')");
    assert_eq!(graph.patch(&new, good("release", "r")).status, 404);
    assert_eq!(graph.upsert(&new, good("release", "r")).status, 201);
    for number in 0..18 {
        assert_eq!(
            graph.post(&url, good(&format!("n{number:02}"), &number.to_string())).status,
            201
        );
    }
    assert_eq!(graph.post(&url, good("n21", "n21")).error().0, "Directory_QuotaExceeded");
    assert_eq!(graph.delete(&by_name).status, 204);
    assert_eq!(graph.get(&by_name).status, 404);
    assert_eq!(graph.get(&url).rows().len(), 19);
}

#[test]
fn deleting_an_application_takes_everything_with_it_and_it_can_come_back() {
    let graph = Graph::new();
    let (id, principal, app_id) = graph.principal("app");
    let exchange = graph.exchange();
    let grant = json!({
        "principalId": principal, "resourceId": exchange,
        "appRoleId": "dc50a0fb-09a3-484d-be87-e023b12c6440",
    });
    let url = format!("/v1.0/servicePrincipals/{exchange}/appRoleAssignedTo");
    assert_eq!(graph.post(&url, grant).status, 201);
    assert_eq!(graph.delete(&format!("/v1.0/applications/{id}")).status, 204);
    assert_eq!(graph.get(&format!("/v1.0/applications/{id}")).status, 404);
    assert_eq!(graph.get(&format!("/v1.0/servicePrincipals/{principal}")).status, 404);
    assert!(graph.get(&url).rows().iter().all(|row| row["principalId"] != *principal));
    let deleted = graph.get(&format!("/v1.0/directory/deletedItems/{id}"));
    assert_eq!(deleted.body["deletedDateTime"], "2027-01-15T08:00:00Z");
    let all = graph.get("/v1.0/directory/deletedItems/microsoft.graph.application");
    assert_eq!(all.rows().len(), 1);
    let restore = format!("/v1.0/directory/deletedItems/{id}/restore");
    assert_eq!(graph.post(&restore, Value::Null).status, 200);
    assert_eq!(graph.get(&format!("/v1.0/applications/{id}")).body["appId"], app_id);
    assert_eq!(graph.delete(&format!("/v1.0/applications/{id}")).status, 204);
    assert_eq!(graph.delete(&format!("/v1.0/directory/deletedItems/{id}")).status, 204);
    assert_eq!(graph.get(&format!("/v1.0/directory/deletedItems/{id}")).status, 404);
    assert_ne!(graph.application("app").0, id, "no id is given twice");
}

#[test]
fn a_new_name_reaches_the_service_principal() {
    let graph = Graph::new();
    let (id, principal, _) = graph.principal("old");
    graph.patch(&format!("/v1.0/applications/{id}"), json!({ "displayName": "new" }));
    let url = format!("/v1.0/servicePrincipals/{principal}");
    assert_eq!(graph.get(&url).body["displayName"], "new");
    let disable = graph.send(Method::PATCH, &url, &[], &json!({ "accountEnabled": false }));
    assert_eq!(disable.status, 204);
    assert_eq!(graph.get(&url).body["accountEnabled"], false);
}
