//! `[approval]`: who has to sign a plan, how many of them, and how long that holds. A table goes in;
//! rules come out that can be met. What is signed, and how, is in `approval` outside of here.

use jiff::SignedDuration;
use toml::de::DeValue;

use super::read::{Entry, Reader, Table};
use super::{keys, lists, moments};
use crate::approval::{
    ApprovalRules, KEY_KINDS, KeyError, LONGEST_EXPIRY, RulesError, Signer, SignerKey, USUAL_EXPIRY,
};
use crate::diagnostic::Diagnostic;
use crate::resource::written_duration;
use crate::state::Declared;

const EXAMPLE: &str = "ssh-ed25519 AAAAC3Nza... alice@contoso.com";

pub(super) fn read(reader: &mut Reader, entry: &Entry<'_>) -> Option<Declared<ApprovalRules>> {
    let table = reader.table(entry)?;
    reader.only(&table, keys::APPROVAL);
    let signers = reader
        .required(&table, "signers", &format!("[\"{EXAMPLE}\"]"))
        .and_then(|entry| signers(reader, &entry));
    let required = reader.optional(&table, "required", required);
    let expiry = reader.optional(&table, "expiry", expiry);
    let (signers, required) = (signers?, required.ok()?.unwrap_or(1));
    let expiry = expiry.ok()?.unwrap_or(USUAL_EXPIRY);
    match ApprovalRules::new(signers, required, expiry) {
        Ok(value) => Some(Declared { value, span: table.span }),
        Err(error) => {
            unfit(reader, &table, &error);
            None
        }
    }
}

fn signers(reader: &mut Reader, entry: &Entry<'_>) -> Option<Vec<Signer>> {
    let items = reader.list(entry, &format!("[\"{EXAMPLE}\"]"))?;
    lists::distinct(reader, &items, |reader, item| {
        let text = reader.text(item, EXAMPLE)?;
        match SignerKey::parse(text) {
            Ok((key, name)) => Some((key.fingerprint(), Signer { key, name })),
            Err(error) => {
                reader.report(no_key(item, &error));
                None
            }
        }
    })
}

fn no_key(item: &Entry<'_>, error: &KeyError) -> Diagnostic {
    let finding = if let KeyError::Unsupported(kind) = error {
        let summary = format!("keys of the kind `{kind}` cannot approve");
        Diagnostic::error("unsupported-key", summary)
    } else {
        let summary = format!("an entry of `{}` cannot be used: {error}", item.path);
        Diagnostic::error("invalid-key", summary)
    };
    let finding = finding.at(item.span, "");
    match error {
        KeyError::Unsupported(_) | KeyError::Pem => finding
            .note(format!("supported are {}", KEY_KINDS.join(", ")))
            .help("make a key with `ssh-keygen -t ed25519` and name its `.pub` file's line"),
        KeyError::NotFirst => finding
            .note("in `allowed_signers` and `authorized_keys` names and options may come first")
            .help(format!("write the key first and the name after it: `\"{EXAMPLE}\"`")),
        KeyError::NoKind => finding.help(
            "copy the whole line of the `.pub` file: it begins with `ssh-ed25519` or the like",
        ),
        KeyError::Damaged => {
            finding.help("copy the line again, as a whole, from the file that ends in `.pub`")
        }
        KeyError::Name => finding.help("write a short name after the key, such as an address"),
        KeyError::Private | KeyError::NotAKey => finding
            .help(format!("write the line of a file that ends in `.pub`, such as `\"{EXAMPLE}\"`")),
    }
}

fn required(reader: &mut Reader, entry: &Entry<'_>) -> Option<u32> {
    let DeValue::Integer(number) = entry.node else {
        reader.wrong_type(entry, "a whole number", "write `required = 2`".to_owned());
        return None;
    };
    let parsed = u32::from_str_radix(number.as_str(), number.radix()).ok();
    let required = parsed.filter(|number| *number > 0);
    if required.is_none() {
        reader.report(
            Diagnostic::error("invalid-number-of-signers", "at least one signer has to approve")
                .at(entry.span, "")
                .help("write `required = 1`, or the number that it takes")
                .help("to ask for no approval, remove `[approval]`"),
        );
    }
    required
}

fn expiry(reader: &mut Reader, entry: &Entry<'_>) -> Option<SignedDuration> {
    if let DeValue::Integer(number) = entry.node {
        let help = format!("write `expiry = \"{number}h\"` for {number} hours");
        reader.wrong_type(entry, "a length of time in quotes", help);
        return None;
    }
    moments::duration(reader, entry, "24h")
}

/// Rules that cannot be, each entry being right by itself.
fn unfit(reader: &mut Reader, table: &Table<'_>, error: &RulesError) {
    let place = |reader: &Reader, key: &str| {
        reader.entry(table, key).map_or(table.span, |entry| entry.whole())
    };
    let finding = match error {
        RulesError::TooFew { required, signers } => {
            let people = if *signers == 1 { "signer is" } else { "signers are" };
            let summary =
                format!("{required} signers have to approve and {signers} {people} named");
            Diagnostic::error("invalid-number-of-signers", summary)
                .at(place(reader, "required"), "")
                .at(place(reader, "signers"), "")
                .note("keys with the same name after them belong to one signer, who counts once")
                .help(format!("name more signers, or write `required = {signers}`"))
        }
        RulesError::NoSigners => Diagnostic::error("empty-list", "`approval.signers` is empty")
            .at(place(reader, "signers"), "")
            .help(format!("name who may approve: `signers = [\"{EXAMPLE}\"]`"))
            .help("to ask for no approval, remove `[approval]`"),
        RulesError::Expiry => {
            let longest = written_duration(LONGEST_EXPIRY);
            Diagnostic::error("approval-holds-too-long", "an approval would hold for too long")
                .at(place(reader, "expiry"), "")
                .note(format!("it may hold for {longest} at most: tenants change meanwhile"))
                .help("write `expiry = \"24h\"`")
        }
        // Each entry was looked at by itself already.
        RulesError::Repeated(_) | RulesError::NoneRequired => {
            Diagnostic::error("invalid-key", format!("`[approval]` cannot be used: {error}"))
                .at(table.span, "")
        }
    };
    reader.report(finding);
}
