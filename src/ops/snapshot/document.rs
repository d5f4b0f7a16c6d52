//! The shape of a snapshot (docs/snapshots.md): JSON, an object on each line. A head with all that there
//! is but once, a line for each mailbox, the audit states that mailboxes name by number, and an end that
//! counts and digests what stands before it.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::scope::Scope;
use crate::resource::{
    ActionSet, ActionVocabulary, AgeLimit, LogonType, LogonTypes, RecipientType,
};
use crate::state::{AuditState, MailboxRow, ObservedIdentity, OrganizationState, TenantIdentity};

/// As with plans: a higher version is refused, an older one is read.
pub const SNAPSHOT_VERSION: &str = "1.0";

/// What `auditform` says in the head.
pub(super) const MARK: &str = "snapshot";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// `snapshot`.
    pub auditform: String,
    /// [`SNAPSHOT_VERSION`].
    pub format_version: String,
    /// The release that took it.
    pub tool_version: String,
    /// When the reading began.
    pub taken_at: Timestamp,
    /// Of which tenant.
    pub tenant: TenantIdentity,
    /// What was asked.
    pub scope: Scope,
    /// Certificates and the directory.
    pub identity: ObservedIdentity,
    /// Requests to the directory that this took.
    pub directory_requests: u64,
    /// Exchange; `None` where nobody could read it.
    pub exchange: Option<ExchangePart>,
}

/// What there is of Exchange beside the mailboxes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangePart {
    /// It was read as the application that the spec signs in as.
    pub entered: bool,
    /// `Get-OrganizationConfig`, where it was asked.
    pub organization: Option<OrganizationState>,
    /// `Get-AdminAuditLogConfig`, where it was asked.
    pub unified_audit_log: Option<bool>,
    /// What the unified audit log was switched to within the hour before.
    pub pending_unified_audit_log: Option<bool>,
}

/// One mailbox.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailboxLine<'a> {
    pub(super) guid: Uuid,
    #[serde(borrow)]
    pub(super) upn: Cow<'a, str>,
    pub(super) r#type: Cow<'a, str>,
    /// The place in the list of audit states.
    pub(super) audit: u32,
    /// Where it is not the user principal name.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) primary: Option<Cow<'a, str>>,
    /// Those that are neither.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub(super) addresses: Vec<Cow<'a, str>>,
}

impl<'a> MailboxLine<'a> {
    pub(super) fn of(row: &'a MailboxRow<'_>, audit: u32) -> Self {
        let text = |text: &'a Cow<'_, str>| Cow::Borrowed(text.as_ref());
        let primary = Some(&row.primary_address).filter(|one| !one.is_empty() && **one != row.upn);
        let is_more = |one: &&Cow<'_, str>| **one != row.upn && **one != row.primary_address;
        Self {
            guid: row.guid,
            upn: text(&row.upn),
            r#type: Cow::Borrowed(row.recipient_type.name()),
            audit,
            primary: primary.map(text),
            addresses: row.addresses.iter().filter(is_more).map(text).collect(),
        }
    }

    pub(super) fn into_row(self, audits: &[AuditState]) -> Result<MailboxRow<'a>, String> {
        let recipient_type = RecipientType::parse(&self.r#type)
            .ok_or_else(|| format!("`{}` is no type of mailbox", self.r#type))?;
        let audit = audits.get(self.audit as usize).copied();
        Ok(MailboxRow {
            guid: self.guid,
            primary_address: self.primary.unwrap_or_else(|| self.upn.clone()),
            upn: self.upn,
            addresses: self.addresses,
            recipient_type,
            audit: audit.ok_or_else(|| format!("there is no audit state {}", self.audit))?,
        })
    }
}

/// The line after the mailboxes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Audits {
    pub(super) audits: Vec<AuditRow>,
}

/// The audit settings of many mailboxes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditRow {
    enabled: bool,
    admin: Vec<String>,
    delegate: Vec<String>,
    owner: Vec<String>,
    default_audit_set: Vec<String>,
    log_age_limit: String,
}

impl AuditRow {
    pub(super) fn of(audit: &AuditState, vocabulary: &ActionVocabulary) -> Self {
        let names =
            |set| vocabulary.names(set).into_iter().map(str::to_owned).collect::<Vec<String>>();
        Self {
            enabled: audit.enabled,
            admin: names(audit.admin),
            delegate: names(audit.delegate),
            owner: names(audit.owner),
            default_audit_set: audit
                .default_audit_set
                .iter()
                .map(|logon| logon.name().to_owned())
                .collect(),
            log_age_limit: audit.log_age_limit.timespan(),
        }
    }

    pub(super) fn into_state(
        self,
        vocabulary: &mut ActionVocabulary,
    ) -> Result<AuditState, String> {
        let mut set = |names: &[String]| {
            names.iter().try_fold(ActionSet::EMPTY, |set, name| {
                vocabulary.add(set, name).map_err(|error| error.to_string())
            })
        };
        let managed = self.default_audit_set.iter().try_fold(LogonTypes::NONE, |types, name| {
            let logon =
                LogonType::parse(name).ok_or_else(|| format!("`{name}` is no logon type"))?;
            Ok::<_, String>(types.with(logon))
        })?;
        let limit = &self.log_age_limit;
        Ok(AuditState {
            enabled: self.enabled,
            admin: set(&self.admin)?,
            delegate: set(&self.delegate)?,
            owner: set(&self.owner)?,
            default_audit_set: managed,
            log_age_limit: AgeLimit::parse_timespan(limit)
                .ok_or_else(|| format!("`{limit}` is no age limit"))?,
        })
    }
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ending {
    pub(super) end: End,
}

/// What the last line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// Lines of mailboxes.
    pub(super) mailboxes: u64,
    /// Requests that listing them took.
    pub(super) requests: u64,
    /// SHA-256 of all lines before, in hexadecimal digits.
    pub(super) sha256: String,
}
