//! What the keys of one table demand of one another, as JSON Schema. It stands behind `if` and
//! `not`, where editors look for errors and not for suggestions.

use serde_json::{Map, Value, json};

use super::shape;
use crate::spec::keys::{
    ASSERTIONS, ATTRIBUTES, CERTIFICATE_MAKING, EXPECTATIONS, METHODS, Method, SIGN_IN,
};

/// The rules of a section, by its id; none for most.
pub(super) fn rules(section: &str) -> Map<String, Value> {
    let rules = match section {
        // What a layer or a file with parts leaves out, another file may say.
        "spec" => json!({
            "if": { "not": { "anyOf": [{ "required": ["extends"] }, { "required": ["include"] }] } },
            "then": { "required": ["version", "tenant"] },
        }),
        "tenant" => json!({
            "if": is("endpoint", "embedded"),
            "then": { "not": { "required": ["endpoints"] } },
            "else": {
                "if": { "not": is_open("endpoint") },
                "then": { "required": ["organization", "sign_in"] },
            },
        }),
        "sign_in" => json!({
            "if": { "required": ["application"] },
            "then": only(&["application"], &[]),
            "else": with_method(),
        }),
        "bootstrap" => with_method(),
        "certificate" => json!({
            "not": { "required": ["valid_for", "valid_until"] },
            "if": { "required": ["existing"] },
            "then": { "properties": existing() },
        }),
        "application" => json!({
            "not": { "required": ["unique_name", "app_id"] },
            "if": { "not": { "anyOf": [
                { "required": ["app_id"] },
                is("ensure", "absent"),
                is_open("ensure"),
            ] } },
            "then": { "required": ["display_name"] },
        }),
        "mailbox_audit" => json!({
            "not": { "properties": forbidden(ATTRIBUTES) },
            "if": { "properties": { "recipient_types": {
                "type": "array",
                "contains": { "const": "GroupMailbox" },
            } } },
            "then": { "properties": forbidden(&["enabled", "admin", "delegate", "owner"]) },
        }),
        "rule" => json!({ "minProperties": 1, "maxProperties": 1 }),
        "limit" | "check_range" | "check_days" => json!({ "minProperties": 1 }),
        "check" => json!({
            "not": { "properties": forbidden(ASSERTIONS) },
            "allOf": pairs(ASSERTIONS),
        }),
        "check_mailboxes" => json!({
            "not": { "properties": forbidden(&[EXPECTATIONS, &["count"]].concat()) },
            "if": { "required": ["conforming"] },
            "then": { "not": { "properties": forbidden(EXPECTATIONS) } },
        }),
        _ => json!({}),
    };
    if let Value::Object(rules) = rules { rules } else { Map::new() }
}

/// The key is there and has this value.
fn is(key: &str, value: &str) -> Value {
    json!({ "properties": { key: { "const": value } }, "required": [key] })
}

/// The key is there, and a variable says its value.
fn is_open(key: &str) -> Value {
    let open = shape::reference("variable_reference");
    json!({ "properties": { key: open }, "required": [key] })
}

/// Of the keys of a sign-in these and no others; some of them must be there. What is not a key of
/// it at all is refused by the table itself.
fn only(keys: &[&str], required: &[&str]) -> Value {
    let others: Vec<&str> =
        SIGN_IN.names().into_iter().filter(|name| !keys.contains(name)).collect();
    json!({ "properties": forbidden(&others), "required": required })
}

/// Beside `existing`: nothing of how a certificate is made, and it is not to be deleted.
fn existing() -> Value {
    let mut properties = forbidden(CERTIFICATE_MAKING);
    properties["ensure"] = json!({ "not": { "const": "absent" } });
    properties
}

/// None of these keys.
fn forbidden(keys: &[&str]) -> Value {
    keys.iter().map(|key| ((*key).to_owned(), false.into())).collect::<Map<_, _>>().into()
}

/// No two of these keys together.
fn pairs(keys: &[&str]) -> Value {
    let pairs = keys.iter().enumerate().flat_map(|(at, one)| {
        keys[at + 1..].iter().map(move |other| json!({ "not": { "required": [one, other] } }))
    });
    pairs.collect::<Vec<_>>().into()
}

fn with_method() -> Value {
    let chain = METHODS.iter().rev().fold(Value::Bool(true), |rest, method| {
        let rules = json!({ "if": is("method", method.word.value), "then": of_method(method) });
        if rest == Value::Bool(true) {
            return rules;
        }
        let mut rules = rules;
        rules["else"] = rest;
        rules
    });
    let mut rules = chain;
    rules["required"] = json!(["method"]);
    rules
}

fn of_method(method: &Method) -> Value {
    if method.word.value != "certificate" {
        return only(&[&["method"], method.keys].concat(), method.required);
    }
    // The certificate is named by its file, or by its thumbprint and a directory.
    json!({
        "if": { "required": ["thumbprint"] },
        "then": only(
            &["method", "client_id", "thumbprint", "directory", "password_env"],
            &["client_id", "thumbprint", "directory"],
        ),
        "else": only(
            &["method", "client_id", "certificate", "password_env"],
            &["client_id", "certificate"],
        ),
    })
}
