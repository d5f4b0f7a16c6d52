//! The least permissions and roles with which a spec can be planned and applied. A desired state
//! goes in; needs come out, each with the resources that cause it and the page that says so.
//!
//! A permission to write holds the one to read the same thing, so for applying the latter is not
//! named again. Sources: Microsoft Graph's reference of each request; "App-only authentication for
//! unattended scripts"; "Permissions in Exchange Online".

mod exchange;

use exchange::{exchange_reads, exchange_writes};

use super::{ApplicationSettings, DesiredState, Endpoint, Ensure, SignIn};
use crate::resource::{Address, Kind};

/// The service that defines the permissions whose consent takes more than others'.
const GRAPH: uuid::Uuid = uuid::uuid!("00000003-0000-0000-c000-000000000000");

const APPLICATIONS: &str = "Microsoft Graph, \"Upsert application\"";
const CONSENTS: &str = "Microsoft Graph, \"Grant an appRoleAssignment to a service principal\"";
const DIRECTORY_ROLES: &str = "Microsoft Graph, \"Create unifiedRoleAssignment\"";
const EXCHANGE_ROLES: &str = "Microsoft Graph beta, \"Create unifiedRoleAssignment\"";
const USERS: &str = "Microsoft Graph, \"Get a user\"";

/// What a spec needs, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirements {
    /// Who works in Entra, as the spec calls it.
    pub entra: String,
    /// Who works in Exchange, as the spec calls it.
    pub exchange: String,
    /// For `plan`.
    pub planning: Vec<Need>,
    /// For `apply`, reading included.
    pub applying: Vec<Need>,
}

/// A permission or a role that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What it is.
    pub kind: NeedKind,
    /// Its name, as the service has it.
    pub name: &'static str,
    /// What it is for, in words that the reasons follow.
    pub purpose: &'static str,
    /// The resources that cause it.
    pub reasons: Vec<Address>,
    /// Where Microsoft says so.
    pub source: &'static str,
    /// It belongs to an interface that Microsoft may change.
    pub is_beta: bool,
}

/// What kind of need it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeedKind {
    /// A permission of Microsoft Graph: an application's, or a scope of the same name.
    GraphPermission,
    /// A directory role that a person has to have beside the scopes.
    PersonRole,
    /// An application permission of Exchange Online.
    ExchangePermission,
    /// A management role of Exchange.
    ExchangeRole,
    /// A directory role that holds all of the Exchange roles, to have instead of them.
    InsteadOfExchangeRoles,
}

/// Works out what a spec needs.
pub fn requirements(desired: &DesiredState) -> Requirements {
    let tenant = &desired.tenant;
    let sign_in = signer(tenant.sign_in.as_ref(), "[tenant.sign_in]", &tenant.endpoint);
    let entra = match &tenant.bootstrap {
        Some(bootstrap) => signer(Some(bootstrap), "[tenant.bootstrap]", &tenant.endpoint),
        None => sign_in.clone(),
    };
    let mut planning = entra_reads(desired, entra.may_be_person);
    planning.extend(exchange_reads(desired, sign_in.may_be_application));
    let mut applying = entra_writes(desired, entra.may_be_person);
    applying.extend(exchange_writes(desired, sign_in.may_be_application));
    Requirements { entra: entra.name, exchange: sign_in.name, planning, applying }
}

/// An identity, and what it may turn out to be.
#[derive(Clone)]
struct Signer {
    name: String,
    may_be_person: bool,
    may_be_application: bool,
}

fn signer(sign_in: Option<&SignIn>, table: &str, endpoint: &Endpoint) -> Signer {
    let of = |name: String, may_be_person, may_be_application| Signer {
        name,
        may_be_person,
        may_be_application,
    };
    match sign_in {
        Some(SignIn::Application(name)) => {
            of(Address::named(Kind::Application, &name.value).to_string(), false, true)
        }
        Some(SignIn::DeviceCode(_)) => of(table.to_owned(), true, false),
        Some(SignIn::AzureCli(_) | SignIn::Environment(_)) => of(table.to_owned(), true, true),
        None if *endpoint == Endpoint::Embedded => {
            of("the embedded tenant's own application".to_owned(), false, true)
        }
        _ => of(table.to_owned(), false, true),
    }
}

fn address(application: &ApplicationSettings) -> Address {
    Address::named(Kind::Application, &application.name)
}

/// The addresses of the applications of which something holds.
fn applications(
    desired: &DesiredState,
    holds: impl Fn(&ApplicationSettings) -> bool,
) -> Vec<Address> {
    desired.applications.iter().filter(|one| holds(one)).map(address).collect()
}

fn is_present(application: &ApplicationSettings) -> bool {
    application.ensure == Ensure::Present
}

/// Whether what the spec does not name is taken away: consents and roles go one by one, before the
/// application itself, so that each is shown.
fn takes_away(application: &ApplicationSettings) -> bool {
    !is_present(application) || application.exclusive
}

fn gives_consents(application: &ApplicationSettings) -> bool {
    is_present(application) && application.admin_consent && !application.api_permissions.is_empty()
}

fn gives_directory_roles(application: &ApplicationSettings) -> bool {
    is_present(application) && !application.directory_roles.is_empty()
}

fn gives_exchange_roles(application: &ApplicationSettings) -> bool {
    is_present(application) && !application.exchange_roles.is_empty()
}

fn has_directory_roles(application: &ApplicationSettings) -> bool {
    gives_directory_roles(application) || takes_away(application)
}

