//! `X-AnchorMailbox`: the hint that decides which server a request lands on. A header and a tenant
//! go in; what it points at comes out. Reads are served wherever they land; writes to a mailbox are
//! not (CIPP moved to one anchored request per mailbox for that).

use uuid::Uuid;

use crate::emulator::directory::Row;
use crate::emulator::tenant::Tenant;

/// Where a request lands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Mailbox(Row),
    /// The arbitration mailbox that holds the admin audit log configuration.
    AuditLogConfig,
    /// Anything else, nothing at all included.
    Organization,
}

/// The same in every tenant (CIPP: only for Set-AdminAuditLogConfig).
const AUDIT_LOG_MAILBOX: &str = "SystemMailbox{8cc370d3-822a-4ab8-a926-bb94bd0641a9}";

pub(crate) fn resolve(anchor: Option<&str>, tenant: &Tenant) -> Anchor {
    let Some(anchor) = anchor.map(str::trim) else {
        return Anchor::Organization;
    };
    let (kind, value) = match anchor.split_once(':') {
        Some((kind, value)) => (kind.to_ascii_uppercase(), value.trim()),
        // CIPP also sends a bare UPN.
        None => ("UPN".to_owned(), anchor),
    };
    let directory = &tenant.directory;
    let row = match kind.as_str() {
        "UPN" => directory.by_upn(value),
        "SMTP" => directory.by_address(value),
        "MBX" => {
            let (guid, realm) = value.split_once('@').unwrap_or((value, ""));
            let guid = Uuid::try_parse(guid).ok().filter(|_| tenant.is_called(realm));
            guid.and_then(|guid| directory.by_guid(guid))
        }
        "APP" => {
            let known = value.split_once('@').is_some_and(|(mailbox, realm)| {
                mailbox.eq_ignore_ascii_case(AUDIT_LOG_MAILBOX) && tenant.is_called(realm)
            });
            return if known { Anchor::AuditLogConfig } else { Anchor::Organization };
        }
        _ => None,
    };
    row.map_or(Anchor::Organization, Anchor::Mailbox)
}

/// The name of the server that a request with this header lands on. Requests that name no mailbox
/// are spread by their anchor's text, so another anchor is another server.
pub(crate) fn server(anchor: Option<&str>, tenant: &Tenant) -> String {
    match resolve(anchor, tenant) {
        Anchor::Mailbox(row) => tenant.server_of(row),
        Anchor::AuditLogConfig => tenant.server_of_name(AUDIT_LOG_MAILBOX),
        Anchor::Organization => {
            tenant.server_of_name(&anchor.unwrap_or_default().trim().to_ascii_lowercase())
        }
    }
}

/// Where Set-AdminAuditLogConfig has to run.
pub(crate) fn audit_log_server(tenant: &Tenant) -> String {
    tenant.server_of_name(AUDIT_LOG_MAILBOX)
}
