//! The event stream of a command: `--json` to standard output, `--json-into` to a file. Opened before
//! anything is read, ended with the exit code. A reader that went away, or a disk that is full, stops
//! the stream and never the command.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::exit::Exit;
use super::outputs::Output;
use super::terminal::Terminal;
use crate::apply::{Event, Observer};
use crate::client::Clock;
use crate::diagnostic::Diagnostic;
use crate::ops::{Ports, ReadObserver, Stopped};
use crate::render::{CommandEvent, CommandName, Outcome, Progress, write_event};

/// Where a command's events go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Destination<'a> {
    /// `--json`.
    pub(super) stdout: bool,
    /// `--json-into`.
    pub(super) file: Option<&'a Path>,
    /// What the command reads or writes besides, which the stream must not overwrite.
    pub(super) taken: &'a [&'a Path],
}

/// The stream; nothing at all where none is asked for.
pub(super) struct Events {
    out: Mutex<Out>,
    clock: Clock,
    is_result: bool,
}

struct Out {
    /// `None` where nobody listens, or no more.
    writer: Option<Box<dyn Write + Send>>,
    /// Why the stream is not whole, where that is not the reader's own doing.
    error: Option<io::Error>,
}

impl Events {
    /// Opens the stream and writes its first event.
    pub(super) fn open(
        command: CommandName,
        destination: Destination<'_>,
        ports: &Ports,
    ) -> Result<Self, Stopped> {
        let writer: Option<Box<dyn Write + Send>> = match destination.file {
            Some(path) => Some(Box::new(file(path, destination.taken)?)),
            None if destination.stdout => Some(Box::new(io::stdout())),
            None => None,
        };
        let events = Self {
            out: Mutex::new(Out { writer, error: None }),
            clock: ports.clock.clone(),
            is_result: destination.stdout,
        };
        events.tell(&CommandEvent::opening(command));
        match (events.error(), destination.file) {
            (None, _) => Ok(events),
            (Some(error), Some(path)) => Err(unwritable(path, &error)),
            (Some(error), None) => Err(Stopped::error(unwritten(&error).note("no call was made"))),
        }
    }

    /// Whether the stream stands on standard output in the place of everything else.
    pub(super) fn is_result(&self) -> bool {
        self.is_result
    }

    /// Whether somebody listens.
    pub(super) fn is_open(&self) -> bool {
        self.out.lock().unwrap_or_else(PoisonError::into_inner).writer.is_some()
    }

    /// Writes one event.
    pub(super) fn tell(&self, event: &CommandEvent) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(writer) = &mut out.writer else { return };
        if let Err(error) = write_event(writer, (self.clock)(), event) {
            out.writer = None;
            out.error = Some(error).filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
        }
    }

    /// Writes the last event; the code that the command ends with.
    pub(super) fn end(&self, exit: Exit, terminal: Terminal<'_>) -> Exit {
        self.tell_outcome(exit);
        let Some(error) = self.error() else { return exit };
        terminal.finding(unwritten(&error).note("the stream ends there; the command went on"));
        exit.with_output_lost()
    }

    fn tell_outcome(&self, exit: Exit) {
        let outcome = exit.name().to_owned();
        self.tell(&CommandEvent::Outcome(Outcome { exit_code: exit as u8, outcome }));
        self.out.lock().unwrap_or_else(PoisonError::into_inner).writer = None;
    }

    fn error(&self) -> Option<io::Error> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner).error.take()
    }
}

impl Drop for Events {
    /// A command that is dropped before its end was interrupted.
    fn drop(&mut self) {
        self.tell_outcome(Exit::Interrupted);
    }
}

/// A file of the stream's own, readable by its owner alone, as plans are.
fn file(path: &Path, taken: &[&Path]) -> Result<impl Write + Send + use<>, Stopped> {
    Output { what: "the events", flag: "--json-into", path }.spares(taken)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> Stopped {
    let summary = format!("the file of events `{}` cannot be written: {error}", path.display());
    Stopped::error(
        Diagnostic::error("unwritable-file", summary)
            .note("no call was made")
            .help("name a file that can be written with `--json-into`"),
    )
}

fn unwritten(error: &io::Error) -> Diagnostic {
    let summary = format!("the events cannot be written: {error}");
    Diagnostic::error("unwritable-output", summary)
}

/// Mailboxes between two events of a reading.
const READING_STEP: u64 = 10_000;

/// Shows how far reading or applying has come: to people, and to the stream.
pub(super) struct Watch<'e> {
    progress: Progress,
    events: Option<&'e Events>,
    read: u64,
    told: u64,
}

impl<'e> Watch<'e> {
    pub(super) fn new(progress: Progress, events: Option<&'e Events>) -> Self {
        Self { progress, events, read: 0, told: 0 }
    }

    fn tell_reading(&mut self) {
        self.told = self.read;
        if let Some(events) = self.events {
            events.tell(&CommandEvent::ReadProgress { mailboxes: self.read });
        }
    }
}

impl ReadObserver for Watch<'_> {
    fn reading(&mut self, mailboxes: u64) {
        self.progress.reading(mailboxes);
        self.read = mailboxes;
        if mailboxes >= self.told + READING_STEP {
            self.tell_reading();
        }
    }

    fn reading_ended(&mut self) {
        self.progress.reading_ended();
        if self.read != self.told {
            self.tell_reading();
        }
        (self.read, self.told) = (0, 0);
    }
}

impl Observer for Watch<'_> {
    fn event(&mut self, event: Event<'_>) {
        self.progress.event(event);
        if let Some(events) = self.events.filter(|events| events.is_open())
            && let Some(event) = CommandEvent::of(event)
        {
            events.tell(&event);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;

    /// Fails in this way once so many lines were written.
    struct Breaking {
        left: usize,
        how: io::ErrorKind,
    }

    impl Write for Breaking {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.left = self.left.checked_sub(1).ok_or(self.how)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// How a command ends that came to `exit`, when its stream broke in this way after one line.
    fn ending(how: io::ErrorKind, exit: Exit) -> Exit {
        let writer: Box<dyn Write + Send> = Box::new(Breaking { left: 1, how });
        let events = Events {
            out: Mutex::new(Out { writer: Some(writer), error: None }),
            clock: Arc::new(|| Timestamp::UNIX_EPOCH),
            is_result: false,
        };
        events.tell(&CommandEvent::ReadStarted {});
        assert!(events.is_open());
        events.tell(&CommandEvent::ReadStarted {});
        assert!(!events.is_open(), "nothing more is written after a gap");
        events.end(exit, Terminal { no_color: true, quiet: true, events: None, reports: None })
    }

    #[test]
    fn a_stream_that_broke_is_told_by_the_code_only_where_that_would_say_that_all_is_well() {
        let full = io::ErrorKind::StorageFull;
        assert_eq!(ending(full, Exit::Done), Exit::Error);
        assert_eq!(ending(full, Exit::ChangesPresent), Exit::Error);
        assert_eq!(ending(full, Exit::Partly), Exit::Partly);
        assert_eq!(ending(io::ErrorKind::BrokenPipe, Exit::Done), Exit::Done);
    }
}
