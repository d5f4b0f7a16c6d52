//! Warnings about rules that record less than Microsoft's default, or the same in a worse way. A
//! rule's actions go in; findings come out that name every lost action in words and the line to
//! write instead. Nothing here refuses a rule: what is recorded is the user's choice.

use super::read::{Entry, Reader};
use crate::diagnostic::{Diagnostic, and_list};
use crate::resource::{
    ActionSet, ActionVocabulary, LogonType, RecipientType, default_actions, recorded_by,
};

/// Warns of an `exactly` that drops actions of Microsoft's default set, or equals that set.
pub(super) fn warn(
    reader: &mut Reader,
    entry: &Entry<'_>,
    form: &Entry<'_>,
    set: ActionSet,
    logon: LogonType,
) {
    let default = default_actions(logon, RecipientType::UserMailbox);
    let (dropped, extra) = (default.minus(set), set.minus(default));
    if dropped.is_empty() && extra.is_empty() {
        let summary = format!("`{}` is Microsoft's default set, frozen", form.path);
        reader.report(
            Diagnostic::warning("frozen-default", summary)
                .at(entry.key, "")
                .note(leaves_management(logon))
                .help(format!("write `{} = \"default\"`, which records the same", entry.name)),
        );
    }
    if dropped.is_empty() {
        return;
    }
    let names = ActionVocabulary::default();
    let cost: Vec<String> = names.names(dropped).into_iter().map(cost).collect();
    let many = if cost.len() == 1 { "an action" } else { "actions" };
    let count = if cost.len() == 1 { String::new() } else { format!("{} ", cost.len()) };
    let summary = format!("`{}` drops {count}{many} that Microsoft records by default", form.path);
    let instead = if extra.is_empty() {
        format!("`{} = \"default\"`", entry.name)
    } else {
        format!("`{} = {{ default_plus = {} }}`", entry.name, quoted(&names.names(extra)))
    };
    let keep = if extra.is_empty() { "to keep them" } else { "to keep them and add yours" };
    reader.report(
        Diagnostic::warning("drops-defaults", summary)
            .at(entry.key, "")
            .note(format!("for {logon} these would no longer be recorded:\n{}", cost.join("\n")))
            .note(leaves_management(logon))
            .help(format!("{keep}, write {instead}")),
    );
}

/// Warns of actions in `default_plus` that the default set holds anyway.
pub(super) fn already_default(
    reader: &mut Reader,
    entry: &Entry<'_>,
    form: &Entry<'_>,
    set: ActionSet,
    logon: LogonType,
) {
    let default = default_actions(logon, RecipientType::UserMailbox);
    let extra = set.minus(default);
    let known = set.minus(extra);
    if known.is_empty() {
        return;
    }
    let names = ActionVocabulary::default();
    let ticked: Vec<String> = names.names(known).iter().map(|name| format!("`{name}`")).collect();
    let verb = if ticked.len() == 1 { "is" } else { "are" };
    let instead = if extra.is_empty() {
        format!("`{} = \"default\"`", entry.name)
    } else {
        format!("`{} = {{ default_plus = {} }}`", entry.name, quoted(&names.names(extra)))
    };
    let summary = format!("{} {verb} in Microsoft's default set already", and_list(&ticked));
    reader.report(
        Diagnostic::warning("already-default", summary)
            .at(form.key, "")
            .help(format!("write {instead}")),
    );
}

fn cost(action: &str) -> String {
    let words = recorded_by(action).unwrap_or("what it stands for");
    format!("- {words} (`{action}`)")
}

fn leaves_management(logon: LogonType) -> String {
    format!(
        "a list takes {logon} out of Microsoft's management (`DefaultAuditSet`): actions that \
         Microsoft\nadds to its default later are not recorded either"
    )
}

fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    format!("[{}]", quoted.join(", "))
}
