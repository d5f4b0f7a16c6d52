//! Finds who may read Exchange while the application that is to work there may still be in the
//! making: that application, where all that it takes is there already; else whoever works in the
//! directory, where that is an application with the permission; else nobody yet.

use std::sync::Arc;

use super::connect::{Connection, asks_of_exchange};
use super::identity::{ApplicationSignIn, Entered, probe};
use super::ports::{Ports, Stopped};
use super::read;
use crate::client::SignInMethod;
use crate::providers::exchange::{Exchange, ReadError};
use crate::state::{DesiredState, Ensure, ObservedChain, ObservedIdentity, SignIn};

/// Somebody who may read Exchange.
struct Reader {
    exchange: Exchange,
    /// It is the application that is to work there.
    is_application: bool,
}

/// Lets in whoever may read Exchange by now, where the spec asks anything of it; whether somebody may.
pub(super) async fn enter(
    connection: &mut Connection,
    desired: &DesiredState,
    observed: &ObservedIdentity,
    ports: &Ports,
) -> Result<bool, Stopped> {
    if connection.exchange.is_none()
        && asks_of_exchange(desired)
        && let Some(reader) = reader(connection, desired, observed, ports).await?
    {
        connection.exchange = Some(reader.exchange);
        connection.entered = reader.is_application;
    }
    Ok(connection.exchange.is_some())
}

/// Who may read Exchange; `None` as long as nobody may.
async fn reader(
    connection: &Connection,
    desired: &DesiredState,
    observed: &ObservedIdentity,
    ports: &Ports,
) -> Result<Option<Reader>, Stopped> {
    let Some(SignIn::Application(name)) = &desired.tenant.sign_in else { return Ok(None) };
    if let Some(chain) = observed.applications.get(&name.value)
        && let Some(exchange) = as_application(connection, desired, observed, chain, ports).await?
    {
        return Ok(Some(Reader { exchange, is_application: true }));
    }
    let exchange = as_bootstrap(connection, desired).await?;
    Ok(exchange.map(|exchange| Reader { exchange, is_application: false }))
}

/// The sign-in as an application of the spec.
pub(super) fn application(
    connection: &Connection,
    desired: &DesiredState,
    ports: &Ports,
) -> Option<ApplicationSignIn> {
    let Some(SignIn::Application(name)) = &desired.tenant.sign_in else { return None };
    Some(ApplicationSignIn {
        name: name.value.clone(),
        desired: Arc::new(desired.clone()),
        ports: ports.clone(),
        prompt: Arc::clone(&connection.prompt),
        reach: connection.reach.clone(),
        certificates: Arc::clone(&connection.certificates),
    })
}

async fn as_application(
    connection: &Connection,
    desired: &DesiredState,
    observed: &ObservedIdentity,
    chain: &ObservedChain,
    ports: &Ports,
) -> Result<Option<Exchange>, Stopped> {
    let (Some(found), Some(_)) = (&chain.application, &chain.principal) else { return Ok(None) };
    let Some(sign_in) = application(connection, desired, ports) else { return Ok(None) };
    let settings = desired.applications.iter().find(|application| application.name == sign_in.name);
    let Some(settings) = settings else { return Ok(None) };
    // Only what is registered is worth a try: a wrong certificate costs a refusal in the sign-in log.
    let certificate = settings.certificates.first();
    let registered = certificate.is_none_or(|certificate| {
        let held = observed.certificates.get(&certificate.value);
        // Of what is to be gone nobody has looked which one is in use.
        let gone = held.filter(|held| held.current.is_none()).into_iter();
        let current = held.into_iter().flat_map(|held| &held.current);
        current
            .chain(gone.flat_map(|held| &held.retired))
            .any(|facts| found.keys.iter().any(|key| key.thumbprint == Some(facts.thumbprint)))
    });
    // One that has ended is about to be replaced, and a token of another issuer may be at hand only
    // where the work is done.
    if !registered || !sign_in.is_at_hand() {
        return Ok(None);
    }
    match sign_in.try_once(found.app_id).await {
        Ok(Entered::Yes(exchange)) => Ok(Some(exchange)),
        Ok(Entered::NotYet(why)) => {
            tracing::info!(why, "the application cannot enter Exchange yet");
            Ok(None)
        }
        // It is about to go anyway, and another identity is named for the work.
        Err(_) if settings.ensure == Ensure::Absent => Ok(None),
        Err(stopped) => Err(stopped),
    }
}

/// Neither the Azure CLI's client nor those of the device code are known to be let into Exchange
/// (docs/spec-reference.md), and a person would have to sign in once more to find out.
async fn as_bootstrap(
    connection: &Connection,
    desired: &DesiredState,
) -> Result<Option<Exchange>, Stopped> {
    let tokens = &connection.bootstrap;
    match tokens.method() {
        SignInMethod::DeviceCode { .. } | SignInMethod::AzureCli { .. } => return Ok(None),
        _ => {}
    }
    let entered = match connection.reach.exchange(Arc::clone(tokens)).await {
        Ok(exchange) => probe(&exchange, desired).await.map(|()| exchange),
        Err(error) => Err(error),
    };
    match entered {
        Ok(exchange) => Ok(Some(exchange)),
        Err(ReadError::SignIn(error)) if error.is_unreachable() => {
            Err(read::stop(ReadError::SignIn(error)))
        }
        // Reading as this identity is a convenience: that it may not is no reason to stop.
        Err(error @ (ReadError::Token(_) | ReadError::Denied { .. } | ReadError::SignIn(_))) => {
            tracing::info!(%error, "the bootstrap identity cannot enter Exchange");
            Ok(None)
        }
        Err(error) => Err(read::stop(error)),
    }
}
