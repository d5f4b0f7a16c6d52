//! Findings for other programs: `JUnit` XML and SARIF, of `validate` and of `plan`; and `validate` of
//! several specs at once.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;

use auditform::diagnostic::{Diagnostic, Remark, Sources, Span};
use auditform::render::{Finding, FindingSuite, ReportFormat, write_findings};
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::plan::{OWNERS, small};
use crate::support::World;

const HOSTILE: &str =
    "]]> \"<b>'&\u{1b}[2J\u{0}\u{202e} [x](https://e.example)\n</failure>\u{fffe}";

/// A spec that says nothing wrong, beyond what is given.
fn spec(body: &str) -> String {
    format!("version = 1\n\n[tenant]\nendpoint = \"embedded\"\n\n{body}")
}

const DROPS: &str =
    "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nadmin = { exactly = [\"Copy\"] }\n";
const MISTAKE: &str = "[organization]\nmailbox_auditin = true\n";

fn written(format: ReportFormat, suites: &[FindingSuite], exit_code: u8) -> String {
    let mut out = Vec::new();
    write_findings(&mut out, format, "validate", suites, exit_code).unwrap();
    String::from_utf8(out).unwrap()
}

fn hostile() -> Vec<FindingSuite> {
    let mut sources = Sources::default();
    let file = sources.add(format!("a {HOSTILE}.toml"), "x = 1\n");
    let span = Span::new(file, &(0..1));
    sources.remark([Remark { value: span, keys: Vec::new(), text: format!("from {HOSTILE}") }]);
    let finding = Diagnostic::error("some-code", HOSTILE).at(span, HOSTILE).help(HOSTILE);
    let findings =
        vec![Finding::of(&sources, &finding), Finding::of(&sources, &finding.clone().as_warning())];
    vec![FindingSuite { name: HOSTILE.to_owned(), findings }]
}

#[test]
fn hostile_names_are_text_in_junit_and_nothing_of_them_is_lost() {
    let xml = written(ReportFormat::Junit, &hostile(), 1);
    let document = roxmltree::Document::parse(&xml).unwrap();
    let nodes: Vec<&str> = document
        .descendants()
        .filter(roxmltree::Node::is_element)
        .map(|node| node.tag_name().name())
        .collect();
    assert_eq!(nodes, ["testsuites", "testsuite", "testcase", "failure", "testcase", "system-out"]);
    let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    assert_eq!(failure.attribute("type"), Some("some-code"));
    let shown = |text: &str| {
        text.replace('\u{1b}', "\\u{1b}").replace('\0', "\\u{0}").replace('\u{202e}', "\\u{202e}")
    };
    let summary = shown(HOSTILE).replace('\n', "\\u{a}").replace('\u{fffe}', "\\u{fffe}");
    assert_eq!(failure.attribute("message"), Some(summary.as_str()));
    let text = failure.text().unwrap();
    for part in ["note: from ]]>", "help: ]]>", "https://e.example"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!xml.contains(['\u{1b}', '\0', '\u{202e}']));
}

