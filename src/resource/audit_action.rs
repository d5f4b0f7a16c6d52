//! The table of mailbox audit actions: which logon type accepts which action, and which of them
//! Microsoft's default set records. Used before any call is made.
//!
//! Sources: Microsoft, "Manage mailbox auditing" (the table); CIS Microsoft 365 Foundations 6.1.2
//! "Default Value" and the sample script of April 2025 for the default sets since actions stopped
//! depending on a licence (both agree); microsoft-365-docs#5241 (Send is refused for delegates);
//! o365soa/Scripts#29 (`MessageBind` is deprecated). `Set-Mailbox`'s own list of values lacks
//! `MailItemsAccessed`, `Send` and `SearchQueryInitiated`, which the service accepts.

use super::{ActionSet, LogonType, RecipientType};

/// The state of knowledge that [`TABLE`] holds; printed with messages that rest on it.
pub const TABLE_VERSION: &str = "2025-04";

/// What a logon type does with an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Accepted, and part of Microsoft's default set.
    Default,
    /// Accepted, recorded when listed.
    Accepted,
    /// Accepted, yet already part of the named action and without an effect of its own.
    PartOf(&'static str),
    /// Refused by the service today; the named action took its place.
    Deprecated(&'static str),
    /// Not valid for this logon type.
    Refused,
}

impl Standing {
    /// Whether the service takes the action for this logon type.
    pub fn is_accepted(self) -> bool {
        matches!(self, Self::Default | Self::Accepted | Self::PartOf(_))
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct AuditAction {
    /// The service's name.
    pub name: &'static str,
    /// Standing for administrators.
    pub admin: Standing,
    /// Standing for delegates.
    pub delegate: Standing,
    /// Standing for owners.
    pub owner: Standing,
}

impl AuditAction {
    /// The standing for one logon type.
    pub fn standing(&self, logon: LogonType) -> Standing {
        match logon {
            LogonType::Admin => self.admin,
            LogonType::Delegate => self.delegate,
            LogonType::Owner => self.owner,
        }
    }
}

const fn row(
    name: &'static str,
    admin: Standing,
    delegate: Standing,
    owner: Standing,
) -> AuditAction {
    AuditAction { name, admin, delegate, owner }
}

const D: Standing = Standing::Default;
const A: Standing = Standing::Accepted;
const X: Standing = Standing::Refused;
const P: Standing = Standing::PartOf("UpdateFolderPermissions");

/// All actions, in the order in which the service returns them. An action's place here is its bit
/// in an [`ActionSet`]; a new action goes to the end.
pub const TABLE: [AuditAction; 23] = [
    row("Update", D, D, D),
    row("Copy", A, X, X),
    row("Move", A, A, A),
    row("MoveToDeletedItems", D, D, D),
    row("SoftDelete", D, D, D),
    row("HardDelete", D, D, D),
    row("FolderBind", A, A, X),
    row("SendAs", D, D, X),
    row("SendOnBehalf", D, D, X),
    row("MessageBind", Standing::Deprecated("MailItemsAccessed"), X, X),
    row("Create", D, D, A),
    row("MailboxLogin", X, X, A),
    row("AddFolderPermissions", P, P, P),
    row("ModifyFolderPermissions", P, P, P),
    row("RemoveFolderPermissions", P, P, P),
    row("UpdateFolderPermissions", D, D, D),
    row("UpdateInboxRules", D, D, D),
    row("UpdateCalendarDelegation", D, X, D),
    row("RecordDelete", A, A, A),
    row("ApplyRecord", D, D, D),
    row("MailItemsAccessed", D, D, D),
    row("Send", D, X, D),
    row("SearchQueryInitiated", X, X, A),
];

/// The row of an action name, whatever its case, with its bit.
pub fn known_action(name: &str) -> Option<(u8, &'static AuditAction)> {
    (0u8..).zip(TABLE.iter()).find(|(_, action)| action.name.eq_ignore_ascii_case(name))
}

fn matching(logon: LogonType, wanted: impl Fn(Standing) -> bool) -> ActionSet {
    (0u8..)
        .zip(TABLE.iter())
        .filter(|(_, action)| wanted(action.standing(logon)))
        .fold(ActionSet::EMPTY, |set, (bit, _)| set.with_bit(bit))
}

/// Microsoft's default set for a logon type. It is the same for every type of mailbox that takes
/// action lists; group mailboxes have a fixed list that cannot be read or set.
pub fn default_actions(logon: LogonType, recipient: RecipientType) -> ActionSet {
    if recipient.takes_action_lists() {
        matching(logon, |standing| standing == Standing::Default)
    } else {
        ActionSet::EMPTY
    }
}

/// Every action that a logon type accepts.
pub fn valid_actions(logon: LogonType) -> ActionSet {
    matching(logon, Standing::is_accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_sets_have_thirteen_eleven_and_ten_actions() {
        let size = |logon| default_actions(logon, RecipientType::UserMailbox).len();
        assert_eq!(LogonType::ALL.map(size), [13, 11, 10]);
    }

    #[test]
    fn send_is_refused_for_delegates_and_copy_is_for_administrators_alone() {
        let (send, _) = known_action("send").unwrap_or((u8::MAX, &TABLE[0]));
        assert!(!valid_actions(LogonType::Delegate).has_bit(send));
        let (copy, _) = known_action("Copy").unwrap_or((u8::MAX, &TABLE[0]));
        assert!(valid_actions(LogonType::Admin).has_bit(copy));
        assert!(!valid_actions(LogonType::Owner).has_bit(copy));
    }
}
