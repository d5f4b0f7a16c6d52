//! One file per use case: `load` a spec, `connect` to its tenant, `read` it, `plan`, `apply`,
//! `verify`. Values and ports in, values out; texts are made by `render` and printed by `cli`.

mod apply;
mod certificate_files;
mod certificates;
mod connect;
mod endpoints;
mod enter;
mod format;
mod identity;
mod init;
mod load;
mod pending;
mod plan;
mod ports;
mod read;
mod sign_in;
mod starting_points;
mod state_directory;
mod verify;
mod writer;

pub use apply::{Applied, ApplyOptions, apply, second_phase};
pub use certificate_files::{certificate_finding, certificate_password};
pub use connect::{ConnectOptions, Connection, EmbeddedTenant, connect};
pub use format::{Layout, layout, layout_of_text};
pub use init::{SCHEMA_FILE, init};
pub use load::{LoadError, Loaded, SPEC_FILE, load};
pub use plan::{PlanOptions, Planned, plan};
pub use ports::{Cause, Environment, Ports, ReadObserver, Stopped};
pub use starting_points::{STARTING_POINTS, StartingFile, StartingPoint};
pub use state_directory::{STATE_DIRECTORY, prepare_state_directory};
