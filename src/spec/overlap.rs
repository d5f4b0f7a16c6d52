//! Policies that are certain to claim the same attribute of the same mailboxes. Ordered policies
//! in, findings out. Only what holds in every tenant is reported; what depends on the mailboxes is
//! found by the plan, in the same words.

use super::read::Reader;
use crate::state::{MailboxPolicy, overlap_diagnostic};

/// Reports each pair of policies that overlap in any tenant.
pub(super) fn check(reader: &mut Reader, policies: &[MailboxPolicy]) {
    for (place, one) in policies.iter().enumerate() {
        for other in &policies[place + 1..] {
            let attributes = one.contested(other);
            if !attributes.is_empty() && is_certain(one, other) {
                reader.report(overlap_diagnostic(one, other, &attributes, None));
            }
        }
    }
}

/// Whether some mailbox is bound to be matched by both, as far as the spec alone can tell.
fn is_certain(one: &MailboxPolicy, other: &MailboxPolicy) -> bool {
    if one.shared_types(other).is_empty() {
        return false;
    }
    // Exclusions of single mailboxes leave others; patterns may exclude all that is in common.
    let single_exclusions = [one, other]
        .iter()
        .all(|policy| policy.exclude.iter().all(|out| is_single(out.pattern.text())));
    if one.include.is_empty() && other.include.is_empty() {
        return single_exclusions;
    }
    // A pattern that both include may match mailboxes of a type that only one of them takes.
    let within = |inner: &MailboxPolicy, outer: &MailboxPolicy| {
        inner.recipient_types.iter().all(|kind| outer.recipient_types.contains(kind))
    };
    if !within(one, other) && !within(other, one) {
        return false;
    }
    one.include.iter().any(|pattern| {
        let is_common = other.include.iter().any(|known| known.same_as(pattern));
        let none_excluded = one.exclude.is_empty() && other.exclude.is_empty();
        is_common && (none_excluded || (single_exclusions && !is_single(pattern.text())))
    })
}

/// Whether a pattern is one address.
fn is_single(pattern: &str) -> bool {
    !pattern.contains(['*', '?', '[', '{'])
}
