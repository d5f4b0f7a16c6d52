//! Files that a command writes at the user's word, held against those that it reads, or writes
//! besides: a slip must not cost a spec. Paths go in; a finding comes out, and nothing is opened.

use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostic;
use crate::ops::{SPEC_FILE, Stopped, directory_of};

/// A file that is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output<'a> {
    /// What it will hold: `the plan`.
    pub(super) what: &'static str,
    /// The flag that names it.
    pub(super) flag: &'static str,
    /// Where it goes.
    pub(super) path: &'a Path,
}

impl Output<'_> {
    /// Refuses a file that the same command reads or writes besides, a directory standing for the spec
    /// in it; and one in TOML, which may be a part of any spec and is never written here.
    pub(super) fn spares(self, taken: &[&Path]) -> Result<(), Stopped> {
        let Self { path, .. } = self;
        let is_in_use =
            |other: &&Path| is_same(path, other) || is_same(path, &other.join(SPEC_FILE));
        if taken.iter().any(is_in_use) {
            return Err(self.refused("this command reads or writes it; nothing was done"));
        }
        if path.is_file() && path.extension().is_some_and(|end| end == "toml") {
            return Err(self.refused("it may be a part of a spec; nothing was done"));
        }
        Ok(())
    }

    fn refused(self, note: &str) -> Stopped {
        let Self { what, flag, path } = self;
        let summary = format!("{what} would overwrite `{}`", path.display());
        Stopped::error(
            Diagnostic::error("unwritable-file", summary)
                .note(note)
                .help(format!("name another file with `{flag}`")),
        )
    }
}

/// Whether two paths lead to one file, there or not. What is no file, such as a terminal, takes many.
fn is_same(one: &Path, other: &Path) -> bool {
    let may_be_file = |path: &Path| path.is_file() || !path.exists();
    may_be_file(one)
        && may_be_file(other)
        && one.file_name().is_some()
        && place(one) == place(other)
}

/// Where a path leads, by its directory where it leads to nothing yet.
fn place(path: &Path) -> Option<PathBuf> {
    let beside = || Some(directory_of(path).canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(beside).or_else(|| std::path::absolute(path).ok())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_told_again_by_whatever_path() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("specs")).unwrap();
        fs::File::create(at("specs/auditform.toml")).unwrap();
        fs::File::create(at("plan.json")).unwrap();
        let spares = |path: &str, taken: &[&str]| {
            let taken: Vec<PathBuf> = taken.iter().map(|name| at(name)).collect();
            let taken: Vec<&Path> = taken.iter().map(PathBuf::as_path).collect();
            Output { what: "it", flag: "--out", path: &at(path) }.spares(&taken).is_ok()
        };
        assert!(spares("plan.json", &["specs", "other.json"]));
        assert!(spares("new.json", &["specs", "plan.json"]));
        assert!(!spares("specs/../plan.json", &["plan.json"]));
        assert!(!spares("specs/../new.json", &["new.json"]));
        assert!(!spares("specs/auditform.toml", &["specs"]));
        assert!(!spares("specs/auditform.toml", &[]));
        assert!(spares("nowhere/new.json", &["new.json"]));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_the_file_that_it_leads_to_and_a_device_takes_all() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::File::create(at("plan.json")).unwrap();
        std::os::unix::fs::symlink("plan.json", at("link.json")).unwrap();
        let spares = |path: &Path, other: &Path| {
            Output { what: "it", flag: "--out", path }.spares(&[other]).is_ok()
        };
        assert!(!spares(&at("link.json"), &at("plan.json")));
        let null = Path::new("/dev/null");
        assert!(spares(null, null));
    }
}
