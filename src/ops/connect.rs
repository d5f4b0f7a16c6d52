//! From the spec's `[tenant]` to a connection: who does the work in the directory, who does that in
//! Exchange. All that can be wrong with what the user gave is found here, before any call is made.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use uuid::Uuid;

use super::certificates::Certificates;
use super::endpoints::Endpoints;
use super::identity;
use super::ports::{Ports, Stopped};
use super::read;
use super::sign_in::{Surroundings, embedded as embedded_application};
use crate::certificate::Facts;
use crate::client::{
    Client, ClientOptions, DevicePrompt, Limits, RetryPolicy, SignInMethod, TokenSource,
    TokenSourceOptions, TransportOptions,
};
use crate::diagnostic::Diagnostic;
use crate::providers::entra::{Entra, EntraOptions, GraphError};
use crate::providers::exchange::{Exchange, ExchangeOptions, ReadError};
use crate::state::{ApplicationKey, Check, DesiredState, SignIn, TenantSettings};

/// The tenant in memory that serves `endpoint = "embedded"`.
#[derive(Debug, Clone)]
pub struct EmbeddedTenant {
    /// Authority, Graph and Exchange together.
    pub base_url: String,
    /// Its initial domain.
    pub organization: String,
    /// Its generated application.
    pub client_id: Uuid,
    /// That application's key and certificate.
    pub certificate: PathBuf,
}

/// How fast a tenant may be written to, whatever the service allows beyond that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speed {
    /// Writes under way at once.
    pub parallelism: usize,
    /// Requests per second that write to Exchange.
    pub max_rate: Option<u32>,
}

impl Default for Speed {
    fn default() -> Self {
        Self { parallelism: Limits::default().exchange_write, max_rate: None }
    }
}

/// How a tenant is reached.
pub struct ConnectOptions<'a> {
    /// The embedded tenant, where the spec wants it.
    pub embedded: Option<&'a EmbeddedTenant>,
    /// How fast it may be written to.
    pub speed: Speed,
    /// Whether requests have the longer time of an apply.
    pub applying: bool,
    /// Tells a person where to sign in.
    pub prompt: Arc<dyn DevicePrompt>,
}

impl std::fmt::Debug for ConnectOptions<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ConnectOptions").finish_non_exhaustive()
    }
}

/// The services of a tenant before anyone has signed in.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    client: Arc<Client>,
    pub(super) endpoints: Endpoints,
    organization: String,
    expected_tenant: Option<Uuid>,
    policy: RetryPolicy,
}

impl Reach {
    /// From now on nothing waits to be sent, or for the service to be ready.
    pub(super) fn stop_waiting(&self) {
        self.client.stop_waiting();
    }

    /// Whether nothing is to be waited for any more.
    pub(super) fn is_stopped(&self) -> bool {
        self.client.is_stopped()
    }

    /// Ends once nothing is to be waited for.
    pub(super) async fn stopped(&self) {
        self.client.stopped().await;
    }
}

/// A tenant that can be read and written.
pub struct Connection {
    pub(super) reach: Reach,
    /// What to call it: the initial domain, or the tenant id as the spec gave it.
    pub organization: String,
    /// Its id, as discovery gave it.
    pub tenant_id: Uuid,
    /// The directory, where the spec manages something in it.
    pub(super) entra: Option<Entra>,
    /// Who does the work in the directory.
    pub(super) bootstrap: Arc<TokenSource>,
    /// The certificates, by SHA-1, that the user signs in with.
    pub(super) acting_with: Vec<[u8; 20]>,
    /// Exchange; `None` as long as nobody may enter it.
    pub(super) exchange: Option<Exchange>,
    /// Whether that is entered as the application that is to work there.
    pub(super) entered: bool,
    /// The client id of the application that the spec signs in to Exchange as, once it is known.
    pub(super) application_id: Option<Uuid>,
    pub(super) certificates: Arc<Certificates>,
    pub(super) prompt: Arc<dyn DevicePrompt>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Connection")
            .field("tenant", &self.tenant_id)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Requests to the directory so far.
    pub(super) fn directory_requests(&self) -> u64 {
        self.entra.as_ref().map_or(0, |entra| entra.requests().graph)
    }

