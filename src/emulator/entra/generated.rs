//! The directory as a tenant begins: Microsoft's own service principals, one administrator, and
//! the application that the emulator makes for its user, an ordinary one with a certificate,
//! consented permissions and a role. A seed may add applications without any.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, json};
use uuid::Uuid;

use super::certificate::RegisteredCertificate;
use super::derived;
use super::first_party::{self, EXCHANGE_ONLINE, MANAGE_AS_APP, MICROSOFT_GRAPH};
use super::objects::{
    AppRoleAssignment, Application, Binary, FederatedCredential, KeyCredential, RoleAssignment,
    ServicePrincipal, User,
};
use super::roles::EXCHANGE_ADMINISTRATOR;
use super::snapshot::{Entry, Snapshot};
use crate::emulator::seed::{ApplicationSeed, SignInSeed};

const NAME: &str = "Auditform";
/// 2024-01-01: before any clock that judges it.
const CREATED: i64 = 1_704_067_200;

/// What building an identity chain takes.
const GRAPH_PERMISSIONS: [&str; 5] = [
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagement.ReadWrite.Exchange",
    "Directory.Read.All",
];

/// The ids of the generated application; the same tenant always has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "as Entra calls them")]
pub(crate) struct Generated {
    pub(crate) application_id: Uuid,
    pub(crate) client_id: Uuid,
    /// Of its service principal.
    pub(crate) object_id: Uuid,
    pub(crate) key_id: Uuid,
}

impl Generated {
    pub(crate) fn of(tenant_id: Uuid) -> Self {
        Self {
            application_id: derived(tenant_id, "application object"),
            client_id: derived(tenant_id, "application"),
            object_id: derived(tenant_id, "service principal"),
            key_id: derived(tenant_id, "key credential"),
        }
    }
}

/// What a directory begins with.
#[derive(Clone, Debug)]
pub(crate) struct Beginning<'a> {
    pub(crate) tenant_id: Uuid,
    /// Registered on the generated application.
    pub(crate) certificate: &'a RegisteredCertificate,
    /// Without the Exchange side: neither its permission nor a role.
    pub(crate) bootstrap_only: bool,
    pub(crate) sign_in: &'a SignInSeed,
    pub(crate) applications: &'a [ApplicationSeed],
}

/// The one who administers a tenant.
pub(crate) fn administrator(tenant_id: Uuid, organization: &str) -> User {
    User {
        id: derived(tenant_id, "administrator"),
        display_name: "Tenant Administrator".to_owned(),
        user_principal_name: format!("admin@{organization}"),
    }
}

