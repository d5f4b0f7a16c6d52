//! The event stream of `plan` and `apply`: what happens, as one JSON object on each line, for programs
//! that follow a run. A value goes in and a line comes out; who writes the lines, and where, is for
//! the caller. `schemas/events.schema.json` is made from these types, and `docs/events.md` explains
//! them to readers.

mod finding;
mod made;
mod rows;
mod words;

use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::schema::schema_text;

pub(super) use made::results;
pub use made::{change_results, planned_changes};
pub use rows::{
    ApplySummary, ChangeResult, CommandName, Finding, JudgedCheck, Opening, Outcome, Place,
    PlanSummary, PlannedChange, ResultState, SeverityWord, StepRef, TenantRef, VerificationState,
};

/// A change that a reader could trip over raises the first number, a new type or member the second.
pub const EVENTS_FORMAT_VERSION: &str = "1.0";

/// What happens in a run of `plan` or `apply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CommandEvent {
    /// Always the first: the format of what follows.
    Version(Opening),
    /// An error or a warning, as it also stands on standard error.
    Diagnostic(Finding),
    /// Words for people that no other event says; they are the `message`.
    Note {
        /// The words.
        #[serde(skip)]
        text: String,
    },
    /// The tenant is looked up, and a token is asked for.
    SignInStarted {
        /// The tenant as the spec names it: its initial domain or its id; empty where it names none.
        organization: String,
    },
    /// The tenant is known, and whoever is to read it has signed in.
    SignedIn {
        /// The tenant.
        tenant: TenantRef,
    },
    /// The tenant is read and compared with the spec.
    ReadStarted {},
    /// So much of the list of mailboxes was read; every 10,000 mailboxes, and once at the end. A
    /// number that is smaller than the one before means that the list was begun again.
    ReadProgress {
        /// Mailboxes so far.
        mailboxes: u64,
    },
    /// One change that the plan holds; in the order of the plan.
    PlannedChange(PlannedChange),
    /// What became of one check of the spec; after the changes of a plan, in the order of the spec.
    CheckResult(JudgedCheck),
    /// The plan as a whole; after its changes and checks.
    PlanSummary(PlanSummary),
    /// A person is asked, at the terminal, whether the plan shall be applied.
    ApprovalAwaited {},
    /// The plan is carried out. It comes again where the tenant was read again or read back between.
    ApplyStarted {
        /// Steps that are left: requests, and work on files.
        steps: u64,
    },
    /// A step is begun.
    StepStarted {
        /// Which one.
        #[serde(flatten)]
        step: StepRef,
    },
    /// Its request goes out; several times where it is tried again.
    StepSent {
        /// Which one.
        #[serde(flatten)]
        step: StepRef,
        /// Our id of the request, under which the service can find it.
        client_request_id: String,
        /// 1 for the first try.
        attempt: u32,
    },
    /// The service said that it is done.
    StepSucceeded {
        /// Which one.
        #[serde(flatten)]
        step: StepRef,
        /// The service's id of the request, where it gave one.
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
    },
    /// The service refused it, or nobody knows whether it took effect.
    StepFailed {
        /// Which one.
        #[serde(flatten)]
        step: StepRef,
        /// Why, in words.
        reason: String,
        /// Whether it may have taken effect all the same: then only reading again can tell.
        in_doubt: bool,
        /// The service's id of the request, where it gave one.
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
    },
    /// The service does not show yet what a step needs; at once and then every 15 seconds.
    StepWaiting {
        /// The address of the change that waits, or the name of the sign-in.
        address: String,
        /// What is awaited.
        what: String,
        /// For how many seconds already.
        seconds: u64,
    },
    /// A step did what it could, and the service takes its time with the rest: a later run goes on.
    StepNotYet {
        /// Which one.
        #[serde(flatten)]
        step: StepRef,
        /// What is awaited.
        what: String,
    },
    /// The apply was asked to stop: no further step is started.
    Stopping {
        /// Requests that are under way and are awaited.
        in_flight: u64,
    },
    /// What was written is read back; again as long as something does not show yet.
    Verifying {
        /// Changes that are not confirmed yet.
        waiting: u64,
    },
    /// What became of one change in the end; one for each change of the plan, in its order.
    ChangeResult(ChangeResult),
    /// What became of the plan; after the results of its changes.
    ApplySummary(ApplySummary),
    /// Always the last: how the command ends. A stream without it was cut off.
    Outcome(Outcome),
}

/// One line of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Line<'e> {
    /// When it was written, in UTC.
    #[schemars(extend("format" = "date-time"))]
    time: String,
    #[serde(flatten)]
    event: &'e CommandEvent,
    /// The same in words, on one line, for people. Not for programs: it may change at any time.
    message: String,
}

/// Writes an event as one line.
pub fn write_event(out: &mut dyn Write, at: Timestamp, event: &CommandEvent) -> io::Result<()> {
    let line = Line { time: format!("{at:.3}"), event, message: event.message() };
    let mut text = serde_json::to_vec(&line)?;
    text.push(b'\n');
    // In one piece, so that whoever reads along never sees half a line where that can be avoided.
    out.write_all(&text)?;
    out.flush()
}

/// The JSON Schema of a line, as published.
pub fn events_schema() -> String {
    schema_text::<Line<'_>>(
        "An event of Auditform",
        "One line of what `auditform plan --json` and `auditform apply --json` print and \
         `--json-into FILE` keeps. Readers take every stream whose `format_version`, in its first \
         event, begins with the same number, and ignore types and members that they do not know; \
         this schema is of the version that it was published with and knows all of them.",
    )
}
