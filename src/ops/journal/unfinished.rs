//! Runs that have not ended: which ones there are, and closing them for good. Only the last line of a
//! journal is read for that, since all but the latest ones have ended.

use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use uuid::Uuid;

use super::report::{names_of, unreadable};
use super::store::{LocalRuns, ReadSeek, RunStore};
use super::{Lines, actor};
use crate::diagnostic::Diagnostic;
use crate::journal::{Head, Record, Run, Unreadable};
use crate::ops::ports::{Ports, Stopped};

/// The end of a journal that its last line is looked for in.
const TAIL: u64 = 1 << 12;

/// The runs beside a spec that somebody may go on with, the latest first; of one tenant, where it is known.
pub fn unfinished(beside: &Path, tenant: Option<Uuid>) -> Result<Vec<Head>, Stopped> {
    let runs = LocalRuns::beside(beside);
    let mut found = Vec::new();
    for name in names_of(&runs)?.iter().rev() {
        match unfinished_head(&runs, name, tenant) {
            Ok(head) => found.extend(head),
            Err(error) => return Err(unreadable(name, &error)),
        }
    }
    Ok(found)
}

fn unfinished_head(
    runs: &dyn RunStore,
    name: &str,
    tenant: Option<Uuid>,
) -> Result<Option<Head>, Unreadable> {
    let mut lines = BufReader::new(runs.open(name)?);
    let head = match Run::read_head(&mut lines) {
        Ok(head) => head,
        // Nothing was sent before the first two lines were on the disk.
        Err(Unreadable::NotBegun) => return Ok(None),
        Err(error) => return Err(error),
    };
    if tenant.is_some_and(|tenant| tenant != head.tenant_id) || has_ended(&mut lines)? {
        return Ok(None);
    }
    lines.rewind()?;
    let run = Run::read(&mut lines)?;
    Ok((run.plan.is_some() && run.is_unfinished()).then_some(head))
}

/// Whether the last line says that nobody goes on.
fn has_ended(lines: &mut BufReader<Box<dyn ReadSeek>>) -> io::Result<bool> {
    Ok(matches!(
        last_record(lines)?,
        Some(Record::Ended { unfinished: false, .. } | Record::Abandoned { .. })
    ))
}

/// The last line, where it is whole and one that ends a run: those are short.
pub(super) fn last_record(lines: &mut BufReader<Box<dyn ReadSeek>>) -> io::Result<Option<Record>> {
    let length = lines.seek(SeekFrom::End(0))?;
    lines.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    lines.read_to_end(&mut tail)?;
    let Some(whole) = tail.strip_suffix(b"\n") else { return Ok(None) };
    let last = whole.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(serde_json::from_slice(last).ok())
}

/// Closes a run that another one takes back, where its journal lies here and it has not ended.
pub fn close_undone(
    beside: &Path,
    name: &str,
    undone_by: &str,
    ports: &Ports,
) -> Result<(), Stopped> {
    let is_unfinished = unfinished(beside, None)?.iter().any(|head| head.run == name);
    if is_unfinished { abandon(beside, name, Some(undone_by), ports) } else { Ok(()) }
}

/// Closes a run in its journal: nobody goes on with it. `undone_by` is the run that takes back what it did.
pub fn abandon(
    beside: &Path,
    name: &str,
    undone_by: Option<&str>,
    ports: &Ports,
) -> Result<(), Stopped> {
    let runs = LocalRuns::beside(beside);
    let closed = || -> Result<(), Unreadable> {
        let mut lines = BufReader::new(runs.open(name)?);
        let run = Run::read(&mut lines)?;
        if !run.is_unfinished() {
            return Ok(());
        }
        let undone_by = undone_by.map(str::to_owned);
        let mut line = Lines::default();
        line.push(&Record::Abandoned { at: ports.now(), actor: actor(ports), undone_by })?;
        let mut file = runs.append(name, run.whole)?;
        file.write_all(&line.0)?;
        Ok(file.keep()?)
    };
    closed().map_err(|error| match error {
        Unreadable::Io(error) => {
            let summary = format!("run `{name}` cannot be closed in its journal: {error}");
            Stopped::error(Diagnostic::error("unwritable-journal", summary))
        }
        error => unreadable(name, &error),
    })
}
