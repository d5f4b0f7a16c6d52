//! The directory of a tenant by Microsoft Graph: applications, service principals, consents, roles
//! and credentials as `state` has them, and the writes that change them. Nothing is decided here
//! about what should be; a waiting time until something new is known is the caller's too, who
//! learns from [`GraphErrorKind`] whether waiting helps.
//!
//! Source: Microsoft Graph v1.0; the Exchange provider of unified RBAC is beta.

mod applications;
mod call;
mod errors;
mod failure;
mod federation;
mod list;
mod needs;
mod people;
mod roles;
mod rows;
mod service_principals;
mod wire;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use url::Url;
use uuid::Uuid;

use crate::client::{Claims, Client, RequestCounts, RetryPolicy, TokenSource};

pub use errors::{GraphError, GraphErrorKind, InnerError};
pub use needs::{
    APPLICATION_READ, APPLICATION_WRITE, CONSENT, DIRECTORY_ROLE_READ, DIRECTORY_ROLE_WRITE,
    EXCHANGE_ROLE_READ, EXCHANGE_ROLE_WRITE, Needs, USER_READ,
};
pub use wire::KeyElement;

/// Where the service is and how long to wait for it.
#[derive(Debug, Clone)]
pub struct EntraOptions {
    /// Base URL without a version, such as `https://graph.microsoft.com`.
    pub base: Url,
    /// The scope that tokens are asked for.
    pub scope: String,
    /// Bounds of a request.
    pub policy: RetryPolicy,
}

/// One tenant's directory. Clones share one connection and one limiter.
#[derive(Clone)]
pub struct Entra {
    inner: Arc<Inner>,
}

struct Inner {
    client: Arc<Client>,
    tokens: Arc<TokenSource>,
    options: EntraOptions,
    tenant: Uuid,
}

/// What became of a write that creates what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upserted<T> {
    /// It was missing, and is this.
    Created(T),
    /// It was there, and has the values that were sent. Where a try before had no answer, it may
    /// be that try that created it.
    Existed,
}

impl Entra {
    /// Finds the tenant and signs in, before anything is asked of Graph.
    pub async fn connect(
        client: Arc<Client>,
        tokens: Arc<TokenSource>,
        options: EntraOptions,
    ) -> Result<Self, GraphError> {
        let tenant = tokens.tenant_id().await?;
        let inner = Inner { client, tokens, options, tenant };
        inner.tokens.token(&inner.options.scope).await?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What the present token says about itself, for comparing it with [`Needs`]; `None` where it
    /// cannot be read.
    pub async fn claims(&self) -> Result<Option<Claims>, GraphError> {
        let token = self.inner.tokens.token(&self.inner.options.scope).await?;
        Ok(token.claims.clone())
    }

    /// What the tenant's client has sent so far.
    pub fn requests(&self) -> RequestCounts {
        self.inner.client.requests()
    }
}

impl fmt::Debug for Entra {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Entra")
            .field("base", &self.inner.options.base.as_str())
            .field("tenant", &self.inner.tenant)
            .finish_non_exhaustive()
    }
}
