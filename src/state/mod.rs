//! The two states that a plan compares: what the spec wants (`desired`) and what the tenant holds
//! (`observed`). Values only. Mailboxes are never held as a whole: an observed row is borrowed from
//! the page that it came on, and compared at once.

mod chain;
mod checks;
mod desired;
mod directory;
mod identity;
mod observed;
mod overlap;
mod pattern;
mod requirements;
mod safeguards;
mod selection;

pub use chain::{CertificateFacts, ObservedCertificate, ObservedChain, ObservedIdentity};
pub use checks::{
    Assertion, Check, CheckSeverity, CheckedState, Expectation, MailboxAssertion, Range, RangeEnd,
};
pub use desired::{
    ActionRule, CertificateLocation, CertificateSignIn, Cloud, Declared, DesiredState,
    DeviceCodeSignIn, Endpoint, EndpointOverrides, Exclusion, MailboxPolicy, SignIn,
    TenantSettings, WorkloadIdentitySignIn,
};
pub use directory::{
    AppRole, ObservedApplication, ObservedConsent, ObservedFederatedCredential, ObservedKey,
    ObservedOwner, ObservedRole, ObservedServicePrincipal, RequiredAccess, RoleDefinition,
};
pub use identity::{
    ApiPermission, ApplicationKey, ApplicationSettings, CertificateSettings, CertificateSource,
    Ensure, FederatedCredential, MadeCertificate, Validity,
};
pub use observed::{AuditState, MailboxRow, OrganizationState, TenantIdentity};
pub use overlap::{Claim, overlap_diagnostic};
pub use pattern::{AddressPattern, PatternError};
pub use requirements::{Need, NeedKind, Requirements, requirements};
pub use safeguards::{
    Allowance, Bound, Limit, LimitClass, Limits, Prevent, PreventSettings, Protection,
    SafeguardSettings, Safeguards, Share,
};
pub use selection::{Selection, Target, TargetError, Targets};
