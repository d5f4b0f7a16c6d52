//! `[limits]` and `prevent`: what a plan may not do without being told to. Tables in; limits and
//! protections out, each with its place. What a plan comes to is not known here.

use toml::de::DeValue;

use super::read::{Entry, Reader, Reported, Table};
use super::{keys, lists};
use crate::diagnostic::{Diagnostic, nearest};
use crate::resource::{Address, Kind};
use crate::state::{
    Bound, Declared, Limit, LimitClass, PreventSettings, Protection, SafeguardSettings, Share,
};

pub(super) fn read(reader: &mut Reader, root: &Table<'_>) -> Result<SafeguardSettings, Reported> {
    let settings = reader.optional(root, "limits", limits);
    let prevents = prevents(reader, root);
    Ok(SafeguardSettings { prevents: prevents?, ..settings?.unwrap_or_default() })
}

fn limits(reader: &mut Reader, entry: &Entry<'_>) -> Option<SafeguardSettings> {
    let table = reader.table(entry)?;
    reader.only(&table, keys::LIMITS);
    let mut limits = Vec::new();
    let mut is_sound = true;
    for class in LimitClass::ALL {
        match reader.optional(&table, class.name(), limit) {
            Ok(Some(declared)) => limits.push((class, declared)),
            Ok(None) => {}
            Err(Reported) => is_sound = false,
        }
    }
    let minimum_population = reader
        .optional(&table, "minimum_population", |reader, entry| number(reader, entry, 0, "10"));
    let canary = reader.optional(&table, "canary", |reader, entry| number(reader, entry, 1, "25"));
    let (minimum_population, canary) = (minimum_population.ok()?, canary.ok()?);
    let settings = SafeguardSettings { limits, minimum_population, canary, prevents: Vec::new() };
    is_sound.then_some(settings)
}

/// `5`, `"30%"`, or a table with both.
fn limit(reader: &mut Reader, entry: &Entry<'_>) -> Option<Declared<Limit>> {
    let value = match entry.node {
        DeValue::Integer(_) => Bound::Count(number(reader, entry, 0, "5")?).into(),
        DeValue::String(_) => Bound::Share(share(reader, entry)?).into(),
        DeValue::Table(_) => both(reader, entry)?,
        _ => {
            let help = format!(
                "write one of:\n\
                 {0} = 5                               at most so many\n\
                 {0} = \"30%\"                           at most so large a part\n\
                 {0} = {{ count = 50, share = \"10%\" }}   neither more than the one nor the other",
                entry.name
            );
            reader.wrong_type(entry, "a number, a share or a table", help);
            return None;
        }
    };
    Some(Declared { value, span: entry.whole() })
}

fn both(reader: &mut Reader, entry: &Entry<'_>) -> Option<Limit> {
    let table = reader.table(entry)?;
    reader.only(&table, keys::LIMIT);
    if reader.entries(&table).is_empty() {
        reader.report(
            Diagnostic::error("invalid-limit", format!("`{}` limits nothing", entry.path))
                .at(entry.span, "")
                .help(format!("write one of its keys: {}", keys::LIMIT.names().join(", "))),
        );
        return None;
    }
    let count = reader.optional(&table, "count", |reader, entry| number(reader, entry, 0, "50"));
    let share = reader.optional(&table, "share", share);
    Some(Limit { count: count.ok()?, share: share.ok()? })
}

pub(super) fn share(reader: &mut Reader, entry: &Entry<'_>) -> Option<Share> {
    let text = reader.text(entry, "10%")?;
    let share = Share::parse(text);
    if share.is_none() {
        let finding =
            Diagnostic::error("invalid-limit", format!("`{}` is not a share", entry.path))
                .at(entry.span, "");
        let help = match text.trim().parse::<u64>() {
            Ok(number @ 0..=100) => format!("write `{number}` without quotes, or `\"{number}%\"`"),
            Ok(number) => format!("write `{number}` without quotes"),
            Err(_) => {
                "write a share from `\"0%\"` to `\"100%\"`, with at most four decimals".to_owned()
            }
        };
        reader.report(finding.help(help));
    }
    share
}

