//! The plan as text, in the manner of Terraform and made for thousands of mailboxes: what is lost
//! is said first, equal changes are one group with counts and a few names, unchanged parts are
//! folded. Made from the plan alone, as the JSON document is. Each sign at the beginning of a line is
//! also said in words, for those who hear the text, and so is each colour.

use std::io::{self, Write};

use super::attribute::write_attribute;
use super::checks;
use super::estimate::{AssumedSpeed, estimate};
use super::provenance::{Provenance, observed};
use super::selection::{left_out, narrowed};
use super::style::{ADDED, CHANGED, FAINT, LOUD, REMOVED, STRONG};
use super::survey::{Group, Part, Section, Survey, shown};
use super::wording::{count, mailboxes, nothing_to_do, refusal, requests, sorts, visible};
use super::wrapped::Wrapped;
use crate::diagnostic::and_list;
use crate::plan::{Action, Change, Plan, Reversible};

/// How many names a group shows when not all are asked for.
const EXAMPLES: usize = 3;

/// As many losses of a sort stand at the top when not all are asked for, the largest first.
const LOSSES: usize = 50;

/// How much of a plan is shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// What is taken away, and counts.
    Summary,
    /// Changes, those of mailboxes by groups with a few names.
    #[default]
    Groups,
    /// Every mailbox by name.
    Full,
}

/// How a plan is written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOptions {
    /// How much of it.
    pub detail: Detail,
    /// How many unchanged values are shown before and after each changed one in a list.
    pub context: usize,
    /// Columns.
    pub width: usize,
    /// How fast an apply is assumed to write.
    pub speed: AssumedSpeed,
}

/// The columns of a text that no terminal shows.
pub const COLUMNS: usize = 80;

impl Default for TextOptions {
    fn default() -> Self {
        let (detail, speed) = (Detail::default(), AssumedSpeed::default());
        Self { detail, context: 0, width: COLUMNS, speed }
    }
}

/// Writes the plan as text.
pub fn write_plan(
    out: &mut dyn Write,
    plan: &Plan,
    provenance: &Provenance,
    options: TextOptions,
) -> io::Result<()> {
    let mut lines = Wrapped::at(options.width, out);
    write_looser(&mut lines, provenance)?;
    write_allowances(&mut lines, plan)?;
    if let Some(words) = observed(plan) {
        writeln!(lines, "{LOUD}! From a snapshot:{LOUD:#} {words}.\n")?;
    }
    if let Some((name, words)) = narrowed(plan) {
        writeln!(lines, "{LOUD}! {name}:{LOUD:#} {}.\n", visible(&words))?;
    }
    let survey = Survey::of(plan);
    if let Some([first, rest]) = nothing_to_do(plan, &visible(&plan.tenant.organization)) {
        writeln!(lines, "{STRONG}{first}{STRONG:#}{rest}")?;
        if plan.undoes.is_none() {
            let read = managed(plan.unchanged);
            writeln!(lines, "{read} read and found as the spec wants.")?;
        }
    } else {
        let (organization, id) = (visible(&plan.tenant.organization), plan.tenant.id);
        writeln!(lines, "Auditform will change {organization} (tenant {id}) as follows:")?;
        write_losses(&mut lines, &survey, options.detail)?;
        match options.detail {
            Detail::Summary => write_sections(&mut lines, &survey)?,
            Detail::Groups | Detail::Full => write_changes(&mut lines, &survey, options)?,
        }
    }
    write_deferred(&mut lines, plan)?;
    checks::write_text(&mut lines, &plan.checks, options.detail)?;
    write_sum(&mut lines, &survey, options.speed)?;
    write_notes(&mut lines, plan)?;
    write_provenance(&mut lines, provenance)?;
    lines.finish()
}

fn write_changes(out: &mut dyn Write, survey: &Survey<'_>, options: TextOptions) -> io::Result<()> {
    let full = options.detail == Detail::Full;
    let members = if full { survey.members() } else { Vec::new() };
    for part in survey.parts() {
        match &part {
            Part::One(change) => write_change(out, change, part.verb(), options)?,
            Part::Many(place, group) => {
                write_group_head(out, group)?;
                match members.get(*place) {
                    Some(members) => write_all_names(out, survey.plan, members)?,
                    None => writeln!(out, "  {CHANGED}~{CHANGED:#} {}", some_names(group))?,
                }
                write_group_body(out, group, options)?;
            }
        }
    }
    Ok(())
}

/// Counts by kind and policy, a line each.
fn write_sections(out: &mut dyn Write, survey: &Survey<'_>) -> io::Result<()> {
    writeln!(out)?;
    for section in survey.sections() {
        writeln!(out, "  {STRONG}{}{STRONG:#}: {}", visible(&section.name), in_words(&section))?;
    }
    Ok(())
}

