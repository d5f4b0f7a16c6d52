//! From an empty tenant to an application that audits it: the example, in one phase and in two.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::front::{Front, Reply};
use crate::support::graph::{Graph, certificate, claims, thumbprint};
use crate::support::{Emulator, Request, World, example};

/// The name of the example's application.
pub(crate) const NAME: &str = "Contoso mailbox auditor";

/// What the example reads, on a tenant of a few mailboxes.
pub(crate) const FEW: &str = "[tenant]\nunified_audit_log = false\n\
                              [generate]\nmailboxes = 6\nseed = 2\ncompliant = 0.0\n";

const SIXTY: &str = "[tenant]\nunified_audit_log = false\n\
                     [generate]\nmailboxes = 60\nseed = 2\ncompliant = 0.1\n";

/// Where the example's certificate lies, key and certificate in one file.
pub(crate) const PEM: &str = ".auditform/certificates/auditor.pem";

const BOTH_PHASES: (&str, &str) = ("[tenant]\n", "[tenant]\napprove_second_phase = true\n");

/// The example as a spec for a tenant that is reached by `url`, its generated application doing the
/// work in the directory; some of its lines replaced.
pub(crate) fn from_scratch(world: &World, url: &str, emulator: &Emulator, lines: &[(&str, &str)]) {
    let way = format!(
        "organization = \"{}\"\nendpoint = \"{url}\"\n\n[tenant.bootstrap]\n\
         method = \"certificate\"\nclient_id = \"{}\"\ncertificate = '{}'",
        emulator.organization,
        emulator.client_id,
        emulator.certificate.display()
    );
    let mut spec = example("from-scratch", "auditform.toml");
    for (line, instead) in [("endpoint = \"embedded\"", way.as_str())].iter().chain(lines) {
        assert_eq!(spec.matches(line).count(), 1, "{line}");
        spec = spec.replace(line, instead);
    }
    world.write("auditform.toml", spec);
}

/// The only row with this value.
#[track_caller]
pub(crate) fn only<'r>(rows: &'r Value, property: &str, value: &Value) -> &'r Value {
    let mut found = rows.as_array().unwrap().iter().filter(|row| row[property] == *value);
    let only = found.next().unwrap_or_else(|| panic!("no row has {property} {value}"));
    assert_eq!(found.count(), 0, "several rows have {property} {value}");
    only
}

/// Whether the tenant holds the example's chain once, with the certificate that lies on disk; the
/// client id.
#[track_caller]
pub(crate) fn stands_once(world: &World, emulator: &Emulator) -> String {
    let state = emulator.state();
    let application = only(&state["Applications"], "displayName", &json!(NAME));
    let app_id = &application["appId"];
    let principal = only(&state["ServicePrincipals"], "appId", app_id);
    let consent = only(&state["AppRoleAssignments"], "principalId", &principal["id"]);
    assert_eq!(consent["appRoleId"], "dc50a0fb-09a3-484d-be87-e023b12c6440");
    let role = only(&state["RoleAssignments"], "principalId", &principal["id"]);
    assert_eq!(role["roleDefinitionId"], "29232cdf-9323-42fd-ade2-1d097af3e4de");
    let keys = application["keyCredentials"].as_array().unwrap();
    let on_disk = certificate(&std::fs::read(world.path(PEM)).unwrap());
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert_eq!(keys[0]["customKeyIdentifier"], thumbprint(&on_disk));
    let app_id = app_id.as_str().unwrap();
    Graph::sign_in(emulator, app_id, &world.path(PEM)).unwrap_or_else(|why| panic!("{why}"));
    app_id.to_owned()
}

#[track_caller]
pub(crate) fn finds_nothing_to_do(world: &World) {
    let again = world.run(&["apply", "--auto-approve"]).ended(0);
    assert!(again.stdout.starts_with("No changes."), "{}", again.stdout);
    assert_eq!(again.stderr, "");
}

/// Whether the mailboxes are as the example wants them, one by one.
fn are_configured(emulator: &Emulator) {
    let wanted: BTreeSet<&str> =
        ["UserMailbox", "SharedMailbox", "EquipmentMailbox", "LinkedMailbox", "RoomMailbox"].into();
    for (upn, mailbox) in emulator.mailboxes() {
        let kind = mailbox["RecipientTypeDetails"].as_str().unwrap();
        if !wanted.contains(kind) || mailbox["IsInactiveMailbox"] == true {
            continue;
        }
        for action in ["Copy", "Move", "FolderBind", "MailItemsAccessed"] {
            let has = |list: &str| mailbox[list].as_array().unwrap().contains(&json!(action));
            assert!(has("AuditAdmin"), "{upn}: {action}");
            assert_eq!(has("AuditDelegate"), action != "Copy", "{upn}: {action}");
        }
        assert_eq!(mailbox["AuditEnabled"], true, "{upn}");
    }
    assert_eq!(emulator.state()["UnifiedAuditLogIngestionEnabled"], true);
}

