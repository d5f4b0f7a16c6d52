//! Limits, prevents and allowances: what they count, where exactly they begin to refuse, and that
//! nothing is written by a plan that they refuse. What they say, to the letter, is in `words`.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

mod canary;
mod laws;
mod words;

use auditform::plan::{
    Action, IdentityChange, MailboxDiffer, Plan, Reversible, TenantChange, Violation, judge,
    loosened, unneeded,
};
use auditform::resource::{
    ActionSet, ActionVocabulary, Address, AgeLimit, Kind, LogonTypes, RecipientType,
};
use auditform::state::{
    Allowance, AuditState, Bound, Limit, LimitClass, Limits, MailboxRow, Prevent, Protection,
    Safeguards, Share, TenantIdentity,
};
use uuid::Uuid;

use crate::specs::desired;

/// A plan of so many mailboxes whose log becomes shorter, becomes longer, and stays as it is.
fn plan(shorter: u64, longer: u64, unchanged: u64) -> Plan {
    let desired = desired(
        "[tenant]\nendpoint = 'embedded'\n[mailbox_audit.people]\n\
         recipient_types = ['UserMailbox']\nlog_age_limit = 90\n",
    );
    let mut differ = MailboxDiffer::new(&desired, true, jiff::civil::date(2026, 11, 23));
    let days = [(365, shorter), (30, longer), (90, unchanged)];
    let all = days.into_iter().flat_map(|(days, number)| (0..number).map(move |_| days));
    for (number, days) in (1u128..).zip(all) {
        differ.observe(&MailboxRow {
            guid: Uuid::from_u128(number),
            upn: format!("user{number:03}@contoso.com").into(),
            primary_address: "".into(),
            addresses: Vec::new(),
            recipient_type: RecipientType::UserMailbox,
            audit: AuditState {
                enabled: true,
                admin: ActionSet::EMPTY,
                delegate: ActionSet::EMPTY,
                owner: ActionSet::EMPTY,
                default_audit_set: LogonTypes::NONE,
                log_age_limit: AgeLimit::days(days),
            },
        });
    }
    let found = differ.finish(ActionVocabulary::default()).unwrap();
    let tenant = TenantIdentity { id: Uuid::nil(), organization: "contoso".to_owned() };
    Plan {
        mailboxes: found.changes,
        unchanged: found.unchanged,
        unchanged_mailboxes: found.unchanged,
        ..Plan::of(tenant)
    }
}

fn identity(address: Address, action: Action) -> IdentityChange {
    IdentityChange {
        address,
        action,
        reason: "a test wants it".to_owned(),
        attributes: Vec::new(),
        removes: Vec::new(),
        weakens: vec!["something stops working".to_owned()],
        reversible: Reversible::Yes,
        depends_on: Vec::new(),
        after_exchange: false,
        writes: Vec::new(),
        finally: None,
    }
}

fn count(most: u64) -> Limit {
    Limit { count: Some(most), share: None }
}

fn share(text: &str) -> Limit {
    Limit { count: None, share: Some(Share::parse(text).unwrap()) }
}

fn limits(class: LimitClass, limit: Limit) -> Limits {
    let mut limits = Limits::default();
    let limit = Some(limit);
    match class {
        LimitClass::Changed => limits.changed = limit,
        LimitClass::Weakening => limits.weakening = limit,
        LimitClass::Deletions => limits.deletions = limit,
    }
    limits
}

/// The classes that are refused.
fn refused(plan: &Plan) -> Vec<LimitClass> {
    let class = |violation| match violation {
        Violation::Limit { class, .. } => Some(class),
        _ => None,
    };
    judge(plan).into_iter().filter_map(class).collect()
}

fn is_refused(mut plan: Plan, limits: Limits) -> bool {
    plan.safeguards.limits = limits;
    !judge(&plan).is_empty()
}

