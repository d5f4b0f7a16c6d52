//! The plan as text, in the manner of Terraform and made for thousands of mailboxes: what is lost
//! is said first, equal changes are one group with counts and a few names, unchanged parts are
//! folded. Made from the plan alone, as the JSON document is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::attribute::write_attribute;
use super::style::{ADDED, CHANGED, FAINT, LOUD, REMOVED, STRONG};
use super::wording::{count, mailboxes, requests};
use crate::diagnostic::and_list;
use crate::plan::{Action, Attribute, Change, MailboxView, Plan, Refusal, Reversible};
use crate::resource::RecipientType;

/// How many names a group shows when not all are asked for.
const EXAMPLES: usize = 3;

/// Mailboxes that change in the same way.
struct Group<'p> {
    first: MailboxView<'p>,
    members: Vec<MailboxView<'p>>,
}

impl Group<'_> {
    fn is_loss(&self) -> bool {
        !Change::Mailbox(self.first).weakens().is_empty()
    }
}

/// Writes the plan; with `full`, every mailbox by name.
pub fn write_plan(out: &mut dyn Write, plan: &Plan, full: bool) -> io::Result<()> {
    write_allowances(out, plan)?;
    let tenant = &plan.tenant;
    let (organization, id) = (&tenant.organization, tenant.id);
    if plan.is_empty() && plan.deferred.is_empty() {
        write_no_changes(out, plan)?;
        writeln!(out, "{} read and found as the spec wants.", managed(plan.unchanged))?;
    } else {
        writeln!(out, "Auditform will change {organization} (tenant {id}) as follows:")?;
        let groups = groups(plan);
        write_losses(out, plan, &groups)?;
        for change in plan.few() {
            write_change(out, &change)?;
        }
        for group in &groups {
            write_group(out, group, full)?;
        }
    }
    write_deferred(out, plan)?;
    write_summary(out, plan)?;
    write_notes(out, plan)
}

/// What holds for this run alone comes before everything else: it was decided outside of the spec.
fn write_allowances(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    if plan.safeguards.allowances.is_empty() {
        return Ok(());
    }
    writeln!(out, "{LOUD}! Allowed in this run, beyond the safeguards of the spec:{LOUD:#}")?;
    for allowance in &plan.safeguards.allowances {
        writeln!(out, "  {REMOVED}- {allowance}{REMOVED:#}")?;
    }
    writeln!(out)
}

fn write_no_changes(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let organization = &plan.tenant.organization;
    let except = match (plan.unread.is_empty(), plan.pending.is_empty()) {
        (false, _) => ", as far as it was read",
        (true, false) => ", but for what is pending",
        (true, true) => "",
    };
    writeln!(out, "{STRONG}No changes.{STRONG:#} {organization} matches the spec{except}.")
}

/// What nobody may read before the sign-in: unknown, which is not the same as absent.
fn write_deferred(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    for address in &plan.deferred {
        writeln!(out, "\n  {STRONG}# {address}{STRONG:#} (known after sign-in)")?;
    }
    for address in &plan.unread {
        writeln!(out, "\n  {STRONG}# {address}{STRONG:#} (not read)")?;
    }
    Ok(())
}

fn managed(number: u64) -> String {
    count(number, "managed object was", "managed objects were")
}

/// Groups in the order in which they are shown: losses first, then the larger ones.
fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let mut found: BTreeMap<(String, String), Group<'_>> = BTreeMap::new();
    let mut keys: BTreeMap<u32, (String, String)> = BTreeMap::new();
    for view in plan.mailboxes.iter() {
        let key = keys.entry(view.pattern_id()).or_insert_with(|| key(view));
        match found.get_mut(key) {
            Some(group) => group.members.push(view),
            None => {
                found.insert(key.clone(), Group { first: view, members: vec![view] });
            }
        }
    }
    let mut groups: Vec<Group<'_>> = found.into_values().collect();
    groups.sort_by_key(|group| (!group.is_loss(), usize::MAX - group.members.len()));
    groups
}

/// What makes two changes look the same to a reader: the policies and everything that is shown.
/// The names of actions are taken, not their bits, which depend on the order of a read.
fn key(view: MailboxView<'_>) -> (String, String) {
    let policies: Vec<&str> = view.policies().collect();
    let change = Change::Mailbox(view);
    let shown = (shown(&change), change.leaves_management(), change.weakens());
    (policies.join(","), format!("{shown:?}"))
}

/// The attributes that a reader has to see. That a logon type leaves Microsoft's management is said
/// in words, so `default_audit_set` is shown only where a logon type comes back to it.
fn shown<'p>(change: &Change<'p>) -> Vec<Attribute<'p>> {
    let mut attributes = change.attributes();
    let only_leaves = match change {
        Change::Identity(_) | Change::Tenant(_) => false,
        Change::Mailbox(view) => view.pattern().evaluation.writes.resets().is_empty(),
    };
    attributes.retain(|attribute| {
        attribute.changes() && !(only_leaves && attribute.name == "default_audit_set")
    });
    attributes
}

