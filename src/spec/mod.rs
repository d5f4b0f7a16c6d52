//! The spec: TOML texts in, [`DesiredState`] out, or every mistake of the files at once with its
//! place. Pure: reads no file, asks no clock and makes no call; the texts, which day it is and where
//! the spec lies are handed in.
//!
//! 1. `files`, `parts`: which texts belong to the spec; `syntax`: what is not TOML. Reading goes on
//!    with what could be parsed.
//! 2. `merge`: the texts as one tree, in which each value keeps its `places`.
//! 3. `variables`, `given`: what the spec leaves open and is given; `references`: where that goes.
//! 4. `tenant`, `sign_in`, `hosts`: which tenant and how to reach it; `approval`: who has to approve.
//! 5. `certificate`, `application` with `permissions`, `role_names`, `federation`: each link of the
//!    identity chain by itself; `chain`: the links among one another and with the sign-in.
//! 6. `mailbox_audit` with `selection`, `actions`, `action_names`, `losses`: each policy by itself.
//! 7. `order`, `overlap`: policies among one another.
//! 8. `safeguards`: `[limits]`, and `prevent` of every resource.
//! 9. `check` with `check_mailboxes`: each `[[check]]`.
//!
//! All of them read through `read` and take the keys in `keys` and no others; `schema` and
//! `reference` say the same keys to editors and people. Words that many of them use are in `named`, `lists`, `moments`, `letters` and `secrets`.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Sources};
use crate::state::{Declared, DesiredState};
use chain::Chain;
use parts::Parts;
use read::{Entry, Reader, Reported, Table};

pub use files::{Files, SpecFile, Texts, missing};
pub use format::{NotFormatted, format};
pub use given::Given;
pub use schema::{schema, schema_text};
pub use variables::{Values, VariableValue};

mod action_names;
mod actions;
mod application;
mod approval;
mod certificate;
mod certificate_life;
mod chain;
mod check;
mod check_mailboxes;
mod federation;
mod files;
mod format;
mod given;
mod hosts;
pub mod keys;
mod letters;
mod lists;
mod losses;
mod mailbox_audit;
mod merge;
mod moments;
mod named;
mod order;
mod overlap;
mod parts;
mod permissions;
mod places;
mod read;
pub mod reference;
mod references;
mod role_names;
mod safeguards;
mod schema;
mod secrets;
mod selection;
mod sign_in;
mod sign_in_application;
mod sign_in_certificate;
mod syntax;
mod tenant;
mod variables;

/// The version of the spec's format that this release reads.
pub const VERSION: u32 = 1;

/// A spec without errors.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// What it asks for.
    pub desired: DesiredState,
    /// What its author should know, by place.
    pub warnings: Diagnostics,
    /// Its files by name, the one that was named first.
    pub files: Vec<(String, FileId)>,
    /// Its variables with their values.
    pub variables: BTreeMap<String, VariableValue>,
}

/// What a spec is read with.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Where the names of its files start, and what no file says of paths.
    pub directory: &'a Path,
    /// UTC, what the `until` of an exclusion is held against.
    pub today: Date,
    /// What its variables are given.
    pub values: Values<'a>,
}

/// Reads the spec of a name with all that it extends and includes, and keeps its texts in
/// `sources`, which are to be empty. On errors, all of them come back with the warnings, by place.
pub fn read(
    sources: &mut Sources,
    files: &dyn Files,
    name: &str,
    inputs: Inputs<'_>,
) -> Result<Parsed, Diagnostics> {
    let mut reader = Reader::default();
    let parts = parts::gather(files, (inputs.directory, name), sources, &mut reader);
    let given = match inputs.values {
        Values::Given(given) => given::open(&mut reader, sources, given),
        Values::Captured(_) => Vec::new(),
    };
    let read = if parts.is_unknown || parts.all.is_empty() {
        Err(Reported)
    } else {
        whole(&mut reader, sources, (&parts, &given), inputs)
    };
    let (found, remarks) = reader.finish();
    sources.remark(remarks);
    match read {
        Ok((desired, variables)) if !found.has_errors() => {
            let files = parts.all.into_iter().map(|part| (part.name, part.file)).collect();
            Ok(Parsed { desired, warnings: found, files, variables })
        }
        _ => Err(found),
    }
}

