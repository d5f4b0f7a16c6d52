//! Puts the parsed files of a spec together. Files that include one another are read as if they were
//! one, in which nothing is defined twice; a layer is laid over the spec that it extends, table by
//! table and key by key. Checks add up: those of each file hold, and a layer's takes the place of one
//! of the same name below. Trees in, one tree out, in which each value keeps its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::read::Reader;
use crate::diagnostic::{Diagnostic, Sources};

/// A tree with all its places moved by as much.
pub(super) fn shifted(table: DeTable<'_>, by: usize) -> DeTable<'_> {
    let pairs = table.into_iter().map(|(key, value)| {
        let place = moved(&key.span(), by);
        (Spanned::new(place, key.into_inner()), shifted_value(value, by))
    });
    pairs.collect()
}

fn shifted_value(value: Spanned<DeValue<'_>>, by: usize) -> Spanned<DeValue<'_>> {
    let place = moved(&value.span(), by);
    let value = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(shifted(table, by)),
        DeValue::Array(items) => {
            let items: DeArray<'_> =
                items.into_iter().map(|item| shifted_value(item, by)).collect();
            DeValue::Array(items)
        }
        plain => plain,
    };
    Spanned::new(place, value)
}

fn moved(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// Whether a value is a table that headers and dotted keys make. One in braces is a value like any
/// other, written in one piece.
pub(super) fn is_open_table(
    reader: &Reader,
    sources: &Sources,
    value: &Spanned<DeValue<'_>>,
) -> bool {
    let place = reader.span(&value.span());
    let text = sources.get(place.file).map_or("", |source| source.text.as_str());
    let is_inline = text.as_bytes().get(place.start as usize) == Some(&b'{');
    matches!(value.get_ref(), DeValue::Table(_)) && !is_inline
}

/// Adds a file to others as if all were one.
pub(super) fn join<'s>(
    reader: &mut Reader,
    sources: &Sources,
    whole: &mut DeTable<'s>,
    part: DeTable<'s>,
    path: &str,
) {
    for (key, value) in part {
        let Some((first_key, mut first)) = whole.remove_entry(key.get_ref().as_ref()) else {
            whole.insert(key, value);
            continue;
        };
        let name = key.get_ref().clone();
        let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        if path == CHECKS && are_lists(&first, &value) {
            whole.insert(first_key, one_after_another(first, value, |_| true));
            continue;
        }
        let both_open =
            is_open_table(reader, sources, &first) && is_open_table(reader, sources, &value);
        let twice = if both_open {
            is_written(reader, sources, &first) && is_written(reader, sources, &value)
        } else {
            path != "version"
        };
        if twice {
            let places = if both_open {
                (value.span(), first.span())
            } else {
                (key.span(), first_key.span())
            };
            defined_twice(reader, &path, both_open, places);
        } else if let (DeValue::Table(inner), DeValue::Table(more)) =
            (first.get_mut(), value.into_inner())
        {
            join(reader, sources, inner, more, &path);
        }
        whole.insert(first_key, first);
    }
}

/// The one list of tables that files and layers add to.
const CHECKS: &str = "check";

fn are_lists(one: &Spanned<DeValue<'_>>, other: &Spanned<DeValue<'_>>) -> bool {
    let is_list = |value: &Spanned<DeValue<'_>>| matches!(value.get_ref(), DeValue::Array(_));
    is_list(one) && is_list(other)
}

/// What is kept of the first list, then the second.
fn one_after_another<'s>(
    first: Spanned<DeValue<'s>>,
    second: Spanned<DeValue<'s>>,
    is_kept: impl Fn(&DeValue<'s>) -> bool,
) -> Spanned<DeValue<'s>> {
    let place = first.span();
    let (DeValue::Array(first), DeValue::Array(second)) = (first.into_inner(), second.into_inner())
    else {
        return Spanned::new(place, DeValue::Array(DeArray::default()));
    };
    let kept = first.into_iter().filter(|item| is_kept(item.get_ref()));
    let all: DeArray<'s> = kept.chain(second).collect();
    Spanned::new(place, DeValue::Array(all))
}

fn name_of(item: &DeValue<'_>) -> Option<String> {
    let DeValue::Table(table) = item else { return None };
    match table.get("name")?.get_ref() {
        DeValue::String(name) => Some(name.to_string()),
        _ => None,
    }
}

/// Whether a table has a header of its own, as far as a tree tells: the headers of what is in it
/// make it too.
fn is_written(reader: &Reader, sources: &Sources, table: &Spanned<DeValue<'_>>) -> bool {
    let DeValue::Table(entries) = table.get_ref() else { return true };
    let is_made = |value: &Spanned<DeValue<'_>>| {
        let is_list_of_tables = matches!(value.get_ref(), DeValue::Array(items)
            if !items.is_empty() && items.iter().all(|item| is_open_table(reader, sources, item)));
        is_list_of_tables || is_open_table(reader, sources, value)
    };
    entries.is_empty() || entries.values().any(|value| !is_made(value))
}

fn defined_twice(
    reader: &mut Reader,
    path: &str,
    is_table: bool,
    (second, first): (Range<usize>, Range<usize>),
) {
    let name = if is_table { format!("`[{path}]`") } else { format!("`{path}`") };
    reader.report(
        Diagnostic::error("duplicate-key", format!("{name} is defined in two files"))
            .at(reader.span(&second), "a second time")
            .at(reader.span(&first), "first defined here")
            .help("keep one of the two")
            .help("where one shall prevail, put it into a spec that `extends` the other"),
    );
}

/// Lays a spec over the one that it extends.
pub(super) fn lay_over<'s>(
    reader: &Reader,
    sources: &Sources,
    below: &mut DeTable<'s>,
    above: DeTable<'s>,
) {
    for (key, value) in above {
        let Some((first_key, mut first)) = below.remove_entry(key.get_ref().as_ref()) else {
            below.insert(key, value);
            continue;
        };
        if is_open_table(reader, sources, &first) && is_open_table(reader, sources, &value) {
            if let (DeValue::Table(inner), DeValue::Table(more)) =
                (first.get_mut(), value.into_inner())
            {
                lay_over(reader, sources, inner, more);
            }
            below.insert(first_key, first);
        } else if key.get_ref() == CHECKS && are_lists(&first, &value) {
            let DeValue::Array(items) = value.get_ref() else { continue };
            let above: Vec<_> = items.iter().filter_map(|item| name_of(item.get_ref())).collect();
            let is_kept =
                |item: &DeValue<'_>| name_of(item).is_none_or(|name| !above.contains(&name));
            below.insert(first_key, one_after_another(first, value, is_kept));
        } else {
            below.insert(key, value);
        }
    }
}
