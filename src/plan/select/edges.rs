//! What needs what, among the changes of a plan that are not of mailboxes. All mailboxes need the same,
//! so that they have one entry together; so has what is deferred.

use std::collections::HashMap;

use crate::plan::{Change, Plan, SignInGate};
use crate::resource::Address;

pub(super) struct Edges {
    addresses: Vec<Address>,
    needs: Vec<Vec<usize>>,
    mailboxes: Vec<usize>,
    gate: Vec<usize>,
}

impl Edges {
    pub(super) fn of(plan: &Plan, gate: Option<&SignInGate>) -> Self {
        let addresses: Vec<Address> = plan.few().map(|change| change.address()).collect();
        let place_of: HashMap<&Address, usize> =
            addresses.iter().enumerate().map(|(place, address)| (address, place)).collect();
        let places = |list: &[Address]| -> Vec<usize> {
            list.iter().filter_map(|address| place_of.get(address).copied()).collect()
        };
        let mut needs: Vec<Vec<usize>> =
            plan.few().map(|change| places(&change.depends_on(plan))).collect();
        for place in 0..needs.len() {
            for before in needs[place].clone() {
                let before_it = plan.get(before);
                // Its last step counts on all that depend on it: a certificate is put in use once it
                // is registered.
                let counts_on =
                    matches!(before_it, Some(Change::Identity(it)) if it.finally.is_some());
                if counts_on {
                    needs[before].push(place);
                }
            }
        }
        let mailboxes = places(&plan.before_mailboxes());
        let gate = places(gate.map_or(&[], |gate| &gate.after));
        Self { addresses, needs, mailboxes, gate }
    }

    pub(super) fn len(&self) -> usize {
        self.addresses.len()
    }

    pub(super) fn address(&self, place: usize) -> &Address {
        &self.addresses[place]
    }

    /// What all mailboxes need.
    pub(super) fn of_mailboxes(&self) -> &[usize] {
        &self.mailboxes
    }

    /// What everything that is deferred needs.
    pub(super) fn of_gate(&self) -> &[usize] {
        &self.gate
    }

    /// For each change an excluded one that it needs, directly or by way of others.
    pub(super) fn causes(&self, is_excluded: &[bool]) -> Vec<Option<usize>> {
        let mut cause: Vec<Option<usize>> =
            is_excluded.iter().enumerate().map(|(at, is)| is.then_some(at)).collect();
        loop {
            let mut has_grown = false;
            for place in 0..self.len() {
                if cause[place].is_none()
                    && let Some(found) = self.needs[place].iter().find_map(|need| cause[*need])
                {
                    cause[place] = Some(found);
                    has_grown = true;
                }
            }
            if !has_grown {
                return cause;
            }
        }
    }

    /// These and all that they need.
    pub(super) fn closed(&self, begin: &[usize]) -> Vec<bool> {
        let mut is_in = vec![false; self.len()];
        let mut open = begin.to_vec();
        while let Some(place) = open.pop() {
            if !std::mem::replace(&mut is_in[place], true) {
                open.extend(&self.needs[place]);
            }
        }
        is_in
    }

    /// Whether any of these needs it.
    pub(super) fn is_needed(&self, place: usize, by: &[bool]) -> bool {
        self.needs.iter().zip(by).any(|(needs, is_in)| *is_in && needs.contains(&place))
    }
}
