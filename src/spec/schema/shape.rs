//! What one value looks like, as JSON Schema.

use serde_json::{Map, Value, json};

use crate::resource::LogonType;
use crate::spec::keys::{Alternative, Form, List, Shape};
use crate::spec::reference::sentence;

/// The table of this name.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// What no value fits, for keys that a table does not have. With `additionalProperties: false`
/// Taplo blames the table, with this the key; within `allOf` it suggests nothing.
pub(super) fn nothing() -> Value {
    json!({ "allOf": [false] })
}

/// Whether a variable may stand for a value, or in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variables {
    /// What is read before variables have values.
    Refused,
    /// Everything else.
    Taken,
}

/// What a text with a reference to a variable matches; `$${` is none.
const REFERENCE: &str = r"(^|[^$])\$\{\s*var\.";

/// A text that refers to a variable. What its value will be is for the reader to judge.
pub(super) fn variable_reference() -> Value {
    json!({ "type": "string", "pattern": REFERENCE })
}

/// The shape of a key, or a reference to a variable. Text says so in its own pattern. Elsewhere
/// `anyOf` suggests, with what is known of the key, and `if` judges, so that an error is about the
/// shape.
pub(super) fn or_reference(
    shape: Shape,
    logon: Option<LogonType>,
    about: &str,
    notes: &Map<String, Value>,
) -> Map<String, Value> {
    let plain = of(shape, logon, Some(about), Variables::Taken);
    let is_closed = !matches!(shape, Shape::Text(_) | Shape::Either(_) | Shape::Rule(_));
    if !is_closed || matches!(shape, Shape::Table(_) | Shape::Named(_)) {
        return plain;
    }
    let mut suggested = plain.clone();
    suggested.extend(notes.clone());
    let mut schema = unless_reference(&suggested.into(), &plain.into());
    schema.insert("x-taplo".to_owned(), json!({ "docs": { "main": "" } }));
    schema
}

fn unless_reference(suggested: &Value, judged: &Value) -> Map<String, Value> {
    into_map(json!({
        "anyOf": [suggested, true],
        "if": reference("variable_reference"),
        "else": judged,
    }))
}

/// A shape. `logon` is whose actions are meant; `about` is what the key says, for shapes whose
/// branches an editor shows instead of the key.
pub(super) fn of(
    shape: Shape,
    logon: Option<LogonType>,
    about: Option<&str>,
    variables: Variables,
) -> Map<String, Value> {
    let actions = logon.map_or_else(String::new, |logon| format!("{}_action", logon.attribute()));
    let schema = match shape {
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer(least, most) => integer(least, most),
        Shape::Numbers(numbers) => json!({ "type": "integer", "enum": numbers }),
        Shape::Words(all) => {
            let all: Vec<(&str, String)> =
                all.iter().map(|word| (word.value, word.about.to_owned())).collect();
            return words(&all);
        }
        Shape::Text(form) => text(form, variables),
        Shape::Table(section) => reference(section.id),
        Shape::Named(section) => json!({
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_-]*$" },
            "additionalProperties": reference(section.id),
        }),
        Shape::List(list) => items(list, logon, variables),
        Shape::Either(all) => return either(all, logon, about, variables),
        Shape::Rule(logon) => rule(logon, about),
        Shape::Actions { or_none: false } => {
            let action = reference(&actions);
            let action = unless_reference(&action, &action);
            json!({ "type": "array", "items": action, "minItems": 1, "uniqueItems": true })
        }
        Shape::Actions { or_none: true } => actions_or_none(&reference(&actions)),
        Shape::RecipientType => reference("recipient_type"),
    };
    into_map(schema)
}

/// TOML has no integer beyond 64 bits, so that bound is not said.
fn integer(least: i64, most: i64) -> Value {
    let mut schema = json!({ "type": "integer" });
    if least > i64::MIN {
        schema["minimum"] = least.into();
    }
    if most < i64::MAX {
        schema["maximum"] = most.into();
    }
    schema
}

/// Actions, or `None` alone. `anyOf` suggests; `if` judges, so that an error names the actions.
fn actions_or_none(action: &Value) -> Value {
    let none = json!({ "const": "None", "description": "Alone: nothing is recorded." });
    json!({
        "type": "array",
        "items": {
            "anyOf": [action, none, true],
            "if": { "anyOf": [{ "const": "None" }, reference("variable_reference")] },
            "else": action,
        },
        "minItems": 1,
        "uniqueItems": true,
        "if": { "contains": { "const": "None" } },
        "then": { "maxItems": 1 },
    })
}

/// A schema that is an object, as all of ours are.
fn into_map(schema: Value) -> Map<String, Value> {
    if let Value::Object(object) = schema { object } else { Map::new() }
}

