//! One step on the directory: sent again while the directory does not know yet what came before, and
//! taken for done where it is the case already. What a step replaces whole is read just before, and
//! a registration that changed since the plan was made is refused.

use std::future::Future;

use uuid::Uuid;

use super::wait::{Patience, Tell, WITHIN};
use super::writer::{Done, IdentityWriter};
use crate::apply::{Failure, FailureKind};
use crate::plan::{ApplicationPatch, ApplicationRef, IdentityWrite};
use crate::providers::entra::{Entra, GraphError, GraphErrorKind, Upserted};
use crate::state::{ObservedApplication, RequiredAccess};

/// One step under way.
pub(super) struct Steps<'w> {
    pub(super) writer: &'w IdentityWriter,
    pub(super) entra: &'w Entra,
    pub(super) tell: Tell<'w>,
}

impl Steps<'_> {
    pub(super) async fn carry_out(&self, write: &IdentityWrite) -> Done {
        match write {
            IdentityWrite::CreateApplication { application, unique_name, patch } => {
                self.create_application(application, unique_name, patch).await
            }
            IdentityWrite::UpdateApplication { application, patch, before } => {
                self.update_application(application, patch, before.as_deref()).await
            }
            IdentityWrite::CreateServicePrincipal { application } => {
                self.create_principal(application).await
            }
            IdentityWrite::AddKey { application, certificate, staged, thumbprint } => {
                self.add_key(application, certificate, *staged, thumbprint.as_ref()).await
            }
            IdentityWrite::RemoveKey { application, key_id } => {
                self.remove_key(application, *key_id).await
            }
            other => self.plain(other).await,
        }
    }

    pub(super) fn object_id(&self, application: &ApplicationRef) -> Result<String, Failure> {
        let known = || self.writer.known_of(&application.name).object;
        application.object_id.clone().or_else(known).ok_or_else(|| unknown(&application.name))
    }

    pub(super) fn app_id(&self, application: &ApplicationRef) -> Result<Uuid, Failure> {
        let known = || self.writer.known_of(&application.name).client;
        application.app_id.or_else(known).ok_or_else(|| unknown(&application.name))
    }

    fn principal_id(&self, application: &ApplicationRef) -> Result<String, Failure> {
        let known = || self.writer.known_of(&application.name).principal;
        application.principal_id.clone().or_else(known).ok_or_else(|| unknown(&application.name))
    }

    /// Tries until the directory no longer answers that it does not know yet what came before.
    async fn until<T, F>(
        &self,
        what: &str,
        mut attempt: impl FnMut() -> F + Send,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, GraphError>> + Send,
    {
        let mut patience = Patience::new(&self.writer.reach, self.tell, what, WITHIN);
        loop {
            match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) if may_pass(&error) && patience.pause().await => {}
                Err(error) => return Err(failure(&error)),
            }
        }
    }

    /// Tries until there is something to see.
    pub(super) async fn seen<T, F>(
        &self,
        what: &str,
        mut attempt: impl FnMut() -> F + Send,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<Option<T>, GraphError>> + Send,
    {
        let mut patience = Patience::new(&self.writer.reach, self.tell, what, WITHIN);
        loop {
            match attempt().await {
                Ok(Some(value)) => return Ok(value),
                Ok(None) => {}
                Err(error) if may_pass(&error) => {}
                Err(error) => return Err(failure(&error)),
            }
            if !patience.pause().await {
                let seconds = patience.waited();
                return Err(refused(format!(
                    "waited {seconds} s for {what}; run `auditform apply` again, it goes on from here"
                )));
            }
        }
    }

    /// Creating overwrites what is there under the unique name, so that is looked at first, and
    /// what was there all the same is looked at after.
    async fn create_application(
        &self,
        application: &ApplicationRef,
        unique_name: &str,
        patch: &ApplicationPatch,
    ) -> Done {
        let there = self.entra.application_by_unique_name(unique_name).await;
        let mut found = there.map_err(|error| failure(&error))?;
        if found.is_none() {
            let made = self.entra.upsert_application(unique_name, patch).await;
            found = match made.map_err(|error| failure(&error))? {
                Upserted::Created(found) => Some(found),
                Upserted::Existed => None,
            };
        }
        let found = if let Some(found) = found {
            found
        } else {
            let what = "the application to appear";
            let seen = self.seen(what, || self.entra.application_by_unique_name(unique_name));
            seen.await.map_err(doubtful)?
        };
        let marks = patch.tags.as_deref().unwrap_or_default();
        if !marks.iter().all(|mark| found.tags.contains(mark)) {
            return Err(stale(
                "an application of this unique name was made by others in the meantime",
            ));
        }
        self.writer.learn(&application.name, |known| {
            known.object = Some(found.object_id);
            known.client = Some(found.app_id);
        });
        Ok(None)
    }

    /// A collection that is replaced whole must be as the plan saw it, or what others have added to
    /// it since would be lost.
    async fn update_application(
        &self,
        application: &ApplicationRef,
        patch: &ApplicationPatch,
        before: Option<&[RequiredAccess]>,
    ) -> Done {
        let id = self.object_id(application)?;
        if let Some(before) = before {
            let found = self.registration(&id).await?;
            if Some(found.required_access.as_slice()) == patch.required_access.as_deref() {
                return Ok(None);
            }
            if found.required_access != before {
                return Err(stale("its permissions were changed since the plan was made"));
            }
        }
        let what = "the application to be known to the directory";
        self.until(what, || self.entra.update_application(&id, patch)).await.map(|()| None)
    }

    async fn create_principal(&self, application: &ApplicationRef) -> Done {
        let app_id = self.app_id(application)?;
        let what = "the application to be known to the directory";
        let made = self.until(what, || self.entra.upsert_service_principal(app_id)).await?;
        let found = match made {
            Upserted::Created(found) => found,
            Upserted::Existed => {
                let what = "the service principal to appear";
                let seen = self.seen(what, || self.entra.service_principal(app_id));
                seen.await.map_err(doubtful)?
            }
        };
        self.writer.learn(&application.name, |known| known.principal = Some(found.object_id));
        Ok(None)
    }

    /// The registration as it is now.
    async fn registration(&self, object_id: &str) -> Result<ObservedApplication, Failure> {
        self.seen("the application to appear", || self.entra.application(object_id)).await
    }

    async fn plain(&self, write: &IdentityWrite) -> Done {
        let what = "what it depends on to be known to the directory";
        self.until(what, || async move {
            match self.once(write).await {
                // Another run, or another administrator, was first; or it was this request.
                Err(Trouble::Graph(error)) if is_done(write, &error) => Ok(Ok(())),
                Err(Trouble::Graph(error)) => Err(error),
                Err(Trouble::Failure(failure)) => Ok(Err(failure)),
                Ok(()) => Ok(Ok(())),
            }
        })
        .await?
        .map(|()| None)
    }

    async fn once(&self, write: &IdentityWrite) -> Result<(), Trouble> {
        let entra = self.entra;
        match write {
            IdentityWrite::DeleteApplication { application } => {
                entra.delete_application(&self.object_id(application)?).await?;
            }
            IdentityWrite::DeleteServicePrincipal { application } => {
                entra.delete_service_principal(&self.principal_id(application)?).await?;
            }
            IdentityWrite::AddOwner { application, owner } => {
                entra.add_owner(&self.object_id(application)?, owner).await?;
            }
            IdentityWrite::RemoveOwner { application, owner } => {
                entra.remove_owner(&self.object_id(application)?, owner).await?;
            }
            IdentityWrite::GrantConsent { application, resource, app_role } => {
                let principal = self.principal_id(application)?;
                entra.grant_consent(&principal, resource, *app_role).await?;
            }
            IdentityWrite::RevokeConsent { resource, assignment } => {
                entra.revoke_consent(resource, assignment).await?;
            }
            IdentityWrite::AssignDirectoryRole { application, role } => {
                entra.assign_directory_role(&self.principal_id(application)?, role).await?;
            }
            IdentityWrite::RemoveDirectoryRole { assignment } => {
                entra.remove_directory_role(assignment).await?;
            }
            IdentityWrite::AssignExchangeRole { application, role } => {
                entra.assign_exchange_role(&self.principal_id(application)?, role).await?;
            }
            IdentityWrite::RemoveExchangeRole { assignment } => {
                entra.remove_exchange_role(assignment).await?;
            }
            IdentityWrite::AddFederatedCredential { application, credential } => {
                let id = self.object_id(application)?;
                entra.create_federated_credential(&id, credential).await?;
            }
            IdentityWrite::UpdateFederatedCredential { application, id, credential } => {
                let object = self.object_id(application)?;
                entra.update_federated_credential(&object, id, credential).await?;
            }
            IdentityWrite::RemoveFederatedCredential { application, id } => {
                entra.delete_federated_credential(&self.object_id(application)?, id).await?;
            }
            _ => {}
        }
        Ok(())
    }
}

