//! Remembers when the unified audit log was switched: reads may show the old value for up to 60
//! minutes, and a plan made in that time must neither repeat the change nor call it drift. This is
//! the only thing that a plan takes from `.auditform/`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::state_directory::{STATE_DIRECTORY, prepare_state_directory, write_atomically};

const FILE: &str = "pending.json";

/// `Set-AdminAuditLogConfig`: a change may take up to 60 minutes to show.
const VISIBLE_AFTER: SignedDuration = SignedDuration::from_mins(60);

#[derive(Debug, Default, Serialize, Deserialize)]
struct Pending {
    format_version: u32,
    /// By tenant, so that specs of several tenants may share a directory.
    unified_audit_log: BTreeMap<Uuid, Switched>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Switched {
    ingestion: bool,
    at: Timestamp,
}

/// The value to which the switch was set within the last hour, if it was.
pub(super) fn recall(beside: &Path, tenant: Uuid, now: Timestamp) -> Option<bool> {
    let switched = *read(beside).ok()?.unified_audit_log.get(&tenant)?;
    let age = now.duration_since(switched.at);
    (SignedDuration::ZERO <= age && age <= VISIBLE_AFTER).then_some(switched.ingestion)
}

/// Notes that the switch was set just now.
pub(super) fn remember(
    beside: &Path,
    tenant: Uuid,
    ingestion: bool,
    at: Timestamp,
) -> io::Result<()> {
    let mut pending = read(beside).unwrap_or_default();
    pending.unified_audit_log.insert(tenant, Switched { ingestion, at });
    write(beside, pending)
}

/// Forgets it, once the new value has been read.
pub(super) fn forget(beside: &Path, tenant: Uuid) -> io::Result<()> {
    let Ok(mut pending) = read(beside) else { return Ok(()) };
    match pending.unified_audit_log.remove(&tenant) {
        Some(_) => write(beside, pending),
        None => Ok(()),
    }
}

fn read(beside: &Path) -> io::Result<Pending> {
    let bytes = fs::read(beside.join(STATE_DIRECTORY).join(FILE))?;
    Ok(serde_json::from_slice(&bytes)?)
}

fn write(beside: &Path, pending: Pending) -> io::Result<()> {
    let directory = prepare_state_directory(beside)
        .map_err(|diagnostic| io::Error::other(diagnostic.summary.clone()))?;
    let pending = Pending { format_version: 1, ..pending };
    write_atomically(&directory.join(FILE), &serde_json::to_vec_pretty(&pending)?)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    #[test]
    fn a_switch_is_pending_for_an_hour_and_for_its_own_tenant() {
        let directory = tempfile::tempdir().unwrap();
        let at: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let tenant = Uuid::from_u128(1);
        remember(directory.path(), tenant, true, at).unwrap();
        let after = |minutes| at + SignedDuration::from_mins(minutes);
        assert_eq!(recall(directory.path(), tenant, after(60)), Some(true));
        assert_eq!(recall(directory.path(), tenant, after(61)), None);
        assert_eq!(recall(directory.path(), Uuid::from_u128(2), after(1)), None);
        forget(directory.path(), tenant).unwrap();
        assert_eq!(recall(directory.path(), tenant, after(1)), None);
    }
}
