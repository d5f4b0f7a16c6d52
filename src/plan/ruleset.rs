//! Which rules hold for a mailbox: the policies that match it, resolved by who overrides whom. Two
//! policies that claim one attribute of one mailbox without an order between them are a conflict,
//! which is collected and reported once for each pair.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::evaluate::Rules;
use super::selector::Selector;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::resource::{LogonType, RecipientType};
use crate::state::{DesiredState, MailboxPolicy, MailboxRow, overlap_diagnostic};

/// The rules of one combination of policies.
#[derive(Debug, Clone)]
pub(crate) struct Ruleset {
    /// The policies that have a say, as places in the plan's list; the first gives the address.
    pub(crate) policies: Vec<u16>,
    /// Their rules, resolved.
    pub(crate) rules: Rules,
}

/// One policy, prepared for matching.
#[derive(Debug)]
struct Candidate<'s> {
    policy: &'s MailboxPolicy,
    selector: Selector<'s>,
}

/// A conflict between two policies, by their places in the list, and the attribute.
type Conflict = (u16, u16, &'static str);

/// Finds the rules of each mailbox; combinations that occurred before are looked up.
#[derive(Debug)]
pub(crate) struct Rulesets<'s> {
    candidates: Vec<Candidate<'s>>,
    by_policies: HashMap<Vec<u16>, Option<u32>>,
    found: Vec<Ruleset>,
    conflicts: BTreeMap<Conflict, String>,
    matched: Vec<u16>,
}

impl<'s> Rulesets<'s> {
    /// Prepares the policies of a spec; exclusions are judged on `today` (UTC).
    pub(crate) fn new(desired: &'s DesiredState, today: Date) -> Self {
        let candidate = |policy: &'s MailboxPolicy| {
            let MailboxPolicy { recipient_types, include, exclude, .. } = policy;
            Candidate { policy, selector: Selector::new(recipient_types, include, exclude, today) }
        };
        let candidates = desired.policies.iter().map(candidate).collect();
        Self {
            candidates,
            by_policies: HashMap::new(),
            found: Vec::new(),
            conflicts: BTreeMap::new(),
            matched: Vec::new(),
        }
    }

    /// The ruleset of a mailbox, or `None` where no policy is about it.
    pub(crate) fn find(&mut self, row: &MailboxRow<'_>) -> Option<u32> {
        let mut matched = std::mem::take(&mut self.matched);
        matched.clear();
        for (place, candidate) in (0u16..).zip(&mut self.candidates) {
            if candidate.selector.matches(row) {
                matched.push(place);
            }
        }
        let found = match self.by_policies.get(&matched) {
            Some(found) => *found,
            None => self.resolve(&matched),
        };
        if matched.len() > 1 {
            self.note_conflicts(&matched, row);
        }
        self.matched = matched;
        found
    }

    pub(crate) fn get(&self, id: u32) -> &Ruleset {
        &self.found[id as usize]
    }

    fn resolve(&mut self, matched: &[u16]) -> Option<u32> {
        let found = (!matched.is_empty()).then(|| {
            let id = u32::try_from(self.found.len()).unwrap_or(u32::MAX);
            self.found.push(self.combine(matched));
            id
        });
        self.by_policies.insert(matched.to_vec(), found);
        found
    }

    /// Policies stand in order of precedence, so the first claim of an attribute holds.
    fn combine(&self, matched: &[u16]) -> Ruleset {
        let mut rules = Rules::default();
        let mut policies = Vec::new();
        for place in matched {
            let policy = self.candidates[usize::from(*place)].policy;
            let before = rules;
            rules.enabled = rules.enabled.or(policy.enabled.map(|declared| declared.value));
            for (at, logon) in LogonType::ALL.into_iter().enumerate() {
                rules.actions[at] =
                    rules.actions[at].or(policy.rule(logon).map(|declared| declared.value));
            }
            rules.log_age_limit =
                rules.log_age_limit.or(policy.log_age_limit.map(|declared| declared.value));
            if rules != before {
                policies.push(*place);
            }
        }
        Ruleset { policies, rules }
    }

    /// Keeps, for each conflicting pair, the mailbox that comes first by name, so that the message
    /// does not depend on the order of the rows.
    fn note_conflicts(&mut self, matched: &[u16], row: &MailboxRow<'_>) {
        for (at, left) in matched.iter().enumerate() {
            for right in &matched[at + 1..] {
                let one = self.candidates[usize::from(*left)].policy;
                let two = self.candidates[usize::from(*right)].policy;
                for attribute in contested(one, two, row.recipient_type) {
                    let upn = row.upn.to_lowercase();
                    let known =
                        self.conflicts.entry((*left, *right, attribute)).or_insert(upn.clone());
                    if upn < *known {
                        *known = upn;
                    }
                }
            }
        }
    }

    /// The conflicts that were met, as errors.
    pub(crate) fn conflicts(&self) -> Diagnostics {
        let mut found = Diagnostics::default();
        for ((left, right, attribute), upn) in &self.conflicts {
            let one = self.candidates[usize::from(*left)].policy;
            let two = self.candidates[usize::from(*right)].policy;
            found.push(overlap_diagnostic(one, two, &[attribute], Some(upn)));
        }
        found
    }

    /// Policies that matched no mailbox and patterns that matched nothing, as warnings.
    pub(crate) fn unused(&self) -> Diagnostics {
        let mut found = Diagnostics::default();
        for candidate in &self.candidates {
            let policy = candidate.policy;
            if candidate.selector.is_unused() {
                found.push(
                    Diagnostic::warning(
                        "policy-matches-nothing",
                        format!("`mailbox_audit.{}` matches no mailbox", policy.name),
                    )
                    .at(policy.span, "no mailbox of its types is left to it"),
                );
            }
            found.extend(candidate.selector.unused_patterns("policy"));
        }
        found
    }
}

/// Group mailboxes take a log age alone, so nothing else can be contested on them.
fn contested(
    one: &MailboxPolicy,
    two: &MailboxPolicy,
    recipient: RecipientType,
) -> Vec<&'static str> {
    let mut attributes = one.contested(two);
    attributes.retain(|attribute| recipient.takes_action_lists() || *attribute == "log_age_limit");
    attributes
}
