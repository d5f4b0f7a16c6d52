//! What a plan may not do without being told to: the limits and prevents of a spec, with their
//! places, and the same as plain data with the allowances of one run, which a plan carries.

mod allowance;
mod limit;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use allowance::Allowance;
pub use limit::{Bound, Limit, Share};

use super::Declared;
use crate::diagnostic::Span;
use crate::resource::{Address, Kind};

/// What is counted and held against a limit.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LimitClass {
    /// Mailboxes that change, of the managed mailboxes.
    Changed,
    /// Changes that record less or keep it for less long, of the managed mailboxes.
    Weakening,
    /// Objects that are deleted, of the managed objects.
    Deletions,
}

impl LimitClass {
    /// Every class, in the order in which it is documented.
    pub const ALL: [Self; 3] = [Self::Changed, Self::Weakening, Self::Deletions];

    /// The key in `[limits]`, and the name for `--allow`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Weakening => "weakening",
            Self::Deletions => "deletions",
        }
    }
}

/// What `prevent` of a resource forbids.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// That it is deleted.
    Delete,
    /// That less is recorded, or kept for less long.
    Weaken,
    /// That anything of it changes that is there.
    Change,
}

impl Protection {
    /// The word of the spec.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Weaken => "weaken",
            Self::Change => "change",
        }
    }

    /// What can be prevented for a kind. A switch and the settings of a mailbox cannot be deleted;
    /// an identity records nothing.
    pub fn of_kind(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Certificate | Kind::Application => &[Self::Delete, Self::Change],
            Kind::UnifiedAuditLog | Kind::Organization | Kind::MailboxAudit => {
                &[Self::Weaken, Self::Change]
            }
            _ => &[],
        }
    }
}

/// The limits of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// On mailboxes that change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Limit>,
    /// On changes that record less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weakening: Option<Limit>,
    /// On objects that are deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletions: Option<Limit>,
    /// The smallest population of which a share is judged.
    pub minimum_population: u64,
}

impl Limits {
    /// octoDNS judges shares from 10 records on (`MIN_EXISTING_RECORDS`).
    pub const MINIMUM_POPULATION: u64 = 10;

    /// The limit of a class.
    pub fn of(&self, class: LimitClass) -> Option<Limit> {
        match class {
            LimitClass::Changed => self.changed,
            LimitClass::Weakening => self.weakening,
            LimitClass::Deletions => self.deletions,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let minimum_population = Self::MINIMUM_POPULATION;
        Self { changed: None, weakening: None, deletions: None, minimum_population }
    }
}

/// `prevent` of one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prevent {
    /// The resource.
    #[schemars(with = "Address")]
    pub address: String,
    /// What is forbidden.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub protections: Vec<Protection>,
}

/// Everything that holds a plan back, as data that a plan carries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Safeguards {
    /// `[limits]`.
    pub limits: Limits,
    /// `prevent` of each resource that has one, by address.
    pub prevents: Vec<Prevent>,
    /// What this run may do all the same, each once.
    #[schemars(extend("uniqueItems" = true))]
    pub allowances: Vec<Allowance>,
    /// `canary` of `[limits]`: how many mailboxes come first and are read back before the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub canary: Option<u64>,
}

impl Safeguards {
    /// How many of so many changing mailboxes are tried before the rest; `None` where there is no rest.
    pub fn canary_of(&self, mailboxes: usize) -> Option<usize> {
        let first = usize::try_from(self.canary?).ok()?;
        (first < mailboxes).then_some(first)
    }
}

/// `[limits]` and every `prevent` of a spec, with their places.
#[derive(Debug, Clone, Default)]
pub struct SafeguardSettings {
    /// The limits by class; a class stands once.
    pub limits: Vec<(LimitClass, Declared<Limit>)>,
    /// `minimum_population`.
    pub minimum_population: Option<u64>,
    /// `canary`.
    pub canary: Option<u64>,
    /// Each `prevent`.
    pub prevents: Vec<PreventSettings>,
}

/// `prevent` of one resource, as it stands in the spec.
#[derive(Debug, Clone)]
pub struct PreventSettings {
    /// The resource.
    pub address: Address,
    /// What is forbidden; never empty, each once.
    pub protections: Vec<Declared<Protection>>,
}

impl SafeguardSettings {
    /// What is in force in a run with these allowances.
    pub fn in_force(&self, allowances: &[Allowance]) -> Safeguards {
        let of = |class| self.declared(class).map(|declared| declared.value);
        let limits = Limits {
            changed: of(LimitClass::Changed),
            weakening: of(LimitClass::Weakening),
            deletions: of(LimitClass::Deletions),
            minimum_population: self.minimum_population.unwrap_or(Limits::MINIMUM_POPULATION),
        };
        let mut prevents: Vec<Prevent> = self.prevents.iter().map(PreventSettings::plain).collect();
        prevents.sort();
        let mut allowances = allowances.to_vec();
        allowances.sort();
        allowances.dedup();
        Safeguards { limits, prevents, allowances, canary: self.canary }
    }

    /// Where the limit of a class stands.
    pub fn place_of_limit(&self, class: LimitClass) -> Option<Span> {
        self.declared(class).map(|declared| declared.span)
    }

    /// Where a protection of a resource stands.
    pub fn place_of_prevent(&self, address: &str, protection: Protection) -> Option<Span> {
        let of = |settings: &&PreventSettings| settings.address.to_string() == address;
        let settings = self.prevents.iter().find(of)?;
        let declared = settings.protections.iter().find(|declared| declared.value == protection)?;
        Some(declared.span)
    }

    fn declared(&self, class: LimitClass) -> Option<Declared<Limit>> {
        self.limits.iter().find(|(known, _)| *known == class).map(|(_, declared)| *declared)
    }
}

impl PreventSettings {
    fn plain(&self) -> Prevent {
        let mut protections: Vec<Protection> =
            self.protections.iter().map(|declared| declared.value).collect();
        protections.sort_unstable();
        Prevent { address: self.address.to_string(), protections }
    }
}
