//! The three ways of opening a mailbox that Exchange audits apart.

use std::fmt;

/// Who acts on a mailbox: an administrator's tool, a delegate, or the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
pub enum LogonType {
    /// Access with administrative tools (`AuditAdmin`).
    Admin,
    /// Access by someone with `SendAs`, `SendOnBehalf` or folder rights (`AuditDelegate`).
    Delegate,
    /// Access by the mailbox's owner (`AuditOwner`).
    Owner,
}

impl LogonType {
    /// All three, in the order in which the service lists them.
    pub const ALL: [LogonType; 3] = [Self::Admin, Self::Delegate, Self::Owner];

    /// The service's name, as in `DefaultAuditSet`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Delegate => "Delegate",
            Self::Owner => "Owner",
        }
    }

    /// The attribute's name in a spec and in a plan.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Delegate => "delegate",
            Self::Owner => "owner",
        }
    }

    /// The logon type of a service name, whatever its case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|logon| logon.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for LogonType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A set of logon types, as `DefaultAuditSet` holds: those that Microsoft still manages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LogonTypes(u8);

impl LogonTypes {
    /// None of them.
    pub const NONE: LogonTypes = LogonTypes(0);
    /// All three.
    pub const ALL: LogonTypes = LogonTypes(0b111);

    fn bit(logon: LogonType) -> u8 {
        1 << logon as u8
    }

    /// Whether `logon` is in the set.
    pub fn contains(self, logon: LogonType) -> bool {
        self.0 & Self::bit(logon) != 0
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set with `logon` in it.
    #[must_use]
    pub fn with(self, logon: LogonType) -> Self {
        Self(self.0 | Self::bit(logon))
    }

    /// The set without `logon`.
    #[must_use]
    pub fn without(self, logon: LogonType) -> Self {
        Self(self.0 & !Self::bit(logon))
    }

    /// The members in the service's order.
    pub fn iter(self) -> impl Iterator<Item = LogonType> {
        LogonType::ALL.into_iter().filter(move |logon| self.contains(*logon))
    }

    /// The members' service names in the service's order.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(LogonType::name).collect()
    }
}
