//! The table of every key that a spec may hold. One row says all that is known of a key, and it
//! feeds four readers: `Reader::only`, which takes no other key; `spec::schema`, from which editors
//! complete and check; `spec::reference`, the tables of `docs/spec-reference.md`; and the advice on
//! an unknown key here.
//!
//! To add a key, add a row to its section:
//!
//! ```ignore
//! Key::new("log_age_limit", Shape::Integer(1, 10_675_199), "how long entries are kept")
//!     .unit("days")
//!     .otherwise("not managed")
//!     .example("180")
//!     .source(SET_MAILBOX),
//! ```
//!
//! To add a table, add a [`Section`] and name it in [`SECTIONS`] and in a row that leads to it; what
//! a schema can say across its keys goes to `spec::schema::across`. `SNAPSHOTS=overwrite cargo test
//! published` then writes schema and reference anew.

mod application;
mod certificate;
mod check;
mod mailbox_audit;
mod row;
mod safeguards;
mod shapes;
mod sign_in;
mod sources;
mod tenant;
mod top;
mod variables;

use crate::diagnostic::nearest;

pub use application::{APPLICATION, FEDERATED_CREDENTIAL};
pub use certificate::{CERTIFICATE, CERTIFICATE_MAKING};
pub use check::{
    ASSERTIONS, CHECK, CHECK_CERTIFICATE, CHECK_DAYS, CHECK_MAILBOXES, CHECK_ORGANIZATION,
    CHECK_RANGE, CHECK_UNIFIED_AUDIT_LOG, EXPECTATIONS,
};
pub use mailbox_audit::{ATTRIBUTES, EXCLUDE, MAILBOX_AUDIT, RULE};
pub use row::{Alternative, Fallback, Form, Key, List, Section, Shape, Source, Word};
pub use safeguards::{APPROVAL, LIMIT, LIMITS};
pub(super) use sign_in::of_method;
pub use sign_in::{BOOTSTRAP, METHODS, Method, SIGN_IN, SIGN_IN_APPLICATION};
pub use tenant::{ENDPOINTS, TENANT};
pub use top::{ORGANIZATION, ROOT, UNIFIED_AUDIT_LOG};
pub use variables::VARIABLE;

/// Every table of a spec, in the order of the reference.
pub const SECTIONS: &[&Section] = &[
    ROOT,
    TENANT,
    ENDPOINTS,
    SIGN_IN,
    BOOTSTRAP,
    APPROVAL,
    CERTIFICATE,
    APPLICATION,
    FEDERATED_CREDENTIAL,
    UNIFIED_AUDIT_LOG,
    ORGANIZATION,
    MAILBOX_AUDIT,
    EXCLUDE,
    RULE,
    VARIABLE,
    LIMITS,
    LIMIT,
    CHECK,
    CHECK_UNIFIED_AUDIT_LOG,
    CHECK_ORGANIZATION,
    CHECK_MAILBOXES,
    CHECK_RANGE,
    CHECK_DAYS,
    CHECK_CERTIFICATE,
];

/// Whether any table has such a key.
pub(super) fn is_known(key: &str) -> bool {
    SECTIONS.iter().any(|section| section.has(key))
}

/// What to do about a key that its table does not know.
pub(super) fn advice(unknown: &str, known: &[&str]) -> String {
    if let Some(near) = nearest(unknown, known.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    if unknown == safeguards::PREVENT {
        return format!("`{unknown}` belongs in the table of a resource");
    }
    // A key of a sign-in, told to another sign-in, is about its method.
    let method = METHODS.iter().find(|method| method.keys.contains(&unknown));
    // Bounds mean nothing without what they bound.
    let elsewhere = SECTIONS.iter().filter(|section| {
        !matches!(section.id, "sign_in" | "bootstrap" | "check_range" | "check_days")
    });
    let home = elsewhere.chain([&SIGN_IN]).find(|section| section.has(unknown));
    match (home, method) {
        (_, Some(method)) if known.contains(&"method") => {
            format!("`{unknown}` belongs to `method = \"{}\"`", method.word.value)
        }
        (Some(section), _) => format!("`{unknown}` belongs {}", section.place),
        (None, _) => format!("the keys here are: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests;
