//! Compares what a plan is about to change with the tenant as it is now: what is still as the plan saw
//! it may be written, what is already as the plan wants it is done, and anything else is stale. Values
//! only; who reads, and when, is decided elsewhere.

mod begun;

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::diagnostic::{Severity, and_list};
use crate::plan::{
    ChainStanding, IdentityChange, IdentityFindings, MailboxView, ObservedTenant, Plan,
    TenantChange, confirms, is_rest_untouched,
};
use crate::resource::{ActionVocabulary, Coverage, LogonType, RecipientType};
use crate::state::{AuditState, MailboxRow};

/// What was found out about the changes of a plan, by their places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standings {
    /// Nothing is left to do.
    pub already: Vec<u32>,
    /// Neither as the plan saw it nor as it wants it, with both values in words.
    pub stale: BTreeMap<u32, String>,
    /// Changes of identity chains that are the same, with what was not known before.
    pub renewed: BTreeMap<u32, IdentityChange>,
    /// Of changes that were begun before: which of their requests show.
    pub shown: BTreeMap<u32, Vec<bool>>,
}

/// Which changes of a plan are compared, by their places.
#[derive(Clone, Copy)]
pub struct Open<'a> {
    /// Whether something is left of it.
    pub is_open: &'a (dyn Fn(u32) -> bool + Sync),
    /// Whether some of its requests may have taken effect, so that it is allowed to be half done.
    pub is_begun: &'a (dyn Fn(u32) -> bool + Sync),
}

impl std::fmt::Debug for Open<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Open").finish_non_exhaustive()
    }
}

impl<'a> Open<'a> {
    /// Those that `is_open` says yes to; nothing of them was sent.
    pub fn untouched(is_open: &'a (dyn Fn(u32) -> bool + Sync)) -> Self {
        Self { is_open, is_begun: &|_| false }
    }
}

/// What reading identity chains again has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainsFound {
    /// What comparing with the spec would still do.
    Compared(IdentityFindings),
    /// What is seen of each change of a plan that takes a run back, in its order: the spec says nothing
    /// about those.
    Undone(Vec<ChainStanding>),
}

/// The switches of a tenant and its identity chains against a plan. Only places that are open are
/// looked at.
pub fn recheck_few(
    plan: &Plan,
    chains: &ChainsFound,
    tenant: ObservedTenant,
    open: Open<'_>,
) -> Standings {
    let Open { is_open, is_begun } = open;
    let mut standings = Standings::default();
    match chains {
        ChainsFound::Compared(found) => recheck_chains(plan, found, open, &mut standings),
        ChainsFound::Undone(seen) => {
            for (seen, place) in seen.iter().zip(0u32..).filter(|(_, place)| is_open(*place)) {
                recheck_undo(seen, place, is_begun(place), &mut standings);
            }
        }
    }
    let offset = u32::try_from(plan.identity.len()).unwrap_or(u32::MAX);
    for (change, place) in plan.tenant_changes.iter().zip(offset..) {
        if !is_open(place) {
            continue;
        }
        match recheck_switch(*change, tenant) {
            Some(is_there) if is_begun(place) => {
                standings.shown.insert(place, vec![is_there]);
            }
            Some(true) => standings.already.push(place),
            Some(false) => {}
            None => {
                let was_not_read = "it was not read again".to_owned();
                standings.stale.insert(place, was_not_read);
            }
        }
    }
    standings
}

fn recheck_chains(
    plan: &Plan,
    found: &IdentityFindings,
    open: Open<'_>,
    standings: &mut Standings,
) {
    let Open { is_open, is_begun } = open;
    let unplannable = found.diagnostics.iter().find(|one| one.severity == Severity::Error);
    for (change, place) in plan.identity.iter().zip(0u32..).filter(|(_, place)| is_open(*place)) {
        match unplannable {
            // What hangs on an object that is not understood was not compared.
            Some(finding) => {
                let why = format!("no plan can be made any more: {}", finding.summary);
                standings.stale.insert(place, why);
            }
            None if is_begun(place) => begun::identity(change, place, found, standings),
            None => recheck_identity(change, place, found, standings),
        }
    }
}

fn recheck_undo(seen: &ChainStanding, place: u32, is_begun: bool, standings: &mut Standings) {
    if let Some(why) = &seen.moved {
        standings.stale.insert(place, why.clone());
    } else if is_begun {
        standings.shown.insert(place, seen.shown.clone());
    } else if seen.shown.iter().all(|is_shown| *is_shown) {
        standings.already.push(place);
    }
}

