//! What was done from here: all runs, and all that was ever done to one object. One journal is looked at
//! after another, and of a list of them the first and the last line alone.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::path::Path;

use jiff::Timestamp;

use super::report::{names_of, read_run, report_of, unreadable};
use super::store::{LocalRuns, RunStore};
use super::unfinished::last_record;
use crate::apply::Report;
use crate::journal::{Head, Outcome, PastRun, Record, Run, Unreadable};
use crate::lease::Standing;
use crate::ops::lease::leases;
use crate::ops::ports::Stopped;
use crate::plan::{Change, Plan};

/// The runs beside a spec, the latest first.
pub fn history(
    beside: &Path,
    now: Timestamp,
) -> Result<impl Iterator<Item = PastRun> + use<>, Stopped> {
    let runs = LocalRuns::beside(beside);
    let names = names_of(&runs)?;
    let held: Vec<String> = leases(beside, now)?
        .into_iter()
        .filter_map(|kept| kept.lease.ok())
        .filter(|(_, standing)| matches!(standing, Standing::Held | Standing::Ending))
        .filter_map(|(lease, _)| lease.run)
        .collect();
    Ok(names.into_iter().rev().map(move |name| {
        let told = ends_of(&runs, &name)
            .map(|(head, last)| (head, Outcome::of(last, held.contains(&name))))
            .map_err(|error| error.to_string());
        PastRun { name, told }
    }))
}

fn ends_of(runs: &dyn RunStore, name: &str) -> Result<(Head, Option<Record>), Unreadable> {
    let mut lines = BufReader::new(runs.open(name)?);
    let head = Run::read_head(&mut lines)?;
    Ok((head, last_record(&mut lines)?))
}

/// What one run has done to the objects that were asked for.
#[derive(Debug)]
pub struct ObjectRun {
    /// The run.
    pub run: Run,
    /// Its plan.
    pub plan: Plan,
    /// What became of the plan.
    pub report: Report,
    /// By the place of its change, what the journal tells of each object, in order.
    pub records: BTreeMap<u32, Vec<Record>>,
}

/// What the runs beside a spec have done to the objects that `is_wanted` picks, the latest run first. Runs
/// that planned nothing for them are passed over.
pub fn history_of<'w>(
    beside: &Path,
    is_wanted: &'w dyn Fn(&Change<'_>) -> bool,
) -> Result<impl Iterator<Item = Result<ObjectRun, Stopped>> + use<'w>, Stopped> {
    let runs = LocalRuns::beside(beside);
    let names = names_of(&runs)?;
    let of_run = move |name: String| object_run(&runs, &name, is_wanted).transpose();
    Ok(names.into_iter().rev().filter_map(of_run))
}

fn object_run(
    runs: &dyn RunStore,
    name: &str,
    is_wanted: &dyn Fn(&Change<'_>) -> bool,
) -> Result<Option<ObjectRun>, Stopped> {
    let open = || -> io::Result<_> { Ok(BufReader::with_capacity(1 << 16, runs.open(name)?)) };
    let failed = |error: Unreadable| unreadable(name, &error);
    match Run::read_head(&mut open().map_err(Unreadable::Io).map_err(failed)?) {
        Ok(_) => {}
        Err(Unreadable::NotBegun) => return Ok(None),
        Err(error) => return Err(failed(error)),
    }
    let read = read_run(runs, name)?;
    let Some(plan) = read.plan.map(|read| read.plan) else { return Ok(None) };
    let places = plan.changes().zip(0u32..).filter(|(change, _)| is_wanted(change));
    let mut records: BTreeMap<u32, Vec<Record>> =
        places.map(|(_, place)| (place, Vec::new())).collect();
    if records.is_empty() {
        return Ok(None);
    }
    let run = Run::read_each(&mut open().map_err(Unreadable::Io).map_err(failed)?, &mut |record| {
        note(record, &mut records);
    });
    let run = run.map_err(failed)?;
    let report = report_of(&plan, &run);
    Ok(Some(ObjectRun { run, plan, report, records }))
}

/// Puts a record to the objects that it tells of.
fn note(record: &Record, records: &mut BTreeMap<u32, Vec<Record>>) {
    let mut put = |place: u32, record: Record| {
        if let Some(of_object) = records.get_mut(&place) {
            of_object.push(record);
        }
    };
    match record {
        Record::Request(transition) => put(transition.key.change, record.clone()),
        Record::Change { change, .. } => put(*change, record.clone()),
        Record::ReadBack { at, verdict, changes } => {
            for (place, of_object) in records.iter_mut() {
                if changes.iter().any(|(first, last)| (first..=last).contains(&place)) {
                    let (at, verdict, changes) = (*at, *verdict, vec![(*place, *place)]);
                    of_object.push(Record::ReadBack { at, verdict, changes });
                }
            }
        }
        Record::Resumed { .. } | Record::Ended { .. } | Record::Abandoned { .. } => {}
    }
}
