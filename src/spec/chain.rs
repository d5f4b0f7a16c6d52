//! The identity chain among itself and with the sign-in: certificates that applications name,
//! applications that are told apart, the application that the run signs in with. Settings and names
//! in; findings out. What the directory holds already plays no part.

use std::collections::BTreeMap;

use super::named::{Declarations, NamedKind};
use super::read::Reader;
use super::sign_in_application;
use crate::diagnostic::{Diagnostic, Span, and_list, nearest};
use crate::state::{
    ApplicationKey, ApplicationSettings, CertificateSettings, Declared, Ensure, TenantSettings,
};

/// What a spec declares of it.
pub(super) struct Chain {
    pub(super) certificates: Declarations<CertificateSettings>,
    pub(super) applications: Declarations<ApplicationSettings>,
}

pub(super) fn check(reader: &mut Reader, chain: &Chain, tenant: Option<&TenantSettings>) {
    let applications = &chain.applications.all;
    let present = |one: &&ApplicationSettings| one.ensure == Ensure::Present;
    for application in applications.iter().filter(present) {
        for name in &application.certificates {
            absent_certificate(reader, name, &chain.certificates.all);
        }
    }
    for (place, one) in applications.iter().enumerate() {
        if let Some(first) = applications[..place].iter().find(|first| same_key(first, one)) {
            same_application(reader, first, one);
        }
    }
    same_names(reader, applications);
    if let Some(tenant) = tenant {
        sign_in_application::check(reader, chain, tenant);
    }
}

fn absent_certificate(
    reader: &mut Reader,
    name: &Declared<String>,
    certificates: &[CertificateSettings],
) {
    let absent =
        certificates.iter().find(|one| one.name == name.value && one.ensure == Ensure::Absent);
    if let Some(absent) = absent {
        let summary = format!("`certificate.{}` is to be deleted", name.value);
        reader.report(
            Diagnostic::error("certificate-absent", summary)
                .at(name.span, "the application signs in with it")
                .at(absent.span, "`ensure = \"absent\"` here")
                .help("take it out of `certificates`, or keep it: `ensure = \"present\"`"),
        );
    }
}

/// Whether a table of this name is there; if not, the nearest is named.
pub(super) fn known(
    reader: &mut Reader,
    name: &Declared<String>,
    kind: &NamedKind,
    names: &[String],
) -> bool {
    if names.contains(&name.value) {
        return true;
    }
    let all = || names.iter().map(String::as_str);
    let help = match nearest(&name.value, all()) {
        Some(near) => format!("did you mean `{}.{near}`?", kind.kind),
        None => format!("add `[{}.{}]`", kind.kind, name.value),
    };
    let address = format!("{}.{}", kind.kind, name.value);
    let finding = Diagnostic::error("unknown-reference", format!("the spec has no `{address}`"))
        .at(name.span, "")
        .help(help);
    reader.report_absence(if names.is_empty() {
        finding
    } else {
        let all: Vec<String> = all().map(|name| format!("{}.{name}", kind.kind)).collect();
        finding.note(format!("it has: {}", all.join(", ")))
    });
    false
}

fn same_application(reader: &mut Reader, first: &ApplicationSettings, one: &ApplicationSettings) {
    let what = match &one.key {
        ApplicationKey::AppId(id) => format!("`app_id` {}", id.value),
        ApplicationKey::UniqueName { name, .. } => format!("`unique_name` \"{name}\""),
    };
    let summary = format!("`application.{}` and `application.{}` are one", first.name, one.name);
    reader.report(
        Diagnostic::error("same-application", summary)
            .at(one.span, "")
            .at(first.span, "")
            .note(format!("both have the {what}"))
            .help("put their keys into one table, or give one of them another"),
    );
}

/// Display names are not unique in Entra, so applications of one name need a key each.
fn same_names(reader: &mut Reader, applications: &[ApplicationSettings]) {
    let mut by_name: BTreeMap<&str, Vec<(&ApplicationSettings, Span)>> = BTreeMap::new();
    for one in applications {
        if let Some(name) = &one.display_name {
            by_name.entry(&name.value).or_default().push((one, name.span));
        }
    }
    for (name, alike) in by_name {
        let lacking: Vec<String> = alike
            .iter()
            .filter(|(one, _)| !is_explicit(&one.key))
            .map(|(one, _)| format!("`application.{}`", one.name))
            .collect();
        if alike.len() < 2 || lacking.is_empty() {
            continue;
        }
        let summary = format!("{} applications are called \"{name}\"", alike.len());
        let mut finding = Diagnostic::error("ambiguous-application", summary);
        for (one, span) in alike.iter().rev() {
            finding = finding.at(*span, format!("`application.{}`", one.name));
        }
        reader.report(
            finding
                .note("Entra takes several applications of one name; nobody can tell them apart")
                .help("give each a `display_name` of its own")
                .help(format!(
                    "or give {} a `unique_name`, or the `app_id` of one that exists",
                    and_list(&lacking)
                )),
        );
    }
}

fn same_key(one: &ApplicationSettings, other: &ApplicationSettings) -> bool {
    match (&one.key, &other.key) {
        (ApplicationKey::AppId(one), ApplicationKey::AppId(other)) => one.value == other.value,
        (
            ApplicationKey::UniqueName { name: one, .. },
            ApplicationKey::UniqueName { name: other, .. },
        ) => one == other,
        _ => false,
    }
}

fn is_explicit(key: &ApplicationKey) -> bool {
    !matches!(key, ApplicationKey::UniqueName { is_explicit: false, .. })
}
