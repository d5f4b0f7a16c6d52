//! The event stream of `plan` and `apply`: what stands in it, in which order, that it fits its schema,
//! and that neither a reader who goes away nor a disk that is full stops an apply. The page that
//! explains it is in `events/page.rs`.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

mod page;

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::plan::{OWNERS, SMALL, small};
use crate::support::front::{Front, Reply};
use crate::support::{Emulator, Output, World, package};

/// A tenant of so many mailboxes that [`OWNERS`] changes.
fn of(mailboxes: usize) -> String {
    let mailbox = |number| {
        format!("[[mailbox]]\nupn = \"u{number:03}@contoso.com\"\ntype = \"UserMailbox\"\n")
    };
    (1..=mailboxes).map(mailbox).collect()
}

/// The events of a stream. Each fits the schema, the first says the version, and only the last how
/// the command ends.
#[track_caller]
fn events(stream: &str) -> Vec<Value> {
    let schema = serde_json::from_str(&package("schemas/events.schema.json")).unwrap();
    let judge = jsonschema::validator_for(&schema).unwrap();
    let events: Vec<Value> =
        stream.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &events {
        let broken: Vec<String> = judge.iter_errors(event).map(|error| error.to_string()).collect();
        assert!(broken.is_empty(), "{event}: {broken:?}");
        let text = event["message"].as_str().unwrap();
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    assert!(stream.ends_with('\n'));
    let types = types(&events);
    assert_eq!(types.first(), Some(&"version"), "{types:?}");
    assert_eq!(types.last(), Some(&"outcome"), "{types:?}");
    assert_eq!(types.iter().filter(|name| matches!(**name, "version" | "outcome")).count(), 2);
    events
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

fn all<'e>(events: &'e [Value], name: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["type"] == name).collect()
}

/// The only event of this type.
#[track_caller]
fn only<'e>(events: &'e [Value], name: &str) -> &'e Value {
    let found = all(events, name);
    assert_eq!(found.len(), 1, "{name} in {:?}", types(events));
    found[0]
}

#[track_caller]
fn ends(output: &Output, code: i32, word: &str) -> Vec<Value> {
    assert_eq!(output.code, code, "{output:?}");
    let events = events(&output.stdout);
    let last = only(&events, "outcome");
    assert_eq!((&last["exit_code"], &last["outcome"]), (&json!(code), &json!(word)));
    events
}

