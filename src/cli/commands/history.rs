//! `auditform history`: the runs from here, and all that they have done to one object. Makes no call.

use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::ValueEnum;
use uuid::Uuid;

use super::show::beside;
use crate::cli::exit::Exit;
use crate::cli::session::{show, unwritten};
use crate::cli::terminal::Terminal;
use crate::diagnostic::Sources;
use crate::ops::{self, ObjectRun, Ports, Stopped};
use crate::plan::{Change, is_wanted};
use crate::render::{write_history, write_object_run, write_object_run_json, write_past_run_json};
use crate::state::{Selection, Target, TargetError};

/// List the runs from here, the latest first, or all that was done to one object
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A directory that holds `auditform.toml`, or a spec file
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Only what was done to this: a mailbox by its user principal name or its Guid, or any address or
    /// pattern as `--target` takes it
    ///
    /// Each run tells the change with its values before and after, what became of it, and each request
    /// with its ids and times. A Guid finds a mailbox under whatever name it had.
    #[arg(long, value_name = "ADDRESS", value_parser = str::parse::<Sought>)]
    address: Option<Sought>,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object on each line, one for each run
    Json,
}

/// What is asked for.
#[derive(Debug, Clone)]
enum Sought {
    Guid(Uuid),
    Named(Box<Selection>),
}

impl FromStr for Sought {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if let Ok(guid) = text.parse() {
            return Ok(Self::Guid(guid));
        }
        // No kind and no name has this sign, and every user principal name has.
        let is_name = text.contains('@') && !text.contains("[\"");
        let target: Target = if is_name {
            let key = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("mailbox_audit.*[\"{key}\"]").parse()?
        } else {
            text.parse()?
        };
        Ok(Self::Named(Box::new(Selection::new(vec![target], Vec::new()))))
    }
}

impl Sought {
    fn is(&self, change: &Change<'_>) -> bool {
        match self {
            Self::Guid(guid) => change.guid() == Some(*guid),
            Self::Named(selection) => is_wanted(selection, change),
        }
    }
}

/// Why there is no history to show.
enum Left {
    Stopped(Stopped),
    Unwritten(io::Error),
}

impl From<io::Error> for Left {
    fn from(error: io::Error) -> Self {
        Self::Unwritten(error)
    }
}

impl From<Stopped> for Left {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

pub(in crate::cli) fn run(arguments: &Arguments, terminal: Terminal, ports: &Ports) -> Exit {
    let directory = beside(&arguments.path);
    let done = match &arguments.address {
        None => listed(directory, arguments.format, terminal, ports),
        Some(sought) => told(directory, sought, arguments.format, terminal),
    };
    match done {
        Ok(()) => Exit::Done,
        Err(Left::Stopped(stopped)) => show(&stopped, &Sources::default(), terminal),
        Err(Left::Unwritten(error)) => unwritten(&error, terminal),
    }
}

fn listed(directory: &Path, format: Format, terminal: Terminal, ports: &Ports) -> Result<(), Left> {
    let mut runs = ops::history(directory, ports.now())?;
    Ok(terminal.result(|out| match format {
        Format::Text => write_history(out, runs),
        Format::Json => runs.try_for_each(|run| write_past_run_json(out, &run)),
    })?)
}

/// A history with a gap is none, so it is written aside until the last journal was read.
fn told(directory: &Path, sought: &Sought, format: Format, terminal: Terminal) -> Result<(), Left> {
    let mut aside = tempfile::SpooledTempFile::new(1 << 20);
    let is_sought = |change: &Change<'_>| sought.is(change);
    let mut count = 0_u64;
    for object_run in ops::history_of(directory, &is_sought)? {
        let ObjectRun { run, plan, report, records } = object_run?;
        match format {
            Format::Text => {
                if count > 0 {
                    writeln!(aside)?;
                }
                write_object_run(&mut aside, &run, &plan, &report, &records)?;
            }
            Format::Json => write_object_run_json(&mut aside, &run, &plan, &report, &records)?,
        }
        count += 1;
    }
    if count == 0 && format == Format::Text {
        writeln!(aside, "No run from here was about it.")?;
    }
    aside.rewind()?;
    Ok(terminal.result(|out| io::copy(&mut aside, out).map(|_| ()))?)
}
