//! What a signer is asked to approve, and who has approved it. The losses come first, since they are
//! what a signature is about.

use std::io::{self, Write};

use super::style::{LOUD, STRONG};
use super::wording::visible;
use crate::approval::{Approval, ApprovalRules, Approved, Loss, Signer, Subject};
use crate::diagnostic::and_list;
use crate::resource::written_duration;

/// So many lines of a sort are written; the plan itself lists all.
const LISTED: usize = 20;

/// Writes what there is to approve.
pub fn write_subject(out: &mut dyn Write, subject: &Subject) -> io::Result<()> {
    let Subject { plan, tenant, organization, create, change, delete, .. } = subject;
    if !subject.weakens.is_empty() {
        writeln!(out, "{LOUD}! After this plan less is recorded:{LOUD:#}")?;
        write_losses(out, &subject.weakens)?;
    }
    if !subject.removes.is_empty() {
        writeln!(out, "{LOUD}! This plan takes away:{LOUD:#}")?;
        write_losses(out, &subject.removes)?;
    }
    if !subject.deletes.is_empty() {
        writeln!(out, "{LOUD}! This plan deletes:{LOUD:#}")?;
        write_lines(out, &subject.deletes)?;
    }
    writeln!(out, "Plan: {create} to create, {change} to change, {delete} to delete.")?;
    writeln!(out, "Tenant: {} ({tenant})", visible(organization))?;
    writeln!(out, "Digest: {STRONG}{plan}{STRONG:#}")?;
    match &subject.rules {
        Some(rules) => write_rules(out, rules),
        None => writeln!(out, "Approval: this plan asks for no signature."),
    }
}

fn write_losses(out: &mut dyn Write, losses: &[Loss]) -> io::Result<()> {
    let told = |Loss { what, changes, first }: &Loss| match changes {
        1 => format!("{what}: {first}"),
        _ => format!("{what}: {changes} changes, as {first}"),
    };
    write_lines(out, &losses.iter().map(told).collect::<Vec<_>>())
}

fn write_lines(out: &mut dyn Write, lines: &[String]) -> io::Result<()> {
    for line in lines.iter().take(LISTED) {
        writeln!(out, "    {}", visible(line))?;
    }
    if let Some(more) = lines.len().checked_sub(LISTED).filter(|more| *more > 0) {
        writeln!(out, "    and {more} more, which the plan lists")?;
    }
    writeln!(out)
}

fn write_rules(out: &mut dyn Write, rules: &ApprovalRules) -> io::Result<()> {
    let mut holders: Vec<String> = rules.signers().iter().map(Signer::holder).collect();
    holders.sort();
    holders.dedup();
    let (required, of) = (rules.required(), holders.len());
    let (held, who) = (written_duration(rules.expiry()), and_list(&holders));
    writeln!(out, "Approval: takes {required} of {of}, each for {held}: {who}.")
}

/// Writes who approved a plan, and which files played no part.
pub fn write_approved(out: &mut dyn Write, approved: &Approved) -> io::Result<()> {
    for Approval { signer, fingerprint, time, file } in &approved.by {
        writeln!(out, "Approved by {signer} at {time} ({fingerprint}, `{file}`).")?;
    }
    for unfit in &approved.unfit {
        for reason in &unfit.reasons {
            writeln!(out, "`{}` does not count: {reason}.", unfit.file)?;
        }
    }
    writeln!(out, "{STRONG}Approved{STRONG:#} until {}.", approved.until)
}
