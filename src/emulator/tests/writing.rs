//! Set-Mailbox: what it changes, what it refuses, where it has to run.

use super::*;

const ADA: &str = "ada@contoso.com";

#[test]
fn a_list_write_replaces_the_list_and_ends_microsofts_management_of_it() {
    let world = World::of(FEW);
    let got = world.set(ADA, json!({ "AuditAdmin": ["Copy", "update"], "AuditDelegate": "None" }));
    assert_eq!((got.status, got.rows().len(), got.warnings().len()), (200, 0, 0));
    let ada = world.mailbox(ADA);
    assert_eq!(ada["AuditAdmin"], json!(["Update", "Copy"]));
    assert_eq!(ada["AuditDelegate"], json!([]));
    assert_eq!(ada["DefaultAuditSet"], json!(["Owner"]));
}

#[test]
fn a_list_equal_to_the_default_freezes_it_all_the_same() {
    let world = World::of(FEW);
    let owner = world.mailbox(ADA)["AuditOwner"].clone();
    let got = world.set(ADA, json!({ "AuditOwner": owner }));
    assert_eq!(got.warnings().len(), 0);
    assert_eq!(world.mailbox(ADA)["DefaultAuditSet"], json!(["Admin", "Delegate"]));
}

#[test]
fn add_and_remove_edit_a_list() {
    let world = World::of(FEW);
    let edit = |add: Value, remove: Value| {
        json!({ "AuditOwner": {
        "@odata.type": "#Exchange.GenericHashTable", "add": add, "Remove": remove } })
    };
    assert_eq!(world.set(ADA, edit(json!("MailboxLogin"), json!(["Send"]))).status, 200);
    let owner = world.mailbox(ADA)["AuditOwner"].clone();
    let names: Vec<_> = owner.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(names.contains(&"MailboxLogin") && !names.contains(&"Send"));
    let bare = world.set(ADA, json!({ "AuditOwner": { "Add": ["Move"] } }));
    assert_eq!(bare.status, 400);
    let again = world.set(ADA, edit(json!(["MailboxLogin"]), json!([])));
    assert_eq!((again.status, again.warnings().len()), (200, 1));
}

#[test]
fn what_an_earlier_year_left_may_be_kept_and_removed_but_not_added() {
    let world = World::of(FEW);
    let edit = |key: &str| {
        json!({ "AuditAdmin": {
        "@odata.type": "#Exchange.GenericHashTable", key: ["MessageBind"] } })
    };
    let refused = world.set("frozen@contoso.com", edit("Add"));
    assert_eq!(
        refused.exception().1,
        "MessageBind audit operation type is deprecated. \
                                       Use MailItemsAccessed audit operation type instead."
    );
    assert_eq!(world.set("frozen@contoso.com", edit("Remove")).status, 200);
    assert_eq!(world.mailbox("frozen@contoso.com")["AuditAdmin"], json!(["Update", "Copy"]));
}

#[test]
fn the_default_audit_set_restores_and_never_ends_management() {
    let world = World::of(FEW);
    let before = world.mailbox(ADA);
    world.set(ADA, json!({ "AuditAdmin": ["Copy"], "AuditOwner": ["Move"] }));
    world.set(ADA, json!({ "DefaultAuditSet": ["Admin"] }));
    let after = world.mailbox(ADA);
    assert_eq!(after["AuditAdmin"], before["AuditAdmin"]);
    assert_eq!(after["AuditOwner"], json!(["Move"]));
    assert_eq!(after["DefaultAuditSet"], json!(["Admin", "Delegate"]));
    assert_eq!(world.set(ADA, json!({ "DefaultAuditSet": "Everyone" })).status, 400);
}

#[test]
fn one_bad_action_fails_the_whole_call() {
    let world = World::of(FEW);
    let before = world.mailbox(ADA);
    let got = world.set(
        ADA,
        json!({
        "AuditAdmin": ["Copy"], "AuditDelegate": ["Update", "Send"], "AuditLogAgeLimit": "180" }),
    );
    assert_eq!(got.status, 400);
    assert_eq!(
        got.exception(),
        (
            "Microsoft.Exchange.Management.Tasks.RecipientTaskException",
            "Invalid audit operation specified. Supported audit operations for Delegate are None, \
         Create, FolderBind, SendAs, SendOnBehalf, SoftDelete, HardDelete, Update, Move, \
         MoveToDeletedItems and UpdateFolderPermissions."
        )
    );
    assert_eq!(world.mailbox(ADA), before);
}

#[test]
fn a_name_outside_the_enumeration_is_a_transformation_error_that_lists_the_legal_ones() {
    let got = World::of(FEW).set(ADA, json!({ "AuditOwner": ["SearchQueryInitiatedExchange"] }));
    let (exception, text) = got.exception();
    assert!(exception.ends_with("ParameterTransformationException"));
    assert!(text.contains("SearchQueryInitiated") && text.contains("HardDelete"), "{text}");
    assert!(got.body["error"].get("details").is_none());
}

#[test]
fn none_stands_alone() {
    let got = World::of(FEW).set(ADA, json!({ "AuditOwner": ["None", "Move"] }));
    assert_eq!(got.status, 400);
}

#[test]
fn a_write_that_changes_nothing_is_a_warning() {
    let world = World::of(FEW);
    world.set(ADA, json!({ "AuditLogAgeLimit": "180.00:00:00" }));
    let got = world.set(ADA, json!({ "AuditLogAgeLimit": "180" }));
    assert_eq!(got.status, 200);
    assert_eq!(
        got.warnings(),
        ["The command completed successfully but no settings of 'ada' have \
                                 been modified."]
    );
    assert_eq!(world.mailbox(ADA)["AuditLogAgeLimit"], "180.00:00:00");
}

