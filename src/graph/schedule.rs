//! Walks an execution graph: which steps are ready, and what a step's end makes ready or skips. A
//! plain value without clocks or tasks; the executor asks it and does the work.

use std::collections::VecDeque;

use petgraph::Direction;

use super::build::{ExecutionGraph, Step, StepId};

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// What depends on it may start.
    Done,
    /// What depends on it is skipped.
    Failed,
}

/// A step that will not be done, and the step whose failure is the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// The step that is skipped.
    pub step: StepId,
    /// The step that failed.
    pub because: StepId,
}

/// The state of a walk. Each step is handed out once, when everything before it is done.
#[derive(Debug)]
pub struct Schedule<'g> {
    graph: &'g ExecutionGraph,
    /// How many steps each one still waits for; `SKIPPED` once it will not be done.
    waits_for: Vec<u32>,
    ready: VecDeque<StepId>,
}

const SKIPPED: u32 = u32::MAX;

impl<'g> Schedule<'g> {
    /// Starts a walk.
    pub fn new(graph: &'g ExecutionGraph) -> Self {
        let steps = graph.steps();
        let waits_for = steps
            .node_indices()
            .map(|step| steps.neighbors_directed(step, Direction::Incoming).count())
            .map(|count| u32::try_from(count).unwrap_or(SKIPPED - 1))
            .collect::<Vec<u32>>();
        let mut schedule = Self { graph, waits_for, ready: VecDeque::new() };
        let free: Vec<StepId> =
            steps.node_indices().filter(|step| schedule.waits_for[step.index()] == 0).collect();
        for step in free {
            schedule.release(step);
        }
        schedule
    }

    /// The next step to start, in the order of the plan.
    pub fn take_ready(&mut self) -> Option<StepId> {
        self.ready.pop_front()
    }

    /// Takes back a step that was handed out and not started: it is the next one again.
    pub fn give_back(&mut self, step: StepId) {
        self.ready.push_front(step);
    }

    /// Ends a step that was handed out; says what is skipped because of it.
    pub fn finish(&mut self, step: StepId, outcome: Outcome) -> Vec<Skipped> {
        match outcome {
            Outcome::Done => {
                self.release_dependents(step);
                Vec::new()
            }
            Outcome::Failed => self.skip_dependents(step),
        }
    }

    /// A barrier is done as soon as nothing holds it.
    fn release(&mut self, step: StepId) {
        if self.graph.step(step) == Some(Step::Barrier) {
            self.release_dependents(step);
        } else {
            self.ready.push_back(step);
        }
    }

    fn release_dependents(&mut self, step: StepId) {
        // petgraph lists the newest edge first; reversing gives the order of the plan.
        let mut dependents: Vec<StepId> = self.graph.steps().neighbors(step).collect();
        dependents.reverse();
        for dependent in dependents {
            let waits = &mut self.waits_for[dependent.index()];
            if *waits != SKIPPED {
                *waits -= 1;
                if *waits == 0 {
                    self.release(dependent);
                }
            }
        }
    }

    fn skip_dependents(&mut self, because: StepId) -> Vec<Skipped> {
        let mut skipped = Vec::new();
        let mut waiting = vec![because];
        while let Some(step) = waiting.pop() {
            for dependent in self.graph.steps().neighbors(step) {
                if self.waits_for[dependent.index()] != SKIPPED {
                    self.waits_for[dependent.index()] = SKIPPED;
                    waiting.push(dependent);
                    if self.graph.step(dependent) != Some(Step::Barrier) {
                        skipped.push(Skipped { step: dependent, because });
                    }
                }
            }
        }
        skipped.sort_by_key(|skipped| skipped.step);
        skipped
    }
}
