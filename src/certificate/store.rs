//! One certificate's files in a directory: written, read back, switched from one certificate to
//! the next, removed. A directory, a name and a password go in; what they hold comes out. Which
//! certificate shall be there, and when to rotate it, is decided elsewhere.
//!
//! Whatever operation is interrupted at whatever instant, `NAME.pem` and `NAME.pfx` each hold a
//! key with its own certificate, and [`Store::complete`] goes on from there.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::error::StoreError;
use super::facts::Facts;
use super::files::{self, Step};
use super::forms::{self, PfxEncryption};
use super::inventory::{self, Inventory, Survey};
use super::issue::Issued;
use super::layout::{Form, Layout, Slot};
use crate::client::Credential;

/// One certificate's files.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) layout: Layout,
    pub(super) password: Option<SecretString>,
    encryption: PfxEncryption,
    rounds: Option<u32>,
}

/// What a switch did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switched {
    /// The certificate that is current now.
    pub to: Facts,
    /// The one that was, kept beside.
    pub from: Option<Facts>,
}

impl Store {
    /// Files without a password, AES-256. A name is letters, digits, `_` and `-`.
    pub fn new(directory: impl Into<PathBuf>, name: &str) -> Result<Self, StoreError> {
        let layout =
            Layout::new(directory.into(), name).ok_or_else(|| StoreError::Name(name.to_owned()))?;
        Ok(Self { layout, password: None, encryption: PfxEncryption::Aes256, rounds: None })
    }

    /// The password of the `.pfx`; an empty one is none. The PEM never has one.
    #[must_use]
    pub fn with_password(mut self, password: Option<SecretString>) -> Self {
        self.password = password.filter(|password| !password.expose_secret().is_empty());
        self
    }

    /// How a `.pfx` is encrypted when it is written.
    #[must_use]
    pub fn with_encryption(mut self, encryption: PfxEncryption) -> Self {
        self.encryption = encryption;
        self
    }

    /// A fast `.pfx`, whose password would be guessed as fast.
    #[cfg(test)]
    pub(super) fn with_rounds(mut self, rounds: u32) -> Self {
        self.rounds = Some(rounds);
        self
    }

    /// Where the files lie.
    pub fn directory(&self) -> &Path {
        self.layout.directory()
    }

    /// What they are called.
    pub fn name(&self) -> &str {
        self.layout.name()
    }

    /// The path of one file, whether or not it is there.
    pub fn path(&self, slot: &Slot, form: Form) -> PathBuf {
        self.layout.path(slot, form)
    }

    /// Whether the `.pfx` has a password.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// Whether Java can open the `.pfx`: it takes printable ASCII alone for a password, whatever the
    /// encryption (`PBEKey`: "Password is not ASCII").
    pub fn password_is_portable(&self) -> bool {
        let is_portable = |letter: u8| (b' '..=b'~').contains(&letter);
        self.password
            .as_ref()
            .is_none_or(|password| password.expose_secret().bytes().all(is_portable))
    }

    /// Whether a certificate could be written here. Nothing is left behind.
    pub fn try_writing(&self) -> Result<(), StoreError> {
        files::try_directory(self.directory())
    }

    /// What lies there. Nothing is no error, and neither is a file that is missing; one that is
    /// damaged, needs another password, or does not belong to its neighbour is.
    pub fn inspect(&self) -> Result<Inventory, StoreError> {
        inventory::inventory(self)
    }

    /// The certificate with its key for signing in, if it is valid now.
    pub fn credential(&self, slot: &Slot, now: Timestamp) -> Result<Credential, StoreError> {
        let (path, credential) = self.open(slot)?;
        credential.valid_at(now).map_err(|reason| StoreError::Unusable { path, reason })
    }

    /// Writes a first certificate. With `replace`, one that is there is kept beside; without, it is
    /// refused unless it is the same one.
    pub fn put(&self, issued: &Issued, replace: bool) -> Result<(), StoreError> {
        let there = self.inspect()?;
        match there.current {
            Some(current) if current.facts == *issued.facts() => {
                self.complete()?;
            }
            Some(current) if !replace => {
                let path = current.files.into_iter().next().unwrap_or_default();
                let thumbprint = current.facts.sha1();
                return Err(StoreError::Occupied { path, thumbprint });
            }
            Some(_) => {
                self.stage(issued)?;
                self.promote()?;
            }
            None => {
                self.prepare()?;
                run(&self.writing(&Slot::Current, &Form::ALL, issued)?)?;
                self.read_back(&Slot::Current, issued.facts())?;
            }
        }
        Ok(())
    }

