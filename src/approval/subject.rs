//! What a signer approves, as it is shown before the signature: the plan's digest, its tenant, its
//! rules, and what it takes away. A value; who reads a saved plan fills it in.

use uuid::Uuid;

use super::rules::ApprovalRules;
use crate::resource::PlanDigest;

/// A saved plan as its approver sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The digest that is signed.
    pub plan: PlanDigest,
    /// The tenant that the plan is for.
    pub tenant: Uuid,
    /// The tenant's domain.
    pub organization: String,
    /// The rules that the plan carries; `None` asks for no signature.
    pub rules: Option<ApprovalRules>,
    /// Objects that come into being.
    pub create: u64,
    /// Objects that change.
    pub change: u64,
    /// Objects that are deleted.
    pub delete: u64,
    /// In which ways less is recorded afterwards.
    pub weakens: Vec<Loss>,
    /// What else is taken away.
    pub removes: Vec<Loss>,
    /// Addresses of what is deleted.
    pub deletes: Vec<String>,
}

/// What changes take away, those alike counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// In words.
    pub what: String,
    /// How many changes do it.
    pub changes: u64,
    /// The address of the first of them.
    pub first: String,
}
