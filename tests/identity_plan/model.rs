//! A directory and a disk that take the steps of a plan, without any service: what a step leaves
//! behind is what the service documents.

use auditform::plan::{ApplicationPatch, ApplicationRef, IdentityWrite};
use auditform::state::{
    AppRole, CertificateFacts, ObservedApplication, ObservedChain, ObservedConsent,
    ObservedFederatedCredential, ObservedIdentity, ObservedKey, ObservedOwner, ObservedRole,
    ObservedServicePrincipal, RoleDefinition,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

pub(crate) const EXCHANGE: Uuid = Uuid::from_u128(0x0000_0002_0000_0ff1_ce00_0000_0000_0000);
pub(crate) const GRAPH: Uuid = Uuid::from_u128(0x0000_0003_0000_0000_c000_0000_0000_0000);
pub(crate) const MANAGE_AS_APP: Uuid = Uuid::from_u128(1);

/// A tenant's identities, and how many objects it has made.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    pub(crate) observed: ObservedIdentity,
    pub(crate) now: Timestamp,
    made: u128,
}

fn service(app_id: Uuid, name: &str, roles: &[(u128, &str)]) -> ObservedServicePrincipal {
    let role = |(id, value): &(u128, &str)| AppRole {
        id: Uuid::from_u128(*id),
        value: (*value).to_owned(),
        usable: true,
    };
    ObservedServicePrincipal {
        object_id: format!("principal of {name}"),
        app_id,
        display_name: name.to_owned(),
        enabled: true,
        app_roles: roles.iter().map(role).collect(),
    }
}

fn definition(id: &str, name: &str) -> RoleDefinition {
    RoleDefinition { id: id.to_owned(), display_name: name.to_owned() }
}

impl Directory {
    /// A tenant without any application.
    pub(crate) fn empty(now: Timestamp) -> Self {
        let mut observed = ObservedIdentity::default();
        let exchange = service(
            EXCHANGE,
            "Exchange",
            &[(1, "Exchange.ManageAsApp"), (2, "full_access_as_app")],
        );
        let graph = service(GRAPH, "Graph", &[(3, "Application.Read.All"), (4, "User.Read.All")]);
        observed.resources.extend([(EXCHANGE, exchange), (GRAPH, graph)]);
        observed.directory_roles = vec![
            definition("29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator"),
            definition("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"),
        ];
        observed.exchange_roles =
            vec![definition("r1", "Audit Logs"), definition("r2", "Mail Recipients")];
        let ada = ObservedOwner { id: "ada's id".to_owned(), name: "ada@contoso.com".to_owned() };
        observed.owners.insert("ada@contoso.com".to_owned(), ada);
        Self { observed, now, made: 100 }
    }

    fn new_id(&mut self) -> Uuid {
        self.made += 1;
        Uuid::from_u128(self.made)
    }

    fn new_certificate(&mut self) -> CertificateFacts {
        self.made += 1;
        let mut thumbprint = [0; 20];
        thumbprint[4..].copy_from_slice(&self.made.to_be_bytes());
        CertificateFacts {
            thumbprint,
            subject: "CN=auditor".to_owned(),
            not_before: self.now,
            not_after: self.now + SignedDuration::from_hours(24 * 365),
            key_size: 2048,
        }
    }

    pub(crate) fn chain(&mut self, name: &str) -> &mut ObservedChain {
        self.observed.applications.entry(name.to_owned()).or_default()
    }

    fn of(&mut self, application: &ApplicationRef) -> &mut ObservedApplication {
        self.chain(&application.name).application.as_mut().expect("it was made before")
    }

    /// Carries out one step.
    pub(crate) fn take(&mut self, write: &IdentityWrite) {
        match write {
            IdentityWrite::MakeCertificate(order) => {
                let facts = self.new_certificate();
                let kept = self.observed.certificates.entry(order.name.clone()).or_default();
                kept.stranded = None;
                let slot = if order.staged { &mut kept.staged } else { &mut kept.current };
                assert!(slot.replace(facts).is_none(), "no key is overwritten");
            }
            IdentityWrite::RepairCertificate { name } => {
                self.observed.certificates.get_mut(name).unwrap().missing.clear();
            }
            IdentityWrite::SwitchCertificate { name } => {
                let kept = self.observed.certificates.get_mut(name).unwrap();
                let next = kept.staged.take().expect("there is one to switch to");
                kept.retired.extend(kept.current.replace(next));
            }
            IdentityWrite::ForgetCertificate { name, thumbprint } => {
                let kept = self.observed.certificates.get_mut(name).unwrap();
                kept.retired.retain(|facts| facts.thumbprint != *thumbprint);
            }
            IdentityWrite::DeleteCertificate { name } => {
                self.observed.certificates.remove(name);
            }
            other => self.take_request(other),
        }
    }

    fn take_request(&mut self, write: &IdentityWrite) {
        match write {
            IdentityWrite::CreateApplication { application, unique_name, patch } => {
                let made = self.registration(unique_name, patch);
                assert!(self.chain(&application.name).application.replace(made).is_none());
            }
            IdentityWrite::UpdateApplication { application, patch, .. } => {
                apply(self.of(application), patch);
            }
            IdentityWrite::DeleteApplication { application } => {
                let chain = self.chain(&application.name);
                assert!(chain.principal.is_none(), "the service principal goes first");
                *chain = ObservedChain::default();
            }
            IdentityWrite::CreateServicePrincipal { application } => {
                let app_id = self.of(application).app_id;
                let made = service(app_id, &application.name, &[]);
                assert!(self.chain(&application.name).principal.replace(made).is_none());
            }
            IdentityWrite::DeleteServicePrincipal { application } => {
                let chain = self.chain(&application.name);
                assert!(chain.directory_roles.is_empty() && chain.exchange_roles.is_empty());
                chain.principal = None;
            }
            IdentityWrite::AddKey { application, certificate, staged, .. } => {
                self.add_key(application, certificate, *staged);
            }
            IdentityWrite::RemoveKey { application, key_id } => {
                let now = self.now;
                let keys = &mut self.of(application).keys;
                keys.retain(|key| key.key_id != *key_id && key.end.is_none_or(|end| end > now));
            }
            other => self.take_access(other),
        }
    }

