//! The values that variables are given from outside: `--var`, `--var-file`, the environment. Texts
//! in; typed values out, with where they come from. A value is never shown, since it may be a secret
//! that does not belong here.

use std::collections::BTreeSet;
use std::fmt;

use toml::de::{DeTable, DeValue};

use super::read::{Entry, Reader};
use super::secrets;
use super::variables::{Kind, Variable, VariableValue};
use super::{merge, syntax};
use crate::diagnostic::{Diagnostic, FileId, Sources, Span, nearest};

/// What the environment calls a variable begins with this.
pub(super) const PREFIX: &str = "AUDITFORM_VAR_";

/// What a user gives.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// `--var NAME=VALUE`; the last one of a name holds.
    pub values: &'a [(String, String)],
    /// `--var-file`: the path as it is shown, and the text; the last one that has a name holds.
    pub files: &'a [(String, String)],
    /// Environment variables by name.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

impl Default for Given<'_> {
    fn default() -> Self {
        Self { values: &[], files: &[], environment: &|_| None }
    }
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Given")
    }
}

/// A file of values that was opened.
#[derive(Debug)]
pub(super) struct GivenFile {
    file: FileId,
    start: usize,
}

/// A value and where it comes from.
#[derive(Debug)]
pub(super) struct GivenValue {
    pub(super) value: VariableValue,
    pub(super) origin: String,
}

impl GivenValue {
    pub(super) fn new(value: VariableValue, origin: String) -> Self {
        Self { value, origin }
    }
}

/// A value that was given and is of no use, which has been said.
pub(super) struct Unusable;

/// Takes the files of values in.
pub(super) fn open(reader: &mut Reader, sources: &mut Sources, given: Given<'_>) -> Vec<GivenFile> {
    let mut all = Vec::new();
    for (path, text) in given.files {
        let id = sources.add(path, text);
        let Some(source) = sources.get(id) else { continue };
        let start = reader.open(id, source, std::path::PathBuf::new());
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        if !errors.is_empty() {
            reader.miss_parts();
        }
        syntax::report(reader, (start, &source.text), table.get_ref(), &errors);
        all.push(GivenFile { file: id, start });
    }
    all
}

/// What is in a file of values.
pub(super) fn tree<'s>(sources: &'s Sources, file: &GivenFile) -> DeTable<'s> {
    let text = sources.get(file.file).map_or("", |source| source.text.as_str());
    let (table, _) = DeTable::parse_recoverable(text);
    merge::shifted(table.into_inner(), file.start)
}

/// Reports values for variables that nobody declares.
pub(super) fn check_names(
    reader: &mut Reader,
    (given, files): (Given<'_>, &[DeTable<'_>]),
    known: &[&str],
) {
    for tree in files {
        let root = reader.root(tree);
        for entry in reader.entries(&root) {
            if secrets::is_key_of_one(entry.name) {
                reader.hide(entry.whole());
            }
            if !known.contains(&entry.name) {
                let finding = undeclared(entry.name, known).at(entry.key, "");
                reader.report_absence(finding);
            }
        }
    }
    let mut said = BTreeSet::new();
    for (name, _) in given.values {
        if !known.contains(&name.as_str()) && said.insert(name) {
            reader.report_absence(
                undeclared(name, known).note(format!("it is given by `--var {name}=...`")),
            );
        }
    }
}

/// A name that no `[variables.NAME]` declares.
pub(super) fn undeclared(name: &str, known: &[&str]) -> Diagnostic {
    let finding =
        Diagnostic::error("undeclared-variable", format!("the spec has no variable `{name}`"));
    match nearest(name, known.iter().copied()) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => {
            finding.help(format!("declare it:\n[variables.{name}]\ntype = \"string\""))
        }
        None => finding.help(format!("the variables are: {}", known.join(", "))),
    }
}

/// The value that a variable is given, the strongest one; `None` if it is given none.
pub(super) fn value_of(
    reader: &mut Reader,
    sources: &Sources,
    variable: &Variable,
    (given, files): (Given<'_>, &[DeTable<'_>]),
    names: &BTreeSet<String>,
) -> Option<Result<GivenValue, Unusable>> {
    let name = variable.name.as_str();
    let flag = given.values.iter().rfind(|(known, _)| known == name);
    if let Some((_, text)) = flag {
        return Some(from_text(reader, variable, text, &format!("`--var {name}=...`")));
    }
    for tree in files.iter().rev() {
        let root = reader.root(tree);
        let Some(entry) = reader.entry(&root, name) else { continue };
        let Some(kind) = variable.kind else { return Some(Err(Unusable)) };
        let value = typed(reader, &entry, kind, &format!("the variable `{name}`"));
        let origin = sources.place(entry.span);
        return Some(value.map(|value| GivenValue::new(value, origin)).ok_or(Unusable));
    }
    let (called, text) = in_environment(name, given, names)?;
    let origin = format!("the environment variable `{called}`");
    Some(from_text(reader, variable, &text, &origin))
}

