//! The cmdlets that exist here and the parameters each one takes. Names in any letter case go in,
//! the published spelling comes out.

/// A cmdlet of this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cmdlet {
    GetMailbox,
    SetMailbox,
    GetOrganizationConfig,
    SetOrganizationConfig,
    GetAdminAuditLogConfig,
    SetAdminAuditLogConfig,
    EnableOrganizationCustomization,
}

/// Accepted by every cmdlet.
const COMMON: [&str; 2] = ["ErrorAction", "WarningAction"];
/// Accepted by every cmdlet that changes something.
const CHANGING: [&str; 2] = ["Confirm", "WhatIf"];

impl Cmdlet {
    pub(crate) const ALL: [Self; 7] = [
        Self::GetMailbox,
        Self::SetMailbox,
        Self::GetOrganizationConfig,
        Self::SetOrganizationConfig,
        Self::GetAdminAuditLogConfig,
        Self::SetAdminAuditLogConfig,
        Self::EnableOrganizationCustomization,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GetMailbox => "Get-Mailbox",
            Self::SetMailbox => "Set-Mailbox",
            Self::GetOrganizationConfig => "Get-OrganizationConfig",
            Self::SetOrganizationConfig => "Set-OrganizationConfig",
            Self::GetAdminAuditLogConfig => "Get-AdminAuditLogConfig",
            Self::SetAdminAuditLogConfig => "Set-AdminAuditLogConfig",
            Self::EnableOrganizationCustomization => "Enable-OrganizationCustomization",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cmdlet| cmdlet.name().eq_ignore_ascii_case(name))
    }

    fn own_parameters(self) -> &'static [&'static str] {
        match self {
            Self::GetMailbox => &[
                "Identity",
                "ResultSize",
                "RecipientTypeDetails",
                "Filter",
                "GroupMailbox",
                "InactiveMailboxOnly",
                "IncludeInactiveMailbox",
                "SoftDeletedMailbox",
            ],
            Self::SetMailbox => &[
                "Identity",
                "AuditEnabled",
                "AuditAdmin",
                "AuditDelegate",
                "AuditOwner",
                "AuditLogAgeLimit",
                "DefaultAuditSet",
                "GroupMailbox",
                "InactiveMailbox",
                "Force",
            ],
            // The other parameters of Set-AdminAuditLogConfig are on-premises only (its docs).
            Self::SetAdminAuditLogConfig => &["UnifiedAuditLogIngestionEnabled", "Force"],
            Self::SetOrganizationConfig => &["AuditDisabled", "Force"],
            Self::GetOrganizationConfig
            | Self::GetAdminAuditLogConfig
            | Self::EnableOrganizationCustomization => &[],
        }
    }

    fn changes(self) -> bool {
        !self.name().starts_with("Get-")
    }

    /// The published spelling of a parameter.
    pub(crate) fn parameter(self, name: &str) -> Option<&'static str> {
        let changing = if self.changes() { &CHANGING[..] } else { &[] };
        [self.own_parameters(), &COMMON, changing]
            .into_iter()
            .flatten()
            .find(|known| known.eq_ignore_ascii_case(name))
            .copied()
    }
}
