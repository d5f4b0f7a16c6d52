//! Carries out the steps on identity chains, one after another: writes to one application overwrite
//! each other's collections, and there are few of them. Identifiers that a step makes known are
//! kept for the steps after it. What is there already counts as done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use tokio::sync::Mutex;
use uuid::Uuid;

use super::steps::{Steps, refused};
use crate::apply::{Failure, WriterEvents};
use crate::client::Clock;
use crate::ops::certificates::Certificates;
use crate::ops::connect::Reach;
use crate::plan::IdentityWrite;
use crate::providers::entra::Entra;

/// What earlier steps have made known of an application.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) object: Option<String>,
    pub(super) client: Option<Uuid>,
    pub(super) principal: Option<String>,
}

/// See the module.
pub(in crate::ops) struct IdentityWriter {
    entra: Option<Entra>,
    pub(in crate::ops) reach: Reach,
    pub(super) certificates: Arc<Certificates>,
    pub(super) clock: Clock,
    known: StdMutex<BTreeMap<String, Known>>,
    /// One step at a time.
    turn: Mutex<()>,
}

impl std::fmt::Debug for IdentityWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("IdentityWriter").finish_non_exhaustive()
    }
}

pub(super) type Done = Result<Option<String>, Failure>;

impl IdentityWriter {
    pub(in crate::ops) fn new(
        entra: Option<Entra>,
        reach: Reach,
        certificates: Arc<Certificates>,
        clock: Clock,
    ) -> Self {
        Self {
            entra,
            reach,
            certificates,
            clock,
            known: StdMutex::default(),
            turn: Mutex::default(),
        }
    }

    /// The client id of an application that a step has made.
    pub(in crate::ops) fn app_id(&self, name: &str) -> Option<Uuid> {
        self.known_of(name).client
    }

    pub(super) fn known_of(&self, name: &str) -> Known {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn learn(&self, name: &str, learnt: impl FnOnce(&mut Known)) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        learnt(known.entry(name.to_owned()).or_default());
    }

    /// Carries out one step.
    pub(in crate::ops) async fn write(&self, write: IdentityWrite, events: &WriterEvents) -> Done {
        let _turn = self.turn.lock().await;
        if !write.is_request() {
            return self.files(&write).map(|()| None).map_err(refused);
        }
        let Some(entra) = &self.entra else {
            return Err(refused("nobody is signed in to the directory".to_owned()));
        };
        let tell = |what: &str, seconds| events.waiting(what, seconds);
        let steps = Steps { writer: self, entra, tell: &tell };
        steps.carry_out(&write).await
    }

    fn files(&self, write: &IdentityWrite) -> Result<(), String> {
        let certificates = &self.certificates;
        let text = |error: crate::certificate::StoreError| error.to_string();
        match write {
            IdentityWrite::MakeCertificate(order) => certificates.make(order, (self.clock)()),
            IdentityWrite::RepairCertificate { name } => certificates.complete(name).map_err(text),
            IdentityWrite::SwitchCertificate { name } => certificates.switch(name).map_err(text),
            IdentityWrite::ForgetCertificate { name, thumbprint } => {
                certificates.forget(name, thumbprint).map_err(text)
            }
            IdentityWrite::DeleteCertificate { name } => certificates.delete(name).map_err(text),
            _ => Ok(()),
        }
    }
}
