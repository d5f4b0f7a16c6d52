//! Ctrl-C, and the signal by which services and containers are stopped (SIGTERM), which means the same.
//! The first one ends the command, but while changes are carried out: there it stops new requests and
//! waits for those in flight, and the second one leaves at once. Between the phases of an apply nothing
//! is in flight, so that the first one ends the command there too.

use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::apply::Cancel;

/// What one command does about signals.
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
    pub(super) async fn leave(&self, mut signals: Signals) {
        loop {
            signals.next().await;
            let is_again = self.signalled.swap(true, Ordering::Relaxed);
            if is_again || !self.draining.load(Ordering::Relaxed) {
                return;
            }
            self.stop();
        }
    }
}

/// The signals themselves. Whoever cannot listen to one is ended by it, as without us.
#[derive(Debug)]
pub(super) struct Signals {
    #[cfg(unix)]
    interrupt: Option<Signal>,
    #[cfg(unix)]
    terminate: Option<Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on, so that none is missed while another one is answered.
    pub(super) fn listen() -> Self {
        let listen = |kind| signal(kind).ok();
        let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
        Self { interrupt: listen(interrupt), terminate: listen(terminate) }
    }

    async fn next(&mut self) {
        tokio::select! {
            () = arrival(&mut self.interrupt) => {}
            () = arrival(&mut self.terminate) => {}
        }
    }
}

#[cfg(unix)]
async fn arrival(signal: &mut Option<Signal>) {
    let arrived = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if arrived.is_none() {
        std::future::pending::<()>().await;
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Ctrl-C is what there is.
    pub(super) fn listen() -> Self {
        Self {}
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