#[test]
fn without_limits_everything_but_a_switch_turned_off_may_be_done() {
    let mut plan = plan(100, 0, 0);
    plan.identity = vec![identity(Address::named(Kind::Application, "audit"), Action::Delete)];
    assert_eq!(judge(&plan), []);
    let off = TenantChange::UnifiedAuditLog { ingestion: false, after_customization: false };
    let on = TenantChange::MailboxAuditing { enabled: true, after_customization: false };
    plan.tenant_changes = vec![off, on];
    let [Violation::OrganizationWeakening { address, attribute }] = &judge(&plan)[..] else {
        panic!("{:?}", judge(&plan))
    };
    assert_eq!((address.as_str(), attribute.as_str()), ("unified_audit_log", "ingestion"));
    plan.safeguards.allowances = vec![Allowance::OrganizationWeakening];
    assert_eq!(judge(&plan), []);
}

#[test]
fn a_number_allows_exactly_so_many() {
    use LimitClass::{Changed, Weakening};
    for (class, plan) in [(Changed, plan(2, 3, 0)), (Weakening, plan(5, 3, 0))] {
        assert!(!is_refused(plan.clone(), limits(class, count(5))), "{class:?}");
        assert!(is_refused(plan, limits(class, count(4))), "{class:?}");
    }
    assert!(!is_refused(plan(0, 9, 0), limits(Weakening, count(0))));
}

#[test]
fn a_share_is_of_the_managed_mailboxes_and_allows_exactly_so_much() {
    let within = limits(LimitClass::Changed, share("30%"));
    assert!(!is_refused(plan(1, 2, 7), within.clone()));
    assert!(is_refused(plan(1, 2, 6), Limits { minimum_population: 9, ..within }));
    let within = limits(LimitClass::Weakening, share("12.5%"));
    assert!(!is_refused(plan(2, 8, 6), within.clone()));
    assert!(is_refused(plan(2, 8, 5), within));
}

#[test]
fn a_share_is_judged_from_the_minimum_population_on_and_a_number_always() {
    let share = limits(LimitClass::Changed, share("30%"));
    assert!(!is_refused(plan(9, 0, 0), share.clone()));
    assert!(is_refused(plan(10, 0, 0), share.clone()));
    assert!(is_refused(plan(1, 0, 0), Limits { minimum_population: 0, ..share }));
    assert!(is_refused(plan(9, 0, 0), limits(LimitClass::Changed, count(8))));
}

#[test]
fn a_number_and_a_share_are_judged_each_by_itself() {
    let both = Limit { count: Some(4), share: Share::parse("10%") };
    let mut plan = plan(0, 5, 45);
    plan.safeguards.limits = limits(LimitClass::Changed, both);
    let [violation] = &judge(&plan)[..] else { panic!("{:?}", judge(&plan)) };
    let only = Violation::Limit {
        class: LimitClass::Changed,
        counted: 5,
        population: 50,
        limit: Bound::Count(4),
    };
    assert_eq!(*violation, only);
    let mut few = self::plan(0, 4, 16);
    few.safeguards.limits = plan.safeguards.limits;
    let [Violation::Limit { limit: Bound::Share(_), .. }] = &judge(&few)[..] else {
        panic!("{:?}", judge(&few))
    };
}

#[test]
fn a_switch_that_is_turned_off_is_a_weakening_and_lost_access_is_none() {
    let mut plan = plan(1, 0, 9);
    plan.safeguards.limits = limits(LimitClass::Weakening, count(1));
    plan.safeguards.allowances = vec![Allowance::OrganizationWeakening];
    plan.identity = vec![identity(Address::named(Kind::Application, "audit"), Action::Delete)];
    assert_eq!(refused(&plan), []);
    plan.tenant_changes =
        vec![TenantChange::MailboxAuditing { enabled: false, after_customization: false }];
    assert_eq!(refused(&plan), [LimitClass::Weakening]);
}

#[test]
fn deletions_are_objects_of_any_kind_and_their_share_is_of_all_managed_objects() {
    let mut plan = plan(0, 2, 5);
    plan.identity = vec![
        identity(Address::named(Kind::Application, "audit"), Action::Delete),
        identity(Address::keyed(Kind::KeyCredential, "audit", "AA"), Action::Delete),
        identity(Address::named(Kind::Certificate, "audit"), Action::Replace),
    ];
    for (limit, is_over) in
        [(count(2), false), (count(1), true), (share("20%"), false), (share("19.9999%"), true)]
    {
        assert_eq!(is_refused(plan.clone(), limits(LimitClass::Deletions, limit)), is_over);
    }
}

