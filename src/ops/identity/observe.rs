//! Reads what the spec's applications are by now. What was not read is never taken for absent: the
//! first read that fails ends the operation.

use std::collections::BTreeSet;

use uuid::{Uuid, uuid};

use super::preflight::preflight_of_spec;
use crate::client::Claims;
use crate::diagnostic::Diagnostic;
use crate::ops::connect::Connection;
use crate::ops::ports::Stopped;
use crate::plan::{IdentityChange, Plan};
use crate::providers::entra::{Entra, GraphError, GraphErrorKind};
use crate::resource::Kind;
use crate::state::{
    ApplicationKey, ApplicationSettings, DesiredState, Ensure, ObservedApplication, ObservedChain,
    ObservedIdentity, SignIn,
};

/// What changes of a run touch, by application and kind. A plan that takes them back needs it read,
/// whether the spec still asks for it or not.
#[derive(Debug, Clone, Default)]
pub(in crate::ops) struct Touched(BTreeSet<(String, Kind)>);

impl Touched {
    /// What these changes touch.
    pub(in crate::ops) fn of<'c>(changes: impl IntoIterator<Item = &'c IdentityChange>) -> Self {
        let place = |change: &IdentityChange| {
            Some((change.address.name()?.to_owned(), change.address.kind()))
        };
        Self(changes.into_iter().filter_map(place).collect())
    }

    /// What a plan that takes a run back touches; of others, the spec says what is read.
    pub(in crate::ops) fn by(plan: &Plan) -> Self {
        Self::of(plan.identity.iter().filter(|_| plan.undoes.is_some()))
    }

    pub(in crate::ops) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn holds(&self, name: &str, kind: Kind) -> bool {
        self.0.contains(&(name.to_owned(), kind))
    }

    /// Whether an application is to go, so that whatever it holds has to be known.
    fn may_remove(&self, name: &str) -> bool {
        self.holds(name, Kind::Application) || self.holds(name, Kind::ServicePrincipal)
    }

    fn holds_any(&self, kind: Kind) -> bool {
        self.0.iter().any(|(_, held)| *held == kind)
    }
}

/// Reads certificates from disk and applications from the directory.
pub(in crate::ops) async fn observe(
    connection: &Connection,
    desired: &DesiredState,
    touched: &Touched,
    now: jiff::Timestamp,
) -> Result<ObservedIdentity, Stopped> {
    let mut observed = ObservedIdentity {
        certificates: connection.certificates.observe(now)?,
        acting_as: connection.bootstrap.client_id(),
        acting_with: connection.acting_with.clone(),
        ..ObservedIdentity::default()
    };
    if let Some(exchange) = &connection.exchange {
        observed.exchange_as = exchange.client_id().await;
    }
    if let Some(entra) = &connection.entra {
        // A token names its application also where the way to sign in does not.
        let claims = entra.claims().await.map_err(|error| stop(&error))?;
        let named = claims.filter(Claims::is_application).and_then(|claims| claims.client_id());
        observed.acting_as = named.or(observed.acting_as);
        if let Err(error) = directory(entra, desired, touched, &mut observed).await {
            return Err(explained(entra, desired, &error).await);
        }
    }
    Ok(observed)
}

/// A denied read says what that read takes; what the spec takes besides is said with it, so that
/// nobody has to come back for each.
async fn explained(entra: &Entra, desired: &DesiredState, error: &GraphError) -> Stopped {
    let mut stopped = stop(error);
    if let GraphErrorKind::Denied { .. } = error.kind
        && let Ok(Some(claims)) = entra.claims().await
    {
        stopped.diagnostics.extend(preflight_of_spec(&claims, desired));
    }
    stopped
}

async fn directory(
    entra: &Entra,
    desired: &DesiredState,
    touched: &Touched,
    observed: &mut ObservedIdentity,
) -> Result<(), GraphError> {
    let applications = &desired.applications;
    let mut services = resources(applications);
    if touched.holds_any(Kind::AppRoleAssignment) {
        services.extend(USUAL_SERVICES);
    }
    for resource in services {
        if let Some(found) = entra.service_principal(resource).await? {
            observed.resources.insert(resource, found);
        }
    }
    for settings in applications {
        let chain = chain(entra, settings, touched).await?;
        observed.applications.insert(settings.name.clone(), chain);
    }
    let names_roles = |settings: &ApplicationSettings| {
        let held = observed.applications.get(&settings.name);
        !settings.directory_roles.is_empty()
            || held.is_some_and(|chain| !chain.directory_roles.is_empty())
    };
    let is_touched = touched.holds_any(Kind::DirectoryRoleAssignment);
    if is_touched || applications.iter().any(names_roles) {
        observed.directory_roles = entra.directory_role_definitions().await?;
    }
    let names_roles = |settings: &ApplicationSettings| {
        let held = observed.applications.get(&settings.name);
        !settings.exchange_roles.is_empty()
            || held.is_some_and(|chain| !chain.exchange_roles.is_empty())
    };
    let is_touched = touched.holds_any(Kind::ExchangeRoleAssignment);
    if is_touched || applications.iter().any(names_roles) {
        observed.exchange_roles = entra.exchange_role_definitions().await?;
    }
    for owner in applications.iter().flat_map(|settings| &settings.owners) {
        if !observed.owners.contains_key(&owner.value)
            && let Some(found) = entra.user(&owner.value).await?
        {
            observed.owners.insert(owner.value.clone(), found);
        }
    }
    Ok(())
}

