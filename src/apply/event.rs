//! What the executor says while it works: to a sink, which may keep a journal and must have an
//! intent on disk before its request leaves, and to an observer, which shows progress.

use std::io;

use super::report::Failure;
use crate::graph::StepId;

/// One transition of a step.
#[derive(Debug, Clone, Copy)]
pub enum StepEvent<'a> {
    /// It is about to be sent.
    Intent {
        /// The step.
        step: StepId,
    },
    /// It is not sent after all, for the time being.
    Withdrawn {
        /// The step.
        step: StepId,
    },
    /// Its request goes out.
    Sent {
        /// The step.
        step: StepId,
        /// The id under which the service can find the request.
        client_request_id: &'a str,
        /// 1 for the first try.
        attempt: u32,
    },
    /// The service said that it is done.
    Succeeded {
        /// The step.
        step: StepId,
        /// The service's own id of the request.
        request_id: Option<&'a str>,
    },
    /// It failed, or nobody knows whether it took effect.
    Failed {
        /// The step.
        step: StepId,
        /// Why.
        failure: &'a Failure,
    },
}

/// Takes the transitions of steps. Several intents come together so that one write to disk can
/// serve them all; none of their requests leaves before `record` has returned.
pub trait Sink: Send {
    /// Keeps the events; an error stops the apply from starting further steps.
    fn record(&mut self, events: &[StepEvent<'_>]) -> io::Result<()>;
}

/// What a step is called by those who watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepName<'a> {
    /// The address of its change; the sign-in has a name of its own.
    pub address: &'a str,
    /// Which of the change's writes, counted from 1; `None` for what is no write.
    pub write: Option<u8>,
}

/// What those who watch want to know while they wait.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// So many requests will be sent.
    Started {
        /// Requests.
        steps: u64,
    },
    /// One is begun.
    Begun {
        /// Which one.
        step: StepName<'a>,
    },
    /// Its request goes out.
    Sent {
        /// Which one.
        step: StepName<'a>,
        /// The id under which the service can find the request.
        client_request_id: &'a str,
        /// 1 for the first try.
        attempt: u32,
    },
    /// One more is done.
    Done {
        /// Which one.
        step: StepName<'a>,
        /// The service's own id of the request.
        request_id: Option<&'a str>,
    },
    /// One failed.
    Failed {
        /// Which one.
        step: StepName<'a>,
        /// Why.
        failure: &'a Failure,
    },
    /// One did what it could, and the service takes its time with the rest: a later run goes on.
    NotYet {
        /// Which one.
        step: StepName<'a>,
        /// What is awaited.
        what: &'a str,
    },
    /// The service does not show yet what the next request needs.
    Waiting {
        /// The address of the change that waits.
        address: &'a str,
        /// What is awaited.
        what: &'a str,
        /// How long already.
        seconds: u64,
    },
    /// No further step is started; those in flight are awaited.
    Stopping {
        /// How many are in flight.
        in_flight: usize,
    },
    /// What was written is read back.
    Verifying {
        /// How many changes are not confirmed yet.
        waiting: u64,
    },
    /// Nothing more will come.
    Finished,
}

/// Shows progress.
pub trait Observer: Send {
    /// Takes one event.
    fn event(&mut self, event: Event<'_>);
}
