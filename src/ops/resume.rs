//! Goes on with a run that has not ended. Nothing is planned anew: its plan is taken from its journal,
//! what was in doubt is read again, and what has moved meanwhile is refused.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use super::apply::{LastRead, StalePolicy};
use super::connect::Connection;
use super::journal::report_of;
use super::ports::{Ports, Stopped};
use super::recheck::{Asked, Reading, recheck};
use crate::apply::{Open, RequestPlace, Standings, TakenUp};
use crate::journal::{Event, RequestKey, Run, Standing, State};
use crate::plan::Plan;
use crate::state::DesiredState;

/// Where a run goes on.
#[derive(Debug)]
pub struct Resumption {
    /// What has become of the plan before, with what was found out just now.
    pub taken_up: TakenUp,
    /// The reading that the rest is written upon.
    pub read: LastRead,
    /// What was found out about requests that were in doubt.
    pub settled: Vec<(RequestKey, Event)>,
}

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Untouched,
    /// Some of its requests have taken effect, or may have.
    Begun,
    Done,
}

/// Finds out what has become of a run, and what is left of its plan. What was not known when the plan was
/// made, and is by now, is put into it.
pub async fn resume(
    connection: &mut Connection,
    desired: &DesiredState,
    plan: &mut Plan,
    run: &Run,
    beside: &Path,
    ports: &Ports,
    stale: StalePolicy,
) -> Result<Resumption, Stopped> {
    let at = ports.now();
    let mut run = run.clone();
    run.replay.resume();
    let mut known = Known::of(plan, &run);
    let progress = |place: u32| known.progress.get(place as usize).copied();
    let is_open = |place| progress(place).is_some_and(|progress| progress != Progress::Done);
    let is_begun = |place| progress(place) == Some(Progress::Begun);
    let is_done = |request: RequestPlace| known.done.contains(&request);
    let open = Open { is_open: &is_open, is_begun: &is_begun };
    let asked = Asked { reading: Reading::Lists, open, is_done: &is_done };
    let mut standings = recheck(connection, desired, plan, beside, ports, asked).await?;
    for (place, renewed) in std::mem::take(&mut standings.renewed) {
        if let Some(change) = plan.identity.get_mut(place as usize) {
            *change = renewed;
        }
    }
    let report = report_of(plan, &run).to_go_on();
    let settled = known.settle(&standings);
    let taken_up = TakenUp { report: Some(report), done: known.done };
    let read = LastRead { stale, standings, ended: ports.now(), ..LastRead::at(at) };
    Ok(Resumption { taken_up, read, settled })
}

/// What a journal tells of the requests of a plan.
pub(super) struct Known {
    progress: Vec<Progress>,
    /// By place: all requests were read back.
    proved: Vec<bool>,
    done: HashSet<RequestPlace>,
    in_doubt: BTreeSet<RequestPlace>,
}

impl Known {
    pub(super) fn of(plan: &Plan, run: &Run) -> Self {
        let mut known = Self {
            progress: Vec::new(),
            proved: Vec::new(),
            done: HashSet::new(),
            in_doubt: BTreeSet::new(),
        };
        for (change, place) in plan.changes().zip(0u32..) {
            let requests = change.requests();
            let (mut done, mut doubtful) = (0, 0);
            let state = |request| run.replay.state(RequestKey { change: place, request });
            known.proved.push((0..requests).all(|request| state(request) == State::Verified));
            for request in 0..requests {
                match state(request).standing() {
                    Standing::Open => {}
                    Standing::InDoubt => {
                        doubtful += 1;
                        known.in_doubt.insert((place, request));
                    }
                    Standing::Done => {
                        done += 1;
                        known.done.insert((place, request));
                    }
                }
            }
            known.progress.push(match (done, doubtful) {
                (0, 0) => Progress::Untouched,
                (done, _) if done == requests => Progress::Done,
                _ => Progress::Begun,
            });
        }
        known
    }

    /// Whether something of a change has taken effect, or may have.
    pub(super) fn is_begun(&self, place: u32) -> bool {
        let progress = self.progress.get(place as usize);
        progress.is_some_and(|progress| *progress != Progress::Untouched)
    }

    /// Whether nothing of a change is in doubt, and all of it was read back.
    pub(super) fn is_proved(&self, place: u32) -> bool {
        self.proved.get(place as usize).copied().unwrap_or_default()
    }

    /// Takes what reading again has shown of changes that were begun: the end of each doubt.
    fn settle(&mut self, standings: &Standings) -> Vec<(RequestKey, Event)> {
        let mut settled = Vec::new();
        for (change, shown) in &standings.shown {
            for (request, is_shown) in (0u8..).zip(shown) {
                let place = (*change, request);
                if self.in_doubt.contains(&place) {
                    let event = if *is_shown { Event::Verified } else { Event::Refuted };
                    settled.push((RequestKey { change: *change, request }, event));
                }
                if *is_shown {
                    self.done.insert(place);
                }
            }
        }
        settled
    }
}
