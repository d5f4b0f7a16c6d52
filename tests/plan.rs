//! `auditform plan` against a tenant in another process: the document, its schema, the exit codes,
//! and what the tenant sees of it. The texts are in `plan_text.rs`.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Emulator, Request, World};

/// A small tenant with one mailbox of each interesting kind.
pub(crate) const SMALL: &str = r#"
[tenant]
tenant_id = "7c1d3a52-9f0e-4b68-8e27-51c0a4d96b3f"
unified_audit_log = false

[[mailbox]]
upn = "ada@contoso.com"
type = "UserMailbox"

[[mailbox]]
upn = "bob@contoso.com"
type = "UserMailbox"

[[mailbox]]
upn = "eve@contoso.com"
type = "UserMailbox"
enabled = true
admin = ["MessageBind", "Copy", "Update"]
log_age_days = 365

[[mailbox]]
upn = "oslo@contoso.com"
type = "RoomMailbox"

[[mailbox]]
upn = "sales@contoso.com"
type = "SharedMailbox"
delegate = ["Update", "FolderBind"]

[[mailbox]]
upn = "team@contoso.com"
type = "TeamMailbox"
"#;

/// Asks for something of every sort.
pub(crate) const MIXED: &str = r#"
[unified_audit_log]
ingestion = true

[organization]
mailbox_auditing = true

[mailbox_audit.people]
recipient_types = ["UserMailbox", "SharedMailbox"]
enabled = true
admin = { default_plus = ["Copy"] }
delegate = { exactly = ["Update", "FolderBind"] }

[mailbox_audit.rooms]
recipient_types = ["RoomMailbox"]
enabled = true
log_age_limit = 180
"#;

/// One rule that every mailbox of Microsoft's making needs, and nothing else.
pub(crate) const OWNERS: &str = r#"
[mailbox_audit.owners]
recipient_types = ["UserMailbox"]
owner = { at_least = ["MailboxLogin"] }
"#;

pub(crate) fn small(world: &World, body: &str) -> Emulator {
    let emulator = Emulator::start(world, SMALL);
    world.spec(&emulator, body);
    emulator
}

#[test]
fn the_document_agrees_with_the_text_and_with_its_schema() {
    let world = World::new();
    let _emulator = small(&world, MIXED);
    let plan = world.run(&["plan", "--format", "json"]).ended(0).json();
    let keys: Vec<&String> = plan.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "changes",
            "deferred",
            "digest",
            "format_version",
            "notes",
            "pending",
            "refused",
            "safeguards",
            "summary",
            "tenant",
            "tool_version",
            "violations"
        ]
    );
    let changes = plan["changes"].as_array().unwrap();
    let summary = &plan["summary"];
    let writes: usize =
        changes.iter().map(|change| change["writes"].as_array().unwrap().len()).sum();
    assert_eq!(summary["change"], changes.len());
    assert_eq!((&summary["create"], &summary["delete"]), (&json!(0), &json!(0)));
    assert_eq!(summary["requests"], writes);
    let text = world.run(&["plan"]).stdout;
    let said = format!("Plan: 0 to create, {} to change, 0 to delete.", changes.len());
    assert!(text.contains(&said), "{text}");
    let reads = &summary["reads"];
    let said =
        format!("Applying it takes {writes} requests to write and {reads} requests to read back.");
    assert!(text.contains(&said), "{text}");
    assert_eq!(broken_rules(&plan), [""; 0]);
}

#[test]
fn the_document_holds_the_whole_state_before_each_change() {
    let world = World::new();
    let emulator = small(&world, MIXED);
    let plan = world.run(&["plan", "--format", "json"]).ended(0).json();
    let eve = change(&plan, "mailbox_audit.people[\"eve@contoso.com\"]");
    let stored = emulator.mailbox("eve@contoso.com");
    assert_eq!(eve["guid"], stored["Guid"]);
    assert_eq!(eve["anchor"], "UPN:eve@contoso.com");
    for (ours, theirs) in [
        ("enabled", "AuditEnabled"),
        ("admin", "AuditAdmin"),
        ("delegate", "AuditDelegate"),
        ("owner", "AuditOwner"),
        ("log_age_limit", "AuditLogAgeLimit"),
        ("default_audit_set", "DefaultAuditSet"),
    ] {
        assert_eq!(eve["before"][ours], stored[theirs], "{ours}");
    }
    assert_eq!(eve["removes"]["admin"], json!(["MessageBind"]));
    assert_eq!(eve["depends_on"], json!(["unified_audit_log"]));
}

