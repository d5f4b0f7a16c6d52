//! What is said about a certificate on the terminal. Values in, lines out; no key is ever in them.

use std::fmt::Write as _;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::whole_days;
use crate::certificate::{Facts, Form, Slot, Store};
use crate::diagnostic::and_list;

/// `1 day`, `365 days`.
pub(super) fn days(life: SignedDuration) -> String {
    match whole_days(life) {
        1 => "1 day".to_owned(),
        number => format!("{number} days"),
    }
}

/// One line of facts: what it is, and its value.
pub(super) fn line(text: &mut String, label: &str, value: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "  {label:<11} {value}");
}

/// The facts of a certificate as lines; `files` are those with its private key.
pub(super) fn facts(text: &mut String, facts: &Facts, files: &[String], now: Timestamp) {
    line(text, "subject", &facts.subject);
    let issuer = if facts.self_signed { "itself" } else { &facts.issuer };
    line(text, "issued by", issuer);
    line(text, "serial", &facts.serial);
    line(text, "thumbprint", &facts.sha1().to_string());
    line(text, "SHA-256", &facts.sha256().to_string());
    let (from, to) = (facts.not_before, facts.not_after);
    line(text, "valid", &format!("{from} to {to}, {}", validity(facts, now)));
    let key = match facts.rsa_bits {
        Some(bits) => format!("RSA, {bits} bits"),
        None => "not RSA, and Microsoft Entra takes no other".to_owned(),
    };
    let place = match files {
        [] => "without its private key".to_owned(),
        files => format!("its private key is in {}", and_list(files)),
    };
    line(text, "key", &format!("{key}; {place}"));
}

fn validity(facts: &Facts, now: Timestamp) -> String {
    let (since, left) = (facts.not_before.duration_since(now), facts.not_after.duration_since(now));
    if since.is_positive() {
        return format!("not yet: it begins in {}", days(since));
    }
    match (left.is_negative(), whole_days(left)) {
        (true, _) => format!("expired {} ago", days(left.abs())),
        (false, 0) => "less than a day left".to_owned(),
        (false, _) => format!("{} left", days(left)),
    }
}

/// `CN=Auditform, RSA 2048, valid from ... to ... (365 days)`.
pub(super) fn summary(facts: &Facts) -> String {
    let Facts { subject, not_before, not_after, .. } = facts;
    let bits = facts.rsa_bits.unwrap_or_default();
    let life = days(facts.life());
    format!("{subject}, RSA {bits}, valid from {not_before} to {not_after} ({life})")
}

/// The three files of a slot, and what each is for.
pub(super) fn files(text: &mut String, store: &Store, slot: &Slot, password_env: Option<&str>) {
    let password = match password_env {
        Some(name) if store.has_password() => format!("with the password of `{name}`"),
        _ => "without a password".to_owned(),
    };
    for form in Form::ALL {
        let path = store.path(slot, form);
        let what = match form {
            Form::Pem => "key and certificate, without a password".to_owned(),
            Form::Pfx => format!("key and certificate, {password}"),
            Form::Cer => "the certificate alone: upload this one".to_owned(),
        };
        let _ = writeln!(text, "  {}  {what}", path.display());
    }
}

/// The files of a certificate as a pattern: `certificates/auditform.3f2a9c01.*`.
pub(super) fn pattern(store: &Store, slot: &Slot) -> String {
    let path = store.path(slot, Form::Cer);
    path.with_extension("*").display().to_string()
}

/// The last part of a path.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_one_is_singular() {
        assert_eq!(days(SignedDuration::from_hours(24)), "1 day");
        assert_eq!(days(SignedDuration::from_hours(49)), "2 days");
        assert_eq!(days(SignedDuration::from_hours(0)), "0 days");
    }
}
