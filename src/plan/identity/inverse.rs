//! The inverse of changes of identity chains that a run has made: from the steps that show their effect,
//! in reverse order, about the objects that the directory holds now. What does not show is not taken back,
//! what others have changed since is left, and what cannot be taken back is named.

use jiff::{SignedDuration, Timestamp};

use super::access::{Roles, given};
use super::application::owner_gone;
use super::change::{Held, HeldAttribute, IdentityChange};
use super::credentials::federation_gone;
use super::fold::Fold;
use super::removal::{principal_gone, registration_gone};
use super::write::{ApplicationPatch, FederatedWrite, IdentityWrite};
use super::{Differ, Subject};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::undo::{Judge, Seen, Stays, held_whole, text_before};
use crate::plan::{Action, Reversible};
use crate::resource::{Kind, Thumbprint};
use crate::state::{
    CertificateFacts, DesiredState, ObservedFederatedCredential, ObservedIdentity, RoleDefinition,
};

/// A run whose changes of identity chains are taken back.
#[derive(Clone, Copy)]
pub struct UndoneRun<'a> {
    /// Its name.
    pub name: &'a str,
    /// When it began.
    pub began: Timestamp,
    /// Its changes of identity chains.
    pub changes: &'a [IdentityChange],
    /// Of which of them, by place, something has taken effect, or may have.
    pub is_begun: &'a dyn Fn(u32) -> bool,
    /// Which of them were read back.
    pub is_proved: &'a dyn Fn(u32) -> bool,
}

impl std::fmt::Debug for UndoneRun<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("UndoneRun").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What takes the identity chains of a run back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChainsUndone {
    /// What changes, in an order in which it can be done.
    pub changes: Vec<IdentityChange>,
    /// What stays as the run left it.
    pub stays: Vec<Stays>,
    /// Errors, which forbid the undo.
    pub diagnostics: Diagnostics,
}

/// Plans the inverse of a run's changes of identity chains. `observed` is what directory and disk hold now.
pub fn undo_chains(
    run: UndoneRun<'_>,
    desired: &DesiredState,
    observed: &ObservedIdentity,
    now: Timestamp,
) -> ChainsUndone {
    let differ = Differ { desired, observed, now, findings: super::IdentityFindings::default() };
    let mut undo = Inverter { differ, run, stays: Vec::new() };
    let mut fold = Fold::of(run.changes);
    let begun = run.changes.iter().zip(0u32..).filter(|(_, place)| (run.is_begun)(*place));
    for (change, place) in begun.collect::<Vec<_>>().into_iter().rev() {
        match undo.inverse(change, place) {
            Ok(Some(inverse)) => fold.push(change, inverse),
            Ok(None) => {}
            Err(stays) => undo.stays.push(stays),
        }
    }
    let Inverter { differ: Differ { findings, .. }, mut stays, .. } = undo;
    let (changes, left) = fold.finish(observed);
    stays.extend(left);
    let mut undone = ChainsUndone { changes, stays, diagnostics: findings.diagnostics };
    refuse_own(&mut undone, desired, observed);
    undone
}

/// Nothing could be finished, or taken back, without what this very run signs in with.
fn refuse_own(undone: &mut ChainsUndone, desired: &DesiredState, observed: &ObservedIdentity) {
    for change in undone.changes.iter().filter(|change| change.action != Action::Create) {
        let name = change.address.name();
        let chain = name.and_then(|name| observed.applications.get(name));
        let found = chain.and_then(|chain| chain.application.as_ref());
        let acts = found.is_some_and(|found| observed.acting_as == Some(found.app_id));
        let signs_in = |text: &String| {
            observed.acting_with.iter().any(|own| Thumbprint::Sha1(*own).to_string() == *text)
        };
        let in_use = match change.address.kind() {
            Kind::Certificate | Kind::KeyCredential => {
                change.attributes.iter().any(|one| match &one.before {
                    Some(Held::Text(text)) => signs_in(text),
                    Some(Held::Set(texts)) => texts.iter().any(signs_in),
                    _ => false,
                })
            }
            Kind::ApplicationOwner => false,
            Kind::Application => acts && change.action == Action::Delete,
            _ => acts,
        };
        if in_use {
            let settings = desired.applications.iter().find(|one| Some(one.name.as_str()) == name);
            let certificate =
                desired.certificates.iter().find(|one| Some(one.name.as_str()) == name);
            let span = settings.map_or(desired.tenant.span, |settings| settings.span);
            let is_certificate = change.address.kind() == Kind::Certificate;
            let span = certificate.filter(|_| is_certificate).map_or(span, |one| one.span);
            undone.diagnostics.push(
                Diagnostic::error(
                    "deletes-own-identity",
                    format!("`{}` is what this run itself signs in with", change.address),
                )
                .at(span, "the undo would take it away")
                .note("nothing could be finished without it")
                .help("name another identity for this work in `[tenant.bootstrap]`"),
            );
            return;
        }
    }
}

