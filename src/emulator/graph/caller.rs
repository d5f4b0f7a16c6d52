//! Who asks, and what the token lets them ask. A token goes in; yes or a refusal comes out. An
//! application's permissions are its `roles`, a person's are the `scp` of the application that
//! they use, and a person needs a directory role as well where the documents of an operation name
//! one.

use uuid::Uuid;

use super::failure::Failure;
use crate::emulator::entra::objects::Application;
use crate::emulator::identity::access_token::{self, BadToken, Claims, Resource};
use crate::emulator::message::Request;
use crate::emulator::service::Service;

/// The bearer of a token for Graph.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Of the service principal or of the person.
    pub(crate) object_id: Uuid,
    pub(crate) app_id: Uuid,
    is_person: bool,
    permissions: Vec<String>,
    roles: Vec<String>,
}

pub(crate) const READ_APPLICATIONS: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const WRITE_APPLICATIONS: &[&str] = &["Application.ReadWrite.All"];
pub(crate) const OWNED_APPLICATIONS: &str = "Application.ReadWrite.OwnedBy";
/// What an assignment takes besides its own permission.
pub(crate) const SEE_APPLICATIONS: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const READ_ASSIGNMENTS: &[&str] = &[
    "AppRoleAssignment.ReadWrite.All",
    "Application.Read.All",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const WRITE_ASSIGNMENTS: &[&str] = &["AppRoleAssignment.ReadWrite.All"];
pub(crate) const READ_DIRECTORY_ROLES: &[&str] = &[
    "RoleManagement.Read.Directory",
    "RoleManagement.Read.All",
    "RoleManagement.ReadWrite.Directory",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const WRITE_DIRECTORY_ROLES: &[&str] = &["RoleManagement.ReadWrite.Directory"];
pub(crate) const READ_EXCHANGE_ROLES: &[&str] = &[
    "RoleManagement.Read.Exchange",
    "RoleManagement.Read.All",
    "RoleManagement.ReadWrite.Exchange",
];
pub(crate) const WRITE_EXCHANGE_ROLES: &[&str] = &["RoleManagement.ReadWrite.Exchange"];
pub(crate) const READ_USERS: &[&str] = &[
    "User.ReadBasic.All",
    "User.Read.All",
    "User.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
];
pub(crate) const READ_ORGANIZATION: &[&str] = &[
    "Organization.Read.All",
    "Organization.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "User.Read",
];

impl Caller {
    pub(crate) fn of(service: &Service, request: &Request) -> Result<Self, Failure> {
        let bearer = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| Failure::unauthenticated("Access token is empty."))?;
        let (key, now) = (&service.token_key, service.clock.now());
        let tenant = service.tenant.id;
        let claims = access_token::verify(bearer.trim(), key, Resource::Graph, tenant, now)
            .map_err(|bad| {
                Failure::unauthenticated(match bad {
                    BadToken::NotOurs => "Access token validation failure.",
                    BadToken::Expired => "Lifetime validation failed, the token is expired.",
                    BadToken::OtherAudience => "Access token validation failure. Invalid audience.",
                    BadToken::OtherTenant => "Access token validation failure. Invalid tenant.",
                })
            })?;
        Self::from_claims(claims)
            .ok_or_else(|| Failure::unauthenticated("Access token validation failure."))
    }

    fn from_claims(claims: Claims) -> Option<Self> {
        let scopes = claims.scp.as_deref().map(|all| all.split_whitespace().map(str::to_owned));
        Some(Self {
            object_id: Uuid::try_parse(&claims.oid).ok()?,
            app_id: Uuid::try_parse(&claims.appid).ok()?,
            is_person: claims.scp.is_some() || claims.idtyp == "user",
            permissions: scopes.map_or(claims.roles, Iterator::collect),
            roles: claims.wids,
        })
    }

    pub(crate) fn may(&self, any_of: &[&str]) -> bool {
        self.permissions.iter().any(|permission| any_of.contains(&permission.as_str()))
    }

    pub(crate) fn needs(&self, any_of: &[&str]) -> Result<(), Failure> {
        if self.may(any_of) { Ok(()) } else { Err(Failure::forbidden()) }
    }

    /// As `needs`, where role management is asked by a person: it answers in a way of its own.
    pub(crate) fn needs_scope(&self, any_of: &[&str]) -> Result<(), Failure> {
        match self.needs(any_of) {
            Err(_) if self.is_person => Err(Failure::scope_not_granted(any_of)),
            other => other,
        }
    }

    /// Nothing for an application; a person must hold one of these directory roles.
    pub(crate) fn needs_role(&self, any_of: &[Uuid]) -> Result<(), Failure> {
        let held = || self.roles.iter().filter_map(|role| Uuid::try_parse(role).ok());
        if !self.is_person || held().any(|role| any_of.contains(&role)) {
            Ok(())
        } else {
            Err(Failure::forbidden())
        }
    }

    /// Whether nothing but the permission over its own applications lets it write.
    pub(crate) fn is_confined_to_owned(&self) -> bool {
        !self.may(WRITE_APPLICATIONS) && self.may(&[OWNED_APPLICATIONS])
    }

    /// To change an application: the permission, or ownership with the lesser one.
    pub(crate) fn needs_to_write(&self, owners: &[Uuid]) -> Result<(), Failure> {
        let owns = owners.contains(&self.object_id);
        if self.may(WRITE_APPLICATIONS) || (owns && self.may(&[OWNED_APPLICATIONS])) {
            Ok(())
        } else {
            Err(Failure::forbidden())
        }
    }

    /// To make one.
    pub(crate) fn needs_to_create(&self) -> Result<(), Failure> {
        if self.may(WRITE_APPLICATIONS) || self.may(&[OWNED_APPLICATIONS]) {
            Ok(())
        } else {
            Err(Failure::forbidden())
        }
    }

    /// Whether the application asks about itself.
    pub(crate) fn is(&self, application: &Application) -> bool {
        !self.is_person && self.app_id == application.app_id
    }

    /// Who owns what the caller makes: a person, and an application that may touch only its own.
    pub(crate) fn as_owner(&self) -> Vec<Uuid> {
        if self.is_person || self.is_confined_to_owned() {
            vec![self.object_id]
        } else {
            Vec::new()
        }
    }
}
