//! `--report FORMAT=FILE`: the findings of a command as files. Each file is begun beside its place
//! before anything is done, so that one that cannot be written is told at once, and appears whole at
//! the end.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

use super::exit::Exit;
use super::outputs::Output;
use super::session::show;
use super::terminal::Terminal;
use crate::diagnostic::{Diagnostic, Sources};
use crate::ops::{SPEC_FILE, Stopped, directory_of};
use crate::render::{Finding, FindingSuite, ReportFormat, write_findings};

/// The flag.
#[derive(Debug, clap::Args)]
pub(super) struct ReportArguments {
    /// Write the findings to a file, as `junit=FILE` or `sarif=FILE`; may be repeated
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = parse)]
    reports: Vec<(ReportFormat, PathBuf)>,
}

fn parse(text: &str) -> Result<(ReportFormat, PathBuf), String> {
    match text.split_once('=') {
        Some(("junit", file)) if !file.is_empty() => Ok((ReportFormat::Junit, file.into())),
        Some(("sarif", file)) if !file.is_empty() => Ok((ReportFormat::Sarif, file.into())),
        _ => Err("a report is `junit=FILE` or `sarif=FILE`".to_owned()),
    }
}

/// The reports of one command.
pub(super) struct Reports {
    command: &'static str,
    files: Vec<Begun>,
    directory: PathBuf,
    suites: Mutex<Vec<FindingSuite>>,
}

struct Begun {
    format: ReportFormat,
    path: PathBuf,
    file: NamedTempFile,
}

impl Reports {
    /// Begins every file. None may be one of the others, nor `taken` for anything else.
    pub(super) fn begin(
        command: &'static str,
        arguments: &ReportArguments,
        taken: &[&Path],
    ) -> Result<Self, Stopped> {
        let mut taken = taken.to_vec();
        for (_, path) in &arguments.reports {
            Output { what: "the report", flag: "--report", path }.spares(&taken)?;
            taken.push(path);
        }
        let begin = |(format, path): &(ReportFormat, PathBuf)| {
            if path.is_dir() {
                return Err(unwritable(path, &io::Error::from(io::ErrorKind::IsADirectory)));
            }
            let file = NamedTempFile::new_in(directory_of(path));
            let file = file.map_err(|error| unwritable(path, &error))?;
            Ok(Begun { format: *format, path: path.clone(), file })
        };
        let files = arguments.reports.iter().map(begin).collect::<Result<_, _>>()?;
        let directory = std::env::current_dir().unwrap_or_default();
        Ok(Self { command, files, directory, suites: Mutex::default() })
    }

    /// What is found from now on is about this spec.
    pub(super) fn about(&self, spec: &Path) {
        let file = if spec.is_dir() { spec.join(SPEC_FILE) } else { spec.to_path_buf() };
        let name =
            self.seen_from_here(&file.strip_prefix(".").unwrap_or(&file).display().to_string());
        self.lock().push(FindingSuite { name, findings: Vec::new() });
    }

    /// Takes what was found.
    pub(super) fn take(&self, findings: impl IntoIterator<Item = Finding>) {
        if self.files.is_empty() {
            return;
        }
        let mut suites = self.lock();
        let Some(suite) = suites.last_mut() else { return };
        for mut finding in findings {
            for place in &mut finding.places {
                place.file = self.seen_from_here(&place.file);
            }
            suite.findings.push(finding);
        }
    }

    /// Writes every file; the code that the command ends with.
    pub(super) fn end(self, exit: Exit, terminal: Terminal<'_>) -> Exit {
        let Self { command, files, suites, .. } = self;
        let suites = suites.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut ends = exit;
        for Begun { format, path, file } in files {
            let mut out = BufWriter::new(file);
            let written = write_findings(&mut out, format, command, &suites, exit as u8)
                .and_then(|()| out.flush());
            let file = out.into_inner().map_err(io::IntoInnerError::into_error);
            let kept = written
                .and(file)
                .and_then(|file| file.persist(&path).map(|_| ()).map_err(|error| error.error));
            if let Err(error) = kept {
                show(&unwritable(&path, &error), &Sources::default(), terminal);
                ends = exit.with_output_lost();
            }
        }
        ends
    }

    /// A path as seen from where the command runs.
    fn seen_from_here(&self, path: &str) -> String {
        let inner = Path::new(path).strip_prefix(&self.directory);
        inner.map_or_else(|_| path.to_owned(), |inner| inner.display().to_string())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<FindingSuite>> {
        self.suites.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Stopped {
    let summary = format!("the report `{}` cannot be written: {error}", path.display());
    Stopped::error(
        Diagnostic::error("unwritable-file", summary)
            .help("name a file in a directory that can be written to"),
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

    use super::*;

    #[test]
    fn a_report_that_is_lost_is_told_by_the_code_only_where_that_would_say_that_all_is_well() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.xml");
        let ends = |exit: Exit| {
            let arguments = ReportArguments { reports: vec![(ReportFormat::Junit, path.clone())] };
            let Ok(reports) = Reports::begin("plan", &arguments, &[]) else { return Exit::Usage };
            // Somebody takes its place meanwhile.
            std::fs::create_dir(&path).unwrap();
            let terminal = Terminal { no_color: true, quiet: true, events: None, reports: None };
            let ends = reports.end(exit, terminal);
            std::fs::remove_dir(&path).unwrap();
            ends
        };
        assert_eq!(ends(Exit::Done), Exit::Error);
        assert_eq!(ends(Exit::ChangesPresent), Exit::Error);
        assert_eq!(ends(Exit::Refused), Exit::Refused);
    }
}
