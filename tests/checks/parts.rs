//! Checks and a plan that is narrowed: what is judged is what that plan changes, the same on every way.

use crate::support::{Emulator, World};

const TWO: &str = "[[mailbox]]\nupn = \"ada@contoso.com\"\ntype = \"UserMailbox\"\n\
                   [[mailbox]]\nupn = \"bob@contoso.com\"\ntype = \"UserMailbox\"\n";

/// Ada's log becomes 180 days and Bob's this many; all have to keep so many.
fn spec(bob: u32, all: u32) -> String {
    format!(
        "[mailbox_audit.ada]\nrecipient_types = [\"UserMailbox\"]\ninclude = [\"ada@contoso.com\"]\n\
         log_age_limit = 180\n[mailbox_audit.bob]\nrecipient_types = [\"UserMailbox\"]\n\
         include = [\"bob@contoso.com\"]\nlog_age_limit = {bob}\n[[check]]\nname = \"kept\"\n\
         [check.mailboxes]\nrecipient_types = [\"UserMailbox\"]\n\
         log_age_limit = {{ at_least = {all} }}\n"
    )
}

const PART: [&str; 2] = ["--target", "mailbox_audit.ada"];

#[test]
fn a_part_after_which_a_check_does_not_hold_is_refused_on_every_way() {
    let world = World::new();
    let emulator = Emulator::start(&world, TWO);
    world.spec(&emulator, &spec(180, 180));
    world.run(&["plan"]).ended(0);
    world.run(&["snapshot", "--out", "tenant.zst"]).ended(0);
    world.run(&[&["plan", "--out", "plan.json"][..], &PART].concat()).ended(7);
    world.run(&["apply", "plan.json", "--auto-approve"]).ended(7);
    world.run(&[&["apply", "--auto-approve"][..], &PART].concat()).ended(7);
    let offline = world.run(&[&["plan", "--snapshot", "tenant.zst"][..], &PART].concat()).ended(7);
    assert!(offline.stdout.contains("bob@contoso.com"), "{}", offline.stdout);
    assert!(!offline.stdout.contains("ada@contoso.com: "), "{}", offline.stdout);
    assert_eq!(emulator.writes(), []);
}

#[test]
fn a_part_that_leaves_alone_what_would_break_a_check_is_applied_on_every_way() {
    for is_saved in [false, true] {
        let world = World::new();
        let emulator = Emulator::start(&world, TWO);
        world.spec(&emulator, &spec(60, 90));
        world.run(&["apply", "--auto-approve"]).ended(7);
        if is_saved {
            world.run(&[&["plan", "--out", "plan.json"][..], &PART].concat()).ended(0);
            world.run(&["apply", "plan.json", "--auto-approve"]).ended(0);
        } else {
            world.run(&[&["apply", "--auto-approve"][..], &PART].concat()).ended(0);
        }
        assert_eq!(emulator.writes().len(), 1);
    }
}

#[test]
fn a_part_that_is_about_no_mailbox_is_judged_by_the_mailboxes_as_they_are() {
    let world = World::new();
    let emulator = Emulator::start(&world, &format!("[tenant]\nunified_audit_log = false\n{TWO}"));
    world.spec(&emulator, &format!("{}[unified_audit_log]\ningestion = true\n", spec(180, 180)));
    let plan = ["plan", "--target", "unified_audit_log", "--format", "json"];
    let plan = world.run(&plan).ended(7).json();
    assert_eq!(plan["checks"][0]["verdict"], "failed", "{}", plan["checks"]);
}
