//! Specs of several files as they lie on a disk: which files are read and which are not, what is kept
//! of them, and environments from the first plan to the last.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use auditform::ops::{self, Capture, CapturedFile, Environment, Ports, VariableOptions};
use auditform::render::diagnostics as render;
use auditform::spec::VariableValue;
use snapbox::{IntoData, assert_data_eq, str};

use crate::spec_files::{HEAD, TODAY, asked};
use crate::support::{World, example};

fn ports() -> Ports {
    Ports {
        clock: std::sync::Arc::new(|| "2026-11-23T12:00:00Z".parse().unwrap()),
        environment: Environment::new(|name| {
            (name == "AUDITFORM_VAR_KEY_SIZE").then(|| "4096".to_owned())
        }),
        seed: 1,
        request_timeout: None,
    }
}

/// A layer over a base that includes parts, on disk.
fn layered(world: &World) {
    world.write(
        "prod/auditform.toml",
        "extends = \"../base.toml\"\n[variables.environment]\ndefault = \"prod\"\n",
    );
    let base = format!(
        "include = [\"parts/*.toml\"]\n{HEAD}[variables.environment]\ntype = \"string\"\n\
         [variables.key_size]\ntype = \"integer\"\n"
    );
    world.write("base.toml", base);
    world.write(
        "parts/b.toml",
        "[certificate.audit]\ncommon_name = \"audit ${var.environment}\"\n\
         key_size = \"${var.key_size}\"\ndirectory = \"keys\"\n",
    );
    world.write("parts/a.toml", "[organization]\nmailbox_auditing = true\n");
    // What editors leave beside a file is no part of it.
    world.write("parts/.b.toml", "[organization]\nmailbox_auditing = false\n");
    world.write("parts/notes.txt", "nothing");
}

#[test]
fn a_spec_that_was_captured_asks_for_the_same_without_its_files_and_variables() {
    let world = World::new();
    layered(&world);
    let loaded = ops::load(&world.path("prod"), &VariableOptions::default(), &ports()).unwrap();
    let paths: Vec<&str> = loaded.capture.files.iter().map(|file| file.path.as_str()).collect();
    let wanted = ["auditform.toml", "../base.toml", "../parts/a.toml", "../parts/b.toml"];
    assert_eq!(paths, wanted);
    assert_eq!(loaded.capture.variables["environment"], VariableValue::Text("prod".to_owned()));
    assert_eq!(loaded.capture.variables["key_size"], VariableValue::Integer(4096));
    let text = serde_json::to_string(&loaded.capture).unwrap();
    let again: Capture = serde_json::from_str(&text).unwrap();
    assert_eq!(again, loaded.capture);
    let directory = world.path("prod");
    drop(world);
    let read = ops::load_captured(&again, &directory, TODAY).unwrap();
    assert_eq!(asked(&read.desired), asked(&loaded.desired));
    assert_eq!(read.capture, loaded.capture);
}

