//! A lease that is held: renewed while it is, watched, and given back when it is dropped.

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::content_of;
use super::store::{LeaseStore, Version};
use crate::client::Clock;
use crate::diagnostic::Diagnostic;
use crate::lease::{Broken, Lease};
use crate::ops::ports::Ports;

/// How often the owner looks whether the lease is still its own. It is renewed less often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How an owner has lost its lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// Somebody broke it.
    Broken(Broken),
    /// Somebody else has it.
    Taken(Box<Lease>),
    /// It is not there any more.
    Gone,
    /// It could not be read or renewed before it expired.
    Unrenewed(String),
}

/// How much of an apply was not begun when it lost its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftUndone {
    /// It had only planned.
    All,
    /// Some of it, maybe.
    Rest,
    /// Everything was sent.
    Nothing,
}

impl Loss {
    /// What to say of it.
    pub fn finding(&self, left: LeftUndone) -> Diagnostic {
        let why = match self {
            Self::Broken(Broken { at, by }) => {
                format!("it was broken at {at:.0} by {}", by.words())
            }
            Self::Taken(lease) => {
                let since = lease.acquired_at;
                format!("it was taken over at {since:.0} by {}", lease.owner.words())
            }
            Self::Gone => "its file was removed".to_owned(),
            Self::Unrenewed(error) => {
                format!("it could not be renewed before it expired: {error}")
            }
        };
        let summary = "this apply has lost its lease on the tenant";
        let error = || Diagnostic::error("lease-lost", summary).note(&*why);
        match left {
            LeftUndone::All => error()
                .note("nothing was changed")
                .help("see who applies with `auditform lock show`, then apply again"),
            LeftUndone::Rest => error().note("nothing more was started from then on").help(
                "see who applies with `auditform lock show`, then go on with `auditform apply --resume`",
            ),
            LeftUndone::Nothing => Diagnostic::warning("lease-lost", summary)
                .note(why)
                .note("everything was sent, and somebody else may have changed the tenant meanwhile"),
        }
    }
}

/// The lease on a tenant, held until it is dropped.
pub struct TenantLease {
    held: Arc<Held>,
    tending: JoinHandle<()>,
    /// Locked for as long as this process lives: it tells others on this machine that it does.
    _lock: File,
}

impl fmt::Debug for TenantLease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TenantLease").finish_non_exhaustive()
    }
}

impl TenantLease {
    /// Renews a lease from now on.
    pub(super) fn tend(
        store: Arc<dyn LeaseStore>,
        lease: Lease,
        version: Version,
        lock: File,
        ports: &Ports,
    ) -> Self {
        let held = Arc::new(Held::new(store, lease, version, ports.clock.clone()));
        let tended = Arc::clone(&held);
        let tending = tokio::spawn(async move {
            while !tended.look() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        Self { held, tending, _lock: lock }
    }

    /// Notes which run is carried out under it.
    pub fn carries(&self, run: &str) {
        self.held.carries(run);
    }

    /// How it was lost, if it was; looked at just now.
    pub fn loss(&self) -> Option<Loss> {
        self.held.look();
        self.held.loss()
    }

    /// Comes back when it is lost.
    pub async fn lost(&self) {
        let mut lost = self.held.lost.subscribe();
        if lost.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for TenantLease {
    fn drop(&mut self) {
        self.tending.abort();
        self.held.give_back();
    }
}

/// What the owner and the task that renews have in common.
pub(super) struct Held {
    store: Arc<dyn LeaseStore>,
    name: String,
    clock: Clock,
    /// As it is kept; `None` once it is lost or given back.
    current: Mutex<Option<(Lease, Version)>>,
    lost: watch::Sender<Option<Loss>>,
}

impl Held {
    pub(super) fn new(
        store: Arc<dyn LeaseStore>,
        lease: Lease,
        version: Version,
        clock: Clock,
    ) -> Self {
        let name = lease.tenant_id.to_string();
        let current = Mutex::new(Some((lease, version)));
        Self { store, name, clock, current, lost: watch::Sender::new(None) }
    }

    fn current(&self) -> MutexGuard<'_, Option<(Lease, Version)>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks whether the lease is still held, and renews it when it is time to; whether there is nothing to
    /// look after any more.
    pub(super) fn look(&self) -> bool {
        let now = (self.clock)();
        let mut current = self.current();
        let Some((lease, version)) = current.as_mut() else { return true };
        match self.kept(lease, version, now) {
            Ok(None) => false,
            // It still counts: there may be room on the disk again by the next time.
            Err(error) if now < lease.expires_at => {
                tracing::warn!(%error, "the lease on the tenant could not be renewed");
                false
            }
            Ok(Some(loss)) => {
                *current = None;
                self.lost.send_replace(Some(loss));
                true
            }
            Err(error) => {
                *current = None;
                self.lost.send_replace(Some(Loss::Unrenewed(error.to_string())));
                true
            }
        }
    }

    fn kept(
        &self,
        lease: &mut Lease,
        version: &mut Version,
        now: Timestamp,
    ) -> io::Result<Option<Loss>> {
        let Some((content, there)) = self.store.read(&self.name)? else {
            return Ok(Some(Loss::Gone));
        };
        if there != *version {
            return Ok(Some(loss_to(&content, lease)));
        }
        if lease.is_to_renew(now) {
            self.put(lease, version, lease.renewed(now))?;
        }
        Ok(None)
    }

    /// What is not replaced since it is another one by now is found by the next look.
    fn put(&self, lease: &mut Lease, version: &mut Version, next: Lease) -> io::Result<()> {
        if let Some(renewed) = self.store.replace(&self.name, version, &content_of(&next))? {
            (*lease, *version) = (next, renewed);
        }
        Ok(())
    }

    pub(super) fn loss(&self) -> Option<Loss> {
        self.lost.borrow().clone()
    }

    pub(super) fn carries(&self, run: &str) {
        let now = (self.clock)();
        let mut current = self.current();
        let Some((lease, version)) = current.as_mut() else { return };
        let next = Lease { run: Some(run.to_owned()), ..lease.renewed(now) };
        if let Err(error) = self.put(lease, version, next) {
            tracing::warn!(%error, "the lease on the tenant does not name its run");
        }
    }

    pub(super) fn give_back(&self) {
        let held = self.current().take();
        let removed = match (&held, self.lost.borrow().as_ref()) {
            (Some((_, version)), _) => self.store.remove(&self.name, version),
            // Who broke it waits for this.
            (None, Some(Loss::Broken(_))) => self.remove_broken(),
            (None, _) => return,
        };
        if let Err(error) = removed {
            tracing::warn!(%error, "the lease on the tenant could not be given back");
        }
    }

    fn remove_broken(&self) -> io::Result<bool> {
        let Some((content, version)) = self.store.read(&self.name)? else { return Ok(false) };
        match Lease::read(&content) {
            Ok(lease) if lease.broken.is_some() => self.store.remove(&self.name, &version),
            _ => Ok(false),
        }
    }
}

/// What has become of a lease that is no longer as its owner wrote it.
fn loss_to(content: &[u8], own: &Lease) -> Loss {
    match Lease::read(content) {
        Ok(Lease { id, broken: Some(broken), .. }) if id == own.id => Loss::Broken(broken),
        Ok(lease) => Loss::Taken(Box::new(lease)),
        Err(_) => Loss::Gone,
    }
}
