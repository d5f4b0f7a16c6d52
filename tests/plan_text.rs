//! What `auditform plan` and `auditform graph` print for people, to the letter.
//! `SNAPSHOTS=overwrite` rewrites the expected texts, which are then to be read as a newcomer would.

#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use snapbox::{assert_data_eq, str};

use crate::plan::{MIXED, OWNERS, SMALL, dehydrated, small};
use crate::support::{Emulator, World};

/// The plan of a spec on the small tenant, as text.
fn text(body: &str, arguments: &[&str]) -> String {
    let world = World::new();
    let _emulator = small(&world, body);
    world.run(&[&["plan"], arguments].concat()).ended(0).stdout
}

#[test]
#[expect(clippy::too_many_lines, reason = "they are those of the expected text")]
fn the_plan_says_losses_first_then_what_loses_then_the_rest_then_the_sum() {
    assert_data_eq!(
        text(MIXED, &[]),
        str![[r#"
Auditform will change contoso.onmicrosoft.com (tenant
  7c1d3a52-9f0e-4b68-8e27-51c0a4d96b3f) as follows:

! This plan records less than today:
  - 3 mailboxes: Delegate no longer records MoveToDeletedItems, SoftDelete,
    HardDelete, SendAs, SendOnBehalf, Create, UpdateFolderPermissions,
    UpdateInboxRules, ApplyRecord and MailItemsAccessed

  # mailbox_audit.people: 2 mailboxes will be changed (2 UserMailbox)
  ~ ada@contoso.com, bob@contoso.com
      ! Delegate no longer records MoveToDeletedItems, SoftDelete, HardDelete,
        SendAs, SendOnBehalf, Create, UpdateFolderPermissions, UpdateInboxRules,
        ApplyRecord and MailItemsAccessed
      ! Admin and Delegate leave Microsoft's management: actions that Microsoft
        adds to its default set later will not be recorded
      ~ admin = [
          + adds Copy
            # (13 unchanged values hidden)
        ]
      ~ delegate = [
          - removes MoveToDeletedItems
          - removes SoftDelete
          - removes HardDelete
          - removes SendAs
          - removes SendOnBehalf
          - removes Create
          - removes UpdateFolderPermissions
          - removes UpdateInboxRules
          - removes ApplyRecord
          - removes MailItemsAccessed
          + adds FolderBind
            # (1 unchanged value hidden)
        ]
      # (3 unchanged attributes hidden)

  # mailbox_audit.people: 1 mailbox will be changed (1 UserMailbox)
  ~ eve@contoso.com
      ! Delegate no longer records MoveToDeletedItems, SoftDelete, HardDelete,
        SendAs, SendOnBehalf, Create, UpdateFolderPermissions, UpdateInboxRules,
        ApplyRecord and MailItemsAccessed
      ! Delegate leaves Microsoft's management: actions that Microsoft adds to
        its default set later will not be recorded
      ! cannot be undone: `MessageBind` is in a list now, and the service takes
        it no more
      ~ admin = [
          - removes MessageBind
          + adds MoveToDeletedItems
          + adds SoftDelete
          + adds HardDelete
          + adds SendAs
          + adds SendOnBehalf
          + adds Create
          + adds UpdateFolderPermissions
          + adds UpdateInboxRules
          + adds UpdateCalendarDelegation
          + adds ApplyRecord
          + adds MailItemsAccessed
          + adds Send
            # (2 unchanged values hidden)
        ]
      ~ delegate = [
          - removes MoveToDeletedItems
          - removes SoftDelete
          - removes HardDelete
          - removes SendAs
          - removes SendOnBehalf
          - removes Create
          - removes UpdateFolderPermissions
          - removes UpdateInboxRules
          - removes ApplyRecord
          - removes MailItemsAccessed
          + adds FolderBind
            # (1 unchanged value hidden)
        ]
      # (3 unchanged attributes hidden)

  # unified_audit_log will be changed
  ~ unified_audit_log
      ~ ingestion = false -> true
      # `ingestion` differs from the spec

  # mailbox_audit.people: 1 mailbox will be changed (1 SharedMailbox)
  ~ sales@contoso.com
      ! Admin leaves Microsoft's management: actions that Microsoft adds to its
        default set later will not be recorded
      ~ admin = [
          + adds Copy
            # (13 unchanged values hidden)
        ]
      # (4 unchanged attributes hidden)

  # mailbox_audit.rooms: 1 mailbox will be changed (1 RoomMailbox)
  ~ oslo@contoso.com
      ~ enabled = false -> true
      ~ log_age_limit = "90.00:00:00" -> "180.00:00:00"
      # (3 unchanged attributes hidden)

Plan: 0 to create, 6 to change, 0 to delete.
Of these, 3 weaken, 3 remove values and 1 cannot be undone.
1 managed object needs nothing.
Applying it takes 6 requests to write and 2 requests to read back.

Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here

Digest: sha256:[..]

"#]]
    );
}

#[test]
fn the_full_plan_names_every_mailbox_by_its_address() {
    assert_data_eq!(
        text(OWNERS, &["--full"]),
        str![[r#"
Auditform will change contoso.onmicrosoft.com (tenant
  7c1d3a52-9f0e-4b68-8e27-51c0a4d96b3f) as follows:

  # mailbox_audit.owners: 3 mailboxes will be changed (3 UserMailbox)
  ~ mailbox_audit.owners["ada@contoso.com"]
    mailbox_audit.owners["bob@contoso.com"]
    mailbox_audit.owners["eve@contoso.com"]
      ! Owner leaves Microsoft's management: actions that Microsoft adds to its
        default set later will not be recorded
      ~ owner = [
          + adds MailboxLogin
            # (10 unchanged values hidden)
        ]
      # (4 unchanged attributes hidden)

Plan: 0 to create, 3 to change, 0 to delete.
Applying it takes 3 requests to write and 1 request to read back.

Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here

Digest: sha256:[..]

"#]]
    );
}

#[test]
fn a_plan_without_changes_says_so_and_still_names_what_was_not_looked_at() {
    let nothing = "[organization]\nmailbox_auditing = true\n";
    assert_data_eq!(
        text(nothing, &[]),
        str![[r#"
No changes. contoso.onmicrosoft.com matches the spec.
1 managed object was read and found as the spec wants.

Plan: 0 to create, 0 to change, 0 to delete.

Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here

Digest: sha256:[..]

"#]]
    );
}

#[test]
fn many_equal_changes_are_one_group_with_three_names_and_a_count() {
    let world = World::new();
    let emulator = Emulator::start(
        &world,
        "[generate]\nmailboxes = 120\nseed = 3\ncompliant = 0.0\n[generate.types]\nUserMailbox = 1\n",
    );
    world.spec(&emulator, OWNERS);
    assert_data_eq!(
        world.run(&["plan"]).ended(0).stdout,
        str![[r#"
Auditform will change contoso.onmicrosoft.com (tenant
  2b6d8627-79bd-4737-b194-7ee60e2c6ffc) as follows:

  # mailbox_audit.owners: 111 mailboxes will be changed (111 UserMailbox)
  ~ adam.larsen@contoso.onmicrosoft.com, adam.sharma@contoso.onmicrosoft.com,
    aisha.hansen@contoso.onmicrosoft.com and 108 more
      ! Owner leaves Microsoft's management: actions that Microsoft adds to its
        default set later will not be recorded
      ~ owner = [
          + adds MailboxLogin
            # (10 unchanged values hidden)
        ]
      # (4 unchanged attributes hidden)

  # mailbox_audit.owners: 4 mailboxes will be changed (4 UserMailbox)
  ~ diana.sharma@contoso.onmicrosoft.com, ivan.hughes@contoso.onmicrosoft.com,
    mei.ionescu@contoso.onmicrosoft.com and 1 more
      ~ owner = [
          + adds MailboxLogin
            # (8 unchanged values hidden)
        ]
      # (4 unchanged attributes hidden)

Plan: 0 to create, 115 to change, 0 to delete.
5 managed objects need nothing.
Applying it takes 115 requests to write and 1 request to read back.

Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here

Digest: sha256:[..]

"#]]
    );
}

#[test]
fn enabled_is_said_to_have_no_effect_while_the_organisation_is_not_audited() {
    let world = World::new();
    let off = SMALL.replace("[tenant]", "[tenant]\nmailbox_auditing = false");
    let emulator = Emulator::start(&world, &off);
    let body = "[mailbox_audit.all]\nrecipient_types = [\"UserMailbox\"]\nenabled = true\n";
    world.spec(&emulator, body);
    assert_data_eq!(
        world.run(&["plan"]).ended(0).stdout,
        str![[r#"
No changes. contoso.onmicrosoft.com matches the spec.
3 managed objects were read and found as the spec wants.

Plan: 0 to create, 0 to change, 0 to delete.

Note: `enabled` has no effect on 2 mailboxes and is not written there: mailbox
  auditing is off for the whole organisation, which overrides it
Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here

Digest: sha256:[..]

"#]]
    );
}

#[test]
fn the_graph_is_drawn_for_graphviz() {
    let world = World::new();
    let _emulator = dehydrated(&world);
    assert_data_eq!(
        world.run(&["graph"]).ended(0).stdout,
        str![[r#"
digraph {
    0 [ label = "organization_customization" shape = box]
    1 [ label = "unified_audit_log" shape = box]
    2 [ label = "mailbox_audit.owners (3 mailboxes)" shape = box]
    1 -> 2 [ ]
    0 -> 1 [ ]
}

"#]]
    );
}

#[test]
fn the_graph_is_drawn_for_mermaid() {
    let world = World::new();
    let _emulator = dehydrated(&world);
    assert_data_eq!(
        world.run(&["graph", "--format", "mermaid"]).ended(0).stdout,
        str![[r#"
graph LR
    n0["organization_customization"]
    n1["unified_audit_log"]
    n2["mailbox_audit.owners (3 mailboxes)"]
    n1 --> n2
    n0 --> n1

"#]]
    );
}

#[test]
fn the_one_way_step_of_a_dehydrated_tenant_comes_first_and_says_that_it_is_one() {
    let world = World::new();
    let _emulator = dehydrated(&world);
    assert_data_eq!(
        world.run(&["plan"]).ended(0).stdout,
        str![[r#"
Auditform will change contoso.onmicrosoft.com (tenant
  7c1d3a52-9f0e-4b68-8e27-51c0a4d96b3f) as follows:

  # organization_customization will be created
  + organization_customization
      ! cannot be undone: Enable-OrganizationCustomization runs once in the life
        of a tenant
      ~ customized = false -> true
      # the tenant is dehydrated, and its switches cannot be written before it
        is customised

  # unified_audit_log will be changed
  ~ unified_audit_log
      ~ ingestion = false -> true
      # `ingestion` differs from the spec

  # mailbox_audit.owners: 3 mailboxes will be changed (3 UserMailbox)
  ~ ada@contoso.com, bob@contoso.com, eve@contoso.com
      ! Owner leaves Microsoft's management: actions that Microsoft adds to its
        default set later will not be recorded
      ~ owner = [
          + adds MailboxLogin
            # (10 unchanged values hidden)
        ]
      # (4 unchanged attributes hidden)

Plan: 1 to create, 4 to change, 0 to delete.
Of these, 1 cannot be undone.
1 managed object needs nothing.
Applying it takes 5 requests to write and 4 requests to read back.

Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here

Digest: sha256:[..]

"#]]
    );
}

#[test]
fn a_refused_plan_is_shown_with_what_would_allow_it() {
    let world = World::new();
    let emulator = Emulator::start(&world, &SMALL.replace("unified_audit_log = false", ""));
    world.spec(
        &emulator,
        "[unified_audit_log]\ningestion = false\n[organization]\nmailbox_auditing = false\n",
    );
    let refused = world.run(&["plan"]).ended(3);
    assert_data_eq!(
        refused.stdout,
        str![[r#"
Auditform will change contoso.onmicrosoft.com (tenant
  7c1d3a52-9f0e-4b68-8e27-51c0a4d96b3f) as follows:

! This plan records less than today:
  - the unified audit log takes no more records of anything in the tenant
  - no mailbox in the tenant is audited any more

  # unified_audit_log will be changed
  ~ unified_audit_log
      ! the unified audit log takes no more records of anything in the tenant
      ~ ingestion = true -> false
      # `ingestion` differs from the spec

  # organization will be changed
  ~ organization
      ! no mailbox in the tenant is audited any more
      ~ mailbox_auditing = true -> false
      # `mailbox_auditing` differs from the spec

Plan: 0 to create, 2 to change, 0 to delete.
Of these, 2 weaken.
Refused: `unified_audit_log` would turn `ingestion` off; only `--allow
  organization-weakening` applies it.
Refused: `organization` would turn `mailbox_auditing` off; only `--allow
  organization-weakening` applies it.
Applying it takes 2 requests to write and 2 requests to read back.

Note: the mailbox audit bypass list was not looked at: accounts on it leave no
  audit records, whatever is set here

Digest: sha256:[..]

"#]]
    );
}
