//! The result of an apply as text: what was done, what failed and why, what was skipped because of
//! it, and what reading back did not confirm.

use std::io::{self, Write};

use super::style::{REMOVED, STRONG};
use super::wording::{count, visible};
use crate::apply::{Prerequisite, Report, StepState, Verdict};
use crate::plan::{Action, Plan};

/// How many failures are listed one by one.
const LISTED: usize = 20;

/// Writes the result; `read_back` tells whether what was written could be read again.
pub fn write_report(
    out: &mut dyn Write,
    plan: &Plan,
    report: &Report,
    read_back: bool,
) -> io::Result<()> {
    write_failures(out, plan, report)?;
    write_gone(out, plan, report)?;
    write_stale(out, plan, report)?;
    write_skipped(out, plan, report)?;
    write_unconfirmed(out, plan, report)?;
    let [created, changed, deleted] = done(plan, report);
    let settled = [StepState::Done, StepState::AlreadyThere, StepState::Gone];
    let settled: u64 = settled.into_iter().map(|state| report.count(state)).sum();
    let all = settled == plan.len() as u64;
    let headline = match (report.interrupted, all) {
        (true, false) => "Apply interrupted.",
        (false, false) => "Apply incomplete.",
        (_, true) => "Apply complete!",
    };
    write!(
        out,
        "\n{STRONG}{headline}{STRONG:#} {created} created, {changed} changed, {deleted} deleted"
    )?;
    for (state, word) in [
        (StepState::AlreadyThere, "already done"),
        (StepState::Gone, "gone"),
        (StepState::Stale, "stale"),
        (StepState::Failed, "failed"),
        (StepState::InDoubt, "in doubt"),
        (StepState::Skipped, "skipped"),
        (StepState::NotStarted, "not started"),
    ] {
        let number = report.count(state);
        if number > 0 {
            write!(out, ", {number} {word}")?;
        }
    }
    writeln!(out, ".")?;
    if let Some(awaited) = &report.awaited {
        writeln!(out, "Not done yet: {awaited}")?;
    }
    write_verdict(out, report, read_back)
}

fn done(plan: &Plan, report: &Report) -> [u64; 3] {
    let mut counts = [0; 3];
    for (change, place) in plan.changes().zip(0u32..) {
        if report.state(place) == StepState::Done {
            let [created, changed, deleted] = &mut counts;
            *match change.action() {
                Action::Create => created,
                Action::Update | Action::Replace => changed,
                Action::Delete => deleted,
            } += 1;
        }
    }
    counts
}

fn write_verdict(out: &mut dyn Write, report: &Report, read_back: bool) -> io::Result<()> {
    let done = if read_back { report.count(StepState::Done) } else { 0 };
    let pending = report.verdicts(Verdict::Pending);
    let refuted = report.verdicts(Verdict::Refuted);
    if done > 0 && pending + refuted == 0 {
        writeln!(out, "Read back and verified: {}.", count(done, "change", "changes"))?;
    } else if done > 0 {
        let verified = done.saturating_sub(pending + refuted);
        writeln!(
            out,
            "Read back: {verified} verified, {pending} not visible yet, {refuted} refuted."
        )?;
    }
    if let Some(error) = &report.sink_error {
        writeln!(out, "Nothing further was started, since the journal could not be kept: {error}")?;
    }
    Ok(())
}

fn address(plan: &Plan, place: u32) -> String {
    let address = plan.get(place as usize).map(|change| change.address().to_string());
    visible(&address.unwrap_or_default()).into_owned()
}

fn sign_in(plan: &Plan) -> String {
    let gate = plan.sign_in.as_ref().map(ToString::to_string).unwrap_or_default();
    visible(&gate).into_owned()
}

fn write_failures(out: &mut dyn Write, plan: &Plan, report: &Report) -> io::Result<()> {
    for (place, failure) in report.failures().take(LISTED) {
        let word = match report.state(place) {
            StepState::InDoubt => "in doubt",
            _ => "failed",
        };
        writeln!(out, "{REMOVED}{word}:{REMOVED:#} {}: {failure}", address(plan, place))?;
    }
    more(out, report.failures().count())?;
    match &report.sign_in {
        Some(failure) => writeln!(out, "{REMOVED}failed:{REMOVED:#} {}: {failure}", sign_in(plan)),
        None => Ok(()),
    }
}

fn write_gone(out: &mut dyn Write, plan: &Plan, report: &Report) -> io::Result<()> {
    for (place, failure) in report.gone().take(LISTED) {
        writeln!(out, "gone: {}: {failure}", address(plan, place))?;
    }
    more(out, report.gone().count())
}

/// Writes the changes that were refused since they are no longer as the plan saw them.
pub fn write_stale(out: &mut dyn Write, plan: &Plan, report: &Report) -> io::Result<()> {
    for (place, why) in report.stale().take(LISTED) {
        writeln!(out, "{REMOVED}stale:{REMOVED:#} {}: {why}", address(plan, place))?;
    }
    more(out, report.stale().count())
}

fn write_skipped(out: &mut dyn Write, plan: &Plan, report: &Report) -> io::Result<()> {
    for (place, because) in report.skipped().take(LISTED) {
        let skipped = address(plan, place);
        let because = match because {
            Prerequisite::Change(place) => address(plan, place),
            Prerequisite::SignIn => sign_in(plan),
            Prerequisite::ReadBack => "reading back what was written".to_owned(),
        };
        writeln!(out, "{REMOVED}skipped:{REMOVED:#} {skipped}: {because} comes first and failed")?;
    }
    more(out, report.skipped().count())
}

fn write_unconfirmed(out: &mut dyn Write, plan: &Plan, report: &Report) -> io::Result<()> {
    for (place, verdict) in report.unconfirmed().take(LISTED) {
        let address = address(plan, place);
        match verdict {
            Verdict::Pending => writeln!(
                out,
                "pending: {address}: written, not visible yet; the service may take up to 60 minutes"
            )?,
            _ => writeln!(
                out,
                "{REMOVED}refuted:{REMOVED:#} {address}: the service accepted the change, and reading \
                 it back shows another value"
            )?,
        }
    }
    more(out, report.unconfirmed().count())
}

/// Writes what reading back has shown of the changes at `places`, after their run had ended.
pub fn write_proof(
    out: &mut dyn Write,
    run: &str,
    plan: &Plan,
    report: &Report,
    places: &[u32],
) -> io::Result<()> {
    let run = visible(run);
    if places.is_empty() {
        return writeln!(out, "Nothing to verify: all that run {run} did was read back.");
    }
    write_failures(out, plan, report)?;
    write_unconfirmed(out, plan, report)?;
    let of = |verdict| {
        let is_of = |place: &&u32| report.verdict(**place) == Some(verdict);
        places.iter().filter(is_of).count()
    };
    let (pending, refuted) = (of(Verdict::Pending), of(Verdict::Refuted));
    // What was in doubt and does not show had no effect.
    let failed = places.iter().filter(|place| report.state(**place) == StepState::Failed).count();
    let verified = places.len().saturating_sub(pending + refuted + failed);
    let changes = count(places.len() as u64, "change", "changes");
    writeln!(
        out,
        "{changes} of run {run} read back: {verified} verified, {pending} not visible yet, \
         {refuted} refuted, {failed} without effect."
    )
}

fn more(out: &mut dyn Write, number: usize) -> io::Result<()> {
    match number.saturating_sub(LISTED) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more"),
    }
}
