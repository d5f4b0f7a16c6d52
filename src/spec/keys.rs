//! Every key that a spec may hold, by table. The reader takes no other, the schema in
//! `schemas/spec.schema.json` names the same (a test compares them), and an unknown key is looked
//! up here to say where it belongs.

use crate::diagnostic::nearest;

/// The top of the file.
pub const ROOT: &[&str] =
    &["version", "tenant", "unified_audit_log", "organization", "mailbox_audit"];
/// `[tenant]`.
pub const TENANT: &[&str] =
    &["organization", "tenant_id", "cloud", "endpoint", "endpoints", "ca_file", "sign_in"];
/// `[tenant.endpoints]`.
pub const ENDPOINTS: &[&str] = &["authority", "graph", "exchange", "exchange_scope"];
/// `[tenant.sign_in]` with `method = "certificate"`.
pub const CERTIFICATE: &[&str] = &["method", "client_id", "certificate", "password_env"];
/// `[unified_audit_log]`.
pub const UNIFIED_AUDIT_LOG: &[&str] = &["ingestion"];
/// `[organization]`.
pub const ORGANIZATION: &[&str] = &["mailbox_auditing"];
/// `[mailbox_audit.NAME]`.
pub const MAILBOX_AUDIT: &[&str] = &[
    "recipient_types",
    "include",
    "exclude",
    "enabled",
    "admin",
    "delegate",
    "owner",
    "log_age_limit",
    "overrides",
];
/// The keys of `[mailbox_audit.NAME]` that set something on a mailbox.
pub const ATTRIBUTES: &[&str] = &["enabled", "admin", "delegate", "owner", "log_age_limit"];
/// An entry of `exclude` that is a table.
pub const EXCLUDE: &[&str] = &["address", "reason", "until"];
/// `admin`, `delegate` or `owner` as a table.
pub const RULE: &[&str] = &["exactly", "at_least", "default_plus"];

/// Keys that people write a secret into; a spec is no place for one.
pub(super) const SECRETS: &[&str] =
    &["password", "client_secret", "secret", "certificate_password", "passphrase"];

const TABLES: &[(&str, &[&str])] = &[
    ("at the top of the file", ROOT),
    ("in `[tenant]`", TENANT),
    ("in `[tenant.endpoints]`", ENDPOINTS),
    ("in `[tenant.sign_in]`", CERTIFICATE),
    ("in `[unified_audit_log]`", UNIFIED_AUDIT_LOG),
    ("in `[organization]`", ORGANIZATION),
    ("in `[mailbox_audit.NAME]`", MAILBOX_AUDIT),
    ("in an entry of `exclude`", EXCLUDE),
    ("in `admin`, `delegate` or `owner`", RULE),
];

/// Whether a line of a spec may hold a secret, judged by its key.
pub(super) fn may_hold_a_secret(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["password", "secret", "passphrase"].iter().any(|word| line.contains(word))
}

/// Whether any table has such a key.
pub(super) fn is_known(key: &str) -> bool {
    TABLES.iter().any(|(_, keys)| keys.contains(&key))
}

/// What to do about a key that its table does not know.
pub(super) fn advice(unknown: &str, known: &[&str]) -> String {
    if let Some(near) = nearest(unknown, known.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    let home = TABLES.iter().find(|(_, keys)| keys.contains(&unknown));
    home.map_or_else(
        || format!("the keys here are: {}", known.join(", ")),
        |(place, _)| format!("`{unknown}` belongs {place}"),
    )
}
