//! The certificates of a spec on disk: read for a plan, made and switched by an apply. Which
//! password belongs to which is looked up once, before any call is made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use secrecy::SecretString;

use super::certificate_files::certificate_finding;
use super::ports::Stopped;
use super::sign_in::Surroundings;
use crate::certificate::{
    Existing, Facts, Held, Inventory, KeySize, PfxEncryption, Recipe, Slot, Store, StoreError,
    issue, read_existing,
};
use crate::client::Credential;
use crate::diagnostic::Span;
use crate::plan::CertificateOrder;
use crate::state::{
    CertificateFacts, CertificateSettings, CertificateSource, Ensure, MadeCertificate,
    ObservedCertificate, Validity,
};

/// One certificate of the spec.
#[derive(Debug)]
enum Kept {
    /// Made here.
    Made { store: Store, made: MadeCertificate, span: Span },
    /// Made here, and to be gone: nobody opens it, so nobody needs its password.
    Unwanted { store: Store, span: Span },
    /// Issued elsewhere.
    Existing { path: PathBuf, password: Option<SecretString>, span: Span },
}

/// All certificates of the spec, by NAME.
#[derive(Debug, Default)]
pub(super) struct Certificates(BTreeMap<String, Kept>);

impl Certificates {
    /// Looks up the passwords and names the files; reads none of them.
    pub(super) fn of(surroundings: &Surroundings<'_>) -> Result<Self, Stopped> {
        let one = |settings: &CertificateSettings| {
            let password = match settings.ensure {
                Ensure::Present => surroundings.password(settings.password_env.as_ref())?,
                Ensure::Absent => None,
            };
            let kept = match &settings.source {
                CertificateSource::Existing(path) => {
                    Kept::Existing { path: path.value.clone(), password, span: path.span }
                }
                CertificateSource::Made(made) => {
                    let encryption =
                        if made.legacy_pfx { PfxEncryption::Legacy } else { PfxEncryption::Aes256 };
                    let store = Store::new(&made.directory, &settings.name)
                        .map_err(|error| from_store(&error, Some(settings.span)))?
                        .with_password(password)
                        .with_encryption(encryption);
                    let span = settings.span;
                    match settings.ensure {
                        Ensure::Present => Kept::Made { store, made: made.clone(), span },
                        Ensure::Absent => Kept::Unwanted { store, span },
                    }
                }
            };
            Ok((settings.name.clone(), kept))
        };
        surroundings.desired.certificates.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// Reads all of them.
    pub(super) fn observe(
        &self,
        now: Timestamp,
    ) -> Result<BTreeMap<String, ObservedCertificate>, Stopped> {
        let one = |(name, kept): (&String, &Kept)| Ok((name.clone(), kept.observe(now)?));
        self.0.iter().map(one).collect()
    }

    /// The one in use, with its key.
    pub(super) fn credential(&self, name: &str, now: Timestamp) -> Result<Credential, Stopped> {
        let kept = self.kept(name)?;
        kept.credential(&Slot::Current, now).map_err(|error| from_store(&error, Some(kept.span())))
    }

    /// The one in use or the one that waits, with its key and what it says about itself.
    pub(super) fn open(
        &self,
        name: &str,
        staged: bool,
        now: Timestamp,
    ) -> Result<(Credential, Facts), StoreError> {
        let slot = if staged { Slot::Staged } else { Slot::Current };
        match self.0.get(name) {
            Some(Kept::Made { store, .. }) => {
                let inventory = store.inspect()?;
                let held = inventory.held(&slot).ok_or_else(|| missing(name))?;
                Ok((store.credential(&slot, now)?, held.facts.clone()))
            }
            Some(Kept::Existing { path, password, .. }) => {
                let Existing { facts, credential, .. } =
                    read_existing(path, password.as_ref(), now)?;
                Ok((credential, facts))
            }
            Some(Kept::Unwanted { .. }) | None => Err(missing(name)),
        }
    }

    /// Whether a certificate could be written.
    pub(super) fn try_writing(&self, name: &str) -> Result<(), Stopped> {
        match self.0.get(name) {
            Some(Kept::Made { store, span, .. }) => {
                store.try_writing().map_err(|error| from_store(&error, Some(*span)))
            }
            _ => Ok(()),
        }
    }

    /// Makes a certificate and writes its files.
    pub(super) fn make(&self, order: &CertificateOrder, now: Timestamp) -> Result<(), String> {
        let Some(Kept::Made { store, made, .. }) = self.0.get(&order.name) else {
            return Err(missing(&order.name).to_string());
        };
        let inventory = store.inspect().map_err(|error| error.to_string())?;
        let is_stranded = inventory.staged.as_ref().is_some_and(|held| !held.has_key);
        let there = if order.staged { inventory.staged } else { inventory.current };
        if order.staged && there.as_ref().is_some_and(|held| held.facts.not_after <= now) {
            // It waited for so long that it has ended.
            store.discard_staged().map_err(|error| error.to_string())?;
        } else if there.is_some_and(|held| held.has_key) {
            // An earlier run made it and was cut off before it could say so.
            return store.complete().map(drop).map_err(|error| error.to_string());
        }
        let recipe = recipe(made, order, now).map_err(|error| error.to_string())?;
        let issued = issue(&recipe).map_err(|error| error.to_string())?;
        if is_stranded {
            store.discard_staged().map_err(|error| error.to_string())?;
        }
        let written =
            if order.staged { store.stage(&issued) } else { store.put(&issued, false).map(drop) };
        written.map_err(|error| error.to_string())
    }

    /// Ends what was interrupted: missing files, a switch that was begun.
    pub(super) fn complete(&self, name: &str) -> Result<(), StoreError> {
        self.store(name)?.complete().map(drop)
    }

    /// Puts the waiting one in use.
    pub(super) fn switch(&self, name: &str) -> Result<(), StoreError> {
        let store = self.store(name)?;
        let inventory = store.complete()?;
        match inventory.staged {
            Some(_) => store.promote().map(drop),
            None => Ok(()),
        }
    }

    /// Deletes one that was in use before.
    pub(super) fn forget(&self, name: &str, thumbprint: &[u8; 20]) -> Result<(), StoreError> {
        let store = self.store(name)?;
        let Inventory { retired, .. } = store.inspect()?;
        let found = retired.iter().find(|held| held.facts.thumbprint_sha1 == *thumbprint);
        found.map_or(Ok(()), |held| store.remove_retired(&held.facts))
    }

    /// Deletes all files.
    pub(super) fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.store(name)?.remove_all().map(drop)
    }

