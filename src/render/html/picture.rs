//! The order of an apply as a drawing, and below it the same as a list, for those who do not see the
//! drawing.

use std::io::{self, Write};

use crate::graph::{Outline, outline};
use crate::render::drawing::draw_inline;
use crate::render::escape::html;
use crate::render::survey::Survey;

/// As many boxes are drawn; a reader could not follow more.
const BOXES: usize = 40;

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
    writeln!(
        out,
        "<div class=\"scroll\" role=\"region\" aria-label=\"Drawing of the order\" tabindex=\"0\">"
    )?;
    draw_inline(out, survey, &whole, BOXES)?;
    writeln!(out, "</div>\n</figure>")?;
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
