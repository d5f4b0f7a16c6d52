//! The order of an apply as a drawing: a box for each change, one for all mailboxes of a policy with
//! a line for each way in which they change, and lines for what comes before what. The same stands
//! below it as a list, for those who do not see the drawing.

use std::io::{self, Write};

use crate::graph::{Outline, OutlineBox, outline};
use crate::render::escape::html;
use crate::render::survey::{Group, Survey, loses, marks};
use crate::render::wording::{mailboxes, visible};
use crate::resource::Kind;

/// As many boxes are drawn; a reader could not follow more.
const BOXES: usize = 40;
/// As many ways to change are named in the box of a policy.
const WAYS: usize = 5;

const WIDTH: usize = 196;
const LINE: usize = 18;
const PADDING: usize = 10;
const GAP: usize = 18;
const BETWEEN: usize = 34;
/// As many letters stand in a line of a box.
const LETTERS: usize = 24;

/// A box with its place.
struct Drawn {
    lines: Vec<String>,
    title: String,
    is_loss: bool,
    left: usize,
    top: usize,
    height: usize,
}

/// Writes the drawing and the list.
pub(super) fn write_order(out: &mut dyn Write, survey: &Survey<'_>) -> io::Result<()> {
    let whole = outline(survey.plan);
    if whole.boxes.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section aria-labelledby=\"order\">\n<h2 id=\"order\">What comes before what</h2>\n<figure>"
    )?;
    let edges = without_detours(&whole.edges);
    write_drawing(out, &drawn(survey, &whole), &edges)?;
    writeln!(out, "</figure>")?;
    if whole.boxes.len() > BOXES {
        let all = whole.boxes.len();
        writeln!(
            out,
            "<p>{BOXES} of {all} boxes are drawn and listed; <code>auditform graph</code> draws all \
             of them.</p>"
        )?;
    }
    write_list(out, &whole)?;
    writeln!(out, "</section>")
}

/// The edges between boxes that are drawn, but for those that others say together.
fn without_detours(edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let drawn: Vec<(usize, usize)> =
        edges.iter().filter(|(first, after)| *first.max(after) < BOXES).copied().collect();
    let mut comes_after = vec![[false; BOXES]; BOXES];
    // As often as a way can be long; most ways are short.
    for _ in 0..BOXES {
        for (first, after) in &drawn {
            comes_after[*first][*after] = true;
            let beyond = comes_after[*after];
            let row = comes_after[*first].iter_mut().zip(beyond);
            row.for_each(|(known, new)| *known |= new);
        }
    }
    let said_by_others = |first: usize, after: usize| {
        drawn.iter().any(|(start, next)| *start == first && comes_after[*next][after])
    };
    drawn.iter().filter(|(first, after)| !said_by_others(*first, *after)).copied().collect()
}

/// The boxes column by column, each column from the top.
fn drawn(survey: &Survey<'_>, whole: &Outline) -> Vec<Drawn> {
    let mut filled: Vec<usize> = Vec::new();
    let mut boxes = Vec::new();
    for outlined in whole.boxes.iter().take(BOXES) {
        let column = outlined.column;
        if filled.len() <= column {
            filled.resize(column + 1, PADDING);
        }
        let (lines, is_loss) = content(survey, outlined);
        let height = lines.len() * LINE + 2 * PADDING;
        let (left, top) = (PADDING + column * (WIDTH + BETWEEN), filled[column]);
        filled[column] += height + GAP;
        let title = visible(&outlined.address.to_string()).into_owned();
        boxes.push(Drawn { lines, title, is_loss, left, top, height });
    }
    boxes
}

/// The lines of a box, and whether it takes something away.
fn content(survey: &Survey<'_>, outlined: &OutlineBox) -> (Vec<String>, bool) {
    let address = &outlined.address;
    let name = address.name().unwrap_or_default();
    if address.kind() == Kind::MailboxAudit {
        let groups: Vec<&Group<'_>> =
            survey.groups.iter().filter(|group| group.first.policy() == name).collect();
        return policy_content(&address.to_string(), &groups);
    }
    let mut change = survey.plan.few().filter(|change| change.address() == *address);
    let found = change.next();
    let marks = found.map(|change| marks(&change)).unwrap_or_default();
    let head = match name {
        "" => address.kind().name().to_owned(),
        name => format!("{}.{name}", address.kind().name()),
    };
    let mut lines = vec![head];
    lines.extend(address.key().map(str::to_owned));
    if !marks.is_empty() {
        lines.push(marks.join(", "));
    }
    (lines, found.is_some_and(|change| loses(&change)))
}

