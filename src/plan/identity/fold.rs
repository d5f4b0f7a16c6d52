//! Puts the inverse of single changes together: what goes with a registration needs no step of its own, a
//! registration that holds more than the run gave it stays, and edges are turned round.

use super::change::IdentityChange;
use super::write::IdentityWrite;
use crate::plan::undo::{Judge, Seen, Stays};
use crate::plan::{Action, Held};
use crate::resource::{Address, Kind};
use crate::state::ObservedIdentity;

/// Inverse changes, in reverse order of what they take back.
pub(super) struct Fold<'a> {
    done: &'a [IdentityChange],
    /// What is taken back, and by what.
    pairs: Vec<(Address, IdentityChange)>,
    stays: Vec<Stays>,
}

impl<'a> Fold<'a> {
    pub(super) fn of(done: &'a [IdentityChange]) -> Self {
        Self { done, pairs: Vec::new(), stays: Vec::new() }
    }

    pub(super) fn push(&mut self, done: &IdentityChange, inverse: IdentityChange) {
        self.pairs.push((done.address.clone(), inverse));
    }

    /// The changes in an order in which they can be done, and what stays after all.
    pub(super) fn finish(
        mut self,
        observed: &ObservedIdentity,
    ) -> (Vec<IdentityChange>, Vec<Stays>) {
        self.take_along();
        self.leave_what_holds_more(observed);
        let going = self.without_parts_that_go_along();
        self.leave_registered_certificates(observed, &going);
        self.turn_edges(&going);
        let changes = self.pairs.into_iter().map(|(_, mut inverse)| {
            // As in every plan.
            inverse.removes.sort();
            inverse.after_exchange = inverse.action != Action::Create;
            inverse
        });
        (changes.collect(), self.stays)
    }

    /// Names on each registration that goes what the run has put on it.
    fn take_along(&mut self) {
        let parts = |kind: Kind, of: &Address| -> Vec<String> {
            let parts = self.pairs.iter().map(|(_, inverse)| inverse).filter(|inverse| {
                let address = &inverse.address;
                address.kind() == kind && address.name() == of.name()
            });
            let gone = parts.filter(|inverse| inverse.action == Action::Delete);
            gone.filter_map(|inverse| inverse.address.key().map(str::to_owned)).collect()
        };
        let mut along = Vec::new();
        for (place, (_, inverse)) in self.pairs.iter().enumerate() {
            if is_registration_gone(inverse) {
                let keys = parts(Kind::KeyCredential, &inverse.address);
                let federated = parts(Kind::FederatedCredential, &inverse.address);
                along.push((place, keys, federated));
            }
        }
        for (place, keys, federated) in along {
            let inverse = &mut self.pairs[place].1;
            inverse.takes_along("key_credentials", keys);
            inverse.takes_along("federated_credentials", federated);
        }
    }

    /// What others have given to an application since the run is not deleted with it.
    fn leave_what_holds_more(&mut self, observed: &ObservedIdentity) {
        let changes: Vec<IdentityChange> =
            self.pairs.iter().map(|(_, inverse)| inverse.clone()).collect();
        let judge = Judge { observed, changes: &changes };
        let mut kept: Vec<Address> = Vec::new();
        for change in &changes {
            let kind = change.address.kind();
            let is_whole = matches!(kind, Kind::Application | Kind::ServicePrincipal);
            if !is_whole || change.action != Action::Delete {
                continue;
            }
            let principal_stays = kind == Kind::Application
                && kept.iter().any(|other| other.name() == change.address.name());
            let moved = change.steps().find_map(|step| match judge.seen(change, step) {
                Seen::Otherwise(why) => Some(why),
                _ => principal_stays.then(|| "its service principal stays".to_owned()),
            });
            if let Some(why) = moved {
                self.stays.push(Stays::changed(&change.address, why));
                kept.push(change.address.clone());
            }
        }
        self.pairs.retain(|(_, inverse)| !kept.contains(&inverse.address));
    }

    /// The registrations that go; what is on them goes along and is not taken off before.
    fn without_parts_that_go_along(&mut self) -> Vec<Address> {
        let going = self.pairs.iter().filter(|(_, inverse)| is_registration_gone(inverse));
        let going: Vec<Address> = going.map(|(_, inverse)| inverse.address.clone()).collect();
        self.pairs.retain(|(_, inverse)| !goes_along(&inverse.address, &going));
        going
    }

    /// Files of a key that others count on stay.
    fn leave_registered_certificates(&mut self, observed: &ObservedIdentity, going: &[Address]) {
        let taken_off = |application: &str, thumbprint: &str| {
            going.iter().any(|address| address.name() == Some(application))
                || self.pairs.iter().any(|(_, inverse)| {
                    let address = &inverse.address;
                    address.kind() == Kind::KeyCredential
                        && address.name() == Some(application)
                        && address.key() == Some(thumbprint)
                })
        };
        let mut kept = Vec::new();
        for (_, inverse) in &self.pairs {
            let held = inverse.attributes.iter().find(|one| one.name == "thumbprints");
            let Some(Some(Held::Set(own))) = held.map(|held| &held.before) else { continue };
            let counts = |(name, chain): (&String, &crate::state::ObservedChain)| {
                let keys = chain.application.iter().flat_map(|found| &found.keys);
                let mut names = keys.map(super::credentials::key_name);
                names.any(|key| own.contains(&key) && !taken_off(name, &key)).then(|| name.clone())
            };
            if let Some(name) = observed.applications.iter().find_map(counts) {
                let why = format!("it is registered on `application.{name}`, which keeps it");
                kept.push(Stays::changed(&inverse.address, why));
            }
        }
        self.pairs.retain(|(_, inverse)| {
            !kept.iter().any(|stays| stays.address == inverse.address.to_string())
        });
        self.stays.extend(kept);
    }

    /// What depended on something goes before it.
    fn turn_edges(&mut self, going: &[Address]) {
        let taken_back_by = |done: &Address| {
            let pair = self.pairs.iter().find(|(of, _)| of == done);
            pair.map(|(_, inverse)| inverse.address.clone())
        };
        let mut edges: Vec<(usize, Address)> = Vec::new();
        for (place, (done, inverse)) in self.pairs.iter().enumerate() {
            let dependents = self.done.iter().filter(|change| change.depends_on.contains(done));
            for dependent in dependents {
                let along = || {
                    let is_file = inverse.address.kind() == Kind::Certificate;
                    let of_this = going.iter().find(|it| it.name() == dependent.address.name());
                    of_this.filter(|_| is_file && has_parts(&dependent.address)).cloned()
                };
                edges
                    .extend(taken_back_by(&dependent.address).or_else(along).map(|it| (place, it)));
            }
        }
        for (_, inverse) in &mut self.pairs {
            inverse.depends_on.clear();
        }
        for (place, before) in edges {
            let depends_on = &mut self.pairs[place].1.depends_on;
            if !depends_on.contains(&before) {
                depends_on.push(before);
            }
        }
    }
}

fn is_registration_gone(inverse: &IdentityChange) -> bool {
    inverse.writes.iter().any(|step| matches!(step, IdentityWrite::DeleteApplication { .. }))
}

/// What lies on the registration itself.
fn has_parts(address: &Address) -> bool {
    let kind = address.kind();
    matches!(kind, Kind::KeyCredential | Kind::FederatedCredential | Kind::ApplicationOwner)
}

fn goes_along(address: &Address, going: &[Address]) -> bool {
    has_parts(address) && going.iter().any(|other| other.name() == address.name())
}
