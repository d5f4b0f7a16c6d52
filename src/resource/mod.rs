//! The words of the domain: addresses of resources, recipient types, logon types, audit actions
//! with the table of where each is valid, sets of them, log age limits, lengths of time,
//! thumbprints of certificates, digests of plans and versions of formats. Values only; nothing here reads a file or makes
//! a call.

mod action_set;
mod action_words;
mod address;
mod age_limit;
mod audit_action;
mod digest;
mod duration;
mod format_version;
mod logon_type;
mod recipient_type;
mod role;
pub mod sha1_text;
mod thumbprint;

pub use action_set::{ActionSet, ActionVocabulary, TooManyActions};
pub use action_words::recorded_by;
pub use address::{Address, Kind, unescaped_key};
pub use age_limit::AgeLimit;
pub use audit_action::{
    AuditAction, Standing, TABLE, TABLE_VERSION, default_actions, known_action, valid_actions,
};
pub use digest::{DigestError, PlanDigest, hexadecimal};
pub use duration::{parse_duration, written_duration};
pub use format_version::FormatVersion;
pub use logon_type::{LogonType, LogonTypes};
pub use recipient_type::{Coverage, RecipientType};
pub use role::{DIRECTORY_ROLES, DirectoryRole, EXCHANGE_ROLES};
pub use thumbprint::{Thumbprint, ThumbprintError};
