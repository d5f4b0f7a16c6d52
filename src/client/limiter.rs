//! How many requests of a class are under way at once, and until when the whole class is held
//! back. One limiter per tenant: throttling one class must not stop the others, and a wait that one
//! request was told concerns all that would be told the same.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The classes of requests that are limited apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointClass {
    /// Discovery and tokens.
    Authority,
    /// Reads of the Exchange admin API.
    ExchangeRead,
    /// Writes to it.
    ExchangeWrite,
    /// Microsoft Graph.
    Graph,
}

/// Requests under way at once, by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Discovery and tokens.
    pub authority: usize,
    /// Reads of the Exchange admin API.
    pub exchange_read: usize,
    /// Writes to it: `--parallelism`.
    pub exchange_write: usize,
    /// Microsoft Graph.
    pub graph: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { authority: 2, exchange_read: 4, exchange_write: 8, graph: 4 }
    }
}

#[derive(Debug)]
pub(crate) struct Limiter {
    authority: Lane,
    exchange_read: Lane,
    exchange_write: Lane,
    graph: Lane,
}

#[derive(Debug)]
struct Lane {
    permits: Arc<Semaphore>,
    held_until: Mutex<Option<Instant>>,
}

impl Lane {
    fn new(permits: usize) -> Self {
        let permits = Arc::new(Semaphore::new(permits.max(1)));
        Self { permits, held_until: Mutex::new(None) }
    }
}

/// The right to send one request; given back when it is dropped, after the body was read.
#[derive(Debug)]
pub(crate) struct Permit {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            authority: Lane::new(limits.authority),
            exchange_read: Lane::new(limits.exchange_read),
            exchange_write: Lane::new(limits.exchange_write),
            graph: Lane::new(limits.graph),
        }
    }

    fn lane(&self, class: EndpointClass) -> &Lane {
        match class {
            EndpointClass::Authority => &self.authority,
            EndpointClass::ExchangeRead => &self.exchange_read,
            EndpointClass::ExchangeWrite => &self.exchange_write,
            EndpointClass::Graph => &self.graph,
        }
    }

    /// Waits for a free place. Only a closed semaphore gives none, and nothing closes these.
    pub(crate) async fn acquire(&self, class: EndpointClass) -> Permit {
        let permits = Arc::clone(&self.lane(class).permits);
        Permit { _permit: permits.acquire_owned().await.ok() }
    }

    /// Holds the class back until then; an earlier end than the present one changes nothing.
    pub(crate) fn hold(&self, class: EndpointClass, until: Instant) {
        let mut held = self.lane(class).held_until.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(held.map_or(until, |present| present.max(until)));
    }

    /// How long the class is still held back.
    pub(crate) fn held_for(&self, class: EndpointClass, now: Instant) -> Option<Duration> {
        let held = *self.lane(class).held_until.lock().unwrap_or_else(PoisonError::into_inner);
        held.map(|until| until.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_held_class_does_not_hold_the_others() {
        let limiter = Limiter::new(Limits::default());
        let now = Instant::now();
        limiter.hold(EndpointClass::ExchangeWrite, now + Duration::from_secs(5));
        limiter.hold(EndpointClass::ExchangeWrite, now + Duration::from_secs(2));
        let held = |class| limiter.held_for(class, now);
        assert_eq!(held(EndpointClass::ExchangeWrite), Some(Duration::from_secs(5)));
        assert_eq!(held(EndpointClass::ExchangeRead), None);
        let later = now + Duration::from_secs(5);
        assert_eq!(limiter.held_for(EndpointClass::ExchangeWrite, later), None);
    }

    #[tokio::test]
    async fn a_place_is_free_again_when_its_permit_is_dropped() {
        let limiter = Limiter::new(Limits { exchange_write: 1, ..Limits::default() });
        let first = limiter.acquire(EndpointClass::ExchangeWrite).await;
        assert_eq!(limiter.exchange_write.permits.available_permits(), 0);
        drop(first);
        assert_eq!(limiter.exchange_write.permits.available_permits(), 1);
    }
}
