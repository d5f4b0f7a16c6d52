//! What an application signs in with: certificates and federated credentials on its registration.
//! Others than the spec's are left alone unless it says `exclusive`.
//!
//! A write of `keyCredentials` replaces the whole collection, and one that holds an expired element
//! is refused. So an expired element goes with the next write, which says so.

use super::change::{Held, IdentityChange};
use super::write::{FederatedWrite, IdentityWrite};
use super::{Differ, Subject};
use crate::diagnostic::Diagnostic;
use crate::plan::{Action, Reversible};
use crate::resource::{Address, Kind, Thumbprint};
use crate::state::{
    CertificateFacts, FederatedCredential, ObservedFederatedCredential, ObservedKey,
};

/// What Entra takes ("Configure an application to trust an external identity provider").
const FEDERATED_AT_MOST: usize = 20;

impl Differ<'_> {
    pub(super) fn credentials(&mut self, subject: Subject<'_>) {
        self.keys(subject);
        self.federated(subject);
    }

    /// Whether a certificate is registered on an application.
    pub(super) fn is_registered(&self, application: &str, thumbprint: &[u8; 20]) -> bool {
        let chain = self.observed.applications.get(application);
        let found = chain.and_then(|chain| chain.application.as_ref());
        found.is_some_and(|found| {
            found.keys.iter().any(|key| key.thumbprint.as_ref() == Some(thumbprint))
        })
    }

    fn keys(&mut self, subject: Subject<'_>) {
        let mut kept: Vec<[u8; 20]> = Vec::new();
        for name in &subject.settings.certificates {
            self.key(subject, &name.value, &mut kept);
        }
        self.replaced_keys(subject, &mut kept);
        if subject.settings.exclusive {
            self.other_keys(subject, &kept);
        }
    }

    /// The certificate in use and the one that waits beside it are both to be registered.
    fn key(&mut self, subject: Subject<'_>, name: &str, kept: &mut Vec<[u8; 20]>) {
        let found = self.observed.certificates.get(name).cloned().unwrap_or_default();
        let address = subject.keyed(Kind::KeyCredential, &format!("certificate.{name}"));
        let is_renewed = self.is_replaced(name);
        match &found.current {
            Some(current) => {
                kept.push(current.thumbprint);
                if self.is_registered(&subject.settings.name, &current.thumbprint) {
                    self.unchanged(address);
                } else if current.not_after > self.now {
                    self.push(self.registered(
                        subject,
                        address.clone(),
                        name,
                        Some(current),
                        false,
                    ));
                }
            }
            None => self.push(self.registered(subject, address, name, None, false)),
        }
        let next = subject.keyed(Kind::KeyCredential, &format!("certificate.{name} (next)"));
        match &found.staged {
            // Also where it is registered: whether a token can be minted with it is not known yet.
            Some(staged) => {
                kept.push(staged.thumbprint);
                let mut change = self.registered(subject, next, name, Some(staged), true);
                if self.is_registered(&subject.settings.name, &staged.thumbprint) {
                    change.action = Action::Update;
                    "it is registered, and no token was minted with it yet"
                        .clone_into(&mut change.reason);
                    change.attributes.clear();
                }
                self.push(change);
            }
            None if is_renewed => self.push(self.registered(subject, next, name, None, true)),
            None => {}
        }
    }

    fn is_replaced(&self, certificate: &str) -> bool {
        let address = Address::named(Kind::Certificate, certificate);
        self.findings
            .changes
            .iter()
            .any(|change| change.address == address && change.action == Action::Replace)
    }

    fn registered(
        &self,
        subject: Subject<'_>,
        address: Address,
        name: &str,
        facts: Option<&CertificateFacts>,
        staged: bool,
    ) -> IdentityChange {
        let (thumbprint, until) = match facts {
            Some(facts) => {
                (Held::text(facts.thumbprint_text()), Held::text(facts.not_after.to_string()))
            }
            None => (Held::Unknown, Held::Unknown),
        };
        let write = IdentityWrite::AddKey {
            application: subject.reference(),
            certificate: name.to_owned(),
            staged,
            thumbprint: facts.map(|facts| facts.thumbprint),
        };
        let change =
            IdentityChange::new(address, Action::Create, "the certificate is not registered yet")
                .comes("thumbprint", thumbprint)
                .comes("valid_until", until)
                .after(Address::named(Kind::Certificate, name))
                .after(subject.address())
                // A token is minted with it, which takes a service principal.
                .after(subject.principal())
                .does(write);
        let change = if staged {
            change.irreversible("it belongs to a renewal, which is not taken back")
        } else {
            change
        };
        self.drops_expired(subject, change)
    }

    fn drops_expired(&self, subject: Subject<'_>, mut change: IdentityChange) -> IdentityChange {
        let keys = subject.chain.application.as_ref().map_or(&[][..], |found| &found.keys);
        let expired: Vec<String> = keys
            .iter()
            .filter(|key| key.end.is_some_and(|end| end <= self.now))
            .map(|key| format!("{} (expired)", key_name(key)))
            .collect();
        if !expired.is_empty() {
            change.removes.push(("key_credentials".into(), expired));
            if change.reversible == Reversible::Yes {
                change = change.irreversible("an expired certificate is not registered again");
            }
        }
        change
    }

    /// Certificates that were in use before: registered until their overlap is over.
    fn replaced_keys(&mut self, subject: Subject<'_>, kept: &mut Vec<[u8; 20]>) {
        let Some(application) = &subject.chain.application else { return };
        for name in &subject.settings.certificates {
            let Some(found) = self.observed.certificates.get(&name.value) else { continue };
            let outlived = self.is_outlived(&name.value);
            for retired in &found.retired {
                let key =
                    application.keys.iter().find(|key| key.thumbprint == Some(retired.thumbprint));
                match key {
                    Some(key) if outlived && !self.acts_with(&retired.thumbprint) => {
                        let reason = "the overlap with the certificate after it is over";
                        let change = self.unregistered(subject, key, reason);
                        self.push(change);
                        kept.push(retired.thumbprint);
                    }
                    Some(key) => {
                        kept.push(retired.thumbprint);
                        self.unchanged(subject.keyed(Kind::KeyCredential, &key_name(key)));
                    }
                    None => {}
                }
            }
        }
    }

    /// Whether this run signs in with a certificate.
    pub(super) fn acts_with(&self, thumbprint: &[u8; 20]) -> bool {
        self.observed.acting_with.contains(thumbprint)
    }

    /// Whether the plan forgets the certificates before the one in use.
    fn is_outlived(&self, certificate: &str) -> bool {
        let address = Address::named(Kind::Certificate, certificate);
        let forgets =
            |write: &IdentityWrite| matches!(write, IdentityWrite::ForgetCertificate { .. });
        self.findings
            .changes
            .iter()
            .any(|change| change.address == address && change.writes.iter().any(forgets))
    }

    pub(super) fn unregistered(
        &self,
        subject: Subject<'_>,
        key: &ObservedKey,
        reason: &str,
    ) -> IdentityChange {
        let write =
            IdentityWrite::RemoveKey { application: subject.reference(), key_id: key.key_id };
        let end = key.end.map_or_else(String::new, |end| end.to_string());
        let change = IdentityChange::new(
            subject.keyed(Kind::KeyCredential, &key_name(key)),
            Action::Delete,
            reason,
        )
        .goes("thumbprint", Held::text(key_name(key)))
        .goes("valid_until", Held::text(end))
        .stops("whatever signs in with this certificate no longer can")
        .irreversible("the directory does not give the certificate out, so it cannot be put back")
        .does(write);
        self.drops_expired(subject, change)
    }

    fn other_keys(&mut self, subject: Subject<'_>, kept: &[[u8; 20]]) {
        let Some(application) = &subject.chain.application else { return };
        for key in &application.keys {
            if !key.thumbprint.is_some_and(|thumbprint| kept.contains(&thumbprint)) {
                let reason = "`exclusive`, and the spec does not name it";
                let change = self.unregistered(subject, key, reason);
                let in_use = key.thumbprint.is_none_or(|thumbprint| self.acts_with(&thumbprint));
                self.take_away(subject, change, in_use);
            }
        }
    }

    fn federated(&mut self, subject: Subject<'_>) {
        let wanted = &subject.settings.federated_credentials;
        let present = &subject.chain.federated;
        let mut kept: Vec<&str> = Vec::new();
        for credential in wanted {
            match registered(credential, present) {
                Some(found) => {
                    kept.push(&found.id);
                    if trusts_the_same(found, credential) {
                        let address = subject.keyed(Kind::FederatedCredential, &credential.name);
                        self.unchanged(address);
                    } else {
                        self.push(changed_federation(subject, found, credential));
                    }
                }
                None => self.push(new_federation(subject, credential)),
            }
        }
        let others: Vec<&ObservedFederatedCredential> =
            present.iter().filter(|found| !kept.contains(&found.id.as_str())).collect();
        if subject.settings.exclusive {
            for found in others {
                let reason = "`exclusive`, and the spec does not name it";
                let change = federation_gone(subject, found, reason);
                self.take_away(subject, change, true);
            }
        } else if others.len() + wanted.len() > FEDERATED_AT_MOST {
            let name = &subject.settings.name;
            self.report(
                Diagnostic::error(
                    "too-many-federated-credentials",
                    format!("`application.{name}` would hold more than {FEDERATED_AT_MOST}"),
                )
                .at(subject.settings.span, "")
                .note(format!("{} that the spec does not name are there already", others.len()))
                .help("remove some of them, or write `exclusive = true` to have them removed"),
            );
        }
    }
}

