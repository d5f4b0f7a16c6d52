//! The whole directory at one moment. Entries go in, each the state of one object after a change;
//! look-ups come out. It judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::derived;
use super::objects::{AppRoleAssignment, Application, RoleAssignment, ServicePrincipal};

/// What one object is after a change. Entries are what a state file keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// Made, changed or restored.
    Application(Box<Application>),
    ApplicationDeleted(Box<Deleted<Application>>),
    ApplicationPurged(Uuid),
    ServicePrincipal(Box<ServicePrincipal>),
    ServicePrincipalDeleted(Box<Deleted<ServicePrincipal>>),
    ServicePrincipalPurged(Uuid),
    AppRoleAssignment(AppRoleAssignment),
    AppRoleAssignmentRemoved(String),
    RoleAssignment(RoleAssignment),
    RoleAssignmentRemoved(String),
    ExchangeRoleAssignment(RoleAssignment),
    ExchangeRoleAssignmentRemoved(String),
}

/// An object that can be restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deleted<T> {
    pub(crate) at: Timestamp,
    pub(crate) object: T,
}

/// Objects in the order of their ids.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) tenant_id: Uuid,
    pub(crate) applications: BTreeMap<Uuid, Arc<Application>>,
    pub(crate) deleted_applications: BTreeMap<Uuid, Arc<Deleted<Application>>>,
    pub(crate) service_principals: BTreeMap<Uuid, Arc<ServicePrincipal>>,
    pub(crate) deleted_service_principals: BTreeMap<Uuid, Arc<Deleted<ServicePrincipal>>>,
    pub(crate) app_role_assignments: BTreeMap<String, Arc<AppRoleAssignment>>,
    pub(crate) role_assignments: BTreeMap<String, Arc<RoleAssignment>>,
    pub(crate) exchange_role_assignments: BTreeMap<String, Arc<RoleAssignment>>,
    /// Every id that an object ever had: none is given twice.
    used: BTreeSet<Uuid>,
}

impl Snapshot {
    pub(crate) fn empty(tenant_id: Uuid) -> Self {
        Self {
            tenant_id,
            applications: BTreeMap::new(),
            deleted_applications: BTreeMap::new(),
            service_principals: BTreeMap::new(),
            deleted_service_principals: BTreeMap::new(),
            app_role_assignments: BTreeMap::new(),
            role_assignments: BTreeMap::new(),
            exchange_role_assignments: BTreeMap::new(),
            used: BTreeSet::new(),
        }
    }

    pub(crate) fn put(&mut self, entry: Entry) {
        match entry {
            Entry::Application(object) => {
                self.used.extend([object.id, object.app_id]);
                self.used.extend(object.federated_credentials.iter().map(|it| it.id));
                self.used.extend(object.key_credentials.iter().map(|it| it.key_id));
                self.deleted_applications.remove(&object.id);
                self.applications.insert(object.id, Arc::from(object));
            }
            Entry::ApplicationDeleted(object) => {
                self.applications.remove(&object.object.id);
                self.deleted_applications.insert(object.object.id, Arc::from(object));
            }
            Entry::ApplicationPurged(id) => drop(self.deleted_applications.remove(&id)),
            Entry::ServicePrincipal(object) => {
                self.used.insert(object.id);
                self.deleted_service_principals.remove(&object.id);
                self.service_principals.insert(object.id, Arc::from(object));
            }
            Entry::ServicePrincipalDeleted(object) => {
                self.service_principals.remove(&object.object.id);
                self.deleted_service_principals.insert(object.object.id, Arc::from(object));
            }
            Entry::ServicePrincipalPurged(id) => drop(self.deleted_service_principals.remove(&id)),
            Entry::AppRoleAssignment(object) => {
                self.app_role_assignments.insert(object.id.clone(), Arc::new(object));
            }
            Entry::AppRoleAssignmentRemoved(id) => drop(self.app_role_assignments.remove(&id)),
            Entry::RoleAssignment(object) => {
                self.role_assignments.insert(object.id.clone(), Arc::new(object));
            }
            Entry::RoleAssignmentRemoved(id) => drop(self.role_assignments.remove(&id)),
            Entry::ExchangeRoleAssignment(object) => {
                self.exchange_role_assignments.insert(object.id.clone(), Arc::new(object));
            }
            Entry::ExchangeRoleAssignmentRemoved(id) => {
                drop(self.exchange_role_assignments.remove(&id));
            }
        }
    }

    /// An id that follows from the tenant, what is made and its name, so that equal histories give
    /// equal directories; made again after a deletion, an object has another one.
    pub(crate) fn fresh_id(&self, kind: &str, name: &str) -> Uuid {
        let mut ordinal = 0_u32;
        loop {
            let id = derived(self.tenant_id, &format!("{kind}/{ordinal}/{name}"));
            if !self.used.contains(&id) {
                return id;
            }
            ordinal += 1;
        }
    }

    pub(crate) fn application_of(&self, app_id: Uuid) -> Option<&Arc<Application>> {
        self.applications.values().find(|application| application.app_id == app_id)
    }

    pub(crate) fn application_named(&self, unique_name: &str) -> Option<&Arc<Application>> {
        let is_named = |name: &str| name.eq_ignore_ascii_case(unique_name);
        self.applications.values().find(|it| it.unique_name.as_deref().is_some_and(is_named))
    }

    pub(crate) fn service_principal_of(&self, app_id: Uuid) -> Option<&Arc<ServicePrincipal>> {
        self.service_principals.values().find(|principal| principal.app_id == app_id)
    }

    /// The permissions granted to a principal, as the resource's application id and the role's
    /// name.
    pub(crate) fn permissions_of(&self, principal_id: Uuid) -> Vec<(Uuid, String)> {
        let named = |grant: &Arc<AppRoleAssignment>| {
            let resource = self.service_principals.get(&grant.resource_id)?;
            let role = resource.app_roles.iter().find(|role| role.id == grant.app_role_id)?;
            Some((resource.app_id, role.value.clone()))
        };
        let grants = self.app_role_assignments.values();
        let mut granted: Vec<_> =
            grants.filter(|grant| grant.principal_id == principal_id).filter_map(named).collect();
        granted.sort();
        granted
    }

    /// The template ids of the directory roles that a principal holds for the whole tenant.
    pub(crate) fn directory_roles_of(&self, principal_id: Uuid) -> Vec<Uuid> {
        let held = self.role_assignments.values().filter(|held| {
            held.principal_id == principal_id && held.directory_scope_id.as_deref() == Some("/")
        });
        let mut roles: Vec<_> = held.map(|held| held.role_definition_id).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// The names of the management roles that Exchange's provider gave to a principal for the
    /// whole tenant.
    pub(crate) fn management_roles_of(&self, principal_id: Uuid) -> Vec<&'static str> {
        let held = self.exchange_role_assignments.values().filter(|held| {
            held.principal_id == principal_id && held.directory_scope_id.as_deref() == Some("/")
        });
        held.filter_map(|held| super::roles::exchange_role(self.tenant_id, held.role_definition_id))
            .collect()
    }
}
