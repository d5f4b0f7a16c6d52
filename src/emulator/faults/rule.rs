//! One `[[fault]]`: which requests it is about, how many of them it hits, and what happens to
//! those. Requests go in one by one; whether this one is hit comes out.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Method;
use globset::GlobMatcher;
use jiff::Timestamp;

use super::chance::draw;
use super::harm::Harm;
use super::subject::{Service, Subject, TokenDigest};
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
    /// Hits end so long after the first one.
    pub(super) lasting: Option<Duration>,
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

#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    all: u64,
    by_key: HashMap<String, u64>,
    first_hit: Option<Timestamp>,
    revoked: Option<HashSet<TokenDigest>>,
}

/// The tokens that were issued so far.
#[derive(Debug, Default)]
pub(super) struct Issued(Mutex<HashSet<TokenDigest>>);

impl Issued {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashSet<TokenDigest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Selector {
    pub(super) fn takes(&self, subject: &Subject, harm: Option<&Harm>) -> bool {
        let is_listed = || subject.identity.is_none() && harm.is_some_and(Harm::is_about_rows);
        let route = match &self.route {
            None => true,
            Some(Route::Of(service)) => *service == subject.service,
            Some(Route::Path(glob)) => glob.is_match(&subject.path),
        };
        route
            && self.method.as_ref().is_none_or(|method| *method == subject.method)
            && self.mailbox.is_none_or(|row| subject.mailbox == Some(row) || is_listed())
            && harm.is_none_or(|harm| harm.applies(subject))
            && self.cmdlet.as_ref().is_none_or(|name| {
                subject.cmdlet.as_ref().is_some_and(|sent| sent.eq_ignore_ascii_case(name))
            })
    }
}

impl Rule {
    /// Counts the request where the rule is about it, and says whether it is hit.
    pub(super) fn hits(&self, seed: u64, number: u64, subject: &Subject, now: Timestamp) -> bool {
        if !self.selector.takes(subject, self.harm.as_ref()) {
            return false;
        }
        let key = subject.key();
        let (all, own) = self.counts.next(&key);
        let count = if self.each { own } else { all };
        let in_turn =
            count > self.after && self.times.is_none_or(|times| count - self.after <= times);
        // By the request's own count: what else is under way does not change the draw.
        let drawn = |probability| draw(seed, number, &key, own) < probability;
        in_turn && self.probability.is_none_or(drawn) && self.still_lasts(now)
    }

    fn still_lasts(&self, now: Timestamp) -> bool {
        let first = self.counts.first_hit(now);
        let until = |lasting| first.saturating_add(lasting).unwrap_or(Timestamp::MAX);
        self.lasting.is_none_or(|lasting| now < until(lasting))
    }

    /// Whether the token of the request is one of those that had been issued at the first hit.
    pub(super) fn has_revoked(&self, subject: &Subject, issued: &Issued) -> bool {
        let mut counted = self.counts.lock();
        let revoked = counted.revoked.get_or_insert_with(|| issued.lock().clone());
        subject.bearer.is_some_and(|token| revoked.contains(&token))
    }
}

impl Counts {
    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first_hit(&self, now: Timestamp) -> Timestamp {
        *self.lock().first_hit.get_or_insert(now)
    }

    /// Which one this is, from 1: of all, and of its like.
    fn next(&self, key: &str) -> (u64, u64) {
        let mut counted = self.lock();
        counted.all += 1;
        let all = counted.all;
        let own = counted.by_key.entry(key.to_owned()).or_default();
        *own += 1;
        (all, *own)
    }
}
