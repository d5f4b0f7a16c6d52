//! Builds the execution graph of a plan. A mailbox change depends on the tenant's switches; instead
//! of an edge for each pair, changes that wait for the same addresses share one barrier, which is
//! also where phases and canaries will hold.

use std::collections::{BTreeMap, HashMap};

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::diagnostic::{Diagnostic, and_list};
use crate::plan::{Change, Plan, TenantChange};
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
    /// Does nothing; holds back what follows until everything before it is done.
    Barrier,
}

impl Step {
    /// The change that the step belongs to.
    pub fn change(self) -> Option<u32> {
        match self {
            Self::Write { change, .. } | Self::AwaitCustomization { change } => Some(change),
            Self::Barrier => None,
        }
    }
}

/// Steps with edges from what comes first to what comes after; it has no cycle.
#[derive(Debug)]
pub struct ExecutionGraph {
    graph: DiGraph<Step, (), u32>,
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
    let mut builder = Builder::default();
    let before_mailboxes = plan.before_mailboxes();
    for (change, place) in plan.changes().zip(0u32..) {
        match &change {
            Change::Tenant(tenant) => builder.tenant(*tenant, place, &change.depends_on(plan)),
            Change::Mailbox(view) => {
                let writes = view.pattern().evaluation.writes.requests();
                builder.mailbox(place, writes, &before_mailboxes);
            }
        }
    }
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
}

impl Builder {
    fn tenant(&mut self, change: TenantChange, place: u32, depends_on: &[Address]) {
        let first = self.graph.add_node(Step::Write { change: place, request: 0 });
        self.wait_for(first, depends_on);
        let mut last = first;
        if change == TenantChange::Customization {
            last = self.graph.add_node(Step::AwaitCustomization { change: place });
            self.graph.add_edge(first, last, ());
        }
        self.ends.insert(change.address(), last);
    }

    fn mailbox(&mut self, place: u32, requests: u64, depends_on: &[Address]) {
        let barrier = (!depends_on.is_empty()).then(|| self.barrier(depends_on));
        let mut previous = barrier;
        for request in (0u8..).take(usize::try_from(requests).unwrap_or(usize::MAX)) {
            let step = self.graph.add_node(Step::Write { change: place, request });
            if let Some(previous) = previous {
                self.graph.add_edge(previous, step, ());
            }
            previous = Some(step);
        }
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
        self.waiting.extend(depends_on.iter().map(|address| (address.clone(), step)));
    }

    fn finish(mut self, plan: &Plan) -> Result<ExecutionGraph, CycleError> {
        for (address, step) in std::mem::take(&mut self.waiting) {
            if let Some(end) = self.ends.get(&address) {
                self.graph.add_edge(*end, step, ());
            }
        }
        refuse_cycles(&self.graph, |step| {
            let change = plan.get(step.change()? as usize)?;
            Some(change.address().to_string())
        })?;
        Ok(ExecutionGraph { graph: self.graph })
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
