//! From the spec's `[tenant]` to a connection: hosts of the cloud and their overrides, the
//! credential, the password from the environment. All that can be wrong with what the user gave is
//! found here, before any call is made.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use super::ports::{Ports, Stopped};
use super::read;
use crate::client::{
    Client, ClientOptions, Credential, CredentialError, Limits, RetryPolicy, TokenSource,
    TokenSourceOptions, TransportOptions,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::providers::exchange::{Exchange, ExchangeOptions};
use crate::state::{Cloud, Endpoint, SignIn, TenantSettings};

/// The tenant in memory that serves `endpoint = "embedded"`.
#[derive(Debug, Clone)]
pub struct EmbeddedTenant {
    /// Authority and Exchange together.
    pub base_url: String,
    /// Its initial domain.
    pub organization: String,
    /// Its generated application.
    pub client_id: Uuid,
    /// That application's key and certificate.
    pub certificate: PathBuf,
}

/// A tenant that can be read and written.
#[derive(Debug)]
pub struct Connection {
    /// Its Exchange side.
    pub exchange: Exchange,
    /// What to call it: the initial domain, or the tenant id as the spec gave it.
    pub organization: String,
}

/// The published hosts of a cloud.
struct Hosts {
    authority: &'static str,
    exchange: &'static str,
    exchange_scope: &'static str,
}

/// Microsoft, "Microsoft identity platform and national clouds" and "Exchange Online Admin API"
/// (hosts); the sources conflict for China, see `docs/spec-reference.md`.
fn hosts(cloud: Cloud) -> Hosts {
    match cloud {
        Cloud::Worldwide => Hosts {
            authority: "https://login.microsoftonline.com",
            exchange: "https://outlook.office365.com",
            exchange_scope: "https://outlook.office365.com/.default",
        },
        Cloud::UsGovHigh => Hosts {
            authority: "https://login.microsoftonline.us",
            exchange: "https://outlook.office365.us",
            exchange_scope: "https://outlook.office365.us/.default",
        },
        Cloud::UsGovDod => Hosts {
            authority: "https://login.microsoftonline.us",
            exchange: "https://outlook-dod.office365.us",
            exchange_scope: "https://outlook-dod.office365.us/.default",
        },
        Cloud::China => Hosts {
            authority: "https://login.chinacloudapi.cn",
            exchange: "https://partner.outlook.cn",
            exchange_scope: "https://partner.outlook.cn/.default",
        },
    }
}

/// Signs in and checks what the token allows, before the first call to Exchange. `applying` allows
/// requests the longer time of an apply; `parallelism` bounds the writes under way.
pub async fn connect(
    tenant: &TenantSettings,
    embedded: Option<&EmbeddedTenant>,
    ports: &Ports,
    parallelism: usize,
    applying: bool,
) -> Result<Connection, Stopped> {
    let (client_id, credential) = identity(tenant, embedded, ports)?;
    let base = match (&tenant.endpoint, embedded) {
        (Endpoint::Base(url), _) => Some(url.as_str()),
        (Endpoint::Embedded, Some(embedded)) => Some(embedded.base_url.as_str()),
        _ => None,
    };
    let published = hosts(tenant.cloud);
    let pick = |own: &Option<String>, published: &'static str| {
        url(own.as_deref().or(base).unwrap_or(published), tenant.span)
    };
    let authority = pick(&tenant.endpoints.authority, published.authority)?;
    let exchange = pick(&tenant.endpoints.exchange, published.exchange)?;
    let scope = tenant.endpoints.exchange_scope.as_deref().unwrap_or(published.exchange_scope);
    let organization = tenant
        .organization
        .clone()
        .or_else(|| embedded.map(|embedded| embedded.organization.clone()))
        .or_else(|| tenant.tenant_id.map(|id| id.to_string()))
        .unwrap_or_default();
    let client = client(tenant, ports, parallelism)?;
    let usual = if applying { RetryPolicy::APPLY_TOTAL } else { RetryPolicy::DEFAULT_TOTAL };
    let read_policy = RetryPolicy::within(ports.request_timeout.unwrap_or(usual));
    let write_policy = read_policy.clone();
    let tokens = TokenSource::new(
        Arc::clone(&client),
        TokenSourceOptions {
            authority,
            tenant: organization.clone(),
            expected_tenant: tenant.tenant_id,
            client_id,
            credential,
            policy: read_policy.clone(),
        },
    );
    let options =
        ExchangeOptions { base: exchange, scope: scope.to_owned(), read_policy, write_policy };
    let exchange =
        Exchange::connect(client, Arc::new(tokens), options).await.map_err(read::stop)?;
    Ok(Connection { exchange, organization })
}

