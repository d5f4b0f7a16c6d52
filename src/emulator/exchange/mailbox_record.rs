//! A mailbox as Get-Mailbox shows it: some forty of the service's more than three hundred
//! properties, the audit ones computed by its rules. A row and its settings go in, cells come out.

use std::borrow::Cow;

use super::row::Cell;
use crate::emulator::actions::{GROUP_LISTS, Logon};
use crate::emulator::audit::{Audit, time_span};
use crate::emulator::directory::Row;
use crate::emulator::recipient::RecipientType;
use crate::emulator::tenant::Tenant;

/// How a property gets its value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Property {
    Alias,
    AuditEnabled,
    AuditList(Logon),
    AuditLogAgeLimit,
    DefaultAuditSet,
    DisplayName,
    DistinguishedName,
    EmailAddresses,
    ExchangeGuid,
    ExternalDirectoryObjectId,
    Guid,
    IsInactive,
    IsOfType(RecipientType),
    IsResource,
    OrganizationId,
    PrimarySmtpAddress,
    RecipientTypeDetails,
    Server,
    UserPrincipalName,
    /// The same for every mailbox.
    Always(&'static str),
    AlwaysTyped(&'static str, &'static str),
}

use Property::{Always, AlwaysTyped};

/// In the alphabetical order of the service.
const PROPERTIES: [(&str, Property); 48] = [
    ("AccountDisabled", Always("false")),
    ("Alias", Property::Alias),
    ("ArchiveStatus", Always("\"None\"")),
    ("AuditAdmin", Property::AuditList(Logon::Admin)),
    ("AuditDelegate", Property::AuditList(Logon::Delegate)),
    ("AuditEnabled", Property::AuditEnabled),
    ("AuditLogAgeLimit", Property::AuditLogAgeLimit),
    ("AuditOwner", Property::AuditList(Logon::Owner)),
    ("DefaultAuditSet", Property::DefaultAuditSet),
    ("DisplayName", Property::DisplayName),
    ("DistinguishedName", Property::DistinguishedName),
    ("EmailAddresses", Property::EmailAddresses),
    ("ExchangeGuid", Property::ExchangeGuid),
    ("ExchangeObjectId", Property::Guid),
    ("ExchangeUserAccountControl", Always("\"None\"")),
    ("ExternalDirectoryObjectId", Property::ExternalDirectoryObjectId),
    ("ForwardingAddress", Always("null")),
    ("ForwardingSmtpAddress", Always("null")),
    ("GrantSendOnBehalfTo", Always("[]")),
    ("Guid", Property::Guid),
    ("HiddenFromAddressListsEnabled", Always("false")),
    ("Id", Property::Alias),
    ("Identity", Property::Alias),
    ("IsInactiveMailbox", Property::IsInactive),
    ("IsMailboxEnabled", Always("true")),
    ("IsResource", Property::IsResource),
    ("IsShared", Property::IsOfType(RecipientType::Shared)),
    ("IsSoftDeletedByDisable", Always("false")),
    ("IssueWarningQuota", Always("\"98 GB (105,226,698,752 bytes)\"")),
    ("Languages", Always("[]")),
    ("LitigationHoldEnabled", Always("false")),
    ("MailboxPlan", Always("null")),
    ("MaxReceiveSize", Always("\"36 MB (37,748,736 bytes)\"")),
    ("MaxSendSize", Always("\"35 MB (36,700,160 bytes)\"")),
    ("Name", Property::Alias),
    ("OrganizationId", Property::OrganizationId),
    ("PersistedCapabilities", Always("[\"BPOS_S_Enterprise\"]")),
    ("PrimarySmtpAddress", Property::PrimarySmtpAddress),
    ("ProhibitSendQuota", Always("\"99 GB (106,300,440,576 bytes)\"")),
    ("RecipientLimits", Always("\"500\"")),
    ("RecipientType", Always("\"UserMailbox\"")),
    ("RecipientTypeDetails", Property::RecipientTypeDetails),
    ("ResourceCapacity", Always("null")),
    ("RetainDeletedItemsFor", AlwaysTyped("System.TimeSpan", "\"14.00:00:00\"")),
    ("ServerName", Property::Server),
    ("UserPrincipalName", Property::UserPrincipalName),
    ("WhenCreatedUTC", AlwaysTyped("System.DateTime", "\"2021-03-04T09:17:31Z\"")),
    ("WhenMailboxCreated", AlwaysTyped("System.DateTime", "\"2021-03-04T09:17:32+00:00\"")),
];

