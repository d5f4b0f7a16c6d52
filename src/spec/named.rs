//! Tables by name, as `[mailbox_audit.people]`: every kind of which a spec may hold several. The
//! root goes in; the tables come out with their names, and a name that cannot be part of an address
//! is reported. What is in the tables is judged by others.

use toml::de::DeValue;

use super::keys;
use super::read::{Entry, Reader, Reported, Table};
use crate::diagnostic::{Diagnostic, nearest};
use crate::state::{Declared, Ensure};

/// One kind of named table.
pub(super) struct NamedKind {
    /// The kind: `mailbox_audit`.
    pub(super) kind: &'static str,
    /// What people call one of them.
    pub(super) noun: &'static str,
    /// A name to show.
    pub(super) example: &'static str,
    /// The keys that one of them may hold.
    pub(super) keys: &'static keys::Section,
}

/// The tables of one kind: those that could be read, and the names of all that are there.
pub(super) struct Declarations<T> {
    pub(super) all: Vec<T>,
    pub(super) names: Vec<String>,
}

/// All tables of a kind, by name.
pub(super) fn tables<'t>(
    reader: &mut Reader,
    root: &Table<'t>,
    kind: &NamedKind,
) -> Vec<(&'t str, Table<'t>)> {
    let table = reader.entry(root, kind.kind).and_then(|entry| reader.table(&entry));
    let Some(table) = table else { return Vec::new() };
    let entries = reader.entries(&table);
    let (inside, named): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|entry| kind.keys.has(entry.name) && !matches!(entry.node, DeValue::Table(_)));
    if let Some(first) = inside.iter().min_by_key(|entry| entry.key) {
        unnamed(reader, first, kind);
    }
    let mut all = Vec::new();
    for entry in &named {
        check_name(reader, entry, kind);
        if let Some(table) = reader.table(entry) {
            all.push((entry.name, table));
        }
    }
    all
}

fn unnamed(reader: &mut Reader, first: &Entry<'_>, kind: &NamedKind) {
    let NamedKind { kind, noun, example, .. } = kind;
    let summary = format!("{noun} needs a name");
    let finding = if *kind == "mailbox_audit" {
        Diagnostic::error("policy-without-name", summary)
    } else {
        Diagnostic::error("table-without-name", summary)
    };
    reader.report(
        finding
            .at(first.key, format!("this is a key of {noun}"))
            .help(format!("name it in its header: `[{kind}.{example}]`")),
    );
}

fn check_name(reader: &mut Reader, entry: &Entry<'_>, kind: &NamedKind) {
    let name = entry.name;
    if !is_name(name) {
        let plain = plain(name);
        reader.report(
            Diagnostic::error("invalid-name", format!("`{name}` cannot name {}", kind.noun))
                .at(entry.key, "")
                .note("a name is a letter or `_`, then letters, digits, `_` and `-`")
                .help(format!("write `[{}.{plain}]`", kind.kind)),
        );
    }
}

/// Whether a name can be part of an address.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(begins_name)
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// The nearest to a name that can be.
pub(super) fn plain(name: &str) -> String {
    let mut plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !plain.starts_with(begins_name) {
        plain.insert(0, '_');
    }
    plain
}

fn begins_name(letter: char) -> bool {
    letter.is_ascii_alphabetic() || letter == '_'
}

/// `ensure`: present where it is left out.
pub(super) fn ensure(reader: &mut Reader, table: &Table<'_>) -> Result<Ensure, Reported> {
    let ensure = reader.optional(table, "ensure", |reader, entry| {
        choice(reader, entry, &[("present", Ensure::Present), ("absent", Ensure::Absent)])
    });
    ensure.map(Option::unwrap_or_default)
}

/// One of a few words.
pub(super) fn choice<T: Copy>(
    reader: &mut Reader,
    entry: &Entry<'_>,
    words: &[(&'static str, T)],
) -> Option<T> {
    let text = reader.text(entry, words.first()?.0)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*value);
    }
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let help = match nearest(text, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the words here are: {}", names.join(", ")),
    };
    let summary = format!("`{}` cannot be \"{text}\"", entry.path);
    reader.report(Diagnostic::error("unknown-word", summary).at(entry.span, "").help(help));
    None
}

/// The name in a reference such as `certificate.audit`; the kind may be left out.
pub(super) fn reference(
    reader: &mut Reader,
    entry: &Entry<'_>,
    kind: &NamedKind,
) -> Option<Declared<String>> {
    let text = reader.text(entry, &format!("{}.{}", kind.kind, kind.example))?;
    let prefix = format!("{}.", kind.kind);
    let value = text.strip_prefix(&prefix).unwrap_or(text).to_owned();
    Some(Declared { value, span: entry.span })
}

/// Two keys of a table that exclude each other and are both there.
pub(super) fn conflict(
    reader: &mut Reader,
    table: &Table<'_>,
    (one, other): (&str, &str),
    help: &str,
) -> Result<(), Reported> {
    let (Some(first), Some(second)) = (reader.entry(table, one), reader.entry(table, other)) else {
        return Ok(());
    };
    let summary = format!("{} cannot have both `{one}` and `{other}`", table.title());
    let (first, second) = (first.key.min(second.key), first.key.max(second.key));
    reader.report(
        Diagnostic::error("conflicting-keys", summary)
            .at(second, "and this one")
            .at(first, "this one")
            .help(help),
    );
    Err(Reported)
}
