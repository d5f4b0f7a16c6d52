//! `auditform certificate create`: a self-signed certificate in three files.

use std::path::PathBuf;

use super::{Making, Stopped, key_size, not_made, refused, text, unfinished_switch};
use crate::certificate::{Facts, KeySize, Recipe, Slot, Store, StoreError, issue};
use crate::cli::terminal::Terminal;
use crate::ops::Ports;

/// Make a self-signed certificate with an RSA key
///
/// Makes the directory, readable by its owner alone, and writes `NAME.pem`, `NAME.pfx` and
/// `NAME.cer`. Another certificate of this name is not overwritten.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The subject, such as `Auditform`
    #[arg(long, value_name = "NAME")]
    common_name: String,
    /// Where the files go
    #[arg(long, value_name = "DIRECTORY")]
    directory: PathBuf,
    /// What the files are called: letters, digits, `_` and `-` [default: from the common name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Bits of the RSA key: 2048, 3072 or 4096
    #[arg(long, value_name = "BITS", default_value = "2048", value_parser = key_size)]
    key_size: KeySize,
    #[command(flatten)]
    making: Making,
    /// Take the place of another certificate of this name, which is kept beside
    #[arg(long)]
    replace: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    terminal: Terminal,
    ports: &Ports,
) -> Result<String, Stopped> {
    let common_name = &arguments.common_name;
    let name = arguments.name.clone().unwrap_or_else(|| file_name(common_name));
    let protection = &arguments.making.protection;
    let store = protection.store(&arguments.directory, &name, terminal, ports)?;
    let (not_before, not_after) = arguments.making.dates(terminal, ports)?;
    let there = store.inspect().map_err(|error| refused(&error))?;
    let password_env = protection.password_env.as_deref();
    // Settled before a key is made, which takes a while.
    if let Some(current) = &there.current
        && !arguments.replace
    {
        if there.is_switching {
            return Err(unfinished_switch(&store));
        }
        if !there.is_incomplete() {
            let path = current.files.first().cloned().unwrap_or_default();
            return Err(refused(&StoreError::Occupied { path, thumbprint: current.facts.sha1() }));
        }
        store.complete().map_err(|error| refused(&error))?;
        return Ok(told("Completed what was interrupted:", &current.facts, &store, password_env));
    }
    let key_size = arguments.key_size;
    let recipe = Recipe { common_name: common_name.clone(), key_size, not_before, not_after };
    let issued = issue(&recipe).map_err(|error| not_made(&error))?;
    store.put(&issued, arguments.replace).map_err(|error| refused(&error))?;
    let mut text = told("Made", issued.facts(), &store, password_env);
    if let Some(old) = &there.current {
        let aside = text::pattern(&store, &old.facts.retired_slot());
        let thumbprint = old.facts.sha1();
        let rest = format!("\nThe one that was there, {thumbprint}, is kept as {aside}\n");
        text.push_str(&rest);
    }
    Ok(text)
}

fn told(begin: &str, facts: &Facts, store: &Store, password_env: Option<&str>) -> String {
    let mut text = format!("{begin} {}.\n\n", text::summary(facts));
    text::line(&mut text, "thumbprint", &facts.sha1().to_string());
    text::files(&mut text, store, &Slot::Current, password_env);
    text
}

/// The common name with everything else than letters and digits as one `-`.
fn file_name(common_name: &str) -> String {
    let parts = common_name.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_files_is_made_from_any_common_name() {
        assert_eq!(file_name("Netwrix 1Secure"), "Netwrix-1Secure");
        assert_eq!(file_name("audit.contoso.com / test"), "audit-contoso-com-test");
    }
}
