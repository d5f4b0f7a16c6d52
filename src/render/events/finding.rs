//! Findings as data: with their places as lines and columns, which is what programs ask for.

use super::rows::{Finding, Place, SeverityWord};
use crate::diagnostic::{Diagnostic, Label, Severity, SourceFile, Sources};

impl Finding {
    /// A finding, its places looked up in the files.
    pub fn of(sources: &Sources, diagnostic: &Diagnostic) -> Self {
        let remarks = sources.remarks_on(diagnostic).map(str::to_owned);
        let place = |label: &Label| Some(Place::of(sources.get(label.span.file)?, label));
        Self {
            severity: match diagnostic.severity {
                Severity::Error => SeverityWord::Error,
                Severity::Warning => SeverityWord::Warning,
            },
            code: diagnostic.code.to_owned(),
            summary: diagnostic.summary.clone(),
            places: diagnostic.labels.iter().filter_map(place).collect(),
            notes: diagnostic.notes.iter().cloned().chain(remarks).collect(),
            help: diagnostic.help.clone(),
            request_id: diagnostic.request_id.clone(),
        }
    }
}

impl Place {
    fn of(file: &SourceFile, label: &Label) -> Self {
        let range = label.span.range();
        let (line, column) = position(&file.text, range.start);
        let (end_line, end_column) = position(&file.text, range.end.max(range.start));
        let (path, text) = (file.path.clone(), label.text.clone());
        Self { file: path, line, column, end_line, end_column, text }
    }
}

/// Line and column of a byte, both from 1; a byte past the end stands at the end.
fn position(text: &str, byte: usize) -> (u64, u64) {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = &text[..byte];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() as u64 + 1;
    (line, before[start..].chars().count() as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    #[test]
    fn a_place_counts_lines_and_code_points_from_one() {
        let mut sources = Sources::default();
        let text = "a = 1\nn\u{e4}me = '\u{1f600}x'\n";
        let file = sources.add("a.toml", text);
        let at = text.find('x').unwrap_or_default();
        for (range, expected) in [
            (at..at + 1, (2, 10, 2, 11)),
            (0..1, (1, 1, 1, 2)),
            (0..at, (1, 1, 2, 10)),
            (900..901, (3, 1, 3, 1)),
        ] {
            let finding = Diagnostic::error("code", "wrong").at(Span::new(file, &range), "");
            let Some(place) = Finding::of(&sources, &finding).places.pop() else { continue };
            let Place { line, column, end_line, end_column, .. } = place;
            assert_eq!((line, column, end_line, end_column), expected);
        }
        let finding = Diagnostic::error("code", "wrong").at(Span::new(file, &(0..1)), "");
        assert_eq!(Finding::of(&sources, &finding).places.len(), 1);
    }
}
