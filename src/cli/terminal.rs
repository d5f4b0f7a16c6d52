//! Standard output, standard error, colour and the question before an apply: the only place that
//! opens them. A reader that closed its end of a pipe is not an error.

use std::io::{self, BufRead, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

use super::events::{Events, Watch};
use super::reports::Reports;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::plan::Plan;
use crate::render::{self, CommandEvent, Finding, Mode, Progress, planned_changes};

/// Where a command's words go.
#[derive(Clone, Copy)]
pub(super) struct Terminal<'e> {
    pub(super) no_color: bool,
    pub(super) quiet: bool,
    /// What is told beside the words, for programs.
    pub(super) events: Option<&'e Events>,
    /// What is found is kept here too.
    pub(super) reports: Option<&'e Reports>,
}

impl<'e> Terminal<'e> {
    /// The same, telling all that happens to a stream.
    pub(super) fn with<'s>(self, events: &'s Events) -> Terminal<'s>
    where
        'e: 's,
    {
        Terminal { events: Some(events), ..self }
    }

    /// The same, keeping all that is found.
    pub(super) fn reporting<'s>(self, reports: &'s Reports) -> Terminal<'s>
    where
        'e: 's,
    {
        Terminal { reports: Some(reports), ..self }
    }

    /// The same without a stream, for those who outlive it.
    pub(super) fn alone(self) -> Terminal<'static> {
        let Self { no_color, quiet, .. } = self;
        Terminal { no_color, quiet, events: None, reports: None }
    }

    /// Tells what happens to the stream, where there is one.
    pub(super) fn happens(self, event: impl FnOnce() -> CommandEvent) {
        if let Some(events) = self.events.filter(|events| events.is_open()) {
            events.tell(&event());
        }
    }

    /// Tells a plan to the stream, change by change.
    pub(super) fn planned(self, plan: &Plan, digest: Option<String>, saved_as: Option<String>) {
        if let Some(events) = self.events.filter(|events| events.is_open()) {
            planned_changes(plan, digest, saved_as).for_each(|event| events.tell(&event));
        }
    }

    /// Whether standard output is for the stream alone.
    fn is_for_events(self) -> bool {
        self.events.is_some_and(Events::is_result)
    }

    /// Writes a result to standard output as a whole; nothing where the stream stands in its place.
    pub(super) fn result(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.is_for_events() {
            return Ok(());
        }
        let raw = io::stdout();
        let choice = self.choice(&raw);
        let mut out = io::BufWriter::with_capacity(1 << 16, AutoStream::new(raw.lock(), choice));
        match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Writes to standard error what is part of the talk with the user and no result.
    pub(super) fn talk(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let raw = io::stderr();
        let choice = self.choice(&raw);
        let mut out = io::BufWriter::new(AutoStream::new(raw.lock(), choice));
        write(&mut out).and_then(|()| out.flush())
    }

    /// Writes findings to standard error.
    pub(super) fn diagnostics(self, sources: &Sources, diagnostics: &Diagnostics) {
        for finding in diagnostics {
            self.happens(|| CommandEvent::Diagnostic(Finding::of(sources, finding)));
        }
        if let Some(reports) = self.reports {
            reports.take(diagnostics.iter().map(|finding| Finding::of(sources, finding)));
        }
        let shown = if self.quiet { errors(diagnostics) } else { diagnostics.clone() };
        if !shown.is_empty() {
            let text = render::diagnostics(sources, &shown, true);
            self.say(text.trim_end_matches('\n'));
        }
    }

    /// Writes one finding that has no place in a file.
    pub(super) fn finding(self, finding: Diagnostic) {
        self.diagnostics(&Sources::default(), &finding.into());
    }

    /// Writes a line to standard error.
    pub(super) fn say(self, text: &str) {
        let raw = io::stderr();
        let choice = self.choice(&raw);
        // Where standard error is gone, nobody can be told so.
        let _ = writeln!(AutoStream::new(raw.lock(), choice), "{text}");
    }

    /// A line for people, which quiet commands leave out. Where the stream stands on standard output,
    /// it stands there alone.
    pub(super) fn tell(self, text: &str) {
        self.happens(|| CommandEvent::Note { text: text.to_owned() });
        if !self.quiet && !self.is_for_events() {
            self.say(text);
        }
    }

    /// The columns of what [`Terminal::result`] writes to.
    pub(super) fn result_width() -> usize {
        columns(terminal_size::terminal_size_of(io::stdout()))
    }

    /// The columns of what [`Terminal::talk`] writes to.
    pub(super) fn talk_width() -> usize {
        columns(terminal_size::terminal_size_of(io::stderr()))
    }

    fn choice(self, stream: &impl anstream::stream::RawStream) -> ColorChoice {
        if self.no_color { ColorChoice::Never } else { AutoStream::choice(stream) }
    }

    /// Progress as this terminal shows it.
    pub(super) fn progress(self) -> Watch<'e> {
        let is_quiet = self.quiet || self.is_for_events();
        let mode = match (is_quiet, io::stderr().is_terminal()) {
            (true, _) => Mode::Quiet,
            (false, true) => Mode::Bar,
            (false, false) => Mode::Lines,
        };
        Watch::new(Progress::new(mode, Box::new(io::stderr())), self.events)
    }

    /// Whether there is somebody to ask.
    pub(super) fn can_ask() -> bool {
        io::stdin().is_terminal()
    }

    /// Asks for a passphrase, which is not shown while it is typed. Blocks until a line comes.
    pub(super) fn passphrase(self, key: &str) -> io::Result<String> {
        self.say(&format!("The key `{key}` is protected by a passphrase."));
        rpassword::prompt_password("Enter it: ")
    }

    /// Asks and takes a line. Blocks until it comes; none where there is nothing more to read.
    pub(super) fn ask(question: &str) -> Option<String> {
        let _ = write!(io::stderr().lock(), "{question}");
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer).ok()?;
        (read > 0).then(|| answer.trim().to_owned())
    }

    /// Asks for `yes`; anything else is a no. Blocks until a line comes.
    pub(super) fn confirm(self, question: &str) -> bool {
        self.say(&format!("\n{question} Only `yes` is accepted."));
        let raw = io::stderr();
        let _ = write!(raw.lock(), "Enter a value: ");
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim() == "yes"
    }
}

/// What `COLUMNS` says, as a shell or a pipeline sets it, or else how wide the terminal is.
fn columns(size: Option<(terminal_size::Width, terminal_size::Height)>) -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let seen = size.map(|(width, _)| usize::from(width.0));
    told.filter(|width| *width > 0).or(seen).unwrap_or(render::COLUMNS)
}

fn errors(diagnostics: &Diagnostics) -> Diagnostics {
    let mut errors = Diagnostics::default();
    for diagnostic in diagnostics {
        if diagnostic.severity == Severity::Error {
            errors.push(diagnostic.clone());
        }
    }
    errors
}
