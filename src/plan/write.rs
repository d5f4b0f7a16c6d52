//! One write, as data: what the executor hands to a provider. A plan determines its
//! writes completely; nothing is decided again when they are carried out.

use uuid::Uuid;

use super::identity::IdentityWrite;
use crate::resource::{AgeLimit, LogonTypes, RecipientType};

/// The mailbox that a write is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxRef {
    /// The Identity of the write.
    pub guid: Uuid,
    /// The routing anchor: a write that reaches another server than the mailbox's is refused.
    pub upn: String,
    /// Group mailboxes are written with a switch of their own.
    pub recipient_type: RecipientType,
}

/// How an action list is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListWrite {
    /// The whole list, in the service's names; empty clears it (written as `None`).
    Replace(Vec<String>),
    /// The Add form: these are added, nothing is removed.
    Add(Vec<String>),
}

/// The attributes that one `Set-Mailbox` carries; what is `None` is not sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailboxPatch {
    /// `AuditEnabled`.
    pub enabled: Option<bool>,
    /// `AuditAdmin`.
    pub admin: Option<ListWrite>,
    /// `AuditDelegate`.
    pub delegate: Option<ListWrite>,
    /// `AuditOwner`.
    pub owner: Option<ListWrite>,
    /// `AuditLogAgeLimit`.
    pub log_age_limit: Option<AgeLimit>,
}

/// One step of a plan, by the service that it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// To the directory, or to files of a certificate.
    Identity(IdentityWrite),
    /// To Exchange.
    Exchange(Write),
}

/// One request that changes Exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// `Enable-OrganizationCustomization`: one way, an error when run twice.
    EnableOrganizationCustomization,
    /// `Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled`.
    SetUnifiedAuditLog {
        /// Whether the unified audit log takes records.
        ingestion: bool,
    },
    /// `Set-OrganizationConfig -AuditDisabled`, inverted.
    SetMailboxAuditing {
        /// Whether mailbox auditing is on.
        enabled: bool,
    },
    /// `Set-Mailbox -DefaultAuditSet`: gives logon types back to Microsoft.
    ResetDefaultAuditSet {
        /// The mailbox.
        mailbox: MailboxRef,
        /// The logon types to give back.
        logon_types: LogonTypes,
    },
    /// `Set-Mailbox` with every other changed attribute.
    SetMailbox {
        /// The mailbox.
        mailbox: MailboxRef,
        /// What to set.
        patch: MailboxPatch,
    },
}

impl Write {
    /// Whether sending it twice has the same effect as sending it once. The Add form counts as
    /// not idempotent, since adding what is there has been an error (OfficeDocs-o365seccomp#385);
    /// such a write is re-read after a doubtful answer, never sent again.
    pub fn is_idempotent(&self) -> bool {
        match self {
            Self::EnableOrganizationCustomization => false,
            Self::SetMailbox { patch, .. } => [&patch.admin, &patch.delegate, &patch.owner]
                .into_iter()
                .all(|list| !matches!(list, Some(ListWrite::Add(_)))),
            _ => true,
        }
    }

    /// The mailbox that is written, if it is one.
    pub fn mailbox(&self) -> Option<&MailboxRef> {
        match self {
            Self::ResetDefaultAuditSet { mailbox, .. } | Self::SetMailbox { mailbox, .. } => {
                Some(mailbox)
            }
            _ => None,
        }
    }
}
