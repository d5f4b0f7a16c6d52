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
fn a_variable_may_stand_for_every_value_but_those_that_are_read_before_it_has_one() {
    let mut literal = Vec::new();
    for section in SECTIONS {
        let is_table = |key: &&Key| matches!(key.shape, Shape::Table(_) | Shape::Named(_));
        for key in section.keys.iter().filter(|key| !is_table(key)) {
            let id = if section.id == "rule" { "owner_rule" } else { section.id };
            let validator = jsonschema::draft7::new(&alone(id, key.name)).unwrap();
            let is_valid = |text: &str| validator.is_valid(&json!(text));
            if key.is_literal {
                literal.push((key.name, is_valid("${var.name}")));
                continue;
            }
            assert!(is_valid("${var.name}"), "{}.{}", section.id, key.name);
            if matches!(key.shape, Shape::Boolean | Shape::Integer(..) | Shape::List(_)) {
                assert!(!is_valid("$${var.name}"), "{}.{}", section.id, key.name);
                assert!(!is_valid("${name}"), "{}.{}", section.id, key.name);
            }
        }
    }
    // Paths and texts take any text; that it is no reference is for the reader to say.
    let of_text = [("extends", true), ("default", true), ("description", true)];
    let others = [("version", false), ("include", false), ("type", false)];
    literal.sort_unstable();
    let mut expected = [of_text, others].concat();
    expected.sort_unstable();
    assert_eq!(literal, expected);
}

#[test]
fn a_variable_may_stand_in_lists_rules_and_texts() {
    let validator = jsonschema::draft7::new(&schema()).unwrap();
    let is_valid = |text: &str| {
        let head = "version = 1\n[tenant]\nendpoint = \"${var.endpoint}\"\n";
        let table: toml::Table = toml::from_str(&format!("{head}{text}")).unwrap();
        validator.is_valid(&json_of(toml::Value::Table(table)))
    };
    let policy = |more: &str| format!("[mailbox_audit.a]\n{more}\nenabled = true\n");
    assert!(is_valid(""));
    assert!(!is_valid("[certificate.a]\nvalid_for = \"${var.a}d\"\nexisting = \"${var.b}\""));
    assert!(is_valid("[certificate.a]\nvalid_for = \"${var.days}d\"\nensure = \"${var.b}\""));
    assert!(is_valid(&policy("recipient_types = \"${var.types}\"")));
    assert!(is_valid(&policy("recipient_types = [\"${var.type}\"]\nadmin = \"${var.rule}\"")));
    assert!(!is_valid(&policy("recipient_types = [\"${type}\"]")));
    let types = "recipient_types = [\"UserMailbox\"]\n";
    for rule in [
        "{ exactly = \"${var.actions}\" }",
        "{ exactly = [\"${var.action}\"] }",
        "{ at_least = [\"Update\", \"${var.action}\"] }",
    ] {
        assert!(is_valid(&policy(&format!("{types}owner = {rule}"))), "{rule}");
    }
    assert!(!is_valid(&policy(&format!("{types}owner = {{ at_least = [\"${{action}}\"] }}"))));
}

#[test]
fn a_layer_and_a_file_with_parts_need_no_version_and_no_tenant() {
    let validator = jsonschema::draft7::new(&schema()).unwrap();
    assert!(validator.is_valid(&json!({ "extends": "../base.toml" })));
    assert!(validator.is_valid(&json!({ "include": ["policies/*.toml"] })));
    let tenant = json!({ "endpoint": "embedded" });
    assert!(validator.is_valid(&json!({ "version": 1, "tenant": tenant })));
    assert!(!validator.is_valid(&json!({ "version": 1 })));
    assert!(!validator.is_valid(&json!({ "tenant": tenant })));
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
