//! All integration tests, in one binary: one link step, one support module.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a failed assumption is a failed test"
)]

mod apply;
mod apply_order;
mod architecture;
mod bad_input;
mod bad_sign_in;
mod cli_reference;
mod docs;
mod embedded;
mod executor;
mod failing_reads;
mod interruption;
mod laws;
mod plan;
mod plan_text;
mod readme;
mod specs;
mod support;
