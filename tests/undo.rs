//! A run is taken back: what the tenant holds is what it held before, byte for byte, whatever became of
//! the run. What others have changed since, and what cannot be taken back, is named.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::support::front::{Front, Reply};
use crate::support::{Emulator, World, wait_for};

/// Mailboxes that Microsoft manages, that somebody has set, and rooms that nobody audits; both switches
/// are off.
const SEED: &str = r#"
[tenant]
unified_audit_log = false
mailbox_auditing = false
[[mailbox]]
upn = "ada@contoso.com"
type = "UserMailbox"
audit = "default"
[[mailbox]]
upn = "grace@contoso.com"
type = "UserMailbox"
enabled = true
admin = ["Update", "Move", "SendAs"]
delegate = ["Update"]
owner = ["HardDelete"]
log_age_days = 120
[[mailbox]]
upn = "joan@contoso.com"
type = "UserMailbox"
audit = "default"
[[mailbox]]
upn = "sales@contoso.com"
type = "SharedMailbox"
audit = "default"
[[mailbox]]
upn = "info@contoso.com"
type = "SharedMailbox"
enabled = true
admin = ["Update"]
delegate = ["Create", "SendAs"]
owner = ["HardDelete"]
log_age_days = 90
[[mailbox]]
upn = "room.1@contoso.com"
type = "RoomMailbox"
audit = "default"
[[mailbox]]
upn = "room.2@contoso.com"
type = "RoomMailbox"
enabled = false
admin = ["Update"]
delegate = ["Update"]
owner = ["Update"]
log_age_days = 90
"#;

/// Writes lists, gives some back to Microsoft, switches rooms on and keeps records longer.
const BODY: &str = "[unified_audit_log]\ningestion = true\n\
                    [organization]\nmailbox_auditing = true\n\
                    [mailbox_audit.people]\nrecipient_types = [\"UserMailbox\"]\n\
                    admin = { exactly = [\"Create\", \"Update\"] }\nowner = \"default\"\n\
                    log_age_limit = 400\n\
                    [mailbox_audit.shared]\nrecipient_types = [\"SharedMailbox\"]\n\
                    delegate = { at_least = [\"FolderBind\"] }\n\
                    [mailbox_audit.rooms]\nrecipient_types = [\"RoomMailbox\"]\nenabled = true\n";

fn scene() -> (World, Emulator, String) {
    let world = World::new();
    let emulator = Emulator::start(&world, SEED);
    world.spec(&emulator, BODY);
    let before = emulator.state().to_string();
    (world, emulator, before)
}

/// A text without its line breaks.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const ALLOWED: [&str; 4] = ["undo", "latest", "--auto-approve", "--allow=organization-weakening"];

#[test]
fn an_apply_that_is_undone_leaves_the_tenant_as_it_was() {
    let (world, emulator, before) = scene();
    world.run(&["apply", "--auto-approve"]).ended(0);
    assert_ne!(emulator.state().to_string(), before);
    let refused = world.run(&["undo", "latest", "--auto-approve"]).ended(3);
    assert!(
        refused.stdout.contains("! Undo: this plan takes back what run `"),
        "{}",
        refused.stdout
    );
    let undone = world.run(&ALLOWED).ended(0);
    assert!(undone.stdout.contains("Apply complete! 0 created, "), "{}", undone.stdout);
    assert_eq!(emulator.state().to_string(), before);
    // And an undo is a run like any other.
    let shown = world.run(&["show", "latest"]).ended(0).stdout;
    assert!(shown.contains("  Undoes run "), "{shown}");
    world.run(&["undo", "latest", "--auto-approve"]).ended(0);
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
}

#[test]
fn what_was_done_of_an_apply_that_failed_in_part_is_taken_back() {
    let (world, emulator, before) = scene();
    let writes = AtomicUsize::new(0);
    let front = Front::before(&emulator.base_url, move |seen| {
        let is_write = seen.cmdlet() == "Set-Mailbox";
        let fails = is_write && writes.fetch_add(1, Ordering::SeqCst) % 3 == 2;
        if fails { Reply::new(400, &[], "{}") } else { Reply::Forward }
    });
    world.spec_at(&front.url(), &emulator, BODY);
    world.run(&["apply", "--auto-approve"]).ended(6);
    world.spec(&emulator, BODY);
    world.run(&ALLOWED).ended(0);
    assert_eq!(emulator.state().to_string(), before);
}

#[test]
fn an_apply_that_was_killed_is_taken_back_and_closed_by_that() {
    for number in [1, 2, 3, 9] {
        let (world, emulator, before) = scene();
        let (arrived, arrival) = std::sync::mpsc::channel();
        let writes = AtomicUsize::new(0);
        let front = Front::before(&emulator.base_url, move |seen| {
            let is_write = seen.cmdlet().starts_with("Set-");
            let is_it = is_write && writes.fetch_add(1, Ordering::SeqCst) + 1 == number;
            if is_it { Reply::Withhold(arrived.clone()) } else { Reply::Forward }
        });
        world.spec_at(&front.url(), &emulator, BODY);
        let apply = world.spawn(&["apply", "--auto-approve", "--parallelism", "2"]);
        wait_for("the write", || arrival.try_recv().ok());
        apply.signal("KILL");
        apply.wait().ended(128 + 9);
        world.run(&["apply", "--auto-approve"]).ended(11);
        world.run(&ALLOWED).ended(0);
        assert_eq!(emulator.state().to_string(), before, "write {number}");
        let nothing = world.run(&["apply", "--resume"]).ended(0);
        assert!(nothing.stdout.starts_with("Nothing to resume"), "{}", nothing.stdout);
    }
}

