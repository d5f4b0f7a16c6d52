//! The executor's way to the tenant: steps of the identity chain to the directory and to files, the
//! sign-in between it and Exchange, and writes to Exchange, one request each, with failures in the
//! executor's words.

use std::time::Duration;

use tokio::sync::RwLock;
use tokio::time::{Instant, sleep};

use super::identity::{ApplicationSignIn, Entered, IdentityWriter};
use super::ports::Stopped;
use crate::apply::{Failure, FailureKind, Writer, WriterEvents};
use crate::plan::{Operation, Write};
use crate::providers::exchange::{Exchange, ReadError, WriteError, WriteEvent};

/// How long a tenant may take to be customised before the steps that wait for it are skipped.
/// Nothing is published; reports speak of minutes (Azure/SimuLand#17).
const CUSTOMIZED_WITHIN: Duration = Duration::from_secs(10 * 60);
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Writes to one tenant.
pub(super) struct TenantWriter {
    pub(super) identity: IdentityWriter,
    /// As which application Exchange is entered, once the identity chain is done.
    pub(super) application: Option<ApplicationSignIn>,
    /// The client id of that application, where it exists already.
    pub(super) client_id: Option<uuid::Uuid>,
    pub(super) exchange: RwLock<Option<Exchange>>,
}

impl Writer for TenantWriter {
    async fn write(
        &self,
        operation: Operation,
        events: WriterEvents,
    ) -> Result<Option<String>, Failure> {
        match operation {
            Operation::Identity(write) => self.identity.write(write, &events).await,
            Operation::Exchange(write) => {
                let exchange = self.entered().await?;
                to_exchange(&exchange, &write, &events).await
            }
        }
    }

    async fn sign_in(&self, events: WriterEvents) -> Result<(), Failure> {
        let Some(application) = &self.application else { return Ok(()) };
        let known = self.identity.app_id(&application.name).or(self.client_id);
        let Some(client_id) = known else {
            return Err(refused(format!("`application.{}` was not made", application.name)));
        };
        let tell = |what: &str, seconds| events.waiting(what, seconds);
        match application.enter(client_id, &tell).await {
            Ok(Entered::Yes(exchange)) => {
                *self.exchange.write().await = Some(exchange);
                Ok(())
            }
            Ok(Entered::NotYet(why)) => Err(Failure {
                kind: FailureKind::NotYet,
                message: format!(
                    "Exchange does not accept `application.{}` yet ({why}); run `auditform apply` \
                     again later",
                    application.name
                ),
                request_id: None,
            }),
            Err(stopped) => Err(refused(words(&stopped))),
        }
    }

    async fn await_customization(&self) -> Result<(), Failure> {
        let exchange = self.entered().await?;
        let started = Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            match exchange.organization().await {
                Ok(organization) if !organization.dehydrated => return Ok(()),
                Ok(_) if started.elapsed() > CUSTOMIZED_WITHIN => {
                    return Err(refused("the tenant still reads as not customised".to_owned()));
                }
                Ok(_) => {}
                Err(error) => return Err(unread(&error)),
            }
            tokio::select! {
                () = self.identity.reach.stopped() => return Err(stopped()),
                () = sleep(wait) => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

impl TenantWriter {
    async fn entered(&self) -> Result<Exchange, Failure> {
        let exchange = self.exchange.read().await.clone();
        exchange.ok_or_else(|| refused("nobody is signed in to Exchange".to_owned()))
    }
}

async fn to_exchange(
    exchange: &Exchange,
    write: &Write,
    events: &WriterEvents,
) -> Result<Option<String>, Failure> {
    let mut sent = |event: WriteEvent| {
        let WriteEvent::Sent { client_request_id, attempt } = event;
        events.sent(client_request_id.to_string(), attempt);
    };
    match exchange.write(write, &mut sent).await {
        Ok(receipt) => {
            for warning in &receipt.warnings {
                tracing::info!(warning, "the service warned about a write");
            }
            Ok(receipt.request_id)
        }
        Err(error) => settle(exchange, write, error).await,
    }
}

/// Enable-OrganizationCustomization runs once and is never sent again: after a doubtful answer the
/// tenant itself says whether it ran.
async fn settle(
    exchange: &Exchange,
    write: &Write,
    error: WriteError,
) -> Result<Option<String>, Failure> {
    let doubtful = matches!(error, WriteError::InDoubt { .. });
    if doubtful && *write == Write::EnableOrganizationCustomization {
        let organization = exchange.organization().await.map_err(|error| unread(&error))?;
        if !organization.dehydrated {
            return Ok(None);
        }
    }
    let kind = match &error {
        WriteError::InDoubt { .. } => FailureKind::InDoubt,
        WriteError::Stopped { .. } => FailureKind::Withdrawn,
        WriteError::NotFound { .. } if write.mailbox().is_some() => FailureKind::Gone,
        WriteError::Unreachable { .. } | WriteError::SignIn(_) | WriteError::Token(_) => {
            FailureKind::NotSent
        }
        _ => FailureKind::Refused,
    };
    let help = error.help();
    let message = if help.is_empty() { error.to_string() } else { format!("{error}; {help}") };
    Err(Failure { kind, message, request_id: error.request_id().map(str::to_owned) })
}

/// Nothing was done, and whoever goes on waits again.
fn stopped() -> Failure {
    let message = "it was asked to stop".to_owned();
    Failure { kind: FailureKind::Withdrawn, message, request_id: None }
}

fn words(stopped: &Stopped) -> String {
    let summaries: Vec<&str> =
        stopped.diagnostics.iter().map(|finding| finding.summary.as_str()).collect();
    summaries.join("; ")
}

fn refused(message: String) -> Failure {
    Failure { kind: FailureKind::Refused, message, request_id: None }
}

fn unread(error: &ReadError) -> Failure {
    refused(format!("whether the tenant is customised cannot be read: {error}"))
}
