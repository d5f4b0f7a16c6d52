//! Finds and reads the spec. A path is a directory that holds `auditform.toml`, or a file; what that
//! extends and includes is read with it. A spec that was read can be taken along as a [`Capture`]
//! and read again without a disk.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Ports, directory_of};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::spec::{self, Files, Given, Inputs, Parsed, SpecFile, Texts, Values, VariableValue};
use crate::state::DesiredState;

/// The file that is looked for in a directory.
pub const SPEC_FILE: &str = "auditform.toml";

/// Larger files are refused before they are read.
const LARGEST: u64 = 4 << 20;

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
    /// All that it was made of.
    pub capture: Capture,
}

/// A spec that does not hold, with the files for messages.
#[derive(Debug)]
pub struct LoadError {
    /// What is wrong.
    pub diagnostics: Diagnostics,
    /// The files.
    pub sources: Sources,
}

/// All that a spec was made of: equal captures ask for the same, wherever and whenever they are read
/// (on one day, for what ends on a day).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// The spec that was named, then what it includes, then what it extends.
    pub files: Vec<CapturedFile>,
    /// The variables with their values, whether they are used or not.
    pub variables: BTreeMap<String, VariableValue>,
}

/// A file of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedFile {
    /// Its path from the directory of the spec, with `/`: `auditform.toml`, `../base.toml`.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// What the command line gives the variables of a spec.
#[derive(Debug, Clone, Default)]
pub struct VariableOptions {
    /// Names with values; the last one of a name holds.
    pub values: Vec<(String, String)>,
    /// Files of names and values; the last one that has a name holds.
    pub files: Vec<PathBuf>,
}

/// Reads the spec at a path; the environment may give variables their values, and exclusions are
/// judged on today's date.
pub fn load(
    path: &Path,
    variables: &VariableOptions,
    ports: &Ports,
) -> Result<Loaded, Box<LoadError>> {
    let file = if path.is_dir() { path.join(SPEC_FILE) } else { path.to_path_buf() };
    let directory = directory_of(&file).to_path_buf();
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let mut diagnostics = Diagnostics::default();
    if fs::metadata(&file).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        diagnostics.push(no_spec(&shown(&file)));
    }
    let mut given = Vec::new();
    for path in &variables.files {
        match text_of(path, &shown(path)) {
            Ok(text) => given.push((shown(path), text)),
            Err(finding) => diagnostics.push(*finding),
        }
    }
    if diagnostics.has_errors() {
        return Err(Box::new(LoadError { diagnostics, sources: Sources::default() }));
    }
    let look_up = |name: &str| ports.environment.get(name);
    let given = Given { values: &variables.values, files: &given, environment: &look_up };
    let files = Disk { directory: directory.clone() };
    let name = name.unwrap_or_default();
    read(
        &files,
        &name,
        Inputs { directory: &directory, today: ports.today(), values: Values::Given(given) },
    )
}

/// Reads a spec again that was captured, as if it lay in `directory`. Nothing is read from disk.
pub fn load_captured(
    capture: &Capture,
    directory: &Path,
    today: Date,
) -> Result<Loaded, Box<LoadError>> {
    let files = capture.files.iter().map(|file| (file.path.clone(), file.text.clone()));
    let name = capture.files.first().map_or("", |file| file.path.as_str());
    let values = Values::Captured(&capture.variables);
    read(&Texts(files.collect()), name, Inputs { directory, today, values })
}

/// Reads a spec that was captured before as it lies on disk by now, with the values that its variables
/// had.
pub(super) fn load_again(
    capture: &Capture,
    directory: &Path,
    today: Date,
) -> Result<Loaded, Box<LoadError>> {
    let name = capture.files.first().map_or("", |file| file.path.as_str());
    let files = Disk { directory: directory.to_path_buf() };
    let values = Values::Captured(&capture.variables);
    read(&files, name, Inputs { directory, today, values })
}

/// The text of a spec that was named, and its name for messages.
pub(super) fn text_of_spec(file: &Path) -> Result<(String, String), Box<Diagnostic>> {
    let name = shown(file);
    if fs::metadata(file).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Err(Box::new(no_spec(&name)));
    }
    let text = text_of(file, &name)?;
    Ok((name, text))
}

fn read(files: &dyn Files, name: &str, inputs: Inputs<'_>) -> Result<Loaded, Box<LoadError>> {
    let mut sources = Sources::default();
    match spec::read(&mut sources, files, name, inputs) {
        Ok(Parsed { desired, warnings, files, variables }) => {
            let captured = files.into_iter().filter_map(|(path, id)| {
                let text = sources.get(id)?.text.clone();
                Some(CapturedFile { path, text })
            });
            let capture = Capture { files: captured.collect(), variables };
            let directory = inputs.directory.to_path_buf();
            Ok(Loaded { desired, warnings, sources, directory, capture })
        }
        Err(diagnostics) => Err(Box::new(LoadError { diagnostics, sources })),
    }
}

fn no_spec(shown: &str) -> Diagnostic {
    Diagnostic::error("no-spec", format!("there is no spec at `{shown}`"))
        .help(format!("name a directory that holds `{SPEC_FILE}`, or a spec file itself"))
}

/// The files around a spec on disk.
struct Disk {
    directory: PathBuf,
}

impl Files for Disk {
    fn read(&self, name: &str) -> Result<SpecFile, Box<Diagnostic>> {
        let path = self.directory.join(name);
        let shown = shown(&path);
        let text = text_of(&path, &shown)?;
        // What was just read has a name that holds; a link that was taken away since is no matter.
        let identity = fs::canonicalize(&path).unwrap_or(path);
        Ok(SpecFile { shown, identity, text })
    }

    fn list(&self, directory: &str) -> Result<Vec<String>, Box<Diagnostic>> {
        let path = self.directory.join(directory);
        let shown = shown(&path);
        let trouble = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => {
                let summary = format!("there is no directory `{shown}`");
                Box::new(Diagnostic::error("missing-file", summary))
            }
            _ => Box::new(unreadable(&shown, &error)),
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(trouble)? {
            let entry = entry.map_err(trouble)?;
            if entry.path().is_file() {
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    }
}

/// The text of a file, or of a pipe, up to a bound.
fn text_of(path: &Path, shown: &str) -> Result<String, Box<Diagnostic>> {
    let unreadable = |reason: &dyn std::fmt::Display| Box::new(unreadable(shown, reason));
    let too_large = "it is larger than 4 MiB";
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Box::new(spec::missing(shown)),
        _ => unreadable(&error),
    })?;
    if metadata.is_dir() {
        return Err(unreadable(&"it is a directory"));
    }
    if metadata.len() > LARGEST {
        return Err(unreadable(&too_large));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| unreadable(&error))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(unreadable(&too_large));
    }
    String::from_utf8(bytes).map_err(|_| unreadable(&"it is not UTF-8 text"))
}

fn unreadable(shown: &str, reason: &dyn std::fmt::Display) -> Diagnostic {
    let summary = format!("`{shown}` cannot be read: {reason}");
    Diagnostic::error("unreadable-file", summary)
}

/// A path as a user would write it: without detours, unless a link makes them matter.
fn shown(path: &Path) -> String {
    let mut short = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(short.components().next_back(), Some(Component::Normal(_))) =>
            {
                short.pop();
            }
            other => short.push(other),
        }
    }
    let is_same = || match (fs::canonicalize(path), fs::canonicalize(&short)) {
        (Ok(one), Ok(other)) => one == other,
        _ => true,
    };
    if is_same() { short } else { path.to_path_buf() }.display().to_string()
}
