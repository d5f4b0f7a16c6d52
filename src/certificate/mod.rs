//! Certificates and their files: a certificate is made ([`issue()`]), written and read back
//! ([`Store::put`]), shown ([`read_any`], [`Store::inspect`]), switched for the next one
//! ([`Store::stage`], [`Store::promote`]) and removed. Those from elsewhere are read and checked
//! ([`read_existing`], [`find_by_thumbprint`]).
//!
//! Nothing here knows a spec, a plan or a tenant: which certificate shall exist, and whether one
//! was uploaded, is for others to say. Keys are zeroed when they are dropped and are in no message.

mod error;
mod facts;
mod files;
mod forms;
mod inventory;
mod issue;
mod layout;
mod reading;
mod search;
mod store;

#[cfg(test)]
mod tests;

pub use error::StoreError;
pub use facts::Facts;
pub use forms::PfxEncryption;
pub use inventory::{Held, Inventory, Remains};
pub use issue::{IssueError, Issued, KeySize, LONGEST_LIFE, Recipe, USUAL_LIFE, issue};
pub use layout::{Form, Slot};
pub use reading::{Shown, read_any};
pub use search::{Existing, find_by_thumbprint, read_existing};
pub use store::{Store, Switched};
