//! Holds a plan against its safeguards: limits, prevents and the allowances of one run. A plan goes
//! in; what it may not do comes out, as data. Mailboxes are counted by pattern, so that a million
//! changes are judged as fast as they are counted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Change, IdentityChange, MailboxView, Plan};
use crate::resource::{Address, Kind};
use crate::state::{Allowance, Bound, Limit, LimitClass, Protection, Safeguards};

/// One safeguard that a plan breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "safeguard", rename_all = "snake_case")]
pub enum Violation {
    /// A switch of the tenant would be turned off, which always has to be allowed.
    OrganizationWeakening {
        /// The switch.
        #[schemars(with = "Address")]
        address: String,
        /// Its attribute.
        attribute: String,
    },
    /// More would be done than a limit allows.
    Limit {
        /// Of what.
        class: LimitClass,
        /// How many there are.
        counted: u64,
        /// Out of how many: managed mailboxes, or for deletions managed objects.
        population: u64,
        /// The part of the limit that is exceeded.
        limit: Bound,
    },
    /// Something would be done that `prevent` of a resource forbids.
    Prevent {
        /// The resource.
        #[schemars(with = "Address")]
        address: String,
        /// What is forbidden.
        protection: Protection,
        /// How many objects it would be done to.
        counted: u64,
        /// The first of them.
        #[schemars(with = "Address")]
        example: String,
    },
}

/// A violation, and where the safeguard stands in the spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Refusal {
    /// What is violated.
    #[serde(flatten)]
    pub violation: Violation,
    /// `file:line` of the spec; left out for what no spec has to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = ":[0-9]+$"))]
    pub place: Option<String>,
}

impl Violation {
    /// What is wrong, in words.
    pub fn words(&self) -> String {
        match self {
            Self::OrganizationWeakening { address, attribute } => {
                format!("`{address}` would turn `{attribute}` off")
            }
            Self::Limit { class, counted, population, limit } => {
                let done = match class {
                    LimitClass::Changed => {
                        format!("{counted} of {population} managed mailboxes would change")
                    }
                    LimitClass::Weakening => {
                        let changes = if *counted == 1 { "change" } else { "changes" };
                        format!(
                            "{counted} {changes} would record less than before ({population} \
                             managed mailboxes)"
                        )
                    }
                    LimitClass::Deletions => {
                        format!("{counted} of {population} managed objects would be deleted")
                    }
                };
                format!("{done}, and `{}` allows {limit}", class.name())
            }
            Self::Prevent { address, protection, counted, example } => {
                let done = match protection {
                    Protection::Delete => "be deleted",
                    Protection::Weaken => "record less than before",
                    Protection::Change => "change",
                };
                let more = match counted {
                    0 | 1 => String::new(),
                    more => format!(" and {} more", more - 1),
                };
                format!("{example}{more} would {done}, and `prevent` of {address} forbids that")
            }
        }
    }

    /// What `--allow` takes for it.
    pub fn allowance(&self) -> Allowance {
        match self {
            Self::OrganizationWeakening { .. } => Allowance::OrganizationWeakening,
            Self::Limit { class, counted, .. } => {
                Allowance::Limit { class: *class, up_to: Bound::Count(*counted) }
            }
            Self::Prevent { address, .. } => Allowance::Prevent { address: address.clone() },
        }
    }
}

/// The first mailbox of a pattern, and how many there are.
type Patterned<'p> = (MailboxView<'p>, u64);

/// What a plan does, as far as safeguards ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    changed: u64,
    weakening: u64,
    deletions: u64,
    /// Managed mailboxes: those that change and those that need nothing.
    mailboxes: u64,
    /// Managed objects, likewise.
    objects: u64,
}