    fn store(&self, name: &str) -> Result<&Store, StoreError> {
        match self.0.get(name) {
            Some(Kept::Made { store, .. } | Kept::Unwanted { store, .. }) => Ok(store),
            _ => Err(missing(name)),
        }
    }

    fn kept(&self, name: &str) -> Result<&Kept, Stopped> {
        self.0.get(name).ok_or_else(|| from_store(&missing(name), None))
    }
}

impl Kept {
    fn span(&self) -> Span {
        match self {
            Self::Made { span, .. } | Self::Unwanted { span, .. } | Self::Existing { span, .. } => {
                *span
            }
        }
    }

    fn credential(&self, slot: &Slot, now: Timestamp) -> Result<Credential, StoreError> {
        match self {
            Self::Made { store, .. } | Self::Unwanted { store, .. } => store.credential(slot, now),
            Self::Existing { path, password, .. } => {
                Ok(read_existing(path, password.as_ref(), now)?.credential)
            }
        }
    }

    fn observe(&self, now: Timestamp) -> Result<ObservedCertificate, Stopped> {
        let failed = |error: StoreError| from_store(&error, Some(self.span()));
        match self {
            Self::Existing { path, password, .. } => {
                let found = read_existing(path, password.as_ref(), now).map_err(failed)?;
                let current = Some(facts(&found.facts));
                Ok(ObservedCertificate { current, ..ObservedCertificate::default() })
            }
            Self::Unwanted { store, .. } => {
                let remains = store.remains().map_err(failed)?;
                Ok(ObservedCertificate {
                    retired: remains.certificates.iter().map(facts).collect(),
                    files: remains.files.iter().map(|path| shown(path)).collect(),
                    ..ObservedCertificate::default()
                })
            }
            Self::Made { store, .. } => {
                let inventory = store.inspect().map_err(failed)?;
                let has_unportable_password = !store.password_is_portable();
                Ok(ObservedCertificate { has_unportable_password, ..observed(&inventory, now) })
            }
        }
    }
}

/// One that waited for so long that it has ended counts as none.
fn observed(inventory: &Inventory, now: Timestamp) -> ObservedCertificate {
    let of = |held: &Held| facts(&held.facts);
    let current = inventory.current.as_ref();
    let waiting = inventory.staged.as_ref().filter(|held| held.facts.not_after > now);
    let staged = |has_key: bool| waiting.filter(|held| held.has_key == has_key);
    // Without a key nothing can be written again.
    let whole = current.filter(|held| held.has_key);
    ObservedCertificate {
        current: current.map(of),
        lacks_key: current.is_some() && whole.is_none(),
        staged: staged(true).map(of),
        stranded: staged(false).map(of),
        retired: inventory.retired.iter().map(of).collect(),
        switched: inventory.retired.iter().filter_map(Held::since).max(),
        missing: whole.iter().flat_map(|held| &held.missing).map(|path| shown(path)).collect(),
        ..ObservedCertificate::default()
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn facts(found: &Facts) -> CertificateFacts {
    CertificateFacts {
        thumbprint: found.thumbprint_sha1,
        subject: found.subject.clone(),
        not_before: found.not_before,
        not_after: found.not_after,
        key_size: found.rsa_bits.and_then(|bits| u16::try_from(bits).ok()).unwrap_or(0),
    }
}

/// The dates of a certificate that is made now.
fn recipe(
    made: &MadeCertificate,
    order: &CertificateOrder,
    now: Timestamp,
) -> Result<Recipe, jiff::Error> {
    let not_before = order.not_before.unwrap_or(now);
    let not_after = match made.validity {
        Validity::For(life) => not_before.checked_add(life)?,
        Validity::Until(until) => until,
    };
    Ok(Recipe {
        common_name: made.common_name.clone(),
        key_size: KeySize::from_bits(u32::from(made.key_size)).unwrap_or_default(),
        not_before,
        not_after,
    })
}

fn missing(name: &str) -> StoreError {
    StoreError::Missing { path: name.into() }
}

/// What is wrong with a certificate's files, as a finding.
pub(super) fn from_store(error: &StoreError, span: Option<Span>) -> Stopped {
    let finding = certificate_finding(error);
    Stopped::error(match span {
        Some(span) => finding.at(span, ""),
        None => finding,
    })
}
