//! A run as text and as JSON: who carried out which plan when, how it ended, and what became of its
//! changes.

use std::io::{self, Write};

use serde::Serialize;

use super::events::{ChangeResult, CommandEvent, results};
use super::report::write_report;
use super::style::STRONG;
use super::wording::{count, requests, visible};
use crate::apply::Report;
use crate::journal::{Actor, Head, Run};
use crate::plan::Plan;

/// Writes a run as text; with `full` every change with what became of it.
pub fn write_run(
    out: &mut dyn Write,
    run: &Run,
    carried_out: Option<(&Plan, &Report)>,
    full: bool,
) -> io::Result<()> {
    write_head(out, run)?;
    let Some((plan, report)) = carried_out else {
        return writeln!(out, "\nIt broke off before anything was sent: nothing was changed.");
    };
    if full {
        writeln!(out)?;
        for result in results(plan, report) {
            writeln!(out, "  {}", CommandEvent::ChangeResult(result).message())?;
        }
    }
    if !report.is_good() {
        writeln!(out)?;
    }
    write_report(out, plan, report, run.replay.was_read_back())
}

fn write_head(out: &mut dyn Write, run: &Run) -> io::Result<()> {
    let head = &run.head;
    let organization = visible(&head.organization);
    writeln!(
        out,
        "{STRONG}Run {}{STRONG:#} of {organization} (tenant {})",
        visible(&head.run),
        head.tenant_id
    )?;
    let started = format!("{:.0} by {}", head.started_at, by(&head.actor));
    writeln!(out, "  Started: {started}, Auditform {}", visible(&head.tool_version))?;
    let changes = count(head.changes, "change", "changes");
    writeln!(out, "  Plan: {}, {changes}, {}", head.digest, requests(head.requests))?;
    if let Some(approved) = head.approved_digest {
        writeln!(out, "  Approved as: {approved}")?;
    }
    for approver in &head.approved_by {
        writeln!(out, "  Approved by: {} at {:.0}", visible(&approver.signer), approver.at)?;
    }
    if let Some(git) = &head.git {
        let dirty = if git.dirty { ", with changes that are not in it" } else { "" };
        writeln!(out, "  Git commit: {}{dirty}", visible(&git.commit))?;
    }
    if let Some(run) = &head.undoes {
        writeln!(out, "  Undoes run {}", visible(run))?;
    }
    for allowance in &head.safeguards.allowances {
        writeln!(out, "  Allowed in this run: {}", visible(&allowance.to_string()))?;
    }
    for (at, actor) in &run.resumed {
        writeln!(out, "  Taken up again: {at:.0} by {}", by(actor))?;
    }
    if let Some(abandoned) = &run.abandoned {
        writeln!(out, "  Given up: {:.0} by {}", abandoned.at, by(&abandoned.actor))?;
        if let Some(run) = &abandoned.undone_by {
            writeln!(out, "  Undone by run {}", visible(run))?;
        }
        return Ok(());
    }
    match &run.ended {
        Some(ended) => {
            let left = if ended.unfinished { ", unfinished" } else { "" };
            writeln!(out, "  Ended: {:.0}, exit code {}{left}", ended.at, ended.exit_code)
        }
        None => writeln!(out, "  Not ended: it runs still, or it was cut off"),
    }
}

fn by(actor: &Actor) -> String {
    visible(&actor.words()).into_owned()
}

/// A run as a document: the first line of its journal, how it ended, and each change with its state.
#[derive(Serialize)]
struct RunDocument<'r> {
    #[serde(flatten)]
    head: &'r Head,
    ended: Option<EndedRow>,
    changes: Vec<ChangeResult>,
}

#[derive(Serialize)]
struct EndedRow {
    at: jiff::Timestamp,
    exit_code: u8,
    unfinished: bool,
}

/// Writes a run as one JSON document.
pub fn write_run_json(
    out: &mut dyn Write,
    run: &Run,
    carried_out: Option<(&Plan, &Report)>,
) -> io::Result<()> {
    let changes = carried_out.map(|(plan, report)| results(plan, report).collect());
    let ended = run.ended.as_ref();
    let document = RunDocument {
        head: &run.head,
        ended: ended.map(|ended| EndedRow {
            at: ended.at,
            exit_code: ended.exit_code,
            unfinished: ended.unfinished,
        }),
        changes: changes.unwrap_or_default(),
    };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}
