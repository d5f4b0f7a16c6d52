//! Which mailboxes a policy is about: `recipient_types`, `include`, `exclude`. Values in; types,
//! patterns and exclusions out. Whether a pattern matches a mailbox of the tenant is seen by the
//! plan; here only what can match no address at all is found.

use jiff::civil::Date;
use toml::de::DeValue;

use super::read::{Entry, Reader};
use super::{action_names, actions, keys};
use crate::diagnostic::{Diagnostic, Span, nearest};
use crate::resource::RecipientType;
use crate::state::{AddressPattern, Exclusion};

/// A recipient type and where it is named.
pub(super) type NamedType = (RecipientType, Span);

/// The entries of `recipient_types` that could be read, and whether that is all of them.
pub(super) struct NamedTypes {
    pub(super) all: Vec<NamedType>,
    pub(super) is_sound: bool,
}

pub(super) fn recipient_types(reader: &mut Reader, entry: &Entry<'_>) -> Option<NamedTypes> {
    let items = reader.list(entry, "[\"UserMailbox\", \"SharedMailbox\"]")?;
    if items.is_empty() {
        reader.report(
            Diagnostic::error("empty-list", format!("`{}` is empty", entry.path))
                .at(entry.span, "")
                .note("without mailbox types it is about no mailbox")
                .help("name at least one: `recipient_types = [\"UserMailbox\"]`"),
        );
        return None;
    }
    let mut types: Vec<(RecipientType, &Entry<'_>)> = Vec::new();
    let mut is_sound = true;
    for item in &items {
        let Some(name) = reader.text(item, "UserMailbox") else {
            is_sound = false;
            continue;
        };
        let Some(kind) = RecipientType::parse(name) else {
            unknown_type(reader, item, name);
            is_sound = false;
            continue;
        };
        if let Some((_, first)) = types.iter().find(|(known, _)| *known == kind) {
            actions::repeated(reader, item, first, kind.name());
            is_sound = false;
            continue;
        }
        action_names::letter_case(reader, item, name, kind.name());
        types.push((kind, item));
    }
    let all = types.into_iter().map(|(kind, item)| (kind, item.span)).collect();
    Some(NamedTypes { all, is_sound })
}

fn unknown_type(reader: &mut Reader, item: &Entry<'_>, name: &str) {
    if let Some(reason) = beyond_reach(name) {
        reader.report(
            Diagnostic::error(
                "mailbox-type-not-settable",
                format!("audit settings of `{name}` cannot be set"),
            )
            .at(item.span, "")
            .note(reason)
            .help(format!("remove `{name}`")),
        );
        return;
    }
    let names = || RecipientType::ALL.into_iter().map(RecipientType::name);
    let stem = name.trim_end_matches('s');
    let with_suffix = format!("{stem}Mailbox");
    let guess = names()
        .find(|known| known.eq_ignore_ascii_case(&with_suffix))
        .or_else(|| nearest(name, names()))
        .or_else(|| nearest(&with_suffix, names()));
    let help = match guess {
        Some(guess) => format!("did you mean `{guess}`?"),
        None => format!("the mailbox types are: {}", names().collect::<Vec<_>>().join(", ")),
    };
    reader.report(
        Diagnostic::error("unknown-mailbox-type", format!("there is no mailbox type `{name}`"))
            .at(item.span, "")
            .help(help),
    );
}

/// Types that exist and that `Set-Mailbox` does not reach in the cloud, each with its reason
/// (`Set-Mailbox` and `Get-Mailbox` documentation).
fn beyond_reach(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "inactivemailbox" | "softdeletedmailbox" => {
            "on inactive and deleted mailboxes Exchange changes holds and nothing else"
        }
        "publicfoldermailbox" | "publicfolder" => {
            "public folder mailboxes are listed and set with a switch of their own, \
             which Auditform does not use"
        }
        "monitoringmailbox"
        | "arbitrationmailbox"
        | "auditlogmailbox"
        | "auxauditlogmailbox"
        | "systemmailbox"
        | "systemattendantmailbox" => {
            "system mailboxes are listed and set in on-premises Exchange only"
        }
        "mailuser"
        | "guestmailuser"
        | "mailcontact"
        | "remoteusermailbox"
        | "remotesharedmailbox"
        | "remoteroommailbox"
        | "remoteequipmentmailbox" => {
            "it has no mailbox in this tenant; where it has one, that one is audited there"
        }
        _ => return None,
    })
}

pub(super) fn include(reader: &mut Reader, entry: &Entry<'_>) -> Option<Vec<AddressPattern>> {
    let items = reader.list(entry, "[\"*@contoso.com\"]")?;
    if items.is_empty() {
        reader.report(
            Diagnostic::error("empty-list", format!("`{}` is empty", entry.path))
                .at(entry.span, "")
                .note("it is not clear whether that means no mailbox or all of them")
                .help("for all mailboxes of the types, remove `include`"),
        );
        return None;
    }
    let patterns: Vec<_> = items.iter().map(|item| pattern(reader, item)).collect();
    distinct(reader, &items, patterns)
}

