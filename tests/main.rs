//! All integration tests, in one binary: one link step, one support module.

mod specs;