struct Inverter<'a> {
    differ: Differ<'a>,
    run: UndoneRun<'a>,
    stays: Vec<Stays>,
}

type Inverse = Result<Option<IdentityChange>, Stays>;

impl Inverter<'_> {
    /// What takes a change back, if there is anything to take back.
    fn inverse(&mut self, change: &IdentityChange, place: u32) -> Inverse {
        let address = &change.address;
        let [step] = change.steps().collect::<Vec<_>>()[..] else { return Err(stays(change)) };
        if let IdentityWrite::AddKey { certificate, thumbprint: None, staged: false, .. } = step {
            self.made_by_run(certificate).map_err(|why| Stays::changed(address, why))?;
        }
        let judge = Judge { observed: self.differ.observed, changes: self.run.changes };
        match judge.seen(change, step) {
            Seen::Done => {}
            Seen::Otherwise(why) => return Err(Stays::changed(address, why)),
            Seen::Open | Seen::Gone if (self.run.is_proved)(place) => return Ok(None),
            Seen::Open | Seen::Gone => {
                let why = "it does not show: it was never done, or taken back already, or the \
                           directory does not show it yet";
                return Err(Stays::irreversible(address, why));
            }
        }
        let made = self.made(change, step);
        if made.is_some() && !change.removes.is_empty() && change.action == Action::Create {
            self.stays.push(stays(change));
        }
        made.map(Some).ok_or_else(|| stays(change))
    }

    fn reason(&self, change: &IdentityChange) -> String {
        let done = match change.action {
            Action::Create => "made",
            Action::Update | Action::Replace => "changed",
            Action::Delete => "took away",
        };
        format!("run {} {done} it", self.run.name)
    }

    /// The inverse of a step that has taken effect; `None` where there is none.
    fn made(&self, change: &IdentityChange, step: &IdentityWrite) -> Option<IdentityChange> {
        let reason = self.reason(change);
        let Differ { desired, observed, .. } = self.differ;
        if let IdentityWrite::MakeCertificate(order) = step {
            return (!order.staged).then(|| self.certificate_gone(change, &order.name)).flatten();
        }
        let name = change.address.name()?;
        let settings = desired.applications.iter().find(|settings| settings.name == name)?;
        let subject = Subject { settings, chain: observed.applications.get(name)? };
        let chain = subject.chain;
        match step {
            IdentityWrite::CreateApplication { .. } => {
                Some(registration_gone(subject, chain.application.as_ref()?, &reason))
            }
            IdentityWrite::CreateServicePrincipal { .. } => Some(principal_gone(subject, &reason)),
            IdentityWrite::UpdateApplication { patch, before, .. } => {
                let before = before.clone();
                let patch = ApplicationPatch {
                    display_name: patch.display_name.as_ref().and(text(change, "display_name")),
                    notes: patch.notes.as_ref().map(|_| text(change, "notes").unwrap_or_default()),
                    tags: None,
                    required_access: before,
                };
                let now = &chain.application.as_ref()?.required_access;
                let before = patch.required_access.as_ref().map(|_| now.clone());
                let application = subject.reference();
                let write = IdentityWrite::UpdateApplication { application, patch, before };
                Some(turned(change, Action::Update, reason).does(write))
            }
            IdentityWrite::AddOwner { owner, .. } => {
                let found = chain.owners.iter().find(|found| found.id == *owner)?;
                Some(owner_gone(subject, found, &reason))
            }
            IdentityWrite::RemoveOwner { owner, .. } => {
                let (application, owner) = (subject.reference(), owner.clone());
                let write = IdentityWrite::AddOwner { application, owner };
                Some(turned(change, Action::Create, reason).does(write))
            }
            IdentityWrite::AddKey { certificate, thumbprint, .. } => {
                let current = self.current(certificate).map(|facts| facts.thumbprint);
                let thumbprint = thumbprint.or(current)?;
                let keys = &chain.application.as_ref()?.keys;
                let key = keys.iter().find(|key| key.thumbprint == Some(thumbprint))?;
                Some(self.differ.unregistered(subject, key, &reason))
            }
            other => self
                .access_back(change, subject, other, &reason)
                .or_else(|| federation_back(change, subject, other, &reason)),
        }
    }

    /// Consent and roles, taken away or given again.
    fn access_back(
        &self,
        change: &IdentityChange,
        subject: Subject<'_>,
        step: &IdentityWrite,
        reason: &str,
    ) -> Option<IdentityChange> {
        let (differ, chain) = (&self.differ, subject.chain);
        let key = change.address.key().unwrap_or_default();
        let given_again = |roles: Roles, known: &[RoleDefinition]| {
            let role = known.iter().find(|role| role.display_name == key || role.id == key)?;
            chain.principal.as_ref()?;
            let again = given(subject, roles, role);
            Some(IdentityChange { reason: reason.to_owned(), ..again })
        };
        match step {
            IdentityWrite::GrantConsent { resource, app_role, .. } => {
                let found = chain
                    .consents
                    .iter()
                    .find(|held| held.resource_id == *resource && held.app_role == *app_role)?;
                Some(differ.revoked(subject, found, reason))
            }
            IdentityWrite::RevokeConsent { resource, .. } => {
                let app_role = differ.observed.app_role(resource, key)?;
                chain.principal.as_ref()?;
                let (application, resource) = (subject.reference(), resource.clone());
                let write = IdentityWrite::GrantConsent { application, resource, app_role };
                Some(turned(change, Action::Create, reason.to_owned()).does(write))
            }
            IdentityWrite::AssignDirectoryRole { role, .. } => {
                let held = held_whole(&chain.directory_roles, role)?;
                Some(differ.directory_role_removed(subject, held, reason))
            }
            IdentityWrite::AssignExchangeRole { role, .. } => {
                let held = held_whole(&chain.exchange_roles, role)?;
                Some(differ.exchange_role_removed(subject, held, reason))
            }
            IdentityWrite::RemoveDirectoryRole { .. } => {
                given_again(Roles::Directory, &differ.observed.directory_roles)
            }
            IdentityWrite::RemoveExchangeRole { .. } => {
                given_again(Roles::Exchange, &differ.observed.exchange_roles)
            }
            _ => None,
        }
    }

    fn current(&self, certificate: &str) -> Option<&CertificateFacts> {
        self.differ.observed.certificates.get(certificate)?.current.as_ref()
    }

    /// Whether the certificate in use is the one that the run made; why not, in words.
    fn made_by_run(&self, certificate: &str) -> Result<(), String> {
        let Some(found) = self.differ.observed.certificates.get(certificate) else {
            return Err(format!(
                "the spec no longer has `certificate.{certificate}`, so that it cannot be read"
            ));
        };
        if !found.retired.is_empty() || found.is_being_renewed() {
            return Err(format!("`certificate.{certificate}` was renewed since"));
        }
        // Certificates have seconds, and clocks more.
        let second = SignedDuration::from_secs(1);
        let order = self.run.changes.iter().flat_map(IdentityChange::steps).find_map(|step| {
            let IdentityWrite::MakeCertificate(order) = step else { return None };
            (order.name == certificate).then_some(order)
        });
        let is_dated = order.is_some_and(|order| order.not_before.is_none());
        let is_older = found.current.as_ref().is_some_and(|facts| {
            is_dated && facts.not_before.saturating_add(second).is_ok_and(|at| at < self.run.began)
        });
        if is_older {
            return Err(format!("`certificate.{certificate}` is older than the run"));
        }
        Ok(())
    }

    /// The files go, and the key in them for good.
    fn certificate_gone(&self, change: &IdentityChange, name: &str) -> Option<IdentityChange> {
        let facts = self.current(name)?;
        let thumbprints = Held::Set(vec![facts.thumbprint_text()]);
        let write = IdentityWrite::DeleteCertificate { name: name.to_owned() };
        let gone = IdentityChange::new(change.address.clone(), Action::Delete, self.reason(change));
        let gone = gone
            .goes("thumbprints", thumbprints)
            .stops("whatever signs in with these files no longer can")
            .irreversible("the key is deleted, and no copy of it is kept")
            .does(write);
        Some(gone)
    }
}

