//! Microsoft's own service principals, which every tenant has from the start, with the
//! permissions that applications are given on them. Ids are as published (the Graph permissions
//! reference; "App-only authentication in Exchange Online PowerShell") save where a role's id is
//! not: that one follows from its name.

use jiff::Timestamp;
use serde_json::{Map, json};
use uuid::{Uuid, uuid};

use super::derived;
use super::objects::{AppRole, ServicePrincipal};

pub(crate) const EXCHANGE_ONLINE: Uuid = uuid!("00000002-0000-0ff1-ce00-000000000000");
/// What the manifests of GCC High and `DoD` name in place of Exchange Online.
pub(crate) const EXCHANGE_PROTECTION: Uuid = uuid!("00000007-0000-0ff1-ce00-000000000000");
pub(crate) const MICROSOFT_GRAPH: Uuid = uuid!("00000003-0000-0000-c000-000000000000");
/// The tenant that owns all of them.
const MICROSOFT: Uuid = uuid!("f8cdef31-a31e-4b4a-93e4-5f571e91255a");

pub(crate) const MANAGE_AS_APP: &str = "Exchange.ManageAsApp";

type Role = (&'static str, Option<Uuid>, &'static str);

const EXCHANGE_ROLES: [Role; 5] = [
    (
        MANAGE_AS_APP,
        Some(uuid!("dc50a0fb-09a3-484d-be87-e023b12c6440")),
        "Manage Exchange As Application",
    ),
    ("Exchange.ManageAsAppV2", None, "Manage Exchange As Application V2"),
    (
        "full_access_as_app",
        Some(uuid!("dc890d15-9560-4a4c-9b7f-a736ec74ec40")),
        "Use Exchange Web Services with full access to all mailboxes",
    ),
    ("IMAP.AccessAsApp", None, "IMAP.AccessAsApp"),
    ("SMTP.SendAsApp", None, "Application access for sending emails via SMTP AUTH"),
];

const PROTECTION_ROLES: [Role; 1] = [(
    MANAGE_AS_APP,
    Some(uuid!("455e5cd2-84e8-4751-8344-5672145dfa17")),
    "Manage Exchange As Application",
)];

const GRAPH_ROLES: [Role; 15] = [
    (
        "Application.Read.All",
        Some(uuid!("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30")),
        "Read all applications",
    ),
    (
        "Application.ReadWrite.All",
        Some(uuid!("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9")),
        "Read and write all applications",
    ),
    (
        "Application.ReadWrite.OwnedBy",
        Some(uuid!("18a4783c-866b-4cc7-a460-3d5e5662c884")),
        "Manage apps that this app creates or owns",
    ),
    (
        "AppRoleAssignment.ReadWrite.All",
        Some(uuid!("06b708a9-e830-4db3-a914-8e69da51d44f")),
        "Manage app permission grants and app role assignments",
    ),
    (
        "AuditLog.Read.All",
        Some(uuid!("b0afded3-3588-46d8-8b3d-9842eff778da")),
        "Read all audit log data",
    ),
    (
        "Directory.Read.All",
        Some(uuid!("7ab1d382-f21e-4acd-a863-ba3e13f7da61")),
        "Read directory data",
    ),
    (
        "Directory.ReadWrite.All",
        Some(uuid!("19dbc75e-c2e2-444c-a770-ec69d8559fc7")),
        "Read and write directory data",
    ),
    (
        "Mail.Read",
        Some(uuid!("810c84a8-4a9e-49e6-bf7d-12d183f40d01")),
        "Read mail in all mailboxes",
    ),
    (
        "Organization.Read.All",
        Some(uuid!("498476ce-e0fe-48b0-b801-37ba7e2685c6")),
        "Read organization information",
    ),
    (
        "RoleManagement.Read.All",
        Some(uuid!("c7fbd983-d9aa-4fa7-84b8-17382c103bc4")),
        "Read role management data for all RBAC providers",
    ),
    (
        "RoleManagement.Read.Directory",
        Some(uuid!("483bed4a-2ad3-4361-a73b-c83ccdbdc53c")),
        "Read all directory RBAC settings",
    ),
    (
        "RoleManagement.Read.Exchange",
        Some(uuid!("c769435f-f061-4d0b-8ff1-3d39870e5f85")),
        "Read Exchange Online RBAC configuration",
    ),
    (
        "RoleManagement.ReadWrite.Directory",
        Some(uuid!("9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8")),
        "Read and write all directory RBAC settings",
    ),
    (
        "RoleManagement.ReadWrite.Exchange",
        Some(uuid!("025d3225-3f02-4882-b4c0-cd5b541a4e80")),
        "Read and write Exchange Online RBAC configuration",
    ),
    (
        "User.Read.All",
        Some(uuid!("df021288-bdef-4463-88db-98f22de89214")),
        "Read all users' full profiles",
    ),
];

/// All of them, as they are in a tenant.
pub(crate) fn service_principals(tenant_id: Uuid) -> [ServicePrincipal; 3] {
    [
        principal(tenant_id, EXCHANGE_ONLINE, "Office 365 Exchange Online", &EXCHANGE_ROLES),
        principal(tenant_id, MICROSOFT_GRAPH, "Microsoft Graph", &GRAPH_ROLES),
        principal(
            tenant_id,
            EXCHANGE_PROTECTION,
            "Office 365 Exchange Online Protection",
            &PROTECTION_ROLES,
        ),
    ]
}

fn principal(tenant_id: Uuid, app_id: Uuid, name: &str, roles: &[Role]) -> ServicePrincipal {
    let app_role = |(value, id, display_name): &Role| AppRole {
        id: id.unwrap_or_else(|| derived(app_id, value)),
        value: (*value).to_owned(),
        display_name: (*display_name).to_owned(),
    };
    let mut properties = Map::new();
    properties.insert("servicePrincipalNames".into(), json!([app_id.to_string()]));
    ServicePrincipal {
        id: derived(tenant_id, &format!("service principal/{app_id}")),
        app_id,
        display_name: name.to_owned(),
        owner_organization: MICROSOFT,
        account_enabled: true,
        created: Timestamp::UNIX_EPOCH,
        owners: Vec::new(),
        app_roles: roles.iter().map(app_role).collect(),
        properties,
    }
}
