//! How many requests of a class are under way at once, and when the next one leaves. One limiter per
//! tenant; its classes do not touch each other, while what one request is told concerns all of its
//! class. Whoever asked first goes first, and a request that was refused keeps its place. `window`
//! and `pace` decide; here is what waits for them. See decision 0027.

mod pace;
mod published;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod window;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use self::pace::{Epoch, Pace};
pub(crate) use self::published::{Published, published};
pub(crate) use self::window::Pressure;
use self::window::Window;

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

/// What is never exceeded, by class: requests under way at once. The limiter goes below as the
/// service demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Discovery and tokens.
    pub authority: usize,
    /// Reads of the Exchange admin API.
    pub exchange_read: usize,
    /// Writes to it: `--parallelism`.
    pub exchange_write: usize,
    /// Writes to it in a second, repeated ones counted: `--max-rate`.
    pub exchange_writes_per_second: Option<u32>,
    /// Microsoft Graph.
    pub graph: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            authority: 2,
            exchange_read: 4,
            exchange_write: 8,
            exchange_writes_per_second: None,
            graph: 4,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Limiter {
    authority: Arc<Lane>,
    exchange_read: Arc<Lane>,
    exchange_write: Arc<Lane>,
    graph: Arc<Lane>,
    tickets: AtomicU64,
}

/// One class.
#[derive(Debug)]
struct Lane {
    began: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    window: Window,
    pace: Pace,
    under_way: usize,
    /// What the service said when it last asked for less.
    words: String,
    /// By ticket; the first is next.
    waiting: BTreeMap<Ticket, Arc<Notify>>,
}

/// A request's place in the order of all, which it keeps when it is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// How long a request can still wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Its first turn; the queue before it does not count.
    pub(crate) started: Option<Instant>,
    /// From there on.
    pub(crate) total: Duration,
    /// What of that is needed for an answer: a try without it would only make its effect doubtful.
    pub(crate) least: Duration,
}

impl Patience {
    fn waited(&self) -> Duration {
        self.started.map_or(Duration::ZERO, |started| started.elapsed())
    }

    /// Until when a turn is of use, from `started` on. `None` where that is not for the queue to judge:
    /// before the first turn, and where the tries themselves have used up the time.
    fn end(&self) -> Option<Duration> {
        self.started?;
        self.total.checked_sub(self.least).filter(|end| self.waited() <= *end)
    }
}

/// When, and in which epoch, a request left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    at: Duration,
    epoch: Epoch,
}

/// The right to send one request; given back when it is dropped, after the body was read.
#[derive(Debug)]
pub(crate) struct Permit {
    lane: Arc<Lane>,
    sent: Sent,
}

impl Permit {
    pub(crate) fn sent(&self) -> Sent {
        self.sent
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.lane.state();
        state.under_way = state.under_way.saturating_sub(1);
        state.wake_first();
    }
}

