//! Begins a spec: a starting point goes in, its files come to be in a directory. Nothing that is
//! there is replaced, and nothing is written where something is in the way; `.gitignore` alone gets
//! lines that it lacks.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::starting_points::StartingPoint;
use super::state_directory::write_atomically;
use crate::diagnostic::Diagnostic;
use crate::spec;

/// The schema that editors read, beside the spec: it needs no network and is of the release that
/// wrote it.
pub const SCHEMA_FILE: &str = "auditform.schema.json";
const IGNORE_FILE: &str = ".gitignore";

/// Writes a starting point into a directory, which is made where it is missing. Gives the names of
/// the files that were written, in order.
pub fn init(directory: &Path, start: &StartingPoint) -> Result<Vec<PathBuf>, Box<Diagnostic>> {
    let mut files: Vec<(PathBuf, String)> =
        start.files.iter().map(|(name, text)| (directory.join(name), at_home(text))).collect();
    let schema = (directory.join(SCHEMA_FILE), spec::schema_text());
    let is_there = fs::read_to_string(&schema.0).is_ok_and(|text| text == schema.1);
    if !is_there {
        files.push(schema);
    }
    if let Some((taken, _)) = files.iter().find(|(path, _)| fs::symlink_metadata(path).is_ok()) {
        return Err(Box::new(in_the_way(taken)));
    }
    fs::create_dir_all(directory).map_err(|error| Box::new(unwritable(directory, &error)))?;
    let mut written = Vec::new();
    for (path, text) in files {
        create(&path, &text)?;
        written.push(path);
    }
    let ignore = directory.join(IGNORE_FILE);
    let added = add_lines(&ignore, start.ignored);
    if added.map_err(|error| Box::new(unwritable(&ignore, &error)))? {
        written.push(ignore);
    }
    Ok(written)
}

/// The text with the schema that lies beside it.
fn at_home(text: &str) -> String {
    match text.strip_prefix("#:schema ").and_then(|rest| rest.split_once('\n')) {
        Some((_, rest)) => format!("#:schema {SCHEMA_FILE}\n{rest}"),
        None => text.to_owned(),
    }
}

/// Writes a file that is not there; one that came to be in the meantime stays as it is.
fn create(path: &Path, text: &str) -> Result<(), Box<Diagnostic>> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let beside = || -> io::Result<tempfile::NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        // A spec is for everyone in the project, and not a temporary file of one user.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    let file = beside().map_err(|error| Box::new(unwritable(path, &error)))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Box::new(in_the_way(path)))
        }
        Err(refused) => Err(Box::new(unwritable(path, &refused.error))),
    }
}

/// Adds the lines that a `.gitignore` lacks. Whether there were any.
fn add_lines(path: &Path, lines: &[&str]) -> io::Result<bool> {
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let bare = |line: &str| line.trim().trim_matches('/').to_owned();
    let missing: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| !before.lines().any(|known| bare(known) == bare(line)))
        .collect();
    if missing.is_empty() {
        return Ok(false);
    }
    let break_before = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let after = format!("{before}{break_before}{}\n", missing.join("\n"));
    if before.is_empty() && fs::symlink_metadata(path).is_err() {
        return create(path, &after)
            .map(|()| true)
            .map_err(|found| io::Error::other(found.summary));
    }
    let target = fs::canonicalize(path)?;
    let permissions = fs::metadata(&target)?.permissions();
    write_atomically(&target, after.as_bytes())?;
    fs::set_permissions(&target, permissions)?;
    Ok(true)
}

fn in_the_way(path: &Path) -> Diagnostic {
    Diagnostic::error("already-there", format!("`{}` is there already", path.display()))
        .note("nothing was replaced")
        .help("name another directory, or move the file away")
}

fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error("unwritable-file", format!("`{}` cannot be written: {error}", path.display()))
}
