//! The reference of the command line is the program's own help, and the page of exit codes has the
//! codes that the program gives. `SNAPSHOTS=overwrite` rewrites the former.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

use std::fs;
use std::path::Path;

use auditform::cli::{Exit, markdown};
use snapbox::{Data, assert_data_eq};

fn docs(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

#[test]
fn the_reference_is_the_help_of_every_command() {
    assert_data_eq!(markdown(), Data::read_from(&docs("cli-reference.md"), None).raw());
}

/// Every code; the compiler asks for a new one here.
pub(crate) fn exits() -> Vec<Exit> {
    let all = [
        Exit::Done,
        Exit::Error,
        Exit::ChangesPresent,
        Exit::Refused,
        Exit::NotApproved,
        Exit::Stale,
        Exit::Partly,
        Exit::ChecksFailed,
        Exit::StateUnknown,
        Exit::Pending,
        Exit::Locked,
        Exit::Unfinished,
        Exit::SecondPhase,
        Exit::Usage,
        Exit::Interrupted,
    ];
    let known = |exit: &Exit| match exit {
        Exit::Done
        | Exit::Error
        | Exit::ChangesPresent
        | Exit::Refused
        | Exit::NotApproved
        | Exit::Stale
        | Exit::Partly
        | Exit::ChecksFailed
        | Exit::StateUnknown
        | Exit::Pending
        | Exit::SecondPhase
        | Exit::Usage
        | Exit::Locked
        | Exit::Unfinished
        | Exit::Interrupted => true,
    };
    all.into_iter().filter(known).collect()
}

#[test]
fn the_help_ends_with_every_exit_code() {
    assert_eq!(Exit::ALL.to_vec(), exits());
    let text = markdown();
    let (_, table) = text.split_once("\nExit codes:\n").unwrap();
    let lines: Vec<&str> = table.split("\n```").next().unwrap().lines().collect();
    let expected = exits().into_iter().map(|exit| format!("  {:>3}  {}", exit as u8, exit.about()));
    assert_eq!(lines, expected.collect::<Vec<_>>());
}

#[test]
fn the_table_of_exit_codes_has_each_code_once_and_in_order() {
    let page = fs::read_to_string(docs("exit-codes.md")).unwrap();
    let listed: Vec<u8> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok())
        .collect();
    let known: Vec<u8> = exits().into_iter().map(|exit| exit as u8).collect();
    assert_eq!(listed, known);
}