/// The properties of a `$select`, given in lower case. Unknown names are passed over.
pub(crate) fn properties(selected: Option<&[String]>) -> Vec<(&'static str, Property)> {
    let wanted = |name: &str| {
        selected.is_none_or(|names| names.iter().any(|asked| asked.eq_ignore_ascii_case(name)))
    };
    PROPERTIES.into_iter().filter(|(name, _)| wanted(name)).collect()
}

/// One mailbox in the light of its organization.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a> {
    pub(crate) tenant: &'a Tenant,
    pub(crate) row: Row,
    pub(crate) audit: &'a Audit,
    /// Whether mailbox auditing is on for the organization.
    pub(crate) auditing: bool,
}

impl<'a> Shown<'a> {
    pub(crate) fn cells(
        self,
        properties: &'a [(&'static str, Property)],
    ) -> impl Iterator<Item = (&'static str, Cell<'a>)> {
        properties.iter().map(move |(name, property)| (*name, self.cell(*property)))
    }

    /// Where on-by-default covers the mailbox, reads show true whatever is stored
    /// (zolderio/microsoft#1, 12Knocksinna/Office365itpros#99).
    pub(crate) fn effectively_enabled(self) -> bool {
        let covered = self.tenant.directory.kind(self.row).audited_by_default();
        self.audit.enabled || (covered && self.auditing)
    }

    fn is_group(self) -> bool {
        self.tenant.directory.kind(self.row) == RecipientType::Group
    }

    pub(crate) fn list(self, logon: Logon) -> Vec<Cow<'a, str>> {
        if self.is_group() {
            return GROUP_LISTS[logon as usize].iter().map(|name| Cow::Borrowed(*name)).collect();
        }
        self.tenant.actions.names(self.audit.list(logon)).map(Cow::Borrowed).collect()
    }

    pub(crate) fn default_set(self) -> Vec<Cow<'a, str>> {
        Logon::ALL
            .into_iter()
            .filter(|logon| self.is_group() || self.audit.is_managed(*logon))
            .map(|logon| Cow::Borrowed(logon.name()))
            .collect()
    }

    fn cell(self, property: Property) -> Cell<'a> {
        let (directory, row) = (&self.tenant.directory, self.row);
        match property {
            Property::Alias => Cell::text(directory.alias(row)),
            Property::AuditEnabled => Cell::Bool(self.effectively_enabled()),
            Property::AuditList(logon) => Cell::List(self.list(logon)),
            Property::AuditLogAgeLimit => {
                Cell::Typed("System.TimeSpan", time_span(self.audit.age_seconds).into())
            }
            Property::DefaultAuditSet => Cell::List(self.default_set()),
            Property::DisplayName => Cell::text(directory.display_name(row)),
            Property::DistinguishedName => Cell::text(self.distinguished_name()),
            Property::EmailAddresses => Cell::List(self.addresses()),
            Property::ExchangeGuid => Cell::Guid(directory.exchange_guid(row)),
            // Reported empty for mailboxes without an object in Entra ID.
            Property::ExternalDirectoryObjectId => match directory.kind(row) {
                RecipientType::Discovery => Cell::text(""),
                _ => Cell::text(directory.object_id(row).to_string()),
            },
            Property::Guid => Cell::Guid(directory.guid(row)),
            Property::IsInactive => Cell::Bool(directory.is_inactive(row)),
            Property::IsOfType(kind) => Cell::Bool(directory.kind(row) == kind),
            Property::IsResource => Cell::Bool(matches!(
                directory.kind(row),
                RecipientType::Room | RecipientType::LinkedRoom | RecipientType::Equipment
            )),
            Property::OrganizationId => Cell::text(&*self.tenant.organization),
            Property::PrimarySmtpAddress | Property::UserPrincipalName => {
                Cell::text(directory.upn(row))
            }
            Property::RecipientTypeDetails => Cell::text(directory.kind(row).name()),
            Property::Server => Cell::text(self.tenant.server_of(row)),
            Always(json) => Cell::Json(json),
            AlwaysTyped(kind, json) => Cell::TypedJson(kind, json),
        }
    }

    fn addresses(self) -> Vec<Cow<'a, str>> {
        let directory = &self.tenant.directory;
        let primary = format!("SMTP:{}", directory.upn(self.row));
        let others =
            directory.proxy_addresses(self.row).iter().map(|proxy| format!("smtp:{proxy}"));
        std::iter::once(primary).chain(others).map(Cow::Owned).collect()
    }

    fn distinguished_name(self) -> String {
        let (name, organization) =
            (self.tenant.directory.alias(self.row), &self.tenant.organization);
        format!(
            "CN={name},OU={organization},OU=Microsoft Exchange Hosted Organizations,DC=EURPR04A003,DC=PROD,DC=OUTLOOK,DC=COM"
        )
    }
}
