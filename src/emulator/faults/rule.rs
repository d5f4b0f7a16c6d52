//! One `[[fault]]`: which requests it is about, how many of them it hits, and what happens to
//! those. Requests go in one by one; whether this one is hit comes out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use globset::GlobMatcher;

use super::bodies::Shape;
use super::chance::draw;
use super::subject::{Service, Subject};
use crate::emulator::directory::Row;

/// A rule and what it has counted so far.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) selector: Selector,
    /// So many matching requests go unharmed first.
    pub(super) after: u64,
    /// Then so many are hit; none means all.
    pub(super) times: Option<u64>,
    /// `after` and `times` count each request by itself: by mailbox, cmdlet and path.
    pub(super) each: bool,
    pub(super) probability: Option<f64>,
    pub(super) latency: Duration,
    pub(super) harm: Option<Harm>,
    pub(super) counts: Counts,
}

/// Which requests a rule is about; what is absent does not matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Selector {
    pub(super) route: Option<Route>,
    pub(super) method: Option<Method>,
    pub(super) cmdlet: Option<String>,
    pub(super) mailbox: Option<Row>,
}

#[derive(Clone, Debug)]
pub(super) enum Route {
    Of(Service),
    Path(GlobMatcher),
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Another answer than the service's.
    Answer { shape: Shape, when: When },
}

/// On which side of the effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// The service never sees the request.
    Before,
    /// The service has done it, and its answer is lost.
    After,
}

#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    all: u64,
    by_key: HashMap<String, u64>,
}

impl Harm {
    /// As the file names it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Answer { shape, when: When::Before } => {
                format!("answer {}", shape.status.as_u16())
            }
            Self::Answer { shape, when: When::After } => {
                format!("answer {} after", shape.status.as_u16())
            }
        }
    }
}

impl Selector {
    pub(super) fn takes(&self, subject: &Subject) -> bool {
        let route = match &self.route {
            None => true,
            Some(Route::Of(service)) => *service == subject.service,
            Some(Route::Path(glob)) => glob.is_match(&subject.path),
        };
        route
            && self.method.as_ref().is_none_or(|method| *method == subject.method)
            && self.mailbox.is_none_or(|row| subject.mailbox == Some(row))
            && self.cmdlet.as_ref().is_none_or(|name| {
                subject.cmdlet.as_ref().is_some_and(|sent| sent.eq_ignore_ascii_case(name))
            })
    }
}

impl Rule {
    /// Counts the request where the rule is about it, and says whether it is hit.
    pub(super) fn hits(&self, seed: u64, number: u64, subject: &Subject) -> bool {
        if !self.selector.takes(subject) {
            return false;
        }
        let key = subject.key();
        let (all, own) = self.counts.next(&key);
        let count = if self.each { own } else { all };
        let in_turn =
            count > self.after && self.times.is_none_or(|times| count - self.after <= times);
        // By the request's own count: what else is under way does not change the draw.
        let drawn = |probability| draw(seed, number, &key, own) < probability;
        in_turn && self.probability.is_none_or(drawn)
    }
}

impl Counts {
    /// Which one this is, from 1: of all, and of its like.
    fn next(&self, key: &str) -> (u64, u64) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.all += 1;
        let all = counted.all;
        let own = counted.by_key.entry(key.to_owned()).or_default();
        *own += 1;
        (all, *own)
    }
}
