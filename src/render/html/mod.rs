//! The plan as one page for a browser: what is taken away, counts, the order as a picture, groups
//! with what each has before and after, and all changes to search through. The page holds all it
//! needs and asks for nothing: its policy forbids every request, and allows the one script and the
//! one style sheet that are in it by their digests. Without scripts everything is there but the
//! search.
//!
//! - `parts`: the changes that stand on the page as such, with their tables.
//! - `picture`: the order of an apply, drawn.
//! - `data`: every change, for the script, compact and unable to end the element that it is in.
//! - `style.css`, and `model.js`, `list.js`, `page.js`, which are one script.
//!
//! Written as a stream. What is kept grows with the number of patterns, not of mailboxes.

mod data;
mod parts;
mod picture;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::checks;
use super::escape::html;
use super::provenance::{Provenance, observed};
use super::selection::{left_out, narrowed};
use super::survey::{Survey, Tally};
use super::wording::{nothing_to_do, refusal, requests};
use crate::plan::Plan;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str =
    concat!(include_str!("model.js"), include_str!("list.js"), include_str!("page.js"));

/// Writes the plan as a page.
pub fn write_html(out: &mut dyn Write, plan: &Plan, provenance: &Provenance) -> io::Result<()> {
    let survey = Survey::of(plan);
    // A browser takes a digest of what it has read, and it reads every end of line as one character.
    let [style, script] = [STYLE, SCRIPT].map(|asset| asset.replace("\r\n", "\n"));
    write_head(out, &survey, &style, &script)?;
    write_title(out, plan, provenance)?;
    writeln!(out, "<main>")?;
    write_looser(out, provenance)?;
    write_losses(out, &survey)?;
    checks::write_html(out, &plan.checks, sentence)?;
    write_summary(out, &survey)?;
    write_approval(out, provenance)?;
    picture::write_order(out, &survey)?;
    parts::write_parts(out, &survey)?;
    if !plan.is_empty() {
        out.write_all(EXPLORER.as_bytes())?;
    }
    write_notes(out, plan)?;
    writeln!(out, "</main>")?;
    data::write_data(out, &survey)?;
    writeln!(out, "<script>{script}</script>\n</body>\n</html>")
}

/// A digest as a content security policy names it.
fn source(asset: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(asset.as_bytes())))
}

fn write_head(
    out: &mut dyn Write,
    survey: &Survey<'_>,
    style: &str,
    script: &str,
) -> io::Result<()> {
    let (style_source, script_source) = (source(style), source(script));
    let organization = html(&survey.plan.tenant.organization);
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         script-src {script_source}; style-src {style_source}; base-uri 'none'; \
         form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Plan for {organization} - Auditform</title>\n<style>{style}</style>\n</head>\n\
         <body>"
    )
}

fn write_title(out: &mut dyn Write, plan: &Plan, provenance: &Provenance) -> io::Result<()> {
    let organization = html(&plan.tenant.organization);
    if !plan.is_empty() {
        let skip =
            "<a class=\"skip needs-script\" href=\"#explorer\" hidden>Skip to all changes</a>";
        writeln!(out, "{skip}")?;
    }
    writeln!(
        out,
        "<header>\n<p class=\"product\">Auditform plan</p>\n<h1>{organization}</h1>\n\
         <dl class=\"facts\">\n<div><dt>Tenant</dt><dd><code>{}</code></dd></div>",
        plan.tenant.id
    )?;
    for (name, part) in provenance.origin() {
        writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", html(&part))?;
    }
    writeln!(out, "</dl>\n</header>")
}

fn write_losses(out: &mut dyn Write, survey: &Survey<'_>) -> io::Result<()> {
    for (number, (title, losses)) in (1..).zip(survey.losses().titled()) {
        writeln!(
            out,
            "<section class=\"loss\" aria-labelledby=\"loss-{number}\">\n\
             <h2 id=\"loss-{number}\">{title}</h2>\n<ul>"
        )?;
        for loss in losses.iter().take(LOSSES) {
            writeln!(out, "<li>{}</li>", sentence(loss))?;
        }
        if let more @ 1.. = losses.len().saturating_sub(LOSSES) {
            writeln!(out, "<li>and {more} more, each with its change below</li>")?;
        }
        writeln!(out, "</ul>\n</section>")?;
    }
    Ok(())
}

/// As many losses stand at the top.
const LOSSES: usize = 100;

/// A sentence in which names between backticks are set as code.
fn sentence(text: &str) -> String {
    let balanced = text.matches('`').count().is_multiple_of(2);
    if !balanced {
        return html(text);
    }
    let pieces = text.split('`').zip([false, true].into_iter().cycle());
    pieces.fold(String::new(), |written, (piece, is_code)| {
        let piece = html(piece);
        written + &if is_code { format!("<code>{piece}</code>") } else { piece }
    })
}

fn write_looser(out: &mut dyn Write, provenance: &Provenance) -> io::Result<()> {
    let Some(looser) = &provenance.looser else { return Ok(()) };
    let headline = sentence(&looser.headline());
    writeln!(out, "<p class=\"refused\"><strong>{headline}:</strong></p>\n<ul>")?;
    for way in &looser.ways {
        writeln!(out, "<li>{}</li>", sentence(way))?;
    }
    writeln!(out, "</ul>")
}

