//! Makes a plan:
//!
//! 1. read certificates and the directory, where the spec manages something there, and compare
//!    (`identity::observe`, `plan::diff_identity`);
//! 2. find who may read Exchange (`enter`): nobody may, as long as the application that is to do so
//!    is not made; what cannot be read then is deferred, not absent;
//! 3. read the switches, recall whether the unified audit log was switched within the last hour
//!    (`pending`) and compare (`plan::diff_tenant`), so that mailboxes are judged against the
//!    organisation's switch as it will be;
//! 4. read the mailboxes, compare each row as it comes and judge it by the spec's checks
//!    (`read::mailboxes`);
//! 5. put the plan together, narrow it to what is wanted (`plan::select`), and say what must be said
//!    beside the changes, and what became of the checks (`plan::judge_checks`).
//!
//! Nothing is written to the tenant.

use std::path::Path;

use super::checks::{self, Places, ReadForChecks};
use super::connect::Connection;
use super::ports::{Cause, Ports, ReadObserver, Stopped};
use super::read::Rules;
use super::snapshot::Snapshot;
use super::source::Source;
use crate::diagnostic::{Diagnostics, Sources};
use crate::plan::{
    IdentityFindings, MailboxFindings, ObservedTenant, Plan, Refusal, SignInGate, TenantChange,
    TenantFindings, Violation, diff_identity, diff_tenant, judge, select, sign_in_gate,
    unmet_targets, unneeded,
};
use crate::resource::{Address, Kind};
use crate::state::{
    Allowance, ApplicationSettings, Check, DesiredState, Ensure, LimitClass, SafeguardSettings,
    Selection, SignIn, TenantIdentity,
};

/// What a plan may do beyond the usual.
#[derive(Debug, Clone, Copy)]
pub struct PlanOptions<'a> {
    /// `--allow`: what is let through although a safeguard of the spec forbids it.
    pub allow: &'a [Allowance],
    /// The spec's files, so that what forbids something can be named by its line.
    pub sources: &'a Sources,
    /// `--target` and `--exclude`: the part that is wanted.
    pub selection: &'a Selection,
    /// Whether what is planned is about to be applied: then a token that lacks what the plan takes
    /// is an error and no warning.
    pub applying: bool,
}

/// A plan with the warnings that came up while it was made.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Policies and patterns that match nothing.
    pub warnings: Diagnostics,
}

/// What was found out about Exchange.
struct Found {
    tenant: ObservedTenant,
    switches: TenantFindings,
    mailboxes: Option<MailboxFindings>,
    mailbox_auditing: bool,
    listing: u64,
}

/// Reads the tenant and plans. `beside` is the spec's directory. What is learnt about who may enter
/// Exchange stays with the connection.
pub async fn plan(
    connection: &mut Connection,
    desired: &DesiredState,
    beside: &Path,
    ports: &Ports,
    options: PlanOptions<'_>,
    progress: &mut dyn ReadObserver,
) -> Result<Planned, Stopped> {
    let scene = Scene { desired, beside, ports, options };
    plan_of(Source::Tenant(connection), scene, progress).await
}

/// Plans upon a snapshot, without a call.
pub async fn plan_from_snapshot(
    snapshot: &mut Snapshot,
    desired: &DesiredState,
    beside: &Path,
    ports: &Ports,
    options: PlanOptions<'_>,
    progress: &mut dyn ReadObserver,
) -> Result<Planned, Stopped> {
    snapshot.serves(desired)?;
    let scene = Scene { desired, beside, ports, options };
    plan_of(Source::Snapshot(snapshot), scene, progress).await
}

/// What a plan is made for.
#[derive(Clone, Copy)]
struct Scene<'a> {
    desired: &'a DesiredState,
    beside: &'a Path,
    ports: &'a Ports,
    options: PlanOptions<'a>,
}

