//! Patterns that match nothing are slips, and a slip in what is wanted would pass for an empty plan.
//! What a spec can tell is told before any call; whether a mailbox is there, once the list is whole.
//! What a pattern with a key may name follows from the names in the spec, not from its kind alone: that
//! may be a pattern too.

use crate::diagnostic::{Closest, Diagnostic, Diagnostics, nearest};
use crate::plan::Plan;
use crate::resource::{Address, Kind};
use crate::state::{DesiredState, Selection, Target, Targets};

/// For so many patterns of mailboxes the nearest name is looked for: each costs a comparison with every
/// mailbox.
const COMPARED: usize = 8;

/// The patterns that are about nothing in a spec.
pub fn unknown_targets(desired: &DesiredState, selection: &Selection) -> Diagnostics {
    let known = resources(desired);
    let mut found = Diagnostics::default();
    for target in selection.targets.iter().chain(selection.excludes.iter()) {
        let is_about = |address: &Address| is_about(target, address);
        if !known.iter().any(is_about) {
            found.push(unknown(target, &known).note("no call was made"));
        } else if is_about_mailboxes(target, desired) && is_about_parts(target, &known) {
            found.push(ambiguous(target));
        }
    }
    found
}

/// Whether a pattern names mailboxes of a policy one by one.
fn is_about_mailboxes(target: &Target, desired: &DesiredState) -> bool {
    let is_about = |name: &str| target.may_name(Kind::MailboxAudit, Some(name));
    target.has_key() && desired.policies.iter().any(|policy| is_about(&policy.name))
}

/// Whether a pattern names parts of some of these applications one by one.
fn is_about_parts(target: &Target, known: &[Address]) -> bool {
    let of_application = |address: &&Address| address.kind().is_part_of_application();
    let mut names = known.iter().filter(of_application).map(Address::name);
    target.has_key() && names.any(|name| may_name_part(target, name))
}

/// Whether a pattern is about some part of an application of this name.
fn may_name_part(target: &Target, name: Option<&str>) -> bool {
    let mut parts = Kind::ALL.into_iter().filter(|kind| kind.is_part_of_application());
    parts.any(|part| target.may_name(part, name))
}

/// Whether a pattern is about parts of applications by its kind.
fn may_name_part_of_any(target: &Target) -> bool {
    let mut parts = Kind::ALL.into_iter().filter(|kind| kind.is_part_of_application());
    parts.any(|part| target.may_name_kind(part))
}

fn ambiguous(target: &Target) -> Diagnostic {
    let summary = format!("`{}` may be a mailbox or a part of an application", target.text());
    Diagnostic::error("ambiguous-target", summary)
        .note("no call was made")
        .help("name the kind: `mailbox_audit.*[\"...\"]` for mailboxes")
}

/// Whether a pattern is about a resource or a part of it.
fn is_about(target: &Target, address: &Address) -> bool {
    let (kind, name) = (address.kind(), address.name());
    if kind == Kind::Application {
        return may_name_part(target, name);
    }
    target.may_name(kind, name) && !(target.has_key() && kind != Kind::MailboxAudit)
}

/// What a spec manages, by address.
fn resources(desired: &DesiredState) -> Vec<Address> {
    let singleton = |is: bool, kind| is.then(|| Address::singleton(kind));
    let (log, auditing) = (desired.unified_audit_log.is_some(), desired.mailbox_auditing.is_some());
    let certificates =
        desired.certificates.iter().map(|one| Address::named(Kind::Certificate, &one.name));
    let applications =
        desired.applications.iter().map(|one| Address::named(Kind::Application, &one.name));
    let policies = desired.policies.iter().map(|one| Address::policy(&one.name));
    certificates
        .chain(applications)
        .chain(singleton(log || auditing, Kind::OrganizationCustomization))
        .chain(singleton(log, Kind::UnifiedAuditLog))
        .chain(singleton(auditing, Kind::Organization))
        .chain(policies)
        .collect()
}

fn unknown(target: &Target, known: &[Address]) -> Diagnostic {
    let text = target.text();
    let resource = text.split("[\"").next().unwrap_or_default();
    let known: Vec<String> = known.iter().map(Address::to_string).collect();
    let summary = format!("`{text}` is nothing that this spec manages");
    let mut finding = Diagnostic::error("no-such-target", summary);
    if resource.contains('[') {
        finding = finding.help(
            "a key stands in quotes, `mailbox_audit.NAME[\"user@contoso.com\"]`; a shell takes them \
             away unless the whole address stands in single quotes",
        );
    }
    match nearest(resource, known.iter().map(String::as_str)) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(format!("what it manages is: {}", known.join(", "))),
    }
}

