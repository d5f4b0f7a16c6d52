//! What the tenant holds, as read. Every value here was in an answer of the service; a value that
//! was missing, null or unreadable is an error of the read and never becomes a default.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::resource::{ActionSet, AgeLimit, LogonType, LogonTypes, RecipientType};

/// The tenant that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantIdentity {
    /// Its GUID.
    pub id: Uuid,
    /// Its initial domain.
    pub organization: String,
}

/// `Get-OrganizationConfig`, as far as auditing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationState {
    /// Mailbox auditing is on: `AuditDisabled` inverted.
    pub mailbox_auditing: bool,
    /// `IsDehydrated`: Enable-OrganizationCustomization has not been run yet.
    pub dehydrated: bool,
}

/// The audit settings of one mailbox. Few distinct values occur in a tenant, which is what makes
/// a plan of a million mailboxes small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditState {
    /// `AuditEnabled`, as it reads: an effective value where the organisation covers the mailbox.
    pub enabled: bool,
    /// `AuditAdmin`.
    pub admin: ActionSet,
    /// `AuditDelegate`.
    pub delegate: ActionSet,
    /// `AuditOwner`.
    pub owner: ActionSet,
    /// `DefaultAuditSet`: the logon types that Microsoft still manages.
    pub default_audit_set: LogonTypes,
    /// `AuditLogAgeLimit`.
    pub log_age_limit: AgeLimit,
}

impl AuditState {
    /// The recorded actions of one logon type.
    pub fn actions(&self, logon: LogonType) -> ActionSet {
        match logon {
            LogonType::Admin => self.admin,
            LogonType::Delegate => self.delegate,
            LogonType::Owner => self.owner,
        }
    }

    /// The recorded actions of one logon type, to change them.
    pub fn actions_mut(&mut self, logon: LogonType) -> &mut ActionSet {
        match logon {
            LogonType::Admin => &mut self.admin,
            LogonType::Delegate => &mut self.delegate,
            LogonType::Owner => &mut self.owner,
        }
    }
}

/// One mailbox as listed, borrowed from its page where that is possible.
#[derive(Debug, Clone)]
pub struct MailboxRow<'a> {
    /// The object's Guid, which is the Identity of every write.
    pub guid: Uuid,
    /// `UserPrincipalName`, the routing anchor of a write.
    pub upn: Cow<'a, str>,
    /// `PrimarySmtpAddress`; empty where it was not asked for.
    pub primary_address: Cow<'a, str>,
    /// `EmailAddresses` without their `smtp:` prefixes; empty where they were not asked for.
    pub addresses: Vec<Cow<'a, str>>,
    /// `RecipientTypeDetails`.
    pub recipient_type: RecipientType,
    /// The audit settings.
    pub audit: AuditState,
}
