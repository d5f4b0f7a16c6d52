//! A run that made, changed or took away parts of an identity chain is taken back: the directory holds what
//! it held before, whatever became of the run. What cannot come back is named, and what others have done
//! since stays.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::identity_absent::{directory, given_more};
use crate::identity_chain::{FEW, NAME, PEM, from_scratch, only};
use crate::plan::SMALL;
use crate::support::front::{Front, Reply};
use crate::support::graph::Graph;
use crate::support::{Emulator, Request, World, wait_for};

const UNDO: [&str; 3] = ["undo", "latest", "--auto-approve"];

/// The same, where switches are turned off again.
const ALLOWED: [&str; 4] = ["undo", "latest", "--auto-approve", "--allow=organization-weakening"];

const CHAIN: &str = "[certificate.auditor]\ncommon_name = \"Auditor\"\ndirectory = \"keys\"\n\
                     [application.auditor]\ndisplay_name = \"Auditor\"\n\
                     api_permissions = [\"Exchange.ManageAsApp\"]\nadmin_consent = true\n\
                     directory_roles = [\"Global Reader\"]\n\
                     certificates = [\"certificate.auditor\"]\n";

/// The chain with more of everything that an application can have.
const MORE: &str = "[certificate.auditor]\ncommon_name = \"Auditor\"\ndirectory = \"keys\"\n\
                    [application.auditor]\ndisplay_name = \"Auditor of ours\"\n\
                    notes = \"Kept by Auditform\"\n\
                    api_permissions = [\"Exchange.ManageAsApp\", \"Application.Read.All\"]\n\
                    admin_consent = true\n\
                    directory_roles = [\"Global Reader\", \"Exchange Administrator\"]\n\
                    certificates = [\"certificate.auditor\"]\n\
                    [[application.auditor.federated_credentials]]\nname = \"ci-build\"\n\
                    issuer = \"https://ci.contoso.com\"\nsubject = \"build\"\n";

/// A tenant to which this spec was applied.
fn applied(world: &World, body: &str) -> Emulator {
    let emulator = Emulator::start(world, SMALL);
    world.spec(&emulator, body);
    world.run(&["apply", "--auto-approve"]).ended(0);
    emulator
}

/// The names of the runs, the first one first.
fn runs(world: &World) -> Vec<String> {
    let files = fs::read_dir(world.path(".auditform/runs")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".jsonl").map(str::to_owned)).collect();
    names.sort();
    names
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_chain_with_all_that_was_done_as_it_goes_when_exchange_is_as_it_was() {
    let world = World::new();
    let emulator = Emulator::start(&world, FEW);
    let before = emulator.state().to_string();
    from_scratch(&world, &emulator.base_url, &emulator, &[]);
    world.run(&["apply", "--auto-approve"]).ended(0);
    assert!(world.path(PEM).exists());
    let done = emulator.all_writes().len();
    let undone = world.run(&ALLOWED).ended(0);
    assert_eq!(emulator.state().to_string(), before);
    let writes = emulator.all_writes().split_off(done);
    let first = writes.iter().position(Request::writes_to_the_directory).unwrap();
    let (exchange, chain) = writes.split_at(first);
    assert!(exchange.len() > 5, "{exchange:?}");
    assert_eq!(chain.len(), 4);
    assert!(chain.iter().all(|write| write.method == "DELETE"), "{chain:?}");
    let left = fs::read_dir(world.path(PEM).parent().unwrap()).unwrap();
    assert_eq!(left.count(), 0, "the files of the key are gone");
    let said = in_one_line(&undone.stdout);
    assert!(said.contains("! cannot be undone: the key is deleted, and no copy of it is kept"));
    assert!(said.contains("! cannot be undone: its client id is not given again"), "{said}");
    // A second time there is nothing left.
    let again = world.run(&["undo", &runs(&world)[0], "--auto-approve"]).ended(0);
    assert!(again.stdout.contains("No changes. Nothing of run `"), "{}", again.stdout);
}

