//! Walks the execution graph. One coordinator decides and keeps the books; tasks only send requests
//! and report back. A step's intent is with the sink before its request leaves; intents are handed
//! over ahead of their turn, so that one write to a disk serves many. Once asked to stop, it takes
//! back those that have not left, starts nothing more and waits for what is in flight: the loop always drains. Before a step that
//! reads Exchange back it drains too, and goes on when it is told what came of it; likewise once what
//! was read is too old to be written upon.

mod starting;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};

use super::event::{Event, Observer, Sink, StepEvent, StepName};
use super::recheck::Standings;
use super::report::{Failure, FailureKind, Prerequisite, Report, StepState};
use super::writer::{Cancel, News, Writer};
use crate::graph::{ExecutionGraph, Outcome, Schedule, Step, StepId};
use crate::plan::Plan;

type Answer = Result<Option<String>, Failure>;

/// Tells whether what was read last of the change at a place may still be written upon.
pub type Freshness = Arc<dyn Fn(u32) -> bool + Send + Sync>;

/// A request of a plan: the place of its change, and its own among those of the change.
pub type RequestPlace = (u32, u8);

/// What is known of a plan that was carried out in part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TakenUp {
    /// What has become of its changes.
    pub report: Option<Report>,
    /// Requests that have taken effect.
    pub done: HashSet<RequestPlace>,
}

/// A plan that is being carried out.
pub struct Execution<'p> {
    plan: &'p Plan,
    graph: &'p ExecutionGraph,
    schedule: Schedule<'p>,
    report: Report,
    parallelism: usize,
    cancel: Cancel,
    tasks: JoinSet<Answer>,
    steps: HashMap<Id, StepId>,
    /// Steps whose intents are with the sink, and whose turn has not come.
    intended: VecDeque<StepId>,
    /// Requests that have taken effect in an earlier process.
    done: HashSet<RequestPlace>,
    is_fresh: Freshness,
    /// What was read is too old, and something waits to be written.
    outdated: bool,
    /// Changes of which some step, and not the last, was started.
    begun: HashSet<u32>,
    /// Steps that a change of an identity chain still has before it.
    left: HashMap<u32, u32>,
    /// Requests and work on files that have ended.
    ended_steps: u64,
    /// The reading back that what is left waits for.
    held: Option<StepId>,
    sender: mpsc::UnboundedSender<News>,
    news: mpsc::UnboundedReceiver<News>,
}

impl std::fmt::Debug for Execution<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Execution").field("report", &self.report).finish_non_exhaustive()
    }
}

impl<'p> Execution<'p> {
    /// Begins to carry out a plan with at most `parallelism` requests at once.
    pub fn new(
        plan: &'p Plan,
        graph: &'p ExecutionGraph,
        parallelism: usize,
        cancel: Cancel,
    ) -> Self {
        let (sender, news) = mpsc::unbounded_channel();
        Self {
            plan,
            graph,
            schedule: Schedule::new(graph),
            report: Report::new(plan.len()),
            parallelism: parallelism.max(1),
            cancel,
            tasks: JoinSet::new(),
            steps: HashMap::new(),
            intended: VecDeque::new(),
            done: HashSet::new(),
            is_fresh: Arc::new(|_| true),
            outdated: false,
            begun: HashSet::new(),
            left: HashMap::new(),
            ended_steps: 0,
            held: None,
            sender,
            news,
        }
    }

    /// Starts nothing once `is_fresh` says no, until it says yes again.
    #[must_use]
    pub fn while_fresh(self, is_fresh: Freshness) -> Self {
        Self { is_fresh, ..self }
    }

    /// Goes on where an earlier process has stopped.
    #[must_use]
    pub fn taking_up(mut self, earlier: TakenUp) -> Self {
        self.begun.extend(earlier.done.iter().map(|(change, _)| *change));
        self.ended_steps = earlier.done.len() as u64;
        self.done = earlier.done;
        if let Some(report) = earlier.report {
            self.report = report;
        }
        self
    }

