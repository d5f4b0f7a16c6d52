//! One tenant's connection to the world: transport, limits, the clock, randomness, and counts of
//! what was sent. Everything that the rest of the client would otherwise take from a global.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;
use url::Url;

use super::limiter::{EndpointClass, Limiter, Limits};
use super::transport::{Transport, TransportError, TransportOptions};

/// The time of day, handed in: tests and plans must be repeatable.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a [`Client`] is made from.
#[derive(Clone)]
pub struct ClientOptions {
    /// How connections are made.
    pub transport: TransportOptions,
    /// Requests under way at once.
    pub limits: Limits,
    /// The time of day.
    pub clock: Clock,
    /// The seed of the jitter; no cryptography rests on it.
    pub seed: u64,
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientOptions")
            .field("transport", &self.transport)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// How many requests were sent, every try counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestCounts {
    /// Discovery and tokens.
    pub authority: u64,
    /// Reads of the Exchange admin API.
    pub reads: u64,
    /// Writes to it.
    pub writes: u64,
    /// Requests to Microsoft Graph.
    pub graph: u64,
    /// Those of the above that repeated an earlier one.
    pub retries: u64,
}

#[derive(Debug, Default)]
struct Counters {
    authority: AtomicU64,
    reads: AtomicU64,
    writes: AtomicU64,
    graph: AtomicU64,
    retries: AtomicU64,
}

/// See the module. One per tenant, shared by its tasks.
pub struct Client {
    transport: Transport,
    pub(crate) limiter: Limiter,
    clock: Clock,
    rng: Mutex<fastrand::Rng>,
    counters: Counters,
    answered: Mutex<BTreeSet<String>>,
    stopping: watch::Sender<bool>,
}

impl Client {
    /// Fails only for roots that cannot be read.
    pub fn new(options: ClientOptions) -> Result<Self, TransportError> {
        Ok(Self {
            transport: Transport::new(options.transport)?,
            limiter: Limiter::new(options.limits),
            clock: options.clock,
            rng: Mutex::new(fastrand::Rng::with_seed(options.seed)),
            counters: Counters::default(),
            answered: Mutex::default(),
            stopping: watch::Sender::new(false),
        })
    }

    /// From now on nothing waits to be sent, for the first time or again. What is under way goes on.
    pub fn stop_waiting(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether nothing is to be waited for any more.
    pub fn is_stopped(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Ends once nothing is to be waited for.
    pub async fn stopped(&self) {
        // The sender is our own: it outlives every receiver that is waited upon.
        let _ = self.stopping.subscribe().wait_for(|is_stopping| *is_stopping).await;
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// What was sent so far.
    pub fn requests(&self) -> RequestCounts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RequestCounts {
            authority: load(&self.counters.authority),
            reads: load(&self.counters.reads),
            writes: load(&self.counters.writes),
            graph: load(&self.counters.graph),
            retries: load(&self.counters.retries),
        }
    }

    pub(crate) fn connection(
        &self,
        url: &Url,
        cookies: bool,
    ) -> Result<reqwest::Client, TransportError> {
        self.transport.client(url, cookies)
    }

    pub(crate) fn count(&self, class: EndpointClass, again: bool) {
        let counter = match class {
            EndpointClass::Authority => &self.counters.authority,
            EndpointClass::ExchangeRead => &self.counters.reads,
            EndpointClass::ExchangeWrite => &self.counters.writes,
            EndpointClass::Graph => &self.counters.graph,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if again {
            self.counters.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn with_rng<T>(&self, use_rng: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        use_rng(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the host has answered anything before; see [`super::Outcome::NotSent`].
    pub(crate) fn has_answered(&self, url: &Url) -> bool {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.contains(&origin(url))
    }

    pub(crate) fn note_answer(&self, url: &Url) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.insert(origin(url));
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("requests", &self.requests()).finish_non_exhaustive()
    }
}
