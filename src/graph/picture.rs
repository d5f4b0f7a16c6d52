//! The execution graph as a picture for people: Graphviz or Mermaid text, with the mailboxes of a
//! policy folded into one box each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use petgraph::algo::toposort;
use petgraph::dot::{Config, Dot};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::plan::Plan;
use crate::resource::Address;

/// In which language the picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Graphviz.
    Dot,
    /// Mermaid, which many sites show inside Markdown.
    Mermaid,
}

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
    /// How many boxes come before it one after another: its column.
    pub column: usize,
}

/// What a plan does and in which order, for those who draw it themselves.
pub fn outline(plan: &Plan) -> Outline {
    let graph = fold(plan).map(|_, folded| folded.address.clone(), |_, ()| ());
    let mut columns = vec![0; graph.node_count()];
    // A plan whose edges ran in a circle could not be applied, and its columns do not matter.
    for at in toposort(&graph, None).unwrap_or_default() {
        let before = graph.neighbors_directed(at, petgraph::Direction::Incoming);
        let column = before.map(|first| columns[first.index()] + 1).max();
        columns[at.index()] = column.unwrap_or_default();
    }
    let address_of = |at: NodeIndex| graph.node_weight(at).cloned();
    let boxes = graph
        .node_indices()
        .zip(&columns)
        .filter_map(|(at, column)| Some(OutlineBox { address: address_of(at)?, column: *column }))
        .collect();
    let edges = graph
        .edge_indices()
        .filter_map(|edge| graph.edge_endpoints(edge))
        .map(|(first, after)| (first.index(), after.index()))
        .collect();
    Outline { boxes, edges }
}

/// Draws what a plan does and in which order.
pub fn draw(plan: &Plan, format: Format) -> String {
    let graph = fold(plan).map(|_, folded| folded.to_string(), |_, ()| ());
    match format {
        Format::Dot => format!(
            "{:?}",
            Dot::with_attr_getters(
                &graph,
                &[Config::EdgeNoLabel, Config::NodeNoLabel],
                &|_, _| String::new(),
                &|_, (_, label)| format!("label = {label:?} shape = box"),
            )
        ),
        Format::Mermaid => mermaid(&graph),
    }
}

/// A change, or the mailboxes of a policy with their number.
struct Folded {
    address: Address,
    mailboxes: Option<u64>,
}

impl std::fmt::Display for Folded {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.mailboxes {
            None => write!(formatter, "{}", self.address),
            Some(1) => write!(formatter, "{} (1 mailbox)", self.address),
            Some(number) => write!(formatter, "{} ({number} mailboxes)", self.address),
        }
    }
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

fn mermaid(graph: &DiGraph<String, ()>) -> String {
    let mut text = String::from("graph LR\n");
    for node in graph.node_indices() {
        let label = graph.node_weight(node).map_or("", String::as_str).replace('"', "#quot;");
        let _ = writeln!(text, "    n{}[\"{label}\"]", node.index());
    }
    for edge in graph.edge_indices() {
        if let Some((from, to)) = graph.edge_endpoints(edge) {
            let _ = writeln!(text, "    n{} --> n{}", from.index(), to.index());
        }
    }
    text
}