/// `4 to change (3 UserMailbox, 1 SharedMailbox), 3 weaken, 3 remove values`.
fn in_words(section: &Section) -> String {
    let tally = &section.tally;
    let counts = [
        (tally.create, "to create"),
        (tally.change, "to change"),
        (tally.delete, "to delete"),
        (tally.weaken, "weakening"),
        (tally.remove, "removing values"),
        (tally.irreversible, "that cannot be undone"),
    ];
    let counts = counts.into_iter().filter(|(number, _)| *number > 0);
    let mut words: Vec<String> = counts.map(|(number, what)| format!("{number} {what}")).collect();
    words.extend(section.types.iter().map(|(kind, number)| format!("{number} {kind}")));
    words.join(", ")
}

/// Who loosens a rule and uses that in the same plan is to be seen before anything else.
fn write_looser(out: &mut dyn Write, provenance: &Provenance) -> io::Result<()> {
    let Some(looser) = &provenance.looser else { return Ok(()) };
    writeln!(out, "{LOUD}! {}:{LOUD:#}", visible(&looser.headline()))?;
    for way in &looser.ways {
        writeln!(out, "  {REMOVED}- {}{REMOVED:#}", visible(way))?;
    }
    writeln!(out)
}

/// What holds for this run alone comes before everything else: it was decided outside of the spec.
fn write_allowances(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    if plan.safeguards.allowances.is_empty() {
        return Ok(());
    }
    writeln!(out, "{LOUD}! Allowed in this run, beyond the safeguards of the spec:{LOUD:#}")?;
    for allowance in &plan.safeguards.allowances {
        let allowance = allowance.to_string();
        writeln!(out, "  {REMOVED}- {}{REMOVED:#}", visible(&allowance))?;
    }
    writeln!(out)
}

/// What nobody may read before the sign-in: unknown, which is not the same as absent.
fn write_deferred(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let deferred = plan.deferred.iter().map(|address| (address, "known after sign-in"));
    let unread = plan.unread.iter().map(|address| (address, "not read"));
    for (address, what) in deferred.chain(unread) {
        let address = address.to_string();
        writeln!(out, "\n  {STRONG}# {}{STRONG:#} ({what})", visible(&address))?;
    }
    Ok(())
}

fn managed(number: u64) -> String {
    count(number, "managed object was", "managed objects were")
}

/// The first thing that a reader sees: what this plan takes away.
fn write_losses(out: &mut dyn Write, survey: &Survey<'_>, detail: Detail) -> io::Result<()> {
    let listed = if detail == Detail::Full { usize::MAX } else { LOSSES };
    for (title, losses) in survey.losses().titled() {
        writeln!(out, "\n{LOUD}! {title}:{LOUD:#}")?;
        for loss in losses.iter().take(listed) {
            writeln!(out, "  {REMOVED}- {}{REMOVED:#}", visible(loss))?;
        }
        if let more @ 1.. = losses.len().saturating_sub(listed) {
            writeln!(out, "  {REMOVED}- and {more} more, which `--full` lists{REMOVED:#}")?;
        }
    }
    Ok(())
}

fn write_change(
    out: &mut dyn Write,
    change: &Change<'_>,
    verb: &str,
    options: TextOptions,
) -> io::Result<()> {
    let address = change.address().to_string();
    let address = visible(&address);
    let (sign, style) = match change.action() {
        Action::Create => ("+", ADDED),
        Action::Update => ("~", CHANGED),
        Action::Replace => ("+/-", CHANGED),
        Action::Delete => ("-", REMOVED),
    };
    writeln!(out, "\n  {STRONG}# {address} {verb}{STRONG:#}")?;
    writeln!(out, "  {style}{sign}{style:#} {address}")?;
    write_losses_of(out, change)?;
    if matches!(change, Change::Identity(_)) {
        for (name, values) in change.removes() {
            let (name, values) = (visible(name), values.join(", "));
            writeln!(out, "      {REMOVED}- {name} loses {}{REMOVED:#}", visible(&values))?;
        }
    }
    for attribute in shown(change) {
        write_attribute(out, &attribute, options.context)?;
    }
    writeln!(out, "      {FAINT}# {}{FAINT:#}", visible(&change.reason()))
}

fn write_group_head(out: &mut dyn Write, group: &Group<'_>) -> io::Result<()> {
    let policy = visible(group.first.policy());
    let (number, types) = (mailboxes(group.number), group.types_in_words());
    writeln!(
        out,
        "\n  {STRONG}# mailbox_audit.{policy}: {number} will be changed{STRONG:#} ({types})"
    )
}

