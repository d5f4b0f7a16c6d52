//! `[application.NAME]`: an application with what it may do and what it signs in with. A table goes
//! in; settings come out with their defaults. What is certain to be wrong without the directory is
//! found here; how it goes together with certificates and with the sign-in is in `chain`.

use uuid::Uuid;

use super::named::{self, Declarations, NamedKind};
use super::read::{Entry, Reader, Reported, Table};
use super::{certificate, chain, federation, keys, lists, permissions, role_names, tenant};
use crate::diagnostic::Diagnostic;
use crate::state::{ApplicationKey, ApplicationSettings, Cloud, Declared, Ensure};

pub(super) const APPLICATIONS: NamedKind = NamedKind {
    kind: "application",
    noun: "an application",
    example: "audit",
    keys: keys::APPLICATION,
};

/// All applications of a spec, which may sign in with `known` certificates.
pub(super) fn read(
    reader: &mut Reader,
    root: &Table<'_>,
    cloud: Cloud,
    known: &[String],
) -> Declarations<ApplicationSettings> {
    let (mut all, mut names) = (Vec::new(), Vec::new());
    for (name, table) in named::tables(reader, root, &APPLICATIONS) {
        names.push(name.to_owned());
        all.extend(application(reader, name, &table, (cloud, known)));
    }
    Declarations { all, names }
}

fn application(
    reader: &mut Reader,
    name: &str,
    table: &Table<'_>,
    (cloud, known): (Cloud, &[String]),
) -> Result<ApplicationSettings, Reported> {
    reader.only(table, keys::APPLICATION);
    let ensure = named::ensure(reader, table);
    let key = key(reader, name, table);
    let display_name = reader.optional(table, "display_name", |r, entry| text(r, entry, name));
    let is_found_without = matches!(key, Ok(ApplicationKey::AppId(_)) | Err(_));
    if matches!(ensure, Ok(Ensure::Present)) && !is_found_without && !table.has("display_name") {
        reader.required(table, "display_name", "\"Auditform\"");
    }
    let api_permissions = reader.optional(table, "api_permissions", |reader, entry| {
        permissions::read(reader, entry, cloud)
    });
    let admin_consent = reader.optional(table, "admin_consent", Reader::boolean);
    let directory_roles = reader.optional(table, "directory_roles", role_names::directory);
    let exchange_roles = reader.optional(table, "exchange_roles", role_names::exchange);
    let certificates = reader.optional(table, "certificates", certificates);
    // Judged here and not with the chain, so that it is said whatever else is wrong in the table.
    if let (Ok(Some(certificates)), Ok(Ensure::Present)) = (&certificates, &ensure) {
        for name in certificates {
            chain::known(reader, name, &certificate::CERTIFICATES, known);
        }
    }
    let federated_credentials = reader.optional(table, "federated_credentials", |reader, entry| {
        federation::read(reader, entry, cloud)
    });
    let notes = reader.optional(table, "notes", |r, entry| text(r, entry, "why it is there"));
    let owners = reader.optional(table, "owners", owners);
    let exclusive = reader.optional(table, "exclusive", Reader::boolean);
    let api_permissions = api_permissions?.unwrap_or_default();
    Ok(ApplicationSettings {
        name: name.to_owned(),
        span: table.span,
        ensure: ensure?,
        display_name: display_name?,
        key: key?,
        admin_consent: admin_consent?.unwrap_or(!api_permissions.is_empty()),
        api_permissions,
        directory_roles: directory_roles?.unwrap_or_default(),
        exchange_roles: exchange_roles?.unwrap_or_default(),
        certificates: certificates?.unwrap_or_default(),
        federated_credentials: federated_credentials?.unwrap_or_default(),
        notes: notes?,
        owners: owners?.unwrap_or_default(),
        exclusive: exclusive?.unwrap_or_default(),
    })
}

fn text(reader: &mut Reader, entry: &Entry<'_>, example: &str) -> Option<Declared<String>> {
    let value = reader.text(entry, example)?.to_owned();
    Some(Declared { value, span: entry.span })
}

/// By what it is found: an application id, a unique name, or one that follows from its address.
fn key(reader: &mut Reader, name: &str, table: &Table<'_>) -> Result<ApplicationKey, Reported> {
    let help = "keep `app_id` to adopt an application that exists, or `unique_name` for one that \
                is made here";
    let alone = named::conflict(reader, table, ("unique_name", "app_id"), help);
    let unique_name = reader.optional(table, "unique_name", |r, entry| text(r, entry, name));
    let app_id = reader.optional(table, "app_id", |reader, entry| {
        let page = "the application's Overview page, `Application (client) ID`";
        let value = tenant::guid(reader, entry, page)?;
        Some(Declared { value, span: entry.span })
    });
    alone?;
    Ok(match (app_id?, unique_name?) {
        (Some(app_id), _) => ApplicationKey::AppId(app_id),
        (None, Some(name)) => ApplicationKey::UniqueName { name: name.value, is_explicit: true },
        (None, None) => {
            let name = format!("auditform-application-{name}");
            ApplicationKey::UniqueName { name, is_explicit: false }
        }
    })
}

fn certificates(reader: &mut Reader, entry: &Entry<'_>) -> Option<Vec<Declared<String>>> {
    let items = reader.list(entry, "[\"certificate.audit\"]")?;
    lists::distinct(reader, &items, |reader, item| {
        let name = named::reference(reader, item, &certificate::CERTIFICATES)?;
        Some((name.value.clone(), name))
    })
}

/// Users by name or object id, service principals by object id.
fn owners(reader: &mut Reader, entry: &Entry<'_>) -> Option<Vec<Declared<String>>> {
    let items = reader.list(entry, "[\"admin@contoso.com\"]")?;
    lists::distinct(reader, &items, |reader, item| {
        let text = reader.text(item, "admin@contoso.com")?;
        let is_name = text.split_once('@').is_some_and(|(user, domain)| {
            !user.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace)
        });
        if is_name || Uuid::try_parse(text).is_ok_and(|id| !id.is_nil()) {
            let key = text.to_lowercase();
            return Some((key, Declared { value: text.to_owned(), span: item.span }));
        }
        reader.report(
            Diagnostic::error("invalid-owner", format!("`{text}` cannot be looked up as an owner"))
                .at(item.span, "")
                .help("write a user principal name such as `admin@contoso.com`, or an object id"),
        );
        None
    })
}
