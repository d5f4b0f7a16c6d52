//! An apply that is killed, or asked to stop, at any instant: what is known to be done is not sent again,
//! and going on reaches the tenant that an undisturbed run reaches, byte for byte.
//!
//! - `random`: killed at instants drawn by a seed over the whole of a run and of the runs that go on
//!   with it. `tests/kill/run` does the same with 2,000 changes, 500 times.
//! - `entries`: stopped at every line of the journal of a run of a hundred steps.
//! - `signals`: asked to stop by the signals that people, services and containers send.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

mod entries;
mod journals;
mod random;
mod signals;

/// A number from the environment.
#[expect(clippy::disallowed_methods, reason = "how many is for whoever runs the tests to say")]
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

/// Does the same in so many threads.
fn side_by_side(threads: usize, work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(&work);
        }
    });
}
