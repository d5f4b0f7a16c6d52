//! What an application may do and what it signs in with.

use auditform::resource::Kind;
use serde_json::{Value, json};

use super::application::{
    AUDITOR, DELETED_IS_DESIRED, delete_application, is_read, reads_applications, row,
};
use super::scene::{Cell, Row, Stage};
use crate::support::graph::{certificate, thumbprint};
use crate::support::{World, credential};

const HELD_OR_NOT: Cell = Cell::Cannot("it is held or it is not");
const MANAGE_AS_APP: &str = "dc50a0fb-09a3-484d-be87-e023b12c6440";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![consent(), consent_revoked()];
    rows.extend(ROLES.into_iter().flat_map(|roles| [role(roles), role_removed(roles)]));
    rows.extend([key(), key_removed(), federated(), federated_changed(), federated_removed()]);
    rows
}

fn with(more: &str) -> String {
    format!("{AUDITOR}{more}")
}

const PERMISSION: &str = "api_permissions = [\"Exchange.ManageAsApp\"]\n";

fn grant(stage: &Stage) {
    let (principal, exchange) = (stage.principal_id(), stage.exchange_online());
    let granted =
        json!({ "principalId": principal, "resourceId": exchange, "appRoleId": MANAGE_AS_APP });
    let path = format!("{}/appRoleAssignments", stage.principal());
    stage.graph("POST", &path, &granted);
}

fn consent() -> Row {
    row(
        (
            Kind::AppRoleAssignment,
            "created",
            "app_role_assignment.auditor[\"Exchange.ManageAsApp\"]",
        ),
        |write| write.path.contains("/appRole"),
        (
            &with(&format!("{PERMISSION}admin_consent = false\n")),
            &with(&format!("{PERMISSION}admin_consent = true\n")),
        ),
        [
            Cell::Left,
            Cell::Moved(grant),
            HELD_OR_NOT,
            Cell::Moved(delete_application),
            Cell::Unread(|seen| is_read(seen, "/appRoleAssignments")),
        ],
    )
}

fn consent_revoked() -> Row {
    let row = row(
        (
            Kind::AppRoleAssignment,
            "deleted",
            "app_role_assignment.auditor[\"Exchange.ManageAsApp\"]",
        ),
        |write| write.path.contains("/appRole"),
        (AUDITOR, &with("exclusive = true\n")),
        [
            Cell::Left,
            Cell::Moved(|stage| {
                let path = format!("{}/appRoleAssignments", stage.principal());
                let held = stage.graph("GET", &path, &Value::Null);
                let id = held["value"][0]["id"].as_str().unwrap();
                stage.graph("DELETE", &format!("{path}/{id}"), &Value::Null);
            }),
            HELD_OR_NOT,
            DELETED_IS_DESIRED,
            Cell::Unread(|seen| is_read(seen, "/appRoleAssignments")),
        ],
    );
    Row { prepare: grant, ..row }
}

/// A way of giving roles: the key of the spec, the collection, and one of its roles.
#[derive(Clone, Copy)]
struct Roles {
    kind: Kind,
    key: &'static str,
    role: &'static str,
    created: &'static str,
    give: fn(&Stage),
    take: fn(&Stage),
    unread: Cell,
}

const DIRECTORY: &str = "/v1.0/roleManagement/directory";
const EXCHANGE: &str = "/beta/roleManagement/exchange";

const ROLES: [Roles; 2] = [
    Roles {
        kind: Kind::DirectoryRoleAssignment,
        key: "directory_roles",
        role: "Global Reader",
        created: "directory_role_assignment.auditor[\"Global Reader\"]",
        give: |stage| give(stage, DIRECTORY, "Global Reader"),
        take: |stage| take(stage, DIRECTORY),
        unread: Cell::Unread(|seen| is_read(seen, "/directory/roleAssignments")),
    },
    Roles {
        kind: Kind::ExchangeRoleAssignment,
        key: "exchange_roles",
        role: "View-Only Configuration",
        created: "exchange_role_assignment.auditor[\"View-Only Configuration\"]",
        give: |stage| give(stage, EXCHANGE, "View-Only Configuration"),
        take: |stage| take(stage, EXCHANGE),
        unread: Cell::Unread(|seen| is_read(seen, "/exchange/roleAssignments")),
    },
];

fn give(stage: &Stage, provider: &str, role: &str) {
    let all = stage.graph("GET", &format!("{provider}/roleDefinitions"), &Value::Null);
    let all = all["value"].as_array().unwrap();
    let role = all.iter().find(|one| one["displayName"] == role).unwrap();
    let principal = stage.principal_id();
    let principal =
        if provider == EXCHANGE { format!("/ServicePrincipals/{principal}") } else { principal };
    let given = json!({
        "principalId": principal, "roleDefinitionId": role["id"], "directoryScopeId": "/",
    });
    stage.graph("POST", &format!("{provider}/roleAssignments"), &given);
}

fn take(stage: &Stage, provider: &str) {
    let principal = stage.principal_id();
    let all = stage.graph("GET", &format!("{provider}/roleAssignments"), &Value::Null);
    let all = all["value"].as_array().unwrap();
    let is_of_it = |one: &&Value| one["principalId"].as_str().unwrap().ends_with(&principal);
    let id = all.iter().find(is_of_it).unwrap()["id"].as_str().unwrap().to_owned();
    stage.graph("DELETE", &format!("{provider}/roleAssignments/{id}"), &Value::Null);
}

fn role(roles: Roles) -> Row {
    let spec = with(&format!("{} = [\"{}\"]\n", roles.key, roles.role));
    row(
        (roles.kind, "created", roles.created),
        |write| write.path.contains("/roleAssignments"),
        (AUDITOR, &spec),
        [
            Cell::Left,
            Cell::Moved(roles.give),
            HELD_OR_NOT,
            Cell::Moved(delete_application),
            roles.unread,
        ],
    )
}

