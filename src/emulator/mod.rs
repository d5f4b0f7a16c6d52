//! A Microsoft 365 tenant in memory, served over HTTP and held to the service's published
//! behaviour: sign-in by certificate, the audit cmdlets of the Exchange admin API, and a document
//! of the whole tenant for tests. A seed goes in; a base URL and a working credential come out.
//! It shares no types with the client, so that neither can excuse the other's mistakes, and it
//! reaches nothing outside this machine. What is faithful to which source: `docs/emulator.md`.

mod actions;
mod audit;
mod clock;
mod directory;
mod entra;
mod errors;
mod exchange;
mod faults;
mod graph;
mod identity;
mod message;
mod names;
mod populate;
mod proxy;
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
mod tls;

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
pub use self::faults::{FaultError, FaultFile};
pub use self::identity::device_code::DeviceApproval;
pub use self::seed::{Seed, SeedError};

use self::faults::Faults;
use self::identity::Settings;
use self::identity::credentials::{self, Credentials};
use self::message::Scheme;
use self::request_log::RequestLog;
use self::routes::Front;
use self::server::Door;
use self::service::{Parts, Service};
use self::state_file::StateFile;

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
    /// What goes wrong besides.
    pub faults: Option<FaultFile>,
    /// Changes show in reads after this long.
    pub lag: Duration,
    /// https at `listen`, by a CA of our own, and nothing else there.
    pub tls: bool,
    /// Loopback; a forward proxy that stands for Microsoft's hosts.
    pub proxy: Option<SocketAddr>,
    /// The generated app may build an identity chain, and may do nothing in Exchange.
    pub bootstrap_only: bool,
    /// Who answers when a program asks for a device code.
    pub device_code: DeviceApproval,
    /// Between polls for a device code, as programs are told; whole seconds.
    pub device_interval: Duration,
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
            faults: None,
            lag: Duration::ZERO,
            tls: false,
            proxy: None,
            bootstrap_only: false,
            device_code: DeviceApproval::Ask,
            device_interval: Duration::from_secs(5),
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
    base_url: String,
    proxy_url: Option<String>,
    ca_file: Option<PathBuf>,
    service: Arc<Service>,
    certificate_pem: PathBuf,
    certificate_pfx: PathBuf,
    stop: watch::Sender<()>,
    serving: Vec<JoinHandle<()>>,
}

impl Emulator {
    /// Builds the tenant, or takes it up where its state file left it, and serves it.
    pub async fn start(options: Options) -> Result<Running, EmulatorError> {
        for address in [Some(options.listen), options.proxy].into_iter().flatten() {
            if !address.ip().is_loopback() {
                return Err(EmulatorError::NotLoopback(address));
            }
        }
        let (service, credentials) = service(&options)?;
        let log = options.request_log.as_deref().map(RequestLog::open).transpose()?;
        let faults = Faults::new(options.latency, options.faults.as_ref(), &service.tenant)?;
        let front = Arc::new(Front { service: Arc::clone(&service), faults, log });
        let secured = options.tls || options.proxy.is_some();
        let tls = secured.then(|| tls::open(&options.credentials)).transpose()?;
        let mut doors = Vec::new();
        let acceptor = || tls.as_ref().map(|tls| tls.acceptor.clone());
        let direct = acceptor().filter(|_| options.tls).map_or(Door::Plain, Door::Tls);
        let (listener, address) = bind(options.listen).await?;
        let base_url = message::base_url(direct.scheme(), address);
        doors.push((listener, direct));
        let mut proxy_url = None;
        if let (Some(proxy), Some(acceptor)) = (options.proxy, acceptor()) {
            let (listener, address) = bind(proxy).await?;
            proxy_url = Some(message::base_url(Scheme::Http, address));
            doors.push((listener, Door::Proxy(acceptor, Arc::clone(&front))));
        }
        let (stop, stopped) = watch::channel(());
        let router = routes::router(front);
        let serve = |(listener, door)| {
            tokio::spawn(server::serve(listener, door, router.clone(), stopped.clone()))
        };
        Ok(Running {
            base_url,
            proxy_url,
            ca_file: tls.map(|tls| tls.ca_file),
            service,
            certificate_pem: credentials.certificate_pem,
            certificate_pfx: credentials.certificate_pfx,
            stop,
            serving: doors.into_iter().map(serve).collect(),
        })
    }
}

/// The address with the port that was taken.
async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), EmulatorError> {
    let listener = TcpListener::bind(address).await;
    listener
        .and_then(|listener| Ok((listener.local_addr()?, listener)))
        .map(|(address, listener)| (listener, address))
        .map_err(|source| EmulatorError::Listen { address, source })
}

fn service(options: &Options) -> Result<(Arc<Service>, Credentials), EmulatorError> {
    let lag = SignedDuration::try_from(options.lag).unwrap_or(SignedDuration::MAX);
    let (file, seed) = match &options.state {
        None => (None, options.seed.clone().unwrap_or_default()),
        Some(path) => {
            let (file, seed) = StateFile::open(path, options.seed.clone())?;
            (Some(file), seed)
        }
    };
    let credentials = credentials::open(&options.credentials)?;
    let parts = Parts {
        certificate: &credentials.certificate,
        token_key: credentials.token_key.clone(),
        clock: options.clock.clone(),
        lag,
        bootstrap_only: options.bootstrap_only,
        sign_in: Settings {
            approval: options.device_code,
            interval: options.device_interval.as_secs(),
            issuer_key: Some(options.credentials.join("issuer.key")),
        },
    };
    let service = Service::new(&seed, parts);
    if let Some(file) = file {
        service.resume(file)?;
    }
    Ok((Arc::new(service), credentials))
}

impl Running {
    /// Authority, Graph and Exchange together.
    pub fn base_url(&self) -> String {
        self.base_url.clone()
    }

    /// Where the proxy listens, when there is one.
    pub fn proxy_url(&self) -> Option<&str> {
        self.proxy_url.as_deref()
    }

    /// The certificate authority (PEM) that clients must trust, when there is TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
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
        self.service.generated().client_id.to_string()
    }

    /// Key and certificate of the app in one file.
    pub fn certificate_pem(&self) -> &Path {
        &self.certificate_pem
    }

    /// The same without a password.
    pub fn certificate_pfx(&self) -> &Path {
        &self.certificate_pfx
    }

    /// What a ready file holds. Its paths are absolute: whoever reads it may be somewhere else.
    pub fn ready_document(&self) -> Value {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut document = json!({
            "base_url": self.base_url(),
            "tenant_id": self.tenant_id(),
            "organization": self.organization(),
            "client_id": self.client_id(),
            "certificate_pem": absolute(&self.certificate_pem),
            "certificate_pfx": absolute(&self.certificate_pfx),
            "pid": std::process::id(),
        });
        if let Some(ca_file) = &self.ca_file {
            document["ca_file"] = json!(absolute(ca_file));
        }
        if let Some(proxy_url) = &self.proxy_url {
            document["proxy_url"] = json!(proxy_url);
        }
        document
    }

    /// Stops taking connections and lets running requests end.
    pub async fn shutdown(self) {
        drop(self.stop);
        for serving in self.serving {
            if let Err(error) = serving.await {
                tracing::warn!("the emulator did not stop cleanly: {error}");
            }
        }
    }
}

/// Forgets what a tenant has become; the next start begins from the seed. Says whether there was
/// a state file. Certificate and keys stay.
pub fn reset(state: &Path) -> Result<bool, EmulatorError> {
    state_file::forget(state)
}
