//! `auditform init`: what it writes, what it never touches, and that every starting point holds.

use std::fs;

use crate::support::{World, package};

/// The names that the program's help lists.
const NAMES: [&str; 6] = [
    "non-owner-mailbox-audit",
    "from-scratch",
    "guide-as-written",
    "certificate",
    "device-code",
    "ci",
];

#[test]
fn every_starting_point_is_valid_and_formatted_and_its_editor_schema_lies_beside_it() {
    let world = World::new();
    for name in NAMES {
        world.run(&["init", name, "--from", name]).ended(0);
        let valid = world.run(&["validate", name]).ended(0);
        assert_eq!(valid.stderr.is_empty(), name != "guide-as-written", "{}", valid.stderr);
        assert_eq!(world.run(&["fmt", "--check", name]).ended(0).stdout, "");
        let spec = fs::read_to_string(world.path(name).join("auditform.toml")).unwrap();
        assert!(spec.starts_with("#:schema auditform.schema.json\n# "), "{spec}");
        let schema = fs::read_to_string(world.path(name).join("auditform.schema.json")).unwrap();
        assert_eq!(schema, package("schemas/spec.schema.json"));
    }
    let help = world.run(&["init", "--help"]).ended(0).stdout;
    assert!(NAMES.iter().all(|name| help.contains(&format!("- {name}:"))), "{help}");
}

/// The examples are applied by other tests; here they only have to be the same.
#[test]
fn a_starting_point_on_the_tenant_in_memory_is_an_example_word_for_word() {
    let world = World::new();
    let own = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with("#:schema")).map(str::to_owned).collect()
    };
    for name in &NAMES[..3] {
        world.run(&["init", name, "--from", name]).ended(0);
        for file in ["auditform.toml", "tenant.toml"] {
            let text = fs::read_to_string(world.path(name).join(file)).unwrap();
            assert_eq!(own(&text), own(&package(&format!("examples/{name}/{file}"))));
        }
    }
}

#[test]
fn what_comes_next_is_said_and_done() {
    let world = World::new();
    let said = world.run(&["init", "--from", "certificate"]).ended(0);
    assert_eq!(said.stderr, "");
    assert_eq!(
        said.stdout,
        "Wrote `auditform.toml`, `auditform.schema.json` and `.gitignore`.\n\n\
         In the spec, put yours for `organization` and `client_id`. Then:\n\n\
         \x20 auditform validate\n  auditform plan\n  auditform apply\n"
    );
    assert_eq!(fs::read_to_string(world.path(".gitignore")).unwrap(), ".auditform/\n*.pfx\n");
    let elsewhere = world.run(&["init", "new/audit", "--from", "from-scratch"]).ended(0);
    assert!(elsewhere.stdout.ends_with("\n  auditform apply new/audit\n"), "{}", elsewhere.stdout);
}

#[test]
fn nothing_that_is_there_is_replaced() {
    let world = World::new();
    for taken in ["auditform.toml", "tenant.toml", "auditform.schema.json"] {
        let directory = format!("with-{taken}");
        world.write(&format!("{directory}/{taken}"), "mine");
        let output = world.run(&["init", &directory, "--from", "from-scratch"]).ended(1);
        assert!(output.stdout.is_empty());
        let finding = format!("error[already-there]: `{directory}/{taken}` is there already");
        assert!(output.stderr.contains(&finding), "{}", output.stderr);
        let left = fs::read_dir(world.path(&directory)).unwrap().count();
        assert_eq!(
            (left, fs::read_to_string(world.path(&directory).join(taken)).unwrap()),
            (1, "mine".to_owned())
        );
    }
}

#[test]
fn lines_are_added_to_gitignore_only_where_they_are_missing() {
    let world = World::new();
    for (before, after) in [
        ("/target", "/target\n.auditform/\n*.pfx\n"),
        ("/.auditform\n", "/.auditform\n*.pfx\n"),
        ("*.pfx\n.auditform/\n", "*.pfx\n.auditform/\n"),
    ] {
        world.write("audit/.gitignore", before);
        world.run(&["init", "audit", "--from", "certificate"]).ended(0);
        assert_eq!(fs::read_to_string(world.path("audit/.gitignore")).unwrap(), after);
        fs::remove_dir_all(world.path("audit")).unwrap();
    }
}

#[test]
fn without_a_name_and_without_a_terminal_it_is_a_usage_error() {
    let world = World::new();
    let output = world.run(&["init"]).ended(64);
    assert!(output.stdout.is_empty());
    assert!(NAMES.iter().all(|name| output.stderr.contains(name)), "{}", output.stderr);
    let unknown = world.run(&["init", "--from", "certificat"]).ended(64);
    assert!(unknown.stderr.contains("'certificate'"), "{}", unknown.stderr);
    assert_eq!(fs::read_dir(world.path(".")).unwrap().count(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_it_lists_and_asks() {
    let world = World::new();
    let output = world.on_a_terminal("init audit", "5\n").ended(0);
    for name in NAMES {
        assert!(output.stdout.contains(name), "{}", output.stdout);
    }
    let spec = fs::read_to_string(world.path("audit/auditform.toml")).unwrap();
    assert!(spec.contains("method = \"device_code\""));
    world.on_a_terminal("init other", "ci\n").ended(0);
    assert!(world.path("other/auditform.toml").exists());
    for answer in ["0\n", "7\n", "nothing\n", "\n"] {
        world.on_a_terminal("init third", answer).ended(64);
    }
    assert!(!world.path("third").exists());
}
