//! The registration of an application, its owners and its service principal.

use auditform::resource::Kind;
use serde_json::{Value, json};

use super::scene::{Cell, Object, Row, SEED, Stage};
use crate::support::Request;
use crate::support::front::Seen;

/// An application that the specs are about.
pub(super) const AUDITOR: &str =
    "[application.auditor]\nunique_name = \"auditor\"\ndisplay_name = \"Auditor\"\n";
pub(super) const ABSENT: &str =
    "[application.auditor]\nunique_name = \"auditor\"\nensure = \"absent\"\n";
const ADMINISTRATOR: &str = "admin@contoso.onmicrosoft.com";

/// A row of one object.
pub(super) fn row(
    (kind, what, address): (Kind, &'static str, &'static str),
    is_write: fn(&Request) -> bool,
    (before, spec): (&str, &str),
    cells: [Cell; 5],
) -> Row {
    Row {
        objects: vec![Object { kind, what, address, is_write }],
        seed: SEED.to_owned(),
        before: before.to_owned(),
        prepare: |_| {},
        spec: spec.to_owned(),
        cells,
    }
}

pub(super) fn is_read(seen: &Seen, what: &str) -> bool {
    seen.method() == "GET" && seen.target.contains(what)
}

pub(super) fn reads_applications(seen: &Seen) -> bool {
    is_read(seen, "/v1.0/applications")
}

pub(super) const DELETED_IS_DESIRED: Cell = Cell::Cannot("deleted is what the plan wants");
pub(super) const NOT_THERE: Cell = Cell::Cannot("it is not there yet, and stands on nothing else");

pub(super) fn rows() -> Vec<Row> {
    vec![
        registered(),
        changed(),
        removed(),
        owner(),
        owner_removed(),
        principal(),
        principal_removed(),
    ]
}

/// As another run of the same spec makes it.
pub(super) fn register(stage: &Stage, display_name: &str, tags: &Value) {
    let path = "/v1.0/applications(uniqueName='auditor')";
    let body =
        json!({ "displayName": display_name, "signInAudience": "AzureADMyOrg", "tags": tags });
    stage.graph_with("PATCH", path, &body, "Prefer: create-if-missing");
}

fn registered() -> Row {
    row(
        (Kind::Application, "created", "application.auditor"),
        |write| write.method == "PATCH" && write.path.contains("/applications(uniqueName"),
        ("", AUDITOR),
        [
            Cell::Left,
            Cell::Moved(|stage| {
                register(stage, "Auditor", &json!(["auditform", "auditform:application.auditor"]));
            }),
            Cell::Moved(|stage| {
                register(stage, "Theirs", &json!(["auditform", "auditform:application.auditor"]));
            }),
            NOT_THERE,
            Cell::Unread(reads_applications),
        ],
    )
}

/// Whose place a stranger's application has taken.
pub(super) fn taken() -> Row {
    row(
        (Kind::Application, "created, by another spec", "application.auditor"),
        |write| write.method == "PATCH" && write.path.contains("/applications"),
        ("", AUDITOR),
        [
            Cell::Left,
            Cell::Cannot("what is made for another spec is not desired"),
            Cell::Moved(|stage| register(stage, "Auditor", &json!(["auditform:spec/x"]))),
            NOT_THERE,
            Cell::Unread(reads_applications),
        ],
    )
}

const RENAMED: &str =
    "[application.auditor]\nunique_name = \"auditor\"\ndisplay_name = \"Auditor of ours\"\n";

fn changed() -> Row {
    row(
        (Kind::Application, "changed", "application.auditor"),
        |write| write.method == "PATCH" && write.path.contains("/applications"),
        (AUDITOR, RENAMED),
        [
            Cell::Left,
            Cell::Moved(|stage| {
                let named = json!({ "displayName": "Auditor of ours" });
                stage.graph("PATCH", &stage.application(), &named);
            }),
            Cell::Moved(|stage| {
                stage.graph("PATCH", &stage.application(), &json!({ "displayName": "Theirs" }));
            }),
            Cell::Moved(delete_application),
            Cell::Unread(reads_applications),
        ],
    )
}

