//! Plans as files: what is in them, that they are read as they were written, and what becomes of
//! files that are no longer, or never were, what was saved.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

mod damaged;

use std::fs;

use auditform::resource::PlanDigest;
use serde_json::Value;
use sha2::{Digest, Sha256};
use snapbox::{assert_data_eq, str};

use crate::plan::{MIXED, OWNERS, SMALL, broken_rules};
use crate::support::{Emulator, Output, World};

/// A small tenant with a spec, and the plan `plan.json`.
fn saved(world: &World, body: &str) -> Emulator {
    let emulator = Emulator::start(world, SMALL);
    world.spec(&emulator, body);
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    emulator
}

fn text(world: &World) -> String {
    fs::read_to_string(world.path("plan.json")).unwrap()
}

fn document(world: &World) -> Value {
    serde_json::from_str(&text(world)).unwrap()
}

/// What `show` says beyond `plan`: when, by what and from which commit it was made.
fn without_origin(shown: &str) -> String {
    let is_origin = |line: &&str| {
        ["Made: ", "Auditform: ", "Git commit: "].iter().any(|name| line.starts_with(name))
    };
    shown.split_inclusive('\n').filter(|line| !is_origin(line)).collect()
}

/// Every saved plan of this content is refused with this code before any call.
#[track_caller]
fn refused(world: &World, emulator: &Emulator, content: &[u8], code: &str) -> Output {
    world.write("bad.json", content);
    let before = emulator.requests().len();
    let output = world.run(&["apply", "--auto-approve", "bad.json"]).ended(1);
    assert!(output.stderr.contains(&format!("error[{code}]")), "{}", output.stderr);
    assert_eq!(output.stdout, "");
    assert_eq!(emulator.requests().len(), before);
    output
}

#[test]
fn a_saved_plan_is_canonical_and_anyone_can_compute_its_digest() {
    let world = World::new();
    let _emulator = saved(&world, MIXED);
    let text = text(&world);
    let mut document = document(&world);
    assert_eq!(text, format!("{}\n", serde_jcs::to_string(&document).unwrap()));
    let stated = document["digest"].as_str().unwrap().to_owned();
    let members = document.as_object_mut().unwrap();
    for name in ["created_at", "digest", "git", "host", "tool_version"] {
        members.remove(name);
    }
    members["summary"].as_object_mut().unwrap().remove("reads");
    let digest = Sha256::digest(serde_jcs::to_vec(&document).unwrap());
    assert_eq!(stated, PlanDigest::new(digest.into()).to_string());
}

#[test]
fn every_saved_plan_is_as_the_published_schema_says() {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    let approval = format!("[approval]\nsigners = [\"{key} alice\"]\n");
    let limits = "[limits]\nchanged = \"30%\"\nweakening = 0\ncanary = 2\n";
    let variables = "[variables.days]\ntype = \"integer\"\ndefault = 180\n";
    let body = MIXED.replace("log_age_limit = 180", "log_age_limit = \"${var.days}\"");
    let chain = "[certificate.auditor]\n[application.auditor]\ndisplay_name = \"A\"\n\
                 api_permissions = [\"Exchange.ManageAsApp\"]\ncertificates = [\"certificate.auditor\"]\n";
    for (body, code) in [
        (OWNERS.to_owned(), 0),
        (format!("{approval}{limits}{variables}{body}"), 3),
        (format!("{chain}{OWNERS}"), 0),
    ] {
        let world = World::new();
        let emulator = Emulator::start(&world, SMALL);
        world.spec(&emulator, &body);
        let output = world.run(&["plan", "--out", "plan.json"]);
        assert_eq!(output.code, code, "{output:?}");
        assert_eq!(broken_rules(&document(&world)), [""; 0]);
    }
}

#[test]
fn planning_again_gives_the_same_digest_and_another_spec_another() {
    let world = World::new();
    let emulator = saved(&world, MIXED);
    let digest = document(&world)["digest"].as_str().unwrap().to_owned();
    let last = |output: &Output| output.stdout.lines().last().unwrap_or_default().to_owned();
    assert_eq!(last(&world.run(&["plan"]).ended(0)), format!("Digest: {digest}"));
    assert_eq!(world.run(&["plan", "--format", "json"]).ended(0).json()["digest"], digest);
    world.spec(&emulator, OWNERS);
    assert_ne!(last(&world.run(&["plan"]).ended(0)), format!("Digest: {digest}"));
}

