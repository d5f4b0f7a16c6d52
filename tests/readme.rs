//! The README holds what is true: its commands run, its spec plans and applies, its outputs and its
//! picture are what the program prints. A block in a language that is not known here is an error.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

mod picture;

use std::path::Path;

use auditform::diagnostic::Sources;
use auditform::render::diagnostics;
use auditform::spec;
use jiff::civil::date;
use snapbox::{Data, assert_data_eq};

use crate::support::{Emulator, Output, World, example, package};

const EXAMPLE: &str = "non-owner-mailbox-audit";

/// A fenced block: its language and its text.
fn blocks() -> Vec<(String, String)> {
    let readme = package("README.md");
    let mut parts = readme.split("\n```");
    parts.next();
    let mut found = Vec::new();
    while let (Some(block), Some(_)) = (parts.next(), parts.next()) {
        let (language, text) = block.split_once('\n').unwrap();
        found.push((language.to_owned(), format!("{text}\n")));
    }
    found
}

fn blocks_in(language: &str) -> Vec<String> {
    let matching = blocks().into_iter().filter(|(of, _)| of == language);
    matching.map(|(_, text)| text).collect()
}

/// Every line of every `sh` block.
fn commands() -> Vec<String> {
    blocks_in("sh").iter().flat_map(|text| text.lines().map(str::to_owned)).collect()
}

/// A directory with the examples in it, as in a fresh clone.
fn clone() -> World {
    let world = World::new();
    for name in [EXAMPLE, "guide-as-written"] {
        for file in ["auditform.toml", "tenant.toml"] {
            world.write(&format!("examples/{name}/{file}"), example(name, file));
        }
    }
    world
}

/// Runs a line of the README with the program that is already built.
fn run(world: &World, line: &str) -> Output {
    let arguments = line.strip_prefix("cargo run -- ").or(line.strip_prefix("auditform "));
    let arguments: Vec<&str> = arguments.unwrap().split(' ').collect();
    world.run(&arguments)
}

#[test]
fn every_block_is_of_a_kind_that_is_tested_here() {
    for (language, text) in blocks() {
        assert!(matches!(language.as_str(), "sh" | "toml" | "text"), "{language}:\n{text}");
    }
    for line in commands() {
        let known = ["cargo run -- apply", "cargo test", "auditform "];
        assert!(known.iter().any(|start| line.starts_with(start)), "{line}");
    }
}

#[test]
fn the_first_command_applies_the_example_and_the_second_time_finds_nothing_to_do() {
    let world = clone();
    let first = &commands()[0];
    assert_eq!(*first, format!("cargo run -- apply --auto-approve examples/{EXAMPLE}"));
    let shown = blocks_in("text");
    assert_eq!(shown.len(), 2);
    for expected in shown {
        let output = run(&world, first).ended(0);
        assert!(output.stdout.contains(&expected), "{}", output.stdout);
    }
}

#[test]
fn the_test_command_stands_alone_below_its_marker() {
    let readme = package("README.md");
    let (_, after) = readme.split_once("<!-- the test command -->\n").unwrap();
    assert!(after.starts_with("```sh\ncargo test\n```\n"));
    assert!(package(".ci/run").contains("<!-- the test command -->"));
}

#[test]
fn the_spec_is_valid_without_a_warning() {
    for text in blocks_in("toml") {
        let mut sources = Sources::default();
        let file = sources.add("README.md", text);
        let parsed = spec::parse(&sources, file, Path::new(""), date(2026, 11, 23));
        let found = parsed.map_or_else(|errors| errors, |parsed| parsed.warnings);
        assert!(found.is_empty(), "{}", diagnostics(&sources, &found, false));
    }
}

#[test]
fn the_commands_for_a_real_tenant_do_what_they_say() {
    let world = World::new();
    let emulator = Emulator::start(&world, "[generate]\nmailboxes = 30\n");
    let spec = blocks_in("toml").concat();
    let (_, policies) = spec.split_once("[unified_audit_log]").unwrap();
    world.spec(&emulator, &format!("[unified_audit_log]{policies}"));
    let lines: Vec<String> =
        commands().into_iter().filter(|line| line.starts_with("auditform ")).collect();
    for line in &lines {
        match line.as_str() {
            "auditform plan" => {
                assert!(run(&world, line).ended(0).stdout.contains("will be changed"));
                run(&world, &format!("{line} --detailed-exitcode")).ended(2);
            }
            // It asks, and here is nobody to answer.
            "auditform apply" => {
                run(&world, line).ended(4);
                run(&world, &format!("{line} --auto-approve")).ended(0);
            }
            // After the apply the plan on a schedule finds nothing.
            "auditform validate" | "auditform plan --detailed-exitcode" => {
                run(&world, line).ended(0);
            }
            _ => panic!("what is expected of `{line}`?"),
        }
    }
    assert_eq!(lines.len(), 4);
}

#[test]
fn the_picture_shows_what_the_program_prints() {
    let world = clone();
    let arguments = ["plan", "--quiet", "examples/guide-as-written"];
    let output = world.command(&arguments).env("CLICOLOR_FORCE", "1").output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/plan.svg");
    assert_data_eq!(picture::draw(&picture::shorten(&printed)), Data::read_from(&path, None).raw());
}
