//! The only place that knows a remote service and our vocabulary together: answers become state,
//! writes become requests. What to write is decided by `plan`, when by `apply`.

pub mod entra;
pub mod exchange;