/// Services whose permissions are taken away are looked up too, so that they can be named.
const USUAL_SERVICES: [Uuid; 2] =
    [uuid!("00000002-0000-0ff1-ce00-000000000000"), uuid!("00000003-0000-0000-c000-000000000000")];

/// The services whose permissions have to be known by name.
pub(in crate::ops) fn resources(applications: &[ApplicationSettings]) -> BTreeSet<Uuid> {
    let removes =
        |settings: &ApplicationSettings| settings.exclusive || settings.ensure == Ensure::Absent;
    let usual = USUAL_SERVICES.into_iter().filter(|_| applications.iter().any(removes));
    let named = applications.iter().flat_map(|settings| &settings.api_permissions);
    named.map(|permission| permission.resource).chain(usual).collect()
}

async fn chain(
    entra: &Entra,
    settings: &ApplicationSettings,
    touched: &Touched,
) -> Result<ObservedChain, GraphError> {
    let asks = |kind: Kind| touched.holds(&settings.name, kind);
    let application = match &settings.key {
        ApplicationKey::AppId(id) => entra.application_by_app_id(id.value).await?,
        ApplicationKey::UniqueName { name, .. } => entra.application_by_unique_name(name).await?,
    };
    let application = if let Some(application) = application {
        application
    } else {
        let mut namesakes = namesakes(entra, settings).await?;
        // What was made a moment ago may be listed before it is found by its unique name.
        let Some(own) = namesakes.iter().position(|found| is_meant(found, settings)) else {
            return Ok(ObservedChain { namesakes, ..ObservedChain::default() });
        };
        namesakes.swap_remove(own)
    };
    let federated = entra.federated_credentials(&application.object_id).await?;
    let owners = if settings.owners.is_empty() && !asks(Kind::ApplicationOwner) {
        Vec::new()
    } else {
        entra.owners(&application.object_id).await?
    };
    let principal = entra.service_principal(application.app_id).await?;
    let mut chain = ObservedChain {
        application: Some(application),
        federated,
        owners,
        ..ObservedChain::default()
    };
    if let Some(principal) = principal {
        let id = &principal.object_id;
        chain.consents = entra.consents(id).await?;
        let removes = settings.exclusive
            || settings.ensure == Ensure::Absent
            || touched.may_remove(&settings.name);
        let is_touched = asks(Kind::DirectoryRoleAssignment);
        if removes || is_touched || !settings.directory_roles.is_empty() {
            chain.directory_roles = entra.directory_roles(id).await?;
        }
        if !settings.exchange_roles.is_empty() || asks(Kind::ExchangeRoleAssignment) {
            chain.exchange_roles = entra.exchange_roles(id).await?;
        } else if removes {
            match entra.exchange_roles(id).await {
                Ok(held) => chain.exchange_roles = held,
                // Beta, and it takes a permission of its own. Not knowing is told, see `removal`.
                Err(error) if matches!(error.kind, GraphErrorKind::Denied { .. }) => {
                    chain.exchange_roles_denied = true;
                }
                Err(error) => return Err(error),
            }
        }
        chain.principal = Some(principal);
    }
    Ok(chain)
}

fn is_meant(found: &ObservedApplication, settings: &ApplicationSettings) -> bool {
    matches!(&settings.key, ApplicationKey::UniqueName { name, .. }
        if found.unique_name.as_ref() == Some(name))
}

/// Looked up only where nothing else says which application is meant.
async fn namesakes(
    entra: &Entra,
    settings: &ApplicationSettings,
) -> Result<Vec<ObservedApplication>, GraphError> {
    match (&settings.key, &settings.display_name) {
        (ApplicationKey::UniqueName { is_explicit: false, .. }, Some(name))
            if settings.ensure == Ensure::Present =>
        {
            entra.applications_named(&name.value).await
        }
        _ => Ok(Vec::new()),
    }
}

/// A read of the directory that failed, as findings.
pub(in crate::ops) fn stop(error: &GraphError) -> Stopped {
    let (code, users) = match &error.kind {
        GraphErrorKind::SignIn(error) if error.is_unreachable() => ("sign-in-unreachable", false),
        GraphErrorKind::SignIn(_) => ("sign-in", true),
        GraphErrorKind::Denied { .. } | GraphErrorKind::Unauthorized => ("denied", false),
        GraphErrorKind::Throttled { .. } => ("throttled", false),
        GraphErrorKind::Unreachable => ("unreachable", false),
        GraphErrorKind::Unavailable => ("unavailable", false),
        _ => ("incomplete-read", false),
    };
    let help = error.help();
    let request_id = error.trace.request_id.as_deref();
    let mut diagnostic = Diagnostic::error(code, error.to_string()).of_request(request_id);
    if !help.is_empty() {
        diagnostic = diagnostic.help(help);
    }
    if users {
        Stopped::error(diagnostic)
    } else {
        Stopped::state_unknown(
            diagnostic.note("what could not be read is unknown, so nothing is planned"),
        )
    }
}

/// The client id of the application that the spec signs in to Exchange as, where it exists.
pub(in crate::ops) fn signing_in(
    observed: &ObservedIdentity,
    desired: &DesiredState,
) -> Option<Uuid> {
    let Some(SignIn::Application(name)) = &desired.tenant.sign_in else { return None };
    Some(observed.applications.get(&name.value)?.application.as_ref()?.app_id)
}
