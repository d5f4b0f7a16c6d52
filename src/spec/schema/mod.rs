//! The JSON Schema of a spec, made from the table of keys: draft-07, which the TOML tools of editors
//! read. It is written for Taplo as well as for validators. Taplo shows the description that it
//! finds at the end of a path, does not look behind `if`, and takes each branch of `anyOf` for a
//! suggestion; so what a value looks like stands at its key, and what keys demand of one another
//! stands behind `if` and `not` (`across`). Errors are to stand at the key that is wrong, and not at
//! the table or the rule around it.

mod across;
mod shape;

use serde_json::{Map, Value, json};

use super::keys::{self, Fallback, Key, Section, Shape};
use super::reference;
use crate::resource::{LogonType, RecipientType, Standing, TABLE, recorded_by};
use shape::Variables;

/// The schema of the file `auditform.toml`.
pub fn schema() -> Value {
    let mut root = Map::new();
    root.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    root.extend(section(keys::ROOT, None));
    let mut definitions = Map::new();
    for known in keys::SECTIONS {
        match known.id {
            "spec" => {}
            "rule" => {
                for logon in LogonType::ALL {
                    let name = format!("{}_rule", logon.attribute());
                    definitions.insert(name, section(known, Some(logon)).into());
                }
            }
            id => {
                definitions.insert(id.to_owned(), section(known, None).into());
            }
        }
    }
    definitions.insert("variable_reference".to_owned(), shape::variable_reference());
    definitions.insert("recipient_type".to_owned(), recipient_type());
    for logon in LogonType::ALL {
        definitions.insert(format!("{}_action", logon.attribute()), action(logon));
    }
    root.insert("definitions".to_owned(), definitions.into());
    root.into()
}

/// The schema as it is published.
pub fn schema_text() -> String {
    format!("{:#}\n", schema())
}

/// A table: its keys, those that must be there, and what they demand of one another. The forms of a
/// rule depend on the logon type that the rule is about.
fn section(section: &Section, logon: Option<LogonType>) -> Map<String, Value> {
    let properties: Map<String, Value> =
        section.keys.iter().map(|key| (key.name.to_owned(), property(key, logon))).collect();
    let is_required = |key: &&Key| matches!(key.fallback, Fallback::Required);
    let required: Vec<&str> = section.keys.iter().filter(is_required).map(|key| key.name).collect();
    let mut object = across::rules(section.id);
    object.insert("title".to_owned(), section.title.into());
    object.insert("description".to_owned(), format!("{}.", section.about).into());
    object.insert("type".to_owned(), "object".into());
    object.insert("properties".to_owned(), properties.into());
    object.insert("additionalProperties".to_owned(), shape::nothing());
    if !required.is_empty() {
        object.insert("required".to_owned(), required.into());
    }
    object
}

fn property(key: &Key, logon: Option<LogonType>) -> Value {
    // Beside a reference draft-07 reads nothing; the table has its own description.
    if let Shape::Table(section) = key.shape {
        return shape::reference(section.id);
    }
    let words = reference::hover(key);
    let mut notes = Map::new();
    notes.insert("title".to_owned(), key.name.into());
    notes.insert("description".to_owned(), words.clone().into());
    if let Fallback::Value(value) = key.fallback {
        notes.insert("default".to_owned(), value_of(value));
    }
    if !key.example.is_empty() {
        notes.insert("examples".to_owned(), json!([value_of(key.example)]));
    }
    let mut object = if key.is_literal {
        shape::of(key.shape, logon, Some(&words), Variables::Refused)
    } else {
        shape::or_reference(key.shape, logon, &words, &notes)
    };
    object.extend(notes);
    object.into()
}

/// A TOML value as the JSON that an editor's TOML support hands to the schema.
fn value_of(text: &str) -> Value {
    let table = toml::from_str::<toml::Table>(&format!("value = {text}"));
    table.ok().and_then(|mut table| table.remove("value")).map_or(Value::Null, json_of)
}

fn json_of(value: toml::Value) -> Value {
    match value {
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json_of(value))).collect())
        }
        toml::Value::Array(items) => items.into_iter().map(json_of).collect(),
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
    }
}

fn recipient_type() -> Value {
    let words = RecipientType::ALL.map(|kind| {
        let about = match (kind.takes_action_lists(), kind.coverage()) {
            (false, _) => "takes `log_age_limit` alone; its list of actions is fixed",
            (true, crate::resource::Coverage::Organization) => {
                "audited where mailbox auditing of the organisation is on"
            }
            (true, crate::resource::Coverage::Mailbox) => "audited where `enabled = true`",
        };
        (kind.name(), about.to_owned())
    });
    let mut object = shape::words(&words);
    object.insert("title".to_owned(), "mailbox type".into());
    let description = "A mailbox type by the service's name (`RecipientTypeDetails`).";
    object.insert("description".to_owned(), description.into());
    object.into()
}

fn action(logon: LogonType) -> Value {
    let accepted = TABLE.iter().filter(|action| action.standing(logon).is_accepted());
    let words: Vec<(&str, String)> = accepted
        .map(|action| {
            let recorded = recorded_by(action.name).unwrap_or_default();
            let about = match action.standing(logon) {
                Standing::Default => format!("records {recorded}; part of Microsoft's default set"),
                Standing::PartOf(other) => format!("records nothing of its own: `{other}`"),
                _ => format!("records {recorded}"),
            };
            (action.name, about)
        })
        .collect();
    let mut object = shape::words(&words);
    object.insert("title".to_owned(), format!("action of `{}`", logon.attribute()).into());
    let description = format!("An action that can be recorded (`Audit{}`).", logon.name());
    object.insert("description".to_owned(), description.into());
    object.into()
}

#[cfg(test)]
mod tests;
