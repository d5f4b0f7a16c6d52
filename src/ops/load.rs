//! Finds and reads the spec. A path is a directory that holds `auditform.toml`, or a file.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::spec;
use crate::state::DesiredState;

/// The file that is looked for in a directory.
pub const SPEC_FILE: &str = "auditform.toml";

/// Larger files are refused before they are read.
const LARGEST: u64 = 16 << 20;

/// A spec that holds.
#[derive(Debug)]
pub struct Loaded {
    /// What it asks for.
    pub desired: DesiredState,
    /// What should be said about it.
    pub warnings: Diagnostics,
    /// The files, for messages.
    pub sources: Sources,
    /// The directory of the spec, beside which state is kept.
    pub directory: PathBuf,
}

/// A spec that does not hold, with the files for messages.
#[derive(Debug)]
pub struct LoadError {
    /// What is wrong.
    pub diagnostics: Diagnostics,
    /// The files.
    pub sources: Sources,
}

/// Reads the spec at a path; exclusions are judged on `today` (UTC).
pub fn load(path: &Path, today: Date) -> Result<Loaded, Box<LoadError>> {
    let mut sources = Sources::default();
    let file = if path.is_dir() { path.join(SPEC_FILE) } else { path.to_path_buf() };
    let shown = file.strip_prefix(".").unwrap_or(&file);
    let text = match read(&file, shown) {
        Ok(text) => text,
        Err(diagnostic) => {
            return Err(Box::new(LoadError { diagnostics: (*diagnostic).into(), sources }));
        }
    };
    let id = sources.add(shown.display().to_string(), text);
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    match spec::parse(&sources, id, &directory, today) {
        Ok(parsed) => {
            let (desired, warnings) = (parsed.desired, parsed.warnings);
            Ok(Loaded { desired, warnings, sources, directory })
        }
        Err(diagnostics) => Err(Box::new(LoadError { diagnostics, sources })),
    }
}

pub(super) fn read(file: &Path, shown: &Path) -> Result<String, Box<Diagnostic>> {
    let name = shown.display();
    let unreadable = |reason: &dyn std::fmt::Display| {
        Box::new(Diagnostic::error("unreadable-file", format!("`{name}` cannot be read: {reason}")))
    };
    let metadata = fs::metadata(file).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            Box::new(
                Diagnostic::error("no-spec", format!("there is no spec at `{name}`")).help(
                    format!("name a directory that holds `{SPEC_FILE}`, or a spec file itself"),
                ),
            )
        } else {
            unreadable(&error)
        }
    })?;
    if metadata.len() > LARGEST {
        return Err(unreadable(&"it is larger than 16 MiB, which no spec is"));
    }
    let bytes = fs::read(file).map_err(|error| unreadable(&error))?;
    String::from_utf8(bytes).map_err(|_| unreadable(&"it is not UTF-8 text"))
}