/// What the head of the queue has to wait for.
enum Wait {
    /// A place, or those before it.
    Change,
    /// Its time.
    For(Duration),
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        let lane = |ceiling| Arc::new(Lane::new(ceiling, None));
        let rate = limits.exchange_writes_per_second.map(f64::from);
        Self {
            authority: lane(limits.authority),
            exchange_read: lane(limits.exchange_read),
            exchange_write: Arc::new(Lane::new(limits.exchange_write, rate)),
            graph: lane(limits.graph),
            tickets: AtomicU64::new(0),
        }
    }

    fn lane(&self, class: EndpointClass) -> &Arc<Lane> {
        match class {
            EndpointClass::Authority => &self.authority,
            EndpointClass::ExchangeRead => &self.exchange_read,
            EndpointClass::ExchangeWrite => &self.exchange_write,
            EndpointClass::Graph => &self.graph,
        }
    }

    /// A place behind all that asked before.
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.tickets.fetch_add(1, Ordering::Relaxed))
    }

    /// Waits for the request's turn. The error is how long the class is held back, where that is
    /// longer than the request can wait, or has been: a turn that comes too late is not taken.
    pub(crate) async fn acquire(
        &self,
        class: EndpointClass,
        ticket: Ticket,
        patience: Patience,
    ) -> Result<Permit, Duration> {
        let lane = self.lane(class);
        let place = Place::take(lane, ticket);
        let end = patience.end();
        loop {
            let wait = match lane.turn(ticket, patience, end)? {
                Ok(sent) => return Ok(Permit { lane: Arc::clone(lane), sent }),
                Err(wait) => wait,
            };
            match wait {
                Wait::Change => place.changed.notified().await,
                // Whatever ends the wait, what is to be done is looked up anew.
                Wait::For(time) => drop(timeout(time, place.changed.notified()).await),
            }
        }
    }

    /// The service took a request, whatever it made of it.
    pub(crate) fn admitted(&self, class: EndpointClass, sent: Sent) {
        let lane = self.lane(class);
        let now = lane.now();
        let mut state = lane.state();
        state.pace.admitted(sent.epoch);
        state.window.admitted(now);
        state.wake_first();
    }

    /// The service refused a request as too much. The class waits as it asks for, else `backoff`,
    /// twice that if nothing gets through then, and so on.
    pub(crate) fn refused(
        &self,
        class: EndpointClass,
        sent: Sent,
        pressure: Pressure,
        retry_after: Option<Duration>,
        backoff: Duration,
    ) {
        let lane = self.lane(class);
        let now = lane.now();
        let mut state = lane.state();
        let is_news = state.window.refused(now, sent.at, pressure);
        match pressure {
            Pressure::Load => state.pace.refused(now, sent.epoch, retry_after, backoff),
            Pressure::Concurrency if is_news || retry_after.is_some() => {
                state.pace.hold(now, retry_after.unwrap_or(backoff));
            }
            Pressure::Concurrency => {}
        }
        let (rate, at_once) = (state.pace.rate(now), state.window.limit());
        tracing::info!(?class, ?pressure, ?retry_after, ?rate, at_once, "the service throttles");
        state.wake_first();
    }

    /// The service is overloaded, or nearly so: fewer at once.
    pub(crate) fn ease(&self, class: EndpointClass, sent: Sent) {
        let lane = self.lane(class);
        lane.state().window.refused(lane.now(), sent.at, Pressure::Load);
    }

    /// Holds the class back; an earlier end than the present one changes nothing.
    pub(crate) fn hold(&self, class: EndpointClass, wait: Duration) {
        let lane = self.lane(class);
        let mut state = lane.state();
        state.pace.hold(lane.now(), wait);
        state.wake_first();
    }

    /// Keeps what the service said with a refusal that concerns the whole class.
    pub(crate) fn note(&self, class: EndpointClass, words: &str) {
        words.clone_into(&mut self.lane(class).state().words);
    }

    /// Why the class is held back: what the service said last.
    pub(crate) fn reason(&self, class: EndpointClass) -> String {
        match self.lane(class).state().words.as_str() {
            "" => "requests of this kind are held back".to_owned(),
            words => {
                format!("requests of this kind are held back, since the service said: {words}")
            }
        }
    }

    /// Takes what an answer says about the class's allowance.
    pub(crate) fn publish(&self, class: EndpointClass, sent: Sent, published: Published) {
        let lane = self.lane(class);
        match published {
            Published::Left { left, of, wait } => {
                let now = lane.now();
                lane.state().pace.publish(now, left, of, now.saturating_add(wait));
            }
            Published::Exceeded => self.ease(class, sent),
        }
    }
}

impl Lane {
    fn new(ceiling: usize, rate: Option<f64>) -> Self {
        let (window, pace) = (Window::new(ceiling), Pace::new(rate));
        let state =
            State { window, pace, under_way: 0, words: String::new(), waiting: BTreeMap::new() };
        Self { began: Instant::now(), state: Mutex::new(state) }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the turn if it has come.
    fn turn(
        &self,
        ticket: Ticket,
        patience: Patience,
        end: Option<Duration>,
    ) -> Result<Result<Sent, Wait>, Duration> {
        let now = self.now();
        let mut state = self.state();
        let is_first = state.waiting.first_key_value().is_some_and(|(first, _)| *first == ticket);
        if !is_first {
            return Ok(Err(Wait::Change));
        }
        let held = state.pace.held_until().saturating_sub(now);
        let waited = patience.waited();
        if !held.is_zero() && waited.saturating_add(held) > patience.total {
            return Err(held);
        }
        if state.under_way >= state.window.limit() {
            return Ok(Err(Wait::Change));
        }
        let wait = state.pace.next(now).saturating_sub(now);
        if end.is_some_and(|end| waited.saturating_add(wait) > end) {
            // Beyond the total time, with the answer in it.
            return Err(wait.saturating_add(patience.least));
        }
        if !wait.is_zero() {
            return Ok(Err(Wait::For(wait)));
        }
        state.under_way += 1;
        Ok(Ok(Sent { at: now, epoch: state.pace.sent(now) }))
    }
}

impl State {
    fn wake_first(&self) {
        if let Some((_, first)) = self.waiting.first_key_value() {
            first.notify_one();
        }
    }
}

/// A place in the queue of a class, left when it is dropped.
struct Place<'l> {
    lane: &'l Lane,
    ticket: Ticket,
    changed: Arc<Notify>,
}

impl<'l> Place<'l> {
    fn take(lane: &'l Lane, ticket: Ticket) -> Self {
        let changed = Arc::new(Notify::new());
        lane.state().waiting.insert(ticket, Arc::clone(&changed));
        Self { lane, ticket, changed }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.lane.state();
        state.waiting.remove(&self.ticket);
        state.wake_first();
    }
}