fn federation_back(
    change: &IdentityChange,
    subject: Subject<'_>,
    step: &IdentityWrite,
    reason: &str,
) -> Option<IdentityChange> {
    let by = |is_it: &dyn Fn(&&ObservedFederatedCredential) -> bool| {
        subject.chain.federated.iter().find(is_it)
    };
    let was = |name: String| {
        let (issuer, subject) = (text(change, "issuer")?, text(change, "subject")?);
        // Entra takes exactly one.
        let audience = text(change, "audience").filter(|audience| !audience.contains(' '))?;
        Some(FederatedWrite { name, issuer, subject, audience })
    };
    let application = subject.reference();
    match step {
        IdentityWrite::AddFederatedCredential { credential, .. } => {
            let found = by(&|found| found.name == credential.name)?;
            Some(federation_gone(subject, found, reason))
        }
        IdentityWrite::UpdateFederatedCredential { id, .. } => {
            let credential = was(by(&|found| found.id == *id)?.name.clone())?;
            let id = id.clone();
            let now = text_after(change, "subject")?;
            let write = IdentityWrite::UpdateFederatedCredential { application, id, credential };
            let turned = turned(change, Action::Update, reason.to_owned()).does(write);
            Some(turned.stops(format!("tokens of the subject `{now}` no longer sign in")))
        }
        IdentityWrite::RemoveFederatedCredential { .. } => {
            let credential = was(change.address.key()?.to_owned())?;
            let write = IdentityWrite::AddFederatedCredential { application, credential };
            Some(turned(change, Action::Create, reason.to_owned()).does(write))
        }
        _ => None,
    }
}

