//! The execution graph as a picture for people: Graphviz or Mermaid text, with the mailboxes of a
//! policy folded into one box each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use petgraph::dot::{Config, Dot};
use petgraph::graph::DiGraph;

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

/// Draws what a plan does and in which order.
pub fn draw(plan: &Plan, format: Format) -> String {
    let graph = fold(plan);
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

fn fold(plan: &Plan) -> DiGraph<String, ()> {
    let mut graph = DiGraph::new();
    let mut nodes = BTreeMap::new();
    for change in plan.few() {
        let address = change.address();
        nodes.insert(address.to_string(), graph.add_node(address.to_string()));
    }
    let mut policies: BTreeMap<&str, u64> = BTreeMap::new();
    for view in plan.mailboxes.iter() {
        *policies.entry(view.policy()).or_default() += 1;
    }
    let before_mailboxes = plan.before_mailboxes();
    for (policy, count) in policies {
        let word = if count == 1 { "mailbox" } else { "mailboxes" };
        let folded = graph.add_node(format!("{} ({count} {word})", Address::policy(policy)));
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
