//! The command-line reference as Markdown, made from the same definitions that `--help` prints, so
//! that the page in `docs/` cannot say anything else.

use std::fmt::Write as _;

use clap::{Command, CommandFactory};

use super::Arguments;

/// The whole reference: one section for each command.
pub fn markdown() -> String {
    let mut text = String::from("# Command-line reference\n\nMade from the program's own help.\n");
    let mut command = Arguments::command().term_width(96).color(clap::ColorChoice::Never);
    command.build();
    sections(&mut text, &command, "auditform");
    text
}

/// A command's own section, then those of its subcommands.
fn sections(text: &mut String, command: &Command, name: &str) {
    let help = command.clone().render_long_help().to_string();
    let lines: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n"));
    for subcommand in command.get_subcommands().filter(|each| each.get_name() != "help") {
        sections(text, subcommand, &format!("{name} {}", subcommand.get_name()));
    }
}