#[test]
fn an_age_limit_of_zero_erases_the_log_for_good() {
    let world = World::of(FEW);
    world.set(ADA, json!({ "AuditLogAgeLimit": "00:00:00" }));
    assert_eq!(world.mailbox(ADA)["AuditLogAgeLimit"], "00:00:00");
    world.set(ADA, json!({ "AuditLogAgeLimit": "90.00:00:00" }));
    assert!(world.service.tenant.stored_audit(0).erased);
    for wrong in [json!("long"), json!(90), json!(null)] {
        assert_eq!(world.set(ADA, json!({ "AuditLogAgeLimit": wrong })).status, 400, "{wrong}");
    }
}

#[test]
fn a_write_needs_the_anchor_of_its_mailbox() {
    let world = World::of(FEW);
    let ada = world.mailbox(ADA);
    let (guid, tenant) = (ada["ExchangeGuid"].as_str().unwrap(), world.service.tenant.id);
    let write = |anchor: &[(&str, &str)]| {
        world.call("Set-Mailbox", json!({ "Identity": ada["Guid"], "AuditEnabled": true }), anchor)
    };
    for anchor in [
        "UPN:Ada@contoso.com",
        "SMTP:countess@contoso.com",
        "ada@contoso.com",
        &format!("MBX:{guid}@{tenant}"),
        &format!("MBX:{guid}@contoso.onmicrosoft.com"),
    ] {
        assert_eq!(write(&[("x-anchormailbox", anchor)]).status, 200, "{anchor}");
    }
    for anchor in [
        ORGANIZATION_ANCHOR,
        "UPN:oslo@contoso.com",
        "UPN:nobody@contoso.com",
        "UPN:countess@contoso.com",
        &format!("MBX:{guid}@{}", uuid::Uuid::nil()),
    ] {
        let got = write(&[("x-anchormailbox", anchor)]);
        assert_eq!(got.status, 400, "{anchor}");
        let (exception, text) = got.exception();
        assert!(exception.ends_with("CmdletProxyNotAvailableException"));
        assert!(text.starts_with("Cmdlet needs proxy. Current Server FQDN"), "{text}");
        assert!(text.contains(ada["ServerName"].as_str().unwrap()), "{text}");
    }
    assert_eq!(write(&[]).status, 400);
}

#[test]
fn group_mailboxes_take_an_age_limit_with_their_switch_and_nothing_else() {
    let world = World::of(FEW);
    let write = |parameters: Value| world.set("staff@contoso.com", parameters);
    let absent = write(json!({ "AuditLogAgeLimit": "180" }));
    assert!(absent.exception().0.ends_with("ManagementObjectNotFoundException"));
    let fixed = write(json!({ "GroupMailbox": true, "AuditOwner": ["Move"] }));
    assert_eq!(fixed.status, 400);
    assert_eq!(write(json!({ "GroupMailbox": true, "AuditLogAgeLimit": "180" })).status, 200);
    let group = world.get(json!({ "GroupMailbox": true, "Identity": "staff" }));
    assert_eq!(group.rows()[0]["AuditLogAgeLimit"], "180.00:00:00");
}

#[test]
fn inactive_mailboxes_refuse() {
    let world = World::of(FEW);
    let write = |parameters: Value| world.set("gone@contoso.com", parameters);
    assert_eq!(write(json!({ "AuditEnabled": true })).status, 400);
    let refused = write(json!({ "InactiveMailbox": true, "AuditEnabled": true }));
    assert!(refused.exception().1.contains("litigation hold"), "{}", refused.text);
}

#[test]
fn rooms_need_the_switch_and_users_read_true_whatever_is_stored() {
    let world = World::of(FEW);
    world.set("oslo@contoso.com", json!({ "AuditEnabled": "true" }));
    assert_eq!(world.mailbox("oslo@contoso.com")["AuditEnabled"], true);
    world.set("frozen@contoso.com", json!({ "AuditEnabled": false }));
    assert_eq!(world.mailbox("frozen@contoso.com")["AuditEnabled"], true);
    assert!(!world.service.tenant.stored_audit(4).enabled);
}

#[test]
fn what_if_judges_and_changes_nothing_and_confirm_asks() {
    let world = World::of(FEW);
    let before = world.mailbox(ADA);
    let dry = |parameters: Value| world.set(ADA, parameters);
    assert_eq!(dry(json!({ "WhatIf": true, "AuditAdmin": ["Copy"] })).status, 200);
    assert_eq!(dry(json!({ "WhatIf": true, "AuditOwner": ["Copy"] })).status, 400);
    let asked = dry(json!({ "Confirm": true, "AuditAdmin": ["Copy"] }));
    assert!(asked.body["@adminapi.confirmationmessage"].is_string());
    assert_eq!(world.mailbox(ADA), before);
}

#[test]
fn reads_show_a_change_only_after_the_lag() {
    let world = World::with_lag(FEW, 5);
    world.set(ADA, json!({ "AuditLogAgeLimit": "100" }));
    world.wait(60);
    world.set(ADA, json!({ "AuditLogAgeLimit": "200" }));
    let shown = || world.mailbox(ADA)["AuditLogAgeLimit"].as_str().unwrap().to_owned();
    assert_eq!(shown(), "90.00:00:00");
    world.wait(240);
    assert_eq!(shown(), "100.00:00:00");
    world.wait(60);
    assert_eq!(shown(), "200.00:00:00");
}
