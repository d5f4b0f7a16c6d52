//! A step as it stands in a document: an operation and its values, in our words. Of a mailbox's
//! steps the change tells which mailbox they are for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::row::owned;
use super::schema::{ActionNames, SomeActionNames, TimeSpan};
use crate::plan::{IdentityWrite, ListWrite, MailboxPatch, Operation, Write};
use crate::resource::LogonType;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::plan) enum StepRow {
    Exchange(ExchangeStep),
    Identity(IdentityWrite),
}

/// A request to Exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "operation", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::plan) enum ExchangeStep {
    /// `Enable-OrganizationCustomization`.
    EnableOrganizationCustomization {},
    /// `Set-AdminAuditLogConfig`.
    SetUnifiedAuditLog {
        /// Whether the unified audit log takes records.
        ingestion: bool,
    },
    /// `Set-OrganizationConfig`.
    SetMailboxAuditing {
        /// Whether mailbox auditing of the organisation is on.
        mailbox_auditing: bool,
    },
    /// `Set-Mailbox -DefaultAuditSet`: gives logon types back to Microsoft's management.
    ResetDefaultAuditSet {
        /// Which ones.
        #[schemars(with = "Vec<LogonType>", length(min = 1), extend("uniqueItems" = true))]
        logon_types: Vec<String>,
    },
    /// `Set-Mailbox` with at least one value.
    #[schemars(extend("minProperties" = 2))]
    SetMailbox(PatchRow),
}

/// What `Set-Mailbox` carries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::plan) struct PatchRow {
    /// Whether the mailbox is audited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) enabled: Option<bool>,
    /// What is recorded of administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) admin: Option<ListRow>,
    /// What is recorded of delegates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) delegate: Option<ListRow>,
    /// What is recorded of the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) owner: Option<ListRow>,
    /// How long records are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<TimeSpan>")]
    pub(in crate::plan) log_age_limit: Option<String>,
}

/// The whole list, or what is added to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::plan) enum ListRow {
    /// The whole list.
    Replace(#[schemars(with = "ActionNames")] Vec<String>),
    /// What is added to it.
    Add(#[schemars(with = "SomeActionNames")] Vec<String>),
}

impl StepRow {
    pub(super) fn of(operation: &Operation) -> Self {
        let write = match operation {
            Operation::Identity(write) => return Self::Identity(write.clone()),
            Operation::Exchange(write) => write,
        };
        Self::Exchange(match write {
            Write::EnableOrganizationCustomization => {
                ExchangeStep::EnableOrganizationCustomization {}
            }
            Write::SetUnifiedAuditLog { ingestion } => {
                ExchangeStep::SetUnifiedAuditLog { ingestion: *ingestion }
            }
            Write::SetMailboxAuditing { enabled } => {
                ExchangeStep::SetMailboxAuditing { mailbox_auditing: *enabled }
            }
            Write::ResetDefaultAuditSet { logon_types, .. } => {
                ExchangeStep::ResetDefaultAuditSet { logon_types: owned(&logon_types.names()) }
            }
            Write::SetMailbox { patch, .. } => ExchangeStep::SetMailbox(PatchRow::of(patch)),
        })
    }
}

impl PatchRow {
    fn of(patch: &MailboxPatch) -> Self {
        let list = |list: &Option<ListWrite>| {
            list.as_ref().map(|list| match list {
                ListWrite::Replace(names) => ListRow::Replace(names.clone()),
                ListWrite::Add(names) => ListRow::Add(names.clone()),
            })
        };
        Self {
            enabled: patch.enabled,
            admin: list(&patch.admin),
            delegate: list(&patch.delegate),
            owner: list(&patch.owner),
            log_age_limit: patch.log_age_limit.map(crate::resource::AgeLimit::timespan),
        }
    }
}
