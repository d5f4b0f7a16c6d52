//! What stops the emulator from starting, in words for whoever started it. Errors of the emulated
//! service are not here: those are answers, see `exchange/failure.rs` and `identity/refusal.rs`.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::faults::FaultError;
use super::seed::SeedError;

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// The certificate is published on disk, so nobody else on the network may use it.
    #[error("the emulator listens on loopback addresses only, and `{0}` is not one")]
    NotLoopback(SocketAddr),
    /// The address is taken or not ours.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that cannot be read or written.
    #[error("cannot {doing} `{}`", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Two processes on one state would each lose the other's writes.
    #[error("`{}` is in use by another run; wait for it to end", .0.display())]
    InUse(PathBuf),
    /// A line that is complete but not ours.
    #[error("`{}` line {line} is not a state of this emulator; start afresh with --reset", path.display())]
    BadState {
        /// The state file.
        path: PathBuf,
        /// Counted from one.
        line: usize,
    },
    /// The state began with another seed; going on would show a tenant that nobody asked for.
    #[error("`{}` was made from another seed; start afresh with --reset, or leave the seed out", .0.display())]
    SeedChanged(PathBuf),
    /// The seed itself is wrong.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The file of faults is wrong.
    #[error(transparent)]
    Faults(#[from] FaultError),
    /// The key or certificate could not be made or read.
    #[error("cannot {doing}: {reason}")]
    Credential {
        /// What was being done.
        doing: &'static str,
        /// What the library said.
        reason: String,
    },
}

impl EmulatorError {
    pub(crate) fn file(
        doing: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }

    pub(crate) fn credential(doing: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Credential { doing, reason: reason.to_string() }
    }
}