#[test]
fn show_says_of_a_saved_plan_what_plan_said() {
    let world = World::new();
    let _emulator = saved(&world, MIXED);
    world.run(&["plan", "--out", "plan.zst"]).ended(0);
    for arguments in [&["--full"][..], &["--format", "json"]] {
        let planned = world.run(&[&["plan"], arguments].concat()).ended(0).stdout;
        for file in ["plan.json", "plan.zst"] {
            let shown = world.run(&[&["show", file], arguments].concat()).ended(0).stdout;
            let shown = without_origin(&shown);
            assert_eq!(shown, planned);
        }
    }
    let compressed = fs::read(world.path("plan.zst")).unwrap();
    assert!(compressed.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
}

#[cfg(unix)]
#[test]
fn a_saved_plan_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let _emulator = saved(&world, OWNERS);
    let mode = fs::metadata(world.path("plan.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_saved_plan_is_what_apply_does_and_doing_it_again_finds_it_done() {
    let world = World::new();
    let emulator = saved(&world, MIXED);
    let planned = document(&world);
    world.run(&["apply", "--auto-approve", "plan.json"]).ended(0);
    assert_eq!(emulator.writes().len() as u64, planned["summary"]["requests"].as_u64().unwrap());
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
    let writes = emulator.writes().len();
    let again = world.run(&["apply", "--auto-approve", "plan.json"]).ended(0);
    assert_eq!(emulator.writes().len(), writes);
    assert!(again.stdout.contains("0 changed, 0 deleted, 6 already done."), "{}", again.stdout);
}

#[test]
fn a_printed_plan_can_be_shown_and_not_applied() {
    let world = World::new();
    let emulator = saved(&world, MIXED);
    let printed = world.run(&["plan", "--format", "json"]).ended(0).stdout;
    refused(&world, &emulator, printed.as_bytes(), "printed-plan");
    // Only the digest is missing: it covers what a printed plan does not hold.
    let shown = world.run(&["show", "bad.json"]).ended(0).stdout;
    let whole = without_origin(&world.run(&["show", "plan.json"]).ended(0).stdout);
    assert_eq!(whole.split("\nDigest: ").next().unwrap(), shown);
}

#[test]
fn a_spec_that_changed_since_is_refused_unless_the_plan_alone_is_wanted() {
    let world = World::new();
    let emulator = saved(&world, OWNERS);
    let spec = fs::read_to_string(world.path("auditform.toml")).unwrap();
    world.write("auditform.toml", format!("{spec}\n# later\n"));
    let before = emulator.requests().len();
    let output = world.run(&["apply", "--auto-approve", "plan.json"]).ended(5);
    assert!(output.stderr.contains("error[spec-changed]"), "{}", output.stderr);
    assert_eq!((output.stdout.as_str(), emulator.requests().len()), ("", before));
    fs::remove_file(world.path("auditform.toml")).unwrap();
    world.run(&["apply", "--auto-approve", "plan.json"]).ended(5);
    world.run(&["apply", "--auto-approve", "--plan-only", "plan.json"]).ended(0);
    assert!(!emulator.writes().is_empty());
}

#[test]
fn the_digest_that_was_approved_is_the_one_that_is_applied() {
    let world = World::new();
    let emulator = saved(&world, OWNERS);
    let digest = document(&world)["digest"].as_str().unwrap().to_owned();
    let other = format!("sha256:{}", "0".repeat(64));
    let before = emulator.requests().len();
    let output = world.run(&["apply", "--auto-approve", "--approve", &other, "plan.json"]).ended(4);
    assert!(output.stderr.contains(&other) && output.stderr.contains(&digest), "{}", output.stderr);
    assert_eq!(emulator.requests().len(), before);
    world.run(&["apply", "--auto-approve", "--approve", &other]).ended(4);
    assert_eq!(emulator.writes(), []);
    world.run(&["apply", "--approve", "sha256:12", "plan.json"]).ended(64);
    world.run(&["apply", "--auto-approve", "--approve", &digest]).ended(0);
}

#[test]
fn a_plan_for_another_tenant_is_refused() {
    let world = World::new();
    let first = saved(&world, OWNERS);
    let other = World::new();
    let seed = SMALL.replace("7c1d3a52", "7c1d3a53");
    let second = Emulator::start(&other, &seed);
    let spec = fs::read_to_string(world.path("auditform.toml")).unwrap();
    let mut document = document(&world);
    let moved = spec
        .replace(&first.base_url, &second.base_url)
        .replace(&first.client_id, &second.client_id);
    let certificate = first.certificate.display().to_string();
    let moved = moved.replace(&certificate, &second.certificate.display().to_string());
    document["spec"]["files"]["auditform.toml"] = moved.clone().into();
    // A plan whose digest holds, and whose spec leads elsewhere.
    let members = document.as_object_mut().unwrap();
    let header: Vec<(String, Value)> = ["created_at", "git", "host", "tool_version", "digest"]
        .iter()
        .filter_map(|name| members.remove_entry(*name))
        .collect();
    let reads = members["summary"].as_object_mut().unwrap().remove("reads").unwrap();
    let digest = Sha256::digest(serde_jcs::to_vec(&members).unwrap());
    members["summary"]["reads"] = reads;
    members.extend(header.into_iter().filter(|(name, _)| name != "host"));
    let digest = PlanDigest::new(digest.into()).to_string();
    members.insert("digest".to_owned(), digest.into());
    other.write("auditform.toml", moved);
    other.write("plan.json", serde_jcs::to_vec(&document).unwrap());
    let output = other.run(&["apply", "--auto-approve", "plan.json"]).ended(1);
    assert!(output.stderr.contains("error[other-tenant]"), "{}", output.stderr);
    assert_eq!(second.writes(), []);
}

#[test]
fn without_a_terminal_a_saved_plan_wants_auto_approve() {
    let world = World::new();
    let emulator = saved(&world, OWNERS);
    let before = emulator.requests().len();
    world.run(&["apply", "plan.json"]).ended(4);
    assert_eq!(emulator.requests().len(), before);
}

#[test]
fn flags_that_mean_nothing_for_what_is_applied_are_refused() {
    let world = World::new();
    let _emulator = saved(&world, OWNERS);
    world.run(&["apply", "--auto-approve", "--plan-only"]).ended(64);
    let allow = ["apply", "--auto-approve", "--allow", "organization-weakening", "plan.json"];
    world.run(&allow).ended(64);
}

#[test]
fn a_plan_of_the_format_before_this_one_is_still_read() {
    let fixture = |name: &str| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/plans/");
        format!("{path}{name}")
    };
    let world = World::new();
    let shown = world.run(&["show", &fixture("1.1.json")]).ended(0).stdout;
    assert_eq!(shown, fs::read_to_string(fixture("1.1.txt")).unwrap());
    let document = world.run(&["show", "--format", "json", &fixture("1.1.json")]).ended(0).json();
    let old: Value =
        serde_json::from_str(&fs::read_to_string(fixture("1.1.json")).unwrap()).unwrap();
    assert_eq!(broken_rules(&old), [""; 0]);
    assert_eq!(document["changes"].as_array().unwrap().len(), 10);
    for (change, was) in
        document["changes"].as_array().unwrap().iter().zip(old["changes"].as_array().unwrap())
    {
        for (name, value) in was.as_object().unwrap() {
            // In which order attributes are told was not kept then.
            let sorted = |list: &Value| {
                let mut names: Vec<String> =
                    list.as_array().into_iter().flatten().map(Value::to_string).collect();
                names.sort();
                names
            };
            let is_same = change[name] == *value
                || (name == "after_unknown" && sorted(&change[name]) == sorted(value));
            assert!(is_same, "{name} of {}", was["address"]);
        }
    }
}

#[test]
fn a_saved_plan_of_an_older_format_is_what_its_digest_says() {
    let plans = [
        ("1.2", "15789f1368469d859edd9672503340b043546002583153058adcadcdbadfbe1f", 4),
        ("1.3", "20e8ff52a733e8f582ecbe1484c8df23ed8aa8d55bb08b1540636c606f596c7f", 12),
    ];
    for (version, digest, changes) in plans {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/plans/");
        let path = format!("{directory}{version}.json");
        let world = World::new();
        let shown = world.run(&["show", &path]).ended(0).stdout;
        assert!(shown.ends_with(&format!("Digest: sha256:{digest}\n")), "{shown}");
        let sum = format!("Plan: 0 to create, {changes} to change, 0 to delete.");
        assert!(shown.contains(&sum), "{shown}");
        let text = fs::read_to_string(&path).unwrap();
        world.write("edited.json", text.replace("180.00:00:00", "181.00:00:00"));
        world.run(&["show", "edited.json"]).ended(1);
    }
}

#[test]
fn a_plan_differs_from_another_by_what_it_does_and_not_by_when_it_was_made() {
    let world = World::new();
    let emulator = saved(&world, MIXED);
    world.run(&["plan", "--out", "again.json"]).ended(0);
    let same = world.run(&["plan-diff", "--detailed-exitcode", "plan.json", "again.json"]).ended(0);
    assert!(same.stdout.starts_with("The plans are the same.\nOld: sha256:"), "{}", same.stdout);
    world.spec(
        &emulator,
        &MIXED
            .replace("\"FolderBind\"", "\"HardDelete\"")
            .replace("log_age_limit = 180", "log_age_limit = 30"),
    );
    world.run(&["plan", "--out", "other.json"]).ended(0);
    let differs =
        world.run(&["plan-diff", "--detailed-exitcode", "plan.json", "other.json"]).ended(2);
    assert_data_eq!(
        world.redact(&differs.stdout),
        str![[r#"
The spec differs: `auditform.toml`

5 changes in both, and not alike:
  ~ mailbox_audit.people["ada@contoso.com"]
      delegate, as wanted: [Update, FolderBind] -> [Update, HardDelete]
  ~ mailbox_audit.people["bob@contoso.com"]
      delegate, as wanted: [Update, FolderBind] -> [Update, HardDelete]
  ~ mailbox_audit.people["eve@contoso.com"]
      delegate, as wanted: [Update, FolderBind] -> [Update, HardDelete]
  ~ mailbox_audit.people["sales@contoso.com"]
      delegate, as wanted: [Update, FolderBind] -> [Update, HardDelete]
  ~ mailbox_audit.rooms["oslo@contoso.com"]
      log_age_limit, as wanted: "180.00:00:00" -> "30.00:00:00"

The plans differ.
Old: sha256:<digest>
New: sha256:<digest>

"#]]
    );
    world.run(&["plan-diff", "plan.json", "other.json"]).ended(0);
    world.run(&["plan-diff", "plan.json", "missing.json"]).ended(1);
}

#[test]
fn plan_and_spec_may_move_together_and_a_changed_copy_elsewhere_does_not_count() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    world.spec(&emulator, OWNERS);
    let spec = fs::read_to_string(world.path("auditform.toml")).unwrap();
    fs::remove_file(world.path("auditform.toml")).unwrap();
    world.write("first/spec/auditform.toml", &spec);
    world.run(&["plan", "first/spec", "--out", "first/plan.json"]).ended(0);
    let plan = fs::read(world.path("first/plan.json")).unwrap();
    world.write("second/spec/auditform.toml", format!("{spec}# changed\n"));
    world.write("second/plan.json", &plan);
    world.run(&["apply", "--auto-approve", "second/plan.json"]).ended(5);
    assert_eq!(emulator.writes(), []);
    world.write("second/spec/auditform.toml", &spec);
    let done = world.run(&["apply", "--auto-approve", "second/plan.json"]).ended(0);
    assert!(done.stderr.contains("The spec in `second/spec` is the one"), "{}", done.stderr);
}

#[test]
fn a_plan_that_cannot_be_saved_is_an_error_and_prints_nothing() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    world.spec(&emulator, OWNERS);
    let output = world.run(&["plan", "--out", "missing/plan.json"]).ended(1);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("missing/plan.json"), "{}", output.stderr);
}
