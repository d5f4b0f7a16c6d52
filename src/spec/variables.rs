//! `[variables.NAME]`: what a spec leaves open, and what it is given. Declarations and given values
//! in; a value for each variable out, with where it comes from. Values of the wrong type, missing
//! ones and names that nobody declared are reported. Where a variable is used is in `references`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

use super::given::{self, Given, GivenValue};
use super::named::{self, NamedKind};
use super::read::{Entry, Reader, Table};
use super::{keys, references, secrets};
use crate::diagnostic::{Diagnostic, Sources, Span};

const VARIABLES: NamedKind = NamedKind {
    kind: "variables",
    noun: "a variable",
    example: "environment",
    keys: keys::VARIABLE,
};

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum VariableValue {
    /// `type = "bool"`.
    Boolean(bool),
    /// `type = "integer"`.
    Integer(i64),
    /// `type = "string"`.
    Text(String),
    /// `type = "list"`.
    List(Vec<String>),
}

/// What a variable can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Boolean,
    Integer,
    List,
}

impl Kind {
    const ALL: [(&'static str, Self); 4] = [
        ("string", Self::Text),
        ("bool", Self::Boolean),
        ("integer", Self::Integer),
        ("list", Self::List),
    ];

    /// The word in `type`.
    pub(super) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// The type in a sentence.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Boolean => "`true` or `false`",
            Self::Integer => "an integer",
            Self::List => "a list of strings",
        }
    }

    /// A value of the type as TOML.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Text => "\"prod\"",
            Self::Boolean => "true",
            Self::Integer => "180",
            Self::List => "[\"one\", \"two\"]",
        }
    }
}

/// A variable that a spec declares.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    /// Its header.
    pub(super) place: Span,
    /// Its type and where that is written; `None` if it could not be read.
    pub(super) kind: Option<(Kind, Span)>,
    default: Option<GivenValue>,
    /// Its declaration holds, so that a value that is missing is missing.
    is_sound: bool,
    pub(super) value: Option<Resolved>,
}

/// A value and where it comes from.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) value: VariableValue,
    /// In words, to be put after "from".
    pub(super) origin: String,
    /// An integer as TOML writes it, from which a tree can borrow.
    pub(super) number: String,
}

/// The values that come with a spec that was captured, or the ones that a user gives.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// What the user gives.
    Given(Given<'a>),
    /// What the variables were when the spec was captured.
    Captured(&'a BTreeMap<String, VariableValue>),
}

impl Default for Values<'_> {
    fn default() -> Self {
        Self::Given(Given::default())
    }
}

/// All variables of a spec with their values.
pub(super) fn read(
    reader: &mut Reader,
    sources: &Sources,
    root: &Table<'_>,
    values: Values<'_>,
    files: &[given::GivenFile],
) -> Vec<Variable> {
    let mut all = Vec::new();
    for (name, table) in named::tables(reader, root, &VARIABLES) {
        all.push(variable(reader, sources, name, &table));
    }
    let given = match values {
        Values::Given(given) => given,
        Values::Captured(values) => {
            for variable in &mut all {
                let value = values.get(&variable.name).cloned();
                let captured = value.map(|value| {
                    GivenValue::new(value, "what was captured with the spec".to_owned())
                });
                variable.value = captured.or_else(|| variable.default.take()).map(resolved);
            }
            return all;
        }
    };
    let known: Vec<&str> = all.iter().map(|variable| variable.name.as_str()).collect();
    let files: Vec<DeTable<'_>> = files.iter().map(|file| given::tree(sources, file)).collect();
    given::check_names(reader, (given, &files), &known);
    let names: BTreeSet<String> = known.into_iter().map(str::to_owned).collect();
    for variable in &mut all {
        match given::value_of(reader, sources, variable, (given, &files), &names) {
            Some(Ok(value)) => variable.value = Some(resolved(value)),
            Some(Err(_)) => {}
            None => {
                variable.value = variable.default.take().map(resolved);
                if variable.value.is_none() && variable.is_sound {
                    without_value(reader, variable);
                }
            }
        }
    }
    all
}

fn resolved(given: GivenValue) -> Resolved {
    let number = match given.value {
        VariableValue::Integer(number) => number.to_string(),
        _ => String::new(),
    };
    Resolved { value: given.value, origin: given.origin, number }
}

