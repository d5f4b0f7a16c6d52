//! Every key that a spec may hold, by table. The reader takes no other, the schema in
//! `schemas/spec.schema.json` names the same (a test compares them), and an unknown key is looked
//! up here to say where it belongs.

use crate::diagnostic::nearest;

/// The top of the file.
pub const ROOT: &[&str] = &[
    "version",
    "extends",
    "include",
    "variables",
    "tenant",
    "approval",
    "certificate",
    "application",
    "unified_audit_log",
    "organization",
    "mailbox_audit",
    "limits",
];
/// `[variables.NAME]`.
pub const VARIABLE: &[&str] = &["type", "default", "description"];
/// `[tenant]`.
pub const TENANT: &[&str] = &[
    "organization",
    "tenant_id",
    "cloud",
    "endpoint",
    "endpoints",
    "ca_file",
    "sign_in",
    "bootstrap",
    "approve_second_phase",
    "stamp",
];
/// `[tenant.endpoints]`.
pub const ENDPOINTS: &[&str] = &["authority", "graph", "exchange", "exchange_scope"];
/// `[tenant.sign_in]` as an application that the spec makes.
pub const SIGN_IN_APPLICATION: &[&str] = &["application"];
/// `[tenant.sign_in]` and `[tenant.bootstrap]` with each `method`.
pub const SIGN_IN: &[(&str, &[&str])] = &[
    (
        "certificate",
        &["method", "client_id", "certificate", "thumbprint", "directory", "password_env"],
    ),
    ("device_code", &["method", "client_id"]),
    ("azure_cli", &["method"]),
    ("environment", &["method", "token_env"]),
    ("workload_identity", &["method", "client_id", "token_file", "audience"]),
    ("managed_identity", &["method", "client_id"]),
];
/// `[certificate.NAME]`.
pub const CERTIFICATE: &[&str] = &[
    "ensure",
    "existing",
    "directory",
    "common_name",
    "key_size",
    "valid_from",
    "valid_for",
    "valid_until",
    "rotate_before",
    "overlap",
    "password_env",
    "pfx_compatibility",
    "prevent",
];
/// The keys of `[certificate.NAME]` that say how it is made.
pub const CERTIFICATE_MAKING: &[&str] = &[
    "directory",
    "common_name",
    "key_size",
    "valid_from",
    "valid_for",
    "valid_until",
    "rotate_before",
    "overlap",
    "pfx_compatibility",
];
/// `[application.NAME]`.
pub const APPLICATION: &[&str] = &[
    "ensure",
    "display_name",
    "unique_name",
    "app_id",
    "api_permissions",
    "admin_consent",
    "directory_roles",
    "exchange_roles",
    "certificates",
    "federated_credentials",
    "notes",
    "owners",
    "exclusive",
    "prevent",
];
/// An entry of `federated_credentials`.
pub const FEDERATED_CREDENTIAL: &[&str] = &["name", "issuer", "subject", "audience"];
/// `[approval]`.
pub const APPROVAL: &[&str] = &["signers", "required", "expiry"];
/// `[unified_audit_log]`.
pub const UNIFIED_AUDIT_LOG: &[&str] = &["ingestion", "prevent"];
/// `[organization]`.
pub const ORGANIZATION: &[&str] = &["mailbox_auditing", "prevent"];
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
    "prevent",
];
/// The keys of `[mailbox_audit.NAME]` that set something on a mailbox.
pub const ATTRIBUTES: &[&str] = &["enabled", "admin", "delegate", "owner", "log_age_limit"];
/// An entry of `exclude` that is a table.
pub const EXCLUDE: &[&str] = &["address", "reason", "until"];
/// `admin`, `delegate` or `owner` as a table.
pub const RULE: &[&str] = &["exactly", "at_least", "default_plus"];
/// `[limits]`.
pub const LIMITS: &[&str] = &["changed", "weakening", "deletions", "minimum_population", "canary"];
/// A limit as a table.
pub const LIMIT: &[&str] = &["count", "share"];

const TABLES: &[(&str, &[&str])] = &[
    ("in the table of a resource", &["prevent"]),
    ("at the top of the file", ROOT),
    ("in `[variables.NAME]`", VARIABLE),
    ("in `[tenant]`", TENANT),
    ("in `[tenant.endpoints]`", ENDPOINTS),
    ("in `[tenant.sign_in]`", SIGN_IN_APPLICATION),
    ("in `[approval]`", APPROVAL),
    ("in `[certificate.NAME]`", CERTIFICATE),
    ("in `[application.NAME]`", APPLICATION),
    ("in an entry of `federated_credentials`", FEDERATED_CREDENTIAL),
    ("in `[unified_audit_log]`", UNIFIED_AUDIT_LOG),
    ("in `[organization]`", ORGANIZATION),
    ("in `[mailbox_audit.NAME]`", MAILBOX_AUDIT),
    ("in an entry of `exclude`", EXCLUDE),
    ("in `admin`, `delegate` or `owner`", RULE),
    ("in `[limits]`", LIMITS),
    ("in a limit", LIMIT),
];

/// Whether any table has such a key.
pub(super) fn is_known(key: &str) -> bool {
    let mut all = TABLES.iter().chain(SIGN_IN);
    all.any(|(_, keys)| keys.contains(&key))
}

/// The keys of `[tenant.sign_in]` with this method, or of every method where it is none of them.
pub(super) fn of_method(method: Option<&str>) -> Vec<&'static str> {
    let is_wanted = |name: &str| method.is_none_or(|method| method == name);
    let mut all: Vec<&str> = Vec::new();
    for (_, keys) in SIGN_IN.iter().filter(|(name, _)| is_wanted(name)) {
        for key in keys.iter().copied() {
            if !all.contains(&key) {
                all.push(key);
            }
        }
    }
    all
}

/// What to do about a key that its table does not know.
pub(super) fn advice(unknown: &str, known: &[&str]) -> String {
    if let Some(near) = nearest(unknown, known.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    // A key of a sign-in, told to another sign-in, is about its method.
    let method = SIGN_IN.iter().find(|(_, keys)| keys.contains(&unknown)).map(|(name, _)| *name);
    let home = TABLES.iter().find(|(_, keys)| keys.contains(&unknown)).map(|(place, _)| *place);
    match (home, method) {
        (_, Some(method)) if known.contains(&"method") => {
            format!("`{unknown}` belongs to `method = \"{method}\"`")
        }
        (Some(place), _) => format!("`{unknown}` belongs {place}"),
        (None, Some(_)) => format!("`{unknown}` belongs in `[tenant.sign_in]`"),
        (None, None) => format!("the keys here are: {}", known.join(", ")),
    }
}
