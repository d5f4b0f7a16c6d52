//! `auditform fmt`: lays out specs alike, and changes nothing else in them.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::cli::session::unwritten;
use crate::cli::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::ops::{Layout, LoadError, layout, layout_of_text};
use crate::render::write_text_diff;

/// The path that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// Lay out specs alike: spaces, line breaks, trailing commas. Comments and order stay
///
/// Writes each file that changes and prints its name. A file that is not TOML is left as it is.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Directories that hold `auditform.toml`, spec files, or `-` for standard input to standard
    /// output
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Write nothing; end with 1 if a file is not laid out so, and name it
    #[arg(long)]
    check: bool,
    /// Write nothing; print what would change
    #[arg(long)]
    diff: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, terminal: Terminal) -> Exit {
    let mut exit = Exit::Done;
    for path in &arguments.paths {
        let one = if path == Path::new(STANDARD_INPUT) {
            standard_input(arguments, terminal)
        } else {
            file(arguments, path, terminal)
        };
        if one != Exit::Done {
            exit = one;
        }
    }
    exit
}

fn file(arguments: &Arguments, path: &Path, terminal: Terminal) -> Exit {
    let layout = match layout(path) {
        Ok(layout) => layout,
        Err(error) => return refused(&error, terminal),
    };
    if arguments.check || arguments.diff {
        return compared(arguments, &layout, terminal);
    }
    if layout.is_kept() {
        return Exit::Done;
    }
    if let Err(finding) = layout.write() {
        terminal.finding(*finding);
        return Exit::Error;
    }
    let named = terminal.result(|out| writeln!(out, "{}", layout.name));
    named.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}

fn standard_input(arguments: &Arguments, terminal: Terminal) -> Exit {
    let mut text = String::new();
    if let Err(error) = io::stdin().lock().read_to_string(&mut text) {
        let summary = format!("standard input cannot be read: {error}");
        terminal.finding(Diagnostic::error("unreadable-file", summary));
        return Exit::Error;
    }
    let layout = match layout_of_text("standard input", text) {
        Ok(layout) => layout,
        Err(error) => return refused(&error, terminal),
    };
    if arguments.check || arguments.diff {
        return compared(arguments, &layout, terminal);
    }
    let written = terminal.result(|out| out.write_all(layout.after.as_bytes()));
    written.map_or_else(|error| unwritten(&error, terminal), |()| Exit::Done)
}

/// Says how a text differs from its layout, and changes nothing.
fn compared(arguments: &Arguments, layout: &Layout, terminal: Terminal) -> Exit {
    if layout.is_kept() {
        return Exit::Done;
    }
    let Layout { name, before, after, .. } = layout;
    let written = terminal.result(|out| {
        if arguments.diff {
            write_text_diff(out, name, before, after)
        } else {
            writeln!(out, "{name}")
        }
    });
    match written {
        Err(error) => unwritten(&error, terminal),
        Ok(()) if arguments.check => Exit::Error,
        Ok(()) => Exit::Done,
    }
}

fn refused(error: &LoadError, terminal: Terminal) -> Exit {
    terminal.diagnostics(&error.sources, &error.diagnostics);
    Exit::Error
}
