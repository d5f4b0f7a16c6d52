//! One attribute of a change as text: what it was and what it will be, a set by what goes and what
//! comes.

use std::io::{self, Write};

use similar::{ChangeTag, capture_diff_slices};

use super::style::{ADDED, CHANGED, FAINT, REMOVED};
use super::wording::{count, visible};
use crate::plan::{Attribute, Value};

/// Writes one attribute with its value before and after, and of a set as many unchanged values
/// before and after each changed one as `context` says.
pub(super) fn write_attribute(
    out: &mut dyn Write,
    attribute: &Attribute<'_>,
    context: usize,
) -> io::Result<()> {
    let name = &*visible(attribute.name);
    match (&attribute.before, &attribute.after) {
        (Some(Value::Set(before)), Some(Value::Set(after))) => {
            write_set(out, name, &set_lines(before, after, context))
        }
        (Some(before), Some(after)) => {
            let (before, after) = (plain(before), plain(after));
            writeln!(out, "      {CHANGED}~{CHANGED:#} {name} = {before} -> {after}")
        }
        (None, Some(after)) => {
            writeln!(out, "      {ADDED}+{ADDED:#} {name} = {}", plain(after))
        }
        (Some(before), None) => {
            writeln!(out, "      {REMOVED}-{REMOVED:#} {name} = {}", plain(before))
        }
        (None, None) => Ok(()),
    }
}

/// A value in one line.
pub(super) fn plain(value: &Value<'_>) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Text(text) => format!("\"{}\"", visible(text)),
        Value::Set(names) => format!("[{}]", visible(&names.join(", "))),
        Value::Unknown => "(known after apply)".to_owned(),
    }
}

/// What becomes of a value of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Removed,
    Added,
    Kept,
}

/// A line about a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SetLine<'v> {
    /// A value, and what becomes of it.
    Value(Fate, &'v str),
    /// So many values stay and are not shown.
    Hidden(u64),
}

/// What is shown of a set. Without context it is what goes, what comes, and how much stays; with it,
/// the values stand in the service's order, as many unchanged ones before and after each changed one
/// as `context` says, and what is left out between them is counted in its place.
pub(super) fn set_lines<'v>(
    before: &[&'v str],
    after: &[&'v str],
    context: usize,
) -> Vec<SetLine<'v>> {
    let mut values = values(before, after);
    if context == 0 {
        values.sort_by_key(|(fate, _)| *fate as u8);
    }
    let is_near = |at: usize| {
        let near = at.saturating_sub(context)..(at + context + 1).min(values.len());
        values[near].iter().any(|(fate, _)| *fate != Fate::Kept)
    };
    let mut lines = Vec::new();
    for (at, (fate, value)) in values.iter().enumerate() {
        if *fate != Fate::Kept || (context > 0 && is_near(at)) {
            lines.push(SetLine::Value(*fate, value));
        } else if let Some(SetLine::Hidden(number)) = lines.last_mut() {
            *number += 1;
        } else {
            lines.push(SetLine::Hidden(1));
        }
    }
    lines
}

/// The values of two sets in one order, each with what becomes of it.
fn values<'v>(before: &[&'v str], after: &[&'v str]) -> Vec<(Fate, &'v str)> {
    let mut lines = Vec::with_capacity(before.len().max(after.len()));
    for operation in capture_diff_slices(similar::Algorithm::Myers, before, after) {
        for change in operation.iter_changes(before, after) {
            let fate = match change.tag() {
                ChangeTag::Delete => Fate::Removed,
                ChangeTag::Insert => Fate::Added,
                ChangeTag::Equal => Fate::Kept,
            };
            lines.push((fate, change.value()));
        }
    }
    lines
}

fn write_set(out: &mut dyn Write, name: &str, lines: &[SetLine<'_>]) -> io::Result<()> {
    writeln!(out, "      {CHANGED}~{CHANGED:#} {name} = [")?;
    for line in lines {
        match line {
            SetLine::Value(Fate::Removed, value) => {
                writeln!(out, "          {REMOVED}- removes {}{REMOVED:#}", visible(value))?;
            }
            SetLine::Value(Fate::Added, value) => {
                writeln!(out, "          {ADDED}+ adds {}{ADDED:#}", visible(value))?;
            }
            SetLine::Value(Fate::Kept, value) => {
                writeln!(out, "            {FAINT}keeps {}{FAINT:#}", visible(value))?;
            }
            SetLine::Hidden(number) => {
                let kept = count(*number, "unchanged value", "unchanged values");
                writeln!(out, "            {FAINT}# ({kept} hidden){FAINT:#}")?;
            }
        }
    }
    writeln!(out, "        ]")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    fn written(context: usize) -> String {
        let before = vec!["a", "b", "c", "d", "e", "f"];
        let after = vec!["a", "b", "c", "x", "e", "f"];
        let attribute = Attribute {
            name: "owner",
            before: Some(Value::Set(before)),
            after: Some(Value::Set(after)),
        };
        let mut out = Vec::new();
        write_attribute(&mut out, &attribute, context).unwrap();
        let text = String::from_utf8(out).unwrap();
        let styles = [REMOVED, ADDED, FAINT, CHANGED];
        styles.iter().fold(text, |text, style| {
            text.replace(&format!("{style}"), "").replace("\u{1b}[0m", "")
        })
    }

    #[test]
    fn without_context_a_list_shows_what_goes_and_comes_and_counts_the_rest() {
        let expected = "      ~ owner = [\n          - removes d\n          + adds x\n            \
                        # (5 unchanged values hidden)\n        ]\n";
        assert_eq!(written(0), expected);
    }

    #[test]
    fn context_shows_neighbours_in_their_places() {
        let expected = "      ~ owner = [\n            # (2 unchanged values hidden)\n            \
                        keeps c\n          - removes d\n          + adds x\n            keeps e\n            \
                        # (1 unchanged value hidden)\n        ]\n";
        assert_eq!(written(1), expected);
    }
}
