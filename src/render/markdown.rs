//! The plan as Markdown for the comment of a pull request. What is taken away comes first and stays
//! open, the rest is folded, and all of it fits the comment of a forge however large the plan is:
//! what does not is counted and said. Nothing that comes from the tenant can become a link, an image,
//! an element or a mention.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::attribute::{Fate, SetLine, plain, set_lines};
use super::checks;
use super::escape::{code, html, longest_run, prose};
use super::plan_text::{Detail, TextOptions};
use super::provenance::{Provenance, observed};
use super::selection::{left_out, narrowed};
use super::survey::{Group, Losses, Part, Survey, Tally, loses, shown};
use super::wording::{count, mailboxes, nothing_to_do, refusal, requests, sorts, visible};
use crate::diagnostic::and_list;
use crate::plan::{Attribute, Change, Plan, Reversible, Value};

/// What a comment on GitHub can hold, in characters. No byte more is written, which holds for
/// characters too.
pub const COMMENT: usize = 65_536;

/// What each part may take, so that one cannot crowd out the others, in bytes. The changes take what
/// is left.
const LOSSES: usize = 16_000;
const COUNTS: usize = 8_000;
const REFUSED: usize = 4_000;
const CHECKS: usize = 8_000;
const NOTES: usize = 8_000;
/// The names of one group, where all are asked for.
const NAMES: usize = 8_000;
/// The sentence that says what is left out.
const LEFT_OUT: usize = 400;

/// Writes the plan as Markdown.
pub fn write_markdown(
    out: &mut dyn Write,
    plan: &Plan,
    provenance: &Provenance,
    options: TextOptions,
) -> io::Result<()> {
    let survey = Survey::of(plan);
    let end = end(plan, provenance);
    let mut text = head(&survey, provenance);
    let mut left_out = Tally::default();
    if options.detail != Detail::Summary {
        let room = COMMENT.saturating_sub(end.len() + LEFT_OUT);
        left_out = add_changes(&mut text, room, &survey, options);
    }
    if left_out.all() > 0 {
        let losing = left_out.lose;
        let _ = writeln!(
            text,
            "**Left out, so that this fits a comment:** {}, of which {losing} take something away \
             that is counted above. The text with `--full` and the HTML page show all of them.\n",
            count(left_out.all(), "change", "changes")
        );
    }
    text.push_str(&end);
    out.write_all(text.as_bytes())
}

fn head(survey: &Survey<'_>, provenance: &Provenance) -> String {
    let plan = survey.plan;
    let mut text = format!("## Auditform: plan for {}\n\n", code(&plan.tenant.organization));
    if let Some(looser) = &provenance.looser {
        let _ = writeln!(text, "**{}:**\n", prose(&looser.headline()));
        let ways = looser.ways.iter().map(|way| format!("- {}\n", prose(way)));
        let more = add_while_room(&mut text, &mut { REFUSED }, ways);
        if more > 0 {
            let _ = writeln!(text, "- and {more} more");
        }
        text.push('\n');
    }
    for allowance in &plan.safeguards.allowances {
        let allowance = prose(&allowance.to_string());
        let _ = writeln!(text, "**Allowed in this run, beyond the spec:** {allowance}.\n");
    }
    if let Some(words) = observed(plan) {
        let _ = writeln!(text, "**From a snapshot:** {words}.\n");
    }
    if let Some((name, words)) = narrowed(plan) {
        let _ = writeln!(text, "**{name}:** {}.\n", prose(&words));
    }
    if let Some([first, rest]) = nothing_to_do(plan, &code(&plan.tenant.organization)) {
        let _ = writeln!(text, "**{first}**{rest}\n");
    }
    add_losses(&mut text, &survey.losses());
    add_checks(&mut text, plan);
    add_sum(&mut text, survey);
    let lines = left_out(plan).into_iter();
    let lines = lines.map(|(name, words)| format!("**{name}:** {}.\n\n", prose(&words)));
    let more = add_while_room(&mut text, &mut { REFUSED }, lines);
    if more > 0 {
        let _ = writeln!(text, "and {more} more of what was left out.\n");
    }
    let refused = plan.refused.iter();
    let refused = refused.map(|reason| format!("**Refused:** {}.\n\n", prose(&refusal(reason))));
    let more = add_while_room(&mut text, &mut { REFUSED }, refused);
    if more > 0 {
        let _ = writeln!(text, "**Refused** for {more} more reasons.\n");
    }
    if !plan.is_empty() {
        add_counts(&mut text, survey);
    }
    text
}

