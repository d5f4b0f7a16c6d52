//! Mailbox types under the service's names (`RecipientTypeDetails`), and what auditing means for each.
//!
//! Sources: Microsoft, "Manage mailbox auditing" (which types are on by default), `Get-EXOMailbox`
//! (the accepted values), `Set-Mailbox` (what group and inactive mailboxes refuse).

use std::fmt;

/// A mailbox type that can be listed and named in `recipient_types`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the service's names say all that there is to say")]
pub enum RecipientType {
    UserMailbox,
    SharedMailbox,
    RoomMailbox,
    EquipmentMailbox,
    LinkedMailbox,
    LinkedRoomMailbox,
    SchedulingMailbox,
    DiscoveryMailbox,
    TeamMailbox,
    LegacyMailbox,
    GroupMailbox,
}

/// Whether the organisation's mailbox auditing reaches a mailbox type by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// On by default: `AuditEnabled` on the mailbox is ignored and reads true.
    Organization,
    /// Audited only where `AuditEnabled` is true on the mailbox itself.
    Mailbox,
}

impl RecipientType {
    /// Every type, in the order used for counts.
    pub const ALL: [RecipientType; 11] = [
        Self::UserMailbox,
        Self::SharedMailbox,
        Self::RoomMailbox,
        Self::EquipmentMailbox,
        Self::LinkedMailbox,
        Self::LinkedRoomMailbox,
        Self::SchedulingMailbox,
        Self::DiscoveryMailbox,
        Self::TeamMailbox,
        Self::LegacyMailbox,
        Self::GroupMailbox,
    ];

    /// The service's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserMailbox => "UserMailbox",
            Self::SharedMailbox => "SharedMailbox",
            Self::RoomMailbox => "RoomMailbox",
            Self::EquipmentMailbox => "EquipmentMailbox",
            Self::LinkedMailbox => "LinkedMailbox",
            Self::LinkedRoomMailbox => "LinkedRoomMailbox",
            Self::SchedulingMailbox => "SchedulingMailbox",
            Self::DiscoveryMailbox => "DiscoveryMailbox",
            Self::TeamMailbox => "TeamMailbox",
            Self::LegacyMailbox => "LegacyMailbox",
            Self::GroupMailbox => "GroupMailbox",
        }
    }

    /// The type of a service name, whatever its case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// Who switches auditing on for this type ("Manage mailbox auditing": user, shared and
    /// Microsoft 365 group mailboxes are on by default; resource mailboxes are not).
    pub fn coverage(self) -> Coverage {
        match self {
            Self::UserMailbox | Self::SharedMailbox | Self::GroupMailbox => Coverage::Organization,
            _ => Coverage::Mailbox,
        }
    }

    /// Whether `AuditEnabled` and the action lists can be set. Group mailboxes have a fixed list
    /// and take a log age alone ("Manage mailbox auditing").
    pub fn takes_action_lists(self) -> bool {
        self != Self::GroupMailbox
    }
}

impl fmt::Display for RecipientType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
