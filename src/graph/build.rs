//! Builds the execution graph of a plan. A mailbox change depends on the tenant's switches; instead
//! of an edge for each pair, changes that wait for the same addresses share one barrier, which is
//! also where phases and canaries will hold.

use std::collections::{BTreeMap, HashMap};

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::diagnostic::{Diagnostic, and_list};
use crate::plan::{Change, IdentityChange, Plan, TenantChange};
use crate::resource::Address;

/// A step's place in its graph.
pub type StepId = NodeIndex<u32>;

/// One thing that the executor does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Sends one request of a change.
    Write {
        /// The change's place in the plan.
        change: u32,
        /// Which of its requests.
        request: u8,
    },
    /// Waits until the service agrees that the tenant is customised; it belongs to this change.
    AwaitCustomization {
        /// The change's place in the plan.
        change: u32,
    },
    /// Signs in as an application of the plan, until Exchange takes it. It belongs to no change:
    /// what it waits for is done without it.
    SignIn,
    /// Reads Exchange back: what follows takes away the identity that can.
    ReadBack,
    /// Reads back the mailboxes that were tried first: what follows is the rest.
    Canary,
    /// Does nothing; holds back what follows until everything before it is done.
    Barrier,
}

impl Step {
    /// The change that the step belongs to.
    pub fn change(self) -> Option<u32> {
        match self {
            Self::Write { change, .. } | Self::AwaitCustomization { change } => Some(change),
            Self::SignIn | Self::ReadBack | Self::Canary | Self::Barrier => None,
        }
    }
}

/// Steps with edges from what comes first to what comes after; it has no cycle.
#[derive(Debug)]
pub struct ExecutionGraph {
    graph: DiGraph<Step, (), u32>,
    /// How many steps each change of an identity chain has: they need not be neighbours.
    steps_of: BTreeMap<u32, u32>,
}

/// Changes that wait for one another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these changes depend on one another: {}", and_list(addresses))]
pub struct CycleError {
    /// The addresses in the cycle, by name.
    pub addresses: Vec<String>,
}

impl CycleError {
    /// The error as a finding.
    pub fn diagnostic(&self) -> Diagnostic {
        let names: Vec<String> = self.addresses.iter().map(|name| format!("`{name}`")).collect();
        Diagnostic::error(
            "dependency-cycle",
            "the plan's changes depend on one another in a circle",
        )
        .note(format!("none of them can be done first: {}", and_list(&names)))
        .help("remove one of the dependencies between them")
    }
}

impl ExecutionGraph {
    /// The graph itself.
    pub(crate) fn steps(&self) -> &DiGraph<Step, (), u32> {
        &self.graph
    }

    /// The step of an id.
    pub fn step(&self, id: StepId) -> Option<Step> {
        self.graph.node_weight(id).copied()
    }

    /// How many steps a change of an identity chain has; `None` for other changes, whose steps
    /// follow one another.
    pub fn scattered_steps(&self, change: u32) -> Option<u32> {
        self.steps_of.get(&change).copied()
    }

    /// How many steps there are, barriers included.
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.graph.node_count() == 0
    }
}

/// Builds the graph of a plan.
pub fn build(plan: &Plan) -> Result<ExecutionGraph, CycleError> {
    let gate = plan.sign_in.as_ref().map(|gate| gate.after.clone());
    let canary = plan.safeguards.canary_of(plan.mailboxes.len());
    let mut builder = Builder { gate, canary, ..Builder::default() };
    let before_mailboxes = plan.before_mailboxes();
    for (change, place) in plan.changes().zip(0u32..) {
        match &change {
            Change::Identity(identity) => builder.identity(identity, place),
            Change::Tenant(tenant, _) => builder.tenant(*tenant, place, &change.depends_on(plan)),
            Change::Mailbox(view) => {
                let writes = view.pattern().evaluation.writes.requests();
                let last = builder.mailbox(place, writes, &before_mailboxes);
                if plan.undoes.is_some() {
                    builder.is_awaited(Address::policy(view.policy()), last);
                }
            }
        }
    }
    builder.sign_in(plan);
    builder.finish(plan)
}

