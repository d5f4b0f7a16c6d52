//! One pattern of addresses: `kind`, `kind.NAME` or `kind.NAME["key"]`, each part with the signs of
//! patterns of mailboxes. What leaves the end out means all that is under it, and an application means
//! all that the spec's table of it makes.

use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};

use crate::diagnostic::nearest;
use crate::resource::{Kind, unescaped_key};

/// A pattern of addresses.
#[derive(Debug, Clone)]
pub struct Target {
    text: String,
    kind: Part,
    name: Option<Part>,
    key: Option<Part>,
}

/// Why a text is no pattern of addresses, with what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TargetError(String);

#[derive(Debug, Clone)]
struct Part {
    text: String,
    /// `None` where the text is plain.
    pattern: Option<GlobMatcher>,
}

impl Part {
    fn new(text: &str, folds_case: bool) -> Result<Self, TargetError> {
        let text = if folds_case { text.to_lowercase() } else { text.to_owned() };
        let is_plain = !text.contains(['*', '?', '[', ']', '{', '}', '\\']);
        if is_plain {
            return Ok(Self { text, pattern: None });
        }
        let glob = GlobBuilder::new(&text)
            .case_insensitive(folds_case)
            .literal_separator(false)
            .backslash_escape(true)
            .build()
            .map_err(|error| TargetError(format!("`{text}` is no pattern: {}", error.kind())))?;
        Ok(Self { text, pattern: Some(glob.compile_matcher()) })
    }

    /// A text with the signs of a pattern is also taken as it stands: addresses are copied from plans.
    fn matches(&self, text: &str) -> bool {
        self.text == text || self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (rest, key) = match text.split_once("[\"") {
            None => (text, None),
            Some((rest, key)) => {
                let key = key.strip_suffix("\"]").and_then(unescaped_key);
                let key = key.filter(|key| !key.is_empty());
                let Some(key) = key else {
                    return Err(TargetError(format!(
                        "`{text}` does not end as `kind.NAME[\"key\"]`"
                    )));
                };
                (rest, Some(Part::new(&key, true)?))
            }
        };
        let (kind, name) = match rest.split_once('.') {
            None => (rest, None),
            Some((_, "")) => {
                return Err(TargetError(format!("`{text}` has no name after its dot")));
            }
            Some((kind, name)) => (kind, Some(Part::new(name, false)?)),
        };
        if key.is_some() && name.is_none() {
            return Err(TargetError(format!(
                "`{text}` has a key and no name: `{kind}.*[\"...\"]`"
            )));
        }
        let kind = Part::new(kind, false)?;
        if !planned().any(|known| kind.matches(known.name())) {
            return Err(TargetError(unknown_kind(&kind.text)));
        }
        Ok(Self { text: text.to_owned(), kind, name, key })
    }
}

fn planned() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| kind.is_planned())
}

fn unknown_kind(kind: &str) -> String {
    if kind == Kind::Check.name() {
        return "a check is judged by every plan and is no part of one".to_owned();
    }
    let names = || planned().map(Kind::name);
    if let Some(near) = nearest(kind, names()) {
        return format!("there is no kind `{kind}`; did you mean `{near}`?");
    }
    let names: Vec<&str> = names().collect();
    format!("there is no kind `{kind}`; an address begins with one of {}", names.join(", "))
}

impl Target {
    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The key, lower-cased, where it is one and no pattern of keys.
    pub fn plain_key(&self) -> Option<&str> {
        self.key.as_ref().filter(|key| key.pattern.is_none()).map(|key| key.text.as_str())
    }

    /// Whether it names objects of a resource one by one.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Whether it is about a kind.
    pub fn may_name_kind(&self, kind: Kind) -> bool {
        self.kind.matches(kind.name())
    }

    /// Whether it is about a resource, or about some object of it.
    pub fn may_name(&self, kind: Kind, name: Option<&str>) -> bool {
        let of_name = match (&self.name, name) {
            (None, _) => true,
            (Some(pattern), Some(name)) => pattern.matches(name),
            (Some(_), None) => false,
        };
        of_name && self.kind.matches(kind.name())
    }

    /// Whether it matches an object.
    pub fn matches(&self, kind: Kind, name: Option<&str>, key: Option<&str>) -> bool {
        let of_key = match (&self.key, key) {
            (None, _) => true,
            (Some(pattern), Some(key)) => pattern.matches(&key.to_lowercase()),
            (Some(_), None) => false,
        };
        let of_application = self.key.is_none()
            && kind.is_part_of_application()
            && self.may_name(Kind::Application, name);
        of_application || (of_key && self.may_name(kind, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str, kind: Kind, name: &str, key: Option<&str>) -> Option<bool> {
        text.parse::<Target>().ok().map(|target| target.matches(kind, Some(name), key))
    }

    #[test]
    fn what_leaves_the_end_out_means_all_that_is_under_it() {
        let mailbox = |text| matches(text, Kind::MailboxAudit, "people", Some("ada@contoso.com"));
        for text in [
            "mailbox_audit",
            "mailbox_audit.people",
            "mailbox_audit.p*",
            "*",
            "mailbox_audit.people[\"ada@contoso.com\"]",
            "mailbox_audit.people[\"Ada@*\"]",
            "mailbox_audit.*[\"*@contoso.com\"]",
        ] {
            assert_eq!(mailbox(text), Some(true), "{text}");
        }
        for text in
            ["organization", "mailbox_audit.People", "mailbox_audit.people[\"eve@contoso.com\"]"]
        {
            assert_eq!(mailbox(text), Some(false), "{text}");
        }
    }

    #[test]
    fn an_application_means_all_that_hangs_on_it_and_a_part_of_it_means_itself() {
        let key = |text| matches(text, Kind::KeyCredential, "a", Some("certificate.c"));
        for text in ["application.a", "application", "key_credential.a", "*.a[\"certificate.c\"]"] {
            assert_eq!(key(text), Some(true), "{text}");
        }
        for text in ["application.b", "service_principal.a", "certificate.c"] {
            assert_eq!(key(text), Some(false), "{text}");
        }
        assert_eq!(matches("key_credential.a", Kind::Application, "a", None), Some(false));
    }

    #[test]
    fn a_key_with_the_signs_of_a_pattern_is_also_taken_as_it_stands() {
        let text = r#"app_role_assignment.a["Mail [beta] {x}"]"#;
        let key = Some("Mail [beta] {x}");
        assert_eq!(matches(text, Kind::AppRoleAssignment, "a", key), Some(true));
    }

    #[test]
    fn what_is_no_address_says_what_to_write() {
        for (text, expected) in [
            ("mailbox_adit.x", "there is no kind `mailbox_adit`; did you mean `mailbox_audit`?"),
            ("check.all", "a check is judged by every plan and is no part of one"),
            ("mailbox_audit.", "`mailbox_audit.` has no name after its dot"),
            ("mailbox_audit.x[\"a", "`mailbox_audit.x[\"a` does not end as `kind.NAME[\"key\"]`"),
            (
                "organization[\"a\"]",
                "`organization[\"a\"]` has a key and no name: `organization.*[\"...\"]`",
            ),
            (
                "mailbox_audit.{x",
                "`{x` is no pattern: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
            ),
        ] {
            let error = text.parse::<Target>().err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), Some(expected));
        }
    }
}