    fn take_access(&mut self, write: &IdentityWrite) {
        let id = self.new_id().to_string();
        match write {
            IdentityWrite::GrantConsent { application, resource, app_role } => {
                let chain = self.chain(&application.name);
                assert!(chain.principal.is_some(), "there is a service principal to grant to");
                chain.consents.push(ObservedConsent {
                    id,
                    app_role: *app_role,
                    resource_id: resource.clone(),
                    resource_name: resource.clone(),
                });
            }
            IdentityWrite::AssignDirectoryRole { application, role } => {
                self.chain(&application.name).directory_roles.push(held(id, role));
            }
            IdentityWrite::AssignExchangeRole { application, role } => {
                self.chain(&application.name).exchange_roles.push(held(id, role));
            }
            IdentityWrite::AddOwner { application, owner } => {
                let owner = ObservedOwner { id: owner.clone(), name: owner.clone() };
                self.chain(&application.name).owners.push(owner);
            }
            IdentityWrite::RemoveOwner { application, owner } => {
                self.chain(&application.name).owners.retain(|found| found.id != *owner);
            }
            IdentityWrite::AddFederatedCredential { application, credential } => {
                let made = ObservedFederatedCredential {
                    id,
                    name: credential.name.clone(),
                    issuer: credential.issuer.clone(),
                    subject: credential.subject.clone(),
                    audiences: vec![credential.audience.clone()],
                };
                self.chain(&application.name).federated.push(made);
            }
            IdentityWrite::UpdateFederatedCredential { application, id, credential } => {
                let all = &mut self.chain(&application.name).federated;
                let found = all.iter_mut().find(|found| found.id == *id).unwrap();
                found.issuer.clone_from(&credential.issuer);
                found.subject.clone_from(&credential.subject);
                found.audiences = vec![credential.audience.clone()];
            }
            IdentityWrite::RemoveFederatedCredential { application, id } => {
                self.chain(&application.name).federated.retain(|found| found.id != *id);
            }
            IdentityWrite::RevokeConsent { assignment, .. } => {
                self.each(|chain| chain.consents.retain(|found| found.id != *assignment));
            }
            IdentityWrite::RemoveDirectoryRole { assignment } => {
                self.each(|chain| chain.directory_roles.retain(|found| found.id != *assignment));
            }
            IdentityWrite::RemoveExchangeRole { assignment } => {
                self.each(|chain| chain.exchange_roles.retain(|found| found.id != *assignment));
            }
            other => panic!("{other:?} is of another kind"),
        }
    }

    fn each(&mut self, change: impl Fn(&mut ObservedChain)) {
        self.observed.applications.values_mut().for_each(change);
    }

    fn registration(&mut self, unique_name: &str, patch: &ApplicationPatch) -> ObservedApplication {
        let mut made = ObservedApplication {
            object_id: self.new_id().to_string(),
            app_id: self.new_id(),
            display_name: String::new(),
            unique_name: Some(unique_name.to_owned()),
            notes: None,
            tags: Vec::new(),
            sign_in_audience: Some("AzureADMyOrg".to_owned()),
            created: Some(self.now),
            required_access: Vec::new(),
            keys: Vec::new(),
        };
        apply(&mut made, patch);
        made
    }

    fn add_key(&mut self, application: &ApplicationRef, certificate: &str, staged: bool) {
        assert!(self.chain(&application.name).principal.is_some(), "a token can be minted");
        let now = self.now;
        let kept = &self.observed.certificates[certificate];
        let facts = if staged { &kept.staged } else { &kept.current };
        let key = key(self.made, facts.as_ref().expect("it was made before"));
        self.made += 1;
        let keys = &mut self.of(application).keys;
        if keys.iter().any(|present| present.thumbprint == key.thumbprint) {
            return;
        }
        keys.retain(|key| key.end.is_none_or(|end| end > now));
        keys.push(key);
    }
}

pub(crate) fn key(number: u128, facts: &CertificateFacts) -> ObservedKey {
    ObservedKey {
        key_id: Uuid::from_u128(number << 64),
        custom_key_identifier: None,
        thumbprint: Some(facts.thumbprint),
        display_name: None,
        kind: Some("AsymmetricX509Cert".to_owned()),
        usage: Some("Verify".to_owned()),
        start: Some(facts.not_before),
        end: Some(facts.not_after),
    }
}

fn held(id: String, role: &str) -> ObservedRole {
    ObservedRole { id, role_definition: role.to_owned(), scope: "/".to_owned() }
}

fn apply(found: &mut ObservedApplication, patch: &ApplicationPatch) {
    if let Some(name) = &patch.display_name {
        found.display_name.clone_from(name);
    }
    if let Some(notes) = &patch.notes {
        found.notes = Some(notes.clone()).filter(|notes| !notes.is_empty());
    }
    if let Some(tags) = &patch.tags {
        found.tags.clone_from(tags);
    }
    if let Some(access) = &patch.required_access {
        found.required_access.clone_from(access);
    }
}