#[derive(Debug, Default)]
struct Builder {
    graph: DiGraph<Step, (), u32>,
    /// The last step of each change that others may wait for.
    ends: BTreeMap<Address, StepId>,
    /// Edges to addresses that had no step yet when they were met.
    waiting: Vec<(Address, StepId)>,
    barriers: HashMap<Vec<Address>, StepId>,
    /// What the sign-in waits for, where there is one; Exchange waits for the sign-in in its stead.
    gate: Option<Vec<Address>>,
    /// The first steps in Exchange that wait for the sign-in.
    behind_gate: Vec<StepId>,
    /// How many mailboxes are tried before the rest, the last steps of those so far, and what the rest
    /// waits for.
    canary: Option<usize>,
    tried: Vec<StepId>,
    proof: Option<StepId>,
    /// The last steps of what is done in Exchange, and the steps that come after all of it.
    exchange: Vec<StepId>,
    after_exchange: Vec<StepId>,
    /// Steps that come last in their change, with the change's address.
    finals: Vec<(Address, StepId)>,
    steps_of: BTreeMap<u32, u32>,
}

impl Builder {
    fn identity(&mut self, change: &IdentityChange, place: u32) {
        let steps = change.steps().count();
        self.steps_of.insert(place, u32::try_from(steps).unwrap_or(u32::MAX));
        let mut previous = None;
        for (request, _) in (0u8..).zip(&change.writes) {
            let step = self.graph.add_node(Step::Write { change: place, request });
            match previous {
                Some(previous) => {
                    self.graph.add_edge(previous, step, ());
                }
                None => self.begin(change, step),
            }
            previous = Some(step);
        }
        if let Some(end) = previous {
            self.ends.insert(change.address.clone(), end);
        }
        if change.finally.is_some() {
            let request = u8::try_from(change.writes.len()).unwrap_or(u8::MAX);
            let last = self.graph.add_node(Step::Write { change: place, request });
            match previous {
                Some(previous) => {
                    self.graph.add_edge(previous, last, ());
                }
                None => self.begin(change, last),
            }
            self.finals.push((change.address.clone(), last));
        }
    }

    fn begin(&mut self, change: &IdentityChange, first: StepId) {
        self.wait_for(first, &change.depends_on);
        if change.after_exchange {
            self.after_exchange.push(first);
        }
    }

    /// The sign-in follows the last steps of all that it waits for.
    fn sign_in(&mut self, plan: &Plan) {
        self.close_finals(plan);
        let Some(gate) = &self.gate else { return };
        let sign_in = self.graph.add_node(Step::SignIn);
        let finals = self.finals.iter().filter(|(address, _)| gate.contains(address));
        let ends = gate.iter().filter_map(|address| self.ends.get(address));
        let before: Vec<StepId> = finals.map(|(_, step)| step).chain(ends).copied().collect();
        for step in before {
            self.graph.add_edge(step, sign_in, ());
        }
        for step in std::mem::take(&mut self.behind_gate) {
            self.graph.add_edge(sign_in, step, ());
        }
    }

    /// A step that comes last waits for every change that depends on its own.
    fn close_finals(&mut self, plan: &Plan) {
        for (address, last) in &self.finals {
            let dependents =
                plan.identity.iter().filter(|change| change.depends_on.contains(address));
            for end in dependents.filter_map(|change| self.ends.get(&change.address)) {
                self.graph.add_edge(*end, *last, ());
            }
        }
    }

    fn tenant(&mut self, change: TenantChange, place: u32, depends_on: &[Address]) {
        let first = self.graph.add_node(Step::Write { change: place, request: 0 });
        self.wait_for(first, depends_on);
        let mut last = first;
        if change == TenantChange::Customization {
            last = self.graph.add_node(Step::AwaitCustomization { change: place });
            self.graph.add_edge(first, last, ());
        }
        self.exchange.push(last);
        self.ends.insert(change.address(), last);
    }

    fn mailbox(&mut self, place: u32, requests: u64, depends_on: &[Address]) -> Option<StepId> {
        let waits = !depends_on.is_empty() || self.gate.is_some();
        let barrier = waits.then(|| self.barrier(depends_on));
        let mut previous = self.proof_of_canary().or(barrier);
        for request in (0u8..).take(usize::try_from(requests).unwrap_or(usize::MAX)) {
            let step = self.graph.add_node(Step::Write { change: place, request });
            if let Some(previous) = previous {
                self.graph.add_edge(previous, step, ());
            }
            previous = Some(step);
        }
        self.exchange.extend(previous);
        if self.canary.is_some() && self.proof.is_none() {
            self.tried.extend(previous);
        }
        previous
    }

