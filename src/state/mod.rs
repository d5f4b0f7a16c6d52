//! The two states that a plan compares: what the spec wants (`desired`) and what the tenant holds
//! (`observed`). Values only. Mailboxes are never held as a whole: an observed row is borrowed from
//! the page that it came on, and compared at once.

mod desired;
mod observed;
mod overlap;
mod pattern;

pub use desired::{
    ActionRule, CertificateSignIn, Cloud, Declared, DesiredState, Endpoint, EndpointOverrides,
    Exclusion, MailboxPolicy, SignIn, TenantSettings,
};
pub use observed::{AuditState, MailboxRow, OrganizationState, TenantIdentity};
pub use overlap::{Claim, overlap_diagnostic};
pub use pattern::{AddressPattern, PatternError};
