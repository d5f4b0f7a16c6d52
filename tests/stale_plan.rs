//! What becomes of a saved plan whose objects were not left alone: for each kind, as it was, as it
//! should be already, otherwise, gone, and unreadable. Refused objects are never written.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::plan::{MIXED, SMALL};
use crate::support::front::{Front, Reply};
use crate::support::{Emulator, World};

/// A tenant with so many mailboxes more than the small one has.
fn seed(more: usize) -> String {
    let mut seed = SMALL.to_owned();
    for number in 0..more {
        let upn = format!("user{number:03}@contoso.com");
        write!(seed, "\n[[mailbox]]\nupn = \"{upn}\"\ntype = \"UserMailbox\"\n").unwrap();
    }
    seed
}

/// A tenant, its spec, and the plan `plan.json`.
fn saved(world: &World, more: usize, body: &str) -> Emulator {
    let emulator = Emulator::start(world, &seed(more));
    world.spec(&emulator, body);
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    emulator
}

/// Somebody else changes the tenant meanwhile.
fn meanwhile(world: &World, emulator: &Emulator, body: &str) {
    let spec = std::fs::read_to_string(world.path("auditform.toml")).unwrap();
    world.spec(emulator, body);
    world.run(&["apply", "--auto-approve", "--allow", "organization-weakening"]).ended(0);
    world.write("auditform.toml", spec);
}

const ADA: &str =
    "[mailbox_audit.ada]\nrecipient_types = [\"UserMailbox\"]\ninclude = [\"ada@contoso.com\"]\n";

fn anchors(emulator: &Emulator, from: usize) -> Vec<String> {
    let writes = emulator.writes().split_off(from);
    let mut anchors: Vec<String> =
        writes.iter().map(|write| format!("{} {}", write.cmdlet(), write.anchor())).collect();
    anchors.sort();
    anchors
}

