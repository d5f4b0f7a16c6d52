//! What is seen of a registration that was made or changed.

use std::collections::BTreeSet;

use super::steps::{Seen, other, text_before};
use crate::diagnostic::and_list;
use crate::plan::{ApplicationPatch, IdentityChange};
use crate::state::{ObservedApplication, ObservedChain, RequiredAccess};

/// A registration that was made: found by its unique name and by all marks that it was given.
pub(super) fn made(chain: &ObservedChain, unique_name: &str, patch: &ApplicationPatch) -> Seen {
    let Some(found) = &chain.application else { return Seen::Open };
    let marks = patch.tags.as_deref().unwrap_or_default();
    let is_it = found.unique_name.as_deref() == Some(unique_name)
        && marks.iter().all(|mark| found.tags.contains(mark));
    if !is_it {
        return Seen::Otherwise("another application stands in its place".to_owned());
    }
    let asked = patch.required_access.as_deref().unwrap_or_default();
    let (name, notes) = (patch.display_name.as_deref(), patch.notes.as_deref());
    if name.is_some_and(|name| name != found.display_name) {
        other("display_name", name.unwrap_or_default(), &found.display_name)
    } else if notes.unwrap_or_default() != found.notes.as_deref().unwrap_or_default() {
        Seen::Otherwise("`notes` are not what it was made with".to_owned())
    } else if set(asked) != set(&found.required_access) {
        Seen::Otherwise("`api_permissions` are not what it was made with".to_owned())
    } else {
        Seen::Done
    }
}

/// A registration that was changed: each attribute is as it was to become, or as the plan saw it.
pub(super) fn changed(
    change: &IdentityChange,
    patch: &ApplicationPatch,
    before: Option<&[RequiredAccess]>,
    found: &ObservedApplication,
) -> Seen {
    let name = found.display_name.as_str();
    let notes = found.notes.as_deref().unwrap_or_default();
    let texts = [("display_name", &patch.display_name, name), ("notes", &patch.notes, notes)];
    let (mut is_done, mut is_open, mut moved) = (true, true, Vec::new());
    for (attribute, wanted, is) in texts {
        let Some(wanted) = wanted else { continue };
        let was = text_before(change, attribute).unwrap_or_default();
        is_done &= wanted == is;
        is_open &= was == is;
        if was != is && wanted != is {
            moved.push(format!("`{attribute}` was `{was}` and is `{is}`"));
        }
    }
    if let Some(wanted) = &patch.required_access {
        let is = set(&found.required_access);
        let (is_wanted, was) = (set(wanted) == is, set(before.unwrap_or_default()) == is);
        is_done &= is_wanted;
        is_open &= was;
        if !is_wanted && !was {
            moved.push("`api_permissions` were changed".to_owned());
        }
    }
    match (is_done, is_open) {
        (true, _) => Seen::Done,
        (_, true) => Seen::Open,
        _ if moved.is_empty() => Seen::Otherwise("it was changed back in part".to_owned()),
        _ => Seen::Otherwise(and_list(&moved)),
    }
}

/// The order in which the service lists them is no difference.
fn set(access: &[RequiredAccess]) -> BTreeSet<(uuid::Uuid, &(uuid::Uuid, String))> {
    access
        .iter()
        .flat_map(|one| one.permissions.iter().map(|permission| (one.resource, permission)))
        .collect()
}
