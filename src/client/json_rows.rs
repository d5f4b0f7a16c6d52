//! Cuts the rows out of `{ ..., "value": [ {row}, {row} ], ... }` while the bytes arrive, so that a
//! page of 60,000 rows is never held as a whole. Chunks in, each complete row out as a slice; all
//! the rest is kept as an envelope (with `"value":[]`) for serde to judge at the end.
//!
//! It counts brackets and skips strings, nothing more: whether a row is JSON is for its parser.
//! Pure; written for speed, since every byte of a million rows goes through it.

use std::ops::ControlFlow;

/// A row is about a kilobyte; a row of this size is not a row.
const MAX_ROW: usize = 16 << 20;
const MAX_ENVELOPE: usize = 16 << 20;
/// The parser behind this one stops at 128.
const MAX_DEPTH: u32 = 100;

/// Why a body is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SplitError {
    #[error("the answer is not a JSON object")]
    NotAnObject,
    #[error("the answer ends in the middle")]
    Truncated,
    #[error("the answer goes on after its end")]
    TrailingBytes,
    #[error("`value` holds something else than objects separated by commas")]
    NotRows,
    #[error("the answer holds `value` twice")]
    SecondValue,
    #[error("brackets do not match")]
    Brackets,
    #[error("the answer is nested more than {MAX_DEPTH} deep")]
    TooDeep,
    #[error("a row is larger than {} MiB", MAX_ROW >> 20)]
    RowTooLarge,
    #[error("the answer without its rows is larger than {} MiB", MAX_ENVELOPE >> 20)]
    EnvelopeTooLarge,
}

/// Splitting stopped: by the body itself, or by whoever takes the rows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PushError<E> {
    Split(SplitError),
    Row(E),
}

impl<E> From<SplitError> for PushError<E> {
    fn from(error: SplitError) -> Self {
        Self::Split(error)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Before the first byte that counts.
    Start,
    /// Inside the outer object, outside of `value`.
    Envelope,
    /// Inside `value`, where a row or the end may come.
    RowOrEnd,
    /// Inside `value` after a row.
    CommaOrEnd,
    /// Inside `value` after a comma.
    Row,
    /// Inside a row.
    InRow,
    /// After the outer object.
    Done,
}

/// Where the last string at depth 1 stands with regard to being the key `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// The next string at depth 1 is a key.
    Expected,
    /// A string that began at this place of the envelope.
    Reading(usize),
    /// The key was `value`; its value comes next, after a colon.
    Value,
    /// Anything else.
    Other,
}

/// See the module. One per body.
#[derive(Debug)]
pub(crate) struct RowSplitter {
    phase: Phase,
    key: Key,
    depth: u32,
    in_string: bool,
    escaped: bool,
    seen_value: bool,
    envelope: Vec<u8>,
    /// The part of a row that came with earlier chunks; its space is used again.
    row: Vec<u8>,
}