fn add_losses(text: &mut String, losses: &Losses) {
    let titled = losses.titled();
    if titled.is_empty() {
        return;
    }
    text.push_str("> [!CAUTION]\n");
    let mut room = LOSSES;
    for (title, losses) in titled {
        let _ = writeln!(text, "> **{title}:**\n>");
        let lines = losses.iter().map(|loss| format!("> - {}\n", prose(loss)));
        let more = add_while_room(text, &mut room, lines);
        if more > 0 {
            let _ = writeln!(text, "> - and {more} more");
        }
        text.push_str(">\n");
    }
    text.push('\n');
}

fn add_checks(text: &mut String, plan: &Plan) {
    if plan.checks.is_empty() {
        return;
    }
    let (counts, lines) = checks::markdown(&plan.checks);
    text.push_str(&counts);
    let more = add_while_room(text, &mut { CHECKS }, lines.into_iter());
    if more > 0 {
        let _ = writeln!(text, "- and {more} more");
    }
    text.push('\n');
}

/// Adds lines until the room is used up; how many are left.
fn add_while_room(
    text: &mut String,
    room: &mut usize,
    lines: impl Iterator<Item = String>,
) -> usize {
    let mut more = 0;
    for line in lines {
        if more == 0 && line.len() <= *room {
            *room -= line.len();
            text.push_str(&line);
        } else {
            more += 1;
        }
    }
    more
}

fn add_sum(text: &mut String, survey: &Survey<'_>) {
    let summary = survey.plan.summary();
    let _ = write!(
        text,
        "**Plan: {} to create, {} to change, {} to delete.**",
        summary.create, summary.change, summary.delete
    );
    if let Some(sorts) = sorts(survey.tally) {
        let _ = write!(text, " Of these, {sorts}.");
    }
    let one = "managed object needs nothing";
    let unchanged = count(summary.unchanged, one, "managed objects need nothing");
    let _ = write!(text, " {unchanged}.");
    if !survey.plan.is_empty() {
        let (writes, reads) = (requests(summary.requests), requests(summary.reads));
        let _ = write!(text, " Applying it takes {writes} to write and {reads} to read back.");
    }
    text.push_str("\n\n");
}

fn add_counts(text: &mut String, survey: &Survey<'_>) {
    text.push_str(
        "| changes of | create | change | delete | weaken | remove values | mailboxes |\n\
         |---|---:|---:|---:|---:|---:|---|\n",
    );
    let row = |name: &str, tally: &Tally, types: &str| {
        let Tally { create, change, delete, weaken, remove, .. } = tally;
        format!("| {name} | {create} | {change} | {delete} | {weaken} | {remove} | {types} |\n")
    };
    let rows = survey.sections().into_iter().map(|section| {
        let types = section.types.iter().map(|(kind, number)| format!("{number} {kind}"));
        let name = code(&section.name).replace('|', "\\|");
        row(&name, &section.tally, &types.collect::<Vec<_>>().join(", "))
    });
    let more = add_while_room(text, &mut { COUNTS }, rows);
    if more > 0 {
        let _ = writeln!(text, "| and {more} more | | | | | | |");
    }
    text.push_str(&row("**all**", &survey.tally, ""));
    text.push('\n');
}

/// Adds the changes that fit, the gravest first; counts the others.
fn add_changes(text: &mut String, room: usize, survey: &Survey<'_>, options: TextOptions) -> Tally {
    let mut left_out = Tally::default();
    let full = options.detail == Detail::Full;
    let members = if full { survey.members() } else { Vec::new() };
    for part in survey.parts() {
        let block = match &part {
            Part::One(change) => change_block(change, part.verb(), options),
            Part::Many(place, group) => {
                let names = match members.get(*place) {
                    Some(members) => all_names(survey.plan, members),
                    None => some_names(group),
                };
                group_block(group, &names, options)
            }
        };
        if text.len() + block.len() <= room {
            text.push_str(&block);
        } else {
            left_out += part.tally();
        }
    }
    left_out
}

fn change_block(change: &Change<'_>, verb: &str, options: TextOptions) -> String {
    let title = format!("<code>{}</code> {verb}", html(&change.address().to_string()));
    let mut body = losses_of(change);
    if matches!(change, Change::Identity(_)) {
        for (name, values) in change.removes() {
            let _ = writeln!(body, "- {} loses {}", code(name), prose(&and_list(&values)));
        }
    }
    let _ = writeln!(body, "- Why: {}\n", prose(&change.reason()));
    body.push_str(&difference(change, options.context));
    folded(change, &title, &body)
}

fn group_block(group: &Group<'_>, names: &str, options: TextOptions) -> String {
    let change = group.change();
    let policy = html(group.first.policy());
    let (number, types) = (mailboxes(group.number), group.types_in_words());
    let title = format!("<code>mailbox_audit.{policy}</code>: {number} will be changed ({types})");
    let mut body = format!("{names}\n\n{}", losses_of(&change));
    if !body.ends_with("\n\n") {
        body.push('\n');
    }
    body.push_str(&difference(&change, options.context));
    folded(&change, &title, &body)
}

