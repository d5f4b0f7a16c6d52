//! Everything an answer may depend on, in one place: the tenant, the registered application, the
//! keys and the clock. Shared by all connections; only the tenant changes.

use uuid::Uuid;

use super::clock::Clock;
use super::identity::access_token::Application;
use super::identity::credentials::{RegisteredCertificate, TokenKey};
use super::tenant::Tenant;

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) tenant: Tenant,
    pub(crate) application: Application,
    pub(crate) certificate: RegisteredCertificate,
    pub(crate) token_key: TokenKey,
    pub(crate) clock: Clock,
}

impl Application {
    /// The same tenant always has the same application.
    pub(crate) fn of(tenant_id: Uuid) -> Self {
        let made = |name: &[u8]| {
            let digest = Uuid::new_v5(&tenant_id, name);
            uuid::Builder::from_random_bytes(digest.into_bytes()).into_uuid()
        };
        Self { client_id: made(b"application"), object_id: made(b"service principal") }
    }
}
