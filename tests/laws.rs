//! The laws of plan and apply, tried on tenants and specs made at random. The service that carries
//! a plan out here is a model written from its documents (`service`), what a spec means for a
//! mailbox is worked out a second time (`world`), and the steps of an apply are walked in any order
//! that their graph allows (`steps`). No clock, no socket, no thread.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

mod checks;
mod saved;
mod selecting;
mod service;
mod snapshot;
mod steps;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use auditform::plan::{
    Change, DifferingRows, ListWrite, MailboxDiffer, MailboxFindings, MailboxPatch, Operation,
    Plan, PlanDocument, TenantFindings, Violation, Write, diff_tenant, judge,
};
use auditform::resource::{ActionVocabulary, AgeLimit, LogonType, RecipientType};
use auditform::state::{Bound, DesiredState, LimitClass, TenantIdentity};
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use service::{DEFAULTS, EXTRAS, Mailbox, Order, Tenant};
use world::{Rule, TODAY, World, read, strings, world, world_and_order};

const CASES: u32 = 64;

fn config() -> ProptestConfig {
    ProptestConfig::with_cases(CASES)
}

/// Reads the tenant's mailboxes in some order and compares each.
fn find(
    desired: &DesiredState,
    tenant: &Tenant,
    order: &Order,
) -> Result<MailboxFindings, DifferingRows> {
    let auditing = tenant.switches().mailbox_auditing_after(desired);
    let mut differ = MailboxDiffer::new(desired, auditing, TODAY);
    let mut vocabulary = ActionVocabulary::default();
    for at in &order.mailboxes {
        let mailbox = &tenant.mailboxes[*at];
        differ.observe(&tenant.row(mailbox, &mut vocabulary, order.turn));
    }
    differ.finish(vocabulary)
}

fn as_listed(tenant: &Tenant) -> Order {
    Order { mailboxes: (0..tenant.mailboxes.len()).collect(), turn: 0 }
}

fn put_together(switches: TenantFindings, found: MailboxFindings) -> Plan {
    let tenant = TenantIdentity { id: Uuid::from_u128(7), organization: "contoso.example".into() };
    Plan {
        tenant_changes: switches.changes,
        mailboxes: found.changes,
        unchanged: switches.unchanged + found.unchanged,
        ..Plan::of(tenant)
    }
}

fn plan_in(desired: &DesiredState, tenant: &Tenant, order: &Order) -> Plan {
    let found = find(desired, tenant, order).unwrap();
    assert!(!found.diagnostics.has_errors(), "{:?}", found.diagnostics);
    put_together(diff_tenant(desired, &tenant.switches()), found)
}

fn plan(world: &World) -> Plan {
    plan_in(&world.desired(), &world.tenant, &as_listed(&world.tenant))
}

fn document(plan: &Plan) -> String {
    serde_json::to_string_pretty(&PlanDocument { plan, digest: None }).unwrap()
}

/// The tenant after an apply whose steps came in the order of the plan.
fn applied(world: &World, plan: &Plan) -> Tenant {
    let mut tenant = world.tenant.clone();
    steps::carry_out(plan, &mut tenant, &[]);
    tenant
}

/// The mailboxes that a plan changes, before and after an apply, with their changes.
fn changed<'p>(world: &'p World, plan: &'p Plan) -> Vec<(&'p Mailbox, Mailbox, Change<'p>)> {
    let after = applied(world, plan);
    let find = |mailboxes: &'p [Mailbox], guid| mailboxes.iter().find(|one| one.guid == guid);
    plan.changes()
        .filter_map(|change| {
            let guid = change.guid()?;
            let before = find(&world.tenant.mailboxes, guid).unwrap();
            let after = after.mailboxes.iter().find(|one| one.guid == guid).unwrap();
            Some((before, after.clone(), change))
        })
        .collect()
}

fn patches(change: &Change<'_>) -> Vec<MailboxPatch> {
    let writes = change.writes().into_iter();
    let sets = writes.filter_map(|write| match write {
        Operation::Exchange(Write::SetMailbox { patch, .. }) => Some(patch),
        _ => None,
    });
    sets.collect()
}

