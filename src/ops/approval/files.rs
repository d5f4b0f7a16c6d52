//! Approval files: those that are named, and those that lie beside a plan under its name. Paths go in;
//! contents come out, bounded in number and size. What they say is judged by others.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::approval::{ApprovalFile, LARGEST_APPROVAL};
use crate::diagnostic::Diagnostic;
use crate::ops::directory_of;
use crate::ops::ports::Stopped;

/// The end of an approval's name: `plan.json.alice.approval` lies beside `plan.json`.
pub(super) const SUFFIX: &str = ".approval";

/// More files than anybody signs, so that a directory full of them costs no time.
const MOST: usize = 100;

/// The approvals of a plan: first those that are named, which must be there, then those beside it.
pub(super) fn gather(plan: &Path, named: &[PathBuf]) -> Result<Vec<ApprovalFile>, Stopped> {
    let is_named = |path: &PathBuf| named.iter().any(|other| is_same(path, other));
    // A directory or a pipe of this name is none of ours.
    let found = beside(plan).into_iter().filter(|path| path.is_file() && !is_named(path));
    let found: Vec<PathBuf> = found.take(MOST + 1).collect();
    if named.len() + found.len() > MOST {
        let summary = format!("there are more than {MOST} approvals of `{}`", plan.display());
        return Err(Stopped::not_approved(
            Diagnostic::error("too-many-approvals", summary)
                .help("remove those of earlier plans that lie beside it"),
        ));
    }
    let there = "an approval that is named has to be there, whatever else is";
    let aside = "remove it if it is no approval: it lies beside the plan under its name";
    let named = named.iter().map(|path| (path, there));
    let all = named.chain(found.iter().map(|path| (path, aside)));
    all.map(|(path, note)| match read(path) {
        Ok(content) => Ok(ApprovalFile { name: path.display().to_string(), content }),
        Err(error) => Err(unreadable(path, &error, note)),
    })
    .collect()
}

/// `PLAN.*.approval` in the plan's directory, by name. One that cannot be listed has none.
fn beside(plan: &Path) -> Vec<PathBuf> {
    let Some(name) = plan.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let directory = directory_of(plan);
    let prefix = format!("{name}.");
    let is_approval = |file: &str| file.starts_with(&prefix) && file.ends_with(SUFFIX);
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut found: Vec<PathBuf> =
        names.filter(|file| is_approval(file)).map(|file| plan.with_file_name(file)).collect();
    found.sort();
    found
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// One byte more than the largest is enough to know.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(LARGEST_APPROVAL as u64 + 1).read_to_end(&mut content)?;
    Ok(content)
}

fn unreadable(path: &Path, error: &io::Error, note: &str) -> Stopped {
    let summary = format!("the approval `{}` cannot be read: {error}", path.display());
    Stopped::not_approved(Diagnostic::error("unreadable-approval", summary).note(note))
}
