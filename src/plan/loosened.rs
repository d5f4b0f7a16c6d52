//! What one set of safeguards lets through that another one does not. Two of them in; what was
//! loosened from the one to the other out, in words, worst first. Where the older ones come from is
//! for others to know.

use crate::state::{Limit, LimitClass, Safeguards, Share};

/// What is looser in `new` than in `old`, worst first: protections that are gone, limits that are
/// gone, limits that are higher, the canary, and what this run is allowed. Empty where `new` lets
/// nothing through that `old` refuses.
pub fn loosened(old: &Safeguards, new: &Safeguards) -> Vec<String> {
    let mut found = prevents(old, new);
    let (mut gone, mut raised) = (Vec::new(), Vec::new());
    for class in LimitClass::ALL {
        limit(class, old, new, &mut gone, &mut raised);
    }
    found.append(&mut gone);
    found.append(&mut raised);
    let (before, after) = (old.limits.minimum_population, new.limits.minimum_population);
    if after > before && has_share(new) {
        found.push(format!("`minimum_population` is raised from {before} to {after}"));
    }
    match (old.canary, new.canary) {
        (Some(before), None) => found.push(format!("`canary` of {before} is gone")),
        (Some(before), Some(after)) if after > before => {
            found.push(format!("`canary` is raised from {before} to {after}"));
        }
        _ => {}
    }
    let given = new.allowances.iter().filter(|allowance| !old.allowances.contains(allowance));
    found.extend(given.map(|allowance| format!("`--allow {allowance}` is given")));
    found
}

fn prevents(old: &Safeguards, new: &Safeguards) -> Vec<String> {
    let mut found = Vec::new();
    for before in &old.prevents {
        let after = new.prevents.iter().find(|after| after.address == before.address);
        for protection in &before.protections {
            if after.is_none_or(|after| !after.protections.contains(protection)) {
                let (word, address) = (protection.name(), &before.address);
                found.push(format!("`prevent = [\"{word}\"]` of {address} is gone"));
            }
        }
    }
    found
}

/// Each part by itself, as it is judged by itself.
fn limit(
    class: LimitClass,
    old: &Safeguards,
    new: &Safeguards,
    gone: &mut Vec<String>,
    raised: &mut Vec<String>,
) {
    let name = class.name();
    let part =
        |before: Option<String>, after: Option<String>, is_higher: bool| match (before, after) {
            (Some(before), None) => (Some(format!("`{name}` of {before} is gone")), None),
            (Some(before), Some(after)) if is_higher => {
                (None, Some(format!("`{name}` is raised from {before} to {after}")))
            }
            _ => (None, None),
        };
    let before = old.limits.of(class).unwrap_or_default();
    let after = new.limits.of(class).unwrap_or_default();
    let text = |count: u64| count.to_string();
    let share = |share: Share| share.to_string();
    let counts = part(before.count.map(text), after.count.map(text), after.count > before.count);
    let shares = part(before.share.map(share), after.share.map(share), after.share > before.share);
    for (lost, higher) in [counts, shares] {
        gone.extend(lost);
        raised.extend(higher);
    }
}

fn has_share(safeguards: &Safeguards) -> bool {
    let share = |limit: Option<Limit>| limit.is_some_and(|limit| limit.share.is_some());
    LimitClass::ALL.into_iter().any(|class| share(safeguards.limits.of(class)))
}