fn role_removed(roles: Roles) -> Row {
    let row = row(
        (roles.kind, "deleted", roles.created),
        |write| write.path.contains("/roleAssignments"),
        (AUDITOR, &with("exclusive = true\n")),
        [Cell::Left, Cell::Moved(roles.take), HELD_OR_NOT, DELETED_IS_DESIRED, roles.unread],
    );
    Row { prepare: roles.give, ..row }
}

const CERTIFICATE: &str = "[certificate.auditor]\nexisting = \"auditor.pem\"\n";

fn lay(world: &World, name: &str) {
    world.write("auditor.pem", credential::named(name).pem());
}

fn register_key(stage: &Stage, name: &str) {
    use base64::Engine as _;
    let der = certificate(credential::named(name).pem().as_bytes());
    let der = base64::engine::general_purpose::STANDARD.encode(der);
    let key = json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": der });
    stage.graph("PATCH", &stage.application(), &json!({ "keyCredentials": [key] }));
}

fn key() -> Row {
    let registered = format!("{CERTIFICATE}{}", with("certificates = [\"certificate.auditor\"]\n"));
    let row = row(
        (Kind::KeyCredential, "created", "key_credential.auditor[\"certificate.auditor\"]"),
        |write| write.path.contains("/applications"),
        (AUDITOR, &registered),
        [
            Cell::Left,
            Cell::Moved(|stage| register_key(stage, "Ours")),
            Cell::Moved(|stage| lay(&stage.world, "Another")),
            Cell::Moved(delete_application),
            Cell::Unread(reads_applications),
        ],
    );
    Row { prepare: |stage| lay(&stage.world, "Ours"), ..row }
}

fn key_removed() -> Row {
    let thumbprint = thumbprint(&certificate(credential::named("Theirs").pem().as_bytes()));
    let address = format!("key_credential.auditor[\"{thumbprint}\"]");
    let row = row(
        // Lives as long as the tests do.
        (Kind::KeyCredential, "deleted", Box::leak(address.into_boxed_str())),
        |write| write.path.contains("/applications"),
        (AUDITOR, &with("exclusive = true\n")),
        [
            Cell::Left,
            Cell::Moved(|stage| {
                let none = json!({ "keyCredentials": [] });
                stage.graph("PATCH", &stage.application(), &none);
            }),
            Cell::Moved(|stage| {
                let none = json!({ "keyCredentials": [] });
                stage.graph("PATCH", &stage.application(), &none);
                register_key(stage, "Theirs");
            }),
            DELETED_IS_DESIRED,
            Cell::Unread(reads_applications),
        ],
    );
    Row { prepare: |stage| register_key(stage, "Theirs"), ..row }
}

const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn trusting(subject: &str) -> String {
    with(&format!(
        "[[application.auditor.federated_credentials]]\nname = \"pipeline\"\nissuer = \"{ISSUER}\"\n\
         subject = \"{subject}\"\n"
    ))
}

fn trust(stage: &Stage, subject: &str) {
    let path = format!("{}/federatedIdentityCredentials", stage.application());
    let audiences = ["api://AzureADTokenExchange"];
    let trusted =
        json!({ "name": "pipeline", "issuer": ISSUER, "subject": subject, "audiences": audiences });
    stage.graph("POST", &path, &trusted);
}

fn distrust(stage: &Stage) {
    let path = format!("{}/federatedIdentityCredentials", stage.application());
    let all = stage.graph("GET", &path, &Value::Null);
    let id = all["value"][0]["id"].as_str().unwrap();
    stage.graph("DELETE", &format!("{path}/{id}"), &Value::Null);
}

fn federation(what: &'static str, specs: (&str, &str), moves: [Cell; 3]) -> Row {
    let [already, otherwise, deleted] = moves;
    row(
        (Kind::FederatedCredential, what, "federated_credential.auditor[\"pipeline\"]"),
        |write| write.path.contains("/federatedIdentityCredentials"),
        specs,
        [
            Cell::Left,
            already,
            otherwise,
            deleted,
            Cell::Unread(|seen| is_read(seen, "/federatedIdentityCredentials")),
        ],
    )
}

fn federated() -> Row {
    let moves = [
        Cell::Moved(|stage| trust(stage, "repo:contoso/ours")),
        Cell::Moved(|stage| trust(stage, "repo:contoso/theirs")),
        Cell::Moved(delete_application),
    ];
    federation("created", (AUDITOR, &trusting("repo:contoso/ours")), moves)
}

fn federated_changed() -> Row {
    let moves = [
        Cell::Moved(|stage| retarget(stage, "repo:contoso/ours")),
        Cell::Moved(|stage| retarget(stage, "repo:contoso/theirs")),
        Cell::Moved(distrust),
    ];
    federation("changed", (&trusting("repo:contoso/old"), &trusting("repo:contoso/ours")), moves)
}

fn retarget(stage: &Stage, subject: &str) {
    let path = format!("{}/federatedIdentityCredentials", stage.application());
    let all = stage.graph("GET", &path, &Value::Null);
    let id = all["value"][0]["id"].as_str().unwrap();
    stage.graph("PATCH", &format!("{path}/{id}"), &json!({ "subject": subject }));
}

fn federated_removed() -> Row {
    let moves = [
        Cell::Moved(distrust),
        Cell::Moved(|stage| retarget(stage, "repo:contoso/theirs")),
        DELETED_IS_DESIRED,
    ];
    federation("deleted", (&trusting("repo:contoso/old"), &with("exclusive = true\n")), moves)
}
