//! What an operation takes from outside, as values: the time, the environment, randomness, time
//! limits. And what stops one: findings with the class of their cause.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::client::Clock;
use crate::diagnostic::{Diagnostic, Diagnostics};

type LookUp = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Environment variables by name; `None` for those that are not set.
#[derive(Clone)]
pub struct Environment(Arc<LookUp>);

impl Environment {
    /// An environment from a look-up.
    pub fn new(look_up: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look_up))
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Environment")
    }
}

/// Everything that would otherwise be global.
#[derive(Clone)]
pub struct Ports {
    /// The time of day.
    pub clock: Clock,
    /// Environment variables.
    pub environment: Environment,
    /// The seed of jitter.
    pub seed: u64,
    /// `--request-timeout`.
    pub request_timeout: Option<Duration>,
}

impl Ports {
    /// The time of day.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Today in UTC, which is what exclusions are judged by.
    pub fn today(&self) -> Date {
        self.now().to_zoned(TimeZone::UTC).date()
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ports").finish_non_exhaustive()
    }
}

/// Learns how many mailboxes were read.
pub trait ReadObserver: Send {
    /// So many so far.
    fn reading(&mut self, mailboxes: u64);
    /// Reading is over, or begins anew.
    fn reading_ended(&mut self);
}

/// Why an operation stopped, as far as an exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The spec, the sign-in, a file: nothing was planned or changed.
    Error,
    /// A read failed or was incomplete, so nothing can be said about the tenant.
    StateUnknown,
    /// What was planned is no longer so.
    Stale,
    /// An approval is missing, invalid or expired.
    NotApproved,
    /// Another apply holds the tenant.
    Locked,
}

/// An operation that stopped, with what there is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// The class of the cause.
    pub cause: Cause,
    /// The findings.
    pub diagnostics: Diagnostics,
}

impl Stopped {
    /// Stopped by one finding about what the user gave.
    pub fn error(diagnostic: Diagnostic) -> Self {
        Self { cause: Cause::Error, diagnostics: diagnostic.into() }
    }

    /// Stopped by what the user gave.
    pub fn error_of(diagnostics: Diagnostics) -> Self {
        Self { cause: Cause::Error, diagnostics }
    }

    /// Stopped since what was planned is no longer so.
    pub fn stale(diagnostic: Diagnostic) -> Self {
        Self { cause: Cause::Stale, diagnostics: diagnostic.into() }
    }

    /// Stopped since it is not approved.
    pub fn not_approved(diagnostic: Diagnostic) -> Self {
        Self { cause: Cause::NotApproved, diagnostics: diagnostic.into() }
    }

    /// Stopped since another apply holds the tenant.
    pub fn locked(diagnostic: Diagnostic) -> Self {
        Self { cause: Cause::Locked, diagnostics: diagnostic.into() }
    }

    /// Stopped since the state of the tenant could not be learnt.
    pub fn state_unknown(diagnostic: Diagnostic) -> Self {
        Self { cause: Cause::StateUnknown, diagnostics: diagnostic.into() }
    }
}