impl RowSplitter {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Start,
            key: Key::Expected,
            depth: 0,
            in_string: false,
            escaped: false,
            seen_value: false,
            envelope: Vec::new(),
            row: Vec::new(),
        }
    }

    /// Takes the next bytes and hands each row that they complete to `on_row`.
    pub(crate) fn push<E>(
        &mut self,
        chunk: &[u8],
        on_row: &mut (impl FnMut(&[u8]) -> Result<(), E> + ?Sized),
    ) -> Result<(), PushError<E>> {
        let mut at = 0;
        while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
            at += match self.phase {
                Phase::InRow => self.row_bytes(rest, on_row)?,
                Phase::Envelope => self.envelope_bytes(rest)?,
                _ => self.between(rest)?,
            };
        }
        Ok(())
    }

    /// The envelope, once the body is complete.
    pub(crate) fn finish(self) -> Result<Vec<u8>, SplitError> {
        if self.phase == Phase::Done { Ok(self.envelope) } else { Err(SplitError::Truncated) }
    }

    /// One byte where only structure may stand: before, between and after rows.
    fn between(&mut self, rest: &[u8]) -> Result<usize, SplitError> {
        let Some(byte) = rest.first() else { return Ok(0) };
        self.phase = match (self.phase, byte) {
            (phase, b' ' | b'\t' | b'\r' | b'\n') => phase,
            (Phase::Start, b'{') => {
                self.envelope.push(b'{');
                self.depth = 1;
                Phase::Envelope
            }
            (Phase::Start, _) => return Err(SplitError::NotAnObject),
            (Phase::RowOrEnd | Phase::Row, b'{') => {
                self.row.clear();
                // The brace itself is taken with the row, where depth is counted anew.
                self.depth = 0;
                self.phase = Phase::InRow;
                return Ok(0);
            }
            (Phase::RowOrEnd | Phase::CommaOrEnd, b']') => {
                self.envelope.push(b']');
                self.depth = 1;
                Phase::Envelope
            }
            (Phase::CommaOrEnd, b',') => Phase::Row,
            (Phase::Done, _) => return Err(SplitError::TrailingBytes),
            _ => return Err(SplitError::NotRows),
        };
        Ok(1)
    }

    /// Bytes of a row: up to its end, or to the end of the chunk.
    fn row_bytes<E>(
        &mut self,
        rest: &[u8],
        on_row: &mut (impl FnMut(&[u8]) -> Result<(), E> + ?Sized),
    ) -> Result<usize, PushError<E>> {
        let end = self.scan_row(rest)?;
        let taken = end.unwrap_or(rest.len());
        let part = rest.get(..taken).unwrap_or(rest);
        if self.row.len() + taken > MAX_ROW {
            return Err(SplitError::RowTooLarge.into());
        }
        if end.is_some() {
            self.phase = Phase::CommaOrEnd;
            if self.row.is_empty() {
                on_row(part).map_err(PushError::Row)?;
                return Ok(taken);
            }
        }
        self.row.extend_from_slice(part);
        if end.is_some() {
            on_row(&self.row).map_err(PushError::Row)?;
            self.row.clear();
        }
        Ok(taken)
    }

    /// Finds the end of the row, counting brackets outside of strings.
    fn scan_row(&mut self, bytes: &[u8]) -> Result<Option<usize>, SplitError> {
        let mut at = 0;
        loop {
            if self.in_string {
                at += self.skip_string(bytes.get(at..).unwrap_or_default());
                if self.in_string {
                    return Ok(None);
                }
            }
            let Some(byte) = bytes.get(at) else { return Ok(None) };
            at += 1;
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.deeper()?,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return if *byte == b'}' {
                            Ok(Some(at))
                        } else {
                            Err(SplitError::Brackets)
                        };
                    }
                }
                _ => {}
            }
        }
    }

    /// Bytes of the envelope: copied, watching for the key `value` at depth 1.
    fn envelope_bytes(&mut self, rest: &[u8]) -> Result<usize, SplitError> {
        let mut at = 0;
        while let Some(byte) = rest.get(at) {
            if self.in_string {
                let taken = self.skip_string(rest.get(at..).unwrap_or_default());
                self.keep(rest.get(at..at + taken).unwrap_or_default())?;
                at += taken;
                if !self.in_string {
                    self.string_ended();
                }
                continue;
            }
            self.keep(&[*byte])?;
            at += 1;
            if self.envelope_byte(*byte)?.is_break() {
                break;
            }
        }
        Ok(at)
    }

    /// One byte of structure of the envelope; breaks where the phase has changed.
    fn envelope_byte(&mut self, byte: u8) -> Result<ControlFlow<()>, SplitError> {
        match byte {
            b'"' => {
                self.in_string = true;
                if self.depth == 1 && self.key == Key::Expected {
                    self.key = Key::Reading(self.envelope.len());
                }
            }
            b'[' if self.depth == 1 && self.key == Key::Value => {
                if std::mem::replace(&mut self.seen_value, true) {
                    return Err(SplitError::SecondValue);
                }
                self.key = Key::Other;
                self.phase = Phase::RowOrEnd;
                return Ok(ControlFlow::Break(()));
            }
            b'{' | b'[' => {
                self.key = Key::Other;
                self.deeper()?;
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.phase = Phase::Done;
                    return Ok(ControlFlow::Break(()));
                }
            }
            b',' if self.depth == 1 => self.key = Key::Expected,
            b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => self.key = Key::Other,
        }
        Ok(ControlFlow::Continue(()))
    }

    fn string_ended(&mut self) {
        if let Key::Reading(start) = self.key {
            let is_value = self.envelope.get(start..) == Some(b"value\"");
            self.key = if is_value { Key::Value } else { Key::Other };
        }
    }

    /// How many bytes of `bytes` belong to the string that is open, its closing quote included.
    fn skip_string(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        if self.escaped && !bytes.is_empty() {
            self.escaped = false;
            at = 1;
        }
        while let Some(found) = quote_or_backslash(bytes.get(at..).unwrap_or_default()) {
            at += found + 1;
            if bytes.get(at - 1) == Some(&b'"') {
                self.in_string = false;
                return at;
            }
            if at == bytes.len() {
                self.escaped = true;
                return at;
            }
            at += 1;
        }
        bytes.len()
    }

    fn deeper(&mut self) -> Result<(), SplitError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(SplitError::TooDeep) } else { Ok(()) }
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), SplitError> {
        if self.envelope.len() + bytes.len() > MAX_ENVELOPE {
            return Err(SplitError::EnvelopeTooLarge);
        }
        self.envelope.extend_from_slice(bytes);
        Ok(())
    }
}

/// The first `"` or `\`. Eight bytes at a time: most bytes of a row are inside strings, and the
/// subtraction sets the high bit of a byte exactly when it was zero (and perhaps of a later one,
/// which is why the hit is looked up again).
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let is_end = |byte: &u8| matches!(byte, b'"' | b'\\');
    let (words, tail) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word_bits = u64::from_ne_bytes(*word);
        let quote = word_bits ^ (ONES * u64::from(b'"'));
        let slash = word_bits ^ (ONES * u64::from(b'\\'));
        let zero = |bits: u64| bits.wrapping_sub(ONES) & !bits & HIGHS;
        if zero(quote) | zero(slash) != 0
            && let Some(place) = word.iter().position(is_end)
        {
            return Some(number * 8 + place);
        }
    }
    tail.iter().position(is_end).map(|place| bytes.len() - tail.len() + place)
}

#[cfg(test)]
mod tests;
