//! A step as it stands in a document: an operation and its values, in our words. Of a mailbox's
//! steps the change tells which mailbox they are for.

use serde::{Deserialize, Serialize};

use super::row::owned;
use crate::plan::{IdentityWrite, ListWrite, MailboxPatch, Operation, Write};

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(in crate::plan) enum StepRow {
    Exchange(ExchangeStep),
    Identity(IdentityWrite),
}

/// A request to Exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::plan) enum ExchangeStep {
    EnableOrganizationCustomization {},
    SetUnifiedAuditLog { ingestion: bool },
    SetMailboxAuditing { mailbox_auditing: bool },
    ResetDefaultAuditSet { logon_types: Vec<String> },
    SetMailbox(PatchRow),
}

/// What `Set-Mailbox` carries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(in crate::plan) struct PatchRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) admin: Option<ListRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) delegate: Option<ListRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) owner: Option<ListRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) log_age_limit: Option<String>,
}

/// The whole list, or what is added to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::plan) enum ListRow {
    Replace(Vec<String>),
    Add(Vec<String>),
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
