//! What lines are believed, and what becomes of those that are not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

use super::*;

const HEAD: &str = r#"{"type":"run","format_version":"1.0","run":"20261123T100000Z-0a1b2c","tenant_id":"3f2a1c00-0000-0000-0000-000000000000","organization":"contoso.onmicrosoft.com","started_at":"2026-11-23T10:00:00Z","tool_version":"0.1.0","actor":{"process":7},"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","changes":2,"requests":3,"safeguards":{"limits":{"minimum_population":10},"prevents":[],"canary":null,"allowances":[]}}"#;
const PLAN: &str = r#"{"type":"plan","plan":{"a":1}}"#;

fn event(change: u32, request: u8, event: &str) -> String {
    format!(
        r#"{{"type":"request","at":"2026-11-23T10:00:01Z","change":{change},"request":{request},"event":"{event}"}}"#
    )
}

fn lines(rest: &[String]) -> String {
    let all: Vec<&str> = [HEAD, PLAN].into_iter().chain(rest.iter().map(String::as_str)).collect();
    all.join("\n") + "\n"
}

fn read(text: &str) -> Result<Run, Unreadable> {
    Run::read(&mut text.as_bytes())
}

fn key(change: u32, request: u8) -> RequestKey {
    RequestKey { change, request }
}

#[test]
fn a_run_is_read_back_with_the_place_of_its_plan() {
    let text = lines(&[
        event(0, 0, "intended"),
        event(0, 0, "sent"),
        event(0, 0, "succeeded"),
        event(1, 0, "intended"),
    ]);
    let run = read(&text).unwrap();
    let (start, length) = run.plan.unwrap();
    let plan = &text[usize::try_from(start).unwrap()..][..usize::try_from(length).unwrap()];
    assert_eq!(plan, r#"{"a":1}"#);
    let states = [key(0, 0), key(1, 0), key(1, 1)].map(|key| run.replay.state(key));
    assert_eq!(states, [State::Succeeded, State::Intended, State::Planned]);
    assert_eq!((run.is_torn, run.whole, run.ended), (false, text.len() as u64, None));
}

#[test]
fn the_line_that_was_being_written_is_left_out() {
    let whole = lines(&[event(0, 0, "intended")]);
    let sent = event(0, 0, "sent");
    for cut in 1..=sent.len() {
        let run = read(&format!("{whole}{}", &sent[..cut])).unwrap();
        assert_eq!(run.replay.state(key(0, 0)), State::Intended);
        assert_eq!((run.is_torn, run.whole), (true, whole.len() as u64));
    }
}

#[test]
fn any_prefix_of_a_run_is_a_run_or_one_that_was_not_begun() {
    let text = lines(&[
        event(0, 0, "intended"),
        event(0, 0, "sent"),
        event(0, 0, "in_doubt"),
        r#"{"type":"read_back","at":"2026-11-23T10:00:02Z","verdict":"verified","changes":[[0,0]]}"#
            .to_owned(),
        r#"{"type":"ended","at":"2026-11-23T10:00:03Z","exit_code":6}"#.to_owned(),
    ]);
    for cut in 0..=text.len() {
        match read(&text[..cut]) {
            Ok(run) => assert!(run.plan.is_some() || cut < HEAD.len() + PLAN.len() + 2),
            Err(Unreadable::NotBegun) => assert!(cut <= HEAD.len(), "{cut}"),
            Err(error) => panic!("{cut}: {error}"),
        }
    }
}

#[test]
fn a_line_that_cannot_have_happened_is_named_with_its_number() {
    let again = lines(&[event(0, 0, "intended"), event(0, 0, "succeeded"), event(0, 0, "sent")]);
    let elsewhere = lines(&[event(2, 0, "intended")]);
    let damaged = lines(&["{\"type\":\"req".to_owned(), event(0, 0, "intended")]);
    let verdict =
        r#"{"type":"read_back","at":"2026-11-23T10:00:02Z","verdict":"sent","changes":[[0,0]]}"#;
    let words = [again, elsewhere, damaged, lines(&[verdict.to_owned()])]
        .map(|text| read(&text).unwrap_err().to_string());
    assert_eq!(
        words,
        [
            "line 5: request 0 of change 0 was succeeded, so it cannot be sent",
            "line 3: it speaks of change 2, and the plan has none at that place",
            "line 3: EOF while parsing a string at line 1 column 12",
            "line 3: `sent` is not what reading back can show",
        ]
    );
}

#[test]
fn a_file_that_is_no_journal_or_a_newer_one_is_told_from_a_broken_one() {
    let newer = HEAD.replace(r#""format_version":"1.0""#, r#""format_version":"2.0""#) + "\n";
    let later = HEAD.replace(r#""format_version":"1.0""#, r#""format_version":"1.7""#) + "\n";
    assert_eq!(
        read(&newer).unwrap_err().to_string(),
        "its format is 2.0, and this release reads up to 1.0"
    );
    assert!(read(&later).is_ok());
    assert!(matches!(read("{}\n"), Err(Unreadable::NotAJournal(_))));
    assert!(matches!(read("[tenant]\n"), Err(Unreadable::NotAJournal(_))));
    assert!(matches!(read(""), Err(Unreadable::NotBegun)));
    let unplanned = format!("{HEAD}\n{}\n", event(0, 0, "intended"));
    assert_eq!(
        read(&unplanned).unwrap_err().to_string(),
        "line 2: it should hold the plan that the run carries out"
    );
}

#[test]
fn a_run_that_is_taken_up_again_doubts_what_had_not_ended_and_has_no_end_yet() {
    let text = lines(&[
        event(0, 0, "intended"),
        r#"{"type":"ended","at":"2026-11-23T10:00:03Z","exit_code":130}"#.to_owned(),
        r#"{"type":"resumed","at":"2026-11-23T11:00:03Z","actor":{"process":8}}"#.to_owned(),
    ]);
    let run = read(&text).unwrap();
    assert_eq!(run.replay.state(key(0, 0)), State::InDoubt);
    assert_eq!((run.ended, run.resumed.len()), (None, 1));
}
