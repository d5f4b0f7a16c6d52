//! What was done from a directory: its runs, and all that they have done to one object.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::support::front::{Front, Reply};
use crate::support::{Emulator, World, wait_for};

const THREE: &str = "[generate]\nmailboxes = 3\nseed = 2\ncompliant = 0.0\n\
                     [generate.types]\nUserMailbox = 1\n";

const AISHA: &str = "aisha.hughes@contoso.onmicrosoft.com";

fn age(days: u16) -> String {
    format!("[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nlog_age_limit = {days}\n")
}

/// A tenant that was set to 400 days, and then to 500 with one mailbox left out.
fn changed_twice() -> (World, Emulator) {
    let world = World::new();
    let emulator = Emulator::start(&world, THREE);
    world.spec(&emulator, &age(400));
    let by = |user| [("USER", user)];
    world.run_with(&["apply", "--auto-approve"], &by("ada")).ended(0);
    world.spec(&emulator, &age(500));
    let others = ["apply", "--auto-approve", "--exclude", "mailbox_audit.*[\"lukas*\"]"];
    world.run_with(&others, &by("bo")).ended(0);
    (world, emulator)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn runs_are_listed_with_who_what_and_how_they_ended_the_latest_first() {
    let (world, emulator) = changed_twice();
    let requests = emulator.requests().len();
    assert_data_eq!(
        world.run(&["history"]).ended(0).stdout,
        str![[r"
Run [..]: done (exit code 0)
  [..]Z by bo on [..] (process [..]), contoso.onmicrosoft.com
  2 changes, plan sha256:[..]

Run [..]: done (exit code 0)
  [..]Z by ada on [..] (process [..]), contoso.onmicrosoft.com
  3 changes, plan sha256:[..]

"]]
    );
    let listed = lines(&world.run(&["history", "--format", "json"]).ended(0).stdout);
    let told = |row: &Value| {
        json!([
            row["outcome"],
            row["exit_code"],
            row["head"]["actor"]["user"],
            row["head"]["changes"]
        ])
    };
    let told: Vec<Value> = listed.iter().map(told).collect();
    assert_eq!(told, [json!(["done", 0, "bo", 2]), json!(["done", 0, "ada", 3])]);
    assert_eq!(emulator.requests().len(), requests);
}

#[test]
fn a_run_that_has_not_ended_is_told_from_one_that_goes_on() {
    let world = World::new();
    let emulator = Emulator::start(&world, THREE);
    let (arrived, arrival) = std::sync::mpsc::channel();
    let front = Front::before(&emulator.base_url, move |seen| match seen.cmdlet() {
        "Set-Mailbox" => Reply::Swallow(arrived.clone()),
        _ => Reply::Forward,
    });
    world.spec_at(&front.url(), &emulator, &age(400));
    let nothing = world.run(&["history"]).ended(0);
    assert_eq!(nothing.stdout, "Nothing was applied from here yet.\n");
    let apply = world.spawn(&["apply", "--auto-approve"]);
    wait_for("the write", || arrival.try_recv().ok());
    let outcome = || {
        let listed = lines(&world.run(&["history", "--format", "json"]).ended(0).stdout);
        listed[0]["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome(), "under_way");
    apply.signal("KILL");
    apply.wait().ended(128 + 9);
    assert_eq!(outcome(), "cut_off");
    world.spec(&emulator, &age(400));
    world.run(&["apply", "--auto-approve", "--abandon"]).ended(0);
    let listed = world.run(&["history"]).ended(0).stdout;
    let (latest, before) = listed.split_once("\n\n").unwrap();
    assert!(latest.contains(": done (exit code 0)"), "{listed}");
    assert!(before.contains(": given up at "), "{listed}");
}

#[test]
fn all_that_was_done_to_one_mailbox_is_told_by_name_guid_or_pattern() {
    let (world, _emulator) = changed_twice();
    let told = world.run(&["history", "--address", AISHA]).ended(0).stdout;
    assert_data_eq!(
        &told,
        str![[r#"
Run [..] at [..]Z by bo on [..] (process [..])
  mailbox_audit.a["aisha.hughes@contoso.onmicrosoft.com"]: done, verified
      ~ log_age_limit = "400.00:00:00" -> "500.00:00:00"
      [..]Z request 1 intended
      [..]Z request 1 sent, client request id [..]
      [..]Z request 1 succeeded, request id [..]
      [..]Z read back: verified

Run [..] at [..]Z by ada on [..] (process [..])
  mailbox_audit.a["aisha.hughes@contoso.onmicrosoft.com"]: done, verified
      ~ log_age_limit = "90.00:00:00" -> "400.00:00:00"
      [..]Z request 1 intended
      [..]Z request 1 sent, client request id [..]
      [..]Z request 1 succeeded, request id [..]
      [..]Z read back: verified

"#]]
    );
    let json = world.run(&["history", "--address", AISHA, "--format", "json"]).ended(0).stdout;
    let runs = lines(&json);
    let change = &runs[0]["changes"][0];
    assert_eq!((runs.len(), &change["before"]["log_age_limit"]), (2, &json!("400.00:00:00")));
    assert_eq!(
        (&change["after"]["log_age_limit"], &change["state"]),
        (&json!("500.00:00:00"), &json!("done"))
    );
    assert_eq!(change["records"].as_array().unwrap().len(), 4);
    let guid = change["guid"].as_str().unwrap();
    for same in [guid, "Aisha.*@contoso*", &format!("mailbox_audit.a[\"{AISHA}\"]")] {
        assert_eq!(world.run(&["history", "--address", same]).ended(0).stdout, told, "{same}");
    }
    let lukas = world.run(&["history", "--address", "lukas*@*"]).ended(0).stdout;
    assert_eq!(lukas.matches("Run ").count(), 1, "{lukas}");
    let nobody = world.run(&["history", "--address", "eve@contoso.com"]).ended(0).stdout;
    assert_eq!(nobody, "No run from here was about it.\n");
    let wrong = world.run(&["history", "--address", "mailbox_audits.a"]).ended(64);
    assert!(wrong.stderr.contains("did you mean `mailbox_audit`?"), "{}", wrong.stderr);
}

#[test]
fn a_history_with_a_journal_that_cannot_be_read_is_none_and_the_list_says_which() {
    let (world, _emulator) = changed_twice();
    let mut files: Vec<_> = fs::read_dir(world.path(".auditform/runs"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let text = fs::read_to_string(world.path(&format!(".auditform/runs/{}", files[0]))).unwrap();
    let file = format!(".auditform/runs/{}", files[0]);
    world.write(&file, text.replacen("\"event\":\"sent\"", "\"event\":\"lost\"", 1));
    let stopped = world.run(&["history", "--address", AISHA]).ended(1);
    assert_eq!(stopped.stdout, "");
    assert!(stopped.stderr.contains("error[unreadable-journal]"), "{}", stopped.stderr);
    world.write(&file, text.replacen("{\"type\":\"run\"", "{\"type\":\"ran\"", 1));
    let listed = world.run(&["history"]).ended(0).stdout;
    assert!(listed.contains(": unreadable\n  it is no journal: "), "{listed}");
    assert_eq!(listed.matches("done (exit code 0)").count(), 1, "{listed}");
    // Nothing was begun by a run whose first line broke off.
    world.write(&file, "{\"type\":\"run\"");
    assert_eq!(
        world.run(&["history", "--address", AISHA]).ended(0).stdout.matches("Run ").count(),
        1
    );
}
