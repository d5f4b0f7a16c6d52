//! What an application may do: admin consent to its permissions, directory roles, and management
//! roles of Exchange. Names are resolved against what the tenant has.

use super::change::{Held, IdentityChange};
use super::write::IdentityWrite;
use super::{Differ, Subject};
use crate::diagnostic::{Diagnostic, nearest};
use crate::plan::Action;
use crate::resource::Kind;
use crate::state::{ApiPermission, Declared, ObservedConsent, ObservedRole, RoleDefinition};

/// Roles over the whole tenant are the ones that are managed.
pub(in crate::plan) const WHOLE_TENANT: &str = "/";

/// The two ways of giving a role, which differ in their words and writes alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Roles {
    Directory,
    Exchange,
}

impl Roles {
    fn kind(self) -> Kind {
        match self {
            Self::Directory => Kind::DirectoryRoleAssignment,
            Self::Exchange => Kind::ExchangeRoleAssignment,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Directory => "directory role",
            Self::Exchange => "management role of Exchange",
        }
    }
}

impl Differ<'_> {
    pub(super) fn access(&mut self, subject: Subject<'_>) {
        self.consents(subject);
        let settings = subject.settings;
        self.roles(subject, Roles::Directory, &settings.directory_roles);
        self.roles(subject, Roles::Exchange, &settings.exchange_roles);
    }

    fn consents(&mut self, subject: Subject<'_>) {
        let settings = subject.settings;
        let mut wanted = Vec::new();
        for permission in &settings.api_permissions {
            let Some(role) = self.app_role(permission) else { continue };
            let resource = self.observed.resources.get(&permission.resource);
            let Some(resource) = resource.map(|found| found.object_id.clone()) else { continue };
            wanted.push((resource.clone(), role.id));
            let granted = |found: &&ObservedConsent| {
                found.app_role == role.id && found.resource_id == resource
            };
            if subject.chain.consents.iter().any(|found| granted(&found)) {
                let key = consent_key(settings, permission);
                self.unchanged(subject.keyed(Kind::AppRoleAssignment, &key));
                continue;
            }
            if !settings.admin_consent {
                continue;
            }
            let write = IdentityWrite::GrantConsent {
                application: subject.reference(),
                resource,
                app_role: role.id,
            };
            let change = IdentityChange::new(
                subject.keyed(Kind::AppRoleAssignment, &consent_key(settings, permission)),
                Action::Create,
                "is declared and not granted: an administrator's consent is missing",
            )
            .comes("permission", Held::text(&permission.name))
            .after(subject.principal())
            .does(write);
            self.push(change);
        }
        if settings.exclusive {
            for found in &subject.chain.consents {
                if !wanted.contains(&(found.resource_id.clone(), found.app_role)) {
                    let change =
                        self.revoked(subject, found, "`exclusive`, and the spec does not name it");
                    self.take_away(subject, change, true);
                }
            }
        }
    }

    pub(super) fn revoked(
        &self,
        subject: Subject<'_>,
        found: &ObservedConsent,
        reason: &str,
    ) -> IdentityChange {
        let name = self.permission_name(subject, found);
        let write = IdentityWrite::RevokeConsent {
            resource: found.resource_id.clone(),
            assignment: found.id.clone(),
        };
        IdentityChange::new(subject.keyed(Kind::AppRoleAssignment, &name), Action::Delete, reason)
            .goes("permission", Held::text(&name))
            .stops(format!("the application loses `{name}` of {}", found.resource_name))
            .does(write)
    }

    /// Services may define permissions of one name; then the service is named too.
    fn permission_name(&self, subject: Subject<'_>, found: &ObservedConsent) -> String {
        let name = |found: &ObservedConsent| {
            let all = self.observed.resources.values();
            let resource = all.into_iter().find(|known| known.object_id == found.resource_id);
            let role = resource
                .and_then(|known| known.app_roles.iter().find(|role| role.id == found.app_role));
            role.map_or_else(|| found.app_role.to_string(), |role| role.value.clone())
        };
        let own = name(found);
        let same = subject.chain.consents.iter().filter(|other| name(other) == own).count();
        if same > 1 { format!("{}/{own}", found.resource_name) } else { own }
    }

    fn roles(&mut self, subject: Subject<'_>, roles: Roles, wanted: &[Declared<String>]) {
        let (definitions, held) = match roles {
            Roles::Directory => (&self.observed.directory_roles, &subject.chain.directory_roles),
            Roles::Exchange => (&self.observed.exchange_roles, &subject.chain.exchange_roles),
        };
        let mut named = Vec::new();
        for name in wanted {
            let Some(role) = find(definitions, &name.value) else {
                let finding = unknown(roles, name, definitions);
                self.report(finding);
                continue;
            };
            named.push(role.id.clone());
            if held.iter().any(|held| is(held, role)) {
                self.unchanged(subject.keyed(roles.kind(), &role.display_name));
                continue;
            }
            self.push(given(subject, roles, role));
        }
        if subject.settings.exclusive {
            let is_wanted = |held: &&ObservedRole| {
                held.scope == WHOLE_TENANT && named.contains(&held.role_definition)
            };
            for held in held.iter().filter(|held| !is_wanted(held)) {
                let reason = "`exclusive`, and the spec does not name it";
                let change = match roles {
                    Roles::Directory => self.directory_role_removed(subject, held, reason),
                    Roles::Exchange => self.exchange_role_removed(subject, held, reason),
                };
                self.take_away(subject, change, true);
            }
        }
    }

    pub(super) fn directory_role_removed(
        &self,
        subject: Subject<'_>,
        held: &ObservedRole,
        reason: &str,
    ) -> IdentityChange {
        let write = IdentityWrite::RemoveDirectoryRole { assignment: held.id.clone() };
        let name = role_name(&self.observed.directory_roles, held);
        removed(subject, Roles::Directory, held, &name, reason).does(write)
    }

    pub(super) fn exchange_role_removed(
        &self,
        subject: Subject<'_>,
        held: &ObservedRole,
        reason: &str,
    ) -> IdentityChange {
        let write = IdentityWrite::RemoveExchangeRole { assignment: held.id.clone() };
        let name = role_name(&self.observed.exchange_roles, held);
        removed(subject, Roles::Exchange, held, &name, reason).does(write)
    }
}

