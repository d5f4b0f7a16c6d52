//! One apply at a time: an apply takes a lease on its tenant, renews it while it runs, and gives it back at
//! its end. A process that dies gives back the file lock alone, which tells the next one on its machine.

mod kept;
mod machine;
mod store;
mod tended;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

pub use kept::{BreakOutcome, break_lease, leases};
pub use store::{LeaseStore, LocalLeases, Version};
pub use tended::{LeftUndone, Loss, TenantLease};

use super::journal::actor;
use super::ports::{Ports, Stopped};
use crate::diagnostic::Diagnostic;
use crate::lease::{Lease, Machine, NoLease, Standing};

/// How often a lease that somebody else holds is looked at while it is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What a lease is wanted for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The tenant.
    pub tenant_id: Uuid,
    /// Its initial domain.
    pub organization: &'a str,
    /// How long it is waited for.
    pub timeout: Duration,
}

/// Who stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The lease; `None` where the holder has just begun or is just ending.
    pub lease: Option<Lease>,
    standing: Standing,
}

impl Holder {
    /// `held by ada on build-1, process 4711, since 2026-11-23T15:41:19Z`.
    pub fn words(&self) -> String {
        let Some(lease) = &self.lease else {
            return "held by a process on this machine that begins or ends just now".to_owned();
        };
        format!("held by {} since {:.0}", lease.owner.words(), lease.acquired_at)
    }
}

/// A lease as it was seen last, and since when it is so: one that nobody renews for its life is free,
/// whatever its own clock says.
#[derive(Debug, Default)]
struct Sighting {
    seen: Option<(Version, Timestamp)>,
}

impl Sighting {
    fn unchanged_for(&mut self, version: &Version, now: Timestamp) -> SignedDuration {
        match &self.seen {
            Some((seen, since)) if seen == version => now.duration_since(*since),
            _ => {
                self.seen = Some((version.clone(), now));
                SignedDuration::ZERO
            }
        }
    }
}

