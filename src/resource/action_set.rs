//! Sets of audit actions in 8 bytes. The table's actions have fixed bits; names that the service
//! returns and the table does not know get the bits above, from a vocabulary that belongs to one
//! read, so that an unknown action is kept, shown and never mistaken for another.

use super::audit_action::{TABLE, known_action};

const KNOWN: u8 = 23;
const CAPACITY: u8 = 64;

/// A set of audit actions. Two sets compare equal when they hold the same actions, in whatever
/// order and letter case they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ActionSet(u64);

impl ActionSet {
    /// No action: auditing of a logon type that was cleared with `None`.
    pub const EMPTY: ActionSet = ActionSet(0);

    /// The set with the action of this bit.
    #[must_use]
    pub fn with_bit(self, bit: u8) -> Self {
        Self(self.0 | 1 << bit)
    }

    /// Whether the action of this bit is in the set.
    pub fn has_bit(self, bit: u8) -> bool {
        self.0 & (1 << bit) != 0
    }

    /// Everything in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Everything in this one and not in the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether every action of `other` is in this set.
    pub fn includes(self, other: Self) -> bool {
        other.minus(self).is_empty()
    }

    /// The actions that the table does not know.
    #[must_use]
    pub fn unknown(self) -> Self {
        Self(self.0 >> KNOWN << KNOWN)
    }

    /// How many actions.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// More action names unknown to the table than a set has room for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the service returned more than {} audit actions that are not known, the last one `{name}`", CAPACITY - KNOWN)]
pub struct TooManyActions {
    /// The name that had no room.
    pub name: String,
}

/// The names behind the bits of the [`ActionSet`]s of one read: the table's, and those that the
/// service returned beyond it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionVocabulary {
    unknown: Vec<String>,
}

impl ActionVocabulary {
    /// Adds a name that the service returned to `set`. `None` stands for no action.
    pub fn add(&mut self, set: ActionSet, name: &str) -> Result<ActionSet, TooManyActions> {
        if name.eq_ignore_ascii_case("None") {
            return Ok(set);
        }
        if let Some((bit, _)) = known_action(name) {
            return Ok(set.with_bit(bit));
        }
        let place = self.unknown.iter().position(|known| known.eq_ignore_ascii_case(name));
        let place = place.unwrap_or(self.unknown.len());
        match u8::try_from(place).map(|place| place + KNOWN) {
            Ok(bit) if bit < CAPACITY => {
                match self.unknown.get_mut(place) {
                    None => self.unknown.push(name.to_owned()),
                    // One spelling out of several, whichever row came first.
                    Some(known) if name < known.as_str() => name.clone_into(known),
                    Some(_) => {}
                }
                Ok(set.with_bit(bit))
            }
            _ => Err(TooManyActions { name: name.to_owned() }),
        }
    }

    /// The names in a set: the table's in its order, then unknown ones by name.
    pub fn names(&self, set: ActionSet) -> Vec<&str> {
        let mut bits = 0u8..;
        let mut names: Vec<&str> = bits
            .by_ref()
            .zip(TABLE.iter())
            .filter(|(bit, _)| set.has_bit(*bit))
            .map(|(_, action)| action.name)
            .collect();
        let mut unknown: Vec<&str> = (KNOWN..CAPACITY)
            .zip(&self.unknown)
            .filter(|(bit, _)| set.has_bit(*bit))
            .map(|(_, name)| name.as_str())
            .collect();
        unknown.sort_unstable();
        names.append(&mut unknown);
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(vocabulary: &mut ActionVocabulary, names: &[&str]) -> ActionSet {
        names.iter().fold(ActionSet::EMPTY, |set, name| vocabulary.add(set, name).unwrap_or(set))
    }

    #[test]
    fn the_table_has_as_many_rows_as_there_are_fixed_bits() {
        assert_eq!(TABLE.len(), usize::from(KNOWN));
    }

    #[test]
    fn order_and_letter_case_do_not_make_a_difference() {
        let mut vocabulary = ActionVocabulary::default();
        let one = set(&mut vocabulary, &["HardDelete", "Update", "FutureAction"]);
        let two = set(&mut vocabulary, &["futureaction", "update", "HARDDELETE"]);
        assert_eq!(one, two);
        assert_eq!(vocabulary.names(one), ["Update", "HardDelete", "FutureAction"]);
    }

    #[test]
    fn an_action_unknown_to_the_table_is_kept_and_named() {
        let mut vocabulary = ActionVocabulary::default();
        let all = set(&mut vocabulary, &["Zebra", "Update", "Aardvark"]);
        assert_eq!(vocabulary.names(all.unknown()), ["Aardvark", "Zebra"]);
    }

    #[test]
    fn none_is_the_empty_set() {
        let mut vocabulary = ActionVocabulary::default();
        assert!(set(&mut vocabulary, &["None"]).is_empty());
    }

    #[test]
    fn too_many_unknown_actions_are_an_error_and_not_a_loss() {
        let mut vocabulary = ActionVocabulary::default();
        let names: Vec<String> = (0..41).map(|number| format!("New{number}")).collect();
        for name in &names {
            assert!(vocabulary.add(ActionSet::EMPTY, name).is_ok());
        }
        assert!(vocabulary.add(ActionSet::EMPTY, "OneMore").is_err());
        assert!(vocabulary.add(ActionSet::EMPTY, "New40").is_ok());
    }
}
