//! `auditform apply` against a tenant in another process: what the tenant holds afterwards, and
//! every request that brought it there.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::plan::SMALL;
use crate::support::front::{Front, Reply};
use crate::support::{Emulator, Request, World, example};

const GUIDE_TYPES: [&str; 5] =
    ["UserMailbox", "SharedMailbox", "RoomMailbox", "EquipmentMailbox", "LinkedMailbox"];
const GUIDE_ADMIN: [&str; 10] = [
    "Update",
    "Copy",
    "Move",
    "MoveToDeletedItems",
    "SoftDelete",
    "HardDelete",
    "FolderBind",
    "SendAs",
    "SendOnBehalf",
    "Create",
];
const GUIDE_DELEGATE: [&str; 9] = [
    "Update",
    "Move",
    "MoveToDeletedItems",
    "SoftDelete",
    "HardDelete",
    "FolderBind",
    "SendAs",
    "SendOnBehalf",
    "Create",
];

fn names(mailbox: &Value, property: &str) -> BTreeSet<String> {
    let list = mailbox[property].as_array().unwrap();
    list.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// The mailboxes that are not as they were.
fn changed(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> BTreeSet<String> {
    after.iter().filter(|(upn, now)| before[*upn] != **now).map(|(upn, _)| upn.clone()).collect()
}

/// Whose mailbox each Set-Mailbox was anchored at, in order of names.
fn anchored(writes: &[Request]) -> Vec<String> {
    let mut upns: Vec<String> = writes
        .iter()
        .filter(|write| write.cmdlet() == "Set-Mailbox")
        .map(|write| write.anchor().strip_prefix("UPN:").unwrap().to_owned())
        .collect();
    upns.sort();
    upns
}

fn no_changes(world: &World) {
    let second = world.run(&["plan", "--detailed-exitcode"]).ended(0);
    assert!(second.stdout.starts_with("No changes."), "{}", second.stdout);
}

#[test]
fn the_guide_ends_with_exactly_its_lists_on_its_five_types_and_touches_nothing_else() {
    let world = World::new();
    let emulator = Emulator::start(&world, &example("guide-as-written", "tenant.toml"));
    world.example_spec("guide-as-written", &emulator);
    let before = emulator.mailboxes();
    assert_eq!(before.len(), 3017);
    let plan = world.run(&["plan"]).ended(0);
    for lost in ["MailItemsAccessed and Send", "UpdateInboxRules", "UpdateCalendarDelegation"] {
        assert!(plan.stdout.contains(lost), "the plan does not name {lost}");
    }
    world.run(&["apply", "--auto-approve"]).ended(0);

    let after = emulator.mailboxes();
    for (upn, mailbox) in &after {
        let was = &before[upn];
        if !GUIDE_TYPES.contains(&mailbox["RecipientTypeDetails"].as_str().unwrap()) {
            assert_eq!(mailbox, was);
            continue;
        }
        assert_eq!(mailbox["AuditAdmin"], json!(GUIDE_ADMIN), "{upn}");
        assert_eq!(mailbox["AuditDelegate"], json!(GUIDE_DELEGATE), "{upn}");
        assert_eq!(mailbox["AuditEnabled"], true, "{upn}");
        for unmanaged in ["AuditOwner", "AuditLogAgeLimit", "Guid", "ProxyAddresses"] {
            assert_eq!(mailbox[unmanaged], was[unmanaged], "{upn}");
        }
    }
    each_changed_mailbox_was_written_once(&before, &after, &emulator);
    assert_eq!(emulator.state()["UnifiedAuditLogIngestionEnabled"], true);
    no_changes(&world);
}

fn each_changed_mailbox_was_written_once(
    before: &BTreeMap<String, Value>,
    after: &BTreeMap<String, Value>,
    emulator: &Emulator,
) {
    let writes = emulator.writes();
    let upns = anchored(&writes);
    assert_eq!(upns, Vec::from_iter(changed(before, after)));
    assert!(upns.len() > 2000);
    assert!(writes.iter().all(|write| write.method == "POST" && write.status == 200));
    // The switch and its mailboxes, and not one request more.
    assert_eq!(writes.len(), upns.len() + 1);
    assert!(!emulator.requests().iter().any(|request| request.path.contains("$batch")));
    // Plan, the plan of the apply, and reading back.
    let first_pages = emulator.ran("Get-Mailbox");
    let first_pages = first_pages.iter().filter(|page| !page.path.contains("skiptoken"));
    assert_eq!((first_pages.count(), emulator.ran("Get-Mailbox").len()), (3, 9));
}

#[test]
fn default_plus_loses_nothing_that_the_default_records_nor_an_action_nobody_knows() {
    let world = World::new();
    let seed = "[tenant]\nadded_defaults = { admin = [\"Teleport\"], delegate = [\"Teleport\"] }\n\
                [generate]\nmailboxes = 300\nseed = 11\n";
    let emulator = Emulator::start(&world, seed);
    world.example_spec("non-owner-mailbox-audit", &emulator);
    let before = emulator.mailboxes();
    let plan = world.run(&["plan", "--format", "json"]).ended(0).json();
    world.run(&["apply", "--auto-approve"]).ended(0);

    let after = emulator.mailboxes();
    let untouched =
        |mailbox: &&Value| mailbox["DefaultAuditSet"] == json!(["Admin", "Delegate", "Owner"]);
    let default = before.values().find(untouched).unwrap();
    assert!(names(default, "AuditAdmin").contains("Teleport"));
    for (upn, mailbox) in &after {
        if !GUIDE_TYPES.contains(&mailbox["RecipientTypeDetails"].as_str().unwrap())
            || mailbox["IsInactiveMailbox"] == true
        {
            assert_eq!(*mailbox, before[upn]);
            continue;
        }
        for (property, extra) in [
            ("AuditAdmin", &["Copy", "Move", "FolderBind"][..]),
            ("AuditDelegate", &["Move", "FolderBind"]),
        ] {
            let (was, is) = (&before[upn], names(mailbox, property));
            assert!(extra.iter().all(|action| is.contains(*action)), "{upn}: {is:?}");
            // What a frozen list has lost, the unknown action included, was not ours to guess.
            let mut wanted = names(default, property);
            if !names(was, property).contains("Teleport") {
                wanted.remove("Teleport");
            }
            assert!(is.is_superset(&wanted), "{upn} lost {:?}", wanted.difference(&is));
        }
        assert_eq!(mailbox["AuditOwner"], before[upn]["AuditOwner"]);
    }
    assert!(!plan.to_string().contains("no longer records"), "the plan shows a loss");
    no_changes(&world);
}

#[test]
fn at_least_adds_what_is_missing_and_removes_nothing() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let front = Front::before(&emulator.base_url, |_| Reply::Forward);
    let body = "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\n\
                admin = { at_least = [\"Copy\", \"Move\"] }\n";
    world.spec_at(&front.url(), &emulator, body);
    let before = emulator.mailboxes();
    world.run(&["apply", "--auto-approve"]).ended(0);
    let after = emulator.mailboxes();
    assert_eq!(
        changed(&before, &after),
        ["ada@contoso.com", "bob@contoso.com", "eve@contoso.com"].map(str::to_owned).into()
    );
    for (upn, mailbox) in &after {
        assert!(names(mailbox, "AuditAdmin").is_superset(&names(&before[upn], "AuditAdmin")));
    }
    // Even the deprecated action of an earlier year, which could not be written again.
    let eve = ["Copy", "MessageBind", "Move", "Update"].map(str::to_owned);
    assert_eq!(names(&after["eve@contoso.com"], "AuditAdmin"), eve.into());
    for write in front.writes() {
        assert_eq!(write.parameters()["AuditAdmin"]["@odata.type"], "#Exchange.GenericHashTable");
        assert!(write.parameters()["AuditAdmin"].get("Remove").is_none());
    }
    no_changes(&world);
}

#[test]
fn enabled_is_written_only_where_it_has_an_effect() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let front = Front::before(&emulator.base_url, |_| Reply::Forward);
    let body = "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\", \"SharedMailbox\", \
                \"RoomMailbox\"]\nenabled = true\nlog_age_limit = 200\n";
    world.spec_at(&front.url(), &emulator, body);
    world.run(&["apply", "--auto-approve"]).ended(0);
    let mut written = BTreeMap::new();
    for write in front.writes() {
        let upn = write.header("x-anchormailbox").strip_prefix("UPN:").unwrap().to_owned();
        written.insert(upn, write.parameters()["AuditEnabled"].clone());
    }
    let expected = [
        ("ada@contoso.com", Value::Null),
        ("bob@contoso.com", Value::Null),
        ("eve@contoso.com", Value::Null),
        ("oslo@contoso.com", json!(true)),
        ("sales@contoso.com", Value::Null),
    ];
    assert_eq!(written, expected.map(|(upn, value)| (upn.to_owned(), value)).into());
    no_changes(&world);
}

