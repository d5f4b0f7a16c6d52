//! Certificates on disk. A renewal stages the new one beside the one in use; only when it is
//! registered and a token was minted with it are the files switched (the step that comes last), and
//! only after `overlap` is the old one taken off and deleted.

mod findings;

use jiff::{SignedDuration, Timestamp};

use super::change::{Held, IdentityChange};
use super::write::{CertificateOrder, IdentityWrite};
use super::{Differ, Kind};
use crate::plan::Action;
use crate::resource::Address;
use crate::state::{
    ApplicationSettings, CertificateFacts, CertificateSettings, CertificateSource, Ensure,
    MadeCertificate, ObservedCertificate, Validity,
};

impl Differ<'_> {
    pub(super) fn certificate(&mut self, settings: &CertificateSettings) {
        let empty = ObservedCertificate::default();
        let found = self.observed.certificates.get(&settings.name).unwrap_or(&empty);
        if found.has_unportable_password {
            self.unportable_password(settings);
        }
        match (&settings.source, settings.ensure) {
            (CertificateSource::Made(made), Ensure::Present) => {
                self.made_certificate(settings, made, found);
            }
            (CertificateSource::Made(_), Ensure::Absent) => self.deleted(settings, found),
            // Written by others, so it is read and never changed.
            (CertificateSource::Existing(_), _) => self.existing(settings, found),
        }
    }

    fn existing(&mut self, settings: &CertificateSettings, found: &ObservedCertificate) {
        self.unchanged(Address::named(Kind::Certificate, &settings.name));
        let Some(current) = &found.current else { return };
        if current.not_after.duration_since(self.now) < SignedDuration::from_hours(30 * 24) {
            self.ends_soon(settings, current);
        }
    }

    fn made_certificate(
        &mut self,
        settings: &CertificateSettings,
        made: &MadeCertificate,
        found: &ObservedCertificate,
    ) {
        let address = Address::named(Kind::Certificate, &settings.name);
        let Some(current) = &found.current else {
            match made.valid_from {
                Some(from) if self.is_needed_before(settings, from, None) => {
                    self.not_valid_yet(settings, from, None);
                }
                _ => self.push(first(address, settings, made)),
            }
            return;
        };
        if self.is_needed_before(settings, current.not_before, Some(current)) {
            self.not_valid_yet(settings, current.not_before, Some(current));
            return;
        }
        if found.lacks_key {
            self.without_key(settings, made, current);
            return;
        }
        let mut due = due(made, current, self.now);
        if let (Validity::Until(until), Some(_)) = (made.validity, &due)
            && until <= current.not_after
            && !found.is_being_renewed()
        {
            self.cannot_be_renewed(settings, current);
            due = None;
        }
        let gone = self.outlived(settings, made, found);
        match due.or_else(|| other(made, current)).or_else(|| begun(found)) {
            None => self.kept(address, settings, found, &gone),
            Some(because) => {
                let mut change = renewal(address, settings, found, current, because);
                self.forget(&mut change, settings, &gone);
                self.push(change);
            }
        }
    }

    /// Whether it is to be registered, which takes a token minted with it, before it is valid.
    fn is_needed_before(
        &self,
        settings: &CertificateSettings,
        from: Timestamp,
        made: Option<&CertificateFacts>,
    ) -> bool {
        let needs = |application: &ApplicationSettings| {
            let is_registered =
                |facts: &CertificateFacts| self.is_registered(&application.name, &facts.thumbprint);
            uses(application, &settings.name) && !made.is_some_and(is_registered)
        };
        from > self.now && self.desired.applications.iter().any(needs)
    }

    /// No renewal: perhaps files are missing, or an old one has outlived its overlap.
    fn kept(
        &mut self,
        address: Address,
        settings: &CertificateSettings,
        found: &ObservedCertificate,
        gone: &[&CertificateFacts],
    ) {
        if found.missing.is_empty() && gone.is_empty() {
            self.unchanged(address);
            return;
        }
        let reason = match (gone.is_empty(), found.missing.is_empty()) {
            (false, _) => "the overlap with the certificate before it is over",
            (true, _) => "files of it are missing",
        };
        let mut change = IdentityChange::new(address, Action::Update, reason);
        if !found.missing.is_empty() {
            let name = settings.name.clone();
            change = change
                .attribute("missing_files", Some(set(&found.missing)), Some(set(&[])))
                .irreversible("files that are written again are not taken away")
                .does(IdentityWrite::RepairCertificate { name });
        }
        self.forget(&mut change, settings, gone);
        self.push(change);
    }

    /// The certificates before the one in use whose overlap is over. Nothing is given up before the
    /// one in use is registered wherever the spec wants it, nor what this very run signs in with.
    fn outlived<'c>(
        &mut self,
        settings: &CertificateSettings,
        made: &MadeCertificate,
        found: &'c ObservedCertificate,
    ) -> Vec<&'c CertificateFacts> {
        let Some(current) = &found.current else { return Vec::new() };
        // A renewal that was interrupted may have switched long after the certificate was made.
        let switched = found.switched.map_or(current.not_before, |at| at.max(current.not_before));
        let since = self.now.duration_since(switched);
        let registered = self
            .desired
            .applications
            .iter()
            .filter(|application| uses(application, &settings.name))
            .all(|application| self.is_registered(&application.name, &current.thumbprint));
        if since < made.overlap || !registered {
            return Vec::new();
        }
        let (own, gone): (Vec<_>, Vec<_>) =
            found.retired.iter().partition(|old| self.acts_with(&old.thumbprint));
        for old in own {
            self.still_in_use(settings, old);
        }
        gone
    }

    fn forget(
        &self,
        change: &mut IdentityChange,
        settings: &CertificateSettings,
        gone: &[&CertificateFacts],
    ) {
        if gone.is_empty() {
            return;
        }
        let names: Vec<String> = gone.iter().map(|facts| facts.thumbprint_text()).collect();
        change.removes.push(("kept_beside".into(), names));
        change.reversible = crate::plan::Reversible::No("the old key is deleted".into());
        for facts in gone {
            change.writes.push(IdentityWrite::ForgetCertificate {
                name: settings.name.clone(),
                thumbprint: facts.thumbprint,
            });
            for application in &self.desired.applications {
                if uses(application, &settings.name) {
                    change.depends_on.push(Address::keyed(
                        Kind::KeyCredential,
                        &application.name,
                        &facts.thumbprint_text(),
                    ));
                }
            }
        }
    }

    fn deleted(&mut self, settings: &CertificateSettings, found: &ObservedCertificate) {
        let all: Vec<String> = found.all().map(CertificateFacts::thumbprint_text).collect();
        if all.is_empty() && found.files.is_empty() {
            self.unchanged(Address::named(Kind::Certificate, &settings.name));
            return;
        }
        let mine = |facts: &&CertificateFacts| self.acts_with(&facts.thumbprint);
        if let Some(mine) = found.all().find(mine) {
            self.deletes_own(settings, mine);
            return;
        }
        self.still_registered(settings, found);
        let address = Address::named(Kind::Certificate, &settings.name);
        let mut change = IdentityChange::new(address, Action::Delete, "`ensure` is \"absent\"");
        for (name, gone) in [("thumbprints", &all), ("files", &found.files)] {
            if !gone.is_empty() {
                change = change.goes(name, set(gone));
            }
        }
        let mut change = change
            .stops("whatever signs in with these files no longer can")
            .irreversible("the key is deleted")
            .does(IdentityWrite::DeleteCertificate { name: settings.name.clone() });
        // Removed only when nothing needs it any more: an application that goes with it, and the
        // work on Exchange that is done with it.
        for application in &self.desired.applications {
            change.depends_on.push(Address::named(Kind::Application, &application.name));
            let key = |thumbprint: &String| {
                Address::keyed(Kind::KeyCredential, &application.name, thumbprint)
            };
            change.depends_on.extend(all.iter().map(key));
        }
        change.after_exchange = self.desired.applications.iter().any(|application| {
            let chain = self.observed.applications.get(&application.name);
            chain.is_some_and(|chain| {
                self.exchange_is_done_as(super::Subject { settings: application, chain })
            })
        });
        self.push(change);
    }
}

