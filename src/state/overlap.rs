//! Two policies that claim the same attribute of the same mailbox: what each claims, whether one
//! gives way, and the finding. Offline checks and the plan both report overlaps, so the words and
//! the rules are here, once. Which mailboxes a policy matches is decided elsewhere.

use super::MailboxPolicy;
use crate::diagnostic::{Diagnostic, Span, and_list};
use crate::resource::{LogonType, RecipientType};

/// An attribute that a policy sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The attribute's name in a spec and in a plan: `enabled`, `admin`, ...
    pub attribute: &'static str,
    /// Where the policy sets it.
    pub span: Span,
}

impl MailboxPolicy {
    /// Every attribute that the policy sets, in the order of a plan.
    pub fn claims(&self) -> Vec<Claim> {
        let rules =
            LogonType::ALL.map(|logon| (logon.attribute(), self.rule(logon).map(|rule| rule.span)));
        [("enabled", self.enabled.map(|enabled| enabled.span))]
            .into_iter()
            .chain(rules)
            .chain([("log_age_limit", self.log_age_limit.map(|limit| limit.span))])
            .filter_map(|(attribute, span)| Some(Claim { attribute, span: span? }))
            .collect()
    }

    /// Whether the policy says that it takes precedence over another. Precedence is not handed
    /// on: each policy names every policy that it overrides.
    pub fn overrides(&self, other: &MailboxPolicy) -> bool {
        self.overrides.iter().any(|name| name.value == other.name)
    }

    /// The mailbox types that both are about.
    pub fn shared_types(&self, other: &MailboxPolicy) -> Vec<RecipientType> {
        let shared = |kind: &RecipientType| other.recipient_types.contains(kind);
        self.recipient_types.iter().copied().filter(shared).collect()
    }

    /// The attributes that both set.
    pub fn shared_claims(&self, other: &MailboxPolicy) -> Vec<&'static str> {
        let theirs = other.claims();
        let shared = |claim: &Claim| theirs.iter().any(|their| their.attribute == claim.attribute);
        self.claims().into_iter().filter(shared).map(|claim| claim.attribute).collect()
    }

    /// The attributes that both set while neither gives way: an error on any mailbox that both
    /// match.
    pub fn contested(&self, other: &MailboxPolicy) -> Vec<&'static str> {
        if self.overrides(other) || other.overrides(self) {
            return Vec::new();
        }
        self.shared_claims(other)
    }
}

/// The finding that two policies claim the same attributes: of `mailbox` where the tenant showed
/// one, of all mailboxes that both are about otherwise.
pub fn overlap_diagnostic(
    one: &MailboxPolicy,
    other: &MailboxPolicy,
    attributes: &[&'static str],
    mailbox: Option<&str>,
) -> Diagnostic {
    let (first, second) = if one.span <= other.span { (one, other) } else { (other, one) };
    let ticked: Vec<String> = attributes.iter().map(|name| format!("`{name}`")).collect();
    let claimed = and_list(&ticked);
    let place = |policy: &MailboxPolicy| {
        let claims = policy.claims();
        let claim = claims.iter().find(|claim| attributes.first() == Some(&claim.attribute));
        claim.map_or(policy.span, |claim| claim.span)
    };
    let (one, other) = (&first.name, &second.name);
    let finding = Diagnostic::error(
        "overlap",
        match mailbox {
            Some(mailbox) => format!("`{one}` and `{other}` both set {claimed} of `{mailbox}`"),
            None => format!("`{one}` and `{other}` both set {claimed} of the same mailboxes"),
        },
    )
    .at(place(second), format!("set by `{other}`"))
    .at(place(first), format!("set by `{one}`"));
    let shared: Vec<&str> =
        first.shared_types(second).into_iter().map(RecipientType::name).collect();
    let finding = match mailbox {
        Some(_) => finding,
        None => finding.note(format!("both are about {}", and_list(&shared))),
    };
    finding
        .help(format!("let one give way: `overrides = [\"{one}\"]` in `[mailbox_audit.{other}]`"))
        .help("or tell their mailboxes apart with `recipient_types`, `include` and `exclude`")
}
