//! The way back: what the spec wants gone goes, from the end of the chain to its beginning, and
//! nothing else does.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::identity_chain::{FEW, NAME, PEM, finds_nothing_to_do, from_scratch, only};
use crate::support::graph::Graph;
use crate::support::{Emulator, Output, Request, World, credential};

/// Both tables of the example, to be gone.
pub(crate) const ABSENT: [(&str, &str); 2] = [
    ("[certificate.auditor]\n", "[certificate.auditor]\nensure = \"absent\"\n"),
    ("[application.auditor]\n", "[application.auditor]\nensure = \"absent\"\n"),
];

/// A tenant on which the example was applied, and what it was before.
fn applied(world: &World, options: &[&str]) -> (Emulator, Value) {
    let emulator = Emulator::with(world, FEW, options);
    let before = emulator.state();
    let both = ("[tenant]\n", "[tenant]\napprove_second_phase = true\n");
    from_scratch(world, &emulator.base_url, &emulator, &[both]);
    world.run(&["apply", "--auto-approve"]).ended(0);
    (emulator, before)
}

/// The directory's part of the tenant.
pub(crate) fn directory(mut state: Value) -> Value {
    for exchange in ["Mailboxes", "UnifiedAuditLogIngestionEnabled", "AuditDisabled"] {
        state.as_object_mut().unwrap().remove(exchange).unwrap();
    }
    state
}

/// The text without the thumbprint of this run's certificate.
fn redacted(world: &World, output: &Output, thumbprint: &str) -> String {
    world.redact(&output.stdout).replace(thumbprint, "<thumbprint>")
}

