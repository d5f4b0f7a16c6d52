//! Writes a snapshot as a stream: a mailbox leaves nothing behind but its number among audit states, of
//! which a tenant has few. The rows are provisional until the end: a list that begins anew begins the
//! snapshot anew.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::document::{AuditRow, Audits, End, Ending, Head, MailboxLine};
use crate::resource::{ActionVocabulary, hexadecimal};
use crate::state::{AuditState, MailboxRow};

/// A snapshot in the making.
#[derive(Debug)]
pub struct SnapshotWriter<W> {
    out: W,
    hasher: Sha256,
    line: Vec<u8>,
    numbers: HashMap<AuditState, u32>,
    audits: Vec<AuditState>,
    mailboxes: u64,
}

impl<W: Write> SnapshotWriter<W> {
    /// Begins with the head.
    pub fn begin(out: W, head: &Head) -> io::Result<Self> {
        let mut writer = Self {
            out,
            hasher: Sha256::new(),
            line: Vec::new(),
            numbers: HashMap::new(),
            audits: Vec::new(),
            mailboxes: 0,
        };
        writer.write(head)?;
        Ok(writer)
    }

    /// Adds a mailbox.
    pub fn mailbox(&mut self, row: &MailboxRow<'_>) -> io::Result<()> {
        let next = u32::try_from(self.audits.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(row.audit).or_insert(next);
        if number == next {
            self.audits.push(row.audit);
        }
        self.mailboxes += 1;
        self.write(&MailboxLine::of(row, number))
    }

    /// Ends it. `vocabulary` is that of all rows, and `requests` are those that listing them took.
    pub fn end(mut self, vocabulary: &ActionVocabulary, requests: u64) -> io::Result<(W, u64)> {
        let audits = self.audits.iter().map(|audit| AuditRow::of(audit, vocabulary)).collect();
        self.write(&Audits { audits })?;
        let sha256 = hexadecimal(&self.hasher.finalize_reset());
        self.write(&Ending { end: End { mailboxes: self.mailboxes, requests, sha256 } })?;
        Ok((self.out, self.mailboxes))
    }

    fn write<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)?;
        self.line.push(b'\n');
        self.hasher.update(&self.line);
        self.out.write_all(&self.line)
    }
}
