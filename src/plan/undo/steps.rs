//! What the directory and the disk show of single steps on identity chains. A plan that takes a run back
//! cannot be compared with the spec, which may still want what the run did; so each of its steps is judged
//! by the object that it is about, and so are the steps of the run itself.

use std::collections::BTreeSet;

use super::{credentials, registration};
use crate::diagnostic::and_list;
use crate::plan::identity::{WHOLE_TENANT, key_name};
use crate::plan::{ApplicationRef, Held, IdentityChange, IdentityWrite};
use crate::resource::Kind;
use crate::state::{
    CertificateFacts, ObservedApplication, ObservedChain, ObservedIdentity, ObservedRole,
    ObservedServicePrincipal,
};

/// What is seen of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plan) enum Seen {
    /// What it leads to is there.
    Done,
    /// What it begins with is there.
    Open,
    /// What it would be done to is gone.
    Gone,
    /// Others have changed the object, in words.
    Otherwise(String),
}

/// What is seen of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainStanding {
    /// Which of its steps show, in their order.
    pub shown: Vec<bool>,
    /// Why it is not as the plan saw it, where it is not.
    pub moved: Option<String>,
}

/// Judges the changes of a plan that takes a run back, each by itself, in their order.
pub fn judge_undo(changes: &[IdentityChange], observed: &ObservedIdentity) -> Vec<ChainStanding> {
    let judge = Judge { observed, changes };
    changes.iter().map(|change| judge.standing(change)).collect()
}

/// What goes by: what was read, and all that the plan takes away, since nothing is deleted that holds
/// more than that.
#[derive(Clone, Copy)]
pub(in crate::plan) struct Judge<'a> {
    pub(in crate::plan) observed: &'a ObservedIdentity,
    pub(in crate::plan) changes: &'a [IdentityChange],
}