fn uses(application: &ApplicationSettings, certificate: &str) -> bool {
    application.ensure == Ensure::Present
        && application.certificates.iter().any(|name| name.value == certificate)
}

fn set(values: &[String]) -> Held {
    Held::Set(values.to_vec())
}

fn after(found: &ObservedCertificate) -> Held {
    let staged = found.staged.as_ref().map(|staged| Held::text(staged.thumbprint_text()));
    staged.unwrap_or(Held::Unknown)
}

fn first(
    address: Address,
    settings: &CertificateSettings,
    made: &MadeCertificate,
) -> IdentityChange {
    let order = CertificateOrder {
        name: settings.name.clone(),
        not_before: made.valid_from,
        staged: false,
    };
    let from = made.valid_from.map_or(Held::Unknown, |from| Held::text(from.to_string()));
    let until = match (made.validity, made.valid_from) {
        (Validity::Until(until), _) => Held::text(until.to_string()),
        (Validity::For(life), Some(from)) => {
            from.checked_add(life).map_or(Held::Unknown, |until| Held::text(until.to_string()))
        }
        (Validity::For(_), None) => Held::Unknown,
    };
    IdentityChange::new(address, Action::Create, "there is no such certificate yet")
        .comes("common_name", Held::text(&made.common_name))
        .comes("key_size", Held::text(made.key_size.to_string()))
        .comes("valid_from", from)
        .comes("valid_until", until)
        .comes("directory", Held::text(&made.written_directory))
        .comes("thumbprint", Held::Unknown)
        .does(IdentityWrite::MakeCertificate(order))
}

