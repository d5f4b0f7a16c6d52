//! The order of an apply, drawn as SVG: a box for each change, one for all mailboxes of a policy with
//! a line for each way in which they change, and lines for what comes before what. Inside of a page,
//! whose style it takes, or as an image that stands alone.

use std::io::{self, Write};

use super::escape::html;
use super::survey::{Group, Survey, loses, marks};
use super::wording::{mailboxes, visible};
use crate::graph::{Outline, OutlineBox, without_detours};
use crate::resource::Kind;

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

/// Draws as many boxes as given, with the style of the page around it.
pub(super) fn draw_inline(
    out: &mut dyn Write,
    survey: &Survey<'_>,
    whole: &Outline,
    limit: usize,
) -> io::Result<()> {
    let (boxes, width, height) = sized(survey, whole, limit);
    writeln!(
        out,
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"Boxes for changes, with arrows to what comes after; the list below says the \
         same\">"
    )?;
    write_content(out, &boxes, whole)
}

/// An image that needs nothing else: no font, no script, no request.
pub(super) fn draw_alone(
    out: &mut dyn Write,
    survey: &Survey<'_>,
    whole: &Outline,
) -> io::Result<()> {
    let (boxes, width, height) = sized(survey, whole, usize::MAX);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"title\">\n\
         <title id=\"title\">What an apply would do to {}, and in which order</title>\n\
         <style>{STYLE}</style>\n<rect class=\"page\" width=\"{width}\" height=\"{height}\"/>",
        html(&survey.plan.tenant.organization)
    )?;
    write_content(out, &boxes, whole)
}

/// Light and dark, and the loss told by a thicker line as well, since not everybody sees its colour.
const STYLE: &str = "\
.page{fill:#fff}.box rect{fill:#f4f5f7;stroke:#6b7280}.box.losing rect{stroke:#b42318;stroke-width:2}\
text{font-family:ui-monospace,Consolas,'DejaVu Sans Mono',monospace;font-size:12px;fill:#4b5563}\
.name{fill:#111827;font-weight:600}.edge{fill:none;stroke:#6b7280;stroke-width:1.5}.head{fill:#6b7280}\
@media (prefers-color-scheme:dark){.page{fill:#15181d}.box rect{fill:#22262d;stroke:#9aa3af}\
.box.losing rect{stroke:#f97066}text{fill:#b6bdc7}.name{fill:#f3f4f6}.edge{stroke:#9aa3af}\
.head{fill:#9aa3af}}";

/// The boxes column by column, each column from the top.
fn drawn(survey: &Survey<'_>, whole: &Outline, limit: usize) -> Vec<Drawn> {
    let mut filled: Vec<usize> = Vec::new();
    let mut boxes = Vec::new();
    for outlined in whole.boxes.iter().take(limit) {
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

/// The boxes, and the size of the drawing.
fn sized(survey: &Survey<'_>, whole: &Outline, limit: usize) -> (Vec<Drawn>, usize, usize) {
    let boxes = drawn(survey, whole, limit);
    let width = boxes.iter().map(|one| one.left + WIDTH).max().unwrap_or_default() + PADDING;
    let height = boxes.iter().map(|one| one.top + one.height).max().unwrap_or_default() + PADDING;
    (boxes, width, height)
}

fn write_content(out: &mut dyn Write, boxes: &[Drawn], whole: &Outline) -> io::Result<()> {
    writeln!(
        out,
        "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path class=\"head\" \
         d=\"M0 0 8 4 0 8z\"/></marker></defs>"
    )?;
    let is_drawn = |(first, after): &(usize, usize)| *first.max(after) < boxes.len();
    let edges: Vec<(usize, usize)> = whole.edges.iter().copied().filter(is_drawn).collect();
    for (first, after) in without_detours(boxes.len(), &edges) {
        let (first, after) = (&boxes[first], &boxes[after]);
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
    writeln!(out, "</svg>")
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