impl Judge<'_> {
    fn standing(self, change: &IdentityChange) -> ChainStanding {
        let mut standing = ChainStanding { shown: Vec::new(), moved: None };
        for step in change.steps() {
            let seen = self.seen(change, step);
            standing.shown.push(seen == Seen::Done);
            let moved = match seen {
                Seen::Done | Seen::Open => None,
                Seen::Gone => Some("what it would be done to is no longer there".to_owned()),
                Seen::Otherwise(why) => Some(why),
            };
            standing.moved = standing.moved.or(moved);
        }
        standing
    }

    /// What is seen of one step of a change.
    pub(in crate::plan) fn seen(self, change: &IdentityChange, step: &IdentityWrite) -> Seen {
        let Some(name) = change.address.name() else { return unreadable() };
        if change.address.kind() == Kind::Certificate {
            return self.certificate(change, name, step);
        }
        let Some(chain) = self.observed.applications.get(name) else { return unreadable() };
        let seen = match change.address.kind() {
            Kind::KeyCredential => credentials::key(change, chain, step, self.observed),
            Kind::FederatedCredential => credentials::federated(change, chain, step),
            Kind::AppRoleAssignment
            | Kind::DirectoryRoleAssignment
            | Kind::ExchangeRoleAssignment => self.access(change, chain, step),
            _ => self.object(change, chain, step),
        };
        seen.unwrap_or_else(|seen| seen)
    }

    /// The registration, its service principal and its owners.
    fn object(
        self,
        change: &IdentityChange,
        chain: &ObservedChain,
        step: &IdentityWrite,
    ) -> Result<Seen, Seen> {
        match step {
            IdentityWrite::CreateApplication { unique_name, patch, .. } => {
                Ok(registration::made(chain, unique_name, patch))
            }
            IdentityWrite::UpdateApplication { application, patch, before } => {
                registered(chain, application)
                    .map(|found| registration::changed(change, patch, before.as_deref(), found))
            }
            IdentityWrite::DeleteApplication { application } => {
                taken(registered(chain, application), |found| deletable(change, chain, found))
            }
            IdentityWrite::CreateServicePrincipal { application } => {
                match present(chain, application) {
                    Ok(_) => Ok(Seen::Done),
                    Err(Seen::Gone) => Ok(Seen::Open),
                    Err(other) => Err(other),
                }
            }
            IdentityWrite::DeleteServicePrincipal { application } => {
                taken(present(chain, application), |_| self.removable(change, chain))
            }
            IdentityWrite::AddOwner { application, owner } => {
                registered(chain, application).map(|_| there(owns(chain, owner)))
            }
            IdentityWrite::RemoveOwner { application, owner } => {
                taken(registered(chain, application), |_| there(!owns(chain, owner)))
            }
            _ => Err(unshown()),
        }
    }

    /// Consent and roles.
    fn access(
        self,
        change: &IdentityChange,
        chain: &ObservedChain,
        step: &IdentityWrite,
    ) -> Result<Seen, Seen> {
        let is_exchange = change.address.kind() == Kind::ExchangeRoleAssignment;
        let (held, known) = if is_exchange {
            (&chain.exchange_roles, &self.observed.exchange_roles)
        } else {
            (&chain.directory_roles, &self.observed.directory_roles)
        };
        if is_exchange && chain.exchange_roles_denied {
            let why = "reading the management roles of Exchange was refused";
            return Err(Seen::Otherwise(why.to_owned()));
        }
        let key = change.address.key().unwrap_or_default();
        match step {
            IdentityWrite::GrantConsent { application, resource, app_role } => {
                present(chain, application)?;
                let mut consents = chain.consents.iter();
                Ok(there(
                    consents
                        .any(|held| held.app_role == *app_role && held.resource_id == *resource),
                ))
            }
            IdentityWrite::RevokeConsent { resource, assignment } => {
                let role = self.observed.app_role(resource, key);
                let again = chain
                    .consents
                    .iter()
                    .find(|held| held.resource_id == *resource && Some(held.app_role) == role);
                let ids = chain.consents.iter().map(|held| held.id.as_str());
                Ok(assigned(ids, assignment, again.map(|held| held.id.as_str())))
            }
            IdentityWrite::AssignDirectoryRole { application, role }
            | IdentityWrite::AssignExchangeRole { application, role } => {
                present(chain, application)?;
                Ok(there(held_whole(held, role).is_some()))
            }
            IdentityWrite::RemoveDirectoryRole { assignment }
            | IdentityWrite::RemoveExchangeRole { assignment } => {
                let role = known.iter().find(|role| role.display_name == key || role.id == key);
                let again = role.and_then(|role| held_whole(held, &role.id));
                let ids = held.iter().map(|held| held.id.as_str());
                Ok(assigned(ids, assignment, again.map(|held| held.id.as_str())))
            }
            _ => Err(unshown()),
        }
    }

    fn certificate(self, change: &IdentityChange, name: &str, step: &IdentityWrite) -> Seen {
        let Some(found) = self.observed.certificates.get(name) else { return unreadable() };
        let all: Vec<String> = found.all().map(CertificateFacts::thumbprint_text).collect();
        match step {
            IdentityWrite::MakeCertificate(order) => {
                let made = if order.staged { &found.staged } else { &found.current };
                there(made.is_some())
            }
            IdentityWrite::DeleteCertificate { .. } if all.is_empty() => Seen::Done,
            IdentityWrite::DeleteCertificate { .. } => {
                let planned = set_before(change, "thumbprints");
                let more = all.iter().filter(|text| !planned.contains(text));
                let more: Vec<String> =
                    more.map(|text| format!("the certificate {text}")).collect();
                if more.is_empty() { Seen::Open } else { holds(&more) }
            }
            _ => unshown(),
        }
    }

    /// A service principal is deleted once nothing was given to it but what goes with this plan.
    fn removable(self, change: &IdentityChange, chain: &ObservedChain) -> Seen {
        let name = change.address.name();
        let of_this = self.changes.iter().filter(|one| one.address.name() == name);
        let going: BTreeSet<&str> = of_this
            .flat_map(IdentityChange::steps)
            .filter_map(|step| match step {
                IdentityWrite::RevokeConsent { assignment, .. }
                | IdentityWrite::RemoveDirectoryRole { assignment }
                | IdentityWrite::RemoveExchangeRole { assignment } => Some(assignment.as_str()),
                _ => None,
            })
            .collect();
        let consents = chain.consents.iter().filter(|held| !going.contains(held.id.as_str()));
        let consents = consents.map(|held| format!("a permission of {}", held.resource_name));
        let defined = |held: &ObservedRole| {
            let known = self.observed.directory_roles.iter().chain(&self.observed.exchange_roles);
            let role = known.into_iter().find(|role| role.id == held.role_definition);
            role.map_or_else(|| held.role_definition.clone(), |role| role.display_name.clone())
        };
        let roles = chain.directory_roles.iter().chain(&chain.exchange_roles);
        let roles = roles.filter(|held| !going.contains(held.id.as_str()));
        let roles = roles.map(|held| format!("the role `{}`", defined(held)));
        let more: Vec<String> = consents.chain(roles).collect();
        if more.is_empty() { Seen::Open } else { holds(&more) }
    }
}