#[test]
fn hostile_names_are_text_in_sarif_and_never_a_link() {
    let sarif = written(ReportFormat::Sarif, &hostile(), 1);
    let document: Value = serde_json::from_str(&sarif).unwrap();
    let results = document["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!([&results[0]["level"], &results[1]["level"]], [&json!("error"), &json!("warning")]);
    let text = results[0]["message"]["text"].as_str().unwrap();
    assert!(text.contains("note: from") && !text.contains("]("), "{text}");
    let location = &results[0]["locations"][0];
    assert!(!location["message"]["text"].as_str().unwrap().contains("]("));
    let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
    assert!(
        uri.is_ascii()
            && !uri.contains(|letter: char| letter.is_whitespace() || "\"<>\\".contains(letter)),
        "{uri}"
    );
    assert!(!sarif.contains(['\u{1b}', '\0']));
}

#[test]
fn the_findings_of_validate_stand_in_sarif_at_their_lines() {
    let world = World::new();
    world.write("prod/auditform.toml", spec(&format!("{MISTAKE}\n{DROPS}")));
    let output = world.run(&["validate", "--report", "sarif=out.sarif", "prod"]).ended(1);
    assert!(output.stderr.contains("error[unknown-key]"), "people read it too: {}", output.stderr);
    assert_data_eq!(
        fs::read_to_string(world.path("out.sarif")).unwrap(),
        str![[r#"
{
  "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
  "runs": [
    {
      "columnKind": "unicodeCodePoints",
      "invocations": [
        {
          "executionSuccessful": false,
          "exitCode": 1
        }
      ],
      "results": [
        {
          "level": "error",
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "prod/auditform.toml"
                },
                "region": {
                  "endColumn": 16,
                  "endLine": 7,
                  "startColumn": 1,
                  "startLine": 7
                }
              }
            }
          ],
          "message": {
            "text": "`mailbox_auditin` is not a key of `[organization]`/nhelp: did you mean `mailbox_auditing`?"
          },
          "ruleId": "unknown-key",
          "ruleIndex": 1
        },
        {
          "level": "warning",
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "prod/auditform.toml"
                },
                "region": {
                  "endColumn": 6,
                  "endLine": 11,
                  "startColumn": 1,
                  "startLine": 11
                }
              }
            }
          ],
          "message": {
            "text": "`mailbox_audit.a.admin.exactly` drops 13 actions that Microsoft records by default/nnote: for Admin these would no longer be recorded:/n- changes of items and their properties (`Update`)/n- deletions into Deleted Items (`MoveToDeletedItems`)/n- deletions out of Deleted Items (`SoftDelete`)/n- purges of items beyond recovery (`HardDelete`)/n- messages sent as the mailbox (`SendAs`)/n- messages sent on behalf of the mailbox (`SendOnBehalf`)/n- new calendar entries, contacts, drafts, notes and tasks (`Create`)/n- changes of folder permissions (`UpdateFolderPermissions`)/n- changes of inbox rules, such as hidden forwarding (`UpdateInboxRules`)/n- changes of calendar delegates (`UpdateCalendarDelegation`)/n- labelling of items as records (`ApplyRecord`)/n- reads of messages (`MailItemsAccessed`)/n- messages sent, answered and forwarded (`Send`)/nnote: a list takes Admin out of Microsoft's management (`DefaultAuditSet`): actions that Microsoft/nadds to its default later are not recorded either/nhelp: to keep them and add yours, write `admin = { default_plus = [/"Copy/"] }`"
          },
          "ruleId": "drops-defaults",
          "ruleIndex": 0
        }
      ],
      "tool": {
        "driver": {
          "name": "Auditform",
          "rules": [
            {
              "help": {
                "text": "docs/diagnostics.md#drops-defaults explains it and says what to do."
              },
              "id": "drops-defaults",
              "shortDescription": {
                "text": "drops defaults"
              }
            },
            {
              "help": {
                "text": "docs/diagnostics.md#unknown-key explains it and says what to do."
              },
              "id": "unknown-key",
              "shortDescription": {
                "text": "unknown key"
              }
            }
          ],
          "version": "0.1.0"
        }
      }
    }
  ],
  "version": "2.1.0"
}

"#]]
    );
}

