//! Progress for people who wait: a bar with rate and time left on a terminal, a line now and then
//! elsewhere, nothing when quiet. Goes to standard error through indicatif, or through the writer
//! that the caller gives.

use std::fmt::Write as FmtWrite;
use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::apply::{Event, Observer};

/// Where progress goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nowhere.
    Quiet,
    /// A line now and then.
    Lines,
    /// A bar that redraws itself.
    Bar,
}

/// Shows how far reading or applying has come.
pub struct Progress {
    mode: Mode,
    lines: Box<dyn Write + Send>,
    bar: ProgressBar,
    done: u64,
    total: u64,
    next_line: u64,
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Progress").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// Mailboxes between two lines while reading.
const READING_STEP: u64 = 10_000;

impl Progress {
    /// Progress in a mode; `lines` takes the lines where there is no terminal.
    pub fn new(mode: Mode, lines: Box<dyn Write + Send>) -> Self {
        Self { mode, lines, bar: ProgressBar::hidden(), done: 0, total: 0, next_line: 0 }
    }

    /// So many mailboxes were read so far.
    pub fn reading(&mut self, mailboxes: u64) {
        match self.mode {
            Mode::Quiet => {}
            Mode::Lines => {
                if mailboxes >= self.next_line + READING_STEP {
                    self.next_line = mailboxes - mailboxes % READING_STEP;
                    self.line(&format!("read {mailboxes} mailboxes"));
                }
            }
            Mode::Bar => {
                if self.bar.is_hidden() || self.bar.is_finished() {
                    self.bar = spinner("{spinner} {msg} {pos} mailboxes ({rate}, {elapsed})");
                    self.bar.set_message("Reading the tenant:");
                }
                self.bar.set_position(mailboxes);
            }
        }
    }

    /// Reading is over, or starts again.
    pub fn reading_ended(&mut self) {
        self.next_line = 0;
        self.bar.finish_and_clear();
    }

    fn line(&mut self, text: &str) {
        // Progress that cannot be shown must not stop the work.
        let _ = writeln!(self.lines, "{text}");
    }

    fn step(&mut self) {
        self.done += 1;
        match self.mode {
            Mode::Bar => self.bar.inc(1),
            Mode::Lines if self.done >= self.next_line => {
                let (done, total) = (self.done, self.total);
                self.line(&format!("applied {done} of {total}"));
                self.next_line = done + (total / 10).max(1);
            }
            Mode::Lines | Mode::Quiet => {}
        }
    }

    /// A bar says it anew each second; lines are for every fifteenth.
    fn waiting(&mut self, address: &str, what: &str, seconds: u64) {
        let text = format!("{address}: waiting for {what}, {seconds} s");
        match self.mode {
            Mode::Bar => self.bar.set_message(text),
            Mode::Lines if seconds > 0 && seconds.is_multiple_of(15) => self.line(&text),
            Mode::Lines | Mode::Quiet => {}
        }
    }

    fn say(&mut self, text: &str) {
        match self.mode {
            Mode::Quiet => {}
            Mode::Lines => self.line(text),
            Mode::Bar => self.bar.println(text),
        }
    }
}

fn spinner(template: &str) -> ProgressBar {
    let bar = styled(None, template);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn bar(total: u64) -> ProgressBar {
    styled(Some(total), "{bar:30} {pos} of {len} ({rate}, {eta} left) {msg}")
}

fn styled(total: Option<u64>, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.with_key("rate", |state: &ProgressState, out: &mut dyn FmtWrite| {
            let _ = write!(out, "{:.0}/s", state.per_sec());
        }));
    }
    bar
}

impl Observer for Progress {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Started { steps } => {
                self.total = steps;
                self.done = 0;
                self.next_line = (steps / 10).max(1);
                if self.mode == Mode::Bar {
                    self.bar = bar(steps);
                }
            }
            Event::Begun { .. } | Event::Sent { .. } | Event::NotYet { .. } => {}
            // What is no write is not among those that are counted.
            Event::Done { step, .. } if step.write.is_none() => {}
            Event::Done { .. } => self.step(),
            Event::Failed { step, failure } => {
                let mut text = String::new();
                let _ = write!(text, "failed: {}: {failure}", step.address);
                self.say(&text);
                self.step();
            }
            Event::Waiting { address, what, seconds } => self.waiting(address, what, seconds),
            Event::Stopping { in_flight } => self.say(&format!(
                "stopping: no further request is sent, {in_flight} in flight are awaited \
                 (interrupt again to leave at once)"
            )),
            Event::Verifying { waiting } => {
                self.bar.finish_and_clear();
                self.next_line = 0;
                self.say(&format!("reading back what was written: {waiting} to confirm"));
            }
            Event::Finished => self.bar.finish_and_clear(),
        }
    }
}
