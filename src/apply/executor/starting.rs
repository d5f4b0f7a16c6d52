//! Which steps are started, and when: their intents go to the sink ahead of their turn, many at once,
//! and come back where they are not sent after all.

use std::sync::Arc;

use super::Execution;
use crate::apply::event::{Event, Observer, Sink, StepEvent};
use crate::apply::report::{Prerequisite, StepState};
use crate::apply::writer::{Writer, WriterEvents};
use crate::graph::{Outcome, Step, StepId};

/// So many times as many intents are with the sink as there may be requests under way.
const AHEAD: usize = 8;

impl Execution<'_> {
    /// Starts as many steps as there is room for, of those whose intents are with the sink.
    pub(super) fn start<W: Writer>(
        &mut self,
        writer: &Arc<W>,
        sink: &mut dyn Sink,
        observer: &mut dyn Observer,
    ) {
        if self.report.interrupted || self.report.sink_error.is_some() {
            return self.withdraw(sink);
        }
        // What can be sent goes first: the next intents are written while it is under way.
        if self.send(writer, sink, observer) {
            self.intend(sink);
            self.send(writer, sink, observer);
        }
    }

    /// Sends steps whose intents are with the sink, as long as there is room; whether they may still be
    /// written upon what was read.
    fn send<W: Writer>(
        &mut self,
        writer: &Arc<W>,
        sink: &mut dyn Sink,
        observer: &mut dyn Observer,
    ) -> bool {
        while self.tasks.len() < self.parallelism
            && let Some(step) = self.intended.pop_front()
        {
            if !self.may_write(step) {
                self.intended.push_front(step);
                self.withdraw(sink);
                return false;
            }
            self.watched(step, |step| observer.event(Event::Begun { step }));
            self.spawn(step, writer);
        }
        true
    }

    /// Hands over the intents of ready steps, many at once: each time one half of those that may be
    /// ahead are used up.
    fn intend(&mut self, sink: &mut dyn Sink) {
        let ahead = self.parallelism.saturating_mul(AHEAD);
        if self.intended.len() > ahead / 2 {
            return;
        }
        let mut ready: Vec<StepId> = Vec::new();
        while self.intended.len() + ready.len() < ahead
            && let Some(step) = self.schedule.take_ready()
        {
            match self.graph.step(step) {
                Some(Step::ReadBack | Step::Canary) => self.held = Some(step),
                _ if self.is_settled(step) => {}
                _ if !self.may_write(step) => {
                    self.schedule.give_back(step);
                    break;
                }
                _ => ready.push(step),
            }
        }
        if ready.is_empty() {
            return;
        }
        let intents: Vec<StepEvent<'_>> =
            ready.iter().map(|step| StepEvent::Intent { step: *step }).collect();
        if self.record(&intents, sink) {
            self.intended.extend(ready);
        }
    }

    /// Takes back the intents of what was not sent. Where the sink does not take that, they are in
    /// doubt, which is safe.
    fn withdraw(&mut self, sink: &mut dyn Sink) {
        if self.intended.is_empty() {
            return;
        }
        let steps: Vec<StepId> = self.intended.drain(..).collect();
        let events: Vec<StepEvent<'_>> =
            steps.iter().map(|step| StepEvent::Withdrawn { step: *step }).collect();
        self.record(&events, sink);
        steps.into_iter().rev().for_each(|step| self.schedule.give_back(step));
    }

    /// Whether what a step writes upon was read lately enough.
    fn may_write(&mut self, step: StepId) -> bool {
        let Some(Step::Write { change, .. }) = self.graph.step(step) else { return true };
        let is_fresh = (self.is_fresh)(change);
        self.outdated |= !is_fresh;
        is_fresh
    }

    /// A step of a change that needs nothing, or may not be done, ends at once.
    fn is_settled(&mut self, step: StepId) -> bool {
        if let Some(Step::Write { change, request }) = self.graph.step(step)
            && self.done.contains(&(change, request))
        {
            self.did(step);
            return true;
        }
        let Some(change) = self.graph.step(step).and_then(Step::change) else { return false };
        match self.report.state(change) {
            StepState::AlreadyThere | StepState::Gone => {
                self.schedule.finish(step, Outcome::Done);
                true
            }
            // No mailbox depends on another: those that are tried first may be fewer.
            StepState::Stale if change as usize >= self.plan.before_mailbox_changes() => {
                self.schedule.finish(step, Outcome::Done);
                true
            }
            StepState::Stale => {
                self.skip_dependents(step, Prerequisite::Change(change));
                true
            }
            _ => false,
        }
    }

    fn spawn<W: Writer>(&mut self, step: StepId, writer: &Arc<W>) {
        self.begun.extend(self.graph.step(step).and_then(Step::change));
        let writer = Arc::clone(writer);
        let events = WriterEvents { step, sender: self.sender.clone() };
        let handle = match self.graph.step(step) {
            Some(Step::Write { change, request }) => {
                let operation = self
                    .plan
                    .get(change as usize)
                    .and_then(|change| change.writes().into_iter().nth(usize::from(request)));
                self.tasks.spawn(async move {
                    match operation {
                        Some(operation) => writer.write(operation, events).await,
                        None => Ok(None),
                    }
                })
            }
            Some(Step::AwaitCustomization { .. }) => {
                self.tasks.spawn(async move { writer.await_customization().await.map(|()| None) })
            }
            Some(Step::SignIn) => {
                self.tasks.spawn(async move { writer.sign_in(events).await.map(|()| None) })
            }
            Some(Step::ReadBack | Step::Canary | Step::Barrier) | None => {
                self.tasks.spawn(async { Ok(None) })
            }
        };
        self.steps.insert(handle.id(), step);
    }
}
