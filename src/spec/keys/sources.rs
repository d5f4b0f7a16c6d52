//! The pages that facts about Microsoft's services come from.

use super::row::Source;

const fn page(title: &'static str, url: &'static str) -> Source {
    Source { title, url }
}

pub(super) const APP_ONLY: Source = page(
    "App-only authentication for unattended scripts",
    "https://learn.microsoft.com/en-us/powershell/exchange/app-only-auth-powershell-v2",
);
pub(super) const APPLICATION: Source = page(
    "application resource type",
    "https://learn.microsoft.com/en-us/graph/api/resources/application",
);
pub(super) const APPLICATION_POLICY: Source = page(
    "application authentication method policy",
    "https://learn.microsoft.com/en-us/graph/api/resources/applicationauthenticationmethodpolicy",
);
pub(super) const ENTRA_ROLES: Source = page(
    "Microsoft Entra built-in roles",
    "https://learn.microsoft.com/en-us/entra/identity/role-based-access-control/permissions-reference",
);
pub(super) const ERROR_CODES: Source = page(
    "Microsoft Entra authentication and authorization error codes",
    "https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes",
);
pub(super) const FEDERATED: Source = page(
    "Overview of federated identity credentials",
    "https://learn.microsoft.com/en-us/graph/api/resources/federatedidentitycredentials-overview",
);
pub(super) const MAILBOX_AUDITING: Source =
    page("Manage mailbox auditing", "https://learn.microsoft.com/en-us/purview/audit-mailboxes");
pub(super) const NATIONAL_CLOUDS: Source = page(
    "Microsoft identity platform and national clouds",
    "https://learn.microsoft.com/en-us/entra/identity-platform/authentication-national-cloud",
);
pub(super) const ROLE_ASSIGNMENT: Source = page(
    "Create unifiedRoleAssignment",
    "https://learn.microsoft.com/en-us/graph/api/rbacapplication-post-roleassignments?view=graph-rest-beta",
);
pub(super) const SET_MAILBOX: Source =
    page("Set-Mailbox", "https://learn.microsoft.com/en-us/powershell/module/exchange/set-mailbox");
pub(super) const TURN_AUDITING: Source = page(
    "Turn auditing on or off",
    "https://learn.microsoft.com/en-us/purview/audit-log-enable-disable",
);
pub(super) const WORKLOAD_IDENTITY: Source = page(
    "WorkloadIdentityCredential",
    "https://learn.microsoft.com/en-us/python/api/azure-identity/azure.identity.workloadidentitycredential",
);
