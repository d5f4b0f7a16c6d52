//! What is found of switches and certificates, and of what nobody could read.

use std::collections::BTreeMap;

use auditform::plan::{CheckResult, CheckVerdict, Evidence, ObservedTenant, Plan, judge_checks};
use auditform::render::{Provenance, TextOptions, write_plan};
use auditform::resource::{Address, Kind};
use auditform::state::{CertificateFacts, DesiredState, ObservedCertificate, OrganizationState};
use jiff::Timestamp;

use super::{AUDIT, HEAD, empty};
use crate::plan::small;
use crate::specs::desired;
use crate::support::World;

fn judge(desired: &DesiredState, plan: &Plan, tenant: Option<ObservedTenant>) -> Vec<CheckResult> {
    judge_with(desired, plan, tenant, &BTreeMap::new())
}

fn judge_with(
    desired: &DesiredState,
    plan: &Plan,
    tenant: Option<ObservedTenant>,
    certificates: &BTreeMap<String, ObservedCertificate>,
) -> Vec<CheckResult> {
    let now = "2026-11-23T00:00:00Z".parse::<Timestamp>().unwrap();
    let mailboxes = None;
    let evidence = Evidence { desired, plan, now, certificates, tenant, mailboxes };
    judge_checks(&evidence, &|_| "auditform.toml:1".to_owned())
}

#[test]
fn what_nobody_could_read_is_neither_passed_nor_failed() {
    let desired = desired(&format!("{HEAD}{AUDIT}"));
    let mut plan = empty();
    let unread = judge(&desired, &plan, None);
    plan.deferred = vec![Address::singleton(Kind::UnifiedAuditLog)];
    let deferred = judge(&desired, &plan, None);
    for (check, reason) in unread
        .iter()
        .map(|check| (check, "not read"))
        .chain(deferred.iter().map(|check| (check, "known after sign-in")))
    {
        assert_eq!(check.verdict, CheckVerdict::Unknown, "{}", check.name);
        assert_eq!(check.reason.as_deref(), Some(reason));
        assert!(!check.is_error() && !check.forbids() && !check.is_error_after());
    }
    plan.checks = deferred;
    let mut text = Vec::new();
    write_plan(&mut text, &plan, &Provenance::default(), TextOptions::default()).unwrap();
    let text = anstream::adapter::strip_str(std::str::from_utf8(&text).unwrap()).to_string();
    assert!(text.contains("Checks: 5 not judged."), "{text}");
    assert!(text.contains("? Not judged: check.log_is_on, as planned"), "{text}");
}

#[test]
fn a_switch_that_may_still_read_its_old_value_is_not_judged_as_observed() {
    let check = "[[check]]\nname = 'observed'\non = 'observed'\nunified_audit_log.ingestion = true\n\
                 [[check]]\nname = 'planned'\nunified_audit_log.ingestion = true\n";
    let desired = desired(&format!("{HEAD}{check}"));
    let tenant = ObservedTenant {
        organization: Some(OrganizationState { mailbox_auditing: true, dehydrated: false }),
        unified_audit_log: Some(false),
        pending_unified_audit_log: Some(true),
    };
    let judged = judge(&desired, &empty(), Some(tenant));
    assert_eq!(judged[0].verdict, CheckVerdict::Unknown);
    assert_eq!(judged[0].verdict_after, Some(CheckVerdict::Passed));
    assert_eq!(judged[1].verdict, CheckVerdict::Passed);
}

#[test]
fn a_certificate_has_to_last_exactly_as_long_as_is_asked() {
    let check = "[certificate.auditor]\nvalid_for = '365d'\n[[check]]\nname = 'lasts'\n\
                 certificate = { name = 'auditor', valid_for = '30d' }\n";
    let desired = desired(&format!("{HEAD}{check}"));
    let lasting = |until: &str| {
        let facts = CertificateFacts {
            thumbprint: [7; 20],
            subject: "CN=auditor".to_owned(),
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: until.parse().unwrap(),
            key_size: 2048,
        };
        let current = Some(facts);
        let observed = ObservedCertificate { current, ..ObservedCertificate::default() };
        BTreeMap::from([("auditor".to_owned(), observed)])
    };
    let verdict = |certificates: &BTreeMap<String, ObservedCertificate>| {
        let [check] = judge_with(&desired, &empty(), None, certificates).try_into().unwrap();
        (check.verdict, check.reason)
    };
    assert_eq!(verdict(&lasting("2026-12-23T00:00:00Z")), (CheckVerdict::Passed, None));
    let (failed, reason) = verdict(&lasting("2026-12-22T23:59:59Z"));
    assert_eq!(failed, CheckVerdict::Failed);
    assert_eq!(reason.unwrap(), "it ends at 2026-12-22T23:59:59Z, which is sooner");
    let none = (CheckVerdict::Failed, Some("there is none".to_owned()));
    assert_eq!(verdict(&BTreeMap::new()), none);
}

#[test]
fn a_certificate_that_is_made_when_the_plan_is_applied_is_told_by_its_length_and_no_instant() {
    let world = World::new();
    let made = "[certificate.auditor]\nvalid_for = '60d'\n[[check]]\nname = 'lasts'\n\
                on = 'planned'\nseverity = 'warning'\n\
                certificate = { name = 'auditor', valid_for = '90d' }\n";
    let _emulator = small(&world, made);
    let plan = || world.run(&["plan", "--format", "json"]).ended(0).json();
    let (one, other) = (plan(), plan());
    let reason = &one["checks"][0]["reason"];
    assert_eq!(reason, "it will be valid for 60d, which is shorter");
    assert_eq!(one["digest"], other["digest"]);
}