#[test]
fn what_others_have_changed_since_is_refused_and_can_be_left_as_it_is() {
    let (world, emulator, _) = scene();
    world.run(&["apply", "--auto-approve"]).ended(0);
    let changed = emulator.mailboxes();
    let (upn, _) =
        changed.iter().find(|(_, one)| one["RecipientTypeDetails"] == "UserMailbox").unwrap();
    let spec = std::fs::read_to_string(world.path("auditform.toml")).unwrap();
    let (head, _) = spec.split_once("[unified_audit_log]").unwrap();
    let other = format!(
        "{head}[mailbox_audit.b]\nrecipient_types = [\"UserMailbox\"]\ninclude = [\"{upn}\"]\nlog_age_limit = 500\n"
    );
    world.write("elsewhere/auditform.toml", other);
    world.run(&["apply", "--auto-approve", "elsewhere"]).ended(0);
    let writes = emulator.writes().len();
    let refused = world.run(&ALLOWED).ended(5);
    assert_eq!(refused.stdout, "");
    let line = format!("changed since: mailbox_audit.people[\"{upn}\"]: ");
    assert!(refused.stderr.contains(&line), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("error[changed-since]: 1 object was changed by others"),
        "{}",
        refused.stderr
    );
    assert_eq!(emulator.writes().len(), writes);
    let partly = world.run(&[&ALLOWED[..], &["--stale", "skip"]].concat()).ended(0);
    assert!(partly.stdout.contains("Changed since, left as it is: "), "{}", partly.stdout);
    assert_eq!(emulator.mailboxes()[upn]["AuditLogAgeLimit"], "500.00:00:00");
}

#[test]
fn an_undo_is_saved_reviewed_and_applied_like_any_other_plan() {
    let (world, emulator, before) = scene();
    world.run(&["apply", "--auto-approve"]).ended(0);
    let writes = emulator.writes().len();
    let saved = world
        .run(&["undo", "latest", "--allow=organization-weakening", "--out", "undo.json"])
        .ended(0);
    assert!(saved.stderr.contains("Saved as `undo.json`."), "{}", saved.stderr);
    assert_eq!(emulator.writes().len(), writes);
    let shown = world.run(&["show", "undo.json"]).ended(0).stdout;
    assert_eq!(shown.lines().next(), saved.stdout.lines().next());
    let document: Value = world.run(&["show", "undo.json", "--format", "json"]).ended(0).json();
    assert!(document["undoes"]["run"].is_string(), "{document}");
    world.run(&["apply", "--auto-approve", "undo.json"]).ended(0);
    assert_eq!(emulator.state().to_string(), before);
    // A second time there is nothing left.
    let again = world
        .run(&["undo", document["undoes"]["run"].as_str().unwrap(), "--auto-approve"])
        .ended(0);
    assert!(again.stdout.contains("No changes. Nothing of run `"), "{}", again.stdout);
}

#[test]
fn a_list_goes_back_without_what_the_service_takes_no_more() {
    let world = World::new();
    let seed = "[[mailbox]]\nupn = \"ada@contoso.com\"\ntype = \"UserMailbox\"\nenabled = true\n\
                admin = [\"Update\", \"MessageBind\"]\ndelegate = []\nowner = []\nlog_age_days = 90\n";
    let emulator = Emulator::start(&world, seed);
    world.spec(
        &emulator,
        "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nadmin = \"default\"\n",
    );
    let planned = world.run(&["plan"]).ended(0).stdout;
    let said =
        "! cannot be undone: `MessageBind` is in a list now, and the service takes it no more";
    assert!(in_one_line(&planned).contains(said), "{planned}");
    world.run(&["apply", "--auto-approve"]).ended(0);
    let undone = world.run(&["undo", "latest", "--auto-approve"]).ended(0).stdout;
    assert!(
        in_one_line(&undone).contains("Admin had `MessageBind`, which the service takes no more."),
        "{undone}"
    );
    assert_eq!(emulator.mailbox("ada@contoso.com")["AuditAdmin"].to_string(), "[\"Update\"]");
}

#[test]
fn what_cannot_be_taken_back_is_named() {
    let world = World::new();
    let seed = "[tenant]\ndehydrated = true\nunified_audit_log = false\n[generate]\nmailboxes = 3\n[generate.types]\nUserMailbox = 1\n";
    let emulator = Emulator::start(&world, seed);
    world.spec(&emulator, "[unified_audit_log]\ningestion = true\n[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nlog_age_limit = 30\n");
    let planned = world.run(&["plan"]).ended(0).stdout;
    assert!(planned.contains("cannot be undone: "), "{planned}");
    world.run(&["apply", "--auto-approve"]).ended(0);
    let undone = world.run(&ALLOWED).ended(0);
    assert!(
        in_one_line(&undone.stdout).contains(
            "Cannot be taken back: `organization_customization`: an organisation is customised once and \
             for all."
        ),
        "{}",
        undone.stdout
    );
    assert_eq!(world.run(&["undo", "latest"]).ended(4).stdout, "", "nobody is there to ask");
    let shortened = "its log was shortened, and what was deleted by then stays deleted.";
    assert!(in_one_line(&undone.stdout).contains(shortened), "{}", undone.stdout);
    let unknown = world.run(&["undo", "20261123T000000000Z-000000", "--auto-approve"]).ended(1);
    assert!(unknown.stderr.contains("error[unknown-run]"), "{}", unknown.stderr);
}
