//! Holds the code to `docs/architecture.md`: who imports whom, which module names which crate, what
//! touches the outside, and how large things are. The tables are read from that page, so what it
//! says and what is checked cannot differ.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Longer files and functions need a reason.
const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;

/// What code that has an effect must name.
const EFFECTS: [(&str, &[&str]); 7] = [
    ("files", &["fs::", "tempfile::"]),
    ("network", &["TcpListener", "TcpStream", "reqwest::", "hyper::"]),
    ("time", &["tokio::time", "Instant::now", "SystemTime::now", "Timestamp::now"]),
    ("terminal", &["io::stdin", "io::stdout", "io::stderr"]),
    ("environment", &["std::env::"]),
    ("signals", &["tokio::signal"]),
    ("processes", &["process::Command"]),
];

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(package().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A source file, by its path in the package.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The top-level module that the file belongs to.
    fn module(&self) -> &str {
        let path = self.path.strip_prefix("src/").unwrap();
        path.split(['/', '.']).next().unwrap()
    }

    /// How many modules deep the file is: 1 for `src/plan/mod.rs`.
    fn depth(&self) -> usize {
        let path = self.path.strip_prefix("src/").unwrap();
        path.split('/').count() - usize::from(path.ends_with("/mod.rs"))
    }

    /// Whether all of it is compiled for tests alone.
    fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests")
            || self.path.ends_with("/scripted.rs")
    }

    /// The code outside of comments, up to the tests that stand in the same file.
    fn code(&self) -> String {
        let product = self.text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        product.lines().filter(is_code).collect::<Vec<_>>().join("\n")
    }
}

fn sources(directory: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from(directory)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(package().join(&directory)).unwrap() {
            let path = directory.join(entry.unwrap().file_name());
            if package().join(&path).is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let path = path.to_str().unwrap().replace('\\', "/");
                let text = read(&path);
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!found.is_empty(), "no source in {directory}");
    found
}

/// The modules below `src/`, without the two roots.
fn modules() -> Vec<Source> {
    let is_root = |path: &str| matches!(path, "src/lib.rs" | "src/main.rs");
    sources("src").into_iter().filter(|source| !is_root(&source.path)).collect()
}

/// The rows of the table below a heading of the page, cells without backticks.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = read("docs/architecture.md");
    let (_, section) = page.split_once(&format!("## {heading}\n")).unwrap_or_else(|| {
        panic!("docs/architecture.md has no `## {heading}`");
    });
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")))
        .map(Iterator::collect)
        .collect()
}

fn words(cell: &str) -> BTreeSet<String> {
    let named = |word: &&str| !matches!(*word, "" | "–" | "none");
    cell.split(", ").map(str::trim).filter(named).map(str::to_owned).collect()
}

fn first_word(text: &str) -> &str {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next().unwrap()
}

/// The top-level modules that a file names, by `crate::` or by as many `super::` as lead there.
fn imports(source: &Source) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut depth = source.depth();
    for line in source.text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        if line == "mod tests {" {
            depth += 1;
        }
        for (_, after) in line.match_indices("crate::").map(|(at, it)| (at, &line[at + it.len()..]))
        {
            assert!(!after.starts_with('{'), "{}: one `use` for each module", source.path);
            found.insert(first_word(after).to_owned());
        }
        let ups = line.matches("super::").count();
        if ups >= depth && !line.contains("pub(") {
            let after = line.rsplit("super::").next().unwrap();
            found.insert(first_word(after).to_owned());
        }
    }
    found.remove(source.module());
    found
}

#[test]
fn every_module_imports_only_what_the_table_allows() {
    let allowed: BTreeMap<String, BTreeSet<String>> = table("Who may import whom")
        .into_iter()
        .map(|row| (row[0].clone(), words(&row[1])))
        .collect();
    for source in modules() {
        let allowed = allowed.get(source.module());
        let allowed = allowed.unwrap_or_else(|| panic!("the table lacks {}", source.module()));
        let imported = imports(&source);
        let beyond: Vec<&String> = imported.difference(allowed).collect();
        assert!(beyond.is_empty(), "{} imports {beyond:?}", source.path);
    }
    assert!(read("src/main.rs").contains("auditform::cli::run"));
}

#[test]
fn no_module_may_import_one_that_comes_after_it_in_the_flow() {
    let rows = table("Who may import whom");
    for (at, row) in rows.iter().enumerate() {
        for import in words(&row[1]) {
            let place = rows.iter().position(|other| other[0] == import);
            assert!(place.is_some_and(|place| place < at), "{} may import {import}", row[0]);
        }
    }
    let directories: BTreeSet<String> =
        modules().iter().map(|source| source.module().to_owned()).collect();
    let listed: BTreeSet<String> = rows.iter().map(|row| row[0].clone()).collect();
    assert_eq!(listed, directories);
}

#[test]
fn every_module_touches_only_what_the_table_says() {
    for row in table("Who may import whom") {
        let allowed = words(&row[2]);
        let mut seen = BTreeSet::new();
        for source in modules().iter().filter(|one| one.module() == row[0] && !one.is_test()) {
            let code = source.code();
            for (effect, names) in EFFECTS {
                if names.iter().any(|name| code.contains(name)) {
                    assert!(allowed.contains(effect), "{} has to do with {effect}", source.path);
                    seen.insert(effect.to_owned());
                }
            }
        }
        assert_eq!(seen, allowed, "{} has fewer effects than the table says", row[0]);
    }
}

/// Whether code names a crate: `name::`, `name!` or `use name;`, and not as part of another path.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        !before.is_some_and(|letter| letter.is_alphanumeric() || "_:.\"".contains(letter))
            && (after.starts_with("::") || after.starts_with('!') || after.starts_with(';'))
    })
}