/// Whether nothing is left to do; `None` where it was not read.
fn recheck_switch(change: TenantChange, tenant: ObservedTenant) -> Option<bool> {
    match change {
        TenantChange::Customization => tenant.organization.map(|found| !found.dehydrated),
        TenantChange::UnifiedAuditLog { ingestion, .. } => {
            // One that was switched lately may read as before for an hour.
            let coming = tenant.pending_unified_audit_log.or(tenant.unified_audit_log);
            coming.map(|found| found == ingestion)
        }
        TenantChange::MailboxAuditing { enabled, .. } => {
            tenant.organization.map(|found| found.mailbox_auditing == enabled)
        }
    }
}

fn recheck_identity(
    change: &IdentityChange,
    place: u32,
    found: &IdentityFindings,
    standings: &mut Standings,
) {
    let now = found.changes.iter().find(|other| other.address == change.address);
    match now {
        None => standings.already.push(place),
        Some(now) if now == change => {}
        Some(now) if change.is_same_as_far_as_known(now) => {
            standings.renewed.insert(place, now.clone());
        }
        Some(now) => {
            standings.stale.insert(place, difference(change, now));
        }
    }
}

/// Both values of all that is told of a change and is no longer so: what was read, what was to come,
/// and which objects its steps are about.
fn difference(change: &IdentityChange, now: &IdentityChange) -> String {
    let mut differing = Vec::new();
    for attribute in &change.attributes {
        let other = now.attributes.iter().find(|other| other.name == attribute.name);
        let before = other.and_then(|other| other.before.as_ref());
        let after = other.and_then(|other| other.after.as_ref());
        let name = &attribute.name;
        if before != attribute.before.as_ref() {
            let (was, is) = (words(attribute.before.as_ref()), words(before));
            differing.push(format!("`{name}` was {was} and is {is}"));
        } else if other.is_some() && after != attribute.after.as_ref() {
            let (was, is) = (words(attribute.after.as_ref()), words(after));
            differing.push(format!("`{name}` was to be {was} and would be {is}"));
        }
    }
    let (was, is) = (objects(change), objects(now));
    for (name, id) in &was {
        let other = is.get(name);
        if other != Some(id) {
            let is = other.map_or_else(|| "not there".to_owned(), |id| format!("`{id}`"));
            differing.push(format!("`{name}` was `{id}` and is {is}"));
        }
    }
    if differing.is_empty() {
        return format!("{} would be planned now: {}", now.action.name(), now.reason);
    }
    and_list(&differing)
}

/// The members of a step that name an object of the directory.
const IDENTIFIERS: [&str; 7] =
    ["object_id", "app_id", "principal_id", "owner", "assignment", "key_id", "id"];

/// The objects that the steps of a change are about.
fn objects(change: &IdentityChange) -> BTreeMap<&'static str, String> {
    let mut named = BTreeMap::new();
    for step in change.steps() {
        let document = serde_json::to_value(step).unwrap_or_default();
        for name in IDENTIFIERS {
            if let Some(id) = document[name].as_str() {
                named.insert(name, id.to_owned());
            }
        }
    }
    named
}

fn words(held: Option<&crate::plan::Held>) -> String {
    use crate::plan::Held;
    match held {
        None => "not there".to_owned(),
        Some(Held::Bool(value)) => value.to_string(),
        Some(Held::Text(text)) => format!("`{text}`"),
        Some(Held::Set(values)) => list(&values.iter().map(String::as_str).collect::<Vec<_>>()),
        Some(Held::Unknown) => "not known".to_owned(),
    }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { format!("[{}]", names.join(", ")) }
}

/// What a mailbox turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    AsPlanned,
    AsDesired,
    HalfDone(Vec<bool>),
    Otherwise { upn: Option<String>, recipient_type: RecipientType, audit: AuditState },
}

/// The mailboxes of a plan against rows as they are read again.
#[derive(Debug)]
pub struct MailboxRecheck<'p> {
    plan: &'p Plan,
    /// Guid and place among the mailbox changes, by Guid.
    index: Vec<(Uuid, u32)>,
    /// By place among the mailbox changes: still to be seen.
    open: Vec<bool>,
    /// By place among the mailbox changes: may be half done.
    begun: Vec<bool>,
    already: Vec<u32>,
    otherwise: BTreeMap<u32, Seen>,
}

impl<'p> MailboxRecheck<'p> {
    /// Expects the mailbox changes of a plan whose places are open.
    pub fn new(plan: &'p Plan, open: Open<'_>) -> Self {
        let offset = u32::try_from(plan.before_mailbox_changes()).unwrap_or(u32::MAX);
        let places = || (offset..).take(plan.mailboxes.len());
        Self {
            plan,
            index: plan.mailboxes.index_by_guid(),
            open: places().map(|place| (open.is_open)(place)).collect(),
            begun: places().map(|place| (open.is_begun)(place)).collect(),
            already: Vec::new(),
            otherwise: BTreeMap::new(),
        }
    }

