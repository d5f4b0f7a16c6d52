//! Parts of plans of identity chains: closed under what they need, and harmless. A certificate is never
//! put in use while the application does not know it.

use std::collections::BTreeSet;

use auditform::plan::{Plan, select};
use auditform::state::Selection;
use proptest::prelude::*;

use super::law::application;
use super::model::Directory;
use super::{DAY, carry_out, desired, now, plan, usual};

fn part(whole: &Plan, targets: &[String], excludes: &[String]) -> Plan {
    select(whole.clone(), &Selection::of_texts(targets, excludes).unwrap(), None)
}

fn addresses(plan: &Plan) -> Vec<String> {
    plan.identity.iter().map(|change| change.address.to_string()).collect()
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

/// A directory in which the usual chain is due for a renewal.
fn renewal() -> (auditform::state::DesiredState, Directory) {
    let desired = usual();
    let mut directory = Directory::empty(now());
    carry_out(&plan(&desired, &directory), &mut directory, &[]);
    directory.now += DAY * 250;
    (desired, directory)
}

#[test]
fn an_application_means_its_whole_chain_and_brings_its_certificate() {
    let whole = plan(&usual(), &Directory::empty(now()));
    let asked = part(&whole, &texts(&["application.auditor"]), &[]);
    assert_eq!(addresses(&asked), addresses(&whole));
    assert_eq!(asked.selected.unwrap().included, ["certificate.auditor"]);
}

#[test]
fn a_renewal_goes_with_its_registration_or_not_at_all() {
    let (desired, directory) = renewal();
    let whole = plan(&desired, &directory);
    let key = "key_credential.auditor[\"certificate.auditor (next)\"]";
    assert_eq!(addresses(&whole), ["certificate.auditor", key]);
    let asked = part(&whole, &texts(&["certificate.auditor"]), &[]);
    assert_eq!(addresses(&asked), ["certificate.auditor", key]);
    assert_eq!(asked.selected.unwrap().included, [key]);
    let without = part(&whole, &[], &texts(&["key_credential.auditor"]));
    assert!(without.is_empty(), "{:?}", addresses(&without));
    let held = &without.selected.unwrap().held_back;
    assert_eq!((held[0].needs.as_str(), held[0].example.as_str()), (key, "certificate.auditor"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_part_needs_nothing_that_it_lacks_and_the_rest_can_follow(
        first in application(),
        second in application(),
        picks in proptest::collection::vec(any::<usize>(), 0..4),
        not in proptest::collection::vec(any::<usize>(), 0..3),
        days in 0..400_i64,
    ) {
        let mut directory = Directory::empty(now());
        carry_out(&plan(&desired(&first), &directory), &mut directory, &[]);
        directory.now += DAY * i32::try_from(days).unwrap();
        let desired = desired(&second);
        let whole = plan(&desired, &directory);
        let all = addresses(&whole);
        prop_assume!(!all.is_empty());
        let named = |picks: &[usize]| -> Vec<String> {
            picks.iter().map(|pick| all[pick % all.len()].clone()).collect()
        };
        let (targets, excludes) = (named(&picks), named(&not));
        let asked = part(&whole, &targets, &excludes);
        let kept: BTreeSet<String> = addresses(&asked).into_iter().collect();
        prop_assert!(kept.iter().all(|address| !excludes.contains(address)));
        for change in &asked.identity {
            prop_assert!(whole.identity.contains(change));
            prop_assert!(change.depends_on.iter().all(|one| kept.contains(&one.to_string())));
            if change.finally.is_some() {
                let dependents =
                    whole.identity.iter().filter(|other| other.depends_on.contains(&change.address));
                for other in dependents {
                    prop_assert!(kept.contains(&other.address.to_string()), "{}", other.address);
                }
            }
        }
        let left_out = asked.selected.as_ref().map_or(0, |selected| selected.left_out.all());
        prop_assert_eq!(kept.len() as u64 + left_out, all.len() as u64);
        carry_out(&asked, &mut directory, &[]);
        let rest = plan(&desired, &directory);
        carry_out(&rest, &mut directory, &[]);
        let left = plan(&desired, &directory);
        prop_assert!(left.is_empty(), "{:?}", addresses(&left));
    }
}
