//! The chain of an application that is to be gone, undone from its end: roles and consent, the
//! service principal, the registration with all that it holds.

use super::change::{Held, IdentityChange};
use super::credentials::key_name;
use super::write::IdentityWrite;
use super::{Differ, Subject};
use crate::diagnostic::Diagnostic;
use crate::plan::{Action, Reversible};
use crate::resource::Address;
use crate::state::{ApplicationKey, ApplicationSettings, ObservedApplication, ObservedChain};

const WANTED: &str = "`ensure` is \"absent\"";

impl Differ<'_> {
    pub(super) fn removal(&mut self, settings: &ApplicationSettings, chain: &ObservedChain) {
        let subject = Subject { settings, chain };
        let Some(found) = &chain.application else {
            self.unchanged(subject.address());
            return;
        };
        if matches!(settings.key, ApplicationKey::UniqueName { .. })
            && self.is_foreign(subject, found)
        {
            return;
        }
        self.unread_roles(subject);
        let mut parts: Vec<IdentityChange> = Vec::new();
        for held in &chain.exchange_roles {
            parts.push(self.exchange_role_removed(subject, held, WANTED));
        }
        for held in &chain.directory_roles {
            parts.push(self.directory_role_removed(subject, held, WANTED));
        }
        for held in &chain.consents {
            parts.push(self.revoked(subject, held, WANTED));
        }
        for part in &mut parts {
            part.reversible =
                Reversible::No("the service principal that has it is deleted too".into());
        }
        let mut before: Vec<Address> = parts.iter().map(|part| part.address.clone()).collect();
        if chain.principal.is_some() {
            let mut change = principal_gone(subject, WANTED);
            change.depends_on = std::mem::take(&mut before);
            before.push(subject.principal());
            parts.push(change);
        }
        let mut change = registration_gone(subject, found, WANTED);
        let names = chain.federated.iter().map(|found| found.name.clone()).collect();
        let keys = found.keys.iter().map(key_name).collect();
        change.takes_along("key_credentials", keys);
        change.takes_along("federated_credentials", names);
        change.depends_on = before;
        parts.push(change);
        for part in parts {
            // One finding says it for all of them.
            if self.findings.diagnostics.has_errors() {
                return;
            }
            self.take_away(subject, part, true);
        }
    }

    /// What could not be read is not taken for nothing.
    pub(super) fn unread_roles(&mut self, subject: Subject<'_>) {
        if !subject.chain.exchange_roles_denied {
            return;
        }
        let name = &subject.settings.name;
        self.report(
            Diagnostic::warning(
                "exchange-roles-not-read",
                format!("which management roles `application.{name}` has in Exchange is not known"),
            )
            .at(subject.settings.span, "")
            .note("reading them was refused; any that it has stay as they are")
            .help("grant `RoleManagement.Read.Exchange` to whoever does this work (beta)"),
        );
    }

    /// Reports an application that another spec made; it is not deleted by its name alone.
    fn is_foreign(&mut self, subject: Subject<'_>, found: &ObservedApplication) -> bool {
        let own = self.stamp(subject.settings);
        if found.tags.contains(&own) {
            return false;
        }
        self.report(
            Diagnostic::error(
                "foreign-application",
                format!(
                    "the application with this `unique_name` (app_id {}) was not made by this spec",
                    found.app_id
                ),
            )
            .at(subject.settings.span, "")
            .note(format!("this spec would have marked it `{own}`"))
            .help(format!("to delete it all the same, write `app_id = \"{}\"`", found.app_id)),
        );
        true
    }
}

/// The service principal, deleted. What was given to it has to go before.
pub(super) fn principal_gone(subject: Subject<'_>, reason: &str) -> IdentityChange {
    let application = subject.reference();
    IdentityChange::new(subject.principal(), Action::Delete, reason)
        .stops("nothing can sign in as the application any more")
        .irreversible("its object id is not given again")
        .does(IdentityWrite::DeleteServicePrincipal { application })
}

/// The registration, deleted with all that is on it, which the caller names.
pub(super) fn registration_gone(
    subject: Subject<'_>,
    found: &ObservedApplication,
    reason: &str,
) -> IdentityChange {
    let application = subject.reference();
    IdentityChange::new(subject.address(), Action::Delete, reason)
        .goes("display_name", Held::text(&found.display_name))
        .goes("app_id", Held::text(found.app_id.to_string()))
        .irreversible(
            "its client id is not given again; an administrator can restore it for 30 days",
        )
        .stops(format!("everything that signs in as `{}` stops working", found.display_name))
        .does(IdentityWrite::DeleteApplication { application })
}
