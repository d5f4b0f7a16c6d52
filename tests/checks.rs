//! Checks: what a plan says of them, what they forbid, and what is read for them. What they mean for a
//! mailbox is in the laws, for everything else in `verdicts`; how plans hold them is in `documents`.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

mod documents;
mod parts;
mod verdicts;

use std::collections::BTreeSet;
use std::path::Path;

use auditform::diagnostic::Sources;
use auditform::plan::Plan;
use auditform::render::diagnostics;
use auditform::spec::{self, Inputs, Texts, Values};
use auditform::state::{DesiredState, TenantIdentity};
use jiff::civil::date;
use snapbox::{assert_data_eq, str};

use crate::identity_chain::{FEW, from_scratch};
use crate::plan::{SMALL, broken_rules};
use crate::support::{Emulator, Output, Request, World, package};

const HEAD: &str = "[tenant]\nendpoint = 'embedded'\n";

/// One check of every kind, on a tenant in which most fail.
const AUDIT: &str = r#"
[[check]]
name = "log_is_on"
description = """
nothing can be found
out later"""
unified_audit_log = { ingestion = true }

[[check]]
name = "auditing_is_on"
organization = { mailbox_auditing = true }

[[check]]
name = "people_are_recorded"
severity = "warning"
[check.mailboxes]
recipient_types = ["UserMailbox", "SharedMailbox"]
include = ["*@contoso.com"]
delegate = { at_least = ["FolderBind"] }
log_age_limit = { at_least = 90 }

[[check]]
name = "rooms_are_audited"
on = "observed"
[check.mailboxes]
recipient_types = ["RoomMailbox"]
audited = true

[[check]]
name = "nobody_elsewhere"
[check.mailboxes]
recipient_types = ["UserMailbox"]
include = ["*@fabrikam.com"]
audited = true
"#;

#[test]
fn a_spec_with_nothing_but_checks_says_what_fails_and_ends_with_7() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    world.spec(&emulator, AUDIT);
    let planned = world.run(&["plan"]).ended(7);
    assert_data_eq!(
        world.redact(&planned.stdout),
        str![[r"
No changes. contoso.onmicrosoft.com matches the spec, but for what its checks
  ask for.
0 managed objects were read and found as the spec wants.

Checks: 3 failed, 1 with a warning, 1 passed.
  ! Failed: check.log_is_on, as planned (auditform.toml:14)
      Asserts: the unified audit log takes records
      Found: it takes no records
      Why: nothing can be found out later
  ! Failed: check.rooms_are_audited, as observed; this plan does not mend it
    (auditform.toml:34)
      Asserts: all of RoomMailbox are audited
      Found: 1 of 1 mailbox is not so
      - oslo@contoso.com: not audited
  ! Failed: check.nobody_elsewhere, as planned (auditform.toml:41)
      Asserts: all of UserMailbox matching `*@fabrikam.com` are audited
      Found: no mailbox is selected, and at least 1 must be
  ! Warning: check.people_are_recorded, as planned (auditform.toml:25)
      Asserts: all of UserMailbox and SharedMailbox matching `*@contoso.com`
        record at least FolderBind for `delegate` and keep entries for at least
        90 days
      Found: 3 of 4 mailboxes are not so
      - ada@contoso.com: `delegate` lacks FolderBind
      - bob@contoso.com: `delegate` lacks FolderBind
      - eve@contoso.com: `delegate` lacks FolderBind
  Passed: check.auditing_is_on, as planned (auditform.toml:21)

Plan: 0 to create, 0 to change, 0 to delete.

Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here

Digest: sha256:<digest>

"]]
    );
    assert_data_eq!(
        world.redact(&planned.stderr),
        str![[r#"
warning[pattern-matches-nothing]: the pattern `*@fabrikam.com` matches no mailbox
  --> auditform.toml:44:12
   |
44 | include = ["*@fabrikam.com"]
   |            ^^^^^^^^^^^^^^^^ no such address among the mailbox types of this check

"#]]
    );
}

#[test]
fn the_documents_of_a_plan_with_checks_keep_to_the_published_schema() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    world.spec(&emulator, &format!("{OWNERS}{AUDIT}"));
    let printed = world.run(&["plan", "--format", "json", "--out", "plan.json"]).ended(7).json();
    let saved = std::fs::read_to_string(world.path("plan.json")).unwrap();
    let mut saved: serde_json::Value = serde_json::from_str(&saved).unwrap();
    assert_eq!(broken_rules(&printed), [""; 0]);
    assert_eq!(broken_rules(&saved), [""; 0]);
    assert_eq!(printed["checks"], saved["checks"]);
    let people = &printed["checks"][2];
    assert_eq!((&people["selected"], &people["conforming"]), (&4.into(), &1.into()));
    saved["checks"][2]["verdict"] = "maybe".into();
    assert_ne!(broken_rules(&saved), [""; 0]);
}

/// The cmdlets that were run so far, each once.
fn cmdlets(emulator: &Emulator) -> BTreeSet<String> {
    let ran = emulator.requests().into_iter().filter_map(|request| request.cmdlet);
    ran.collect()
}

#[test]
fn only_what_the_checks_need_is_read_and_nothing_is_written() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let audit_log = "[[check]]\nname = 'log'\nunified_audit_log = { ingestion = false }\n";
    world.spec(&emulator, audit_log);
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
    assert_eq!(cmdlets(&emulator), ["Get-AdminAuditLogConfig".to_owned()].into());
    world.spec(&emulator, AUDIT);
    world.run(&["plan"]).ended(7);
    world.run(&["apply", "--auto-approve"]).ended(7);
    let read = ["Get-AdminAuditLogConfig", "Get-Mailbox", "Get-OrganizationConfig"];
    assert_eq!(cmdlets(&emulator), read.map(str::to_owned).into());
    assert!(emulator.all_writes().is_empty());
}

#[test]
fn a_check_of_mailboxes_reads_their_types_and_no_switch_that_it_does_not_ask_about() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let people = "[[check]]\nname = 'days'\n[check.mailboxes]\nrecipient_types = ['TeamMailbox']\n\
                  log_age_limit = { at_least = 30 }\n";
    world.spec(&emulator, people);
    world.run(&["plan"]).ended(0);
    assert_eq!(cmdlets(&emulator), ["Get-Mailbox".to_owned()].into());
    let valid = world.run(&["validate"]).ended(0);
    assert_eq!(valid.stdout, "The spec is valid: 0 mailbox_audit policies and 1 check.\n");
    let needed = world.run(&["validate", "--roles"]).ended(0);
    assert!(needed.stdout.contains("View-Only Recipients"), "{}", needed.stdout);
    assert!(!needed.stdout.contains("Audit Logs"), "{}", needed.stdout);
}

