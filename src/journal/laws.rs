//! Laws of journals, on runs at random: broken off at any byte a journal is that of a run, or of one that
//! was not begun; and whoever goes on with it by what it tells never sends again what the service has
//! said to be done.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const CHANGES: u32 = 4;
const REQUESTS: u8 = 2;
const HEAD: &str = r#"{"type":"run","format_version":"1.0","run":"20261123T100000000Z-0a1b2c","tenant_id":"3f2a1c00-0000-0000-0000-000000000000","organization":"contoso.onmicrosoft.com","started_at":"2026-11-23T10:00:00Z","tool_version":"0.1.0","actor":{"process":7},"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","changes":4,"requests":8,"safeguards":{"limits":{"minimum_population":10},"prevents":[],"canary":null,"allowances":[]}}"#;
const PLAN: &str = r#"{"type":"plan","plan":{"changes":[0,1,2,3]}}"#;

fn keys() -> impl Iterator<Item = RequestKey> {
    (0..CHANGES).flat_map(|change| (0..REQUESTS).map(move |request| RequestKey { change, request }))
}

fn actor() -> Actor {
    Actor { user: None, host: None, process: 1 }
}

/// Someone who writes a journal: what happens is drawn, and is held to nothing but what can happen.
struct Writer {
    text: Vec<u8>,
    replay: Replay,
    is_over: bool,
}

impl Writer {
    fn new() -> Self {
        let text = format!("{HEAD}\n{PLAN}\n").into_bytes();
        Self { text, replay: Replay::default(), is_over: false }
    }

    fn line(&mut self, record: &Record) {
        self.replay.take(record, u64::from(CHANGES)).unwrap();
        serde_json::to_writer(&mut self.text, record).unwrap();
        self.text.push(b'\n');
    }

    fn event(&mut self, key: RequestKey, event: Event) {
        self.line(&Record::Request(Transition::of(jiff::Timestamp::UNIX_EPOCH, key, event)));
    }

    /// One draw, one line or none.
    fn draw(&mut self, draw: u16) {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let (kind, change) = (draw % 16, u32::from(draw >> 4) % CHANGES);
        let (request, choice) = (u8::from((draw >> 6) & 1 == 1), usize::from(draw >> 7));
        match kind {
            0 => self.line(&Record::Resumed { at, actor: actor() }),
            1 => {
                let unfinished = choice.is_multiple_of(2);
                self.line(&Record::Ended { at, exit_code: 130, unfinished });
            }
            2 if choice > 440 => {
                self.line(&Record::Abandoned { at, actor: actor(), undone_by: None });
                self.is_over = true;
            }
            3 => {
                let outcome = [Settled::AlreadyThere, Settled::Stale, Settled::Skipped][choice % 3];
                let (address, reason) = (String::new(), None);
                let waits_for = None;
                self.line(&Record::Change { at, change, address, outcome, reason, waits_for });
            }
            4 | 5 => self.read_back(change, choice),
            _ => {
                let key = RequestKey { change, request };
                let state = self.replay.state(key);
                // Who goes on never sends what is done, whatever reading back showed.
                let can = |event: &Event| {
                    *event != Event::Resumed
                        && state.after(*event).is_some()
                        && (*event != Event::Intended || state.standing() == Standing::Open)
                };
                let events: Vec<Event> = Event::ALL.into_iter().filter(can).collect();
                self.event(key, events[choice % events.len()]);
            }
        }
    }

    /// Nothing is under way while it is read back, and then any verdict may come.
    fn read_back(&mut self, first: u32, choice: usize) {
        let verdict = [Event::Verified, Event::Pending, Event::Refuted][choice % 3];
        let last = (first + u32::from(choice.is_multiple_of(2))).min(CHANGES - 1);
        let is_idle =
            |key: RequestKey| !matches!(self.replay.state(key), State::Intended | State::Sent);
        if keys().filter(|key| (first..=last).contains(&key.change)).all(is_idle) {
            let at = jiff::Timestamp::UNIX_EPOCH;
            self.line(&Record::ReadBack { at, verdict, changes: vec![(first, last)] });
        }
    }
}

