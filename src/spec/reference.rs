//! The table of keys in words: what an editor shows of a key, and the tables of
//! `docs/spec-reference.md`. Rows in, Markdown out.

use super::keys::{Fallback, Key, METHODS, Section, Shape};

/// What an editor shows of a key: what it says, its type, unit and default, and its source.
pub fn hover(key: &Key) -> String {
    let mut text = sentence(key.about);
    if !key.note.is_empty() {
        text.push(' ');
        text.push_str(key.note);
    }
    text.push_str("\n\nType: ");
    text.push_str(&noun(key.shape));
    if let Some(unit) = key.unit {
        text.push_str(". Unit: ");
        text.push_str(unit);
    }
    let default = match key.fallback {
        Fallback::Required => "Required.".to_owned(),
        Fallback::Value(value) => format!("Default: `{value}`."),
        Fallback::Words(words) => format!("Default: {words}."),
    };
    text.push_str(". ");
    text.push_str(&default);
    if let Some(source) = key.source {
        text.push_str("\n\nSource: [");
        text.push_str(source.title);
        text.push_str("](");
        text.push_str(source.url);
        text.push(')');
    }
    text
}

/// A phrase as a sentence.
pub(super) fn sentence(phrase: &str) -> String {
    let mut letters = phrase.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// What people call a shape.
fn noun(shape: Shape) -> String {
    let listed = |words: Vec<String>| words.join(", ");
    match shape {
        Shape::Boolean => "boolean".to_owned(),
        Shape::Integer(..) => "integer".to_owned(),
        Shape::Numbers(numbers) => listed(numbers.iter().map(ToString::to_string).collect()),
        Shape::Words(words) => {
            listed(words.iter().map(|word| format!("`\"{}\"`", word.value)).collect())
        }
        Shape::Text(form) => form.noun.to_owned(),
        Shape::Table(_) => "table".to_owned(),
        Shape::Named(_) => "tables by name".to_owned(),
        Shape::List(list) => list.noun.to_owned(),
        Shape::Either(all) => {
            all.iter().map(|one| noun(one.shape)).collect::<Vec<_>>().join(" or ")
        }
        Shape::Rule(_) => "rule".to_owned(),
        Shape::Actions { .. } => "list of actions".to_owned(),
        Shape::RecipientType => "mailbox type".to_owned(),
    }
}

/// The keys of a section as a Markdown table.
pub fn keys(section: &Section) -> String {
    let mut text = String::from("| key | type | default | meaning |\n|---|---|---|---|\n");
    for key in section.keys {
        let unit = key.unit.map(|unit| format!(" in {unit}")).unwrap_or_default();
        let default = match key.fallback {
            Fallback::Required => "required".to_owned(),
            Fallback::Value(value) => format!("`{value}`"),
            Fallback::Words(words) => words.to_owned(),
        };
        let mut meaning = key.about.to_owned();
        if !key.note.is_empty() {
            meaning = format!("{meaning}. {}", key.note.trim_end_matches('.'));
        }
        if let Some(source) = key.source {
            meaning = format!("{meaning} ([{}]({}))", source.title, source.url);
        }
        let row =
            format!("| `{}` | {}{unit} | {default} | {meaning} |\n", key.name, noun(key.shape));
        text.push_str(&row);
    }
    text
}

/// The methods of signing in as a Markdown table.
pub fn methods() -> String {
    let mut text = String::from("| `method` | who signs in | other keys |\n|---|---|---|\n");
    for method in METHODS {
        let keys: Vec<String> = method.keys.iter().map(|key| format!("`{key}`")).collect();
        let keys = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
        let row = format!("| `\"{}\"` | {} | {keys} |\n", method.word.value, method.word.about);
        text.push_str(&row);
    }
    text
}
