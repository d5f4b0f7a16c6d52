//! Reads: one answer at a time as a stream of rows, and the two settings of the organisation that
//! an answer holds in a single row.

use serde::Deserialize;

use super::effort::{Effort, Trouble};
use super::failure::classify_entry;
use super::list::RowRefused;
use super::row::RowProblem;
use super::wire::{AUDIT_LOG_FIELDS, Anchor, Command, Envelope, ORGANIZATION_FIELDS, Session};
use super::{BrokenRow, Exchange, ReadError};
use crate::client::{
    Answer, EndpointClass, Failure, Outcome, PushError, Request, RequestTrace, RowSplitter,
    SplitError,
};
use crate::state::OrganizationState;

/// Why a row ended a read.
#[derive(Debug)]
pub(crate) enum RowFault {
    Broken(RowProblem),
    Refused(RowRefused),
}

/// An answer whose rows were taken already.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: u64,
    pub(crate) envelope: Envelope,
    pub(crate) trace: Box<RequestTrace>,
}

type TakeRow<'t> = dyn FnMut(&[u8]) -> Result<(), RowFault> + Send + 't;

/// How streaming a body ended, when not well.
enum Broken {
    Failure(Failure),
    Split(SplitError),
    Row(u64, RowFault),
}

#[derive(Deserialize)]
struct OrganizationRow {
    #[serde(rename = "AuditDisabled")]
    audit_disabled: bool,
    #[serde(rename = "IsDehydrated")]
    is_dehydrated: bool,
}

#[derive(Deserialize)]
struct AuditLogRow {
    #[serde(rename = "UnifiedAuditLogIngestionEnabled")]
    ingestion: bool,
}

impl Exchange {
    /// `Get-OrganizationConfig`.
    pub async fn organization(&self) -> Result<OrganizationState, ReadError> {
        let command = Command::read("Get-OrganizationConfig", &ORGANIZATION_FIELDS);
        let row: OrganizationRow = self.single(&command).await?;
        Ok(OrganizationState {
            mailbox_auditing: !row.audit_disabled,
            dehydrated: row.is_dehydrated,
        })
    }

    /// Whether the unified audit log takes records: `Get-AdminAuditLogConfig`. On the Exchange
    /// endpoint alone does it tell the truth; Security & Compliance always says no.
    pub async fn unified_audit_log(&self) -> Result<bool, ReadError> {
        let command = Command::read("Get-AdminAuditLogConfig", &AUDIT_LOG_FIELDS);
        let row: AuditLogRow = self.single(&command).await?;
        Ok(row.ingestion)
    }

    pub(super) fn session(&self) -> Session<'_> {
        Session {
            base: &self.inner.options.base,
            tenant: self.inner.tenant,
            connection: self.inner.connection,
        }
    }

    /// An answer that must hold exactly one row.
    async fn single<T>(&self, command: &Command) -> Result<T, ReadError>
    where
        T: for<'de> Deserialize<'de> + Send,
    {
        let class = EndpointClass::ExchangeRead;
        let mut request = self.session().request(command, &Anchor::Organization, class);
        let mut effort = Effort::new(&self.inner, &self.inner.options.read_policy, true);
        let mut found = None;
        let mut take = |bytes: &[u8]| -> Result<(), RowFault> {
            let row = serde_json::from_slice::<T>(bytes).map_err(|error| {
                let text = error.to_string();
                let problem = text.split(" at line ").next().unwrap_or_default().to_owned();
                let identity = command.cmdlet.to_owned();
                RowFault::Broken(RowProblem { identity, field: "row", problem })
            })?;
            found = Some(row);
            Ok(())
        };
        let page = self.page(&mut effort, &mut request, 1, &mut take).await?;
        match found {
            Some(row) if page.rows == 1 && page.envelope.next_link.is_none() => Ok(row),
            _ => {
                let reason = format!("it holds {} rows and should hold one", page.rows);
                Err(ReadError::Incomplete { page: 1, reason, trace: page.trace })
            }
        }
    }

    /// Asks until a whole answer has come, its rows handed over on the way.
    pub(super) async fn page(
        &self,
        effort: &mut Effort<'_>,
        request: &mut Request,
        page: u64,
        take: &mut TakeRow<'_>,
    ) -> Result<Page, ReadError> {
        loop {
            let trouble = match effort.try_once(request, &mut |_| ()).await {
                Err(trouble) => trouble,
                Ok(answer) => {
                    let trace = effort.trace(request, &answer.id());
                    match stream(answer, take).await {
                        Ok((rows, envelope)) => return judge(rows, &envelope, page, trace),
                        Err(Broken::Failure(failure)) => Trouble::Failure(failure),
                        Err(Broken::Split(SplitError::Truncated)) => cut_off(),
                        Err(Broken::Split(error)) => {
                            let reason = error.to_string();
                            return Err(ReadError::Incomplete { page, reason, trace });
                        }
                        Err(Broken::Row(row, fault)) => {
                            return Err(row_error(page, row, fault, trace));
                        }
                    }
                }
            };
            let again = effort.again(trouble, request).await;
            again.map_err(|ended| effort.read_error(ended, page))?;
        }
    }
}

fn cut_off() -> Trouble {
    let text = SplitError::Truncated.to_string();
    Trouble::Failure(Failure { outcome: Outcome::Interrupted, text })
}

/// Takes a body piece by piece. Returns the number of rows and the envelope.
async fn stream(mut answer: Answer, take: &mut TakeRow<'_>) -> Result<(u64, Vec<u8>), Broken> {
    let mut splitter = RowSplitter::new();
    let mut rows = 0;
    while let Some(chunk) = answer.chunk().await.map_err(Broken::Failure)? {
        let mut count = |row: &[u8]| {
            rows += 1;
            take(row)
        };
        let push = splitter.push(chunk.as_ref(), &mut count);
        push.map_err(|error| match error {
            PushError::Split(error) => Broken::Split(error),
            PushError::Row(fault) => Broken::Row(rows, fault),
        })?;
    }
    splitter.finish().map(|envelope| (rows, envelope)).map_err(Broken::Split)
}

/// Whether an answer, its rows aside, is one that can be believed.
fn judge(
    rows: u64,
    envelope: &[u8],
    page: u64,
    trace: Box<RequestTrace>,
) -> Result<Page, ReadError> {
    let incomplete = |reason: String, trace| Err(ReadError::Incomplete { page, reason, trace });
    let Ok(envelope) = serde_json::from_slice::<Envelope>(envelope) else {
        return incomplete("it is not an answer of this service".to_owned(), trace);
    };
    if let Some(error) = envelope.error() {
        let refusal = classify_entry(error);
        let text = if refusal.text.is_empty() { error.to_string() } else { refusal.text };
        return incomplete(format!("the service reports an error in it: {text}"), trace);
    }
    if !envelope.had_rows_list() {
        return incomplete("it holds no list of rows".to_owned(), trace);
    }
    for warning in envelope.warnings() {
        tracing::info!(cmdlet = %trace.label, "{warning}");
    }
    Ok(Page { rows, envelope, trace })
}

fn row_error(page: u64, row: u64, fault: RowFault, trace: Box<RequestTrace>) -> ReadError {
    match fault {
        RowFault::Refused(refused) => refused.into(),
        RowFault::Broken(RowProblem { identity, field, problem }) => {
            let row = Box::new(BrokenRow { page, row, identity, field, problem });
            ReadError::BrokenRow { row, trace }
        }
    }
}