pub(super) fn exclude(
    reader: &mut Reader,
    entry: &Entry<'_>,
    today: Date,
) -> Option<Vec<Exclusion>> {
    let items = reader.list(entry, "[\"service@contoso.com\"]")?;
    let read: Vec<_> = items.iter().map(|item| exclusion(reader, item, today)).collect();
    let patterns = read.iter().map(|read| read.as_ref().map(|one| one.pattern.clone())).collect();
    distinct(reader, &items, patterns)?;
    read.into_iter().collect()
}

/// All patterns, if all could be read and none is there twice.
fn distinct(
    reader: &mut Reader,
    items: &[Entry<'_>],
    patterns: Vec<Option<AddressPattern>>,
) -> Option<Vec<AddressPattern>> {
    let mut is_sound = true;
    let known: Vec<_> = items.iter().zip(&patterns).collect();
    for (place, (item, pattern)) in known.iter().enumerate() {
        let Some(pattern) = pattern else { continue };
        let same = |other: &Option<AddressPattern>| {
            other.as_ref().is_some_and(|other| other.same_as(pattern))
        };
        if let Some((first, _)) = known[..place].iter().find(|(_, other)| same(other)) {
            actions::repeated(reader, item, first, pattern.text());
            is_sound = false;
        }
    }
    patterns.into_iter().collect::<Option<Vec<_>>>().filter(|_| is_sound)
}

fn exclusion(reader: &mut Reader, item: &Entry<'_>, today: Date) -> Option<Exclusion> {
    match item.node {
        DeValue::String(_) => {
            let pattern = pattern(reader, item)?;
            return Some(Exclusion { pattern, reason: None, until: None });
        }
        DeValue::Table(_) => {}
        _ => {
            let help = "write `\"service@contoso.com\"` or `{ address = \"service@contoso.com\", \
                        reason = \"...\" }`";
            reader.wrong_type(item, "a string or a table", help.to_owned());
            return None;
        }
    }
    let table = reader.table(item)?;
    reader.only(&table, keys::EXCLUDE);
    let pattern = reader
        .required(&table, "address", "\"service@contoso.com\"")
        .and_then(|entry| pattern(reader, &entry));
    let reason = reader
        .optional(&table, "reason", |reader, entry| reader.text(entry, "why").map(str::to_owned));
    let until = reader.optional(&table, "until", |reader, entry| {
        let date = date(reader, entry)?;
        if date < today {
            expired(reader, entry, date, today);
        }
        Some(date)
    });
    Some(Exclusion { pattern: pattern?, reason: reason.ok()?, until: until.ok()? })
}

fn expired(reader: &mut Reader, entry: &Entry<'_>, until: Date, today: Date) {
    reader.report(
        Diagnostic::warning("exclusion-expired", "this exclusion no longer holds")
            .at(entry.whole(), format!("it held to the end of {until}, UTC"))
            .note(format!("today is {today}: the mailboxes that it matches are selected again"))
            .help("remove the entry, or move `until` to a later day"),
    );
}

/// `2027-01-31` as a TOML date or as a string.
fn date(reader: &mut Reader, entry: &Entry<'_>) -> Option<Date> {
    let text = match entry.node {
        DeValue::String(text) => text.trim().to_owned(),
        DeValue::Datetime(moment) if moment.time.is_none() => moment.to_string(),
        DeValue::Datetime(moment) => {
            let day = moment.date.map_or_else(|| "2027-01-31".to_owned(), |day| day.to_string());
            reader
                .report(invalid_date(entry).help(format!("write the day alone: `until = {day}`")));
            return None;
        }
        _ => {
            reader.wrong_type(entry, "a date", "write `until = 2027-01-31`".to_owned());
            return None;
        }
    };
    let is_plain =
        text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let parsed = text.parse::<Date>().ok().filter(|_| is_plain);
    if parsed.is_none() {
        reader.report(
            invalid_date(entry).help("write a day that exists as year, month, day: `2027-01-31`"),
        );
    }
    parsed
}

fn invalid_date(entry: &Entry<'_>) -> Diagnostic {
    Diagnostic::error("invalid-date", format!("`{}` is not a date", entry.path)).at(entry.span, "")
}

fn pattern(reader: &mut Reader, item: &Entry<'_>) -> Option<AddressPattern> {
    let text = reader.text(item, "*@contoso.com")?;
    let trouble = |summary: String| Diagnostic::error("invalid-pattern", summary).at(item.span, "");
    if text.contains(char::is_whitespace) {
        let summary = "no address holds a space, so this pattern matches none".to_owned();
        reader.report(trouble(summary).help(format!("write `\"{}\"`", text.trim())));
        return None;
    }
    if let Some(bare) = text.to_ascii_lowercase().strip_prefix("smtp:") {
        let summary = "addresses are matched without `smtp:`".to_owned();
        reader.report(trouble(summary).help(format!("write `\"{bare}\"`")));
        return None;
    }
    if !text.contains(['@', '*', '?', '[', '{']) {
        let summary = format!("`{text}` is no address and matches none");
        reader.report(
            trouble(summary)
                .note("patterns are compared with whole addresses and user principal names")
                .help(format!("write `\"{text}@*\"` for any domain, or the whole address")),
        );
        return None;
    }
    match AddressPattern::new(text, item.span) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            reader.report(
                trouble(format!("`{text}` is not a pattern: {error}"))
                    .note("`*` is any text, `?` one character, `[a-c]` one of, `{a,b}` either")
                    .help("put a backslash before a character that is meant as such: `\\\\[`"),
            );
            None
        }
    }
}
