//! Consent, directory roles and the roles of Exchange, and what they do to tokens.

use super::graph::{EXCHANGE_ADMINISTRATOR, EXCHANGE_ONLINE, Graph, MANAGE_AS_APP};
use super::*;

const DIRECTORY: &str = "/v1.0/roleManagement/directory/roleAssignments";
const EXCHANGE_ROLES: &str = "/beta/roleManagement/exchange/roleAssignments";

fn grant(principal: &str, resource: &str, role: &str) -> Value {
    json!({ "principalId": principal, "resourceId": resource, "appRoleId": role })
}

#[test]
fn consent_is_given_once_and_seen_from_both_sides() {
    let graph = Graph::new();
    let (_, principal, app_id) = graph.principal("app");
    let exchange = graph.exchange();
    let to = format!("/v1.0/servicePrincipals/{exchange}/appRoleAssignedTo");
    let made = graph.post(&to, grant(&principal, &exchange, MANAGE_AS_APP));
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["principalDisplayName"], "app");
    assert_eq!(made.body["resourceDisplayName"], "Office 365 Exchange Online");
    assert_eq!(made.body["principalType"], "ServicePrincipal");
    let again = graph.post(&to, grant(&principal, &exchange, MANAGE_AS_APP));
    assert_eq!(
        (again.status, again.error()),
        (400, ("Request_BadRequest", "Permission being assigned already exists on the object"))
    );
    let held = format!("/v1.0/servicePrincipals(appId='{app_id}')/appRoleAssignments");
    let filtered = graph.get(&format!("{held}?$filter=resourceId eq {exchange}"));
    assert_eq!(filtered.column("id"), [made.id()]);
    assert_eq!(graph.get(&format!("{held}?$filter=appRoleId eq {MANAGE_AS_APP}")).status, 400);
    let claims = claims_of(&graph.world.service, app_id.parse().unwrap(), EXCHANGE);
    assert_eq!(claims.roles, ["Exchange.ManageAsApp"]);
    assert_eq!(graph.delete(&format!("{to}/{}", made.id())).status, 204);
    assert_eq!(graph.get(&held).rows().len(), 0);
    let claims = claims_of(&graph.world.service, app_id.parse().unwrap(), EXCHANGE);
    assert!(claims.roles.is_empty());
}

#[test]
fn consent_takes_two_permissions_and_ids_that_fit() {
    let graph = Graph::new();
    let (_, principal, _) = graph.principal("app");
    let exchange = graph.exchange();
    let to = format!("/v1.0/servicePrincipals(appId='{EXCHANGE_ONLINE}')/appRoleAssignedTo");
    let stranger = "11111111-2222-3333-4444-555555555555";
    for (body, message) in [
        (grant(stranger, &exchange, MANAGE_AS_APP), "Not a valid reference update."),
        (
            grant(&principal, &exchange, stranger),
            "Permission being assigned was not found on application",
        ),
        (
            grant(&principal, &principal, MANAGE_AS_APP),
            "Invalid value specified for property 'resourceId' of resource 'AppRoleAssignment'.",
        ),
    ] {
        let got = graph.post(&to, body);
        assert_eq!((got.status, got.error().1), (400, message));
    }
    let graph = graph.allowed(&["AppRoleAssignment.ReadWrite.All"]);
    let got = graph.post(&to, grant(&principal, &exchange, MANAGE_AS_APP));
    assert_eq!((got.status, got.error().0), (403, "Authorization_RequestDenied"));
}

#[test]
fn consent_by_a_person_asks_for_a_higher_role_where_graph_is_the_resource() {
    let graph = Graph::new();
    let (_, principal, _) = graph.principal("app");
    let exchange = graph.exchange();
    let resource = "00000003-0000-0000-c000-000000000000";
    let microsoft_graph = graph.get(&format!("/v1.0/servicePrincipals(appId='{resource}')")).id();
    let application_administrator = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
    let scopes = "AppRoleAssignment.ReadWrite.All Application.Read.All";
    let graph = graph.person(scopes, &[application_administrator]);
    let give = |resource: &str, role: &str| {
        let url = format!("/v1.0/servicePrincipals/{principal}/appRoleAssignments");
        graph.post(&url, grant(&principal, resource, role)).status
    };
    assert_eq!(give(&exchange, MANAGE_AS_APP), 201);
    assert_eq!(give(&microsoft_graph, "7ab1d382-f21e-4acd-a863-ba3e13f7da61"), 403);
}

#[test]
fn a_directory_role_is_held_once_and_stands_in_the_token() {
    let graph = Graph::new();
    let (_, principal, app_id) = graph.principal("app");
    let body = json!({
        "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
        "principalId": principal, "roleDefinitionId": EXCHANGE_ADMINISTRATOR,
        "directoryScopeId": "/",
    });
    let made = graph.post(DIRECTORY, body.clone());
    assert_eq!(made.status, 201, "{}", made.text);
    let again = graph.post(DIRECTORY, body.clone());
    assert_eq!(
        (again.status, again.error()),
        (
            400,
            (
                "Request_BadRequest",
                "A conflicting object with one or more of the specified property values is present in the directory."
            )
        )
    );
    let filter =
        format!("principalId eq '{principal}' and roleDefinitionId eq '{EXCHANGE_ADMINISTRATOR}'");
    let held = graph.get(&format!("{DIRECTORY}?$filter={filter}"));
    assert_eq!(held.column("id"), [made.id()]);
    let wids = || claims_of(&graph.world.service, app_id.parse().unwrap(), EXCHANGE).wids;
    assert_eq!(wids(), [EXCHANGE_ADMINISTRATOR]);
    assert_eq!(graph.delete(&format!("{DIRECTORY}/{}", made.id())).status, 204);
    assert!(wids().is_empty());
    assert_eq!(graph.delete(&format!("{DIRECTORY}/{}", made.id())).status, 404);
    let without = |name: &str| {
        let mut body = body.clone();
        body.as_object_mut().unwrap().remove(name);
        graph.post(DIRECTORY, body).status
    };
    assert_eq!(without("directoryScopeId"), 400);
    assert_eq!(without("principalId"), 400);
    let mut unknown = body.clone();
    unknown["principalId"] = "11111111-2222-3333-4444-555555555555".into();
    assert_eq!(graph.post(DIRECTORY, unknown).error().0, "Request_ResourceNotFound");
}

