//! What the pages in `docs/` claim about the code: codes of findings, flags, hosts; and the pages
//! among themselves: links, the form of decision records.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use auditform::cli::markdown;

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = package().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a directory with this extension.
fn files(directory: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![package().join(directory)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|known| known == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The text in quotes right after each occurrence of `before`, where there is one.
fn quoted_after<'a>(text: &'a str, before: &str) -> Vec<&'a str> {
    let rest = text.split(before).skip(1).map(str::trim_start);
    rest.filter_map(|rest| rest.strip_prefix('"')?.split('"').next()).collect()
}

/// Every code that the source makes findings with, outside of its tests.
fn codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for path in files("src", "rs") {
        let text = fs::read_to_string(path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for call in ["Diagnostic::error(", "Diagnostic::warning(", "refused("] {
            codes.extend(quoted_after(text, call).into_iter().map(str::to_owned));
        }
    }
    // Chosen by a `match` whose arms are pairs.
    codes.extend(quoted_after(&read("src/ops/read.rs"), "=> (").into_iter().map(str::to_owned));
    let is_code = |code: &String| code.chars().all(|it| it.is_ascii_lowercase() || it == '-');
    codes.retain(is_code);
    codes
}

#[test]
fn every_code_has_its_section_and_every_section_its_code() {
    let page = read("docs/diagnostics.md");
    let sections = page.lines().filter_map(|line| line.strip_prefix("### "));
    let sections: Vec<&str> = sections.collect();
    let documented: BTreeSet<String> = sections.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(documented.len(), sections.len(), "a section stands twice");
    let made = codes();
    let missing: Vec<_> = made.difference(&documented).collect();
    assert!(missing.is_empty(), "docs/diagnostics.md lacks {missing:?}");
    let source: String =
        files("src", "rs").into_iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for code in documented.difference(&made) {
        assert!(source.contains(&format!("\"{code}\"")), "nothing says {code}");
    }
}

#[test]
fn every_link_leads_to_a_file() {
    let roots = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| package().join(name));
    let pages = files("docs", "md").into_iter().chain(roots);
    let examples = files("examples", "md").into_iter();
    let mut count = 0;
    for page in pages.chain(examples) {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap();
            if link.is_empty() || link.contains("://") {
                continue;
            }
            let target = page.parent().unwrap().join(link);
            assert!(target.exists(), "{} links to {link}", page.display());
            count += 1;
        }
    }
    assert!(count > 20, "{count} links");
}

#[test]
fn a_link_that_names_a_decision_leads_to_that_one() {
    let pages = files("docs", "md").into_iter().chain(files("examples", "md"));
    let mut count = 0;
    for page in pages.chain([package().join("README.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split('[').skip(1) {
            let Some((words, target)) = link.split_once("](") else { continue };
            let Some(number) = words.to_lowercase().strip_prefix("decision ").map(str::to_owned)
            else {
                continue;
            };
            let target = target.split(')').next().unwrap();
            let name = target.rsplit('/').next().unwrap();
            assert!(name.starts_with(&format!("{number}-")), "{}: {words}", page.display());
            count += 1;
        }
    }
    assert!(count > 5, "{count} links");
}

#[test]
fn a_source_that_is_named_to_contributors_is_there() {
    let mut count = 0;
    for page in ["CONTRIBUTING.md", "docs/architecture.md"] {
        let text = read(page);
        let quoted = text.split('`').skip(1).step_by(2);
        let is_source = |text: &&str| {
            text.contains('/') && Path::new(text).extension().is_some_and(|end| end == "rs")
        };
        for path in quoted.filter(is_source) {
            let places = ["", "src"].map(|root| package().join(root).join(path));
            assert!(places.iter().any(|place| place.is_file()), "{page} names {path}");
            count += 1;
        }
    }
    assert!(count > 20, "{count} sources");
}

#[test]
fn decision_records_are_numbered_and_have_the_same_four_sections() {
    let records = files("docs/decisions", "md");
    assert!(records.len() >= 8);
    for (number, path) in (1..).zip(records) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let number = format!("{number:04}");
        assert!(name.starts_with(&number), "{name} is out of order");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&format!("# {number} ")), "{name}");
        let sections: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(sections, ["Context", "Decision", "Alternatives", "Consequences"], "{name}");
        assert!(text.lines().count() <= 60, "{name} is longer than a page");
    }
}

/// The flags at the beginning of each line that satisfies `begins`.
fn flags(text: &str, begins: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(begins));
    lines.map(|line| line.split([' ', '`']).next().unwrap().to_owned()).collect()
}

#[test]
fn the_page_of_the_emulator_has_its_flags() {
    let reference = markdown();
    let (_, section) = reference.split_once("\n## auditform emulate\n").unwrap();
    let (_, global) = reference.split_once("\n## auditform\n").unwrap();
    let global = flags(global.split("\n## ").next().unwrap(), "      --");
    let own: BTreeSet<String> = flags(section.split("\n## ").next().unwrap(), "      --")
        .difference(&global)
        .cloned()
        .collect();
    assert!(own.contains("listen") && !own.contains("quiet"), "{own:?}");
    assert_eq!(flags(&read("docs/emulator.md"), "| `--"), own);
}

#[test]
fn the_reference_of_the_spec_has_the_hosts_of_every_cloud() {
    let code = read("src/ops/endpoints.rs");
    let (_, hosts) = code.split_once("fn hosts(").unwrap();
    let page = read("docs/spec-reference.md");
    let urls: BTreeSet<&str> = hosts
        .split("\n}\n")
        .next()
        .unwrap()
        .split('"')
        .filter(|text| text.starts_with("https://"))
        .map(|url| url.trim_end_matches("/.default"))
        .collect();
    assert_eq!(urls.len(), 11);
    for url in urls {
        assert!(page.contains(&format!("`{url}`")), "docs/spec-reference.md lacks {url}");
    }
}
