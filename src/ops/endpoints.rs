//! Where the services of a tenant are: the published hosts of its cloud, and what the spec or an
//! embedded tenant says instead. Pure.

use url::Url;

use super::connect::EmbeddedTenant;
use super::ports::Stopped;
use crate::diagnostic::{Diagnostic, Span};
use crate::state::{Cloud, Endpoint, TenantSettings};

/// The published hosts of a cloud.
struct Hosts {
    authority: &'static str,
    graph: &'static str,
    exchange: &'static str,
}

/// Microsoft, "Microsoft identity platform and national clouds", "National cloud deployments" and
/// "Exchange Online Admin API"; the sources conflict for China, see `docs/spec-reference.md`.
fn hosts(cloud: Cloud) -> Hosts {
    match cloud {
        Cloud::Worldwide => Hosts {
            authority: "https://login.microsoftonline.com",
            graph: "https://graph.microsoft.com",
            exchange: "https://outlook.office365.com",
        },
        Cloud::UsGovHigh => Hosts {
            authority: "https://login.microsoftonline.us",
            graph: "https://graph.microsoft.us",
            exchange: "https://outlook.office365.us",
        },
        Cloud::UsGovDod => Hosts {
            authority: "https://login.microsoftonline.us",
            graph: "https://dod-graph.microsoft.us",
            exchange: "https://outlook-dod.office365.us",
        },
        Cloud::China => Hosts {
            authority: "https://login.chinacloudapi.cn",
            graph: "https://microsoftgraph.chinacloudapi.cn",
            exchange: "https://partner.outlook.cn",
        },
    }
}

/// The audience that an issuer's token is asked for, by cloud.
pub(super) fn federated_audience(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Worldwide => "api://AzureADTokenExchange",
        Cloud::UsGovHigh | Cloud::UsGovDod => "api://AzureADTokenExchangeUSGov",
        Cloud::China => "api://AzureADTokenExchangeChina",
    }
}

/// Where everything is, and what tokens are asked for.
#[derive(Debug, Clone)]
pub(super) struct Endpoints {
    pub(super) authority: Url,
    pub(super) graph: Url,
    pub(super) graph_scope: String,
    pub(super) exchange: Url,
    pub(super) exchange_scope: String,
}

impl Endpoints {
    /// The scopes stay the published ones whatever the hosts are: they name a service, not a host.
    pub(super) fn of(
        tenant: &TenantSettings,
        embedded: Option<&EmbeddedTenant>,
    ) -> Result<Self, Stopped> {
        let base = match (&tenant.endpoint, embedded) {
            (Endpoint::Base(url), _) => Some(url.as_str()),
            (Endpoint::Embedded, Some(embedded)) => Some(embedded.base_url.as_str()),
            _ => None,
        };
        let published = hosts(tenant.cloud);
        let pick = |own: &Option<String>, published: &'static str| {
            url(own.as_deref().or(base).unwrap_or(published), tenant.span)
        };
        let endpoints = &tenant.endpoints;
        let exchange_scope = endpoints.exchange_scope.clone();
        Ok(Self {
            authority: pick(&endpoints.authority, published.authority)?,
            graph: pick(&endpoints.graph, published.graph)?,
            graph_scope: format!("{}/.default", published.graph),
            exchange: pick(&endpoints.exchange, published.exchange)?,
            exchange_scope: exchange_scope
                .unwrap_or_else(|| format!("{}/.default", published.exchange)),
        })
    }
}

/// A URL of the spec or of the environment.
pub(super) fn url(text: &str, span: Span) -> Result<Url, Stopped> {
    Url::parse(text).map_err(|error| {
        Stopped::error(
            Diagnostic::error("invalid-url", format!("`{text}` is not a URL: {error}"))
                .at(span, ""),
        )
    })
}