#[test]
fn only_the_owners_of_a_crate_name_it() {
    let manifest = read("Cargo.toml");
    for row in table("Who names which crate") {
        for name in words(&row[0]) {
            let is_dependency = [name.replace('_', "-"), name.clone()]
                .iter()
                .any(|name| manifest.contains(&format!("\n{name} = ")));
            assert!(is_dependency, "{name} is no dependency");
            let owners = words(&row[1]);
            let mut naming = BTreeSet::new();
            for source in modules().iter().filter(|source| !source.is_test()) {
                if names_crate(&source.code(), &name) {
                    assert!(owners.contains(source.module()), "{} names {name}", source.path);
                    naming.insert(source.module().to_owned());
                }
            }
            assert_eq!(naming, owners, "{name}");
        }
    }
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    for source in sources("src").into_iter().chain(sources("tests")) {
        assert!(source.text.starts_with("//! "), "{} has no header", source.path);
    }
}

/// Source without the lines of texts in it, which a test expects and nobody has to follow.
fn without_texts(text: &str) -> String {
    let mut is_inside = false;
    let mut kept = String::new();
    for line in text.lines() {
        let opens = line.rfind("r#\"");
        let closes = line.rfind("\"#");
        if !is_inside || closes.is_some() {
            kept.push_str(line);
            kept.push('\n');
        }
        is_inside = match (opens, closes) {
            (Some(opens), Some(closes)) => opens + 1 > closes,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => is_inside,
        };
    }
    kept
}

/// Functions over the limit, by name. The code is formatted, so the brace that closes a function
/// stands under its first letter.
fn long_functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let start = line.trim_start();
        let indent = &line[..line.len() - start.len()];
        let head: Vec<&str> = start.split('(').next().unwrap_or_default().split(' ').collect();
        let Some(place) = head.iter().position(|word| *word == "fn") else { continue };
        if start.starts_with("//") {
            continue;
        }
        let ends = |line: &&str| line.strip_prefix(indent).is_some_and(|rest| rest == "}");
        let has_no_body = |line: &&str| {
            let rest = line.strip_prefix(indent).unwrap_or_default();
            rest.ends_with(';') && !rest.starts_with(' ')
        };
        if start.ends_with('}') || start.ends_with(';') {
            continue;
        }
        let rest = &lines[at + 1..];
        let end = rest.iter().position(|line| ends(line) || has_no_body(line)).unwrap_or(0);
        let length = end + 2;
        if length > FUNCTION_LINES && !has_no_body(&rest[end]) {
            found.push((head.get(place + 1).copied().unwrap_or_default().to_owned(), length));
        }
    }
    found
}

#[test]
fn what_is_longer_than_the_rule_has_its_reason_in_the_table() {
    let mut long = BTreeSet::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        if source.text.lines().count() > FILE_LINES {
            long.insert(source.path.clone());
        }
        for (function, _) in long_functions(&without_texts(&source.text)) {
            long.insert(format!("{} {function}", source.path));
        }
    }
    let rows = table("Longer than the rule");
    assert!(rows.iter().all(|row| row[1].len() > 20), "a reason is missing");
    let excused: BTreeSet<String> = rows.into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(long, excused);
}

#[test]
fn a_function_is_measured_from_its_first_line_to_its_brace() {
    let body = "    let a = 1;\n".repeat(FUNCTION_LINES - 1);
    let long = format!("fn long() {{\n{body}}}\n");
    assert_eq!(long_functions(&long), [("long".to_owned(), FUNCTION_LINES + 1)]);
    let short = long.replacen("    let a = 1;\n", "", 1);
    assert_eq!(long_functions(&short), []);
    let method = format!("trait T {{\n    fn none(\n        &self,\n    );\n}}\n{short}");
    assert_eq!(long_functions(&method), []);
    let expected = "a line of it\n".repeat(FUNCTION_LINES);
    let texts = format!("fn short() {{\n    expect(r#\"\n{expected}\"#);\n}}\n");
    assert_eq!(long_functions(&without_texts(&texts)), []);
    assert_eq!(without_texts(&long), long);
}

#[test]
fn no_file_is_left_out_of_its_module() {
    for source in sources("src").into_iter().chain(sources("tests")) {
        let path = Path::new(&source.path);
        let (stem, directory) = (path.file_stem().unwrap(), path.parent().unwrap());
        if matches!(source.path.as_str(), "src/lib.rs" | "src/main.rs" | "tests/main.rs") {
            continue;
        }
        let is_directory = stem == "mod";
        let name = if is_directory { directory.file_name().unwrap() } else { stem };
        let parent = if is_directory { directory.parent().unwrap() } else { directory };
        let candidates = [
            parent.join("lib.rs"),
            parent.join("mod.rs"),
            parent.with_extension("rs"),
            parent.join("main.rs"),
        ];
        let owner = candidates.iter().find(|file| package().join(file).exists()).unwrap();
        let declared = format!("mod {};", name.to_str().unwrap());
        let owner = read(owner.to_str().unwrap());
        let is_it = |line: &str| {
            line == declared || (line.starts_with("pub") && line.ends_with(&format!(" {declared}")))
        };
        assert!(owner.lines().any(is_it), "{} is not compiled", source.path);
    }
}

#[test]
fn nothing_is_left_unfinished_in_the_tree() {
    let marks = [["TO", "DO"], ["FIX", "ME"], ["XX", "X:"], ["dbg", "!("], ["todo", "!("]];
    for source in sources("src").into_iter().chain(sources("tests")) {
        for mark in marks.map(|parts| parts.concat()) {
            assert!(!source.text.contains(&mark), "{} holds `{mark}`", source.path);
        }
    }
}
