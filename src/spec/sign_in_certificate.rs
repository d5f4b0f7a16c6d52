//! `method = "certificate"`: an application with its certificate, in a file or found by its
//! thumbprint. A table in; the place of the certificate out. A thumbprint that holds what is no
//! hexadecimal digit, as copied ones do, is told letter by letter.

use super::read::{Entry, Reader, Table};
use super::{letters, named, sign_in, tenant};
use crate::diagnostic::{Diagnostic, Span};
use crate::resource::Thumbprint;
use crate::state::{CertificateLocation, CertificateSignIn, Declared};

pub(super) fn read(reader: &mut Reader, table: &Table<'_>) -> Option<CertificateSignIn> {
    let example = "\"the application's client id\"";
    let client_id = reader.required(table, "client_id", example).and_then(|entry| {
        let value = tenant::guid(reader, &entry, sign_in::CLIENT_ID_PAGE)?;
        Some(Declared { value, span: entry.span })
    });
    let location = location(reader, table);
    let password_env = reader.optional(table, "password_env", |reader, entry| {
        sign_in::variable(reader, entry, "AUDITFORM_PFX_PASSWORD")
    });
    let (certificate, certificate_span) = location?;
    Some(CertificateSignIn {
        client_id: client_id?,
        certificate,
        certificate_span,
        password_env: password_env.ok()?,
    })
}

fn location(reader: &mut Reader, table: &Table<'_>) -> Option<(CertificateLocation, Span)> {
    let Some(entry) = reader.entry(table, "thumbprint") else {
        let help = "remove `directory`; it is where a `thumbprint` is looked up";
        named::conflict(reader, table, ("certificate", "directory"), help).ok()?;
        let entry = reader.required(table, "certificate", "\"application.pfx\"")?;
        let path = reader.path(&entry, "application.pfx")?;
        return Some((CertificateLocation::File(path), entry.span));
    };
    let help = "keep `certificate` for a file, or `thumbprint` with `directory` to look one up";
    let alone = named::conflict(reader, table, ("certificate", "thumbprint"), help);
    let thumbprint = thumbprint(reader, &entry);
    let directory = reader
        .required(table, "directory", "\"certificates\"")
        .and_then(|entry| reader.path(&entry, "certificates"));
    alone.ok()?;
    let location =
        CertificateLocation::Thumbprint { thumbprint: thumbprint?, directory: directory? };
    Some((location, entry.span))
}

/// 20 or 32 bytes in hexadecimal; spaces and colons between them are how they are shown, and do no
/// harm.
fn thumbprint(reader: &mut Reader, entry: &Entry<'_>) -> Option<Thumbprint> {
    let text = reader.text(entry, "6AE05A829110A0A3F76FEE149B7B52A70DDFD88C")?;
    let is_separator = |letter: char| matches!(letter, ' ' | ':');
    let wrong = letters::strange(text, |letter| letter.is_ascii_hexdigit() || is_separator(letter));
    let counts = |letter: &char| !is_separator(*letter) && !letters::is_invisible(*letter);
    let digits: Vec<char> = text.chars().filter(counts).collect();
    if wrong.is_empty() && matches!(digits.len(), 40 | 64) {
        return Thumbprint::parse(text).ok();
    }
    let summary = format!("`{}` is not a thumbprint", entry.path);
    let mut finding = Diagnostic::error("invalid-thumbprint", summary).at(entry.span, "");
    for strange in &wrong {
        finding = finding.note(strange);
    }
    if !wrong.is_empty() {
        finding = finding.note("a thumbprint has the digits 0-9 and A-F");
    }
    if !matches!(digits.len(), 40 | 64) {
        finding = finding.note(format!(
            "it has {} characters; a SHA-1 thumbprint has 40, a SHA-256 thumbprint 64",
            digits.len()
        ));
    }
    reader.report(finding.help(
        "type it from Certificates & secrets of the application, or print it:\n\
         openssl x509 -in application.cer -noout -fingerprint -sha1",
    ));
    None
}
