//! What is known about a plan besides the plan itself, and stands with it in every view.

use std::borrow::Cow;

use jiff::Timestamp;

use super::wording::visible;
use crate::plan::Plan;

/// Where a plan comes from; each part is left out where it is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// `sha256:` and the digest by which the plan is approved.
    pub digest: Option<String>,
    /// When the plan was made.
    pub created: Option<Timestamp>,
    /// The version of Auditform that made it.
    pub tool_version: Option<String>,
    /// The Git commit that the spec was at.
    pub git_commit: Option<String>,
    /// What the rules of the plan let through that those of the last apply did not.
    pub looser: Option<Looser>,
}

/// Rules that are looser than those of an earlier run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looser {
    /// The name of that run.
    pub than: String,
    /// When it began.
    pub at: Timestamp,
    /// Each way, in words.
    pub ways: Vec<String>,
}

impl Looser {
    /// The heading of the list, without its colon.
    pub(super) fn headline(&self) -> String {
        format!("Looser than when this tenant was changed last ({:.0}, run {})", self.at, self.than)
    }
}

impl Provenance {
    /// The parts that tell where the plan comes from, each with its name. The digest is not among
    /// them, since it has a place of its own.
    pub(super) fn origin(&self) -> Vec<(&'static str, Cow<'_, str>)> {
        let created = self.created.map(|time| Cow::Owned(format!("{time:.0}")));
        let [version, commit] = [&self.tool_version, &self.git_commit]
            .map(|part| part.as_deref().map(|part| visible(start(part))));
        [("Made", created), ("Auditform", version), ("Git commit", commit)]
            .into_iter()
            .filter_map(|(name, part)| Some((name, part?)))
            .collect()
    }
}

/// That a plan was not made from the tenant itself, as it stands before everything else.
pub(super) fn observed(plan: &Plan) -> Option<String> {
    let taken_at = plan.snapshot?;
    Some(format!(
        "what follows is compared with a snapshot of {taken_at:.0}, and the tenant was not read since"
    ))
}

/// A saved plan is read from a file, which may hold anything.
fn start(part: &str) -> &str {
    part.char_indices().nth(100).map_or(part, |(end, _)| &part[..end])
}
