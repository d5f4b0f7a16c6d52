//! What is selected of a plan stands by itself, is part of the plan, and with what was left out is all
//! of it.

use std::collections::{BTreeMap, BTreeSet};

use auditform::plan::{Change, Plan, select};
use auditform::resource::Kind;
use auditform::state::Selection;
use proptest::prelude::*;
use serde_json::Value;

use super::world::{World, world};
use super::{as_listed, config, document, plan, plan_in, saved, steps};

/// Patterns that occur: addresses of the plan, and wider ones.
fn patterns(plan: &Plan, picks: &[u8]) -> Vec<String> {
    let wide = [
        "organization",
        "unified_audit_log",
        "organization_customization",
        "mailbox_audit",
        "mailbox_audit.alpha",
        "mailbox_audit.{beta,gamma}",
        "mailbox_audit.*[\"ann*\"]",
        "mailbox_audit.?????[\"*@fabrikam.com\"]",
        "*",
    ];
    let known: Vec<String> = plan.changes().map(|change| change.address().to_string()).collect();
    let all: Vec<String> = wide.into_iter().map(str::to_owned).chain(known).collect();
    picks.iter().map(|pick| all[usize::from(*pick) % all.len()].clone()).collect()
}

fn selection(targets: &[String], excludes: &[String]) -> Selection {
    Selection::of_texts(targets, excludes).unwrap()
}

fn rows(plan: &Plan) -> BTreeMap<String, Value> {
    let document: Value = serde_json::from_str(&document(plan)).unwrap();
    let changes = document["changes"].as_array().unwrap().clone();
    changes.into_iter().map(|row| (row["address"].as_str().unwrap().to_owned(), row)).collect()
}

/// Whether a pattern names a change, worked out once more from its text.
fn names(pattern: &str, change: &Change<'_>) -> bool {
    let address = change.address();
    let policies: Vec<String> = match change {
        Change::Mailbox(view) => view.policies().map(str::to_owned).collect(),
        _ => address.name().map(str::to_owned).into_iter().collect(),
    };
    let key = address.key().unwrap_or_default();
    let is_mailbox = address.kind() == Kind::MailboxAudit;
    match pattern {
        "*" => true,
        "mailbox_audit" => is_mailbox,
        "mailbox_audit.alpha" => policies.iter().any(|name| name == "alpha"),
        "mailbox_audit.{beta,gamma}" => {
            policies.iter().any(|name| name == "beta" || name == "gamma")
        }
        "mailbox_audit.*[\"ann*\"]" => is_mailbox && key.starts_with("ann"),
        "mailbox_audit.?????[\"*@fabrikam.com\"]" => {
            policies.iter().any(|name| name.len() == 5) && key.ends_with("@fabrikam.com")
        }
        whole => {
            let of_policy = |name: &String| format!("mailbox_audit.{name}[\"{key}\"]") == whole;
            address.to_string() == whole || (is_mailbox && policies.iter().any(of_policy))
        }
    }
}

/// The addresses that have to come with a change.
fn needs(plan: &Plan, change: &Change<'_>) -> BTreeSet<String> {
    let direct = change.depends_on(plan);
    let further = plan.few().filter(|few| direct.contains(&few.address()));
    let further = further.flat_map(|few| few.depends_on(plan));
    direct.iter().cloned().chain(further).map(|address| address.to_string()).collect()
}

/// What is to be left of a plan, worked out in the plainest way.
fn expected(plan: &Plan, targets: &[String], excludes: &[String]) -> BTreeSet<String> {
    let is_excluded = |change: &Change<'_>| excludes.iter().any(|pattern| names(pattern, change));
    let barred: BTreeSet<String> =
        plan.changes().filter(is_excluded).map(|change| change.address().to_string()).collect();
    let mut kept = BTreeSet::new();
    let mut needed = BTreeSet::new();
    for change in plan.changes() {
        let wanted = targets.is_empty() || targets.iter().any(|pattern| names(pattern, &change));
        let needs = needs(plan, &change);
        let address = change.address().to_string();
        if wanted && !barred.contains(&address) && needs.is_disjoint(&barred) {
            kept.insert(address);
            needed.extend(needs);
        }
    }
    let customization = "organization_customization".to_owned();
    let named = plan.changes().any(|change| {
        change.address().to_string() == customization
            && targets.iter().any(|pattern| names(pattern, &change))
    });
    if !named && !needed.contains(&customization) {
        kept.remove(&customization);
    }
    kept.extend(needed);
    kept
}

/// A part of a plan, with what was asked for.
struct Narrowed {
    whole: Plan,
    part: Plan,
    targets: Vec<String>,
    excludes: Vec<String>,
}

