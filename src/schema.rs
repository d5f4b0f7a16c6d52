//! JSON Schemas as they are published: made from the types that are serialised, so that neither can say
//! something else.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

/// The text of the schema of what a type writes, of JSON Schema 2020-12.
pub fn schema_text<T: JsonSchema>(title: &str, description: &str) -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    RecursiveTransform(without_null).transform(&mut schema);
    RecursiveTransform(with_whole_lines).transform(&mut schema);
    RecursiveTransform(with_digits).transform(&mut schema);
    while drop_unnamed(&mut schema) {}
    schema.insert("title".to_owned(), title.into());
    schema.insert("description".to_owned(), description.into());
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text + "\n"
}

/// What there is nothing to say of is left out of a document and is never null.
fn without_null(schema: &mut Schema) {
    let is_null = |sort: &Value| sort == "null" || sort["type"] == "null";
    if let Some(sorts) = schema.get_mut("type").and_then(Value::as_array_mut) {
        sorts.retain(|sort| !is_null(sort));
        if let [sort] = &mut sorts[..] {
            let sort = sort.take();
            schema.insert("type".to_owned(), sort);
        }
    }
    let choices = schema.get_mut("anyOf").and_then(Value::as_array_mut);
    if let Some(choices) = choices
        && choices.iter().any(is_null)
    {
        choices.retain(|choice| !is_null(choice));
        let only = choices.pop().unwrap_or_default();
        schema.remove("anyOf");
        if let Value::Object(members) = only {
            members.into_iter().for_each(|(name, value)| {
                schema.insert(name, value);
            });
        }
    }
}

/// Where a comment was broken says nothing to a reader.
fn with_whole_lines(schema: &mut Schema) {
    let words = schema.get("description").and_then(Value::as_str);
    if let Some(words) = words.filter(|words| words.contains('\n')) {
        let whole = words.split("\n\n").map(|part| part.replace('\n', " "));
        let whole = whole.collect::<Vec<_>>().join("\n\n");
        schema.insert("description".to_owned(), whole.into());
    }
}

/// Most readers take `format` for a remark; the pattern is one that they hold a GUID to.
fn with_digits(schema: &mut Schema) {
    if schema.get("format").is_some_and(|format| format == "uuid") {
        let pattern = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";
        schema.insert("pattern".to_owned(), pattern.into());
    }
}

/// Takes away the definitions that nothing refers to; whether there were any.
fn drop_unnamed(schema: &mut Schema) -> bool {
    let mut named = BTreeSet::new();
    names(schema.as_value(), &mut named);
    let Some(Value::Object(definitions)) = schema.get_mut("$defs") else { return false };
    let before = definitions.len();
    definitions.retain(|name, _| named.contains(name));
    definitions.len() < before
}

fn names(value: &Value, named: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str);
            named.extend(target.and_then(|path| path.strip_prefix("#/$defs/")).map(str::to_owned));
            members.values().for_each(|member| names(member, named));
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, named)),
        _ => {}
    }
}
