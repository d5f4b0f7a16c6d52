//! The law of undoing, for identity chains: whatever of a plan was carried out, in any order that its graph
//! allows, what takes it back leads to what was there before; and it is judged by what the directory shows.

use std::collections::BTreeSet;

use auditform::plan::{
    ChainsUndone, IdentityChange, IdentityWrite, Plan, Reversible, Undoes, UndoneRun, judge_undo,
    undo_chains,
};
use auditform::state::{
    DesiredState, ObservedCertificate, ObservedChain, ObservedIdentity, TenantIdentity,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::law::application;
use super::model::Directory;
use super::{addresses, applied, carry_out, carry_out_some, desired, now, plan, usual};

/// What takes back what was done of a plan.
fn undone(
    done: &Plan,
    begun: &BTreeSet<u32>,
    desired: &DesiredState,
    directory: &Directory,
) -> ChainsUndone {
    let run = UndoneRun {
        name: "r",
        began: directory.now,
        changes: &done.identity,
        is_begun: &|place| begun.contains(&place),
        is_proved: &|_| true,
    };
    undo_chains(run, desired, &directory.observed, directory.now)
}

fn all(plan: &Plan) -> BTreeSet<u32> {
    (0u32..).take(plan.identity.len()).collect()
}

fn undo_plan(undone: ChainsUndone) -> Plan {
    assert!(!undone.diagnostics.has_errors(), "{:?}", undone.diagnostics);
    let tenant = TenantIdentity { id: Uuid::nil(), organization: "contoso".to_owned() };
    let undoes = Some(Undoes { run: "r".to_owned(), stays: undone.stays });
    Plan { identity: undone.changes, undoes, ..Plan::of(tenant) }
}

/// Without what the directory gives out anew, and in an order of its own.
fn without_ids(directory: &Directory) -> ObservedIdentity {
    let mut observed = directory.observed.clone();
    for chain in observed.applications.values_mut() {
        chain.consents.iter_mut().for_each(|held| held.id.clear());
        chain.consents.sort_by_key(|held| held.app_role);
        for roles in [&mut chain.directory_roles, &mut chain.exchange_roles] {
            for held in roles.iter_mut() {
                held.id.clear();
            }
            roles.sort_by(|one, other| one.role_definition.cmp(&other.role_definition));
        }
        chain.federated.iter_mut().for_each(|held| held.id.clear());
        chain.federated.sort_by(|one, other| one.name.cmp(&other.name));
        chain.owners.sort_by(|one, other| one.id.cmp(&other.id));
    }
    observed.applications.retain(|_, chain| *chain != ObservedChain::default());
    observed.certificates.retain(|_, found| *found != ObservedCertificate::default());
    observed
}

/// Judged before, nothing of it shows and nothing was moved; judged after, all of it shows.
fn is_judged_by_what_shows(undo: &Plan, directory: &mut Directory, picks: &[usize]) {
    for standing in judge_undo(&undo.identity, &directory.observed) {
        assert_eq!((standing.moved, standing.shown.contains(&true)), (None, false));
    }
    carry_out(undo, directory, picks);
    // The disk was looked at, whether anything lies there or not.
    directory.observed.certificates.entry("auditor".to_owned()).or_default();
    for standing in judge_undo(&undo.identity, &directory.observed) {
        assert_eq!((standing.moved, standing.shown.contains(&false)), (None, false));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_done_of_a_chain_is_taken_back_wherever_it_broke_off(
        text in application(),
        picks in proptest::collection::vec(any::<usize>(), 1..8),
        most in 0..16_usize,
    ) {
        let desired = desired(&text);
        let mut directory = Directory::empty(now());
        let before = without_ids(&directory);
        let done = plan(&desired, &directory);
        let begun = carry_out_some(&done, &mut directory, &picks, most);
        let begun: BTreeSet<u32> = begun.into_iter().filter_map(|(change, _)| change).collect();
        let undo = undo_plan(undone(&done, &begun, &desired, &directory));
        prop_assert!(undo.undoes.as_ref().unwrap().stays.is_empty(), "{:?}", undo.undoes);
        is_judged_by_what_shows(&undo, &mut directory, &picks);
        prop_assert_eq!(without_ids(&directory), before);
    }

    #[test]
    fn what_was_changed_of_a_chain_is_taken_back_unless_its_plan_said_that_it_cannot(
        first in application(),
        second in application(),
        picks in proptest::collection::vec(any::<usize>(), 1..8),
    ) {
        let mut directory = applied(&desired(&first));
        let before = without_ids(&directory);
        let (first, second) = (desired(&first), desired(&second));
        let done = plan(&second, &directory);
        carry_out(&done, &mut directory, &picks);
        // Whichever of the two the spec is by now makes no difference.
        let undo = undo_plan(undone(&done, &all(&done), &second, &directory));
        let by_first = undo_plan(undone(&done, &all(&done), &first, &directory));
        prop_assert_eq!(addresses(&undo), addresses(&by_first));
        let is_one_way = |change: &&IdentityChange| change.reversible != Reversible::Yes;
        let one_way: BTreeSet<String> =
            done.identity.iter().filter(is_one_way).map(|change| change.address.to_string()).collect();
        let stays = undo.undoes.iter().flat_map(|undoes| &undoes.stays);
        let stays: BTreeSet<String> = stays.map(|one| one.address.clone()).collect();
        prop_assert_eq!(&stays, &one_way, "{:?}", undo.undoes);
        is_judged_by_what_shows(&undo, &mut directory, &picks);
        if one_way.is_empty() {
            prop_assert_eq!(without_ids(&directory), before);
        }
        // A second time there is nothing left.
        let again = undone(&done, &all(&done), &second, &directory);
        prop_assert!(again.changes.is_empty(), "{:?}", again.changes);
    }
}

/// A chain that was made, and the plan that made it.
fn made() -> (DesiredState, Plan, Directory) {
    let desired = usual();
    let mut directory = Directory::empty(now());
    let done = plan(&desired, &directory);
    carry_out(&done, &mut directory, &[]);
    (desired, done, directory)
}

#[test]
fn a_chain_goes_from_its_end_and_after_everything_in_exchange() {
    let (desired, done, directory) = made();
    let undo = undo_plan(undone(&done, &all(&done), &desired, &directory));
    assert_eq!(
        addresses(&undo),
        [
            "delete directory_role_assignment.auditor[\"Exchange Administrator\"]",
            "delete app_role_assignment.auditor[\"Exchange.ManageAsApp\"]",
            "delete service_principal.auditor",
            "delete application.auditor",
            "delete certificate.auditor",
        ]
    );
    assert!(undo.identity.iter().all(|change| change.after_exchange));
    let certificate = undo.identity.last().unwrap();
    let before: Vec<String> = certificate.depends_on.iter().map(ToString::to_string).collect();
    assert_eq!(before, ["application.auditor"]);
    super::fits_the_schema(&undo);
}

#[test]
fn what_others_did_to_the_objects_since_moves_the_undo() {
    let (desired, done, directory) = made();
    let undo = undo_plan(undone(&done, &all(&done), &desired, &directory));
    let moved = |others: &dyn Fn(&mut Directory)| {
        let mut directory = directory.clone();
        others(&mut directory);
        let standings = judge_undo(&undo.identity, &directory.observed);
        standings.into_iter().filter_map(|standing| standing.moved).collect::<Vec<_>>()
    };
    let given_again = moved(&|directory| {
        let chain = directory.chain("auditor");
        chain.directory_roles[0].id = "given again".to_owned();
    });
    let ends = "is `given again`";
    assert!(given_again[0].ends_with(ends), "{given_again:?}");
    assert_eq!(given_again[1], "it has the role `Exchange Administrator` besides");
    let renamed = moved(&|directory| {
        let chain = directory.chain("auditor");
        chain.application.as_mut().unwrap().display_name = "Theirs".to_owned();
    });
    assert_eq!(renamed, ["`display_name` was `Auditor` and is `Theirs`"]);
    let made_anew = moved(&|directory| {
        let chain = directory.chain("auditor");
        chain.application.as_mut().unwrap().object_id = "another".to_owned();
    });
    assert!(made_anew[0].contains("and is `another`"), "{made_anew:?}");
    let gone = moved(&|directory| *directory.chain("auditor") = ObservedChain::default());
    assert_eq!(gone, [""; 0], "what is gone is taken back");
    let renewed = moved(&|directory| {
        directory.take(&IdentityWrite::MakeCertificate(auditform::plan::CertificateOrder {
            name: "auditor".to_owned(),
            not_before: None,
            staged: true,
        }));
    });
    assert!(renewed[0].starts_with("it has the certificate "), "{renewed:?}");
}

#[test]
fn a_certificate_that_was_renewed_since_the_run_stays_and_so_does_its_registration() {
    let (desired, done, mut directory) = made();
    directory.now += super::DAY * 300;
    let renewal = plan(&desired, &directory);
    carry_out(&renewal, &mut directory, &[]);
    let found = undone(&done, &all(&done), &desired, &directory);
    let stays: Vec<&str> = found.stays.iter().map(|one| one.address.as_str()).collect();
    assert!(stays.contains(&"certificate.auditor"), "{stays:?}");
    assert!(stays.contains(&"application.auditor"), "{stays:?}");
    assert!(found.stays.iter().all(|one| one.changed_since), "{:?}", found.stays);
    // Nor does an undo of the renewal itself.
    let found = undone(&renewal, &all(&renewal), &desired, &directory);
    assert_eq!(found.changes, []);
    assert_eq!(found.stays.len(), renewal.identity.len());
}

#[test]
fn what_the_run_itself_signs_in_with_is_not_taken_away() {
    let (desired, done, mut directory) = made();
    let app_id = directory.chain("auditor").application.as_ref().unwrap().app_id;
    directory.observed.acting_as = Some(app_id);
    let found = undone(&done, &all(&done), &desired, &directory);
    let codes: Vec<&str> = found.diagnostics.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["deletes-own-identity"]);
}

#[test]
fn an_application_that_is_not_the_runs_own_is_left() {
    let (desired, done, mut directory) = made();
    let found = directory.chain("auditor").application.as_mut().unwrap();
    found.tags.clear();
    let found = undone(&done, &all(&done), &desired, &directory);
    let application = found.stays.iter().find(|one| one.address == "application.auditor").unwrap();
    assert_eq!(application.reason, "another application stands in its place");
    assert!(application.changed_since);
}
