//! Access tokens: what they hold, and whether one that comes back is ours, in time and for the
//! endpoint it came to. A JWT with a key of our own; the clock is the emulator's, so that a test
//! can let a token expire.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::credentials::TokenKey;

/// The application that the emulator registers for its user.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) client_id: Uuid,
    /// Of its service principal.
    pub(crate) object_id: Uuid,
}

pub(crate) const APPLICATION_NAME: &str = "Auditform";
/// Role template id, Entra permissions reference.
pub(crate) const EXCHANGE_ADMINISTRATOR: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";
pub(crate) const MANAGE_AS_APP: &str = "Exchange.ManageAsApp";
/// Seconds; Entra gives 60 to 90 minutes, less one second.
pub(crate) const LIFETIME: i64 = 3599;

/// The claims that an application's token carries, and no others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) aud: String,
    pub(crate) iss: String,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
    pub(crate) appid: String,
    pub(crate) app_displayname: String,
    pub(crate) idtyp: String,
    pub(crate) oid: String,
    pub(crate) sub: String,
    pub(crate) tid: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) wids: Vec<String>,
    pub(crate) uti: String,
    pub(crate) ver: String,
}

/// Which service a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Exchange,
    Graph,
}

impl Resource {
    /// By the resource's published addresses in all clouds, or its application id.
    pub(crate) fn named(resource: &str) -> Option<Self> {
        let name = resource.strip_prefix("https://").unwrap_or(resource).trim_end_matches('/');
        match name {
            "outlook.office365.com"
            | "outlook.office.com"
            | "outlook.office365.us"
            | "outlook-dod.office365.us"
            | "webmail.apps.mil"
            | "outlook.office365.cn"
            | "partner.outlook.cn"
            | "00000002-0000-0ff1-ce00-000000000000" => Some(Self::Exchange),
            "graph.microsoft.com"
            | "graph.microsoft.us"
            | "dod-graph.microsoft.us"
            | "microsoftgraph.chinacloudapi.cn"
            | "00000003-0000-0000-c000-000000000000" => Some(Self::Graph),
            _ => None,
        }
    }

    fn roles(self) -> Vec<String> {
        let roles: &[&str] = match self {
            Self::Exchange => &[MANAGE_AS_APP],
            Self::Graph => &[
                "Application.ReadWrite.All",
                "AppRoleAssignment.ReadWrite.All",
                "RoleManagement.ReadWrite.Directory",
            ],
        };
        roles.iter().map(|role| (*role).to_owned()).collect()
    }
}

impl Claims {
    /// What the app gets for `audience` at `now`.
    pub(crate) fn new(
        application: &Application,
        tenant_id: Uuid,
        resource: Resource,
        audience: &str,
        now: Timestamp,
    ) -> Self {
        let now = now.as_second();
        Self {
            aud: audience.to_owned(),
            iss: format!("https://sts.windows.net/{tenant_id}/"),
            iat: now,
            nbf: now,
            exp: now + LIFETIME,
            appid: application.client_id.to_string(),
            app_displayname: APPLICATION_NAME.to_owned(),
            idtyp: "app".to_owned(),
            oid: application.object_id.to_string(),
            sub: application.object_id.to_string(),
            tid: tenant_id.to_string(),
            roles: resource.roles(),
            wids: vec![EXCHANGE_ADMINISTRATOR.to_owned()],
            uti: Uuid::new_v4().simple().to_string(),
            ver: "1.0".to_owned(),
        }
    }

    pub(crate) fn sign(&self, key: &TokenKey) -> Result<String, jsonwebtoken::errors::Error> {
        let key = EncodingKey::from_secret(key.bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), self, &key)
    }
}

/// Why a token does not open the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadToken {
    NotOurs,
    Expired,
    OtherAudience,
    OtherTenant,
}

pub(crate) fn verify(
    token: &str,
    key: &TokenKey,
    resource: Resource,
    tenant_id: Uuid,
    now: Timestamp,
) -> Result<Claims, BadToken> {
    let mut validation = Validation::new(Algorithm::HS256);
    // Judged below: the library would ask the machine's clock and one fixed audience.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_secret(key.bytes());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)
        .map_err(|_| BadToken::NotOurs)?
        .claims;
    let now = now.as_second();
    if now >= claims.exp || now < claims.nbf - 300 {
        return Err(BadToken::Expired);
    }
    if Resource::named(&claims.aud) != Some(resource) {
        return Err(BadToken::OtherAudience);
    }
    if Uuid::try_parse(&claims.tid) != Ok(tenant_id) {
        return Err(BadToken::OtherTenant);
    }
    Ok(claims)
}