fn written(patch: &MailboxPatch, logon: LogonType) -> Option<&ListWrite> {
    [&patch.admin, &patch.delegate, &patch.owner][logon as usize].as_ref()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn after_an_apply_there_is_nothing_to_plan(
        world in world(),
        picks in proptest::collection::vec(any::<usize>(), 64),
    ) {
        let desired = world.desired();
        let mut tenant = world.tenant.clone();
        steps::carry_out(&plan(&world), &mut tenant, &picks);
        let again = plan_in(&desired, &tenant, &as_listed(&tenant));
        prop_assert!(again.is_empty(), "{}", document(&again));
    }

    #[test]
    fn after_an_apply_every_mailbox_is_as_its_rules_say(world in world()) {
        let after = applied(&world, &plan(&world));
        for mailbox in &after.mailboxes {
            assert_rules_hold(&world, &after, mailbox);
        }
        prop_assert_eq!(after.ingestion, world.ingestion.unwrap_or(world.tenant.ingestion));
        prop_assert_eq!(after.auditing, world.auditing.unwrap_or(world.tenant.auditing));
        let switched = after.ingestion != world.tenant.ingestion
            || after.auditing != world.tenant.auditing;
        prop_assert_eq!(after.dehydrated, world.tenant.dehydrated && !switched);
    }

    #[test]
    fn the_order_of_rows_and_of_names_makes_no_difference((world, order) in world_and_order()) {
        let desired = world.desired();
        let shuffled = plan_in(&desired, &world.tenant, &order);
        prop_assert_eq!(document(&shuffled), document(&plan(&world)));
    }

    #[test]
    fn the_order_of_policies_in_the_file_makes_no_difference(
        world in world(),
        places in Just((0..4).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let order: Vec<usize> =
            places.into_iter().filter(|at| *at < world.policies.len()).collect();
        let desired = read(world.spec(&order));
        let reordered = plan_in(&desired, &world.tenant, &as_listed(&world.tenant));
        prop_assert_eq!(document(&reordered), document(&plan(&world)));
    }

    #[test]
    fn what_no_policy_claims_is_never_written(world in world()) {
        let plan = plan(&world);
        for (before, after, change) in changed(&world, &plan) {
            prop_assert!(world.matching(before).next().is_some(), "{} is excluded", before.upn);
            let mut policies = world.matching(before);
            for patch in patches(&change) {
                prop_assert!(
                    patch.enabled.is_none() || policies.clone().any(|one| one.enabled.is_some())
                );
                prop_assert!(
                    patch.log_age_limit.is_none() || policies.any(|one| one.days.is_some())
                );
            }
            for logon in LogonType::ALL.into_iter().filter(|logon| world.rule(before, *logon).is_none())
            {
                let at = logon as usize;
                prop_assert!(patches(&change).iter().all(|it| written(it, logon).is_none()));
                prop_assert_eq!(&before.lists[at], &after.lists[at]);
                prop_assert_eq!(before.managed[at], after.managed[at]);
            }
        }
        for change in &plan.tenant_changes {
            let claimed = match change.write() {
                Write::SetUnifiedAuditLog { ingestion } => world.ingestion == Some(ingestion),
                Write::SetMailboxAuditing { enabled } => world.auditing == Some(enabled),
                _ => world.tenant.dehydrated,
            };
            prop_assert!(claimed, "{:?}", change);
        }
    }

    #[test]
    fn the_switch_of_a_mailbox_is_written_only_where_it_has_an_effect(world in world()) {
        let auditing = world.auditing.unwrap_or(world.tenant.auditing);
        for (mailbox, _, change) in changed(&world, &plan(&world)) {
            let covered =
                matches!(mailbox.kind, RecipientType::UserMailbox | RecipientType::SharedMailbox);
            let writes = patches(&change).iter().any(|patch| patch.enabled.is_some());
            prop_assert!(!writes || (auditing && !covered), "{}", mailbox.upn);
        }
    }

    #[test]
    fn a_mailbox_takes_one_write_and_before_it_a_reset_where_it_needs_one(world in world()) {
        for (mailbox, _, change) in changed(&world, &plan(&world)) {
            let writes = change.writes();
            let resets = |operation: &Operation| {
                matches!(operation, Operation::Exchange(Write::ResetDefaultAuditSet { .. }))
            };
            prop_assert!(matches!(writes.len(), 1 | 2), "{}", mailbox.upn);
            prop_assert!(writes.len() == 1 || resets(&writes[0]), "{}", mailbox.upn);
            prop_assert!(writes.iter().filter(|write| resets(write)).count() <= 1);
            let gives_back = |logon: &LogonType| {
                let managed = mailbox.managed[*logon as usize];
                !managed && world.rule(mailbox, *logon) == Some(&Rule::Default)
            };
            let needed = LogonType::ALL.iter().any(gives_back);
            prop_assert_eq!(needed, writes.iter().any(resets), "{}", mailbox.upn);
        }
    }

    #[test]
    fn at_least_adds_and_never_removes(world in world()) {
        for (before, after, change) in changed(&world, &plan(&world)) {
            for logon in LogonType::ALL {
                if let Some(Rule::AtLeast(_)) = world.rule(before, logon) {
                    let at = logon as usize;
                    prop_assert!(after.lists[at].is_superset(&before.lists[at]));
                    for patch in patches(&change) {
                        prop_assert!(!matches!(written(&patch, logon), Some(ListWrite::Replace(_))));
                    }
                }
            }
        }
    }

    #[test]
    fn default_plus_removes_neither_a_default_nor_an_unknown_action(world in world()) {
        for (before, after, _) in changed(&world, &plan(&world)) {
            for logon in LogonType::ALL {
                if let Some(Rule::DefaultPlus(_)) = world.rule(before, logon) {
                    let at = logon as usize;
                    for gone in before.lists[at].difference(&after.lists[at]) {
                        let gone = gone.as_str();
                        let known = EXTRAS[at].contains(&gone) || gone == "MessageBind";
                        prop_assert!(known && !DEFAULTS[at].contains(&gone), "{}", gone);
                    }
                }
            }
        }
    }

    #[test]
    fn the_document_says_what_was_there_and_exactly_what_goes(world in world()) {
        let plan = plan(&world);
        let whole: Value = serde_json::from_str(&document(&plan)).unwrap();
        let changes = whole["changes"].as_array().unwrap();
        prop_assert_eq!(changes.len(), plan.len());
        for (change, (mailbox, after, _)) in
            changes.iter().skip(plan.tenant_changes.len()).zip(changed(&world, &plan))
        {
            assert_documented(&world, change, mailbox, &after);
        }
    }

    #[test]
    fn limits_count_what_the_document_shows(world in world()) {
        let mut plan = plan(&world);
        let none = Some(Bound::Count(0).into());
        plan.safeguards.limits.changed = none;
        plan.safeguards.limits.weakening = none;
        let whole: Value = serde_json::from_str(&document(&plan)).unwrap();
        let changes = whole["changes"].as_array().unwrap();
        let count = |wanted: fn(&Value) -> bool| changes.iter().filter(|one| wanted(one)).count();
        let shown = [
            (LimitClass::Changed, count(|change| change["guid"].is_string())),
            (LimitClass::Weakening, count(|change| change["weakens"] != Value::Array(Vec::new()))),
        ];
        let judged = judge(&plan);
        for (wanted, shown) in shown {
            let counted = judged.iter().find_map(|violation| match violation {
                Violation::Limit { class, counted, .. } if *class == wanted => Some(*counted),
                _ => None,
            });
            prop_assert_eq!(counted.unwrap_or_default(), shown as u64);
        }
    }

    #[test]
    fn every_listed_mailbox_is_counted_once((world, order) in world_and_order()) {
        let once = plan(&world);
        let desired = world.desired();
        let found = find(&desired, &world.tenant, &as_listed(&world.tenant)).unwrap();
        let known = found.changes.len() as u64 + found.unchanged + found.unmanaged;
        prop_assert_eq!(known, world.tenant.mailboxes.len() as u64);
        let twice = order.mailboxes.iter().chain(&order.mailboxes).copied().collect();
        let twice = Order { mailboxes: twice, turn: order.turn };
        prop_assert_eq!(document(&plan_in(&desired, &world.tenant, &twice)), document(&once));
    }

    #[test]
    fn a_mailbox_that_is_listed_twice_with_a_difference_stops_the_plan(
        world in world(),
        place in any::<prop::sample::Index>(),
        difference in 0usize..7,
    ) {
        prop_assume!(!world.tenant.mailboxes.is_empty());
        let mut tenant = world.tenant.clone();
        let twin = tenant.mailboxes[place.index(tenant.mailboxes.len())].clone();
        let guid = twin.guid;
        tenant.mailboxes.push(differing(twin, difference));
        let found = find(&world.desired(), &tenant, &as_listed(&tenant));
        prop_assert_eq!(found.unwrap_err().guid, guid);
    }
}

/// The same mailbox with one thing that reads differently.
fn differing(mut twin: Mailbox, difference: usize) -> Mailbox {
    match difference {
        0 => twin.upn.push_str(".example"),
        1 => twin.days += 1,
        2 => twin.managed[0] = !twin.managed[0],
        3 if twin.kind == RecipientType::SharedMailbox => twin.kind = RecipientType::UserMailbox,
        3 => twin.kind = RecipientType::SharedMailbox,
        6 => twin.proxies.push("another@contoso.com".to_owned()),
        at => {
            let list = &mut twin.lists[at - 3];
            if !list.remove("Update") {
                list.insert("Update".to_owned());
            }
        }
    }
    twin
}

/// A mailbox after an apply, against the rules that hold for it.
fn assert_rules_hold(world: &World, tenant: &Tenant, mailbox: &Mailbox) {
    let name = &mailbox.upn;
    let set = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>();
    for logon in LogonType::ALL {
        let (list, managed) = (&mailbox.lists[logon as usize], mailbox.managed[logon as usize]);
        match world.rule(mailbox, logon) {
            None => {}
            Some(Rule::Exactly(names)) => assert_eq!(*list, set(names), "{name} {logon}"),
            Some(Rule::AtLeast(names)) => assert!(list.is_superset(&set(names)), "{name} {logon}"),
            Some(Rule::Default) => assert!(managed, "{name} {logon}"),
            Some(Rule::DefaultPlus(names)) => {
                assert!(list.is_superset(&set(names)), "{name} {logon}");
                assert!(list.is_superset(&set(DEFAULTS[logon as usize])), "{name} {logon}");
            }
        }
    }
    if let Some(days) = world.matching(mailbox).find_map(|policy| policy.days) {
        assert_eq!(mailbox.days, days, "{name}");
    }
    let enabled = world.matching(mailbox).find_map(|policy| policy.enabled);
    if let Some(enabled) = enabled.filter(|_| tenant.auditing) {
        assert_eq!(tenant.enabled(mailbox), enabled, "{name}");
    }
}

/// One change of the document, against the mailbox before and after.
fn assert_documented(world: &World, change: &Value, before: &Mailbox, after: &Mailbox) {
    assert_eq!(change["guid"], before.guid.to_string());
    assert_eq!(change["anchor"], format!("UPN:{}", before.upn));
    let audited = &change["before"];
    let age = AgeLimit::days(before.days).timespan();
    assert_eq!(audited["log_age_limit"], age);
    assert_eq!(strings(&audited["default_audit_set"]), managed(before));
    assert_eq!(strings(&change["after"]["default_audit_set"]), managed(after));
    let mut gone = BTreeMap::new();
    for logon in LogonType::ALL {
        let attribute = logon.attribute();
        let then = strings(&audited[attribute]);
        assert_eq!(then, before.lists[logon as usize]);
        let coming = strings(&change["after"][attribute]);
        // What Microsoft will have added by then cannot be known when a list is given back.
        if world.rule(before, logon) != Some(&Rule::Default) {
            assert_eq!(coming, after.lists[logon as usize]);
        }
        let lost: BTreeSet<String> = then.difference(&coming).cloned().collect();
        if !lost.is_empty() {
            gone.insert(attribute.to_owned(), lost);
        }
    }
    let removes = change["removes"].as_object().unwrap();
    let removes: BTreeMap<String, BTreeSet<String>> =
        removes.iter().map(|(attribute, names)| (attribute.clone(), strings(names))).collect();
    assert_eq!(removes, gone);
}

fn managed(mailbox: &Mailbox) -> BTreeSet<String> {
    let managed = LogonType::ALL.into_iter().filter(|logon| mailbox.managed[*logon as usize]);
    managed.map(|logon| logon.name().to_owned()).collect()
}
