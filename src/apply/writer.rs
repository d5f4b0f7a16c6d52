//! What the executor asks of whoever sends requests, and how it is told to stop.

use std::future::Future;

use tokio::sync::{mpsc, watch};

use super::report::Failure;
use crate::graph::StepId;
use crate::plan::Operation;

/// Sends requests to a tenant.
pub trait Writer: Send + Sync + 'static {
    /// Sends one request and waits for its outcome; retries are its own matter. The answer is the
    /// service's id of the request, where it gave one.
    fn write(
        &self,
        operation: Operation,
        events: WriterEvents,
    ) -> impl Future<Output = Result<Option<String>, Failure>> + Send;

    /// Signs in as the application that the plan makes, and waits until Exchange takes it.
    fn sign_in(&self, events: WriterEvents) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Waits until the service agrees that the tenant is customised.
    fn await_customization(&self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Lets a [`Writer`] say that a request goes out.
#[derive(Debug, Clone)]
pub struct WriterEvents {
    pub(super) step: StepId,
    pub(super) sender: mpsc::UnboundedSender<News>,
}

/// What a task says while it works.
#[derive(Debug)]
pub(super) enum News {
    Sent { step: StepId, client_request_id: String, attempt: u32 },
    Waiting { step: StepId, what: String, seconds: u64 },
}

impl WriterEvents {
    /// The request goes out, for the `attempt`th time.
    pub fn sent(&self, client_request_id: String, attempt: u32) {
        // The coordinator outlives its tasks; if it is gone, nobody is left to be told.
        let _ = self.sender.send(News::Sent { step: self.step, client_request_id, attempt });
    }

    /// The service is not there yet; so long has it been waited for.
    pub fn waiting(&self, what: &str, seconds: u64) {
        let what = what.to_owned();
        let _ = self.sender.send(News::Waiting { step: self.step, what, seconds });
    }
}

/// Tells the executor to start nothing more.
#[derive(Debug, Clone)]
pub struct Cancel(watch::Receiver<bool>);

impl Cancel {
    /// A signal that comes when `true` is sent.
    pub fn new(receiver: watch::Receiver<bool>) -> Self {
        Self(receiver)
    }

    /// Whether the signal came.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the signal; for ever, if nobody can give it any more.
    pub async fn wait(&mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
