//! One change of an identity chain: what a reader is told about it, what it depends on, and the
//! steps that make it.

use std::borrow::Cow;

use super::write::IdentityWrite;
use crate::plan::{Action, Reversible};
use crate::resource::Address;

/// The value of an attribute, held by the change itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// On or off.
    Bool(bool),
    /// A text.
    Text(String),
    /// A set of texts.
    Set(Vec<String>),
    /// Generated when the plan is applied.
    Unknown,
}

impl Held {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// One attribute before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldAttribute {
    /// The name that a spec uses.
    pub name: Cow<'static, str>,
    /// As read; `None` where there was nothing.
    pub before: Option<Held>,
    /// As it will read; `None` where nothing is left.
    pub after: Option<Held>,
}

/// One change of an identity chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityChange {
    /// What changes.
    pub address: Address,
    /// How.
    pub action: Action,
    /// Why, in words.
    pub reason: String,
    /// Its attributes.
    pub attributes: Vec<HeldAttribute>,
    /// Values that go, by attribute.
    pub removes: Vec<(Cow<'static, str>, Vec<String>)>,
    /// What stops working or protects less, in words.
    pub weakens: Vec<String>,
    /// Whether it can be undone.
    pub reversible: Reversible,
    /// What comes before it, out of what this plan changes.
    pub depends_on: Vec<Address>,
    /// Whether it comes after everything in Exchange, since the identity that does that work goes.
    pub after_exchange: bool,
    /// The steps, in order.
    pub writes: Vec<IdentityWrite>,
    /// A step that comes last, once everything that depends on this change is done.
    pub finally: Option<IdentityWrite>,
}

impl IdentityChange {
    pub(in crate::plan) fn new(
        address: Address,
        action: Action,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            address,
            action,
            reason: reason.into(),
            attributes: Vec::new(),
            removes: Vec::new(),
            weakens: Vec::new(),
            reversible: Reversible::Yes,
            depends_on: Vec::new(),
            after_exchange: false,
            writes: Vec::new(),
            finally: None,
        }
    }

    pub(super) fn attribute(
        mut self,
        name: &'static str,
        before: Option<Held>,
        after: Option<Held>,
    ) -> Self {
        self.attributes.push(HeldAttribute { name: name.into(), before, after });
        self
    }

    pub(super) fn comes(self, name: &'static str, after: Held) -> Self {
        self.attribute(name, None, Some(after))
    }

    pub(super) fn goes(self, name: &'static str, before: Held) -> Self {
        self.attribute(name, Some(before), None)
    }

    pub(super) fn does(mut self, write: IdentityWrite) -> Self {
        self.writes.push(write);
        self
    }

    pub(super) fn after(mut self, address: Address) -> Self {
        self.depends_on.push(address);
        self
    }

    pub(super) fn stops(mut self, what: impl Into<String>) -> Self {
        self.weakens.push(what.into());
        self
    }

    /// Names values that go with it, if there are any.
    pub(super) fn takes_along(&mut self, name: &'static str, values: Vec<String>) {
        if !values.is_empty() {
            self.removes.push((name.into(), values));
        }
    }

    pub(super) fn irreversible(mut self, because: &'static str) -> Self {
        self.reversible = Reversible::No(because.into());
        self
    }

    /// A change of steps alone, for judging them.
    #[cfg(test)]
    pub(crate) fn of_steps(
        address: Address,
        writes: impl IntoIterator<Item = IdentityWrite>,
    ) -> Self {
        let mut change = Self::new(address, Action::Create, "");
        change.writes.extend(writes);
        change
    }

    /// Whether another one says the same, but knows what was not known yet when this was planned:
    /// identifiers, and what is generated.
    pub fn is_same_as_far_as_known(&self, other: &Self) -> bool {
        let is_same_attribute = |(own, other): (&HeldAttribute, &HeldAttribute)| {
            let is_open = own.after == Some(Held::Unknown) && other.after.is_some();
            own.name == other.name
                && own.before == other.before
                && (is_open || own.after == other.after)
        };
        let steps = |one: &Self| one.steps().cloned().collect::<Vec<_>>();
        let (own, others) = (steps(self), steps(other));
        let is_same = |(own, other): (&IdentityWrite, &IdentityWrite)| own.is_same_step(other);
        self.action == other.action
            && self.attributes.len() == other.attributes.len()
            && self.attributes.iter().zip(&other.attributes).all(is_same_attribute)
            && self.removes == other.removes
            && self.weakens == other.weakens
            && self.reversible == other.reversible
            && other.depends_on.iter().all(|address| self.depends_on.contains(address))
            && self.after_exchange == other.after_exchange
            && self.finally.is_some() == other.finally.is_some()
            && own.len() == others.len()
            && own.iter().zip(&others).all(is_same)
    }

    /// All its steps: those in order, and the one that comes last.
    pub fn steps(&self) -> impl Iterator<Item = &IdentityWrite> {
        self.writes.iter().chain(&self.finally)
    }
}