fn prevents(address: &str, protections: &[Protection]) -> Safeguards {
    let prevent = Prevent { address: address.to_owned(), protections: protections.to_vec() };
    Safeguards { prevents: vec![prevent], ..Safeguards::default() }
}

/// Which of the two an application's or a certificate's change runs into.
fn prevented(prevented: &str, change: IdentityChange) -> Vec<Protection> {
    let mut plan = plan(0, 0, 0);
    plan.identity = vec![change];
    plan.safeguards = prevents(prevented, &[Protection::Delete, Protection::Change]);
    let protection = |violation| match violation {
        Violation::Prevent { protection, .. } => protection,
        other => panic!("{other:?}"),
    };
    judge(&plan).into_iter().map(protection).collect()
}

#[test]
fn an_application_is_protected_from_deletion_and_frozen_with_all_its_parts() {
    use Protection::{Change, Delete};
    let parts = |kind, action| identity(Address::keyed(kind, "audit", "x"), action);
    let whole = |kind, action| identity(Address::named(kind, "audit"), action);
    for (change, expected) in [
        (whole(Kind::Application, Action::Delete), &[Delete, Change][..]),
        (whole(Kind::ServicePrincipal, Action::Delete), &[Delete, Change]),
        (whole(Kind::Application, Action::Update), &[Change]),
        (whole(Kind::Application, Action::Create), &[]),
        (parts(Kind::KeyCredential, Action::Delete), &[Change]),
        (parts(Kind::DirectoryRoleAssignment, Action::Create), &[]),
        (whole(Kind::Certificate, Action::Delete), &[]),
    ] {
        let told = format!("{change:?}");
        assert_eq!(prevented("application.audit", change), expected, "{told}");
    }
    let renewed = whole(Kind::Certificate, Action::Replace);
    assert_eq!(prevented("certificate.audit", renewed), [Change]);
    let gone = whole(Kind::Certificate, Action::Delete);
    assert_eq!(prevented("certificate.audit", gone), [Delete, Change]);
    let other = identity(Address::named(Kind::Application, "audit2"), Action::Delete);
    assert_eq!(prevented("application.audit", other), []);
}

#[test]
fn a_policy_and_a_switch_are_protected_from_weakening_or_frozen() {
    use Protection::{Change, Weaken};
    let policy = "mailbox_audit.people";
    for (plan, protection, expected) in [
        (plan(2, 3, 1), Weaken, Some(2)),
        (plan(0, 3, 1), Weaken, None),
        (plan(2, 3, 1), Change, Some(5)),
        (plan(0, 0, 1), Change, None),
    ] {
        let found = judge(&Plan { safeguards: prevents(policy, &[protection]), ..plan });
        let counted = found.first().map(|violation| match violation {
            Violation::Prevent { counted, .. } => *counted,
            other => panic!("{other:?}"),
        });
        assert_eq!(counted, expected);
    }
    for (enabled, protection, expected) in
        [(true, Weaken, 0), (true, Change, 1), (false, Weaken, 1)]
    {
        let mut plan = plan(9, 0, 0);
        plan.tenant_changes =
            vec![TenantChange::MailboxAuditing { enabled, after_customization: false }];
        plan.safeguards = prevents("organization", &[protection]);
        plan.safeguards.allowances = vec![Allowance::OrganizationWeakening];
        assert_eq!(judge(&plan).len(), expected, "{enabled} {protection:?}");
    }
}

fn allow(text: &str) -> Allowance {
    text.parse().unwrap()
}