#[test]
fn a_group_mailbox_takes_an_age_limit_and_nothing_else() {
    let world = World::new();
    let seed =
        format!("{SMALL}\n[[mailbox]]\nupn = \"staff@contoso.com\"\ntype = \"GroupMailbox\"\n");
    let emulator = Emulator::start(&world, &seed);
    let body =
        "[mailbox_audit.groups]\nrecipient_types = [\"GroupMailbox\"]\nlog_age_limit = 365\n";
    world.spec(&emulator, body);
    let before = emulator.mailboxes();
    world.run(&["apply", "--auto-approve"]).ended(0);
    let mut expected = before.clone();
    expected.get_mut("staff@contoso.com").unwrap()["AuditLogAgeLimit"] = json!("365.00:00:00");
    assert_eq!(emulator.mailboxes(), expected);
    no_changes(&world);
}

/// Asks each mailbox of the small tenant for a longer log.
const AGE: &str = "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\", \"SharedMailbox\"]\n\
                   log_age_limit = 400\n";

const REFUSAL: &str = r#"{"error":{"code":"BadRequest","message":"x","innererror":{"message":"x","internalexception":{"type":"Microsoft.Exchange.Management.Tasks.RecipientTaskException","message":"The mailbox is on hold for an investigation."}}}}"#;