/// Makes the one that follows it, unless it lies there, and puts it in use at the end.
fn renewal(
    address: Address,
    settings: &CertificateSettings,
    found: &ObservedCertificate,
    current: &CertificateFacts,
    because: String,
) -> IdentityChange {
    let name = &settings.name;
    let thumbprint = Some(Held::text(current.thumbprint_text()));
    let until = Some(Held::text(current.not_after.to_string()));
    let mut change = IdentityChange::new(address, Action::Replace, because)
        .attribute("thumbprint", thumbprint, Some(after(found)))
        .attribute("valid_until", until, Some(Held::Unknown))
        .irreversible("the old key is deleted after the overlap");
    if found.staged.is_none() {
        let order = CertificateOrder { name: name.clone(), not_before: None, staged: true };
        change = change.does(IdentityWrite::MakeCertificate(order));
    }
    if let Some(stranded) = &found.stranded {
        change.removes.push(("begun_without_key".into(), vec![stranded.thumbprint_text()]));
    }
    change.finally = Some(IdentityWrite::SwitchCertificate { name: name.clone() });
    change
}

/// Why a certificate is renewed for its dates, if it is.
fn due(made: &MadeCertificate, current: &CertificateFacts, now: Timestamp) -> Option<String> {
    let life = current.not_after.duration_since(current.not_before);
    let before = made.rotate_before.unwrap_or(life / 3);
    let from = current.not_after.checked_sub(before).unwrap_or(Timestamp::MIN);
    if now >= current.not_after {
        return Some(format!("it ended on {}", current.not_after));
    }
    (now >= from).then(|| format!("it ends on {}, and is renewed from {from}", current.not_after))
}

/// Why a certificate is renewed whatever its dates, if it is.
fn other(made: &MadeCertificate, current: &CertificateFacts) -> Option<String> {
    if current.subject != format!("CN={}", made.common_name) {
        return Some(format!("its subject is {}", current.subject));
    }
    (current.key_size != made.key_size).then(|| format!("its key has {} bits", current.key_size))
}

/// Why a certificate is renewed whatever it is, if it is.
fn begun(found: &ObservedCertificate) -> Option<String> {
    let reason = match (&found.staged, &found.stranded) {
        (Some(_), _) => "a renewal was begun and not finished",
        (None, Some(_)) => "a renewal was begun, and the key of it is not here",
        (None, None) => return None,
    };
    Some(reason.to_owned())
}