fn part(world: &World, picks: &[u8], not: &[u8]) -> Narrowed {
    let whole = plan(world);
    let (targets, excludes) = (patterns(&whole, picks), patterns(&whole, not));
    let part = select(whole.clone(), &selection(&targets, &excludes), None);
    Narrowed { whole, part, targets, excludes }
}

fn picks() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..5)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_selected_is_what_is_named_and_what_that_needs(
        world in world(), wanted in picks(), not in picks(),
    ) {
        let Narrowed { whole, part, targets, excludes } = part(&world, &wanted, &not);
        let (all, kept) = (rows(&whole), rows(&part));
        let addresses: BTreeSet<String> = kept.keys().cloned().collect();
        prop_assert_eq!(addresses, expected(&whole, &targets, &excludes));
        for (address, row) in &kept {
            // Edges included: nothing that it waits for is left out.
            prop_assert_eq!(row, &all[address]);
            for before in row["depends_on"].as_array().unwrap() {
                prop_assert!(kept.contains_key(before.as_str().unwrap()));
            }
        }
    }

    #[test]
    fn what_is_left_out_is_counted_and_with_the_rest_is_the_whole(
        world in world(), wanted in picks(), not in picks(),
    ) {
        let Narrowed { whole, part, .. } = part(&world, &wanted, &not);
        let left_out = part.selected.clone().unwrap_or_default().left_out;
        let (all, kept) = (whole.summary(), part.summary());
        prop_assert_eq!(left_out.create + kept.create, all.create);
        prop_assert_eq!(left_out.change + kept.change, all.change);
        prop_assert_eq!(left_out.delete + kept.delete, all.delete);
        prop_assert_eq!(left_out.mailboxes + part.mailboxes.len() as u64, whole.mailboxes.len() as u64);
        prop_assert_eq!(kept.unchanged, all.unchanged);
        let weaken = |plan: &Plan| plan.changes().filter(|one| !one.weakens().is_empty()).count() as u64;
        let remove = |plan: &Plan| plan.changes().filter(|one| !one.removes().is_empty()).count() as u64;
        prop_assert_eq!(left_out.weaken + weaken(&part), weaken(&whole));
        prop_assert_eq!(left_out.remove + remove(&part), remove(&whole));
    }

    #[test]
    fn everything_and_nothing_left_out_is_the_whole_plan(world in world()) {
        let whole = plan(&world);
        let asked = |targets: &[&str]| {
            let targets: Vec<String> = targets.iter().map(|one| (*one).to_owned()).collect();
            select(whole.clone(), &selection(&targets, &[]), None)
        };
        prop_assert_eq!(document(&asked(&[])), document(&whole));
        prop_assert_eq!(rows(&asked(&["*"])), rows(&whole));
        let kinds = asked(&["mailbox_audit", "organization*", "unified_audit_log"]);
        prop_assert_eq!(rows(&kinds), rows(&whole));
    }

    #[test]
    fn what_is_wanted_and_left_out_at_once_is_left_out(world in world(), wanted in picks()) {
        let whole = plan(&world);
        let targets = patterns(&whole, &wanted);
        prop_assume!(!targets.is_empty());
        let part = select(whole, &selection(&targets, &targets), None);
        prop_assert!(part.is_empty(), "{}", document(&part));
    }

    #[test]
    fn the_order_of_patterns_and_their_repetition_make_no_difference(
        world in world(), wanted in picks(), not in picks(),
    ) {
        let Narrowed { whole, part, targets, excludes } = part(&world, &wanted, &not);
        let turned = |list: &[String]| -> Vec<String> {
            list.iter().rev().chain(list).cloned().collect()
        };
        let again = select(whole, &selection(&turned(&targets), &turned(&excludes)), None);
        prop_assert_eq!(document(&again), document(&part));
    }

    #[test]
    fn after_an_apply_of_a_part_exactly_the_rest_is_planned(
        world in world(), wanted in picks(), not in picks(),
    ) {
        let Narrowed { whole, part, .. } = part(&world, &wanted, &not);
        let mut tenant = world.tenant.clone();
        steps::carry_out(&part, &mut tenant, &[]);
        let rest = plan_in(&world.desired(), &tenant, &as_listed(&tenant));
        let left: BTreeSet<String> = rows(&rest).into_keys().collect();
        let done: BTreeSet<String> = rows(&part).into_keys().collect();
        let mut all: BTreeSet<String> = rows(&whole).into_keys().collect();
        all.retain(|address| !done.contains(address));
        prop_assert_eq!(left, all);
    }

    #[test]
    fn a_part_is_saved_shown_and_read_like_any_plan(
        world in world(), wanted in picks(), not in picks(),
    ) {
        let Narrowed { part, .. } = part(&world, &wanted, &not);
        crate::views::agree(&part);
        saved::reads_as_it_was(&part);
    }
}