#[test]
fn the_example_needs_one_apply_from_nothing_to_three_thousand_mailboxes() {
    let world = World::new();
    for file in ["auditform.toml", "tenant.toml"] {
        world.write(file, example("from-scratch", file));
    }
    let first = world.run(&["apply", "--auto-approve"]).ended(0);
    assert!(first.stdout.contains("Apply complete! 6 created, 3001 changed, 0 deleted."));
    assert!(first.stdout.contains("Read back and verified: 3007 changes."), "{}", first.stdout);
    finds_nothing_to_do(&world);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            |path: &str| std::fs::metadata(world.path(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(PEM), mode(".auditform/certificates")), (0o600, 0o700));
    }
}

#[test]
fn the_mailboxes_are_written_as_the_new_application_even_where_its_maker_could_do_it() {
    let world = World::new();
    let emulator = Emulator::start(&world, SIXTY);
    let front = Front::before(&emulator.base_url, |_| Reply::Forward);
    from_scratch(&world, &front.url(), &emulator, &[]);
    let before = emulator.state();
    world.run(&["apply", "--auto-approve"]).ended(0);
    let app_id = stands_once(&world, &emulator);
    are_configured(&emulator);
    let writes = front.writes();
    assert!(writes.len() > 40, "{}", writes.len());
    for write in writes {
        let token = write.header("authorization").strip_prefix("Bearer ").unwrap();
        assert_eq!(claims(token)["appid"], app_id.as_str(), "{}", write.cmdlet());
    }
    // What was there before is as it was.
    let after = emulator.state();
    for kind in ["Applications", "ServicePrincipals", "AppRoleAssignments", "RoleAssignments"] {
        for row in before[kind].as_array().unwrap() {
            assert!(after[kind].as_array().unwrap().contains(row), "{kind}: {row}");
        }
    }
    finds_nothing_to_do(&world);
}

#[test]
fn a_directory_that_shows_everything_two_seconds_late_is_waited_for() {
    let world = World::new();
    let emulator = Emulator::with(&world, SIXTY, &["--lag", "2000"]);
    from_scratch(&world, &emulator.base_url, &emulator, &[]);
    world.run(&["apply", "--auto-approve"]).ended(0);
    stands_once(&world, &emulator);
    are_configured(&emulator);
    // It did say that it does not know yet what it had been given.
    assert!(emulator.directory_writes().iter().any(|write| write.status == 400));
    finds_nothing_to_do(&world);
}

#[test]
fn what_nobody_can_read_before_the_sign_in_is_unknown_and_not_absent() {
    let world = World::new();
    let emulator = Emulator::with(&world, FEW, &["--bootstrap-only"]);
    from_scratch(&world, &emulator.base_url, &emulator, &[]);
    let deferred = ["unified_audit_log", "organization", "mailbox_audit.non_owner"];
    let text = world.run(&["plan"]).ended(0).stdout;
    for address in deferred {
        let line = format!("\n  # {address} (known after sign-in)\n");
        assert!(text.contains(&line), "{text}");
    }
    assert!(text.contains("Plan: 6 to create, 0 to change, 0 to delete."), "{text}");
    let plan = world.run(&["plan", "--format", "json"]).ended(0).json();
    assert_eq!(plan["deferred"], json!(deferred));
    let addresses: Vec<&Value> =
        plan["changes"].as_array().unwrap().iter().map(|change| &change["address"]).collect();
    assert_eq!(
        addresses,
        [
            "certificate.auditor",
            "application.auditor",
            "service_principal.auditor",
            "app_role_assignment.auditor[\"Exchange.ManageAsApp\"]",
            "directory_role_assignment.auditor[\"Exchange Administrator\"]",
            "key_credential.auditor[\"certificate.auditor\"]",
        ]
    );
    world.run(&["plan", "--detailed-exitcode"]).ended(2);
    assert_eq!(emulator.all_writes(), []);
    assert!(!world.path(PEM).exists(), "a plan makes no key");
}

