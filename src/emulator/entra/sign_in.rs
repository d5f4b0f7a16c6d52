//! What the token service knows of an application: whether it is there, what proves that it is
//! itself, and what it may do. All of it is as old as the replica that is asked.

use uuid::Uuid;

use super::certificate::RegisteredCertificate;
use super::first_party::{EXCHANGE_ONLINE, EXCHANGE_PROTECTION, MICROSOFT_GRAPH};
use super::objects::{Application, FederatedCredential, KeyCredential};
use super::snapshot::Snapshot;

/// An application of this tenant.
#[derive(Clone, Debug)]
pub(crate) struct SignInView {
    pub(crate) app_id: Uuid,
    pub(crate) display_name: String,
    pub(crate) disabled: bool,
    /// None: nobody can sign in as it.
    pub(crate) service_principal: Option<PrincipalView>,
    /// Each as long as both it and its credential are valid.
    pub(crate) certificates: Vec<RegisteredCertificate>,
    pub(crate) federated_credentials: Vec<FederatedCredential>,
}

#[derive(Clone, Debug)]
pub(crate) struct PrincipalView {
    /// The `oid` of its tokens.
    pub(crate) id: Uuid,
    pub(crate) enabled: bool,
    /// Template ids of its directory roles.
    pub(crate) wids: Vec<Uuid>,
    permissions: Vec<(Uuid, String)>,
}

impl PrincipalView {
    /// The permissions granted on Exchange, under either of its names.
    pub(crate) fn exchange_roles(&self) -> Vec<String> {
        let mut roles = self.on(&[EXCHANGE_ONLINE, EXCHANGE_PROTECTION]);
        roles.sort();
        roles.dedup();
        roles
    }

    /// The permissions granted on Microsoft Graph.
    pub(crate) fn graph_roles(&self) -> Vec<String> {
        self.on(&[MICROSOFT_GRAPH])
    }

    fn on(&self, resources: &[Uuid]) -> Vec<String> {
        let granted = self.permissions.iter();
        granted.filter(|(on, _)| resources.contains(on)).map(|(_, role)| role.clone()).collect()
    }
}

impl Snapshot {
    /// None where the directory has no such application.
    pub(crate) fn sign_in_view(&self, app_id: Uuid) -> Option<SignInView> {
        let application: &Application = self.application_of(app_id)?;
        let service_principal = self.service_principal_of(app_id).map(|principal| PrincipalView {
            id: principal.id,
            enabled: principal.account_enabled,
            wids: self.directory_roles_of(principal.id),
            permissions: self.permissions_of(principal.id),
        });
        Some(SignInView {
            app_id,
            display_name: application.display_name.clone(),
            disabled: application.disabled,
            service_principal,
            certificates: application.key_credentials.iter().filter_map(registered).collect(),
            federated_credentials: application.federated_credentials.clone(),
        })
    }
}

pub(crate) fn registered(credential: &KeyCredential) -> Option<RegisteredCertificate> {
    let certificate = RegisteredCertificate::from_der(&credential.der.0)?;
    Some(RegisteredCertificate {
        not_before: certificate.not_before.max(credential.start.as_second()),
        not_after: certificate.not_after.min(credential.end.as_second()),
        ..certificate
    })
}