/// The journal of a run at random.
fn journal() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u16>(), 0..80).prop_map(|draws| {
        let mut writer = Writer::new();
        for draw in draws {
            if !writer.is_over {
                writer.draw(draw);
            }
        }
        writer.text
    })
}

/// What the whole lines of a text say to be done, read without the replay.
fn said_to_be_done(text: &[u8]) -> BTreeSet<RequestKey> {
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let lines = text[..whole].split(|byte| *byte == b'\n').skip(2).filter(|line| !line.is_empty());
    let done = lines.filter_map(|line| match serde_json::from_slice(line).unwrap() {
        Record::Request(Transition { key, event: Event::Succeeded, .. }) => Some(key),
        _ => None,
    });
    done.collect()
}

/// Goes on with a run as `--resume` does: doubts end as the tenant shows, what is open is sent.
fn gone_on(text: &[u8], run: &Run, shown: u8) -> (Vec<u8>, BTreeSet<RequestKey>) {
    let text = text[..usize::try_from(run.whole).unwrap()].to_vec();
    let mut writer = Writer { text, replay: run.replay.clone(), is_over: false };
    writer.line(&Record::Resumed { at: jiff::Timestamp::UNIX_EPOCH, actor: actor() });
    for (place, key) in keys().enumerate() {
        if writer.replay.state(key).standing() == Standing::InDoubt {
            let event = if shown >> place & 1 == 1 { Event::Verified } else { Event::Refuted };
            writer.event(key, event);
        }
    }
    let open = |key: &RequestKey| writer.replay.state(*key).standing() == Standing::Open;
    let sent: BTreeSet<RequestKey> = keys().filter(open).collect();
    for key in &sent {
        for event in [Event::Intended, Event::Sent, Event::Succeeded] {
            writer.event(*key, event);
        }
    }
    let at = jiff::Timestamp::UNIX_EPOCH;
    let changes = vec![(0, CHANGES - 1)];
    writer.line(&Record::ReadBack { at, verdict: Event::Verified, changes });
    writer.line(&Record::Ended { at, exit_code: 0, unfinished: false });
    (writer.text, sent)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_journal_that_breaks_off_anywhere_is_gone_on_with_and_nothing_that_is_done_is_sent_again(
        text in journal(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 3),
        shown in any::<u8>(),
    ) {
        for cut in cuts.iter().map(|cut| cut.index(text.len() + 1)).chain([text.len()]) {
            let prefix = &text[..cut];
            let run = match Run::read(&mut &prefix[..]) {
                Ok(run) => run,
                Err(Unreadable::NotBegun) => {
                    prop_assert!(cut <= HEAD.len());
                    continue;
                }
                Err(error) => return Err(TestCaseError::fail(format!("{cut}: {error}"))),
            };
            prop_assert_eq!(run.is_torn, run.plan.is_some() && !prefix.ends_with(b"\n"));
            let done = said_to_be_done(prefix);
            if run.plan.is_none() {
                prop_assert!(cut <= HEAD.len() + PLAN.len() + 1);
                continue;
            }
            let mut doubted = run.replay.clone();
            doubted.resume();
            for key in keys() {
                let state = doubted.state(key);
                prop_assert!(!matches!(state, State::Intended | State::Sent));
                prop_assert_eq!(state.standing(), run.replay.state(key).standing());
            }
            let (text, sent) = gone_on(prefix, &run, shown);
            prop_assert!(sent.is_disjoint(&done), "{:?} again, {:?} done", sent, done);
            let end = Run::read(&mut &text[..]).unwrap();
            prop_assert!(keys().all(|key| end.replay.state(key) == State::Verified));
            prop_assert_eq!((end.is_torn, end.whole), (false, text.len() as u64));
        }
    }
}
