//! Walks the execution graph. One coordinator decides and keeps the books; tasks only send requests
//! and report back. A step's intent is with the sink before its request leaves. Once asked to stop,
//! it starts nothing more and waits for what is in flight: the loop always drains.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};

use super::event::{Event, Observer, Sink, StepEvent};
use super::report::{Failure, FailureKind, Report};
use crate::graph::{ExecutionGraph, Outcome, Schedule, Step, StepId};
use crate::plan::{Plan, Write};

/// Sends requests to a tenant.
pub trait Writer: Send + Sync + 'static {
    /// Sends one request and waits for its outcome; retries are its own matter. The answer is the
    /// service's id of the request, where it gave one.
    fn write(
        &self,
        write: Write,
        events: WriterEvents,
    ) -> impl Future<Output = Result<Option<String>, Failure>> + Send;

    /// Waits until the service agrees that the tenant is customised.
    fn await_customization(&self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Lets a [`Writer`] say that a request goes out.
#[derive(Debug, Clone)]
pub struct WriterEvents {
    step: StepId,
    sender: mpsc::UnboundedSender<Sent>,
}

#[derive(Debug)]
struct Sent {
    step: StepId,
    client_request_id: String,
    attempt: u32,
}

impl WriterEvents {
    /// The request goes out, for the `attempt`th time.
    pub fn sent(&self, client_request_id: String, attempt: u32) {
        // The coordinator outlives its tasks; if it is gone, nobody is left to be told.
        let _ = self.sender.send(Sent { step: self.step, client_request_id, attempt });
    }
}

/// Tells the executor to start nothing more.
#[derive(Debug, Clone)]
pub struct Cancel(watch::Receiver<bool>);

impl Cancel {
    /// A signal that comes when `true` is sent.
    pub fn new(receiver: watch::Receiver<bool>) -> Self {
        Self(receiver)
    }

    /// Waits for the signal; for ever, if nobody can give it any more.
    pub async fn wait(&mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

type Answer = Result<Option<String>, Failure>;

/// Carries out a plan with at most `parallelism` requests at once.
pub async fn execute<W: Writer>(
    plan: &Plan,
    graph: &ExecutionGraph,
    writer: &Arc<W>,
    parallelism: usize,
    mut cancel: Cancel,
    sink: &mut dyn Sink,
    observer: &mut dyn Observer,
) -> Report {
    let (sender, mut sent) = mpsc::unbounded_channel();
    let mut run = Run {
        plan,
        graph,
        schedule: Schedule::new(graph),
        report: Report::new(plan.len()),
        tasks: JoinSet::new(),
        steps: HashMap::new(),
        sender,
    };
    observer.event(Event::Started { steps: plan.summary().requests });
    loop {
        run.start(writer, parallelism, sink);
        if run.tasks.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            () = cancel.wait(), if !run.report.interrupted => {
                run.report.interrupted = true;
                observer.event(Event::Stopping { in_flight: run.tasks.len() });
            }
            Some(sent) = sent.recv() => run.sent(&sent, sink),
            Some(ended) = run.tasks.join_next_with_id() => run.ended(ended, sink, observer),
        }
    }
    while let Ok(sent) = sent.try_recv() {
        run.sent(&sent, sink);
    }
    run.report
}

struct Run<'p> {
    plan: &'p Plan,
    graph: &'p ExecutionGraph,
    schedule: Schedule<'p>,
    report: Report,
    tasks: JoinSet<Answer>,
    steps: HashMap<Id, StepId>,
    sender: mpsc::UnboundedSender<Sent>,
}

impl Run<'_> {
    /// Starts as many ready steps as there is room for, once the sink has all their intents.
    fn start<W: Writer>(&mut self, writer: &Arc<W>, parallelism: usize, sink: &mut dyn Sink) {
        if self.report.interrupted || self.report.sink_error.is_some() {
            return;
        }
        let room = parallelism.max(1).saturating_sub(self.tasks.len());
        let ready: Vec<StepId> =
            std::iter::from_fn(|| self.schedule.take_ready()).take(room).collect();
        if ready.is_empty() {
            return;
        }
        let intents: Vec<StepEvent<'_>> =
            ready.iter().map(|step| StepEvent::Intent { step: *step }).collect();
        if !self.record(&intents, sink) {
            return;
        }
        for step in ready {
            self.spawn(step, writer);
        }
    }

    fn spawn<W: Writer>(&mut self, step: StepId, writer: &Arc<W>) {
        let writer = Arc::clone(writer);
        let events = WriterEvents { step, sender: self.sender.clone() };
        let handle = match self.graph.step(step) {
            Some(Step::Write { change, request }) => {
                let write = self
                    .plan
                    .get(change as usize)
                    .and_then(|change| change.writes().into_iter().nth(usize::from(request)));
                self.tasks.spawn(async move {
                    match write {
                        Some(write) => writer.write(write, events).await,
                        None => Ok(None),
                    }
                })
            }
            Some(Step::AwaitCustomization { .. }) => {
                self.tasks.spawn(async move { writer.await_customization().await.map(|()| None) })
            }
            Some(Step::Barrier) | None => self.tasks.spawn(async { Ok(None) }),
        };
        self.steps.insert(handle.id(), step);
    }

    fn sent(&mut self, sent: &Sent, sink: &mut dyn Sink) {
        let event = StepEvent::Sent {
            step: sent.step,
            client_request_id: &sent.client_request_id,
            attempt: sent.attempt,
        };
        self.record(&[event], sink);
    }

    fn ended(
        &mut self,
        ended: Result<(Id, Answer), JoinError>,
        sink: &mut dyn Sink,
        observer: &mut dyn Observer,
    ) {
        let (id, answer) = match ended {
            Ok((id, answer)) => (id, answer),
            // A task that broke may have sent its request: only reading again can tell.
            Err(error) => (error.id(), Err(broken_task())),
        };
        let Some(step) = self.steps.remove(&id) else { return };
        let change = self.graph.step(step).and_then(Step::change);
        let address = change
            .and_then(|place| self.plan.get(place as usize))
            .map(|change| change.address().to_string())
            .unwrap_or_default();
        match answer {
            Ok(request_id) => {
                let request_id = request_id.as_deref();
                self.record(&[StepEvent::Succeeded { step, request_id }], sink);
                if let Some(change) = change.filter(|_| self.is_last(step)) {
                    self.report.done(change);
                }
                self.schedule.finish(step, Outcome::Done);
                if matches!(self.graph.step(step), Some(Step::Write { .. })) {
                    observer.event(Event::Done { address: &address });
                }
            }
            Err(failure) => {
                self.record(&[StepEvent::Failed { step, failure: &failure }], sink);
                observer.event(Event::Failed { address: &address, failure: &failure });
                if let Some(change) = change {
                    self.report.failed(change, failure);
                }
                self.skip_dependents(step, change);
            }
        }
    }

    /// Whether no further step of the same change comes after this one.
    fn is_last(&self, step: StepId) -> bool {
        let change = self.graph.step(step).and_then(Step::change);
        !self
            .graph
            .steps()
            .neighbors(step)
            .any(|next| self.graph.step(next).and_then(Step::change) == change)
    }

    fn skip_dependents(&mut self, step: StepId, change: Option<u32>) {
        for skipped in self.schedule.finish(step, Outcome::Failed) {
            let dependent = self.graph.step(skipped.step).and_then(Step::change);
            if let (Some(dependent), Some(because)) = (dependent, change) {
                self.report.skip(dependent, because);
            }
        }
    }

    fn record(&mut self, events: &[StepEvent<'_>], sink: &mut dyn Sink) -> bool {
        match sink.record(events) {
            Ok(()) => true,
            Err(error) => {
                self.report.sink_error.get_or_insert_with(|| error.to_string());
                false
            }
        }
    }
}

fn broken_task() -> Failure {
    Failure {
        kind: FailureKind::InDoubt,
        message: "the request broke off inside the program".to_owned(),
        request_id: None,
    }
}
