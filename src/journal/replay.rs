//! Reads the lines of a run back. A last line without its end was being written when the run broke
//! off; it is left out. Anything else that cannot be read, or cannot have happened, is an error that
//! names the line: a journal is believed as a whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};

use jiff::Timestamp;

use super::lines::Lines;
use super::record::{
    Actor, FORMAT_VERSION, Head, PlanLine, Record, RequestKey, Settled, Transition, WaitsFor,
};
use super::transition::{Event, State};

/// A run as its journal tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The first line.
    pub head: Head,
    /// Where the plan's own text stands in the file: first byte and length. `None` where the run broke
    /// off before the plan was written, so that nothing of it was begun.
    pub plan: Option<(u64, u64)>,
    /// What has become of its requests and changes.
    pub replay: Replay,
    /// Everybody who took it up again, with the time.
    pub resumed: Vec<(Timestamp, Actor)>,
    /// How it ended last, if it did.
    pub ended: Option<Ended>,
    /// Nobody goes on with it.
    pub abandoned: Option<Abandoned>,
    /// The last line was being written when the run broke off.
    pub is_torn: bool,
    /// Bytes up to the end of the last whole line.
    pub whole: u64,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// With which exit code.
    pub exit_code: u8,
    /// Something was left that can be gone on with.
    pub unfinished: bool,
}

/// How a run was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandoned {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// The run that takes back what this one did, where it was closed for that.
    pub undone_by: Option<String>,
}

/// What has become of the requests and changes of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replay {
    requests: BTreeMap<RequestKey, State>,
    settled: BTreeMap<u32, SettledChange>,
    was_read_back: bool,
    /// Changes in doubt that reading back did not show yet: their state says no more than the doubt.
    not_visible: BTreeSet<u32>,
    failures: BTreeMap<RequestKey, Transition>,
}

/// A change of which nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledChange {
    /// What became of it.
    pub outcome: Settled,
    /// Why it is stale, in words.
    pub reason: Option<String>,
    /// What it was skipped for.
    pub waits_for: Option<WaitsFor>,
}

/// A line that tells of something that cannot have happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreplayable {
    /// No request in that state goes through that.
    #[error("request {} of change {} was {}, so it cannot be {}", key.request, key.change, state.name(), event.name())]
    Transition {
        /// The request.
        key: RequestKey,
        /// Where it stood.
        state: State,
        /// What cannot happen there.
        event: Event,
    },
    /// The plan has no such change.
    #[error("it speaks of change {0}, and the plan has none at that place")]
    NoSuchChange(u32),
    /// Only what reading back can show is a verdict.
    #[error("`{}` is not what reading back can show", .0.name())]
    NoVerdict(Event),
}

/// Why a file is not the journal of a run.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is empty, or its first line broke off: nothing was begun.
    #[error("it broke off in its first line, so nothing of the run was begun")]
    NotBegun,
    /// The first line is not that of a journal.
    #[error("it is no journal: {0}")]
    NotAJournal(String),
    /// A newer release wrote it.
    #[error("its format is {0}, and this release reads up to {FORMAT_VERSION}")]
    TooNew(String),
    /// A line cannot be read, or cannot have happened.
    #[error("line {line}: {reason}")]
    Line {
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
}

impl Replay {
    /// Takes one record about the changes of a plan that has so many.
    pub fn take(&mut self, record: &Record, changes: u64) -> Result<(), Unreplayable> {
        let exists = |change: u32| {
            (u64::from(change) < changes).then_some(()).ok_or(Unreplayable::NoSuchChange(change))
        };
        match record {
            Record::Request(transition) => {
                exists(transition.key.change)?;
                self.request(transition.key, transition.event)?;
                self.keep_reason(transition);
            }
            Record::Change { change, outcome, reason, waits_for, .. } => {
                exists(*change)?;
                let (reason, waits_for) = (reason.clone(), *waits_for);
                self.settled
                    .insert(*change, SettledChange { outcome: *outcome, reason, waits_for });
            }
            Record::ReadBack { verdict, changes, .. } => {
                if !matches!(verdict, Event::Verified | Event::Pending | Event::Refuted) {
                    return Err(Unreplayable::NoVerdict(*verdict));
                }
                self.was_read_back = true;
                for (first, last) in changes {
                    exists(*last)?;
                    self.read_back(*verdict, *first, *last)?;
                }
            }
            Record::Resumed { .. } => self.resume(),
            Record::Ended { .. } | Record::Abandoned { .. } => {}
        }
        Ok(())
    }

    /// Doubts what had not ended, and forgets what was left out, since it is looked at anew.
    pub fn resume(&mut self) {
        for state in self.requests.values_mut() {
            *state = state.after(Event::Resumed).unwrap_or(*state);
        }
        self.settled.clear();
    }

    fn request(&mut self, key: RequestKey, event: Event) -> Result<(), Unreplayable> {
        let state = self.requests.entry(key).or_default();
        match state.after(event) {
            Some(next) => *state = next,
            None => return Err(Unreplayable::Transition { key, state: *state, event }),
        }
        if matches!(event, Event::Verified | Event::Refuted) {
            self.not_visible.remove(&key.change);
        }
        Ok(())
    }

    fn keep_reason(&mut self, transition: &Transition) {
        match transition.event {
            Event::Failed | Event::InDoubt => {
                self.failures.insert(transition.key, transition.clone());
            }
            Event::Succeeded | Event::Intended | Event::Verified => {
                self.failures.remove(&transition.key);
            }
            _ => {}
        }
    }

