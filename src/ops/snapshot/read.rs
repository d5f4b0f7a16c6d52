//! Reads a snapshot: once to see that it is whole and as it was written, which nothing is believed
//! before; then its mailboxes, one after another.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::document::{Audits, Ending, Head, MARK, MailboxLine, SNAPSHOT_VERSION};
use crate::resource::{ActionVocabulary, FormatVersion, hexadecimal};
use crate::state::{AuditState, MailboxRow};

/// No line is longer: the head of a tenant with a thousand applications has a few MiB.
const LONGEST_LINE: u64 = 64 << 20;
/// A snapshot of a million mailboxes has a tenth of it.
const LONGEST: u64 = 4 << 30;
/// 2^24 bytes: what zstd may hold while it reads, whatever a file demands.
const WINDOW_LOG: u32 = 24;

/// Why a file cannot be taken for a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableSnapshot {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Io(io::Error),
    /// It is something else.
    #[error("it is not a snapshot")]
    NotASnapshot,
    /// It ends in the middle.
    #[error("it is cut off: the end is not there")]
    Cut,
    /// A newer release took it.
    #[error("its format is {0}, and this release reads up to {SNAPSHOT_VERSION}")]
    TooNew(String),
    /// It is not what was written.
    #[error("it is damaged, or was changed after it was taken: its digest is another one")]
    Changed,
    /// Some part of it cannot be.
    #[error("it is broken: {0}")]
    Broken(String),
    /// It is longer than any snapshot.
    #[error("it is longer than {} GiB, which no snapshot is", LONGEST >> 30)]
    TooLong,
}

/// A snapshot that is whole.
#[derive(Debug)]
pub struct SnapshotReader<F> {
    file: F,
    /// What stands in it once.
    pub head: Head,
    audits: Vec<AuditState>,
    vocabulary: ActionVocabulary,
    /// How many mailboxes are in it.
    pub mailboxes: u64,
    /// Requests that listing them took.
    pub requests: u64,
}

impl SnapshotReader<File> {
    /// Looks through a file.
    pub fn open(file: File) -> Result<Self, UnreadableSnapshot> {
        Self::of(file)
    }
}

impl<F: Read + Seek> SnapshotReader<F> {
    /// Looks through a snapshot.
    pub fn of(mut file: F) -> Result<Self, UnreadableSnapshot> {
        let mut magic = [0; 4];
        file.read_exact(&mut magic).map_err(|_| UnreadableSnapshot::NotASnapshot)?;
        if magic != zstd::zstd_safe::MAGICNUMBER.to_le_bytes() {
            return Err(UnreadableSnapshot::NotASnapshot);
        }
        let mut lines = Lines::of(&mut file)?;
        let mut hasher = Sha256::new();
        let head = lines.next()?.ok_or(UnreadableSnapshot::Cut)?;
        let head_of = head_of(head)?;
        hasher.update(head);
        let mut mailboxes = 0;
        let mut audits: Option<Audits> = None;
        let end = loop {
            let line = lines.next()?.ok_or(UnreadableSnapshot::Cut)?;
            if line.starts_with(b"{\"end\":") {
                break parse::<Ending>(line)?.end;
            }
            hasher.update(line);
            if line.starts_with(b"{\"audits\":") {
                audits = Some(parse(line)?);
            } else {
                mailboxes += 1;
            }
        };
        if hexadecimal(&hasher.finalize()) != end.sha256
            || end.mailboxes != mailboxes
            || lines.next()?.is_some()
        {
            return Err(UnreadableSnapshot::Changed);
        }
        let mut vocabulary = ActionVocabulary::default();
        let rows = audits.map(|audits| audits.audits).unwrap_or_default().into_iter();
        let audits = rows.map(|row| row.into_state(&mut vocabulary)).collect::<Result<_, _>>();
        let audits = audits.map_err(UnreadableSnapshot::Broken)?;
        Ok(Self { head: head_of, audits, vocabulary, mailboxes, requests: end.requests, file })
    }

    /// Hands over each mailbox.
    pub fn rows(
        &mut self,
        on_row: &mut dyn FnMut(&MailboxRow<'_>),
    ) -> Result<ActionVocabulary, UnreadableSnapshot> {
        let mut lines = Lines::of(&mut self.file)?;
        lines.next()?;
        for _ in 0..self.mailboxes {
            let line = lines.next()?.ok_or(UnreadableSnapshot::Cut)?;
            let mailbox: MailboxLine<'_> = parse(line)?;
            let row = mailbox.into_row(&self.audits).map_err(UnreadableSnapshot::Broken)?;
            on_row(&row);
        }
        Ok(self.vocabulary.clone())
    }
}

/// What the head of any version has.
#[derive(Deserialize)]
struct Mark {
    auditform: String,
    format_version: String,
}

fn head_of(line: &[u8]) -> Result<Head, UnreadableSnapshot> {
    let mark: Mark = serde_json::from_slice(line).map_err(|_| UnreadableSnapshot::NotASnapshot)?;
    if mark.auditform != MARK {
        return Err(UnreadableSnapshot::NotASnapshot);
    }
    if FormatVersion::readable(&mark.format_version, SNAPSHOT_VERSION).is_none() {
        return Err(UnreadableSnapshot::TooNew(mark.format_version));
    }
    parse(line)
}

fn parse<'l, T: Deserialize<'l>>(line: &'l [u8]) -> Result<T, UnreadableSnapshot> {
    serde_json::from_slice(line).map_err(|error| UnreadableSnapshot::Broken(error.to_string()))
}

/// The lines of a compressed file, one at a time.
struct Lines<'f, F: Read> {
    input: BufReader<io::Take<zstd::Decoder<'static, BufReader<&'f mut F>>>>,
    line: Vec<u8>,
}

impl<'f, F: Read + Seek> Lines<'f, F> {
    fn of(file: &'f mut F) -> Result<Self, UnreadableSnapshot> {
        file.seek(SeekFrom::Start(0)).map_err(UnreadableSnapshot::Io)?;
        let mut decoder = zstd::Decoder::new(file).map_err(UnreadableSnapshot::Io)?;
        decoder.window_log_max(WINDOW_LOG).map_err(UnreadableSnapshot::Io)?;
        let input = BufReader::with_capacity(1 << 16, decoder.take(LONGEST));
        Ok(Self { input, line: Vec::new() })
    }

    fn next(&mut self) -> Result<Option<&[u8]>, UnreadableSnapshot> {
        self.line.clear();
        let read = (&mut self.input).take(LONGEST_LINE).read_until(b'\n', &mut self.line);
        match read {
            Ok(0) => Ok(None),
            Ok(_) if self.line.ends_with(b"\n") => Ok(Some(&self.line)),
            Ok(_) if self.input.get_ref().limit() == 0 => Err(UnreadableSnapshot::TooLong),
            Ok(length) if length as u64 == LONGEST_LINE => Err(UnreadableSnapshot::NotASnapshot),
            Ok(_) => Err(UnreadableSnapshot::Cut),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(UnreadableSnapshot::Cut)
            }
            // zstd has found what it could not have written.
            Err(error) if error.kind() == io::ErrorKind::Other => Err(UnreadableSnapshot::Changed),
            Err(error) => Err(UnreadableSnapshot::Io(error)),
        }
    }
}
