//! Certificates on a registration. A write of `keyCredentials` replaces all of them, so each try is
//! computed from a read just before it, and is over only when a read shows it. A certificate counts
//! as registered when a token was minted with it.

use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use super::steps::{Steps, doubtful, refused, stale};
use super::wait::{Patience, WITHIN};
use super::writer::Done;
use crate::apply::Failure;
use crate::client::SignInMethod;
use crate::plan::ApplicationRef;
use crate::providers::entra::KeyElement;
use crate::state::{ObservedApplication, ObservedKey};

impl Steps<'_> {
    pub(super) async fn add_key(
        &self,
        application: &ApplicationRef,
        name: &str,
        staged: bool,
        planned: Option<&[u8; 20]>,
    ) -> Done {
        let object_id = self.object_id(application)?;
        let client_id = self.app_id(application)?;
        let opened = self.writer.certificates.open(name, staged, (self.writer.clock)());
        let (credential, facts) = opened.map_err(|error| refused(error.to_string()))?;
        let thumbprint = facts.thumbprint_sha1;
        if planned.is_some_and(|planned| *planned != thumbprint) {
            return Err(stale("the certificate was replaced since the plan was made"));
        }
        self.rewrite(&object_id, "the certificate to be listed", &|found| {
            if found.keys.iter().any(|key| key.thumbprint == Some(thumbprint)) {
                return None;
            }
            let mut keys = self.kept(found, |_| true);
            keys.push(KeyElement::New {
                // The same for the same certificate, so that a repeated request adds nothing.
                key_id: Uuid::new_v5(&client_id, &facts.thumbprint_sha256),
                der: facts.der.clone(),
                display_name: format!("auditform certificate.{name}"),
                start: facts.not_before,
                end: facts.not_after,
            });
            Some(keys)
        })
        .await?;
        self.mint(SignInMethod::Certificate { client_id, credential }).await
    }

    pub(super) async fn remove_key(&self, application: &ApplicationRef, key_id: Uuid) -> Done {
        let object_id = self.object_id(application)?;
        self.rewrite(&object_id, "the certificate to be gone", &|found| {
            let is_there = found.keys.iter().any(|key| key.key_id == key_id);
            is_there.then(|| self.kept(found, |key| key.key_id != key_id))
        })
        .await
        .map(|()| None)
    }

    /// Writes what `change` makes of the keys until it has nothing to change any more. After a write
    /// that succeeded, it is only waited for; anything else is computed anew.
    async fn rewrite(
        &self,
        object_id: &str,
        what: &str,
        change: &(dyn Fn(&ObservedApplication) -> Option<Vec<KeyElement>> + Sync),
    ) -> Result<(), Failure> {
        let written = AtomicBool::new(false);
        let written = &written;
        self.seen(what, || async move {
            let Some(found) = self.entra.application(object_id).await? else { return Ok(None) };
            let Some(keys) = change(&found) else { return Ok(Some(())) };
            if !written.load(Ordering::Relaxed) {
                self.entra.set_keys(object_id, &keys).await?;
                written.store(true, Ordering::Relaxed);
            }
            Ok(None)
        })
        .await
        .map_err(|failure| {
            if written.load(Ordering::Relaxed) { doubtful(failure) } else { failure }
        })
    }

    /// What stays: an expired element would have the whole write refused.
    fn kept(
        &self,
        found: &ObservedApplication,
        stays: impl Fn(&ObservedKey) -> bool,
    ) -> Vec<KeyElement> {
        let now = (self.writer.clock)();
        found
            .keys
            .iter()
            .filter(|key| key.end.is_none_or(|end| end > now) && stays(key))
            .map(|key| KeyElement::Keep(key.clone()))
            .collect()
    }

    /// Only a token proves that a certificate is usable: the sign-in service follows the directory
    /// at its own pace.
    async fn mint(&self, method: SignInMethod) -> Done {
        let tokens = self.writer.reach.tokens(method);
        let scope = &self.writer.reach.endpoints.graph_scope;
        let mut patience =
            Patience::new(&self.writer.reach, self.tell, "a token with the certificate", WITHIN);
        loop {
            match tokens.fresh_token(scope).await {
                Ok(_) => {
                    tokens.forget().await;
                    return Ok(None);
                }
                Err(error) if error.is_not_yet() && patience.pause().await => {}
                Err(error) => {
                    let failure = refused(format!(
                        "the certificate is registered and gives no token: {error}; {}",
                        error.help()
                    ));
                    // It may be good all the same: nobody waited for it.
                    let is_stopped = self.writer.reach.is_stopped();
                    return Err(if is_stopped { doubtful(failure) } else { failure });
                }
            }
        }
    }
}