    fn read_back(&mut self, verdict: Event, first: u32, last: u32) -> Result<(), Unreplayable> {
        let ends = [first, last].map(|change| RequestKey { change, request: 0 });
        let end = RequestKey { request: u8::MAX, ..ends[1] };
        for (key, state) in self.requests.range_mut(ends[0]..=end) {
            // A request that failed has nothing to show, whatever others of its change did.
            if matches!(state, State::Failed | State::Planned) {
                continue;
            }
            if *state == State::InDoubt && verdict == Event::Pending {
                self.not_visible.insert(key.change);
            } else {
                self.not_visible.remove(&key.change);
            }
            let Some(next) = state.after(verdict) else {
                return Err(Unreplayable::Transition { key: *key, state: *state, event: verdict });
            };
            *state = next;
            if next == State::Verified {
                self.failures.remove(key);
            }
        }
        Ok(())
    }

    /// Where a request stands.
    pub fn state(&self, key: RequestKey) -> State {
        self.requests.get(&key).copied().unwrap_or_default()
    }

    /// Changes of which nothing was sent, by place.
    pub fn settled(&self) -> impl Iterator<Item = (u32, &SettledChange)> {
        self.settled.iter().map(|(change, settled)| (*change, settled))
    }

    /// Whether the object of a change was deleted meanwhile.
    pub fn is_gone(&self, change: u32) -> bool {
        self.settled.get(&change).is_some_and(|settled| settled.outcome == Settled::Gone)
    }

    /// Whether a change is in doubt and reading back did not show it yet.
    pub fn is_not_visible(&self, change: u32) -> bool {
        self.not_visible.contains(&change)
    }

    /// Whether anything was read back.
    pub fn was_read_back(&self) -> bool {
        self.was_read_back
    }

    /// The last failure of each request that failed or is in doubt.
    pub fn failures(&self) -> impl Iterator<Item = &Transition> {
        self.failures.values()
    }
}

impl Run {
    /// Reads the lines of a run.
    pub fn read(lines: &mut dyn BufRead) -> Result<Self, Unreadable> {
        Self::read_each(lines, &mut |_| {})
    }

    /// The same, handing on each line after the plan.
    pub fn read_each(
        lines: &mut dyn BufRead,
        each: &mut dyn FnMut(&Record),
    ) -> Result<Self, Unreadable> {
        let mut lines = Lines::of(lines);
        let mut run = match lines.next()? {
            Some(line) => Self::begin(line)?,
            None => return Err(Unreadable::NotBegun),
        };
        run.whole = lines.at;
        let begins = lines.at + PlanLine::BEFORE.len() as u64;
        if let Some(length) = lines.plan()? {
            run.plan = Some((begins, length));
            run.whole = lines.at;
        }
        while let Some(line) = lines.next()? {
            let record: Record =
                serde_json::from_slice(line).map_err(|error| lines.wrong(&error.to_string()))?;
            each(&record);
            run.take(record).map_err(|error| lines.wrong(&error.to_string()))?;
            run.whole = lines.at;
        }
        run.is_torn = !lines.line.is_empty();
        Ok(run)
    }

    /// Reads the first line alone.
    pub fn read_head(lines: &mut dyn BufRead) -> Result<Head, Unreadable> {
        let mut lines = Lines::of(lines);
        match lines.next()? {
            Some(line) => Ok(Self::begin(line)?.head),
            None => Err(Unreadable::NotBegun),
        }
    }

    fn begin(line: &[u8]) -> Result<Self, Unreadable> {
        #[derive(serde::Deserialize)]
        struct Kind {
            r#type: String,
            format_version: String,
        }
        let not_ours = |error: serde_json::Error| Unreadable::NotAJournal(error.to_string());
        let kind: Kind = serde_json::from_slice(line).map_err(not_ours)?;
        if kind.r#type != "run" {
            let reason = format!("it begins with `{}`, not with `run`", kind.r#type);
            return Err(Unreadable::NotAJournal(reason));
        }
        let major = |version: &str| version.split('.').next().map(str::to_owned);
        if major(&kind.format_version) != major(FORMAT_VERSION) {
            return Err(Unreadable::TooNew(kind.format_version));
        }
        Ok(Self {
            head: serde_json::from_slice(line).map_err(not_ours)?,
            plan: None,
            replay: Replay::default(),
            resumed: Vec::new(),
            ended: None,
            abandoned: None,
            is_torn: false,
            whole: 0,
        })
    }

    fn take(&mut self, record: Record) -> Result<(), Unreplayable> {
        self.replay.take(&record, self.head.changes)?;
        match record {
            Record::Resumed { at, actor } => {
                self.resumed.push((at, actor));
                self.ended = None;
            }
            Record::Ended { at, exit_code, unfinished } => {
                self.ended = Some(Ended { at, exit_code, unfinished });
            }
            Record::Abandoned { at, actor, undone_by } => {
                self.abandoned = Some(Abandoned { at, actor, undone_by });
            }
            Record::Request(_) | Record::Change { .. } | Record::ReadBack { .. } => {}
        }
        Ok(())
    }

    /// Whether something was left that can be gone on with, and nobody has given it up.
    pub fn is_unfinished(&self) -> bool {
        self.abandoned.is_none() && self.ended.as_ref().is_none_or(|ended| ended.unfinished)
    }
}

#[cfg(test)]
mod tests;
