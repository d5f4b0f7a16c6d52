//! How many requests of a class may be under way at once: additive increase, multiplicative decrease.
//! Pure, like `pace`; instants are durations since the class began.

use std::time::Duration;

/// So many are under way at once before anything is known.
const FIRST: usize = 8;
/// How long a number at which the service said "too many at once" is not tried again, at first.
const KEPT: Duration = Duration::from_secs(15);
const LONGEST_KEPT: Duration = Duration::from_secs(240);

/// Why the number goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressure {
    /// 429 or 503: too much, in whatever way.
    Load,
    /// Too many at once, in the service's words.
    Concurrency,
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    ceiling: usize,
    limit: usize,
    /// No refusal was seen yet: every answer makes room for one more, which doubles the number with
    /// each round trip.
    is_opening: bool,
    /// Answers since the last increase.
    answered: usize,
    /// Refusals of requests that left before this are about the number as it was before.
    since: Duration,
    /// The number that was too many, and until when it is not tried again.
    too_many: Option<(usize, Duration)>,
    kept: Duration,
}

impl Window {
    /// `ceiling` is what the user allows.
    pub(crate) fn new(ceiling: usize) -> Self {
        let ceiling = ceiling.max(1);
        Self {
            ceiling,
            limit: ceiling.min(FIRST),
            is_opening: true,
            answered: 0,
            since: Duration::ZERO,
            too_many: None,
            kept: KEPT,
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// A request was answered without complaint.
    pub(crate) fn admitted(&mut self, now: Duration) {
        self.answered += 1;
        let is_due = self.is_opening || self.answered >= self.limit;
        let bound = match self.too_many {
            Some((number, until)) if now < until => number.saturating_sub(1).max(1),
            _ => self.ceiling,
        };
        if is_due && self.limit < bound.min(self.ceiling) {
            self.limit += 1;
            self.answered = 0;
        }
    }

    /// A request that had left at `sent` was refused; whether that tells anything new.
    pub(crate) fn refused(&mut self, now: Duration, sent: Duration, pressure: Pressure) -> bool {
        if sent < self.since {
            return false;
        }
        if pressure == Pressure::Concurrency {
            self.kept =
                if self.too_many.is_some() { (self.kept * 2).min(LONGEST_KEPT) } else { KEPT };
            self.too_many = Some((self.limit, now + self.kept));
        }
        self.limit = (self.limit / 2).max(1);
        self.is_opening = false;
        self.answered = 0;
        self.since = now;
        true
    }
}
