//! Snapshots: a plan from one is the plan from the tenant, made without a call; one that is damaged, of
//! another tenant or of another spec gives no plan; and to apply such a plan reads the tenant.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;
use std::io::{Read, Write};

use sha2::{Digest, Sha256};
use snapbox::{assert_data_eq, str};

use crate::plan::{MIXED, OWNERS, SMALL, broken_rules, small};
use crate::support::front::{Front, Reply};
use crate::support::{Emulator, Output, World};

const FROM: [&str; 4] = ["plan", "--refresh=false", "--snapshot", "tenant.zst"];

/// A tenant, a spec, and its snapshot `tenant.zst`.
fn taken(world: &World, body: &str) -> Emulator {
    let emulator = small(world, body);
    world.run(&["snapshot", "--out", "tenant.zst"]).ended(0);
    emulator
}

fn lines(world: &World) -> Vec<String> {
    let file = fs::read(world.path("tenant.zst")).unwrap();
    let mut text = String::new();
    zstd::Decoder::new(&file[..]).unwrap().read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Writes a snapshot anew, its digest as it should be.
fn rewrite(world: &World, name: &str, change: impl Fn(&mut Vec<String>)) {
    let mut lines = lines(world);
    change(&mut lines);
    let mut end: serde_json::Value = serde_json::from_str(&lines.pop().unwrap()).unwrap();
    let mut text = lines.join("\n") + "\n";
    let digest = auditform::resource::PlanDigest::new(Sha256::digest(text.as_bytes()).into());
    let digest = digest.to_string().replace("sha256:", "");
    end["end"]["sha256"] = digest.into();
    text.extend([end.to_string(), "\n".to_owned()]);
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(text.as_bytes()).unwrap();
    world.write(name, encoder.finish().unwrap());
}

#[track_caller]
fn refused(world: &World, file: &str, code: &str, exit: i32) -> Output {
    let output = world.run(&["plan", "--snapshot", file]).ended(exit);
    assert!(output.stderr.contains(&format!("error[{code}]")), "{}", output.stderr);
    assert_eq!(output.stdout, "");
    output
}

fn digest(output: &Output) -> String {
    output.stdout.lines().last().unwrap().to_owned()
}

#[test]
fn a_plan_from_a_snapshot_is_the_plan_from_the_tenant_and_takes_no_call() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let front = Front::before(&emulator.base_url, |_| Reply::Forward);
    world.spec_at(&front.url(), &emulator, MIXED);
    let whole = world.run(&["plan", "--format", "json"]).ended(0).json();
    let output = world.run(&["snapshot", "--out", "tenant.zst"]).ended(0);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("Saved as `tenant.zst`: 5 mailboxes."), "{}", output.stderr);
    // Nobody could sign in any more.
    fs::remove_file(&emulator.certificate).unwrap();
    let before = front.seen().len();
    drop(emulator);
    let mut plan = world.run(&[&FROM[..], &["--format", "json"]].concat()).ended(0).json();
    assert_eq!(front.seen().len(), before, "a call was made");
    assert_eq!(broken_rules(&plan), [""; 0]);
    let members = plan.as_object_mut().unwrap();
    assert!(members.remove("snapshot").unwrap()["taken_at"].is_string());
    assert_eq!(plan, whole);
    world.run(&["plan", "--detailed-exitcode", "--snapshot", "tenant.zst"]).ended(2);
}

#[test]
fn checks_of_mailboxes_that_no_policy_is_about_are_judged_alike_from_a_snapshot() {
    let checks = "[[check]]\nname = \"none_shared\"\nseverity = \"warning\"\n[check.mailboxes]\n\
                  recipient_types = [\"SharedMailbox\"]\ncount = { at_most = 0 }\n\
                  [[check]]\nname = \"some_keep\"\n[check.mailboxes]\n\
                  recipient_types = [\"SharedMailbox\", \"UserMailbox\"]\n\
                  log_age_limit = { at_least = 1 }\n";
    for body in [checks.to_owned(), format!("{OWNERS}{checks}")] {
        let world = World::new();
        let emulator = small(&world, &body);
        let whole = world.run(&["plan", "--format", "json"]).ended(0).json();
        assert_eq!(whole["checks"][0]["verdict"], "failed", "there is a shared mailbox: {whole}");
        world.run(&["snapshot", "--out", "tenant.zst"]).ended(0);
        drop(emulator);
        let mut plan = world.run(&[&FROM[..], &["--format", "json"]].concat()).ended(0).json();
        plan.as_object_mut().unwrap().remove("snapshot");
        assert_eq!(plan, whole);
    }
}

