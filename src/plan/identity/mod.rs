//! The difference of identity chains: what the spec wants of certificates and applications against
//! what was read of disk and directory, as changes with their own edges. Pure; what day it is is
//! told.
//!
//! - `certificate`: making, renewing and deleting certificates.
//! - `application`: the registration, its service principal and its owners.
//! - `access`: consent, directory roles, management roles.
//! - `credentials`: certificates and federated credentials on the registration.
//! - `removal`: the chain of an application that is to be gone.
//! - `inverse`, `fold`: what takes the changes of a run back.

mod access;
mod application;
mod certificate;
mod change;
mod credentials;
mod document;
mod fold;
mod inverse;
mod removal;
mod write;

use jiff::Timestamp;

pub(in crate::plan) use access::WHOLE_TENANT;
pub use change::{Held, HeldAttribute, IdentityChange};
pub(in crate::plan) use credentials::key_name;
pub use inverse::{ChainsUndone, UndoneRun, undo_chains};
pub use write::{
    ApplicationPatch, ApplicationRef, CertificateOrder, FederatedWrite, IdentityWrite,
};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::SignInGate;
use crate::resource::{Address, Kind};
use crate::state::{
    ApplicationSettings, DesiredState, Ensure, ObservedChain, ObservedIdentity, SignIn,
};

/// What the comparison gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdentityFindings {
    /// What changes, in an order in which it can be done.
    pub changes: Vec<IdentityChange>,
    /// Managed objects that need nothing.
    pub unchanged: Vec<Address>,
    /// What should be said beside the changes; errors forbid the plan.
    pub diagnostics: Diagnostics,
}

/// Compares all certificates and applications of a spec with what was observed at `now`.
pub fn diff_identity(
    desired: &DesiredState,
    observed: &ObservedIdentity,
    now: Timestamp,
) -> IdentityFindings {
    let mut differ = Differ { desired, observed, now, findings: IdentityFindings::default() };
    // What is deleted goes in reverse order: the certificate after all that it was registered on.
    let (made, gone): (Vec<_>, Vec<_>) =
        desired.certificates.iter().partition(|settings| settings.ensure == Ensure::Present);
    for settings in made {
        differ.certificate(settings);
    }
    for settings in &desired.applications {
        let empty = ObservedChain::default();
        let chain = observed.applications.get(&settings.name).unwrap_or(&empty);
        match settings.ensure {
            Ensure::Present => differ.application(settings, chain),
            Ensure::Absent => differ.removal(settings, chain),
        }
    }
    for settings in gone {
        differ.certificate(settings);
    }
    let mut findings = differ.findings;
    // Nobody waits for what does not change.
    let changed: Vec<Address> =
        findings.changes.iter().map(|change| change.address.clone()).collect();
    for change in &mut findings.changes {
        change.depends_on.retain(|address| changed.contains(address));
        // In the order in which a document holds them.
        change.removes.sort();
    }
    findings
}

struct Differ<'a> {
    desired: &'a DesiredState,
    observed: &'a ObservedIdentity,
    now: Timestamp,
    findings: IdentityFindings,
}

/// An application with what is known of it.
#[derive(Clone, Copy)]
struct Subject<'a> {
    settings: &'a ApplicationSettings,
    chain: &'a ObservedChain,
}

impl Subject<'_> {
    fn reference(self) -> ApplicationRef {
        ApplicationRef {
            name: self.settings.name.clone(),
            object_id: self.chain.application.as_ref().map(|found| found.object_id.clone()),
            app_id: self.chain.application.as_ref().map(|found| found.app_id),
            principal_id: self.chain.principal.as_ref().map(|found| found.object_id.clone()),
        }
    }

    fn address(self) -> Address {
        Address::named(Kind::Application, &self.settings.name)
    }

    fn principal(self) -> Address {
        Address::named(Kind::ServicePrincipal, &self.settings.name)
    }

    fn keyed(self, kind: Kind, key: &str) -> Address {
        Address::keyed(kind, &self.settings.name, key)
    }
}

impl Differ<'_> {
    fn push(&mut self, change: IdentityChange) {
        self.findings.changes.push(change);
    }

    fn unchanged(&mut self, address: Address) {
        self.findings.unchanged.push(address);
    }

    fn report(&mut self, finding: Diagnostic) {
        self.findings.diagnostics.push(finding);
    }

    /// Takes something away from an application: refused where this very run works as it, last
    /// where the work on Exchange is done as it.
    fn take_away(&mut self, subject: Subject<'_>, mut change: IdentityChange, in_use: bool) {
        let app_id = subject.chain.application.as_ref().map(|found| found.app_id);
        if in_use && app_id.is_some() && app_id == self.observed.acting_as {
            self.report(
                Diagnostic::error(
                    "deletes-own-identity",
                    format!("`{}` is what this run itself signs in with", change.address),
                )
                .at(subject.settings.span, "its removal is asked for here")
                .note("nothing could be finished, or taken back, without it")
                .help("name another identity for this work in `[tenant.bootstrap]`"),
            );
            return;
        }
        change.after_exchange = self.exchange_is_done_as(subject);
        // What takes its place comes first, and nothing goes if that does not come.
        let of_this = |other: &&IdentityChange| {
            other.action == crate::plan::Action::Create
                && other.address.kind() == change.address.kind()
                && other.address.name() == change.address.name()
        };
        let before: Vec<Address> = self
            .findings
            .changes
            .iter()
            .filter(of_this)
            .map(|other| other.address.clone())
            .collect();
        change.depends_on.extend(before);
        self.push(change);
    }

    fn exchange_is_done_as(&self, subject: Subject<'_>) -> bool {
        if let Some(SignIn::Application(name)) = &self.desired.tenant.sign_in {
            return name.value == subject.settings.name;
        }
        let found = subject.chain.application.as_ref().map(|found| found.app_id);
        found.is_some() && found == self.observed.exchange_as
    }
}

/// The sign-in that Exchange waits for: as the application that the spec names for it, once all that
/// this plan makes or changes of it is done. None where nothing of it is made or changed and it is
/// what Exchange was read as (`entered`).
pub fn sign_in_gate(
    desired: &DesiredState,
    changes: &[IdentityChange],
    entered: bool,
) -> Option<SignInGate> {
    let Some(SignIn::Application(name)) = &desired.tenant.sign_in else { return None };
    let application =
        desired.applications.iter().find(|application| application.name == name.value)?;
    let concerns = |change: &&IdentityChange| {
        let belongs = match change.address.kind() {
            Kind::Certificate => application
                .certificates
                .iter()
                .any(|certificate| Some(certificate.value.as_str()) == change.address.name()),
            _ => change.address.name() == Some(name.value.as_str()),
        };
        belongs && !change.after_exchange && change.action != crate::plan::Action::Delete
    };
    let after: Vec<Address> =
        changes.iter().filter(concerns).map(|change| change.address.clone()).collect();
    let needed = application.ensure == Ensure::Present && (!entered || !after.is_empty());
    needed.then(|| SignInGate { application: name.value.clone(), after })
}
