//! `[check.mailboxes]`: what a check asserts of mailboxes. A table goes in; a selection, what its
//! mailboxes have to be, and how many of them come out.

use jiff::civil::Date;
use toml::de::DeValue;

use super::actions::{self, Purpose};
use super::check::table;
use super::mailbox_audit::MOST_DAYS;
use super::named::choice;
use super::read::{Entry, Reader, Reported, Table};
use super::{keys, lists, safeguards, selection};
use crate::diagnostic::Diagnostic;
use crate::resource::{AgeLimit, LogonType, LogonTypes};
use crate::state::{Bound, Expectation, MailboxAssertion, Range, Share};

pub(super) fn read(
    reader: &mut Reader,
    entry: &Entry<'_>,
    today: Date,
) -> Option<MailboxAssertion> {
    let table = table(reader, entry, "recipient_types = [\"UserMailbox\"], audited = true")?;
    reader.only(&table, keys::CHECK_MAILBOXES);
    let types = reader
        .required(&table, "recipient_types", "[\"UserMailbox\", \"SharedMailbox\"]")
        .and_then(|entry| selection::recipient_types(reader, &entry));
    let include = reader.optional(&table, "include", selection::include);
    let exclude = reader
        .optional(&table, "exclude", |reader, entry| selection::exclude(reader, entry, today));
    let expectation = expectation(reader, &table);
    let count = reader.optional(&table, "count", |reader, entry| range(reader, entry, false));
    let conforming =
        reader.optional(&table, "conforming", |reader, entry| range(reader, entry, true));
    asserts_something(reader, &table);
    let types = types.filter(|types| types.is_sound)?;
    let at_least = |least| Range { at_least: Some(least), at_most: None };
    Some(MailboxAssertion {
        recipient_types: types.all.into_iter().map(|(kind, _)| kind).collect(),
        include: include.ok()?.unwrap_or_default(),
        exclude: exclude.ok()?.unwrap_or_default(),
        expectation: expectation.ok()?,
        // A selection that matches nothing proves nothing.
        count: count.ok()?.unwrap_or(at_least(Bound::Count(1))),
        conforming: conforming.ok()?.unwrap_or(at_least(Bound::Share(Share::ALL))),
    })
}

fn expectation(reader: &mut Reader, table: &Table<'_>) -> Result<Expectation, Reported> {
    let audited = reader.optional(table, "audited", Reader::boolean);
    let mut rule = |logon: LogonType| {
        reader.optional(table, logon.attribute(), |reader, entry| {
            actions::read(reader, entry, logon, Purpose::Asserting)
        })
    };
    let rules = LogonType::ALL.map(&mut rule);
    let default_audit_set = reader.optional(table, "default_audit_set", logon_types);
    let days = reader.optional(table, "log_age_limit", days);
    let [admin, delegate, owner] = rules;
    let actions = [admin?, delegate?, owner?].map(|rule| rule.map(|declared| declared.value));
    let (keeps_at_least, keeps_at_most) = days?.unwrap_or_default();
    Ok(Expectation {
        audited: audited?,
        actions,
        default_audit_set: default_audit_set?,
        keeps_at_least,
        keeps_at_most,
    })
}

fn logon_types(reader: &mut Reader, entry: &Entry<'_>) -> Option<LogonTypes> {
    let items = reader.list(entry, "[\"owner\"]")?;
    let words = LogonType::ALL.map(|logon| (logon.attribute(), logon));
    let all = lists::distinct(reader, &items, |reader, item| {
        let logon = choice(reader, item, &words)?;
        Some((logon.attribute().to_owned(), logon))
    })?;
    Some(all.into_iter().fold(LogonTypes::NONE, LogonTypes::with))
}

type Days = (Option<AgeLimit>, Option<AgeLimit>);

fn days(reader: &mut Reader, entry: &Entry<'_>) -> Option<Days> {
    let table = table(reader, entry, &meant(entry, "180"))?;
    reader.only(&table, keys::CHECK_DAYS);
    let least = reader.optional(&table, "at_least", age).ok()?;
    let most = reader.optional(&table, "at_most", age).ok()?;
    bounds_something(reader, &table, least.is_some() || most.is_some())?;
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        nothing_between(reader, &table);
        return None;
    }
    Some((least, most))
}

