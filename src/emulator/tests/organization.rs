//! The two switches, the dehydrated state, and what a restart keeps.

use super::*;
use crate::emulator::state_file::StateFile;

const DEHYDRATED: &str =
    "[tenant]\ndehydrated = true\nunified_audit_log = false\nmailbox_auditing = false\n";

fn config(world: &World) -> Value {
    world.call("Get-OrganizationConfig", json!({}), &[]).rows()[0].clone()
}

fn ingestion(world: &World) -> Value {
    let got = world.call("Get-AdminAuditLogConfig", json!({}), &[]);
    got.rows()[0]["UnifiedAuditLogIngestionEnabled"].clone()
}

fn set_ingestion(world: &World, anchor: &str, on: bool) -> Got {
    let parameters = json!({ "UnifiedAuditLogIngestionEnabled": on, "Confirm": false });
    world.call("Set-AdminAuditLogConfig", parameters, &[("x-anchormailbox", anchor)])
}

#[test]
fn the_unified_switch_is_set_only_where_its_configuration_lives() {
    let world = World::of("[tenant]\nunified_audit_log = false\n");
    let elsewhere = set_ingestion(&world, ORGANIZATION_ANCHOR, true);
    assert!(elsewhere.exception().1.starts_with("Cmdlet needs proxy."), "{}", elsewhere.text);
    assert_eq!(ingestion(&world), false);
    let id = world.service.tenant.id;
    assert_eq!(set_ingestion(&world, &format!("{UAL_ANCHOR}@{id}"), true).status, 200);
    assert_eq!(ingestion(&world), true);
    let by_domain = format!("{UAL_ANCHOR}@contoso.onmicrosoft.com");
    assert_eq!(set_ingestion(&world, &by_domain, true).warnings().len(), 1);
    let foreign = format!("{UAL_ANCHOR}@{}", uuid::Uuid::nil());
    assert_eq!(set_ingestion(&world, &foreign, false).status, 400);
}

#[test]
fn on_premises_parameters_do_not_exist() {
    let world = World::of("");
    let got = world.call("Set-AdminAuditLogConfig", json!({ "AdminAuditLogEnabled": true }), &[]);
    assert_eq!(got.status, 400);
}

#[test]
fn a_dehydrated_tenant_refuses_switches_until_it_is_customized_once() {
    let world = World::of(DEHYDRATED);
    let anchor = format!("{UAL_ANCHOR}@contoso.onmicrosoft.com");
    let auditing = || world.call("Set-OrganizationConfig", json!({ "AuditDisabled": false }), &[]);
    for refused in [set_ingestion(&world, &anchor, true), auditing()] {
        let (exception, text) = refused.exception();
        assert!(exception.ends_with("InvalidOperationInDehydratedContextException"));
        assert!(text.contains("Enable-OrganizationCustomization"), "{text}");
    }
    let customize = || world.call("Enable-OrganizationCustomization", json!({}), &[]);
    assert_eq!(config(&world)["IsDehydrated"], true);
    assert_eq!(customize().status, 200);
    assert_eq!(customize().status, 400);
    assert_eq!(config(&world)["IsDehydrated"], false);
    assert_eq!(set_ingestion(&world, &anchor, true).status, 200);
    assert_eq!(auditing().status, 200);
    assert_eq!(config(&world)["AuditDisabled"], false);
}

#[test]
fn while_auditing_is_off_for_all_nothing_reads_as_audited_by_default() {
    let world = World::of(&FEW.replace("[tenant]", "[tenant]\nmailbox_auditing = false"));
    assert_eq!(world.mailbox("ada@contoso.com")["AuditEnabled"], false);
    world.call("Set-OrganizationConfig", json!({ "AuditDisabled": "False" }), &[]);
    assert_eq!(world.mailbox("ada@contoso.com")["AuditEnabled"], true);
}

#[test]
fn a_switch_shows_after_the_lag() {
    let world = World::with_lag("[tenant]\nunified_audit_log = false\n", 60);
    set_ingestion(&world, &format!("{UAL_ANCHOR}@contoso.onmicrosoft.com"), true);
    world.wait(3599);
    assert_eq!(ingestion(&world), false);
    world.wait(1);
    assert_eq!(ingestion(&world), true);
}

#[test]
fn a_restart_keeps_every_change_and_the_lag_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tenant.state");
    let start = |lag: i64| {
        let wanted = Seed::parse(FEW, "").unwrap();
        let world = World::with_lag(FEW, lag);
        world.service.resume(StateFile::open(&path, Some(wanted)).unwrap().0).unwrap();
        world
    };
    let world = start(0);
    world.set("ada@contoso.com", json!({ "AuditOwner": ["Move"], "AuditLogAgeLimit": "00:00:00" }));
    set_ingestion(&world, &format!("{UAL_ANCHOR}@contoso.onmicrosoft.com"), false);
    let (ada, audit) = (world.mailbox("ada@contoso.com"), world.service.tenant.stored_audit(0));
    drop(world);
    let world = start(0);
    assert_eq!(world.mailbox("ada@contoso.com"), ada);
    assert_eq!(world.service.tenant.stored_audit(0), audit);
    assert_eq!(ingestion(&world), false);
    drop(world);
    assert_eq!(ingestion(&start(5)), true);
}