    /// Takes what reading again has shown: what is there is not written, what is stale is refused.
    pub fn settle(&mut self, standings: &Standings) {
        for place in &standings.already {
            self.report.already(*place);
        }
        for (place, why) in &standings.stale {
            self.report.refuse(*place, why.clone());
        }
    }

    /// Whether nothing of a change was sent, so that it has to be as the plan saw it.
    pub fn is_untouched(&self, change: u32) -> bool {
        self.report.state(change) == StepState::NotStarted && !self.begun.contains(&change)
    }

    /// Whether what is left waits until the tenant is read again.
    pub fn is_outdated(&self) -> bool {
        self.outdated
    }

    /// Goes on until nothing more can be started: all is done, or what is left is held by a reading
    /// back, or was read too long ago.
    pub async fn run<W: Writer>(
        &mut self,
        writer: &Arc<W>,
        sink: &mut dyn Sink,
        observer: &mut dyn Observer,
    ) {
        observer
            .event(Event::Started { steps: self.plan.steps().saturating_sub(self.ended_steps) });
        self.outdated = false;
        loop {
            if self.cancel.is_asked() && !self.report.interrupted {
                self.report.interrupted = true;
                observer.event(Event::Stopping { in_flight: self.tasks.len() });
            }
            self.start(writer, sink, observer);
            if self.tasks.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                () = self.cancel.wait(), if !self.report.interrupted => {}
                Some(news) = self.news.recv() => self.tell(&news, sink, observer),
                Some(ended) = self.tasks.join_next_with_id() => {
                    self.catch_up(sink, observer);
                    self.ended(ended, sink, observer);
                }
            }
        }
    }

    /// Takes all news that any task has sent so far. Waiting for news does not show those behind one that
    /// another thread is about to put in, so a task may have ended and its news not be seen; this waits
    /// for that thread.
    fn catch_up(&mut self, sink: &mut dyn Sink, observer: &mut dyn Observer) {
        while let Ok(news) = self.news.try_recv() {
            self.tell(&news, sink, observer);
        }
    }

    /// What has become of the plan so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The same, for putting in what reading back shows.
    pub fn report_mut(&mut self) -> &mut Report {
        &mut self.report
    }

    /// What has become of the plan.
    pub fn into_report(self) -> Report {
        self.report
    }

    /// Whether what is left waits until what was done is read back.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Lets go what was held, if what was done before is proved; else that is skipped. The rest of the
    /// mailboxes follows where what was tried first went well, whatever was left out as stale; the
    /// identity that works in Exchange goes only where there is nothing left to see to. Whether it was
    /// let go.
    pub fn was_read_back(&mut self, is_read: bool) -> bool {
        let Some(step) = self.held.take() else { return false };
        let is_proved = is_read
            && match self.graph.step(step) {
                Some(Step::Canary) => self.report.went_well(),
                _ => self.report.is_good(),
            };
        if is_proved {
            self.schedule.finish(step, Outcome::Done);
        } else {
            self.skip_dependents(step, Prerequisite::ReadBack);
        }
        is_proved
    }

    fn tell(&mut self, news: &News, sink: &mut dyn Sink, observer: &mut dyn Observer) {
        match news {
            News::Sent { step, client_request_id, attempt } => {
                let (step, attempt) = (*step, *attempt);
                self.record(&[StepEvent::Sent { step, client_request_id, attempt }], sink);
                self.watched(step, |step| {
                    observer.event(Event::Sent { step, client_request_id, attempt });
                });
            }
            News::Waiting { step, what, seconds } => {
                let address = self.address(*step);
                observer.event(Event::Waiting { address: &address, what, seconds: *seconds });
            }
        }
    }

    /// The address of a step's change; the sign-in has a name of its own.
    fn address(&self, step: StepId) -> String {
        let step = self.graph.step(step);
        if step == Some(Step::SignIn) {
            return self.plan.sign_in.as_ref().map(ToString::to_string).unwrap_or_default();
        }
        step.and_then(Step::change)
            .and_then(|place| self.plan.get(place as usize))
            .map(|change| change.address().to_string())
            .unwrap_or_default()
    }

    /// Hands a step over under the name that those who watch know; a barrier is nothing to them.
    fn watched(&self, step: StepId, tell: impl FnOnce(StepName<'_>)) {
        let write = match self.graph.step(step) {
            None | Some(Step::Barrier | Step::ReadBack | Step::Canary) => return,
            Some(Step::Write { request, .. }) => Some(request.saturating_add(1)),
            Some(Step::AwaitCustomization { .. } | Step::SignIn) => None,
        };
        tell(StepName { address: &self.address(step), write });
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
            Err(error) => (error.id(), Err(Failure::broken_off())),
        };
        let Some(step) = self.steps.remove(&id) else { return };
        let change = self.graph.step(step).and_then(Step::change);
        let is_write = matches!(self.graph.step(step), Some(Step::Write { .. }));
        self.ended_steps += u64::from(is_write);
        match answer {
            Ok(request_id) => {
                let request_id = request_id.as_deref();
                self.record(&[StepEvent::Succeeded { step, request_id }], sink);
                self.did(step);
                self.watched(step, |step| observer.event(Event::Done { step, request_id }));
            }
            Err(failure) if failure.kind == FailureKind::NotYet => {
                // What was done is done; only what comes after it has to wait for a later run.
                let what = &failure.message;
                self.watched(step, |step| observer.event(Event::NotYet { step, what }));
                self.report.awaited.get_or_insert(failure.message);
                if let Some(change) = change {
                    self.report.done(change);
                }
                self.schedule.finish(step, Outcome::Failed);
            }
            Err(failure) if failure.kind == FailureKind::Withdrawn => {
                self.record(&[StepEvent::Withdrawn { step }], sink);
                self.schedule.give_back(step);
            }
            Err(failure) => {
                self.record(&[StepEvent::Failed { step, failure: &failure }], sink);
                let why = &failure;
                self.watched(step, |step| observer.event(Event::Failed { step, failure: why }));
                match change {
                    // Nothing waits for an object that nobody has any more.
                    Some(change) if failure.kind == FailureKind::Gone => {
                        self.report.failed(change, failure);
                        self.schedule.finish(step, Outcome::Done);
                    }
                    Some(change) => {
                        self.report.failed(change, failure);
                        self.skip_dependents(step, Prerequisite::Change(change));
                    }
                    None => {
                        self.report.sign_in = Some(failure);
                        self.skip_dependents(step, Prerequisite::SignIn);
                    }
                }
            }
        }
    }

    /// A step has taken effect.
    fn did(&mut self, step: StepId) {
        let is_last = self.is_last(step);
        let change = self.graph.step(step).and_then(Step::change);
        if let Some(change) = change.filter(|_| is_last) {
            self.report.done(change);
            self.begun.remove(&change);
        }
        self.schedule.finish(step, Outcome::Done);
    }

    /// Whether no further step of the same change comes after this one.
    fn is_last(&mut self, step: StepId) -> bool {
        let change = self.graph.step(step).and_then(Step::change);
        if let Some((change, all)) =
            change.and_then(|change| Some((change, self.graph.scattered_steps(change)?)))
        {
            let left = self.left.entry(change).or_insert(all);
            *left = left.saturating_sub(1);
            return *left == 0;
        }
        !self
            .graph
            .steps()
            .neighbors(step)
            .any(|next| self.graph.step(next).and_then(Step::change) == change)
    }

    fn skip_dependents(&mut self, step: StepId, because: Prerequisite) {
        for skipped in self.schedule.finish(step, Outcome::Failed) {
            // A sign-in that is skipped is nothing that a reader waits for.
            if let Some(dependent) = self.graph.step(skipped.step).and_then(Step::change) {
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
