//! `auditform approve` as a whole, with the keys and the signatures of OpenSSH and OpenSSL: who may
//! sign, what is asked, what is written, what a check says, and that a spec with `[approval]` is not
//! applied without it. What counts as an approval is tried in `src/approval/judge/tests.rs`.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

mod applying;
mod scene;
mod secrets;

use auditform::approval::NAMESPACE;
use auditform::plan::{Action, IdentityChange, Reversible};
use auditform::resource::{Address, Kind};
use snapbox::{assert_data_eq, str};

use crate::support::{Emulator, World};
use scene::{Scene, TENANT};

/// Texts of a run without what differs from run to run.
fn told(scene: &Scene, text: &str) -> String {
    let mut told = scene.world.redact(text);
    let parts: Vec<&str> = told.split("SHA256:").collect();
    let rest = |part: &&str| format!("SHA256:<key>{}", part.get(43..).unwrap_or(part));
    told = parts[0].to_owned() + &parts[1..].iter().map(rest).collect::<String>();
    let is_moment = |text: &str| text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok();
    let mut redacted = String::new();
    while let Some(first) = told.chars().next() {
        let moment = told.get(..20).is_some_and(is_moment);
        redacted += if moment { "<moment>" } else { &told[..first.len_utf8()] };
        told.drain(..if moment { 20 } else { first.len_utf8() });
    }
    redacted
}

