//! What survives a restart: one line with the seed, then one JSON line for every change, appended
//! before the change is answered. Changes go in and come back out in order; what they mean is the
//! business of `tenant.rs` and `entra`. A killed process loses nothing that was answered, as the line is with
//! the system by then; a power cut may, which is not what this is for.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entra::snapshot::Entry;
use super::errors::EmulatorError;
use super::seed::Seed;

/// One change, as stored: the state after it, so that a replay cannot go another way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// RFC 3339; a lag that was running goes on after a restart.
    pub(crate) at: String,
    #[serde(flatten)]
    pub(crate) change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Mailbox(MailboxLine),
    Organization(Organization),
    /// Objects of the directory, changed together.
    Directory(Vec<Entry>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MailboxLine {
    pub(crate) guid: String,
    pub(crate) admin: Vec<String>,
    pub(crate) delegate: Vec<String>,
    pub(crate) owner: Vec<String>,
    pub(crate) default_audit_set: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) erased: bool,
    pub(crate) age_seconds: i64,
}

/// The switches of the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Organization {
    pub(crate) dehydrated: bool,
    pub(crate) unified_audit_log: bool,
    pub(crate) mailbox_auditing: bool,
}

#[derive(Serialize, Deserialize)]
struct Header {
    auditform_emulator: u32,
    /// For the reader; both follow from the seed.
    organization: String,
    tenant_id: String,
    seed: String,
}

const FORMAT: u32 = 1;

/// An open, locked state file.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    file: File,
    /// Up to here every line is whole.
    length: u64,
}

impl StateFile {
    /// Opens the file or makes it. `seed` is what the caller wants; a file that exists keeps its
    /// own and refuses another one.
    pub(crate) fn open(path: &Path, seed: Option<Seed>) -> Result<(Self, Seed), EmulatorError> {
        if !path.exists() {
            create(path, &seed.clone().unwrap_or_default())?;
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(EmulatorError::file("open", path))?;
        if file.try_lock().is_err() {
            return Err(EmulatorError::InUse(path.to_owned()));
        }
        let mut this = Self { path: path.to_owned(), file, length: 0 };
        let header = this.header()?;
        let kept = Seed::parse(&header.seed, &path.display().to_string())?;
        if seed.is_some_and(|wanted| wanted != kept) {
            return Err(EmulatorError::SeedChanged(path.to_owned()));
        }
        Ok((this, kept))
    }

    fn header(&mut self) -> Result<Header, EmulatorError> {
        let mut first = String::new();
        BufReader::new(&self.file)
            .read_line(&mut first)
            .map_err(EmulatorError::file("read", &self.path))?;
        self.length = first.len() as u64;
        serde_json::from_str::<Header>(&first)
            .ok()
            .filter(|header| header.auditform_emulator == FORMAT && first.ends_with('\n'))
            .ok_or_else(|| self.bad(1))
    }

    fn bad(&self, line: usize) -> EmulatorError {
        EmulatorError::BadState { path: self.path.clone(), line }
    }

    /// Hands over every change in order. A last line without its end was never answered: it is
    /// cut off. `accept` says whether the line makes sense.
    pub(crate) fn replay(
        &mut self,
        mut accept: impl FnMut(&Line) -> bool,
    ) -> Result<(), EmulatorError> {
        self.file
            .seek(SeekFrom::Start(self.length))
            .map_err(EmulatorError::file("read", &self.path))?;
        let mut reader = BufReader::new(&self.file);
        let mut text = Vec::new();
        let mut length = self.length;
        for number in 2.. {
            text.clear();
            let got = reader
                .read_until(b'\n', &mut text)
                .map_err(EmulatorError::file("read", &self.path))?;
            if got == 0 || text.last() != Some(&b'\n') {
                break;
            }
            let line = serde_json::from_slice::<Line>(&text).map_err(|_| self.bad(number))?;
            if !accept(&line) {
                return Err(self.bad(number));
            }
            length += got as u64;
        }
        self.length = length;
        self.cut().map_err(EmulatorError::file("write", &self.path))
    }

    /// Back to the last whole line.
    fn cut(&mut self) -> std::io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length)).map(drop)
    }

    /// The line is with the system when this returns `Ok`; after an error the file is as before.
    pub(crate) fn append(&mut self, line: &Line) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        if let Err(error) = self.file.write_all(&text) {
            self.cut()?;
            return Err(error);
        }
        self.length += text.len() as u64;
        Ok(())
    }
}

