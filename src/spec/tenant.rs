//! `[tenant]` and `[tenant.endpoints]`: which tenant, in which cloud, at which hosts. Tables in;
//! settings out, with defaults that follow from one another and paths joined with the directory of
//! their file. Whether anything answers there is found out by others.

use uuid::Uuid;

use super::read::{Entry, Reader, Reported, Table};
use super::{hosts, keys, letters, sign_in};
use crate::diagnostic::{Diagnostic, nearest};
use crate::state::{Cloud, Declared, Endpoint, EndpointOverrides, TenantSettings};

const CLOUDS: [(&str, Cloud, &str); 4] = [
    ("worldwide", Cloud::Worldwide, ".onmicrosoft.com"),
    ("us-gov-high", Cloud::UsGovHigh, ".onmicrosoft.us"),
    ("us-gov-dod", Cloud::UsGovDod, ".onmicrosoft.us"),
    ("china", Cloud::China, ".partner.onmschina.cn"),
];

/// Other names under which these clouds go.
const CLOUD_ALIASES: [(&str, &str); 10] = [
    ("commercial", "worldwide"),
    ("public", "worldwide"),
    ("global", "worldwide"),
    ("gcc", "worldwide"),
    ("gcc-high", "us-gov-high"),
    ("gcchigh", "us-gov-high"),
    ("usgov", "us-gov-high"),
    ("dod", "us-gov-dod"),
    ("21vianet", "china"),
    ("o365china", "china"),
];

/// The longest `stamp`.
const LONGEST_STAMP: usize = 64;

pub(super) fn read(reader: &mut Reader, root: &Table<'_>) -> Result<TenantSettings, Reported> {
    let Some(entry) = reader.entry(root, "tenant") else {
        missing(reader, root);
        return Err(Reported);
    };
    let table = reader.table(&entry).ok_or(Reported)?;
    reader.only(&table, keys::TENANT);
    let cloud = reader.optional(&table, "cloud", cloud);
    let endpoint = reader.optional(&table, "endpoint", endpoint);
    let is_embedded = matches!(endpoint, Ok(Some(Endpoint::Embedded)));
    let endpoints = reader.optional(&table, "endpoints", endpoints);
    if is_embedded && let Some(overrides) = reader.entry(&table, "endpoints") {
        embedded_with_endpoints(reader, &table, &overrides);
    }
    let organization = reader.optional(&table, "organization", organization);
    if let (Ok(Some(name)), Ok(cloud)) = (&organization, cloud) {
        initial_domain(reader, &table, name, cloud.unwrap_or_default());
    }
    // An endpoint that could not be read may have been meant to be the embedded one.
    if endpoint.is_ok() && !is_embedded && !table.has("organization") {
        reader.required(&table, "organization", "\"contoso.onmicrosoft.com\"");
    }
    let tenant_id = reader.optional(&table, "tenant_id", |reader, entry| {
        guid(reader, entry, "the Overview page of Microsoft Entra ID")
    });
    let ca_file = reader
        .optional(&table, "ca_file", |reader, entry| reader.path(entry, "corporate-root.pem"));
    let sign_in = sign_in::read(reader, &table, endpoint.is_err() || is_embedded);
    let bootstrap = reader.optional(&table, "bootstrap", sign_in::bootstrap);
    let approve_second_phase = reader.optional(&table, "approve_second_phase", Reader::boolean);
    let stamp = reader.optional(&table, "stamp", stamp);
    Ok(TenantSettings {
        organization: organization?,
        tenant_id: tenant_id?,
        cloud: cloud?.unwrap_or_default(),
        endpoint: endpoint?.unwrap_or_default(),
        endpoints: endpoints?.unwrap_or_default(),
        ca_file: ca_file?,
        sign_in: sign_in?,
        bootstrap: bootstrap?,
        approve_second_phase: approve_second_phase?.unwrap_or_default(),
        stamp: stamp?,
        span: table.span,
    })
}