fn variable(reader: &mut Reader, sources: &Sources, name: &str, table: &Table<'_>) -> Variable {
    reader.only(table, keys::VARIABLE);
    let kind = reader
        .required(table, "type", "\"string\"")
        .and_then(|entry| Some((named::choice(reader, &entry, &Kind::ALL)?, entry.span)));
    let description = reader.optional(table, "description", |reader, entry| {
        reader.text(entry, "what it is for").map(|text| no_reference(reader, entry, text))
    });
    let default = reader.entry(table, "default");
    let is_secret = secrets::is_key_of_one(name);
    if is_secret {
        if let Some(entry) = &default {
            reader.hide(entry.whole());
        }
        let summary = format!("variables are not for secrets, as `{name}` seems to be one");
        reader.report(
            Diagnostic::error("secret-in-spec", summary)
                .at(table.span, "")
                .help(secrets::instead(name, "")),
        );
    }
    let is_declared = kind.is_some() && description.is_ok() && !is_secret;
    let (mut is_sound, mut value) = (is_declared, None);
    if let (Some(entry), Some(kind), false) = (&default, kind, is_secret) {
        value = default_of(reader, sources, (name, entry), kind);
        is_sound &= value.is_some();
    }
    Variable {
        name: name.to_owned(),
        place: table.span,
        kind,
        default: value,
        is_sound,
        value: None,
    }
}

fn default_of(
    reader: &mut Reader,
    sources: &Sources,
    (name, entry): (&str, &Entry<'_>),
    kind: (Kind, Span),
) -> Option<GivenValue> {
    let value = given::typed(reader, entry, kind, &format!("the default of `{name}`"))?;
    let texts = match &value {
        VariableValue::Text(text) => std::slice::from_ref(text),
        VariableValue::List(texts) => texts,
        _ => &[],
    };
    for text in texts {
        no_reference(reader, entry, text);
    }
    let plain = |text: String| text.replace("$${", "${");
    let value = match value {
        VariableValue::Text(text) => VariableValue::Text(plain(text)),
        VariableValue::List(texts) => VariableValue::List(texts.into_iter().map(plain).collect()),
        other => other,
    };
    Some(GivenValue::new(value, format!("the default at {}", sources.place(entry.span))))
}

/// A declaration is known before any variable has a value.
fn no_reference(reader: &mut Reader, entry: &Entry<'_>, text: &str) {
    if references::is_in(text) {
        let summary = format!("`{}` of a variable cannot refer to a variable", entry.name);
        reader.report(
            Diagnostic::error("misplaced-reference", summary)
                .at(entry.span, "")
                .help("put them together where they are used: `\"${var.one}-${var.other}\"`")
                .help("for a `${` that is meant as such, write `$${`"),
        );
    }
}

fn without_value(reader: &mut Reader, variable: &Variable) {
    let name = &variable.name;
    let Some((kind, _)) = variable.kind else { return };
    let shell = match kind {
        Kind::List => format!("'{name}={}'", kind.example()),
        Kind::Text => format!("{name}=prod"),
        _ => format!("{name}={}", kind.example()),
    };
    reader.report(
        Diagnostic::error("variable-without-value", format!("the variable `{name}` has no value"))
            .at(variable.place, format!("{} without `default`", kind.noun()))
            .help(format!(
                "give it one:\n\
                 --var {shell}\n\
                 --var-file FILE, in which stands `{name} = {}`\n\
                 {}{name} in the environment",
                kind.example(),
                given::PREFIX
            ))
            .help(format!("or declare one here: `default = {}`", kind.example())),
    );
}

/// Warns of variables that nothing uses.
pub(super) fn unused(reader: &mut Reader, all: &[Variable], used: &BTreeSet<String>) {
    for variable in all.iter().filter(|variable| !used.contains(&variable.name)) {
        let name = &variable.name;
        reader.report_absence(
            Diagnostic::warning("unused-variable", format!("nothing uses the variable `{name}`"))
                .at(variable.place, "")
                .help(format!("write `\"${{var.{name}}}\"` where it belongs, or remove it")),
        );
    }
}

/// A value as a tree holds it.
pub(super) fn node(resolved: &Resolved) -> DeValue<'_> {
    use std::borrow::Cow;
    match &resolved.value {
        VariableValue::Text(text) => DeValue::String(Cow::Borrowed(text)),
        VariableValue::Boolean(value) => DeValue::Boolean(*value),
        VariableValue::Integer(_) => match DeValue::parse(&resolved.number) {
            Ok(number) => number.into_inner(),
            Err(_) => DeValue::String(Cow::Borrowed(&resolved.number)),
        },
        VariableValue::List(texts) => {
            let items = texts.iter().map(|text| {
                let text = Cow::Borrowed(text.as_str());
                toml::Spanned::new(0..0, DeValue::String(text))
            });
            DeValue::Array(items.collect())
        }
    }
}
