//! What takes away the identity that works in Exchange: it waits until that work is read back, and
//! stays undone where that does not end well.

use std::collections::BTreeSet;
use std::sync::Arc;

use auditform::apply::{Cancel, Execution, Prerequisite, Report, StepState};
use auditform::graph;
use auditform::plan::{Action, IdentityChange, IdentityWrite, Plan};
use auditform::resource::{Address, Kind};
use tokio::sync::watch;

use super::sign_in::{application, change};
use super::{Journal, Scripted, Silent, plan};

/// Three mailboxes, an application that is done with, and the one that works on them.
fn leaving() -> Plan {
    let removal = |name: &str| {
        let write = IdentityWrite::DeleteApplication { application: application() };
        let change = change(Address::named(Kind::Application, name), write);
        IdentityChange { action: Action::Delete, ..change }
    };
    let last = IdentityChange { after_exchange: true, ..removal("auditor") };
    let role = IdentityWrite::RemoveDirectoryRole { assignment: "assignment".to_owned() };
    let mut before =
        change(Address::keyed(Kind::DirectoryRoleAssignment, "auditor", "Reader"), role);
    (before.action, before.after_exchange) = (Action::Delete, true);
    let last = IdentityChange { depends_on: vec![before.address.clone()], ..last };
    Plan { identity: vec![removal("other"), before, last], ..plan(3, Vec::new()) }
}

const MAILBOXES: [&str; 3] = ["user000@contoso.com", "user001@contoso.com", "user002@contoso.com"];

/// Carries it out; `proves` says what reading back shows, where it comes to that.
async fn carry_out(
    writer: Scripted,
    parallelism: usize,
    proves: Option<bool>,
) -> (Report, Vec<String>) {
    let plan = leaving();
    let graph = graph::build(&plan).unwrap();
    let cancel = Cancel::new(watch::channel(false).1);
    let mut execution = Execution::new(&plan, &graph, parallelism, cancel);
    let (writer, mut journal) = (Arc::new(writer), Journal::default());
    execution.run(&writer, &mut journal, &mut Silent).await;
    assert_eq!(execution.is_held(), proves.is_some());
    let before = writer.written.lock().unwrap().clone();
    for mailbox in MAILBOXES {
        assert!(before.iter().any(|name| name == mailbox), "{before:?}");
    }
    assert!(!before.contains(&"remove_directory_role".to_owned()), "{before:?}");
    if let Some(proves) = proves {
        execution.was_read_back(proves);
        execution.run(&writer, &mut journal, &mut Silent).await;
        assert!(!execution.is_held());
    }
    let after = writer.written.lock().unwrap().split_off(before.len());
    (execution.into_report(), after)
}

#[tokio::test]
async fn the_identity_goes_once_its_work_is_read_back() {
    for parallelism in [1, 8] {
        let (report, after) = carry_out(Scripted::default(), parallelism, Some(true)).await;
        assert!(after.ends_with(&["remove_directory_role".into(), "delete_application".into()]));
        assert_eq!(report.count(StepState::Done), 6);
    }
}

#[tokio::test]
async fn the_identity_stays_where_its_work_is_not_proved() {
    let (report, after) = carry_out(Scripted::default(), 8, Some(false)).await;
    assert_eq!(after, [""; 0]);
    let because = Prerequisite::ReadBack;
    assert_eq!(report.skipped().collect::<Vec<_>>(), [(1, because), (2, because)]);
    assert_eq!(report.count(StepState::Done), 4);
    assert!(!report.is_good());
}

#[tokio::test]
async fn the_identity_stays_where_a_mailbox_fails_which_is_the_reason() {
    let refuse = BTreeSet::from([MAILBOXES[1].to_owned()]);
    let (report, after) = carry_out(Scripted { refuse, ..Scripted::default() }, 8, None).await;
    assert_eq!(after, [""; 0]);
    let because = Prerequisite::Change(4);
    assert_eq!(report.skipped().collect::<Vec<_>>(), [(1, because), (2, because)]);
}
