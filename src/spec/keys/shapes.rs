//! Shapes that several keys share.

use super::row::{Form, List, Shape, Word};

const fn text(noun: &'static str, pattern: &'static str) -> Shape {
    Shape::Text(Form { noun, pattern, longest: None })
}

/// Text of which nothing is known but that it is not empty.
pub(super) const TEXT: Shape = text("text", r"\S");
/// Any text, the empty one too.
pub(super) const ANY_TEXT: Shape = text("text", "");
/// A GUID.
pub(super) const GUID: Shape =
    text("GUID", r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$");
/// A path; a relative one starts at the directory of the file that it stands in.
pub(super) const PATH: Shape = text("path", r"^[^\n\r]*\S[^\n\r]*$");
/// An initial domain.
pub(super) const DOMAIN: Shape = text(
    "domain",
    r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.[A-Za-z][A-Za-z0-9-]*$",
);
/// A base URL: https, or plain http to this machine.
pub(super) const BASE_URL: Shape = text(
    "base URL",
    r"^(https://[^\s@?#]+|http://(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?(/[^\s@?#]*)?)$",
);
/// The name of an environment variable.
pub(super) const VARIABLE: Shape = text("name", r"^[A-Za-z_][A-Za-z0-9_]{0,99}$");
/// A length of time.
pub(super) const LENGTH: Shape = text("length", r"^0*[1-9][0-9]*[dhms]$");
/// A day, or a moment with its offset.
pub(super) const MOMENT: Shape = text(
    "day or moment",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$",
);
/// A day.
pub(super) const DAY: Shape = text("date", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
/// A pattern over user principal names and addresses.
pub(super) const PATTERN: Shape = text("pattern", r"^(?![sS][mM][tT][pP]:)\S*[@*?\[{]\S*$");
/// The scope of a service.
pub(super) const SCOPE: Shape = text("scope", r"^https?://[^\s@?#]+/\.default$");
/// An address of a token's issuer.
pub(super) const HTTPS: Shape = text("https URL", r"^[hH][tT][tT][pP][sS]://\S+$");

/// Text of one's own form.
pub(super) const fn form(noun: &'static str, pattern: &'static str) -> Shape {
    text(noun, pattern)
}

/// Text that is not empty and has at most so many letters.
pub(super) const fn text_up_to(longest: u16) -> Shape {
    Shape::Text(Form { noun: "text", pattern: r"\S", longest: Some(longest) })
}

/// A list in which nothing stands twice.
pub(super) const fn distinct(noun: &'static str, of: Shape) -> List {
    List { noun, of, least: 0, most: None, is_distinct: true }
}

/// A list in which nothing stands twice and something must.
pub(super) const fn some(noun: &'static str, of: Shape) -> List {
    List { noun, of, least: 1, most: None, is_distinct: true }
}

/// A word and what it means.
pub(super) const fn word(value: &'static str, about: &'static str) -> Word {
    Word { value, about }
}

/// Whether something is to be there.
pub(super) const ENSURE: Shape = Shape::Words(&[
    word("present", "it is made and kept as the spec says"),
    word("absent", "it is deleted"),
]);