fn age(reader: &mut Reader, entry: &Entry<'_>) -> Option<AgeLimit> {
    let days = safeguards::number(reader, entry, 1, "180")?;
    let in_range = u32::try_from(days).ok().filter(|days| *days <= MOST_DAYS);
    if in_range.is_none() {
        reader.report(
            Diagnostic::error("invalid-limit", format!("`{}` is out of range", entry.path))
                .at(entry.span, "")
                .note(format!("the limit is a .NET `TimeSpan`, which ends at {MOST_DAYS} days"))
                .help("write a number of days such as 90, 180 or 365"),
        );
    }
    in_range.map(AgeLimit::days)
}

fn range(reader: &mut Reader, entry: &Entry<'_>, takes_shares: bool) -> Option<Range> {
    let example = meant(entry, if takes_shares { "\"95%\"" } else { "1" });
    let table = table(reader, entry, &example)?;
    reader.only(&table, keys::CHECK_RANGE);
    let mut bound = |key: &str| {
        reader.optional(&table, key, |reader, entry| match entry.node {
            DeValue::String(_) if takes_shares => {
                safeguards::share(reader, entry).map(Bound::Share)
            }
            _ => safeguards::number(reader, entry, 0, "1").map(Bound::Count),
        })
    };
    let (at_least, at_most) = (bound("at_least"), bound("at_most"));
    let range = Range { at_least: at_least.ok()?, at_most: at_most.ok()? };
    bounds_something(reader, &table, range != Range::default())?;
    let is_empty = match (range.at_least, range.at_most) {
        (Some(Bound::Count(least)), Some(Bound::Count(most))) => least > most,
        (Some(Bound::Share(least)), Some(Bound::Share(most))) => least > most,
        _ => false,
    };
    if is_empty {
        nothing_between(reader, &table);
        return None;
    }
    Some(range)
}

/// What a number that stands alone was meant to say.
fn meant(entry: &Entry<'_>, example: &str) -> String {
    let number = match entry.node {
        DeValue::Integer(number) => number.as_str(),
        _ => example,
    };
    format!("at_least = {number}")
}

fn bounds_something(reader: &mut Reader, table: &Table<'_>, is_so: bool) -> Option<()> {
    // An unknown key was reported with the key that it may stand for.
    if !is_so && reader.entries(table).is_empty() {
        reader.report(
            Diagnostic::error("check-form", format!("`{}` says nothing", table.path))
                .at(table.span, "")
                .help("write `at_least`, `at_most` or both"),
        );
    }
    is_so.then_some(())
}

fn nothing_between(reader: &mut Reader, table: &Table<'_>) {
    reader.report(
        Diagnostic::error("check-form", format!("nothing can keep to `{}`", table.path))
            .at(table.span, "`at_least` is more than `at_most`")
            .help("exchange the two, or leave one of them out"),
    );
}

/// `count` alone is an assertion; `conforming` counts what something is expected of.
fn asserts_something(reader: &mut Reader, table: &Table<'_>) {
    if reader.entries(table).iter().any(|entry| !keys::CHECK_MAILBOXES.has(entry.name)) {
        return;
    }
    let expects = keys::EXPECTATIONS.iter().any(|key| table.has(key));
    let conforming = reader.entry(table, "conforming");
    let finding = match conforming {
        Some(conforming) if !expects => {
            Diagnostic::error("check-form", "`conforming` counts nothing").at(conforming.key, "")
        }
        None if !expects && !table.has("count") => {
            Diagnostic::error("check-form", "this check asserts nothing of its mailboxes")
                .at(table.span, "")
        }
        _ => return,
    };
    let all = keys::EXPECTATIONS.join(", ");
    reader.report_absence(
        finding
            .help(format!("say what a mailbox has to be, by at least one of: {all}"))
            .help("or how many there have to be: `count = { at_least = 1 }`"),
    );
}
