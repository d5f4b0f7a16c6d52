//! The least permissions and roles with which a spec can be planned and applied. A desired state
//! goes in; needs come out, each with the resources that cause it and the page that says so.
//!
//! A permission to write holds the one to read the same thing, so for applying the latter is not
//! named again. Sources: Microsoft Graph's reference of each request; "App-only authentication for
//! unattended scripts"; "Permissions in Exchange Online".

use super::{ApplicationSettings, DesiredState, Endpoint, Ensure, SignIn};
use crate::resource::{Address, Kind};

/// The service that defines the permissions whose consent takes more than others'.
const GRAPH: uuid::Uuid = uuid::uuid!("00000003-0000-0000-c000-000000000000");

const APPLICATIONS: &str = "Microsoft Graph, \"Upsert application\"";
const CONSENTS: &str = "Microsoft Graph, \"Grant an appRoleAssignment to a service principal\"";
const DIRECTORY_ROLES: &str = "Microsoft Graph, \"Create unifiedRoleAssignment\"";
const EXCHANGE_ROLES: &str = "Microsoft Graph beta, \"Create unifiedRoleAssignment\"";
const USERS: &str = "Microsoft Graph, \"Get a user\"";
const APP_ONLY: &str = "Microsoft, \"App-only authentication for unattended scripts\"";
const AUDIT_LOG: &str = "Microsoft, \"Turn auditing on or off\"";
const EXCHANGE: &str = "Microsoft, \"Permissions in Exchange Online\"";

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

fn has_consents(application: &ApplicationSettings) -> bool {
    let grants = application.admin_consent && !application.api_permissions.is_empty();
    is_present(application) && (grants || application.exclusive)
}

fn has_directory_roles(application: &ApplicationSettings) -> bool {
    is_present(application) && (!application.directory_roles.is_empty() || application.exclusive)
}

fn has_exchange_roles(application: &ApplicationSettings) -> bool {
    is_present(application) && !application.exchange_roles.is_empty()
}

fn has_named_owners(application: &ApplicationSettings) -> bool {
    is_present(application) && application.owners.iter().any(|owner| owner.value.contains('@'))
}

fn grants_graph(application: &ApplicationSettings) -> bool {
    has_consents(application) && application.api_permissions.iter().any(|one| one.resource == GRAPH)
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
        graph(
            "User.Read.All",
            "looks up the owners of",
            applications(desired, has_named_owners),
            USERS,
        ),
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
            applications(desired, has_consents),
            CONSENTS,
        ),
        graph(
            "RoleManagement.ReadWrite.Directory",
            "gives directory roles to",
            applications(desired, has_directory_roles),
            DIRECTORY_ROLES,
        ),
        graph(
            "RoleManagement.ReadWrite.Exchange",
            "gives Exchange roles to",
            applications(desired, has_exchange_roles),
            EXCHANGE_ROLES,
        ),
        graph(
            "User.Read.All",
            "looks up the owners of",
            applications(desired, has_named_owners),
            USERS,
        ),
    ];
    if may_be_person {
        needs.extend(person_roles(desired));
    }
    needs.into_iter().flatten().collect()
}

/// What a person has to be, beside the scopes. Consent to permissions of Microsoft Graph takes the
/// same role as giving directory roles.
fn person_roles(desired: &DesiredState) -> [Option<Need>; 3] {
    let role =
        |name, purpose, reasons, source| need(NeedKind::PersonRole, name, purpose, reasons, source);
    let is_privileged = |one: &ApplicationSettings| has_directory_roles(one) || grants_graph(one);
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
            "Exchange Administrator",
            "gives Exchange roles to",
            applications(desired, has_exchange_roles),
            EXCHANGE_ROLES,
        ),
    ]
}

/// The resources of Exchange that a spec manages.
struct Managed {
    audit_log: Vec<Address>,
    organization: Vec<Address>,
    policies: Vec<Address>,
    /// Policies that depend on the organisation's own switch.
    switched: Vec<Address>,
}

impl Managed {
    fn of(desired: &DesiredState) -> Self {
        let single = |is_managed: bool, kind| {
            is_managed.then(|| Address::singleton(kind)).into_iter().collect::<Vec<_>>()
        };
        let named = |all: bool| {
            let wanted = desired.policies.iter().filter(|one| all || one.enabled.is_some());
            wanted.map(|policy| Address::policy(&policy.name)).collect::<Vec<_>>()
        };
        Self {
            audit_log: single(desired.unified_audit_log.is_some(), Kind::UnifiedAuditLog),
            organization: single(desired.mailbox_auditing.is_some(), Kind::Organization),
            policies: named(true),
            switched: named(false),
        }
    }

    fn all(&self) -> Vec<Address> {
        [&self.audit_log, &self.organization, &self.policies]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

fn exchange_role(
    name: &'static str,
    purpose: &'static str,
    reasons: Vec<Address>,
    source: &'static str,
) -> Option<Need> {
    need(NeedKind::ExchangeRole, name, purpose, reasons, source)
}

fn opens_exchange(managed: &Managed, may_be_application: bool) -> Option<Need> {
    let name = "Exchange.ManageAsApp";
    let kind = NeedKind::ExchangePermission;
    need(kind, name, "lets an application in, for", managed.all(), APP_ONLY)
        .filter(|_| may_be_application)
}

fn exchange_reads(desired: &DesiredState, may_be_application: bool) -> Vec<Need> {
    let managed = Managed::of(desired);
    // Whether the organisation was ever customised is read wherever a switch is.
    let configuration = [&managed.audit_log[..], &managed.organization, &managed.switched].concat();
    let needs = [
        opens_exchange(&managed, may_be_application),
        exchange_role("View-Only Audit Logs", "reads", managed.audit_log.clone(), AUDIT_LOG),
        exchange_role("View-Only Configuration", "reads what decides on", configuration, EXCHANGE),
        exchange_role("View-Only Recipients", "reads", managed.policies.clone(), EXCHANGE),
        need(NeedKind::InsteadOfExchangeRoles, "Global Reader", "reads", managed.all(), APP_ONLY),
    ];
    needs.into_iter().flatten().collect()
}

fn exchange_writes(desired: &DesiredState, may_be_application: bool) -> Vec<Need> {
    let managed = Managed::of(desired);
    let customises = managed.organization.is_empty().then(|| managed.audit_log.clone());
    let configures = !(managed.organization.is_empty() && managed.audit_log.is_empty());
    let read_only = if configures { Vec::new() } else { managed.switched.clone() };
    let needs = [
        opens_exchange(&managed, may_be_application),
        exchange_role("Audit Logs", "sets", managed.audit_log.clone(), AUDIT_LOG),
        exchange_role("Organization Configuration", "sets", managed.organization.clone(), EXCHANGE),
        // `Enable-OrganizationCustomization`, where nothing was ever customised.
        exchange_role(
            "Organization Configuration",
            "may have to customise the organisation for",
            customises.unwrap_or_default(),
            EXCHANGE,
        ),
        exchange_role("View-Only Configuration", "reads what decides on", read_only, EXCHANGE),
        exchange_role("Mail Recipients", "sets", managed.policies.clone(), EXCHANGE),
        need(
            NeedKind::InsteadOfExchangeRoles,
            "Exchange Administrator",
            "sets",
            managed.all(),
            APP_ONLY,
        ),
    ];
    needs.into_iter().flatten().collect()
}