    /// Writes the next certificate beside the current one. One that is staged already is refused:
    /// its upload may have begun.
    pub fn stage(&self, issued: &Issued) -> Result<(), StoreError> {
        let survey = Survey::take(self)?;
        if let Some((form, facts)) = survey.staged.first_key_value()
            && !survey.is_stranded()
            && facts != issued.facts()
        {
            let path = self.path(&Slot::Staged, *form);
            return Err(StoreError::AlreadyStaged { path, thumbprint: facts.sha1() });
        }
        self.prepare()?;
        run(&self.staging(&survey, issued)?)?;
        self.read_back(&Slot::Staged, issued.facts())
    }

    /// Makes the staged certificate the current one and keeps the former one beside. Interrupted,
    /// it is done again.
    pub fn promote(&self) -> Result<Switched, StoreError> {
        self.prepare()?;
        if !Survey::take(self)?.is_switching() {
            self.fill(&Slot::Staged)?;
        }
        let (steps, switched) = self.switching()?;
        run(&steps)?;
        self.read_back(&Slot::Current, &switched.to)?;
        Ok(switched)
    }

    /// Goes on with what was interrupted: ends a switch that was begun, writes files that are
    /// missing from the ones that are there. Where nothing was, nothing is done.
    pub fn complete(&self) -> Result<Inventory, StoreError> {
        let there = self.inspect()?;
        if !there.is_incomplete() {
            self.remove_partial()?;
            return Ok(there);
        }
        if there.is_switching {
            self.promote()?;
        }
        for slot in [Slot::Current, Slot::Staged] {
            self.fill(&slot)?;
        }
        self.remove_partial()?;
        self.inspect()
    }

    /// Removes the staged certificate. A switch to it that was begun is ended instead.
    pub fn discard_staged(&self) -> Result<(), StoreError> {
        if Survey::take(self)?.is_switching() {
            return self.promote().map(drop);
        }
        self.remove(&Slot::Staged)
    }

    /// Removes a retired certificate's files; none is no error.
    pub fn remove_retired(&self, facts: &Facts) -> Result<(), StoreError> {
        let slot = facts.retired_slot();
        match self.retired(&slot)? {
            Some(held) if held.facts == *facts => self.remove(&slot),
            Some(held) => {
                let path = held.files.into_iter().next().unwrap_or_default();
                Err(StoreError::Occupied { path, thumbprint: held.facts.sha1() })
            }
            None => Ok(()),
        }
    }

    /// Removes every file of this name, readable or not, and says which.
    pub fn remove_all(&self) -> Result<Vec<PathBuf>, StoreError> {
        self.remove_partial()?;
        let names = files::list(self.directory())?;
        let ours = names.iter().filter(|name| self.layout.slot_of(name).is_some());
        let paths: Vec<PathBuf> = ours.map(|name| self.directory().join(name)).collect();
        run(&paths.iter().cloned().map(Step::Remove).collect::<Vec<_>>())?;
        Ok(paths)
    }

    fn remove(&self, slot: &Slot) -> Result<(), StoreError> {
        let steps: Vec<Step> =
            Form::ALL.into_iter().map(|form| Step::Remove(self.path(slot, form))).collect();
        if self.directory().is_dir() { run(&steps) } else { Ok(()) }
    }

    fn prepare(&self) -> Result<(), StoreError> {
        files::make_directory(self.directory())?;
        self.remove_partial()
    }

    /// What was being written when the program ended may hold a key.
    fn remove_partial(&self) -> Result<(), StoreError> {
        let names = files::list(self.directory())?;
        let partial = names.iter().filter(|name| self.layout.is_partial(name));
        let steps: Vec<Step> =
            partial.map(|name| Step::Remove(self.directory().join(name))).collect();
        run(&steps)
    }

