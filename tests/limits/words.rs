//! What a plan says that its safeguards refuse, to the letter; that an apply of it writes nothing;
//! and what is wrong with an allowance.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use serde_json::json;
use snapbox::{IntoData, assert_data_eq, str};

use crate::bad_input::fails;
use crate::plan::{SMALL, broken_rules};
use crate::support::{Emulator, World};

/// Shortens the log of one mailbox, lengthens that of another, and leaves a third alone.
const AGES: &str = "[mailbox_audit.people]\nrecipient_types = [\"UserMailbox\"]\n\
                    log_age_limit = 180\nprevent = [\"weaken\"]\n";
const LIMITS: &str =
    "[limits]\nchanged = \"30%\"\nweakening = 0\ndeletions = 0\nminimum_population = 3\n";
const SWITCH: &str = "[organization]\nmailbox_auditing = false\nprevent = [\"change\"]\n";

fn everything_refused() -> (World, Emulator) {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    world.spec(&emulator, &format!("{AGES}{LIMITS}{SWITCH}"));
    (world, emulator)
}

/// From the sum on.
fn end(text: &str) -> &str {
    &text[text.find("Plan: ").unwrap()..]
}

#[test]
fn a_refused_plan_is_shown_whole_with_the_line_of_each_safeguard() {
    let (world, emulator) = everything_refused();
    let refused = world.run(&["plan"]).ended(3);
    assert!(refused.stdout.contains("mailbox_audit.people: 2 mailboxes will be changed"));
    assert!(refused.stdout.contains("mailbox_audit.people: 1 mailbox will be changed"));
    assert_data_eq!(
        end(&refused.stdout),
        str![[r#"
Plan: 0 to create, 4 to change, 0 to delete.
Of these, 2 weaken and 1 cannot be undone.
Refused: `organization` would turn `mailbox_auditing` off; only `--allow
  organization-weakening` applies it.
Refused: mailbox_audit.people["eve@contoso.com"] would record less than before,
  and `prevent` of mailbox_audit.people forbids that (auditform.toml:15); only
  `--allow prevent=mailbox_audit.people` applies it.
Refused: organization would change, and `prevent` of organization forbids that
  (auditform.toml:23); only `--allow prevent=organization` applies it.
Refused: 3 of 3 managed mailboxes would change, and `changed` allows 30%
  (auditform.toml:17); only `--allow changed=3` applies it.
Refused: 2 changes would record less than before (3 managed mailboxes), and
  `weakening` allows 0 (auditform.toml:18); only `--allow weakening=2` applies
  it.
Applying it takes 4 requests to write and 2 requests to read back.

Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here

Digest: sha256:[..]

"#]]
    );
    let before = emulator.state();
    let applied = world.run(&["apply", "--auto-approve"]).ended(3);
    assert_eq!(end(&applied.stdout), end(&refused.stdout));
    assert_eq!((emulator.state(), emulator.writes()), (before, vec![]));
}

#[test]
fn the_document_of_a_refused_plan_has_words_and_data() {
    let (world, _emulator) = everything_refused();
    let allowed = ["--allow", "changed=3", "--allow", "deletions=2"];
    let arguments = [&["plan", "--format", "json"], &allowed[..]].concat();
    let document = world.run(&arguments).ended(3).json();
    assert_eq!(broken_rules(&document), [""; 0]);
    assert_data_eq!(
        format!("{:#}\n", document["violations"]),
        str![[r#"
[
  {
    "address": "organization",
    "attribute": "mailbox_auditing",
    "safeguard": "organization_weakening"
  },
  {
    "address": "mailbox_audit.people",
    "counted": 1,
    "example": "mailbox_audit.people[\"eve@contoso.com\"]",
    "place": "auditform.toml:15",
    "protection": "weaken",
    "safeguard": "prevent"
  },
  {
    "address": "organization",
    "counted": 1,
    "example": "organization",
    "place": "auditform.toml:23",
    "protection": "change",
    "safeguard": "prevent"
  },
  {
    "class": "weakening",
    "counted": 2,
    "limit": 0,
    "place": "auditform.toml:18",
    "population": 3,
    "safeguard": "limit"
  }
]

"#]]
        .raw()
    );
    assert_eq!(document["refused"].as_array().unwrap().len(), 4);
    assert_eq!(
        document["safeguards"],
        json!({
            "limits": {
                "changed": { "share": "30%" },
                "weakening": { "count": 0 },
                "deletions": { "count": 0 },
                "minimum_population": 3,
            },
            "prevents": [
                { "address": "mailbox_audit.people", "protections": ["weaken"] },
                { "address": "organization", "protections": ["change"] },
            ],
            "allowances": [
                { "allows": "limit", "class": "changed", "up_to": 3 },
                { "allows": "limit", "class": "deletions", "up_to": 2 },
            ],
        })
    );
}

#[test]
fn what_is_allowed_for_one_run_is_said_first_and_done() {
    let (world, emulator) = everything_refused();
    let allowed = "organization-weakening changed=100% weakening=40 deletions=9 \
                   prevent=organization prevent=mailbox_audit.people";
    let allowed: Vec<&str> =
        allowed.split_whitespace().flat_map(|what| ["--allow", what]).collect();
    let plan = world.run(&[&["plan"], &allowed[..]].concat()).ended(0).stdout;
    let (first, _) = plan.split_once("Auditform will change").unwrap();
    assert_data_eq!(
        first,
        str![[r#"
! Allowed in this run, beyond the safeguards of the spec:
  - organization-weakening
  - changed=100%
  - weakening=40
  - deletions=9
  - prevent=mailbox_audit.people
  - prevent=organization


"#]]
    );
    assert_data_eq!(
        end(&plan),
        str![[r#"
Plan: 0 to create, 4 to change, 0 to delete.
Of these, 2 weaken and 1 cannot be undone.
Applying it takes 4 requests to write and 2 requests to read back.

Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here
Note: `--allow deletions=9` was not needed: this plan is not refused for that

Digest: sha256:[..]

"#]]
    );
    world.run(&[&["apply", "--auto-approve"], &allowed[..]].concat()).ended(0);
    assert_eq!(emulator.writes().len(), 4);
}

#[test]
fn an_allowance_that_cannot_be_is_a_usage_error_with_the_nearest_name() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    world.spec(&emulator, &format!("{AGES}{LIMITS}"));
    let misspelt = ["plan", "--allow", "weakning=4"];
    fails(
        &world,
        &misspelt,
        64,
        str![[r#"
error: invalid value 'weakning=4' for '--allow <WHAT>': did you mean `weakening`?

For more information, try '--help'.

"#]],
    );
    let elsewhere = ["apply", "--auto-approve", "--allow", "prevent=mailbox_audit.peple"];
    fails(
        &world,
        &elsewhere,
        64,
        str![[r#"
error[nothing-to-allow]: `mailbox_audit.peple` has no `prevent` that could be lifted
 |
 = note: no request was made
 = help: did you mean `--allow prevent=mailbox_audit.people`?

"#]],
    );
    world.spec(&emulator, LIMITS);
    fails(
        &world,
        &["plan", "--allow", "prevent=organization"],
        64,
        str![[r#"
error[nothing-to-allow]: `organization` has no `prevent` that could be lifted
 |
 = note: no request was made
 = help: nothing in this spec has `prevent`

"#]],
    );
    assert_eq!(emulator.requests(), []);
}
