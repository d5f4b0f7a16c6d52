//! `auditform certificate show`: what certificate files hold, and whether their keys are theirs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Stopped, refused, stopped, text};
use crate::certificate::{Facts, Shown, StoreError, read_any};
use crate::diagnostic::{Diagnostic, Diagnostics, and_list};
use crate::ops::{Ports, certificate_finding, certificate_password};

/// What is looked at in a directory.
const EXTENSIONS: [&str; 5] = ["cer", "crt", "p12", "pem", "pfx"];

/// Show what certificate files hold; never a key
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A .pfx, .pem or .cer file, or a directory of them
    path: PathBuf,
    /// The environment variable that holds the password of a .pfx
    #[arg(long, value_name = "VARIABLE")]
    password_env: Option<String>,
}

pub(super) fn run(arguments: &Arguments, ports: &Ports) -> Result<String, Stopped> {
    let password = certificate_password(arguments.password_env.as_deref(), ports);
    let password = password.map_err(|finding| stopped(*finding))?;
    let read = |path: &Path| read_any(path, password.as_ref());
    let path = &arguments.path;
    if !path.is_dir() {
        let shown = read(path).map_err(|error| refused(&error))?;
        return Ok(block(path, &Group::of_one(path, shown), ports.now()));
    }
    let mut blocks = Vec::new();
    let mut findings = Diagnostics::default();
    for (stem, files) in by_stem(path)? {
        match Group::read(&files, read) {
            Ok(group) => blocks.push(block(&path.join(stem), &group, ports.now())),
            Err(error) => findings.push(certificate_finding(&error)),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    if blocks.is_empty() {
        let summary = format!("there is no certificate in `{}`", path.display());
        return Err(stopped(Diagnostic::error("no-certificate", summary)));
    }
    Ok(blocks.join("\n"))
}

/// The certificate files of a directory by their names without the extension.
fn by_stem(directory: &Path) -> Result<BTreeMap<String, Vec<PathBuf>>, Stopped> {
    let unlisted = |source| {
        let (path, action) = (directory.to_owned(), "listed");
        refused(&StoreError::Directory { path, action, source })
    };
    let mut stems: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in fs::read_dir(directory).map_err(unlisted)? {
        let path = entry.map_err(unlisted)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            stems.entry(stem).or_default().push(path);
        }
    }
    for files in stems.values_mut() {
        files.sort();
    }
    Ok(stems)
}

/// One certificate and the files that hold it.
struct Group {
    facts: Facts,
    files: Vec<String>,
    with_key: Vec<String>,
    /// Those whose password is another or was not given.
    locked: Vec<String>,
}

impl Group {
    fn of_one(path: &Path, shown: Shown) -> Self {
        let name = text::file_name(path);
        let with_key = shown.has_key.then(|| name.clone()).into_iter().collect();
        Self { facts: shown.facts, files: vec![name], with_key, locked: Vec::new() }
    }

    /// A file that is locked does not hide what the others hold.
    fn read(
        files: &[PathBuf],
        read: impl Fn(&Path) -> Result<Shown, StoreError>,
    ) -> Result<Self, StoreError> {
        let mut group: Option<(Self, &PathBuf)> = None;
        let mut locked = Vec::new();
        let mut last = StoreError::Missing { path: files.first().cloned().unwrap_or_default() };
        for path in files {
            match read(path) {
                Ok(shown) => match &mut group {
                    None => group = Some((Self::of_one(path, shown), path)),
                    Some((group, _)) if group.facts == shown.facts => {
                        let name = text::file_name(path);
                        group.with_key.extend(shown.has_key.then(|| name.clone()));
                        group.files.push(name);
                    }
                    Some((_, first)) => {
                        let (first, second) = (first.clone(), path.clone());
                        return Err(StoreError::Mixed { first, second });
                    }
                },
                Err(error) if error.is_locked() => {
                    locked.push(text::file_name(path));
                    last = error;
                }
                Err(error) => return Err(error),
            }
        }
        group.map(|(group, _)| Self { locked, ..group }).ok_or(last)
    }
}

fn block(title: &Path, group: &Group, now: Timestamp) -> String {
    let mut text = format!("{}\n", title.display());
    if group.files.len() + group.locked.len() > 1 {
        text::line(&mut text, "files", &and_list(&group.files));
    }
    if !group.locked.is_empty() {
        let files = and_list(&group.locked);
        text::line(
            &mut text,
            "not opened",
            &format!("{files}: its password is another one, or was not given"),
        );
    }
    text::facts(&mut text, &group.facts, &group.with_key, now);
    text
}
