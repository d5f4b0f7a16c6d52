//! Writes: one POST each, anchored to where it has to run. A write that is not idempotent is never
//! sent again once it may have taken effect; that is [`WriteError::InDoubt`], to be read back.

use uuid::Uuid;

use super::effort::{Effort, Trouble};
use super::failure::{Head, Meaning, Refusal, classify, classify_entry};
use super::wire::{Command, Envelope};
use super::{Exchange, WriteError};
use crate::client::header::HeaderValue;
use crate::client::{Answer, EndpointClass, Failure, Outcome};
use crate::plan::Write;

/// A cmdlet that sets something returns no rows.
const MAX_ANSWER: usize = 1 << 20;

/// What a write says while it is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteEvent {
    /// It is about to be sent: from here on it may take effect.
    Sent {
        /// Our identifier of this try, which the service keeps in its logs.
        client_request_id: Uuid,
        /// Counted from 1.
        attempt: u32,
    },
}

/// A write that has taken effect, as far as the service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The service's `request-id`.
    pub request_id: Option<String>,
    /// Its warnings; one of them may say that no setting was modified.
    pub warnings: Vec<String>,
    /// How often it was sent.
    pub attempts: u32,
    /// The service says that it was the case already.
    pub already_done: bool,
}

impl Exchange {
    /// Carries out one write. `sink` is told just before each send.
    pub async fn write(
        &self,
        write: &Write,
        sink: &mut (dyn FnMut(WriteEvent) + Send),
    ) -> Result<Receipt, WriteError> {
        let (command, mut anchor) = Command::of(write);
        let policy = &self.inner.options.write_policy;
        let mut effort = Effort::new(&self.inner, policy, write.is_idempotent());
        loop {
            let client_request_id = Uuid::new_v4();
            let class = EndpointClass::ExchangeWrite;
            let mut request = self.session().request(&command, &anchor, class);
            if let Ok(id) = HeaderValue::from_str(&client_request_id.to_string()) {
                request.headers.insert("client-request-id", id);
            }
            let mut before = |attempt| sink(WriteEvent::Sent { client_request_id, attempt });
            let trouble = match effort.try_once(&mut request, &mut before).await {
                Ok(answer) => match judge(answer, effort.sent()).await {
                    Ok(receipt) => return Ok(receipt),
                    Err(trouble) => trouble,
                },
                Err(trouble) => trouble,
            };
            match (meaning(&trouble), write.mailbox()) {
                (Some(Meaning::AlreadyDone), _) => return Ok(already(&trouble, effort.sent())),
                (Some(Meaning::WrongServer), Some(mailbox)) => {
                    if let Some(next) = anchor.after(mailbox) {
                        anchor = next;
                        continue;
                    }
                }
                _ => {}
            }
            let again = effort.again(trouble, &request).await;
            again.map_err(|ended| effort.write_error(ended))?;
        }
    }
}

fn meaning(trouble: &Trouble) -> Option<Meaning> {
    match trouble {
        Trouble::Refused(Refusal { meaning, .. }, _) => Some(*meaning),
        _ => None,
    }
}

fn already(trouble: &Trouble, attempts: u32) -> Receipt {
    let (text, request_id) = match trouble {
        Trouble::Refused(refusal, id) => (Some(refusal.text.clone()), id.request_id.clone()),
        _ => (None, None),
    };
    Receipt { request_id, warnings: text.into_iter().collect(), attempts, already_done: true }
}

/// Whether a 200 means what it says: it may hold errors, and its body may not arrive.
async fn judge(answer: Answer, attempts: u32) -> Result<Receipt, Trouble> {
    let id = answer.id();
    let body = answer.collect(MAX_ANSWER).await.map_err(Trouble::Failure)?;
    let envelope = if body.trim_ascii().is_empty() {
        Envelope::default()
    } else {
        serde_json::from_slice::<Envelope>(&body).map_err(|_| {
            // One sentence is known that comes under any status, and means that nothing was done.
            let refusal = classify(Head { status: id.status, ..Head::default() }, &body);
            if refusal.meaning == Meaning::TooManyAtOnce {
                return Trouble::Refused(refusal, id.clone());
            }
            let text = "the answer is not one of this service".to_owned();
            Trouble::Failure(Failure { outcome: Outcome::Interrupted, text })
        })?
    };
    if let Some(error) = envelope.error() {
        let mut refusal = classify_entry(error);
        refusal.status = id.status;
        if refusal.text.is_empty() {
            refusal.text = error.to_string();
        }
        return Err(Trouble::Refused(refusal, id));
    }
    let warnings = envelope.warnings();
    Ok(Receipt { request_id: id.request_id, warnings, attempts, already_done: false })
}
