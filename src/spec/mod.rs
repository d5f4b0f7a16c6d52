//! The spec: TOML text in, [`DesiredState`] out, or every mistake of the file at once with its
//! place. Pure: reads no file, asks no clock and makes no call; which day it is and where the spec
//! lies are told.
//!
//! 1. `syntax`: what is not TOML. Reading goes on with what could be parsed.
//! 2. `tenant`, `sign_in`, `hosts`: which tenant and how to reach it.
//! 3. `certificate`, `application` with `permissions`, `role_names`, `federation`: each link of the
//!    identity chain by itself; `chain`: the links among one another and with the sign-in.
//! 4. `mailbox_audit` with `selection`, `actions`, `action_names`, `losses`: each policy by itself.
//! 5. `order`, `overlap`: policies among one another.
//!
//! All of them read through `read` and take the keys in `keys` and no others; `schema` and
//! `reference` say the same keys to editors and people. Words that many of
//! them use are in `named`, `lists`, `moments`, `letters` and `secrets`.

use std::path::Path;

use jiff::civil::Date;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Sources};
use crate::state::{Declared, DesiredState};
use chain::Chain;
pub use format::{NotFormatted, format};
use read::{Entry, Reader, Reported, Table};
pub use schema::{schema, schema_text};

mod action_names;
mod actions;
mod application;
mod certificate;
mod certificate_life;
mod chain;
mod federation;
mod format;
mod hosts;
pub mod keys;
mod letters;
mod lists;
mod losses;
mod mailbox_audit;
mod moments;
mod named;
mod order;
mod overlap;
mod permissions;
mod read;
pub mod reference;
mod role_names;
mod schema;
mod secrets;
mod selection;
mod sign_in;
mod sign_in_application;
mod sign_in_certificate;
mod syntax;
mod tenant;

/// The version of the spec's format that this release reads.
pub const VERSION: u32 = 1;

/// A spec without errors.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// What it asks for.
    pub desired: DesiredState,
    /// What its author should know, by place.
    pub warnings: Diagnostics,
}

/// Reads the spec in `file`. Relative paths in it start at `base`, the directory it lies in;
/// `today` (UTC) is what the `until` of an exclusion is held against. On errors, all of them come
/// back with the warnings, by place.
pub fn parse(
    sources: &Sources,
    file: FileId,
    base: &Path,
    today: Date,
) -> Result<Parsed, Diagnostics> {
    let text = sources.get(file).map_or("", |source| source.text.as_str());
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader::new(file, text, !errors.is_empty());
    syntax::report(&mut reader, text, document.get_ref(), &errors);
    let root = reader.root(document.get_ref());
    let desired = document_of(&mut reader, &root, base, today);
    let found = reader.finish();
    match desired {
        Ok(desired) if !found.has_errors() => Ok(Parsed { desired, warnings: found }),
        _ => Err(found),
    }
}

fn document_of(
    reader: &mut Reader,
    root: &Table<'_>,
    base: &Path,
    today: Date,
) -> Result<DesiredState, Reported> {
    version(reader, root)?;
    reader.only(root, keys::ROOT);
    let tenant = tenant::read(reader, root, base);
    let cloud = tenant.as_ref().map(|tenant| tenant.cloud).unwrap_or_default();
    let certificates = certificate::read(reader, root, base, today);
    let applications = application::read(reader, root, cloud, &certificates.names);
    let chain = Chain { certificates, applications };
    let unified_audit_log =
        switch(reader, root, "unified_audit_log", keys::UNIFIED_AUDIT_LOG, "ingestion");
    let mailbox_auditing =
        switch(reader, root, "organization", keys::ORGANIZATION, "mailbox_auditing");
    if let Ok(Some(auditing)) = mailbox_auditing {
        silenced(reader, root, auditing);
    }
    let (policies, declared) = mailbox_audit::read(reader, root, today);
    let policies = order::order(reader, policies, &declared);
    if !reader.is_partial() {
        overlap::check(reader, &policies);
        chain::check(reader, &chain, tenant.as_ref().ok());
    }
    Ok(DesiredState {
        tenant: tenant?,
        unified_audit_log: unified_audit_log?,
        mailbox_auditing: mailbox_auditing?,
        certificates: chain.certificates.all,
        applications: chain.applications.all,
        policies,
    })
}

/// An error where the file is of another version, whose other keys this release cannot judge.
fn version(reader: &mut Reader, root: &Table<'_>) -> Result<(), Reported> {
    let Some(entry) = reader.entry(root, "version") else {
        if !reader.is_misspelt(root, "version") {
            reader.report_absence(
                Diagnostic::error("missing-key", "the spec does not say which version it is")
                    .at(root.span, "")
                    .help(format!("begin the file with `version = {VERSION}`")),
            );
        }
        return Ok(());
    };
    let DeValue::Integer(number) = entry.node else {
        reader.wrong_type(&entry, "an integer", format!("write `version = {VERSION}`"));
        return Ok(());
    };
    if number.as_str().parse::<u32>() == Ok(VERSION) && number.radix() == 10 {
        return Ok(());
    }
    reader.report(unknown_version(&entry, &number.to_string()));
    Err(Reported)
}

fn unknown_version(entry: &Entry<'_>, number: &str) -> Diagnostic {
    Diagnostic::error("unknown-version", format!("this release does not know version {number}"))
        .at(entry.span, "")
        .note(format!("it reads version {VERSION}; nothing else in the file was judged"))
        .help(format!("write `version = {VERSION}`, or take a newer release of Auditform"))
}

/// With mailbox auditing off nothing is audited, "even where `AuditEnabled` is true" ("Manage
/// mailbox auditing"), so policies would be written in vain.
fn silenced(reader: &mut Reader, root: &Table<'_>, auditing: Declared<bool>) {
    if auditing.value {
        return;
    }
    if let Some(policies) = reader.entry(root, "mailbox_audit") {
        reader.report(
            Diagnostic::warning(
                "silenced",
                "no policy has an effect while mailbox auditing is off",
            )
            .at(auditing.span, "nothing is recorded on any mailbox")
            .at(policies.key, "the policies begin here")
            .help("write `mailbox_auditing = true`, or remove the policies"),
        );
    }
}

/// A table of one boolean, which may be left out as a whole.
fn switch(
    reader: &mut Reader,
    root: &Table<'_>,
    table: &str,
    known: &'static keys::Section,
    key: &str,
) -> Result<Option<Declared<bool>>, Reported> {
    reader.optional(root, table, |reader, entry| {
        let table = reader.table(entry)?;
        reader.only(&table, known);
        let entry = reader.required(&table, key, "true")?;
        Some(Declared { value: reader.boolean(&entry)?, span: entry.whole() })
    })
}