#[test]
fn what_is_gone_is_said_first_and_goes_from_the_end_of_the_chain() {
    let world = World::new();
    let (emulator, before) = applied(&world, &[]);
    let state = emulator.state();
    let made = only(&state["Applications"], "displayName", &json!(NAME));
    let thumbprint = made["keyCredentials"][0]["customKeyIdentifier"].as_str().unwrap();
    from_scratch(&world, &emulator.base_url, &emulator, &ABSENT);
    // Where a line ends must not depend on where the directory of the test lies.
    let plan = world.run_with(&["plan"], &[("COLUMNS", "1000")]).ended(0);
    assert_data_eq!(
        redacted(&world, &plan, thumbprint),
        str![[r#"
Auditform will change contoso.onmicrosoft.com (tenant <guid>) as follows:

! This plan takes access away:
  - directory_role_assignment.auditor["Exchange Administrator"]: the application loses the directory role `Exchange Administrator`
  - app_role_assignment.auditor["Exchange.ManageAsApp"]: the application loses `Exchange.ManageAsApp` of Office 365 Exchange Online
  - service_principal.auditor: nothing can sign in as the application any more
  - application.auditor: everything that signs in as `Contoso mailbox auditor` stops working
  - certificate.auditor: whatever signs in with these files no longer can

  # directory_role_assignment.auditor["Exchange Administrator"] will be deleted
  - directory_role_assignment.auditor["Exchange Administrator"]
      ! the application loses the directory role `Exchange Administrator`
      ! cannot be undone: the service principal that has it is deleted too
      - role = "Exchange Administrator"
      # `ensure` is "absent"

  # app_role_assignment.auditor["Exchange.ManageAsApp"] will be deleted
  - app_role_assignment.auditor["Exchange.ManageAsApp"]
      ! the application loses `Exchange.ManageAsApp` of Office 365 Exchange Online
      ! cannot be undone: the service principal that has it is deleted too
      - permission = "Exchange.ManageAsApp"
      # `ensure` is "absent"

  # service_principal.auditor will be deleted
  - service_principal.auditor
      ! nothing can sign in as the application any more
      ! cannot be undone: its object id is not given again
      # `ensure` is "absent"

  # application.auditor will be deleted
  - application.auditor
      ! everything that signs in as `Contoso mailbox auditor` stops working
      ! cannot be undone: its client id is not given again; an administrator can restore it for 30 days
      - key_credentials loses <thumbprint>
      - display_name = "Contoso mailbox auditor"
      - app_id = "<guid>"
      # `ensure` is "absent"

  # certificate.auditor will be deleted
  - certificate.auditor
      ! whatever signs in with these files no longer can
      ! cannot be undone: the key is deleted
      - thumbprints = [<thumbprint>]
      - files = [./.auditform/certificates/auditor.cer, ./.auditform/certificates/auditor.pem, ./.auditform/certificates/auditor.pfx]
      # `ensure` is "absent"

Plan: 0 to create, 0 to change, 5 to delete.
Of these, 5 weaken, 1 removes values and 5 cannot be undone.
8 managed objects need nothing.
Applying it takes 4 requests to write and 9 requests to read back.

Note: the mailbox audit bypass list was not looked at: accounts on it leave no audit records, whatever is set here

Digest: sha256:<digest>

"#]]
    );
    let done = emulator.all_writes().len();
    world.run(&["apply", "--auto-approve"]).ended(0);

    let mut deleted: Vec<String> =
        emulator.all_writes()[done..].iter().map(|write| kind_of(write).to_owned()).collect();
    // Neither of the first two waits for the other.
    deleted[..2].sort();
    assert_eq!(
        deleted,
        ["appRoleAssignedTo", "roleAssignments", "servicePrincipals", "applications"]
    );
    assert_eq!(directory(emulator.state()), directory(before));
    let left = fs::read_dir(world.path(PEM).parent().unwrap()).unwrap();
    assert_eq!(left.count(), 0, "the files of the key are gone");
    finds_nothing_to_do(&world);
    assert_eq!(emulator.all_writes().len(), done + deleted.len());
}

/// The collection that a deletion takes something out of.
fn kind_of(write: &Request) -> &str {
    assert_eq!(write.method, "DELETE");
    let path = write.path.trim_start_matches("/v1.0/");
    let collection = path.rsplit('/').nth(1).unwrap();
    collection.split('(').next().unwrap()
}

#[test]
fn the_identity_of_the_work_on_exchange_goes_when_that_work_is_done() {
    let world = World::new();
    let (emulator, before) = applied(&world, &["--bootstrap-only"]);
    let more = ("enabled = true\n", "enabled = true\nlog_age_limit = 400\n");
    let lines = [ABSENT[0], ABSENT[1], more];
    from_scratch(&world, &emulator.base_url, &emulator, &lines);
    let done = emulator.all_writes().len();
    world.run(&["apply", "--auto-approve"]).ended(0);
    let writes = emulator.all_writes().split_off(done);
    let first_deleted = writes.iter().position(Request::writes_to_the_directory).unwrap();
    let (mailboxes, deleted) = writes.split_at(first_deleted);
    assert_eq!((mailboxes.len(), deleted.len()), (6, 4));
    assert!(deleted.iter().all(|write| write.method == "DELETE"), "{deleted:?}");
    assert_eq!(directory(emulator.state()), directory(before));

    // By now nobody may read Exchange, which is not the same as finding it as the spec wants.
    let again = world.run(&["apply", "--auto-approve"]).ended(0);
    assert!(again.stdout.contains(" matches the spec, as far as it was read."), "{}", again.stdout);
    let unread = "# mailbox_audit.non_owner (not read)";
    assert!(again.stdout.contains(unread), "{}", again.stdout);
    assert_eq!(emulator.all_writes().len(), done + writes.len());
}

/// A spec that signs in with the generated application and says this of it.
fn about_itself(world: &World, emulator: &Emulator, settings: &str) {
    let id = &emulator.client_id;
    world.spec(emulator, &format!("[application.own]\napp_id = \"{id}\"\n{settings}\n"));
}

#[test]
fn a_run_does_not_take_away_what_it_signs_in_with() {
    for settings in ["ensure = \"absent\"", "display_name = \"Own\"\nexclusive = true"] {
        let world = World::new();
        let emulator = Emulator::start(&world, FEW);
        about_itself(&world, &emulator, settings);
        let before = emulator.state();
        for command in [&["plan"][..], &["apply", "--auto-approve"]] {
            let refused = world.run(command).ended(1);
            assert_eq!(refused.stdout, "");
            assert!(refused.stderr.contains("error[deletes-own-identity]"), "{}", refused.stderr);
            assert!(refused.stderr.contains("`[tenant.bootstrap]`"), "{}", refused.stderr);
        }
        assert_eq!((emulator.all_writes(), emulator.state()), (vec![], before));
    }
}

/// Gives the example's application what the spec does not name: a permission that is declared and
/// consented to, a directory role, a key, an issuer and an owner.
pub(crate) fn given_more(emulator: &Emulator, graph: &Graph) {
    let state = emulator.state();
    let application = only(&state["Applications"], "displayName", &json!(NAME)).clone();
    let principal = only(&state["ServicePrincipals"], "appId", &application["appId"]);
    let filter = "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";
    let resource = graph.done("GET", filter, &Value::Null);
    let reads = only(&resource["appRoles"], "value", &json!("Application.Read.All"));
    let path = format!("/v1.0/applications/{}", application["id"].as_str().unwrap());
    let mut keys = application["keyCredentials"].as_array().unwrap().clone();
    let der = crate::support::graph::certificate(credential::stranger().pem().as_bytes());
    keys.push(json!({ "type": "AsymmetricX509Cert", "usage": "Verify", "key": base64(&der) }));
    let mut access = application["requiredResourceAccess"].as_array().unwrap().clone();
    access.push(json!({
        "resourceAppId": resource["appId"],
        "resourceAccess": [{ "id": reads["id"], "type": "Role" }],
    }));
    let body = json!({ "keyCredentials": keys, "requiredResourceAccess": access });
    graph.done("PATCH", &path, &body);
    let consent = json!({
        "principalId": principal["id"], "resourceId": resource["id"], "appRoleId": reads["id"],
    });
    let assigned = format!("{filter}/appRoleAssignedTo");
    graph.done("POST", &assigned, &consent);
    // Global Reader
    let role = json!({
        "principalId": principal["id"], "directoryScopeId": "/",
        "roleDefinitionId": "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    });
    graph.done("POST", "/v1.0/roleManagement/directory/roleAssignments", &role);
    let issuer = json!({
        "name": "by-hand", "issuer": "https://ci.contoso.com", "subject": "build",
        "audiences": ["api://AzureADTokenExchange"],
    });
    graph.done("POST", &format!("{path}/federatedIdentityCredentials"), &issuer);
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn what_others_gave_an_application_goes_only_where_the_spec_is_exclusive() {
    let world = World::new();
    let (emulator, _) = applied(&world, &[]);
    let before = emulator.state();
    let graph = Graph::bootstrap(&emulator);
    given_more(&emulator, &graph);
    let given = emulator.state();
    assert_ne!(given, before);
    from_scratch(&world, &emulator.base_url, &emulator, &[]);
    finds_nothing_to_do(&world);
    assert_eq!(emulator.state(), given);

    let exclusive = ("certificates = [", "exclusive = true\ncertificates = [");
    from_scratch(&world, &emulator.base_url, &emulator, &[exclusive]);
    let plan = world.run(&["plan", "--format", "json"]).ended(0).json();
    let deleted: Vec<&str> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["action"] == "delete")
        .map(|change| change["address"].as_str().unwrap().split('[').next().unwrap())
        .collect();
    assert_eq!(
        deleted,
        [
            "app_role_assignment.auditor",
            "directory_role_assignment.auditor",
            "key_credential.auditor",
            "federated_credential.auditor",
        ]
    );
    assert_eq!(plan["summary"]["change"], 1, "the declared permission goes by a change");
    world.run(&["apply", "--auto-approve"]).ended(0);
    assert_eq!(emulator.state(), before);
    finds_nothing_to_do(&world);
}
