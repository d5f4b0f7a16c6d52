//! Lists of distinct things. A list goes in; its elements come out if all could be read and none is
//! there twice.

use super::actions;
use super::read::{Entry, Reader};

/// What tells an element from others, and what it is.
pub(super) type Keyed<T> = (String, T);

/// The elements of a list. `read` gives each with what makes it the same as another, which is shown
/// where it is repeated.
pub(super) fn distinct<'t, T>(
    reader: &mut Reader,
    items: &[Entry<'t>],
    mut read: impl FnMut(&mut Reader, &Entry<'t>) -> Option<Keyed<T>>,
) -> Option<Vec<T>> {
    let mut seen: Vec<(String, &Entry<'t>)> = Vec::new();
    let mut all = Vec::with_capacity(items.len());
    let mut is_sound = true;
    for item in items {
        let Some((key, value)) = read(reader, item) else {
            is_sound = false;
            continue;
        };
        if let Some((_, first)) = seen.iter().find(|(known, _)| *known == key) {
            actions::repeated(reader, item, first, &key);
            is_sound = false;
        }
        seen.push((key, item));
        all.push(value);
    }
    is_sound.then_some(all)
}
