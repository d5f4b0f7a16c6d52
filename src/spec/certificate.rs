//! `[certificate.NAME]`: a certificate that is made and renewed here, or one that was issued
//! elsewhere. A table goes in; settings come out with their defaults. How long it may live and when
//! it is renewed is judged in `certificate_life`. No file is looked at.

use std::path::{Component, Path, PathBuf};

use jiff::civil::Date;
use toml::de::DeValue;

use super::certificate_life::{self, Life};
use super::named::{self, Declarations, NamedKind};
use super::read::{Entry, Reader, Reported, Table};
use super::{keys, sign_in};
use crate::diagnostic::Diagnostic;
use crate::state::{CertificateSettings, CertificateSource, Declared, Ensure, MadeCertificate};

pub(super) const CERTIFICATES: NamedKind = NamedKind {
    kind: "certificate",
    noun: "a certificate",
    example: "audit",
    keys: keys::CERTIFICATE,
};

/// Where the files are made if the spec does not say.
const DIRECTORY: &str = "certificates";

/// The longest common name (RFC 5280, `ub-common-name`).
const COMMON_NAME: usize = 64;

/// All certificates of a spec.
pub(super) fn read(
    reader: &mut Reader,
    root: &Table<'_>,
    today: Date,
) -> Declarations<CertificateSettings> {
    let (mut all, mut names) = (Vec::new(), Vec::new());
    for (name, table) in named::tables(reader, root, &CERTIFICATES) {
        names.push(name.to_owned());
        all.extend(certificate(reader, name, &table, today));
    }
    same_files(reader, &all);
    Declarations { all, names }
}

fn certificate(
    reader: &mut Reader,
    name: &str,
    table: &Table<'_>,
    today: Date,
) -> Result<CertificateSettings, Reported> {
    reader.only(table, keys::CERTIFICATE);
    let ensure = named::ensure(reader, table);
    let password_env = reader.optional(table, "password_env", |reader, entry| {
        sign_in::variable(reader, entry, "AUDITFORM_PFX_PASSWORD")
    });
    let source = if let Some(entry) = reader.entry(table, "existing") {
        existing(reader, table, &entry, ensure.unwrap_or_default())
    } else {
        let is_certain = matches!(ensure, Ok(Ensure::Present));
        made(reader, name, table, is_certain.then_some(today))
    };
    Ok(CertificateSettings {
        name: name.to_owned(),
        span: table.span,
        ensure: ensure?,
        source: source?,
        password_env: password_env?,
    })
}

fn existing(
    reader: &mut Reader,
    table: &Table<'_>,
    entry: &Entry<'_>,
    ensure: Ensure,
) -> Result<CertificateSource, Reported> {
    let path = reader.path(entry, "corporate.pfx");
    let help = "keep `existing` for a certificate that was issued elsewhere; without it, one is \
                made and renewed here";
    let making = keys::CERTIFICATE_MAKING.iter().find(|key| table.has(key));
    let alone =
        making.map_or(Ok(()), |making| named::conflict(reader, table, ("existing", making), help));
    if ensure == Ensure::Absent {
        let summary = format!("`{}` is not Auditform's to delete", entry.path);
        reader.report(
            Diagnostic::error("existing-absent", summary)
                .at(entry.whole(), "issued elsewhere, read and never written")
                .help(format!("to no longer use it, remove `[{}]`", table.path)),
        );
        return Err(Reported);
    }
    alone?;
    let path = path.ok_or(Reported)?;
    Ok(CertificateSource::Existing(Declared { value: path, span: entry.span }))
}