#[test]
fn the_schema_refuses_documents_that_no_plan_is() {
    let world = World::new();
    let _emulator = small(&world, MIXED);
    let plan = world.run(&["plan", "--format", "json"]).ended(0).json();
    for (pointer, wrong) in [
        ("/format_version", json!(1)),
        ("/summary/change", json!(-1)),
        ("/changes/0/action", json!("destroy")),
        ("/changes/1/before", json!({ "admin": "Update" })),
        ("/changes/1/reversible", json!("yes")),
        ("/changes/1/writes/0/operation", json!("format_disk")),
        ("/tenant/id", json!("contoso")),
    ] {
        let mut document = plan.clone();
        *document.pointer_mut(pointer).unwrap() = wrong;
        assert_ne!(broken_rules(&document), [""; 0], "{pointer}");
    }
    for key in ["summary", "changes", "tenant", "notes"] {
        let mut document = plan.clone();
        document.as_object_mut().unwrap().remove(key);
        assert_ne!(broken_rules(&document), [""; 0], "{key}");
    }
}

/// A chain, switches and mailboxes: a change of every sort.
const CHAIN: &str = "[certificate.auditor]\n[application.auditor]\ndisplay_name = \"A\"\n\
                     certificates = [\"certificate.auditor\"]\n";

#[test]
fn the_schema_refuses_every_small_damage_of_a_change() {
    let world = World::new();
    let _emulator = small(&world, &format!("{CHAIN}{MIXED}"));
    let plan = world.run(&["plan", "--format", "json", "--out", "plan.json"]).ended(0).json();
    let saved = std::fs::read_to_string(world.path("plan.json")).unwrap();
    let saved: Value = serde_json::from_str(&saved).unwrap();
    let judge = published();
    let refused = |plan: &Value, at: &str, member: &str, value: Option<Value>| {
        refuses(&judge, plan, at, member, value);
    };
    let changes = || plan["changes"].as_array().unwrap().iter();
    let of = |start: &str| {
        changes().position(|change| change["address"].as_str().unwrap().starts_with(start)).unwrap()
    };
    let places = [
        ("chain", "application.auditor", ["guid", "policies"]),
        ("chain", "key_credential.auditor[", ["anchor", "recipient_type"]),
        ("tenant", "unified_audit_log", ["guid", "finally"]),
        ("mailbox", "mailbox_audit.people[", ["after_exchange", "finally"]),
    ];
    for (sort, start, of_others) in places {
        let at = format!("/changes/{}", of(start));
        for name in ["action", "reason", "before", "after", "removes", "reversible", "writes"] {
            refused(&plan, &at, name, None);
            refused(&plan, &at, name, Some(json!(7)));
        }
        for name in of_others.into_iter().chain(["blame"]) {
            refused(&plan, &at, name, Some(json!("a")));
        }
        for (_, other, _) in places.iter().filter(|(other, ..)| *other != sort) {
            refused(&plan, &at, "address", Some(plan["changes"][of(other)]["address"].clone()));
        }
        for address in ["check.a", "application.", "mailbox_audit.people", "unified_audit_log.a"] {
            refused(&plan, &at, "address", Some(json!(address)));
        }
        refused(&plan, &at, "removes", Some(json!({ "admin": [] })));
        refused(&plan, &at, "writes", Some(json!([{ "operation": "set_mailbox" }])));
        refused(&plan, &format!("{at}/writes/0"), "blame", Some(json!("a")));
    }
    let mailbox = format!("/changes/{}", of("mailbox_audit.people["));
    refused(&plan, &mailbox, "guid", Some(json!("eve")));
    refused(&plan, &format!("{mailbox}/before"), "admin", None);
    refused(&plan, &format!("{mailbox}/before"), "log_age_limit", Some(json!("90 days")));
    let last = format!("/changes/{}", saved["changes"].as_array().unwrap().len() - 1);
    refused(&saved, &last, "pattern", Some(json!(-1)));
    refused(&saved, &last, "reason", Some(json!("a")));
    refused(&saved, "/patterns/0", "guid", Some(plan.pointer(&mailbox).unwrap()["guid"].clone()));
    refused(&saved, "/patterns/0", "writes", Some(json!([])));
    refused(&saved, "/spec", "files", Some(json!({})));
    refused(&saved, "", "digest", Some(json!("sha256:A5")));
    refused(&saved, "", "blame", Some(json!([])));
}