pub(super) fn delete_application(stage: &Stage) {
    stage.graph("DELETE", &stage.application(), &Value::Null);
}

fn removed() -> Row {
    row(
        (Kind::Application, "deleted", "application.auditor"),
        |write| write.method == "DELETE" && write.path.contains("/applications"),
        (AUDITOR, ABSENT),
        [
            Cell::Left,
            Cell::Moved(delete_application),
            Cell::Moved(|stage| {
                stage.graph("PATCH", &stage.application(), &json!({ "displayName": "Theirs" }));
            }),
            DELETED_IS_DESIRED,
            Cell::Unread(reads_applications),
        ],
    )
}

fn owned_by_administrator() -> String {
    format!("{AUDITOR}owners = [\"{ADMINISTRATOR}\"]\n")
}

fn add_owner(stage: &Stage, id: &Value) {
    let id = id.as_str().unwrap();
    let owner = format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}");
    let path = format!("{}/owners/$ref", stage.application());
    stage.graph("POST", &path, &json!({ "@odata.id": owner }));
}

fn owner() -> Row {
    row(
        (
            Kind::ApplicationOwner,
            "created",
            "application_owner.auditor[\"admin@contoso.onmicrosoft.com\"]",
        ),
        |write| write.path.contains("/owners"),
        (AUDITOR, &owned_by_administrator()),
        [
            Cell::Left,
            Cell::Moved(|stage| {
                let path = format!("/v1.0/users/{ADMINISTRATOR}");
                add_owner(stage, &stage.graph("GET", &path, &Value::Null)["id"]);
            }),
            Cell::Cannot("one is an owner or is not"),
            Cell::Moved(delete_application),
            Cell::Unread(|seen| is_read(seen, "/owners")),
        ],
    )
}

fn owner_removed() -> Row {
    let prepare = |stage: &Stage| add_owner(stage, &json!(stage.exchange_online()));
    let row = row(
        (
            Kind::ApplicationOwner,
            "deleted",
            "application_owner.auditor[\"Office 365 Exchange Online\"]",
        ),
        |write| write.path.contains("/owners"),
        (&owned_by_administrator(), &format!("{}exclusive = true\n", owned_by_administrator())),
        [
            Cell::Left,
            Cell::Moved(|stage| {
                let owner = stage.exchange_online();
                let path = format!("{}/owners/{owner}/$ref", stage.application());
                stage.graph("DELETE", &path, &Value::Null);
            }),
            Cell::Cannot("one is an owner or is not"),
            DELETED_IS_DESIRED,
            Cell::Unread(|seen| is_read(seen, "/owners")),
        ],
    );
    Row { prepare, ..row }
}

pub(super) fn delete_principal(stage: &Stage) {
    stage.graph("DELETE", &stage.principal(), &Value::Null);
}

fn make_principal(stage: &Stage) {
    stage.graph("POST", "/v1.0/servicePrincipals", &json!({ "appId": stage.client_id() }));
}

fn principal() -> Row {
    let row = row(
        (Kind::ServicePrincipal, "created", "service_principal.auditor"),
        |write| write.path.contains("/servicePrincipals"),
        (AUDITOR, AUDITOR),
        [
            Cell::Left,
            Cell::Moved(make_principal),
            Cell::Cannot("no attribute of it is managed"),
            Cell::Moved(delete_application),
            Cell::Unread(|seen| is_read(seen, "/servicePrincipals")),
        ],
    );
    Row { prepare: delete_principal, ..row }
}

fn principal_removed() -> Row {
    row(
        (Kind::ServicePrincipal, "deleted", "service_principal.auditor"),
        |write| write.path.contains("/servicePrincipals"),
        (AUDITOR, ABSENT),
        [
            Cell::Left,
            Cell::Moved(delete_principal),
            Cell::Moved(|stage| {
                delete_principal(stage);
                make_principal(stage);
            }),
            DELETED_IS_DESIRED,
            Cell::Unread(|seen| is_read(seen, "/servicePrincipals")),
        ],
    )
}
