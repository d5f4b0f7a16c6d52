//! When the next request of a class may leave, learnt from what the service let through. Instants and
//! outcomes in, the next allowed instant out; pure, so that it can be tried on virtual time. Instants
//! are durations since the class began.
//!
//! Nothing is held back before the first refusal. What lies between two refusals is an *epoch*: at
//! both of its ends the service's allowance is used up, so that what it let through in between,
//! divided by the time, is what it gives. See decision 0027.

use std::time::Duration;

/// The least that was let through from which a rate is told; shorter epochs are taken together.
const SAMPLE: u32 = 4;
/// The first epoch ends a burst of unknown size, so that its rate is too high by far.
const FIRST_DECREASE: f64 = 0.5;
/// Where an epoch was too short to measure.
const BLIND_DECREASE: f64 = 0.7;
/// Bounds this close are one rate, and its lower bound is kept to.
const CLOSE: f64 = 0.9;
/// A little below what was measured, so as not to be refused again soon.
const DECREASE: f64 = 0.98;
/// No slower than one request in five seconds by its own doing: a service that gives less says so
/// with each refusal.
const SLOWEST: f64 = 0.2;
/// How much faster it goes with each second while it looks for the rate between its bounds.
const SEARCH: f64 = 0.15;
/// The same beyond the bounds, to begin with.
const PROBE: f64 = 0.01;
/// How long a rate is kept at its bounds before it is probed, and in which time the probing doubles: this
/// long at least, and so many times the wait that a refusal costs.
const SETTLED: Duration = Duration::from_secs(5);
const SETTLED_BY_COST: u32 = 4;
/// Requests that may follow at once where earlier ones left late.
const CATCH_UP: f64 = 2.0;
/// The wait after repeated refusals without a `Retry-After` doubles so often.
const DOUBLINGS: u32 = 5;

/// Which epoch a request was sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Epoch(u32);

/// What was learnt, in requests per second.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Learnt {
    rate: f64,
    /// So much was let through in an epoch, its holds included, in which the allowance may have run
    /// over: the service gives no less.
    low: f64,
    /// At this rate it refused: the service gives no more.
    high: f64,
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    /// `--max-rate`, in requests per second.
    ceiling: Option<f64>,
    learnt: Option<Learnt>,
    /// When the next request is due by the rate.
    due: Duration,
    held_until: Duration,
    epoch: u32,
    /// Since when it is counted: the beginning of the epoch, or of a short one before it.
    counted_since: Duration,
    /// Requests that were let through since then, of those sent in this epoch or counted before.
    admitted: u32,
    /// The wait that the last refusal brought.
    cost: Duration,
    /// Refusals since anything was let through.
    in_a_row: u32,
    /// An upper bound that the service publishes, and until when.
    published: Option<(f64, Duration)>,
}

impl Pace {
    pub(crate) fn new(ceiling: Option<f64>) -> Self {
        Self {
            ceiling,
            learnt: None,
            due: Duration::ZERO,
            held_until: Duration::ZERO,
            epoch: 0,
            counted_since: Duration::ZERO,
            admitted: 0,
            cost: Duration::ZERO,
            in_a_row: 0,
            published: None,
        }
    }

    /// Requests per second at present; `None` is as fast as they come.
    pub(crate) fn rate(&self, now: Duration) -> Option<f64> {
        let published = self.published.filter(|(_, until)| now < *until).map(|(rate, _)| rate);
        let bounds = [self.learnt.map(|learnt| learnt.rate), self.ceiling, published];
        bounds.into_iter().flatten().reduce(f64::min)
    }

    /// When the next request may leave; not later than `now` where it may at once.
    pub(crate) fn next(&self, now: Duration) -> Duration {
        let Some(rate) = self.rate(now) else { return self.held_until };
        let late = Duration::from_secs_f64(CATCH_UP / rate).min(Duration::from_millis(50));
        self.due.saturating_sub(late).max(self.held_until)
    }

    /// Until when the whole class is held back.
    pub(crate) fn held_until(&self) -> Duration {
        self.held_until
    }

    /// A request leaves.
    pub(crate) fn sent(&mut self, now: Duration) -> Epoch {
        if let Some(rate) = self.rate(now) {
            let interval = Duration::from_secs_f64(1.0 / rate);
            let late = interval.mul_f64(CATCH_UP).min(Duration::from_millis(50));
            // What leaves long after it was due is held up by something else, and tells nothing.
            if now <= self.due + interval.mul_f64(CATCH_UP) {
                self.probe(now, interval);
            }
            self.due = self.due.max(now.saturating_sub(late)) + interval;
        }
        Epoch(self.epoch)
    }

