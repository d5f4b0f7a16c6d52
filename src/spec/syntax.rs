//! TOML syntax errors as findings. The parser goes on after an error, so one run names several;
//! its short descriptions get the words that a newcomer needs. Meaning is none of its business.

use toml::de::{DeTable, DeValue};

use super::read::Reader;
use super::secrets;
use crate::diagnostic::Diagnostic;

/// Reports each syntax error of the file that begins at `start`, with the earlier definition where a
/// key was defined twice.
pub(super) fn report(
    reader: &mut Reader,
    (start, text): (usize, &str),
    table: &DeTable<'_>,
    errors: &[toml::de::Error],
) {
    let place = |reader: &Reader, range: &std::ops::Range<usize>| {
        reader.span(&(start + range.start..start + range.end))
    };
    let mut repeated_headers = Vec::new();
    for error in errors {
        let range = error.span().unwrap_or(text.len()..text.len());
        let span = place(reader, &range);
        let here = text.get(range.clone()).unwrap_or_default();
        // One slip makes the parser stumble several times in a line; the first says it all.
        if error.message() != "duplicate key" {
            let finding = malformed(text, here, range.start, error.message());
            if secrets::may_be_in(line_at(text, range.start)) {
                reader.hide(span);
            }
            reader.report_syntax(span, finding.at(span, ""));
            continue;
        }
        let header = header_above(text, range.start);
        if repeated_headers.contains(&header) {
            continue;
        }
        let earlier = earlier_header(text, range.start)
            .inspect(|_| repeated_headers.push(header))
            .or_else(|| earlier_key(table, here, range.start));
        let mut finding = Diagnostic::error("duplicate-key", format!("`{here}` is defined twice"))
            .at(span, "a second time");
        if let Some(earlier) = earlier {
            finding = finding.at(place(reader, &earlier), "first defined here");
        }
        reader.report(finding.help("keep one of the two"));
    }
}

fn malformed(text: &str, here: &str, at: usize, message: &str) -> Diagnostic {
    let finding = Diagnostic::error("syntax", format!("this is not TOML: {message}"));
    if let Some((letter, plain)) = typographic(text, at) {
        let number = u32::from(letter);
        return finding.help(format!(
            "`{letter}` (U+{number:04X}) is typographic, often from a copied page; type {plain}"
        ));
    }
    match here.strip_prefix('$') {
        Some(word @ ("true" | "false")) => finding.help(format!("write `{word}`")),
        _ if message.starts_with("string values must be quoted") => {
            finding.help("put text in double quotes")
        }
        _ => finding.note("the format is described at https://toml.io"),
    }
}

/// The line that a place is in.
fn line_at(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}

/// Where the header begins under which a place stands.
fn header_above(text: &str, at: usize) -> Option<usize> {
    let end = text.get(at..)?.find('\n').map_or(text.len(), |newline| at + newline);
    let mut start = end;
    text.get(..end)?.split_inclusive('\n').rev().find_map(|line| {
        start -= line.len();
        line.trim_start().starts_with('[').then_some(start)
    })
}

/// The nearest earlier line with the same `[header]` as the one at `at`.
fn earlier_header(text: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let header = text.get(start..)?.lines().next()?.trim();
    if !header.starts_with('[') {
        return None;
    }
    let mut end = start;
    text.get(..start)?.split_inclusive('\n').rev().find_map(|line| {
        end -= line.len();
        (line.trim() == header).then(|| end..end + line.trim_end().len())
    })
}

/// The nearest earlier key of the same name.
fn earlier_key(table: &DeTable<'_>, name: &str, before: usize) -> Option<std::ops::Range<usize>> {
    let mut best: Option<std::ops::Range<usize>> = None;
    for (key, value) in table {
        let here = (key.get_ref() == name).then(|| key.span());
        let below = match value.get_ref() {
            DeValue::Table(inner) => earlier_key(inner, name, before),
            _ => None,
        };
        for range in here.into_iter().chain(below).filter(|range| range.start < before) {
            if best.as_ref().is_none_or(|best| best.start < range.start) {
                best = Some(range);
            }
        }
    }
    best
}

/// A typographic character in the line of an error, and what TOML has for it.
fn typographic(text: &str, at: usize) -> Option<(char, &'static str)> {
    line_at(text, at).chars().find_map(|letter| {
        let plain = match letter {
            '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => "\"",
            '\u{2018}'..='\u{201b}' => "'",
            '\u{2010}'..='\u{2015}' => "-",
            '\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{3000}' => "a plain space",
            _ => return None,
        };
        Some((letter, plain))
    })
}