    /// Whoever waits for a policy waits for all of its mailboxes.
    fn is_awaited(&mut self, policy: Address, last: Option<StepId>) {
        let graph = &mut self.graph;
        let all = *self.ends.entry(policy).or_insert_with(|| graph.add_node(Step::Barrier));
        if let Some(last) = last {
            graph.add_edge(last, all, ());
        }
    }

    /// The reading back that a mailbox waits for, once as many were tried as are tried first.
    fn proof_of_canary(&mut self) -> Option<StepId> {
        if self.proof.is_none() && self.canary == Some(self.tried.len()) {
            let proof = self.graph.add_node(Step::Canary);
            for step in &self.tried {
                self.graph.add_edge(*step, proof, ());
            }
            self.proof = Some(proof);
        }
        self.proof
    }

    fn barrier(&mut self, depends_on: &[Address]) -> StepId {
        if let Some(barrier) = self.barriers.get(depends_on) {
            return *barrier;
        }
        let barrier = self.graph.add_node(Step::Barrier);
        self.wait_for(barrier, depends_on);
        self.barriers.insert(depends_on.to_vec(), barrier);
        barrier
    }

    fn wait_for(&mut self, step: StepId, depends_on: &[Address]) {
        let is_exchange = !self.graph.node_weight(step).is_some_and(|step| self.is_identity(*step));
        let gate = self.gate.as_deref().filter(|_| is_exchange);
        if gate.is_some() {
            self.behind_gate.push(step);
        }
        for address in depends_on {
            if !gate.is_some_and(|gate| gate.contains(address)) {
                self.waiting.push((address.clone(), step));
            }
        }
    }

    fn is_identity(&self, step: Step) -> bool {
        step.change().is_some_and(|change| self.steps_of.contains_key(&change))
    }

    /// What removes the identity that works on Exchange waits until all of that is done and proved.
    fn hold_until_exchange_is_proved(&mut self) {
        if self.after_exchange.is_empty() || self.exchange.is_empty() {
            return;
        }
        let read_back = self.graph.add_node(Step::ReadBack);
        for step in std::mem::take(&mut self.exchange) {
            self.graph.add_edge(step, read_back, ());
        }
        for step in std::mem::take(&mut self.after_exchange) {
            self.graph.add_edge(read_back, step, ());
        }
    }

    fn finish(mut self, plan: &Plan) -> Result<ExecutionGraph, CycleError> {
        self.hold_until_exchange_is_proved();
        for (address, step) in std::mem::take(&mut self.waiting) {
            if let Some(end) = self.ends.get(&address) {
                self.graph.add_edge(*end, step, ());
            }
        }
        refuse_cycles(&self.graph, |step| {
            let change = plan.get(step.change()? as usize)?;
            Some(change.address().to_string())
        })?;
        Ok(ExecutionGraph { graph: self.graph, steps_of: self.steps_of })
    }
}

fn refuse_cycles(
    graph: &DiGraph<Step, (), u32>,
    name: impl Fn(Step) -> Option<String>,
) -> Result<(), CycleError> {
    if toposort(graph, None).is_ok() {
        return Ok(());
    }
    let mut addresses: Vec<String> = tarjan_scc(graph)
        .into_iter()
        .filter(|members| {
            members.len() > 1 || members.iter().any(|step| graph.contains_edge(*step, *step))
        })
        .flatten()
        .filter_map(|step| graph.node_weight(step).copied().and_then(&name))
        .collect();
    addresses.sort();
    addresses.dedup();
    Err(CycleError { addresses })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_an_error_that_names_its_addresses_and_no_others() {
        let mut graph = DiGraph::default();
        let steps: Vec<StepId> =
            (0..3).map(|change| graph.add_node(Step::Write { change, request: 0 })).collect();
        graph.add_edge(steps[0], steps[1], ());
        graph.add_edge(steps[1], steps[0], ());
        graph.add_edge(steps[1], steps[2], ());
        let found = refuse_cycles(&graph, |step| step.change().map(|at| format!("change.{at}")));
        let addresses = vec!["change.0".to_owned(), "change.1".to_owned()];
        assert_eq!(found, Err(CycleError { addresses }));
    }
}
