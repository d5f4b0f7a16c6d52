//! A typed reader over parsed TOML files. Tables and values go in; typed values with their places
//! come out, and whatever is unknown, missing or of the wrong type is reported and reading goes on,
//! so that all mistakes of a spec are found at once. It knows TOML and nothing of auditing.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::places::Places;
use super::{keys, secrets};
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Remark, SourceFile, Span, nearest};

/// Collects what is found wrong while a spec is read.
#[derive(Debug, Default)]
pub(super) struct Reader {
    places: Places,
    /// A file could not be read, or has syntax errors and parts of it were skipped: what is missing
    /// may be there.
    partial: bool,
    /// Values that are not known, which has been said; nothing else is said of them.
    unknown: Vec<Span>,
    /// What is to be said of values.
    remarks: Vec<Remark>,
    /// Where the syntax is wrong; what stands in such a line is not judged further.
    broken: Vec<Span>,
    /// What may be a secret.
    hidden: Vec<Span>,
    /// What was found so far.
    found: Diagnostics,
}

/// Something was wrong with a value, and a finding says what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reported;

/// A table and how to speak of it.
#[derive(Debug, Clone)]
pub(super) struct Table<'t> {
    /// The dotted path (`tenant.sign_in`); empty at the top of the file.
    pub(super) path: String,
    /// Its header, or the whole of an inline table.
    pub(super) span: Span,
    entries: &'t DeTable<'t>,
}

/// A value and how to speak of it.
#[derive(Debug, Clone)]
pub(super) struct Entry<'t> {
    /// The last part of its path.
    pub(super) name: &'t str,
    /// The dotted path.
    pub(super) path: String,
    /// Its key.
    pub(super) key: Span,
    /// Its value.
    pub(super) span: Span,
    /// The value.
    pub(super) node: &'t DeValue<'t>,
    /// It is an element of a list, named after the list.
    is_element: bool,
}

impl Entry<'_> {
    /// From the key to the end of the value.
    pub(super) fn whole(&self) -> Span {
        Span { start: self.key.start.min(self.span.start), ..self.span }
    }
}

impl Table<'_> {
    /// The table as a reader of the file knows it.
    pub(super) fn title(&self) -> String {
        match self.path.as_str() {
            "" => "a spec".to_owned(),
            "check" => "`[[check]]`".to_owned(),
            path => format!("`[{path}]`"),
        }
    }

    /// The path of one of its keys.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }
}

impl Reader {
    /// Takes a file in; its places begin at the number that comes back.
    pub(super) fn open(&mut self, id: FileId, file: &SourceFile, directory: PathBuf) -> usize {
        self.places.open(id, file, directory)
    }

    /// From now on what is missing may be in what could not be read.
    pub(super) fn miss_parts(&mut self) {
        self.partial = true;
    }

    /// Says nothing more of a value, or of a key.
    pub(super) fn leave(&mut self, place: Span) {
        self.unknown.push(place);
    }

    /// Adds sentences to each finding about a value.
    pub(super) fn remark(&mut self, remarks: Vec<Remark>) {
        self.remarks.extend(remarks);
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        let is_settled = diagnostic.labels.first().is_some_and(|label| {
            let in_line = |broken: &Span| self.places.share_a_line(*broken, label.span);
            self.broken.iter().any(in_line)
                || self.unknown.iter().any(|value| value.touches(label.span))
        });
        if !is_settled {
            self.found.push(diagnostic);
        }
    }

    /// Reports an error of syntax, after which nothing else is said of its line.
    pub(super) fn report_syntax(&mut self, place: Span, diagnostic: Diagnostic) {
        self.report(diagnostic);
        self.broken.push(place);
    }

    /// Keeps the lines of a place out of every finding: a secret in them would reach logs.
    pub(super) fn hide(&mut self, place: Span) {
        self.hidden.push(place);
    }

    /// Everything that was found, by place, with hidden lines taken out; what is to be said of
    /// values is in the findings about them, and beside.
    pub(super) fn finish(mut self) -> (Diagnostics, Vec<Remark>) {
        self.found.sort_by_place();
        let mut shown = Diagnostics::default();
        for finding in &self.found {
            let mut finding = self.places.without_lines(&self.hidden, finding.clone());
            for remark in &self.remarks {
                if remark.is_about(&finding) && !finding.notes.contains(&remark.text) {
                    finding.notes.push(remark.text.clone());
                }
            }
            shown.push(finding);
        }
        (shown, self.remarks)
    }