/// Shells have their variables in capitals; the name as it is written counts first.
fn in_environment(
    name: &str,
    given: Given<'_>,
    names: &BTreeSet<String>,
) -> Option<(String, String)> {
    let capitals = name.to_ascii_uppercase();
    let is_another = capitals != name && names.contains(&capitals);
    let exact = format!("{PREFIX}{name}");
    if let Some(text) = (given.environment)(&exact) {
        return Some((exact, text));
    }
    let loud = format!("{PREFIX}{capitals}");
    (given.environment)(&loud).filter(|_| !is_another).map(|text| (loud, text))
}

/// A value that is given as text.
fn from_text(
    reader: &mut Reader,
    variable: &Variable,
    text: &str,
    origin: &str,
) -> Result<GivenValue, Unusable> {
    let Some((kind, place)) = variable.kind else { return Err(Unusable) };
    if secrets::looks_like_one(text) {
        let summary = format!("the value of `{}` looks like a secret", variable.name);
        reader.report(
            Diagnostic::error("secret-in-spec", summary)
                .at(variable.place, "")
                .note(format!("it is given by {origin}, and is not shown"))
                .help(secrets::instead("", text)),
        );
        return Err(Unusable);
    }
    let value = match kind {
        Kind::Text => Some(VariableValue::Text(text.to_owned())),
        Kind::Boolean => match text {
            "true" => Some(VariableValue::Boolean(true)),
            "false" => Some(VariableValue::Boolean(false)),
            _ => None,
        },
        Kind::Integer => text.trim().parse().ok().map(VariableValue::Integer),
        Kind::List => DeValue::parse(text).ok().and_then(|value| list(value.get_ref())),
    };
    value.map(|value| GivenValue::new(value, origin.to_owned())).ok_or_else(|| {
        let summary = format!("the value of `{}` must be {}", variable.name, kind.noun());
        reader.report(
            Diagnostic::error("wrong-type", summary)
                .at(place, "")
                .note(format!("it is given by {origin}"))
                .help(format!("give it one such as `{}`", kind.example())),
        );
        Unusable
    })
}

/// A value that is written in TOML.
pub(super) fn typed(
    reader: &mut Reader,
    entry: &Entry<'_>,
    (kind, place): (Kind, Span),
    subject: &str,
) -> Option<VariableValue> {
    let (value, texts) = match (kind, entry.node) {
        (Kind::Text, DeValue::String(text)) => {
            (Some(VariableValue::Text(text.to_string())), vec![text.as_ref()])
        }
        (Kind::Boolean, DeValue::Boolean(value)) => (Some(VariableValue::Boolean(*value)), vec![]),
        (Kind::Integer, DeValue::Integer(number)) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
            (number.map(VariableValue::Integer), vec![])
        }
        (Kind::List, node) => (list(node), texts(node)),
        (_, node) => (None, texts(node)),
    };
    if texts.iter().any(|text| secrets::looks_like_one(text)) {
        reader.report_secret(entry, &format!("{subject} holds what looks like a secret"));
        return None;
    }
    if value.is_none() {
        reader.report(
            Diagnostic::error("wrong-type", format!("{subject} must be {}", kind.noun()))
                .at(entry.span, "")
                .at(place, "the type is declared here")
                .help(format!("write `{} = {}`", entry.name, kind.example())),
        );
    }
    value
}

fn list(node: &DeValue<'_>) -> Option<VariableValue> {
    let items = node.as_array()?;
    let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
    texts.collect::<Option<_>>().map(VariableValue::List)
}

/// All texts in a value.
fn texts<'n>(node: &'n DeValue<'_>) -> Vec<&'n str> {
    match node {
        DeValue::String(text) => vec![text],
        DeValue::Array(items) => items.iter().flat_map(|item| texts(item.get_ref())).collect(),
        DeValue::Table(table) => table.values().flat_map(|value| texts(value.get_ref())).collect(),
        _ => Vec::new(),
    }
}
