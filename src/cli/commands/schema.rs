//! `auditform schema`: the published JSON Schemas, for editors and for programs that read documents.

use clap::ValueEnum;

use crate::cli::exit::Exit;
use crate::cli::session::unwritten;
use crate::cli::terminal::Terminal;
use crate::journal::journal_schema;
use crate::plan::plan_schema;
use crate::render;
use crate::spec;

/// Print a published JSON Schema, for editors and for programs that read documents
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// What the schema is of
    #[arg(value_enum, default_value_t = Document::Spec)]
    document: Document,
}

/// What has a published schema; `schemas/` holds each, and a test compares them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Document {
    /// The file `auditform.toml` (draft-07, which the TOML tools of editors read)
    Spec,
    /// What `plan --format json` prints
    Plan,
    /// A line of what `plan --json` and `apply --json` print
    Events,
    /// A line of the journal of an apply
    Journal,
}

impl Document {
    /// The file below `schemas/`.
    fn file(self) -> &'static str {
        match self {
            Self::Spec => "spec.schema.json",
            Self::Plan => "plan.schema.json",
            Self::Events => "events.schema.json",
            Self::Journal => "journal.schema.json",
        }
    }

    fn text(self) -> String {
        match self {
            Self::Spec => spec::schema_text(),
            Self::Plan => plan_schema(),
            Self::Events => render::events_schema(),
            Self::Journal => journal_schema(),
        }
    }
}

/// Every published schema: the name of its file below `schemas/`, and its text.
pub fn schemas() -> Vec<(&'static str, String)> {
    Document::value_variants().iter().map(|one| (one.file(), one.text())).collect()
}

pub(in crate::cli) fn run(arguments: &Arguments, terminal: Terminal) -> Exit {
    let text = arguments.document.text();
    let written = terminal.result(|out| out.write_all(text.as_bytes()));
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}
