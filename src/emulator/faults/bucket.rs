//! How many requests of a class are let in: a token bucket (as the generic cell rate algorithm)
//! and a ceiling on how many are under way at once. A time goes in; a slot or a refusal comes out.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;

use super::bodies::{Body, RetryAfter, Shape};

/// Nanoseconds of a second.
const SECOND: f64 = 1e9;

/// What a class of requests is held to.
#[derive(Debug)]
pub(super) struct Limit {
    pub(super) rate: Option<Rate>,
    pub(super) ceiling: Option<Ceiling>,
    /// How many are under way.
    under_way: AtomicU32,
}

/// A token bucket.
#[derive(Debug)]
pub(super) struct Rate {
    /// Nanoseconds between two tokens.
    interval: i128,
    burst: u32,
    form: RetryAfterForm,
    /// When the bucket will be full again, in Unix nanoseconds.
    full_at: Mutex<i128>,
}

/// How a refusal says when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryAfterForm {
    Seconds,
    Date,
    Absent,
}

/// At most so many at once; what is beyond gets the service's plain text with this status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ceiling {
    pub(super) most: u32,
    pub(super) status: StatusCode,
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    TooFast(Option<RetryAfter>),
    TooMany(StatusCode),
}

/// A place among the requests that are under way; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Limit>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Rate {
    pub(super) fn new(per_second: f64, burst: u32, form: RetryAfterForm) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the rate was checked to be sensible")]
        let interval = (SECOND / per_second) as i128;
        Self { interval, burst, form, full_at: Mutex::new(i128::MIN) }
    }

    /// Takes a token, or says how long there is none.
    fn take(&self, now: Timestamp) -> Result<(), Duration> {
        let now = now.as_nanosecond();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let from = (*full_at).max(now);
        let missing = from - now - i128::from(self.burst - 1) * self.interval;
        if missing > 0 {
            let missing = u64::try_from(missing).unwrap_or(u64::MAX);
            return Err(Duration::from_nanos(missing));
        }
        *full_at = from + self.interval;
        Ok(())
    }

    fn refusal(&self, now: Timestamp, wait: Duration) -> Refused {
        // Whole seconds are all that the header can say.
        let wait = Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        Refused::TooFast(match self.form {
            RetryAfterForm::Absent => None,
            RetryAfterForm::Seconds => Some(RetryAfter::Seconds(wait.as_secs())),
            RetryAfterForm::Date => Some(RetryAfter::at(now, wait)),
        })
    }
}

impl Limit {
    pub(super) fn new(rate: Option<Rate>, ceiling: Option<Ceiling>) -> Self {
        Self { rate, ceiling, under_way: AtomicU32::new(0) }
    }

    pub(super) fn admit(self: &Arc<Self>, now: Timestamp) -> Result<Slot, Refused> {
        let before = self.under_way.fetch_add(1, Ordering::AcqRel);
        // Dropped on a refusal, which gives the place back.
        let slot = Slot(Arc::clone(self));
        if let Some(ceiling) = self.ceiling
            && before >= ceiling.most
        {
            return Err(Refused::TooMany(ceiling.status));
        }
        if let Some(rate) = &self.rate {
            rate.take(now).map_err(|wait| rate.refusal(now, wait))?;
        }
        Ok(slot)
    }
}

impl Refused {
    pub(super) fn is_concurrency(&self) -> bool {
        matches!(self, Self::TooMany(_))
    }

    pub(super) fn shape(self) -> Shape {
        match self {
            Self::TooFast(retry_after) => {
                Shape { status: StatusCode::TOO_MANY_REQUESTS, body: Body::Service, retry_after }
            }
            Self::TooMany(status) => Shape { status, body: Body::Concurrency, retry_after: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn after(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap_or(START)
    }

    fn limit(rate: Option<Rate>, most: Option<u32>) -> Arc<Limit> {
        let ceiling = most.map(|most| Ceiling { most, status: StatusCode::BAD_REQUEST });
        Arc::new(Limit::new(rate, ceiling))
    }

    #[test]
    fn a_burst_is_let_in_at_once_and_then_one_in_each_interval() {
        let limit = limit(Some(Rate::new(50.0, 5, RetryAfterForm::Seconds)), None);
        let admitted = |now| limit.admit(now).is_ok();
        assert_eq!((0..9).filter(|_| admitted(START)).count(), 5);
        assert!(!admitted(after(19)));
        assert!(admitted(after(20)) && !admitted(after(20)));
        assert_eq!((0..9).filter(|_| admitted(after(60_000))).count(), 5);
    }

    #[test]
    fn in_the_long_run_the_rate_is_what_was_asked_for() {
        let limit = limit(Some(Rate::new(200.0, 200, RetryAfterForm::Absent)), None);
        let admitted = (0..100_000).filter(|at| limit.admit(after(at / 10)).is_ok()).count();
        assert_eq!(admitted, 200 + 1999);
    }

    #[test]
    fn a_refusal_says_when_a_token_is_there_in_whole_seconds() {
        let date = |form| {
            let limit = limit(Some(Rate::new(0.4, 1, form)), None);
            assert!(limit.admit(START).is_ok());
            limit.admit(START).map(drop)
        };
        let said = |retry_after| Err(Refused::TooFast(retry_after));
        assert_eq!(date(RetryAfterForm::Seconds), said(Some(RetryAfter::Seconds(3))));
        assert_eq!(date(RetryAfterForm::Date), said(Some(RetryAfter::Date(after(3000)))));
        assert_eq!(date(RetryAfterForm::Absent), said(None));
    }

    #[test]
    fn a_ceiling_counts_what_is_under_way_and_a_refusal_takes_no_place() {
        let limit = limit(None, Some(2));
        let (one, two) = (limit.admit(START), limit.admit(START));
        assert!(one.is_ok() && two.is_ok());
        for _ in 0..3 {
            let refused = limit.admit(START).map(drop);
            assert_eq!(refused, Err(Refused::TooMany(StatusCode::BAD_REQUEST)));
        }
        drop(one);
        assert!(limit.admit(START).is_ok());
    }

    #[test]
    fn what_the_ceiling_refuses_takes_no_token() {
        let limit = limit(Some(Rate::new(1.0, 2, RetryAfterForm::Absent)), Some(1));
        let one = limit.admit(START);
        assert!(limit.admit(START).is_err());
        drop(one);
        assert!(limit.admit(START).is_ok());
    }
}