fn policy_content(address: &str, groups: &[&Group<'_>]) -> (Vec<String>, bool) {
    let mut lines = vec![address.to_owned()];
    for group in groups.iter().take(WAYS) {
        let change = group.change();
        let mark = marks(&change).first().map_or_else(String::new, |mark| format!(", {mark}"));
        lines.push(format!("{}{mark}", mailboxes(group.number)));
    }
    if let more @ 1.. = groups.len().saturating_sub(WAYS) {
        let number = groups.iter().skip(WAYS).map(|group| group.number).sum();
        lines.push(format!("{} in {more} more ways", mailboxes(number)));
    }
    (lines, groups.iter().any(|group| loses(&group.change())))
}

fn write_drawing(out: &mut dyn Write, boxes: &[Drawn], edges: &[(usize, usize)]) -> io::Result<()> {
    let width = boxes.iter().map(|one| one.left + WIDTH).max().unwrap_or_default() + PADDING;
    let height = boxes.iter().map(|one| one.top + one.height).max().unwrap_or_default() + PADDING;
    writeln!(
        out,
        "<div class=\"scroll\" role=\"region\" aria-label=\"Drawing of the order\" tabindex=\"0\">\n\
         <svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"Boxes for changes, with arrows to what comes after; the list below says the \
         same\">\n<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path class=\"head\" \
         d=\"M0 0 8 4 0 8z\"/></marker></defs>"
    )?;
    for (first, after) in edges {
        let (Some(first), Some(after)) = (boxes.get(*first), boxes.get(*after)) else { continue };
        let (x, y) = (first.left + WIDTH, first.top + first.height / 2);
        let (to_x, to_y) = (after.left, after.top + after.height / 2);
        let bend = x.midpoint(to_x);
        writeln!(
            out,
            "<path class=\"edge\" d=\"M{x} {y}C{bend} {y} {bend} {to_y} {to_x} {to_y}\" \
             marker-end=\"url(#arrow)\"/>"
        )?;
    }
    boxes.iter().try_for_each(|one| write_box(out, one))?;
    writeln!(out, "</svg>\n</div>")
}

fn write_box(out: &mut dyn Write, drawn: &Drawn) -> io::Result<()> {
    let Drawn { left, top, height, .. } = drawn;
    let class = if drawn.is_loss { "box losing" } else { "box" };
    writeln!(
        out,
        "<g class=\"{class}\"><title>{}</title><rect x=\"{left}\" y=\"{top}\" width=\"{WIDTH}\" \
         height=\"{height}\" rx=\"6\"/>",
        html(&drawn.title)
    )?;
    for (place, line) in (1..).zip(&drawn.lines) {
        let (x, y) = (left + PADDING, top + PADDING + place * LINE - 5);
        let class = if place == 1 { " class=\"name\"" } else { "" };
        writeln!(out, "<text{class} x=\"{x}\" y=\"{y}\">{}</text>", html(&shortened(line)))?;
    }
    writeln!(out, "</g>")
}

/// The beginning of a line that would not fit.
fn shortened(line: &str) -> String {
    let line = visible(line);
    match line.char_indices().nth(LETTERS - 1) {
        Some((end, _)) if line.chars().count() > LETTERS => format!("{}\u{2026}", &line[..end]),
        _ => line.into_owned(),
    }
}

fn write_list(out: &mut dyn Write, whole: &Outline) -> io::Result<()> {
    writeln!(out, "<details><summary>The order as a list</summary>\n<ol>")?;
    let mut places: Vec<usize> = (0..whole.boxes.len().min(BOXES)).collect();
    places.sort_by_key(|place| whole.boxes[*place].column);
    for place in places {
        let name = |at: usize| {
            whole.boxes.get(at).map_or_else(String::new, |outlined| {
                format!("<code>{}</code>", html(&outlined.address.to_string()))
            })
        };
        let before = whole.edges.iter().filter(|(_, after)| *after == place);
        let before: Vec<String> = before.map(|(first, _)| name(*first)).collect();
        let after = if before.is_empty() {
            String::new()
        } else {
            format!(", after {}", before.join(", "))
        };
        writeln!(out, "<li>{}{after}</li>", name(place))?;
    }
    writeln!(out, "</ol>\n</details>")
}