#[test]
fn a_plan_tells_the_sign_in_the_reading_each_change_and_the_counts_and_ends() {
    let world = World::new();
    let emulator = small(&world, crate::plan::MIXED);
    let document = world.run(&["plan", "--format", "json"]).ended(0).json();
    let output = world.run(&["plan", "--json", "--out", "plan.json"]);
    assert!(!output.stderr.contains("Saved as"), "notes stand in the stream: {}", output.stderr);
    assert_eq!(only(&events(&output.stdout), "diagnostic")["code"], "drops-defaults");
    assert!(
        only(&events(&output.stdout), "note")["message"].as_str().unwrap().starts_with("Saved as")
    );
    let events = ends(&output, 0, "done");
    assert_eq!(events[0]["command"], "plan");
    assert_eq!(events[0]["tool_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(only(&events, "sign_in_started")["organization"], emulator.organization);
    assert_eq!(only(&events, "signed_in")["tenant"], document["tenant"]);
    assert_eq!(all(&events, "read_progress").last().unwrap()["mailboxes"], 5);
    let told: Vec<&Value> = all(&events, "planned_change");
    let changes = document["changes"].as_array().unwrap();
    assert_eq!(told.len(), changes.len());
    for (told, change) in told.iter().zip(changes) {
        for member in ["address", "guid", "action", "reason", "removes", "weakens", "reversible"] {
            assert_eq!(told[member], change[member], "{member} of {told}");
        }
        let changes = |name: &str| change["before"][name] != change["after"][name];
        assert!(
            told["attributes"]
                .as_array()
                .unwrap()
                .iter()
                .all(|name| changes(name.as_str().unwrap()))
        );
    }
    let summary = only(&events, "plan_summary");
    for member in ["create", "change", "delete", "unchanged", "requests", "reads"] {
        assert_eq!(summary[member], document["summary"][member], "{member}");
    }
    for member in ["digest", "refused", "deferred", "pending", "notes"] {
        assert_eq!(summary[member], document[member], "{member}");
    }
    let weaken = changes.iter().filter(|change| change["weakens"] != json!([])).count();
    assert_eq!((&summary["weaken"], &summary["saved_as"]), (&json!(weaken), &json!("plan.json")));
    let order: Vec<&str> = types(&events);
    let at = |name: &str| order.iter().position(|one| *one == name).unwrap();
    let flow = ["version", "sign_in_started", "signed_in", "read_started", "read_progress"];
    assert!(flow.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{order:?}");
    assert!(at("planned_change") < at("plan_summary"), "{order:?}");
}

#[test]
fn the_stream_in_a_file_is_the_same_and_people_see_the_plan() {
    let world = World::new();
    let _emulator = small(&world, OWNERS);
    let plain = world.run(&["plan"]).ended(0);
    let stream = world.run(&["plan", "--json"]).ended(0).stdout;
    let beside = world.run(&["plan", "--json-into", "events.jsonl"]).ended(0);
    assert_eq!((beside.stdout, beside.stderr), (plain.stdout, plain.stderr));
    let file = fs::read_to_string(world.path("events.jsonl")).unwrap();
    let timeless = |text: &str| -> Vec<Value> {
        let mut events = events(text);
        for event in &mut events {
            event["time"] = json!(null);
        }
        events
    };
    assert_eq!(timeless(&file), timeless(&stream));
    let times: Vec<jiff::Timestamp> = events(&file)
        .iter()
        .map(|event| event["time"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(times.is_sorted());
}

#[test]
fn an_apply_tells_each_step_and_what_became_of_each_change() {
    let world = World::new();
    let emulator = Emulator::start(&world, &of(20));
    world.spec(&emulator, OWNERS);
    let events = ends(&world.run(&["apply", "--auto-approve", "--json"]), 0, "done");
    let writes = emulator.writes();
    assert_eq!(writes.len(), 20);
    let address = |event: &&Value| event["address"].as_str().unwrap().to_owned();
    let planned: Vec<String> = all(&events, "planned_change").iter().map(address).collect();
    for name in ["step_started", "step_sent", "step_succeeded"] {
        let mut told: Vec<String> = all(&events, name).iter().map(address).collect();
        told.sort();
        assert_eq!(told, planned, "{name}");
        assert!(all(&events, name).iter().all(|event| event["write"] == 1));
    }
    for changed in &planned {
        let of_it = |name: &str| {
            let is_it = |event: &Value| event["type"] == name && event["address"] == **changed;
            events.iter().position(is_it).unwrap()
        };
        assert!(of_it("step_started") < of_it("step_sent"), "{changed}");
        assert!(of_it("step_sent") < of_it("step_succeeded"), "{changed}");
    }
    let results = all(&events, "change_result");
    assert_eq!(results.iter().map(address).collect::<Vec<_>>(), planned);
    assert!(results.iter().all(|one| one["state"] == "done" && one["verification"] == "verified"));
    let summary = only(&events, "apply_summary");
    assert_eq!((&summary["changed"], &summary["verified"]), (&json!(20), &json!(20)));
    assert!(!all(&events, "verifying").is_empty());
}

#[test]
fn a_step_that_fails_is_told_with_its_reason_and_with_the_id_of_its_request() {
    let world = World::new();
    let emulator = Emulator::start(&world, &of(3));
    let refused =
        json!({ "error": { "code": "BadRequest", "message": "no\u{1b}[31m such thing" } });
    let front = Front::before(&emulator.base_url, move |seen| {
        if seen.cmdlet() == "Set-Mailbox" {
            let headers = [("content-type", "application/json"), ("request-id", "r-7")];
            return Reply::new(400, &headers, refused.to_string());
        }
        Reply::Forward
    });
    world.spec_at(&front.url(), &emulator, OWNERS);
    let events = ends(&world.run(&["apply", "--auto-approve", "--json"]), 6, "partly_applied");
    let failed = all(&events, "step_failed");
    assert_eq!(failed.len(), 3);
    for event in failed {
        assert_eq!((&event["request_id"], &event["in_doubt"]), (&json!("r-7"), &json!(false)));
        assert!(event["reason"].as_str().unwrap().contains("such thing"), "{event}");
    }
    for result in all(&events, "change_result") {
        assert_eq!((&result["state"], &result["request_id"]), (&json!("failed"), &json!("r-7")));
        assert!(result.get("verification").is_none(), "{result}");
    }
    assert_eq!(only(&events, "apply_summary")["failed"], 3);
    assert!(emulator.writes().is_empty());
}

#[test]
fn a_read_that_fails_is_a_diagnostic_with_the_id_of_its_request() {
    let world = World::new();
    let emulator = Emulator::start(&world, SMALL);
    let front = Front::before(&emulator.base_url, |seen| match seen.cmdlet() {
        "Get-Mailbox" => Reply::new(403, &[("request-id", "r-9")], "{}"),
        _ => Reply::Forward,
    });
    world.spec_at(&front.url(), &emulator, OWNERS);
    let output = world.run(&["plan", "--json"]);
    let events = ends(&output, 8, "state_unknown");
    let finding = only(&events, "diagnostic");
    assert_eq!((&finding["code"], &finding["severity"]), (&json!("denied"), &json!("error")));
    assert_eq!((&finding["request_id"], &finding["places"]), (&json!("r-9"), &json!([])));
    assert!(all(&events, "plan_summary").is_empty());
    assert!(output.stderr.starts_with("error[denied]"), "people read it too: {}", output.stderr);
}

#[test]
fn a_mistake_in_the_spec_is_told_with_its_place_and_no_call_is_made() {
    let world = World::new();
    let emulator = small(&world, "# \u{e4}\u{1f600}\n[mailbox_audit.a]\nrecipient_typs = []\n");
    let events = ends(&world.run(&["apply", "--json", "--auto-approve"]), 1, "error");
    let findings = all(&events, "diagnostic");
    let unknown = findings.iter().find(|one| one["code"] == "unknown-key").unwrap();
    let text = fs::read_to_string(world.path("auditform.toml")).unwrap();
    let line = text.lines().position(|line| line.starts_with("recipient_typs")).unwrap() + 1;
    let place = &unknown["places"][0];
    assert_eq!(place["file"], "auditform.toml");
    assert_eq!([&place["line"], &place["column"]], [&json!(line), &json!(1)]);
    assert_eq!([&place["end_line"], &place["end_column"]], [&json!(line), &json!(15)]);
    assert!(unknown["help"][0].as_str().unwrap().contains("recipient_types"), "{unknown}");
    assert!(emulator.requests().is_empty());
}

#[test]
fn warnings_are_told_even_where_people_want_none() {
    let world = World::new();
    let _emulator = small(
        &world,
        "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nadmin = { exactly = [\"Copy\"] }\n",
    );
    let output = world.run(&["plan", "--quiet", "--json"]);
    assert_eq!(output.stderr, "");
    let events = ends(&output, 0, "done");
    assert_eq!(only(&events, "diagnostic")["code"], "drops-defaults");
    assert_eq!(only(&events, "plan_summary")["weaken"], 3);
}

#[test]
fn a_plan_over_its_limits_and_a_saved_one_tell_why_they_are_refused() {
    let world = World::new();
    let emulator = small(&world, &format!("[limits]\nchanged = 1\n{OWNERS}"));
    let refused = world.run(&["plan", "--json", "--out", "plan.json"]);
    let events = ends(&refused, 3, "refused");
    assert_eq!(only(&events, "plan_summary")["refused"].as_array().unwrap().len(), 1);
    for arguments in [
        ["apply", "--json", "--auto-approve", "plan.json"],
        ["apply", "--json", "--auto-approve", "."],
    ] {
        let events = ends(&world.run(&arguments), 3, "refused");
        assert_eq!(only(&events, "plan_summary")["refused"].as_array().unwrap().len(), 1);
        assert!(all(&events, "step_started").is_empty());
    }
    assert!(emulator.writes().is_empty());
}

#[test]
fn what_does_not_go_together_is_a_mistake_of_usage() {
    let world = World::new();
    for arguments in [
        &["plan", "--json", "--format", "text"][..],
        &["plan", "--json", "--full"],
        &["plan", "--json", "--summary"],
        &["plan", "--json", "--context", "1"],
        &["plan", "--json", "--json-into", "f"],
        &["apply", "--json", "--json-into", "f"],
        &["apply", "--json", "--full"],
    ] {
        let output = world.run(arguments).ended(64);
        assert!(output.stdout.is_empty() && output.stderr.contains("--json"), "{output:?}");
        assert!(!world.path("f").exists());
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_any_call() {
    let world = World::new();
    let emulator = small(&world, OWNERS);
    let spec = fs::read_to_string(world.path("auditform.toml")).unwrap();
    for (command, file, why) in [
        ("plan", "nowhere/events.jsonl", "No such file or directory"),
        ("apply", ".", "directory"),
        ("apply", "auditform.toml", "would overwrite"),
        ("plan", "./auditform.toml", "would overwrite"),
    ] {
        let output = world.run(&[command, "--json-into", file]).ended(1);
        assert!(output.stderr.starts_with("error[unwritable-file]"), "{}", output.stderr);
        assert!(output.stderr.contains(why) && output.stdout.is_empty(), "{}", output.stderr);
    }
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    let calls = emulator.requests().len();
    let output = world.run(&["plan", "--out", "plan.json", "--json-into", "plan.json"]).ended(1);
    assert!(output.stderr.contains("would overwrite `plan.json`"), "{}", output.stderr);
    assert_eq!(emulator.requests().len(), calls);
    assert_eq!(fs::read_to_string(world.path("auditform.toml")).unwrap(), spec);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_before_any_call() {
    let world = World::new();
    let emulator = Emulator::start(&world, &of(4));
    world.spec(&emulator, OWNERS);
    let output = world.run(&["plan", "--json-into", "/dev/full"]).ended(1);
    assert!(output.stderr.contains("No space left"), "{}", output.stderr);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = world.command(&["apply", "--auto-approve", "--json"]);
    let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("error[unwritable-output]: the events cannot be written"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    assert!(emulator.requests().is_empty());
}

#[test]
fn a_reader_that_goes_away_in_the_middle_stops_nothing() {
    use std::io::{BufRead, BufReader};
    let world = World::new();
    let emulator = Emulator::start(&world, &of(60));
    world.spec(&emulator, OWNERS);
    let mut command = world.command(&["apply", "--auto-approve", "--json"]);
    let mut apply = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(apply.stdout.take().unwrap()).lines();
    let begun = lines.find(|line| line.as_ref().unwrap().contains("\"step_started\""));
    assert!(begun.is_some());
    drop(lines);
    let ended = apply.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(emulator.writes().len(), 60);
    world.run(&["plan", "--detailed-exitcode"]).ended(0);
}

#[cfg(unix)]
#[test]
fn who_interrupts_a_reading_gets_a_whole_stream_all_the_same() {
    let world = World::new();
    let emulator = Emulator::with(&world, &of(5), &["--latency", "2000"]);
    world.spec(&emulator, OWNERS);
    let plan = world.spawn(&["plan", "--json"]);
    crate::support::wait_for("a request", || (!emulator.requests().is_empty()).then_some(()));
    plan.signal("INT");
    ends(&plan.wait(), 130, "interrupted");
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_alone_and_holds_no_secret() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    for file in ["auditform.toml", "tenant.toml"] {
        world.write(file, crate::support::example("from-scratch", file));
    }
    let arguments = ["apply", "--auto-approve", "--json-into", "events.jsonl"];
    world.run(&arguments).ended(0);
    let path = world.path("events.jsonl");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let stream = fs::read_to_string(path).unwrap();
    assert_eq!(all(&events(&stream), "step_failed").len(), 0);
    let key = fs::read_to_string(world.path("certificates/auditor.pem"));
    let key = key.unwrap_or_else(|_| pem_below(&world));
    let secret = key.lines().skip_while(|line| !line.contains("PRIVATE KEY")).nth(2).unwrap();
    assert!(secret.len() > 40 && !stream.contains(secret));
    for mark in ["PRIVATE KEY", "eyJ", "Bearer", "client_assertion"] {
        assert!(!stream.contains(mark), "{mark}");
    }
}

/// The file with the key that an apply has made.
#[cfg(unix)]
fn pem_below(world: &World) -> String {
    let mut open = vec![world.path(".")];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|name| name == "auditor.pem") {
                return fs::read_to_string(path).unwrap();
            }
        }
    }
    String::new()
}
