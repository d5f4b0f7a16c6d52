//! Approval of a plan as data: rules and files go in; who approved it and when comes out, or every
//! reason why it is not approved. Pure: no file, no clock and no terminal; the time is handed in.
//!
//! An approval is a text file: a statement of four lines ([`Statement`]), and below it the signature
//! of exactly these bytes in the format of `ssh-keygen -Y sign -n auditform-approval` (OpenSSH,
//! `PROTOCOL.sshsig`). The time stands inside the statement, so nobody can change it afterwards.
//!
//! 1. `key`, `rules`: who may sign.
//! 2. `statement`, `file`: what was signed, and whether the signature holds.
//! 3. `judge`: whether these files are the approval that the rules ask for.
//! 4. `subject`, `private_key`: what is shown, and making one. `loosened`: what newer rules allow that older ones did not.

mod file;
mod judge;
mod key;
mod loosened;
mod private_key;
mod rules;
mod statement;
mod subject;
#[cfg(test)]
mod test_keys;

pub use file::{APPROVAL_BEGINS, LARGEST_APPROVAL, NAMESPACE};
pub use judge::{Approval, ApprovalFile, Approved, Case, Flaw, NotApproved, Reason, Unfit, judge};
pub use key::{KEY_KINDS, KeyError, SignerKey};
pub use loosened::loosened;
pub use private_key::{PrivateKey, PrivateKeyError};
pub use rules::{ApprovalRules, LONGEST_EXPIRY, RulesError, Signer, USUAL_EXPIRY};
pub use statement::{FORMAT_VERSION, Statement};
pub use subject::{Loss, Subject};
