//! How long, and for which changes, what was read may be written upon. A tenant whose lists take longer
//! to read than that is read again by a few hundred mailboxes at a time, each before it is written.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::apply::LastRead;
use super::ports::Ports;
use crate::apply::Freshness as Gate;
use crate::client::Clock;

/// How old a reading may be when something is written upon it.
pub(super) const WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// A reading that takes longer leaves too little of the window for writing.
const SLOW: SignedDuration = SignedDuration::from_mins(5);
/// How many mailboxes are read again before they are written, where lists are slow.
const BATCH: usize = 300;

/// What was read last: when that began, and up to which place in the plan it may be written upon.
#[derive(Debug, Clone, Copy)]
struct Cleared {
    at: Timestamp,
    until: u32,
}

pub(super) struct Freshness {
    cleared: Arc<Mutex<Cleared>>,
    clock: Clock,
    is_slow: bool,
}

impl Freshness {
    pub(super) fn of(read: &LastRead, ports: &Ports) -> Self {
        let cleared = Cleared { at: read.at, until: u32::MAX };
        Self {
            cleared: Arc::new(Mutex::new(cleared)),
            clock: Arc::clone(&ports.clock),
            is_slow: read.ended.duration_since(read.at) > SLOW,
        }
    }

    /// Whether lists take too long here, so that mailboxes are read one by one.
    pub(super) fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// The end of what is to be read again next, out of the places that are open.
    pub(super) fn until(&self, open: impl Iterator<Item = u32>) -> u32 {
        if !self.is_slow {
            return u32::MAX;
        }
        open.take(BATCH).last().map_or(u32::MAX, |last| last + 1)
    }

    /// Takes a reading of the places before `until` that began at `at` and is over now; whether it may
    /// be written upon.
    pub(super) fn was_read(&mut self, at: Timestamp, until: u32) -> bool {
        let took = (self.clock)().duration_since(at);
        self.is_slow |= took > SLOW;
        *self.cleared.lock().unwrap_or_else(PoisonError::into_inner) = Cleared { at, until };
        took < WINDOW
    }

    pub(super) fn gate(&self) -> Gate {
        let (cleared, clock) = (Arc::clone(&self.cleared), Arc::clone(&self.clock));
        Arc::new(move |place| {
            let Cleared { at, until } = *cleared.lock().unwrap_or_else(PoisonError::into_inner);
            place < until && clock().duration_since(at) < WINDOW
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::ops::Environment;

    /// Ports whose clock shows so many seconds.
    fn ports(seconds: &Arc<AtomicI64>) -> Ports {
        let seconds = Arc::clone(seconds);
        let clock = move || {
            let after = SignedDuration::from_secs(seconds.load(Ordering::SeqCst));
            Timestamp::UNIX_EPOCH + after
        };
        let environment = Environment::new(|_| None);
        Ports { clock: Arc::new(clock), environment, seed: 1, request_timeout: None }
    }

    #[test]
    fn a_reading_is_good_for_ten_minutes_from_its_beginning() {
        let seconds = Arc::new(AtomicI64::new(60));
        let ports = ports(&seconds);
        let read = LastRead { ended: ports.now(), ..LastRead::at(Timestamp::UNIX_EPOCH) };
        let freshness = Freshness::of(&read, &ports);
        let is_fresh = freshness.gate();
        seconds.store(599, Ordering::SeqCst);
        assert!(is_fresh(0));
        seconds.store(600, Ordering::SeqCst);
        assert!(!is_fresh(0));
        assert_eq!(freshness.until(0..1000), u32::MAX);
    }

    #[test]
    fn where_lists_are_slow_a_batch_at_a_time_is_read_again_and_written() {
        let seconds = Arc::new(AtomicI64::new(1200));
        let ports = ports(&seconds);
        let read = LastRead { ended: ports.now(), ..LastRead::at(Timestamp::UNIX_EPOCH) };
        let mut freshness = Freshness::of(&read, &ports);
        let is_fresh = freshness.gate();
        assert!(freshness.is_slow() && !is_fresh(0));
        let until = freshness.until(7..10_000);
        assert_eq!(until, 307);
        assert!(freshness.was_read(ports.now(), until));
        assert!(is_fresh(306) && !is_fresh(307));
    }

    #[test]
    fn a_reading_that_took_the_whole_window_is_not_written_upon() {
        let seconds = Arc::new(AtomicI64::new(0));
        let ports = ports(&seconds);
        let mut freshness = Freshness::of(&LastRead::at(ports.now()), &ports);
        let at = ports.now();
        seconds.store(600, Ordering::SeqCst);
        assert!(!freshness.was_read(at, u32::MAX));
        assert!(freshness.is_slow());
    }
}
