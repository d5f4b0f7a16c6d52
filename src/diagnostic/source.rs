//! The user's files as read, and byte spans into them. A span carries the id of its file, so that
//! a finding in an included file points to that file.

use std::ops::Range;

/// Which of the read files a [`Span`] belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(pub u16);

/// A range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span of `range` in `file`. Files over 4 GiB are refused when they are read.
    #[must_use]
    pub fn new(file: FileId, range: &Range<usize>) -> Self {
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { file, start: byte(range.start), end: byte(range.end) }
    }

    /// The bytes as a range.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A file as it was read.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The path as the user would write it, for messages.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

/// Every file that takes part, by [`FileId`].
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Keeps a file and says under which id.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(u16::try_from(self.files.len()).unwrap_or(u16::MAX));
        self.files.push(SourceFile { path: path.into(), text: text.into() });
        id
    }

    /// The file of an id, if there is one.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(usize::from(id.0))
    }

    /// `path:line` of a span, for messages that name a place without quoting it.
    pub fn place(&self, span: Span) -> String {
        self.get(span.file).map_or_else(String::new, |file| {
            let before = file.text.get(..span.start as usize).unwrap_or(&file.text);
            let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            format!("{}:{line}", file.path)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_path_and_the_line_counted_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("auditform.toml", "version = 1\n[tenant]\n");
        assert_eq!(sources.place(Span::new(file, &(0..7))), "auditform.toml:1");
        assert_eq!(sources.place(Span::new(file, &(12..20))), "auditform.toml:2");
    }
}
