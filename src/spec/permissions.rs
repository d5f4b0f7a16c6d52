//! `api_permissions`: application permissions by name, alone or after the service that defines
//! them. A list goes in; permissions come out, each with its service's application id. Whether a
//! service defines a permission is seen by the plan; here only slips of well-known names are found.
//!
//! Identifiers: Microsoft, "App-only authentication for unattended scripts", "Microsoft Graph
//! permissions reference".

use uuid::{Uuid, uuid};

use super::read::{Entry, Reader};
use super::{action_names, lists};
use crate::diagnostic::{Diagnostic, nearest};
use crate::state::{ApiPermission, Cloud};

const EXCHANGE: Uuid = uuid!("00000002-0000-0ff1-ce00-000000000000");
const EXCHANGE_PROTECTION: Uuid = uuid!("00000007-0000-0ff1-ce00-000000000000");
const GRAPH: Uuid = uuid!("00000003-0000-0000-c000-000000000000");

/// Services that can be named. Their display names are the same in every tenant.
const SERVICES: [(&str, Uuid); 3] = [
    ("Office 365 Exchange Online", EXCHANGE),
    ("Microsoft Graph", GRAPH),
    ("Microsoft Exchange Online Protection", EXCHANGE_PROTECTION),
];

/// Permissions of Exchange Online that can be named alone.
const OF_EXCHANGE: [&str; 2] = ["Exchange.ManageAsApp", "Exchange.ManageAsAppV2"];

/// Permissions of Microsoft Graph that can be named alone.
const OF_GRAPH: [&str; 22] = [
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
    "AppRoleAssignment.ReadWrite.All",
    "AuditLog.Read.All",
    "AuditLogsQuery.Read.All",
    "AuditLogsQuery-Exchange.Read.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Group.Read.All",
    "Mail.ReadBasic.All",
    "MailboxSettings.Read",
    "Organization.Read.All",
    "Policy.Read.All",
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.Read.Exchange",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagement.ReadWrite.Exchange",
    "SecurityEvents.Read.All",
    "User.Read.All",
    "User.ReadBasic.All",
];

pub(super) fn read(
    reader: &mut Reader,
    entry: &Entry<'_>,
    cloud: Cloud,
) -> Option<Vec<ApiPermission>> {
    let items = reader.list(entry, "[\"Exchange.ManageAsApp\"]")?;
    lists::distinct(reader, &items, |reader, item| {
        let text = reader.text(item, "Exchange.ManageAsApp")?;
        let (resource, name) = match text.split_once('/') {
            Some((service, name)) => (service_of(reader, item, service.trim())?, name.trim()),
            None => alone(reader, item, text.trim(), cloud)?,
        };
        if name.is_empty() || name.contains(['/', ' ']) {
            unknown(reader, item, text, "write `SERVICE/PERMISSION`, or a well-known name alone");
            return None;
        }
        let permission = ApiPermission { resource, name: name.to_owned(), span: item.span };
        Some((shown(&permission), permission))
    })
}

/// A permission as a spec names it, with its service where that is not Exchange.
fn shown(permission: &ApiPermission) -> String {
    let service = SERVICES.iter().find(|(_, id)| *id == permission.resource);
    match service {
        Some((_, id)) if *id == EXCHANGE => permission.name.clone(),
        Some((service, _)) => format!("{service}/{}", permission.name),
        None => format!("{}/{}", permission.resource, permission.name),
    }
}

fn service_of(reader: &mut Reader, item: &Entry<'_>, service: &str) -> Option<Uuid> {
    let known = SERVICES.iter().find(|(name, _)| name.eq_ignore_ascii_case(service));
    let given = Uuid::try_parse(service).ok().filter(|id| !id.is_nil());
    if let Some(id) = known.map(|(_, id)| *id).or(given) {
        return Some(id);
    }
    let names = || SERVICES.iter().map(|(name, _)| *name);
    let also = match service.to_ascii_lowercase().as_str() {
        "graph" => Some("Microsoft Graph"),
        "exchange" | "exchange online" => Some("Office 365 Exchange Online"),
        _ => None,
    };
    let help = match also.or_else(|| nearest(service, names())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write the application id of the service in its place, from Enterprise \
                 applications\nwith the filter `Microsoft Applications`"
            .to_owned(),
    };
    reader.report(
        Diagnostic::error("unknown-service", format!("no service `{service}` is known by name"))
            .at(item.span, "")
            .note(format!("by name there are: {}", names().collect::<Vec<_>>().join(", ")))
            .help(help),
    );
    None
}

/// A name without a service is Exchange Online's, unless Microsoft Graph is known to have it. In
/// the American government clouds `Exchange.ManageAsApp` is another service's.
fn alone<'t>(
    reader: &mut Reader,
    item: &Entry<'_>,
    name: &'t str,
    cloud: Cloud,
) -> Option<(Uuid, &'t str)> {
    let exchange = match cloud {
        Cloud::UsGovHigh | Cloud::UsGovDod => EXCHANGE_PROTECTION,
        Cloud::Worldwide | Cloud::China => EXCHANGE,
    };
    let same = |known: &&&str| known.eq_ignore_ascii_case(name);
    let found = OF_EXCHANGE.iter().find(same).map(|known| (exchange, *known));
    let found = found.or_else(|| OF_GRAPH.iter().find(same).map(|known| (GRAPH, *known)));
    if let Some((service, known)) = found {
        action_names::letter_case(reader, item, name, known);
        return Some((service, known));
    }
    match nearest(name, OF_EXCHANGE.into_iter().chain(OF_GRAPH)) {
        Some(near) => {
            unknown(reader, item, name, &format!("did you mean `{near}`?"));
            None
        }
        None => Some((EXCHANGE, name)),
    }
}

fn unknown(reader: &mut Reader, item: &Entry<'_>, name: &str, help: &str) {
    reader.report(
        Diagnostic::error("unknown-permission", format!("`{name}` is not a known permission"))
            .at(item.span, "")
            .help(help)
            .help(
                "a permission that is less known is named with its service: `Microsoft Graph/NAME`",
            ),
    );
}
