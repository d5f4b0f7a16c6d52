//! Where things stand in the files of a spec. Each file is given a stretch of one long line of
//! numbers, as if the files were written one after another, so that a parsed tree may be put together
//! from several files and each of its values still says where it is. A number goes in; file, place
//! and line come out.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, FileId, Label, SourceFile, Span};

/// The files by the numbers at which they begin.
#[derive(Debug, Default)]
pub(super) struct Places {
    files: Vec<File>,
    end: usize,
}

#[derive(Debug)]
struct File {
    id: FileId,
    start: usize,
    /// Where each line ends, counted from the beginning of the file.
    newlines: Vec<usize>,
    /// As it is shown.
    path: String,
    directory: PathBuf,
}

impl Places {
    /// Takes a file in and says where it begins.
    pub(super) fn open(&mut self, id: FileId, file: &SourceFile, directory: PathBuf) -> usize {
        let (start, text) = (self.end, file.text.as_str());
        let newlines = text.match_indices('\n').map(|(at, _)| at).collect();
        self.files.push(File { id, start, newlines, path: file.path.clone(), directory });
        // One number more than there are bytes, so that the end of a file is its own too.
        self.end += text.len() + 1;
        start
    }

    /// The place that a range of numbers stands for.
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        let after = self.files.partition_point(|file| file.start <= range.start);
        match after.checked_sub(1).and_then(|at| self.files.get(at)) {
            Some(file) => Span::new(file.id, &(range.start - file.start..range.end - file.start)),
            None => Span::new(FileId::default(), range),
        }
    }

    fn file(&self, id: FileId) -> Option<&File> {
        self.files.iter().find(|file| file.id == id)
    }

    /// The directory of a file.
    pub(super) fn directory(&self, id: FileId) -> &Path {
        self.file(id).map_or(Path::new(""), |file| &file.directory)
    }

    /// Whether two places share a line.
    pub(super) fn share_a_line(&self, one: Span, other: Span) -> bool {
        let lines = |span: Span| {
            let line = |at| self.lines_before(span.file, at);
            line(span.start)..=line(span.end)
        };
        if one.file != other.file {
            return false;
        }
        let (one, other) = (lines(one), lines(other));
        one.start() <= other.end() && other.start() <= one.end()
    }

    fn lines_before(&self, id: FileId, at: u32) -> usize {
        let newlines = self.file(id).map_or(&[][..], |file| &file.newlines);
        newlines.partition_point(|newline| *newline < at as usize)
    }

    /// A finding without the lines of `hidden` places.
    pub(super) fn without_lines(&self, hidden: &[Span], mut finding: Diagnostic) -> Diagnostic {
        let is_hidden = |place: Span| hidden.iter().any(|one| self.share_a_line(*one, place));
        let Some(first) = finding.labels.first().map(|label| label.span) else { return finding };
        // Lines between two labels of a file are shown as well, so all must be fit to be seen.
        let may_be_seen = |run: &[Label]| {
            let around = run.iter().map(|label| label.span).reduce(|all, span| Span {
                start: all.start.min(span.start),
                end: all.end.max(span.end),
                ..all
            });
            around.is_none_or(|around| !is_hidden(around))
        };
        let runs = finding.labels.chunk_by(|one, next| one.span.file == next.span.file);
        let mut shown = Vec::new();
        for (place, run) in runs.enumerate() {
            if may_be_seen(run) {
                shown.extend_from_slice(run);
            } else if place == 0 && !is_hidden(first) {
                shown.extend(run.first().cloned());
            }
        }
        finding.labels = shown;
        if is_hidden(first) {
            finding.labels.clear();
            let line = self.lines_before(first.file, first.start) + 1;
            let file = match self.file(first.file) {
                Some(file) if file.start > 0 => format!(" of `{}`", file.path),
                _ => String::new(),
            };
            finding.notes.push(format!("line {line}{file} is not shown, as it may hold a secret"));
        }
        finding
    }
}
