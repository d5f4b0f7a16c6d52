//! Reads the files of a certificate: the certificate that each holds, and whether its key is its
//! own. Nothing is written here.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use x509_parser::pem::Pem;

use super::error::StoreError;
use super::facts::Facts;
use super::files;
use super::inventory::{Forms, Held, Remains};
use super::layout::{Form, Slot};
use super::store::Store;
use crate::client::{Credential, CredentialError};

impl Store {
    /// What each file of a slot holds.
    pub(super) fn forms(&self, slot: &Slot) -> Result<Forms, StoreError> {
        let mut forms = Forms::new();
        for form in Form::ALL {
            if let Some(facts) = self.form(slot, form)? {
                forms.insert(form, facts);
            }
        }
        Ok(forms)
    }

    fn form(&self, slot: &Slot, form: Form) -> Result<Option<Facts>, StoreError> {
        let path = self.path(slot, form);
        match form {
            Form::Cer => public(&path),
            Form::Pem | Form::Pfx => {
                Ok(open(&path, self.password.as_ref())?.map(|(_, facts)| facts))
            }
        }
    }

    /// The key of a slot, whatever its dates, and the file that it came from.
    pub(super) fn open(&self, slot: &Slot) -> Result<(PathBuf, Credential), StoreError> {
        for form in [Form::Pem, Form::Pfx] {
            let path = self.path(slot, form);
            if let Some((credential, _)) = open(&path, self.password.as_ref())? {
                return Ok((path, credential));
            }
        }
        let certificate = self.path(slot, Form::Cer);
        Err(match public(&certificate)? {
            Some(_) => StoreError::NoKey { path: certificate },
            None => StoreError::Missing { path: self.path(slot, Form::Pem) },
        })
    }

    /// The slots of retired certificates, by the names of files alone.
    pub(super) fn retired_slots(&self) -> Result<Vec<Slot>, StoreError> {
        let names = files::list(self.directory())?;
        let slots = names.iter().filter_map(|name| self.layout.slot_of(name));
        let mut slots: Vec<Slot> =
            slots.map(|(slot, _)| slot).filter(|slot| matches!(slot, Slot::Retired(_))).collect();
        slots.sort();
        slots.dedup();
        Ok(slots)
    }

    /// A retired certificate. Its `.pfx` is opened where there is nothing else: the password may
    /// have changed since.
    pub(super) fn retired(&self, slot: &Slot) -> Result<Option<Held>, StoreError> {
        let exists = |form: &Form| self.path(slot, *form).exists();
        let (there, missing): (Vec<Form>, Vec<Form>) = Form::ALL.into_iter().partition(exists);
        for form in [Form::Pem, Form::Cer, Form::Pfx] {
            let Some(facts) = self.form(slot, form)? else { continue };
            let has_key = there.iter().any(|form| *form != Form::Cer);
            let paths = |forms: Vec<Form>| {
                forms.into_iter().map(|form| self.path(slot, form)).collect::<Vec<_>>()
            };
            let (files, missing) = (paths(there), paths(missing));
            return Ok(Some(Held { slot: slot.clone(), facts, has_key, files, missing }));
        }
        Ok(None)
    }

    /// What [`Store::remove_all`] would remove. A `.pfx` is never opened, so it takes no password,
    /// and what is damaged is listed like the rest.
    pub fn remains(&self) -> Result<Remains, StoreError> {
        let mut remains = Remains::default();
        for name in files::list(self.directory())? {
            let path = self.directory().join(&name);
            let form = match self.layout.slot_of(&name) {
                Some((_, form)) => Some(form),
                None if self.layout.is_partial(&name) => None,
                None => continue,
            };
            if matches!(form, Some(Form::Pem | Form::Cer))
                && let Ok(Some(facts)) = public(&path)
                && !remains.certificates.contains(&facts)
            {
                remains.certificates.push(facts);
            }
            remains.files.push(path);
        }
        Ok(remains)
    }

    /// Files with a key that others than their owner may read.
    pub(super) fn exposed(&self) -> Result<Vec<PathBuf>, StoreError> {
        let names = files::list(self.directory())?;
        let is_private =
            |name: &&String| self.layout.slot_of(name).is_some_and(|(_, form)| form != Form::Cer);
        let paths = names.iter().filter(is_private).map(|name| self.directory().join(name));
        Ok(paths.filter(|path| files::is_exposed(path)).collect())
    }
}

/// Opens a `.pfx` or PEM, whatever its dates; `None` if there is no such file.
pub(super) fn open(
    path: &Path,
    password: Option<&SecretString>,
) -> Result<Option<(Credential, Facts)>, StoreError> {
    let Some(content) = files::read(path)? else { return Ok(None) };
    let unusable = |reason| StoreError::Unusable { path: path.to_owned(), reason };
    let credential = Credential::open(&content, password).map_err(unusable)?;
    let facts = facts(path, credential.certificate())?;
    Ok(Some((credential, facts)))
}

/// The certificate of a file without a key, DER or PEM; `None` if there is no such file.
pub(super) fn public(path: &Path) -> Result<Option<Facts>, StoreError> {
    let Some(content) = files::read(path)? else { return Ok(None) };
    let block = Pem::iter_from_buffer(&content)
        .filter_map(Result::ok)
        .find(|block| block.label == "CERTIFICATE");
    facts(path, block.as_ref().map_or(&content, |block| &block.contents)).map(Some)
}

fn facts(path: &Path, der: &[u8]) -> Result<Facts, StoreError> {
    Facts::from_der(der)
        .map_err(|reason| StoreError::NotACertificate { path: path.to_owned(), reason })
}

/// What a file of any form holds, for showing: the certificate, and whether its key is there. A
/// key that does not belong to its certificate is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What the certificate says about itself.
    pub facts: Facts,
    /// Its own private key is in the file.
    pub has_key: bool,
}

/// Reads a `.pfx`, PEM or `.cer`, whatever its dates.
pub fn read_any(path: &Path, password: Option<&SecretString>) -> Result<Shown, StoreError> {
    let missing = || StoreError::Missing { path: path.to_owned() };
    match open(path, password) {
        Ok(Some((_, facts))) => Ok(Shown { facts, has_key: true }),
        Ok(None) => Err(missing()),
        Err(StoreError::Unusable { reason: CredentialError::NoKey, .. }) => {
            Ok(Shown { facts: public(path)?.ok_or_else(missing)?, has_key: false })
        }
        Err(error) => Err(error),
    }
}
