//! The registration with its service principal and owners. A registration is found by `app_id` or
//! by its unique name. One of the same display name is not taken for it: names are not unique in a
//! directory. One that another spec made is not taken over.

use std::collections::BTreeSet;

use super::change::{Held, IdentityChange};
use super::write::{ApplicationPatch, IdentityWrite};
use super::{Differ, Subject};
use crate::diagnostic::{Diagnostic, and_list, nearest};
use crate::plan::Action;
use crate::resource::Kind;
use crate::state::{
    ApplicationKey, ApplicationSettings, ObservedApplication, ObservedChain, ObservedOwner,
    RequiredAccess,
};

/// The tag of everything that this program made.
const MADE_HERE: &str = "auditform";
/// What a stamp begins with.
const STAMP: &str = "auditform:";

impl Differ<'_> {
    pub(super) fn application(&mut self, settings: &ApplicationSettings, chain: &ObservedChain) {
        let subject = Subject { settings, chain };
        let before = self.findings.diagnostics.iter().count();
        self.registration(subject);
        if self.findings.diagnostics.iter().count() > before {
            // What hangs on a registration that is not understood is not judged.
            return;
        }
        self.service_principal(subject);
        self.owners(subject);
        if settings.exclusive {
            self.unread_roles(subject);
        }
        self.access(subject);
        self.credentials(subject);
    }

    /// What the registration is marked with: the tool, and the spec that it belongs to.
    pub(super) fn stamp(&self, settings: &ApplicationSettings) -> String {
        let own = format!("application.{}", settings.name);
        let stamp = self.desired.tenant.stamp.as_ref();
        let spec = stamp.map_or(String::new(), |stamp| format!("{}/", stamp.value));
        format!("{STAMP}{spec}{own}")
    }

    fn registration(&mut self, subject: Subject<'_>) {
        match (&subject.chain.application, &subject.settings.key) {
            (None, ApplicationKey::AppId(id)) => self.report(
                Diagnostic::error(
                    "no-such-application",
                    format!("no application of this tenant has the `app_id` {}", id.value),
                )
                .at(id.span, "")
                .note("only applications that are registered in the tenant itself can be adopted")
                .help(
                    "copy it from the application's Overview page, or name a `unique_name` to \
                     have one made",
                ),
            ),
            (None, ApplicationKey::UniqueName { is_explicit: false, .. })
                if !subject.chain.namesakes.is_empty() =>
            {
                self.namesakes(subject);
            }
            (None, ApplicationKey::UniqueName { name, .. }) => self.new_registration(subject, name),
            (Some(found), ApplicationKey::UniqueName { .. })
                if !found.tags.contains(&self.stamp(subject.settings)) =>
            {
                self.foreign(subject, found);
            }
            (Some(found), _) => self.changed_registration(subject, found),
        }
    }

    fn namesakes(&mut self, subject: Subject<'_>) {
        let settings = subject.settings;
        let name = settings.display_name.as_ref().map_or("", |name| name.value.as_str());
        let mut finding = Diagnostic::error(
            "ambiguous-application",
            format!("the tenant has applications called `{name}` already"),
        )
        .at(settings.display_name.as_ref().map_or(settings.span, |name| name.span), "");
        for found in &subject.chain.namesakes {
            let made = found.created.map_or(String::new(), |at| format!(", made on {at}"));
            finding = finding.note(format!("app_id = \"{}\"{made}", found.app_id));
        }
        self.report(finding.help(
            "adopt one of them with `app_id = \"...\"`, or make another one beside them with \
             `unique_name = \"...\"`",
        ));
    }

    fn foreign(&mut self, subject: Subject<'_>, found: &ObservedApplication) {
        let maker = found.tags.iter().find(|tag| tag.starts_with(STAMP));
        let note = match maker {
            Some(tag) => format!("it is marked `{tag}`, this spec would mark it `{}`", {
                self.stamp(subject.settings)
            }),
            None => "it is not marked as made by Auditform".to_owned(),
        };
        self.report(
            Diagnostic::error(
                "foreign-application",
                format!(
                    "the application with this `unique_name` (app_id {}) was not made by this spec",
                    found.app_id
                ),
            )
            .at(subject.settings.span, "")
            .note(note)
            .help(format!(
                "take another `unique_name`, or adopt it: `app_id = \"{}\"`",
                found.app_id
            )),
        );
    }

    fn new_registration(&mut self, subject: Subject<'_>, unique_name: &str) {
        let settings = subject.settings;
        let display_name = settings.display_name.as_ref().map(|name| name.value.clone());
        let tags = vec![MADE_HERE.to_owned(), self.stamp(settings)];
        let access = self.wanted_access(subject, &[]);
        let mut change = IdentityChange::new(
            subject.address(),
            Action::Create,
            "there is no such application yet",
        )
        .comes("display_name", Held::text(display_name.clone().unwrap_or_default()))
        .comes("unique_name", Held::text(unique_name))
        .comes("sign_in_audience", Held::text("AzureADMyOrg"))
        .comes("app_id", Held::Unknown);
        if !settings.api_permissions.is_empty() {
            let names = settings.api_permissions.iter().map(|wanted| wanted.name.clone());
            change = change.comes("api_permissions", Held::Set(names.collect()));
        }
        if let Some(notes) = &settings.notes {
            change = change.comes("notes", Held::text(&notes.value));
        }
        let patch = ApplicationPatch {
            display_name,
            notes: settings.notes.as_ref().map(|notes| notes.value.clone()),
            tags: Some(tags),
            required_access: (!access.is_empty()).then_some(access),
        };
        self.push(change.does(IdentityWrite::CreateApplication {
            application: subject.reference(),
            unique_name: unique_name.to_owned(),
            patch,
        }));
    }

    fn changed_registration(&mut self, subject: Subject<'_>, found: &ObservedApplication) {
        let settings = subject.settings;
        let mut patch = ApplicationPatch::default();
        let mut change = IdentityChange::new(subject.address(), Action::Update, "");
        let mut differing: Vec<&str> = Vec::new();
        if let Some(name) = &settings.display_name
            && name.value != found.display_name
        {
            differing.push("`display_name`");
            let before = Some(Held::text(&found.display_name));
            change = change.attribute("display_name", before, Some(Held::text(&name.value)));
            patch.display_name = Some(name.value.clone());
        }
        if let Some(notes) = &settings.notes
            && Some(&notes.value) != found.notes.as_ref()
        {
            differing.push("`notes`");
            let before = found.notes.as_ref().map(Held::text);
            change = change.attribute("notes", before, Some(Held::text(&notes.value)));
            patch.notes = Some(notes.value.clone());
        }
        let access = self.wanted_access(subject, &found.required_access);
        if access != found.required_access {
            differing.push("`api_permissions`");
            let (before, after) = (self.names(&found.required_access), self.names(&access));
            let gone: Vec<String> =
                before.iter().filter(|name| !after.contains(name)).cloned().collect();
            if !gone.is_empty() {
                change.removes.push(("api_permissions".into(), gone));
            }
            change = change.attribute(
                "api_permissions",
                Some(Held::Set(before)),
                Some(Held::Set(after)),
            );
            patch.required_access = Some(access);
        }
        if differing.is_empty() {
            self.unchanged(subject.address());
            return;
        }
        let verb = if differing.len() == 1 { "differs" } else { "differ" };
        change.reason = format!("{} {verb} from the spec", and_list(&differing));
        let application = subject.reference();
        let before = patch.required_access.as_ref().map(|_| found.required_access.clone());
        self.push(change.does(IdentityWrite::UpdateApplication { application, patch, before }));
    }

    /// What `requiredResourceAccess` is to be: what is there and what the spec names, or with
    /// `exclusive` the latter alone. A PATCH replaces the whole collection.
    fn wanted_access(
        &mut self,
        subject: Subject<'_>,
        present: &[RequiredAccess],
    ) -> Vec<RequiredAccess> {
        let settings = subject.settings;
        let mut access = if settings.exclusive { Vec::new() } else { present.to_vec() };
        for wanted in &settings.api_permissions {
            let Some(role) = self.app_role(wanted) else { continue };
            let entry = (role.id, "Role".to_owned());
            match access.iter_mut().find(|found| found.resource == wanted.resource) {
                Some(found) if found.permissions.contains(&entry) => {}
                Some(found) => found.permissions.push(entry),
                None => access
                    .push(RequiredAccess { resource: wanted.resource, permissions: vec![entry] }),
            }
        }
        let sorted = |access: &[RequiredAccess]| -> BTreeSet<_> {
            access
                .iter()
                .flat_map(|entry| {
                    entry.permissions.iter().map(|permission| (entry.resource, permission.clone()))
                })
                .collect()
        };
        // The order in which the service lists them is no difference.
        if sorted(&access) == sorted(present) { present.to_vec() } else { access }
    }

    /// Permissions by name where the service that defines them was read, else by id.
    fn names(&self, access: &[RequiredAccess]) -> Vec<String> {
        let name = |resource: uuid::Uuid, id: uuid::Uuid| {
            let roles = self.observed.resources.get(&resource).map(|found| &found.app_roles);
            let role = roles.and_then(|roles| roles.iter().find(|role| role.id == id));
            role.map_or_else(|| format!("{resource}/{id}"), |role| role.value.clone())
        };
        let each = |entry: &RequiredAccess| {
            let resource = entry.resource;
            entry.permissions.iter().map(move |(id, _)| (resource, *id)).collect::<Vec<_>>()
        };
        access.iter().flat_map(each).map(|(resource, id)| name(resource, id)).collect()
    }

    fn service_principal(&mut self, subject: Subject<'_>) {
        let Some(found) = &subject.chain.principal else {
            let application = subject.reference();
            self.push(
                IdentityChange::new(
                    subject.principal(),
                    Action::Create,
                    "the application is not present in the tenant yet",
                )
                .comes("object_id", Held::Unknown)
                .after(subject.address())
                .does(IdentityWrite::CreateServicePrincipal { application }),
            );
            return;
        };
        self.unchanged(subject.principal());
        if !found.enabled {
            self.report(
                Diagnostic::warning(
                    "application-disabled",
                    format!("sign-in as `application.{}` is disabled", subject.settings.name),
                )
                .at(subject.settings.span, "")
                .help(
                    "enable it under Enterprise applications > Properties; a person turned it off",
                ),
            );
        }
    }

    fn owners(&mut self, subject: Subject<'_>) {
        for wanted in &subject.settings.owners {
            let Some(owner) = self.observed.owners.get(&wanted.value) else {
                self.report(
                    Diagnostic::error(
                        "no-such-owner",
                        format!("the tenant has no user `{}`", wanted.value),
                    )
                    .at(wanted.span, "")
                    .help("write a user principal name, or the object id of a user"),
                );
                continue;
            };
            if subject.chain.owners.iter().any(|found| found.id == owner.id) {
                self.unchanged(subject.keyed(Kind::ApplicationOwner, &wanted.value));
                continue;
            }
            let write = IdentityWrite::AddOwner {
                application: subject.reference(),
                owner: owner.id.clone(),
            };
            self.push(
                IdentityChange::new(
                    subject.keyed(Kind::ApplicationOwner, &wanted.value),
                    Action::Create,
                    "is not an owner yet",
                )
                .comes("object_id", Held::text(&owner.id))
                .after(subject.address())
                .does(write),
            );
        }
        if subject.settings.exclusive && !subject.settings.owners.is_empty() {
            self.other_owners(subject);
        }
    }

    fn other_owners(&mut self, subject: Subject<'_>) {
        for found in &subject.chain.owners {
            let wanted = subject.settings.owners.iter().any(|wanted| {
                self.observed.owners.get(&wanted.value).is_some_and(|owner| owner.id == found.id)
            });
            if !wanted {
                let reason = "`exclusive`, and the spec does not name it";
                self.push(owner_gone(subject, found, reason));
            }
        }
    }

    /// The permission that a name means, as the service that defines it was read.
    pub(super) fn app_role(
        &mut self,
        wanted: &crate::state::ApiPermission,
    ) -> Option<crate::state::AppRole> {
        let Some(resource) = self.observed.resources.get(&wanted.resource) else {
            self.report(
                Diagnostic::error(
                    "unknown-service",
                    format!("the tenant does not have the service that defines `{}`", wanted.name),
                )
                .at(wanted.span, "")
                .note(format!("its application id is {}", wanted.resource))
                .help("a tenant without an Exchange Online licence has no Exchange to audit"),
            );
            return None;
        };
        let roles = || resource.app_roles.iter().filter(|role| role.usable);
        if let Some(role) = roles().find(|role| role.value == wanted.name) {
            return Some(role.clone());
        }
        let near = nearest(&wanted.name, roles().map(|role| role.value.as_str()));
        let help = near.map_or_else(
            || format!("{} defines no application permission of that name", resource.display_name),
            |near| format!("did you mean `{near}`?"),
        );
        let finding = Diagnostic::error(
            "unknown-permission",
            format!("{} has no application permission `{}`", resource.display_name, wanted.name),
        )
        .at(wanted.span, "")
        .help(help);
        self.report(finding);
        None
    }
}

pub(super) fn owner_gone(
    subject: Subject<'_>,
    found: &ObservedOwner,
    reason: &str,
) -> IdentityChange {
    let write =
        IdentityWrite::RemoveOwner { application: subject.reference(), owner: found.id.clone() };
    let address = subject.keyed(Kind::ApplicationOwner, &found.name);
    IdentityChange::new(address, Action::Delete, reason)
        .goes("object_id", Held::text(&found.id))
        .stops(format!("{} can no longer administer the application", found.name))
        .does(write)
}