/// Reads a spec that is one text, with the defaults of its variables.
pub fn parse(
    sources: &Sources,
    file: FileId,
    base: &Path,
    today: Date,
) -> Result<Parsed, Diagnostics> {
    let mut texts = Texts::default();
    let name = sources.get(file).map_or("", |source| source.path.as_str());
    if let Some(source) = sources.get(file) {
        texts.0.insert(source.path.clone(), source.text.clone());
    }
    let inputs = Inputs { directory: base, today, values: Values::default() };
    read(&mut Sources::default(), &texts, name, inputs)
}

type Whole = (DesiredState, BTreeMap<String, VariableValue>);

/// Puts the files together, gives the variables their values, and reads the result.
fn whole(
    reader: &mut Reader,
    sources: &Sources,
    (parts, given): (&Parts, &[given::GivenFile]),
    inputs: Inputs<'_>,
) -> Result<Whole, Reported> {
    let tree = merged(reader, sources, parts);
    let root = reader.root(&tree);
    let variables = variables::read(reader, sources, &root, inputs.values, given);
    // It borrows from the values from here on.
    let mut tree = tree;
    let used = references::substitute(reader, sources, &mut tree, &variables);
    variables::unused(reader, &variables, &used);
    let root = reader.root(&tree);
    let desired = document_of(reader, &root, inputs.today)?;
    let values = variables.iter().filter_map(|variable| {
        Some((variable.name.clone(), variable.value.as_ref()?.value.clone()))
    });
    Ok((desired, values.collect()))
}

/// The files of each layer as one, and each layer over those below.
fn merged<'s>(reader: &mut Reader, sources: &'s Sources, parts: &Parts) -> DeTable<'s> {
    let mut whole = DeTable::new();
    for layer in &parts.layers {
        let mut above = DeTable::new();
        for part in layer.iter().filter_map(|part| parts.all.get(*part)) {
            let mut tree = parts::tree(sources, part);
            tree.remove("extends");
            tree.remove("include");
            merge::join(reader, sources, &mut above, tree, "");
        }
        merge::lay_over(reader, sources, &mut whole, above);
    }
    whole
}

fn document_of(
    reader: &mut Reader,
    root: &Table<'_>,
    today: Date,
) -> Result<DesiredState, Reported> {
    version(reader, root);
    reader.only(root, keys::ROOT);
    let tenant = tenant::read(reader, root);
    let cloud = tenant.as_ref().map(|tenant| tenant.cloud).unwrap_or_default();
    let approval = reader.optional(root, "approval", approval::read);
    let certificates = certificate::read(reader, root, today);
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
    let safeguards = safeguards::read(reader, root);
    let checks = check::read(reader, root, &chain.certificates.names, today);
    if !reader.is_partial() {
        overlap::check(reader, &policies);
        chain::check(reader, &chain, tenant.as_ref().ok());
    }
    Ok(DesiredState {
        tenant: tenant?,
        approval: approval?,
        unified_audit_log: unified_audit_log?,
        mailbox_auditing: mailbox_auditing?,
        certificates: chain.certificates.all,
        applications: chain.applications.all,
        policies,
        safeguards: safeguards?,
        checks: checks?,
    })
}

/// That it is one which this release reads has been judged file by file.
fn version(reader: &mut Reader, root: &Table<'_>) {
    let Some(entry) = reader.entry(root, "version") else {
        if !reader.is_misspelt(root, "version") {
            reader.report_absence(
                Diagnostic::error("missing-key", "the spec does not say which version it is")
                    .at(root.span, "")
                    .help(format!("begin the file with `version = {VERSION}`")),
            );
        }
        return;
    };
    if !matches!(entry.node, DeValue::Integer(_)) {
        reader.wrong_type(&entry, "an integer", format!("write `version = {VERSION}`"));
    }
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
