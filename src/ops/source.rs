//! Where what a plan compares comes from: the tenant, or a snapshot of it. Whoever plans asks the same of
//! both and cannot tell them apart.

use std::path::Path;

use jiff::Timestamp;

use super::connect::Connection;
use super::enter;
use super::identity;
use super::pending;
use super::ports::{Ports, ReadObserver, Stopped};
use super::read::{self, OnRow, Recorder, Rules};
use super::snapshot::Snapshot;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{IdentityChange, IdentityWrite, MailboxFindings, ObservedTenant};
use crate::resource::ActionVocabulary;
use crate::state::{DesiredState, ObservedIdentity, TenantIdentity};

/// See the module.
pub(super) enum Source<'a> {
    /// The tenant, as it is now.
    Tenant(&'a mut Connection),
    /// As it was.
    Snapshot(&'a mut Snapshot),
}

impl Source<'_> {
    pub(super) fn tenant(&self) -> TenantIdentity {
        match self {
            Self::Tenant(connection) => TenantIdentity {
                id: connection.tenant_id,
                organization: connection.organization.clone(),
            },
            Self::Snapshot(snapshot) => snapshot.head().tenant.clone(),
        }
    }

    /// When it was observed, where that is not now.
    pub(super) fn taken_at(&self) -> Option<Timestamp> {
        match self {
            Self::Tenant(_) => None,
            Self::Snapshot(snapshot) => Some(snapshot.head().taken_at),
        }
    }

    /// Certificates and the directory.
    pub(super) async fn identity(
        &mut self,
        desired: &DesiredState,
        ports: &Ports,
    ) -> Result<ObservedIdentity, Stopped> {
        match self {
            Self::Tenant(connection) => {
                let observed = identity::observe(
                    connection,
                    desired,
                    &identity::Touched::default(),
                    ports.now(),
                )
                .await?;
                connection.application_id = identity::signing_in(&observed, desired);
                Ok(observed)
            }
            Self::Snapshot(snapshot) => Ok(snapshot.head().identity.clone()),
        }
    }

    /// Requests to the directory so far.
    pub(super) fn directory_requests(&self) -> u64 {
        match self {
            Self::Tenant(connection) => connection.directory_requests(),
            Self::Snapshot(snapshot) => snapshot.head().directory_requests,
        }
    }

    /// Whether whoever does the work may do it, and files can be written. Of who will apply a plan from a
    /// snapshot, nothing is known.
    pub(super) async fn can_be_done(
        &self,
        changes: &[IdentityChange],
        applying: bool,
    ) -> Result<Diagnostics, Stopped> {
        let Self::Tenant(connection) = self else { return Ok(Diagnostics::default()) };
        let mut missing = Diagnostics::default();
        if let Some(entra) = &connection.entra {
            let claims = entra.claims().await.map_err(|error| identity::stop(&error))?;
            missing =
                claims.map(|claims| identity::preflight(&claims, changes)).unwrap_or_default();
        }
        if applying && !missing.has_errors() {
            for step in changes.iter().flat_map(IdentityChange::steps) {
                if let IdentityWrite::MakeCertificate(order) = step {
                    connection.certificates.try_writing(&order.name)?;
                }
            }
        }
        Ok(missing)
    }

    /// Finds who may read Exchange; whether somebody may.
    pub(super) async fn enter(
        &mut self,
        desired: &DesiredState,
        observed: &ObservedIdentity,
        ports: &Ports,
    ) -> Result<bool, Stopped> {
        let connection = match self {
            Self::Tenant(connection) => connection,
            Self::Snapshot(snapshot) => return Ok(snapshot.head().exchange.is_some()),
        };
        enter::enter(connection, desired, observed, ports).await
    }

    /// Whether Exchange is read as the application that is to work there.
    pub(super) fn entered(&self) -> bool {
        match self {
            Self::Tenant(connection) => connection.entered,
            Self::Snapshot(snapshot) => {
                snapshot.head().exchange.as_ref().is_some_and(|exchange| exchange.entered)
            }
        }
    }

    /// The switches.
    pub(super) async fn switches(
        &self,
        desired: &DesiredState,
        beside: &Path,
        ports: &Ports,
    ) -> Result<ObservedTenant, Stopped> {
        match self {
            Self::Tenant(connection) => {
                let exchange = connection.exchange.as_ref().ok_or_else(nobody)?;
                let mut tenant = read::switches(exchange, desired).await?;
                tenant.pending_unified_audit_log =
                    pending::recall(beside, exchange.tenant_id(), ports.now());
                Ok(tenant)
            }
            Self::Snapshot(snapshot) => Ok(snapshot.switches()),
        }
    }

    /// The mailboxes, compared; and how many requests it takes to list them.
    pub(super) async fn mailboxes(
        &mut self,
        rules: Rules<'_>,
        recorder: Option<&mut dyn Recorder>,
        observer: &mut dyn ReadObserver,
    ) -> Result<(MailboxFindings, u64), Stopped> {
        match self {
            Self::Tenant(connection) => {
                let exchange = connection.exchange.as_ref().ok_or_else(nobody)?;
                let before = exchange.requests().reads;
                let found = read::mailboxes(exchange, rules, recorder, observer).await?;
                Ok((found, exchange.requests().reads - before))
            }
            Self::Snapshot(snapshot) => {
                let found = snapshot.mailboxes(rules, observer)?;
                Ok((found, snapshot.requests()))
            }
        }
    }

    /// Hands over the mailboxes that the spec's checks are about. `vocabulary` is that of the plan; a
    /// snapshot's is the plan's already.
    pub(super) async fn rows_of_checks(
        &mut self,
        desired: &DesiredState,
        vocabulary: &mut ActionVocabulary,
        on_row: &mut OnRow<'_>,
    ) -> Result<(), Stopped> {
        match self {
            Self::Tenant(connection) => {
                let exchange = connection.exchange.as_ref().ok_or_else(nobody)?;
                read::of_checks(exchange, desired, vocabulary, on_row).await
            }
            Self::Snapshot(snapshot) => snapshot.rows_of_checks(desired, on_row),
        }
    }
}

fn nobody() -> Stopped {
    Stopped::state_unknown(Diagnostic::error("denied", "nobody may read Exchange"))
}
