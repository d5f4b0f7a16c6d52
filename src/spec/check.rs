//! `[[check]]`: what a spec asserts of a tenant. Tables go in; checks come out in which everything
//! that can be judged without the tenant holds. What is asserted of mailboxes is read in
//! `check_mailboxes`.

use toml::de::DeValue;

use super::certificate::CERTIFICATES;
use super::named::choice;
use super::read::{Entry, Reader, Reported, Table};
use super::{chain, check_mailboxes, keys, moments, named};
use crate::diagnostic::Diagnostic;
use crate::state::{Assertion, Check, CheckSeverity, CheckedState};

use jiff::civil::Date;

/// All checks, as they stand. `certificates` are the names that checks may refer to.
pub(super) fn read(
    reader: &mut Reader,
    root: &Table<'_>,
    certificates: &[String],
    today: Date,
) -> Result<Vec<Check>, Reported> {
    let Some(entry) = reader.entry(root, "check") else { return Ok(Vec::new()) };
    if matches!(entry.node, DeValue::Table(_)) {
        let help = "each check has two brackets around it: write `[[check]]`, and its `name` below";
        reader.wrong_type(&entry, "a list of tables", help.to_owned());
        return Err(Reported);
    }
    let items = reader.list(&entry, "[{ name = \"...\" }]").ok_or(Reported)?;
    let mut all: Vec<Check> = Vec::new();
    let mut is_sound = true;
    for item in &items {
        match check(reader, item, certificates, today) {
            Some(check) => {
                is_sound &= is_new(reader, &all, &check);
                all.push(check);
            }
            None => is_sound = false,
        }
    }
    if is_sound { Ok(all) } else { Err(Reported) }
}

fn is_new(reader: &mut Reader, earlier: &[Check], check: &Check) -> bool {
    let Some(first) = earlier.iter().find(|other| other.name == check.name) else { return true };
    reader.report(
        Diagnostic::error("repeated", format!("two checks are called `{}`", check.name))
            .at(check.span, "a second time")
            .at(first.span, "first called so here")
            .help("give one of the two another name"),
    );
    false
}

fn check(
    reader: &mut Reader,
    item: &Entry<'_>,
    certificates: &[String],
    today: Date,
) -> Option<Check> {
    if !matches!(item.node, DeValue::Table(_)) {
        reader.wrong_type(item, "a table", "write `[[check]]`, and its `name` below".to_owned());
        return None;
    }
    let table = reader.table(item)?;
    reader.only(&table, keys::CHECK);
    let name = reader.required(&table, "name", "\"audit_log_is_on\"");
    let place = name.as_ref().map(|entry| entry.span);
    let name = name.and_then(|entry| identifier(reader, &entry));
    let description = reader.optional(&table, "description", |reader, entry| {
        // A text of several lines is one sentence in every view.
        let text = reader.text(entry, "why it has to be so")?;
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    });
    let on = reader.optional(&table, "on", |reader, entry| {
        let words = [("planned", CheckedState::Planned), ("observed", CheckedState::Observed)];
        choice(reader, entry, &words)
    });
    let severity = reader.optional(&table, "severity", |reader, entry| {
        let words = [("error", CheckSeverity::Error), ("warning", CheckSeverity::Warning)];
        choice(reader, entry, &words)
    });
    let assertion = assertion(reader, &table, certificates, today);
    Some(Check {
        name: name?,
        span: place?,
        description: description.ok()?,
        on: on.ok()?.unwrap_or_default(),
        severity: severity.ok()?.unwrap_or_default(),
        assertion: assertion?,
    })
}

fn identifier(reader: &mut Reader, entry: &Entry<'_>) -> Option<String> {
    let name = reader.text(entry, "audit_log_is_on")?;
    if named::is_name(name) {
        return Some(name.to_owned());
    }
    reader.report(
        Diagnostic::error("invalid-name", format!("`{name}` cannot name a check"))
            .at(entry.span, "")
            .note("a name is a letter or `_`, then letters, digits, `_` and `-`")
            .help(format!(
                "write `name = \"{}\"`, and the words as `description`",
                named::plain(name)
            )),
    );
    None
}

/// The one thing that a check asserts.
fn assertion(
    reader: &mut Reader,
    table: &Table<'_>,
    certificates: &[String],
    today: Date,
) -> Option<Assertion> {
    let mut asserted: Vec<Entry<'_>> =
        keys::ASSERTIONS.iter().filter_map(|key| reader.entry(table, key)).collect();
    asserted.sort_by_key(|entry| entry.key);
    let [one, others @ ..] = asserted.as_slice() else {
        // An unknown key may have been meant to assert something; it has its own finding.
        if reader.entries(table).iter().all(|entry| keys::CHECK.has(entry.name)) {
            let all = keys::ASSERTIONS.join(", ");
            reader.report_absence(
                Diagnostic::error("check-form", "this check asserts nothing")
                    .at(table.span, "")
                    .help(format!("write one of: {all}")),
            );
        }
        return None;
    };
    if let Some(other) = others.first() {
        reader.report(
            Diagnostic::error("check-form", "a check asserts one thing")
                .at(other.key, "and this is another")
                .at(one.key, "this is one")
                .help("make two checks of it, so that each passes or fails by itself"),
        );
        return None;
    }
    match one.name {
        "unified_audit_log" => {
            let known = keys::CHECK_UNIFIED_AUDIT_LOG;
            let ingestion = switch(reader, one, known, "ingestion")?;
            Some(Assertion::UnifiedAuditLog { ingestion })
        }
        "organization" => {
            let known = keys::CHECK_ORGANIZATION;
            let mailbox_auditing = switch(reader, one, known, "mailbox_auditing")?;
            Some(Assertion::Organization { mailbox_auditing })
        }
        "certificate" => certificate(reader, one, certificates),
        _ => {
            let mailboxes = check_mailboxes::read(reader, one, today)?;
            Some(Assertion::Mailboxes(Box::new(mailboxes)))
        }
    }
}

/// A table within a check. What is there instead is shown in braces.
pub(super) fn table<'t>(
    reader: &mut Reader,
    entry: &Entry<'t>,
    example: &str,
) -> Option<Table<'t>> {
    if matches!(entry.node, DeValue::Table(_)) {
        return reader.table(entry);
    }
    let help = format!("write `{} = {{ {example} }}`", entry.name);
    reader.wrong_type(entry, "a table", help);
    None
}

fn switch(
    reader: &mut Reader,
    entry: &Entry<'_>,
    known: &'static keys::Section,
    key: &str,
) -> Option<bool> {
    let table = table(reader, entry, &format!("{key} = true"))?;
    reader.only(&table, known);
    let entry = reader.required(&table, key, "true")?;
    reader.boolean(&entry)
}

fn certificate(
    reader: &mut Reader,
    entry: &Entry<'_>,
    certificates: &[String],
) -> Option<Assertion> {
    let table = table(reader, entry, "name = \"auditor\", valid_for = \"30d\"")?;
    reader.only(&table, keys::CHECK_CERTIFICATE);
    let name = reader
        .required(&table, "name", "\"auditor\"")
        .and_then(|entry| named::reference(reader, &entry, &CERTIFICATES))
        .filter(|name| chain::known(reader, name, &CERTIFICATES, certificates));
    let valid_for = reader
        .required(&table, "valid_for", "\"30d\"")
        .and_then(|entry| moments::duration(reader, &entry, "30d"));
    Some(Assertion::Certificate { name: name?, valid_for: valid_for? })
}