async fn plan_of(
    mut source: Source<'_>,
    scene: Scene<'_>,
    progress: &mut dyn ReadObserver,
) -> Result<Planned, Stopped> {
    let Scene { desired, beside, ports, options } = scene;
    let observed = source.identity(desired, ports).await?;
    let directory_requests = source.directory_requests();
    let identity = diff_identity(desired, &observed, ports.now());
    if identity.diagnostics.has_errors() {
        return Err(Stopped { cause: Cause::Error, diagnostics: identity.diagnostics });
    }
    let mut warnings = identity.diagnostics.clone();
    let is_whole = options.selection.is_whole();
    if is_whole {
        let missing = source.can_be_done(&identity.changes, options.applying).await?;
        check(missing, options.applying, &mut warnings)?;
    }
    let lists = reads_lists(desired, options.selection);
    let is_open = source.enter(desired, &observed, ports).await?;
    let found = if is_open {
        Some(exchange_part(&mut source, scene, lists, progress).await?)
    } else {
        None
    };
    let listing = found.as_ref().map_or(0, |found| found.listing);
    let unchanged = identity.unchanged.clone();
    let (mut plan, mut read) =
        put_together(source.tenant(), identity, desired, found, &mut warnings)?;
    let gate = sign_in_gate(desired, &plan.identity, source.entered());
    if plan.len() > plan.identity.len() {
        plan.sign_in.clone_from(&gate);
    }
    let mut plan = narrowed(plan, options.selection, gate.as_ref(), &unchanged)?;
    if !lists {
        not_planned(&mut plan, desired);
    }
    if !is_whole {
        let missing = source.can_be_done(&plan.identity, options.applying).await?;
        check(missing, options.applying, &mut warnings)?;
    }
    plan.reads = reads_of_an_apply(&plan, listing, desired);
    if !plan.identity.is_empty() {
        // Reading back takes about what reading took.
        plan.reads += directory_requests;
    }
    if let Some(tenant) = read.tenant.filter(|_| !is_whole) {
        // They were judged on the way as if all of it were planned.
        let judged = checks::checked_mailboxes(&mut source, desired, &plan, &tenant, ports.today());
        read.mailboxes = judged.await?;
    }
    let places = Places { sources: options.sources, beside };
    let certificates = &observed.certificates;
    plan.checks = checks::judge(desired, &plan, certificates, &read, ports.now(), places);
    plan.snapshot = source.taken_at();
    plan.approval = desired.approval.as_ref().map(|rules| rules.value.clone());
    guard(&mut plan, &desired.safeguards, places, options.allow);
    Ok(Planned { plan, warnings })
}

/// Whether the mailboxes have to be listed: not where nothing that is named is about them, unless a
/// limit is a share of them.
fn reads_lists(desired: &DesiredState, selection: &Selection) -> bool {
    if selection.is_whole() {
        return desired.needs_mailboxes();
    }
    let limits = &desired.safeguards.in_force(&[]).limits;
    let has_share = LimitClass::ALL
        .into_iter()
        .any(|class| limits.of(class).is_some_and(|limit| limit.share.is_some()));
    has_share || desired.policies.iter().any(|policy| selection.is_about_policy(&policy.name))
}

/// Narrows the plan to what is wanted.
fn narrowed(
    plan: Plan,
    selection: &Selection,
    gate: Option<&SignInGate>,
    unchanged: &[Address],
) -> Result<Plan, Stopped> {
    let unmet = unmet_targets(selection, &plan, unchanged);
    if unmet.has_errors() {
        return Err(Stopped::error_of(unmet));
    }
    let mut plan = select(plan, selection, gate);
    if plan.selected.is_some() {
        plan.notes.insert(0, NOT_THE_WHOLE.to_owned());
    }
    Ok(plan)
}

const NOT_THE_WHOLE: &str = "this plan is narrowed by `--target` or `--exclude`: applying it does not \
                             make the tenant match the spec; a plan without them shows the rest";

