//! Where an answer is made worse than the service's best. A file says what goes wrong (`file.rs`);
//! every request passes here before it is routed, and what comes out is what to do to it. What is
//! chosen for a request rests on the file's seed, on the rule and on how often this very request
//! has come, and not on what else is under way. Carrying a choice out is for `routes.rs`.

mod bodies;
mod bucket;
mod chance;
mod file;
mod raw;
mod raw_harm;
mod rule;
mod subject;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use self::file::{FaultError, FaultFile};

pub(crate) use self::bucket::Slot;
pub(crate) use self::rule::{Harm, When};
pub(crate) use self::subject::Subject;

use self::bucket::{Limit, Refused};
use self::rule::Rule;
use self::subject::Class;
use super::tenant::Tenant;

/// What the emulator does to requests besides answering them.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    latency: Duration,
    seed: u64,
    rules: Vec<Rule>,
    limits: Vec<(Class, Arc<Limit>)>,
}

/// The verdict on one request.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// How long the request lies before it is looked at.
    pub(crate) delay: Duration,
    pub(crate) harm: Option<Harm>,
    /// For the request log: which part of the file it was.
    pub(crate) fault: Option<String>,
    /// Given back once the request is answered.
    pub(crate) slot: Option<Slot>,
}

impl Faults {
    /// Every request waits for `latency`; the rest is as the file has it. An error where a rule is
    /// about something that this tenant does not have.
    pub(crate) fn new(
        latency: Duration,
        file: Option<&FaultFile>,
        tenant: &Tenant,
    ) -> Result<Self, FaultError> {
        let Some(file) = file else {
            return Ok(Self { latency, ..Self::default() });
        };
        Ok(Self { latency, seed: file.seed, rules: file.rules(tenant)?, limits: file.limits() })
    }

    /// Whether anything is asked of requests beyond waiting.
    pub(crate) fn look_at_requests(&self) -> bool {
        !self.rules.is_empty() || !self.limits.is_empty()
    }

    /// For a request that no rule is to look at.
    pub(crate) fn wait_alone(&self) -> Verdict {
        Verdict { delay: self.latency, ..Verdict::default() }
    }

    /// Asked exactly once for every request. Limits come first: what they refuse has not reached
    /// the service, so no rule counts it. Of the rules that hit, the first one harms; the delays
    /// of all add up.
    pub(crate) fn judge(&self, subject: &Subject, now: Timestamp) -> Verdict {
        let mut verdict = self.wait_alone();
        for (class, limit) in &self.limits {
            if !subject.is_of(*class) {
                continue;
            }
            match limit.admit(now) {
                Ok(slot) => verdict.slot = Some(slot),
                Err(refused) => {
                    verdict.fault = Some(refusal_name(*class, &refused));
                    verdict.harm =
                        Some(Harm::Answer { shape: refused.shape(), when: When::Before });
                    return verdict;
                }
            }
        }
        for (number, rule) in (1..).zip(&self.rules) {
            if !rule.hits(self.seed, number, subject) {
                continue;
            }
            verdict.delay += rule.latency;
            match &rule.harm {
                Some(harm) if verdict.harm.is_none() => {
                    verdict.harm = Some(harm.clone());
                    verdict.fault = Some(format!("fault {number}: {}", harm.name()));
                }
                None if verdict.fault.is_none() => {
                    verdict.fault = Some(format!("fault {number}: latency"));
                }
                _ => {}
            }
        }
        verdict
    }
}

fn refusal_name(class: Class, refused: &Refused) -> String {
    let limit = if refused.is_concurrency() { "concurrency" } else { "rate" };
    format!("{limit} of {}", class.name())
}
