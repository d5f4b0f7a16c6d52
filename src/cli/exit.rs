//! Exit codes, which pipelines rely on. The table stands in `docs/exit-codes.md`.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// An error for which no other code is meant.
    Error = 1,
    /// `plan --detailed-exitcode` found changes.
    ChangesPresent = 2,
    /// Refused by a limit: a change that has to be allowed was not.
    Refused = 3,
    /// Not approved: no terminal to ask on, answered with something else than `yes`, or a signature
    /// is missing, invalid or expired.
    NotApproved = 4,
    /// Stale: the spec or an object is not what was planned, or the plan is too old.
    Stale = 5,
    /// Partly applied: some steps failed, were skipped, or did not read back.
    Partly = 6,
    /// A check of the spec failed that is an error.
    ChecksFailed = 7,
    /// A read failed or was incomplete: the state of the tenant is unknown.
    StateUnknown = 8,
    /// Applied, and verification is still pending.
    Pending = 9,
    /// Another apply holds the lease on the tenant.
    Locked = 10,
    /// An unfinished run of this tenant stands in the way.
    Unfinished = 11,
    /// The first phase is done, the second waits for its own approval.
    SecondPhase = 12,
    /// Unknown command, flag or value.
    Usage = 64,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// How a command ends whose events or reports are not whole: what it came to stays its code,
    /// unless that would say that all is well.
    pub(super) fn with_output_lost(self) -> Self {
        if matches!(self, Self::Done | Self::ChangesPresent) { Self::Error } else { self }
    }

    /// The code as a word, for event streams.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Error => "error",
            Self::ChangesPresent => "changes_present",
            Self::Refused => "refused",
            Self::NotApproved => "not_approved",
            Self::Stale => "stale",
            Self::Partly => "partly_applied",
            Self::ChecksFailed => "checks_failed",
            Self::StateUnknown => "state_unknown",
            Self::Pending => "verification_pending",
            Self::Locked => "tenant_locked",
            Self::Unfinished => "unfinished_run",
            Self::SecondPhase => "second_phase_waits",
            Self::Usage => "usage",
            Self::Interrupted => "interrupted",
        }
    }

    /// Every code, in order.
    pub const ALL: [Self; 15] = [
        Self::Done,
        Self::Error,
        Self::ChangesPresent,
        Self::Refused,
        Self::NotApproved,
        Self::Stale,
        Self::Partly,
        Self::ChecksFailed,
        Self::StateUnknown,
        Self::Pending,
        Self::Locked,
        Self::Unfinished,
        Self::SecondPhase,
        Self::Usage,
        Self::Interrupted,
    ];

    /// What it means, in a phrase.
    pub fn about(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::Error => "an error for which no other code is meant",
            Self::ChangesPresent => "changes are present (`--detailed-exitcode`)",
            Self::Refused => "refused by a limit or a `prevent`",
            Self::NotApproved => "not approved",
            Self::Stale => "stale: the spec or an object is not what the plan saw",
            Self::Partly => "partly applied",
            Self::ChecksFailed => "a check of the spec failed",
            Self::StateUnknown => "state unknown: a read failed or was incomplete",
            Self::Pending => "applied, and something does not show yet",
            Self::Locked => "another apply of the tenant is under way",
            Self::Unfinished => "an unfinished run stands in the way",
            Self::SecondPhase => "the second phase waits for its own approval",
            Self::Usage => "unknown command, flag or value",
            Self::Interrupted => "interrupted",
        }
    }

    /// The table that `--help` ends with.
    pub(super) fn table() -> String {
        let line = |exit: Self| format!("  {:>3}  {}", exit as u8, exit.about());
        format!("Exit codes:\n{}", Self::ALL.map(line).join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