#[test]
fn an_undo_says_what_goes_for_good() {
    let world = World::new();
    let emulator = applied(&world, CHAIN);
    let (application, _) = chain_of(&emulator, "Auditor");
    let thumbprint = application["keyCredentials"][0]["customKeyIdentifier"].as_str().unwrap();
    // Where a line ends must not depend on how long names are.
    let saved = world.run_with(&["undo", "latest", "--out", "undo.json"], &[("COLUMNS", "1000")]);
    let text = world.redact(&saved.ended(0).stdout);
    let text = text.replace(thumbprint, "<thumbprint>").replace(&runs(&world)[0], "<run>");
    assert_data_eq!(
        text,
        str![[r#"
! Undo: this plan takes back what run `<run>` has changed.

Auditform will change contoso.onmicrosoft.com (tenant <guid>) as follows:

! This plan takes access away:
  - directory_role_assignment.auditor["Global Reader"]: the application loses the directory role `Global Reader`
  - app_role_assignment.auditor["Exchange.ManageAsApp"]: the application loses `Exchange.ManageAsApp` of Office 365 Exchange Online
  - service_principal.auditor: nothing can sign in as the application any more
  - application.auditor: everything that signs in as `Auditor` stops working
  - certificate.auditor: whatever signs in with these files no longer can

  # directory_role_assignment.auditor["Global Reader"] will be deleted
  - directory_role_assignment.auditor["Global Reader"]
      ! the application loses the directory role `Global Reader`
      - role = "Global Reader"
      # run <run> made it

  # app_role_assignment.auditor["Exchange.ManageAsApp"] will be deleted
  - app_role_assignment.auditor["Exchange.ManageAsApp"]
      ! the application loses `Exchange.ManageAsApp` of Office 365 Exchange Online
      - permission = "Exchange.ManageAsApp"
      # run <run> made it

  # service_principal.auditor will be deleted
  - service_principal.auditor
      ! nothing can sign in as the application any more
      ! cannot be undone: its object id is not given again
      # run <run> made it

  # application.auditor will be deleted
  - application.auditor
      ! everything that signs in as `Auditor` stops working
      ! cannot be undone: its client id is not given again; an administrator can restore it for 30 days
      - key_credentials loses <thumbprint>
      - display_name = "Auditor"
      - app_id = "<guid>"
      # run <run> made it

  # certificate.auditor will be deleted
  - certificate.auditor
      ! whatever signs in with these files no longer can
      ! cannot be undone: the key is deleted, and no copy of it is kept
      - thumbprints = [<thumbprint>]
      # run <run> made it

Plan: 0 to create, 0 to change, 5 to delete.
Of these, 5 weaken, 1 removes values and 3 cannot be undone.
1 managed object needs nothing.
Applying it takes 4 requests to write and 9 requests to read back.

Note: this plan takes a run back, and does not make the tenant match the spec: where the spec still asks for what it takes back, the next plan wants it again

Digest: sha256:<digest>

"#]]
    );
}

#[test]
fn what_was_added_to_an_application_is_taken_off_again() {
    let world = World::new();
    let emulator = applied(&world, CHAIN);
    let before = emulator.state().to_string();
    world.spec(&emulator, MORE);
    world.run(&["apply", "--auto-approve"]).ended(0);
    assert_ne!(emulator.state().to_string(), before);
    // Whether the spec still asks for it makes no difference.
    world.spec(&emulator, CHAIN);
    world.run(&UNDO).ended(0);
    assert_eq!(emulator.state().to_string(), before);
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
}

#[test]
fn what_was_done_of_a_chain_that_failed_in_part_is_taken_back() {
    for last in
        ["/v1.0/applications(", "/v1.0/servicePrincipals(", "appRoleAssign", "roleManagement"]
    {
        let world = World::new();
        let emulator = Emulator::start(&world, SMALL);
        let before = emulator.state().to_string();
        let front = Front::before(&emulator.base_url, move |seen| {
            let is_write = seen.method() != "GET" && seen.target.contains(last);
            let refused = r#"{"error":{"code":"Request_BadRequest","message":"no"}}"#;
            if is_write { Reply::new(400, &[], refused) } else { Reply::Forward }
        });
        world.spec_at(&front.url(), &emulator, CHAIN);
        world.run(&["apply", "--auto-approve"]).ended(6);
        world.spec(&emulator, CHAIN);
        world.run(&UNDO).ended(0);
        assert_eq!(emulator.state().to_string(), before, "{last}");
        assert!(!world.path("keys/auditor.pem").exists(), "{last}");
    }
}

#[test]
fn a_chain_that_was_killed_is_taken_back_and_closed_by_that() {
    for number in 1..=5 {
        let world = World::new();
        let emulator = Emulator::start(&world, SMALL);
        let before = emulator.state().to_string();
        let (arrived, arrival) = std::sync::mpsc::channel();
        let writes = AtomicUsize::new(0);
        let front = Front::before(&emulator.base_url, move |seen| {
            let is_write = seen.method() != "GET" && seen.target.starts_with("/v1.0/");
            let is_it = is_write && writes.fetch_add(1, Ordering::SeqCst) + 1 == number;
            if is_it { Reply::Withhold(arrived.clone()) } else { Reply::Forward }
        });
        world.spec_at(&front.url(), &emulator, CHAIN);
        let apply = world.spawn(&["apply", "--auto-approve"]);
        wait_for("the write", || arrival.try_recv().ok());
        apply.signal("KILL");
        apply.wait().ended(128 + 9);
        world.run(&UNDO).ended(0);
        assert_eq!(emulator.state().to_string(), before, "write {number}");
        let nothing = world.run(&["apply", "--resume"]).ended(0);
        assert!(nothing.stdout.starts_with("Nothing to resume"), "{}", nothing.stdout);
    }
}

/// The application and its service principal, as the directory holds them.
fn chain_of(emulator: &Emulator, name: &str) -> (Value, Value) {
    let state = emulator.state();
    let application = only(&state["Applications"], "displayName", &json!(name)).clone();
    let principal = only(&state["ServicePrincipals"], "appId", &application["appId"]).clone();
    (application, principal)
}

/// Somebody gives the application another role.
fn give_a_role(emulator: &Emulator, name: &str) {
    let (_, principal) = chain_of(emulator, name);
    // Security Reader
    let role = json!({
        "principalId": principal["id"], "directoryScopeId": "/",
        "roleDefinitionId": "5d6b6bb7-de71-4623-b4af-96380a352509",
    });
    let graph = Graph::bootstrap(emulator);
    graph.done("POST", "/v1.0/roleManagement/directory/roleAssignments", &role);
}

#[test]
fn an_application_that_others_have_given_more_since_is_not_deleted() {
    let world = World::new();
    let emulator = applied(&world, CHAIN);
    give_a_role(&emulator, "Auditor");
    let held = emulator.state();
    let refused = world.run(&UNDO).ended(5);
    assert_eq!((refused.stdout.as_str(), emulator.state() == held), ("", true));
    let said = in_one_line(&refused.stderr);
    let line =
        "changed since: service_principal.auditor: it has the role `Security Reader` besides";
    assert!(said.contains(line), "{said}");
    assert!(said.contains("changed since: application.auditor: its service principal stays"));
    // Left as it is, and the rest goes.
    world.run(&[&UNDO[..], &["--stale", "skip"]].concat()).ended(0);
    let (application, principal) = chain_of(&emulator, "Auditor");
    assert_eq!(application["keyCredentials"], json!([]));
    let state = emulator.state();
    only(&state["RoleAssignments"], "principalId", &principal["id"]);
    assert!(!world.path("keys/auditor.pem").exists());
}

#[test]
fn an_undo_that_was_saved_is_stale_where_the_chain_was_changed_meanwhile() {
    let world = World::new();
    let emulator = applied(&world, CHAIN);
    world.run(&["undo", "latest", "--out", "undo.json"]).ended(0);
    give_a_role(&emulator, "Auditor");
    let held = emulator.state();
    let refused = world.run(&["apply", "--auto-approve", "undo.json"]).ended(5);
    assert!(refused.stderr.contains("stale: service_principal.auditor: "), "{}", refused.stderr);
    assert_eq!(emulator.state(), held);
}

#[test]
fn an_undo_is_saved_and_applied_as_it_was_planned_and_again_is_done_already() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let before = emulator.state().to_string();
    world.spec(&emulator, CHAIN);
    world.run(&["apply", "--auto-approve"]).ended(0);
    world.run(&["undo", "latest", "--out", "undo.json"]).ended(0);
    let done = world.run(&["apply", "--auto-approve", "undo.json"]).ended(0);
    assert!(done.stdout.contains("0 created, 0 changed, 5 deleted."), "{}", done.stdout);
    assert_eq!(emulator.state().to_string(), before);
    let again = world.run(&["apply", "--auto-approve", "undo.json"]).ended(0);
    assert!(again.stdout.contains("5 already done."), "{}", again.stdout);
}

#[test]
fn an_undo_that_broke_off_is_finished() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let before = emulator.state().to_string();
    let (arrived, arrival) = std::sync::mpsc::channel();
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let front = Front::before(&emulator.base_url, move |seen| {
        let is_it = seen.method() == "DELETE" && seen.target.contains("/servicePrincipals/");
        let is_it = is_it && !seen.target.contains("appRole") && !over.load(Ordering::SeqCst);
        if is_it { Reply::Withhold(arrived.clone()) } else { Reply::Forward }
    });
    world.spec_at(&front.url(), &emulator, CHAIN);
    world.run(&["apply", "--auto-approve"]).ended(0);
    let undo = world.spawn(&UNDO);
    wait_for("the deletion", || arrival.try_recv().ok());
    undo.signal("KILL");
    undo.wait().ended(128 + 9);
    is_over.store(true, Ordering::SeqCst);
    world.run(&["apply", "--resume"]).ended(0);
    assert_eq!(emulator.state().to_string(), before);
}

