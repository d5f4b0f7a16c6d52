//! `[mailbox_audit.NAME]`: one policy. A table goes in; a policy comes out in which everything
//! that can be judged without the tenant and without the other policies holds. How policies go
//! together is in `order` and `overlap`.

use jiff::civil::Date;
use toml::de::DeValue;

use super::actions::{self, Purpose};
use super::keys;
use super::named::{self, NamedKind};
use super::order::Declaration;
use super::read::{Entry, Reader, Reported, Table};
use super::selection::{self, NamedType};
use crate::diagnostic::{Diagnostic, and_list};
use crate::resource::{AgeLimit, Coverage, LogonType};
use crate::state::{Declared, MailboxPolicy};

/// The largest .NET `TimeSpan`, in whole days. Microsoft publishes no smaller bound.
pub(super) const MOST_DAYS: u32 = 10_675_199;

const POLICIES: NamedKind = NamedKind {
    kind: "mailbox_audit",
    noun: "a policy",
    example: "people",
    keys: keys::MAILBOX_AUDIT,
};

/// All policies that could be read, and what all that are there say of one another.
pub(super) fn read(
    reader: &mut Reader,
    root: &Table<'_>,
    today: Date,
) -> (Vec<MailboxPolicy>, Vec<Declaration>) {
    let mut read = Vec::new();
    let mut declarations = Vec::new();
    for (name, table) in named::tables(reader, root, &POLICIES) {
        let overrides = reader.optional(&table, "overrides", overrides);
        let named = overrides.as_ref().ok().cloned().flatten().unwrap_or_default();
        declarations.push(Declaration { name: name.to_owned(), overrides: named });
        read.extend(policy(reader, name, &table, overrides, today));
    }
    (read, declarations)
}

fn policy(
    reader: &mut Reader,
    name: &str,
    table: &Table<'_>,
    overrides: Result<Option<Vec<Declared<String>>>, Reported>,
    today: Date,
) -> Result<MailboxPolicy, Reported> {
    reader.only(table, keys::MAILBOX_AUDIT);
    let types = reader
        .required(table, "recipient_types", "[\"UserMailbox\", \"SharedMailbox\"]")
        .and_then(|entry| selection::recipient_types(reader, &entry));
    let include = reader.optional(table, "include", selection::include);
    let exclude =
        reader.optional(table, "exclude", |reader, entry| selection::exclude(reader, entry, today));
    let enabled = reader.optional(table, "enabled", |reader, entry| {
        Some(Declared { value: reader.boolean(entry)?, span: entry.whole() })
    });
    let mut rule = |logon: LogonType| {
        reader.optional(table, logon.attribute(), |reader, entry| {
            actions::read(reader, entry, logon, Purpose::Setting)
        })
    };
    let (admin, delegate, owner) =
        (rule(LogonType::Admin), rule(LogonType::Delegate), rule(LogonType::Owner));
    let log_age_limit = reader.optional(table, "log_age_limit", age_limit);
    manages_something(reader, table);
    if let Some(types) = &types {
        group_mailboxes(reader, table, &types.all);
        enabled_without_effect(reader, &types.all, enabled.ok().flatten());
    }
    let types = types.filter(|types| types.is_sound).ok_or(Reported)?;
    Ok(MailboxPolicy {
        name: name.to_owned(),
        span: table.span,
        recipient_types: types.all.into_iter().map(|(kind, _)| kind).collect(),
        include: include?.unwrap_or_default(),
        exclude: exclude?.unwrap_or_default(),
        enabled: enabled?,
        admin: admin?,
        delegate: delegate?,
        owner: owner?,
        log_age_limit: log_age_limit?,
        overrides: overrides?.unwrap_or_default(),
    })
}