/// Says of which policies nobody has looked whether there is something to do.
fn not_planned(plan: &mut Plan, desired: &DesiredState) {
    let known = |address: &String, plan: &Plan| {
        let is = |other: &Address| other.to_string() == *address;
        plan.unread.iter().chain(&plan.deferred).any(is)
    };
    let policies = desired.policies.iter().map(|policy| Address::policy(&policy.name).to_string());
    let fresh: Vec<String> = policies.filter(|address| !known(address, plan)).collect();
    if let Some(selected) = &mut plan.selected {
        selected.not_planned.extend(fresh);
        selected.not_planned.sort();
        selected.not_planned.dedup();
    }
}

/// Holds the plan against the spec's safeguards, and says which allowances lift nothing.
pub(super) fn guard(
    plan: &mut Plan,
    settings: &SafeguardSettings,
    places: Places<'_>,
    allow: &[Allowance],
) {
    plan.safeguards = settings.in_force(allow);
    let place = |violation: &Violation| match violation {
        Violation::OrganizationWeakening { .. } => None,
        Violation::Limit { class, .. } => settings.place_of_limit(*class),
        Violation::Prevent { address, protection, .. } => {
            settings.place_of_prevent(address, *protection)
        }
    };
    let refusal = |violation: Violation| Refusal {
        place: place(&violation).map(|span| places.of(span)),
        violation,
    };
    plan.refused = judge(plan).into_iter().map(refusal).collect();
    // What is deferred may need them.
    if plan.deferred.is_empty() {
        let needless = unneeded(plan);
        let said =
            |one| format!("`--allow {one}` was not needed: this plan is not refused for that");
        let notes: Vec<String> = needless.into_iter().map(said).collect();
        plan.notes.extend(notes);
    }
}

/// Whether a plan carries the safeguards of its spec, and says of itself all that breaks them.
pub fn is_guarded(plan: &Plan, desired: &DesiredState) -> bool {
    let in_force = desired.safeguards.in_force(&plan.safeguards.allowances);
    let broken = judge(plan);
    let told = plan.refused.iter().map(|refusal| &refusal.violation);
    plan.safeguards == in_force && broken.iter().eq(told)
}

/// What a token lacks stops an apply; a plan says it and goes on.
fn check(missing: Diagnostics, applying: bool, warnings: &mut Diagnostics) -> Result<(), Stopped> {
    if applying && missing.has_errors() {
        return Err(Stopped { cause: Cause::Error, diagnostics: missing });
    }
    for finding in &missing {
        warnings.push(finding.clone().as_warning());
    }
    Ok(())
}

async fn exchange_part(
    source: &mut Source<'_>,
    scene: Scene<'_>,
    lists: bool,
    observer: &mut dyn ReadObserver,
) -> Result<Found, Stopped> {
    let Scene { desired, beside, ports, options } = scene;
    let tenant = source.switches(desired, beside, ports).await?;
    let switches = diff_tenant(desired, &tenant);
    let mailbox_auditing = tenant.mailbox_auditing_after(desired);
    let (mut mailboxes, mut listing) = (None, 0);
    if lists && desired.needs_mailboxes() {
        let (selection, today) = (options.selection, ports.today());
        let as_read = tenant.organization.is_none_or(|read| read.mailbox_auditing);
        let rules = Rules { desired, selection, auditing: [as_read, mailbox_auditing], today };
        let (found, requests) = source.mailboxes(rules, None, observer).await?;
        (mailboxes, listing) = (Some(found), requests);
    }
    Ok(Found { tenant, switches, mailboxes, mailbox_auditing, listing })
}

/// What an apply reads to prove its result: the lists of mailboxes once more, which took so many
/// requests, twice where some mailboxes are tried first, and each of the two settings that hold the
/// switches; a customisation is awaited.
fn reads_of_an_apply(plan: &Plan, listing: u64, desired: &DesiredState) -> u64 {
    let safeguards = desired.safeguards.in_force(&[]);
    let has_canary = safeguards.canary_of(plan.mailboxes.len()).is_some();
    let changed =
        |wanted: fn(&TenantChange) -> bool| u64::from(plan.tenant_changes.iter().any(wanted));
    let lists = if plan.mailboxes.is_empty() { 0 } else { listing };
    let lists = if has_canary { lists * 2 } else { lists };
    lists
        + changed(|change| matches!(change, TenantChange::UnifiedAuditLog { .. }))
        + changed(|change| !matches!(change, TenantChange::UnifiedAuditLog { .. }))
        + changed(|change| matches!(change, TenantChange::Customization))
}

