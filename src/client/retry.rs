//! When to send a request again, as a pure decision: outcome, idempotency, time used and a source
//! of jitter in, wait or stop out. Nothing here sleeps, sends or reads a clock.
//!
//! Bounds (contract, "Reads"): at most 6 tries and a total time. Being throttled uses up time, not
//! tries; `Retry-After` wins over the backoff, and one beyond the bound is an error at once.

use std::time::Duration;

use super::limiter::Pressure;

/// The bounds of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a request is sent, throttled answers not counted.
    pub max_tries: u32,
    /// How long it may take in all, waits included.
    pub total: Duration,
    /// How long one try may take, its body included, so that a hung one leaves time for another.
    /// No page and no cmdlet on one object takes minutes.
    pub attempt: Duration,
    /// Tries at a host that has never answered. Few: a wrong name or a dead host is reported
    /// within about ten seconds, not after the whole of `total`. A host that has answered before
    /// gets `max_tries` and `total`, since then the network is more likely to come back.
    pub unreachable_tries: u32,
    /// No further try at such a host once this much time has passed.
    pub unreachable_within: Duration,
    /// The shortest wait after an error of the connection.
    pub connection_backoff: Duration,
    /// The shortest wait after an answer that says "later" without saying when. The service's own
    /// module starts at 2 s and doubles.
    pub backoff: Duration,
    /// The longest wait that the backoff arrives at by itself.
    pub max_backoff: Duration,
}

impl RetryPolicy {
    /// `--request-timeout` where nobody sets it.
    pub const DEFAULT_TOTAL: Duration = Duration::from_secs(90);
    /// The time for a request of an apply, which may sit out a long throttling.
    pub const APPLY_TOTAL: Duration = Duration::from_secs(15 * 60);

    /// The usual bounds with this total time.
    #[must_use]
    pub fn within(total: Duration) -> Self {
        Self {
            max_tries: 6,
            total,
            attempt: (total * 2 / 3).min(Duration::from_secs(180)),
            unreachable_tries: 3,
            unreachable_within: Duration::from_secs(8),
            connection_backoff: Duration::from_millis(200),
            backoff: Duration::from_secs(2),
            max_backoff: Duration::from_secs(32),
        }
    }
}

/// What came of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No connection: refused, no such name, no TLS. The request has not left.
    NotSent {
        /// Whether this host has answered anything before.
        answered_before: bool,
    },
    /// Sent, and then no whole answer: timed out, reset, cut off. It may have taken effect.
    Interrupted,
    /// The service says that there were too many requests; it has done nothing.
    Throttled {
        /// Its `Retry-After`.
        retry_after: Option<Duration>,
        /// What there was too much of.
        pressure: Pressure,
    },
    /// The service failed in a way that may pass. A write may have taken effect.
    Transient {
        /// Its `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// An answer that would be the same again.
    Permanent,
}

impl Outcome {
    /// Too many requests, in whatever way.
    pub(crate) fn throttled(retry_after: Option<Duration>) -> Self {
        Self::Throttled { retry_after, pressure: Pressure::Load }
    }
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Send it again after this wait.
    Again {
        /// How long to wait.
        after: Duration,
    },
    /// Give up.
    Stop(Stop),
}

/// Why no further try is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The answer would be the same again.
    Permanent,
    /// All tries are used up.
    OutOfTries,
    /// The next wait would end after the total time.
    OutOfTime,
    /// The request may have taken effect and is not idempotent.
    NotSafeToRepeat,
    /// The host has never answered.
    Unreachable,
    /// Nothing is to be waited for any more.
    Stopped,
    /// The service asks for a wait that goes beyond the total time.
    ComeBack {
        /// The wait that it asks for.
        after: Duration,
    },
}

/// The memory of one request between its tries.
#[derive(Debug, Clone, Default)]
pub(crate) struct RetryState {
    tries: u32,
    previous: Option<Duration>,
}

impl RetryState {
    /// Decides what follows a try. `elapsed` is the time since the first one began.
    pub(crate) fn decide(
        &mut self,
        policy: &RetryPolicy,
        outcome: Outcome,
        idempotent: bool,
        elapsed: Duration,
        rng: &mut fastrand::Rng,
    ) -> Decision {
        let (shortest, retry_after) = match outcome {
            Outcome::Permanent => return Decision::Stop(Stop::Permanent),
            Outcome::Interrupted | Outcome::Transient { .. } if !idempotent => {
                return Decision::Stop(Stop::NotSafeToRepeat);
            }
            Outcome::NotSent { .. } | Outcome::Interrupted => (policy.connection_backoff, None),
            Outcome::Throttled { retry_after, .. } | Outcome::Transient { retry_after } => {
                (policy.backoff, retry_after)
            }
        };
        if !matches!(outcome, Outcome::Throttled { .. }) {
            self.tries += 1;
        }
        if outcome == (Outcome::NotSent { answered_before: false })
            && (self.tries >= policy.unreachable_tries || elapsed >= policy.unreachable_within)
        {
            return Decision::Stop(Stop::Unreachable);
        }
        if self.tries >= policy.max_tries {
            return Decision::Stop(Stop::OutOfTries);
        }
        // A Retry-After of nothing says nothing: taken at its word it would be a busy loop.
        let after = match retry_after.filter(|wait| !wait.is_zero()) {
            Some(wait) if elapsed + wait > policy.total => {
                return Decision::Stop(Stop::ComeBack { after: wait });
            }
            Some(wait) => wait,
            None => self.backoff(shortest, policy.max_backoff, rng),
        };
        if elapsed + after > policy.total {
            let silent = outcome == (Outcome::NotSent { answered_before: false });
            return Decision::Stop(if silent { Stop::Unreachable } else { Stop::OutOfTime });
        }
        Decision::Again { after }
    }

