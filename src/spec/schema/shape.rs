//! What one value looks like, as JSON Schema.

use serde_json::{Map, Value, json};

use crate::resource::LogonType;
use crate::spec::keys::{Alternative, Form, List, Shape};
use crate::spec::reference::sentence;

/// The table of this name.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
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
        Shape::Actions { or_none: true } => json!({
            "type": "array",
            "items": { "anyOf": [reference(&actions), { "const": "None", "description": "Alone: nothing is recorded." }] },
            "minItems": 1,
            "uniqueItems": true,
            "if": { "contains": { "const": "None" } },
            "then": { "maxItems": 1 },
        }),
        Shape::RecipientType => reference("recipient_type"),
    };
    into_map(schema)
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
    into_map(json!({ "anyOf": branches, "x-taplo": { "docs": { "main": "" } } }))
}

fn rule(logon: LogonType, about: Option<&str>) -> Value {
    let default = json!({
        "const": "default",
        "description": about,
        "x-taplo": { "docs": { "constValue": "Microsoft's default set, kept by Microsoft." } },
    });
    let form = reference(&format!("{}_rule", logon.attribute()));
    json!({ "anyOf": [default, form], "x-taplo": { "docs": { "main": "" } } })
}
