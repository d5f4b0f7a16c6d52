//! What is published from the program's own tables: the schemas in `schemas/` and the tables of keys
//! in `docs/spec-reference.md`. `SNAPSHOTS=overwrite` writes them anew.

use std::fs;
use std::path::Path;

use auditform::cli::schemas;
use auditform::spec::{keys, reference};
use snapbox::{Data, assert_data_eq};

use crate::support::{World, package};

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_schemas_are_those_that_the_program_prints_and_no_others_lie_beside_them() {
    let mut published = Vec::new();
    for (name, text) in schemas() {
        assert_data_eq!(text, Data::read_from(&path("schemas").join(name), None).raw());
        published.push(name.to_owned());
    }
    let mut files: Vec<String> = fs::read_dir(path("schemas"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    published.sort();
    assert_eq!(files, published);
}

#[test]
fn the_program_prints_each_schema_by_its_name() {
    let world = World::new();
    for (name, text) in schemas() {
        let document = name.split('.').next().unwrap();
        assert_eq!(world.run(&["schema", document]).ended(0).stdout, text);
    }
    assert_eq!(world.run(&["schema"]).ended(0).stdout, package("schemas/spec.schema.json"));
    let unknown = world.run(&["schema", "plans"]).ended(64);
    assert!(unknown.stdout.is_empty() && unknown.stderr.contains("'plan'"), "{}", unknown.stderr);
}

/// The page with each table between its markers made anew; a marker names a section, or `methods`.
fn woven(page: &str) -> String {
    let mut parts = page.split("<!-- keys: ");
    let mut text = parts.next().unwrap().to_owned();
    let mut named = Vec::new();
    for part in parts {
        let (name, rest) = part.split_once(" -->\n").unwrap();
        let (_, after) = rest.split_once("<!-- end -->").expect("a marker is not closed");
        let section = keys::SECTIONS.iter().find(|section| section.id == name);
        assert!(section.is_some() || name == "methods", "there is no section {name}");
        let table = section.map_or_else(reference::methods, |section| reference::keys(section));
        text.extend(["<!-- keys: ", name, " -->\n", &table, "<!-- end -->", after]);
        named.push(name);
    }
    for section in keys::SECTIONS.iter().filter(|section| section.id != "bootstrap") {
        assert!(
            named.contains(&section.id),
            "docs/spec-reference.md has no table of {}",
            section.id
        );
    }
    text
}

#[test]
fn the_tables_of_the_reference_are_made_from_the_table_of_keys() {
    let page = package("docs/spec-reference.md");
    assert_data_eq!(woven(&page), Data::read_from(&path("docs/spec-reference.md"), None).raw());
}