impl Counts {
    fn of(plan: &Plan, patterns: &[Patterned<'_>]) -> Self {
        let weakening = patterns.iter().filter(|(view, _)| view.pattern().weakens());
        let switches = plan.tenant_changes.iter().filter(|change| change.weakens()).count() as u64;
        let changed = plan.mailboxes.len() as u64;
        // Shares are of the whole, also where a plan is narrowed to a part.
        let left_out = plan.selected.as_ref().map(|selected| selected.left_out).unwrap_or_default();
        let deleted = |change: &Change<'_>| change.action() == Action::Delete;
        Self {
            changed,
            weakening: weakening.map(|(_, number)| number).sum::<u64>() + switches,
            deletions: plan.few().filter(deleted).count() as u64,
            mailboxes: changed + plan.unchanged_mailboxes + left_out.mailboxes,
            objects: plan.len() as u64 + plan.unchanged + left_out.all(),
        }
    }

    /// What is counted of a class, and out of how many.
    fn class(self, class: LimitClass) -> (u64, u64) {
        match class {
            LimitClass::Changed => (self.changed, self.mailboxes),
            LimitClass::Weakening => (self.weakening, self.mailboxes),
            LimitClass::Deletions => (self.deletions, self.objects),
        }
    }
}

/// What a plan may not do under the safeguards that it carries, its allowances included.
pub fn judge(plan: &Plan) -> Vec<Violation> {
    let allowances = &plan.safeguards.allowances;
    let mut found = violations(plan);
    found.retain(|violation| !allowances.iter().any(|one| covers(one, violation)));
    found
}

/// The allowances of a plan that lift nothing: it would break no more without them.
pub fn unneeded(plan: &Plan) -> Vec<&Allowance> {
    if plan.safeguards.allowances.is_empty() {
        return Vec::new();
    }
    let found = violations(plan);
    let covers = |one: &&Allowance| !found.iter().any(|violation| covers(one, violation));
    plan.safeguards.allowances.iter().filter(covers).collect()
}

/// An allowance is for a class as a whole: whoever allows 40 changes means them, whatever share of
/// the tenant they are.
fn covers(allowance: &Allowance, violation: &Violation) -> bool {
    match (allowance, violation) {
        (Allowance::OrganizationWeakening, Violation::OrganizationWeakening { .. }) => true,
        (
            Allowance::Limit { class: allowed, up_to },
            Violation::Limit { class, counted, population, .. },
        ) => allowed == class && !up_to.is_exceeded(*counted, *population),
        (Allowance::Prevent { address: allowed }, Violation::Prevent { address, .. }) => {
            allowed == address
        }
        _ => false,
    }
}

fn violations(plan: &Plan) -> Vec<Violation> {
    let patterns = plan.mailboxes.by_pattern();
    let switches = plan.tenant_changes.iter().filter(|change| change.weakens());
    let mut found: Vec<Violation> = switches
        .map(|change| Violation::OrganizationWeakening {
            address: change.address().to_string(),
            attribute: change.attribute().0.to_owned(),
        })
        .collect();
    found.extend(prevented(plan, &patterns));
    found.extend(over_limits(&plan.safeguards, Counts::of(plan, &patterns)));
    found
}

fn over_limits(safeguards: &Safeguards, counts: Counts) -> Vec<Violation> {
    let limits = &safeguards.limits;
    let mut found = Vec::new();
    for class in LimitClass::ALL {
        let (counted, population) = counts.class(class);
        for limit in limits.of(class).into_iter().flat_map(Limit::bounds) {
            let is_judged = match limit {
                Bound::Count(_) => true,
                Bound::Share(_) => population >= limits.minimum_population,
            };
            if is_judged && limit.is_exceeded(counted, population) {
                found.push(Violation::Limit { class, counted, population, limit });
            }
        }
    }
    found
}

fn prevented(plan: &Plan, patterns: &[Patterned<'_>]) -> Vec<Violation> {
    let mut found = Vec::new();
    for prevent in &plan.safeguards.prevents {
        for protection in &prevent.protections {
            let few = plan.few().filter(|change| forbids(&prevent.address, *protection, change));
            let mut counted = 0;
            let mut example = None;
            for change in few {
                counted += 1;
                example.get_or_insert_with(|| change.address());
            }
            for (view, number) in patterns {
                if forbids_mailbox(&prevent.address, *protection, *view) {
                    counted += number;
                    example.get_or_insert_with(|| view.address());
                }
            }
            let Some(example) = example else { continue };
            found.push(Violation::Prevent {
                address: prevent.address.clone(),
                protection: *protection,
                counted,
                example: example.to_string(),
            });
        }
    }
    found
}

fn forbids(prevented: &str, protection: Protection, change: &Change<'_>) -> bool {
    match change {
        Change::Identity(change) => {
            let does = match protection {
                Protection::Delete => deletes(change),
                Protection::Change => change.action != Action::Create,
                Protection::Weaken => false,
            };
            does && owner(&change.address).to_string() == prevented
        }
        Change::Tenant(switch, _) => {
            let does = match protection {
                Protection::Weaken => switch.weakens(),
                Protection::Change => change.action() != Action::Create,
                Protection::Delete => false,
            };
            does && switch.address().to_string() == prevented
        }
        Change::Mailbox(view) => forbids_mailbox(prevented, protection, *view),
    }
}

/// Every policy with a say in a mailbox protects it.
fn forbids_mailbox(prevented: &str, protection: Protection, view: MailboxView<'_>) -> bool {
    let does = match protection {
        Protection::Weaken => view.pattern().weakens(),
        Protection::Change => true,
        Protection::Delete => false,
    };
    does && view.policies().any(|name| Address::policy(name).to_string() == prevented)
}

/// The resource goes for good. A renewed certificate does not: the old one is kept beside it. Nor
/// does an application that loses a credential, or a role.
fn deletes(change: &IdentityChange) -> bool {
    let kinds = [Kind::Certificate, Kind::Application, Kind::ServicePrincipal];
    change.action == Action::Delete && kinds.contains(&change.address.kind())
}

/// The resource of the spec that an object of an identity chain belongs to.
fn owner(address: &Address) -> Address {
    let kind = match address.kind() {
        Kind::Certificate => Kind::Certificate,
        _ => Kind::Application,
    };
    Address::named(kind, address.name().unwrap_or_default())
}