#[test]
fn a_second_phase_that_nobody_approved_is_shown_and_not_done() {
    let world = World::new();
    let emulator = Emulator::with(&world, SIXTY, &["--bootstrap-only"]);
    from_scratch(&world, &emulator.base_url, &emulator, &[]);
    let before = emulator.mailboxes();
    let first = world.run(&["apply", "--auto-approve"]).ended(12);
    let (_, second) = first.stdout.split_once("Apply complete! 6 created").unwrap();
    assert!(second.contains("# unified_audit_log will be changed"), "{second}");
    assert!(second.contains("Plan: 0 to create, 55 to change, 0 to delete."), "{second}");
    assert!(!second.contains("known after sign-in"), "{second}");
    assert!(first.stderr.contains("warning[second-phase]"), "{}", first.stderr);
    stands_once(&world, &emulator);
    assert!(emulator.all_writes().iter().all(Request::writes_to_the_directory));
    assert_eq!(emulator.mailboxes(), before);

    // By now the application exists and may read, so that one plan shows all.
    let plan = world.run(&["plan", "--format", "json"]).ended(0).json();
    assert_eq!((&plan["deferred"], &plan["summary"]["change"]), (&json!([]), &json!(55)));
    world.run(&["apply", "--auto-approve"]).ended(0);
    are_configured(&emulator);
    finds_nothing_to_do(&world);
}

#[test]
fn a_spec_may_approve_its_second_phase_beforehand() {
    let world = World::new();
    let emulator = Emulator::with(&world, SIXTY, &["--bootstrap-only"]);
    from_scratch(&world, &emulator.base_url, &emulator, &[BOTH_PHASES]);
    world.run(&["apply", "--auto-approve"]).ended(0);
    stands_once(&world, &emulator);
    // Nobody but the new application may write here.
    are_configured(&emulator);
    finds_nothing_to_do(&world);
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_each_phase_is_asked_about() {
    for (keys, code, written) in [("yes\nno\n", 12, false), ("yes\nyes\n", 0, true)] {
        let world = World::new();
        let emulator = Emulator::with(&world, FEW, &["--bootstrap-only"]);
        from_scratch(&world, &emulator.base_url, &emulator, &[]);
        let asked = world.on_a_terminal("apply", keys).ended(code);
        let questions = asked.stdout.matches("Only `yes` is accepted.").count();
        assert_eq!(questions, 2, "{}", asked.stdout);
        assert_eq!(!emulator.ran("Set-Mailbox").is_empty(), written, "{keys}");
        stands_once(&world, &emulator);
    }
}

/// The tenant without what differs by chance or by design: which key it is, and which roles.
fn apart_from_roles(emulator: &Emulator) -> Value {
    let mut state = emulator.state();
    for application in state["Applications"].as_array_mut().unwrap() {
        for key in application["keyCredentials"].as_array_mut().unwrap() {
            key["customKeyIdentifier"] = Value::Null;
            key["keyId"] = Value::Null;
        }
    }
    state["RoleAssignments"] = Value::Null;
    state["ExchangeRoleAssignments"] = Value::Null;
    state
}

#[test]
fn management_roles_of_exchange_do_what_the_directory_role_does() {
    let roles = "exchange_roles = [\"Audit Logs\", \"Mail Recipients\", \
                 \"Organization Configuration\"]";
    let broad = "directory_roles = [\"Exchange Administrator\"]";
    let [one, other] = [broad, roles].map(|line| {
        let world = World::new();
        let emulator = Emulator::with(&world, SIXTY, &["--bootstrap-only"]);
        from_scratch(&world, &emulator.base_url, &emulator, &[BOTH_PHASES, (broad, line)]);
        world.run(&["apply", "--auto-approve"]).ended(0);
        finds_nothing_to_do(&world);
        are_configured(&emulator);
        let state = emulator.state();
        let made = only(&state["ServicePrincipals"], "appDisplayName", &json!(NAME));
        let held = |kind: &str| {
            let rows = state[kind].as_array().unwrap();
            rows.iter().filter(|row| row["principalId"] == made["id"]).count()
        };
        // The narrow way gives three roles of Exchange and not one of the directory.
        let narrow = usize::from(line == roles);
        assert_eq!(held("RoleAssignments"), 1 - narrow);
        assert_eq!(state["ExchangeRoleAssignments"].as_array().unwrap().len(), 3 * narrow);
        apart_from_roles(&emulator)
    });
    assert_eq!(one, other);
}
