//! A tenant as Microsoft publishes it, in sets of names: what it returns, and what each write does
//! to it. Written from the service's documents and on purpose not from the code under test, whose
//! tables and bit sets it does not use. A write that the service would refuse fails the test.
//!
//! Sources: "Manage mailbox auditing" (tables, management, the effective `AuditEnabled`),
//! `Set-Mailbox` (list writes, the Add form, `DefaultAuditSet`), `Enable-OrganizationCustomization`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use auditform::plan::{ListWrite, MailboxPatch, ObservedTenant, Write};
use auditform::resource::{
    ActionSet, ActionVocabulary, AgeLimit, LogonType, LogonTypes, RecipientType,
};
use auditform::state::{AuditState, MailboxRow, OrganizationState};
use uuid::Uuid;

/// What Microsoft records by default for administrators, delegates and owners.
pub(super) const DEFAULTS: [&[&str]; 3] = [
    &[
        "ApplyRecord",
        "Create",
        "HardDelete",
        "MailItemsAccessed",
        "MoveToDeletedItems",
        "Send",
        "SendAs",
        "SendOnBehalf",
        "SoftDelete",
        "Update",
        "UpdateCalendarDelegation",
        "UpdateFolderPermissions",
        "UpdateInboxRules",
    ],
    &[
        "ApplyRecord",
        "Create",
        "HardDelete",
        "MailItemsAccessed",
        "MoveToDeletedItems",
        "SendAs",
        "SendOnBehalf",
        "SoftDelete",
        "Update",
        "UpdateFolderPermissions",
        "UpdateInboxRules",
    ],
    &[
        "ApplyRecord",
        "HardDelete",
        "MailItemsAccessed",
        "MoveToDeletedItems",
        "Send",
        "SoftDelete",
        "Update",
        "UpdateCalendarDelegation",
        "UpdateFolderPermissions",
        "UpdateInboxRules",
    ],
];

/// What can be recorded besides.
pub(super) const EXTRAS: [&[&str]; 3] = [
    &["Copy", "FolderBind", "Move", "RecordDelete"],
    &["FolderBind", "Move", "RecordDelete"],
    &["Create", "MailboxLogin", "Move", "RecordDelete", "SearchQueryInitiated"],
];

/// Actions that no table knows: Microsoft's next ones.
pub(super) const UNKNOWN: [&str; 4] = ["FutureRead", "ArchiveOpen", "Zoom", "Summarise"];

/// One mailbox as the service stores it.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    pub(super) guid: Uuid,
    pub(super) upn: String,
    pub(super) proxies: Vec<String>,
    pub(super) kind: RecipientType,
    /// The switch as written; what reads show depends on the organisation.
    pub(super) stored_enabled: bool,
    pub(super) lists: [BTreeSet<String>; 3],
    /// Which lists are Microsoft's.
    pub(super) managed: [bool; 3],
    pub(super) days: u32,
}

/// The tenant.
#[derive(Debug, Clone)]
pub(super) struct Tenant {
    pub(super) dehydrated: bool,
    pub(super) ingestion: bool,
    pub(super) auditing: bool,
    /// Actions that Microsoft has added to its default sets since the table was written.
    pub(super) added: [Vec<&'static str>; 3],
    pub(super) mailboxes: Vec<Mailbox>,
}

/// In which order an answer lists things: that of mailboxes, and how far each list of actions is
/// turned around.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) mailboxes: Vec<usize>,
    pub(super) turn: usize,
}

impl Mailbox {
    fn is_covered(&self) -> bool {
        use RecipientType::{GroupMailbox, SharedMailbox, UserMailbox};
        matches!(self.kind, UserMailbox | SharedMailbox | GroupMailbox)
    }
}

impl Tenant {
    /// Microsoft's default set of today.
    pub(super) fn defaults(&self, logon: LogonType) -> BTreeSet<String> {
        let table = DEFAULTS[logon as usize].iter().chain(&self.added[logon as usize]);
        table.map(|name| (*name).to_owned()).collect()
    }

    /// `AuditEnabled` as it reads.
    pub(super) fn enabled(&self, mailbox: &Mailbox) -> bool {
        mailbox.stored_enabled || (self.auditing && mailbox.is_covered())
    }

    pub(super) fn switches(&self) -> ObservedTenant {
        ObservedTenant {
            organization: Some(OrganizationState {
                mailbox_auditing: self.auditing,
                dehydrated: self.dehydrated,
            }),
            unified_audit_log: Some(self.ingestion),
            pending_unified_audit_log: None,
        }
    }

