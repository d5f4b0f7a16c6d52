//! What the spec asks for, resolved: defaults filled in, names checked, patterns compiled. What a
//! spec leaves out is `None` here and is never written.

use std::path::PathBuf;

use jiff::civil::Date;

use super::{AddressPattern, ApplicationSettings, CertificateSettings, Check, SafeguardSettings};
use crate::approval::ApprovalRules;
use crate::diagnostic::Span;
use crate::resource::{ActionSet, AgeLimit, LogonType, RecipientType, Thumbprint};

/// A value with the place in the spec that set it, for reasons and for errors found later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// Everything that one spec asks for.
#[derive(Debug, Clone)]
pub struct DesiredState {
    /// Which tenant, where, and how to sign in.
    pub tenant: TenantSettings,
    /// `[approval]`: who has to sign a plan before it is applied; `None` asks for no signature.
    pub approval: Option<Declared<ApprovalRules>>,
    /// `[unified_audit_log] ingestion`.
    pub unified_audit_log: Option<Declared<bool>>,
    /// `[organization] mailbox_auditing`: the service's `AuditDisabled`, inverted.
    pub mailbox_auditing: Option<Declared<bool>>,
    /// `[certificate.NAME]`, by name.
    pub certificates: Vec<CertificateSettings>,
    /// `[application.NAME]`, by name.
    pub applications: Vec<ApplicationSettings>,
    /// `[mailbox_audit.NAME]`, overriding policies before those that they override, then by name.
    pub policies: Vec<MailboxPolicy>,
    /// `[limits]` and every `prevent`.
    pub safeguards: SafeguardSettings,
    /// `[[check]]`, as they stand.
    pub checks: Vec<Check>,
}

/// `[tenant]`.
#[derive(Debug, Clone)]
pub struct TenantSettings {
    /// The initial domain (`contoso.onmicrosoft.com`). With the embedded endpoint it may be left
    /// out, since that tenant brings its own.
    pub organization: Option<String>,
    /// The tenant's GUID in lower case, where the spec names it.
    pub tenant_id: Option<uuid::Uuid>,
    /// Which of Microsoft's clouds.
    pub cloud: Cloud,
    /// Where its services are.
    pub endpoint: Endpoint,
    /// `[tenant.endpoints]`, each over the one that `endpoint` or `cloud` gives.
    pub endpoints: EndpointOverrides,
    /// A file of further trusted roots (PEM).
    pub ca_file: Option<PathBuf>,
    /// How to sign in; only the embedded endpoint does without.
    pub sign_in: Option<SignIn>,
    /// `[tenant.bootstrap]`: the identity for Entra work where it differs from `sign_in`.
    pub bootstrap: Option<SignIn>,
    /// `approve_second_phase`: what can be planned only after the first phase needs no approval of
    /// its own under `--auto-approve`.
    pub approve_second_phase: bool,
    /// `stamp`: tells applications of this spec from those of others that share a name.
    pub stamp: Option<Declared<String>>,
    /// The `[tenant]` header, for errors about the tenant as a whole.
    pub span: Span,
}

/// Microsoft's clouds, which have different hosts and whose tokens are not interchangeable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cloud {
    /// Commercial and GCC.
    #[default]
    Worldwide,
    /// GCC High.
    UsGovHigh,
    /// Department of Defense.
    UsGovDod,
    /// Operated by 21Vianet.
    China,
}

/// `[tenant] endpoint`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Endpoint {
    /// The published hosts of the cloud.
    #[default]
    Published,
    /// The tenant in memory that this program brings along, kept beside the spec.
    Embedded,
    /// One base URL that serves authority, Graph and Exchange together; no slash at the end.
    Base(String),
}

/// `[tenant.endpoints]`: base URLs without a slash at the end, and the token scope of Exchange.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndpointOverrides {
    /// Where tokens come from.
    pub authority: Option<String>,
    /// Microsoft Graph.
    pub graph: Option<String>,
    /// The Exchange admin API.
    pub exchange: Option<String>,
    /// The scope that Exchange tokens are asked for, `https://outlook.office365.com/.default`.
    pub exchange_scope: Option<String>,
}

