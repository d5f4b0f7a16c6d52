//! What stands in the way of an identity chain, and what is read then: objects that are not there,
//! rights that lack. Nothing is written. Certificates are in `identity_bad_certificates.rs`, chains
//! that are left half made in `identity_half_made.rs`.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use serde_json::json;
use snapbox::data::Inline;
use snapbox::{assert_data_eq, str};

use crate::bad_input::{BODY, CLIENT, SEED, fails};
use crate::sign_in_methods::{CHAIN, spec};
use crate::support::{Emulator, World};

/// The generated application, for the work in the directory.
pub(crate) fn bootstrap(emulator: &Emulator) -> String {
    let (client_id, certificate) = (&emulator.client_id, emulator.certificate.display());
    format!(
        "\n[tenant.bootstrap]\nmethod = \"certificate\"\nclient_id = \"{client_id}\"\n\
         certificate = \"{certificate}\"\n"
    )
}

/// The usual chain with one thing in it exchanged.
pub(crate) fn exchanged(from: &str, to: &str) -> (World, Emulator) {
    let world = World::new();
    let emulator = Emulator::start(&world, SEED);
    assert!(CHAIN.contains(from), "{from}");
    let chain = CHAIN.replace(from, to);
    spec(&world, &emulator, &format!("{chain}{}\n{BODY}", bootstrap(&emulator)));
    (world, emulator)
}

/// Nothing of the directory was written, whatever was read.
#[track_caller]
fn refused(world: &World, emulator: &Emulator, expected: Inline) {
    fails(world, &["apply", "--auto-approve"], 1, expected);
    assert_eq!(emulator.directory_writes(), []);
    assert!(!world.path("keys").exists());
}

