//! Roles that an application can be given: directory roles of Entra with their template ids, which
//! are the same in every tenant, and management roles of Exchange.
//!
//! Sources: Microsoft, "Microsoft Entra built-in roles"; "App-only authentication for unattended
//! scripts" (which directory roles Exchange takes); "Permissions in Exchange Online".

use uuid::{Uuid, uuid};

/// A built-in directory role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryRole {
    /// Its `displayName`.
    pub name: &'static str,
    /// Its `templateId`, which is also the id of its definition.
    pub template_id: Uuid,
    /// Whether Exchange lets an application in that has it.
    pub opens_exchange: bool,
}

impl DirectoryRole {
    /// The role with this name or template id; letter case does not count.
    pub fn find(text: &str) -> Option<&'static Self> {
        DIRECTORY_ROLES.iter().find(|role| role.is(text))
    }

    /// Whether this is its name or its template id; letter case does not count.
    pub fn is(&self, text: &str) -> bool {
        self.name.eq_ignore_ascii_case(text)
            || Uuid::try_parse(text).is_ok_and(|id| id == self.template_id)
    }
}

const fn role(name: &'static str, template_id: Uuid, opens_exchange: bool) -> DirectoryRole {
    DirectoryRole { name, template_id, opens_exchange }
}

/// The directory roles that have to do with auditing, Exchange, or making applications.
pub const DIRECTORY_ROLES: [DirectoryRole; 14] = [
    role("Global Administrator", uuid!("62e90394-69f5-4237-9190-012177145e10"), true),
    role("Exchange Administrator", uuid!("29232cdf-9323-42fd-ade2-1d097af3e4de"), true),
    role("Exchange Recipient Administrator", uuid!("31392ffb-586c-42d1-9346-e59415a2cc4e"), true),
    role("Compliance Administrator", uuid!("17315797-102d-40b4-93e0-432062caca18"), true),
    role("Compliance Data Administrator", uuid!("e6d1a23a-da11-4be4-9570-befc86d067a7"), false),
    role("Security Administrator", uuid!("194ae4cb-b126-40b2-bd5b-6091b380977d"), true),
    role("Security Reader", uuid!("5d6b6bb7-de71-4623-b4af-96380a352509"), true),
    role("Security Operator", uuid!("5f2222b1-57c3-48ba-8ad5-d4759f1fde6f"), false),
    role("Global Reader", uuid!("f2ef992c-3afb-46b9-b7cf-a126ee74c451"), true),
    role("Helpdesk Administrator", uuid!("729827e3-9c14-49f7-bb1b-9608f156bbb8"), true),
    role("Application Administrator", uuid!("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"), false),
    role("Cloud Application Administrator", uuid!("158c047a-c907-4556-b7ef-446551a6b5f7"), false),
    role("Privileged Role Administrator", uuid!("e8611ab8-c189-46e8-94e1-60213ab1f814"), false),
    role("Directory Readers", uuid!("88d8e3e3-8f55-4a1e-953a-9b9898b8876b"), false),
];

/// Management roles of Exchange Online that have to do with auditing, mailboxes and settings.
pub const EXCHANGE_ROLES: [&str; 28] = [
    "Audit Logs",
    "Compliance Admin",
    "Data Loss Prevention",
    "Distribution Groups",
    "Federated Sharing",
    "Information Rights Management",
    "Journaling",
    "Legal Hold",
    "Mail Enabled Public Folders",
    "Mail Recipient Creation",
    "Mail Recipients",
    "Mail Tips",
    "Mailbox Import Export",
    "Mailbox Search",
    "Message Tracking",
    "Migration",
    "Organization Client Access",
    "Organization Configuration",
    "Organization Transport Settings",
    "Public Folders",
    "Recipient Policies",
    "Remote and Accepted Domains",
    "Reset Password",
    "Retention Management",
    "Role Management",
    "View-Only Audit Logs",
    "View-Only Configuration",
    "View-Only Recipients",
];
