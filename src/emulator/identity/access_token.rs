//! Access tokens: what they hold, and whether one that comes back is ours, in time and for the
//! endpoint it came to. A JWT with a key of our own; the clock is the emulator's, so that a test
//! can let a token expire.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::credentials::TokenKey;
use super::scope::Consent;
use crate::emulator::entra::objects::User;
use crate::emulator::entra::sign_in::{PrincipalView, SignInView};

/// Seconds; Entra gives 60 to 90 minutes, less one second.
pub(crate) const LIFETIME: i64 = 3599;

/// The claims that a token carries, and no others.
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
    /// What a person lets the application do, separated by spaces; in tokens of people alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scp: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) wids: Vec<String>,
    pub(crate) uti: String,
    pub(crate) ver: String,
    /// Of a person alone, like the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
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

    /// What is granted to a service principal on this resource.
    fn roles(self, principal: &PrincipalView) -> Vec<String> {
        match self {
            Self::Exchange => principal.exchange_roles(),
            Self::Graph => principal.graph_roles(),
        }
    }
}

impl Claims {
    /// What an application gets for `audience` at `now`.
    pub(crate) fn new(
        application: &SignInView,
        principal: &PrincipalView,
        tenant_id: Uuid,
        (resource, audience): (Resource, &str),
        now: Timestamp,
    ) -> Self {
        let now = now.as_second();
        Self {
            aud: audience.to_owned(),
            iss: format!("https://sts.windows.net/{tenant_id}/"),
            iat: now,
            nbf: now,
            exp: now + LIFETIME,
            appid: application.app_id.to_string(),
            app_displayname: application.display_name.clone(),
            idtyp: "app".to_owned(),
            oid: principal.id.to_string(),
            sub: principal.id.to_string(),
            tid: tenant_id.to_string(),
            roles: resource.roles(principal),
            scp: None,
            wids: principal.wids.iter().map(Uuid::to_string).collect(),
            uti: Uuid::new_v4().simple().to_string(),
            ver: "1.0".to_owned(),
            upn: None,
            name: None,
        }
    }

    /// What a program gets that acts for a person, who holds these directory roles.
    pub(crate) fn of_person(
        user: &User,
        roles: &[Uuid],
        (program_id, program_name): (Uuid, &str),
        consent: &Consent,
        tenant_id: Uuid,
        now: Timestamp,
    ) -> Self {
        let now = now.as_second();
        Self {
            aud: consent.audience.clone(),
            iss: format!("https://sts.windows.net/{tenant_id}/"),
            iat: now,
            nbf: now,
            exp: now + LIFETIME,
            appid: program_id.to_string(),
            app_displayname: program_name.to_owned(),
            idtyp: "user".to_owned(),
            oid: user.id.to_string(),
            sub: user.id.to_string(),
            tid: tenant_id.to_string(),
            roles: Vec::new(),
            scp: Some(consent.permissions.join(" ")),
            wids: roles.iter().map(Uuid::to_string).collect(),
            uti: Uuid::new_v4().simple().to_string(),
            ver: "1.0".to_owned(),
            upn: Some(user.user_principal_name.clone()),
            name: Some(user.display_name.clone()),
        }
    }

    /// The same for so many seconds.
    pub(crate) fn lasting(self, seconds: i64) -> Self {
        Self { exp: self.iat + seconds, ..self }
    }

    /// Who signed in, for the program: an OIDC identity token.
    pub(crate) fn id_token(&self, key: &TokenKey) -> Result<String, jsonwebtoken::errors::Error> {
        let tenant_id = &self.tid;
        let claims = json!({
            "aud": self.appid,
            "iss": format!("https://login.microsoftonline.com/{tenant_id}/v2.0"),
            "iat": self.iat,
            "nbf": self.nbf,
            "exp": self.exp,
            "name": self.name,
            "oid": self.oid,
            "preferred_username": self.upn,
            "sub": self.sub,
            "tid": tenant_id,
            "ver": "2.0",
        });
        let key = EncodingKey::from_secret(key.bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
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
