//! How a certificate's files are called in their directory:
//!
//! | file | what |
//! |---|---|
//! | `NAME.pem`, `NAME.pfx`, `NAME.cer` | the current certificate |
//! | `NAME.next.*` | the one that a rotation will switch to |
//! | `NAME.3f2a9c01.*` | one that a rotation switched from, by the start of its SHA-1 thumbprint |
//!
//! A name holds no dot, so that no certificate's files can be taken for another's.

use std::path::{Path, PathBuf};

/// How many hexadecimal digits of a thumbprint stand in the name of a retired certificate.
pub(super) const SHORT: usize = 8;

const NEXT: &str = "next";
/// The end of a file that is being written, and the start of which is a dot.
pub(super) const PARTIAL: &str = ".partial";

/// One file of the three. The order is that in which they are written and switched: the PEM holds
/// everything and needs no password, so the others can be made from it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// Key and certificate, without a password.
    Pem,
    /// Key and certificate, PKCS#12.
    Pfx,
    /// The certificate alone, DER: what is uploaded.
    Cer,
}

impl Form {
    /// All of them, in the order of writing.
    pub const ALL: [Self; 3] = [Self::Pem, Self::Pfx, Self::Cer];

    /// `pem`, `pfx`, `cer`.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pem => "pem",
            Self::Pfx => "pfx",
            Self::Cer => "cer",
        }
    }

    fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.extension() == extension)
    }
}

/// Which certificate of a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The one that signs in.
    Current,
    /// The one that a rotation will switch to.
    Staged,
    /// One that a rotation switched from: the first eight hexadecimal digits of its SHA-1
    /// thumbprint, in lower case.
    Retired(String),
}

/// The names of one certificate's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    directory: PathBuf,
    name: String,
}

impl Layout {
    /// `None` if the name is not letters, digits, `_` and `-`.
    pub(super) fn new(directory: PathBuf, name: &str) -> Option<Self> {
        let is_fit = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        let fits = !name.is_empty() && name.chars().all(is_fit) && !name.starts_with('-');
        let directory =
            if directory.as_os_str().is_empty() { PathBuf::from(".") } else { directory };
        fits.then(|| Self { directory, name: name.to_owned() })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn path(&self, slot: &Slot, form: Form) -> PathBuf {
        let (name, extension) = (&self.name, form.extension());
        self.directory.join(match slot {
            Slot::Current => format!("{name}.{extension}"),
            Slot::Staged => format!("{name}.{NEXT}.{extension}"),
            Slot::Retired(short) => format!("{name}.{short}.{extension}"),
        })
    }

    /// What a file of the directory is, if it is one of this certificate's.
    pub(super) fn slot_of(&self, file: &str) -> Option<(Slot, Form)> {
        let rest = file.strip_prefix(&self.name)?.strip_prefix('.')?;
        match rest.split_once('.') {
            None => Some((Slot::Current, Form::from_extension(rest)?)),
            Some((NEXT, extension)) => Some((Slot::Staged, Form::from_extension(extension)?)),
            Some((short, extension)) => {
                let is_digit =
                    |letter: u8| letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter);
                let is_short = short.len() == SHORT && short.bytes().all(is_digit);
                is_short.then_some(())?;
                Some((Slot::Retired(short.to_owned()), Form::from_extension(extension)?))
            }
        }
    }

    /// Whether a file of the directory is one that was being written when the program ended.
    pub(super) fn is_partial(&self, file: &str) -> bool {
        let named = file.strip_prefix('.').and_then(|rest| rest.strip_prefix(&self.name));
        named.is_some_and(|rest| rest.starts_with('.') && rest.ends_with(PARTIAL))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    fn layout() -> Layout {
        Layout::new(PathBuf::from("certificates"), "app").unwrap()
    }

    #[test]
    fn every_file_is_known_by_its_name_again() {
        let layout = layout();
        for slot in [Slot::Current, Slot::Staged, Slot::Retired("3f2a9c01".to_owned())] {
            for form in Form::ALL {
                let path = layout.path(&slot, form);
                let file = path.file_name().unwrap().to_str().unwrap();
                assert_eq!(layout.slot_of(file), Some((slot.clone(), form)), "{file}");
            }
        }
    }

    #[test]
    fn files_of_other_certificates_are_left_alone() {
        for file in ["apps.pem", "app.txt", "app.3f2a9c0.pem", "app.3F2A9C01.pem", "app", "pem"] {
            assert_eq!(layout().slot_of(file), None, "{file}");
        }
        assert!(layout().is_partial(".app.pem.x7.partial"));
        assert!(!layout().is_partial(".apps.pem.x7.partial"));
    }

    #[test]
    fn a_name_that_could_leave_the_directory_is_none() {
        for name in ["", "..", "a/b", "a.b", "a b", "-a", "ä"] {
            assert_eq!(Layout::new(PathBuf::new(), name), None, "{name}");
        }
    }
}