/// Where changes go before they are answered; shared by everything that changes. The default keeps
/// nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal(Option<Arc<Mutex<StateFile>>>);

impl Journal {
    pub(crate) fn of(file: StateFile) -> Self {
        Self(Some(Arc::new(Mutex::new(file))))
    }

    /// The change is with the system when this returns `Ok`.
    pub(crate) fn append(&self, now: Timestamp, change: Change) -> std::io::Result<()> {
        let Some(file) = &self.0 else {
            return Ok(());
        };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.append(&Line { at: now.to_string(), change })
    }
}

/// Whole or not at all, and readable by its owner alone (`tempfile` makes files so).
fn create(path: &Path, seed: &Seed) -> Result<(), EmulatorError> {
    let write = || -> std::io::Result<()> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory)?;
        let header = Header {
            auditform_emulator: FORMAT,
            organization: seed.tenant.organization.clone(),
            tenant_id: seed.tenant.tenant_id.to_string(),
            seed: seed.text().to_owned(),
        };
        let mut fresh = tempfile::NamedTempFile::new_in(directory)?;
        serde_json::to_writer(&mut fresh, &header)?;
        fresh.write_all(b"\n")?;
        match fresh.persist_noclobber(path) {
            Err(lost) if lost.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            other => other.map(drop).map_err(|error| error.error),
        }
    };
    write().map_err(EmulatorError::file("create", path))
}

/// Forgets a state file; says whether there was one. Refuses while an emulator runs on it.
pub(crate) fn forget(path: &Path) -> Result<bool, EmulatorError> {
    let Ok(file) = File::open(path) else {
        return Ok(false);
    };
    if file.try_lock().is_err() {
        return Err(EmulatorError::InUse(path.to_owned()));
    }
    std::fs::remove_file(path).map_err(EmulatorError::file("remove", path))?;
    Ok(true)
}

impl MailboxLine {
    pub(crate) fn guid(&self) -> Option<Uuid> {
        Uuid::try_parse(&self.guid).ok()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
    use super::*;

    fn line(number: u32) -> Line {
        let organization = Organization {
            dehydrated: number == 1,
            unified_audit_log: true,
            mailbox_auditing: true,
        };
        Line { at: "2026-01-01T00:00:00Z".into(), change: Change::Organization(organization) }
    }

    fn open(path: &Path) -> StateFile {
        StateFile::open(path, None).unwrap().0
    }

    fn lines(path: &Path) -> Vec<Line> {
        let mut all = Vec::new();
        let accept = |line: &Line| {
            all.push(line.clone());
            true
        };
        open(path).replay(accept).unwrap();
        all
    }

    #[test]
    fn what_was_appended_comes_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut file = open(&path);
        file.replay(|_| true).unwrap();
        file.append(&line(1)).unwrap();
        file.append(&line(2)).unwrap();
        drop(file);
        assert_eq!(lines(&path), [line(1), line(2)]);
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_writing_goes_on_behind_the_whole_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut file = open(&path);
        file.replay(|_| true).unwrap();
        file.append(&line(1)).unwrap();
        file.append(&line(2)).unwrap();
        let torn = file.length - 5;
        file.file.set_len(torn).unwrap();
        drop(file);
        let mut file = open(&path);
        file.replay(|_| true).unwrap();
        file.append(&line(3)).unwrap();
        drop(file);
        assert_eq!(lines(&path), [line(1), line(3)]);
    }

    #[test]
    fn a_broken_line_in_the_middle_is_an_error_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut file = open(&path);
        file.replay(|_| true).unwrap();
        file.file.write_all(b"{}\n").unwrap();
        drop(file);
        let error = open(&path).replay(|_| true).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }

    #[test]
    fn two_emulators_cannot_share_a_file_and_neither_can_two_seeds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let first = StateFile::open(&path, Some(Seed::generated(5))).unwrap();
        let second = StateFile::open(&path, None).unwrap_err();
        assert!(matches!(second, EmulatorError::InUse(_)), "{second}");
        assert!(matches!(forget(&path), Err(EmulatorError::InUse(_))));
        drop(first);
        let other = StateFile::open(&path, Some(Seed::generated(6))).unwrap_err();
        assert!(matches!(other, EmulatorError::SeedChanged(_)), "{other}");
        assert!(forget(&path).unwrap());
        assert!(!forget(&path).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        drop(open(&path));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
