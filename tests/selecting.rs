//! Parts of plans: what `--target`, `--exclude` and `--target-file` name comes with what it needs, what
//! is left out is told in every view, and a slip is an error and never an empty plan.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

mod patterns;

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::json;
use snapbox::{assert_data_eq, str};

use crate::plan::{MIXED, OWNERS, SMALL, broken_rules, dehydrated, small};
use crate::support::{Emulator, Output, World};

const ADA: &str = "mailbox_audit.owners[\"ada@contoso.com\"]";

/// The switch, and a rule that every mailbox of Microsoft's making needs.
const SWITCHED: &str = r#"
[unified_audit_log]
ingestion = true

[mailbox_audit.owners]
recipient_types = ["UserMailbox"]
owner = { at_least = ["MailboxLogin"] }
"#;

#[track_caller]
fn refused(world: &World, emulator: &Emulator, flags: &[&str], code: i32) -> Output {
    let before = emulator.requests().len();
    let output = world.run(&[&["plan"], flags].concat()).ended(code);
    assert_eq!(output.stdout, "");
    assert_eq!(emulator.requests().len(), before, "a call was made");
    output
}

#[test]
fn a_target_comes_with_what_it_needs_and_the_rest_is_counted() {
    let world = World::new();
    let _emulator = small(&world, SWITCHED);
    let output = world.run(&["plan", "--target", ADA]).ended(0);
    assert_data_eq!(
        world.redact(&output.stdout),
        str![[r#"
! Not the whole plan: narrowed to `mailbox_audit.owners["ada@contoso.com"]`.

Auditform will change contoso.onmicrosoft.com (tenant
  <guid>) as follows:

  # unified_audit_log will be changed
  ~ unified_audit_log
      ~ ingestion = false -> true
      # `ingestion` differs from the spec

  # mailbox_audit.owners: 1 mailbox will be changed (1 UserMailbox)
  ~ ada@contoso.com
      ! Owner leaves Microsoft's management: actions that Microsoft adds to its
        default set later will not be recorded
      ~ owner = [
          + adds MailboxLogin
            # (10 unchanged values hidden)
        ]
      # (4 unchanged attributes hidden)

Plan: 0 to create, 2 to change, 0 to delete.
Left out: 0 to create, 2 to change, 0 to delete.
Included: `unified_audit_log`, which is needed by what is wanted.
Applying it takes 2 requests to write and 2 requests to read back.

Note: this plan is narrowed by `--target` or `--exclude`: applying it does not
  make the tenant match the spec; a plan without them shows the rest
Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here

Digest: sha256:<digest>

"#]]
    );
}

#[test]
fn what_needs_something_excluded_stays_out_with_it() {
    let world = World::new();
    let _emulator = small(&world, SWITCHED);
    let output = world.run(&["plan", "--exclude", "unified_audit_log"]).ended(0);
    assert_data_eq!(
        world.redact(&output.stdout),
        str![[r#"
! Not the whole plan: narrowed without `unified_audit_log`.

No changes in what was selected of contoso.onmicrosoft.com.
0 managed objects were read and found as the spec wants.

Plan: 0 to create, 0 to change, 0 to delete.
Left out: 0 to create, 4 to change, 0 to delete.
Held back: 3 changes need `unified_audit_log`, which is excluded, the first of
  them `mailbox_audit.owners["ada@contoso.com"]`.

Note: this plan is narrowed by `--target` or `--exclude`: applying it does not
  make the tenant match the spec; a plan without them shows the rest
Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here

Digest: sha256:<digest>

"#]]
    );
}

#[test]
fn an_apply_of_a_part_writes_that_part_alone_and_says_so() {
    let world = World::new();
    let emulator = small(&world, OWNERS);
    let targets = ["--target", ADA, "--target", "mailbox_audit.*[\"E*@contoso.com\"]"];
    let output = world.run(&[&["apply", "--auto-approve"], &targets[..]].concat()).ended(0);
    let mut written: Vec<String> =
        emulator.writes().iter().map(|one| one.anchor().to_owned()).collect();
    written.sort();
    assert_eq!(written, ["UPN:ada@contoso.com", "UPN:eve@contoso.com"]);
    assert!(output.stdout.contains("Not the whole plan"), "{}", output.stdout);
    assert!(output.stdout.contains("Left out: 0 to create, 1 to change"), "{}", output.stdout);
    let rest = world.run(&["plan", "--format", "json"]).ended(0).json();
    assert_eq!(rest["changes"][0]["address"], "mailbox_audit.owners[\"bob@contoso.com\"]");
    assert_eq!(rest["summary"]["change"], 1);
}

#[test]
fn a_saved_part_is_applied_as_it_is_and_narrowed_no_further() {
    let world = World::new();
    let emulator = small(&world, OWNERS);
    world.run(&["plan", "--exclude", ADA, "--out", "plan.json"]).ended(0);
    let saved = serde_json::from_slice(&fs::read(world.path("plan.json")).unwrap()).unwrap();
    assert_eq!(broken_rules(&saved), [""; 0]);
    let selection = json!({
        "targets": [], "excludes": [ADA], "included": [], "held_back": [], "not_planned": [],
        "left_out": {
            "create": 0, "change": 1, "delete": 0, "weaken": 0, "remove": 0, "irreversible": 0,
            "mailboxes": 1,
        },
    });
    assert_eq!(saved["selection"], selection);
    let whole = world.run(&["plan", "--format", "json"]).ended(0).json();
    assert_ne!(saved["digest"], whole["digest"]);
    for flags in [["--target", ADA], ["--exclude", ADA]] {
        let before = emulator.requests().len();
        let output = world.run(&[&["apply", "plan.json"], &flags[..]].concat()).ended(64);
        assert!(output.stderr.contains("error[selected-too-late]"), "{}", output.stderr);
        assert_eq!(emulator.requests().len(), before);
    }
    world.run(&["apply", "--auto-approve", "plan.json"]).ended(0);
    let mut written: Vec<String> =
        emulator.writes().iter().map(|one| one.anchor().to_owned()).collect();
    written.sort();
    assert_eq!(written, ["UPN:bob@contoso.com", "UPN:eve@contoso.com"]);
    let again = world.run(&["plan-diff", "plan.json", "plan.json"]).ended(0);
    assert!(again.stdout.starts_with("The plans are the same."));
}

#[test]
fn two_plans_that_are_narrowed_otherwise_differ() {
    let world = World::new();
    let _emulator = small(&world, OWNERS);
    world.run(&["plan", "--out", "whole.json"]).ended(0);
    world.run(&["plan", "--target", ADA, "--out", "part.json"]).ended(0);
    let output =
        world.run(&["plan-diff", "--detailed-exitcode", "whole.json", "part.json"]).ended(2);
    assert!(output.stdout.contains("narrowed: no -> to mailbox_audit.owners"), "{}", output.stdout);
    assert!(output.stdout.contains("left out: 0 -> 2"), "{}", output.stdout);
}

#[test]
fn a_target_that_the_spec_does_not_have_is_told_before_any_call() {
    let world = World::new();
    let emulator = small(&world, SWITCHED);
    let output = refused(&world, &emulator, &["--target", "mailbox_audit.owner"], 1);
    assert_data_eq!(
        output.stderr,
        str![[r"
error[no-such-target]: `mailbox_audit.owner` is nothing that this spec manages
 |
 = note: no call was made
 = help: did you mean `mailbox_audit.owners`?

"]]
    );
    for (flags, near) in [
        (["--exclude", "unified_audit_log.x"], "did you mean `unified_audit_log`?"),
        (["--target", "application.auditor"], "what it manages is: organization_customization"),
        (["--target", "mailbox_audit.owners[ada@contoso.com]"], "a key stands in quotes"),
        (["--target", "organization"], "what it manages is"),
    ] {
        let output = refused(&world, &emulator, &flags, 1);
        assert!(output.stderr.contains("error[no-such-target]"), "{}", output.stderr);
        assert!(output.stderr.replace("\n   ", "").contains(near), "{}", output.stderr);
    }
}

#[test]
fn a_mailbox_that_is_not_there_is_told_with_the_nearest_that_is() {
    let world = World::new();
    let emulator = small(&world, OWNERS);
    let flags = ["--target", ADA, "--exclude", "mailbox_audit.owners[\"bop@contoso.com\"]"];
    let output = world.run(&[&["apply", "--auto-approve"], &flags[..]].concat()).ended(1);
    assert_data_eq!(
        output.stderr,
        str![[r#"
error[no-such-target]: `mailbox_audit.owners["bop@contoso.com"]` matches no mailbox that the spec manages
 |
 = note: nothing was planned
 = help: did you mean `bob@contoso.com`?

"#]]
    );
    let output = world.run(&["plan", "--target", "mailbox_audit.*[\"*@fabrikam.com\"]"]).ended(1);
    assert!(output.stderr.contains("error[no-such-target]") && output.stdout.is_empty());
    // It is there, and no policy is about it.
    world.run(&["plan", "--target", "mailbox_audit.owners[\"oslo@contoso.com\"]"]).ended(1);
    assert_eq!(emulator.writes(), []);
}

#[test]
fn a_target_that_needs_nothing_is_no_slip() {
    let world = World::new();
    let _emulator = small(&world, OWNERS);
    world.run(&["apply", "--auto-approve", "--target", ADA]).ended(0);
    let output = world.run(&["plan", "--detailed-exitcode", "--target", ADA]).ended(0);
    assert!(output.stdout.contains("No changes in what was selected"), "{}", output.stdout);
    assert!(output.stdout.contains("Left out: 0 to create, 2 to change"), "{}", output.stdout);
}

#[test]
fn what_is_no_address_is_a_mistake_of_usage() {
    let world = World::new();
    let emulator = small(&world, OWNERS);
    for (target, why) in [
        ("mailbox_adit.owners", "did you mean `mailbox_audit`?"),
        ("mailbox_audit.", "has no name after its dot"),
        ("mailbox_audit.owners[\"ada", "does not end as"),
        ("mailbox_audit.{owners", "is no pattern"),
    ] {
        let output = refused(&world, &emulator, &["--target", target], 64);
        assert!(output.stderr.contains(why), "{}", output.stderr);
        let output = refused(&world, &emulator, &["--exclude", target], 64);
        assert!(output.stderr.contains(why), "{}", output.stderr);
    }
    let both = ["--target", ADA, "--exclude", ADA];
    let output = refused(&world, &emulator, &both, 64);
    assert!(output.stderr.contains("error[contradicting-targets]"), "{}", output.stderr);
}

#[test]
fn a_file_names_targets_and_comments_are_no_targets() {
    let world = World::new();
    let emulator = small(&world, OWNERS);
    world.write("targets", format!("# who begins\n\n{ADA}   # the first\r\n"));
    let plan = world.run(&["plan", "--target-file", "targets", "--format", "json"]).ended(0).json();
    assert_eq!(plan["selection"]["targets"], json!([ADA]));
    assert_eq!(plan["summary"]["change"], 1);
    let arguments = ["plan", "--target-file", "-", "--format", "json"];
    let mut child = world
        .command(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(ADA.as_bytes()).unwrap();
    let piped = Output::of(&child.wait_with_output().unwrap()).ended(0).json();
    assert_eq!(piped["digest"], plan["digest"]);
    world.write("targets", format!("{ADA}\norganisation\nmailbox_audit.\n"));
    let output = refused(&world, &emulator, &["--target-file", "targets"], 64);
    assert_data_eq!(
        output.stderr,
        str![[r"
error[invalid-target]: there is no kind `organisation`; did you mean `organization`?
 --> targets:2:1
  |
2 | organisation
  | ^^^^^^^^^^^^

error[invalid-target]: `mailbox_audit.` has no name after its dot
 --> targets:3:1
  |
3 | mailbox_audit.
  | ^^^^^^^^^^^^^^

"]]
    );
    world.write("targets", "# nobody yet\n");
    let output = refused(&world, &emulator, &["--target-file", "targets"], 64);
    assert!(output.stderr.contains("error[empty-target-file]"), "{}", output.stderr);
    refused(&world, &emulator, &["--target-file", "missing"], 1);
}

#[test]
fn mailboxes_are_listed_only_where_something_that_is_named_is_about_them() {
    let world = World::new();
    let emulator = small(&world, SWITCHED);
    let plan = world.run(&["plan", "--target", "unified_audit_log", "--format", "json"]).ended(0);
    assert_eq!(emulator.ran("Get-Mailbox").len(), 0);
    assert_eq!(plan.json()["selection"]["not_planned"], json!(["mailbox_audit.owners"]));
    // A share is one of all mailboxes.
    world.spec(&emulator, &format!("{SWITCHED}[limits]\nweakening = \"10%\"\n"));
    let plan = world.run(&["plan", "--target", "unified_audit_log", "--format", "json"]).ended(0);
    assert_eq!(emulator.ran("Get-Mailbox").len(), 1);
    assert_eq!(plan.json()["selection"]["left_out"]["mailboxes"], 3);
    assert_eq!(broken_rules(&plan.json()), [""; 0]);
}

#[test]
fn a_share_is_one_of_the_whole_also_for_a_part() {
    let world = World::new();
    let limits = "[limits]\nchanged = \"34%\"\nminimum_population = 1\n";
    let emulator = small(&world, &format!("{OWNERS}{limits}"));
    world.run(&["plan"]).ended(3);
    world.run(&["plan", "--target", ADA]).ended(0);
    world.run(&["plan", "--exclude", ADA]).ended(3);
    world.run(&["plan", "--target", ADA, "--out", "plan.json"]).ended(0);
    world.run(&["apply", "--auto-approve", "plan.json"]).ended(0);
    assert_eq!(emulator.writes().len(), 1);
}

#[test]
fn the_customisation_that_nothing_wanted_needs_is_left_out() {
    let world = World::new();
    let emulator = dehydrated(&world);
    let output = world.run(&[
        "plan",
        "--format",
        "json",
        "--exclude",
        "organization",
        "--exclude",
        "unified_audit_log",
    ]);
    let plan = output.ended(0).json();
    assert_eq!(plan["summary"]["create"], 0);
    assert_eq!(plan["selection"]["left_out"]["create"], 1);
    let plan = world.run(&["plan", "--format", "json", "--target", "unified_audit_log"]).ended(0);
    assert_eq!(plan.json()["selection"]["included"], json!(["organization_customization"]));
    assert_eq!(emulator.writes(), []);
}

#[test]
fn the_graph_of_a_part_is_drawn_without_the_rest() {
    let world = World::new();
    let _emulator = small(&world, MIXED);
    let drawn = world.run(&["graph", "--target", "mailbox_audit.rooms"]).ended(0).stdout;
    assert!(drawn.contains("mailbox_audit.rooms") && !drawn.contains("mailbox_audit.people"));
}

#[test]
fn a_phase_that_is_not_wanted_does_not_come() {
    let world = World::new();
    let emulator = Emulator::with(&world, SMALL, &["--bootstrap-only"]);
    crate::identity_chain::from_scratch(&world, &emulator.base_url, &emulator, &[]);
    let wanted = ["--target", "application.*", "--target", "certificate"];
    let whole = world.run(&["plan", "--format", "json"]).ended(0).json();
    assert_ne!(whole["deferred"], json!([]));
    let plan = world.run(&[&["plan", "--format", "json"], &wanted[..]].concat()).ended(0).json();
    assert_eq!(plan["deferred"], json!([]));
    let not_planned = ["mailbox_audit.non_owner", "organization", "unified_audit_log"];
    assert_eq!(plan["selection"]["not_planned"], json!(not_planned));
    assert_eq!(plan["changes"], whole["changes"]);
    // What is known only after the sign-in needs everything that the sign-in takes.
    let late =
        world.run(&["plan", "--format", "json", "--target", "mailbox_audit"]).ended(0).json();
    assert_eq!(late["changes"], whole["changes"]);
    let without = ["plan", "--format", "json", "--exclude", "certificate"];
    let without = world.run(&without).ended(0).json();
    assert_eq!(without["deferred"], json!([]));
    world.run(&[&["apply", "--auto-approve"], &wanted[..]].concat()).ended(0);
    assert_eq!(emulator.writes(), []);
}