    /// Decorrelated jitter: between the shortest wait and three times the last one.
    fn backoff(
        &mut self,
        shortest: Duration,
        longest: Duration,
        rng: &mut fastrand::Rng,
    ) -> Duration {
        let longest = longest.max(shortest);
        let ceiling = (self.previous.unwrap_or(shortest) * 3).clamp(shortest, longest);
        let wait = shortest + ceiling.saturating_sub(shortest).mul_f64(rng.f64());
        self.previous = Some(wait);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Outcome = Outcome::Transient { retry_after: None };

    fn policy() -> RetryPolicy {
        RetryPolicy::within(RetryPolicy::DEFAULT_TOTAL)
    }

    /// Plays one outcome over and over with instantaneous tries; the waits, and how it ended.
    fn play(policy: &RetryPolicy, outcome: Outcome, idempotent: bool) -> (Vec<Duration>, Stop) {
        let mut state = RetryState::default();
        let mut rng = fastrand::Rng::with_seed(7);
        let mut waits = Vec::new();
        loop {
            let elapsed = waits.iter().sum();
            match state.decide(policy, outcome, idempotent, elapsed, &mut rng) {
                Decision::Again { after } => waits.push(after),
                Decision::Stop(stop) => return (waits, stop),
            }
        }
    }

    #[test]
    fn a_failing_service_is_tried_six_times() {
        let long = RetryPolicy::within(RetryPolicy::APPLY_TOTAL);
        let (waits, stop) = play(&long, LATER, true);
        assert_eq!((waits.len(), stop), (5, Stop::OutOfTries));
    }

    #[test]
    fn waits_stay_within_their_bounds_and_within_the_total() {
        let (waits, _) = play(&policy(), LATER, true);
        assert!(
            waits.iter().all(|wait| *wait >= policy().backoff && *wait <= policy().max_backoff)
        );
        assert!(waits.iter().sum::<Duration>() <= policy().total);
    }

    #[test]
    fn being_throttled_uses_up_time_and_not_tries() {
        let second = Outcome::throttled(Some(Duration::from_secs(1)));
        let (waits, stop) = play(&policy(), second, false);
        assert_eq!((waits.len(), stop), (90, Stop::ComeBack { after: Duration::from_secs(1) }));
        let (waits, stop) = play(&policy(), Outcome::throttled(None), false);
        assert!(!waits.is_empty());
        assert_eq!(stop, Stop::OutOfTime);
    }

    #[test]
    fn a_retry_after_beyond_the_bound_stops_at_once_and_says_how_long() {
        let hour = Duration::from_secs(3600);
        for outcome in
            [Outcome::throttled(Some(hour)), Outcome::Transient { retry_after: Some(hour) }]
        {
            assert_eq!(play(&policy(), outcome, true), (vec![], Stop::ComeBack { after: hour }));
        }
    }

    #[test]
    fn the_services_own_wait_wins_over_the_backoff() {
        let wait = Duration::from_millis(1500);
        let (waits, _) = play(&policy(), Outcome::Transient { retry_after: Some(wait) }, true);
        assert_eq!(waits, vec![wait; 5]);
    }

    #[test]
    fn a_retry_after_of_zero_is_not_a_busy_loop() {
        let zero = Outcome::throttled(Some(Duration::ZERO));
        let (waits, _) = play(&policy(), zero, true);
        assert!(waits.iter().all(|wait| *wait >= policy().backoff));
    }

    #[test]
    fn what_may_have_taken_effect_is_not_sent_again_unless_it_is_idempotent() {
        for outcome in [Outcome::Interrupted, LATER] {
            assert_eq!(play(&policy(), outcome, false), (vec![], Stop::NotSafeToRepeat));
        }
        let (waits, _) = play(&policy(), Outcome::NotSent { answered_before: true }, false);
        assert_eq!(waits.len(), 5);
    }

    #[test]
    fn a_host_that_never_answered_is_given_up_early() {
        let (waits, stop) = play(&policy(), Outcome::NotSent { answered_before: false }, true);
        assert_eq!((waits.len(), stop), (2, Stop::Unreachable));
        assert!(waits.iter().sum::<Duration>() < Duration::from_secs(3));
        let mut rng = fastrand::Rng::with_seed(1);
        let slow = RetryState::default().decide(
            &policy(),
            Outcome::NotSent { answered_before: false },
            true,
            Duration::from_secs(10),
            &mut rng,
        );
        assert_eq!(slow, Decision::Stop(Stop::Unreachable));
    }

    #[test]
    fn an_answer_that_would_be_the_same_is_not_asked_for_again() {
        assert_eq!(play(&policy(), Outcome::Permanent, true), (vec![], Stop::Permanent));
    }

    #[test]
    fn two_seeds_wait_differently_and_one_seed_waits_the_same() {
        let wait = |seed| {
            let mut rng = fastrand::Rng::with_seed(seed);
            RetryState::default().decide(&policy(), LATER, true, Duration::ZERO, &mut rng)
        };
        assert_eq!(wait(1), wait(1));
        assert_ne!(wait(1), wait(2));
    }
}
