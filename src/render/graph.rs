//! What an apply would do and in which order, as a text, for Graphviz, for Mermaid, or as an image. The
//! mailboxes of a policy are one box. Names come from the tenant and may hold anything: none of them
//! ends a label, adds a box or a line, or hides.

use std::io::{self, Write};

use super::drawing::draw_alone;
use super::survey::Survey;
use super::wording::{mailboxes, visible};
use crate::diagnostic::and_list;
use crate::graph::{Outline, OutlineBox, dot, outline};
use crate::plan::Plan;

/// How the order is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphFormat {
    /// For people.
    Text,
    /// Graphviz.
    Dot,
    /// Mermaid, which many sites show inside Markdown.
    Mermaid,
    /// An image.
    Svg,
}

/// Writes the order of a plan.
pub fn write_graph(out: &mut dyn Write, plan: &Plan, format: GraphFormat) -> io::Result<()> {
    let whole = outline(plan);
    match format {
        GraphFormat::Text => text(out, &whole),
        GraphFormat::Dot => out.write_all(dot(&whole, label).as_bytes()),
        GraphFormat::Mermaid => mermaid(out, &whole),
        GraphFormat::Svg => draw_alone(out, &Survey::of(plan), &whole),
    }
}

/// What stands in a box.
fn label(outlined: &OutlineBox) -> String {
    let address = outlined.address.to_string();
    let address = visible(&address);
    match outlined.mailboxes {
        None => address.into_owned(),
        Some(number) => format!("{address} ({})", mailboxes(number)),
    }
}

fn text(out: &mut dyn Write, whole: &Outline) -> io::Result<()> {
    if whole.boxes.is_empty() {
        return writeln!(out, "There is nothing to do.");
    }
    let mut places: Vec<usize> = (0..whole.boxes.len()).collect();
    places.sort_by_key(|place| whole.boxes[*place].column);
    for place in places {
        writeln!(out, "{}", label(&whole.boxes[place]))?;
        let before = whole.edges.iter().filter(|(_, after)| *after == place);
        let names: Vec<String> = before
            .filter_map(|(first, _)| whole.boxes.get(*first))
            .map(|first| visible(&first.address.to_string()).into_owned())
            .collect();
        if !names.is_empty() {
            writeln!(out, "    after {}", and_list(&names))?;
        }
    }
    Ok(())
}

fn mermaid(out: &mut dyn Write, whole: &Outline) -> io::Result<()> {
    writeln!(out, "graph LR")?;
    for (place, outlined) in whole.boxes.iter().enumerate() {
        writeln!(out, "    n{place}[\"{}\"]", entities(&label(outlined)))?;
    }
    let mut edges = whole.edges.iter();
    edges.try_for_each(|(first, after)| writeln!(out, "    n{first} --> n{after}"))
}

/// A text as Mermaid's label: what would end it, begin a comment, or be HTML or Markdown in it, as entities.
fn entities(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' => escaped.push_str("#quot;"),
            '#' => escaped.push_str("#35;"),
            '&' => escaped.push_str("#amp;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '%' => escaped.push_str("#37;"),
            '`' => escaped.push_str("#96;"),
            '\\' => escaped.push_str("#92;"),
            other => escaped.push(other),
        }
    }
    escaped
}
