//! What can go wrong, as data: severity, a stable code, one line of summary, the places in the
//! user's files, and what to do. Produced by every stage, rendered by `render` alone; nothing here
//! prints or knows about terminals.

mod source;
mod suggest;

pub use source::{FileId, Remark, SourceFile, Sources, Span};
pub use suggest::{Closest, and_list, nearest};

/// How bad a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The command cannot go on.
    Error,
    /// The command goes on; the user should know.
    Warning,
}

/// A place in a file and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is wrong there, in a few words; may be empty where the caret says enough.
    pub text: String,
}

/// One finding, complete enough to act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable kebab-case name such as `unknown-key`, listed in `docs/diagnostics.md`.
    pub code: &'static str,
    /// One line, lower case, names in backticks, no full stop.
    pub summary: String,
    /// The first label is the place of the finding; further ones are related places.
    pub labels: Vec<Label>,
    /// Facts that explain the finding, each one sentence or a list.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Vec<String>,
    /// The service's id of the request that failed, where one did and it gave one.
    pub request_id: Option<String>,
}

impl Diagnostic {
    /// An error with its stable code and one-line summary.
    #[must_use]
    pub fn error(code: &'static str, summary: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, summary.into())
    }

    /// The same finding as a warning: it stops nothing here.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// A warning with its stable code and one-line summary.
    #[must_use]
    pub fn warning(code: &'static str, summary: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, summary.into())
    }

    fn new(severity: Severity, code: &'static str, summary: String) -> Self {
        let (labels, notes, help) = (Vec::new(), Vec::new(), Vec::new());
        Self { severity, code, summary, labels, notes, help, request_id: None }
    }

    /// Adds a place; the first one added is the place of the finding.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a fact that explains the finding.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Names the request that failed; the summary, which people read, names it too.
    #[must_use]
    pub fn of_request(mut self, request_id: Option<&str>) -> Self {
        self.request_id = request_id.map(str::to_owned);
        self
    }

    /// Adds an action that would mend it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}

/// All findings of one stage, in the order in which they were met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds one finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }

    /// Adds all findings of another stage.
    pub fn extend(&mut self, other: Diagnostics) {
        self.items.extend(other.items);
    }

    /// Whether at least one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|item| item.severity == Severity::Error)
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The findings in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// Sorts by place, so that the reader goes through the file from top to bottom; findings
    /// without a place come first.
    pub fn sort_by_place(&mut self) {
        self.items.sort_by_key(|item| item.labels.first().map(|label| label.span));
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { items: vec![diagnostic] }
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
