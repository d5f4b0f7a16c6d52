//! Patterns over mailbox addresses: `*` any text, `?` one character, `{a,b}` either, `[a-c]` one
//! of; letter case does not count.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

use crate::diagnostic::Span;

/// A compiled pattern that remembers its text and its place in the spec.
#[derive(Clone)]
pub struct AddressPattern {
    text: String,
    span: Span,
    matcher: GlobMatcher,
}

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PatternError {
    reason: String,
}

impl AddressPattern {
    /// Compiles a pattern.
    pub fn new(text: &str, span: Span) -> Result<Self, PatternError> {
        let glob = GlobBuilder::new(&text.to_lowercase())
            .case_insensitive(true)
            .literal_separator(false)
            .backslash_escape(true)
            .build()
            .map_err(|error| PatternError { reason: error.kind().to_string() })?;
        Ok(Self { text: text.to_owned(), span, matcher: glob.compile_matcher() })
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it stands in the spec.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether an address matches.
    pub fn matches(&self, address: &str) -> bool {
        self.matcher.is_match(address)
    }

    /// Whether the two are the same pattern, letter case aside.
    pub fn same_as(&self, other: &AddressPattern) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl fmt::Debug for AddressPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("AddressPattern").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_crosses_dots_and_at_signs_and_case_does_not_count() {
        let pattern = AddressPattern::new("Finance*@Contoso.com", Span::default());
        let matches = |address| pattern.as_ref().is_ok_and(|pattern| pattern.matches(address));
        assert!(matches("finance.team@CONTOSO.com"));
        assert!(!matches("team@contoso.com"));
    }

    #[test]
    fn an_unfinished_class_is_an_error() {
        assert!(AddressPattern::new("a[b", Span::default()).is_err());
    }
}