fn client(
    tenant: &TenantSettings,
    ports: &Ports,
    parallelism: usize,
) -> Result<Arc<Client>, Stopped> {
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
        limits: Limits { exchange_write: parallelism.max(1), ..Limits::default() },
        clock: Arc::clone(&ports.clock),
        seed: ports.seed,
    };
    Client::new(options)
        .map(Arc::new)
        .map_err(|error| Stopped::error(Diagnostic::error("transport", error.to_string())))
}

fn identity(
    tenant: &TenantSettings,
    embedded: Option<&EmbeddedTenant>,
    ports: &Ports,
) -> Result<(Uuid, Credential), Stopped> {
    match (&tenant.sign_in, embedded) {
        (Some(SignIn::Certificate(sign_in)), _) => {
            let password = sign_in
                .password_env
                .as_ref()
                .map(|name| password(&name.value, name.span, ports))
                .transpose()?;
            let path = &sign_in.certificate;
            let credential =
                credential(path, password.as_ref(), Some(sign_in.certificate_span), ports)?;
            Ok((sign_in.client_id.value, credential))
        }
        (None, Some(embedded)) => {
            Ok((embedded.client_id, credential(&embedded.certificate, None, None, ports)?))
        }
        (None, None) => Err(Stopped::error(
            Diagnostic::error("no-sign-in", "the spec does not say how to sign in")
                .at(tenant.span, "")
                .help("add `[tenant.sign_in]` with `method = \"certificate\"`"),
        )),
    }
}

fn password(name: &str, span: Span, ports: &Ports) -> Result<SecretString, Stopped> {
    ports.environment.get(name).map(SecretString::from).ok_or_else(|| {
        Stopped::error(
            Diagnostic::error(
                "no-password",
                format!("the environment variable `{name}` is not set"),
            )
            .at(span, "names the variable that holds the certificate's password")
            .help(format!("set `{name}`, or leave `password_env` out for a file without password")),
        )
    })
}

fn credential(
    path: &PathBuf,
    password: Option<&SecretString>,
    span: Option<Span>,
    ports: &Ports,
) -> Result<Credential, Stopped> {
    let name = path.display();
    let refused = |code, summary: String, help: &str| {
        let mut diagnostic = Diagnostic::error(code, summary).help(help);
        if let Some(span) = span {
            diagnostic = diagnostic.at(span, "");
        }
        Stopped::error(diagnostic)
    };
    let bytes = fs::read(path).map_err(|error| {
        let summary = format!("the certificate `{name}` cannot be read: {error}");
        refused("unreadable-file", summary, "a relative path starts at the directory of the spec")
    })?;
    Credential::load(&bytes, password, ports.now()).map_err(|error| {
        let help = help_for(&error, password.is_some());
        refused("certificate", format!("the certificate `{name}` cannot be used: {error}"), help)
    })
}

fn help_for(error: &CredentialError, has_password: bool) -> &'static str {
    match error {
        CredentialError::PasswordNeeded | CredentialError::WrongPassword if !has_password => {
            "name the environment variable that holds the password: `password_env = \"...\"`"
        }
        CredentialError::PasswordNeeded | CredentialError::WrongPassword => {
            "check the value of the variable that `password_env` names"
        }
        CredentialError::Expired { .. } => {
            "make a new certificate and upload it to the application before you name it here"
        }
        CredentialError::NotYetValid { .. } => "check this machine's clock, or wait until then",
        CredentialError::NotRsa(_) => {
            "make a certificate with an RSA key: Microsoft Entra ID takes no other for an application"
        }
        CredentialError::EncryptedPem => "name a .pfx instead: its password can be given",
        CredentialError::NoKey
        | CredentialError::NoCertificate
        | CredentialError::NotRecognised
        | CredentialError::Damaged(_)
        | CredentialError::Mismatched => {
            "name a .pfx, or a PEM file that holds the certificate and its own private key"
        }
    }
}

fn url(text: &str, span: Span) -> Result<Url, Stopped> {
    Url::parse(text).map_err(|error| {
        Stopped::error(
            Diagnostic::error("invalid-url", format!("`{text}` is not a URL: {error}"))
                .at(span, ""),
        )
    })
}