#[test]
fn every_view_says_that_the_tenant_was_not_read() {
    let world = World::new();
    drop(taken(&world, OWNERS));
    rewrite(&world, "tenant.zst", |lines| {
        let mut head: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        head["taken_at"] = "2026-11-01T08:30:00Z".into();
        lines[0] = head.to_string();
    });
    let output = world.run(&FROM).ended(0);
    let beginning = output.stdout.split_inclusive('\n').take(6).collect::<String>();
    assert_data_eq!(
        world.redact(&beginning),
        str![[r"
! From a snapshot: what follows is compared with a snapshot of
  2026-11-01T08:30:00Z, and the tenant was not read since.

Auditform will change contoso.onmicrosoft.com (tenant
  <guid>) as follows:


"]]
    );
    for format in ["markdown", "html"] {
        let shown = world.run(&[&FROM[..], &["--format", format]].concat()).ended(0).stdout;
        assert!(shown.contains("a snapshot of 2026-11-01T08:30:00Z"), "{shown}");
    }
    world.run(&[&FROM[..], &["--out", "plan.json"]].concat()).ended(0);
    let shown = world.run(&["show", "plan.json"]).ended(0);
    assert!(shown.stdout.contains("From a snapshot"), "{}", shown.stdout);
    assert_eq!(digest(&shown), digest(&output));
}

#[test]
fn an_apply_of_a_plan_from_a_snapshot_reads_the_tenant_first() {
    let world = World::new();
    let emulator = taken(&world, OWNERS);
    world.run(&[&FROM[..], &["--out", "plan.json"]].concat()).ended(0);
    let before = emulator.requests().len();
    world.run(&["apply", "--auto-approve", "plan.json"]).ended(0);
    let since = emulator.requests().split_off(before);
    let read = since.iter().position(|one| one.cmdlet() == "Get-Mailbox").unwrap();
    let written = since.iter().position(|one| one.cmdlet() == "Set-Mailbox").unwrap();
    assert!(read < written, "something was written upon the snapshot");
    assert_eq!(emulator.writes().len(), 3);
    // The tenant has gone on, the snapshot has not.
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
    world.run(&[&FROM[..], &["--out", "again.json"]].concat()).ended(0);
    world.run(&["apply", "--auto-approve", "again.json"]).ended(0);
    assert_eq!(emulator.writes().len(), 3, "done already");
}

#[test]
fn what_has_changed_since_the_snapshot_is_stale() {
    let world = World::new();
    let emulator = taken(&world, OWNERS);
    world.run(&[&FROM[..], &["--out", "plan.json"]].concat()).ended(0);
    let first = fs::read(world.path("auditform.toml")).unwrap();
    world.spec(&emulator, &OWNERS.replace("MailboxLogin", "Move"));
    world.run(&["apply", "--auto-approve"]).ended(0);
    world.write("auditform.toml", first);
    let written = emulator.writes().len();
    world.run(&["apply", "--auto-approve", "plan.json"]).ended(5);
    assert_eq!(emulator.writes().len(), written);
}

#[test]
fn an_approved_plan_is_as_old_as_its_snapshot() {
    let world = World::new();
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    let approval = format!("[approval]\nsigners = [\"{key} alice\"]\nexpiry = \"1h\"\n");
    let emulator = taken(&world, &format!("{approval}{OWNERS}"));
    rewrite(&world, "old.zst", |lines| {
        let mut head: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        head["taken_at"] = "2020-11-01T08:30:00Z".into();
        lines[0] = head.to_string();
    });
    world.run(&["plan", "--snapshot", "old.zst", "--out", "plan.json"]).ended(0);
    let output = world.run(&["apply", "--auto-approve", "plan.json"]).ended(5);
    assert!(output.stderr.contains("from a snapshot of 2020-11-01T08:30:00Z"), "{}", output.stderr);
    assert_eq!(emulator.writes(), []);
}

#[test]
fn a_pull_request_is_planned_from_the_snapshot_of_what_it_changes() {
    let world = World::new();
    let emulator = taken(&world, OWNERS);
    let body = "[mailbox_audit.ada]\nrecipient_types = [\"UserMailbox\"]\n\
                include = [\"ada@*\"]\nlog_age_limit = 365\n";
    world.spec(&emulator, &format!("{OWNERS}{body}"));
    let offline = world.run(&FROM).ended(0);
    assert_eq!(digest(&offline), digest(&world.run(&["plan"]).ended(0)));
    let part = [&FROM[..], &["--target", "mailbox_audit.ada"]].concat();
    assert!(world.run(&part).ended(0).stdout.contains("Left out: 0 to create, 2 to change"));
    // What the snapshot does not hold is unknown.
    let more = "[organization]\nmailbox_auditing = true\n[mailbox_audit.rooms]\n\
                recipient_types = [\"RoomMailbox\"]\nlog_age_limit = 365\n";
    world.spec(&emulator, &format!("{OWNERS}{more}"));
    let output = refused(&world, "tenant.zst", "not-in-snapshot", 8);
    assert_data_eq!(
        output.stderr,
        str![[r"
error[not-in-snapshot]: `tenant.zst` does not hold all that this spec asks
 |
 = note: not read: the organisation's settings
 = note: not read: mailboxes of the type `RoomMailbox`
 = note: what was not read is unknown, so nothing is planned
 = help: take a snapshot with this spec: `auditform snapshot --out FILE`

"]]
    );
}

#[test]
fn a_chain_is_planned_from_a_snapshot_as_from_the_tenant_before_and_after() {
    let world = World::new();
    let emulator = Emulator::with(&world, SMALL, &["--bootstrap-only"]);
    let both = ("[tenant]\n", "[tenant]\napprove_second_phase = true\n");
    crate::identity_chain::from_scratch(&world, &emulator.base_url, &emulator, &[both]);
    let compare = |name: &str| {
        world.run(&["snapshot", "--out", name]).ended(0);
        let tenant = world.run(&["plan", "--format", "json"]).ended(0).json();
        // The certificates are in the snapshot, wherever it is planned.
        let mut plan = world.run(&["plan", "--snapshot", name, "--format", "json"]).ended(0).json();
        plan.as_object_mut().unwrap().remove("snapshot");
        assert_eq!(plan, tenant);
        tenant
    };
    assert_ne!(compare("empty.zst")["deferred"].as_array().unwrap().len(), 0);
    world.run(&["apply", "--auto-approve"]).ended(0);
    let after = compare("tenant.zst");
    assert_eq!(after["summary"]["change"], 0);
    fs::remove_dir_all(world.path(".auditform")).unwrap();
    let plan = world.run(&[&FROM[..], &["--format", "json"]].concat()).ended(0).json();
    assert_eq!(plan["changes"], after["changes"]);
    let text = lines(&world).concat();
    for secret in ["eyJ", "PRIVATE", "BEGIN", "secret", "password\":\"", "Bearer"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let spec = fs::read_to_string(world.path("auditform.toml")).unwrap();
    let other =
        spec.replace("directory_roles = [", "owners = [\"ada@contoso.com\"]\ndirectory_roles = [");
    assert_ne!(spec, other);
    world.write("auditform.toml", other);
    let output = refused(&world, "tenant.zst", "not-in-snapshot", 8);
    assert!(output.stderr.contains("not read: the owners of `application."), "{}", output.stderr);
}

#[cfg(unix)]
#[test]
fn a_snapshot_is_its_owners_alone_and_a_read_that_fails_leaves_none() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let emulator = taken(&world, OWNERS);
    let mode = fs::metadata(world.path("tenant.zst")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let whole = fs::read(world.path("tenant.zst")).unwrap();
    let front = Front::before(&emulator.base_url, |seen| match seen.cmdlet() {
        "Get-Mailbox" => Reply::new(403, &[], "{}"),
        _ => Reply::Forward,
    });
    world.spec_at(&front.url(), &emulator, OWNERS);
    for name in ["tenant.zst", "other.zst"] {
        world.run(&["snapshot", "--out", name]).ended(8);
    }
    assert_eq!(fs::read(world.path("tenant.zst")).unwrap(), whole);
    assert!(!world.path("other.zst").exists());
    let left = fs::read_dir(world.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with(".tmp")));
    let output = world.run(&["snapshot", "--out", "missing/tenant.zst"]).ended(1);
    assert!(output.stderr.contains("error[unwritable-output]"), "{}", output.stderr);
    world.run(&["snapshot"]).ended(64);
}

#[test]
fn what_is_no_snapshot_or_no_longer_one_gives_no_plan() {
    let world = World::new();
    drop(taken(&world, OWNERS));
    let whole = fs::read(world.path("tenant.zst")).unwrap();
    for length in [0, 3, 4, 20, whole.len() / 2, whole.len() - 1] {
        world.write("bad.zst", &whole[..length]);
        refused(&world, "bad.zst", "unreadable-snapshot", 1);
    }
    rewrite(&world, "bad.zst", |lines| {
        let end = lines.len() - 2;
        lines.truncate(end);
        lines.push("{\"end\":{\"mailboxes\":3,\"requests\":1,\"sha256\":\"\"}}".to_owned());
    });
    refused(&world, "bad.zst", "unreadable-snapshot", 1);
    let mut noise = whole[..4].to_vec();
    noise.extend((0..=250).cycle().step_by(31).take(1 << 20));
    for bytes in [noise, b"{}".to_vec(), zstd::encode_all(&b"{}\n"[..], 1).unwrap()] {
        world.write("bad.zst", bytes);
        refused(&world, "bad.zst", "unreadable-snapshot", 1);
    }
    refused(&world, "auditform.toml", "unreadable-snapshot", 1);
    refused(&world, "missing.zst", "unreadable-snapshot", 1);
    for version in ["1.99", "2.0"] {
        let newer = format!("\"format_version\":\"{version}\"");
        rewrite(&world, "bad.zst", |lines| {
            lines[0] = lines[0].replace("\"format_version\":\"1.0\"", &newer);
        });
        refused(&world, "bad.zst", "snapshot-too-new", 1);
    }
}

#[test]
fn a_snapshot_of_another_tenant_is_refused_whatever_it_holds() {
    let world = World::new();
    let emulator = taken(&world, OWNERS);
    rewrite(&world, "other.zst", |lines| {
        lines[0] = lines[0].replacen(&emulator.organization, "fabrikam.onmicrosoft.com", 1);
    });
    refused(&world, "other.zst", "other-tenant", 1);
    let spec = fs::read_to_string(world.path("auditform.toml")).unwrap();
    let id = "tenant_id = \"00000000-0000-4000-8000-000000000001\"\nendpoint";
    world.write("auditform.toml", spec.replacen("endpoint", id, 1));
    refused(&world, "tenant.zst", "other-tenant", 1);
}

#[test]
fn flags_that_leave_nothing_to_plan_from_are_a_mistake_of_usage() {
    let world = World::new();
    let emulator = taken(&world, OWNERS);
    let before = emulator.requests().len();
    for flags in [
        &["--refresh=false"][..],
        &["--refresh=true", "--snapshot", "tenant.zst"],
        &["--refresh=perhaps", "--snapshot", "tenant.zst"],
    ] {
        let output = world.run(&[&["plan"], flags].concat()).ended(64);
        assert_eq!(output.stdout, "");
    }
    assert_eq!(emulator.requests().len(), before);
    world.run(&["plan", "--refresh=true"]).ended(0);
}