/// One of these words, each with what an editor says of it.
pub(super) fn words(all: &[(&str, String)]) -> Map<String, Value> {
    let values: Vec<&str> = all.iter().map(|(value, _)| *value).collect();
    let docs: Vec<String> = all.iter().map(|(_, about)| sentence(about)).collect();
    into_map(json!({
        "type": "string",
        "enum": values,
        "x-taplo": { "docs": { "enumValues": docs } },
    }))
}

fn text(form: Form, variables: Variables) -> Value {
    let mut schema = json!({ "type": "string" });
    let is_open = form.pattern.is_empty() || form.pattern == r"\S";
    if variables == Variables::Taken && !is_open {
        schema["pattern"] = format!("{REFERENCE}|{}", form.pattern).into();
    } else if !form.pattern.is_empty() {
        schema["pattern"] = form.pattern.into();
    }
    match (form.longest, variables) {
        (Some(longest), Variables::Refused) => schema["maxLength"] = longest.into(),
        (Some(longest), Variables::Taken) => {
            schema["if"] = reference("variable_reference");
            schema["else"] = json!({ "maxLength": longest });
        }
        (None, _) => {}
    }
    schema
}

fn items(list: &List, logon: Option<LogonType>, variables: Variables) -> Value {
    let mut item = of(list.of, logon, None, variables);
    let is_closed = matches!(list.of, Shape::Words(_) | Shape::RecipientType);
    if is_closed && variables == Variables::Taken {
        let judged = item.into();
        item = unless_reference(&judged, &judged);
    }
    let mut schema = json!({ "type": "array", "items": item });
    if list.least > 0 {
        schema["minItems"] = list.least.into();
    }
    if let Some(most) = list.most {
        schema["maxItems"] = most.into();
    }
    if list.is_distinct {
        schema["uniqueItems"] = true.into();
    }
    schema
}

/// Taplo shows the branches and the key together, and offers each branch as a suggestion. The first
/// branch has the key's words, so that they are shown once and a suggestion has them.
fn either(
    all: &[Alternative],
    logon: Option<LogonType>,
    about: Option<&str>,
    variables: Variables,
) -> Map<String, Value> {
    let branches: Vec<Value> = all
        .iter()
        .enumerate()
        .map(|(at, branch)| {
            let mut schema = of(branch.shape, logon, None, variables);
            if !schema.contains_key("$ref") {
                let words = about.filter(|_| at == 0).map(str::to_owned);
                let words = words.unwrap_or_else(|| sentence(branch.about));
                schema.insert("description".to_owned(), words.into());
            }
            schema.into()
        })
        .collect();
    into_map(judged_by_type(branches, variables))
}

/// Several branches. Where types tell them apart, a value is judged by the branch of its type, so
/// that an error says what is wrong in it and where; `anyOf` is there for suggestions alone then, and
/// its last branch takes everything. A reference to a variable is a string, whatever stands for one.
fn judged_by_type(mut branches: Vec<Value>, variables: Variables) -> Value {
    let mut schema = json!({ "x-taplo": { "docs": { "main": "" } } });
    let mut types: Vec<String> = branches.iter().map(type_of).collect();
    let is_told_apart = types.iter().enumerate().all(|(at, one)| !types[..at].contains(one));
    if is_told_apart && let Some((last, others)) = branches.split_last() {
        let chain = others.iter().rev().fold(last.clone(), |rest, branch| {
            json!({ "if": { "type": type_of(branch) }, "then": branch, "else": rest })
        });
        if let (Value::Object(chain), Value::Object(schema)) = (chain, &mut schema) {
            schema.extend(chain);
        }
        if variables == Variables::Taken {
            let judged = ["if", "then", "else"].map(|word| (word.to_owned(), schema[word].take()));
            schema["if"] = reference("variable_reference");
            schema["then"] = Value::Bool(true);
            schema["else"] = Value::Object(judged.into_iter().collect());
            if !types.iter().any(|known| known == "string") {
                types.push("string".to_owned());
            }
        }
        schema["type"] = types.into();
        branches.push(Value::Bool(true));
    }
    schema["anyOf"] = branches.into();
    schema
}

/// The type of what a branch takes; what is referred to is a table.
fn type_of(branch: &Value) -> String {
    branch["type"].as_str().unwrap_or("object").to_owned()
}

fn rule(logon: LogonType, about: Option<&str>) -> Value {
    let default = json!({
        "type": "string",
        "const": "default",
        "description": about,
        "x-taplo": { "docs": { "constValue": "Microsoft's default set, kept by Microsoft." } },
    });
    let form = reference(&format!("{}_rule", logon.attribute()));
    judged_by_type(vec![default, form], Variables::Taken)
}
