//! How a plan is shown: the flags that every command with a plan takes, and the view that they ask
//! for.

use std::io::{self, Write};

use clap::ValueEnum;

use super::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::plan::{Plan, PlanDocument};
use crate::render::{Detail, Provenance, TextOptions, write_html, write_markdown, write_plan};
use crate::resource::PlanDigest;

/// The flags.
#[derive(Debug, clap::Args)]
pub(super) struct View {
    /// How to print the plan
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// List every mailbox by name
    #[arg(long)]
    full: bool,
    /// Only what is taken away, and counts by kind, policy and mailbox type
    #[arg(long, conflicts_with = "full")]
    summary: bool,
    /// Show so many unchanged values before and after each changed one in a list [default: 0]
    #[arg(long, value_name = "NUMBER", conflicts_with = "summary")]
    context: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// The whole plan, one document
    Json,
    /// For a comment on a pull request: at most 65,536 characters
    Markdown,
    /// One page for a browser, with search, that needs nothing else
    Html,
}

impl View {
    /// Whether the plan is printed for people at a terminal.
    pub(super) fn is_text(&self) -> bool {
        self.format == Format::Text
    }

    /// Whether everything is to be listed.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Whether a run is to be told as JSON; an error where it is asked for in a form that only plans
    /// have.
    pub(super) fn of_run(&self) -> Result<bool, Box<Diagnostic>> {
        let flag = match (self.format, self.summary, self.context) {
            (Format::Markdown, ..) => "--format markdown",
            (Format::Html, ..) => "--format html",
            (_, true, _) => "--summary",
            (_, _, Some(_)) => "--context",
            _ => return Ok(self.format == Format::Json),
        };
        let summary = format!("`{flag}` is for plans, and this is a run");
        let finding = Diagnostic::error("view", summary);
        Err(Box::new(finding.help("leave it out, or use `--format json`")))
    }

    /// What is wrong with flags that each are right.
    pub(super) fn misuse(&self) -> Option<Diagnostic> {
        let flag = match (self.summary, self.context) {
            (true, _) => "--summary",
            (_, Some(_)) => "--context",
            _ => return None,
        };
        let format = match self.format {
            Format::Text | Format::Markdown => return None,
            Format::Json => "json",
            Format::Html => "html",
        };
        let summary = format!("`{flag}` does not go with `--format {format}`");
        Some(
            Diagnostic::error("view", summary)
                .note("that format always holds the whole plan")
                .help(format!("leave `{flag}` out, or use `--format text` or `--format markdown`")),
        )
    }

    /// Writes the plan to standard output, as the flags say.
    pub(super) fn write(
        &self,
        terminal: Terminal,
        plan: &Plan,
        provenance: &Provenance,
        digest: Option<PlanDigest>,
    ) -> io::Result<()> {
        let detail = match (self.full, self.summary) {
            (true, _) => Detail::Full,
            (_, true) => Detail::Summary,
            _ => Detail::Groups,
        };
        let context = self.context.unwrap_or_default().into();
        let options = TextOptions {
            detail,
            context,
            width: Terminal::result_width(),
            ..TextOptions::default()
        };
        terminal.result(|out| match self.format {
            Format::Text => write_plan(out, plan, provenance, options),
            Format::Json => write_json(out, plan, digest),
            Format::Markdown => write_markdown(out, plan, provenance, options),
            Format::Html => write_html(out, plan, provenance),
        })
    }
}

fn write_json(out: &mut dyn Write, plan: &Plan, digest: Option<PlanDigest>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &PlanDocument { plan, digest })?;
    writeln!(out)
}
