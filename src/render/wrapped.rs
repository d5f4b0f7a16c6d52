//! Lines broken at a width, as they pass. A continued line stands two columns further in than the
//! line that it continues, so that a sign at the beginning stays alone in its column. Words are never
//! cut: an address that is wider than the line stays whole and can be copied.

use std::io::{self, Write};

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Narrower than this nothing can be read.
const NARROWEST: usize = 30;

/// Passes lines on, broken at a width.
pub(super) struct Wrapped<'w> {
    out: &'w mut dyn Write,
    width: usize,
    line: Vec<u8>,
}

impl<'w> Wrapped<'w> {
    pub(super) fn at(width: usize, out: &'w mut dyn Write) -> Self {
        Self { out, width: width.max(NARROWEST), line: Vec::new() }
    }

    /// Passes on what has no end of line yet.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.line.is_empty() { Ok(()) } else { self.pass() }
    }

    fn pass(&mut self) -> io::Result<()> {
        let line = String::from_utf8_lossy(&self.line);
        let indent = line.len() - line.trim_start_matches(' ').len();
        let hanging = " ".repeat(indent.min(self.width / 2) + 2);
        let options = Options::new(self.width)
            .subsequent_indent(&hanging)
            .break_words(false)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        for piece in textwrap::wrap(&line, options) {
            self.out.write_all(piece.as_bytes())?;
            self.out.write_all(b"\n")?;
        }
        self.line.clear();
        Ok(())
    }
}

impl Write for Wrapped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    self.line.extend_from_slice(end);
                    self.pass()?;
                }
                None => self.line.extend_from_slice(piece),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    fn wrapped(width: usize, text: &str) -> String {
        let mut out = Vec::new();
        let mut lines = Wrapped::at(width, &mut out);
        lines.write_all(text.as_bytes()).unwrap();
        lines.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_long_line_goes_on_two_columns_further_in() {
        let text = "    ! one two three four five six seven\nshort\n\n";
        let expected = "    ! one two three four five\n      six seven\nshort\n\n";
        assert_eq!(wrapped(30, text), expected);
    }

    #[test]
    fn an_address_is_never_cut() {
        let address = "mailbox_audit.people[\"somebody-with-a-long-name@contoso.com\"]";
        assert_eq!(wrapped(30, &format!("  ~ {address}\n")), format!("  ~\n    {address}\n"));
    }

    #[test]
    fn styles_take_no_room_and_wide_letters_take_two_columns() {
        let styled = "\u{1b}[31m- one two three four five\u{1b}[0m\n";
        assert_eq!(wrapped(30, styled), styled);
        let wide = "\u{6f22}\u{5b57}\u{6f22}\u{5b57} ".repeat(4);
        assert_eq!(wrapped(30, wide.trim_end()).lines().count(), 2);
    }
}
