//! The directory: applications, service principals, what they were granted, and what a reader
//! sees of all that after a lag. A change goes in as a function over the present state and is in
//! the state file before it is anywhere else. Writes are judged against the primary; reads and
//! the token service see a replica that is behind it, as Microsoft's own directory is ("Designing
//! for eventual consistency for Microsoft Entra"). It knows no HTTP.

pub(crate) mod certificate;
pub(crate) mod first_party;
pub(crate) mod generated;
pub(crate) mod objects;
pub(crate) mod roles;
pub(crate) mod sign_in;
pub(crate) mod snapshot;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use self::generated::Beginning;
use self::sign_in::SignInView;
use self::snapshot::{Entry, Snapshot};
use super::state_file::{Change, Journal};
use super::tenant::NotChanged;

#[derive(Debug)]
pub(crate) struct Directory {
    lag: SignedDuration,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    /// Never empty; the last one is the primary.
    versions: Vec<Version>,
    journal: Journal,
}

#[derive(Clone, Debug)]
struct Version {
    at: Timestamp,
    snapshot: Arc<Snapshot>,
}

/// What a change is judged by.
#[derive(Debug)]
pub(crate) struct Sight {
    /// Everything that was written.
    pub(crate) primary: Arc<Snapshot>,
    /// What other objects are looked up in.
    pub(crate) replica: Arc<Snapshot>,
}

impl Directory {
    pub(crate) fn new(beginning: &Beginning<'_>, lag: SignedDuration) -> Self {
        let first = Version { at: Timestamp::MIN, snapshot: Arc::new(beginning.snapshot()) };
        let state = State { versions: vec![first], journal: Journal::default() };
        Self { lag, state: RwLock::new(state) }
    }

    /// Writes the coming changes to `journal`.
    pub(crate) fn keep(&self, journal: Journal) {
        self.write().journal = journal;
    }

    /// Makes a change again that a state file holds.
    pub(crate) fn replay(&self, at: Timestamp, entries: &[Entry]) {
        self.write().put(at, self.lag, entries.to_vec());
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn primary(&self) -> Arc<Snapshot> {
        self.read().primary()
    }

    /// What a read shows at `now`.
    pub(crate) fn replica(&self, now: Timestamp) -> Arc<Snapshot> {
        self.read().replica(now, self.lag)
    }

    /// What the token service knows of an application at `now`.
    pub(crate) fn sign_in_view(&self, now: Timestamp, app_id: Uuid) -> Option<SignInView> {
        self.replica(now).sign_in_view(app_id)
    }

    /// Changes objects. `change` judges the request and says what they become; that is in the
    /// state file when this returns. No entry: nothing is written.
    pub(crate) fn commit<T, E>(
        &self,
        now: Timestamp,
        change: impl FnOnce(&Sight) -> Result<(Vec<Entry>, T), E>,
    ) -> Result<T, NotChanged<E>> {
        let mut state = self.write();
        let sight = Sight { primary: state.primary(), replica: state.replica(now, self.lag) };
        let (entries, result) = change(&sight).map_err(NotChanged::Refused)?;
        if !entries.is_empty() {
            let change = Change::Directory(entries.clone());
            state.journal.append(now, change).map_err(NotChanged::NotWritten)?;
            state.put(now, self.lag, entries);
        }
        Ok(result)
    }
}

impl State {
    fn primary(&self) -> Arc<Snapshot> {
        self.versions.last().map_or_else(
            || Arc::new(Snapshot::empty(Uuid::nil())),
            |version| Arc::clone(&version.snapshot),
        )
    }

    /// The place of the newest version that is old enough to be seen; without a lag the last one.
    fn seen(&self, now: Timestamp, lag: SignedDuration) -> usize {
        if lag.is_zero() {
            return self.versions.len().saturating_sub(1);
        }
        let is_seen =
            |version: &Version| now.checked_sub(lag).is_ok_and(|limit| version.at <= limit);
        self.versions.iter().rposition(is_seen).unwrap_or(0)
    }

    fn replica(&self, now: Timestamp, lag: SignedDuration) -> Arc<Snapshot> {
        let seen = self.versions.get(self.seen(now, lag));
        seen.map_or_else(|| self.primary(), |version| Arc::clone(&version.snapshot))
    }

    fn put(&mut self, at: Timestamp, lag: SignedDuration, entries: Vec<Entry>) {
        let mut snapshot = Snapshot::clone(&self.primary());
        for entry in entries {
            snapshot.put(entry);
        }
        // Older than what a reader sees now: nobody will see it again.
        let seen = self.seen(at, lag);
        self.versions.drain(..seen);
        self.versions.push(Version { at, snapshot: Arc::new(snapshot) });
        if lag.is_zero() {
            self.versions.drain(..self.versions.len() - 1);
        }
    }
}

/// An id that follows from where and what: equal tenants have equal ids.
pub(crate) fn derived(within: Uuid, what: &str) -> Uuid {
    let digest = Uuid::new_v5(&within, what.as_bytes());
    uuid::Builder::from_random_bytes(digest.into_bytes()).into_uuid()
}