#[test]
fn built_in_roles_are_found_by_name_under_their_template_ids() {
    let graph = Graph::new();
    let definitions = "/v1.0/roleManagement/directory/roleDefinitions";
    let found =
        graph.get(&format!("{definitions}?$filter=displayName eq 'Exchange Administrator'"));
    assert_eq!(found.column("id"), [EXCHANGE_ADMINISTRATOR]);
    assert_eq!(found.column("templateId"), [EXCHANGE_ADMINISTRATOR]);
    let one = graph.get(&format!("{definitions}/{EXCHANGE_ADMINISTRATOR}"));
    assert_eq!(one.body["displayName"], "Exchange Administrator");
}

/// An application with consent, and nothing else: its client id and its service principal.
fn consented(graph: &Graph) -> (String, String) {
    let (_, principal, app_id) = graph.principal("app");
    let exchange = graph.exchange();
    let to = format!("/v1.0/servicePrincipals/{exchange}/appRoleAssignedTo");
    assert_eq!(graph.post(&to, grant(&principal, &exchange, MANAGE_AS_APP)).status, 201);
    (app_id, principal)
}

fn status(graph: &Graph, app_id: &str, cmdlet: &str) -> u16 {
    let claims = claims_of(&graph.world.service, app_id.parse().unwrap(), EXCHANGE);
    let bearer = graph.world.bearer(&claims);
    let body = input(cmdlet, &json!({ "ResultSize": "Unlimited" }));
    let body = if cmdlet == "Get-Mailbox" { body } else { input(cmdlet, &json!({})) };
    graph.world.send("", &[("authorization", &bearer)], &body).status
}

#[test]
fn exchange_wants_the_permission_and_then_a_role_that_covers_the_cmdlet() {
    let graph = Graph::new();
    let (_, _, bare) = graph.principal("bare");
    assert_eq!(status(&graph, &bare, "Get-Mailbox"), 401);
    let (app_id, principal) = consented(&graph);
    assert_eq!(status(&graph, &app_id, "Get-Mailbox"), 403);
    let global_reader = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
    let body = json!({
        "principalId": principal, "roleDefinitionId": global_reader, "directoryScopeId": "/",
    });
    assert_eq!(graph.post(DIRECTORY, body).status, 201);
    for (cmdlet, wanted) in [
        ("Get-Mailbox", 200),
        ("Get-OrganizationConfig", 200),
        ("Get-AdminAuditLogConfig", 200),
        ("Set-Mailbox", 403),
        ("Set-OrganizationConfig", 403),
        ("Enable-OrganizationCustomization", 403),
    ] {
        assert_eq!(status(&graph, &app_id, cmdlet), wanted, "{cmdlet}");
    }
}

#[test]
fn roles_of_exchange_itself_do_instead_of_a_directory_role() {
    let graph = Graph::new();
    let (app_id, principal) = consented(&graph);
    let definitions = graph.get("/beta/roleManagement/exchange/roleDefinitions");
    let id = |name: &str| {
        let rows = definitions.rows();
        rows.iter().find(|row| row["displayName"] == name).unwrap()["id"].clone()
    };
    let give = |role: &str| {
        graph.post(
            EXCHANGE_ROLES,
            json!({
                "principalId": format!("/ServicePrincipals/{principal}"),
                "roleDefinitionId": id(role), "directoryScopeId": "/", "appScopeId": null,
            }),
        )
    };
    let covered = |cmdlet: &str| status(&graph, &app_id, cmdlet) != 403;
    assert_eq!(give("Mail Recipients").status, 201);
    assert!(covered("Get-Mailbox") && covered("Set-Mailbox"));
    assert!(!covered("Get-OrganizationConfig") && !covered("Get-AdminAuditLogConfig"));
    let audit = give("Audit Logs");
    assert!(covered("Get-AdminAuditLogConfig") && covered("Set-AdminAuditLogConfig"));
    assert_eq!(give("Organization Configuration").status, 201);
    assert!(covered("Set-OrganizationConfig") && covered("Enable-OrganizationCustomization"));
    assert_eq!(give("Audit Logs").status, 409);
    let filter = format!("principalId eq '/ServicePrincipals/{principal}'");
    assert_eq!(graph.get(&format!("{EXCHANGE_ROLES}?$filter={filter}")).rows().len(), 3);
    assert_eq!(graph.delete(&format!("{EXCHANGE_ROLES}/{}", audit.id())).status, 204);
    assert!(!covered("Set-AdminAuditLogConfig"));
    let stranger = json!({
        "principalId": "/ServicePrincipals/11111111-2222-3333-4444-555555555555",
        "roleDefinitionId": id("Audit Logs"), "directoryScopeId": "/",
    });
    let got = graph.post(EXCHANGE_ROLES, stranger);
    assert_eq!(got.status, 404);
    assert!(got.error().1.contains("couldn't be found"), "{}", got.text);
}