/// A change whose attributes go back to what they were.
fn turned(change: &IdentityChange, action: Action, reason: String) -> IdentityChange {
    let mut turned = IdentityChange::new(change.address.clone(), action, reason);
    for HeldAttribute { name, before, after } in change.attributes.clone() {
        if let (Some(Held::Set(goes)), left) = (&after, &before) {
            let stays =
                |value: &&String| matches!(left, Some(Held::Set(left)) if left.contains(value));
            let gone: Vec<String> = goes.iter().filter(|one| !stays(one)).cloned().collect();
            if !gone.is_empty() {
                turned.removes.push((name.clone(), gone));
            }
        }
        turned.attributes.push(HeldAttribute { name, before: after, after: before });
    }
    turned
}

fn text(change: &IdentityChange, name: &str) -> Option<String> {
    text_before(change, name).map(str::to_owned)
}

fn text_after<'c>(change: &'c IdentityChange, name: &str) -> Option<&'c str> {
    let attribute = change.attributes.iter().find(|one| one.name == name)?;
    match &attribute.after {
        Some(Held::Text(text)) => Some(text),
        _ => None,
    }
}

/// Why a change stays, as the plan that made it said beforehand.
fn stays(change: &IdentityChange) -> Stays {
    match &change.reversible {
        Reversible::No(reason) => Stays::irreversible(&change.address, reason.to_string()),
        Reversible::Yes => Stays::irreversible(&change.address, "what it was before is not known"),
    }
}
