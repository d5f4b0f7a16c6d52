//! Looks at the token of whoever does the work in the directory, before anything is written: does
//! it hold what the plan's steps take? A token that cannot be read is no obstacle, since Graph's
//! tokens are formally opaque.
//!
//! Source: the permissions tables of Graph's reference pages; docs/spec-reference.md.

use std::collections::BTreeMap;

use crate::client::Claims;
use crate::diagnostic::{Diagnostic, Diagnostics, and_list};
use crate::plan::{IdentityChange, IdentityWrite};
use crate::providers::entra::{
    APPLICATION_WRITE, CONSENT, DIRECTORY_ROLE_WRITE, EXCHANGE_ROLE_WRITE, Needs,
};
use crate::resource::DirectoryRole;
use crate::state::{DesiredState, requirements};

/// Something that a token has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Applications,
    Consent,
    DirectoryRoles,
    ExchangeRoles,
}

impl Need {
    fn of(write: &IdentityWrite) -> Option<Self> {
        match write {
            IdentityWrite::GrantConsent { .. } | IdentityWrite::RevokeConsent { .. } => {
                Some(Self::Consent)
            }
            IdentityWrite::AssignDirectoryRole { .. }
            | IdentityWrite::RemoveDirectoryRole { .. } => Some(Self::DirectoryRoles),
            IdentityWrite::AssignExchangeRole { .. } | IdentityWrite::RemoveExchangeRole { .. } => {
                Some(Self::ExchangeRoles)
            }
            other => other.is_request().then_some(Self::Applications),
        }
    }

    /// What the requests take, as the provider knows it.
    fn needs(self) -> &'static Needs {
        match self {
            Self::Applications => &APPLICATION_WRITE,
            Self::Consent => &CONSENT,
            Self::DirectoryRoles => &DIRECTORY_ROLE_WRITE,
            Self::ExchangeRoles => &EXCHANGE_ROLE_WRITE,
        }
    }

    /// The directory roles that let a person do it, the least first.
    fn roles(self) -> &'static [&'static str] {
        match self {
            // Any member may register applications unless the tenant forbids it.
            Self::Applications => &[],
            Self::Consent => &[
                "Cloud Application Administrator",
                "Application Administrator",
                "Privileged Role Administrator",
                "Global Administrator",
            ],
            Self::DirectoryRoles => &["Privileged Role Administrator", "Global Administrator"],
            Self::ExchangeRoles => {
                &["Exchange Administrator", "Privileged Role Administrator", "Global Administrator"]
            }
        }
    }

    /// What a permission is for: the least that each kind of request takes is what a spec requires.
    fn by(permission: &str) -> Option<Self> {
        let all = [Self::Applications, Self::Consent, Self::DirectoryRoles, Self::ExchangeRoles];
        all.into_iter().find(|need| {
            let least = need.needs().permissions.first().and_then(|any| any.first());
            least.is_some_and(|name| *name == permission)
        })
    }
}

/// Compares a token with what a plan's steps take; each thing that is missing is an error.
pub(in crate::ops) fn preflight(claims: &Claims, changes: &[IdentityChange]) -> Diagnostics {
    let mut needs: BTreeMap<Need, Vec<String>> = BTreeMap::new();
    for change in changes {
        for need in change.steps().filter_map(Need::of) {
            let places = needs.entry(need).or_default();
            let place = format!("`{}`", change.address);
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    lacking(claims, needs)
}

/// The same for all that a spec declares, where reading was denied and nothing could be planned.
pub(super) fn preflight_of_spec(claims: &Claims, desired: &DesiredState) -> Diagnostics {
    let mut needs: BTreeMap<Need, Vec<String>> = BTreeMap::new();
    for required in requirements(desired).applying {
        if let Some(need) = Need::by(required.name) {
            let places = required.reasons.iter().map(|address| format!("`{address}`"));
            needs.entry(need).or_default().extend(places);
        }
    }
    lacking(claims, needs)
}

fn lacking(claims: &Claims, needs: BTreeMap<Need, Vec<String>>) -> Diagnostics {
    let mut found = Diagnostics::default();
    for (need, places) in needs {
        if let Some(finding) = missing(claims, need, &places) {
            found.push(finding);
        }
    }
    found
}

fn missing(claims: &Claims, need: Need, places: &[String]) -> Option<Diagnostic> {
    if let Some(first) = need.needs().missing(claims).first() {
        let what = if claims.is_application() { "permission" } else { "scope" };
        return Some(
            Diagnostic::error(
                "missing-permission",
                format!("the token for Microsoft Graph lacks the {what} `{first}`"),
            )
            .note(format!("it is needed for {}", and_list(places)))
            .note("nothing was written")
            .help(who_grants(claims, first)),
        );
    }
    let roles = need.roles();
    let mut held = claims.directory_roles().iter().filter_map(|id| DirectoryRole::find(id));
    let has_role = held.any(|role| roles.contains(&role.name));
    if claims.is_application() || roles.is_empty() || has_role {
        return None;
    }
    Some(
        Diagnostic::error(
            "missing-role",
            format!("whoever signed in has none of the roles {}", roles.join(", ")),
        )
        .note(format!("one of them is needed for {}", and_list(places)))
        .note("nothing was written")
        .help("have a Privileged Role Administrator assign the role, then sign in again"),
    )
}

fn who_grants(claims: &Claims, permission: &str) -> String {
    if claims.is_application() {
        let client = claims.client_id().map_or_else(String::new, |id| format!(" ({id})"));
        format!(
            "a Privileged Role Administrator grants it to the application{client}: API permissions \
             > Microsoft Graph > Application permissions > `{permission}`, then admin consent"
        )
    } else {
        "sign in by `method = \"device_code\"`, which asks for it; the Azure CLI's token cannot hold \
         the scopes of role management"
            .to_owned()
    }
}

#[cfg(test)]
mod tests;
