//! The inverse of a plan that was carried out, wholly or in part: from what each change saw before, bound
//! to what the tenant holds now. A plan like any other comes out.

mod credentials;
mod mailboxes;
mod registration;
mod steps;
mod switches;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use mailboxes::MailboxUndo;
pub use steps::{ChainStanding, judge_undo};
pub(in crate::plan) use steps::{Judge, Seen, held_whole, text_before};
pub use switches::undo_switches;

use crate::resource::Address;

/// What a plan takes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Undoes {
    /// The name of the run.
    pub run: String,
    /// What stays as the run left it, and why, by address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stays: Vec<Stays>,
}

/// A change that is not taken back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Stays {
    /// The address.
    #[schemars(with = "Address")]
    pub address: String,
    /// Why, in words.
    pub reason: String,
    /// Others have changed it since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed_since: bool,
}

impl Stays {
    /// A change that cannot be taken back.
    pub fn irreversible(address: &Address, reason: impl Into<String>) -> Self {
        Self { address: address.to_string(), reason: reason.into(), changed_since: false }
    }

    /// A change after which others have changed the object.
    pub fn changed(address: &Address, reason: impl Into<String>) -> Self {
        Self { address: address.to_string(), reason: reason.into(), changed_since: true }
    }
}
