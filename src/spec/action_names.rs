//! One action name against the table of actions: is it one, and does this logon type accept it?
//! A name goes in; its bit comes out, or a finding with the reason and the nearest valid name.
//! Rules about whole lists are in `actions`.

use super::letters;
use super::read::{Entry, Reader};
use crate::diagnostic::{Diagnostic, and_list, nearest};
use crate::resource::{AuditAction, LogonType, Standing, TABLE, TABLE_VERSION, known_action};

/// Set-Mailbox fails as a whole on one bad action (microsoft-365-docs#5241).
const WHOLE_CHANGE: &str =
    "Exchange refuses the whole change of a mailbox because of it, not this action alone";

/// The bit of an action that may stand in a list for `logon`.
pub(super) fn check(
    reader: &mut Reader,
    item: &Entry<'_>,
    name: &str,
    logon: LogonType,
) -> Option<u8> {
    let Some((bit, action)) = known_action(name) else {
        unknown(reader, item, name, logon);
        return None;
    };
    match (deprecated_for(action), action.standing(logon)) {
        (Some(successor), _) => {
            reader.report(
                Diagnostic::error("deprecated-action", format!("`{}` is deprecated", action.name))
                    .at(item.span, "")
                    .note(WHOLE_CHANGE)
                    .help(format!("write `{successor}`, which took its place")),
            );
            return None;
        }
        (None, Standing::Refused) => {
            refused(reader, item, action, logon);
            return None;
        }
        (None, Standing::PartOf(whole)) => {
            let summary = format!("`{}` records nothing of its own", action.name);
            reader.report(
                Diagnostic::warning("action-without-effect", summary)
                    .at(item.span, "")
                    .note(format!("Exchange accepts the name; `{whole}` is what records it"))
                    .help(format!("write `{whole}`")),
            );
        }
        (None, _) => {}
    }
    letter_case(reader, item, name, action.name);
    Some(bit)
}

/// Warns of a name whose letter case is not the service's.
pub(super) fn letter_case(reader: &mut Reader, item: &Entry<'_>, written: &str, name: &str) {
    if written != name {
        reader.report(
            Diagnostic::warning("letter-case", format!("`{written}` is written `{name}`"))
                .at(item.span, "")
                .note("letter case makes no difference here; plans show the service's spelling"),
        );
    }
}

fn deprecated_for(action: &AuditAction) -> Option<&'static str> {
    LogonType::ALL.into_iter().find_map(|logon| match action.standing(logon) {
        Standing::Deprecated(successor) => Some(successor),
        _ => None,
    })
}

fn accepting(action: &AuditAction) -> Vec<&'static str> {
    let accepts = |logon: &LogonType| action.standing(*logon).is_accepted();
    LogonType::ALL.into_iter().filter(accepts).map(LogonType::attribute).collect()
}

fn refused(reader: &mut Reader, item: &Entry<'_>, action: &AuditAction, logon: LogonType) {
    let name = action.name;
    let elsewhere: Vec<String> =
        accepting(action).iter().map(|logon| format!("`{logon}`")).collect();
    let mut finding = Diagnostic::error(
        "action-not-valid",
        format!("`{name}` is not valid for `{}`", logon.attribute()),
    )
    .at(item.span, "")
    .note(format!("it is valid for {}", and_list(&elsewhere)))
    .note(WHOLE_CHANGE);
    if (name, logon) == ("Send", LogonType::Delegate) {
        finding = finding.note("what delegates send is recorded by `SendAs` and `SendOnBehalf`");
    }
    if let Some(near) = nearest_valid(name, logon) {
        finding = finding.help(format!("nearest for `{}`: `{near}`", logon.attribute()));
    }
    reader.report(finding);
}

/// The valid action whose records come nearest in meaning.
fn nearest_valid(name: &str, logon: LogonType) -> Option<&'static str> {
    Some(match (name, logon) {
        ("Send", LogonType::Delegate) => "SendAs",
        ("SendAs" | "SendOnBehalf", _) => "Send",
        ("Copy", _) => "Move",
        ("FolderBind" | "SearchQueryInitiated", _) => "MailItemsAccessed",
        ("MailboxLogin", _) => "FolderBind",
        ("UpdateCalendarDelegation", _) => "UpdateFolderPermissions",
        _ => return None,
    })
}

fn unknown(reader: &mut Reader, item: &Entry<'_>, name: &str, logon: LogonType) {
    let mut finding =
        Diagnostic::error("unknown-action", format!("there is no audit action `{name}`"))
            .at(item.span, "");
    if let Some(letter) = name.chars().find(|letter| !letter.is_ascii()) {
        finding = finding.note(foreign_letter(letter));
    }
    let name = &latin(name);
    let valid = TABLE.iter().filter(|action| action.standing(logon).is_accepted());
    let guess = suggestion(name, valid.map(|action| action.name));
    let help = if name.contains([',', ';']) {
        let parts: Vec<String> =
            name.split([',', ';']).map(|part| format!("\"{}\"", part.trim())).collect();
        format!("write each action as a string of its own: {}", parts.join(", "))
    } else if let Some(guess) = guess {
        format!("did you mean `{guess}`?")
    } else if let Some(guess) = suggestion(name, TABLE.iter().map(|action| action.name)) {
        let logons = known_action(guess).map(|(_, action)| accepting(action)).unwrap_or_default();
        let logons: Vec<String> = logons.iter().map(|logon| format!("`{logon}`")).collect();
        format!("`{guess}` is like it, and valid for {}", and_list(&logons))
    } else {
        finding = finding.note(format!("the table of actions is of {TABLE_VERSION}"));
        let names: Vec<&str> = TABLE
            .iter()
            .filter(|action| {
                matches!(action.standing(logon), Standing::Default | Standing::Accepted)
            })
            .map(|action| action.name)
            .collect();
        format!("the actions of `{}` are: {}", logon.attribute(), names.join(", "))
    };
    reader.report(finding.help(help));
}

fn suggestion<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    // `SearchQueryInitiatedExchange` is what records call it.
    let start = |candidate: &&str| candidate.len() > 10 && name.starts_with(candidate);
    candidates.clone().find(start).or_else(|| nearest(name, candidates))
}

/// A name with its look-alike letters replaced by the Latin ones that they look like.
fn latin(name: &str) -> String {
    const ALIKE: [(&str, &str); 2] = [
        ("АВСЕНІЈКМОРЅТХаеіјорсухѕΑΒΕΗΙΚΜΝΟΡΤΧο", "ABCEHIJKMOPSTXaeijopcyxsABEHIKMNOPTXo"),
        ("–—‐", "---"),
    ];
    let replaced = |letter: char| {
        ALIKE.iter().find_map(|(from, to)| {
            from.chars().position(|one| one == letter).and_then(|place| to.chars().nth(place))
        })
    };
    name.chars().map(|letter| replaced(letter).unwrap_or(letter)).collect()
}

/// Names a letter that looks like a Latin one, or a dash that looks like a hyphen.
fn foreign_letter(letter: char) -> String {
    let script = letters::script(letter);
    format!(
        "`{letter}` (U+{:04X}) is {script}; the names hold plain Latin letters",
        u32::from(letter)
    )
}
