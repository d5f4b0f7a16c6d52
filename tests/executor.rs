//! The executor with a writer of our own: what it starts, in which order, how many at once, and
//! what it says when something fails. No socket, no clock.

mod canary;
mod freshness;
mod order;
mod read_back;
mod sign_in;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use auditform::apply::{
    Cancel, Event, Execution, Failure, FailureKind, Observer, Prerequisite, Report, Sink,
    StepEvent, StepState, Writer, WriterEvents,
};
use auditform::diagnostic::Sources;
use auditform::graph;
use auditform::plan::{MailboxDiffer, Operation, Plan, TenantChange, Write};
use auditform::resource::{ActionSet, ActionVocabulary, AgeLimit, LogonTypes, RecipientType};
use auditform::state::{AuditState, MailboxRow, TenantIdentity};
use tokio::sync::watch;
use uuid::Uuid;

const SPEC: &str = r#"
version = 1
[tenant]
endpoint = "embedded"
[mailbox_audit.all]
recipient_types = ["UserMailbox"]
log_age_limit = 180
"#;

/// A plan that changes so many mailboxes, after the tenant's own changes.
fn plan(mailboxes: usize, tenant_changes: Vec<TenantChange>) -> Plan {
    let mut sources = Sources::default();
    let file = sources.add("auditform.toml", SPEC);
    let today = jiff::civil::date(2026, 11, 23);
    let desired = auditform::spec::parse(&sources, file, Path::new("."), today).unwrap().desired;
    let mut differ = MailboxDiffer::new(&desired, true, today);
    for number in 0..mailboxes {
        differ.observe(&MailboxRow {
            guid: Uuid::from_u128(number as u128 + 1),
            upn: format!("user{number:03}@contoso.com").into(),
            primary_address: "".into(),
            addresses: Vec::new(),
            recipient_type: RecipientType::UserMailbox,
            audit: AuditState {
                enabled: true,
                admin: ActionSet::EMPTY,
                delegate: ActionSet::EMPTY,
                owner: ActionSet::EMPTY,
                default_audit_set: LogonTypes::NONE,
                log_age_limit: AgeLimit::days(90),
            },
        });
    }
    let found = differ.finish(ActionVocabulary::default()).unwrap();
    let tenant = TenantIdentity { id: Uuid::nil(), organization: "contoso".to_owned() };
    Plan { tenant_changes, mailboxes: found.changes, ..Plan::of(tenant) }
}

/// Answers each write after giving others the chance to start; keeps what it saw.
#[derive(Default)]
struct Scripted {
    refuse: BTreeSet<String>,
    written: Mutex<Vec<String>>,
    under_way: AtomicUsize,
    most: AtomicUsize,
    cancel_after: Option<(usize, watch::Sender<bool>)>,
}

fn name(write: &Write) -> String {
    match write {
        Write::EnableOrganizationCustomization => "customization".to_owned(),
        Write::SetUnifiedAuditLog { .. } => "unified_audit_log".to_owned(),
        Write::SetMailboxAuditing { .. } => "organization".to_owned(),
        Write::ResetDefaultAuditSet { mailbox, .. } | Write::SetMailbox { mailbox, .. } => {
            mailbox.upn.clone()
        }
    }
}

impl Scripted {
    /// Takes something up; refuses what it is told to refuse.
    fn take(&self, name: String) -> Result<(), Failure> {
        let is_refused = self.refuse.contains(&name);
        let count = {
            let mut written = self.written.lock().unwrap();
            written.push(name);
            written.len()
        };
        if let Some((after, cancel)) = &self.cancel_after
            && count == *after
        {
            cancel.send_replace(true);
        }
        if is_refused {
            let message = "the service refused it".to_owned();
            return Err(Failure { kind: FailureKind::Refused, message, request_id: None });
        }
        Ok(())
    }
}

impl Writer for Scripted {
    async fn write(
        &self,
        operation: Operation,
        events: WriterEvents,
    ) -> Result<Option<String>, Failure> {
        let name = match operation {
            Operation::Exchange(write) => name(&write),
            Operation::Identity(write) => write.name().to_owned(),
        };
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        events.sent("request".to_owned(), 1);
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        self.take(name).map(|()| None)
    }

    async fn sign_in(&self, _events: WriterEvents) -> Result<(), Failure> {
        self.take("sign in".to_owned())
    }

    async fn await_customization(&self) -> Result<(), Failure> {
        self.take("customized".to_owned())
    }
}

/// Writes down the events, and fails from a given one on.
#[derive(Default)]
struct Journal {
    lines: Vec<String>,
    full_after: Option<usize>,
}

