//! The steps of an apply: what has to come before what, by the service's own rules, and the plan,
//! its graph and the schedule held against it.

use std::collections::{BTreeMap, BTreeSet};

use auditform::graph::{self, ExecutionGraph, Outcome, Schedule, Step, StepId};
use auditform::plan::{Change, Operation, Plan, TenantChange};
use auditform::resource::Address;
use proptest::prelude::*;

use super::service::Tenant;
use super::world::world;

/// Walks the plan's graph and lets the tenant take each write. Of the steps that are ready, the
/// next is the one that `picks` says; without picks, the first.
pub(super) fn carry_out(plan: &Plan, tenant: &mut Tenant, picks: &[usize]) {
    let graph = graph::build(plan).unwrap();
    let mut schedule = Schedule::new(&graph);
    let mut ready: Vec<StepId> = Vec::new();
    let mut picks = picks.iter().copied().cycle();
    loop {
        ready.extend(std::iter::from_fn(|| schedule.take_ready()));
        if ready.is_empty() {
            return;
        }
        let step = ready.remove(picks.next().unwrap_or(0) % ready.len());
        if let Some(Step::Write { change, request }) = graph.step(step) {
            let writes = plan.get(change as usize).unwrap().writes();
            let Operation::Exchange(write) = &writes[usize::from(request)] else { continue };
            tenant.take(write);
        }
        assert!(schedule.finish(step, Outcome::Done).is_empty(), "nothing failed");
    }
}

/// The steps that do something, by change: a change's requests in order, then its waiting.
fn steps_by_change(graph: &ExecutionGraph) -> BTreeMap<u32, Vec<StepId>> {
    let mut steps: BTreeMap<u32, Vec<(Option<u8>, StepId)>> = BTreeMap::new();
    for id in (0..graph.len()).map(StepId::new) {
        match graph.step(id).unwrap() {
            Step::Write { change, request } => {
                steps.entry(change).or_default().push((Some(request), id));
            }
            Step::AwaitCustomization { change } => {
                steps.entry(change).or_default().push((None, id));
            }
            Step::SignIn | Step::ReadBack | Step::Canary | Step::Barrier => {}
        }
    }
    let in_order = |mut steps: Vec<(Option<u8>, StepId)>| {
        steps.sort_by_key(|(request, _)| request.unwrap_or(u8::MAX));
        steps.into_iter().map(|(_, id)| id).collect()
    };
    steps.into_iter().map(|(change, steps)| (change, in_order(steps))).collect()
}

/// What has to be done before a change: a dehydrated tenant is customised before its switches are
/// written, and what a mailbox records depends on both switches.
fn needed(plan: &Plan, change: &Change<'_>) -> Vec<Address> {
    let is_customization = |change: &TenantChange| *change == TenantChange::Customization;
    plan.tenant_changes
        .iter()
        .filter(|other| match change {
            Change::Tenant(change, _) => is_customization(other) && !is_customization(change),
            Change::Mailbox(_) => !is_customization(other),
            Change::Identity(_) => false,
        })
        .map(|other| other.address())
        .collect()
}

/// For each step, those that come right before it: the step before it in its change, and the last
/// step of every change that has to be done before.
fn steps_before(plan: &Plan, graph: &ExecutionGraph) -> BTreeMap<StepId, BTreeSet<StepId>> {
    let steps = steps_by_change(graph);
    let place: BTreeMap<String, u32> =
        plan.changes().zip(0..).map(|(change, at)| (change.address().to_string(), at)).collect();
    let mut before: BTreeMap<StepId, BTreeSet<StepId>> = BTreeMap::new();
    for (change, at) in plan.changes().zip(0..) {
        let own = &steps[&at];
        for pair in own.windows(2) {
            before.entry(pair[1]).or_default().insert(pair[0]);
        }
        let needed = needed(plan, &change);
        let ends =
            needed.iter().map(|address| *steps[&place[&address.to_string()]].last().unwrap());
        before.entry(own[0]).or_default().extend(ends);
    }
    before
}