#[test]
fn a_plan_is_approved_once_as_many_as_required_have_signed() {
    let scene = Scene::new(2, &["alice", "bob"]);
    let check = scene.approve(&["--check"]).ended(4);
    assert_data_eq!(
        told(&scene, &check.stderr),
        str![[r#"
error[not-approved]: `plan.json` is not approved: none of 2 signers has approved it
 |
 = note: it is the plan sha256:<digest>
 = note: no approval was named, and none lies at `plan.json.NAME.approval`
 = note: it takes 2 more of: alice, bob; an approval holds for 1d
 = help: they run `auditform approve plan.json --key KEY`

"#]]
    );
    assert_eq!(check.stdout, "");
    let signed = scene.sign("alice").ended(0);
    let expected = "Signed at <moment>: plan.json.alice.approval\n";
    assert_eq!(told(&scene, &signed.stdout), expected);
    let check = scene.approve(&["--check"]).ended(4);
    assert!(check.stderr.contains("1 of 2 signers has approved it"), "{check:?}");
    scene.sign("bob").ended(0);
    let check = scene.approve(&["--check"]).ended(0);
    assert_data_eq!(
        told(&scene, &check.stdout),
        str![[r#"
Approved by alice at <moment> (SHA256:<key>, `plan.json.alice.approval`).
Approved by bob at <moment> (SHA256:<key>, `plan.json.bob.approval`).
Approved until <moment>.

"#]]
    );
}

#[test]
fn losses_are_shown_before_the_question_alike_ones_once() {
    let scene = Scene::new(1, &["alice"]);
    let change = |key: &str, action, weakens: &[&str], removes: &[&str]| IdentityChange {
        address: Address::keyed(Kind::ApplicationOwner, "audit", key),
        action,
        reason: String::new(),
        attributes: Vec::new(),
        removes: match removes {
            [] => Vec::new(),
            _ => {
                vec![("api_permissions".into(), removes.iter().map(ToString::to_string).collect())]
            }
        },
        weakens: weakens.iter().map(ToString::to_string).collect(),
        reversible: Reversible::Yes,
        depends_on: Vec::new(),
        after_exchange: false,
        writes: Vec::new(),
        finally: None,
    };
    let ada = "ada\u{1b}[2J@contoso.com";
    let less = ["Owner no longer records Update"];
    let rules = scene.rules(1, &["alice"]);
    let changes = vec![
        change(ada, Action::Update, &less, &["Update"]),
        change("grant", Action::Delete, &[], &["Mail.Read", "User.Read.All"]),
        change("bo", Action::Update, &less, &["Update"]),
    ];
    scene.plan("plan.json", Some(&rules), TENANT, changes);
    let signed = scene.sign("alice").ended(0);
    assert_data_eq!(
        told(&scene, &signed.stderr),
        str![[r#"
! After this plan less is recorded:
    Owner no longer records Update: 2 changes, as application_owner.audit["ada/u{1b}[2J@contoso.com"]

! This plan takes away:
    api_permissions loses Mail.Read and User.Read.All: application_owner.audit["grant"]

! This plan deletes:
    application_owner.audit["grant"]

Plan: 0 to create, 2 to change, 1 to delete.
Tenant: contoso.onmicrosoft.com (<guid>)
Digest: sha256:<digest>
Approval: takes 1 of 1, each for 1d: alice.

"#]]
    );
}

#[test]
fn each_in_which_a_signature_is_not_enough_ends_with_4() {
    let scene = Scene::new(1, &["alice", "bob"]);
    scene.key("mallory", "");
    let refused = scene.sign("mallory").ended(4);
    assert!(refused.stderr.contains("this key is none of those that may approve the plan"));
    assert!(refused.stderr.contains(&scene.signer("mallory").key.to_string()));
    assert_eq!(refused.stdout, "");
    // Signed by hand, it does not count.
    let statement = scene.approve(&["--statement", "--quiet"]).ended(0).stdout;
    scene.world.write("said", &statement);
    let sign = ["-Y", "sign", "-q", "-n", NAMESPACE, "-f", "mallory", "said"];
    scene.tool("ssh-keygen", &sign).ended(0);
    let forged = statement + &scene.file("said.sig");
    scene.world.write("plan.json.alice.approval", &forged);
    let check = scene.approve(&["--check"]).ended(4);
    assert!(check.stderr.contains("its key may not sign: ssh-ed25519 "), "{}", check.stderr);
    // A right one of another plan and tenant.
    let rules = scene.rules(1, &["alice"]);
    let other = "7c1d3a52-9f0e-4b68-8e27-51c0a4d96b3f";
    scene.plan("other.json", Some(&rules), other, Vec::new());
    let arguments = ["approve", "other.json", "--key", "alice", "--auto-approve"];
    scene.world.run(&arguments).ended(0);
    let named = ["--check", "--approval", "other.json.alice.approval"];
    let check = scene.approve(&named).ended(4);
    assert!(check.stderr.contains("it approves the plan sha256:"), "{}", check.stderr);
    assert!(check.stderr.contains(&format!("it is for the tenant {other}")), "{}", check.stderr);
    // A right one that is over, and the same with a later time written into it.
    let statement = scene.approve(&["--statement", "--quiet"]).ended(0).stdout;
    let (said, time) = statement.split_once("time: ").unwrap();
    let old = format!("{said}time: 2026-01-02T03:04:05Z\n");
    scene.world.write("said", &old);
    std::fs::remove_file(scene.world.path("said.sig")).unwrap();
    let sign = ["-Y", "sign", "-q", "-n", NAMESPACE, "-f", "alice", "said"];
    scene.tool("ssh-keygen", &sign).ended(0);
    let old = old + &scene.file("said.sig");
    scene.world.write("plan.json.alice.approval", &old);
    let check = scene.approve(&["--check"]).ended(4);
    let expected = "it has expired: alice gave it at 2026-01-02T03:04:05Z, and it held 1d";
    assert!(check.stderr.contains(expected), "{}", check.stderr);
    let edited = old.replace("2026-01-02T03:04:05Z", time.trim_end());
    scene.world.write("plan.json.alice.approval", edited);
    let check = scene.approve(&["--check"]).ended(4);
    assert!(check.stderr.contains("it was edited"), "{}", check.stderr);
    let check = scene.approve(&["--check", "--approval", "nowhere"]).ended(4);
    assert!(check.stderr.contains("error[unreadable-approval]: "), "{}", check.stderr);
}

#[test]
fn a_statement_signed_by_ssh_keygen_counts_and_ours_satisfies_ssh_keygen() {
    let scene = Scene::new(2, &["alice", "bob"]);
    let statement = scene.approve(&["--statement"]).ended(0);
    assert!(statement.stderr.contains("Digest: sha256:"), "{}", statement.stderr);
    scene.world.write("approval", &statement.stdout);
    let sign = ["-Y", "sign", "-q", "-n", NAMESPACE, "-f", "alice", "approval"];
    scene.tool("ssh-keygen", &sign).ended(0);
    let packed = statement.stdout + &scene.file("approval.sig");
    scene.world.write("plan.json.alice.approval", packed);
    scene.sign("bob").ended(0);
    scene.approve(&["--check"]).ended(0);
    // As docs/approval.md takes one apart.
    let ours = scene.file("plan.json.bob.approval");
    let (said, armor) = ours.split_at(ours.find("-----BEGIN").unwrap());
    scene.world.write("signature", armor);
    scene.world.write("allowed_signers", format!("bob {}", scene.signer("bob").key));
    let verify =
        ["-Y", "verify", "-f", "allowed_signers", "-I", "bob", "-n", NAMESPACE, "-s", "signature"];
    let verified = scene.tool_with("ssh-keygen", &verify, said).ended(0);
    let expected = format!("Good \"{NAMESPACE}\" signature for bob with ED25519 key SHA256:");
    assert!(verified.stdout.starts_with(&expected), "{verified:?}");
    scene.tool_with("ssh-keygen", &verify, &said.replace("time: 2", "time: 3")).ended(255);
}

#[test]
fn an_approval_is_replaced_by_a_newer_one_and_nothing_else_is() {
    let scene = Scene::new(1, &["alice"]);
    scene.sign("alice").ended(0);
    scene.sign("alice").ended(0);
    let refused = scene.approve(&["--key", "alice", "--auto-approve", "--out", "alice"]).ended(1);
    assert!(refused.stderr.contains("`alice` is there already and is no approval"));
    assert!(scene.file("alice").contains("PRIVATE KEY"));
    let out = ["--key", "alice", "--auto-approve", "--out", "signed/by-alice"];
    let refused = scene.approve(&out).ended(1);
    assert!(refused.stderr.contains("error[unwritable-output]: "), "{}", refused.stderr);
    scene.world.write("signed/readme", "");
    scene.approve(&out).ended(0);
    scene.approve(&["--check", "--approval", "signed/by-alice"]).ended(0);
}

#[test]
fn without_a_terminal_nobody_can_be_asked() {
    let scene = Scene::new(1, &["alice"]);
    let refused = scene.approve(&["--key", "alice"]).ended(4);
    assert!(refused.stderr.contains("error[no-terminal]: "), "{}", refused.stderr);
    scene.approve(&["--check"]).ended(4);
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_only_yes_signs_and_the_passphrase_is_not_shown() {
    let scene = Scene::new(1, &["alice"]);
    let no = scene.world.on_a_terminal("approve plan.json --key alice", "y\n").ended(4);
    assert!(no.stdout.contains("Not approved: nothing was signed."), "{}", no.stdout);
    scene.world.on_a_terminal("approve plan.json --key alice", "yes\n").ended(0);
    scene.approve(&["--check"]).ended(0);
    let passphrase = "correct horse";
    let path = scene.key("locked", passphrase);
    scene.plan("plan.json", Some(&scene.rules(1, &["locked"])), TENANT, Vec::new());
    let keys = format!("yes\n{passphrase}\n");
    let signed = scene.world.on_a_terminal("approve plan.json --key locked", &keys);
    assert!(signed.stdout.contains("protected by a passphrase"), "{}", signed.stdout);
    assert!(path.exists());
    signed.ended(0);
    scene.approve(&["--check"]).ended(0);
}

#[test]
fn a_plan_that_is_cut_noise_or_none_is_refused_with_1() {
    let scene = Scene::new(1, &["alice"]);
    let whole = scene.file("plan.json");
    for (content, why) in [
        (&whole[..whole.len() - 9], "it is cut off"),
        ("noise", "it is not a plan: expected ident"),
        ("{}", "it has no `format_version`"),
        (&whole.replace("\"required\":1", "\"required\":9"), "it is broken: "),
    ] {
        scene.world.write("plan.json", content);
        for arguments in [&["--check"][..], &["--statement"], &["--key", "alice"]] {
            let arguments = if arguments.len() == 2 {
                vec!["--key", "alice", "--auto-approve"]
            } else {
                arguments.to_vec()
            };
            let refused = scene.approve(&arguments).ended(1);
            assert!(refused.stderr.contains(why), "{}", refused.stderr);
            assert_eq!(refused.stdout, "");
        }
    }
}

#[test]
fn a_plan_without_rules_asks_for_no_signature_and_takes_none() {
    let scene = Scene::new(1, &["alice"]);
    scene.plan("plan.json", None, TENANT, Vec::new());
    let check = scene.approve(&["--check"]).ended(0);
    assert_eq!(check.stdout, "This plan asks for no signature.\n");
    scene.sign("alice").ended(0);
    let check = scene.approve(&["--check", "--approval", "alice.pub"]).ended(4);
    assert!(check.stderr.contains("error[no-approval-rules]: "), "{}", check.stderr);
}

#[test]
fn a_spec_with_rules_of_approval_is_not_applied_without_a_saved_plan() {
    let world = World::new();
    let emulator = Emulator::with(&world, "[generate]\nmailboxes = 3\n", &[]);
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    world.spec(&emulator, &format!("[approval]\nsigners = [\"{key} alice\"]\n"));
    for arguments in [&["apply", "--auto-approve"][..], &["apply"]] {
        let refused = world.run(arguments).ended(4);
        assert_data_eq!(
            &refused.stderr,
            str![[r#"
error[needs-saved-plan]: this spec is applied by an approved plan alone
  --> auditform.toml:12:1
   |
12 | [approval]
   | ^^^^^^^^^^ 1 of 1 have to approve it
   |
   = note: nothing was read or changed
   = help: save the plan with `auditform plan --out plan.json`
   = help: have it approved with `auditform approve plan.json --key KEY`
   = help: apply it with `auditform apply plan.json`

"#]]
        );
    }
    assert!(emulator.requests().is_empty());
    world.run(&["plan"]).ended(0);
}

#[test]
fn as_many_files_as_nobody_signs_are_not_read() {
    let scene = Scene::new(1, &["alice"]);
    scene.sign("alice").ended(0);
    // Neither of these is an approval of this plan by its name, and a directory is none at all.
    scene.world.write("other.json.alice.approval", "noise");
    scene.world.write("plan.json.d.approval/file", "");
    let check = scene.approve(&["--check"]).ended(0);
    assert!(!check.stdout.contains("does not count"), "{}", check.stdout);
    scene.world.write("plan.json.noise.approval", "noise");
    let check = scene.approve(&["--check"]).ended(0);
    let expected = "`plan.json.noise.approval` does not count: it is not an approval.";
    assert!(check.stdout.contains(expected), "{}", check.stdout);
    for number in 0..100 {
        scene.world.write(&format!("plan.json.{number}.approval"), "noise");
    }
    let check = scene.approve(&["--check"]).ended(4);
    assert!(check.stderr.contains("error[too-many-approvals]: "), "{}", check.stderr);
}
