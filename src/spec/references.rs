//! `${var.NAME}` in the values of a spec. A tree and the variables go in; the tree comes out with
//! values in the place of references, each of which keeps the place where it is used. A string that
//! is one reference takes the variable's value with its type; others take it as text.

use std::borrow::Cow;
use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::given;
use super::merge::is_open_table;
use super::read::Reader;
use super::variables::{self, Resolved, Variable, VariableValue};
use crate::diagnostic::{Diagnostic, Remark, Sources, Span};

const OPEN: &str = "${";
const ESCAPED: &str = "$${";

/// A part of a string.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    /// What stands between `${` and `}`; `None` for the latter if the string ends before.
    Reference {
        whole: &'t str,
        inner: Option<&'t str>,
    },
}

/// Whether a text holds a reference.
pub(super) fn is_in(text: &str) -> bool {
    pieces(text).iter().any(|piece| matches!(piece, Piece::Reference { .. }))
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        let is_escaped = rest[..at].ends_with('$');
        let before = if is_escaped { &rest[..at - 1] } else { &rest[..at] };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let after = &rest[at + OPEN.len()..];
        if is_escaped {
            pieces.push(Piece::Text(OPEN));
            rest = after;
            continue;
        }
        let end = after.find('}');
        let length = end.map_or(rest.len() - at, |end| OPEN.len() + end + 1);
        let whole = &rest[at..at + length];
        pieces.push(Piece::Reference { whole, inner: end.map(|end| &after[..end]) });
        rest = &rest[at + length..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

struct Substitution<'a, 't> {
    reader: &'a mut Reader,
    sources: &'a Sources,
    variables: &'t [Variable],
    used: BTreeSet<String>,
}

/// Puts values in the place of references; the names of the variables that are used come out.
pub(super) fn substitute<'t>(
    reader: &mut Reader,
    sources: &Sources,
    root: &mut DeTable<'t>,
    variables: &'t [Variable],
) -> BTreeSet<String> {
    let mut substitution = Substitution { reader, sources, variables, used: BTreeSet::new() };
    for (key, value) in root.iter_mut() {
        // Declarations are read before there are values, and say so of references in them.
        if key.get_ref() != "variables" {
            substitution.entry(key, value, &[]);
        }
    }
    substitution.used
}

impl<'t> Substitution<'_, 't> {
    fn entry(
        &mut self,
        key: &Spanned<Cow<'_, str>>,
        value: &mut Spanned<DeValue<'t>>,
        above: &[Span],
    ) {
        let place = self.reader.span(&key.span());
        if is_in(key.get_ref()) {
            self.mention(key.get_ref());
            self.in_key(place);
        }
        // A table with a header of its own is not part of the value of a key.
        let mut keys = if is_open_table(self.reader, self.sources, value) {
            Vec::new()
        } else {
            above.to_vec()
        };
        if !is_open_table(self.reader, self.sources, value) {
            keys.push(place);
        }
        self.value(value, &keys);
    }

    fn value(&mut self, value: &mut Spanned<DeValue<'t>>, keys: &[Span]) {
        let place = self.reader.span(&value.span());
        let range = value.span();
        match value.get_mut() {
            DeValue::Table(table) => {
                for (key, value) in table.iter_mut() {
                    self.entry(key, value, keys);
                }
            }
            DeValue::Array(items) => {
                for item in items.iter_mut() {
                    self.value(item, keys);
                }
            }
            DeValue::String(text) if text.contains(OPEN) => {
                let text = text.clone();
                if let Some(mut node) = self.text(&text, place, keys) {
                    placed(&mut node, &range);
                    *value.get_mut() = node;
                } else {
                    self.reader.leave(place);
                }
            }
            _ => {}
        }
    }

    /// What a string with references stands for; `None` if that is not known.
    fn text(&mut self, text: &str, place: Span, keys: &[Span]) -> Option<DeValue<'t>> {
        let pieces = pieces(text);
        let is_one = matches!(pieces.as_slice(), [Piece::Reference { .. }]);
        let mut whole = String::new();
        let mut is_known = true;
        let mut from = 0;
        let mut remarks = Vec::new();
        for piece in &pieces {
            let (reference, inner) = match piece {
                Piece::Text(text) => {
                    whole.push_str(text);
                    continue;
                }
                Piece::Reference { whole, inner } => (*whole, *inner),
            };
            let at = self.within(place, reference, &mut from);
            let Some(variable) = self.variable(inner, reference, at) else {
                is_known = false;
                continue;
            };
            self.used.insert(variable.name.clone());
            let Some(resolved) = &variable.value else {
                is_known = false;
                continue;
            };
            remarks.push(remark(variable, resolved, place, keys));
            if is_one {
                self.reader.remark(remarks);
                return Some(variables::node(resolved));
            }
            match &resolved.value {
                VariableValue::Text(text) => whole.push_str(text),
                VariableValue::Boolean(value) => whole.push_str(&value.to_string()),
                VariableValue::Integer(_) => whole.push_str(&resolved.number),
                VariableValue::List(_) => {
                    self.list_in_text(variable, at);
                    is_known = false;
                }
            }
        }
        if !is_known {
            return None;
        }
        self.reader.remark(remarks);
        Some(DeValue::String(Cow::Owned(whole)))
    }

    /// Where a reference stands in the text of its string, after those before it.
    fn within(&self, place: Span, reference: &str, from: &mut usize) -> Span {
        let text = self.sources.get(place.file).and_then(|file| file.text.get(place.range()));
        let rest = text.and_then(|text| text.get(*from..));
        let Some(at) = rest.and_then(|rest| rest.find(reference)) else { return place };
        let start = place.start as usize + *from + at;
        *from += at + reference.len();
        Span::new(place.file, &(start..start + reference.len()))
    }

    /// The variable that a reference names.
    fn variable(&mut self, inner: Option<&str>, reference: &str, at: Span) -> Option<&'t Variable> {
        let name = inner.and_then(|inner| inner.trim().strip_prefix("var."));
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            self.malformed(inner, reference, at);
            return None;
        };
        let variables = self.variables;
        let known = variables.iter().find(|variable| variable.name == name);
        if known.is_none() {
            let names: Vec<&str> = variables.iter().map(|one| one.name.as_str()).collect();
            self.reader.report_absence(given::undeclared(name, &names).at(at, ""));
        }
        known
    }

    /// What is written wrongly is used all the same.
    fn mention(&mut self, text: &str) {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        for word in text.split(|letter| !is_part(letter)) {
            self.used.insert(word.to_owned());
        }
    }

    fn malformed(&mut self, inner: Option<&str>, reference: &str, at: Span) {
        self.mention(reference);
        let near = inner
            .map(str::trim)
            .filter(|inner| self.variables.iter().any(|variable| variable.name == *inner));
        let help = match near {
            Some(name) => format!("write `${{var.{name}}}`"),
            None => "write `${var.NAME}`, with a name that `[variables]` declares".to_owned(),
        };
        let summary = if inner.is_none() {
            "a reference does not end".to_owned()
        } else {
            format!("`{reference}` is not a reference to a variable")
        };
        self.reader.report(
            Diagnostic::error("invalid-reference", summary)
                .at(at, "")
                .help(help)
                .help(format!("for a `{OPEN}` that is meant as such, write `{ESCAPED}`")),
        );
    }

    fn list_in_text(&mut self, variable: &Variable, at: Span) {
        let name = &variable.name;
        let summary = format!("the list `{name}` cannot be part of a text");
        let mut finding = Diagnostic::error("invalid-reference", summary).at(at, "");
        if let Some((_, place)) = variable.kind {
            finding = finding.at(place, "the type is declared here");
        }
        self.reader.report(
            finding.help(format!("take it alone, where a list belongs: `\"${{var.{name}}}\"`")),
        );
    }

    fn in_key(&mut self, place: Span) {
        self.reader.report(
            Diagnostic::error("misplaced-reference", "a key cannot refer to a variable")
                .at(place, "")
                .note("keys are the addresses of what is managed, and the same in each environment")
                .help("write the key itself"),
        );
        self.reader.leave(place);
    }
}

