//! Lays out spec files. A path goes in, as for every other command; what the file holds and what it
//! should hold come out, and the file is written only when that is asked for: as a whole, with the
//! mode that it had.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::load::{self, LoadError, SPEC_FILE};
use crate::diagnostic::{Diagnostic, Sources};
use crate::spec::{self, NotFormatted};

/// A file and its layout.
#[derive(Debug)]
pub struct Layout {
    /// The file, and as messages name it.
    file: PathBuf,
    /// The name in messages.
    pub name: String,
    /// What it holds.
    pub before: String,
    /// What it should hold.
    pub after: String,
}

impl Layout {
    /// Whether the file is laid out as it should be.
    pub fn is_kept(&self) -> bool {
        self.before == self.after
    }

    /// Writes the file. Readers see the old content or the new one; a link stays a link.
    pub fn write(&self) -> Result<(), Box<Diagnostic>> {
        replace(&self.file, self.after.as_bytes()).map_err(|error| {
            let summary = format!("`{}` cannot be written: {error}", self.name);
            Box::new(Diagnostic::error("unwritable-file", summary).note("it is as it was"))
        })
    }
}

/// The layout of the spec at a path.
pub fn layout(path: &Path) -> Result<Layout, Box<LoadError>> {
    let file = if path.is_dir() { path.join(SPEC_FILE) } else { path.to_path_buf() };
    let (name, text) =
        load::text_of_spec(&file).map_err(|finding| Box::new(without_place(*finding)))?;
    layout_of(file, name, text)
}

/// The layout of a text that came without a file, under a name for messages.
pub fn layout_of_text(name: &str, text: String) -> Result<Layout, Box<LoadError>> {
    layout_of(PathBuf::new(), name.to_owned(), text)
}

fn layout_of(file: PathBuf, name: String, before: String) -> Result<Layout, Box<LoadError>> {
    let mut sources = Sources::default();
    let id = sources.add(name.clone(), before.clone());
    match spec::format(&sources, id) {
        Ok(after) => Ok(Layout { file, name, before, after }),
        Err(NotFormatted::Invalid(diagnostics)) => {
            Err(Box::new(LoadError { diagnostics, sources }))
        }
        Err(NotFormatted::Unknown(span)) => {
            let diagnostics = newer(&name).at(span, "").into();
            Err(Box::new(LoadError { diagnostics, sources }))
        }
        Err(NotFormatted::Changed) => Err(Box::new(without_place(
            Diagnostic::error("not-formattable", format!("`{name}` would no longer say the same"))
                .note("it is valid TOML, and was left as it is")
                .help("please report it, with the file if it may be shown"),
        ))),
    }
}

/// The formatter reads TOML 1.0, the reader of specs some of 1.1 as well.
fn newer(name: &str) -> Diagnostic {
    Diagnostic::error("not-formattable", format!("`{name}` holds TOML that `fmt` does not know"))
        .note("the file was left as it is; `validate`, `plan` and `apply` may take it")
        .help("write it as in TOML 1.0, an inline table on one line for example")
}

fn without_place(finding: Diagnostic) -> LoadError {
    LoadError { diagnostics: finding.into(), sources: Sources::default() }
}

fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let file = fs::canonicalize(file)?;
    let permissions = fs::metadata(&file)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
    }
    let mut beside = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(Path::new(".")))?;
    beside.write_all(content)?;
    beside.as_file().set_permissions(permissions)?;
    beside.as_file().sync_all()?;
    beside.persist(&file).map_err(|error| error.error)?;
    Ok(())
}