#[test]
fn an_allowance_lifts_its_own_class_and_no_other_and_never_lowers() {
    let mut plan = plan(5, 0, 5);
    let tight = Limits { changed: Some(share("10%")), ..limits(LimitClass::Weakening, count(1)) };
    plan.safeguards.limits = tight;
    let after = |plan: &Plan, text: &str| {
        let allowances = text.split(' ').map(allow).collect();
        let safeguards = Safeguards { allowances, ..plan.safeguards.clone() };
        refused(&Plan { safeguards, ..plan.clone() })
    };
    assert_eq!(after(&plan, "weakening=5"), [LimitClass::Changed]);
    assert_eq!(after(&plan, "weakening=4"), [LimitClass::Changed, LimitClass::Weakening]);
    assert_eq!(after(&plan, "changed=5"), [LimitClass::Weakening]);
    assert_eq!(after(&plan, "changed=50% weakening=50%"), []);
    plan.safeguards.limits = limits(LimitClass::Changed, share("50%"));
    assert_eq!(after(&plan, "changed=0"), []);
}

#[test]
fn an_allowance_that_lifts_nothing_is_known() {
    let mut plan = plan(5, 0, 5);
    plan.safeguards.limits = limits(LimitClass::Weakening, count(1));
    let texts = ["changed=9", "weakening=4", "weakening=5", "organization-weakening"];
    plan.safeguards.allowances = texts.map(allow).into();
    let needless: Vec<String> = unneeded(&plan).iter().map(ToString::to_string).collect();
    assert_eq!(needless, ["changed=9", "weakening=4", "organization-weakening"]);
}

#[test]
fn what_was_loosened_is_told_worst_first() {
    let old = Safeguards {
        limits: Limits {
            changed: Some(Limit { count: Some(50), share: Share::parse("30%") }),
            weakening: Some(count(5)),
            deletions: Some(count(0)),
            minimum_population: 10,
        },
        canary: Some(25),
        allowances: vec![allow("deletions=1")],
        ..prevents("application.audit", &[Protection::Delete, Protection::Change])
    };
    assert_eq!(loosened(&old, &old), [""; 0]);
    let new = Safeguards {
        limits: Limits {
            changed: Some(share("40.5%")),
            weakening: None,
            deletions: Some(count(0)),
            minimum_population: 100,
        },
        canary: Some(500),
        allowances: vec![allow("weakening=40"), allow("deletions=1")],
        ..prevents("application.audit", &[Protection::Delete])
    };
    let expected = [
        "`prevent = [\"change\"]` of application.audit is gone",
        "`changed` of 50 is gone",
        "`weakening` of 5 is gone",
        "`changed` is raised from 30% to 40.5%",
        "`minimum_population` is raised from 10 to 100",
        "`canary` is raised from 25 to 500",
        "`--allow weakening=40` is given",
    ];
    assert_eq!(loosened(&old, &new), expected);
    let without = Safeguards { canary: None, ..old.clone() };
    assert_eq!(loosened(&old, &without), ["`canary` of 25 is gone"]);
    assert_eq!(loosened(&without, &old), [""; 0]);
}

#[test]
fn the_limits_of_a_spec_come_into_force_as_they_are_written_each_with_its_place() {
    let text = "[tenant]\nendpoint = 'embedded'\n[limits]\nchanged = '30%'\n\
                deletions = { count = 3, share = '0.5%' }\nminimum_population = 25\ncanary = 40\n\
                [organization]\nmailbox_auditing = true\nprevent = ['change', 'weaken']\n";
    let settings = desired(text).safeguards;
    let allowances = ["weakening=2", "changed=9", "weakening=2"].map(allow);
    let protections = [Protection::Weaken, Protection::Change];
    let expected = Safeguards {
        limits: Limits {
            changed: Some(share("30%")),
            weakening: None,
            deletions: Some(Limit { count: Some(3), ..share("0.5%") }),
            minimum_population: 25,
        },
        allowances: vec![allow("changed=9"), allow("weakening=2")],
        canary: Some(40),
        ..prevents("organization", &protections)
    };
    assert_eq!(settings.in_force(&allowances), expected);
    let text = format!("version = 1\n{text}");
    let at = |span: Option<auditform::diagnostic::Span>| &text[span.unwrap().range()];
    assert_eq!(at(settings.place_of_limit(LimitClass::Changed)), "changed = '30%'");
    assert_eq!(settings.place_of_limit(LimitClass::Weakening), None);
    let place = settings.place_of_prevent("organization", Protection::Weaken);
    assert_eq!(at(place), "'weaken'");
}
