//! A Microsoft 365 tenant in memory, served over HTTP and held to the service's published
//! behaviour: sign-in by certificate, the audit cmdlets of the Exchange admin API, and a document
//! of the whole tenant for tests. A seed goes in; a base URL and a working credential come out.
//! It shares no types with the client, so that neither can excuse the other's mistakes, and it
//! reaches nothing outside this machine. What is faithful to which source: `docs/emulator.md`.

mod actions;
mod audit;
mod clock;
mod directory;
mod errors;
mod exchange;
mod faults;
mod identity;
mod message;
mod names;
mod populate;
mod recipient;
mod request_log;
mod routes;
mod seed;
mod server;
mod service;
mod state_document;
mod state_file;
mod tenant;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use self::clock::Clock;
pub use self::errors::EmulatorError;
pub use self::seed::{Seed, SeedError};

use self::faults::Faults;
use self::identity::access_token::Application;
use self::identity::credentials::{self, Credentials};
use self::request_log::RequestLog;
use self::routes::Front;
use self::service::Service;
use self::state_file::StateFile;
use self::tenant::Tenant;

/// How to stand a tenant up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Loopback; port 0 takes a free one.
    pub listen: SocketAddr,
    /// None: the seed of the state file, or a hundred generated mailboxes.
    pub seed: Option<Seed>,
    /// Where changes outlive the process; none keeps them in memory.
    pub state: Option<PathBuf>,
    /// JSON Lines, one for every request.
    pub request_log: Option<PathBuf>,
    /// A directory of our own for the app's key, certificate and token key.
    pub credentials: PathBuf,
    /// Every request waits this long.
    pub latency: Duration,
    /// Changes show in reads after this long.
    pub lag: Duration,
    /// Judges tokens, links and lags.
    pub clock: Clock,
}

impl Options {
    /// A tenant in memory on a free port, without delays.
    pub fn new(credentials: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: None,
            state: None,
            request_log: None,
            credentials: credentials.into(),
            latency: Duration::ZERO,
            lag: Duration::ZERO,
            clock: Clock::system(),
        }
    }
}

/// Starts tenants.
#[derive(Debug)]
pub struct Emulator;

/// A tenant that is being served. Dropping it stops it as `shutdown` does, without waiting.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    service: Arc<Service>,
    certificate_pem: PathBuf,
    certificate_pfx: PathBuf,
    stop: watch::Sender<()>,
    serving: JoinHandle<()>,
}

impl Emulator {
    /// Builds the tenant, or takes it up where its state file left it, and serves it.
    pub async fn start(options: Options) -> Result<Running, EmulatorError> {
        if !options.listen.ip().is_loopback() {
            return Err(EmulatorError::NotLoopback(options.listen));
        }
        let (service, credentials) = service(&options)?;
        let log = options.request_log.as_deref().map(RequestLog::open).transpose()?;
        let faults = Faults { latency: options.latency };
        let listener = TcpListener::bind(options.listen).await;
        let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) =
            bound.map_err(|source| EmulatorError::Listen { address: options.listen, source })?;
        let front = Front { service: Arc::clone(&service), faults, log };
        let (stop, stopped) = watch::channel(());
        let router = routes::router(Arc::new(front));
        let serving = tokio::spawn(server::serve(listener, router, stopped));
        Ok(Running {
            address,
            service,
            certificate_pem: credentials.certificate_pem,
            certificate_pfx: credentials.certificate_pfx,
            stop,
            serving,
        })
    }
}

fn service(options: &Options) -> Result<(Arc<Service>, Credentials), EmulatorError> {
    let lag = SignedDuration::try_from(options.lag).unwrap_or(SignedDuration::MAX);
    let tenant = match &options.state {
        None => Tenant::new(&options.seed.clone().unwrap_or_default(), lag),
        Some(path) => {
            let (file, seed) = StateFile::open(path, options.seed.clone())?;
            let mut tenant = Tenant::new(&seed, lag);
            tenant.resume(file)?;
            tenant
        }
    };
    let credentials = credentials::open(&options.credentials)?;
    let service = Service {
        application: Application::of(tenant.id),
        tenant,
        certificate: credentials.certificate.clone(),
        token_key: credentials.token_key.clone(),
        clock: options.clock.clone(),
    };
    Ok((Arc::new(service), credentials))
}

impl Running {
    /// Authority, Graph and Exchange together.
    pub fn base_url(&self) -> String {
        message::base_url(self.address)
    }

    /// The tenant's GUID.
    pub fn tenant_id(&self) -> String {
        self.service.tenant.id.to_string()
    }

    /// The tenant's initial domain.
    pub fn organization(&self) -> &str {
        &self.service.tenant.organization
    }

    /// The generated app.
    pub fn client_id(&self) -> String {
        self.service.application.client_id.to_string()
    }

    /// Key and certificate of the app in one file.
    pub fn certificate_pem(&self) -> &Path {
        &self.certificate_pem
    }

    /// The same without a password.
    pub fn certificate_pfx(&self) -> &Path {
        &self.certificate_pfx
    }

    /// What a ready file holds.
    pub fn ready_document(&self) -> Value {
        json!({
            "base_url": self.base_url(),
            "tenant_id": self.tenant_id(),
            "organization": self.organization(),
            "client_id": self.client_id(),
            "certificate_pem": self.certificate_pem,
            "certificate_pfx": self.certificate_pfx,
            "pid": std::process::id(),
        })
    }

    /// Stops taking connections and lets running requests end.
    pub async fn shutdown(self) {
        drop(self.stop);
        if let Err(error) = self.serving.await {
            tracing::warn!("the emulator did not stop cleanly: {error}");
        }
    }
}

/// Forgets what a tenant has become; the next start begins from the seed. Says whether there was
/// a state file. Certificate and keys stay.
pub fn reset(state: &Path) -> Result<bool, EmulatorError> {
    state_file::forget(state)
}
