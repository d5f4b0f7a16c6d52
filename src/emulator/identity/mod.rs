//! The sign-in half of the service: discovery, the token endpoint for applications and for people,
//! the places where a token comes without a credential, and the access tokens that the other
//! endpoints ask to be verified. Nothing here knows mailboxes or cmdlets.

pub(crate) mod access_token;
pub(crate) mod assertion;
pub(crate) mod client_credentials;
pub(crate) mod credentials;
pub(crate) mod device_code;
pub(crate) mod device_endpoint;
pub(crate) mod endpoint;
pub(crate) mod federation;
pub(crate) mod form;
pub(crate) mod issuer;
pub(crate) mod jwt;
pub(crate) mod managed_identity;
pub(crate) mod published;
pub(crate) mod refusal;
pub(crate) mod scope;

use std::path::PathBuf;

use self::device_code::{DeviceApproval, DeviceCodes};
use self::issuer::Issuers;
use self::published::Refusing;
use super::seed::SignInSeed;

/// How the sign-in service is set up, besides its seed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) approval: DeviceApproval,
    /// Seconds between polls for a device code.
    pub(crate) interval: u64,
    /// Seconds; none is what Entra gives.
    pub(crate) token_lifetime: Option<i64>,
    /// Of the issuer that stands for GitHub Actions; none keeps its key in memory.
    pub(crate) issuer_key: Option<PathBuf>,
}

/// What the sign-in service knows besides the directory.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub(crate) devices: DeviceCodes,
    pub(crate) issuers: Issuers,
    pub(crate) refusing: Refusing,
    /// Seconds.
    pub(crate) token_lifetime: i64,
}

impl SignIn {
    pub(crate) fn new(seed: &SignInSeed, settings: Settings) -> Self {
        Self {
            devices: DeviceCodes::new(settings.approval, settings.interval),
            issuers: Issuers::new(seed.issuers.clone(), settings.issuer_key),
            refusing: Refusing::new(seed.refuse, seed.times),
            token_lifetime: settings.token_lifetime.unwrap_or(access_token::LIFETIME),
        }
    }
}
