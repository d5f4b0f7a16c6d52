//! The changes that concern the tenant as a whole: the unified audit log switch, the organisation's
//! mailbox auditing switch, and the one-way customisation that a dehydrated tenant needs before
//! either of them can be written.

use crate::resource::{Address, Kind};
use crate::state::{DesiredState, OrganizationState};

use super::write::Write;

/// One change of the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantChange {
    /// `Enable-OrganizationCustomization`.
    Customization,
    /// The unified audit log takes records, or no longer does.
    UnifiedAuditLog {
        /// The switch after the change.
        ingestion: bool,
        /// Whether the tenant has to be customised first.
        after_customization: bool,
    },
    /// Mailbox auditing is on, or no longer is.
    MailboxAuditing {
        /// The switch after the change.
        enabled: bool,
        /// Whether the tenant has to be customised first.
        after_customization: bool,
    },
}

impl TenantChange {
    /// The address of what changes.
    pub fn address(self) -> Address {
        Address::singleton(match self {
            Self::Customization => Kind::OrganizationCustomization,
            Self::UnifiedAuditLog { .. } => Kind::UnifiedAuditLog,
            Self::MailboxAuditing { .. } => Kind::Organization,
        })
    }

    /// The attribute's name with its value before and after.
    pub fn attribute(self) -> (&'static str, bool, bool) {
        match self {
            Self::Customization => ("customized", false, true),
            Self::UnifiedAuditLog { ingestion, .. } => ("ingestion", !ingestion, ingestion),
            Self::MailboxAuditing { enabled, .. } => ("mailbox_auditing", !enabled, enabled),
        }
    }

    /// Whether less is recorded afterwards.
    pub fn weakens(self) -> bool {
        matches!(
            self,
            Self::UnifiedAuditLog { ingestion: false, .. }
                | Self::MailboxAuditing { enabled: false, .. }
        )
    }

    /// What has to be done before.
    pub fn depends_on(self) -> Option<Address> {
        match self {
            Self::UnifiedAuditLog { after_customization: true, .. }
            | Self::MailboxAuditing { after_customization: true, .. } => {
                Some(Self::Customization.address())
            }
            _ => None,
        }
    }

    /// The request that makes the change.
    pub fn write(self) -> Write {
        match self {
            Self::Customization => Write::EnableOrganizationCustomization,
            Self::UnifiedAuditLog { ingestion, .. } => Write::SetUnifiedAuditLog { ingestion },
            Self::MailboxAuditing { enabled, .. } => Write::SetMailboxAuditing { enabled },
        }
    }
}

/// What was read of the tenant as a whole; `None` where nothing in the spec needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ObservedTenant {
    /// `Get-OrganizationConfig`.
    pub organization: Option<OrganizationState>,
    /// `Get-AdminAuditLogConfig`: whether the unified audit log takes records.
    pub unified_audit_log: Option<bool>,
    /// The unified audit log was switched to this value so recently that reads may still show the
    /// old one (up to 60 minutes, `Set-AdminAuditLogConfig`).
    pub pending_unified_audit_log: Option<bool>,
}

impl ObservedTenant {
    /// The organisation's switch as it will be once the plan is applied; on, the service's own
    /// default, where nothing was read because nothing depends on it.
    pub fn mailbox_auditing_after(&self, desired: &DesiredState) -> bool {
        desired
            .mailbox_auditing
            .map(|declared| declared.value)
            .or(self.organization.map(|organization| organization.mailbox_auditing))
            .unwrap_or(true)
    }
}

/// The difference of the tenant's switches.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenantFindings {
    /// What changes, in the order in which it is done.
    pub changes: Vec<TenantChange>,
    /// Managed objects that need nothing.
    pub unchanged: u64,
    /// The unified audit log was switched lately and still reads the old value.
    pub pending: bool,
}

/// Compares the tenant's switches.
pub fn diff_tenant(desired: &DesiredState, observed: &ObservedTenant) -> TenantFindings {
    let mut findings = TenantFindings::default();
    let after_customization =
        observed.organization.is_some_and(|organization| organization.dehydrated);
    let mut switches = Vec::new();
    if let (Some(wanted), Some(present)) = (desired.unified_audit_log, observed.unified_audit_log) {
        let ingestion = wanted.value;
        let coming = observed.pending_unified_audit_log.unwrap_or(present);
        if coming == ingestion && present == ingestion {
            findings.unchanged += 1;
        } else if coming == ingestion {
            findings.pending = true;
        } else {
            switches.push(TenantChange::UnifiedAuditLog { ingestion, after_customization });
        }
    }
    if let (Some(wanted), Some(present)) = (desired.mailbox_auditing, observed.organization) {
        let enabled = wanted.value;
        if present.mailbox_auditing == enabled {
            findings.unchanged += 1;
        } else {
            switches.push(TenantChange::MailboxAuditing { enabled, after_customization });
        }
    }
    if after_customization && !switches.is_empty() {
        findings.changes.push(TenantChange::Customization);
    }
    findings.changes.append(&mut switches);
    findings
}