fn overrides(reader: &mut Reader, entry: &Entry<'_>) -> Option<Vec<Declared<String>>> {
    let items = reader.list(entry, "[\"other\"]")?;
    let mut seen: Vec<(&str, &Entry<'_>)> = Vec::new();
    let mut is_sound = true;
    for item in &items {
        let Some(name) = reader.text(item, "other") else {
            is_sound = false;
            continue;
        };
        let name = name.strip_prefix("mailbox_audit.").unwrap_or(name);
        if let Some((_, first)) = seen.iter().find(|(known, _)| *known == name) {
            actions::repeated(reader, item, first, name);
            is_sound = false;
        }
        seen.push((name, item));
    }
    let declared =
        |(name, item): (&str, &Entry<'_>)| Declared { value: name.to_owned(), span: item.span };
    is_sound.then(|| seen.into_iter().map(declared).collect())
}

fn age_limit(reader: &mut Reader, entry: &Entry<'_>) -> Option<Declared<AgeLimit>> {
    let DeValue::Integer(number) = entry.node else {
        let days = match entry.node {
            DeValue::String(text) => meant_days(text),
            _ => None,
        };
        let help = format!("write `log_age_limit = {}`", days.unwrap_or(180));
        reader.wrong_type(entry, "a whole number of days", help);
        return None;
    };
    let days = i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX);
    if days == 0 {
        reader.report(
            Diagnostic::error("log-age-erases", "a log age limit of 0 erases the audit log")
                .at(entry.span, "")
                .note("Exchange deletes all entries of the mailbox when it next tidies up")
                .help("write the days to keep; Microsoft's default is 90")
                .help("to leave the limit as it is in the tenant, remove `log_age_limit`"),
        );
        return None;
    }
    let in_range = u32::try_from(days).ok().filter(|days| *days <= MOST_DAYS);
    if in_range.is_none() {
        reader.report(
            Diagnostic::error(
                "log-age-out-of-range",
                format!("`{}` is not a number of days that Exchange can hold", entry.path),
            )
            .at(entry.span, "")
            .note(format!("the limit is a .NET `TimeSpan`, which ends at {MOST_DAYS} days"))
            .help("write a number of days such as 90, 180 or 365"),
        );
    }
    in_range.map(|days| Declared { value: AgeLimit::days(days), span: entry.whole() })
}

/// The days that a string such as `180 days` or `180.00:00:00` means.
fn meant_days(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    AgeLimit::parse_timespan(text)?.whole_days().filter(|days| *days > 0)
}

fn manages_something(reader: &mut Reader, table: &Table<'_>) {
    // An unknown key may have been meant to set something; it has its own finding.
    let has_unknown =
        reader.entries(table).iter().any(|entry| !keys::MAILBOX_AUDIT.has(entry.name));
    if !has_unknown && !keys::ATTRIBUTES.iter().any(|key| table.has(key)) {
        reader.report_absence(
            Diagnostic::error("manages-nothing", format!("`[{}]` sets nothing", table.path))
                .at(table.span, "")
                .note("what a policy leaves out is never written")
                .help(format!("set at least one of: {}", keys::ATTRIBUTES.join(", "))),
        );
    }
}

/// Group mailboxes have a fixed list of actions and take a log age alone ("Manage mailbox
/// auditing").
fn group_mailboxes(reader: &mut Reader, table: &Table<'_>, types: &[NamedType]) {
    let Some((_, span)) = types.iter().find(|(kind, _)| !kind.takes_action_lists()) else { return };
    let mut refused: Vec<Entry<'_>> = keys::ATTRIBUTES
        .iter()
        .filter(|key| **key != "log_age_limit")
        .filter_map(|key| reader.entry(table, key))
        .collect();
    refused.sort_by_key(|entry| entry.key);
    let Some(first) = refused.first() else { return };
    let names: Vec<String> = refused.iter().map(|entry| format!("`{}`", entry.name)).collect();
    reader.report(
        Diagnostic::error(
            "group-mailbox",
            format!("group mailboxes cannot take {}", and_list(&names)),
        )
        .at(first.key, "set here")
        .at(*span, "for these too")
        .note("Microsoft fixes what is audited on group mailboxes; only `log_age_limit` can be set")
        .help("take `GroupMailbox` out, into a policy of its own with nothing but `log_age_limit`"),
    );
}

/// Mailbox auditing of the organisation covers some types whatever the mailbox says, so switching
/// them off does nothing ("Manage mailbox auditing"). Group mailboxes have their own finding.
fn enabled_without_effect(
    reader: &mut Reader,
    types: &[NamedType],
    enabled: Option<Declared<bool>>,
) {
    let Some(Declared { value: false, span }) = enabled else { return };
    let covered: Vec<&NamedType> = types
        .iter()
        .filter(|(kind, _)| kind.coverage() == Coverage::Organization)
        .filter(|(kind, _)| kind.takes_action_lists())
        .collect();
    let Some((first, place)) = covered.first() else { return };
    let names: Vec<&str> = covered.iter().map(|(kind, _)| kind.name()).collect();
    let mut finding = Diagnostic::error(
        "enabled-without-effect",
        format!("`enabled = false` has no effect on {}", and_list(&names)),
    )
    .at(span, "")
    .at(*place, format!("{first} is covered by the organisation's mailbox auditing"))
    .note("while the organisation's mailbox auditing is on, it overrides the mailbox's own switch");
    finding = if types.len() > covered.len() {
        finding.help("move the types that are covered into a policy without `enabled`")
    } else {
        finding.help("remove `enabled`")
    };
    reader.report(
        finding.help("to record nothing for a logon type: `owner = { exactly = [\"None\"] }`"),
    );
}