/// How one is made. Its life is judged only where it is certain that it is to be there.
fn made(
    reader: &mut Reader,
    name: &str,
    table: &Table<'_>,
    today: Option<Date>,
) -> Result<CertificateSource, Reported> {
    let directory =
        reader.optional(table, "directory", |reader, entry| reader.path(entry, DIRECTORY));
    let common_name = reader.optional(table, "common_name", common_name);
    let key_size = reader.optional(table, "key_size", key_size);
    let legacy_pfx = reader.optional(table, "pfx_compatibility", |reader, entry| {
        named::choice(reader, entry, &[("legacy", true), ("modern", false)])
    });
    let life = certificate_life::read(reader, table, today);
    let Life { valid_from, validity, rotate_before, overlap } = life?;
    let base = reader.directory();
    let directory = directory?.unwrap_or_else(|| base.join(DIRECTORY));
    let written = directory.strip_prefix(base).unwrap_or(&directory).display().to_string();
    Ok(CertificateSource::Made(MadeCertificate {
        written_directory: written,
        directory,
        common_name: common_name?.unwrap_or_else(|| format!("auditform {name}")),
        key_size: key_size?.unwrap_or(2048),
        valid_from,
        validity,
        rotate_before,
        overlap,
        legacy_pfx: legacy_pfx?.unwrap_or_default(),
    }))
}

fn common_name(reader: &mut Reader, entry: &Entry<'_>) -> Option<String> {
    let text = reader.text(entry, "auditform audit")?;
    let count = text.chars().count();
    let trouble = if count > COMMON_NAME {
        format!("it has {count} characters; a common name has at most {COMMON_NAME}")
    } else if text.contains(char::is_control) {
        "it holds a line break or another control character".to_owned()
    } else {
        let bare = text.strip_prefix("CN=").unwrap_or(text);
        return Some(bare.to_owned());
    };
    let summary = format!("`{}` cannot name a certificate", entry.path);
    reader.report(
        Diagnostic::error("invalid-common-name", summary)
            .at(entry.span, "")
            .note(trouble)
            .help("write a short name, such as the company's"),
    );
    None
}

/// RSA alone: Entra documents no other kind of key for signing in.
fn key_size(reader: &mut Reader, entry: &Entry<'_>) -> Option<u16> {
    let DeValue::Integer(number) = entry.node else {
        reader.wrong_type(entry, "an integer", "write `key_size = 2048`".to_owned());
        return None;
    };
    let bits = u16::from_str_radix(number.as_str(), number.radix()).ok();
    let known = bits.filter(|bits| matches!(bits, 2048 | 3072 | 4096));
    if known.is_none() {
        let summary = format!("an RSA key of {number} bits cannot be made");
        let finding = Diagnostic::error("invalid-key-size", summary).at(entry.span, "");
        reader.report(if bits.is_some_and(|bits| bits < 2048) {
            finding
                .note("Entra refuses keys below 2048 bits (AADSTS50032)")
                .help("write `key_size = 2048`")
        } else {
            finding.help("write 2048, 3072 or 4096")
        });
    }
    known
}

/// Certificates whose files would overwrite one another. On Windows and macOS letter case does not
/// tell files apart, and a spec is shared between machines.
fn same_files(reader: &mut Reader, all: &[CertificateSettings]) {
    let files: Vec<Vec<PathBuf>> = all.iter().map(files).collect();
    let is_same =
        |one: &Path, other: &Path| one.as_os_str().eq_ignore_ascii_case(other.as_os_str());
    for (place, one) in all.iter().enumerate() {
        let is_made = matches!(one.source, CertificateSource::Made(_));
        for (other, theirs) in all.iter().zip(&files).skip(place + 1) {
            let any_made = is_made || matches!(other.source, CertificateSource::Made(_));
            let shared =
                files[place].iter().find(|file| theirs.iter().any(|their| is_same(file, their)));
            let (true, Some(file)) = (any_made, shared) else { continue };
            let summary =
                format!("`certificate.{}` and `certificate.{}` share a file", one.name, other.name);
            reader.report(
                Diagnostic::error("same-files", summary)
                    .at(other.span, "")
                    .at(one.span, "")
                    .note(format!(
                        "both have `{}`; letter case does not tell files apart",
                        file.display()
                    ))
                    .help("give one of them another `directory`, or another name"),
            );
        }
    }
}

/// The files of a certificate, without steps up and down in their paths.
fn files(settings: &CertificateSettings) -> Vec<PathBuf> {
    match &settings.source {
        CertificateSource::Existing(path) => vec![plain(&path.value)],
        CertificateSource::Made(made) => ["pfx", "cer", "pem"]
            .map(|suffix| plain(&made.directory.join(format!("{}.{suffix}", settings.name))))
            .into(),
    }
}

fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}