/// A registration is deleted with what its change names, and not with what others have put on it.
fn deletable(change: &IdentityChange, chain: &ObservedChain, found: &ObservedApplication) -> Seen {
    let goes = |name: &str| change.removes.iter().find(|(of, _)| of == name);
    let goes =
        |name: &str, value: &String| goes(name).is_some_and(|(_, values)| values.contains(value));
    let keys = found.keys.iter().map(key_name);
    let keys = keys.filter(|key| !goes("key_credentials", key));
    let keys = keys.map(|key| format!("the certificate {key}"));
    let federated = chain.federated.iter().map(|one| &one.name);
    let federated = federated.filter(|name| !goes("federated_credentials", name));
    let federated = federated.map(|name| format!("the federated credential `{name}`"));
    let more: Vec<String> = keys.chain(federated).collect();
    let named = text_before(change, "display_name");
    if named.is_some_and(|name| name != found.display_name) {
        return other("display_name", named.unwrap_or_default(), &found.display_name);
    }
    if more.is_empty() { Seen::Open } else { holds(&more) }
}

fn unreadable() -> Seen {
    Seen::Otherwise("the spec no longer has it, so that it cannot be read".to_owned())
}

pub(super) fn unshown() -> Seen {
    Seen::Otherwise("nothing shows whether this was done".to_owned())
}

fn holds(more: &[String]) -> Seen {
    Seen::Otherwise(format!("it has {} besides", and_list(more)))
}

pub(super) fn other(name: &str, was: &str, is: &str) -> Seen {
    Seen::Otherwise(format!("`{name}` was `{was}` and is `{is}`"))
}

/// A step that leads to something being there.
pub(super) fn there(is_there: bool) -> Seen {
    if is_there { Seen::Done } else { Seen::Open }
}

/// What is taken away of something that is gone is gone too.
pub(super) fn taken<T>(of: Result<T, Seen>, judge: impl FnOnce(T) -> Seen) -> Result<Seen, Seen> {
    match of {
        Ok(found) => Ok(judge(found)),
        Err(Seen::Gone) => Ok(Seen::Done),
        Err(other) => Err(other),
    }
}

pub(super) fn registered<'o>(
    chain: &'o ObservedChain,
    reference: &ApplicationRef,
) -> Result<&'o ObservedApplication, Seen> {
    let found = chain.application.as_ref().ok_or(Seen::Gone)?;
    match &reference.object_id {
        Some(id) if *id != found.object_id => Err(other("object_id", id, &found.object_id)),
        _ => Ok(found),
    }
}

fn present<'o>(
    chain: &'o ObservedChain,
    reference: &ApplicationRef,
) -> Result<&'o ObservedServicePrincipal, Seen> {
    let found = chain.principal.as_ref().ok_or(Seen::Gone)?;
    match &reference.principal_id {
        Some(id) if *id != found.object_id => Err(other("principal_id", id, &found.object_id)),
        _ => Ok(found),
    }
}

fn owns(chain: &ObservedChain, owner: &str) -> bool {
    chain.owners.iter().any(|found| found.id == owner)
}

/// A role that is held in the whole tenant.
pub(in crate::plan) fn held_whole<'o>(
    held: &'o [ObservedRole],
    role: &str,
) -> Option<&'o ObservedRole> {
    held.iter().find(|held| held.role_definition == role && held.scope == WHOLE_TENANT)
}

/// An assignment that is to go: the same thing given anew has another id, and is not taken for it.
fn assigned<'i>(
    mut ids: impl Iterator<Item = &'i str>,
    assignment: &str,
    again: Option<&str>,
) -> Seen {
    match again {
        _ if ids.any(|id| id == assignment) => Seen::Open,
        Some(again) => other("assignment", assignment, again),
        None => Seen::Done,
    }
}

/// The text of an attribute as the plan saw it.
pub(in crate::plan) fn text_before<'c>(change: &'c IdentityChange, name: &str) -> Option<&'c str> {
    let attribute = change.attributes.iter().find(|one| one.name == name)?;
    match &attribute.before {
        Some(Held::Text(text)) => Some(text),
        _ => None,
    }
}

fn set_before<'c>(change: &'c IdentityChange, name: &str) -> &'c [String] {
    let attribute = change.attributes.iter().find(|one| one.name == name);
    match attribute.and_then(|one| one.before.as_ref()) {
        Some(Held::Set(values)) => values,
        _ => &[],
    }
}
