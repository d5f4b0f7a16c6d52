//! Plan and apply for the audit state of a Microsoft 365 tenant.
//!
//! Data flows one way:
//!
//! ```text
//! auditform.toml ──spec──▶ DesiredState ──┐
//!                                         ├──plan──▶ Plan ──graph──▶ ExecutionGraph ──apply──▶ Report
//! tenant ──client──providers──▶ rows ─────┘            │                                │
//!                                                      └──────────────render────────────┘
//! ```
//!
//! Left of the plan values go in and values come out; right of it is the only code that changes a
//! tenant; `render` hangs off both and feeds nothing back. The modules stand here in the order of
//! the flow; who may import whom is in `docs/architecture.md`, and a test holds the code to it.
//!
//! The files that the program reads and writes, and who owns each:
//!
//! | file | owner |
//! |---|---|
//! | `auditform.toml`, what it extends and includes, `--var-file` | read by `ops::load`, understood by `spec` |
//! | `auditform.schema.json`, `.gitignore` beside a new spec | `ops::init` |
//! | the certificate that a spec names | read by `ops::connect`, understood by `client` |
//! | `NAME.pem`, `NAME.pfx`, `NAME.cer` in a directory of certificates | `certificate` |
//! | `tenant.toml` beside a spec | the seed of the embedded tenant, `cli` and `emulator` |
//! | `.auditform/leases/TENANT_ID.json` | `ops::lease`, understood by `lease` |
//! | `.auditform/pending.json` | `ops::pending`: when a switch was written that does not show yet |
//! | `.auditform/tenant.state`, `.auditform/credentials/` | `emulator`: the embedded tenant |
//!
//! The library exists for the binary and for its tests; its interface carries no promise.

pub mod diagnostic;
pub mod resource;
pub mod schema;

pub mod approval;

pub mod state;

pub mod spec;

pub mod plan;

pub mod graph;

pub mod journal;

pub mod lease;

pub mod client;

pub mod certificate;

pub mod providers;

pub mod apply;

pub mod render;

pub mod ops;

pub mod emulator;

pub mod cli;
