//! One command, one file: arguments whose documentation is the help text, and one function.

pub(super) mod apply;
pub(super) mod approve;
pub(super) mod certificate;
pub(super) mod emulate;
pub(super) mod fmt;
pub(super) mod graph;
pub(super) mod history;
pub(super) mod init;
pub(super) mod lock;
pub(super) mod plan;
pub(super) mod plan_diff;
pub(in crate::cli) mod schema;
pub(super) mod show;
pub(super) mod snapshot;
pub(super) mod validate;