/// The credential of this name; else the one that trusts the same token, since an application takes
/// each pair of issuer and subject once, and the name means nothing to the sign-in.
fn registered<'o>(
    wanted: &FederatedCredential,
    present: &'o [ObservedFederatedCredential],
) -> Option<&'o ObservedFederatedCredential> {
    present.iter().find(|found| found.name == wanted.name).or_else(|| {
        present
            .iter()
            .find(|found| found.issuer == wanted.issuer && found.subject == wanted.subject)
    })
}

fn trusts_the_same(found: &ObservedFederatedCredential, wanted: &FederatedCredential) -> bool {
    found.issuer == wanted.issuer
        && found.subject == wanted.subject
        && found.audiences == [wanted.audience.as_str()]
}

/// The thumbprint where it is known, else the key's id.
pub(in crate::plan) fn key_name(key: &ObservedKey) -> String {
    key.thumbprint.map_or_else(|| key.key_id.to_string(), |sha1| Thumbprint::Sha1(sha1).to_string())
}

fn values(credential: &FederatedCredential) -> FederatedWrite {
    FederatedWrite {
        name: credential.name.clone(),
        issuer: credential.issuer.clone(),
        subject: credential.subject.clone(),
        audience: credential.audience.clone(),
    }
}

fn new_federation(subject: Subject<'_>, credential: &FederatedCredential) -> IdentityChange {
    let write = IdentityWrite::AddFederatedCredential {
        application: subject.reference(),
        credential: values(credential),
    };
    IdentityChange::new(
        subject.keyed(Kind::FederatedCredential, &credential.name),
        Action::Create,
        "there is no such federated credential yet",
    )
    .comes("issuer", Held::text(&credential.issuer))
    .comes("subject", Held::text(&credential.subject))
    .comes("audience", Held::text(&credential.audience))
    .after(subject.address())
    .does(write)
}

