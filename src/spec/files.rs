//! Where the texts of a spec come from. The spec asks for files by name; whether they lie on disk or
//! were captured is the business of whoever hands them in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::diagnostic::Diagnostic;

/// The texts that a spec may be made of. A name is a path with `/` that starts at the directory of
/// the spec; `a/../b` is not shortened, since `a` may be a link.
pub trait Files {
    /// The file of a name, or why there is none, without a place.
    fn read(&self, name: &str) -> Result<SpecFile, Box<Diagnostic>>;

    /// The names of the files in a directory, without the directory; `""` is that of the spec.
    fn list(&self, directory: &str) -> Result<Vec<String>, Box<Diagnostic>>;
}

/// A file of a spec as it was read.
#[derive(Debug, Clone)]
pub struct SpecFile {
    /// The path as a user would write it.
    pub shown: String,
    /// What tells it from other files, whatever names lead to it.
    pub identity: PathBuf,
    /// Its whole text.
    pub text: String,
}

/// Texts by name: a spec that was captured, or that never lay on a disk.
#[derive(Debug, Clone, Default)]
pub struct Texts(pub BTreeMap<String, String>);

impl Files for Texts {
    fn read(&self, name: &str) -> Result<SpecFile, Box<Diagnostic>> {
        let short = short(name);
        let found = self.0.get(name).or_else(|| self.0.get(&short));
        let text = found.ok_or_else(|| Box::new(missing(&short)))?.clone();
        Ok(SpecFile { identity: PathBuf::from(&short), shown: short, text })
    }

    fn list(&self, directory: &str) -> Result<Vec<String>, Box<Diagnostic>> {
        let directory = short(directory);
        let inside = |name: &String| {
            let name = short(name);
            let (parent, file) = name.rsplit_once('/').unwrap_or(("", &name));
            (parent == directory).then(|| file.to_owned())
        };
        Ok(self.0.keys().filter_map(inside).collect())
    }
}

/// A name without detours: among texts there are no links.
fn short(name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "")) => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// There is no file of this name.
pub fn missing(shown: &str) -> Diagnostic {
    Diagnostic::error("missing-file", format!("there is no file `{shown}`"))
}

/// The name of what a file called `name` calls `other`.
pub(super) fn beside(name: &str, other: &str) -> String {
    if other.starts_with('/') || std::path::Path::new(other).is_absolute() {
        return other.to_owned();
    }
    let other = other.trim_start_matches("./");
    match name.rsplit_once('/') {
        Some((directory, _)) => format!("{directory}/{other}"),
        None => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_starts_at_the_file_that_says_it() {
        assert_eq!(beside("auditform.toml", "./common.toml"), "common.toml");
        assert_eq!(beside("../base.toml", "parts/a.toml"), "../parts/a.toml");
        assert_eq!(beside("parts/a.toml", "../b.toml"), "parts/../b.toml");
        assert_eq!(beside("parts/a.toml", "/etc/b.toml"), "/etc/b.toml");
    }
}