fn write_summary(out: &mut dyn Write, survey: &Survey<'_>) -> io::Result<()> {
    let plan = survey.plan;
    let summary = plan.summary();
    writeln!(
        out,
        "<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">Summary</h2>\n\
         <dl class=\"counts\">"
    )?;
    for (name, words, number) in [
        ("create", "to create", summary.create),
        ("change", "to change", summary.change),
        ("delete", "to delete", summary.delete),
        ("unchanged", "unchanged", summary.unchanged),
        ("weaken", "weaken", survey.tally.weaken),
        ("remove", "remove values", survey.tally.remove),
        ("irreversible", "cannot be undone", survey.tally.irreversible),
    ] {
        let loud = matches!(name, "delete" | "weaken" | "remove" | "irreversible") && number > 0;
        let class = if loud { " class=\"loud\"" } else { "" };
        writeln!(out, "<div{class}><dt>{words}</dt><dd data-count=\"{name}\">{number}</dd></div>")?;
    }
    writeln!(out, "</dl>")?;
    for allowance in &plan.safeguards.allowances {
        writeln!(
            out,
            "<p class=\"refused\"><strong>Allowed in this run, beyond the spec:</strong> {}.</p>",
            sentence(&allowance.to_string())
        )?;
    }
    write_selection(out, plan)?;
    for reason in &plan.refused {
        writeln!(
            out,
            "<p class=\"refused\"><strong>Refused:</strong> {}.</p>",
            sentence(&refusal(reason))
        )?;
    }
    let organization = format!("<bdi>{}</bdi>", html(&plan.tenant.organization));
    if let Some([first, rest]) = nothing_to_do(plan, &organization) {
        writeln!(out, "<p><strong>{first}</strong>{rest}</p>")?;
    }
    if plan.is_empty() {
        return writeln!(out, "</section>");
    }
    let (writes, reads) = (requests(summary.requests), requests(summary.reads));
    writeln!(out, "<p>Applying it takes {writes} to write and {reads} to read back.</p>")?;
    write_sections(out, survey)?;
    writeln!(out, "</section>")
}

/// That this is not made from the tenant itself, or not the whole plan, and what it left out.
fn write_selection(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    if let Some(words) = observed(plan) {
        let words = html(&words);
        writeln!(out, "<p class=\"refused\"><strong>From a snapshot:</strong> {words}.</p>")?;
    }
    if let Some((name, words)) = narrowed(plan) {
        let words = sentence(&words);
        writeln!(out, "<p class=\"refused\"><strong>{name}:</strong> {words}.</p>")?;
    }
    for (name, words) in left_out(plan) {
        writeln!(out, "<p><strong>{name}:</strong> {}.</p>", sentence(&words))?;
    }
    Ok(())
}

fn write_sections(out: &mut dyn Write, survey: &Survey<'_>) -> io::Result<()> {
    writeln!(
        out,
        "<div class=\"scroll\" role=\"region\" aria-label=\"Counts\" tabindex=\"0\">\n<table>\n\
         <caption>Changes by kind and policy</caption>\n<thead><tr><th scope=\"col\">Changes of</th>\
         <th scope=\"col\">Create</th><th scope=\"col\">Change</th><th scope=\"col\">Delete</th>\
         <th scope=\"col\">Weaken</th><th scope=\"col\">Remove values</th>\
         <th scope=\"col\">Mailboxes</th></tr></thead>\n<tbody>"
    )?;
    for section in survey.sections() {
        let Tally { create, change, delete, weaken, remove, .. } = section.tally;
        let types = section.types.iter().map(|(kind, number)| format!("{number} {kind}"));
        write!(out, "<tr><th scope=\"row\"><code>{}</code></th>", html(&section.name))?;
        for number in [create, change, delete, weaken, remove] {
            write!(out, "<td class=\"number\">{number}</td>")?;
        }
        writeln!(out, "<td>{}</td></tr>", types.collect::<Vec<_>>().join(", "))?;
    }
    writeln!(out, "</tbody>\n</table>\n</div>")
}

fn write_approval(out: &mut dyn Write, provenance: &Provenance) -> io::Result<()> {
    let Some(digest) = &provenance.digest else { return Ok(()) };
    writeln!(
        out,
        "<section aria-labelledby=\"approve\">\n<h2 id=\"approve\">Digest to approve</h2>\n\
         <p class=\"digest\"><code id=\"digest\">{}</code>\n\
         <button type=\"button\" id=\"copy\" class=\"needs-script\" hidden>Copy</button>\n\
         <span id=\"copied\" role=\"status\"></span></p>\n\
         <p>It stands for exactly this plan: another plan has another digest.</p>\n</section>",
        html(digest)
    )
}

fn write_notes(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let deferred = plan.deferred.iter().map(|address| (address, "known after sign-in"));
    let unread = plan.unread.iter().map(|address| (address, "not read"));
    let pending = plan.pending.iter().map(|address| {
        (
            address,
            "switched within the last hour and still reads the old value, so not planned again",
        )
    });
    let mut addresses = deferred.chain(unread).chain(pending).peekable();
    if addresses.peek().is_none() && plan.notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section aria-labelledby=\"notes\">\n<h2 id=\"notes\">Notes</h2>\n<ul>")?;
    for (address, what) in addresses {
        writeln!(out, "<li><code>{}</code>: {what}</li>", html(&address.to_string()))?;
    }
    for note in &plan.notes {
        writeln!(out, "<li>{}</li>", sentence(note))?;
    }
    writeln!(out, "</ul>\n</section>")
}

/// The search, which the script fills. It is not shown where no script runs.
const EXPLORER: &str = include_str!("explorer.html");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_assets_cannot_end_the_elements_that_they_are_in() {
        assert!(!SCRIPT.to_lowercase().contains("</script") && !SCRIPT.contains("<!--"));
        assert!(!STYLE.to_lowercase().contains("</style"));
    }

    #[test]
    fn the_script_makes_no_request_and_reads_no_markup() {
        for word in [
            "fetch(",
            "XMLHttpRequest",
            "innerHTML",
            "insertAdjacentHTML",
            "eval(",
            "http:",
            "https:",
        ] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
    }
}
