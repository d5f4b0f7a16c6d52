//! `canary` of `[limits]` as the service sees it: how many are written before the tenant is read again,
//! and that a failure among them is the end of it.

use std::fmt::Write as _;

use crate::plan::OWNERS;
use crate::support::front::{Front, Reply};
use crate::support::{Emulator, Request, World};

const REFUSAL: &str = r#"{"error":{"code":"BadRequest","message":"x","innererror":{"message":"x","internalexception":{"type":"Microsoft.Exchange.Management.Tasks.RecipientTaskException","message":"The mailbox is on hold."}}}}"#;

/// A tenant of 30 mailboxes that all change, of which four are tried first.
fn tenant(world: &World) -> Emulator {
    let mut seed = "[tenant]\n".to_owned();
    for number in 0..30 {
        let upn = format!("user{number:02}@contoso.com");
        write!(seed, "[[mailbox]]\nupn = \"{upn}\"\ntype = \"UserMailbox\"\n").unwrap();
    }
    Emulator::start(world, &seed)
}

const CANARY: &str = "[limits]\ncanary = 4\n";

#[test]
fn the_tenant_is_read_again_after_the_first_mailboxes_and_before_the_others() {
    let world = World::new();
    let emulator = tenant(&world);
    world.spec(&emulator, &format!("{CANARY}{OWNERS}"));
    let planned = world.run(&["plan", "--format", "json"]).ended(0).json();
    let before = emulator.requests().len();
    world.run(&["apply", "--auto-approve"]).ended(0);
    let requests = emulator.requests().split_off(before);
    let cmdlets: Vec<&str> = requests.iter().map(Request::cmdlet).collect();
    let first = cmdlets.iter().position(|name| *name == "Set-Mailbox").unwrap();
    assert_eq!(
        cmdlets[first..first + 5],
        ["Set-Mailbox", "Set-Mailbox", "Set-Mailbox", "Set-Mailbox", "Get-Mailbox"]
    );
    assert_eq!(cmdlets.iter().filter(|name| **name == "Set-Mailbox").count(), 30);
    let reads = cmdlets[first..].iter().filter(|name| name.starts_with("Get-")).count();
    assert_eq!(planned["summary"]["reads"], reads);
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
}

#[test]
fn a_failure_among_the_first_mailboxes_is_the_end_of_it() {
    let world = World::new();
    let emulator = tenant(&world);
    let front = Front::before(&emulator.base_url, |seen| match seen.header("x-anchormailbox") {
        "UPN:user02@contoso.com" => Reply::new(400, &[("request-id", "r-1")], REFUSAL),
        _ => Reply::Forward,
    });
    world.spec_at(&front.url(), &emulator, &format!("{CANARY}{OWNERS}"));
    let applied = world.run(&["apply", "--auto-approve"]).ended(6);
    assert!(applied.stdout.contains("1 failed, 26 skipped."), "{}", applied.stdout);
    assert_eq!(front.writes().len(), 4);
    let mut anchors: Vec<String> =
        emulator.writes().iter().map(|write| write.anchor().to_owned()).collect();
    anchors.sort();
    assert_eq!(
        anchors,
        ["UPN:user00@contoso.com", "UPN:user01@contoso.com", "UPN:user03@contoso.com"]
    );
}