/// `[tenant.sign_in]` or `[tenant.bootstrap]`, by `method`.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// `application = "application.NAME"`: as an application that the same spec makes, with its
    /// certificate or its federated credential.
    Application(Declared<String>),
    /// `method = "certificate"`.
    Certificate(CertificateSignIn),
    /// `method = "device_code"`: a person signs in with a browser, elsewhere.
    DeviceCode(DeviceCodeSignIn),
    /// `method = "azure_cli"`: whoever is signed in to `az`.
    AzureCli(Span),
    /// `method = "environment"`: tokens in these variables, told apart by their `aud`.
    Environment(Vec<Declared<String>>),
    /// `method = "workload_identity"`: a token of another issuer, without any key.
    WorkloadIdentity(WorkloadIdentitySignIn),
    /// `method = "managed_identity"`: the identity of the machine in Azure.
    ManagedIdentity {
        /// `client_id` of a user-assigned identity; `None` is the system-assigned one.
        client_id: Option<Declared<uuid::Uuid>>,
        /// The table.
        span: Span,
    },
}

/// Sign-in of an application with its certificate.
#[derive(Debug, Clone)]
pub struct CertificateSignIn {
    /// The application's client id.
    pub client_id: Declared<uuid::Uuid>,
    /// Where the certificate and its key are.
    pub certificate: CertificateLocation,
    /// Where `certificate` or `thumbprint` stands in the spec.
    pub certificate_span: Span,
    /// The environment variable that holds the file's password.
    pub password_env: Option<Declared<String>>,
}

/// Where a certificate and its key are. Paths are joined with the spec's directory already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateLocation {
    /// `certificate`: a `.pfx`, or a PEM with key and certificate.
    File(PathBuf),
    /// `thumbprint`, looked up among the certificates in `directory`.
    Thumbprint {
        /// Which one.
        thumbprint: Thumbprint,
        /// A directory of `.pfx` and `.pem` files.
        directory: PathBuf,
    },
}

/// `method = "device_code"`.
#[derive(Debug, Clone)]
pub struct DeviceCodeSignIn {
    /// A public client; `None` is Microsoft Graph Command Line Tools.
    pub client_id: Option<Declared<uuid::Uuid>>,
    /// The table.
    pub span: Span,
}

/// `method = "workload_identity"`.
#[derive(Debug, Clone)]
pub struct WorkloadIdentitySignIn {
    /// The application that holds the federated credential; `None` is `AZURE_CLIENT_ID`.
    pub client_id: Option<Declared<uuid::Uuid>>,
    /// A file with the token; `None` is `AZURE_FEDERATED_TOKEN_FILE`, or GitHub's own endpoint.
    pub token_file: Option<PathBuf>,
    /// The audience that GitHub's endpoint is asked for; `None` is the cloud's published one.
    pub audience: Option<Declared<String>>,
    /// The table.
    pub span: Span,
}

/// `[mailbox_audit.NAME]`.
#[derive(Debug, Clone)]
pub struct MailboxPolicy {
    /// NAME.
    pub name: String,
    /// The table's header.
    pub span: Span,
    /// Which mailbox types it is about; never empty.
    pub recipient_types: Vec<RecipientType>,
    /// Only mailboxes that one of these matches; empty means all.
    pub include: Vec<AddressPattern>,
    /// Mailboxes that are left alone.
    pub exclude: Vec<Exclusion>,
    /// `AuditEnabled`.
    pub enabled: Option<Declared<bool>>,
    /// `AuditAdmin`.
    pub admin: Option<Declared<ActionRule>>,
    /// `AuditDelegate`.
    pub delegate: Option<Declared<ActionRule>>,
    /// `AuditOwner`.
    pub owner: Option<Declared<ActionRule>>,
    /// `AuditLogAgeLimit`.
    pub log_age_limit: Option<Declared<AgeLimit>>,
    /// The names of the policies that this one takes precedence over.
    pub overrides: Vec<Declared<String>>,
}

impl MailboxPolicy {
    /// The rule for one logon type, if the policy has one.
    pub fn rule(&self, logon: LogonType) -> Option<&Declared<ActionRule>> {
        match logon {
            LogonType::Admin => self.admin.as_ref(),
            LogonType::Delegate => self.delegate.as_ref(),
            LogonType::Owner => self.owner.as_ref(),
        }
    }
}

/// A mailbox, or a pattern of mailboxes, that a policy leaves alone.
#[derive(Debug, Clone)]
pub struct Exclusion {
    /// Which addresses.
    pub pattern: AddressPattern,
    /// Why, for people.
    pub reason: Option<String>,
    /// The last day (UTC, inclusive) on which the exclusion holds.
    pub until: Option<Date>,
}

/// What a logon type shall record. All actions are in the table and accepted for the logon type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionRule {
    /// These and nothing else.
    Exactly(ActionSet),
    /// These and whatever else is there.
    AtLeast(ActionSet),
    /// Whatever Microsoft records by default, today and later.
    Default,
    /// Microsoft's default set and these, nothing else.
    DefaultPlus(ActionSet),
}
