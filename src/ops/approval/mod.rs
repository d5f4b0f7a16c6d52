//! Approval of saved plans: what there is to approve, the files beside it, signing, and the check that
//! an apply makes before its first call. What counts is judged in `approval`.

mod check;
mod files;
mod sign;
mod subject;

pub use check::{ApprovalQuestion, check_approval, is_no_looser, is_recent, needs_no_approval};
pub use sign::{ApprovalKey, approve, may_approve, read_approval_key};
pub use subject::approval_subject;