#[test]
fn what_a_spec_took_away_comes_back_as_far_as_it_can() {
    let world = World::new();
    let emulator = Emulator::start(&world, FEW);
    from_scratch(&world, &emulator.base_url, &emulator, &[]);
    world.run(&["apply", "--auto-approve"]).ended(0);
    given_more(&emulator, &Graph::bootstrap(&emulator));
    let (held, _) = chain_of(&emulator, NAME);
    let given = without_ids(directory(emulator.state()));
    let exclusive = ("certificates = [", "exclusive = true\ncertificates = [");
    from_scratch(&world, &emulator.base_url, &emulator, &[exclusive]);
    let planned = world.run(&["plan"]).ended(0).stdout;
    let why = "! cannot be undone: the directory does not give the certificate out";
    assert!(in_one_line(&planned).contains(why), "{planned}");
    world.run(&["apply", "--auto-approve"]).ended(0);
    let undone = world.run(&UNDO).ended(0).stdout;
    let named = "Cannot be taken back: `key_credential.auditor[";
    assert!(in_one_line(&undone).contains(named), "{undone}");
    // All but the certificate is there again; what was given anew has another id.
    let mut back = without_ids(directory(emulator.state()));
    let rows = back["Applications"].as_array_mut().unwrap();
    let own = rows.iter_mut().find(|row| row["displayName"] == json!(NAME)).unwrap();
    own["keyCredentials"] = held["keyCredentials"].clone();
    assert_eq!(back, given);
}