impl Sink for Journal {
    fn record(&mut self, events: &[StepEvent<'_>]) -> io::Result<()> {
        if self.full_after.is_some_and(|limit| self.lines.len() + events.len() > limit) {
            return Err(io::Error::other("no space left on device"));
        }
        self.lines.extend(events.iter().map(|event| match event {
            StepEvent::Intent { step } => format!("intent {}", step.index()),
            StepEvent::Sent { step, .. } => format!("sent {}", step.index()),
            StepEvent::Succeeded { step, .. } => format!("succeeded {}", step.index()),
            StepEvent::Failed { step, .. } => format!("failed {}", step.index()),
            StepEvent::Withdrawn { step } => format!("withdrawn {}", step.index()),
        }));
        Ok(())
    }
}

struct Silent;

impl Observer for Silent {
    fn event(&mut self, _event: Event<'_>) {}
}

async fn run(
    plan: &Plan,
    writer: Scripted,
    parallelism: usize,
    journal: &mut Journal,
) -> (Report, Arc<Scripted>) {
    let graph = graph::build(plan).unwrap();
    let cancel = match &writer.cancel_after {
        Some((_, sender)) => sender.subscribe(),
        None => watch::channel(false).1,
    };
    let writer = Arc::new(writer);
    let cancel = Cancel::new(cancel);
    let mut execution = Execution::new(plan, &graph, parallelism, cancel);
    execution.run(&writer, journal, &mut Silent).await;
    assert!(!execution.is_held());
    (execution.into_report(), writer)
}

fn switches() -> Vec<TenantChange> {
    vec![
        TenantChange::Customization,
        TenantChange::UnifiedAuditLog { ingestion: true, after_customization: true },
        TenantChange::MailboxAuditing { enabled: true, after_customization: true },
    ]
}

#[tokio::test]
async fn the_tenant_is_customised_before_its_switches_and_those_before_any_mailbox() {
    let (report, writer) =
        run(&plan(3, switches()), Scripted::default(), 8, &mut Journal::default()).await;
    let written = writer.written.lock().unwrap().clone();
    assert_eq!(written[..2], ["customization", "customized"]);
    let both: BTreeSet<&str> = written[2..4].iter().map(String::as_str).collect();
    assert_eq!(both, BTreeSet::from(["organization", "unified_audit_log"]));
    assert_eq!(written.len(), 7);
    assert_eq!(report.count(StepState::Done), 6);
}

#[tokio::test]
async fn a_mailbox_that_fails_does_not_stop_the_others() {
    let refuse = BTreeSet::from(["user001@contoso.com".to_owned()]);
    let writer = Scripted { refuse, ..Scripted::default() };
    let (report, writer) = run(&plan(5, Vec::new()), writer, 2, &mut Journal::default()).await;
    assert_eq!(writer.written.lock().unwrap().len(), 5);
    assert_eq!(report.count(StepState::Done), 4);
    assert_eq!(report.failures().map(|(place, _)| place).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn what_depends_on_a_failed_switch_is_skipped_and_says_because_of_what() {
    let refuse = BTreeSet::from(["unified_audit_log".to_owned()]);
    let writer = Scripted { refuse, ..Scripted::default() };
    let (report, writer) = run(&plan(2, switches()), writer, 8, &mut Journal::default()).await;
    assert!(!writer.written.lock().unwrap().iter().any(|name| name.starts_with("user")));
    assert_eq!(report.count(StepState::Skipped), 2);
    let because = Prerequisite::Change(1);
    assert_eq!(report.skipped().collect::<Vec<_>>(), [(3, because), (4, because)]);
    assert_eq!(report.state(2), StepState::Done);
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_allowed() {
    let (report, writer) =
        run(&plan(40, Vec::new()), Scripted::default(), 4, &mut Journal::default()).await;
    assert_eq!(writer.most.load(Ordering::SeqCst), 4);
    assert_eq!(report.count(StepState::Done), 40);
}

#[tokio::test]
async fn once_asked_to_stop_nothing_more_starts_and_what_is_in_flight_is_awaited() {
    let cancel_after = Some((3, watch::Sender::new(false)));
    let writer = Scripted { cancel_after, ..Scripted::default() };
    let mut journal = Journal::default();
    let (report, writer) = run(&plan(40, Vec::new()), writer, 2, &mut journal).await;
    let written = writer.written.lock().unwrap().len() as u64;
    assert!(report.interrupted);
    assert!((3..=6).contains(&written), "{written}");
    assert_eq!(report.count(StepState::Done), written);
    assert_eq!(report.count(StepState::NotStarted), 40 - written);
}

#[tokio::test]
async fn who_asked_to_stop_before_the_first_request_sees_none() {
    let cancel_after = Some((usize::MAX, watch::Sender::new(true)));
    let writer = Scripted { cancel_after, ..Scripted::default() };
    let (report, writer) = run(&plan(3, Vec::new()), writer, 8, &mut Journal::default()).await;
    assert!(report.interrupted);
    assert_eq!(*writer.written.lock().unwrap(), [""; 0]);
    assert_eq!(report.count(StepState::NotStarted), 3);
}

#[tokio::test]
async fn an_intent_is_kept_before_its_request_leaves_and_every_step_has_an_outcome() {
    let mut journal = Journal::default();
    run(&plan(10, switches()), Scripted::default(), 3, &mut journal).await;
    for step in 0..10 {
        let at =
            |word: &str| journal.lines.iter().position(|line| *line == format!("{word} {step}"));
        if let Some(sent) = at("sent") {
            assert!(at("intent").unwrap() < sent, "step {step}");
            assert!(at("succeeded").is_some(), "step {step}");
        }
    }
    let count = |word: &str| journal.lines.iter().filter(|line| line.starts_with(word)).count();
    assert_eq!((count("sent"), count("intent"), count("succeeded")), (13, 14, 14));
}

#[tokio::test]
async fn a_journal_that_cannot_be_kept_stops_the_apply() {
    let mut journal = Journal { full_after: Some(6), ..Journal::default() };
    let (report, writer) = run(&plan(40, Vec::new()), Scripted::default(), 2, &mut journal).await;
    assert_eq!(report.sink_error.as_deref(), Some("no space left on device"));
    assert!(writer.written.lock().unwrap().len() < 10);
    assert!(report.count(StepState::NotStarted) > 30);
}
