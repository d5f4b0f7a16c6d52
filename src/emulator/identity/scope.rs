//! What a `scope` asks for. An application asks for one resource and `/.default` (client
//! credentials docs); a person is asked to let a program use permissions by name (device code
//! docs). The text goes in; the resource, and for a person the permissions granted, come out.

use super::access_token::Resource;
use super::published::PREAUTHORIZATION;
use super::refusal::Refusal;

/// The scopes of OIDC itself: they belong to no resource.
const OPEN_ID: [&str; 4] = ["openid", "profile", "email", "offline_access"];
/// Names without a resource are Graph's.
const GRAPH: &str = "https://graph.microsoft.com";
const DEFAULT: &str = ".default";

/// What the Azure CLI is preauthorised for on Graph, whatever it asks for.
const AZURE_CLI: [&str; 8] = [
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "AuditLog.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.AccessAsUser.All",
    "Group.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
];

/// Which program a person signs in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// Consent to any permission of Graph.
    GraphTools,
    /// Fixed permissions; Microsoft consents to no others.
    AzureCli,
    /// An application of the tenant.
    Registered,
}

/// What a person lets a program do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Consent {
    pub(crate) resource: Resource,
    /// The resource as it was named.
    pub(crate) audience: String,
    /// Without the resource's name.
    pub(crate) permissions: Vec<String>,
    /// As the answer tells it: in the form in which it was asked for.
    pub(crate) granted: Vec<String>,
    /// Whether who signed in is to be told in a token of its own.
    pub(crate) open_id: bool,
}

/// One resource and `/.default`.
pub(crate) fn of_application<'a>(
    scope: &'a str,
    tenant: &str,
) -> Result<(Resource, &'a str), Refusal> {
    // MSAL adds nothing here, yet OpenID scopes beside the resource are let through by Entra.
    let mut scopes = scope.split_whitespace().filter(|scope| !OPEN_ID.contains(scope));
    let first = scopes.next().ok_or_else(|| Refusal::scope(scope))?;
    if scopes.next().is_some() {
        return Err(Refusal::two_resources(scope));
    }
    let name = first.strip_suffix("/.default").ok_or_else(|| Refusal::scope(scope))?;
    let resource = Resource::named(name).ok_or_else(|| Refusal::unknown_resource(name, tenant))?;
    Ok((resource, name))
}

/// Permissions of one resource, or its `.default`.
pub(crate) fn of_person(scope: &str, tenant: &str, program: Program) -> Result<Consent, Refusal> {
    let (mut open_id, mut asked, mut audience) = (Vec::new(), Vec::new(), None);
    for word in scope.split_whitespace() {
        if OPEN_ID.contains(&word) {
            open_id.push(word);
            continue;
        }
        let (resource, name) = word.rsplit_once('/').unwrap_or((GRAPH, word));
        if audience.is_some_and(|known| known != resource) {
            return Err(Refusal::two_resources(scope));
        }
        if !is_permission(name) {
            return Err(Refusal::scope(word));
        }
        audience = Some(resource);
        asked.push(name);
    }
    let audience = audience.unwrap_or(GRAPH);
    let resource =
        Resource::named(audience).ok_or_else(|| Refusal::unknown_resource(audience, tenant))?;
    if asked.contains(&DEFAULT) && asked.len() > 1 {
        return Err(Refusal::scope(scope));
    }
    let permissions = permissions(&asked, resource, program)?;
    let is_named_in_full = scope.contains(&format!("{audience}/"));
    let shown = |name: &str| {
        if is_named_in_full { format!("{audience}/{name}") } else { name.to_owned() }
    };
    let default = asked.contains(&DEFAULT).then_some(DEFAULT);
    let granted = permissions.iter().map(String::as_str).chain(default).map(shown);
    // No refresh token is issued here, so that scope is not among the granted ones.
    let beside = open_id.iter().filter(|name| **name != "offline_access");
    Ok(Consent {
        resource,
        audience: audience.to_owned(),
        granted: granted.chain(beside.map(|name| (*name).to_owned())).collect(),
        permissions,
        open_id: open_id.contains(&"openid"),
    })
}

fn permissions(
    asked: &[&str],
    resource: Resource,
    program: Program,
) -> Result<Vec<String>, Refusal> {
    if program != Program::Registered && resource != Resource::Graph {
        return Err(PREAUTHORIZATION.into());
    }
    let is_preauthorized =
        |name: &&str| *name == DEFAULT || AZURE_CLI.iter().any(|it| it.eq_ignore_ascii_case(name));
    let names: &[&str] = match (program, resource) {
        (Program::AzureCli, _) if asked.iter().all(is_preauthorized) => &AZURE_CLI,
        (Program::AzureCli, _) => return Err(PREAUTHORIZATION.into()),
        _ if !asked.contains(&DEFAULT) => asked,
        (_, Resource::Graph) => &["User.Read"],
        (_, Resource::Exchange) => &["Exchange.Manage"],
    };
    Ok(names.iter().map(|name| (*name).to_owned()).collect())
}

/// The form alone: which permissions there are changes by the month.
fn is_permission(name: &str) -> bool {
    name == DEFAULT
        || name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}
