//! Ctrl-C. The first one ends the command, but while changes are carried out: there it stops new
//! requests and waits for those in flight, and the second one leaves at once. Between the phases of
//! an apply nothing is in flight, so that the first one ends the command there too.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::apply::Cancel;

/// The signals of one command.
#[derive(Debug)]
pub(super) struct Interrupts {
    draining: AtomicBool,
    signalled: AtomicBool,
    asked: watch::Sender<bool>,
}

impl Interrupts {
    pub(super) fn new() -> Self {
        let [draining, signalled] = [false; 2].map(AtomicBool::new);
        Self { draining, signalled, asked: watch::Sender::new(false) }
    }

    /// From now on the first signal asks instead of ending the command.
    pub(super) fn ask_first(&self) -> Cancel {
        self.draining.store(true, Ordering::Relaxed);
        Cancel::new(self.asked.subscribe())
    }

    /// From now on the first signal ends the command again.
    pub(super) fn end_at_once(&self) {
        self.draining.store(false, Ordering::Relaxed);
    }

    /// Starts nothing more, as after a signal.
    pub(super) fn stop(&self) {
        self.asked.send_replace(true);
    }

    /// Whether a signal came.
    pub(super) fn was_signalled(&self) -> bool {
        self.signalled.load(Ordering::Relaxed)
    }

    /// Ends when the command has to be left.
    pub(super) async fn leave(&self) {
        loop {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            let is_again = self.signalled.swap(true, Ordering::Relaxed);
            if is_again || !self.draining.load(Ordering::Relaxed) {
                return;
            }
            self.stop();
        }
    }
}
