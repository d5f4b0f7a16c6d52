//! The executor's way to Exchange: one request each, failures in the executor's words, and the wait
//! until a customised tenant takes writes.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::apply::{Failure, FailureKind, Writer, WriterEvents};
use crate::plan::Write;
use crate::providers::exchange::{Exchange, ReadError, WriteError, WriteEvent};

/// How long a tenant may take to be customised before the steps that wait for it are skipped.
/// Nothing is published; reports speak of minutes (Azure/SimuLand#17).
const CUSTOMIZED_WITHIN: Duration = Duration::from_secs(10 * 60);
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Writes through a connection to Exchange.
#[derive(Debug)]
pub(super) struct ExchangeWriter(pub(super) Exchange);

impl Writer for ExchangeWriter {
    async fn write(&self, write: Write, events: WriterEvents) -> Result<Option<String>, Failure> {
        let mut sent = |event: WriteEvent| {
            let WriteEvent::Sent { client_request_id, attempt } = event;
            events.sent(client_request_id.to_string(), attempt);
        };
        match self.0.write(&write, &mut sent).await {
            Ok(receipt) => {
                for warning in &receipt.warnings {
                    tracing::info!(warning, "the service warned about a write");
                }
                Ok(receipt.request_id)
            }
            Err(error) => self.settle(&write, error).await,
        }
    }

    async fn await_customization(&self) -> Result<(), Failure> {
        let started = Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            match self.0.organization().await {
                Ok(organization) if !organization.dehydrated => return Ok(()),
                Ok(_) if started.elapsed() > CUSTOMIZED_WITHIN => {
                    return Err(refused("the tenant still reads as not customised".to_owned()));
                }
                Ok(_) => {}
                Err(error) => return Err(unread(&error)),
            }
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

impl ExchangeWriter {
    /// Enable-OrganizationCustomization runs once and is never sent again: after a doubtful answer
    /// the tenant itself says whether it ran.
    async fn settle(&self, write: &Write, error: WriteError) -> Result<Option<String>, Failure> {
        let doubtful = matches!(error, WriteError::InDoubt { .. });
        if doubtful && *write == Write::EnableOrganizationCustomization {
            let organization = self.0.organization().await.map_err(|error| unread(&error))?;
            if !organization.dehydrated {
                return Ok(None);
            }
        }
        let kind = match &error {
            WriteError::InDoubt { .. } => FailureKind::InDoubt,
            WriteError::Unreachable { .. } | WriteError::SignIn(_) | WriteError::Token(_) => {
                FailureKind::NotSent
            }
            _ => FailureKind::Refused,
        };
        let help = error.help();
        let message = if help.is_empty() { error.to_string() } else { format!("{error}; {help}") };
        // The error's own text holds the request id already.
        Err(Failure { kind, message, request_id: None })
    }
}

fn refused(message: String) -> Failure {
    Failure { kind: FailureKind::Refused, message, request_id: None }
}

fn unread(error: &ReadError) -> Failure {
    refused(format!("whether the tenant is customised cannot be read: {error}"))
}
