//! English for counts and lists, in one place so that every text speaks alike.

use std::borrow::Cow;

use super::survey::Tally;
use crate::diagnostic::and_list;
use crate::plan::{CheckVerdict, Plan, Refusal};

/// `1 mailbox`, `2 mailboxes`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `1 mailbox`, `2 mailboxes`.
pub(super) fn mailboxes(number: u64) -> String {
    count(number, "mailbox", "mailboxes")
}

/// `1 request`, `2 requests`.
pub(super) fn requests(number: u64) -> String {
    count(number, "request", "requests")
}

/// Why a plan may not be applied, where that is written, and what would allow it.
pub(super) fn refusal(refusal: &Refusal) -> String {
    let Refusal { violation, place } = refusal;
    let place = place.as_ref().map_or_else(String::new, |place| format!(" ({place})"));
    format!("{}{place}; only `--allow {}` applies it", violation.words(), violation.allowance())
}

/// That a plan holds nothing to do, and how far that goes: the first words, which stand out, and the
/// rest; `None` where something is left to do or to be known. `organization` is written as the view
/// writes names.
pub(super) fn nothing_to_do(plan: &Plan, organization: &str) -> Option<[String; 2]> {
    if !plan.is_empty() || !plan.deferred.is_empty() {
        return None;
    }
    if let Some(run) = plan.undone_run() {
        let rest = format!(" Nothing of run `{run}` is left to take back in {organization}.");
        return Some(["No changes.".to_owned(), rest]);
    }
    if plan.selected.is_some() {
        let rest = format!(" in what was selected of {organization}.");
        return Some(["No changes".to_owned(), rest]);
    }
    let has_failed = plan.checks.iter().any(|check| check.verdict == CheckVerdict::Failed);
    let except = match (plan.unread.is_empty(), plan.pending.is_empty()) {
        (false, _) => ", as far as it was read",
        (true, false) => ", but for what is pending",
        (true, true) if has_failed => ", but for what its checks ask for",
        (true, true) => "",
    };
    Some(["No changes.".to_owned(), format!(" {organization} matches the spec{except}.")])
}

/// `3 weaken, 4 remove values and 1 cannot be undone`.
pub(super) fn sorts(tally: Tally) -> Option<String> {
    let sorts = [
        count(tally.weaken, "weakens", "weaken"),
        count(tally.remove, "removes values", "remove values"),
        count(tally.irreversible, "cannot be undone", "cannot be undone"),
    ];
    let sorts: Vec<String> = sorts.into_iter().filter(|words| !words.starts_with("0 ")).collect();
    (!sorts.is_empty()).then(|| and_list(&sorts))
}

/// A text in which nothing hides: control characters, which a terminal would obey, and those that
/// turn the direction of writing or have no width, by which one name can look like another, are
/// written as escapes; so are those that are no letters at all, which XML cannot hold.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_hidden(letter) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_and_what_nobody_would_see_is_written_out() {
        assert_eq!(visible("Zo\u{eb} O'Neil"), "Zo\u{eb} O'Neil");
        assert_eq!(visible("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\u{a}");
        assert_eq!(visible("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
    }
}
