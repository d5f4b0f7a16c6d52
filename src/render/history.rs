//! What was done from here, as text and as JSON: runs in a list, and what they have done to one object.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use uuid::Uuid;

use super::attribute::write_attribute;
use super::events::{ChangeResult, CommandEvent, results};
use super::style::STRONG;
use super::wording::{count, visible};
use crate::apply::Report;
use crate::journal::{Head, Outcome, PastRun, Record, Run};
use crate::plan::{Action, Attribute, Change, Plan, Value};

/// Digits of a digest that are enough to tell it from others.
const SHORT: usize = 12;

/// Writes runs as they come.
pub fn write_history(out: &mut dyn Write, runs: impl Iterator<Item = PastRun>) -> io::Result<()> {
    let mut is_first = true;
    for run in runs {
        if !std::mem::take(&mut is_first) {
            writeln!(out)?;
        }
        match &run.told {
            Ok((head, outcome)) => write_past_run(out, head, outcome)?,
            Err(problem) => {
                writeln!(out, "{STRONG}Run {}{STRONG:#}: unreadable", visible(&run.name))?;
                writeln!(out, "  {}", visible(problem))?;
            }
        }
    }
    if is_first { writeln!(out, "Nothing was applied from here yet.") } else { Ok(()) }
}

fn write_past_run(out: &mut dyn Write, head: &Head, outcome: &Outcome) -> io::Result<()> {
    let run = visible(&head.run);
    writeln!(out, "{STRONG}Run {run}{STRONG:#}: {}", visible(&words(outcome)))?;
    let by = head.actor.words();
    let organization = visible(&head.organization);
    writeln!(out, "  {:.0} by {}, {organization}", head.started_at, visible(&by))?;
    let changes = count(head.changes, "change", "changes");
    let digest: String = head.digest.to_string().chars().take("sha256:".len() + SHORT).collect();
    let commit = head.git.as_ref().map_or_else(String::new, |git| {
        let commit: String = git.commit.chars().take(SHORT).collect();
        let dirty = if git.dirty { ", with changes that are not in it" } else { "" };
        format!(", commit {commit}{dirty}")
    });
    writeln!(out, "  {changes}, plan {digest}{}", visible(&commit))
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::UnderWay => "under way".to_owned(),
        Outcome::CutOff => "cut off, unfinished".to_owned(),
        Outcome::GivenUp { at, by, undone_by } => {
            let undone = undone_by.as_ref().map(|run| format!(", undone by run {run}"));
            format!("given up at {at:.0} by {}{}", by.words(), undone.unwrap_or_default())
        }
        Outcome::Ended { exit_code, unfinished, .. } => {
            let how = match exit_code {
                0 => "done",
                6 => "partly applied",
                8 => "could not read on",
                9 => "done, not visible yet",
                10 => "lost its lease",
                130 => "interrupted",
                _ => "ended",
            };
            let left = if *unfinished { ", unfinished" } else { "" };
            format!("{how}{left} (exit code {exit_code})")
        }
    }
}

#[derive(Serialize)]
struct RunRow<'r> {
    name: &'r str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<jiff::Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<&'r Head>,
}

impl<'r> RunRow<'r> {
    fn of(run: &'r PastRun) -> Self {
        let name = run.name.as_str();
        let none = RunRow {
            name,
            outcome: "unreadable",
            ended_at: None,
            exit_code: None,
            unreadable: None,
            head: None,
        };
        match &run.told {
            Ok((head, outcome)) => {
                let (ended_at, exit_code) = match outcome {
                    Outcome::Ended { at, exit_code, .. } => (Some(*at), Some(*exit_code)),
                    Outcome::GivenUp { at, .. } => (Some(*at), None),
                    Outcome::UnderWay | Outcome::CutOff => (None, None),
                };
                let head = Some(head);
                RunRow { outcome: outcome.name(), ended_at, exit_code, head, ..none }
            }
            Err(problem) => RunRow { unreadable: Some(problem), ..none },
        }
    }
}

/// Writes one run of a list as a line of JSON.
pub fn write_past_run_json(out: &mut dyn Write, run: &PastRun) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &RunRow::of(run))?;
    writeln!(out)
}