    /// The operations that stage a certificate. One without its key goes first: beside the first
    /// file of the new one it would be another certificate's.
    pub(super) fn staging(
        &self,
        survey: &Survey,
        issued: &Issued,
    ) -> Result<Vec<Step>, StoreError> {
        let stranded = Step::Remove(self.path(&Slot::Staged, Form::Cer));
        let mut steps: Vec<Step> = survey.is_stranded().then_some(stranded).into_iter().collect();
        steps.extend(self.writing(&Slot::Staged, &Form::ALL, issued)?);
        Ok(steps)
    }

    /// The operations that write these files of a slot.
    pub(super) fn writing(
        &self,
        slot: &Slot,
        wanted: &[Form],
        issued: &Issued,
    ) -> Result<Vec<Step>, StoreError> {
        let write = |form: &Form| {
            let path = self.path(slot, *form);
            let content = match form {
                Form::Pem => forms::pem(issued),
                Form::Pfx => self.pfx(issued, &path)?,
                Form::Cer => Zeroizing::new(issued.facts().der.clone()),
            };
            Ok(Step::Write(path, content))
        };
        wanted.iter().map(write).collect()
    }

    fn pfx(&self, issued: &Issued, path: &Path) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let password = self.password.as_ref().map_or("", |password| password.expose_secret());
        let usual = match password {
            "" => forms::ROUNDS_WITHOUT_PASSWORD,
            _ => forms::ROUNDS,
        };
        forms::pfx(issued, password, self.encryption, self.rounds.unwrap_or(usual))
            .map(Zeroizing::new)
            .map_err(|error| StoreError::NotMade {
                path: path.to_owned(),
                reason: error.to_string(),
            })
    }

    /// The operations of a switch, and what it comes to. The old certificate is kept aside whole
    /// before the first file is replaced; each file is replaced as a whole.
    pub(super) fn switching(&self) -> Result<(Vec<Step>, Switched), StoreError> {
        let survey = Survey::take(self)?;
        let to = survey.next().ok_or_else(|| StoreError::NothingStaged {
            path: self.path(&Slot::Staged, Form::Pem),
        })?;
        if survey.is_stranded() {
            return Err(StoreError::NoKey { path: self.path(&Slot::Staged, Form::Cer) });
        }
        let mut steps = Vec::new();
        let (_, old) = survey.split();
        for (form, facts) in &old {
            let aside = self.path(&facts.retired_slot(), *form);
            steps.push(Step::Copy(self.path(&Slot::Current, *form), aside));
        }
        for form in survey.staged.keys() {
            let (from, into) = (self.path(&Slot::Staged, *form), self.path(&Slot::Current, *form));
            steps.push(Step::Rename(from, into));
        }
        Ok((steps, Switched { to: to.clone(), from: old.into_values().next() }))
    }

    /// Writes the files of a slot that are missing, from the key that is there.
    fn fill(&self, slot: &Slot) -> Result<(), StoreError> {
        let there = self.forms(slot)?;
        let missing: Vec<Form> =
            Form::ALL.into_iter().filter(|form| !there.contains_key(form)).collect();
        let has_key = [Form::Pem, Form::Pfx].iter().any(|form| there.contains_key(form));
        let Some(facts) = there.values().next().filter(|_| has_key && !missing.is_empty()) else {
            return Ok(());
        };
        let (_, credential) = self.open(slot)?;
        let issued = Issued::new(forms::pkcs8_of_pkcs1(credential.key()), facts.clone());
        run(&self.writing(slot, &missing, &issued)?)?;
        self.read_back(slot, facts)
    }

    /// Every file of a slot is there and holds this certificate, with its key where it has one.
    fn read_back(&self, slot: &Slot, facts: &Facts) -> Result<(), StoreError> {
        let there = self.forms(slot)?;
        match Form::ALL.into_iter().find(|form| there.get(form) != Some(facts)) {
            None => Ok(()),
            Some(form) => Err(StoreError::ReadBack { path: self.path(slot, form) }),
        }
    }
}

fn run(steps: &[Step]) -> Result<(), StoreError> {
    steps.iter().try_for_each(Step::run)
}

#[cfg(test)]
mod tests;
