//! The one place where an answer may be made worse than the service's best. Every request passes
//! here before it is routed; what comes out is what to do to it.
//! Today that is a delay alone.

use std::time::Duration;

/// What the emulator does to requests besides answering them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) latency: Duration,
}

/// The verdict on one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// How long the request lies before it is looked at.
    pub(crate) delay: Duration,
}

impl Faults {
    /// Asked exactly once for every request, whatever its path.
    pub(crate) fn judge(&self) -> Verdict {
        Verdict { delay: self.latency }
    }
}
