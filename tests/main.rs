//! All integration tests, in one binary: one link step, one support module.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a failed assumption is a failed test"
)]

mod executor;
mod specs;