const OWNERS: &str = "[mailbox_audit.people]\nrecipient_types = ['UserMailbox']\n\
                      log_age_limit = 180\n";

#[test]
fn a_check_on_the_planned_state_forbids_the_apply() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let check = "[[check]]\nname = 'a_year'\n[check.mailboxes]\nrecipient_types = ['UserMailbox']\n\
                 log_age_limit = { at_least = 365 }\n";
    world.spec(&emulator, &format!("{OWNERS}{check}"));
    world.run(&["plan", "--detailed-exitcode"]).ended(7);
    let applied = world.run(&["apply", "--auto-approve"]).ended(7);
    assert!(applied.stdout.contains("! Failed: check.a_year, as planned"), "{}", applied.stdout);
    assert!(applied.stdout.contains("- ada@contoso.com: keeps entries for 180 days"));
    assert_data_eq!(
        world.redact(&applied.stderr),
        str![[r#"
error[checks-failed]: `check.a_year` would not hold after this plan
 |
 = note: nothing was changed
 = help: change the spec so that it holds, or the check
 = help: a check with `on = "observed"` or `severity = "warning"` forbids nothing

"#]]
    );
    assert!(emulator.all_writes().is_empty());
    // A limit comes before it.
    world.spec(&emulator, &format!("[limits]\nchanged = 0\n{OWNERS}{check}"));
    world.run(&["plan"]).ended(3);
    world.run(&["apply", "--auto-approve"]).ended(3);
    // Whoever only wants to be told writes so.
    world.spec(
        &emulator,
        &format!("{OWNERS}{}", check.replace("name", "severity = 'warning'\nname")),
    );
    let warned = world.run(&["apply", "--auto-approve"]).ended(0);
    assert!(warned.stdout.contains("! Warning: check.a_year, as planned"), "{}", warned.stdout);
}

#[test]
fn a_check_on_the_observed_state_forbids_nothing_and_what_the_apply_mends_is_mended() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let check = |days: u32| {
        format!(
            "[[check]]\nname = 'kept'\non = 'observed'\n[check.mailboxes]\n\
             recipient_types = ['UserMailbox']\nlog_age_limit = {{ at_least = {days} }}\n"
        )
    };
    world.spec(&emulator, &format!("{OWNERS}{}", check(180)));
    let planned = world.run(&["plan"]).ended(7);
    assert!(planned.stdout.contains("as observed; this plan mends it"), "{}", planned.stdout);
    world.run(&["apply", "--auto-approve"]).ended(0);
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
    // Eve kept 365 days before; by now nobody does.
    world.spec(&emulator, &format!("{}{}", OWNERS.replace("180", "181"), check(365)));
    let writes = emulator.writes().len();
    let applied = world.run(&["apply", "--auto-approve"]).ended(7);
    assert!(emulator.writes().len() > writes, "it goes on");
    assert!(applied.stdout.contains("Read back and verified"), "{}", applied.stdout);
    assert!(applied.stderr.contains("error[checks-failed]: `check.kept` does not hold"));
}