    /// One row of the listing.
    pub(super) fn row<'m>(
        &self,
        mailbox: &'m Mailbox,
        vocabulary: &mut ActionVocabulary,
        turn: usize,
    ) -> MailboxRow<'m> {
        let mut list = |logon: LogonType| {
            let mut names: Vec<&str> =
                mailbox.lists[logon as usize].iter().map(String::as_str).collect();
            let middle = turn.checked_rem(names.len()).unwrap_or_default();
            names.rotate_left(middle);
            let none = vocabulary.add(ActionSet::EMPTY, "None").unwrap();
            names.iter().fold(none, |set, name| vocabulary.add(set, name).unwrap())
        };
        let audit = AuditState {
            enabled: self.enabled(mailbox),
            admin: list(LogonType::Admin),
            delegate: list(LogonType::Delegate),
            owner: list(LogonType::Owner),
            default_audit_set: LogonType::ALL
                .into_iter()
                .filter(|logon| mailbox.managed[*logon as usize])
                .fold(LogonTypes::NONE, LogonTypes::with),
            log_age_limit: AgeLimit::days(mailbox.days),
        };
        MailboxRow {
            guid: mailbox.guid,
            upn: Cow::Borrowed(&mailbox.upn),
            primary_address: Cow::Borrowed(&mailbox.upn),
            addresses: mailbox.proxies.iter().map(|proxy| Cow::Borrowed(proxy.as_str())).collect(),
            recipient_type: mailbox.kind,
            audit,
        }
    }

    /// Carries out one write, as the service would.
    pub(super) fn take(&mut self, write: &Write) {
        match write {
            Write::EnableOrganizationCustomization => {
                assert!(self.dehydrated, "the tenant was customised already");
                self.dehydrated = false;
            }
            Write::SetUnifiedAuditLog { ingestion } => {
                assert!(!self.dehydrated, "a dehydrated tenant refuses the switch");
                self.ingestion = *ingestion;
            }
            Write::SetMailboxAuditing { enabled } => {
                assert!(!self.dehydrated, "a dehydrated tenant refuses the switch");
                self.auditing = *enabled;
            }
            Write::ResetDefaultAuditSet { logon_types, .. } => {
                let defaults = LogonType::ALL.map(|logon| self.defaults(logon));
                let mailbox = self.addressed(write);
                assert!(mailbox.kind != RecipientType::GroupMailbox, "its list is fixed");
                for logon in logon_types.iter() {
                    mailbox.lists[logon as usize].clone_from(&defaults[logon as usize]);
                    mailbox.managed[logon as usize] = true;
                }
            }
            Write::SetMailbox { patch, .. } => self.addressed(write).set(patch),
        }
    }

    /// A write reaches the mailbox of its Guid, on the server that its anchor names.
    fn addressed(&mut self, write: &Write) -> &mut Mailbox {
        let target = write.mailbox().unwrap();
        let found = self.mailboxes.iter_mut().find(|mailbox| mailbox.guid == target.guid).unwrap();
        assert_eq!(found.upn, target.upn, "the anchor is another mailbox's");
        assert_eq!(found.kind, target.recipient_type);
        found
    }
}

impl Mailbox {
    fn set(&mut self, patch: &MailboxPatch) {
        let lists = [&patch.admin, &patch.delegate, &patch.owner];
        let changes_more_than_age = patch.enabled.is_some() || lists.iter().any(|it| it.is_some());
        assert!(
            !changes_more_than_age || self.kind != RecipientType::GroupMailbox,
            "a group mailbox takes an age limit alone"
        );
        if let Some(enabled) = patch.enabled {
            self.stored_enabled = enabled;
        }
        for (at, list) in lists.into_iter().enumerate() {
            if let Some(list) = list {
                self.set_list(at, list);
            }
        }
        if let Some(limit) = patch.log_age_limit {
            let days = limit.whole_days().unwrap();
            assert!(days > 0, "an age limit of zero erases the log");
            self.days = u32::try_from(days).unwrap();
        }
    }

    /// "Invalid audit operation specified", "already being audited": neither may happen.
    fn set_list(&mut self, at: usize, write: &ListWrite) {
        let (ListWrite::Replace(names) | ListWrite::Add(names)) = write;
        for name in names {
            let name = name.as_str();
            let accepted = DEFAULTS[at].contains(&name) || EXTRAS[at].contains(&name);
            assert!(accepted || UNKNOWN.contains(&name), "{name} is refused for {at}");
        }
        match write {
            ListWrite::Replace(names) => self.lists[at] = names.iter().cloned().collect(),
            ListWrite::Add(names) => {
                assert!(!names.is_empty(), "nothing to add");
                for name in names {
                    assert!(self.lists[at].insert(name.clone()), "{name} is audited already");
                }
            }
        }
        self.managed[at] = false;
    }
}
