//! What lies in a directory under one name, read and compared: which certificate is current, which
//! is staged, which are retired, and whether a switch between two was interrupted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use super::error::StoreError;
use super::facts::Facts;
use super::files;
use super::layout::{Form, Slot};
use super::store::Store;

/// Everything that lies under one name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// The certificate that signs in. After an interrupted switch, the one switched to.
    pub current: Option<Held>,
    /// The one that a rotation will switch to.
    pub staged: Option<Held>,
    /// Those that rotations switched from, the latest to expire first.
    pub retired: Vec<Held>,
    /// A switch was begun and not ended: [`Store::complete`] ends it.
    pub is_switching: bool,
    /// Files with a key that others than their owner may read.
    pub exposed: Vec<PathBuf>,
}

/// One certificate with its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What it is kept as.
    pub slot: Slot,
    /// What it says about itself.
    pub facts: Facts,
    /// Its private key is there.
    pub has_key: bool,
    /// The files that hold it.
    pub files: Vec<PathBuf>,
    /// The files that should hold it, too, and do not: [`Store::complete`] writes them.
    pub missing: Vec<PathBuf>,
}

impl Held {
    /// When the last of its files was written: a switch writes those of the one that it retires.
    pub fn since(&self) -> Option<Timestamp> {
        self.files.iter().filter_map(|path| files::modified(path)).max()
    }
}

impl Inventory {
    /// Whether something was interrupted that [`Store::complete`] would complete.
    pub fn is_incomplete(&self) -> bool {
        let lacks = |held: &Held| held.has_key && !held.missing.is_empty();
        self.is_switching || [&self.current, &self.staged].into_iter().flatten().any(lacks)
    }

    /// The certificate of this slot.
    pub fn held(&self, slot: &Slot) -> Option<&Held> {
        [&self.current, &self.staged]
            .into_iter()
            .flatten()
            .chain(&self.retired)
            .find(|held| held.slot == *slot)
    }
}

/// What there is to delete under one name. Nothing of it needs to be in order, and no password is
/// needed to say it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remains {
    /// The certificates that can be read without a password, each once.
    pub certificates: Vec<Facts>,
    /// Every file, readable or not, and those that were being written when a program ended.
    pub files: Vec<PathBuf>,
}

/// What each file of a slot holds.
pub(super) type Forms = BTreeMap<Form, Facts>;

/// The files of the two slots that must be in order.
pub(super) struct Survey {
    pub(super) current: Forms,
    pub(super) staged: Forms,
}

impl Survey {
    /// Reads both slots; files of one slot that differ are an error unless a switch explains it.
    pub(super) fn take(store: &Store) -> Result<Self, StoreError> {
        let survey =
            Self { current: store.forms(&Slot::Current)?, staged: store.forms(&Slot::Staged)? };
        agree(store, &Slot::Staged, &survey.staged)?;
        if survey.is_switching() {
            let (_, old): (Forms, Forms) = survey.split();
            agree(store, &Slot::Current, &old)?;
        } else {
            agree(store, &Slot::Current, &survey.current)?;
        }
        Ok(survey)
    }

    /// A switch renames one file after another, so that between the first and the last one the
    /// staged certificate is in both slots.
    pub(super) fn is_switching(&self) -> bool {
        self.next().is_some_and(|next| self.current.values().any(|facts| facts == next))
    }

    /// A staged certificate without its key, which nothing can switch to.
    pub(super) fn is_stranded(&self) -> bool {
        !self.is_switching() && self.staged.keys().eq([&Form::Cer])
    }

    /// The certificate that is switched to.
    pub(super) fn next(&self) -> Option<&Facts> {
        self.staged.values().next()
    }

    /// The current files that hold the staged certificate, and those that hold another.
    pub(super) fn split(&self) -> (Forms, Forms) {
        let is_next = |facts: &Facts| Some(facts) == self.next();
        self.current.clone().into_iter().partition(|(_, facts)| is_next(facts))
    }
}

fn agree(store: &Store, slot: &Slot, forms: &Forms) -> Result<(), StoreError> {
    let Some((first, facts)) = forms.first_key_value() else { return Ok(()) };
    match forms.iter().find(|(_, other)| *other != facts) {
        None => Ok(()),
        Some((second, _)) => Err(StoreError::Mixed {
            first: store.path(slot, *first),
            second: store.path(slot, *second),
        }),
    }
}

/// What the survey, and the retired certificates, come to.
pub(super) fn inventory(store: &Store) -> Result<Inventory, StoreError> {
    let survey = Survey::take(store)?;
    let is_switching = survey.is_switching();
    let (current, staged) = if is_switching {
        (survey.split().0, Forms::new())
    } else {
        (survey.current, survey.staged)
    };
    let current = held(store, Slot::Current, &current);
    let mut retired = Vec::new();
    for slot in store.retired_slots()? {
        let kept = store.retired(&slot)?;
        // A switch keeps the old certificate aside before it renames anything.
        let is_old = |held: &Held| current.as_ref().is_none_or(|now| now.facts != held.facts);
        retired.extend(kept.filter(is_old));
    }
    retired.sort_by_key(|held| std::cmp::Reverse(held.facts.not_after));
    Ok(Inventory {
        current,
        staged: held(store, Slot::Staged, &staged),
        retired,
        is_switching,
        exposed: store.exposed()?,
    })
}

fn held(store: &Store, slot: Slot, forms: &Forms) -> Option<Held> {
    let facts = forms.values().next()?.clone();
    let (files, missing) = Form::ALL.into_iter().partition(|form| forms.contains_key(form));
    let paths = |forms: Vec<Form>| forms.into_iter().map(|form| store.path(&slot, form)).collect();
    let has_key = [Form::Pem, Form::Pfx].iter().any(|form| forms.contains_key(form));
    let (files, missing) = (paths(files), paths(missing));
    Some(Held { slot, facts, has_key, files, missing })
}