    /// Signs out: all tokens are dropped and their memory is overwritten.
    pub async fn sign_out(&self) {
        self.bootstrap.forget().await;
        if let Some(exchange) = &self.exchange {
            exchange.sign_out().await;
        }
    }
}

/// Finds the tenant and signs in; where Exchange has an identity of its own that the spec does not
/// make, looks at its token too.
pub async fn connect(
    desired: &DesiredState,
    ports: &Ports,
    options: ConnectOptions<'_>,
) -> Result<Connection, Stopped> {
    let tenant = &desired.tenant;
    let surroundings = Surroundings { desired, ports, prompt: &options.prompt };
    let certificates = Certificates::of(&surroundings)?;
    let now = ports.now();
    certificates.observe(now)?;
    let bootstrap = bootstrap(&surroundings, &certificates, options.embedded)?;
    if options.applying {
        surroundings.can_sign_in_without_a_key()?;
    }
    let own = match &tenant.sign_in {
        Some(SignIn::Application(_)) => None,
        Some(sign_in) if tenant.bootstrap.is_some() => Some(surroundings.method(sign_in)?),
        _ => None,
    };
    let acting_with =
        [Some(&bootstrap), own.as_ref()].into_iter().flatten().filter_map(thumbprint).collect();
    let reach = Reach::new(tenant, ports, &options)?;
    let bootstrap = reach.tokens(bootstrap);
    let tenant_id =
        bootstrap.tenant_id().await.map_err(|error| read::stop(ReadError::SignIn(error)))?;
    let entra = if desired.applications.is_empty() {
        None
    } else {
        let entra = reach.entra(Arc::clone(&bootstrap)).await;
        Some(entra.map_err(|error| identity::stop(&error))?)
    };
    let exchange = match (&tenant.sign_in, own) {
        (Some(SignIn::Application(_)), _) => None,
        _ if !desired.applications.is_empty() && !asks_of_exchange(desired) => None,
        (_, Some(own)) => Some(reach.exchange(reach.tokens(own)).await.map_err(read::stop)?),
        (_, None) => Some(reach.exchange(Arc::clone(&bootstrap)).await.map_err(read::stop)?),
    };
    Ok(Connection {
        organization: reach.organization.clone(),
        reach,
        tenant_id,
        entra,
        bootstrap,
        acting_with,
        exchange,
        entered: false,
        application_id: None,
        certificates: Arc::new(certificates),
        prompt: options.prompt,
    })
}

/// The certificate of a way to sign in.
fn thumbprint(method: &SignInMethod) -> Option<[u8; 20]> {
    let SignInMethod::Certificate { credential, .. } = method else { return None };
    Facts::from_der(credential.certificate()).ok().map(|facts| facts.thumbprint_sha1)
}

/// Whether the spec manages or checks anything in Exchange.
pub(super) fn asks_of_exchange(desired: &DesiredState) -> bool {
    desired.unified_audit_log.is_some()
        || desired.mailbox_auditing.is_some()
        || !desired.policies.is_empty()
        || desired.checks.iter().any(Check::asks_of_exchange)
}

/// Who works in the directory: `[tenant.bootstrap]`, else whoever works in Exchange, else the
/// embedded tenant's own application.
fn bootstrap(
    surroundings: &Surroundings<'_>,
    certificates: &Certificates,
    embedded: Option<&EmbeddedTenant>,
) -> Result<SignInMethod, Stopped> {
    let tenant = &surroundings.desired.tenant;
    match (&tenant.bootstrap, &tenant.sign_in, embedded) {
        (Some(own), _, _) => surroundings.method(own),
        (None, None | Some(SignIn::Application(_)), Some(embedded)) => {
            embedded_application(embedded, surroundings.ports)
        }
        // An application that is adopted is there already, so that it can do the work itself.
        (None, Some(SignIn::Application(name)), None) => {
            let adopted = surroundings.desired.applications.iter().find_map(|settings| {
                let ApplicationKey::AppId(id) = &settings.key else { return None };
                (settings.name == name.value).then_some((settings, id.value))
            });
            match adopted {
                Some((settings, id)) => surroundings.as_application(settings, id, certificates),
                None => surroundings.method(&SignIn::Application(name.clone())),
            }
        }
        (None, Some(sign_in), _) => surroundings.method(sign_in),
        (None, None, None) => Err(Stopped::error(
            Diagnostic::error("no-sign-in", "the spec does not say how to sign in")
                .at(tenant.span, "")
                .help("add `[tenant.sign_in]` with `method = \"certificate\"`"),
        )),
    }
}