/// Takes the lease on a tenant, or waits for it. `tell` hears of each holder that is waited for.
pub async fn take_lease(
    wanted: Wanted<'_>,
    beside: &Path,
    ports: &Ports,
    tell: &mut (dyn FnMut(&Holder) + Send),
) -> Result<TenantLease, Stopped> {
    let store = LocalLeases::prepare(beside).map_err(|error| unkept(beside, &error))?;
    let name = wanted.tenant_id.to_string();
    let machine = machine::this();
    let (mut sighting, mut told) = (Sighting::default(), None);
    let began = ports.now();
    loop {
        let taking = Taking { wanted, store: &store, machine: &machine, ports };
        let holder = match taking.once(&name, &mut sighting)? {
            Ok((lease, version, lock)) => {
                return Ok(TenantLease::tend(Arc::new(store), lease, version, lock, ports));
            }
            Err(holder) => holder,
        };
        let so_far = ports.now().duration_since(began);
        let timeout = SignedDuration::try_from(wanted.timeout).unwrap_or(SignedDuration::MAX);
        if so_far >= timeout {
            return Err(locked(&holder, ports.now(), so_far));
        }
        let id = holder.lease.as_ref().map(|lease| lease.id);
        if told != Some(id) {
            tell(&holder);
            told = Some(id);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

type Taken = (Lease, Version, File);

/// One attempt to take a lease.
struct Taking<'a> {
    wanted: Wanted<'a>,
    store: &'a LocalLeases,
    machine: &'a Machine,
    ports: &'a Ports,
}

impl Taking<'_> {
    fn once(&self, name: &str, sighting: &mut Sighting) -> Result<Result<Taken, Holder>, Stopped> {
        let unkept = |error: io::Error| unkept_in(self.store.directory(), &error);
        let lock = self.store.lock(name).map_err(unkept)?;
        let found = self.store.read(name).map_err(unkept)?;
        let now = self.ports.now();
        let Some(lock) = lock else {
            let lease = found.and_then(|(content, _)| Lease::read(&content).ok());
            let standing = lease.as_ref().map_or(Standing::Held, |lease| {
                lease.standing(self.machine, true, now, SignedDuration::ZERO)
            });
            return Ok(Err(Holder { lease, standing }));
        };
        let boot_id = self.machine.boot.as_ref().map(|boot| boot.id.clone());
        let Wanted { tenant_id, organization, .. } = self.wanted;
        let lease = Lease::begin(tenant_id, organization, actor(self.ports), boot_id, now);
        let content = content_of(&lease);
        let taken = match found {
            None => self.store.create(name, &content),
            Some((content_there, version)) => {
                let there = Lease::read(&content_there)
                    .map_err(|error| damaged(&self.store.path(name), &error))?;
                let unchanged_for = sighting.unchanged_for(&version, now);
                let standing = there.standing(self.machine, false, now, unchanged_for);
                if !standing.is_free() {
                    return Ok(Err(Holder { lease: Some(there), standing }));
                }
                self.store.replace(name, &version, &content)
            }
        };
        // Somebody else may have been faster.
        Ok(taken
            .map_err(unkept)?
            .map(|version| (lease, version, lock))
            .ok_or(Holder { lease: None, standing: Standing::Held }))
    }
}

fn content_of(lease: &Lease) -> Vec<u8> {
    // A value of texts, numbers and times always has a JSON form.
    serde_json::to_vec_pretty(lease).unwrap_or_default()
}

fn unkept(beside: &Path, error: &io::Error) -> Stopped {
    unkept_in(LocalLeases::beside(beside).directory(), error)
}

fn unkept_in(directory: &Path, error: &io::Error) -> Stopped {
    let summary = format!("no lease can be kept in `{}`: {error}", directory.display());
    Stopped::error(
        Diagnostic::error("unwritable-lease", summary)
            .note("nothing was planned or changed: without a lease two applies could meet")
            .help("make room there, or let the directory be written to")
            .help("it has to lie on a file system that knows file locks"),
    )
}

fn damaged(path: &Path, error: &NoLease) -> Stopped {
    let summary = format!("the lease in `{}` cannot be gone by: {error}", path.display());
    let finding = Diagnostic::error("unreadable-lease", summary)
        .note("nobody can tell whether another apply is under way; nothing was planned or changed");
    Stopped::error(match error {
        NoLease::TooNew(_) => finding.help("take a newer release of Auditform"),
        NoLease::Unreadable(_) => {
            finding.help("if no apply is under way, remove it with `auditform lock break`")
        }
    })
}

fn locked(holder: &Holder, now: Timestamp, waited: SignedDuration) -> Stopped {
    let mut finding =
        Diagnostic::error("tenant-locked", "another apply of this tenant is under way")
            .note(format!("it is {}", holder.words()));
    if let Some(lease) = &holder.lease {
        finding = finding.note(match &lease.run {
            Some(run) => format!("it carries out run `{run}`"),
            None => "it has not begun to change anything".to_owned(),
        });
        finding = match &lease.broken {
            Some(broken) => finding.note(format!(
                "its lease was broken at {:.0} by {}; its process still ends what it had begun",
                broken.at,
                broken.by.words()
            )),
            None => finding.note(format!("its lease is good until {:.0}", lease.expires_at)),
        };
        if let Some(ahead) = lease.is_ahead_by(now) {
            finding = finding.note(format!(
                "it was renewed in the future: the clocks of the two machines differ by {} s at least",
                ahead.as_secs()
            ));
        }
    }
    if waited >= SignedDuration::from_secs(1) {
        finding = finding.note(format!("it was waited for {} s", waited.as_secs()));
    }
    let finding = finding
        .note("nothing was planned or changed")
        .help("wait for it with `--lock-timeout 10m`, or try again later");
    Stopped::locked(if holder.standing == Standing::Ending {
        finding.help("if that process does not end, end it")
    } else {
        finding.help("if nobody applies any more, end its lease with `auditform lock break`")
    })
}

#[cfg(test)]
mod tests;