fn after(step: StepId, before: &BTreeMap<StepId, BTreeSet<StepId>>) -> BTreeSet<StepId> {
    let mut found = BTreeSet::new();
    let mut open = vec![step];
    while let Some(step) = open.pop() {
        for (next, needed) in before {
            if needed.contains(&step) && found.insert(*next) {
                open.push(*next);
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn every_request_of_a_plan_is_one_step_and_every_edge_is_told(world in world()) {
        let plan = super::plan(&world);
        let graph = graph::build(&plan).unwrap();
        let steps = steps_by_change(&graph);
        let of_writes = |ids: &Vec<StepId>| {
            let is_write = |id: &&StepId| matches!(graph.step(**id), Some(Step::Write { .. }));
            ids.iter().filter(is_write).count()
        };
        for (change, at) in plan.changes().zip(0..) {
            prop_assert_eq!(of_writes(&steps[&at]), change.writes().len());
            prop_assert_eq!(change.depends_on(&plan), needed(&plan, &change));
        }
        let all: usize = steps.values().map(of_writes).sum();
        prop_assert_eq!(all as u64, plan.summary().requests);
    }

    #[test]
    fn each_step_is_handed_out_once_and_after_all_that_it_depends_on(
        world in world(),
        picks in proptest::collection::vec(any::<usize>(), 64),
    ) {
        let plan = super::plan(&world);
        let graph = graph::build(&plan).unwrap();
        let before = steps_before(&plan, &graph);
        let mut schedule = Schedule::new(&graph);
        let mut ready = Vec::new();
        let mut done = BTreeSet::new();
        let mut picks = picks.into_iter().cycle();
        loop {
            while let Some(step) = schedule.take_ready() {
                let needed = before.get(&step).cloned().unwrap_or_default();
                prop_assert!(needed.is_subset(&done), "{:?} came too early", graph.step(step));
                ready.push(step);
            }
            if ready.is_empty() {
                break;
            }
            let step = ready.swap_remove(picks.next().unwrap() % ready.len());
            prop_assert!(done.insert(step), "{:?} came twice", graph.step(step));
            schedule.finish(step, Outcome::Done);
        }
        let all: BTreeSet<StepId> = steps_by_change(&graph).into_values().flatten().collect();
        prop_assert_eq!(done, all);
    }

    #[test]
    fn a_failed_step_skips_all_that_depends_on_it_and_nothing_else(
        world in world(),
        fails in proptest::collection::vec(proptest::bool::weighted(0.3), 64),
    ) {
        let plan = super::plan(&world);
        let graph = graph::build(&plan).unwrap();
        let before = steps_before(&plan, &graph);
        let mut schedule = Schedule::new(&graph);
        let mut fails = fails.into_iter().cycle();
        let (mut handed_out, mut skipped) = (BTreeSet::new(), BTreeSet::new());
        while let Some(step) = schedule.take_ready() {
            prop_assert!(!skipped.contains(&step), "{:?} was skipped", graph.step(step));
            handed_out.insert(step);
            if !fails.next().unwrap() {
                prop_assert!(schedule.finish(step, Outcome::Done).is_empty());
                continue;
            }
            let told = schedule.finish(step, Outcome::Failed);
            prop_assert!(told.iter().all(|one| one.because == step));
            let told: BTreeSet<StepId> = told.iter().map(|one| one.step).collect();
            let expected: BTreeSet<StepId> =
                after(step, &before).difference(&skipped).copied().collect();
            prop_assert_eq!(&told, &expected);
            skipped.extend(told);
        }
        let all: BTreeSet<StepId> = steps_by_change(&graph).into_values().flatten().collect();
        prop_assert!(handed_out.is_disjoint(&skipped));
        prop_assert_eq!(handed_out.union(&skipped).copied().collect::<BTreeSet<_>>(), all);
    }
}