fn missing(reader: &mut Reader, root: &Table<'_>) {
    reader.report_absence(
        Diagnostic::error("missing-table", "the spec does not say which tenant it is about")
            .at(root.span, "")
            .help(
                "add, for the tenant in memory that needs no account:\n\
                     [tenant]\nendpoint = \"embedded\"",
            )
            .help(
                "or, for a real one:\n[tenant]\norganization = \"contoso.onmicrosoft.com\"\n\
                     [tenant.sign_in]\nmethod = \"certificate\"\n\
                     client_id = \"the application's client id\"\n\
                     certificate = \"application.pfx\"",
            ),
    );
}

fn cloud(reader: &mut Reader, entry: &Entry<'_>) -> Option<Cloud> {
    let text = reader.text(entry, "worldwide")?;
    if let Some((_, cloud, _)) = CLOUDS.iter().find(|(name, _, _)| *name == text) {
        return Some(*cloud);
    }
    let wanted = text.to_ascii_lowercase().replace('_', "-");
    let names = CLOUDS.map(|(name, _, _)| name);
    let alias = CLOUD_ALIASES.iter().find(|(alias, _)| *alias == wanted).map(|(_, name)| *name);
    let help = match alias.or_else(|| nearest(&wanted, names)) {
        Some(name) => format!("write `cloud = \"{name}\"`"),
        None => format!("the clouds are: {}", names.join(", ")),
    };
    reader.report(
        Diagnostic::error("unknown-cloud", format!("there is no cloud `{text}`"))
            .at(entry.span, "")
            .help(help),
    );
    None
}

fn endpoint(reader: &mut Reader, entry: &Entry<'_>) -> Option<Endpoint> {
    let text = reader.text(entry, "embedded")?;
    if text == "embedded" {
        return Some(Endpoint::Embedded);
    }
    if nearest(text, ["embedded"]).is_some() {
        reader.report(
            Diagnostic::error("invalid-url", format!("`{}` is not a URL", entry.path))
                .at(entry.span, "")
                .help("did you mean `embedded`?"),
        );
        return None;
    }
    hosts::base_url(reader, entry, text).map(Endpoint::Base)
}

fn endpoints(reader: &mut Reader, entry: &Entry<'_>) -> Option<EndpointOverrides> {
    let table = reader.table(entry)?;
    reader.only(&table, keys::ENDPOINTS);
    let mut url = |key: &str| {
        reader.optional(&table, key, |reader, entry| {
            let text = reader.text(entry, "https://host.example")?;
            hosts::base_url(reader, entry, text)
        })
    };
    let (authority, graph, exchange) = (url("authority"), url("graph"), url("exchange"));
    let exchange_scope = reader.optional(&table, "exchange_scope", |reader, entry| {
        let text = reader.text(entry, "https://outlook.office365.com/.default")?;
        hosts::scope(reader, entry, text)
    });
    Some(EndpointOverrides {
        authority: authority.ok()?,
        graph: graph.ok()?,
        exchange: exchange.ok()?,
        exchange_scope: exchange_scope.ok()?,
    })
}

fn embedded_with_endpoints(reader: &mut Reader, table: &Table<'_>, overrides: &Entry<'_>) {
    let mut finding = Diagnostic::error(
        "embedded-with-endpoints",
        "the embedded tenant has its own endpoints, which cannot be set",
    )
    .at(overrides.key, "set here");
    if let Some(endpoint) = reader.entry(table, "endpoint") {
        finding = finding.at(endpoint.whole(), "the embedded tenant is chosen here");
    }
    reader.report(finding.help(
        "remove `[tenant.endpoints]`, or leave `endpoint` out to reach the endpoints named in it",
    ));
}

