//! What a spec asks of a tenant, as a snapshot notes it: a plan is made from a snapshot only where all
//! that its spec asks was asked then. What was not read is unknown, and never taken for absent.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ops::identity::resources;
use crate::ops::read;
use crate::state::{
    ApplicationKey, ApplicationSettings, CertificateSettings, CertificateSource, DesiredState,
    Ensure, SignIn,
};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// `Get-OrganizationConfig`.
    pub organization: bool,
    /// `Get-AdminAuditLogConfig`.
    pub unified_audit_log: bool,
    /// The types of mailboxes that were listed.
    pub recipient_types: BTreeSet<String>,
    /// The application that works in Exchange, where the spec makes it.
    pub signs_in_as: Option<String>,
    /// By NAME of `[certificate.NAME]`: where it lies and what is to become of it.
    pub certificates: BTreeMap<String, String>,
    /// By NAME of `[application.NAME]`.
    pub applications: BTreeMap<String, ApplicationScope>,
    /// The services, by app id, whose permissions were looked up.
    pub services: BTreeSet<Uuid>,
    /// Whose roles were read, all that exist: `directory`, `exchange`.
    pub roles: BTreeSet<String>,
    /// The users that were looked up.
    pub users: BTreeSet<String>,
}

/// What was asked of one application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationScope {
    /// By what it was looked for.
    pub key: String,
    /// The display name under which others were looked for, where it was not there.
    pub namesakes: Option<String>,
    /// Its owners were read.
    pub owners: bool,
    /// Its directory roles were read.
    pub directory_roles: bool,
    /// Its management roles of Exchange were read.
    pub exchange_roles: bool,
}

impl Scope {
    /// What a spec asks.
    pub fn of(desired: &DesiredState) -> Self {
        let applications = &desired.applications;
        Self {
            organization: read::needs_organization(desired),
            unified_audit_log: desired.needs_audit_log(),
            recipient_types: read::types(desired)
                .into_iter()
                .map(|kind| kind.name().to_owned())
                .collect(),
            signs_in_as: match &desired.tenant.sign_in {
                Some(SignIn::Application(name)) => Some(name.value.clone()),
                _ => None,
            },
            certificates: desired
                .certificates
                .iter()
                .map(|settings| (settings.name.clone(), certificate(settings)))
                .collect(),
            applications: applications
                .iter()
                .map(|settings| (settings.name.clone(), ApplicationScope::of(settings)))
                .collect(),
            services: resources(applications),
            roles: [
                ("directory", applications.iter().any(|one| !one.directory_roles.is_empty())),
                ("exchange", applications.iter().any(|one| !one.exchange_roles.is_empty())),
            ]
            .into_iter()
            .filter(|(_, is_named)| *is_named)
            .map(|(name, _)| name.to_owned())
            .collect(),
            users: applications
                .iter()
                .flat_map(|settings| &settings.owners)
                .map(|owner| owner.value.clone())
                .collect(),
        }
    }

    /// What another one asks and this one does not, in words.
    pub fn lacks(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if other.organization && !self.organization {
            found.push("the organisation's settings".to_owned());
        }
        if other.unified_audit_log && !self.unified_audit_log {
            found.push("the unified audit log's switch".to_owned());
        }
        let types = other.recipient_types.difference(&self.recipient_types);
        found.extend(types.map(|kind| format!("mailboxes of the type `{kind}`")));
        if other.signs_in_as != self.signs_in_as {
            found.push(match &other.signs_in_as {
                Some(name) => format!("Exchange, as `application.{name}` sees it"),
                None => "Exchange, as whoever the spec signs in as sees it".to_owned(),
            });
        }
        let certificates = other.certificates.iter();
        let certificates =
            certificates.filter(|(name, place)| self.certificates.get(*name) != Some(place));
        found.extend(certificates.map(|(name, _)| format!("`certificate.{name}`")));
        for (name, wanted) in &other.applications {
            found.extend(self.lacks_of_application(name, wanted));
        }
        let services = other.services.difference(&self.services);
        found.extend(services.map(|id| format!("the permissions of the service {id}")));
        let roles = other.roles.difference(&self.roles);
        found.extend(roles.map(|whose| format!("which roles the {whose} has")));
        let users = other.users.difference(&self.users);
        found.extend(users.map(|user| format!("the user `{user}`")));
        found
    }

    fn lacks_of_application(&self, name: &str, wanted: &ApplicationScope) -> Vec<String> {
        let Some(own) = self.applications.get(name).filter(|own| own.key == wanted.key) else {
            return vec![format!("`application.{name}`")];
        };
        let parts = [
            (wanted.namesakes.is_none() || own.namesakes == wanted.namesakes, "namesakes"),
            (own.owners || !wanted.owners, "owners"),
            (own.directory_roles || !wanted.directory_roles, "directory roles"),
            (own.exchange_roles || !wanted.exchange_roles, "management roles"),
        ];
        let missing = parts.into_iter().filter(|(is_there, _)| !is_there);
        missing.map(|(_, part)| format!("the {part} of `application.{name}`")).collect()
    }
}

impl ApplicationScope {
    /// As `identity::observe` asks.
    fn of(settings: &ApplicationSettings) -> Self {
        let removes = settings.exclusive || settings.ensure == Ensure::Absent;
        let is_derived =
            matches!(settings.key, ApplicationKey::UniqueName { is_explicit: false, .. });
        let looks = is_derived && settings.ensure == Ensure::Present;
        let display_name = settings.display_name.as_ref().filter(|_| looks);
        Self {
            key: match &settings.key {
                ApplicationKey::UniqueName { name, .. } => format!("unique_name {name}"),
                ApplicationKey::AppId(id) => format!("app_id {}", id.value),
            },
            namesakes: display_name.map(|name| name.value.clone()),
            owners: !settings.owners.is_empty(),
            directory_roles: removes || !settings.directory_roles.is_empty(),
            exchange_roles: removes || !settings.exchange_roles.is_empty(),
        }
    }
}

/// Where a certificate was looked for. The place of one that others issue is a matter of the machine.
fn certificate(settings: &CertificateSettings) -> String {
    let place = match &settings.source {
        CertificateSource::Made(made) => format!("made in {}", made.written_directory),
        CertificateSource::Existing(_) => "existing".to_owned(),
    };
    match settings.ensure {
        Ensure::Present => place,
        Ensure::Absent => format!("{place}, to be gone"),
    }
}
