//! Waiting for the directory: a write that succeeded need not show in the next request, so what
//! depends on it is sent again on the published "not yet" answers, with growing pauses and an end
//! ("Designing for eventual consistency for Microsoft Entra").

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::ops::connect::Reach;

/// How long objects, certificates and consents may take to be seen. Minutes are published; the
/// longest that was reported is 20 tries of 30 s.
pub(super) const WITHIN: Duration = Duration::from_secs(5 * 60);
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

/// Who is told what is awaited, and for how many seconds already.
pub(in crate::ops) type Tell<'t> = &'t (dyn Fn(&str, u64) + Send + Sync);

/// The pauses of one wait.
pub(super) struct Patience<'e> {
    reach: &'e Reach,
    tell: Tell<'e>,
    what: &'e str,
    within: Duration,
    started: Instant,
    pause: Duration,
}

impl<'e> Patience<'e> {
    /// Starts a wait for `what`, which ends after `within`, or once nothing is to be waited for.
    pub(super) fn new(reach: &'e Reach, tell: Tell<'e>, what: &'e str, within: Duration) -> Self {
        Self { reach, tell, what, within, started: Instant::now(), pause: FIRST }
    }

    /// How many seconds it lasts already.
    pub(super) fn waited(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// Pauses; false once there is no time left.
    pub(super) async fn pause(&mut self) -> bool {
        let waited = self.started.elapsed();
        if waited + self.pause > self.within {
            return false;
        }
        // Seconds are told one by one, for people to see that something goes on.
        let until = Instant::now() + self.pause;
        while Instant::now() < until {
            (self.tell)(self.what, self.started.elapsed().as_secs());
            let left = until.saturating_duration_since(Instant::now());
            tokio::select! {
                () = self.reach.stopped() => return false,
                () = sleep(left.min(Duration::from_secs(1))) => {}
            }
        }
        self.pause = (self.pause * 2).min(LONGEST);
        true
    }
}
