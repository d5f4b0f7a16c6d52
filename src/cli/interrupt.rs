//! Ctrl-C. Outside an apply the first one ends the command; during an apply it stops new requests
//! and waits for those in flight, and the second one leaves at once.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::apply::Cancel;

/// The signals of one command.
#[derive(Debug)]
pub(super) struct Interrupts {
    draining: AtomicBool,
    asked: watch::Sender<bool>,
}

impl Interrupts {
    pub(super) fn new() -> Self {
        Self { draining: AtomicBool::new(false), asked: watch::Sender::new(false) }
    }

    /// From now on the first signal asks instead of ending the command.
    pub(super) fn ask_first(&self) -> Cancel {
        self.draining.store(true, Ordering::Relaxed);
        Cancel::new(self.asked.subscribe())
    }

    /// Ends when the command has to be left.
    pub(super) async fn leave(&self) {
        loop {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            let asks = self.draining.load(Ordering::Relaxed);
            if !asks || self.asked.send_replace(true) {
                return;
            }
        }
    }
}
