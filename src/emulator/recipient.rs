//! The recipient types of the service, and what each means for auditing. Names in, types out.

/// `RecipientTypeDetails` of a mailbox (Get-EXOMailbox and Get-Mailbox docs).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RecipientType {
    User,
    Shared,
    Room,
    Equipment,
    Linked,
    Scheduling,
    Discovery,
    Team,
    LinkedRoom,
    Legacy,
    Group,
}

impl RecipientType {
    pub(crate) const ALL: [Self; 11] = [
        Self::User,
        Self::Shared,
        Self::Room,
        Self::Equipment,
        Self::Linked,
        Self::Scheduling,
        Self::Discovery,
        Self::Team,
        Self::LinkedRoom,
        Self::Legacy,
        Self::Group,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "UserMailbox",
            Self::Shared => "SharedMailbox",
            Self::Room => "RoomMailbox",
            Self::Equipment => "EquipmentMailbox",
            Self::Linked => "LinkedMailbox",
            Self::Scheduling => "SchedulingMailbox",
            Self::Discovery => "DiscoveryMailbox",
            Self::Team => "TeamMailbox",
            Self::LinkedRoom => "LinkedRoomMailbox",
            Self::Legacy => "LegacyMailbox",
            Self::Group => "GroupMailbox",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name.trim()))
    }

    /// The names, for messages.
    pub(crate) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    pub(crate) fn bit(self) -> u16 {
        1 << (self as u16)
    }

    /// "Manage mailbox auditing": on by default holds for user, shared and group mailboxes.
    pub(crate) fn audited_by_default(self) -> bool {
        matches!(self, Self::User | Self::Shared | Self::Group)
    }

    /// The five types that the non-owner access guide configures.
    pub(crate) fn in_guide(self) -> bool {
        matches!(self, Self::User | Self::Shared | Self::Room | Self::Equipment | Self::Linked)
    }

    pub(crate) fn is_person(self) -> bool {
        matches!(self, Self::User | Self::Linked | Self::Legacy)
    }
}
