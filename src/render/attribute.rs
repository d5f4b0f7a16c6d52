//! One attribute of a change as text: what it was and what it will be, a set by what goes and what
//! comes.

use std::io::{self, Write};

use similar::{ChangeTag, capture_diff_slices};

use super::style::{ADDED, CHANGED, FAINT, REMOVED};
use super::wording::count;
use crate::plan::{Attribute, Value};

/// Writes one attribute with its value before and after.
pub(super) fn write_attribute(out: &mut dyn Write, attribute: &Attribute<'_>) -> io::Result<()> {
    let name = attribute.name;
    match (&attribute.before, &attribute.after) {
        (Some(Value::Set(before)), Some(Value::Set(after))) => write_set(out, name, before, after),
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

fn plain(value: &Value<'_>) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Text(text) => format!("\"{text}\""),
        Value::Set(names) => format!("[{}]", names.join(", ")),
        Value::Unknown => "(known after apply)".to_owned(),
    }
}

/// A set shows what goes, what comes, and how much stays.
fn write_set(out: &mut dyn Write, name: &str, before: &[&str], after: &[&str]) -> io::Result<()> {
    writeln!(out, "      {CHANGED}~{CHANGED:#} {name} = [")?;
    let mut kept = 0;
    let mut lines: Vec<(ChangeTag, &str)> = Vec::new();
    for operation in capture_diff_slices(similar::Algorithm::Myers, before, after) {
        for change in operation.iter_changes(before, after) {
            match change.tag() {
                ChangeTag::Equal => kept += 1,
                tag => lines.push((tag, change.value())),
            }
        }
    }
    lines.sort_by_key(|(tag, _)| *tag != ChangeTag::Delete);
    for (tag, value) in lines {
        match tag {
            ChangeTag::Delete => writeln!(out, "          {REMOVED}- {value}{REMOVED:#}")?,
            _ => writeln!(out, "          {ADDED}+ {value}{ADDED:#}")?,
        }
    }
    if kept > 0 {
        let kept = count(kept, "unchanged value", "unchanged values");
        writeln!(out, "            {FAINT}# ({kept} hidden){FAINT:#}")?;
    }
    writeln!(out, "        ]")
}