#[test]
fn a_capture_that_was_cut_or_changed_is_told_like_any_spec() {
    let file =
        |path: &str, text: &str| CapturedFile { path: path.to_owned(), text: text.to_owned() };
    let read = |files: Vec<CapturedFile>, variables| {
        let capture = Capture { files, variables };
        let error = ops::load_captured(&capture, Path::new("specs"), TODAY).unwrap_err();
        render(&error.sources, &error.diagnostics, false)
    };
    let cut = read(vec![file("auditform.toml", "extends = \"../base.toml\"\n")], BTreeMap::new());
    assert_data_eq!(
        cut,
        str![[r#"
error[missing-file]: there is no file `../base.toml`
 --> auditform.toml:1:11
  |
1 | extends = "../base.toml"
  |           ^^^^^^^^^^^^^^
  |
  = help: the path starts at the directory of this file

"#]]
    );
    let text = format!("{HEAD}cloud = \"${{var.cloud}}\"\n[variables.cloud]\ntype = \"string\"\n");
    let mars = BTreeMap::from([("cloud".to_owned(), VariableValue::Text("mars".to_owned()))]);
    assert_data_eq!(
        read(vec![file("auditform.toml", &text)], mars),
        str![[r#"
error[unknown-cloud]: there is no cloud `mars`
 --> auditform.toml:4:9
  |
4 | cloud = "${var.cloud}"
  |         ^^^^^^^^^^^^^^
  |
  = note: the variable `cloud` (string) has its value from what was captured with the spec
  = help: the clouds are: worldwide, us-gov-high, us-gov-dod, china

"#]]
    );
    assert!(read(Vec::new(), BTreeMap::new()).starts_with("error[missing-file]"));
}

/// What `auditform validate PATH` says on standard error, with the code that it ends with.
fn said(world: &World, arguments: &[&str], code: i32) -> String {
    let arguments = [&["validate"], arguments].concat();
    world.run(&arguments).ended(code).stderr
}

#[test]
fn findings_name_the_files_as_seen_from_where_the_command_runs() {
    let world = World::new();
    layered(&world);
    world.write("parts/c.toml", "[mailbox_audit.people]\nrecipient_type = [\"UserMailbox\"]\n");
    assert_data_eq!(
        said(&world, &["prod", "--var", "key_size=1024", "--var", "environment=${var.x}"], 1),
        str![[r#"
error[invalid-key-size]: an RSA key of 1024 bits cannot be made
 --> parts/b.toml:3:12
  |
3 | key_size = "${var.key_size}"
  |            ^^^^^^^^^^^^^^^^^
  |
  = note: Entra refuses keys below 2048 bits (AADSTS50032)
  = note: the variable `key_size` (integer) has its value from `--var key_size=...`
  = help: write `key_size = 2048`

error[unknown-key]: `recipient_type` is not a key of `[mailbox_audit.people]`
 --> parts/c.toml:2:1
  |
2 | recipient_type = ["UserMailbox"]
  | ^^^^^^^^^^^^^^
  |
  = help: did you mean `recipient_types`?

"#]]
        .raw()
    );
}

#[test]
fn a_finding_of_the_plan_says_which_variable_a_pattern_came_from() {
    let world = World::new();
    world.write("tenant.toml", "[tenant]\norganization = \"contoso.onmicrosoft.com\"\n");
    let spec = format!(
        "{HEAD}[variables.domain]\ntype = \"string\"\n[mailbox_audit.people]\n\
         recipient_types = [\"UserMailbox\"]\ninclude = [\"*@${{var.domain}}\"]\nadmin = \"default\"\n"
    );
    world.write("auditform.toml", spec);
    world.write("prod.vars.toml", "domain = \"nowhere.example\"\n");
    let output = world.run(&["plan", "--quiet", "--var-file", "prod.vars.toml"]).ended(0);
    assert_eq!(output.stderr, "");
    let said = world.run(&["plan", "--var-file", "prod.vars.toml"]).ended(0).stderr;
    let note = "note: the variable `domain` (string) has its value from prod.vars.toml:1";
    assert!(said.contains("matches-nothing") && said.contains(note), "{said}");
}

#[test]
fn what_is_not_a_name_and_a_value_is_not_shown() {
    let world = World::new();
    world.write("auditform.toml", HEAD);
    let output = world.run(&["validate", "--var", "w0rd-2026"]).ended(64);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("--var environment=prod"), "{}", output.stderr);
    assert!(!output.stderr.contains("w0rd"), "{}", output.stderr);
}

#[test]
fn files_that_cannot_be_read_are_named_with_the_place_that_names_them() {
    let world = World::new();
    world.write("parts/latin.toml", b"# \xe9\n");
    world.write("parts/large.toml", "#".repeat((4 << 20) + 1));
    let parts = "version = 1\ninclude = [\"parts/latin.toml\", \"parts/large.toml\", \"parts\"]\n\
                 [tenant]\nendpoint = \"embedded\"\n";
    world.write("auditform.toml", parts);
    assert_data_eq!(
        said(&world, &[], 1),
        str![[r#"
error[unreadable-file]: `parts/latin.toml` cannot be read: it is not UTF-8 text
 --> auditform.toml:2:12
  |
2 | include = ["parts/latin.toml", "parts/large.toml", "parts"]
  |            ^^^^^^^^^^^^^^^^^^
  |
  = help: the path starts at the directory of this file

error[unreadable-file]: `parts/large.toml` cannot be read: it is larger than 4 MiB
 --> auditform.toml:2:32
  |
2 | include = ["parts/latin.toml", "parts/large.toml", "parts"]
  |                                ^^^^^^^^^^^^^^^^^^
  |
  = help: the path starts at the directory of this file

error[unreadable-file]: `parts` cannot be read: it is a directory
 --> auditform.toml:2:52
  |
2 | include = ["parts/latin.toml", "parts/large.toml", "parts"]
  |                                                    ^^^^^^^
  |
  = help: the path starts at the directory of this file

"#]]
        .raw()
    );
    assert_data_eq!(
        said(&world, &["--var-file", "one.toml", "--var-file", "parts"], 1),
        str![[r"
error[missing-file]: there is no file `one.toml`

error[unreadable-file]: `parts` cannot be read: it is a directory

"]]
        .raw()
    );
}

#[test]
fn a_spec_has_as_many_files_and_bytes_as_it_may_and_no_more() {
    let world = World::new();
    let spec = format!("include = [\"parts/*.toml\"]\n{HEAD}");
    world.write("auditform.toml", &spec);
    for number in 1..256 {
        world.write(&format!("parts/{number}.toml"), "");
    }
    said(&world, &[], 0);
    world.write("parts/256.toml", "");
    let text = said(&world, &[], 1);
    assert!(text.starts_with("error[spec-too-large]: a spec has at most 256 files\n"), "{text}");
    assert_eq!(text.matches("error[").count(), 1, "{text}");
    let world = World::new();
    world.write("auditform.toml", &spec);
    for number in 0..4 {
        world.write(&format!("parts/{number}.toml"), "#".repeat((4 << 20) - 100));
    }
    said(&world, &[], 0);
    world.write("parts/4.toml", "#".repeat(400));
    let text = said(&world, &[], 1);
    assert!(text.contains("the files of a spec have more than 16 MiB in all"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_two_names_of_one_file_are_one_file() {
    use std::os::unix::fs::symlink;
    let world = World::new();
    world.write("shared/organization.toml", "[organization]\nmailbox_auditing = true\n");
    world.write("auditform.toml", format!("include = [\"linked.toml\"]\n{HEAD}"));
    symlink(world.path("shared/organization.toml"), world.path("linked.toml")).unwrap();
    said(&world, &[], 0);
    let both = format!("include = [\"linked.toml\", \"shared/organization.toml\"]\n{HEAD}");
    world.write("auditform.toml", both);
    let text = said(&world, &[], 1);
    assert!(text.starts_with("error[included-twice]"), "{text}");
    // A directory that leads back to where it lies gives each file endlessly many names.
    symlink(world.path("."), world.path("again")).unwrap();
    world.write("auditform.toml", format!("include = [\"again/auditform.toml\"]\n{HEAD}"));
    let text = said(&world, &[], 1);
    assert!(text.starts_with("error[include-loop]"), "{text}");
    // What a link leads to is where `..` goes from, as for any program.
    world.write("far/base.toml", HEAD);
    world.write("far/prod/auditform.toml", "extends = \"../base.toml\"\n");
    symlink(world.path("far/prod"), world.path("prod")).unwrap();
    said(&world, &["prod"], 0);
}

/// The example of environments, as in a fresh clone.
fn environments() -> World {
    let world = World::new();
    for file in [
        "base.toml",
        "policies/people.toml",
        "policies/rooms.toml",
        "dev/auditform.toml",
        "dev/tenant.toml",
        "prod/auditform.toml",
        "prod/tenant.toml",
    ] {
        world.write(file, example("environments", file));
    }
    world
}

#[test]
fn the_environments_of_the_example_are_planned_and_applied_apart() {
    let world = environments();
    assert_eq!(said(&world, &["dev"], 0), "");
    assert_eq!(said(&world, &["prod"], 0), "");
    let limits = |name: &str| {
        let document = world.run(&["plan", name, "--format", "json"]).ended(0).json();
        let changes = document["changes"].as_array().unwrap();
        let people = changes.iter().filter(|change| {
            change["address"].as_str().unwrap().starts_with("mailbox_audit.people[")
        });
        people.map(|change| change["after"]["log_age_limit"].to_string()).collect::<BTreeSet<_>>()
    };
    assert_eq!(limits("dev"), BTreeSet::from(["\"90.00:00:00\"".to_owned()]));
    assert_eq!(limits("prod"), BTreeSet::from(["\"365.00:00:00\"".to_owned()]));
    world.run(&["apply", "--auto-approve", "dev"]).ended(0);
    assert!(world.path("dev/.auditform").exists() && !world.path(".auditform").exists());
    world.run(&["plan", "--detailed-exitcode", "dev"]).ended(0);
    world.run(&["plan", "--detailed-exitcode", "prod"]).ended(2);
}

#[test]
fn the_base_of_the_example_says_what_it_lacks() {
    let text = said(&environments(), &["base.toml"], 1);
    assert!(text.starts_with("error[variable-without-value]"), "{text}");
    assert_eq!(said(&environments(), &["base.toml", "--var", "domain=contoso.com"], 0), "");
}