    /// The mailboxes that are expected, with their types.
    pub fn expected(&self) -> Vec<(Uuid, RecipientType)> {
        let views = self.plan.mailboxes.iter().zip(&self.open).filter(|(_, open)| **open);
        views.map(|(view, _)| (view.guid(), view.pattern().recipient_type)).collect()
    }

    /// Takes one row.
    pub fn observe(&mut self, row: &MailboxRow<'_>) {
        let Ok(found) = self.index.binary_search_by(|(guid, _)| guid.cmp(&row.guid)) else {
            return;
        };
        let place = self.index[found].1;
        let Some(open) = self.open.get_mut(place as usize).filter(|open| **open) else { return };
        let Some(view) = self.plan.mailboxes.get(place as usize) else { return };
        *open = false;
        let audit = comparable(self.plan, view, row);
        let is_begun = self.begun.get(place as usize).copied().unwrap_or_default();
        let seen =
            if is_begun { begun::mailbox(view, row, audit) } else { judge(view, row, audit) };
        match seen {
            Seen::AsPlanned => {}
            Seen::AsDesired => self.already.push(place),
            other @ (Seen::HalfDone(_) | Seen::Otherwise { .. }) => {
                self.otherwise.insert(place, other);
            }
        }
    }

    /// What was found out, once the rows were all of them. `vocabulary` is that of the rows.
    pub fn finish(self, vocabulary: &ActionVocabulary, standings: &mut Standings) {
        let offset = u32::try_from(self.plan.before_mailbox_changes()).unwrap_or(u32::MAX);
        standings.already.extend(self.already.iter().map(|place| place + offset));
        for (place, seen) in &self.otherwise {
            let Some(view) = self.plan.mailboxes.get(*place as usize) else { continue };
            if let Seen::HalfDone(shown) = seen {
                standings.shown.insert(place + offset, shown.clone());
                continue;
            }
            standings.stale.insert(place + offset, otherwise(view, seen, vocabulary));
        }
        for (place, _) in (0u32..).zip(&self.open).filter(|(_, open)| **open) {
            let gone = "the mailbox is no longer there, or of another type".to_owned();
            standings.stale.insert(place + offset, gone);
        }
    }
}

/// The settings of a mailbox as far as they can be compared with what a plan saw: where the plan itself
/// changes what `enabled` reads, since the organisation decides, that says nothing.
pub fn comparable(plan: &Plan, view: MailboxView<'_>, row: &MailboxRow<'_>) -> AuditState {
    let switch = |change: &TenantChange| matches!(change, TenantChange::MailboxAuditing { .. });
    let mut audit = row.audit;
    if row.recipient_type.coverage() == Coverage::Organization
        && plan.tenant_changes.iter().any(switch)
    {
        audit.enabled = view.pattern().before.enabled;
    }
    audit
}

fn judge(view: MailboxView<'_>, row: &MailboxRow<'_>, audit: AuditState) -> Seen {
    let pattern = view.pattern();
    let is_renamed = !row.upn.eq_ignore_ascii_case(view.upn());
    if !is_renamed && row.recipient_type == pattern.recipient_type {
        if audit == pattern.before {
            return Seen::AsPlanned;
        }
        let evaluation = &pattern.evaluation;
        let is_rest_untouched = is_rest_untouched(pattern, &audit);
        if is_rest_untouched && confirms(&evaluation.writes, &evaluation.after, &audit) {
            return Seen::AsDesired;
        }
    }
    otherwise_seen(row, is_renamed, audit)
}

fn otherwise_seen(row: &MailboxRow<'_>, is_renamed: bool, audit: AuditState) -> Seen {
    Seen::Otherwise {
        upn: is_renamed.then(|| row.upn.to_string()),
        recipient_type: row.recipient_type,
        audit,
    }
}

fn otherwise(view: MailboxView<'_>, seen: &Seen, vocabulary: &ActionVocabulary) -> String {
    let Seen::Otherwise { upn, recipient_type, audit } = seen else { return String::new() };
    let pattern = view.pattern();
    let before = &pattern.before;
    let mut differing = Vec::new();
    let mut differ = |name: &str, was: String, is: String| {
        if was != is {
            differing.push(format!("`{name}` was {was} and is {is}"));
        }
    };
    if let Some(upn) = upn {
        differ("user_principal_name", format!("`{}`", view.upn()), format!("`{upn}`"));
    }
    differ("recipient_type", pattern.recipient_type.to_string(), recipient_type.to_string());
    differ("enabled", before.enabled.to_string(), audit.enabled.to_string());
    for logon in LogonType::ALL {
        let names = |state: &AuditState| list(&vocabulary.names(state.actions(logon)));
        differ(logon.attribute(), names(before), names(audit));
    }
    differ("log_age_limit", before.log_age_limit.to_string(), audit.log_age_limit.to_string());
    let managed = |state: &AuditState| list(&state.default_audit_set.names());
    differ("default_audit_set", managed(before), managed(audit));
    and_list(&differing)
}
