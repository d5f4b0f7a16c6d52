//! A spec as it should be laid out: TOML text in, the same TOML with the spacing of every other spec
//! out. Comments, the order of tables and keys, and every value stay; that they did is checked
//! here before anyone sees the result. What is not TOML is refused with its places.
//!
//! The rules: one space around `=`, none within brackets, one within braces; a list beyond 100
//! columns has one element on each line, the last with its comma, and a list that was written so
//! stays so; keys are not aligned and tables not indented; one blank line before a table, never two;
//! a newline at the end. Line ends stay what they are. The work is Taplo's, which formats in most
//! editors too; `docs/editors.md` has the options that make them agree.

use std::path::PathBuf;

use taplo::formatter::{Options, format_syntax};
use taplo::rowan::NodeOrToken;
use taplo::syntax::{SyntaxKind, SyntaxNode, SyntaxToken};
use toml::de::{DeTable, DeValue};

use super::read::Reader;
use super::syntax;
use crate::diagnostic::{Diagnostics, FileId, Sources, Span};

/// The longest line of a list that stays on one.
const COLUMNS: usize = 100;

/// Why a text is not laid out.
#[derive(Debug)]
pub enum NotFormatted {
    /// It is not TOML; every error of syntax.
    Invalid(Diagnostics),
    /// It is TOML that the formatter does not know, from here on: it reads TOML 1.0, and the reader
    /// of specs takes some of 1.1.
    Unknown(Span),
    /// It would no longer say the same.
    Changed,
}

/// The text of a file, laid out.
pub fn format(sources: &Sources, file: FileId) -> Result<String, NotFormatted> {
    let Some(source) = sources.get(file) else { return Ok(String::new()) };
    let text = source.text.as_str();
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut reader = Reader::default();
        let start = reader.open(file, source, PathBuf::new());
        reader.miss_parts();
        syntax::report(&mut reader, (start, text), document.get_ref(), &errors);
        let (found, _) = reader.finish();
        return Err(NotFormatted::Invalid(found));
    }
    let (mark, body) = text.strip_prefix('\u{feff}').map_or(("", text), |body| ("\u{feff}", body));
    if let Some(error) = taplo::parser::parse(body).errors.first() {
        let start = mark.len() + usize::from(error.range.start());
        let end = mark.len() + usize::from(error.range.end());
        return Err(NotFormatted::Unknown(Span::new(file, &(start..end))));
    }
    let laid_out = format!("{mark}{}", lay_out(body));
    if same_meaning(text, &laid_out) { Ok(laid_out) } else { Err(NotFormatted::Changed) }
}

fn lay_out(text: &str) -> String {
    let ends = text.matches('\n').count();
    let crlf = text.matches("\r\n").count() * 2 > ends;
    let options = Options {
        align_entries: false,
        align_comments: false,
        align_single_comments: false,
        array_trailing_comma: true,
        array_auto_expand: true,
        inline_table_expand: true,
        array_auto_collapse: false,
        compact_arrays: true,
        compact_inline_tables: false,
        compact_entries: false,
        column_width: COLUMNS,
        indent_tables: false,
        indent_entries: false,
        indent_string: "  ".to_owned(),
        trailing_newline: true,
        reorder_keys: false,
        reorder_arrays: false,
        reorder_inline_tables: false,
        allowed_blank_lines: 1,
        crlf,
    };
    let formatted = format_syntax(taplo::parser::parse(text).into_syntax(), options);
    set_apart(formatted.trim_start(), if crlf { "\r\n" } else { "\n" })
}

/// Puts a blank line before each table that has none, above the comments that belong to it.
fn set_apart(text: &str, newline: &str) -> String {
    let root = taplo::parser::parse(text).into_syntax();
    let mut apart = String::with_capacity(text.len());
    let mut copied = 0;
    for at in root.children().filter(is_header).filter_map(|header| crowded(&header)) {
        apart.push_str(text.get(copied..at).unwrap_or_default());
        apart.push_str(newline);
        copied = at;
    }
    apart.push_str(text.get(copied..).unwrap_or_default());
    apart
}

fn is_header(node: &SyntaxNode) -> bool {
    matches!(node.kind(), SyntaxKind::TABLE_HEADER | SyntaxKind::TABLE_ARRAY_HEADER)
}

/// Where a header, or the first comment above it, follows the line before without a blank one.
fn crowded(header: &SyntaxNode) -> Option<usize> {
    let mut start = usize::from(header.text_range().start());
    let mut before = header.prev_sibling_or_token();
    loop {
        let Some(NodeOrToken::Token(newline)) = before else { return None };
        if newline.kind() != SyntaxKind::NEWLINE {
            return None;
        }
        if newline.text().matches('\n').count() > 1 {
            return None;
        }
        match newline.prev_sibling_or_token() {
            Some(NodeOrToken::Token(comment)) if stands_alone(&comment) => {
                start = comment.text_range().start().into();
                before = comment.prev_sibling_or_token();
                before.as_ref()?;
            }
            Some(_) => return Some(start),
            None => return None,
        }
    }
}

/// Whether this is a comment that has its line for itself.
fn stands_alone(token: &SyntaxToken) -> bool {
    let before = token.prev_sibling_or_token();
    token.kind() == SyntaxKind::COMMENT
        && before.is_none_or(|before| before.kind() == SyntaxKind::NEWLINE)
}

/// Whether two texts have the same values, and the same words and comments in the same order.
fn same_meaning(one: &str, other: &str) -> bool {
    let (before, _) = DeTable::parse_recoverable(one);
    let (after, errors) = DeTable::parse_recoverable(other);
    errors.is_empty() && same_table(before.get_ref(), after.get_ref()) && words(one) == words(other)
}

fn same_table(one: &DeTable<'_>, other: &DeTable<'_>) -> bool {
    let is_same =
        |key: &str, value| other.get(key).is_some_and(|known| same_value(value, known.get_ref()));
    one.len() == other.len()
        && one.iter().all(|(key, value)| is_same(key.get_ref(), value.get_ref()))
}

/// Numbers are compared as they are written: one that is too large for a spec is still TOML.
fn same_value(one: &DeValue<'_>, other: &DeValue<'_>) -> bool {
    match (one, other) {
        (DeValue::String(one), DeValue::String(other)) => one == other,
        (DeValue::Integer(one), DeValue::Integer(other)) => {
            (one.radix(), one.as_str()) == (other.radix(), other.as_str())
        }
        (DeValue::Float(one), DeValue::Float(other)) => one.as_str() == other.as_str(),
        (DeValue::Boolean(one), DeValue::Boolean(other)) => one == other,
        (DeValue::Datetime(one), DeValue::Datetime(other)) => one == other,
        (DeValue::Array(one), DeValue::Array(other)) => {
            let mut pairs = one.iter().zip(other.iter());
            one.len() == other.len()
                && pairs.all(|(one, other)| same_value(one.get_ref(), other.get_ref()))
        }
        (DeValue::Table(one), DeValue::Table(other)) => same_table(one, other),
        _ => false,
    }
}

/// What is not layout: everything but spaces, line ends and commas.
fn words(text: &str) -> Vec<String> {
    let root = taplo::parser::parse(text.trim_start_matches('\u{feff}')).into_syntax();
    root.descendants_with_tokens()
        .filter_map(NodeOrToken::into_token)
        .filter(|token| {
            let kind = token.kind();
            !matches!(kind, SyntaxKind::WHITESPACE | SyntaxKind::NEWLINE | SyntaxKind::COMMA)
        })
        .map(|token| token.text().trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests;