fn write_group_body(
    out: &mut dyn Write,
    group: &Group<'_>,
    options: TextOptions,
) -> io::Result<()> {
    let change = group.change();
    write_losses_of(out, &change)?;
    let shown = shown(&change);
    for attribute in &shown {
        write_attribute(out, attribute, options.context)?;
    }
    let settable = change.attributes().len() - 1;
    let hidden = settable.saturating_sub(shown.len()) as u64;
    if hidden > 0 {
        let hidden = count(hidden, "unchanged attribute", "unchanged attributes");
        writeln!(out, "      {FAINT}# ({hidden} hidden){FAINT:#}")?;
    }
    Ok(())
}

fn write_all_names(out: &mut dyn Write, plan: &Plan, members: &[u32]) -> io::Result<()> {
    let views = members.iter().filter_map(|place| plan.mailboxes.get(*place as usize));
    for (place, view) in views.enumerate() {
        let address = view.address().to_string();
        match place {
            0 => writeln!(out, "  {CHANGED}~{CHANGED:#} {}", visible(&address))?,
            _ => writeln!(out, "    {}", visible(&address))?,
        }
    }
    Ok(())
}

fn some_names(group: &Group<'_>) -> String {
    let names: Vec<_> = group.named.iter().take(EXAMPLES).map(|view| visible(view.upn())).collect();
    let text = names.join(", ");
    match group.number.saturating_sub(names.len() as u64) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// What a change takes away, before what it adds.
fn write_losses_of(out: &mut dyn Write, change: &Change<'_>) -> io::Result<()> {
    for reason in change.weakens() {
        writeln!(out, "      {LOUD}! {}{LOUD:#}", visible(&reason))?;
    }
    let leaves = change.leaves_management();
    if !leaves.is_empty() {
        let verb = if leaves.len() == 1 { "leaves" } else { "leave" };
        writeln!(
            out,
            "      {REMOVED}! {} {verb} Microsoft's management: actions that Microsoft adds to \
             its default set later will not be recorded{REMOVED:#}",
            and_list(&leaves)
        )?;
    }
    if let Reversible::No(reason) = change.reversible() {
        writeln!(out, "      {LOUD}! cannot be undone: {}{LOUD:#}", visible(&reason))?;
    }
    Ok(())
}

fn write_notes(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    if !plan.pending.is_empty() || !plan.notes.is_empty() {
        writeln!(out)?;
    }
    for address in &plan.pending {
        let address = address.to_string();
        let address = visible(&address);
        writeln!(
            out,
            "{STRONG}Pending:{STRONG:#} {address} was switched within the last hour and still reads \
             the old value; the service may take up to 60 minutes, so this is not planned again."
        )?;
    }
    for note in &plan.notes {
        writeln!(out, "{STRONG}Note:{STRONG:#} {}", visible(note))?;
    }
    Ok(())
}

fn write_sum(out: &mut dyn Write, survey: &Survey<'_>, speed: AssumedSpeed) -> io::Result<()> {
    let summary = survey.plan.summary();
    let tally = survey.tally;
    writeln!(
        out,
        "\n{STRONG}Plan:{STRONG:#} {} to create, {} to change, {} to delete.",
        summary.create, summary.change, summary.delete
    )?;
    if let Some(sorts) = sorts(tally) {
        writeln!(out, "Of these, {sorts}.")?;
    }
    if !survey.plan.is_empty() && summary.unchanged > 0 {
        let one = "managed object needs nothing";
        writeln!(out, "{}.", count(summary.unchanged, one, "managed objects need nothing"))?;
    }
    for (name, words) in left_out(survey.plan) {
        writeln!(out, "{STRONG}{name}:{STRONG:#} {}.", visible(&words))?;
    }
    for reason in &survey.plan.refused {
        writeln!(out, "{LOUD}Refused:{LOUD:#} {}.", visible(&refusal(reason)))?;
    }
    if survey.plan.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "Applying it takes {} to write and {} to read back.",
        requests(summary.requests),
        requests(summary.reads)
    )?;
    match estimate(summary.requests, speed) {
        Some(estimate) => writeln!(out, "{estimate}."),
        None => Ok(()),
    }
}

/// Where the plan comes from, and by which digest it is approved: the last line of all.
fn write_provenance(out: &mut dyn Write, provenance: &Provenance) -> io::Result<()> {
    let origin = provenance.origin();
    if !origin.is_empty() || provenance.digest.is_some() {
        writeln!(out)?;
    }
    for (name, part) in origin {
        writeln!(out, "{name}: {part}")?;
    }
    match &provenance.digest {
        Some(digest) => writeln!(out, "{STRONG}Digest:{STRONG:#} {}", visible(digest)),
        None => Ok(()),
    }
}
