//! `--target`, `--exclude` and `--target-file`: the part of a plan that is wanted.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};
use crate::state::{Selection, Target};

/// A million addresses fit.
const LONGEST: u64 = 128 << 20;

/// The flags.
#[derive(Debug, Default, clap::Args)]
pub(super) struct SelectionArguments {
    /// Plan only this, and what it needs; may be given several times
    ///
    /// An address such as `application.audit`, `mailbox_audit.people` or
    /// `mailbox_audit.people["ada@contoso.com"]`, or a pattern of them: `*` any text, `?` one
    /// character, `{a,b}` either. What the plan leaves out is counted and shown.
    #[arg(long = "target", value_name = "ADDRESS", value_parser = str::parse::<Target>)]
    targets: Vec<Target>,
    /// Leave this out, and what needs it; may be given several times
    #[arg(long = "exclude", value_name = "ADDRESS", value_parser = str::parse::<Target>)]
    excludes: Vec<Target>,
    /// Plan only what this file names: an address on each line, `#` begins a comment, `-` is standard
    /// input
    #[arg(long = "target-file", value_name = "FILE")]
    target_files: Vec<PathBuf>,
}

impl SelectionArguments {
    /// Whether none of them was given.
    pub(super) fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.excludes.is_empty() && self.target_files.is_empty()
    }

    /// The files that are read.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.target_files.iter().map(PathBuf::as_path)
    }

    /// What they ask for. What is wrong is shown.
    pub(super) fn selection(&self, terminal: Terminal) -> Result<Selection, Exit> {
        let mut targets = self.targets.clone();
        for path in &self.target_files {
            let text = text_of(path).map_err(|finding| {
                terminal.finding(*finding);
                Exit::Error
            })?;
            targets.extend(targets_of(path, &text, terminal)?);
        }
        let is_excluded =
            |target: &&Target| self.excludes.iter().any(|exclude| exclude.text() == target.text());
        if let Some(both) = targets.iter().find(is_excluded) {
            let summary = format!("`{}` is wanted and left out at once", both.text());
            let help = "leave out either `--target` or `--exclude` for it";
            terminal.finding(Diagnostic::error("contradicting-targets", summary).help(help));
            return Err(Exit::Usage);
        }
        Ok(Selection::new(targets, self.excludes.clone()))
    }
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

fn text_of(path: &Path) -> Result<String, Box<Diagnostic>> {
    let finding = |reason: &dyn std::fmt::Display| {
        let summary = format!("{} cannot be read: {reason}", shown(path));
        Box::new(Diagnostic::error("unreadable-file", summary))
    };
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| finding(&error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(finding(&"it is larger than 128 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| finding(&"it is not UTF-8 text"))
}

/// The addresses in a file. All lines that are none are shown.
fn targets_of(path: &Path, text: &str, terminal: Terminal) -> Result<Vec<Target>, Exit> {
    let mut sources = Sources::default();
    let name = shown(path);
    let file = sources.add(name.clone(), text);
    let mut wrong = Diagnostics::default();
    let mut targets = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let address = uncommented(line).trim();
        let at = start + (line.len() - line.trim_start().len());
        start += line.len();
        if address.is_empty() {
            continue;
        }
        match address.parse::<Target>() {
            Ok(target) => targets.push(target),
            Err(error) => {
                let span = Span::new(file, &(at..at + address.len()));
                wrong.push(Diagnostic::error("invalid-target", error.to_string()).at(span, ""));
            }
        }
    }
    if wrong.has_errors() {
        terminal.diagnostics(&sources, &wrong);
        return Err(Exit::Usage);
    }
    if targets.is_empty() {
        let summary = format!("{name} names nothing");
        terminal.finding(
            Diagnostic::error("empty-target-file", summary)
                .note("without a target everything would be planned")
                .help("write an address on each line, or leave `--target-file` out"),
        );
        return Err(Exit::Usage);
    }
    Ok(targets)
}

/// A line without its comment, which begins with `#` at its start or after a space: names of accounts
/// may hold one.
fn uncommented(line: &str) -> &str {
    let is_comment =
        |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices('#').find(is_comment).map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_begins_at_the_start_or_after_a_space() {
        assert_eq!(uncommented("organization # why"), "organization ");
        assert_eq!(uncommented("# all of it"), "");
        let name = "mailbox_audit.x[\"bob#ext#@contoso.com\"]";
        assert_eq!(uncommented(name), name);
    }
}
