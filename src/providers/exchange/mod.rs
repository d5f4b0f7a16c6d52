//! The Exchange admin API (`POST /adminapi/beta/{tenant}/InvokeCommand`): audit state out, writes
//! in. Nothing is decided here about what should be, and nothing incomplete is ever handed out as
//! if it were complete: every doubt about an answer is a [`ReadError`].
//!
//! This is the transport of Microsoft's own PowerShell module, not a contract published for others,
//! hence one folder that knows it.

mod effort;
mod errors;
mod failure;
mod list;
mod read;
mod row;
mod wire;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use url::Url;
use uuid::Uuid;

use crate::client::{Claims, Client, RequestCounts, RetryPolicy, Token, TokenSource};

pub use errors::{BrokenRow, Denial, ReadError, TokenProblem, WriteError};
pub use list::{ListEnd, MailboxQuery, RowRefused};
pub use write::{Receipt, WriteEvent};

/// The application permission without which Exchange takes no application's calls.
pub const PERMISSION: &str = "Exchange.ManageAsApp";

/// Where the service is and how long to wait for it.
#[derive(Debug, Clone)]
pub struct ExchangeOptions {
    /// Base URL, such as `https://outlook.office365.com`.
    pub base: Url,
    /// The scope that tokens are asked for.
    pub scope: String,
    /// Bounds of a read.
    pub read_policy: RetryPolicy,
    /// Bounds of a write.
    pub write_policy: RetryPolicy,
}

/// One tenant's Exchange. Clones share one connection, one session and one limiter.
#[derive(Clone)]
pub struct Exchange {
    inner: Arc<Inner>,
}

struct Inner {
    client: Arc<Client>,
    tokens: Arc<TokenSource>,
    options: ExchangeOptions,
    tenant: Uuid,
    /// `connection-id`: the same for all calls of a session.
    connection: Uuid,
}

impl Exchange {
    /// Finds the tenant, signs in and looks at the token, before anything is asked of Exchange: the
    /// token must be of this tenant and hold [`PERMISSION`]. A missing directory role is no error
    /// here, since a role group of Exchange may authorise instead.
    pub async fn connect(
        client: Arc<Client>,
        tokens: Arc<TokenSource>,
        options: ExchangeOptions,
    ) -> Result<Self, ReadError> {
        let tenant = tokens.tenant_id().await?;
        let connection = Uuid::new_v4();
        let exchange =
            Self { inner: Arc::new(Inner { client, tokens, options, tenant, connection }) };
        let token = exchange.inner.tokens.token(&exchange.inner.options.scope).await?;
        exchange.inner.check(&token)?;
        Ok(exchange)
    }

    /// The tenant's id, as discovery gave it.
    pub fn tenant_id(&self) -> Uuid {
        self.inner.tenant
    }

    /// What the token says about itself; `None` where it cannot be read.
    pub async fn claims(&self) -> Option<Claims> {
        let token = self.inner.tokens.token(&self.inner.options.scope).await;
        token.ok().and_then(|token| token.claims.clone())
    }

    /// The application that works here, where it is known.
    pub async fn client_id(&self) -> Option<Uuid> {
        let known = self.inner.tokens.client_id();
        let claims = self.claims().await;
        known.or(claims.and_then(|claims| claims.client_id()))
    }

    /// Signs out: drops all tokens.
    pub async fn sign_out(&self) {
        self.inner.tokens.forget().await;
    }

    /// What the tenant's client has sent so far.
    pub fn requests(&self) -> RequestCounts {
        self.inner.client.requests()
    }
}

impl Inner {
    fn check(&self, token: &Token) -> Result<(), TokenProblem> {
        let Some(claims) = &token.claims else { return Ok(()) };
        match claims.tenant() {
            Some(found) if found != self.tenant => {
                Err(TokenProblem::OtherTenant { expected: self.tenant, found })
            }
            _ if !claims.is_application() => Err(TokenProblem::Person),
            _ if !claims.has_permission(PERMISSION) => {
                let client_id = self.tokens.client_id().or_else(|| claims.client_id());
                Err(TokenProblem::MissingPermission { client_id })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Exchange")
            .field("base", &self.inner.options.base.as_str())
            .field("tenant", &self.inner.tenant)
            .finish_non_exhaustive()
    }
}
