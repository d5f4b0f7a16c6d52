//! `overrides`: checks the names, and puts policies into the order in which they are asked, each
//! before those that it overrides, then by name. Policies in, ordered policies out; a circle is
//! reported with everyone in it.

use super::read::Reader;
use crate::diagnostic::{Diagnostic, nearest};
use crate::state::{Declared, MailboxPolicy};

/// What a policy says of others, known even where its settings have mistakes.
pub(super) struct Declaration {
    pub(super) name: String,
    pub(super) overrides: Vec<Declared<String>>,
}

/// Orders the policies that could be read and checks the names in all that the file declares.
pub(super) fn order(
    reader: &mut Reader,
    mut policies: Vec<MailboxPolicy>,
    declared: &[Declaration],
) -> Vec<MailboxPolicy> {
    check_names(reader, &policies, declared);
    policies.sort_by(|one, other| one.name.cmp(&other.name));
    let mut ordered = Vec::with_capacity(policies.len());
    while !policies.is_empty() {
        let free = policies.iter().position(|policy| {
            !policies.iter().any(|other| other.name != policy.name && other.overrides(policy))
        });
        let Some(free) = free else {
            circle(reader, &policies);
            ordered.append(&mut policies);
            break;
        };
        ordered.push(policies.remove(free));
    }
    ordered
}

fn check_names(reader: &mut Reader, policies: &[MailboxPolicy], declared: &[Declaration]) {
    let find = |name: &str| policies.iter().find(|policy| policy.name == name);
    for policy in declared {
        for overridden in &policy.overrides {
            let name = overridden.value.as_str();
            if name == policy.name {
                reader.report(
                    Diagnostic::error("overrides-itself", format!("`{name}` overrides itself"))
                        .at(overridden.span, "")
                        .help("name another policy, or remove `overrides`"),
                );
            } else if !declared.iter().any(|known| known.name == name) {
                unknown(reader, policy, overridden, declared);
            } else if let (Some(one), Some(other)) = (find(&policy.name), find(name)) {
                useless(reader, one, other, overridden);
            }
        }
    }
}

fn unknown(
    reader: &mut Reader,
    policy: &Declaration,
    overridden: &Declared<String>,
    declared: &[Declaration],
) {
    let others = declared.iter().map(|other| other.name.as_str());
    let others: Vec<&str> = others.filter(|other| *other != policy.name).collect();
    let name = overridden.value.as_str();
    let help = match nearest(name, others.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if others.is_empty() => "remove `overrides`".to_owned(),
        None => format!("the other policies are: {}", others.join(", ")),
    };
    reader.report_absence(
        Diagnostic::error("unknown-policy", format!("there is no policy `{name}`"))
            .at(overridden.span, "")
            .help(help),
    );
}

fn useless(
    reader: &mut Reader,
    policy: &MailboxPolicy,
    other: &MailboxPolicy,
    place: &Declared<String>,
) {
    let what = if policy.shared_types(other).is_empty() {
        "mailbox type"
    } else if policy.shared_claims(other).is_empty() {
        "attribute"
    } else {
        return;
    };
    let summary = format!("`{}` and `{}` have no {what} in common", policy.name, other.name);
    reader.report(
        Diagnostic::warning("overrides-nothing", summary)
            .at(place.span, "so this overrides nothing")
            .at(other.span, "")
            .help("remove it from `overrides`"),
    );
}

/// Follows `overrides` from the first policy that is left until one comes up again.
fn circle(reader: &mut Reader, left: &[MailboxPolicy]) {
    let mut path: Vec<&MailboxPolicy> = left.iter().take(1).collect();
    while let Some(last) = path.last() {
        let above = left.iter().find(|other| other.name != last.name && other.overrides(last));
        let Some(above) = above else { return };
        let again = path.iter().position(|policy| policy.name == above.name);
        path.push(above);
        if let Some(again) = again {
            path.drain(..again);
            break;
        }
    }
    path.reverse();
    let names: Vec<String> = path.iter().map(|policy| format!("`{}`", policy.name)).collect();
    let mut finding =
        Diagnostic::error("overrides-circle", "policies override one another in a circle");
    for (policy, next) in path.iter().zip(path.iter().skip(1)) {
        let place = policy.overrides.iter().find(|name| name.value == next.name);
        if let Some(place) = place {
            finding =
                finding.at(place.span, format!("`{}` overrides `{}`", policy.name, next.name));
        }
    }
    finding.labels.sort_by_key(|label| label.span);
    reader.report(
        finding
            .note(format!("the circle is {}", names.join(" over ")))
            .help("decide which policy comes first and remove its name from the others"),
    );
}
