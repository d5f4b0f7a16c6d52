//! What a run leaves behind: its journal, what `show` makes of it, and what it has to do with later plans.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::identity_chain::from_scratch;
use crate::support::front::{Front, Reply};
use crate::support::{Emulator, World, package, wait_for};

const THREE: &str = "[generate]\nmailboxes = 3\nseed = 2\ncompliant = 0.0\n\
                     [generate.types]\nUserMailbox = 1\n";

const AGE: &str = "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nlog_age_limit = 400\n";

fn journals(world: &World) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(world.path(".auditform/runs")) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn the_journal(world: &World) -> PathBuf {
    let journals = journals(world);
    assert_eq!(journals.len(), 1, "{journals:?}");
    journals.into_iter().next().unwrap()
}

fn lines(world: &World) -> Vec<Value> {
    let text = fs::read_to_string(the_journal(world)).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        assert_eq!(broken_rules(line), [""; 0], "{line}");
    }
    assert_eq!(crate::plan::broken_rules(&lines[1]["plan"]), [""; 0]);
    lines
}

/// What the published schema has against a line.
fn broken_rules(line: &Value) -> Vec<String> {
    let schema = serde_json::from_str(&package("schemas/journal.schema.json")).unwrap();
    let judge = jsonschema::draft202012::new(&schema).unwrap();
    judge.iter_errors(line).map(|error| error.to_string()).collect()
}

