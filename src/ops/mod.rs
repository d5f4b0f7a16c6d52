//! One file per use case: `load` a spec, `connect` to its tenant, `read` it, `plan`, `apply`,
//! `verify`, `approval` of plans. Values and ports in, values out; texts are made by `render` and printed by `cli`.

mod apply;
mod approval;
mod certificate_files;
mod certificates;
mod checks;
mod connect;
mod endpoints;
mod enter;
mod format;
mod freshness;
mod identity;
mod init;
mod journal;
mod lease;
mod load;
mod pending;
mod plan;
mod ports;
mod prove;
mod read;
mod recheck;
mod resume;
mod saved;
mod sign_in;
mod snapshot;
mod source;
mod starting_points;
mod state_directory;
mod undo;
mod verify;
mod writer;

pub use apply::{Applied, ApplyOptions, LastRead, StalePolicy, apply, second_phase};
pub use approval::{
    ApprovalKey, ApprovalQuestion, approval_subject, approve, check_approval, is_no_looser,
    is_recent, may_approve, needs_no_approval, read_approval_key,
};
pub use certificate_files::{certificate_finding, certificate_password};
pub use checks::judge_again;
pub use connect::{ConnectOptions, Connection, EmbeddedTenant, Speed, connect};
pub use format::{Layout, layout, layout_of_text};
pub use init::{SCHEMA_FILE, init};
pub use journal::{
    Journal, LocalRuns, ObjectRun, ReadRun, RunFile, RunStore, Undertaking, abandon, close_undone,
    history, history_of, looser_than_last, read_again, read_run, report_of, unfinished,
};
pub use lease::{
    BreakOutcome, Holder, LeaseStore, LeftUndone, LocalLeases, Loss, TenantLease, Version, Wanted,
    break_lease, leases, take_lease,
};
pub use load::{
    Capture, CapturedFile, LoadError, Loaded, SPEC_FILE, VariableOptions, load, load_captured,
};
pub use plan::{PlanOptions, Planned, is_guarded, plan, plan_from_snapshot};
pub use ports::{Cause, Environment, Ports, ReadObserver, Stopped};
pub use prove::{prove, unproved};
pub use recheck::{Asked, Reading, recheck};
pub use resume::{Resumption, resume};
pub use saved::{
    capture_of, changed_files, compare_spec, digest_of, is_saved_plan, made, read_saved,
    read_saved_from, save, spec_directory, spec_text,
};
pub use snapshot::{
    ApplicationScope, ExchangePart, Head, SNAPSHOT_VERSION, Scope, Snapshot, SnapshotReader,
    SnapshotWriter, UnreadableSnapshot, capture,
};
pub use starting_points::{STARTING_POINTS, StartingFile, StartingPoint};
pub use state_directory::{STATE_DIRECTORY, prepare_state_directory};
pub use undo::{UndoOptions, undo};

/// The directory that a file lies in; the empty path above a relative one does not exist.
pub fn directory_of(file: &std::path::Path) -> &std::path::Path {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(std::path::Path::new("."))
}
