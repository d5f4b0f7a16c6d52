//! Findings as text, the way rustc shows them: summary, place, source line with caret, notes, what
//! to do. Takes the files as read and the findings; gives one string and prints nothing. Colour is
//! the caller's decision.

use std::ops::Range;

use annotate_snippets::{
    AnnotationKind, Element, Group, Level, Renderer, Snippet, normalize_untrusted_str,
};

use crate::diagnostic::{Diagnostic, Diagnostics, Label, Severity, SourceFile, Sources};

/// All findings in their order, an empty line between two.
pub fn render(sources: &Sources, diagnostics: &Diagnostics, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&renderer.render(&[group(sources, diagnostic)]));
        text.push('\n');
    }
    text
}

fn group<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.summary).id(diagnostic.code));
    for run in diagnostic.labels.chunk_by(|one, next| one.span.file == next.span.file) {
        let is_first = run.first() == diagnostic.labels.first();
        if let Some(element) = snippet(sources, run, is_first) {
            group = group.element(element);
        }
    }
    let notes = diagnostic.notes.iter().map(String::as_str).chain(sources.remarks_on(diagnostic));
    let notes = notes.map(|note| Level::NOTE.message(harmless(note)));
    let help = diagnostic.help.iter().map(|help| Level::HELP.message(harmless(help)));
    group.elements(notes).elements(help)
}

/// The labels of one file. Only the lines from the first label to the last are handed over, so
/// that a long file is not searched once for each finding.
fn snippet<'a>(sources: &'a Sources, labels: &'a [Label], is_first: bool) -> Option<Element<'a>> {
    let file = sources.get(labels.first()?.span.file)?;
    let first = labels.iter().map(|label| label.span.start as usize).min()?;
    let last = labels.iter().map(|label| label.span.end as usize).max()?;
    let (lines, line_number) = lines_around(file, first..last);
    let text = file.text.get(lines.clone())?;
    let mut snippet = Snippet::source(text).path(&file.path).line_start(line_number);
    for (place, label) in labels.iter().enumerate() {
        let kind =
            if is_first && place == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let range = label.span.range();
        let within = |at: usize| at.saturating_sub(lines.start).min(text.len());
        let annotation = kind.span(within(range.start)..within(range.end));
        snippet = snippet.annotation(if label.text.is_empty() {
            annotation
        } else {
            annotation.label(&label.text)
        });
    }
    Some(snippet.into())
}

/// The whole lines that hold a range, and the number of the first, counted from one.
fn lines_around(file: &SourceFile, range: Range<usize>) -> (Range<usize>, usize) {
    let text = file.text.as_str();
    let before = text.get(..range.start.min(text.len())).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = text.get(range.end.min(text.len())..).unwrap_or_default();
    let end = rest.find('\n').map_or(text.len(), |newline| text.len() - rest.len() + newline);
    (start..end, before.matches('\n').count() + 1)
}

/// Text from a spec may hold control characters; in notes they would reach the terminal.
fn harmless(text: &str) -> String {
    text.split('\n').map(normalize_untrusted_str).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    #[test]
    fn a_finding_shows_place_caret_notes_and_help() {
        let mut sources = Sources::default();
        let file = sources.add("a.toml", "version = 1\n\tkey = 'x'\n");
        let finding = Diagnostic::error("some-code", "`key` is wrong")
            .at(Span::new(file, &(13..16)), "here")
            .note("one line\nand another \u{1b}[31m")
            .help("write it right");
        let text = render(&sources, &finding.into(), false);
        assert!(text.starts_with("error[some-code]: `key` is wrong\n --> a.toml:2:2\n"), "{text}");
        assert!(text.contains("2 |     key = 'x'\n  |     ^^^ here\n"), "{text}");
        assert!(text.contains("  = help: write it right\n"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_place_past_the_end_of_its_file_is_shown_at_its_end() {
        let mut sources = Sources::default();
        let file = sources.add("a.toml", "x = 1");
        for range in [0..0, 5..5, 4..900, 800..900] {
            let finding = Diagnostic::error("some-code", "wrong").at(Span::new(file, &range), "");
            assert!(render(&sources, &finding.into(), false).contains("a.toml:1"));
        }
    }

    #[test]
    fn a_finding_without_a_place_is_only_its_words() {
        let finding = Diagnostic::warning("some-code", "something").help("do it");
        let text = render(&Sources::default(), &finding.into(), false);
        assert!(text.starts_with("warning[some-code]: something\n"), "{text}");
    }
}
