//! Single operations on files, each of which is done or not done: a file is written beside its
//! target and renamed, and what was done is on disk before the next operation begins.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::error::StoreError;
use super::layout::PARTIAL;

/// One operation. Between two of them the program may be ended.
pub(super) enum Step {
    /// A file as a whole, private.
    Write(PathBuf, Zeroizing<Vec<u8>>),
    /// The same content under another name, as a file of its own.
    Copy(PathBuf, PathBuf),
    /// Another name; what had it is replaced.
    Rename(PathBuf, PathBuf),
    /// No such file any more.
    Remove(PathBuf),
}

impl Step {
    pub(super) fn run(&self) -> Result<(), StoreError> {
        match self {
            Self::Write(path, content) => write(path, content),
            Self::Copy(from, to) => {
                let content = read(from)?.ok_or_else(|| missing(from))?;
                write(to, &content)
            }
            Self::Rename(from, to) => {
                fs::rename(from, to).map_err(failed("replaced", to))?;
                sync(to)
            }
            Self::Remove(path) => {
                match fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(failed("removed", path)(error));
                    }
                    _ => {}
                }
                sync(path)
            }
        }
    }
}

fn missing(path: &Path) -> StoreError {
    StoreError::Missing { path: path.to_owned() }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::File { path, action, source }
}

/// A file's content, which may be a key; `None` if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    match fs::read(path) {
        Ok(content) => Ok(Some(Zeroizing::new(content))),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Where the directory is a file nothing can lie in it; writing into it says so.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Makes the directory, readable by its owner alone, unless it is there.
pub(super) fn make_directory(directory: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|source| StoreError::Directory {
        path: directory.to_owned(),
        action: "made",
        source,
    })
}

/// Whether files can be written into a directory, or where it will be made: tried with a nameless
/// one, since modes alone do not tell.
pub(super) fn try_directory(directory: &Path) -> Result<(), StoreError> {
    // The empty path above a relative one does not exist.
    let nearest = directory.ancestors().find(|place| place.exists()).unwrap_or(Path::new("."));
    let action = if nearest == directory { "written to" } else { "made" };
    let failed = |source| StoreError::Directory { path: directory.to_owned(), action, source };
    if !nearest.is_dir() {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    tempfile::tempfile_in(nearest).map(drop).map_err(|error| failed(plain(error)))
}

/// The names of the files in a directory, sorted; none if there is no directory.
pub(super) fn list(directory: &Path) -> Result<Vec<String>, StoreError> {
    let failed =
        |source| StoreError::Directory { path: directory.to_owned(), action: "listed", source };
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is no text is none of ours.
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// The temporary file is made with mode 0600 and keeps it.
fn write(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unwritable =
        |source| StoreError::Directory { path: directory.to_owned(), action: "written to", source };
    let mut file = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(PARTIAL)
        .tempfile_in(directory)
        .map_err(|error| unwritable(plain(error)))?;
    let written = file.write_all(content).and_then(|()| file.as_file().sync_all());
    written.map_err(failed("written", path))?;
    file.persist(path).map_err(|error| failed("written", path)(error.error))?;
    sync(path)
}

/// `tempfile` adds the name of its temporary file to an error, which would only confuse.
fn plain(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.source()).and_then(|it| it.downcast_ref()) {
        Some(inner) => copied(inner),
        None => error,
    }
}

fn copied(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

/// A new name is on disk once its directory is.
fn sync(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        let directory = path.parent().unwrap_or(Path::new("."));
        let synced = fs::File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(|source| StoreError::Directory {
            path: directory.to_owned(),
            action: "written to",
            source,
        })?;
    }
    Ok(())
}

/// When a file was last written, where that is known.
pub(super) fn modified(path: &Path) -> Option<Timestamp> {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
    Timestamp::try_from(modified).ok()
}

/// Whether others than the owner may read a file. Where there are no such modes: no.
pub(super) fn is_exposed(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}
