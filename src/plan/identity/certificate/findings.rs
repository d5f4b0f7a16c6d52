//! What is said of certificates beside their changes: what cannot be done, and what a person has to
//! see to.

use jiff::Timestamp;

use super::uses;
use crate::diagnostic::Diagnostic;
use crate::plan::identity::Differ;
use crate::state::{
    ApplicationSettings, CertificateFacts, CertificateSettings, Ensure, MadeCertificate,
    ObservedCertificate,
};

impl Differ<'_> {
    pub(super) fn ends_soon(&mut self, settings: &CertificateSettings, current: &CertificateFacts) {
        self.report(
            Diagnostic::warning(
                "certificate-ends-soon",
                format!("`certificate.{}` ends on {}", settings.name, current.not_after),
            )
            .at(settings.span, "")
            .help("it was issued elsewhere, so have the next one issued there in time"),
        );
    }

    /// To register it a token is minted with it, which the service refuses until then.
    pub(super) fn not_valid_yet(
        &mut self,
        settings: &CertificateSettings,
        from: Timestamp,
        made: Option<&CertificateFacts>,
    ) {
        let name = &settings.name;
        let mut finding = Diagnostic::error(
            "certificate-not-valid-yet",
            format!("`certificate.{name}` is not valid before {from}"),
        )
        .at(settings.span, "");
        let applications = self.desired.applications.iter();
        for application in applications.filter(|application| uses(application, name)) {
            if let Some(used) = application.certificates.iter().find(|used| used.value == *name) {
                let place = format!("`application.{}` is to sign in with it", application.name);
                finding = finding.at(used.span, place);
            }
        }
        let finding = finding.note(format!("it is {} now", seconds(self.now)));
        let finding = finding.note("nothing can sign in with it until then, so nothing is planned");
        self.report(match made {
            None => finding
                .help("remove `valid_from`: it then begins when it is made")
                .help("or take it out of `certificates` until then"),
            Some(_) => finding
                .help("check this machine's clock, or wait until then")
                .help("to have another one made, remove `valid_from` and delete its files"),
        });
    }

    /// No new key is made in its place: the one that is missing may be in use on another machine.
    pub(super) fn without_key(
        &mut self,
        settings: &CertificateSettings,
        made: &MadeCertificate,
        current: &CertificateFacts,
    ) {
        let name = &settings.name;
        let file = |form: &str| made.directory.join(format!("{name}.{form}")).display().to_string();
        let (thumbprint, cer) = (current.thumbprint_text(), file("cer"));
        self.report(
            Diagnostic::error(
                "certificate-without-key",
                format!("the private key of `certificate.{name}` is not here"),
            )
            .at(settings.span, "")
            .note(format!("`{cer}` holds the certificate {thumbprint} alone"))
            .note("another machine may hold the key and sign in with it, so no new one is made")
            .help(format!("copy `{}` or `{}` from where it was made", file("pem"), file("pfx")))
            .help(format!("if the key is lost, delete `{cer}`: a new certificate is made then")),
        );
    }

    /// The spec names the day on which it ends, so that a new one would end then too.
    pub(super) fn cannot_be_renewed(
        &mut self,
        settings: &CertificateSettings,
        current: &CertificateFacts,
    ) {
        let name = &settings.name;
        self.report(
            Diagnostic::warning(
                "certificate-ends-soon",
                format!("`certificate.{name}` ends on {}", current.not_after),
            )
            .at(settings.span, "")
            .note("its `valid_until` is that day, so a new one would end then too")
            .help("write a later `valid_until`, or `valid_for` to have it renewed by itself"),
        );
    }

    pub(super) fn still_in_use(&mut self, settings: &CertificateSettings, old: &CertificateFacts) {
        let (name, thumbprint) = (&settings.name, old.thumbprint_text());
        self.report(
            Diagnostic::warning(
                "old-certificate-in-use",
                format!("this run signs in with the certificate before `certificate.{name}`"),
            )
            .at(settings.span, "")
            .note(format!("so {thumbprint} stays, though its overlap is over"))
            .note(format!("it ends on {}", old.not_after))
            .help("sign in with the one in use, and the next apply removes the old one"),
        );
    }

    /// As the commands say it where they write a `.pfx`.
    pub(super) fn unportable_password(&mut self, settings: &CertificateSettings) {
        let place = settings.password_env.as_ref().map_or(settings.span, |name| name.span);
        let summary = format!(
            "the password of `certificate.{}` has letters that Java cannot open a .pfx with",
            settings.name
        );
        self.report(
            Diagnostic::warning("password-not-portable", summary)
                .at(place, "names the variable that holds it")
                .help("take a password of Latin letters without accents, digits and signs"),
        );
    }

    pub(super) fn deletes_own(&mut self, settings: &CertificateSettings, mine: &CertificateFacts) {
        let summary =
            format!("`certificate.{}` is what this run itself signs in with", settings.name);
        self.report(
            Diagnostic::error("deletes-own-identity", summary)
                .at(settings.span, "its removal is asked for here")
                .note(format!("its thumbprint is {}", mine.thumbprint_text()))
                .help("sign in with another certificate, or as somebody else, to delete it"),
        );
    }

    /// The files go, and whoever has a copy of the key still gets in.
    pub(super) fn still_registered(
        &mut self,
        settings: &CertificateSettings,
        found: &ObservedCertificate,
    ) {
        // One that is exclusive has it taken off.
        let stays = |application: &&ApplicationSettings| {
            application.ensure == Ensure::Present && !application.exclusive
        };
        for application in self.desired.applications.iter().filter(stays) {
            for facts in found.all() {
                if !self.is_registered(&application.name, &facts.thumbprint) {
                    continue;
                }
                let summary = format!(
                    "`certificate.{}` is deleted and stays registered on `application.{}`",
                    settings.name, application.name
                );
                self.report(
                    Diagnostic::warning("key-still-registered", summary)
                        .at(settings.span, "")
                        .note(format!("its thumbprint is {}", facts.thumbprint_text()))
                        .note("a copy of its files would go on signing in as the application")
                        .help(
                            "remove it under Certificates & secrets of the application, or write \
                             `exclusive = true` there to have all removed that the spec does not name",
                        ),
                );
            }
        }
    }
}

/// A moment without its fraction.
fn seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}
