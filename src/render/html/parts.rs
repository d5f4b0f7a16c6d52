//! The changes that stand on the page as such: what takes something away first, mailboxes by groups
//! with a few names. Each says in words what goes and what comes; colour only repeats it.

use std::io::{self, Write};

use super::sentence;
use crate::diagnostic::and_list;
use crate::plan::{Attribute, Change, Reversible, Value};
use crate::render::escape::html;
use crate::render::survey::{Group, Part, Survey, loses, marks, shown};
use crate::render::wording::{count, mailboxes};

/// As many stand on the page; the search finds the others.
const PARTS: usize = 60;
/// As many of those that take something away are open from the start.
const OPEN: usize = 3;

/// Writes the groups, and the changes that are not of mailboxes.
pub(super) fn write_parts(out: &mut dyn Write, survey: &Survey<'_>) -> io::Result<()> {
    let parts = survey.parts();
    if parts.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section aria-labelledby=\"groups\">\n<h2 id=\"groups\">Changes by group</h2>\n\
         <p>Mailboxes that change in the same way are one group, with the first of their names. \
         What takes something away stands first.</p>"
    )?;
    for (place, part) in parts.iter().take(PARTS).enumerate() {
        write_part(out, part, place < OPEN)?;
    }
    if let more @ 1.. = parts.len().saturating_sub(PARTS) {
        let rest = parts.iter().skip(PARTS);
        let (changes, lose) = rest
            .map(Part::tally)
            .fold((0, 0), |(changes, lose), tally| (changes + tally.all(), lose + tally.lose));
        writeln!(
            out,
            "<p class=\"refused\">{} not shown here, nor printed: {}, of which {lose} take something \
             away. The search below finds them.</p>",
            count(more as u64, "group is", "groups are"),
            count(changes, "change", "changes")
        )?;
    }
    writeln!(out, "</section>")
}

fn write_part(out: &mut dyn Write, part: &Part<'_, '_>, may_open: bool) -> io::Result<()> {
    let change = part.change();
    let is_loss = loses(&change);
    let open = if is_loss && may_open { " open" } else { "" };
    let class = if is_loss { "part losing" } else { "part" };
    write!(out, "<details class=\"{class}\"{open}><summary>")?;
    let marks = marks(&change);
    if !marks.is_empty() {
        write!(out, "<strong class=\"mark\">{}:</strong> ", marks.join(", "))?;
    }
    match part {
        Part::One(change) => {
            let address = html(&change.address().to_string());
            writeln!(out, "<code>{address}</code> {}</summary>", part.verb())?;
            writeln!(out, "<p>Why: {}</p>", sentence(&change.reason()))?;
        }
        Part::Many(place, group) => write_group_head(out, *place, group)?,
    }
    write_losses(out, &change)?;
    write_table(out, &change)?;
    writeln!(out, "</details>")
}

fn write_group_head(out: &mut dyn Write, place: usize, group: &Group<'_>) -> io::Result<()> {
    let policy = html(group.first.policy());
    let (number, types) = (mailboxes(group.number), group.types_in_words());
    writeln!(
        out,
        "<code>mailbox_audit.{policy}</code>: {number} will be changed ({types})</summary>"
    )?;
    let names = group.named.iter().map(|view| format!("<bdi>{}</bdi>", html(view.upn())));
    let names = names.collect::<Vec<_>>().join(", ");
    let more = match group.number.saturating_sub(group.named.len() as u64) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let all = match group.number {
        1 => "it".to_owned(),
        number => format!("all {number}"),
    };
    writeln!(
        out,
        "<p>{names}{more}</p>\n<p class=\"needs-script\" hidden><button type=\"button\" \
         data-group=\"{place}\">Show {all} in the list</button></p>"
    )
}

fn write_losses(out: &mut dyn Write, change: &Change<'_>) -> io::Result<()> {
    let mut lines: Vec<(&str, String)> = Vec::new();
    lines.extend(change.weakens().iter().map(|reason| ("Weakens", sentence(reason))));
    for (name, values) in change.removes() {
        lines.push(("Removes", format!("<code>{name}</code>: {}", html(&values.join(", ")))));
    }
    let leaves = change.leaves_management();
    if !leaves.is_empty() {
        let later = "actions that Microsoft adds to its default set later will not be recorded";
        lines.push(("Leaves Microsoft's management", format!("{}: {later}", and_list(&leaves))));
    }
    if let Reversible::No(reason) = change.reversible() {
        lines.push(("Cannot be undone", html(&reason)));
    }
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "<ul class=\"losses\">")?;
    for (mark, what) in lines {
        writeln!(out, "<li><strong>{mark}:</strong> {what}</li>")?;
    }
    writeln!(out, "</ul>")
}

fn write_table(out: &mut dyn Write, change: &Change<'_>) -> io::Result<()> {
    let attributes = shown(change);
    if attributes.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<table class=\"difference\">\n<thead><tr><th scope=\"col\">Attribute</th>\
         <th scope=\"col\">Before</th><th scope=\"col\">After</th></tr></thead>\n<tbody>"
    )?;
    for Attribute { name, before, after } in attributes {
        writeln!(
            out,
            "<tr><th scope=\"row\"><code>{name}</code></th><td data-side=\"Before\">{}</td>\
             <td data-side=\"After\">{}</td></tr>",
            cell(before.as_ref(), after.as_ref(), "removed"),
            cell(after.as_ref(), before.as_ref(), "added"),
        )?;
    }
    writeln!(out, "</tbody>\n</table>")
}

/// A value; of a set, what the other side lacks is marked with a word.
fn cell(value: Option<&Value<'_>>, other: Option<&Value<'_>>, mark: &str) -> String {
    match (value, other) {
        (None, _) => "<span class=\"faint\">none</span>".to_owned(),
        (Some(Value::Bool(value)), _) => value.to_string(),
        (Some(Value::Text(text)), _) => html(text),
        (Some(Value::Unknown), _) => "<span class=\"faint\">known after apply</span>".to_owned(),
        (Some(Value::Set(values)), Some(Value::Set(others))) => {
            let written = values.iter().map(|value| {
                let text = html(value);
                if others.contains(value) {
                    text
                } else {
                    format!("<span class=\"{mark}\">{text} ({mark})</span>")
                }
            });
            list(&written.collect::<Vec<_>>())
        }
        (Some(Value::Set(values)), _) => {
            list(&values.iter().map(|value| html(value)).collect::<Vec<_>>())
        }
    }
}

fn list(values: &[String]) -> String {
    if values.is_empty() {
        "<span class=\"faint\">empty</span>".to_owned()
    } else {
        values.join(", ")
    }
}