fn remark(variable: &Variable, resolved: &Resolved, value: Span, keys: &[Span]) -> Remark {
    let kind = variable.kind.map_or("", |(kind, _)| kind.word());
    let text =
        format!("the variable `{}` ({kind}) has its value from {}", variable.name, resolved.origin);
    Remark { value, keys: keys.to_vec(), text }
}

/// Gives the elements of a list the place of the list.
fn placed(node: &mut DeValue<'_>, range: &std::ops::Range<usize>) {
    if let DeValue::Array(items) = node {
        for item in items.iter_mut() {
            let value = std::mem::replace(item.get_mut(), DeValue::Boolean(false));
            *item = Spanned::new(range.clone(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(whole: &'static str, inner: &'static str) -> Piece<'static> {
        Piece::Reference { whole, inner: Some(inner) }
    }

    #[test]
    fn a_text_falls_into_what_it_says_and_what_it_refers_to() {
        let (text, open) = (|text| Piece::Text(text), Piece::Text("${"));
        assert_eq!(pieces("${var.a}"), [reference("${var.a}", "var.a")]);
        assert_eq!(
            pieces("a-${var.a}${var.b}-"),
            [text("a-"), reference("${var.a}", "var.a"), reference("${var.b}", "var.b"), text("-")]
        );
        assert_eq!(pieces("$${var.a}"), [open, text("var.a}")]);
        assert_eq!(pieces("a$b{c}$"), [text("a$b{c}$")]);
        assert_eq!(pieces("${var.a"), [Piece::Reference { whole: "${var.a", inner: None }]);
        assert!(pieces("").is_empty());
    }
}