fn organization(reader: &mut Reader, entry: &Entry<'_>) -> Option<String> {
    let text = reader.text(entry, "contoso.onmicrosoft.com")?;
    if hosts::is_domain(text) {
        return Some(text.to_ascii_lowercase());
    }
    let after_at = text.rsplit('@').next().unwrap_or(text);
    let bare = after_at.split("://").last().unwrap_or(after_at).trim_end_matches('/');
    let help = if Uuid::try_parse(text).is_ok() {
        "a tenant's GUID goes into `tenant_id`; `organization` is its initial domain".to_owned()
    } else if hosts::is_domain(bare) {
        format!("write `organization = \"{bare}\"`")
    } else if !text.contains('.') && hosts::is_domain(&format!("{text}.onmicrosoft.com")) {
        format!("write `organization = \"{text}.onmicrosoft.com\"`")
    } else {
        "write the tenant's initial domain, such as `contoso.onmicrosoft.com`".to_owned()
    };
    reader.report(
        Diagnostic::error("invalid-domain", format!("`{}` is not a domain", entry.path))
            .at(entry.span, "")
            .help(help),
    );
    None
}

/// Exchange's app-only sign-in takes the initial domain ("App-only authentication for unattended
/// scripts"). A custom domain is only doubted, and only where Microsoft's own hosts are meant.
fn initial_domain(reader: &mut Reader, table: &Table<'_>, name: &str, cloud: Cloud) {
    let suffix = CLOUDS.iter().find(|(_, known, _)| *known == cloud).map(|(_, _, suffix)| *suffix);
    let published = !table.has("endpoint") && !table.has("endpoints");
    let (Some(suffix), Some(entry)) = (suffix, reader.entry(table, "organization")) else { return };
    if published && !name.ends_with(suffix) {
        reader.report(
            Diagnostic::warning(
                "not-the-initial-domain",
                format!("`{name}` does not look like the tenant's initial domain"),
            )
            .at(entry.span, format!("initial domains of this cloud end in `{suffix}`"))
            .note("Exchange is addressed by the initial domain; a custom domain may be refused")
            .help("the Microsoft 365 admin center lists it under Settings > Domains"),
        );
    }
}

/// A word that becomes part of a tag of the applications.
fn stamp(reader: &mut Reader, entry: &Entry<'_>) -> Option<Declared<String>> {
    let text = reader.text(entry, "contoso-audit")?;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if text.len() <= LONGEST_STAMP && text.chars().all(is_plain) {
        return Some(Declared { value: text.to_owned(), span: entry.span });
    }
    reader.report(
        Diagnostic::error("invalid-stamp", format!("`{}` is not a plain word", entry.path))
            .at(entry.span, "")
            .note(format!("it has letters, digits, `.`, `_` and `-`, at most {LONGEST_STAMP}"))
            .help("write a word such as `stamp = \"contoso-audit\"`"),
    );
    None
}

/// A GUID that is not the all-zero placeholder of documentation.
pub(super) fn guid(reader: &mut Reader, entry: &Entry<'_>, found_on: &str) -> Option<Uuid> {
    let text = reader.text(entry, "2b0c6e5f-1f54-4c0e-9b0a-6d2f8c1e7a90")?;
    let parsed = Uuid::try_parse(text).ok().filter(|guid| !guid.is_nil());
    if parsed.is_none() {
        let summary = format!("`{}` is not a GUID", entry.path);
        let mut finding = Diagnostic::error("invalid-guid", summary).at(entry.span, "");
        for strange in letters::strange(text, |one| one.is_ascii_hexdigit() || one == '-') {
            finding = finding.note(strange);
        }
        let digits = text.chars().filter(char::is_ascii_hexdigit).count();
        let also = if digits == 32 { String::new() } else { format!("; this has {digits}") };
        reader.report(
            finding
                .note(format!(
                    "a GUID is 32 hexadecimal digits, as `2b0c6e5f-1f54-4c0e-9b0a-6d2f8c1e7a90`\
                     {also}"
                ))
                .help(format!("copy it from {found_on}")),
        );
    }
    parsed
}
