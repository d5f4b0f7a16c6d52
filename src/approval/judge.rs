//! Whether a plan is approved: rules, the plan's digest, its tenant, the time and the files that are
//! at hand go in; who approved it comes out, or every reason why it does not count.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::file;
pub use super::file::Flaw;
use super::key::SignerKey;
use super::rules::ApprovalRules;
use super::statement::Statement;
use crate::resource::{PlanDigest, written_duration};

/// How far the clock of a signer may be ahead of ours.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What is to be approved, and when it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Case<'r> {
    /// The rules in force.
    pub rules: &'r ApprovalRules,
    /// The plan.
    pub plan: PlanDigest,
    /// Its tenant.
    pub tenant: Uuid,
    /// The time.
    pub now: Timestamp,
}

/// A file that may hold an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalFile {
    /// Its name, for messages.
    pub name: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// An approval that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Whose it is.
    pub signer: String,
    /// The fingerprint of the key.
    pub fingerprint: String,
    /// When it was given.
    pub time: Timestamp,
    /// The file that holds it.
    pub file: String,
}

/// A file that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Its name.
    pub file: String,
    /// Never empty.
    pub reasons: Vec<Reason>,
}

/// Why a file does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is no approval.
    Flawed(Flaw),
    /// The key is none of those that may sign.
    NotAllowed(SignerKey),
    /// It is about another plan.
    OtherPlan {
        /// The one that it is about.
        approved: PlanDigest,
        /// The one that is to be approved.
        wanted: PlanDigest,
    },
    /// It is about a plan for another tenant.
    OtherTenant {
        /// The one that it is about.
        approved: Uuid,
        /// The one of the plan.
        wanted: Uuid,
    },
    /// It was given too long ago.
    Expired {
        /// By whom.
        signer: String,
        /// When.
        given: Timestamp,
        /// How long it holds.
        expiry: SignedDuration,
    },
    /// It was given later than now.
    Future {
        /// By whom.
        signer: String,
        /// When, as the signer's clock had it.
        given: Timestamp,
    },
    /// The same signer counts already.
    Again {
        /// Who.
        signer: String,
        /// The file that counts.
        counted: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flawed(flaw) => flaw.fmt(formatter),
            Self::NotAllowed(key) => {
                write!(formatter, "its key may not sign: {key} ({})", key.fingerprint())
            }
            Self::OtherPlan { approved, wanted } => {
                let (approved, wanted) = (approved.short(), wanted.short());
                write!(formatter, "it approves the plan {approved}, and this one is {wanted}")
            }
            Self::OtherTenant { approved, wanted } => {
                write!(formatter, "it is for the tenant {approved}, and the plan is for {wanted}")
            }
            Self::Expired { signer, given, expiry } => {
                let held = written_duration(*expiry);
                write!(formatter, "it has expired: {signer} gave it at {given}, and it held {held}")
            }
            Self::Future { signer, given } => {
                write!(formatter, "it lies in the future: the clock of {signer} showed {given}")
            }
            Self::Again { signer, counted } => {
                write!(formatter, "{signer} counts once, by `{counted}`")
            }
        }
    }
}

/// A plan that is approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// By whom, in the order of the files; as many as required, or more.
    pub by: Vec<Approval>,
    /// The last moment at which enough of them hold.
    pub until: Timestamp,
    /// Files that were not needed and would not have counted.
    pub unfit: Vec<Unfit>,
}

/// A plan that is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotApproved {
    /// So many signers have to approve.
    pub required: u32,
    /// Approvals that count.
    pub by: Vec<Approval>,
    /// Files that do not.
    pub unfit: Vec<Unfit>,
}

/// "nobody has approved it", "1 of 2 signers has approved it".
impl fmt::Display for NotApproved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let required = self.required;
        let signers = if required == 1 { "signer" } else { "signers" };
        match self.by.len() {
            0 => write!(formatter, "none of {required} {signers} has approved it"),
            1 => write!(formatter, "1 of {required} {signers} has approved it"),
            given => write!(formatter, "{given} of {required} {signers} have approved it"),
        }
    }
}

/// Holds files against the rules.
pub fn judge(case: &Case<'_>, files: &[ApprovalFile]) -> Result<Approved, NotApproved> {
    let (mut by, mut unfit): (Vec<Approval>, Vec<Unfit>) = (Vec::new(), Vec::new());
    for file in files {
        match approval(case, file) {
            Ok(approval) => match by.iter_mut().find(|one| one.signer == approval.signer) {
                None => by.push(approval),
                Some(counted) => {
                    // The later one holds longer.
                    let mut other = approval;
                    if counted.time < other.time {
                        std::mem::swap(counted, &mut other);
                    }
                    let (signer, counted) = (other.signer, counted.file.clone());
                    let reasons = vec![Reason::Again { signer, counted }];
                    unfit.push(Unfit { file: other.file, reasons });
                }
            },
            Err(reasons) => unfit.push(Unfit { file: file.name.clone(), reasons }),
        }
    }
    let required = case.rules.required();
    let mut times: Vec<Timestamp> = by.iter().map(|approval| approval.time).collect();
    times.sort_unstable_by(|one, other| other.cmp(one));
    let last = usize::try_from(required).ok().and_then(|required| times.get(required - 1));
    match last.and_then(|given| given.checked_add(case.rules.expiry()).ok()) {
        Some(until) => Ok(Approved { by, until, unfit }),
        None => Err(NotApproved { required, by, unfit }),
    }
}

fn approval(case: &Case<'_>, file: &ApprovalFile) -> Result<Approval, Vec<Reason>> {
    let (statement, key) = file::open(&file.content).map_err(|flaw| vec![Reason::Flawed(flaw)])?;
    let Some(signer) = case.rules.signer(&key) else { return Err(vec![Reason::NotAllowed(key)]) };
    let signer = signer.holder();
    let reasons = misfits(case, &statement, &signer);
    if reasons.is_empty() {
        let (fingerprint, time) = (key.fingerprint(), statement.time);
        Ok(Approval { signer, fingerprint, time, file: file.name.clone() })
    } else {
        Err(reasons)
    }
}

fn misfits(case: &Case<'_>, statement: &Statement, signer: &str) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if statement.plan != case.plan {
        reasons.push(Reason::OtherPlan { approved: statement.plan, wanted: case.plan });
    }
    if statement.tenant != case.tenant {
        reasons.push(Reason::OtherTenant { approved: statement.tenant, wanted: case.tenant });
    }
    let (given, expiry) = (statement.time, case.rules.expiry());
    let age = case.now.duration_since(given);
    if age > expiry {
        reasons.push(Reason::Expired { signer: signer.to_owned(), given, expiry });
    } else if age < -SKEW {
        reasons.push(Reason::Future { signer: signer.to_owned(), given });
    }
    reasons
}

#[cfg(test)]
mod tests;
