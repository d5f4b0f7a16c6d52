//! `auditform certificate rotate`: the local half of a rotation. The next certificate is staged,
//! the user uploads it, and `--switch` puts it in the place of the current one.

use std::path::PathBuf;

use super::{Making, Stopped, key_size, not_made, refused, text, unfinished_switch};
use crate::certificate::{Facts, Form, Held, KeySize, Recipe, Slot, Store, StoreError, issue};
use crate::cli::terminal::Terminal;
use crate::ops::Ports;

/// Go over to a new certificate without a gap
///
/// Makes the next certificate beside the current one and says what to do with it. Once it has been
/// uploaded, `--switch` puts it in the place of the current one, which is kept beside.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The directory of the files
    directory: PathBuf,
    /// What the files are called
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Switch to the certificate that was made before and has been uploaded since
    #[arg(long, conflicts_with_all = ["common_name", "key_size", "valid_for", "valid_until"])]
    switch: bool,
    /// The subject of the next one [default: as the current one's]
    #[arg(long, value_name = "NAME")]
    common_name: Option<String>,
    /// Bits of its RSA key: 2048, 3072 or 4096 [default: as the current one's]
    #[arg(long, value_name = "BITS", value_parser = key_size)]
    key_size: Option<KeySize>,
    #[command(flatten)]
    making: Making,
}

pub(super) fn run(
    arguments: &Arguments,
    terminal: Terminal,
    ports: &Ports,
) -> Result<String, Stopped> {
    let store = arguments.making.protection.store(
        &arguments.directory,
        &arguments.name,
        terminal,
        ports,
    )?;
    if arguments.switch {
        return switch(&store, ports);
    }
    let there = store.inspect().map_err(|error| refused(&error))?;
    if there.is_switching {
        return Err(unfinished_switch(&store));
    }
    let Some(current) = there.current else {
        let path = store.path(&Slot::Current, Form::Pem);
        return Err(refused(&StoreError::Missing { path }));
    };
    if let Some(staged) = there.staged.filter(|staged| staged.has_key) {
        store.complete().map_err(|error| refused(&error))?;
        return Ok(instructions("Staged already:", &staged.facts, &current, &store, arguments));
    }
    let (not_before, not_after) = arguments.making.dates(terminal, ports)?;
    let common_name = arguments.common_name.clone().or_else(|| current.facts.common_name());
    let key_size = arguments.key_size.or(current.facts.rsa_bits.and_then(KeySize::from_bits));
    let (common_name, key_size) =
        (common_name.unwrap_or_else(|| store.name().to_owned()), key_size.unwrap_or_default());
    let recipe = Recipe { common_name, key_size, not_before, not_after };
    let issued = issue(&recipe).map_err(|error| not_made(&error))?;
    store.stage(&issued).map_err(|error| refused(&error))?;
    Ok(instructions("Staged", issued.facts(), &current, &store, arguments))
}

fn instructions(
    begin: &str,
    next: &Facts,
    current: &Held,
    store: &Store,
    arguments: &Arguments,
) -> String {
    let mut text = format!("{begin} {}.\n\n", text::summary(next));
    text::line(&mut text, "thumbprint", &next.sha1().to_string());
    let password_env = arguments.making.protection.password_env.as_deref();
    text::files(&mut text, store, &Slot::Staged, password_env);
    let upload = store.path(&Slot::Staged, Form::Cer);
    let (directory, name) = (store.directory().display(), store.name());
    let password = password_env.map(|name| format!(" --password-env {name}")).unwrap_or_default();
    let old = current.facts.sha1();
    let rest = format!(
        "\nNothing signs in with it yet. What to do now:\n\n\
         1. Upload {} to the application, and leave there what is there\n   \
         (Microsoft Entra admin center: App registrations, Certificates & secrets).\n\
         2. When the application lists it, run:\n   \
         auditform certificate rotate {directory} --name {name} --switch{password}\n\
         3. When nothing signs in with the old one any more, remove it from the application:\n   \
         {old}\n",
        upload.display(),
    );
    text + &rest
}

fn switch(store: &Store, ports: &Ports) -> Result<String, Stopped> {
    let there = store.inspect().map_err(|error| refused(&error))?;
    // One that is not valid would leave nothing to sign in with.
    if !there.is_switching && there.staged.is_some() {
        store.credential(&Slot::Staged, ports.now()).map_err(|error| refused(&error))?;
    }
    let switched = store.promote().map_err(|error| refused(&error))?;
    let mut text = format!("Switched `{}` to {}.\n\n", store.name(), text::summary(&switched.to));
    text::line(&mut text, "thumbprint", &switched.to.sha1().to_string());
    if let Some(old) = switched.from {
        let (thumbprint, until) = (old.sha1(), old.not_after);
        let aside = text::pattern(store, &old.retired_slot());
        let rest = format!(
            "\nThe old certificate, {thumbprint}, valid until {until}, is kept as\n{aside}\n\
             Remove it from the application when nothing signs in with it any more, and delete \
             these files.\n"
        );
        text.push_str(&rest);
    }
    Ok(text)
}