pub(super) fn given(subject: Subject<'_>, roles: Roles, role: &RoleDefinition) -> IdentityChange {
    let application = subject.reference();
    let write = match roles {
        Roles::Directory => {
            IdentityWrite::AssignDirectoryRole { application, role: role.id.clone() }
        }
        Roles::Exchange => IdentityWrite::AssignExchangeRole { application, role: role.id.clone() },
    };
    IdentityChange::new(
        subject.keyed(roles.kind(), &role.display_name),
        Action::Create,
        format!("the application does not have this {}", roles.what()),
    )
    .comes("role", Held::text(&role.display_name))
    .comes("scope", Held::text(WHOLE_TENANT))
    .after(subject.principal())
    .does(write)
}

fn removed(
    subject: Subject<'_>,
    roles: Roles,
    held: &ObservedRole,
    name: &str,
    reason: &str,
) -> IdentityChange {
    let change = IdentityChange::new(subject.keyed(roles.kind(), name), Action::Delete, reason)
        .goes("role", Held::text(name))
        .stops(format!("the application loses the {} `{name}`", roles.what()));
    if held.scope == WHOLE_TENANT {
        return change;
    }
    change
        .irreversible("roles are given for the whole tenant, and this one is held in a part of it")
}

fn is(held: &ObservedRole, role: &RoleDefinition) -> bool {
    held.role_definition == role.id && held.scope == WHOLE_TENANT
}

fn find<'d>(definitions: &'d [RoleDefinition], wanted: &str) -> Option<&'d RoleDefinition> {
    definitions.iter().find(|role| {
        role.display_name.eq_ignore_ascii_case(wanted) || role.id.eq_ignore_ascii_case(wanted)
    })
}

/// With its scope, where that is not the whole tenant: a role may be held in several.
fn role_name(definitions: &[RoleDefinition], held: &ObservedRole) -> String {
    let known = definitions.iter().find(|role| role.id == held.role_definition);
    let name = known.map_or(held.role_definition.as_str(), |role| &role.display_name);
    if held.scope == WHOLE_TENANT { name.to_owned() } else { format!("{name} in {}", held.scope) }
}

fn unknown(roles: Roles, wanted: &Declared<String>, known: &[RoleDefinition]) -> Diagnostic {
    let what = roles.what();
    let near = nearest(&wanted.value, known.iter().map(|role| role.display_name.as_str()));
    let help = near.map_or_else(
        || "roles are named as the Microsoft Entra admin center shows them".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Diagnostic::error("unknown-role", format!("the tenant has no {what} `{}`", wanted.value))
        .at(wanted.span, "")
        .help(help)
}

/// Services may define permissions of one name; then the service is named too.
fn consent_key(settings: &crate::state::ApplicationSettings, permission: &ApiPermission) -> String {
    let same = settings.api_permissions.iter().filter(|other| other.name == permission.name);
    if same.count() > 1 {
        format!("{}/{}", permission.resource, permission.name)
    } else {
        permission.name.clone()
    }
}
