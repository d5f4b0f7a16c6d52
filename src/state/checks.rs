//! `[[check]]`: what a spec asserts of a tenant, whether it manages it or not. Values only; what a
//! tenant comes to is judged by `plan::checks`.

use std::fmt;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ActionRule, AddressPattern, Bound, Declared, DesiredState, Exclusion};
use crate::diagnostic::Span;
use crate::resource::{Address, AgeLimit, Kind, LogonType, LogonTypes, RecipientType};

/// One `[[check]]`.
#[derive(Debug, Clone)]
pub struct Check {
    /// `name`, unique in the spec.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// `description`: why, for people.
    pub description: Option<String>,
    /// `on`: which state has to be so.
    pub on: CheckedState,
    /// `severity`: what follows where it is not.
    pub severity: CheckSeverity,
    /// What is asserted.
    pub assertion: Assertion,
}

/// Which state a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckedState {
    /// As it will be once the plan was applied. A failing error forbids the apply.
    #[default]
    Planned,
    /// As it was read. Nothing is forbidden, since the plan may be what mends it.
    Observed,
}

/// What a failing check means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckSeverity {
    /// Exit code 7.
    #[default]
    Error,
    /// It is said, and no more.
    Warning,
}

/// What a check asserts.
#[derive(Debug, Clone)]
pub enum Assertion {
    /// The unified audit log takes records, or takes none.
    UnifiedAuditLog {
        /// Which of the two.
        ingestion: bool,
    },
    /// Mailbox auditing of the organisation is on, or off.
    Organization {
        /// Which of the two.
        mailbox_auditing: bool,
    },
    /// The one in use of `[certificate.NAME]` is valid for so much longer.
    Certificate {
        /// NAME.
        name: Declared<String>,
        /// How much longer.
        valid_for: SignedDuration,
    },
    /// Something holds of mailboxes.
    Mailboxes(Box<MailboxAssertion>),
}

/// What is asserted of a set of mailboxes.
#[derive(Debug, Clone)]
pub struct MailboxAssertion {
    /// `recipient_types`; never empty.
    pub recipient_types: Vec<RecipientType>,
    /// `include`: only mailboxes that one of these matches; empty means all.
    pub include: Vec<AddressPattern>,
    /// `exclude`: mailboxes that the check is not about.
    pub exclude: Vec<Exclusion>,
    /// What each of them has to be.
    pub expectation: Expectation,
    /// `count`: how many there have to be.
    pub count: Range,
    /// `conforming`: how many of them have to be as expected.
    pub conforming: Range,
}

/// What a mailbox has to be; `None` is not asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expectation {
    /// It is audited: by the organisation, or by its own switch where that has an effect.
    pub audited: Option<bool>,
    /// `AuditAdmin`, `AuditDelegate`, `AuditOwner`: as a policy with this rule would leave it.
    pub actions: [Option<ActionRule>; 3],
    /// `DefaultAuditSet` is exactly this.
    pub default_audit_set: Option<LogonTypes>,
    /// `AuditLogAgeLimit` is at least this long.
    pub keeps_at_least: Option<AgeLimit>,
    /// `AuditLogAgeLimit` is at most this long.
    pub keeps_at_most: Option<AgeLimit>,
}

impl Expectation {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The asked rules with their logon types.
    pub fn rules(&self) -> impl Iterator<Item = (LogonType, ActionRule)> {
        let rules = LogonType::ALL.into_iter().zip(self.actions);
        rules.filter_map(|(logon, rule)| Some((logon, rule?)))
    }
}

/// From how many to how many: numbers, or shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// No fewer.
    pub at_least: Option<Bound>,
    /// No more.
    pub at_most: Option<Bound>,
}

impl Range {
    /// The first of its ends that so many of a population do not keep to.
    pub fn broken_by(self, counted: u64, population: u64) -> Option<RangeEnd> {
        let too_few = self.at_least.filter(|least| !least.is_reached(counted, population));
        let too_many = self.at_most.filter(|most| most.is_exceeded(counted, population));
        too_few.map(RangeEnd::AtLeast).or(too_many.map(RangeEnd::AtMost))
    }
}

/// One end of a [`Range`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeEnd {
    /// No fewer.
    AtLeast(Bound),
    /// No more.
    AtMost(Bound),
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.at_most) {
            (Some(least), Some(most)) => write!(formatter, "at least {least} and at most {most}"),
            (Some(least), None) => write!(formatter, "at least {least}"),
            (None, Some(most)) => write!(formatter, "at most {most}"),
            (None, None) => formatter.write_str("any number"),
        }
    }
}

impl Check {
    /// `check.NAME`.
    pub fn address(&self) -> Address {
        Address::named(Kind::Check, &self.name)
    }

    /// What it asserts of mailboxes, where it does.
    pub fn mailboxes(&self) -> Option<&MailboxAssertion> {
        match &self.assertion {
            Assertion::Mailboxes(mailboxes) => Some(mailboxes),
            _ => None,
        }
    }

    /// Whether it depends on the unified audit log's switch.
    pub fn asks_for_audit_log(&self) -> bool {
        matches!(self.assertion, Assertion::UnifiedAuditLog { .. })
    }

    /// Whether it depends on the organisation's switch, which decides whether a mailbox is audited.
    pub fn asks_for_organization(&self) -> bool {
        match &self.assertion {
            Assertion::Organization { .. } => true,
            Assertion::Mailboxes(mailboxes) => mailboxes.expectation.audited.is_some(),
            _ => false,
        }
    }

    /// Whether anything in Exchange has to be read for it.
    pub fn asks_of_exchange(&self) -> bool {
        !matches!(self.assertion, Assertion::Certificate { .. })
    }
}

impl DesiredState {
    /// Whether the spec manages the unified audit log or checks it.
    pub fn needs_audit_log(&self) -> bool {
        self.unified_audit_log.is_some() || self.checks.iter().any(Check::asks_for_audit_log)
    }

    /// Whether any mailboxes are managed or checked.
    pub fn needs_mailboxes(&self) -> bool {
        !self.policies.is_empty() || self.checks.iter().any(|check| check.mailboxes().is_some())
    }
}
