//! One view over every kind of change, which is what texts, documents and the execution graph are
//! made from: address, action, reason, attributes before and after, what is removed, what is
//! weakened, whether it can be undone, and what it depends on.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Plan;
use super::identity::{Held, IdentityChange};
use super::mailboxes::MailboxView;
use super::tenant::TenantChange;
use super::write::Operation;
use crate::diagnostic::and_list;
use crate::resource::{Address, LogonType};
use crate::state::AuditState;

/// What happens to an object.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It comes into being.
    Create,
    /// Attributes of it change.
    Update,
    /// Another one takes its place.
    Replace,
    /// It goes.
    Delete,
}

impl Action {
    /// The word used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
        }
    }
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'p> {
    /// On or off.
    Bool(bool),
    /// A text in the service's form.
    Text(String),
    /// A set, in the service's order.
    Set(Vec<&'p str>),
    /// Generated when the plan is applied.
    Unknown,
}

impl<'p> From<&'p Held> for Value<'p> {
    fn from(held: &'p Held) -> Self {
        match held {
            Held::Bool(value) => Self::Bool(*value),
            Held::Text(text) => Self::Text(text.clone()),
            Held::Set(values) => Self::Set(values.iter().map(String::as_str).collect()),
            Held::Unknown => Self::Unknown,
        }
    }
}

/// One attribute before and after; equal where it does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute<'p> {
    /// The name that a spec uses.
    pub name: &'p str,
    /// As read; `None` where the object does not exist yet.
    pub before: Option<Value<'p>>,
    /// As it will read; `None` where nothing is left of it.
    pub after: Option<Value<'p>>,
}

impl Attribute<'_> {
    /// Whether the change is about this attribute.
    pub fn changes(&self) -> bool {
        self.before != self.after
    }
}

/// Whether a change can be taken back, with the reason where it cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reversible {
    /// The inverse change restores what was.
    Yes,
    /// It cannot, for this reason.
    No(Cow<'static, str>),
}