fn has_exchange_roles(application: &ApplicationSettings) -> bool {
    gives_exchange_roles(application) || takes_away(application)
}

fn has_owners(application: &ApplicationSettings) -> bool {
    is_present(application) && !application.owners.is_empty()
}

fn grants_graph(application: &ApplicationSettings) -> bool {
    gives_consents(application)
        && application.api_permissions.iter().any(|one| one.resource == GRAPH)
}

/// Where giving and taking away need the same, the former is named alone.
fn only_takes(
    application: &ApplicationSettings,
    gives: impl Fn(&ApplicationSettings) -> bool,
) -> bool {
    takes_away(application) && !gives(application)
}

/// A need, where something causes it.
fn need(
    kind: NeedKind,
    name: &'static str,
    purpose: &'static str,
    reasons: Vec<Address>,
    source: &'static str,
) -> Option<Need> {
    let is_beta = source == EXCHANGE_ROLES;
    (!reasons.is_empty()).then_some(Need { kind, name, purpose, reasons, source, is_beta })
}

fn entra_reads(desired: &DesiredState, may_be_person: bool) -> Vec<Need> {
    let graph = |name, purpose, reasons, source| {
        need(NeedKind::GraphPermission, name, purpose, reasons, source)
    };
    let mut needs = vec![
        graph("Application.Read.All", "reads", applications(desired, |_| true), APPLICATIONS),
        graph(
            "RoleManagement.Read.Directory",
            "reads the directory roles of",
            applications(desired, has_directory_roles),
            DIRECTORY_ROLES,
        ),
        graph(
            "RoleManagement.Read.Exchange",
            "reads the Exchange roles of",
            applications(desired, has_exchange_roles),
            EXCHANGE_ROLES,
        ),
        graph("User.Read.All", "looks up the owners of", applications(desired, has_owners), USERS),
    ];
    if may_be_person {
        // Any member may read applications.
        needs.push(need(
            NeedKind::PersonRole,
            "Directory Readers",
            "reads the directory roles of",
            applications(desired, has_directory_roles),
            DIRECTORY_ROLES,
        ));
        needs.push(need(
            NeedKind::PersonRole,
            "Global Reader",
            "reads the Exchange roles of",
            applications(desired, has_exchange_roles),
            EXCHANGE_ROLES,
        ));
    }
    needs.into_iter().flatten().collect()
}

fn entra_writes(desired: &DesiredState, may_be_person: bool) -> Vec<Need> {
    let graph = |name, purpose, reasons, source| {
        need(NeedKind::GraphPermission, name, purpose, reasons, source)
    };
    let mut needs = vec![
        graph(
            "Application.ReadWrite.All",
            "makes, changes or deletes",
            applications(desired, |_| true),
            APPLICATIONS,
        ),
        graph(
            "AppRoleAssignment.ReadWrite.All",
            "consents to the permissions of",
            applications(desired, gives_consents),
            CONSENTS,
        ),
        graph(
            "AppRoleAssignment.ReadWrite.All",
            "takes back the consents of",
            applications(desired, |one| only_takes(one, gives_consents)),
            CONSENTS,
        ),
        graph(
            "RoleManagement.ReadWrite.Directory",
            "gives directory roles to",
            applications(desired, gives_directory_roles),
            DIRECTORY_ROLES,
        ),
        graph(
            "RoleManagement.ReadWrite.Directory",
            "takes directory roles from",
            applications(desired, |one| only_takes(one, gives_directory_roles)),
            DIRECTORY_ROLES,
        ),
        graph(
            "RoleManagement.ReadWrite.Exchange",
            "gives Exchange roles to",
            applications(desired, gives_exchange_roles),
            EXCHANGE_ROLES,
        ),
        graph(
            "RoleManagement.ReadWrite.Exchange",
            "takes Exchange roles from",
            applications(desired, |one| only_takes(one, gives_exchange_roles)),
            EXCHANGE_ROLES,
        ),
        graph("User.Read.All", "looks up the owners of", applications(desired, has_owners), USERS),
    ];
    if may_be_person {
        needs.extend(person_roles(desired));
    }
    needs.into_iter().flatten().collect()
}

/// What a person has to be, beside the scopes. Consent to permissions of Microsoft Graph takes the
/// same role as giving directory roles.
fn person_roles(desired: &DesiredState) -> [Option<Need>; 5] {
    let role =
        |name, purpose, reasons, source| need(NeedKind::PersonRole, name, purpose, reasons, source);
    let is_privileged = |one: &ApplicationSettings| gives_directory_roles(one) || grants_graph(one);
    [
        role(
            "Cloud Application Administrator",
            "makes, changes or deletes",
            applications(desired, |_| true),
            CONSENTS,
        ),
        role(
            "Privileged Role Administrator",
            "gives directory roles or Microsoft Graph permissions to",
            applications(desired, is_privileged),
            DIRECTORY_ROLES,
        ),
        role(
            "Privileged Role Administrator",
            "takes directory roles from",
            applications(desired, |one| only_takes(one, is_privileged)),
            DIRECTORY_ROLES,
        ),
        role(
            "Exchange Administrator",
            "gives Exchange roles to",
            applications(desired, gives_exchange_roles),
            EXCHANGE_ROLES,
        ),
        role(
            "Exchange Administrator",
            "takes Exchange roles from",
            applications(desired, |one| only_takes(one, gives_exchange_roles)),
            EXCHANGE_ROLES,
        ),
    ]
}
