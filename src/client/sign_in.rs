//! The ways to sign in, as data, and the port by which a person is asked. What each needs from the
//! environment is read by the caller.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use super::certificate::Credential;

/// Microsoft Graph Command Line Tools: the public client of Microsoft's that may ask for any
/// delegated permission of Graph. The Azure CLI's has a fixed set (AADSTS65002).
pub const GRAPH_COMMAND_LINE_TOOLS: Uuid =
    Uuid::from_u128(0x14d8_2eec_204b_4c2f_b7e8_296a_70da_b67e);

/// How to sign in.
pub enum SignInMethod {
    /// As an application that proves itself by a certificate.
    Certificate {
        /// The application.
        client_id: Uuid,
        /// Its certificate with the key.
        credential: Credential,
    },
    /// As an application that another issuer vouches for.
    Federated {
        /// The application.
        client_id: Uuid,
        /// Where that issuer's token comes from.
        assertion: AssertionSource,
    },
    /// As a person, who signs in with a browser, elsewhere.
    DeviceCode {
        /// A public client, such as [`GRAPH_COMMAND_LINE_TOOLS`].
        client_id: Uuid,
        /// The delegated permissions of Microsoft Graph to ask for, by name. Other services are
        /// asked for what the client has.
        scopes: Vec<String>,
        /// Who tells the person.
        prompt: Arc<dyn DevicePrompt>,
    },
    /// As whoever is signed in to the Azure CLI.
    AzureCli {
        /// Its program, `az`.
        program: PathBuf,
    },
    /// With tokens that were given, told apart by their `aud`.
    Given(Vec<SecretString>),
    /// As the identity of this machine in Azure, which keeps a token for up to a day: a new
    /// permission is in it only then.
    ManagedIdentity {
        /// A user-assigned identity; `None` is the system-assigned one.
        client_id: Option<Uuid>,
        /// Who gives out its tokens.
        endpoint: ManagedIdentityEndpoint,
    },
}

/// Where the token of another issuer comes from. It is fetched for every request of a token, since
/// it lives for minutes.
pub enum AssertionSource {
    /// A file that the platform renews.
    File(PathBuf),
    /// The endpoint of a GitHub Actions job.
    GitHub {
        /// `ACTIONS_ID_TOKEN_REQUEST_URL`.
        url: SecretString,
        /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
        token: SecretString,
        /// The audience to ask for, such as `api://AzureADTokenExchange`.
        audience: String,
    },
}

/// Who gives out the tokens of a managed identity.
pub enum ManagedIdentityEndpoint {
    /// The instance metadata service of a virtual machine, or what stands in for it
    /// (`AZURE_POD_IDENTITY_AUTHORITY_HOST`).
    Imds {
        /// [`ManagedIdentityEndpoint::IMDS`], or another.
        base: Url,
    },
    /// App Service, Functions, Container Apps.
    AppService {
        /// `IDENTITY_ENDPOINT`.
        endpoint: Url,
        /// `IDENTITY_HEADER`.
        header: SecretString,
    },
}

impl ManagedIdentityEndpoint {
    /// The published address of the instance metadata service.
    pub const IMDS: &'static str = "http://169.254.169.254";
}

/// What a person needs to know to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCode {
    /// The service's own words, which name the two below.
    pub message: String,
    /// The code to enter.
    pub user_code: String,
    /// Where to enter it.
    pub verification_uri: String,
    /// How long it can be entered.
    pub expires_in: Duration,
}

/// Tells a person where to sign in.
pub trait DevicePrompt: Send + Sync {
    /// Called once for each code.
    fn show(&self, code: &DeviceCode);
}

impl SignInMethod {
    /// The application that signs in, where it is known beforehand.
    pub fn client_id(&self) -> Option<Uuid> {
        match self {
            Self::Certificate { client_id, .. }
            | Self::Federated { client_id, .. }
            | Self::DeviceCode { client_id, .. } => Some(*client_id),
            Self::ManagedIdentity { client_id, .. } => *client_id,
            Self::AzureCli { .. } | Self::Given(_) => None,
        }
    }

    /// As the spec names it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Certificate { .. } => "certificate",
            Self::Federated { .. } => "workload_identity",
            Self::DeviceCode { .. } => "device_code",
            Self::AzureCli { .. } => "azure_cli",
            Self::Given(_) => "environment",
            Self::ManagedIdentity { .. } => "managed_identity",
        }
    }
}

impl fmt::Debug for SignInMethod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client_id = self.client_id();
        formatter.debug_struct(self.name()).field("client_id", &client_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for AssertionSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => formatter.debug_tuple("File").field(path).finish(),
            Self::GitHub { audience, .. } => {
                formatter.debug_struct("GitHub").field("audience", audience).finish_non_exhaustive()
            }
        }
    }
}

impl fmt::Debug for ManagedIdentityEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, url) = match self {
            Self::Imds { base } => ("Imds", base),
            Self::AppService { endpoint, .. } => ("AppService", endpoint),
        };
        formatter.debug_struct(name).field("url", &url.as_str()).finish_non_exhaustive()
    }
}