/// Sets a member of a real plan, or takes it away, and expects that the schema refuses what is left.
#[track_caller]
fn refuses(
    judge: &jsonschema::Validator,
    plan: &Value,
    at: &str,
    member: &str,
    value: Option<Value>,
) {
    assert!(judge.is_valid(plan));
    let mut damaged = plan.clone();
    let object = damaged.pointer_mut(at).unwrap().as_object_mut().unwrap();
    let what = format!("{at}: {member} = {value:?}");
    match value {
        Some(value) => drop(object.insert(member.to_owned(), value)),
        None => drop(object.remove(member).unwrap()),
    }
    assert_ne!(damaged, *plan, "{what}");
    assert!(!judge.is_valid(&damaged), "{what}");
}

fn published() -> jsonschema::Validator {
    let schema =
        serde_json::from_str(&crate::support::package("schemas/plan.schema.json")).unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    jsonschema::draft202012::new(&schema).unwrap()
}

pub(crate) fn broken_rules(document: &Value) -> Vec<String> {
    published().iter_errors(document).map(|error| error.to_string()).collect()
}

fn change<'a>(plan: &'a Value, address: &str) -> &'a Value {
    let changes = plan["changes"].as_array().unwrap();
    changes.iter().find(|change| change["address"] == address).unwrap()
}

#[test]
fn a_plan_writes_nothing_and_a_second_one_is_equal_to_the_byte() {
    let world = World::new();
    let emulator = small(&world, MIXED);
    let before = emulator.state();
    let first = world.run(&["plan", "--format", "json"]).ended(0);
    let second = world.run(&["plan", "--format", "json"]).ended(0);
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(emulator.state(), before);
    let asked: BTreeSet<String> =
        emulator.requests().iter().map(|request| request.cmdlet().to_owned()).collect();
    let reads = ["", "Get-AdminAuditLogConfig", "Get-Mailbox", "Get-OrganizationConfig"];
    assert_eq!(asked, reads.map(str::to_owned).into());
    let others: Vec<_> =
        emulator.requests().into_iter().filter(|request| request.cmdlet.is_none()).collect();
    assert!(others.iter().all(|request| {
        request.path.contains("/.well-known/openid-configuration")
            || request.path.contains("/oauth2/v2.0/token")
    }));
    assert!(!world.path(".auditform").exists(), "a plan leaves nothing behind");
}

#[test]
fn the_exit_code_tells_changes_only_when_asked_to() {
    let world = World::new();
    let emulator = small(&world, MIXED);
    world.run(&["plan"]).ended(0);
    world.run(&["plan", "--detailed-exitcode"]).ended(2);
    world.spec(&emulator, "[organization]\nmailbox_auditing = true\n");
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
}

#[test]
fn three_thousand_mailboxes_are_read_in_four_pages_and_none_is_missed() {
    let world = World::new();
    let seed = "[generate]\nmailboxes = 3017\ncompliant = 0.0\n[generate.types]\nUserMailbox = 1\n";
    let emulator = Emulator::start(&world, seed);
    world.spec(&emulator, OWNERS);
    let plan = world.run(&["plan", "--format", "json"]).ended(0).json();
    let changes = plan["summary"]["change"].as_u64().unwrap();
    let unchanged = plan["summary"]["unchanged"].as_u64().unwrap();
    assert_eq!(changes + unchanged, 3017);
    assert!(changes > 2000, "{changes}");
    let pages = emulator.ran("Get-Mailbox");
    assert_eq!(pages.len(), 4);
    assert!(pages.iter().all(|page| page.method == "POST" && page.status == 200));
    let follows: Vec<bool> = pages.iter().map(|page| page.path.contains("skiptoken")).collect();
    assert_eq!(follows, [false, true, true, true]);
    let anchors: BTreeSet<&str> = pages.iter().map(Request::anchor).collect();
    assert_eq!(anchors.len(), 1, "{anchors:?}");
}

