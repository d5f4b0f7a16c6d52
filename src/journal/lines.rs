//! Whole lines of a journal, one after another; a last one without its end is left out.

use std::io::{self, BufRead, Read as _};

use super::record::PlanLine;
use super::replay::Unreadable;

/// Whole lines, one after another.
pub(super) struct Lines<'r> {
    from: &'r mut dyn BufRead,
    /// The last one; what is left of one that broke off, once there are no more.
    pub(super) line: Vec<u8>,
    number: u64,
    /// Bytes up to the end of the last one.
    pub(super) at: u64,
}

impl<'r> Lines<'r> {
    /// Those that come from there.
    pub(super) fn of(from: &'r mut dyn BufRead) -> Self {
        Self { from, line: Vec::new(), number: 0, at: 0 }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        self.from.read_until(b'\n', &mut self.line)?;
        match self.line.split_last() {
            Some((b'\n', line)) => {
                self.number += 1;
                self.at += self.line.len() as u64;
                Ok(Some(line))
            }
            _ => Ok(None),
        }
    }

    /// How long the plan in the second line is. It is passed over, since it can be as long as all the
    /// rest, and who needs it reads it as a plan.
    pub(super) fn plan(&mut self) -> Result<Option<u64>, Unreadable> {
        let before = PlanLine::BEFORE.as_bytes();
        self.line.clear();
        (&mut *self.from).take(before.len() as u64).read_to_end(&mut self.line)?;
        if !before.starts_with(&self.line) {
            self.number += 1;
            return Err(self.wrong("it should hold the plan that the run carries out"));
        }
        let mut length = 0;
        loop {
            let buffer = self.from.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(buffer.len(), |end| end + 1);
            self.from.consume(taken);
            length += taken as u64;
            if end.is_some() {
                break;
            }
        }
        self.line.clear();
        self.number += 1;
        self.at += before.len() as u64 + length;
        Ok(Some(length.saturating_sub(PlanLine::AFTER.len() as u64)))
    }

    pub(super) fn wrong(&self, reason: &str) -> Unreadable {
        Unreadable::Line { line: self.number, reason: reason.to_owned() }
    }
}
