//! `admin`, `delegate` and `owner`: which actions a logon type shall record. A value goes in; a
//! rule comes out whose actions all are in the table and accepted for the logon type. Warnings of
//! what a rule would lose are in `losses`.

use toml::de::DeValue;

use super::read::{Entry, Reader};
use super::{action_names, keys, losses};
use crate::diagnostic::{Diagnostic, nearest};
use crate::resource::{ActionSet, LogonType};
use crate::state::{ActionRule, Declared};

/// A list of actions as read.
struct ActionList {
    set: ActionSet,
    /// The list is `["None"]`.
    is_none: bool,
}

/// What a rule is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It is to be carried out, so that its author hears of what it would lose.
    Setting,
    /// It is only held against what is there.
    Asserting,
}

pub(super) fn read(
    reader: &mut Reader,
    entry: &Entry<'_>,
    logon: LogonType,
    purpose: Purpose,
) -> Option<Declared<ActionRule>> {
    let rule = match entry.node {
        DeValue::String(text) => word(reader, entry, text)?,
        DeValue::Table(_) => form(reader, entry, (logon, purpose))?,
        _ => {
            let help = format!(
                "write one of:\n\
                 {0} = {{ exactly = [...] }}      these and nothing else\n\
                 {0} = {{ at_least = [...] }}     these and whatever is there already\n\
                 {0} = {{ default_plus = [...] }} Microsoft's default set and these\n\
                 {0} = \"default\"                Microsoft's default set",
                entry.name
            );
            reader.wrong_type(entry, "`\"default\"` or a table with one key", help);
            return None;
        }
    };
    Some(Declared { value: rule, span: entry.key })
}

fn word(reader: &mut Reader, entry: &Entry<'_>, text: &str) -> Option<ActionRule> {
    if text == "default" {
        return Some(ActionRule::Default);
    }
    let help = if text.eq_ignore_ascii_case("none") {
        format!("to record nothing, write `{} = {{ exactly = [\"None\"] }}`", entry.name)
    } else if nearest(text, ["default"]).is_some() {
        format!("write `{} = \"default\"`", entry.name)
    } else {
        format!("write `{0} = \"default\"` or `{0} = {{ default_plus = [...] }}`", entry.name)
    };
    reader.report(
        Diagnostic::error("unknown-rule", format!("`{}` cannot be \"{text}\"", entry.path))
            .at(entry.span, "")
            .note("the only word that stands alone is \"default\": Microsoft's default set")
            .help(help),
    );
    None
}

fn form(reader: &mut Reader, entry: &Entry<'_>, meant: (LogonType, Purpose)) -> Option<ActionRule> {
    let table = reader.table(entry)?;
    reader.only(&table, keys::RULE);
    let forms: Vec<Entry<'_>> =
        reader.entries(&table).into_iter().filter(|form| keys::RULE.has(form.name)).collect();
    match forms.as_slice() {
        [] => {
            // An unknown key was reported with the key that it may stand for.
            if reader.entries(&table).is_empty() {
                reader.report(
                    Diagnostic::error("rule-form", format!("`{}` says nothing", entry.path))
                        .at(entry.span, "")
                        .help(format!("write one of its keys: {}", keys::RULE.names().join(", "))),
                );
            }
            None
        }
        [form] => rule(reader, entry, form, meant),
        [first, second, ..] => {
            let summary = format!("`{}` says two things at once", entry.path);
            let (first, second) =
                if first.key < second.key { (first, second) } else { (second, first) };
            reader.report(
                Diagnostic::error("rule-form", summary)
                    .at(second.key, "")
                    .at(first.key, "")
                    .help(format!("keep one of: {}", keys::RULE.names().join(", "))),
            );
            None
        }
    }
}

fn rule(
    reader: &mut Reader,
    entry: &Entry<'_>,
    form: &Entry<'_>,
    (logon, purpose): (LogonType, Purpose),
) -> Option<ActionRule> {
    let is_set = purpose == Purpose::Setting;
    let list = list(reader, form, logon)?;
    if form.name == "exactly" {
        if is_set {
            losses::warn(reader, entry, form, list.set, logon);
        }
        return Some(ActionRule::Exactly(list.set));
    }
    if list.is_none {
        reader.report(
            Diagnostic::error("none-with-others", format!("`{}` cannot hold \"None\"", form.path))
                .at(form.span, "")
                .note("`None` clears a list, and this form only adds")
                .help(format!(
                    "to record nothing, write `{} = {{ exactly = [\"None\"] }}`",
                    entry.name
                ))
                .help(format!("to leave it as it is, remove `{}`", entry.name)),
        );
        return None;
    }
    if form.name == "default_plus" {
        if is_set {
            losses::already_default(reader, entry, form, list.set, logon);
        }
        return Some(ActionRule::DefaultPlus(list.set));
    }
    Some(ActionRule::AtLeast(list.set))
}

/// Reads every name before it gives up, so that all wrong ones are reported.
fn list(reader: &mut Reader, form: &Entry<'_>, logon: LogonType) -> Option<ActionList> {
    let items = reader.list(form, "[\"HardDelete\", \"SoftDelete\"]")?;
    if items.is_empty() {
        empty(reader, form);
        return None;
    }
    let mut set = ActionSet::EMPTY;
    let mut seen: Vec<(String, &Entry<'_>)> = Vec::new();
    let mut is_sound = true;
    for item in &items {
        let Some(name) = reader.text(item, "HardDelete").map(str::trim) else {
            is_sound = false;
            continue;
        };
        if let Some((_, first)) = seen.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            repeated(reader, item, first, name);
            is_sound = false;
            continue;
        }
        seen.push((name.to_owned(), item));
        if name.eq_ignore_ascii_case("None") {
            continue;
        }
        match action_names::check(reader, item, name, logon) {
            Some(bit) => set = set.with_bit(bit),
            None => is_sound = false,
        }
    }
    let none = seen.iter().find(|(name, _)| name.eq_ignore_ascii_case("None"));
    if let Some((_, none)) = none
        && seen.len() > 1
    {
        reader.report(
            Diagnostic::error("none-with-others", "\"None\" stands beside other actions")
                .at(none.span, "")
                .note("`None` means that nothing is recorded; Exchange refuses it beside others")
                .help("remove `None`, or everything else"),
        );
        return None;
    }
    is_sound.then_some(ActionList { set, is_none: none.is_some() })
}

/// Reports an entry that a list holds twice.
pub(super) fn repeated(reader: &mut Reader, item: &Entry<'_>, first: &Entry<'_>, text: &str) {
    reader.report(
        Diagnostic::error("repeated", format!("`{text}` is listed twice"))
            .at(item.span, "a second time")
            .at(first.span, "first listed here")
            .help("remove one of the two"),
    );
}

fn empty(reader: &mut Reader, form: &Entry<'_>) {
    let finding =
        Diagnostic::error("empty-list", format!("`{}` is empty", form.path)).at(form.span, "");
    let logon = form.path.rsplit('.').nth(1).unwrap_or_default();
    reader.report(match form.name {
        "exactly" => finding
            .note("an empty list is too easily a slip to mean that nothing shall be recorded")
            .help(format!("to record nothing, write `{logon} = {{ exactly = [\"None\"] }}`"))
            .help(format!("to leave `{logon}` as it is in the tenant, remove it")),
        "default_plus" => finding.help(format!(
            "for Microsoft's default set and nothing else, write `{logon} = \"default\"`"
        )),
        _ => finding.help(format!("to leave `{logon}` as it is in the tenant, remove it")),
    });
}
