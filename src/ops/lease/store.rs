//! Where leases are kept. The trait asks no more than any store of objects can do: create what is not
//! there, read, replace or remove what is still as it was read, list.

use std::fmt::Debug;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::ops::state_directory::{
    STATE_DIRECTORY, is_absent, names_in, prepare_state_directory, write_atomically,
};

const DIRECTORY: &str = "leases";
const EXTENSION: &str = "json";
const LOCK: &str = "lock";
/// Held for the moment in which one of the files is compared and changed.
const GUARD: &str = "guard";

/// What tells one content of an object from the next: an entity tag, or the content itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(Vec<u8>);

/// Keeps leases, by tenant.
pub trait LeaseStore: Debug + Send + Sync {
    /// Keeps one; `None` where there is one of that name.
    fn create(&self, name: &str, content: &[u8]) -> io::Result<Option<Version>>;
    /// Reads one; `None` where there is none.
    fn read(&self, name: &str) -> io::Result<Option<(Vec<u8>, Version)>>;
    /// Replaces one that is still of that version; `None` where it is not.
    fn replace(&self, name: &str, old: &Version, content: &[u8]) -> io::Result<Option<Version>>;
    /// Removes one that is still of that version; whether it was.
    fn remove(&self, name: &str, old: &Version) -> io::Result<bool>;
    /// The names of all.
    fn list(&self) -> io::Result<Vec<String>>;
}

/// Leases as files in `.auditform/leases/`, each beside a file that its owner has locked with the operating
/// system for as long as it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalLeases {
    directory: PathBuf,
}

impl LocalLeases {
    /// Those beside a spec.
    pub fn beside(directory: &Path) -> Self {
        Self { directory: directory.join(STATE_DIRECTORY).join(DIRECTORY) }
    }

    /// The same, for taking one.
    pub(super) fn prepare(directory: &Path) -> io::Result<Self> {
        prepare_state_directory(directory)
            .map_err(|diagnostic| io::Error::other(diagnostic.summary.clone()))?;
        let leases = Self::beside(directory);
        fs::create_dir_all(&leases.directory)?;
        Ok(leases)
    }

    /// The directory of the files.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The file of a lease.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.{EXTENSION}"))
    }

    /// Locks a tenant for as long as the file is held; `None` where a living process has locked it.
    pub(super) fn lock(&self, name: &str) -> io::Result<Option<File>> {
        let guard = self.guard()?;
        let locked = self.try_lock(name);
        drop(guard);
        locked
    }

    /// Whether a living process has locked a tenant.
    pub(super) fn is_locked(&self, name: &str) -> io::Result<bool> {
        // Nobody who wants the lock may find it taken by who only looks.
        let guard = self.guard()?;
        let locked = self.try_lock(name)?;
        let is_locked = locked.is_none();
        drop(locked);
        drop(guard);
        Ok(is_locked)
    }

    fn try_lock(&self, name: &str) -> io::Result<Option<File>> {
        let file = open(&self.directory.join(format!("{name}.{LOCK}")))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn guard(&self) -> io::Result<File> {
        let file = open(&self.directory.join(GUARD))?;
        file.lock()?;
        Ok(file)
    }

    fn is_still(&self, name: &str, old: &Version) -> io::Result<bool> {
        Ok(self.read(name)?.is_some_and(|(_, version)| version == *old))
    }
}

/// A file to lock; there is never anything in it.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

impl LeaseStore for LocalLeases {
    fn create(&self, name: &str, content: &[u8]) -> io::Result<Option<Version>> {
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(self.path(name)) {
            Ok(_) => Ok(Some(Version(content.to_vec()))),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error.error),
        }
    }

    fn read(&self, name: &str) -> io::Result<Option<(Vec<u8>, Version)>> {
        match fs::read(self.path(name)) {
            Ok(content) => Ok(Some((content.clone(), Version(content)))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn replace(&self, name: &str, old: &Version, content: &[u8]) -> io::Result<Option<Version>> {
        let _guard = self.guard()?;
        if !self.is_still(name, old)? {
            return Ok(None);
        }
        write_atomically(&self.path(name), content)?;
        Ok(Some(Version(content.to_vec())))
    }

    fn remove(&self, name: &str, old: &Version) -> io::Result<bool> {
        let _guard = self.guard()?;
        let is_still = self.is_still(name, old)?;
        if is_still {
            fs::remove_file(self.path(name))?;
        }
        Ok(is_still)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        names_in(&self.directory, EXTENSION)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    #[test]
    fn what_has_changed_since_it_was_read_is_neither_replaced_nor_removed() {
        let directory = tempfile::tempdir().unwrap();
        let leases = LocalLeases::prepare(directory.path()).unwrap();
        let first = leases.create("a", b"1").unwrap().unwrap();
        assert_eq!(leases.create("a", b"2").unwrap(), None);
        let second = leases.replace("a", &first, b"2").unwrap().unwrap();
        assert_eq!(leases.replace("a", &first, b"3").unwrap(), None);
        assert!(!leases.remove("a", &first).unwrap());
        assert_eq!(leases.read("a").unwrap().unwrap().0, b"2");
        assert_eq!(leases.list().unwrap(), ["a"]);
        assert!(leases.remove("a", &second).unwrap());
        assert_eq!(leases.replace("a", &second, b"3").unwrap(), None);
        assert_eq!((leases.read("a").unwrap(), leases.list().unwrap().len()), (None, 0));
    }

    #[test]
    fn a_lock_is_held_by_one_and_given_back_with_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let leases = LocalLeases::prepare(directory.path()).unwrap();
        assert!(!leases.is_locked("a").unwrap());
        let held = leases.lock("a").unwrap();
        assert!(held.is_some() && leases.is_locked("a").unwrap());
        assert!(leases.lock("a").unwrap().is_none());
        assert!(leases.lock("b").unwrap().is_some());
        drop(held);
        assert!(leases.lock("a").unwrap().is_some());
    }

    #[test]
    fn where_nothing_was_ever_kept_there_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let leases = LocalLeases::beside(directory.path());
        assert_eq!((leases.list().unwrap().len(), leases.read("a").unwrap()), (0, None));
    }
}
