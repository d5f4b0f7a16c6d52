//! The leases beside a spec, as `auditform lock` shows and breaks them. No call is made for that.

use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::store::{LeaseStore, LocalLeases};
use super::{content_of, machine, unkept_in};
use crate::diagnostic::Diagnostic;
use crate::lease::{Broken, KeptLease, Lease, Standing};
use crate::ops::journal::actor;
use crate::ops::ports::{Ports, Stopped};

/// All leases beside a spec, by tenant.
pub fn leases(beside: &Path, now: Timestamp) -> Result<Vec<KeptLease>, Stopped> {
    let store = LocalLeases::beside(beside);
    let unreadable = |error: io::Error| {
        let summary =
            format!("the leases in `{}` cannot be read: {error}", store.directory().display());
        Stopped::error(Diagnostic::error("unreadable-lease", summary))
    };
    let machine = machine::this();
    let mut kept = Vec::new();
    for name in store.list().map_err(unreadable)? {
        // Its owner may give it back at this moment.
        let Some((content, _)) = store.read(&name).map_err(unreadable)? else { continue };
        let is_locked = store.is_locked(&name).map_err(unreadable)?;
        let lease = Lease::read(&content).map_err(|error| error.to_string()).map(|lease| {
            let standing = lease.standing(&machine, is_locked, now, SignedDuration::ZERO);
            (lease, standing)
        });
        kept.push(KeptLease { name, lease });
    }
    Ok(kept)
}

/// What breaking a lease has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakOutcome {
    /// It is gone, and the next apply may begin.
    Removed,
    /// Its owner lives and has to end first.
    OwnerEnds,
    /// Its owner ran on another machine: it stops as soon as it looks.
    OwnerElsewhere,
}

/// Takes a lease away from its owner. One that may be alive finds in it who did that.
pub fn break_lease(
    kept: &KeptLease,
    beside: &Path,
    ports: &Ports,
) -> Result<BreakOutcome, Stopped> {
    let store = LocalLeases::beside(beside);
    let unkept = |error: io::Error| unkept_in(store.directory(), &error);
    let there = store.read(&kept.name).map_err(unkept)?;
    // It may have been renewed since it was looked at, and is the same one still.
    let (content, version) = there.ok_or_else(|| moved(kept))?;
    let is_locked = store.is_locked(&kept.name).map_err(unkept)?;
    let (there, seen) = (Lease::read(&content).ok(), kept.lease.as_ref().ok());
    let id = |lease: &Lease| lease.id;
    if there.as_ref().map(id) != seen.map(|(lease, _)| lease.id) {
        return Err(moved(kept));
    }
    let (machine, now) = (machine::this(), ports.now());
    let standing =
        there.as_ref().map(|lease| lease.standing(&machine, is_locked, now, SignedDuration::ZERO));
    let outcome = if is_locked { BreakOutcome::OwnerEnds } else { BreakOutcome::OwnerElsewhere };
    let was_there = match (there, standing) {
        (Some(lease), Some(Standing::Held | Standing::Expired)) => {
            let broken = Some(Broken { at: now, by: actor(ports) });
            let next = content_of(&Lease { broken, ..lease });
            store.replace(&kept.name, &version, &next).map_err(unkept)?.is_some()
        }
        (_, Some(Standing::Ending)) => true,
        // Nobody is there who would read it.
        _ => {
            let removed = store.remove(&kept.name, &version).map_err(unkept)?;
            return if removed { Ok(BreakOutcome::Removed) } else { Err(moved(kept)) };
        }
    };
    if was_there { Ok(outcome) } else { Err(moved(kept)) }
}

fn moved(kept: &KeptLease) -> Stopped {
    let summary = format!("the lease on tenant {} has just changed", kept.name);
    Stopped::error(
        Diagnostic::error("lease-moved", summary)
            .note("it was renewed, taken over or given back; nothing was broken")
            .help("look at it again with `auditform lock show`"),
    )
}