#[test]
fn mailboxes_of_other_types_are_not_in_the_plan() {
    let world = World::new();
    let emulator = Emulator::start(&world, "[generate]\nmailboxes = 200\nseed = 5\n");
    let body = "[mailbox_audit.a]\nrecipient_types = [\"RoomMailbox\", \"SharedMailbox\"]\n\
                owner = { exactly = [\"Move\"] }\n";
    world.spec(&emulator, body);
    let plan = world.run(&["plan", "--format", "json"]).ended(0).json();
    let planned: BTreeSet<&str> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["recipient_type"].as_str().unwrap())
        .collect();
    assert_eq!(planned, ["RoomMailbox", "SharedMailbox"].into());
    let mailboxes = emulator.mailboxes();
    let wanted = mailboxes
        .values()
        .filter(|mailbox| {
            let kind = mailbox["RecipientTypeDetails"].as_str().unwrap();
            ["RoomMailbox", "SharedMailbox"].contains(&kind)
        })
        .count();
    assert_eq!(plan["summary"]["change"], wanted);
}

#[test]
fn turning_a_switch_off_is_refused_until_it_is_allowed_by_name() {
    let world = World::new();
    let on = SMALL.replace("unified_audit_log = false", "");
    let emulator = Emulator::start(&world, &on);
    let body = "[unified_audit_log]\ningestion = false\n[organization]\nmailbox_auditing = false\n";
    world.spec(&emulator, body);
    let document = world.run(&["plan", "--format", "json"]).ended(3).json();
    assert_eq!(document["refused"].as_array().unwrap().len(), 2);
    assert_eq!(broken_rules(&document), [""; 0]);
    let before = emulator.state();
    world.run(&["apply", "--auto-approve"]).ended(3);
    assert_eq!((emulator.state(), emulator.writes()), (before, vec![]));
    world.run(&["plan", "--allow", "organization-weakening"]).ended(0);
    world.run(&["apply", "--auto-approve", "--allow", "organization-weakening"]).ended(0);
    let after = emulator.state();
    assert_eq!(after["UnifiedAuditLogIngestionEnabled"], false);
    assert_eq!(after["AuditDisabled"], true);
}

const DEHYDRATED: &str = "[unified_audit_log]\ningestion = true\n\
                          [organization]\nmailbox_auditing = true\n";

pub(crate) fn dehydrated(world: &World) -> Emulator {
    let seed = SMALL.replace("[tenant]", "[tenant]\ndehydrated = true");
    let emulator = Emulator::start(world, &seed);
    world.spec(&emulator, &format!("{DEHYDRATED}{OWNERS}"));
    emulator
}

#[test]
fn a_dehydrated_tenant_is_customised_first_and_that_cannot_be_undone() {
    let world = World::new();
    let _emulator = dehydrated(&world);
    let plan = world.run(&["plan", "--format", "json"]).ended(0).json();
    let first = &plan["changes"][0];
    assert_eq!(first["address"], "organization_customization");
    assert_eq!((&first["action"], &first["reversible"]), (&json!("create"), &json!(false)));
    assert_eq!(change(&plan, "unified_audit_log")["depends_on"], json!([first["address"]]));
    assert_eq!(plan["summary"]["create"], 1);
    assert_eq!(broken_rules(&plan), [""; 0]);
}

#[test]
fn a_dehydrated_tenant_is_left_as_it_is_where_no_switch_changes() {
    let world = World::new();
    let emulator = dehydrated(&world);
    world.spec(&emulator, &format!("[organization]\nmailbox_auditing = true\n{OWNERS}"));
    let plan = world.run(&["plan", "--format", "json"]).ended(0).json();
    assert_eq!(plan["summary"]["create"], 0);
    let operations = plan.to_string();
    assert!(!operations.contains("customization"), "{operations}");
}
