//! `[tenant.sign_in]`: how to sign in, a choice tagged by `method`. A table in; the choice out. It
//! reads neither the certificate nor the environment.

use std::path::Path;

use super::read::{Entry, Reader, Reported, Table};
use super::{keys, tenant};
use crate::diagnostic::{Diagnostic, nearest};
use crate::state::{CertificateSignIn, Declared, SignIn};

const METHODS: [&str; 1] = ["certificate"];

pub(super) fn read(
    reader: &mut Reader,
    tenant: &Table<'_>,
    base: &Path,
    may_be_absent: bool,
) -> Result<Option<SignIn>, Reported> {
    let Some(entry) = reader.entry(tenant, "sign_in") else {
        if !may_be_absent {
            reader.report_absence(
                Diagnostic::error(
                    "missing-sign-in",
                    "the spec does not say how to sign in to the tenant",
                )
                .at(tenant.span, "")
                .help(
                    "add:\n[tenant.sign_in]\nmethod = \"certificate\"\n\
                     client_id = \"the application's client id\"\n\
                     certificate = \"application.pfx\"",
                )
                .note("only `endpoint = \"embedded\"` does without: that tenant brings its own"),
            );
        }
        return Ok(None);
    };
    let table = reader.table(&entry).ok_or(Reported)?;
    reader.only(&table, keys::CERTIFICATE);
    let method = reader.required(&table, "method", "\"certificate\"");
    let is_known = method.is_some_and(|method| check_method(reader, &method).is_some());
    let certificate = certificate(reader, &table, base);
    let sign_in = certificate.filter(|_| is_known).ok_or(Reported)?;
    Ok(Some(SignIn::Certificate(sign_in)))
}

fn check_method(reader: &mut Reader, entry: &Entry<'_>) -> Option<()> {
    let text = reader.text(entry, "certificate")?;
    if METHODS.contains(&text) {
        return Some(());
    }
    let help = match nearest(text, METHODS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the methods are: {}", METHODS.join(", ")),
    };
    reader.report(
        Diagnostic::error("unknown-method", format!("there is no sign-in method `{text}`"))
            .at(entry.span, "")
            .help(help),
    );
    None
}

fn certificate(reader: &mut Reader, table: &Table<'_>, base: &Path) -> Option<CertificateSignIn> {
    let client_id =
        reader.required(table, "client_id", "\"the application's client id\"").and_then(|entry| {
            let page = "the application's Overview page, `Application (client) ID`";
            let value = tenant::guid(reader, &entry, page)?;
            Some(Declared { value, span: entry.span })
        });
    let certificate =
        reader.required(table, "certificate", "\"application.pfx\"").and_then(|entry| {
            let path = reader.text(&entry, "application.pfx")?;
            Some((base.join(path), entry.span))
        });
    let password_env = reader.optional(table, "password_env", |reader, entry| {
        let name = reader.text(entry, "AUDITFORM_PFX_PASSWORD")?;
        if is_variable_name(name) {
            return Some(Declared { value: name.to_owned(), span: entry.span });
        }
        let summary = "`password_env` is not the name of an environment variable";
        reader.report_secret(entry, summary);
        None
    });
    let (certificate, certificate_span) = certificate?;
    Some(CertificateSignIn {
        client_id: client_id?,
        certificate,
        certificate_span,
        password_env: password_env.ok()?,
    })
}

fn is_variable_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
