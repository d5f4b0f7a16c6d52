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
use crate::state::DesiredState;

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

    /// The directory roles that let a person do it, the least first, by template id.
    fn roles(self) -> &'static [(&'static str, &'static str)] {
        const GLOBAL: (&str, &str) =
            ("Global Administrator", "62e90394-69f5-4237-9190-012177145e10");
        const PRIVILEGED: (&str, &str) =
            ("Privileged Role Administrator", "e8611ab8-c189-46e8-94e1-60213ab1f814");
        const CLOUD_APPLICATION: (&str, &str) =
            ("Cloud Application Administrator", "158c047a-c907-4556-b7ef-446551a6b5f7");
        const APPLICATION: (&str, &str) =
            ("Application Administrator", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3");
        const EXCHANGE: (&str, &str) =
            ("Exchange Administrator", "29232cdf-9323-42fd-ade2-1d097af3e4de");
        match self {
            // Any member may register applications unless the tenant forbids it.
            Self::Applications => &[],
            Self::Consent => &[CLOUD_APPLICATION, APPLICATION, PRIVILEGED, GLOBAL],
            Self::DirectoryRoles => &[PRIVILEGED, GLOBAL],
            Self::ExchangeRoles => &[EXCHANGE, PRIVILEGED, GLOBAL],
        }
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
    let mut found = Diagnostics::default();
    for (need, places) in needs {
        if let Some(finding) = missing(claims, need, &places) {
            found.push(finding);
        }
    }
    found
}

/// The same for all that a spec declares, where reading was denied and nothing could be planned.
pub(super) fn preflight_of_spec(claims: &Claims, desired: &DesiredState) -> Diagnostics {
    let mut found = Diagnostics::default();
    for application in &desired.applications {
        let needs = [
            (Need::Applications, false),
            (Need::Consent, application.api_permissions.is_empty()),
            (Need::DirectoryRoles, application.directory_roles.is_empty()),
            (Need::ExchangeRoles, application.exchange_roles.is_empty()),
        ];
        let place = [format!("`application.{}`", application.name)];
        for (need, _) in needs.into_iter().filter(|(_, is_unused)| !is_unused) {
            if let Some(finding) = missing(claims, need, &place) {
                found.push(finding);
            }
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
    let has_role = claims
        .directory_roles()
        .iter()
        .any(|id| roles.iter().any(|(_, template)| id.eq_ignore_ascii_case(template)));
    if claims.is_application() || roles.is_empty() || has_role {
        return None;
    }
    let names: Vec<&str> = roles.iter().map(|(name, _)| *name).collect();
    Some(
        Diagnostic::error(
            "missing-role",
            format!("whoever signed in has none of the roles {}", names.join(", ")),
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