/// `change.request event` of each line about a request, in the order of the file.
fn transitions(lines: &[Value]) -> Vec<String> {
    let requests = lines.iter().filter(|line| line["type"] == "request");
    requests
        .map(|line| {
            format!("{}.{} {}", line["change"], line["request"], line["event"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn a_run_leaves_who_what_and_every_step_of_each_request() {
    let world = World::new();
    let emulator = Emulator::start(&world, THREE);
    let front = Front::before(&emulator.base_url, |_| Reply::Forward);
    world.spec_at(&front.url(), &emulator, AGE);
    let apply = ["apply", "--auto-approve", "--parallelism", "1"];
    world.run_with(&apply, &[("USER", "ada")]).ended(0);
    let lines = lines(&world);
    let (head, plan) = (&lines[0], &lines[1]);
    assert_eq!(head["type"], "run");
    assert_eq!(head["tenant_id"], emulator.tenant_id.as_str());
    assert_eq!((&head["actor"]["user"], &head["changes"]), (&"ada".into(), &3.into()));
    assert_eq!(head["digest"], plan["plan"]["digest"]);
    assert_eq!(plan["plan"]["patterns"][0]["before"]["log_age_limit"], "90.00:00:00");
    assert_eq!(plan["plan"]["patterns"][0]["after"]["log_age_limit"], "400.00:00:00");
    // Intents are written together, ahead of the requests.
    let intents = (0..3).map(|change| format!("{change}.0 intended"));
    let requests =
        (0..3).flat_map(|change| ["sent", "succeeded"].map(|event| format!("{change}.0 {event}")));
    assert_eq!(transitions(&lines), intents.chain(requests).collect::<Vec<_>>());
    let sent: Vec<&Value> = lines.iter().filter(|line| line["event"] == "sent").collect();
    let seen = front.seen();
    let arrived: Vec<&str> = seen
        .iter()
        .filter(|seen| seen.cmdlet() == "Set-Mailbox")
        .map(|seen| seen.header("client-request-id"))
        .collect();
    let told: Vec<&str> =
        sent.iter().map(|line| line["client_request_id"].as_str().unwrap()).collect();
    assert_eq!(told, arrived);
    let [read_back, ended] = &lines[lines.len() - 2..] else { unreachable!() };
    assert_eq!(read_back["changes"].to_string(), "[[0,2]]");
    assert_eq!((&read_back["verdict"], &ended["exit_code"]), (&"verified".into(), &0.into()));
}

#[test]
fn an_intent_is_in_the_journal_before_its_request_arrives() {
    let world = World::new();
    let emulator = Emulator::start(&world, &THREE.replace("= 3", "= 12"));
    let runs = world.path(".auditform/runs");
    let arrived = AtomicUsize::new(0);
    let late = Arc::new(Mutex::new(Vec::new()));
    let found = Arc::clone(&late);
    let front = Front::before(&emulator.base_url, move |seen| {
        if seen.cmdlet() == "Set-Mailbox" {
            arrived.fetch_add(1, Ordering::SeqCst);
            let guid = seen.parameters()["Identity"].as_str().unwrap().to_owned();
            let file = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path();
            let text = fs::read_to_string(file).unwrap();
            let plan: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
            let changes = plan["plan"]["changes"].as_array().unwrap();
            let change = changes.iter().position(|change| change["guid"] == guid.as_str()).unwrap();
            let intent = format!("\"change\":{change},\"request\":0,\"event\":\"intended\"");
            if !text.contains(&intent) {
                found.lock().unwrap().push(guid);
            }
        }
        Reply::Forward
    });
    world.spec_at(&front.url(), &emulator, AGE);
    world.run(&["apply", "--auto-approve"]).ended(0);
    assert_eq!(emulator.writes().len(), 12);
    assert_eq!(*late.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn show_tells_of_a_run_in_words_and_as_json() {
    let world = World::new();
    let emulator = Emulator::start(&world, THREE);
    world.spec(&emulator, AGE);
    world.run_with(&["apply", "--auto-approve"], &[("USER", "ada")]).ended(0);
    let shown = world.run(&["show", "latest", "--full"]).ended(0).stdout;
    assert_data_eq!(
        shown,
        str![[r#"
Run [..] of contoso.onmicrosoft.com (tenant [..])
  Started: [..]Z by ada on [..] (process [..]), Auditform 0.1.0
  Plan: sha256:[..], 3 changes, 3 requests
  Ended: [..]Z, exit code 0

  mailbox_audit.a["aisha.hughes@contoso.onmicrosoft.com"]: done, verified
  mailbox_audit.a["isaac.adeyemi@contoso.onmicrosoft.com"]: done, verified
  mailbox_audit.a["lukas.haddad@contoso.onmicrosoft.com"]: done, verified

Apply complete! 0 created, 3 changed, 0 deleted.
Read back and verified: 3 changes.

"#]]
    );
    let name = the_journal(&world).file_stem().unwrap().to_str().unwrap().to_owned();
    let document = world.run(&["show", &name, "--format", "json"]).ended(0).json();
    assert_eq!(document["run"], name.as_str());
    let states: Vec<&Value> =
        document["changes"].as_array().unwrap().iter().map(|change| &change["state"]).collect();
    assert_eq!(states, ["done"; 3]);
    assert_eq!(document["ended"]["exit_code"], 0);
}

#[test]
fn a_run_that_was_killed_says_which_change_is_in_doubt() {
    let world = World::new();
    let emulator = Emulator::start(&world, THREE);
    let (arrived, arrival) = std::sync::mpsc::channel();
    let writes = AtomicUsize::new(0);
    let front = Front::before(&emulator.base_url, move |seen| {
        let is_second =
            seen.cmdlet() == "Set-Mailbox" && writes.fetch_add(1, Ordering::SeqCst) == 1;
        if is_second { Reply::Withhold(arrived.clone()) } else { Reply::Forward }
    });
    world.spec_at(&front.url(), &emulator, AGE);
    let apply = world.spawn(&["apply", "--auto-approve", "--parallelism", "1"]);
    wait_for("the second write", || arrival.try_recv().ok());
    apply.signal("KILL");
    apply.wait().ended(128 + 9);
    let document = world.run(&["show", "latest", "--format", "json"]).ended(0).json();
    let states: Vec<&Value> =
        document["changes"].as_array().unwrap().iter().map(|change| &change["state"]).collect();
    // The third was about to be sent: its intent was on the disk already.
    assert_eq!(states, ["done", "in_doubt", "in_doubt"]);
    assert_eq!(document["ended"], Value::Null);
    let text = world.run(&["show", "latest"]).ended(0).stdout;
    assert!(text.contains("Not ended: it runs still, or it was cut off"), "{text}");
    assert!(
        text.contains("Apply interrupted. 0 created, 1 changed, 0 deleted, 2 in doubt."),
        "{text}"
    );
}

#[test]
fn what_failed_was_skipped_or_was_there_already_is_told_as_the_apply_told_it() {
    let world = World::new();
    let emulator =
        Emulator::start(&world, &format!("[tenant]\nunified_audit_log = false\n{THREE}"));
    let front = Front::before(&emulator.base_url, |seen| {
        let is_switch = seen.cmdlet() == "Set-AdminAuditLogConfig";
        if is_switch { Reply::new(400, &[], "{}") } else { Reply::Forward }
    });
    let switch = "[unified_audit_log]\ningestion = true\n";
    world.spec_at(&front.url(), &emulator, &format!("{switch}{AGE}"));
    let told = world.run(&["apply", "--auto-approve"]).ended(6).stdout;
    let (_, told) = told.split_once("failed:").unwrap();
    let (told, _) = told.rsplit_once("Note:").unwrap();
    let shown = world.run(&["show", "latest"]).ended(0).stdout;
    let (_, shown) = shown.split_once("failed:").unwrap();
    assert_eq!(shown, told);
    let lines = lines(&world);
    assert!(lines.iter().any(|line| line["outcome"] == "skipped"), "{lines:?}");
}

#[test]
fn the_schema_refuses_lines_that_no_journal_has() {
    let world = World::new();
    let emulator = Emulator::start(&world, THREE);
    world.spec(&emulator, AGE);
    world.run(&["apply", "--auto-approve"]).ended(0);
    let lines = lines(&world);
    let of = |sort: &str| lines.iter().find(|line| line["type"] == sort).unwrap();
    for (sort, member, wrong) in [
        ("run", "digest", json!("sha256:a5")),
        ("run", "format_version", json!("2.0")),
        ("run", "veto", json!("bob")),
        ("plan", "plan", json!("plan.json")),
        ("request", "type", json!("rollback")),
        ("request", "event", json!("imagined")),
        ("request", "change", json!(-1)),
        ("request", "attempt", json!(0)),
        ("request", "address", json!("mailbox.a")),
        ("read_back", "verdict", json!("sent")),
        ("read_back", "changes", json!([[0, 1, 2]])),
        ("ended", "exit_code", json!("0")),
    ] {
        let mut line = of(sort).clone();
        line[member] = wrong;
        assert_ne!(broken_rules(&line), [""; 0], "{line}");
    }
    for (sort, member) in [("run", "digest"), ("request", "event"), ("ended", "at")] {
        let mut line = of(sort).clone();
        line.as_object_mut().unwrap().remove(member).unwrap();
        assert_ne!(broken_rules(&line), [""; 0], "{line}");
    }
}

#[test]
fn where_no_journal_can_be_kept_nothing_is_written() {
    let world = World::new();
    let emulator = Emulator::start(&world, THREE);
    world.spec(&emulator, AGE);
    world.write(".auditform/.gitignore", "*\n");
    world.write(".auditform/runs", "a file where a directory should be");
    let refused = world.run(&["apply", "--auto-approve"]).ended(1);
    assert_eq!(emulator.writes(), []);
    assert!(refused.stderr.contains("error[unwritable-journal]"), "{}", refused.stderr);
}

#[test]
fn a_run_that_is_not_there_or_a_journal_that_was_edited_is_named() {
    let world = World::new();
    let nothing = world.run(&["show", "latest"]).ended(1);
    assert_data_eq!(
        nothing.stderr,
        str![[r"
error[unknown-run]: there is no run `latest`
 |
 = note: nothing was applied from here yet

"]]
    );
    let emulator = Emulator::start(&world, THREE);
    world.spec(&emulator, AGE);
    world.run(&["apply", "--auto-approve", "--parallelism", "1"]).ended(0);
    let path = the_journal(&world);
    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let typed = world.run(&["show", &name.replace('T', "t")]).ended(1);
    assert!(typed.stderr.contains(&format!("did you mean `{name}`?")), "{}", typed.stderr);
    let text = fs::read_to_string(&path).unwrap();
    let edited = |from: &str, to: &str| {
        world.write(&format!(".auditform/runs/{name}.jsonl"), text.replacen(from, to, 1));
        let said = world.run(&["show", "latest"]).ended(1);
        assert_eq!(said.stdout, "");
        said.stderr.lines().find(|line| line.contains("= note:")).unwrap().trim().to_owned()
    };
    assert_eq!(
        edited("\"succeeded\"", "\"invented\"").split(": unknown").next().unwrap(),
        "= note: line 7"
    );
    assert!(
        edited("400.00:00:00", "900.00:00:00")
            .contains("line 2: it was changed after it was saved")
    );
    assert!(
        edited("\"format_version\":\"1.0\"", "\"format_version\":\"7.0\"")
            .contains("its format is 7.0")
    );
    let for_runs = world.run(&["show", "plan.json", "--spec", "."]).ended(64);
    assert!(for_runs.stderr.contains("`--spec` is for runs, and this is a plan"), "{for_runs:?}");
    assert!(for_runs.stdout.is_empty());
    let for_plans = world.run(&["show", "latest", "--format", "html"]).ended(64);
    assert!(for_plans.stderr.contains("`--format html` is for plans"), "{}", for_plans.stderr);
}

#[test]
fn rules_that_are_looser_than_those_of_the_last_apply_come_first_in_every_view() {
    let world = World::new();
    let emulator = Emulator::start(&world, THREE);
    let check = "[[check]]\nname = \"on\"\norganization = { mailbox_auditing = true }\n";
    let strict = format!("{AGE}prevent = [\"weaken\"]\n[limits]\nweakening = 0\n{check}");
    world.spec(&emulator, &strict);
    world.run(&["apply", "--auto-approve"]).ended(0);
    let strict = world.run(&["plan"]).ended(0).stdout;
    assert!(!strict.contains("Looser"), "{strict}");
    world.spec(&emulator, &format!("{}[limits]\nweakening = 3\n", AGE.replace("400", "100")));
    let text = world.run(&["plan"]).ended(0).stdout;
    let (first, _) = text.split_once("\n\n").unwrap();
    assert_data_eq!(
        first,
        str![[r#"
! Looser than when this tenant was changed last ([..]Z, run
  [..]):
  - `prevent = ["weaken"]` of mailbox_audit.a is gone
  - `weakening` is raised from 0 to 3
  - `check.on` is gone
"#]]
    );
    for format in ["markdown", "html"] {
        let view = world.run(&["plan", "--format", format]).ended(0).stdout;
        let looser = view.find("Looser than when this tenant was changed last").unwrap();
        let losses = view.find("log_age_limit").unwrap();
        assert!(looser < losses, "{format}");
    }
    world.run(&["plan", "--out", "plan.json"]).ended(0);
    let applied = world.run(&["apply", "plan.json", "--auto-approve"]).ended(0).stdout;
    assert!(applied.contains("! Looser than when this tenant was changed last"), "{applied}");
    let now_usual = world.run(&["plan"]).ended(0).stdout;
    assert!(!now_usual.contains("Looser"), "{now_usual}");
}

#[test]
fn the_journal_of_a_saved_plan_names_the_digest_that_was_approved_and_holds_no_key() {
    let world = World::new();
    let emulator = Emulator::with(&world, THREE, &["--bootstrap-only"]);
    from_scratch(&world, &emulator.base_url, &emulator, &[]);
    let planned = world.run(&["plan", "--out", "plan.json"]).ended(0).stdout;
    let digest = planned.lines().rev().find_map(|line| line.split_once("sha256:")).unwrap().1;
    let digest = format!("sha256:{}", &digest[..64]);
    world.run(&["apply", "plan.json", "--auto-approve"]).ended(12);
    let head = &lines(&world)[0];
    let approved = head.get("approved_digest").unwrap_or(&head["digest"]);
    assert_eq!(approved.as_str().unwrap(), digest);
    let text = fs::read_to_string(the_journal(&world)).unwrap();
    for secret in ["PRIVATE KEY", "eyJ", "client_secret"] {
        assert!(!text.contains(secret), "{secret}");
    }
}