fn put_together(
    tenant: TenantIdentity,
    identity: IdentityFindings,
    desired: &DesiredState,
    found: Option<Found>,
    warnings: &mut Diagnostics,
) -> Result<(Plan, ReadForChecks), Stopped> {
    let mut plan = Plan {
        identity: identity.changes,
        unchanged: identity.unchanged.len() as u64,
        ..Plan::of(tenant)
    };
    let Some(Found { tenant, switches, mailboxes, mailbox_auditing, .. }) = found else {
        match signs_in_as_absent(desired) {
            Some(name) => {
                plan.unread = of_exchange(desired);
                plan.notes.push(format!(
                    "`application.{name}`, which the spec signs in to Exchange as, is to be absent, \
                     and nobody else may enter"
                ));
            }
            None => plan.deferred = of_exchange(desired),
        }
        return Ok((plan, ReadForChecks::default()));
    };
    let mut read = ReadForChecks { tenant: Some(tenant), mailboxes: None };
    plan.unchanged += switches.unchanged;
    plan.tenant_changes = switches.changes;
    plan.pending.extend(switches.pending.then(|| Address::singleton(Kind::UnifiedAuditLog)));
    if let Some(found) = mailboxes {
        if found.diagnostics.has_errors() {
            return Err(Stopped { cause: Cause::Error, diagnostics: found.diagnostics });
        }
        plan.notes.extend(no_effect(&found, mailbox_auditing));
        plan.unchanged += found.unchanged;
        plan.unchanged_mailboxes = found.unchanged;
        warnings.extend(found.diagnostics);
        plan.mailboxes = found.changes;
        read.mailboxes = found.checked;
    }
    plan.notes.push(BYPASS_NOT_READ.to_owned());
    Ok((plan, read))
}

/// The application that the spec signs in as, where the same spec wants it gone.
fn signs_in_as_absent(desired: &DesiredState) -> Option<&str> {
    let Some(SignIn::Application(name)) = &desired.tenant.sign_in else { return None };
    let is_absent = |application: &&ApplicationSettings| {
        application.name == name.value && application.ensure == Ensure::Absent
    };
    desired.applications.iter().find(is_absent).map(|application| application.name.as_str())
}

/// What the spec manages and checks in Exchange, by address.
fn of_exchange(desired: &DesiredState) -> Vec<Address> {
    let unified = desired.unified_audit_log.map(|_| Address::singleton(Kind::UnifiedAuditLog));
    let organization = desired.mailbox_auditing.map(|_| Address::singleton(Kind::Organization));
    let policies = desired.policies.iter().map(|policy| Address::policy(&policy.name));
    let checks = desired.checks.iter().filter(|check| check.asks_of_exchange());
    let checks = checks.map(Check::address);
    unified.into_iter().chain(organization).chain(policies).chain(checks).collect()
}

/// Said at the end of every plan until the list is a kind of its own: a bypassed account leaves no
/// records on any mailbox, whatever the plan says.
const BYPASS_NOT_READ: &str = "the mailbox audit bypass list was not looked at: accounts on it leave \
                               no audit records, whatever is set here";

fn no_effect(found: &MailboxFindings, mailbox_auditing: bool) -> Option<String> {
    let number = found.without_effect;
    let subject = if number == 1 { "1 mailbox".to_owned() } else { format!("{number} mailboxes") };
    let reason = if mailbox_auditing {
        "the organisation's mailbox auditing covers them and overrides it"
    } else {
        "mailbox auditing is off for the whole organisation, which overrides it"
    };
    (number > 0)
        .then(|| format!("`enabled` has no effect on {subject} and is not written there: {reason}"))
}
