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

/// A shape. `logon` is whose actions are meant; `about` is what the key says, for shapes whose
/// branches an editor shows instead of the key.
pub(super) fn of(
    shape: Shape,
    logon: Option<LogonType>,
    about: Option<&str>,
) -> Map<String, Value> {
    let actions = logon.map_or_else(String::new, |logon| format!("{}_action", logon.attribute()));
    let schema = match shape {
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Shape::Numbers(numbers) => json!({ "type": "integer", "enum": numbers }),
        Shape::Words(all) => {
            let all: Vec<(&str, String)> =
                all.iter().map(|word| (word.value, word.about.to_owned())).collect();
            return words(&all);
        }
        Shape::Text(form) => text(form),
        Shape::Table(section) => reference(section.id),
        Shape::Named(section) => json!({
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_-]*$" },
            "additionalProperties": reference(section.id),
        }),
        Shape::List(list) => items(list, logon),
        Shape::Either(all) => return either(all, logon, about),
        Shape::Rule(logon) => rule(logon, about),
        Shape::Actions { or_none: false } => {
            json!({ "type": "array", "items": reference(&actions), "minItems": 1, "uniqueItems": true })
        }
        Shape::Actions { or_none: true } => actions_or_none(&reference(&actions)),
        Shape::RecipientType => reference("recipient_type"),
    };
    into_map(schema)
}

/// Actions, or `None` alone. `anyOf` suggests; `if` judges, so that an error names the actions.
fn actions_or_none(action: &Value) -> Value {
    let none = json!({ "const": "None", "description": "Alone: nothing is recorded." });
    json!({
        "type": "array",
        "items": {
            "anyOf": [action, none, true],
            "if": { "const": "None" },
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

fn text(form: Form) -> Value {
    let mut schema = json!({ "type": "string", "pattern": form.pattern });
    if let Some(longest) = form.longest {
        schema["maxLength"] = longest.into();
    }
    schema
}

fn items(list: &List, logon: Option<LogonType>) -> Value {
    let mut schema = json!({ "type": "array", "items": of(list.of, logon, None) });
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
) -> Map<String, Value> {
    let branches: Vec<Value> = all
        .iter()
        .enumerate()
        .map(|(at, branch)| {
            let mut schema = of(branch.shape, logon, None);
            if !schema.contains_key("$ref") {
                let words = about.filter(|_| at == 0).map(str::to_owned);
                let words = words.unwrap_or_else(|| sentence(branch.about));
                schema.insert("description".to_owned(), words.into());
            }
            schema.into()
        })
        .collect();
    into_map(judged_by_type(branches))
}

/// Several branches. Where the types of two tell them apart, a value is judged by the branch of its type,
/// so that an error says what is wrong in it and where; `anyOf` is there for suggestions alone then,
/// and its last branch takes everything.
fn judged_by_type(mut branches: Vec<Value>) -> Value {
    let mut schema = json!({ "x-taplo": { "docs": { "main": "" } } });
    if let [one, other] = branches.as_slice()
        && type_of(one) != type_of(other)
    {
        schema["type"] = json!([type_of(one), type_of(other)]);
        schema["if"] = json!({ "type": type_of(one) });
        schema["then"] = one.clone();
        schema["else"] = other.clone();
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
    judged_by_type(vec![default, form])
}
