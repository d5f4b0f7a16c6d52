//! Faults on demand: `auditform emulate --faults`. What each one means for a single request is
//! beside the emulator; here is what users see.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use snapbox::{assert_data_eq, str};

use crate::bad_input::{BODY, SEED};
use crate::support::{Emulator, World};

/// The spec on a tenant with these faults.
fn with_faults(faults: &str) -> (World, Emulator) {
    let world = World::new();
    world.write("faults.toml", faults);
    let emulator = Emulator::with(&world, SEED, &["--faults", "faults.toml"]);
    world.spec(&emulator, BODY);
    (world, emulator)
}

#[test]
fn a_mistake_in_the_file_is_shown_in_its_place_and_nothing_is_served() {
    let world = World::new();
    world.write("faults.toml", "seed = 1\n\n[[fault]]\nkind = \"answer\"\nstatus = 42\n");
    world.write("seed.toml", SEED);
    let arguments = ["emulate", "--seed", "seed.toml", "--faults", "faults.toml"];
    let output = world.run(&arguments).ended(1);
    assert_eq!(output.stdout, "");
    assert_data_eq!(
        output.stderr,
        str![[r#"
error[faults]: 42 is no status of a failure; write one from 400 to 599
 --> faults.toml:5:10
  |
5 | status = 42
  |          ^^

"#]]
    );
}

#[test]
fn a_mailbox_that_the_tenant_does_not_have_is_shown_in_its_place() {
    let world = World::new();
    world.write("faults.toml", "[[fault]]\nmailbox = \"eve@contoso.com\"\nlatency = \"1ms\"\n");
    world.write("seed.toml", SEED);
    let arguments = ["emulate", "--seed", "seed.toml", "--faults", "faults.toml"];
    assert_data_eq!(
        world.run(&arguments).ended(1).stderr,
        str![[r#"
error[faults]: `eve@contoso.com` is no mailbox of this tenant, so this rule can never match; write the name or the Guid of one
 --> faults.toml:2:11
  |
2 | mailbox = "eve@contoso.com"
  |           ^^^^^^^^^^^^^^^^^

"#]]
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let world = World::new();
    let output = world.run(&["emulate", "--faults", "faults.toml"]).ended(1);
    assert_data_eq!(
        output.stderr,
        str![[r#"
error[emulator]: the file of faults `faults.toml` cannot be read: No such file or directory (os error 2)

"#]]
    );
}

#[test]
fn a_rate_refuses_with_429_and_each_refusal_is_in_the_log() {
    let (world, emulator) = with_faults(
        "[rate.reads]\nper_second = 1\n[[fault]]\ncmdlet = \"Set-Mailbox\"\nlatency = \"1ms\"\n",
    );
    world.run(&["apply", "--auto-approve"]).ended(0);
    let faults: Vec<_> = emulator
        .requests()
        .into_iter()
        .filter_map(|request| Some((request.status, request.fault?)))
        .collect();
    assert!(faults.contains(&(429, "rate of reads".to_owned())), "{faults:?}");
    assert!(faults.contains(&(200, "fault 1: latency".to_owned())), "{faults:?}");
    assert_eq!(emulator.mailbox("ada@contoso.com")["AuditLogAgeLimit"], "100.00:00:00");
}
