//! The sign-in between an identity chain and Exchange: what waits for it, and that it is no part of
//! any change.

use std::collections::BTreeSet;

use auditform::apply::{Prerequisite, Report, StepState};
use auditform::plan::{
    Action, ApplicationRef, IdentityChange, IdentityWrite, Plan, Reversible, SignInGate,
};
use auditform::render::write_report;
use auditform::resource::{Address, Kind};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Journal, Scripted, plan, run};

pub(super) fn application() -> ApplicationRef {
    ApplicationRef { name: "auditor".to_owned(), object_id: None, app_id: None, principal_id: None }
}

/// A change of one step.
pub(super) fn change(address: Address, write: IdentityWrite) -> IdentityChange {
    IdentityChange {
        address,
        action: Action::Create,
        reason: String::new(),
        attributes: Vec::new(),
        removes: Vec::new(),
        weakens: Vec::new(),
        reversible: Reversible::Yes,
        depends_on: Vec::new(),
        after_exchange: false,
        writes: vec![write],
        finally: None,
    }
}

/// A consent and a key, the sign-in that waits for both, and two mailboxes behind it.
fn gated() -> Plan {
    let resource = "Exchange".to_owned();
    let consent = change(
        Address::keyed(Kind::AppRoleAssignment, "auditor", "Exchange.ManageAsApp"),
        IdentityWrite::GrantConsent { application: application(), resource, app_role: Uuid::nil() },
    );
    let key = change(
        Address::keyed(Kind::KeyCredential, "auditor", "certificate.auditor"),
        IdentityWrite::AddKey {
            application: application(),
            certificate: "auditor".to_owned(),
            staged: false,
            thumbprint: None,
        },
    );
    let after = vec![consent.address.clone(), key.address.clone()];
    let sign_in = Some(SignInGate { application: "auditor".to_owned(), after });
    Plan { identity: vec![consent, key], sign_in, ..plan(2, Vec::new()) }
}

fn refusing(what: &str) -> Scripted {
    Scripted { refuse: BTreeSet::from([what.to_owned()]), ..Scripted::default() }
}

fn states(report: &Report) -> [StepState; 4] {
    [0, 1, 2, 3].map(|place| report.state(place))
}

#[tokio::test]
async fn a_refused_consent_is_why_the_mailboxes_are_skipped_and_the_key_is_done() {
    let (report, writer) =
        run(&gated(), refusing("grant_consent"), 8, &mut Journal::default()).await;
    assert!(!writer.written.lock().unwrap().contains(&"sign in".to_owned()));
    let skipped = StepState::Skipped;
    assert_eq!(states(&report), [StepState::Failed, StepState::Done, skipped, skipped]);
    let because = Prerequisite::Change(0);
    assert_eq!(report.skipped().collect::<Vec<_>>(), [(2, because), (3, because)]);
    assert_eq!(report.sign_in, None);
}

#[tokio::test]
async fn a_sign_in_that_fails_is_told_by_itself_and_what_it_waited_for_is_done() {
    let plan = gated();
    let (report, _) = run(&plan, refusing("sign in"), 8, &mut Journal::default()).await;
    let (done, skipped) = (StepState::Done, StepState::Skipped);
    assert_eq!(states(&report), [done, done, skipped, skipped]);
    assert_eq!(report.failures().count(), 0);
    let mut text = anstream::StripStream::new(Vec::new());
    write_report(&mut text, &plan, &report, true).unwrap();
    let text = String::from_utf8(text.into_inner()).unwrap();
    let told = "failed: sign-in as application.auditor: the service refused it\n\
                skipped: mailbox_audit.all[\"user000@contoso.com\"]: sign-in as \
                application.auditor comes first and failed\n";
    assert!(text.starts_with(told), "{text}");
    assert!(
        text.contains("Apply incomplete. 2 created, 0 changed, 0 deleted, 2 skipped."),
        "{text}"
    );
}

#[tokio::test]
async fn what_the_sign_in_waited_for_is_done_though_the_sign_in_was_not_begun() {
    let cancel_after = Some((2, watch::Sender::new(false)));
    let writer = Scripted { cancel_after, ..Scripted::default() };
    let (report, writer) = run(&gated(), writer, 8, &mut Journal::default()).await;
    assert_eq!(writer.written.lock().unwrap().len(), 2);
    assert!(report.interrupted);
    let (done, not) = (StepState::Done, StepState::NotStarted);
    assert_eq!(states(&report), [done, done, not, not]);
}

#[tokio::test]
async fn a_sign_in_that_waits_for_nothing_still_comes_before_the_mailboxes() {
    let after = Vec::new();
    let sign_in = Some(SignInGate { application: "auditor".to_owned(), after });
    let plan = Plan { sign_in, ..plan(2, Vec::new()) };
    let (report, writer) = run(&plan, Scripted::default(), 8, &mut Journal::default()).await;
    assert_eq!(writer.written.lock().unwrap()[0], "sign in");
    assert_eq!(report.count(StepState::Done), 2);
}