#[test]
fn a_mailbox_that_somebody_changed_stops_everything_and_both_values_are_named() {
    for more in [0, 30] {
        let world = World::new();
        let emulator = saved(&world, more, MIXED);
        meanwhile(
            &world,
            &emulator,
            &format!("{ADA}owner = {{ exactly = [\"Create\"] }}\nlog_age_limit = 30\n"),
        );
        let writes = emulator.writes().len();
        let output = world.run(&["apply", "--auto-approve", "plan.json"]).ended(5);
        assert_eq!(output.stdout, "");
        assert_data_eq!(
            output.stderr,
            str![[r#"
The spec in `./.` is the one that was planned.
Reading again what the plan changes.
stale: mailbox_audit.people["ada@contoso.com"]: `owner` was [Update, MoveToDeletedItems, SoftDelete, HardDelete, UpdateFolderPermissions, UpdateInboxRules, UpdateCalendarDelegation, ApplyRecord, MailItemsAccessed, Send] and is [Create], `log_age_limit` was 90 days and is 30 days and `default_audit_set` was [Admin, Delegate, Owner] and is [Admin, Delegate]
error[stale-plan]: 1 object is no longer as the plan saw it
 |
 = note: nothing was changed
 = help: plan again, or leave out what is stale with `--stale skip`

"#]]
        );
        assert_eq!(emulator.writes().len(), writes);
    }
}

#[test]
fn what_is_stale_is_left_out_where_that_is_asked_for() {
    for more in [0, 30] {
        let world = World::new();
        let emulator = saved(&world, more, MIXED);
        meanwhile(&world, &emulator, &format!("{ADA}log_age_limit = 30\n"));
        let writes = emulator.writes().len();
        let output =
            world.run(&["apply", "--auto-approve", "--stale", "skip", "plan.json"]).ended(6);
        assert!(output.stdout.contains("1 stale."), "{}", output.stdout);
        let written = anchors(&emulator, writes);
        assert_eq!(written.len(), 5 + more, "{written:?}");
        assert!(!written.iter().any(|anchor| anchor.contains("ada@")), "{written:?}");
    }
}

#[test]
fn a_mailbox_that_is_as_it_should_be_already_is_done_and_not_written() {
    for more in [0, 30] {
        let world = World::new();
        let emulator = saved(&world, more, MIXED);
        let same = "admin = { default_plus = [\"Copy\"] }\ndelegate = { exactly = [\"Update\", \"FolderBind\"] }\n";
        meanwhile(&world, &emulator, &format!("{ADA}{same}"));
        let writes = emulator.writes().len();
        let output = world.run(&["apply", "--auto-approve", "plan.json"]).ended(0);
        assert!(output.stdout.contains("1 already done."), "{}", output.stdout);
        let written = anchors(&emulator, writes);
        assert!(!written.iter().any(|anchor| anchor.contains("ada@")), "{written:?}");
        assert_eq!(written.len(), 5 + more);
    }
}

/// A tenant behind a door that can be told to misbehave.
fn behind(
    world: &World,
    more: usize,
    misbehave: impl Fn(&crate::support::front::Seen) -> Option<Reply> + Send + Sync + 'static,
) -> (Emulator, Front, Arc<AtomicBool>) {
    let emulator = Emulator::start(world, &seed(more));
    let is_on = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_on);
    let front = Front::before(&emulator.base_url, move |seen| {
        let reply = switch.load(Ordering::SeqCst).then(|| misbehave(seen)).flatten();
        reply.unwrap_or(Reply::Forward)
    });
    world.spec_at(&front.url(), &emulator, MIXED);
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    (emulator, front, is_on)
}

fn is_reading_a_mailbox(seen: &crate::support::front::Seen) -> bool {
    seen.cmdlet() == "Get-Mailbox"
}

#[test]
fn a_mailbox_that_is_gone_is_stale() {
    let message =
        "Ex1|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|gone";
    let details = json!([{ "code": "Client", "target": "", "message": message }]);
    let gone = json!({ "error": { "code": "BadRequest", "message": "Invalid Operation", "details": details } });
    let world = World::new();
    let (emulator, _front, is_on) = behind(&world, 0, move |seen| {
        let is_one = is_reading_a_mailbox(seen) && seen.parameters()["Identity"].is_string();
        is_one.then(|| Reply::new(404, &[("content-type", "application/json")], gone.to_string()))
    });
    is_on.store(true, Ordering::SeqCst);
    let output = world.run(&["apply", "--auto-approve", "plan.json"]).ended(5);
    assert!(output.stderr.contains("the mailbox is no longer there"), "{}", output.stderr);
    assert_eq!(emulator.writes(), []);
}

#[test]
fn a_mailbox_that_is_missing_from_a_whole_list_is_stale() {
    let world = World::new();
    let (emulator, front, is_on) = behind(&world, 30, |seen| {
        let empty: Value = json!({ "@adminapi.warnings": [], "value": [] });
        is_reading_a_mailbox(seen).then(|| Reply::json(&empty))
    });
    is_on.store(true, Ordering::SeqCst);
    let output = world.run(&["apply", "--auto-approve", "plan.json"]).ended(5);
    assert!(
        output.stderr.contains("35 objects are no longer as the plan saw it"),
        "{}",
        output.stderr
    );
    assert_eq!((emulator.writes(), front.writes().len()), (vec![], 0));
}

#[test]
fn what_cannot_be_read_again_is_unknown_and_nothing_is_written() {
    for (more, cmdlet) in [
        (0, "Get-Mailbox"),
        (30, "Get-Mailbox"),
        (0, "Get-AdminAuditLogConfig"),
        (0, "Get-OrganizationConfig"),
    ] {
        let world = World::new();
        let (emulator, _front, is_on) = behind(&world, more, move |seen| {
            (seen.cmdlet() == cmdlet).then(|| Reply::cut(&json!({ "value": [] })))
        });
        is_on.store(true, Ordering::SeqCst);
        let arguments = ["apply", "--auto-approve", "plan.json", "--request-timeout", "2s"];
        let output = world.run(&arguments);
        if cmdlet == "Get-OrganizationConfig" {
            // The plan changes nothing there, so nothing there is read.
            output.ended(0);
            continue;
        }
        assert_eq!(output.ended(8).stdout, "");
        assert_eq!(emulator.writes(), []);
    }
}

#[test]
fn switches_are_written_done_already_or_pending_and_never_otherwise() {
    let world = World::new();
    let emulator = saved(
        &world,
        0,
        "[unified_audit_log]\ningestion = true\n[organization]\nmailbox_auditing = true\n",
    );
    meanwhile(&world, &emulator, "[unified_audit_log]\ningestion = true\n");
    let writes = emulator.writes().len();
    let output = world.run(&["apply", "--auto-approve", "plan.json"]).ended(0);
    assert!(output.stdout.contains("already done"), "{}", output.stdout);
    assert_eq!(emulator.writes().len(), writes);
}