/// Writes what one run has done to objects, each with its values before and after and with all that has
/// happened to its requests.
pub fn write_object_run(
    out: &mut dyn Write,
    run: &Run,
    plan: &Plan,
    report: &Report,
    records: &BTreeMap<u32, Vec<Record>>,
) -> io::Result<()> {
    let head = &run.head;
    let by = head.actor.words();
    let name = visible(&head.run);
    writeln!(out, "{STRONG}Run {name}{STRONG:#} at {:.0} by {}", head.started_at, visible(&by))?;
    for (result, place, records) in wanted(plan, report, records) {
        writeln!(out, "  {}", CommandEvent::ChangeResult(result).message())?;
        let change = plan.get(place as usize);
        for attribute in change.iter().flat_map(Change::attributes) {
            if attribute.changes() {
                write_attribute(out, &attribute, 0)?;
            }
        }
        for record in records {
            write_record(out, record)?;
        }
    }
    Ok(())
}

fn wanted<'r>(
    plan: &'r Plan,
    report: &'r Report,
    records: &'r BTreeMap<u32, Vec<Record>>,
) -> impl Iterator<Item = (ChangeResult, u32, &'r [Record])> {
    let all = results(plan, report).zip(0u32..);
    all.filter_map(|(result, place)| Some((result, place, records.get(&place)?.as_slice())))
}

fn write_record(out: &mut dyn Write, record: &Record) -> io::Result<()> {
    match record {
        Record::Request(transition) => {
            let number = u16::from(transition.key.request) + 1;
            write!(out, "      {:.3} request {number} ", transition.at)?;
            write!(out, "{}", transition.event.name())?;
            if let Some(attempt) = transition.attempt.filter(|attempt| *attempt > 1) {
                write!(out, ", try {attempt}")?;
            }
            if let Some(id) = &transition.client_request_id {
                write!(out, ", client request id {}", visible(id))?;
            }
            if let Some(id) = &transition.request_id {
                write!(out, ", request id {}", visible(id))?;
            }
            if let Some(reason) = &transition.reason {
                write!(out, ": {}", visible(reason))?;
            }
            writeln!(out)
        }
        Record::ReadBack { at, verdict, .. } => {
            writeln!(out, "      {at:.3} read back: {}", verdict.name())
        }
        // What became of a change without a request stands in its first line.
        _ => Ok(()),
    }
}

#[derive(Serialize)]
struct ObjectRunRow<'r> {
    run: &'r Head,
    changes: Vec<ObjectRow<'r>>,
}

#[derive(Serialize)]
struct ObjectRow<'r> {
    #[serde(flatten)]
    result: ChangeResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    guid: Option<Uuid>,
    action: Option<Action>,
    before: BTreeMap<String, serde_json::Value>,
    after: BTreeMap<String, serde_json::Value>,
    records: &'r [Record],
}

/// Writes what one run has done to objects as a line of JSON.
pub fn write_object_run_json(
    out: &mut dyn Write,
    run: &Run,
    plan: &Plan,
    report: &Report,
    records: &BTreeMap<u32, Vec<Record>>,
) -> io::Result<()> {
    let row = |(result, place, records): (ChangeResult, u32, _)| {
        let change = plan.get(place as usize);
        let attributes = change.as_ref().map(Change::attributes).unwrap_or_default();
        let values = |side: fn(&Attribute<'_>) -> Option<serde_json::Value>| {
            let named = |one| side(one).map(|value| (one.name.to_owned(), value));
            attributes.iter().filter_map(named).collect()
        };
        ObjectRow {
            result,
            guid: change.as_ref().and_then(Change::guid),
            action: change.as_ref().map(Change::action),
            before: values(|one| one.before.as_ref().map(datum)),
            after: values(|one| one.after.as_ref().map(datum)),
            records,
        }
    };
    let changes = wanted(plan, report, records).map(row).collect();
    serde_json::to_writer(&mut *out, &ObjectRunRow { run: &run.head, changes })?;
    writeln!(out)
}

/// A value; `null` where it was generated by the apply.
fn datum(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Set(names) => names.iter().copied().collect(),
        Value::Unknown => serde_json::Value::Null,
    }
}
