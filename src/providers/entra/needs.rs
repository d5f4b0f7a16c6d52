//! What a caller of Graph must hold for each kind of request, as data: for comparing a token with
//! what a plan needs before anything is written, and for saying what is missing after a refusal.
//!
//! Source: the permission tables of the operations in the Graph reference, and its includes
//! `rbac-for-apis` for the roles of a user.

use crate::client::Claims;

/// Permissions and roles that a request takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Needs {
    /// One of each list, delegated or as an application; the first is the least that does.
    pub permissions: &'static [&'static [&'static str]],
    /// The directory role that a user has to have besides, or who can give it.
    pub role: &'static str,
}

impl Needs {
    /// The least permissions that the token lacks.
    pub fn missing(&self, claims: &Claims) -> Vec<&'static str> {
        let held = |name: &str| {
            claims.has_permission(name)
                || claims.scopes().any(|scope| scope.eq_ignore_ascii_case(name))
        };
        let lacking = self.permissions.iter().filter(|any| !any.iter().any(|name| held(name)));
        lacking.filter_map(|any| any.first().copied()).collect()
    }
}

const READ: &[&str] = &[
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
    "Directory.AccessAsUser.All",
];

/// Reading applications, service principals, consents and owners.
pub const APPLICATION_READ: Needs =
    Needs { permissions: &[READ], role: "Directory Readers, where reading is restricted" };

/// Making and changing applications and service principals, their credentials and owners.
pub const APPLICATION_WRITE: Needs = Needs {
    permissions: &[&["Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"]],
    role: "Application Administrator, Cloud Application Administrator or Application Developer",
};

/// Granting application permissions and taking them back.
pub const CONSENT: Needs = Needs {
    permissions: &[&["AppRoleAssignment.ReadWrite.All"], READ],
    role: "Cloud Application Administrator or Application Administrator; for permissions of \
           Microsoft Graph itself Privileged Role Administrator",
};

/// Reading directory roles.
pub const DIRECTORY_ROLE_READ: Needs = Needs {
    permissions: &[&[
        "RoleManagement.Read.Directory",
        "RoleManagement.Read.All",
        "RoleManagement.ReadWrite.Directory",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    ]],
    role: "Directory Readers, where reading is restricted",
};

/// Giving directory roles and taking them back.
pub const DIRECTORY_ROLE_WRITE: Needs = Needs {
    permissions: &[&["RoleManagement.ReadWrite.Directory"]],
    role: "Privileged Role Administrator",
};

/// Reading management roles of Exchange.
pub const EXCHANGE_ROLE_READ: Needs = Needs {
    permissions: &[&[
        "RoleManagement.Read.Exchange",
        "RoleManagement.Read.All",
        "RoleManagement.ReadWrite.Exchange",
    ]],
    role: "Exchange Administrator",
};

/// Giving management roles of Exchange and taking them back.
pub const EXCHANGE_ROLE_WRITE: Needs = Needs {
    permissions: &[&["RoleManagement.ReadWrite.Exchange"]],
    role: "Exchange Administrator",
};

/// Finding a user who is to own an application.
pub const USER_READ: Needs = Needs {
    permissions: &[&[
        "User.ReadBasic.All",
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Directory.AccessAsUser.All",
    ]],
    role: "Directory Readers, where reading is restricted",
};

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn claims(text: &str) -> Claims {
        Claims::of_token(&format!("e30.{}.x", URL_SAFE_NO_PAD.encode(text))).unwrap()
    }

    #[test]
    fn what_a_token_lacks_is_named_by_the_least_that_would_do() {
        let cli = claims(r#"{"scp":"application.readwrite.all AppRoleAssignment.ReadWrite.All"}"#);
        assert!(APPLICATION_WRITE.missing(&cli).is_empty());
        assert!(CONSENT.missing(&cli).is_empty());
        assert_eq!(DIRECTORY_ROLE_WRITE.missing(&cli), ["RoleManagement.ReadWrite.Directory"]);
        let none = claims(r#"{"roles":["Mail.Read"]}"#);
        let lacking = ["AppRoleAssignment.ReadWrite.All", "Application.Read.All"];
        assert_eq!(CONSENT.missing(&none), lacking);
    }
}
