//! A thin shell around reqwest: which connection a request takes, and whom it trusts. No redirect is
//! followed and nothing is sent again here; that is for `retry` to decide.
//!
//! Cookies are kept for reads alone: pages of a list want the same server, while writes to different
//! mailboxes would be misrouted by each other's affinity cookies.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Certificate, redirect, retry};
use url::{Host, Url};

/// Where the store of the platform lies on Linux. Only read where `SSL_CERT_FILE` is set, since the
/// verifier then takes that file *instead* of the store, while it is meant to add to it.
const PLATFORM_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
];

/// How connections are made.
#[derive(Debug, Clone)]
pub struct TransportOptions {
    /// The `User-Agent`.
    pub user_agent: String,
    /// How long a connection may take; two of these are about what a dead host costs.
    pub connect_timeout: Duration,
    /// The contents of `[tenant] ca_file` (PEM): trusted besides the platform's roots.
    pub ca_file: Option<Vec<u8>>,
    /// The contents of the file that `SSL_CERT_FILE` names (PEM): likewise.
    pub ssl_cert_file: Option<Vec<u8>>,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("auditform/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(5),
            ca_file: None,
            ssl_cert_file: None,
        }
    }
}

/// Why no connection can be made at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// A file of roots that is not one.
    #[error("`{origin}` is not a PEM file of certificates: {reason}")]
    Roots {
        /// `ca_file` or `SSL_CERT_FILE`.
        origin: &'static str,
        /// What the reader said.
        reason: String,
    },
    /// Usually a machine without any trusted roots.
    #[error("connections cannot be set up: {0}; are the system's CA certificates installed?")]
    Build(String),
}

/// The ways a request can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    /// Without TLS on this machine: needs no trusted roots, which a bare container lacks.
    Plain,
    /// TLS on this machine: past the proxy.
    Loopback,
    /// Anywhere else, by the proxy that the system is set up with.
    Remote,
}

#[derive(Debug)]
pub(crate) struct Transport {
    options: TransportOptions,
    roots: Vec<Certificate>,
    /// By cookies and route, made when first needed: loading the roots takes a while.
    clients: Mutex<[[Option<reqwest::Client>; 3]; 2]>,
}

impl Transport {
    pub(crate) fn new(options: TransportOptions) -> Result<Self, TransportError> {
        let mut roots = Vec::new();
        for (origin, pem) in
            [("ca_file", &options.ca_file), ("SSL_CERT_FILE", &options.ssl_cert_file)]
        {
            let Some(pem) = pem else { continue };
            let unreadable = |reason: String| TransportError::Roots { origin, reason };
            let certificates = Certificate::from_pem_bundle(pem)
                .map_err(|error| unreadable(with_sources(&error)))?;
            if certificates.is_empty() {
                return Err(unreadable("it holds no certificate".to_owned()));
            }
            roots.extend(certificates);
        }
        Ok(Self { options, roots, clients: Mutex::default() })
    }

    /// The connection for a request to `url`.
    pub(crate) fn client(
        &self,
        url: &Url,
        cookies: bool,
    ) -> Result<reqwest::Client, TransportError> {
        let route = route(url);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let [without, with] = &mut *clients;
        let place = match (route, if cookies { with } else { without }) {
            (Route::Plain, [place, _, _])
            | (Route::Loopback, [_, place, _])
            | (Route::Remote, [_, _, place]) => place,
        };
        if let Some(client) = place {
            return Ok(client.clone());
        }
        Ok(place.insert(self.build(route, cookies)?).clone())
    }

    fn build(&self, route: Route, cookies: bool) -> Result<reqwest::Client, TransportError> {
        let build = |roots: Vec<Certificate>| {
            let builder = reqwest::Client::builder()
                .user_agent(&self.options.user_agent)
                .connect_timeout(self.options.connect_timeout)
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .referer(false)
                .cookie_store(cookies)
                .gzip(true)
                .tcp_keepalive(Duration::from_secs(60));
            let builder = match route {
                Route::Plain => builder.no_proxy().tls_certs_only([]),
                Route::Loopback => builder.no_proxy().tls_certs_merge(roots),
                Route::Remote => builder.tls_certs_merge(roots),
            };
            builder.build().map_err(|error| TransportError::Build(with_sources(&error)))
        };
        if self.options.ssl_cert_file.is_some() && route == Route::Remote {
            let all = self.roots.iter().cloned().chain(platform_bundle()).collect();
            // One odd certificate in the system's bundle must not take the rest away.
            if let Ok(client) = build(all) {
                return Ok(client);
            }
        }
        build(self.roots.clone())
    }
}

/// A machine's metadata service has a link-local address and must not be asked by a proxy.
fn route(url: &Url) -> Route {
    match (is_local(url), url.scheme()) {
        (true, "http") => Route::Plain,
        (true, _) => Route::Loopback,
        (false, _) => Route::Remote,
    }
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            name.eq_ignore_ascii_case("localhost") || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_link_local(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn platform_bundle() -> Vec<Certificate> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let bundle = PLATFORM_BUNDLES.iter().find_map(|path| std::fs::read(path).ok());
    bundle.and_then(|pem| Certificate::from_pem_bundle(&pem).ok()).unwrap_or_default()
}

/// An error of reqwest with its causes and without the address, which is shown elsewhere.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_on_this_machine_goes_round_the_proxy_and_without_tls_needs_no_roots() {
        for (url, wanted) in [
            ("http://127.0.0.1:80/x", Route::Plain),
            ("http://localhost:8080", Route::Plain),
            ("https://[::1]:8443", Route::Loopback),
            ("http://169.254.169.254/metadata", Route::Plain),
            ("https://127.0.0.1.example.com", Route::Remote),
            ("https://outlook.office365.com", Route::Remote),
        ] {
            assert_eq!(route(&Url::parse(url).unwrap()), wanted, "{url}");
        }
    }

    #[test]
    fn every_route_can_be_set_up_with_further_roots() {
        let der = crate::client::test_credential().certificate().to_vec();
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        let roots = Some(pem.into_bytes());
        let options = TransportOptions {
            ca_file: roots.clone(),
            ssl_cert_file: roots,
            ..TransportOptions::default()
        };
        let transport = Transport::new(options).unwrap();
        for url in ["http://127.0.0.1", "https://[::1]", "https://outlook.office365.com"] {
            let url = Url::parse(url).unwrap();
            assert!(transport.client(&url, true).is_ok() && transport.client(&url, false).is_ok());
        }
    }

    #[test]
    fn a_file_of_roots_that_is_none_is_named() {
        for pem in [&b"noise"[..], b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"]
        {
            let options =
                TransportOptions { ca_file: Some(pem.to_vec()), ..TransportOptions::default() };
            let error = Transport::new(options).unwrap_err();
            assert!(matches!(error, TransportError::Roots { origin: "ca_file", .. }), "{error}");
        }
    }
}