    /// Reports that something is not there, unless the file is so broken that it may well be.
    pub(super) fn report_absence(&mut self, diagnostic: Diagnostic) {
        if !self.partial {
            self.report(diagnostic);
        }
    }

    pub(super) fn is_partial(&self) -> bool {
        self.partial
    }

    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        self.places.span(range)
    }

    /// The directory of the spec.
    pub(super) fn directory(&self) -> &Path {
        self.places.directory(FileId::default())
    }

    pub(super) fn root<'t>(&self, table: &'t DeTable<'t>) -> Table<'t> {
        Table { path: String::new(), span: self.span(&(0..0)), entries: table }
    }

    pub(super) fn entry<'t>(&self, table: &Table<'t>, key: &str) -> Option<Entry<'t>> {
        let (spanned, value) = table.entries.get_key_value(key)?;
        Some(self.entry_of(table, spanned, value))
    }

    /// All entries of a table, in the order of their keys.
    pub(super) fn entries<'t>(&self, table: &Table<'t>) -> Vec<Entry<'t>> {
        table.entries.iter().map(|(key, value)| self.entry_of(table, key, value)).collect()
    }

    fn entry_of<'t>(
        &self,
        table: &Table<'t>,
        key: &'t Spanned<std::borrow::Cow<'t, str>>,
        value: &'t Spanned<DeValue<'t>>,
    ) -> Entry<'t> {
        let name = key.get_ref();
        Entry {
            name,
            path: table.path_of(name),
            key: self.span(&key.span()),
            span: self.span(&value.span()),
            node: value.get_ref(),
            is_element: false,
        }
    }

    /// A key that may be left out.
    pub(super) fn optional<'t, T>(
        &mut self,
        table: &Table<'t>,
        key: &str,
        read: impl FnOnce(&mut Self, &Entry<'t>) -> Option<T>,
    ) -> Result<Option<T>, Reported> {
        match self.entry(table, key) {
            None => Ok(None),
            Some(entry) => read(self, &entry).map(Some).ok_or(Reported),
        }
    }

    /// A key that must be there; its absence is reported with an example of what to write.
    pub(super) fn required<'t>(
        &mut self,
        table: &Table<'t>,
        key: &str,
        example: &str,
    ) -> Option<Entry<'t>> {
        let entry = self.entry(table, key);
        if entry.is_none() && !self.is_misspelt(table, key) {
            self.report_absence(
                Diagnostic::error("missing-key", format!("{} lacks `{key}`", table.title()))
                    .at(table.span, "")
                    .help(format!("add `{key} = {example}`")),
            );
        }
        entry
    }

    /// Whether an unknown key of the table is near to `key`: its own finding says so.
    pub(super) fn is_misspelt(&self, table: &Table<'_>, key: &str) -> bool {
        let entries = self.entries(table);
        let unknown = entries.iter().filter(|entry| !keys::is_known(entry.name));
        unknown.map(|entry| entry.name).any(|name| nearest(name, [key]).is_some())
    }

    /// Reports every key that is not in `known`: a section of the table of keys, or a part of one.
    pub(super) fn only(
        &mut self,
        table: &Table<'_>,
        known: impl IntoIterator<Item = &'static keys::Key>,
    ) {
        let known: Vec<&str> = known.into_iter().map(|key| key.name).collect();
        for entry in self.entries(table) {
            if secrets::is_key_of_one(entry.name) {
                let summary = format!("a spec must not hold a secret, as `{}` does", entry.path);
                self.report_secret(&entry, &summary);
            } else if !known.contains(&entry.name) {
                self.report(
                    Diagnostic::error(
                        "unknown-key",
                        format!("`{}` is not a key of {}", entry.name, table.title()),
                    )
                    .at(entry.key, "")
                    .help(keys::advice(entry.name, &known)),
                );
            }
        }
    }

    /// Reports a value that may be a secret, and keeps its line out of every finding.
    pub(super) fn report_secret(&mut self, entry: &Entry<'_>, summary: &str) {
        self.hide(entry.whole());
        let text = if let DeValue::String(text) = entry.node { text } else { "" };
        self.report(
            Diagnostic::error("secret-in-spec", summary)
                .at(entry.key, "")
                .help(secrets::instead(entry.name, text))
                .help("if a secret was in the spec, consider it known to others and replace it"),
        );
    }

    pub(super) fn table<'t>(&mut self, entry: &Entry<'t>) -> Option<Table<'t>> {
        if let DeValue::Table(entries) = entry.node {
            return Some(Table { path: entry.path.clone(), span: entry.span, entries });
        }
        let help = format!("write `[{}]` on a line of its own and its keys below", entry.path);
        self.wrong_type(entry, "a table", help);
        None
    }

    /// A string that is not empty.
    pub(super) fn text<'t>(&mut self, entry: &Entry<'t>, example: &str) -> Option<&'t str> {
        let help = if entry.is_element {
            format!("write a string such as `\"{example}\"`")
        } else {
            format!("write `{} = \"{example}\"`", entry.name)
        };
        match entry.node {
            DeValue::String(text) if text.trim().is_empty() => {
                let summary = if entry.is_element {
                    format!("an entry of `{}` is empty", entry.path)
                } else {
                    format!("`{}` is empty", entry.path)
                };
                self.report(Diagnostic::error("empty-text", summary).at(entry.span, "").help(help));
                None
            }
            DeValue::String(text) if secrets::looks_like_one(text) => {
                let summary = format!("`{}` holds what looks like a secret", entry.path);
                self.report_secret(entry, &summary);
                None
            }
            DeValue::String(text) => Some(text),
            _ => {
                self.wrong_type(entry, "a string", help);
                None
            }
        }
    }

    /// A path, which starts at the directory of its file.
    pub(super) fn path(&mut self, entry: &Entry<'_>, example: &str) -> Option<PathBuf> {
        let text = self.text(entry, example)?;
        Some(self.places.directory(entry.span.file).join(text))
    }

    pub(super) fn boolean(&mut self, entry: &Entry<'_>) -> Option<bool> {
        if let DeValue::Boolean(value) = entry.node {
            return Some(*value);
        }
        let meant = match entry.node {
            DeValue::String(text) => meant_boolean(text),
            DeValue::Integer(number) => meant_boolean(number.as_str()),
            _ => None,
        };
        let help = meant.map_or_else(
            || format!("write `{0} = true` or `{0} = false`", entry.name),
            |meant| format!("write `{} = {meant}`", entry.name),
        );
        self.wrong_type(entry, "`true` or `false`", help);
        None
    }

    /// The elements of a list, each with the list's name.
    pub(super) fn list<'t>(&mut self, entry: &Entry<'t>, example: &str) -> Option<Vec<Entry<'t>>> {
        let DeValue::Array(items) = entry.node else {
            let help = match entry.node {
                DeValue::String(text) if !text.contains(',') => {
                    format!("put it in brackets: `{} = [\"{text}\"]`", entry.name)
                }
                _ => format!("write `{} = {example}`", entry.name),
            };
            self.wrong_type(entry, "a list", help);
            return None;
        };
        let element = |item: &'t Spanned<DeValue<'t>>| {
            let span = self.span(&item.span());
            Entry { span, key: span, node: item.get_ref(), is_element: true, ..entry.clone() }
        };
        Some(items.iter().map(element).collect())
    }

    /// Reports a value of the wrong type.
    pub(super) fn wrong_type(&mut self, entry: &Entry<'_>, wanted: &str, help: String) {
        let subject = if entry.is_element {
            format!("each entry of `{}` must be {wanted}", entry.path)
        } else {
            format!("`{}` must be {wanted}", entry.path)
        };
        self.report(
            Diagnostic::error("wrong-type", subject)
                .at(entry.span, format!("this is {}", described(entry.node)))
                .help(help),
        );
    }
}

fn meant_boolean(text: &str) -> Option<bool> {
    let text = text.trim().trim_start_matches('$').to_ascii_lowercase();
    match text.as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn described(node: &DeValue<'_>) -> &'static str {
    match node {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
