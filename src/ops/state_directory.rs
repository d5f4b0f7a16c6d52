//! `.auditform/` beside the spec: state that belongs to a user's checkout and never to Git.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;

/// The directory's name.
pub const STATE_DIRECTORY: &str = ".auditform";

/// Makes the directory beside a spec, with a `.gitignore` of `*`. One that is there already and
/// does not ignore everything is refused, since keys are kept in it.
pub fn prepare_state_directory(beside: &Path) -> Result<PathBuf, Box<Diagnostic>> {
    let directory = beside.join(STATE_DIRECTORY);
    let failed = |error: &io::Error| {
        let name = directory.display();
        Box::new(Diagnostic::error("state-directory", format!("`{name}` cannot be used: {error}")))
    };
    create_private(&directory).map_err(|error| failed(&error))?;
    let ignore = directory.join(".gitignore");
    match fs::read_to_string(&ignore) {
        Ok(text) if text.lines().any(|line| line.trim() == "*") => {}
        Ok(_) => {
            return Err(Box::new(
                Diagnostic::error(
                    "keys-not-ignored",
                    format!("`{}` does not keep keys out of Git", ignore.display()),
                )
                .help("it must hold a line of `*`; add it, or remove the file"),
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write_atomically(&ignore, b"*\n").map_err(|error| failed(&error))?;
        }
        Err(error) => return Err(failed(&error)),
    }
    Ok(directory)
}

/// The names of the files with an extension in a part of the directory, without it and in order; none where
/// that part is not there.
pub(super) fn names_in(directory: &Path, extension: &str) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}

/// Whether nothing is there, or what should hold it is no directory.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn create_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(directory)
}

/// Replaces a file as a whole: readers see the old content or the new one.
pub(super) fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
