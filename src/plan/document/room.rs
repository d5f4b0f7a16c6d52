//! How much of a document is held at once while it is read.

use std::cell::Cell;
use std::io::{self, Read};

/// Longer specs and patterns: the texts of a spec have 16 MiB at most.
pub(super) const LONGEST_MEMBER: u64 = 40 << 20;
/// And longer changes, and whatever else there is.
pub(super) const LONGEST_CHANGE: u64 = 4 << 20;

/// How much more of a document may belong to the part that is being read: what is held of it grows
/// with that, and not with what somebody has written.
#[derive(Debug, Default)]
pub(super) struct Room(pub(super) Cell<u64>);

impl Room {
    /// Makes room for a member.
    pub(super) fn give(&self, name: &str) {
        let is_long = matches!(name, "spec" | "patterns");
        self.0.set(if is_long { LONGEST_MEMBER } else { LONGEST_CHANGE });
    }
}

pub(super) struct Limited<'r, R> {
    pub(super) room: &'r Room,
    pub(super) reader: R,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.room.0.get();
        if left == 0 {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let length = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = self.reader.read(&mut buffer[..length])?;
        self.room.0.set(left.saturating_sub(count as u64));
        Ok(count)
    }
}
