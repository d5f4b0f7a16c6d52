//! All integration tests, in one binary: one link step, one support module.

mod executor;
mod specs;