#[test]
fn a_mailbox_that_refuses_does_not_stop_the_others() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let front = Front::before(&emulator.base_url, |seen| match seen.header("x-anchormailbox") {
        "UPN:bob@contoso.com" => Reply::new(400, &[("request-id", "r-1")], REFUSAL),
        _ => Reply::Forward,
    });
    world.spec_at(&front.url(), &emulator, AGE);
    let before = emulator.mailboxes();
    let applied = world.run(&["apply", "--auto-approve"]).ended(6);
    let (_, report) = applied.stdout.split_once("whatever is set here\n").unwrap();
    assert_data_eq!(
        world.redact(report),
        str![[r#"

Digest: sha256:<digest>
failed: mailbox_audit.a["bob@contoso.com"]: the service refuses: The mailbox is on hold for an investigation. [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Set-Mailbox), status 400, request-id r-1, client-request-id <guid>, 1 try in <time> s]; see the service's words; plan again

Apply incomplete. 0 created, 3 changed, 0 deleted, 1 failed.
Read back and verified: 3 changes.
Note: the mailbox audit bypass list was not looked at: accounts on it leave no audit records, whatever is set here

"#]]
    );
    let done = changed(&before, &emulator.mailboxes());
    assert_eq!(
        done,
        ["ada@contoso.com", "eve@contoso.com", "sales@contoso.com"].map(str::to_owned).into()
    );
    let left = world.run(&["plan", "--format", "json"]).ended(0).json();
    assert_eq!(left["summary"]["change"], 1);
}

#[test]
fn a_switch_that_fails_leaves_its_mailboxes_untouched_and_says_why() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let front = Front::before(&emulator.base_url, |seen| match seen.cmdlet() {
        "Set-AdminAuditLogConfig" => Reply::new(400, &[("request-id", "r-1")], REFUSAL),
        _ => Reply::Forward,
    });
    world.spec_at(
        &front.url(),
        &emulator,
        &format!("[unified_audit_log]\ningestion = true\n{AGE}"),
    );
    let before = emulator.state();
    let applied = world.run(&["apply", "--auto-approve"]).ended(6);
    let (_, report) = applied.stdout.split_once("whatever is set here\n").unwrap();
    assert_data_eq!(
        world.redact(report),
        str![[r#"

Digest: sha256:<digest>
failed: unified_audit_log: the service refuses: The mailbox is on hold for an investigation. [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Set-AdminAuditLogConfig), status 400, request-id r-1, client-request-id <guid>, 1 try in <time> s]; see the service's words; plan again
skipped: mailbox_audit.a["ada@contoso.com"]: unified_audit_log comes first and failed
skipped: mailbox_audit.a["bob@contoso.com"]: unified_audit_log comes first and failed
skipped: mailbox_audit.a["eve@contoso.com"]: unified_audit_log comes first and failed
skipped: mailbox_audit.a["sales@contoso.com"]: unified_audit_log comes first and failed

Apply incomplete. 0 created, 0 changed, 0 deleted, 1 failed, 4 skipped.
Note: the mailbox audit bypass list was not looked at: accounts on it leave no audit records, whatever is set here

"#]]
    );
    assert_eq!(emulator.state(), before);
    assert_eq!(front.writes().len(), 1);
}

#[test]
fn without_a_terminal_and_without_approval_no_request_is_made_at_all() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    world.spec(&emulator, AGE);
    let refused = world.run(&["apply"]).ended(4);
    assert_eq!(refused.stdout, "");
    assert_data_eq!(
        refused.stderr,
        str![[r#"
error[no-terminal]: there is no terminal to ask on
 |
 = note: nothing was read or changed
 = help: run it on a terminal, or with `--auto-approve`

"#]]
    );
    assert_eq!(emulator.requests(), []);
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_only_yes_is_a_yes() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    world.spec(&emulator, AGE);
    for (answer, code, written) in [("no", 4, 0), ("y", 4, 0), ("", 4, 0), ("yes", 0, 4)] {
        let asked = world.on_a_terminal("apply", &format!("{answer}\n")).ended(code);
        assert!(asked.stdout.contains("Only `yes` is accepted."), "{}", asked.stdout);
        assert_eq!(emulator.writes().len(), written, "{answer}");
        let refused = asked.stdout.contains("Not approved: nothing was changed.");
        assert_eq!(refused, code == 4, "{}", asked.stdout);
    }
}
