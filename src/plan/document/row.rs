//! A change as it stands in a document. One shape serves all kinds: what a kind does not have is
//! left out. In a saved plan a mailbox names the pattern that it shares with others instead of
//! repeating it.

use serde::de::{MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::schema::MailboxAddress;
use super::step::StepRow;
use crate::plan::{Action, Change, Reversible, Value};
use crate::resource::Address;

/// An object whose members keep their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plan) struct Members<V>(pub(in crate::plan) Vec<(String, V)>);

impl<V> Default for Members<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V: Serialize> Serialize for Members<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<V: JsonSchema> JsonSchema for Members<V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("MembersOf{}", V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, V>::json_schema(generator)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Members<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<V>(std::marker::PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for InOrder<V> {
            type Value = Members<V>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder(std::marker::PhantomData))
    }
}

/// The value of an attribute that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::plan) enum Datum {
    Bool(bool),
    Text(String),
    Set(Vec<String>),
}

impl Datum {
    fn of(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Text(text) => Some(Self::Text(text.clone())),
            Value::Set(names) => Some(Self::Set(owned(names))),
            Value::Unknown => None,
        }
    }
}

pub(super) fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// What is told of a change beside where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::plan) struct Particulars {
    /// What happens to the object.
    pub(in crate::plan) action: Action,
    /// Why, in words.
    #[schemars(length(min = 1))]
    pub(in crate::plan) reason: String,
    /// The policies that have a say on a mailbox, the one that gives the address first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1), extend("uniqueItems" = true), inner(length(min = 1)))]
    pub(in crate::plan) policies: Vec<String>,
    /// `RecipientTypeDetails` of the mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(in crate::plan) recipient_type: Option<String>,
    /// The names of the attributes in the order in which they are shown, where that is not the
    /// service's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("uniqueItems" = true))]
    pub(in crate::plan) attributes: Vec<String>,
    /// Attributes as read.
    pub(in crate::plan) before: Members<Datum>,
    /// Attributes as they will read, as far as they are known.
    pub(in crate::plan) after: Members<Datum>,
    /// Attributes that are generated when the plan is applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub(in crate::plan) after_unknown: Vec<String>,
    /// Values that go, by attribute; never an empty list.
    pub(in crate::plan) removes: Members<Vec<String>>,
    /// In which ways less is recorded or kept afterwards, or what stops working.
    #[schemars(inner(length(min = 1)))]
    pub(in crate::plan) weakens: Vec<String>,
    /// Logon types that Microsoft manages before and not after.
    pub(in crate::plan) leaves_microsoft_management: Vec<String>,
    /// Whether the inverse change restores what was.
    pub(in crate::plan) reversible: bool,
    /// Only where `reversible` is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(in crate::plan) irreversible_because: Option<String>,
    /// Addresses of changes that are done before this one.
    #[schemars(with = "Vec<Address>", extend("uniqueItems" = true))]
    pub(in crate::plan) depends_on: Vec<String>,
    /// Whether it comes after everything in Exchange, since the identity that works there goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) after_exchange: Option<bool>,
    /// A step that comes last, once everything that depends on this change is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) finally: Option<StepRow>,
    /// The steps, in order.
    pub(in crate::plan) writes: Vec<StepRow>,
}

impl Particulars {
    pub(super) fn of(change: &Change<'_>, depends_on: &[String]) -> Self {
        let attributes = change.attributes();
        let known = |value: &Option<Value<'_>>| value.as_ref().and_then(Datum::of);
        let members = |of: &dyn Fn(&crate::plan::Attribute<'_>) -> Option<Datum>| {
            let member = |one| of(one).map(|value| (one.name.to_owned(), value));
            Members(attributes.iter().filter_map(member).collect())
        };
        let unknown = attributes.iter().filter(|one| one.after == Some(Value::Unknown));
        let (reversible, irreversible_because) = match change.reversible() {
            Reversible::Yes => (true, None),
            Reversible::No(reason) => (false, Some(reason.into_owned())),
        };
        let mut row = Self {
            action: change.action(),
            reason: change.reason(),
            policies: Vec::new(),
            recipient_type: None,
            attributes: Vec::new(),
            before: members(&|one| known(&one.before)),
            after: members(&|one| known(&one.after)),
            after_unknown: unknown.map(|one| one.name.to_owned()).collect(),
            removes: Members(
                change
                    .removes()
                    .iter()
                    .map(|(name, gone)| ((*name).to_owned(), owned(gone)))
                    .collect(),
            ),
            weakens: change.weakens(),
            leaves_microsoft_management: owned(&change.leaves_management()),
            reversible,
            irreversible_because,
            depends_on: depends_on.to_vec(),
            after_exchange: None,
            finally: None,
            writes: change.writes().iter().map(StepRow::of).collect(),
        };
        match change {
            Change::Identity(identity) => {
                row.attributes = attributes.iter().map(|one| one.name.to_owned()).collect();
                row.after_exchange = Some(identity.after_exchange);
                row.finally = identity.finally.as_ref().and_then(|_| row.writes.pop());
            }
            Change::Mailbox(view) => {
                row.policies = view.policies().map(str::to_owned).collect();
                row.recipient_type = Some(view.pattern().recipient_type.name().to_owned());
            }
            Change::Tenant(..) => {}
        }
        row
    }
}

/// A whole change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(in crate::plan) struct WholeRow {
    /// Where it is.
    #[schemars(with = "Address")]
    pub(in crate::plan) address: String,
    /// The Identity of every write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::plan) guid: Option<Uuid>,
    /// X-AnchorMailbox of every write.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^UPN:.+"))]
    pub(in crate::plan) anchor: Option<String>,
    #[serde(flatten)]
    pub(in crate::plan) particulars: Particulars,
}

impl WholeRow {
    pub(super) fn of(change: &Change<'_>, depends_on: &[String]) -> Self {
        let anchor = match change {
            Change::Mailbox(view) => Some(format!("UPN:{}", view.upn())),
            _ => None,
        };
        Self {
            address: change.address().to_string(),
            guid: change.guid(),
            anchor,
            particulars: Particulars::of(change, depends_on),
        }
    }
}

/// A change of one mailbox in a saved plan; what changes says its pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MailboxOfPattern")]
pub(in crate::plan) struct MailboxRow {
    /// `mailbox_audit.POLICY["UPN"]`.
    #[schemars(with = "MailboxAddress")]
    pub(in crate::plan) address: String,
    /// The Identity of every write.
    pub(in crate::plan) guid: Uuid,
    /// Its place in `patterns`, from 0.
    pub(in crate::plan) pattern: u32,
    /// The user principal name, where the service spells it otherwise than the address does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(in crate::plan) upn: Option<String>,
}