#[test]
fn a_saved_plan_is_judged_again_by_what_the_tenant_holds_then() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let check = "[[check]]\nname = 'kept'\n[check.mailboxes]\n\
                 recipient_types = ['UserMailbox', 'SharedMailbox']\n\
                 exclude = ['nobody-*@*']\nlog_age_limit = { at_least = 90 }\n";
    world.spec(&emulator, &format!("{OWNERS}{check}"));
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    // Somebody else shortens a log that the plan does not touch.
    let other = World::new();
    other.spec(
        &emulator,
        "[mailbox_audit.shared]\nrecipient_types = ['SharedMailbox']\nlog_age_limit = 30\n",
    );
    other.run(&["apply", "--auto-approve"]).ended(0);
    let writes = emulator.writes().len();
    let refused = world.run(&["apply", "--auto-approve", "plan.json"]).ended(7);
    assert!(refused.stdout.contains("1 of 4 mailboxes is not so"), "{}", refused.stdout);
    assert!(refused.stdout.contains("- sales@contoso.com: keeps entries for 30 days"));
    assert_eq!(emulator.writes().len(), writes);
    // A plan in which a check failed when it was made is refused before any call.
    world.spec(&emulator, &format!("{OWNERS}{}", check.replace("= 90", "= 365")));
    world.run(&["plan", "--out", "plan.json"]).ended(7);
    let shown = world.run(&["show", "plan.json"]).ended(0);
    assert!(shown.stdout.contains("! Failed: check.kept, as planned"), "{}", shown.stdout);
    let before = emulator.requests().len();
    world.run(&["apply", "--auto-approve", "plan.json"]).ended(7);
    assert_eq!(emulator.requests().len(), before);
    // What is still as it was planned is applied.
    world.spec(&emulator, &format!("{OWNERS}{}", check.replace("= 90", "= 30")));
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    world.run(&["apply", "--auto-approve", "plan.json"]).ended(0);
    let set: BTreeSet<String> =
        emulator.ran("Set-Mailbox").iter().map(|it: &Request| it.anchor().to_owned()).collect();
    assert!(set.contains("UPN:ada@contoso.com"), "{set:?}");
}

#[test]
fn a_certificate_that_the_plan_makes_is_judged_as_if_it_began_now() {
    let world = World::new();
    let emulator = Emulator::start(&world, "[tenant]\n");
    let spec = |on: &str, days: u32| {
        format!(
            "[certificate.auditor]\nvalid_for = '365d'\n[[check]]\nname = 'lasts'\non = '{on}'\n\
             certificate = {{ name = 'auditor', valid_for = '{days}d' }}\n"
        )
    };
    world.spec(&emulator, &spec("planned", 366));
    world.run(&["plan"]).ended(7);
    world.spec(&emulator, &spec("planned", 365));
    world.run(&["plan"]).ended(0);
    world.spec(&emulator, &spec("observed", 30));
    world.run(&["plan"]).ended(7);
    world.run(&["apply", "--auto-approve"]).ended(0);
    world.run(&["plan"]).ended(0);
}