/// The patterns that name parts of identity chains by key and match none, whether it changes or needs
/// nothing.
pub fn unmet_targets(selection: &Selection, plan: &Plan, unchanged: &[Address]) -> Diagnostics {
    let known: Vec<Address> =
        plan.identity.iter().map(|change| &change.address).chain(unchanged).cloned().collect();
    let is_met =
        |target: &Target| known.iter().any(|one| target.matches(one.kind(), one.name(), one.key()));
    let mut found = Diagnostics::default();
    for target in selection.targets.iter().chain(selection.excludes.iter()) {
        // Where its kind can be that of a mailbox, only the name tells: it is never that of both.
        let is_of_chain = if target.may_name_kind(Kind::MailboxAudit) {
            is_about_parts(target, &known)
        } else {
            target.has_key() && may_name_part_of_any(target)
        };
        if is_of_chain && !is_met(target) {
            let texts: Vec<String> = known.iter().map(Address::to_string).collect();
            let near = nearest(target.text(), texts.iter().map(String::as_str));
            found.push(unmet(target, "object of this tenant's applications", near));
        }
    }
    found
}

fn unmet(target: &Target, what: &str, near: Option<&str>) -> Diagnostic {
    let summary = format!("`{}` matches no {what} that the spec manages", target.text());
    let finding = Diagnostic::error("no-such-target", summary).note("nothing was planned");
    match near {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding,
    }
}

/// Looks for the mailboxes that patterns name while the rows come in.
#[derive(Debug)]
pub struct MailboxWatch<'s> {
    lists: [Watched<'s>; 2],
}

/// The patterns of one list.
#[derive(Debug)]
struct Watched<'s> {
    targets: &'s Targets,
    is_met: Vec<bool>,
    /// The nearest name to some of the patterns that are not met yet, with the policy it is under.
    near: Vec<(usize, Closest)>,
}

impl<'s> MailboxWatch<'s> {
    /// Looks for what a selection names of the policies of a spec.
    pub fn new(selection: &'s Selection, desired: &DesiredState) -> Self {
        Self {
            lists: [&selection.targets, &selection.excludes].map(|one| Watched::new(one, desired)),
        }
    }

    /// Takes a mailbox that these policies have a say in.
    pub(in crate::plan) fn observe(&mut self, policies: &[&str], upn: &str) {
        for list in &mut self.lists {
            list.observe(policies, upn);
        }
    }

    /// The patterns that no mailbox has met.
    pub(in crate::plan) fn unmet(&self) -> Diagnostics {
        let mut found = Diagnostics::default();
        self.lists.iter().for_each(|list| list.unmet(&mut found));
        found
    }
}

impl<'s> Watched<'s> {
    fn new(targets: &'s Targets, desired: &DesiredState) -> Self {
        // What has no key is about policies, which the spec has told.
        let is_met: Vec<bool> =
            targets.iter().map(|target| !is_about_mailboxes(target, desired)).collect();
        let plain = targets.iter().enumerate().filter(|(place, _)| !is_met[*place]);
        let plain = plain.filter_map(|(place, target)| Some((place, target.plain_key()?)));
        let near = plain.take(COMPARED).map(|(place, key)| (place, Closest::to(key))).collect();
        Self { targets, is_met, near }
    }

    fn observe(&mut self, policies: &[&str], upn: &str) {
        for place in self.targets.matching(Kind::MailboxAudit, policies, Some(upn)) {
            self.is_met[place] = true;
        }
        for (place, closest) in &mut self.near {
            if !self.is_met[*place] {
                closest.consider(upn);
            }
        }
    }

    fn unmet(&self, found: &mut Diagnostics) {
        for (place, target) in self.targets.iter().enumerate().filter(|(at, _)| !self.is_met[*at]) {
            let near = self.near.iter().find(|(at, _)| *at == place);
            let near = near.and_then(|(_, closest)| closest.found()).map(str::to_lowercase);
            found.push(unmet(target, "mailbox", near.as_deref()));
        }
    }
}
