//! The user's files as read, and byte spans into them. A span carries the id of its file, so that
//! a finding in an included file points to that file. What is known of a value beyond its text, as
//! where a variable got it from, is kept beside as a remark.

use std::ops::Range;

use super::Diagnostic;

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

    /// Whether the two have a byte in common.
    #[must_use]
    pub fn touches(self, other: Self) -> bool {
        self.file == other.file && self.start < other.end && other.start < self.end
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

/// What is to be said of a value wherever it plays a part in a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The value.
    pub value: Span,
    /// The keys that it stands under, from the outermost on its lines.
    pub keys: Vec<Span>,
    /// One sentence.
    pub text: String,
}

impl Remark {
    /// Whether a finding is about the value.
    pub fn is_about(&self, finding: &Diagnostic) -> bool {
        let mut places = finding.labels.iter().map(|label| label.span);
        places.any(|place| place.touches(self.value) || self.keys.contains(&place))
    }
}

/// Every file that takes part, by [`FileId`].
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    remarks: Vec<Remark>,
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

    /// Keeps what is to be said of values in the files.
    pub fn remark(&mut self, remarks: impl IntoIterator<Item = Remark>) {
        self.remarks.extend(remarks);
    }

    /// What is to be said with a finding beyond its own notes.
    pub fn remarks_on<'s>(&'s self, finding: &'s Diagnostic) -> impl Iterator<Item = &'s str> {
        let about = self.remarks.iter().filter(|remark| remark.is_about(finding));
        about.map(|remark| remark.text.as_str()).filter(|text| {
            let is_known = |note: &String| note == text;
            !finding.notes.iter().any(is_known)
        })
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