/// A whole number from `least` on.
pub(super) fn number(
    reader: &mut Reader,
    entry: &Entry<'_>,
    least: i128,
    example: &str,
) -> Option<u64> {
    let DeValue::Integer(written) = entry.node else {
        let help = format!("write `{} = {example}`", entry.name);
        reader.wrong_type(entry, "a whole number", help);
        return None;
    };
    let value = i128::from_str_radix(written.as_str(), written.radix()).unwrap_or(i128::MAX);
    let number = u64::try_from(value).ok().filter(|_| value >= least && value <= i64::MAX.into());
    if number.is_none() {
        let finding =
            Diagnostic::error("invalid-limit", format!("`{}` is out of range", entry.path))
                .at(entry.span, "")
                .help(format!("write a whole number from {least} on"));
        reader.report(if entry.name == "canary" {
            finding.help("for no canary, remove the key")
        } else {
            finding
        });
    }
    number
}

/// `prevent` of every resource that has one. Tables that are none, and names that cannot be, were
/// reported where the resource itself is read.
fn prevents(reader: &mut Reader, root: &Table<'_>) -> Result<Vec<PreventSettings>, Reported> {
    let mut all = Vec::new();
    let mut is_sound = true;
    for kind in [Kind::UnifiedAuditLog, Kind::Organization] {
        let table = inside(reader, root, kind.name());
        let found = table.map(|table| prevent(reader, &table, &Address::singleton(kind)));
        keep(found, &mut all, &mut is_sound);
    }
    for kind in [Kind::Certificate, Kind::Application, Kind::MailboxAudit] {
        let Some(tables) = inside(reader, root, kind.name()) else { continue };
        for entry in reader.entries(&tables) {
            let table = inside(reader, &tables, entry.name);
            let address = Address::named(kind, entry.name);
            keep(table.map(|table| prevent(reader, &table, &address)), &mut all, &mut is_sound);
        }
    }
    if is_sound { Ok(all) } else { Err(Reported) }
}

fn keep(
    found: Option<Result<Option<PreventSettings>, Reported>>,
    all: &mut Vec<PreventSettings>,
    is_sound: &mut bool,
) {
    match found {
        Some(Ok(found)) => all.extend(found),
        Some(Err(Reported)) => *is_sound = false,
        None => {}
    }
}

fn inside<'t>(reader: &mut Reader, table: &Table<'t>, key: &str) -> Option<Table<'t>> {
    let entry = reader.entry(table, key)?;
    if matches!(entry.node, DeValue::Table(_)) { reader.table(&entry) } else { None }
}

fn prevent(
    reader: &mut Reader,
    table: &Table<'_>,
    address: &Address,
) -> Result<Option<PreventSettings>, Reported> {
    let words = Protection::of_kind(address.kind());
    let protections = reader.optional(table, "prevent", |reader, entry| {
        let items = reader.list(entry, &format!("[\"{}\"]", words[0].name()))?;
        if items.is_empty() {
            reader.report(
                Diagnostic::error("empty-list", format!("`{}` is empty", entry.path))
                    .at(entry.span, "")
                    .note("nothing would be prevented")
                    .help(format!("write what is, or remove `prevent`: {}", listed(words))),
            );
            return None;
        }
        lists::distinct(reader, &items, |reader, item| protection(reader, item, address.kind()))
    })?;
    Ok(protections.map(|protections| PreventSettings { address: address.clone(), protections }))
}

fn protection(
    reader: &mut Reader,
    item: &Entry<'_>,
    kind: Kind,
) -> Option<(String, Declared<Protection>)> {
    let words = Protection::of_kind(kind);
    let text = reader.text(item, words[0].name())?;
    if let Some(found) = words.iter().find(|word| word.name() == text) {
        return Some((text.to_owned(), Declared { value: *found, span: item.span }));
    }
    let finding =
        Diagnostic::error("unknown-word", format!("`{}` cannot be \"{text}\"", item.path))
            .at(item.span, "");
    let finding = match text {
        "delete" => finding.note("it can be changed, and there is nothing of it to delete"),
        "weaken" => finding.note("it records nothing that could become less"),
        _ => finding,
    };
    let names = words.iter().map(|word| word.name());
    reader.report(finding.help(match nearest(text, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the words here are: {}", listed(words)),
    }));
    None
}

fn listed(words: &[Protection]) -> String {
    words.iter().map(|word| word.name()).collect::<Vec<_>>().join(", ")
}
