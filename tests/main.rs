//! All integration tests, in one binary: one link step, one support module.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a failed assumption is a failed test"
)]

mod apply;
mod apply_order;
mod approval;
mod approval_vectors;
mod architecture;
mod bad_input;
mod bad_sign_in;
mod canary;
mod certificate;
mod checks;
mod cli_reference;
mod docs;
mod embedded;
mod events;
mod executor;
mod failing_reads;
mod faults;
mod findings;
mod format;
mod graph;
mod history;
mod identity_absent;
mod identity_bad_certificates;
mod identity_bad_input;
mod identity_chain;
mod identity_half_made;
mod identity_kill;
mod identity_plan;
mod identity_refused;
mod identity_specs;
mod init;
mod interruption;
mod journal;
mod kill;
mod laws;
mod limits;
mod locking;
mod outputs;
mod plan;
mod plan_text;
mod published;
mod readers;
mod readme;
mod resume;
mod roles;
mod rotation;
mod saved_plan;
mod selecting;
mod sign_in_methods;
mod sign_in_refusals;
mod sign_in_tokens;
mod sign_in_workloads;
mod snapshot;
mod spec_files;
mod spec_on_disk;
mod specs;
mod stale_chain;
mod stale_matrix;
mod stale_plan;
mod support;
mod transport;
mod undo;
mod undo_chains;
mod verify;
mod views;
