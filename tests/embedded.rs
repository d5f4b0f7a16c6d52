//! `endpoint = "embedded"`: the tenant that a newcomer begins with, in the same process, with its
//! state and its keys beside the spec.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use std::fs;

use snapbox::{assert_data_eq, str};

use crate::support::{World, example};

const SEED: &str = "[tenant]\nunified_audit_log = false\n\
                    [generate]\nmailboxes = 60\nseed = 4\n";

const SPEC: &str = "version = 1\n\n[tenant]\nendpoint = \"embedded\"\n\n\
                    [unified_audit_log]\ningestion = true\n\n\
                    [mailbox_audit.people]\nrecipient_types = [\"UserMailbox\"]\n\
                    log_age_limit = 200\n";

fn world() -> World {
    let world = World::new();
    world.write("auditform.toml", SPEC);
    world.write("tenant.toml", SEED);
    world
}

#[test]
fn the_first_apply_changes_the_tenant_and_the_second_finds_nothing_to_do() {
    let world = world();
    let first = world.run(&["apply", "--auto-approve"]).ended(0);
    assert!(first.stdout.contains("Apply complete!"), "{}", first.stdout);
    let second = world.run(&["apply", "--auto-approve"]).ended(0);
    assert_data_eq!(
        second.stdout,
        str![[r#"
No changes. contoso.onmicrosoft.com matches the spec.
42 managed objects were read and found as the spec wants.

Plan: 0 to create, 0 to change, 0 to delete.

Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here

Digest: sha256:[..]

"#]]
    );
    assert_eq!(second.stderr, "");
}

#[test]
fn the_first_example_is_applied_on_three_thousand_mailboxes() {
    let world = World::new();
    let name = "non-owner-mailbox-audit";
    world.write("auditform.toml", example(name, "auditform.toml"));
    world.write("tenant.toml", example(name, "tenant.toml"));
    let first = world.run(&["apply", "--auto-approve"]).ended(0);
    assert!(!first.stdout.contains("records less than today"), "{}", first.stdout);
    let second = world.run(&["plan", "--detailed-exitcode"]).ended(0);
    assert!(second.stdout.starts_with("No changes."), "{}", second.stdout);
}

#[test]
fn without_a_seed_there_are_a_hundred_mailboxes() {
    let world = World::new();
    world.write(
        "auditform.toml",
        "version = 1\n[tenant]\nendpoint = \"embedded\"\n[mailbox_audit.a]\n\
         recipient_types = [\"UserMailbox\", \"SharedMailbox\", \"RoomMailbox\", \
         \"EquipmentMailbox\", \"LinkedMailbox\", \"SchedulingMailbox\", \"DiscoveryMailbox\", \
         \"TeamMailbox\", \"LinkedRoomMailbox\", \"LegacyMailbox\"]\nlog_age_limit = 17\n",
    );
    let plan = world.run(&["plan", "--format", "json"]).ended(0).json();
    assert_eq!(plan["summary"]["change"], 100);
}

#[test]
fn the_spec_may_be_named_from_elsewhere_and_the_state_lies_beside_it() {
    let world = World::new();
    world.write("deep/er/auditform.toml", SPEC);
    world.write("deep/er/tenant.toml", SEED);
    world.run(&["apply", "--auto-approve", "deep/er"]).ended(0);
    world.run(&["plan", "--detailed-exitcode", "deep/er/auditform.toml"]).ended(0);
    assert!(world.path("deep/er/.auditform/tenant.state").exists());
    assert!(!world.path(".auditform").exists());
}

#[test]
fn keys_are_ignored_by_git_and_readable_by_their_owner_alone() {
    let world = world();
    world.run(&["plan"]).ended(0);
    for directory in [".auditform", ".auditform/credentials"] {
        let ignore = fs::read_to_string(world.path(directory).join(".gitignore")).unwrap();
        assert_eq!(ignore, "*\n", "{directory}");
    }
    for key in ["application.pem", "application.pfx", "token.key"] {
        let path = world.path(".auditform/credentials").join(key);
        assert!(path.exists(), "{key}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{key}");
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for directory in [".auditform", ".auditform/credentials"] {
            let mode = fs::metadata(world.path(directory)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{directory}");
        }
    }
}

#[test]
fn a_state_directory_that_git_would_take_is_refused_before_a_key_is_put_there() {
    let world = world();
    world.write(".auditform/.gitignore", "*.log\n");
    let refused = world.run(&["plan"]).ended(1);
    assert_eq!(refused.stdout, "");
    assert_data_eq!(
        world.redact(&refused.stderr),
        str![[r#"
error[keys-not-ignored]: `./.auditform/.gitignore` does not keep keys out of Git
 |
 = help: it must hold a line of `*`; add it, or remove the file

"#]]
    );
    assert!(!world.path(".auditform/credentials").exists());
}

#[test]
fn a_reset_forgets_what_was_applied_and_keeps_the_keys() {
    let world = world();
    world.run(&["apply", "--auto-approve"]).ended(0);
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
    let key = world.path(".auditform/credentials/application.pem");
    let before = fs::read(&key).unwrap();
    let reset = world.run(&["emulate", "--reset", "."]).ended(0);
    assert_eq!(reset.stderr, "The embedded tenant starts afresh from its seed.\n");
    world.run(&["plan", "--detailed-exitcode"]).ended(2);
    assert_eq!(fs::read(&key).unwrap(), before);
}

#[test]
fn a_reset_where_nothing_was_used_says_so() {
    let world = world();
    let reset = world.run(&["emulate", "--reset", "auditform.toml"]).ended(0);
    assert_eq!(
        reset.stderr,
        "There was nothing to forget: no embedded tenant has been used here.\n"
    );
    let nowhere = world.run(&["emulate", "--reset", "nowhere"]).ended(1);
    assert_data_eq!(
        nowhere.stderr,
        str![[r#"
error[emulator]: there is no spec at `nowhere`

"#]]
    );
}

#[test]
fn another_seed_is_refused_until_the_state_is_reset() {
    let world = world();
    world.run(&["plan"]).ended(0);
    world.write("tenant.toml", SEED.replace("60", "61"));
    let refused = world.run(&["plan"]).ended(1);
    assert_eq!(refused.stdout, "");
    assert_data_eq!(
        world.redact(&refused.stderr),
        str![[r#"
error[embedded-tenant]: the embedded tenant cannot start: `./.auditform/tenant.state` was made from another seed; start afresh with --reset, or leave the seed out
 |
 = help: `auditform emulate --reset .` starts afresh from the seed and forgets what was applied

"#]]
    );
    world.run(&["emulate", "--reset", "."]).ended(0);
    world.run(&["plan"]).ended(0);
}

#[test]
fn a_comment_does_not_make_another_seed() {
    let world = world();
    world.run(&["plan"]).ended(0);
    world.write("tenant.toml", format!("# The office in Oslo.\n\n{SEED}"));
    world.run(&["plan"]).ended(0);
}

#[test]
fn a_seed_that_cannot_be_used_is_shown_with_its_place() {
    let world = world();
    world.write("tenant.toml", SEED.replace("mailboxes", "mailboxen"));
    let refused = world.run(&["plan"]).ended(1);
    assert_data_eq!(
        world.redact(&refused.stderr),
        str![[r#"
error[seed]: ./tenant.toml:4:1: unknown field `mailboxen`, expected one of `mailboxes`, `seed`, `compliant`, `types`

"#]]
    );
}

#[test]
#[cfg(unix)]
fn two_commands_cannot_use_one_embedded_tenant_at_once() {
    let world = world();
    world.write("tenant.toml", SEED.replace("60", "2000"));
    let apply = world.spawn(&["apply", "--auto-approve"]);
    apply.says("applied");
    let refused = world.run(&["plan"]).ended(1);
    assert_eq!(refused.stdout, "");
    assert_data_eq!(
        world.redact(&refused.stderr),
        str![[r#"
error[embedded-tenant]: the embedded tenant cannot start: `./.auditform/tenant.state` is in use by another run; wait for it to end
 |
 = help: wait until the other command has ended

"#]]
    );
    apply.wait().ended(0);
}