/// Without what the directory gives out anew: the ids of assignments and of federated credentials.
fn without_ids(mut state: Value) -> Value {
    for kind in ["AppRoleAssignments", "RoleAssignments", "FederatedIdentityCredentials"] {
        let rows = state[kind].as_array_mut().unwrap();
        for row in rows.iter_mut() {
            row.as_object_mut().unwrap().remove("id");
        }
        rows.sort_by_key(Value::to_string);
    }
    state
}

#[test]
fn a_run_does_not_take_back_what_it_signs_in_with() {
    let world = World::new();
    let emulator = Emulator::start(&world, FEW);
    let own = |body: &str| {
        let id = &emulator.client_id;
        world.spec(&emulator, &format!("[application.own]\napp_id = \"{id}\"\n{body}\n"));
    };
    own("display_name = \"Own\"\ndirectory_roles = [\"Global Reader\"]");
    world.run(&["apply", "--auto-approve"]).ended(0);
    let held = emulator.state();
    let refused = world.run(&UNDO).ended(1);
    assert!(refused.stderr.contains("error[deletes-own-identity]"), "{}", refused.stderr);
    assert!(refused.stderr.contains("`[tenant.bootstrap]`"), "{}", refused.stderr);
    assert_eq!((refused.stdout.as_str(), emulator.state() == held), ("", true));
}

#[test]
fn an_application_that_the_spec_no_longer_has_stays_and_is_named() {
    let world = World::new();
    let emulator = applied(&world, CHAIN);
    let held = emulator.state();
    world.spec(&emulator, "[unified_audit_log]\ningestion = false\n");
    let refused = world.run(&UNDO).ended(5);
    let why = "application.auditor: the spec no longer has it, so that it cannot be read";
    assert!(in_one_line(&refused.stderr).contains(why), "{}", refused.stderr);
    assert_eq!(emulator.state(), held);
}

#[test]
fn both_runs_of_two_phases_are_taken_back_one_after_the_other() {
    let world = World::new();
    let emulator = Emulator::with(&world, FEW, &["--bootstrap-only"]);
    let before = emulator.state().to_string();
    let both = ("[tenant]\n", "[tenant]\napprove_second_phase = true\n");
    from_scratch(&world, &emulator.base_url, &emulator, &[both]);
    world.run(&["apply", "--auto-approve"]).ended(0);
    let runs = runs(&world);
    assert_eq!(runs.len(), 2, "{runs:?}");
    world.run(&ALLOWED).ended(0);
    world.run(&["undo", &runs[0], "--auto-approve"]).ended(0);
    assert_eq!(emulator.state().to_string(), before);
}