/// Adds to the example's spec and applies it, to a tenant that only the example's application may read.
fn applied_from_scratch(checks: &str, code: i32) -> (Output, bool) {
    let world = World::new();
    let emulator = Emulator::with(&world, FEW, &["--bootstrap-only"]);
    let both = ("[tenant]\n", "[tenant]\napprove_second_phase = true\n");
    from_scratch(&world, &emulator.base_url, &emulator, &[both]);
    let spec = std::fs::read_to_string(world.path("auditform.toml")).unwrap();
    world.write("auditform.toml", format!("{spec}\n{checks}"));
    let planned = world.run(&["plan", "--format", "json"]).ended(0).json();
    assert_eq!(planned["checks"][0]["verdict"], "unknown");
    assert!(planned["deferred"].as_array().unwrap().contains(&"check.days".into()));
    let applied = world.run(&["apply", "--auto-approve"]).ended(code);
    (applied, emulator.ran("Set-Mailbox").is_empty())
}

#[test]
fn what_is_not_known_before_the_sign_in_is_judged_with_the_second_phase() {
    let check = |days: u32| {
        format!(
            "[[check]]\nname = 'days'\n[check.mailboxes]\nrecipient_types = ['UserMailbox']\n\
             log_age_limit = {{ at_least = {days} }}\n"
        )
    };
    let (applied, wrote_nothing) = applied_from_scratch(&check(1), 0);
    assert!(applied.stdout.contains("? Not judged: check.days"), "{}", applied.stdout);
    assert!(applied.stdout.contains("Passed: check.days") && !wrote_nothing);
    let (applied, wrote_nothing) = applied_from_scratch(&check(3650), 7);
    assert!(applied.stdout.contains("! Failed: check.days, as planned"), "{}", applied.stdout);
    assert!(wrote_nothing);
}

/// A plan that changes nothing.
fn empty() -> Plan {
    Plan::of(TenantIdentity { id: uuid::Uuid::nil(), organization: "contoso".to_owned() })
}

/// Reads a spec of several files.
fn read(files: &[(&str, &str)]) -> Result<DesiredState, String> {
    let texts = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let inputs = Inputs {
        directory: Path::new("/specs"),
        today: date(2026, 11, 23),
        values: Values::default(),
    };
    let mut sources = Sources::default();
    let read = spec::read(&mut sources, &Texts(texts.collect()), files[0].0, inputs);
    read.map(|parsed| parsed.desired).map_err(|found| diagnostics(&sources, &found, false))
}

fn check(name: &str, ingestion: bool) -> String {
    format!("[[check]]\nname = '{name}'\nunified_audit_log = {{ ingestion = {ingestion} }}\n")
}

#[test]
fn the_checks_of_several_files_add_up_and_a_layer_replaces_by_name() {
    let base = format!(
        "version = 1\ninclude = ['more.toml']\n{HEAD}{}{}",
        check("one", true),
        check("two", true)
    );
    let layer = format!("extends = 'base.toml'\n{}{}", check("two", false), check("four", true));
    let more = check("three", true);
    let files =
        [("prod.toml", layer.as_str()), ("base.toml", base.as_str()), ("more.toml", more.as_str())];
    let desired = read(&files).unwrap();
    let all: Vec<(&str, String)> = desired
        .checks
        .iter()
        .map(|check| (check.name.as_str(), format!("{:?}", check.assertion)))
        .collect();
    let (yes, no) = ("UnifiedAuditLog { ingestion: true }", "UnifiedAuditLog { ingestion: false }");
    let expected = [("one", yes), ("three", yes), ("two", no), ("four", yes)];
    assert_eq!(all, expected.map(|(name, assertion)| (name, assertion.to_owned())));
    let again = read(&[("base.toml", base.as_str()), ("more.toml", &check("one", true))]);
    let again = again.unwrap_err();
    assert!(
        again.contains("two checks are called `one`") && again.contains("more.toml:2:8"),
        "{again}"
    );
}

#[test]
fn every_spec_on_the_page_is_valid_and_warns_of_nothing() {
    let page = package("docs/checks.md");
    let mut count = 0;
    for block in page.split("```toml\n").skip(1) {
        let text = block.split("```").next().unwrap();
        let mut sources = Sources::default();
        let file = sources.add("auditform.toml", text.to_owned());
        let parsed = spec::parse(&sources, file, Path::new("/specs"), date(2026, 11, 23));
        let found = match &parsed {
            Ok(parsed) => &parsed.warnings,
            Err(found) => found,
        };
        assert_eq!(diagnostics(&sources, found, false), "", "{text}");
        count += 1;
    }
    assert!(count >= 3);
}
