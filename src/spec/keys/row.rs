//! What a row of the table of keys says: name, shape, what holds where it is left out, unit, words,
//! example, source. Data and the functions that write it down; rows are in the files beside this
//! one, and what is made of them in `spec::schema` and `spec::reference`.

use crate::resource::LogonType;

/// One table of a spec, with every key that it may hold.
#[derive(Debug)]
pub struct Section {
    /// Its name among the schema's definitions and the reference's tables: `mailbox_audit`.
    pub id: &'static str,
    /// How a reader of a file knows it: `[mailbox_audit.NAME]`.
    pub title: &'static str,
    /// Where its keys belong, for the finding of a key that is somewhere else: `in [tenant]`.
    pub place: &'static str,
    /// What it is, in one sentence without a full stop.
    pub about: &'static str,
    /// Its keys, in the order in which people should read them.
    pub keys: &'static [Key],
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// What holds where it is left out.
    pub fallback: Fallback,
    /// What a number counts: `days`.
    pub unit: Option<&'static str>,
    /// What it says, in one phrase without a full stop; Markdown.
    pub about: &'static str,
    /// What else one should know, in whole sentences; Markdown, may be empty.
    pub note: &'static str,
    /// A value as one writes it; empty for tables alone.
    pub example: &'static str,
    /// Where the fact comes from; none for what Auditform itself decides.
    pub source: Option<Source>,
    /// It is read before variables have values, so none of them can stand in it.
    pub is_literal: bool,
}

/// A page that a fact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Its title.
    pub title: &'static str,
    /// Its address.
    pub url: &'static str,
}

/// What holds where a key is left out.
#[derive(Debug, Clone, Copy)]
pub enum Fallback {
    /// It cannot be left out.
    Required,
    /// This value, as TOML.
    Value(&'static str),
    /// What these words say; Markdown.
    Words(&'static str),
}

/// What a value looks like.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// An integer from the one to the other.
    Integer(i64, i64),
    /// One of these integers.
    Numbers(&'static [i64]),
    /// One of these words.
    Words(&'static [Word]),
    /// Text of a form.
    Text(Form),
    /// A table.
    Table(&'static Section),
    /// Tables by name, as `[mailbox_audit.people]`.
    Named(&'static Section),
    /// A list; its length and whether an element may stand twice.
    List(&'static List),
    /// One shape or another; the first is what editors offer first.
    Either(&'static [Alternative]),
    /// What is recorded of a logon type.
    Rule(LogonType),
    /// Actions of the logon type that the rule around them is about, or `None` alone.
    Actions {
        /// Whether `None` may stand alone.
        or_none: bool,
    },
    /// A mailbox type.
    RecipientType,
}

/// A word that can be a value, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// As it is written.
    pub value: &'static str,
    /// What it means, in one phrase; Markdown.
    pub about: &'static str,
}

/// Text of a form.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// What people call it: `GUID`.
    pub noun: &'static str,
    /// A regular expression of JSON Schema that every such text matches.
    pub pattern: &'static str,
    /// How many letters it has at most.
    pub longest: Option<u16>,
}

/// A list.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// What people call it: `list of roles`.
    pub noun: &'static str,
    /// Its elements.
    pub of: Shape,
    /// How many there are at least.
    pub least: u16,
    /// How many there are at most.
    pub most: Option<u16>,
    /// Whether no element may stand twice.
    pub is_distinct: bool,
}

/// One of several shapes.
#[derive(Debug, Clone, Copy)]
pub struct Alternative {
    /// The shape.
    pub shape: Shape,
    /// What a value of it means, in one phrase; Markdown.
    pub about: &'static str,
}

impl Key {
    /// A key that may be left out, with nothing in its place.
    pub(super) const fn new(name: &'static str, shape: Shape, about: &'static str) -> Self {
        let fallback = Fallback::Words("none");
        Self {
            name,
            shape,
            fallback,
            unit: None,
            about,
            note: "",
            example: "",
            source: None,
            is_literal: false,
        }
    }

    /// It must be there.
    pub(super) const fn required(mut self) -> Self {
        self.fallback = Fallback::Required;
        self
    }

    /// Left out, this value holds (TOML).
    pub(super) const fn default(mut self, value: &'static str) -> Self {
        self.fallback = Fallback::Value(value);
        self
    }

    /// Left out, what these words say holds.
    pub(super) const fn otherwise(mut self, words: &'static str) -> Self {
        self.fallback = Fallback::Words(words);
        self
    }

    /// What its number counts.
    pub(super) const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    /// What else one should know.
    pub(super) const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    /// A value as one writes it (TOML).
    pub(super) const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// No variable can stand in it.
    pub(super) const fn literal(mut self) -> Self {
        self.is_literal = true;
        self
    }

    /// Where the fact comes from.
    pub(super) const fn source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }
}

impl Section {
    /// Its keys.
    pub fn iter(&self) -> std::slice::Iter<'static, Key> {
        self.keys.iter()
    }

    /// The names of its keys.
    pub fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }

    /// Whether it may hold a key of this name.
    pub fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }
}

impl IntoIterator for &'static Section {
    type Item = &'static Key;
    type IntoIter = std::slice::Iter<'static, Key>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.iter()
    }
}
