//! Snapshots: what a plan of a spec observes of a tenant, kept as a file, so that plans can be made
//! where nobody may read the tenant. `capture` reads as a plan does and writes; [`Snapshot`] stands where
//! the tenant stands (`source`). No secret is in it, as none is in what is observed.
//!
//! - `document`: its shape; `scope`: what it covers.
//! - `write`, `read`: as streams.

mod capture;
mod document;
mod read;
mod scope;
mod write;

use std::fs::File;
use std::path::Path;

pub use capture::capture;
pub use document::{ExchangePart, Head, SNAPSHOT_VERSION};
pub use read::{SnapshotReader, UnreadableSnapshot};
pub use scope::{ApplicationScope, Scope};
pub use write::SnapshotWriter;

use super::ports::{ReadObserver, Stopped};
use super::read::{self as reading, OnRow, Rules};
use crate::diagnostic::Diagnostic;
use crate::plan::{MailboxFindings, ObservedTenant};
use crate::state::DesiredState;

/// A snapshot that a plan is made from.
#[derive(Debug)]
pub struct Snapshot {
    reader: SnapshotReader<File>,
    shown: String,
}

impl Snapshot {
    /// Opens one and looks it through.
    pub fn open(path: &Path) -> Result<Self, Stopped> {
        let shown = path.display().to_string();
        let file = File::open(path).map_err(UnreadableSnapshot::Io);
        match file.and_then(SnapshotReader::open) {
            Ok(reader) => Ok(Self { reader, shown }),
            Err(error) => Err(unreadable(&shown, &error)),
        }
    }

    /// What it says beside the mailboxes.
    pub fn head(&self) -> &Head {
        &self.reader.head
    }

    /// Whether it is of the spec's tenant and holds all that the spec asks.
    pub fn serves(&self, desired: &DesiredState) -> Result<(), Stopped> {
        let (tenant, own) = (&desired.tenant, &self.head().tenant);
        let is_other_id = tenant.tenant_id.is_some_and(|id| id != own.id);
        let is_named = |name: &String| name.eq_ignore_ascii_case(&own.organization);
        let is_other_name = tenant.tenant_id.is_none()
            && tenant.organization.as_ref().is_some_and(|name| !is_named(name));
        if is_other_id || is_other_name {
            let summary = format!("`{}` is a snapshot of another tenant", self.shown);
            let id = tenant.tenant_id.map(|id| id.to_string());
            let wanted = id.or_else(|| tenant.organization.clone()).unwrap_or_default();
            return Err(Stopped::error(
                Diagnostic::error("other-tenant", summary)
                    .note(format!(
                        "it is of {} ({}), and the spec is for {wanted}",
                        own.organization, own.id
                    ))
                    .help("take one of this tenant with `auditform snapshot --out FILE`"),
            ));
        }
        let missing = self.head().scope.lacks(&Scope::of(desired));
        if missing.is_empty() {
            return Ok(());
        }
        let summary = format!("`{}` does not hold all that this spec asks", self.shown);
        let finding = Diagnostic::error("not-in-snapshot", summary);
        let finding =
            missing.iter().fold(finding, |finding, what| finding.note(format!("not read: {what}")));
        Err(Stopped::state_unknown(
            finding
                .note("what was not read is unknown, so nothing is planned")
                .help("take a snapshot with this spec: `auditform snapshot --out FILE`"),
        ))
    }

    /// The switches, where Exchange could be read.
    pub(super) fn switches(&self) -> ObservedTenant {
        let Some(exchange) = &self.head().exchange else { return ObservedTenant::default() };
        ObservedTenant {
            organization: exchange.organization,
            unified_audit_log: exchange.unified_audit_log,
            pending_unified_audit_log: exchange.pending_unified_audit_log,
        }
    }

    /// Requests that listing the mailboxes took.
    pub(super) fn requests(&self) -> u64 {
        self.reader.requests
    }

    /// Compares the mailboxes.
    pub(super) fn mailboxes(
        &mut self,
        rules: Rules<'_>,
        observer: &mut dyn ReadObserver,
    ) -> Result<MailboxFindings, Stopped> {
        let mut differ = rules.differ();
        let types = reading::types(rules.desired);
        let mut on_row = |row: &crate::state::MailboxRow<'_>| {
            // The tenant would have been asked for these alone.
            if types.contains(&row.recipient_type) {
                differ.observe(row);
                observer.reading(differ.rows() as u64);
            }
        };
        let vocabulary = self.reader.rows(&mut on_row);
        observer.reading_ended();
        let vocabulary = vocabulary.map_err(|error| unreadable(&self.shown, &error))?;
        differ.finish(vocabulary).map_err(|error| {
            unreadable(&self.shown, &UnreadableSnapshot::Broken(error.to_string()))
        })
    }

    /// Hands over the mailboxes that the spec's checks are about.
    pub(super) fn rows_of_checks(
        &mut self,
        desired: &DesiredState,
        on_row: &mut OnRow<'_>,
    ) -> Result<(), Stopped> {
        let types = reading::types_of_checks(desired);
        let mut refused = Ok(());
        let read = self.reader.rows(&mut |row| {
            if refused.is_ok() && types.contains(&row.recipient_type) {
                refused = on_row(row);
            }
        });
        let broken = |words: String| UnreadableSnapshot::Broken(words);
        let read = read.and(refused.map_err(|refused| broken(refused.0)));
        read.map_err(|error| unreadable(&self.shown, &error))
    }
}

fn unreadable(shown: &str, error: &UnreadableSnapshot) -> Stopped {
    let summary = format!("`{shown}` is no snapshot to go by");
    let finding = match error {
        UnreadableSnapshot::TooNew(_) => {
            Diagnostic::error("snapshot-too-new", summary).help("take a newer release of Auditform")
        }
        _ => Diagnostic::error("unreadable-snapshot", summary)
            .help("take it again with `auditform snapshot --out FILE`"),
    };
    Stopped::error(
        finding.note(error.to_string()).note("nothing of it was believed, and no call was made"),
    )
}