impl Beginning<'_> {
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut all = Snapshot::empty(self.tenant_id);
        for principal in first_party::service_principals(self.tenant_id) {
            all.put(Entry::ServicePrincipal(Box::new(principal)));
        }
        let ids = Generated::of(self.tenant_id);
        all.put(Entry::Application(Box::new(self.application(ids))));
        all.put(Entry::ServicePrincipal(Box::new(self.service_principal(ids))));
        for permission in GRAPH_PERMISSIONS {
            grant(&mut all, ids.object_id, MICROSOFT_GRAPH, permission);
        }
        let administrator = administrator(self.tenant_id, "").id;
        let held = self.sign_in.roles.iter();
        let mut roles: Vec<_> = held.map(|role| (administrator, *role)).collect();
        if !self.bootstrap_only {
            grant(&mut all, ids.object_id, EXCHANGE_ONLINE, MANAGE_AS_APP);
            roles.push((ids.object_id, EXCHANGE_ADMINISTRATOR.template_id));
        }
        for (principal, role) in roles {
            let assignment = role_assignment(principal, role, "/");
            all.put(Entry::RoleAssignment(assignment));
        }
        for seed in self.applications {
            let application = seeded(&all, seed);
            all.put(Entry::Application(Box::new(application)));
        }
        all
    }

    fn application(&self, ids: Generated) -> Application {
        let certificate = self.certificate;
        let moment = |seconds| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        let credential = KeyCredential {
            key_id: ids.key_id,
            custom_key_identifier: certificate.thumbprint(),
            display_name: Some("CN=Auditform embedded tenant".to_owned()),
            kind: "AsymmetricX509Cert".to_owned(),
            usage: "Verify".to_owned(),
            start: moment(certificate.not_before),
            end: moment(certificate.not_after),
            der: Binary(certificate.der.clone()),
        };
        let trusted = self.sign_in.trusted.iter().enumerate();
        let federated_credentials = trusted.map(|(number, trust)| FederatedCredential {
            id: derived(self.tenant_id, &format!("federated credential/{number}")),
            name: format!("seed-{}", number + 1),
            issuer: trust.issuer.clone(),
            subject: trust.subject.clone(),
            audiences: vec![trust.audience.clone()],
            description: None,
        });
        Application {
            key_credentials: vec![credential],
            federated_credentials: federated_credentials.collect(),
            ..application(ids.application_id, ids.client_id, NAME, None)
        }
    }

    fn service_principal(&self, ids: Generated) -> ServicePrincipal {
        let mut properties = Map::new();
        properties.insert("servicePrincipalNames".into(), json!([ids.client_id.to_string()]));
        ServicePrincipal {
            id: ids.object_id,
            app_id: ids.client_id,
            display_name: NAME.to_owned(),
            owner_organization: self.tenant_id,
            account_enabled: true,
            created: Timestamp::from_second(CREATED).unwrap_or_default(),
            owners: Vec::new(),
            app_roles: Vec::new(),
            properties,
        }
    }
}

fn application(id: Uuid, app_id: Uuid, name: &str, unique_name: Option<String>) -> Application {
    Application {
        id,
        app_id,
        display_name: name.to_owned(),
        unique_name,
        created: Timestamp::from_second(CREATED).unwrap_or_default(),
        disabled: false,
        owners: Vec::new(),
        key_credentials: Vec::new(),
        federated_credentials: Vec::new(),
        properties: Map::new(),
    }
}

fn seeded(all: &Snapshot, seed: &ApplicationSeed) -> Application {
    let name = seed.unique_name.as_deref().unwrap_or(&seed.display_name);
    let (id, app_id) = (all.fresh_id("application", name), all.fresh_id("client", name));
    application(id, app_id, &seed.display_name, seed.unique_name.clone())
}

fn grant(all: &mut Snapshot, principal_id: Uuid, resource: Uuid, permission: &str) {
    let found = all.service_principal_of(resource).and_then(|resource| {
        let role = resource.app_roles.iter().find(|role| role.value == permission)?;
        Some((resource.id, role.id))
    });
    if let Some((resource_id, app_role_id)) = found {
        all.put(Entry::AppRoleAssignment(AppRoleAssignment {
            id: grant_id(principal_id, resource_id, app_role_id),
            app_role_id,
            principal_id,
            resource_id,
            created: Timestamp::from_second(CREATED).unwrap_or_default(),
        }));
    }
}

/// Opaque: the principal and a digest, in base64url as Graph writes it.
pub(crate) fn grant_id(principal_id: Uuid, resource_id: Uuid, app_role_id: Uuid) -> String {
    let digest = Uuid::new_v5(&resource_id, app_role_id.as_bytes());
    let bytes = [principal_id.to_bytes_le(), digest.into_bytes()].concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The id follows from the role, the principal and the scope, as Entra's do.
pub(crate) fn role_assignment(principal_id: Uuid, role: Uuid, scope: &str) -> RoleAssignment {
    let mut bytes = [role.to_bytes_le(), principal_id.to_bytes_le()].concat();
    if scope != "/" {
        bytes.extend(Uuid::new_v5(&principal_id, scope.as_bytes()).into_bytes());
    }
    RoleAssignment {
        id: format!("{}-1", URL_SAFE_NO_PAD.encode(bytes)),
        role_definition_id: role,
        principal_id,
        directory_scope_id: Some(scope.to_owned()),
        app_scope_id: None,
    }
}