/// One change of a plan.
#[derive(Debug, Clone, Copy)]
pub enum Change<'p> {
    /// Of an identity chain.
    Identity(&'p IdentityChange),
    /// Of the tenant as a whole; with the run that the plan takes back, where it is an undo.
    Tenant(TenantChange, Option<&'p str>),
    /// Of one mailbox.
    Mailbox(MailboxView<'p>),
}

impl<'p> Change<'p> {
    /// The address.
    pub fn address(&self) -> Address {
        match self {
            Self::Identity(change) => change.address.clone(),
            Self::Tenant(change, _) => change.address(),
            Self::Mailbox(view) => view.address(),
        }
    }

    /// What happens.
    pub fn action(&self) -> Action {
        match self {
            Self::Identity(change) => change.action,
            Self::Tenant(TenantChange::Customization, _) => Action::Create,
            _ => Action::Update,
        }
    }

    /// The object's Guid, where it has one.
    pub fn guid(&self) -> Option<Uuid> {
        match self {
            Self::Identity(_) | Self::Tenant(..) => None,
            Self::Mailbox(view) => Some(view.guid()),
        }
    }

    /// Why, in words.
    pub fn reason(&self) -> String {
        let undone = match self {
            Self::Identity(_) => None,
            Self::Tenant(_, run) => *run,
            Self::Mailbox(view) => view.undone_run(),
        };
        match undone {
            Some(run) => match self.names_of_changes() {
                names if names.is_empty() => format!("run {run} changed `default_audit_set`"),
                names => format!("run {run} changed {}", and_list(&names)),
            },
            None => self.reason_of_spec(),
        }
    }

    /// The attributes that change, but for the one that follows from others.
    fn names_of_changes(&self) -> Vec<String> {
        let attributes = self.attributes();
        let changing = attributes.iter().filter(|attribute| attribute.changes());
        changing
            .filter(|attribute| attribute.name != "default_audit_set")
            .map(|attribute| format!("`{}`", attribute.name))
            .collect()
    }

    fn reason_of_spec(&self) -> String {
        match self {
            Self::Identity(change) => change.reason.clone(),
            Self::Tenant(TenantChange::Customization, _) => {
                "the tenant is dehydrated, and its switches cannot be written before it is customised"
                    .to_owned()
            }
            Self::Tenant(change, _) => format!("`{}` differs from the spec", change.attribute().0),
            Self::Mailbox(view) => {
                let names = self.names_of_changes();
                let policies: Vec<String> =
                    view.policies().map(|name| format!("`mailbox_audit.{name}`")).collect();
                let differ = match names.len() {
                    0 => return format!("{} asks for Microsoft's management", and_list(&policies)),
                    1 => "differs",
                    _ => "differ",
                };
                format!("{} {differ} from {}", and_list(&names), and_list(&policies))
            }
        }
    }

    /// Every audit attribute of the object, `DefaultAuditSet` included, so that the pre-image is
    /// complete; those that change are told by [`Attribute::changes`].
    pub fn attributes(&self) -> Vec<Attribute<'p>> {
        match self {
            Self::Identity(change) => change
                .attributes
                .iter()
                .map(|held| Attribute {
                    name: &held.name,
                    before: held.before.as_ref().map(Value::from),
                    after: held.after.as_ref().map(Value::from),
                })
                .collect(),
            Self::Tenant(change, _) => {
                let (name, before, after) = change.attribute();
                vec![Attribute {
                    name,
                    before: Some(Value::Bool(before)),
                    after: Some(Value::Bool(after)),
                }]
            }
            Self::Mailbox(view) => {
                let before = values(*view, &view.pattern().before);
                let after = values(*view, &view.pattern().evaluation.after);
                before
                    .into_iter()
                    .zip(after)
                    .map(|((name, before), (_, after))| Attribute {
                        name,
                        before: Some(before),
                        after: Some(after),
                    })
                    .collect()
            }
        }
    }

    /// Values that go, by attribute; never empty lists.
    pub fn removes(&self) -> Vec<(&'p str, Vec<&'p str>)> {
        match self {
            Self::Identity(change) => change
                .removes
                .iter()
                .map(|(name, values)| (&**name, values.iter().map(String::as_str).collect()))
                .collect(),
            Self::Tenant(..) => Vec::new(),
            Self::Mailbox(view) => LogonType::ALL
                .into_iter()
                .map(|logon| (logon.attribute(), view.action_names(view.pattern().removed(logon))))
                .filter(|(_, names)| !names.is_empty())
                .collect(),
        }
    }

    /// In which ways less is recorded or kept afterwards; empty when in none.
    pub fn weakens(&self) -> Vec<String> {
        match self {
            Self::Identity(change) => change.weakens.clone(),
            Self::Tenant(TenantChange::UnifiedAuditLog { ingestion: false, .. }, _) => {
                vec![
                    "the unified audit log takes no more records of anything in the tenant"
                        .to_owned(),
                ]
            }
            Self::Tenant(TenantChange::MailboxAuditing { enabled: false, .. }, _) => {
                vec!["no mailbox in the tenant is audited any more".to_owned()]
            }
            Self::Tenant(..) => Vec::new(),
            Self::Mailbox(view) => mailbox_weakens(*view),
        }
    }

    /// The logon types that leave Microsoft's management: a loss, since actions that Microsoft
    /// adds to its default set later will not be recorded for them.
    pub fn leaves_management(&self) -> Vec<&'static str> {
        match self {
            Self::Identity(_) | Self::Tenant(..) => Vec::new(),
            Self::Mailbox(view) => view.pattern().leaves_management().names(),
        }
    }

    /// Whether it can be undone.
    pub fn reversible(&self) -> Reversible {
        match self {
            Self::Identity(change) => change.reversible.clone(),
            Self::Tenant(TenantChange::Customization, _) => {
                Reversible::No(
                    "Enable-OrganizationCustomization runs once in the life of a tenant".into(),
                )
            }
            Self::Mailbox(view) if view.pattern().shortens_log() => Reversible::No(
                "entries older than the new limit are deleted, and a longer limit does not bring them back".into(),
            ),
            Self::Mailbox(view) => {
                let lost = |logon| view.action_names(view.pattern().not_taken_again(logon));
                let lost: Vec<&str> = LogonType::ALL.into_iter().flat_map(lost).collect();
                match lost.first() {
                    Some(action) => Reversible::No(
                        format!("`{action}` is in a list now, and the service takes it no more")
                            .into(),
                    ),
                    None => Reversible::Yes,
                }
            }
            Self::Tenant(..) => Reversible::Yes,
        }
    }

    /// The steps that make the change, in order.
    pub fn writes(&self) -> Vec<Operation> {
        match self {
            Self::Identity(change) => change.steps().cloned().map(Operation::Identity).collect(),
            Self::Tenant(change, _) => vec![Operation::Exchange(change.write())],
            Self::Mailbox(view) => view.writes().into_iter().map(Operation::Exchange).collect(),
        }
    }

    /// How many requests that is.
    pub fn requests(&self) -> u8 {
        let number = match self {
            Self::Identity(change) => change.steps().count() as u64,
            Self::Tenant(..) => 1,
            Self::Mailbox(view) => view.pattern().evaluation.writes.requests(),
        };
        u8::try_from(number).unwrap_or(u8::MAX)
    }

    /// The addresses that have to be done before this one, out of those that the plan changes.
    pub fn depends_on(&self, plan: &Plan) -> Vec<Address> {
        match self {
            Self::Identity(change) => change.depends_on.clone(),
            Self::Tenant(change, _) => {
                let before = plan.before_exchange().iter().cloned().chain(change.depends_on());
                before.chain(plan.before_switches()).collect()
            }
            Self::Mailbox(_) => plan.before_mailboxes(),
        }
    }
}

fn values<'p>(view: MailboxView<'p>, audit: &AuditState) -> Vec<(&'static str, Value<'p>)> {
    let mut values = vec![("enabled", Value::Bool(audit.enabled))];
    for logon in LogonType::ALL {
        values.push((logon.attribute(), Value::Set(view.action_names(audit.actions(logon)))));
    }
    values.push(("log_age_limit", Value::Text(audit.log_age_limit.timespan())));
    values.push(("default_audit_set", Value::Set(audit.default_audit_set.names())));
    values
}

fn mailbox_weakens(view: MailboxView<'_>) -> Vec<String> {
    let pattern = view.pattern();
    let (before, after) = (&pattern.before, &pattern.evaluation.after);
    let mut reasons: Vec<String> = LogonType::ALL
        .into_iter()
        .map(|logon| (logon, view.action_names(pattern.missed(logon))))
        .filter(|(_, names)| !names.is_empty())
        .map(|(logon, names)| format!("{logon} no longer records {}", and_list(&names)))
        .collect();
    if pattern.stops_auditing() {
        reasons.push("the mailbox is no longer audited".to_owned());
    }
    if pattern.shortens_log() {
        reasons.push(format!(
            "entries are kept for {} instead of {}; older ones are deleted",
            after.log_age_limit, before.log_age_limit
        ));
    }
    reasons
}
