//! Identity chains: what is read of them (`observe`), whether whoever does the work may do it
//! (`preflight`), each step of the work (`writer`, `steps`, `keys`), and waiting for a directory that takes its time
//! (`wait`).

mod keys;
mod observe;
mod preflight;
mod sign_in;
mod steps;
mod wait;
mod writer;

pub(super) use observe::{Touched, observe, resources, signing_in, stop};
pub(super) use preflight::preflight;
pub(super) use sign_in::{ApplicationSignIn, Entered, probe};
pub(super) use writer::IdentityWriter;
