//! `directory_roles` and `exchange_roles`: names of roles. Lists go in; names come out, in the
//! service's spelling where they are known. Names that are not in these tables pass, since a tenant
//! has roles of its own; only slips of known names are found.
//!
//! Template ids: Microsoft, "Microsoft Entra built-in roles". Management roles: Microsoft,
//! "Permissions in Exchange Online".

use uuid::Uuid;

use super::read::{Entry, Reader};
use super::{action_names, lists};
use crate::diagnostic::{Diagnostic, nearest};
use crate::resource::{DIRECTORY_ROLES, DirectoryRole, EXCHANGE_ROLES};
use crate::state::Declared;

/// Names under which these directory roles go or went elsewhere.
const DIRECTORY_ALIASES: [(&str, &str); 3] = [
    ("Company Administrator", "Global Administrator"),
    ("Exchange Service Administrator", "Exchange Administrator"),
    ("Organization Management", "Exchange Administrator"),
];

pub(super) fn directory(reader: &mut Reader, entry: &Entry<'_>) -> Option<Vec<Declared<String>>> {
    let items = reader.list(entry, "[\"Exchange Administrator\"]")?;
    lists::distinct(reader, &items, |reader, item| {
        let text = reader.text(item, "Exchange Administrator")?.trim();
        let value = if let Ok(id) = Uuid::try_parse(text) {
            id.to_string()
        } else {
            directory_name(reader, item, text)?
        };
        // A name and its template id are one role.
        let known = DirectoryRole::find(&value);
        let key = known.map_or_else(|| value.to_lowercase(), |role| role.name.to_owned());
        if known.is_some_and(|role| role.name == "Global Administrator") {
            global_administrator(reader, item);
        }
        Some((key, Declared { value, span: item.span }))
    })
}

fn directory_name(reader: &mut Reader, item: &Entry<'_>, text: &str) -> Option<String> {
    let names = || DIRECTORY_ROLES.iter().map(|role| role.name);
    if let Some(known) = names().find(|name| name.eq_ignore_ascii_case(text)) {
        action_names::letter_case(reader, item, text, known);
        return Some(known.to_owned());
    }
    if EXCHANGE_ROLES.iter().any(|name| name.eq_ignore_ascii_case(text)) {
        let help = format!("write it in `exchange_roles`: `exchange_roles = [\"{text}\"]`");
        unknown(
            reader,
            item,
            &format!("`{text}` is a role of Exchange, not of the directory"),
            help,
        );
        return None;
    }
    let alias = DIRECTORY_ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(text));
    if let Some(near) = alias.map(|(_, name)| *name).or_else(|| meant(text, names())) {
        let summary = format!("there is no directory role `{text}`");
        unknown(reader, item, &summary, format!("did you mean `{near}`?"));
        return None;
    }
    Some(text.to_owned())
}

fn global_administrator(reader: &mut Reader, item: &Entry<'_>) {
    reader.report(
        Diagnostic::warning("global-administrator", "the application could do anything at all")
            .at(item.span, "")
            .note("Microsoft: \"limit to emergency scenarios\"; a leaked key is then a lost tenant")
            .help("`Exchange Administrator` is enough for all that Auditform sets in Exchange")
            .help("`auditform validate --roles` prints the least that this spec needs"),
    );
}

pub(super) fn exchange(reader: &mut Reader, entry: &Entry<'_>) -> Option<Vec<Declared<String>>> {
    let items = reader.list(entry, "[\"Audit Logs\", \"Mail Recipients\"]")?;
    lists::distinct(reader, &items, |reader, item| {
        let text = reader.text(item, "Audit Logs")?.trim();
        let names = || EXCHANGE_ROLES.into_iter();
        let value = if let Some(known) = names().find(|name| name.eq_ignore_ascii_case(text)) {
            action_names::letter_case(reader, item, text, known);
            known.to_owned()
        } else if DirectoryRole::find(text).is_some() {
            let help = format!("write it in `directory_roles`: `directory_roles = [\"{text}\"]`");
            let summary = format!("`{text}` is a role of the directory, not of Exchange");
            unknown(reader, item, &summary, help);
            return None;
        } else if let Some(near) = meant(text, names()) {
            let summary = format!("there is no Exchange role `{text}`");
            unknown(reader, item, &summary, format!("did you mean `{near}`?"));
            return None;
        } else {
            text.to_owned()
        };
        Some((value.to_lowercase(), Declared { value, span: item.span }))
    })
}

fn unknown(reader: &mut Reader, item: &Entry<'_>, summary: &str, help: String) {
    reader.report(Diagnostic::error("unknown-role", summary).at(item.span, "").help(help));
}

/// The role that a name is a slip of: it has the same number of words, and each is like the other's
/// or its beginning. More than that would take a tenant's own roles for slips.
fn meant<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let words = |text: &str| -> Vec<String> {
        text.split([' ', '-']).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    let wanted = words(text);
    let is_like = |one: &String, other: &String| {
        let is_beginning = one.len() >= 3 && other.starts_with(one.as_str());
        is_beginning || nearest(one, [other.as_str()]).is_some()
    };
    names.into_iter().find(|name| {
        let known = words(name);
        known.len() == wanted.len() && wanted.iter().zip(&known).all(|(a, b)| is_like(a, b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory_role(text: &str) -> Option<&'static str> {
        meant(text, DIRECTORY_ROLES.iter().map(|role| role.name))
    }

    #[test]
    fn a_slip_of_a_role_finds_it() {
        assert_eq!(directory_role("Exchange Admin"), Some("Exchange Administrator"));
        assert_eq!(directory_role("Exchnage Administrator"), Some("Exchange Administrator"));
        assert_eq!(directory_role("Global Readers"), Some("Global Reader"));
        assert_eq!(
            meant("View Only Recipient", EXCHANGE_ROLES.into_iter()),
            Some("View-Only Recipients")
        );
        assert_eq!(
            meant("Organization Config", EXCHANGE_ROLES.into_iter()),
            Some("Organization Configuration")
        );
    }

    #[test]
    fn a_role_that_is_not_known_is_not_taken_for_a_slip() {
        for other in [
            "User Administrator",
            "Groups Administrator",
            "Teams Administrator",
            "Reports Reader",
            "Cloud App Security Administrator",
            "Exchange Backup Administrator",
            "Directory Writers",
        ] {
            assert_eq!(directory_role(other), None, "{other}");
        }
        assert_eq!(meant("Mail Recipients EU", EXCHANGE_ROLES.into_iter()), None);
    }
}