#[test]
fn an_app_id_of_another_tenant() {
    let name = "display_name = \"Auditor\"";
    let (world, emulator) = exchanged(name, &format!("app_id = \"{CLIENT}\""));
    refused(
        &world,
        &emulator,
        str![[r#"
error[no-such-application]: no application of this tenant has the `app_id` <guid>
  --> auditform.toml:14:10
   |
14 | app_id = "<guid>"
   |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   |
   = note: only applications that are registered in the tenant itself can be adopted
   = help: copy it from the application's Overview page, or name a `unique_name` to have one made

"#]],
    );
}

#[test]
fn two_applications_of_one_name() {
    let world = World::new();
    let twice = "\n[[application]]\ndisplay_name = \"Auditor\"\n".repeat(2);
    let emulator = Emulator::start(&world, &format!("{SEED}{twice}"));
    spec(&world, &emulator, &format!("{CHAIN}{}\n{BODY}", bootstrap(&emulator)));
    refused(
        &world,
        &emulator,
        str![[r#"
error[ambiguous-application]: the tenant has applications called `Auditor` already
  --> auditform.toml:14:16
   |
14 | display_name = "Auditor"
   |                ^^^^^^^^^
   |
   = note: app_id = "<guid>", made on 2024-01-01T00:00:00Z
   = note: app_id = "<guid>", made on 2024-01-01T00:00:00Z
   = help: adopt one of them with `app_id = "..."`, or make another one beside them with `unique_name = "..."`

"#]],
    );
}

#[test]
fn a_permission_that_the_service_does_not_have() {
    let misspelt = "00000003-0000-0000-c000-000000000000/Organisation.Read.All";
    let (world, emulator) = exchanged("\"Exchange.ManageAsApp\"", &format!("\"{misspelt}\""));
    refused(
        &world,
        &emulator,
        str![[r#"
warning[no-exchange-permission]: Exchange will not let `application.auditor` in
  --> auditform.toml:13:1
   |
 8 | application = "application.auditor"
   |               --------------------- the run signs in with it
...
13 | [application.auditor]
   | ^^^^^^^^^^^^^^^^^^^^^ without the permission
   |
   = note: Exchange answers 401 without consent to `Exchange.ManageAsApp`
   = help: add `Exchange.ManageAsApp` to `api_permissions`
error[unknown-permission]: Microsoft Graph has no application permission `Organisation.Read.All`
  --> auditform.toml:15:20
   |
15 | api_permissions = ["<guid>/Organisation.Read.All"]
   |                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   |
   = help: did you mean `Organization.Read.All`?

"#]],
    );
}

#[test]
fn a_person_without_the_role() {
    let world = World::new();
    let administrator = "\n[administrator]\nroles = [\"Global Reader\"]\n";
    let options = ["--device-code", "approve-after:1", "--device-interval", "0"];
    let emulator = Emulator::with(&world, &format!("{SEED}{administrator}"), &options);
    let person = "\n[tenant.bootstrap]\nmethod = \"device_code\"\n";
    spec(&world, &emulator, &format!("{CHAIN}{person}\n{BODY}"));
    refused(
        &world,
        &emulator,
        str![[r#"
To sign in, use a web browser to open the page http://127.0.0.1:<port>/_emulator/device and enter the code [..] to authenticate.
error[missing-role]: whoever signed in has none of the roles Cloud Application Administrator, Application Administrator, Privileged Role Administrator, Global Administrator
 |
 = note: one of them is needed for `app_role_assignment.auditor["Exchange.ManageAsApp"]`
 = note: nothing was written
 = help: have a Privileged Role Administrator assign the role, then sign in again

error[missing-role]: whoever signed in has none of the roles Privileged Role Administrator, Global Administrator
 |
 = note: one of them is needed for `directory_role_assignment.auditor["Exchange Administrator"]`
 = note: nothing was written
 = help: have a Privileged Role Administrator assign the role, then sign in again

"#]],
    );
    // A plan shows what is wanted all the same, and says what will be missing.
    let plan = world.run(&["plan"]).ended(0);
    assert!(plan.stderr.contains("warning[missing-role]"), "{}", plan.stderr);
    assert!(plan.stdout.contains("directory_role_assignment.auditor"), "{}", plan.stdout);
}

#[test]
fn an_application_without_the_permission() {
    let world = World::new();
    let emulator = Emulator::start(&world, SEED);
    // One that may register applications and read, and no more.
    let limited = CHAIN
        .replace(
            "[\"Exchange.ManageAsApp\"]",
            "[\"Application.ReadWrite.All\", \"Directory.Read.All\"]",
        )
        .replace("directory_roles = [\"Exchange Administrator\"]\n", "");
    spec(&world, &emulator, &format!("{limited}{}", bootstrap(&emulator)));
    world.run(&["apply", "--auto-approve"]).ended(0);
    let state = emulator.state();
    let mut made = state["Applications"].as_array().unwrap().iter();
    let made = made.find(|app| app["displayName"] == "Auditor").unwrap();
    let client_id = made["appId"].as_str().unwrap();
    let as_limited = format!(
        "\n[tenant.bootstrap]\nmethod = \"certificate\"\nclient_id = \"{client_id}\"\n\
         certificate = \"keys/auditor.pem\"\n"
    );
    let wanted = CHAIN.replace("auditor", "second").replace("Auditor", "Second");
    spec(&world, &emulator, &format!("{wanted}{as_limited}\n{BODY}"));
    let before = emulator.directory_writes().len();
    fails(
        &world,
        &["apply", "--auto-approve"],
        1,
        str![[r#"
error[missing-permission]: the token for Microsoft Graph lacks the permission `AppRoleAssignment.ReadWrite.All`
 |
 = note: it is needed for `app_role_assignment.second["Exchange.ManageAsApp"]`
 = note: nothing was written
 = help: a Privileged Role Administrator grants it to the application (<guid>): API permissions > Microsoft Graph > Application permissions > `AppRoleAssignment.ReadWrite.All`, then admin consent

error[missing-permission]: the token for Microsoft Graph lacks the permission `RoleManagement.ReadWrite.Directory`
 |
 = note: it is needed for `directory_role_assignment.second["Exchange Administrator"]`
 = note: nothing was written
 = help: a Privileged Role Administrator grants it to the application (<guid>): API permissions > Microsoft Graph > Application permissions > `RoleManagement.ReadWrite.Directory`, then admin consent

"#]],
    );
    assert_eq!(emulator.directory_writes().len(), before);
}

#[test]
fn a_token_for_the_directory_of_another_tenant() {
    let (world, emulator) = exchanged("", "");
    let given = "\n[tenant.bootstrap]\nmethod = \"environment\"\ntoken_env = \"GRAPH_TOKEN\"\n";
    spec(&world, &emulator, &format!("{CHAIN}{given}\n{BODY}"));
    let claims = json!({
        "aud": "https://graph.microsoft.com",
        "tid": "11111111-2222-4333-8444-555555555555",
        "exp": 4_000_000_000_i64,
    });
    let token = crate::sign_in_tokens::token(&claims);
    let output = world.run_with(&["apply", "--auto-approve"], &[("GRAPH_TOKEN", &token)]).ended(1);
    assert_eq!(output.stdout, "");
    assert_data_eq!(
        world.redact(&output.stderr),
        str![[r#"
error[sign-in]: the token is of another tenant: it is of <guid>, not of <guid>
 |
 = help: fetch it for the tenant that `organization` names; the Azure CLI signs in there by `az login --tenant ...`

"#]]
    );
    assert!(emulator.requests().iter().all(|request| !request.path.starts_with("/v1.0")));
}
