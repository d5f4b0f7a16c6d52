//! The switches of a tenant, turned back.

use super::Stays;
use crate::plan::{ObservedTenant, TenantChange};

/// The inverse of the changes of switches that may have taken effect. One that does not read as it was
/// set was turned back already, or was never set.
pub fn undo_switches(
    changes: impl Iterator<Item = TenantChange>,
    tenant: ObservedTenant,
) -> (Vec<TenantChange>, Vec<Stays>) {
    let (mut inverse, mut stays) = (Vec::new(), Vec::new());
    for change in changes {
        match change {
            TenantChange::Customization => {
                let is_there = tenant.organization.is_some_and(|found| !found.dehydrated);
                let why = "an organisation is customised once and for all";
                stays.extend(is_there.then(|| Stays::irreversible(&change.address(), why)));
            }
            TenantChange::UnifiedAuditLog { ingestion, .. } => {
                let coming = tenant.pending_unified_audit_log.or(tenant.unified_audit_log);
                inverse.extend((coming == Some(ingestion)).then_some(
                    TenantChange::UnifiedAuditLog {
                        ingestion: !ingestion,
                        after_customization: false,
                    },
                ));
            }
            TenantChange::MailboxAuditing { enabled, .. } => {
                let found = tenant.organization.map(|found| found.mailbox_auditing);
                inverse.extend((found == Some(enabled)).then_some(TenantChange::MailboxAuditing {
                    enabled: !enabled,
                    after_customization: false,
                }));
            }
        }
    }
    (inverse, stays)
}