enum Trouble {
    Graph(GraphError),
    Failure(Failure),
}

impl From<GraphError> for Trouble {
    fn from(error: GraphError) -> Self {
        Self::Graph(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// What may pass with time: an object that is not there yet for all servers. A request whose answer
/// never came is sent again too: done twice, each of them is answered as being there already.
fn may_pass(error: &GraphError) -> bool {
    matches!(
        error.kind,
        GraphErrorKind::NotFound
            | GraphErrorKind::NotYet
            | GraphErrorKind::Conflict
            | GraphErrorKind::InDoubt
    )
}

/// What a step wanted is the case already.
fn is_done(write: &IdentityWrite, error: &GraphError) -> bool {
    let creates = matches!(
        write,
        IdentityWrite::AddOwner { .. }
            | IdentityWrite::GrantConsent { .. }
            | IdentityWrite::AssignDirectoryRole { .. }
            | IdentityWrite::AssignExchangeRole { .. }
            | IdentityWrite::AddFederatedCredential { .. }
    );
    let updates = matches!(write, IdentityWrite::UpdateFederatedCredential { .. });
    match error.kind {
        GraphErrorKind::AlreadyThere => creates,
        GraphErrorKind::NotFound => !creates && !updates,
        _ => false,
    }
}

pub(super) fn refused(message: String) -> Failure {
    Failure { kind: FailureKind::Refused, message, request_id: None }
}

pub(super) fn stale(what: &str) -> Failure {
    refused(format!("{what}, so it is left as it is; plan again"))
}

fn unknown(name: &str) -> Failure {
    refused(format!("`application.{name}` was not made, so its identifiers are not known"))
}

/// The write was taken, and what came after it did not show what it did.
pub(super) fn doubtful(failure: Failure) -> Failure {
    Failure { kind: FailureKind::InDoubt, ..failure }
}

fn failure(error: &GraphError) -> Failure {
    let kind = match error.kind {
        GraphErrorKind::InDoubt => FailureKind::InDoubt,
        GraphErrorKind::Stopped => FailureKind::Withdrawn,
        GraphErrorKind::Unreachable | GraphErrorKind::SignIn(_) => FailureKind::NotSent,
        _ => FailureKind::Refused,
    };
    let help = error.help();
    let message = if help.is_empty() { error.to_string() } else { format!("{error}; {help}") };
    Failure { kind, message, request_id: error.trace.request_id.clone() }
}
