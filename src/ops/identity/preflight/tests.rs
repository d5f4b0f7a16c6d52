//! Tokens of applications and of people against what the steps of a plan take.

#![expect(clippy::unwrap_used, reason = "tests")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::plan::ApplicationRef;

fn claims(payload: &serde_json::Value) -> Claims {
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    Claims::of_token(&format!("e30.{payload}.c2ln")).unwrap()
}

fn changes() -> Vec<IdentityChange> {
    let application = ApplicationRef {
        name: "audit".to_owned(),
        object_id: None,
        app_id: None,
        principal_id: None,
    };
    let writes = [
        IdentityWrite::CreateServicePrincipal { application: application.clone() },
        IdentityWrite::AssignDirectoryRole { application, role: "r".to_owned() },
    ];
    let address = crate::resource::Address::named(crate::resource::Kind::Application, "audit");
    vec![IdentityChange::of_steps(address, writes)]
}

fn codes(found: &Diagnostics) -> Vec<&str> {
    found.iter().map(|finding| finding.code).collect()
}

#[test]
fn an_application_with_the_permissions_passes() {
    let roles = ["Application.ReadWrite.All", "RoleManagement.ReadWrite.Directory"];
    let found = preflight(&claims(&serde_json::json!({ "roles": roles })), &changes());
    assert_eq!(codes(&found), Vec::<&str>::new());
}

#[test]
fn a_missing_permission_is_named_with_what_needs_it() {
    let roles = ["Application.ReadWrite.OwnedBy"];
    let found = preflight(&claims(&serde_json::json!({ "roles": roles })), &changes());
    assert_eq!(codes(&found), ["missing-permission"]);
    let finding = found.iter().next().unwrap();
    assert!(finding.summary.contains("`RoleManagement.ReadWrite.Directory`"), "{finding:?}");
    assert!(finding.notes.iter().any(|note| note.contains("`application.audit`")), "{finding:?}");
}

#[test]
fn a_person_needs_the_scope_and_a_role() {
    let azure_cli = serde_json::json!({ "scp": "Application.ReadWrite.All user_impersonation" });
    assert_eq!(codes(&preflight(&claims(&azure_cli), &changes())), ["missing-permission"]);
    let scopes = "Application.ReadWrite.All RoleManagement.ReadWrite.Directory";
    let reader =
        serde_json::json!({ "scp": scopes, "wids": ["f2ef992c-3afb-46b9-b7cf-a126ee74c451"] });
    assert_eq!(codes(&preflight(&claims(&reader), &changes())), ["missing-role"]);
    let global =
        serde_json::json!({ "scp": scopes, "wids": ["62e90394-69f5-4237-9190-012177145e10"] });
    assert_eq!(codes(&preflight(&claims(&global), &changes())), Vec::<&str>::new());
}