    /// A request was let through, whatever else came of it.
    pub(crate) fn admitted(&mut self, epoch: Epoch) {
        if epoch.0 == self.epoch {
            self.admitted = self.admitted.saturating_add(1);
            self.in_a_row = 0;
        }
    }

    /// A request was refused for coming too soon. Those that were under way with the first one that
    /// was refused tell nothing new. `backoff` is the shortest wait where the service names none.
    pub(crate) fn refused(
        &mut self,
        now: Duration,
        epoch: Epoch,
        retry_after: Option<Duration>,
        backoff: Duration,
    ) {
        if epoch.0 == self.epoch {
            self.learn(now);
            self.epoch = self.epoch.wrapping_add(1);
            let doubled = backoff * 2_u32.pow(self.in_a_row.min(DOUBLINGS));
            self.in_a_row = self.in_a_row.saturating_add(1);
            self.cost = retry_after.unwrap_or(doubled);
            self.hold(now, self.cost);
        } else if let Some(wait) = retry_after {
            self.hold(now, wait);
        }
    }

    /// Holds the whole class back; an earlier end than the present one changes nothing.
    pub(crate) fn hold(&mut self, now: Duration, wait: Duration) {
        let until = now.saturating_add(wait);
        if until > self.held_until {
            self.held_until = until;
            self.due = self.due.max(until);
        }
    }

    /// The service publishes that it lets so many more through until then. The last tenth of an
    /// allowance is spread over what is left of the time; before that, nothing is held back.
    pub(crate) fn publish(&mut self, now: Duration, left: u64, of: Option<u64>, until: Duration) {
        let is_short = of.is_none_or(|of| left <= of / 10);
        let wait = until.saturating_sub(now);
        if !is_short || wait.is_zero() {
            self.published = None;
        } else if left == 0 {
            self.hold(now, wait);
        } else {
            #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
            let rate = left as f64 / wait.as_secs_f64();
            self.published = Some((rate, until));
        }
    }

    /// Makes a rate of what was let through, where that is enough to tell one.
    fn learn(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.counted_since);
        let measured = f64::from(self.admitted) / elapsed.as_secs_f64();
        if self.admitted < SAMPLE || !measured.is_finite() {
            if let Some(learnt) = &mut self.learnt {
                learnt.rate = (learnt.rate * BLIND_DECREASE).max(SLOWEST);
            }
            return;
        }
        (self.counted_since, self.admitted) = (now, 0);
        self.learnt = Some(match self.learnt {
            None => Learnt { rate: measured * FIRST_DECREASE, low: 0.0, high: measured },
            Some(known) => known.narrowed(measured),
        });
    }

    /// Goes up a little while nothing is refused: fast between the bounds; beyond them only after a
    /// while, then faster and faster.
    fn probe(&mut self, now: Duration, interval: Duration) {
        let quiet = now.saturating_sub(self.held_until);
        let settled = SETTLED.max(self.cost * SETTLED_BY_COST);
        let Some(learnt) = &mut self.learnt else { return };
        // Above another bound nothing is tried out.
        if self.ceiling.is_some_and(|ceiling| learnt.rate > ceiling) {
            return;
        }
        let by_second = if !learnt.is_certain() && learnt.rate < learnt.high * CLOSE {
            SEARCH
        } else if quiet < settled {
            0.0
        } else {
            let doubled = quiet.saturating_sub(settled).as_secs_f64() / settled.as_secs_f64();
            (PROBE * doubled.exp2()).min(SEARCH)
        };
        learnt.rate *= 1.0 + by_second * interval.as_secs_f64();
    }
}

impl Learnt {
    fn is_certain(&self) -> bool {
        self.low >= self.high * CLOSE
    }

    /// With an epoch that was refused at the present rate. What contradicts an earlier bound
    /// replaces it: the service may give more or less than before.
    fn narrowed(self, measured: f64) -> Self {
        let high = if measured > self.high { self.rate } else { self.rate.min(self.high) };
        let high = high.max(measured);
        let low = if self.low > high { measured } else { measured.max(self.low) };
        let learnt = Self { rate: 0.0, low, high };
        let rate = if learnt.is_certain() { low * DECREASE } else { (low * high).sqrt() };
        Self { rate: rate.max(SLOWEST), ..learnt }
    }
}
