//! The schema holds itself to the table of keys: examples, defaults, words.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use super::*;
use crate::spec::keys::SECTIONS;

/// The schema of one key, with the definitions that it refers to.
fn alone(section: &str, key: &str) -> Value {
    let all = schema();
    let owner = if section == "spec" { &all } else { &all["definitions"][section] };
    let mut alone = owner["properties"][key].clone();
    alone["definitions"] = all["definitions"].clone();
    alone
}

#[test]
fn every_example_and_every_default_is_taken_by_the_schema_of_its_key() {
    for section in SECTIONS {
        for key in section.keys {
            let mut values = vec![key.example];
            if let Fallback::Value(value) = key.fallback {
                values.push(value);
            }
            let id = if section.id == "rule" { "delegate_rule" } else { section.id };
            let schema = alone(id, key.name);
            let validator = jsonschema::draft7::new(&schema).unwrap();
            for value in values.into_iter().filter(|value| !value.is_empty()) {
                let value = value_of(value);
                assert!(!value.is_null(), "{}", key.name);
                assert!(validator.is_valid(&value), "{}.{}: {value}", section.id, key.name);
            }
        }
    }
}

#[test]
fn every_key_but_a_table_has_title_words_and_its_default() {
    for section in SECTIONS.iter().filter(|section| section.id != "rule") {
        for key in section.keys.iter().filter(|key| !matches!(key.shape, Shape::Table(_))) {
            let schema = alone(section.id, key.name);
            assert_eq!(schema["title"], key.name);
            assert!(schema["description"].as_str().unwrap().contains(key.note), "{}", key.name);
            assert_eq!(
                schema.get("default").is_some(),
                matches!(key.fallback, Fallback::Value(_)),
                "{}",
                key.name
            );
        }
    }
}

#[test]
fn a_reference_has_nothing_beside_it_since_nobody_reads_that() {
    fn walk(value: &Value) {
        match value {
            Value::Object(object) => {
                assert!(object.len() == 1 || !object.contains_key("$ref"), "{object:?}");
                object.values().for_each(walk);
            }
            Value::Array(items) => items.iter().for_each(walk),
            _ => {}
        }
    }
    walk(&schema());
}
