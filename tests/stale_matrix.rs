//! The stale matrix: what becomes of each kind of object that a plan changes when somebody else was at
//! it between `plan --out` and `apply FILE`. Every cell is carried out against a tenant of its own,
//! with `--stale refuse-all` and, where something is refused, with `--stale skip`; the tenant's request
//! log shows that nothing refused was written. Somebody else uses the interfaces of the service, its
//! seed and the disk, and no code of the client. More of single cells is in `stale_plan.rs` (lists of
//! mailboxes) and `stale_chain.rs` (whole chains).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed assumption is a failed test")]

mod access;
mod application;
mod exchange;
mod scene;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use auditform::resource::{Kind, RecipientType};
use snapbox::{Data, assert_data_eq};

use scene::{Cell, Row, SITUATIONS};

fn rows() -> Vec<Row> {
    let mut rows = application::rows();
    rows.extend(access::rows());
    rows.extend(exchange::rows());
    rows
}

/// Carries rows out; the table, and what was told and written at each refusal, are as in the file.
fn outcomes(rows: &[Row], file: &str) {
    let mut lines = vec![line("", "", &SITUATIONS.map(str::to_owned))];
    let mut reasons = String::new();
    let mut told = String::new();
    for row in rows {
        let outcome = row.run();
        for (object, cells) in row.objects.iter().zip(&outcome.cells) {
            lines.push(line(object.kind.name(), object.what, cells));
        }
        for (situation, cell) in SITUATIONS.iter().zip(&row.cells) {
            if let Cell::Cannot(reason) = cell {
                let first = &row.objects[0];
                let what = format!("{}, {}, {situation}", first.kind.name(), first.what);
                writeln!(reasons, "{what}: {reason}").unwrap();
            }
        }
        told.push_str(&outcome.told);
    }
    let table = lines.concat();
    let text = format!(
        "{table}\nWhat cannot be:\n{reasons}\nWhat is told and written where not all is:\n{told}"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stale_matrix").join(file);
    assert_data_eq!(text, Data::read_from(&path, None).raw());
}

fn line(kind: &str, what: &str, cells: &[String; 5]) -> String {
    let mut line = format!("{kind:<28}{what:<26}");
    for cell in cells {
        write!(line, "{cell:<20}").unwrap();
    }
    format!("{}\n", line.trim_end())
}

#[test]
fn an_application_with_its_owners_and_its_service_principal() {
    outcomes(&application::rows(), "application.txt");
}

#[test]
fn an_application_whose_name_another_spec_has_taken() {
    outcomes(&[application::taken()], "taken.txt");
}

#[test]
fn what_an_application_may_do_and_signs_in_with() {
    outcomes(&access::rows(), "access.txt");
}

#[test]
fn certificates_switches_and_mailboxes_of_each_type() {
    outcomes(&exchange::rows(), "exchange.txt");
}

#[test]
fn no_kind_and_no_type_of_mailbox_is_missing_from_the_matrix() {
    let rows = rows();
    let objects = || rows.iter().flat_map(|row| &row.objects);
    let kinds: BTreeSet<Kind> = objects().map(|object| object.kind).collect();
    // A check is no object: nothing is ever written for one.
    let all: BTreeSet<Kind> = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Check).collect();
    assert_eq!(kinds, all);
    let mailboxes = objects().filter(|object| object.kind == Kind::MailboxAudit);
    let types: BTreeSet<&str> = mailboxes.map(|object| object.what).collect();
    assert_eq!(types, RecipientType::ALL.iter().map(|kind| kind.name()).collect());
}