/// The first thing that a reader sees: what this plan takes away.
fn write_losses(out: &mut dyn Write, plan: &Plan, groups: &[Group<'_>]) -> io::Result<()> {
    let mut losses: Vec<String> = Vec::new();
    for change in &plan.tenant_changes {
        losses.extend(Change::Tenant(*change).weakens());
    }
    write_removals(out, plan)?;
    let mut by_reason: BTreeMap<String, u64> = BTreeMap::new();
    for group in groups {
        for reason in Change::Mailbox(group.first).weakens() {
            *by_reason.entry(reason).or_default() += group.members.len() as u64;
        }
    }
    losses.extend(
        by_reason.into_iter().map(|(reason, number)| format!("{}: {reason}", mailboxes(number))),
    );
    if losses.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{LOUD}! This plan records less than today:{LOUD:#}")?;
    for loss in losses {
        writeln!(out, "  {REMOVED}- {loss}{REMOVED:#}")?;
    }
    Ok(())
}

/// What of the identity chain stops working.
fn write_removals(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let mut stops: Vec<(String, String)> = Vec::new();
    for change in &plan.identity {
        stops.extend(change.weakens.iter().map(|what| (change.address.to_string(), what.clone())));
    }
    if stops.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{LOUD}! This plan takes access away:{LOUD:#}")?;
    for (address, what) in stops {
        writeln!(out, "  {REMOVED}- {address}: {what}{REMOVED:#}")?;
    }
    Ok(())
}

fn write_change(out: &mut dyn Write, change: &Change<'_>) -> io::Result<()> {
    let address = change.address();
    let (sign, style, what) = match change.action() {
        Action::Create => ("+", ADDED, "will be created"),
        Action::Update => ("~", CHANGED, "will be changed"),
        Action::Replace => ("+/-", CHANGED, "will be replaced"),
        Action::Delete => ("-", REMOVED, "will be deleted"),
    };
    writeln!(out, "\n  {STRONG}# {address} {what}{STRONG:#}")?;
    writeln!(out, "  {style}{sign}{style:#} {address}")?;
    write_losses_of(out, change)?;
    if matches!(change, Change::Identity(_)) {
        for (name, values) in change.removes() {
            let values = values.join(", ");
            writeln!(out, "      {REMOVED}- {name}: {values}{REMOVED:#}")?;
        }
    }
    for attribute in shown(change) {
        write_attribute(out, &attribute)?;
    }
    writeln!(out, "      {FAINT}# {}{FAINT:#}", change.reason())
}

fn write_group(out: &mut dyn Write, group: &Group<'_>, full: bool) -> io::Result<()> {
    let change = Change::Mailbox(group.first);
    let policy = group.first.policy();
    let number = group.members.len() as u64;
    let types = types(group);
    writeln!(
        out,
        "\n  {STRONG}# mailbox_audit.{policy}: {} will be changed{STRONG:#} ({types})",
        mailboxes(number)
    )?;
    writeln!(out, "  {CHANGED}~{CHANGED:#} {}", names(group, full))?;
    write_losses_of(out, &change)?;
    let shown = shown(&change);
    for attribute in &shown {
        write_attribute(out, attribute)?;
    }
    let settable = change.attributes().len() - 1;
    let hidden = settable.saturating_sub(shown.len()) as u64;
    if hidden > 0 {
        let hidden = count(hidden, "unchanged attribute", "unchanged attributes");
        writeln!(out, "      {FAINT}# ({hidden} hidden){FAINT:#}")?;
    }
    Ok(())
}

fn types(group: &Group<'_>) -> String {
    let mut counts: BTreeMap<RecipientType, u64> = BTreeMap::new();
    for view in &group.members {
        *counts.entry(view.pattern().recipient_type).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.into_iter().map(|(kind, number)| format!("{number} {kind}")).collect();
    counts.join(", ")
}

fn names(group: &Group<'_>, full: bool) -> String {
    let shown = if full { group.members.len() } else { EXAMPLES };
    let mut text = String::new();
    for (place, view) in group.members.iter().take(shown).enumerate() {
        if full {
            let gap = if place == 0 { "" } else { "\n    " };
            let _ = write!(text, "{gap}{}", view.address());
        } else {
            let gap = if place == 0 { "" } else { ", " };
            let _ = write!(text, "{gap}{}", view.upn());
        }
    }
    let more = group.members.len().saturating_sub(shown);
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    text
}

/// What a change takes away, before what it adds.
fn write_losses_of(out: &mut dyn Write, change: &Change<'_>) -> io::Result<()> {
    for reason in change.weakens() {
        writeln!(out, "      {LOUD}! {reason}{LOUD:#}")?;
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
        writeln!(out, "      {LOUD}! cannot be undone: {reason}{LOUD:#}")?;
    }
    Ok(())
}

fn write_notes(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    if !plan.pending.is_empty() || !plan.notes.is_empty() {
        writeln!(out)?;
    }
    for address in &plan.pending {
        writeln!(
            out,
            "{STRONG}Pending:{STRONG:#} {address} was switched within the last hour and still reads \
             the old value; the service may take up to 60 minutes, so this is not planned again."
        )?;
    }
    for note in &plan.notes {
        writeln!(out, "{STRONG}Note:{STRONG:#} {note}")?;
    }
    Ok(())
}

fn write_summary(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let summary = plan.summary();
    writeln!(
        out,
        "\n{STRONG}Plan:{STRONG:#} {} to create, {} to change, {} to delete.",
        summary.create, summary.change, summary.delete
    )?;
    for Refusal { violation, place } in &plan.refused {
        let place = place.as_ref().map_or_else(String::new, |place| format!(" ({place})"));
        writeln!(
            out,
            "{LOUD}Refused:{LOUD:#} {}{place}; only `--allow {}` applies it.",
            violation.words(),
            violation.allowance()
        )?;
    }
    if !plan.is_empty() {
        writeln!(
            out,
            "Applying it takes {} to write and {} to read back.",
            requests(summary.requests),
            requests(summary.reads)
        )?;
    }
    Ok(())
}