impl Reach {
    fn new(
        tenant: &TenantSettings,
        ports: &Ports,
        options: &ConnectOptions<'_>,
    ) -> Result<Self, Stopped> {
        let endpoints = Endpoints::of(tenant, options.embedded)?;
        let organization = tenant
            .organization
            .clone()
            .or_else(|| options.embedded.map(|embedded| embedded.organization.clone()))
            .or_else(|| tenant.tenant_id.map(|id| id.to_string()))
            .unwrap_or_default();
        let usual =
            if options.applying { RetryPolicy::APPLY_TOTAL } else { RetryPolicy::DEFAULT_TOTAL };
        Ok(Self {
            client: client(tenant, ports, options.speed)?,
            endpoints,
            organization,
            expected_tenant: tenant.tenant_id,
            policy: RetryPolicy::within(ports.request_timeout.unwrap_or(usual)),
        })
    }

    /// Makes no call.
    pub(super) fn tokens(&self, method: SignInMethod) -> Arc<TokenSource> {
        let options = TokenSourceOptions {
            authority: self.endpoints.authority.clone(),
            tenant: self.organization.clone(),
            expected_tenant: self.expected_tenant,
            method,
            policy: self.policy.clone(),
        };
        Arc::new(TokenSource::new(Arc::clone(&self.client), options))
    }

    /// Signs in to Exchange and looks at the token.
    pub(super) async fn exchange(&self, tokens: Arc<TokenSource>) -> Result<Exchange, ReadError> {
        let options = ExchangeOptions {
            base: self.endpoints.exchange.clone(),
            scope: self.endpoints.exchange_scope.clone(),
            read_policy: self.policy.clone(),
            write_policy: self.policy.clone(),
        };
        Exchange::connect(Arc::clone(&self.client), tokens, options).await
    }

    /// Signs in to the directory.
    async fn entra(&self, tokens: Arc<TokenSource>) -> Result<Entra, GraphError> {
        let options = EntraOptions {
            base: self.endpoints.graph.clone(),
            scope: self.endpoints.graph_scope.clone(),
            policy: self.policy.clone(),
        };
        Entra::connect(Arc::clone(&self.client), tokens, options).await
    }
}

fn client(tenant: &TenantSettings, ports: &Ports, speed: Speed) -> Result<Arc<Client>, Stopped> {
    let roots = |path: &PathBuf, what: &str| {
        fs::read(path).map_err(|error| {
            let path = path.display();
            Stopped::error(
                Diagnostic::error(
                    "unreadable-file",
                    format!("{what} `{path}` cannot be read: {error}"),
                )
                .at(tenant.span, ""),
            )
        })
    };
    let ca_file = tenant.ca_file.as_ref().map(|path| roots(path, "`ca_file`")).transpose()?;
    let ssl_cert_file = ports
        .environment
        .get("SSL_CERT_FILE")
        .filter(|path| !path.is_empty())
        .map(|path| roots(&PathBuf::from(path), "`SSL_CERT_FILE`"))
        .transpose()?;
    let options = ClientOptions {
        transport: TransportOptions { ca_file, ssl_cert_file, ..TransportOptions::default() },
        limits: Limits {
            exchange_write: speed.parallelism,
            exchange_writes_per_second: speed.max_rate,
            ..Limits::default()
        },
        clock: Arc::clone(&ports.clock),
        seed: ports.seed,
    };
    Client::new(options)
        .map(Arc::new)
        .map_err(|error| Stopped::error(Diagnostic::error("transport", error.to_string())))
}