#[test]
fn absolute_paths_are_told_as_seen_from_here() {
    let world = World::new();
    let path = world.write("a b/auditform.toml", spec(MISTAKE));
    let path = path.canonicalize().unwrap();
    world
        .run(&["validate", "--report", "sarif=s", "--report", "junit=j", path.to_str().unwrap()])
        .ended(1);
    let sarif = fs::read_to_string(world.path("s")).unwrap();
    let document: Value = serde_json::from_str(&sarif).unwrap();
    let location = &document["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "a%20b/auditform.toml");
    let junit = fs::read_to_string(world.path("j")).unwrap();
    assert!(junit.contains("name=\"unknown-key a b/auditform.toml:"), "{junit}");
}

#[test]
fn several_specs_are_judged_each_by_itself_and_the_worst_counts() {
    let world = World::new();
    world.write("a/auditform.toml", spec(MISTAKE));
    world.write("b/auditform.toml", spec(DROPS));
    world.write("c/auditform.toml", spec("[organization]\nmailbox_auditing = 1\n"));
    let all = ["validate", "--report", "junit=out.xml", "a", "b", "c"];
    let output = world.run(&all).ended(1);
    assert_eq!(output.stdout, "");
    let at = |text: &str| output.stderr.find(text).unwrap();
    assert!(at("a/auditform.toml:7") < at("b/auditform.toml:8"), "{}", output.stderr);
    assert!(at("b/auditform.toml:8") < at("c/auditform.toml:7"), "{}", output.stderr);
    let again = world.run(&all).ended(1);
    assert_eq!(again.stderr, output.stderr);
    assert_data_eq!(
        fs::read_to_string(world.path("out.xml")).unwrap(),
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="auditform validate" tests="3" skipped="0" failures="2" errors="0">
    <testsuite name="a/auditform.toml" tests="1" skipped="0" errors="0" failures="1">
        <testcase name="unknown-key a/auditform.toml:7:1" classname="a/auditform.toml">
            <failure message="`mailbox_auditin` is not a key of `[organization]`" type="unknown-key">`mailbox_auditin` is not a key of `[organization]`
help: did you mean `mailbox_auditing`?</failure>
        </testcase>
    </testsuite>
    <testsuite name="b/auditform.toml" tests="1" skipped="0" errors="0" failures="0">
        <testcase name="drops-defaults b/auditform.toml:8:1" classname="b/auditform.toml">
            <system-out>warning: `mailbox_audit.a.admin.exactly` drops 13 actions that Microsoft records by default
note: for Admin these would no longer be recorded:
- changes of items and their properties (`Update`)
- deletions into Deleted Items (`MoveToDeletedItems`)
- deletions out of Deleted Items (`SoftDelete`)
- purges of items beyond recovery (`HardDelete`)
- messages sent as the mailbox (`SendAs`)
- messages sent on behalf of the mailbox (`SendOnBehalf`)
- new calendar entries, contacts, drafts, notes and tasks (`Create`)
- changes of folder permissions (`UpdateFolderPermissions`)
- changes of inbox rules, such as hidden forwarding (`UpdateInboxRules`)
- changes of calendar delegates (`UpdateCalendarDelegation`)
- labelling of items as records (`ApplyRecord`)
- reads of messages (`MailItemsAccessed`)
- messages sent, answered and forwarded (`Send`)
note: a list takes Admin out of Microsoft&apos;s management (`DefaultAuditSet`): actions that Microsoft
adds to its default later are not recorded either
help: to keep them and add yours, write `admin = { default_plus = [&quot;Copy&quot;] }`</system-out>
        </testcase>
    </testsuite>
    <testsuite name="c/auditform.toml" tests="1" skipped="0" errors="0" failures="1">
        <testcase name="wrong-type c/auditform.toml:7:20" classname="c/auditform.toml">
            <failure message="`organization.mailbox_auditing` must be `true` or `false`" type="wrong-type">`organization.mailbox_auditing` must be `true` or `false`
help: write `mailbox_auditing = true`</failure>
        </testcase>
    </testsuite>
</testsuites>

"#]]
    );
    let valid = world.run(&["validate", "--quiet", "b", "b/auditform.toml"]).ended(0);
    let said = "valid: 1 mailbox_audit policy.\n";
    assert_eq!(valid.stdout, format!("b: {said}b/auditform.toml: {said}"));
    let roles = world.run(&["validate", "--quiet", "--roles", "b", "b/auditform.toml"]).ended(0);
    assert!(roles.stdout.starts_with("b:\n") && roles.stdout.contains("\nb/auditform.toml:\n"));
    let missing = world.run(&["validate", "b", "nowhere"]).ended(1);
    assert!(missing.stderr.contains("error[no-spec]") && missing.stdout.is_empty(), "{missing:?}");
}

#[test]
fn a_spec_without_findings_has_one_case_that_passes() {
    let world = World::new();
    world.write("auditform.toml", spec("[organization]\nmailbox_auditing = true\n"));
    world.run(&["validate", "--report", "junit=out.xml", "--report", "sarif=out.sarif"]).ended(0);
    assert_data_eq!(
        fs::read_to_string(world.path("out.xml")).unwrap(),
        str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="auditform validate" tests="1" skipped="0" failures="0" errors="0">
    <testsuite name="auditform.toml" tests="1" skipped="0" errors="0" failures="0">
        <testcase name="no findings" classname="auditform.toml"/>
    </testsuite>
</testsuites>

"#]]
    );
    let sarif: Value =
        serde_json::from_str(&fs::read_to_string(world.path("out.sarif")).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"], json!([]));
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn a_plan_reports_what_it_weakens_and_why_it_is_refused_beside_its_view() {
    let world = World::new();
    let _emulator = small(&world, &format!("[limits]\nchanged = 1\n\n{DROPS}"));
    let plain = world.run(&["plan"]).ended(3);
    let output = world.run(&["plan", "--report", "sarif=out.sarif"]).ended(3);
    assert_eq!((&output.stdout, &output.stderr), (&plain.stdout, &plain.stderr));
    let sarif: Value =
        serde_json::from_str(&fs::read_to_string(world.path("out.sarif")).unwrap()).unwrap();
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().unwrap();
    let of =
        |rule: &str| results.iter().filter(|result| result["ruleId"] == rule).collect::<Vec<_>>();
    let [refused] = of("plan-refused")[..] else { unreachable!("{results:?}") };
    let text = fs::read_to_string(world.path("auditform.toml")).unwrap();
    let line = text.lines().position(|line| line == "changed = 1").unwrap() + 1;
    let location = &refused["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "auditform.toml");
    assert_eq!(
        (&location["region"]["startLine"], &refused["level"]),
        (&json!(line), &json!("error"))
    );
    assert!(!of("plan-weakens").is_empty() && !of("drops-defaults").is_empty());
    assert_eq!(run["invocations"][0], json!({ "executionSuccessful": false, "exitCode": 3 }));
    let rules: Vec<&str> = run["tool"]["driver"]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    assert_eq!(rules, ["drops-defaults", "plan-refused", "plan-weakens"]);
    for result in results {
        let place = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[place], result["ruleId"]);
    }
}

#[test]
fn a_read_that_fails_is_in_the_report_too() {
    let world = World::new();
    world.write(
        "auditform.toml",
        crate::support::tenant(
            "x.onmicrosoft.com",
            "http://127.0.0.1:9",
            "402b12a2-fb2b-4222-8f54-5596def1a0c3",
            &world.path("none.pem"),
        ) + OWNERS,
    );
    world.run(&["plan", "--report", "junit=out.xml"]).ended(1);
    let xml = fs::read_to_string(world.path("out.xml")).unwrap();
    assert!(xml.contains("<failure"), "{xml}");
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_anything_else() {
    let world = World::new();
    let emulator = small(&world, OWNERS);
    for (command, report) in
        [("plan", "sarif=nowhere/out.sarif"), ("plan", "junit=."), ("validate", "junit=nowhere/x")]
    {
        let output = world.run(&[command, "--report", report]).ended(1);
        assert!(
            output.stderr.starts_with("error[unwritable-file]: the report"),
            "{}",
            output.stderr
        );
        assert!(output.stdout.is_empty());
    }
    for report in ["pdf=x", "junit", "junit=", "=x"] {
        let output = world.run(&["plan", "--report", report]).ended(64);
        assert!(output.stderr.contains("a report is `junit=FILE` or `sarif=FILE`"), "{output:?}");
    }
    assert!(emulator.requests().is_empty());
    let left: Vec<_> =
        fs::read_dir(world.path(".")).unwrap().flatten().map(|one| one.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".tmp")), "{left:?}");
}
