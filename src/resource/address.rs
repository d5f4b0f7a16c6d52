//! Addresses of resources, as in Terraform: `kind.name`, `kind.name["key"]`, or the bare kind
//! where a tenant has only one.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The kinds of resource that a spec can hold or a plan can add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A certificate with its key, as files.
    Certificate,
    /// An application registration in Entra.
    Application,
    /// An owner of an application.
    ApplicationOwner,
    /// The application's presence in the tenant, which roles are given to.
    ServicePrincipal,
    /// Admin consent to one application permission.
    AppRoleAssignment,
    /// A directory role of a service principal.
    DirectoryRoleAssignment,
    /// A management role of Exchange, given by the Exchange provider of unified RBAC (beta).
    ExchangeRoleAssignment,
    /// A certificate registered on an application.
    KeyCredential,
    /// An issuer whose tokens sign an application in.
    FederatedCredential,
    /// The one-way `Enable-OrganizationCustomization`, planned only where a switch needs it.
    OrganizationCustomization,
    /// The unified audit log switch.
    UnifiedAuditLog,
    /// The organisation's mailbox auditing switch.
    Organization,
    /// Audit settings of a set of mailboxes.
    MailboxAudit,
    /// An assertion of a spec, which nothing is planned for.
    Check,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 14] = [
        Self::Certificate,
        Self::Application,
        Self::ApplicationOwner,
        Self::ServicePrincipal,
        Self::AppRoleAssignment,
        Self::DirectoryRoleAssignment,
        Self::ExchangeRoleAssignment,
        Self::KeyCredential,
        Self::FederatedCredential,
        Self::OrganizationCustomization,
        Self::UnifiedAuditLog,
        Self::Organization,
        Self::MailboxAudit,
        Self::Check,
    ];

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether a plan can hold something of this kind. A check is judged by plans and is in none.
    pub fn is_planned(self) -> bool {
        self != Self::Check
    }

    /// Whether an object of this kind hangs on an application, and is made by its table in a spec.
    pub fn is_part_of_application(self) -> bool {
        match self {
            Self::Application
            | Self::ApplicationOwner
            | Self::ServicePrincipal
            | Self::AppRoleAssignment
            | Self::DirectoryRoleAssignment
            | Self::ExchangeRoleAssignment
            | Self::KeyCredential
            | Self::FederatedCredential => true,
            Self::Certificate
            | Self::OrganizationCustomization
            | Self::UnifiedAuditLog
            | Self::Organization
            | Self::MailboxAudit
            | Self::Check => false,
        }
    }

    /// The kind as written in a spec and in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Application => "application",
            Self::ApplicationOwner => "application_owner",
            Self::ServicePrincipal => "service_principal",
            Self::AppRoleAssignment => "app_role_assignment",
            Self::DirectoryRoleAssignment => "directory_role_assignment",
            Self::ExchangeRoleAssignment => "exchange_role_assignment",
            Self::KeyCredential => "key_credential",
            Self::FederatedCredential => "federated_credential",
            Self::OrganizationCustomization => "organization_customization",
            Self::UnifiedAuditLog => "unified_audit_log",
            Self::Organization => "organization",
            Self::MailboxAudit => "mailbox_audit",
            Self::Check => "check",
        }
    }
}

/// The address of one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    kind: Kind,
    name: Option<String>,
    key: Option<String>,
}

impl Address {
    /// The address of a kind of which a tenant has one.
    #[must_use]
    pub fn singleton(kind: Kind) -> Self {
        Self { kind, name: None, key: None }
    }

    /// `kind.NAME`.
    #[must_use]
    pub fn named(kind: Kind, name: &str) -> Self {
        Self { kind, name: Some(name.to_owned()), key: None }
    }

    /// `kind.NAME["key"]`.
    #[must_use]
    pub fn keyed(kind: Kind, name: &str, key: &str) -> Self {
        Self { kind, name: Some(name.to_owned()), key: Some(key.to_owned()) }
    }

    /// `mailbox_audit.NAME`.
    #[must_use]
    pub fn policy(name: &str) -> Self {
        Self { kind: Kind::MailboxAudit, name: Some(name.to_owned()), key: None }
    }

    /// `mailbox_audit.NAME["key"]`. Keys compare without letter case, as addresses of mailboxes
    /// do, so the key is lower-cased.
    #[must_use]
    pub fn mailbox(name: &str, key: &str) -> Self {
        let key = Some(key.to_lowercase());
        Self { kind: Kind::MailboxAudit, name: Some(name.to_owned()), key }
    }

    /// Reads what [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, key) = match text.strip_suffix("\"]") {
            None => (text, None),
            Some(inner) => {
                let (rest, key) = inner.split_once("[\"")?;
                (rest, Some(unescaped_key(key)?))
            }
        };
        let (kind, name) = match rest.split_once('.') {
            None => (rest, None),
            Some((kind, name)) => (kind, Some(name.to_owned()).filter(|name| !name.is_empty())),
        };
        let kind = Kind::parse(kind)?;
        (name.is_some() || (key.is_none() && !rest.contains('.'))).then_some(Self {
            kind,
            name,
            key,
        })
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// NAME, where the kind has names.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The key, where it has one.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

/// A key without the backslashes before quotes and backslashes.
pub fn unescaped_key(key: &str) -> Option<String> {
    let mut plain = String::with_capacity(key.len());
    let mut letters = key.chars();
    while let Some(letter) = letters.next() {
        plain.push(if letter == '\\' { letters.next()? } else { letter });
    }
    Some(plain)
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind.name())?;
        if let Some(name) = &self.name {
            write!(formatter, ".{name}")?;
        }
        if let Some(key) = &self.key {
            let escaped = key.replace('\\', "\\\\").replace('"', "\\\"");
            write!(formatter, "[\"{escaped}\"]")?;
        }
        Ok(())
    }
}

/// The schema of its text, which is what stands in documents of plans.
impl JsonSchema for Address {
    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_planned()).map(Kind::name);
        let kinds = kinds.collect::<Vec<_>>().join("|");
        json_schema!({
            "description": "`kind`, `kind.name` or `kind.name[\"object\"]`.",
            "type": "string",
            "pattern": format!(r#"^({kinds})(\.[^\[]+(\[".+"\])?)?$"#),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_lower_cased_and_its_quotes_are_escaped() {
        let address = Address::mailbox("non_owner", "O\"Neil@Contoso.com");
        assert_eq!(address.to_string(), r#"mailbox_audit.non_owner["o\"neil@contoso.com"]"#);
    }

    #[test]
    fn an_address_is_read_as_it_is_written() {
        let addresses = [
            Address::singleton(Kind::UnifiedAuditLog),
            Address::named(Kind::Application, "auditor"),
            Address::mailbox("non_owner", "o\"neil\\@contoso.com"),
            Address::keyed(Kind::AppRoleAssignment, "auditor", "Mail.Read[\"x\"]"),
        ];
        for address in addresses {
            assert_eq!(Address::parse(&address.to_string()), Some(address));
        }
        for text in
            ["", "mailbox", "mailbox_audit.", "mailbox_audit[\"a\"]", "application.x[\"\\\"]"]
        {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_kind_of_which_there_is_one_has_a_bare_address() {
        assert_eq!(Address::singleton(Kind::UnifiedAuditLog).to_string(), "unified_audit_log");
    }
}