/// What takes something away stays open.
fn folded(change: &Change<'_>, title: &str, body: &str) -> String {
    let open = if loses(change) { " open" } else { "" };
    format!("<details{open}>\n<summary>{title}</summary>\n\n{body}</details>\n\n")
}

fn losses_of(change: &Change<'_>) -> String {
    let mut text = String::new();
    for reason in change.weakens() {
        let _ = writeln!(text, "- **Weakens:** {}", prose(&reason));
    }
    let leaves = change.leaves_management();
    if !leaves.is_empty() {
        let _ = writeln!(
            text,
            "- **Leaves Microsoft's management:** {}. Actions that Microsoft adds to its default \
             set later will not be recorded",
            and_list(&leaves)
        );
    }
    if let Reversible::No(reason) = change.reversible() {
        let _ = writeln!(text, "- **Cannot be undone:** {}", prose(&reason));
    }
    text
}

/// What changes, as a block that a forge colours and that says the same in words.
fn difference(change: &Change<'_>, context: usize) -> String {
    let mut lines = String::new();
    for attribute in shown(change) {
        add_attribute(&mut lines, &attribute, context);
    }
    if lines.is_empty() {
        return lines;
    }
    let fence = "`".repeat(longest_run(&lines).max(2) + 1);
    format!("{fence}diff\n{lines}{fence}\n\n")
}

fn add_attribute(lines: &mut String, attribute: &Attribute<'_>, context: usize) {
    let name = &*visible(attribute.name);
    if let (Some(Value::Set(before)), Some(Value::Set(after))) =
        (&attribute.before, &attribute.after)
    {
        add_set(lines, name, &set_lines(before, after, context));
        return;
    }
    for (sign, word, value) in
        [("-", "before", &attribute.before), ("+", "after", &attribute.after)]
    {
        if let Some(value) = value {
            let _ = writeln!(lines, "{sign} {name} {word}: {}", plain(value));
        }
    }
}

fn add_set(lines: &mut String, name: &str, values: &[SetLine<'_>]) {
    let _ = writeln!(lines, "  {name}:");
    for line in values {
        let _ = match line {
            SetLine::Value(Fate::Removed, value) => {
                writeln!(lines, "-   removes {}", visible(value))
            }
            SetLine::Value(Fate::Added, value) => writeln!(lines, "+   adds {}", visible(value)),
            SetLine::Value(Fate::Kept, value) => writeln!(lines, "    keeps {}", visible(value)),
            SetLine::Hidden(number) => {
                writeln!(lines, "    ({})", count(*number, "unchanged value", "unchanged values"))
            }
        };
    }
}

fn some_names(group: &Group<'_>) -> String {
    let names: Vec<String> = group.named.iter().map(|view| code(view.upn())).collect();
    let text = names.join(", ");
    match group.number.saturating_sub(names.len() as u64) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

fn all_names(plan: &Plan, members: &[u32]) -> String {
    let mut text = String::new();
    let views = members.iter().filter_map(|place| plan.mailboxes.get(*place as usize));
    let names = views.enumerate().map(|(place, view)| {
        let gap = if place == 0 { "" } else { ", " };
        format!("{gap}{}", code(view.upn()))
    });
    let more = add_while_room(&mut text, &mut { NAMES }, names);
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    text
}

/// Notes, where the plan comes from, and the digest: what is never left out for room.
fn end(plan: &Plan, provenance: &Provenance) -> String {
    let mut text = String::new();
    let deferred = plan.deferred.iter().map(|address| (address, "known after sign-in"));
    let unread = plan.unread.iter().map(|address| (address, "not read"));
    let pending = plan.pending.iter().map(|address| {
        (address, "switched within the last hour and still reads the old value; not planned again")
    });
    let addresses = deferred.chain(unread).chain(pending);
    let lines = addresses
        .map(|(address, what)| format!("- {}: {what}\n", code(&address.to_string())))
        .chain(plan.notes.iter().map(|note| format!("- Note: {}\n", prose(note))));
    let more = add_while_room(&mut text, &mut { NOTES }, lines);
    if more > 0 {
        let _ = writeln!(text, "- and {more} more notes");
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let origin = provenance.origin();
    if !origin.is_empty() {
        let parts: Vec<String> =
            origin.iter().map(|(name, part)| format!("{name}: {}", code(part))).collect();
        let _ = writeln!(text, "{}\n", parts.join(" · "));
    }
    if let Some(digest) = &provenance.digest {
        let _ = writeln!(text, "**Digest to approve:** {}", code(digest));
    }
    text
}
