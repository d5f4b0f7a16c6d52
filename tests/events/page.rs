//! `docs/events.md`: its tables are made from the schema and from the exit codes, its example from a
//! run. `SNAPSHOTS=overwrite` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use snapbox::{Data, assert_data_eq};

use super::{events, of};
use crate::plan::OWNERS;
use crate::support::{Emulator, World, package};

/// What the schema says at a place, its reference followed.
fn resolved<'s>(schema: &'s Value, at: &'s Value) -> &'s Value {
    at["$ref"].as_str().map_or(at, |path| schema.pointer(path.trim_start_matches('#')).unwrap())
}

fn words(schema: &Value, at: &Value) -> String {
    let text = at["description"].as_str().or(resolved(schema, at)["description"].as_str());
    text.unwrap_or_default().replace("\n\n", " ").replace('\n', " ")
}

/// `text`, `number`, `list of text`, `one of ...`.
fn sort(schema: &Value, at: &Value) -> String {
    let at = resolved(schema, at);
    if let Some(choices) = at["oneOf"].as_array() {
        let names: Vec<String> = choices
            .iter()
            .filter_map(|one| Some(format!("`{}`", one["const"].as_str()?)))
            .collect();
        return names.join(", ");
    }
    match at["type"].as_str().unwrap() {
        "array" => format!("list of {}", sort(schema, &at["items"])),
        "string" => "text".to_owned(),
        "integer" => "number".to_owned(),
        "boolean" => "true or false".to_owned(),
        "object" if at.get("additionalProperties").is_some_and(Value::is_object) => {
            format!("object of {}", sort(schema, &at["additionalProperties"]))
        }
        "object" => {
            let names: Vec<String> = at["properties"]
                .as_object()
                .unwrap()
                .keys()
                .map(|name| format!("`{name}`"))
                .collect();
            format!("object of {}", names.join(", "))
        }
        other => other.to_owned(),
    }
}

fn members(schema: &Value, at: &Value, text: &mut String) {
    let at_once = [resolved(schema, at), at];
    let mut known = Vec::new();
    for part in at_once {
        let Some(properties) = part["properties"].as_object() else { continue };
        let required = part["required"].as_array().cloned().unwrap_or_default();
        for (name, member) in properties.iter().filter(|(name, _)| *name != "type") {
            if known.contains(name) {
                continue;
            }
            known.push(name.clone());
            let may = if required.contains(&json!(name)) { "" } else { ", may be left out" };
            let (sort, words) = (sort(schema, member), words(schema, member));
            writeln!(text, "| `{name}` | {sort}{may} | {words} |").unwrap();
        }
    }
}

/// A section for each type of event.
fn types() -> String {
    let schema: Value = serde_json::from_str(&package("schemas/events.schema.json")).unwrap();
    let mut text = String::new();
    for one in schema["oneOf"].as_array().unwrap() {
        let name = one["properties"]["type"]["const"].as_str().unwrap();
        write!(text, "\n### {name}\n\n{}\n", words(&schema, one)).unwrap();
        let mut rows = String::new();
        members(&schema, one, &mut rows);
        if !rows.is_empty() {
            write!(text, "\n| member | sort | meaning |\n|---|---|---|\n{rows}").unwrap();
        }
    }
    text + "\n"
}

fn places() -> String {
    let schema: Value = serde_json::from_str(&package("schemas/events.schema.json")).unwrap();
    let mut rows = "| member | sort | meaning |\n|---|---|---|\n".to_owned();
    members(&schema, &schema["$defs"]["Place"], &mut rows);
    rows
}

fn outcomes() -> String {
    let mut rows = "| `exit_code` | `outcome` |\n|---|---|\n".to_owned();
    for exit in crate::cli_reference::exits() {
        writeln!(rows, "| {} | `{}` |", exit as u8, exit.name()).unwrap();
    }
    rows
}

/// What an apply of one mailbox tells, with what differs from run to run replaced.
fn example() -> String {
    let world = World::new();
    let emulator = Emulator::start(&world, &of(1));
    world.spec(&emulator, OWNERS);
    let stream = world.run(&["apply", "--auto-approve", "--json"]).ended(0).stdout;
    let mut text = "```json\n".to_owned();
    for (place, line) in stream.lines().enumerate() {
        let mut line = line.to_owned();
        let event: Value = serde_json::from_str(&line).unwrap();
        let mut replace = |member: &str, with: String| {
            if let Some(was) = event[member].as_str() {
                line = line.replace(was, &with);
            }
        };
        replace("time", format!("2026-03-02T09:15:{:02}.125Z", place / 4));
        replace("client_request_id", "8a6f3f3e-52a5-4f0c-9f0c-2f4d1f1d7b11".to_owned());
        replace("request_id", "c5b1a0de-7f3e-4a53-8f0a-5f3f4d0c9e22".to_owned());
        replace("digest", format!("sha256:{}", "5e".repeat(32)));
        text.extend([line.as_str(), "\n"]);
    }
    // What is shown is still a stream.
    events(text.trim_start_matches("```json\n"));
    text + "```\n"
}

#[test]
fn the_page_explains_every_type_and_member_and_shows_a_run() {
    let page = package("docs/events.md");
    let mut parts = page.split("<!-- made: ");
    let mut woven = parts.next().unwrap().to_owned();
    let mut named = Vec::new();
    for part in parts {
        let (name, rest) = part.split_once(" -->\n").unwrap();
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        let made = match name {
            "types" => types(),
            "places" => places(),
            "outcomes" => outcomes(),
            _ => example(),
        };
        woven.extend(["<!-- made: ", name, " -->\n", &made, "<!-- end -->", after]);
        named.push(name);
    }
    assert_eq!(named, ["example", "types", "places", "outcomes"]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.md");
    assert_data_eq!(woven, Data::read_from(&path, None).raw());
}
