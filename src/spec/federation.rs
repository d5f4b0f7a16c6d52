//! `federated_credentials`: issuers whose tokens sign an application in. A list of tables goes in;
//! credentials come out that Entra will take. What it would take and never match is doubted.
//!
//! Limits: Microsoft, "Important considerations and restrictions for federated identity
//! credentials"; the field's own rules in the Graph reference of `federatedIdentityCredential`.

use toml::de::DeValue;
use url::Url;

use super::lists;
use super::read::{Entry, Reader, Table};
use super::{hosts, keys};
use crate::diagnostic::{Diagnostic, Span};
use crate::state::{Cloud, FederatedCredential};

/// As many as Entra takes for one application.
const MOST: usize = 20;

/// A credential and the place of its issuer and subject.
type Placed = (FederatedCredential, Span);

pub(super) fn read(
    reader: &mut Reader,
    entry: &Entry<'_>,
    cloud: Cloud,
) -> Option<Vec<FederatedCredential>> {
    let example = "[{ name = \"main\", issuer = \"https://token.actions.githubusercontent.com\", \
                   subject = \"repo:contoso/audit:ref:refs/heads/main\" }]";
    let items = reader.list(entry, example)?;
    let all = lists::distinct(reader, &items, |reader, item| {
        let placed = credential(reader, item, cloud)?;
        Some((placed.0.name.clone(), placed))
    })?;
    if let Some(beyond) = items.get(MOST) {
        reader.report(
            Diagnostic::error("too-many-federated-credentials", "an application has at most 20")
                .at(beyond.span, "this is the 21st")
                .help("make a second application for the others"),
        );
        return None;
    }
    same_token(reader, &all)?;
    Some(all.into_iter().map(|(credential, _)| credential).collect())
}

fn credential(reader: &mut Reader, item: &Entry<'_>, cloud: Cloud) -> Option<Placed> {
    if !matches!(item.node, DeValue::Table(_)) {
        let help = "write `{ name = \"...\", issuer = \"https://...\", subject = \"...\" }`";
        reader.wrong_type(item, "a table", help.to_owned());
        return None;
    }
    let table = reader.table(item)?;
    reader.only(&table, keys::FEDERATED_CREDENTIAL);
    let name = reader.required(&table, "name", "\"main\"").and_then(|entry| name(reader, &entry));
    let issuer = reader
        .required(&table, "issuer", "\"https://token.actions.githubusercontent.com\"")
        .and_then(|entry| issuer(reader, &entry));
    let subject = subject(reader, &table);
    let audience = reader.optional(&table, "audience", |reader, entry| {
        reader.text(entry, published_audience(cloud)).map(str::to_owned)
    });
    let audience = audience.ok()?.unwrap_or_else(|| published_audience(cloud).to_owned());
    let (subject, place) = subject?;
    let credential =
        FederatedCredential { name: name?, issuer: issuer?, subject, audience, span: item.span };
    Some((credential, place))
}

/// What Entra's cloud expects in `aud`.
fn published_audience(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Worldwide => "api://AzureADTokenExchange",
        Cloud::UsGovHigh | Cloud::UsGovDod => "api://AzureADTokenExchangeUSGov",
        Cloud::China => "api://AzureADTokenExchangeChina",
    }
}

fn name(reader: &mut Reader, entry: &Entry<'_>) -> Option<String> {
    let text = reader.text(entry, "main-branch")?;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    if (3..=120).contains(&text.len()) && text.chars().all(is_plain) {
        return Some(text.to_owned());
    }
    let summary = format!("`{text}` cannot name a federated credential");
    reader.report(
        Diagnostic::error("invalid-federated-name", summary)
            .at(entry.span, "")
            .note("a name has 3 to 120 letters, digits, `-` and `_`, and cannot be changed later")
            .help("write a name such as `main-branch`"),
    );
    None
}

/// The issuer is compared letter by letter with the token's, so it is kept as it is written.
fn issuer(reader: &mut Reader, entry: &Entry<'_>) -> Option<String> {
    let text = reader.text(entry, "https://token.actions.githubusercontent.com")?;
    let is_https = Url::parse(text).is_ok_and(|url| url.scheme() == "https");
    if is_https && text == text.trim() {
        return Some(text.to_owned());
    }
    let bare = text.trim().trim_start_matches("http://");
    let host = bare.split('/').next().unwrap_or_default();
    let summary = format!("`{}` is not an https URL", entry.path);
    let finding = Diagnostic::error("invalid-url", summary)
        .at(entry.span, "")
        .note("it is the `iss` of the issuer's tokens, letter by letter");
    reader.report(if hosts::is_domain(host) {
        finding.help(format!("write `issuer = \"https://{bare}\"`"))
    } else {
        finding
            .help("for GitHub Actions: `issuer = \"https://token.actions.githubusercontent.com\"`")
    });
    None
}

fn subject(reader: &mut Reader, table: &Table<'_>) -> Option<(String, Span)> {
    let example = "repo:contoso/audit:ref:refs/heads/main";
    let entry = reader.required(table, "subject", &format!("\"{example}\""))?;
    let text = reader.text(&entry, example)?;
    if text.contains('*') {
        reader.report(
            Diagnostic::warning("federated-wildcard", "a `*` in a subject stands for itself alone")
                .at(entry.span, "")
                .note("Entra compares the whole `sub` of a token, letter by letter")
                .help("name each subject in a credential of its own"),
        );
    }
    Some((text.to_owned(), entry.span))
}

/// Entra takes each pair of issuer and subject once for an application.
fn same_token(reader: &mut Reader, all: &[Placed]) -> Option<()> {
    let mut is_sound = true;
    for (place, (one, span)) in all.iter().enumerate() {
        let first = all[..place]
            .iter()
            .find(|(other, _)| other.issuer == one.issuer && other.subject == one.subject);
        let Some((first, first_span)) = first else { continue };
        let summary = format!("`{}` and `{}` take the same tokens", first.name, one.name);
        reader.report(
            Diagnostic::error("same-federated-token", summary)
                .at(*span, "this subject of this issuer")
                .at(*first_span, "is here already")
                .note("Entra takes each pair of issuer and subject once for an application")
                .help("remove one of the two"),
        );
        is_sound = false;
    }
    is_sound.then_some(())
}
