//! Findings as SARIF 2.1.0, which code scanning shows at the lines that they are about. Rules are the
//! codes of `docs/diagnostics.md`. Columns count code points, which `columnKind` says.

use std::io::{self, Write};
use std::path::{Component, Path};

use serde_json::{Value, json};
use url::Url;

use super::events::{Finding, Place, SeverityWord};
use super::reports::FindingSuite;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/\
                      sarif-schema-2.1.0.json";

/// Writes the report of a command that ended with this code. `home` is where the documents are
/// published; empty where they are not, since a rule may only link to what has a whole address.
pub(super) fn write_sarif(
    out: &mut dyn Write,
    suites: &[FindingSuite],
    exit_code: u8,
    home: &str,
) -> io::Result<()> {
    let findings: Vec<&Finding> = suites.iter().flat_map(|suite| &suite.findings).collect();
    let mut codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &codes)).collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(code, home)).collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Auditform",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": matches!(exit_code, 0 | 2),
                "exitCode": exit_code,
            }],
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn rule(code: &str, home: &str) -> Value {
    let page = format!("docs/diagnostics.md#{code}");
    let mut rule = json!({
        "id": code,
        "shortDescription": { "text": code.replace('-', " ") },
        "help": { "text": format!("{page} explains it and says what to do.") },
    });
    if !home.is_empty() {
        rule["helpUri"] = json!(format!("{home}/blob/main/{page}"));
    }
    rule
}

fn result(finding: &Finding, codes: &[&str]) -> Value {
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": codes.binary_search(&finding.code.as_str()).unwrap_or_default(),
        "level": match finding.severity {
            SeverityWord::Error => "error",
            SeverityWord::Warning => "warning",
        },
        "message": { "text": plain(&finding.text()) },
    });
    let mut places = finding.places.iter();
    if let Some(place) = places.next() {
        result["locations"] = json!([location(place)]);
    }
    let related: Vec<Value> = places.map(location).collect();
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    result
}

fn location(place: &Place) -> Value {
    let mut location = json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&place.file) },
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        },
    }});
    if !place.text.is_empty() {
        location["message"] = json!({ "text": plain(&place.text) });
    }
    location
}

/// A text in which nothing is a link: readers make one of `[words](target)`.
fn plain(text: &str) -> String {
    text.replace("](", "] (")
}

/// A path as a reference: relative ones stay so, as seen from where the command ran.
fn uri(path: &str) -> String {
    if let Ok(url) = Url::from_file_path(path) {
        return url.into();
    }
    let segments = Path::new(path).components().filter_map(|part| match part {
        Component::ParentDir => Some("..".to_owned()),
        Component::Normal(name) => Some(encoded(&name.to_string_lossy())),
        _ => None,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// One segment of a path, percent-encoded; a colon in the first would end a scheme.
fn encoded(segment: &str) -> String {
    let Ok(mut url) = Url::parse("file:///") else { return String::new() };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.push(segment);
    }
    url.path().trim_start_matches('/').replace(':', "%3A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_references_that_nothing_in_a_name_can_change() {
        for (path, expected) in [
            ("auditform.toml", "auditform.toml"),
            ("./prod/../a b#c?.toml", "prod/../a%20b%23c%3F.toml"),
            ("../100%/x\u{e4}:1.toml", "../100%25/x%C3%A4%3A1.toml"),
        ] {
            assert_eq!(uri(path), expected);
        }
        #[cfg(unix)]
        assert_eq!(uri("/tmp/a b.toml"), "file:///tmp/a%20b.toml");
    }

    #[test]
    fn a_rule_links_to_its_section_where_the_documents_have_a_home() {
        let linked = rule("unknown-key", "https://forge.example/auditform");
        let page = "https://forge.example/auditform/blob/main/docs/diagnostics.md#unknown-key";
        assert_eq!(linked["helpUri"], page);
        assert_eq!(rule("unknown-key", "").get("helpUri"), None);
    }
}
