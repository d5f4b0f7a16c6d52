//! Signs in to Exchange as an application that the spec makes. Consent and roles take a while to be
//! in a token, and Exchange reads them from it; so a new token is taken until it holds what the spec
//! gives, and Exchange is asked something before it is relied on.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::wait::{Patience, Tell};
use crate::client::{Claims, DevicePrompt, SignInMethod};
use crate::ops::certificates::Certificates;
use crate::ops::connect::Reach;
use crate::ops::ports::{Ports, Stopped};
use crate::ops::read;
use crate::ops::sign_in::Surroundings;
use crate::providers::exchange::{Exchange, ReadError};
use crate::resource::DirectoryRole;
use crate::state::{ApplicationSettings, DesiredState};

/// How long one run waits. A directory role may take 15 minutes and a management role two hours
/// ("Role Based Access Control for Applications in Exchange Online"): a later run goes on then.
const WITHIN: Duration = Duration::from_secs(5 * 60);

/// Whether Exchange can be entered.
pub(in crate::ops) enum Entered {
    /// It can.
    Yes(Exchange),
    /// Not yet: why, in words.
    NotYet(String),
}

/// An application to sign in as. Its certificate is read when it signs in, since a step before may
/// have made or switched it.
pub(in crate::ops) struct ApplicationSignIn {
    pub(in crate::ops) name: String,
    pub(in crate::ops) desired: Arc<DesiredState>,
    pub(in crate::ops) ports: Ports,
    pub(in crate::ops) prompt: Arc<dyn DevicePrompt>,
    pub(in crate::ops) reach: Reach,
    pub(in crate::ops) certificates: Arc<Certificates>,
}

impl ApplicationSignIn {
    fn settings(&self) -> Option<&ApplicationSettings> {
        self.desired.applications.iter().find(|application| application.name == self.name)
    }

    /// Whether what the application signs in with is at hand and fit.
    pub(in crate::ops) fn is_at_hand(&self) -> bool {
        self.settings().is_some_and(|settings| self.method(settings, Uuid::nil()).is_ok())
    }

    fn method(
        &self,
        settings: &ApplicationSettings,
        client_id: Uuid,
    ) -> Result<SignInMethod, Stopped> {
        let (desired, ports, prompt) = (&*self.desired, &self.ports, &self.prompt);
        let surroundings = Surroundings { desired, ports, prompt };
        surroundings.as_application(settings, client_id, &self.certificates)
    }

    /// One try.
    pub(in crate::ops) async fn try_once(&self, client_id: Uuid) -> Result<Entered, Stopped> {
        let Some(settings) = self.settings() else {
            return Ok(Entered::NotYet(format!("there is no `application.{}`", self.name)));
        };
        let tokens = self.reach.tokens(self.method(settings, client_id)?);
        let exchange = match self.reach.exchange(Arc::clone(&tokens)).await {
            Ok(exchange) => exchange,
            Err(ReadError::SignIn(error)) if error.is_not_yet() => {
                return Ok(Entered::NotYet(error.to_string()));
            }
            Err(ReadError::Token(problem)) => return Ok(Entered::NotYet(problem.to_string())),
            Err(error) => return Err(read::stop(error)),
        };
        if let Some(role) = missing_role(settings, exchange.claims().await) {
            return Ok(Entered::NotYet(format!("the token does not hold the role `{role}` yet")));
        }
        let tried = probe(&exchange, &self.desired).await;
        entered(exchange, tried)
    }

    /// Tries until Exchange takes the application, or the time of one run is over.
    pub(in crate::ops) async fn enter(
        &self,
        client_id: Uuid,
        tell: Tell<'_>,
    ) -> Result<Entered, Stopped> {
        let within = self.ports.request_timeout.map_or(WITHIN, |given| given.min(WITHIN));
        let what = format!("Exchange to accept `application.{}`", self.name);
        let mut patience = Patience::new(&self.reach, tell, &what, within);
        loop {
            // Roles come into force one by one.
            let tried = match self.try_once(client_id).await? {
                Entered::Yes(exchange) => {
                    let tried = read::try_reading(&exchange, &self.desired).await;
                    entered(exchange, tried)?
                }
                not_yet @ Entered::NotYet(_) => not_yet,
            };
            match tried {
                Entered::NotYet(_) if patience.pause().await => {}
                entered => return Ok(entered),
            }
        }
    }
}

fn entered(exchange: Exchange, tried: Result<(), ReadError>) -> Result<Entered, Stopped> {
    match tried {
        Ok(()) => Ok(Entered::Yes(exchange)),
        Err(error @ ReadError::Denied { .. }) => Ok(Entered::NotYet(error.to_string())),
        Err(error) => Err(read::stop(error)),
    }
}

/// Asks Exchange for what the spec needs first of all: a token with everything in it may still meet
/// a server that does not know the role yet.
pub(in crate::ops) async fn probe(
    exchange: &Exchange,
    desired: &DesiredState,
) -> Result<(), ReadError> {
    if read::needs_organization(desired) {
        exchange.organization().await.map(drop)
    } else if desired.needs_audit_log() {
        exchange.unified_audit_log().await.map(drop)
    } else {
        read::try_listing(exchange, desired).await
    }
}

/// The first of the spec's directory roles that a token lacks. A token that cannot be read lacks
/// nothing: Exchange is the judge.
fn missing_role(settings: &ApplicationSettings, claims: Option<Claims>) -> Option<&str> {
    let claims = claims?;
    let lacks = |role: &&str| {
        let known = DirectoryRole::find(role).map(|known| known.template_id.to_string());
        known.is_some_and(|id| {
            !claims.directory_roles().iter().any(|held| held.eq_ignore_ascii_case(&id))
        })
    };
    settings.directory_roles.iter().map(|role| role.value.as_str()).find(lacks)
}