fn changed_federation(
    subject: Subject<'_>,
    found: &ObservedFederatedCredential,
    wanted: &FederatedCredential,
) -> IdentityChange {
    let write = IdentityWrite::UpdateFederatedCredential {
        application: subject.reference(),
        id: found.id.clone(),
        credential: values(wanted),
    };
    let text = |text: &String| Some(Held::text(text));
    let address = subject.keyed(Kind::FederatedCredential, &wanted.name);
    let change = IdentityChange::new(address, Action::Update, "differs from the spec");
    one_audience(change, found)
        .attribute("issuer", text(&found.issuer), text(&wanted.issuer))
        .attribute("subject", text(&found.subject), text(&wanted.subject))
        .attribute("audience", text(&found.audiences.join(" ")), text(&wanted.audience))
        .stops(format!("tokens of the subject `{}` no longer sign in", found.subject))
        .does(write)
}

pub(super) fn federation_gone(
    subject: Subject<'_>,
    found: &ObservedFederatedCredential,
    reason: &str,
) -> IdentityChange {
    let write = IdentityWrite::RemoveFederatedCredential {
        application: subject.reference(),
        id: found.id.clone(),
    };
    let address = subject.keyed(Kind::FederatedCredential, &found.name);
    let change = IdentityChange::new(address, Action::Delete, reason);
    one_audience(change, found)
        .goes("issuer", Held::text(&found.issuer))
        .goes("subject", Held::text(&found.subject))
        .goes("audience", Held::text(found.audiences.join(" ")))
        .stops(format!("tokens of the subject `{}` no longer sign in", found.subject))
        .does(write)
}

/// What holds several audiences is not written back: Entra takes exactly one.
fn one_audience(change: IdentityChange, found: &ObservedFederatedCredential) -> IdentityChange {
    match found.audiences.as_slice() {
        [_] => change,
        _ => change.irreversible("it does not have one audience, and no other number is taken"),
    }
}
