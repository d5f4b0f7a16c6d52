//! The execution graph for those who draw it: boxes and what comes before what, with the mailboxes of a
//! policy folded into one box each.

use std::collections::BTreeMap;

use petgraph::algo::toposort;
use petgraph::algo::tred::{dag_to_toposorted_adjacency_list, dag_transitive_reduction_closure};
use petgraph::dot::{Config, Dot};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::plan::Plan;
use crate::resource::Address;

/// The picture without a language: boxes, and what comes before what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// In the order of the plan.
    pub boxes: Vec<OutlineBox>,
    /// Places of boxes: the first comes before the second.
    pub edges: Vec<(usize, usize)>,
}

/// A change, or all mailboxes of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlineBox {
    /// The address.
    pub address: Address,
    /// How many mailboxes it stands for, where it is all those of a policy.
    pub mailboxes: Option<u64>,
    /// How many boxes come before it one after another: its column.
    pub column: usize,
}

/// What a plan does and in which order, for those who draw it themselves.
pub fn outline(plan: &Plan) -> Outline {
    let graph = fold(plan);
    let mut columns = vec![0; graph.node_count()];
    // A plan whose edges ran in a circle could not be applied, and its columns do not matter.
    for at in toposort(&graph, None).unwrap_or_default() {
        let before = graph.neighbors_directed(at, petgraph::Direction::Incoming);
        let column = before.map(|first| columns[first.index()] + 1).max();
        columns[at.index()] = column.unwrap_or_default();
    }
    let boxes = graph
        .node_weights()
        .zip(&columns)
        .map(|(folded, column)| OutlineBox {
            address: folded.address.clone(),
            mailboxes: folded.mailboxes,
            column: *column,
        })
        .collect();
    let edges = graph
        .edge_indices()
        .filter_map(|edge| graph.edge_endpoints(edge))
        .map(|(first, after)| (first.index(), after.index()))
        .collect();
    Outline { boxes, edges }
}

/// The edges between so many boxes, but for those that others say together.
pub fn without_detours(boxes: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut graph: DiGraph<(), (), usize> = DiGraph::default();
    let places: Vec<_> = (0..boxes).map(|_| graph.add_node(())).collect();
    let ends = |(first, after): &(usize, usize)| Some((*places.get(*first)?, *places.get(*after)?));
    graph.extend_with_edges(edges.iter().filter_map(ends));
    // A circle has no direct way to be told from a detour.
    let Ok(order) = toposort(&graph, None) else { return edges.to_vec() };
    let (sorted, place_of) = dag_to_toposorted_adjacency_list::<_, usize>(&graph, &order);
    let (direct, _) = dag_transitive_reduction_closure(&sorted);
    let is_direct = |edge: &&(usize, usize)| {
        ends(edge).is_some_and(|(first, after)| {
            let place = |at: NodeIndex<usize>| place_of[at.index()];
            direct.contains_edge(place(first), place(after))
        })
    };
    edges.iter().filter(is_direct).copied().collect()
}

/// What a plan does and in which order, for Graphviz; `label` says what stands in a box.
pub fn dot(outline: &Outline, label: impl Fn(&OutlineBox) -> String) -> String {
    let mut graph: DiGraph<String, ()> = DiGraph::new();
    let places: Vec<_> = outline.boxes.iter().map(|one| graph.add_node(label(one))).collect();
    for (first, after) in &outline.edges {
        if let (Some(first), Some(after)) = (places.get(*first), places.get(*after)) {
            graph.add_edge(*first, *after, ());
        }
    }
    let text = Dot::with_attr_getters(
        &graph,
        &[Config::EdgeNoLabel, Config::NodeNoLabel],
        &|_, _| String::new(),
        &|_, (_, label)| format!("label = {} shape = box", quoted(label)),
    );
    format!("{text:?}")
}

/// A text in Graphviz's quotes, in which a backslash would begin an escape of its own.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A change, or the mailboxes of a policy with their number.
struct Folded {
    address: Address,
    mailboxes: Option<u64>,
}

fn fold(plan: &Plan) -> DiGraph<Folded, ()> {
    let mut graph = DiGraph::new();
    let mut nodes = BTreeMap::new();
    for change in plan.few() {
        let address = change.address();
        let folded = Folded { address: address.clone(), mailboxes: None };
        nodes.insert(address.to_string(), graph.add_node(folded));
    }
    let mut policies: BTreeMap<&str, u64> = BTreeMap::new();
    for view in plan.mailboxes.iter() {
        *policies.entry(view.policy()).or_default() += 1;
    }
    let before_mailboxes = plan.before_mailboxes();
    for (policy, count) in policies {
        let folded = Folded { address: Address::policy(policy), mailboxes: Some(count) };
        let folded = graph.add_node(folded);
        for address in &before_mailboxes {
            if let Some(first) = nodes.get(&address.to_string()) {
                graph.add_edge(*first, folded, ());
            }
        }
    }
    for change in plan.few() {
        let after = nodes.get(&change.address().to_string());
        for address in change.depends_on(plan) {
            if let (Some(first), Some(after)) = (nodes.get(&address.to_string()), after) {
                graph.add_edge(*first, *after, ());
            }
        }
    }
    graph
}
