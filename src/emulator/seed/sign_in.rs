//! What a seed says about signing in: who administers the tenant, whose tokens may stand in for a
//! certificate, and a refusal that every sign-in meets. Spans stay with the values until they have
//! been judged.

use serde::Deserialize;
use toml::Spanned;
use uuid::Uuid;

use super::raw::{Mistake, is_address, mistake};
use crate::emulator::entra::roles::{DIRECTORY_ROLES, GLOBAL_ADMINISTRATOR};
use crate::emulator::identity::issuer::{FederatedIssuer, PublicKey};
use crate::emulator::identity::published::{self, Published};

/// What tokens for Entra are addressed to.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// Whose tokens the generated application may present in place of its certificate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TrustSeed {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: String,
}

/// The sign-in side of a tenant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SignInSeed {
    /// What every request for a token is answered with.
    pub(crate) refuse: Option<Published>,
    /// How many requests; none means all.
    pub(crate) times: Option<u32>,
    pub(crate) issuers: Vec<FederatedIssuer>,
    pub(crate) trusted: Vec<TrustSeed>,
    /// The administrator's name, where it is not the usual one.
    pub(crate) upn: Option<String>,
    /// Template ids of the administrator's roles.
    pub(crate) roles: Vec<Uuid>,
}

impl Default for SignInSeed {
    fn default() -> Self {
        let roles = vec![GLOBAL_ADMINISTRATOR.template_id];
        Self {
            refuse: None,
            times: None,
            issuers: Vec::new(),
            trusted: Vec::new(),
            upn: None,
            roles,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSignIn {
    refuse: Spanned<u32>,
    times: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAdministrator {
    upn: Option<Spanned<String>>,
    roles: Option<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIssuer {
    issuer: Spanned<String>,
    jwks: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTrust {
    issuer: String,
    subject: String,
    audience: Option<String>,
}

pub(super) fn check(
    sign_in: Option<RawSignIn>,
    administrator: Option<RawAdministrator>,
    issuers: Vec<RawIssuer>,
    trusted: Vec<RawTrust>,
) -> Result<SignInSeed, Mistake> {
    let mut seed = SignInSeed::default();
    if let Some(raw) = sign_in {
        seed.refuse = Some(check_code(&raw.refuse)?);
        seed.times = raw.times;
    }
    if let Some(raw) = administrator {
        seed.upn = raw.upn.map(check_upn).transpose()?;
        if let Some(names) = raw.roles {
            seed.roles = names.iter().map(check_role).collect::<Result<_, _>>()?;
        }
    }
    let trust = |raw: RawTrust| TrustSeed {
        issuer: raw.issuer,
        subject: raw.subject,
        audience: raw.audience.unwrap_or_else(|| AUDIENCE.to_owned()),
    };
    seed.trusted = trusted.into_iter().map(trust).collect();
    seed.issuers = issuers.into_iter().map(check_issuer).collect::<Result<_, _>>()?;
    Ok(seed)
}

fn check_code(code: &Spanned<u32>) -> Result<Published, Mistake> {
    published::numbered(*code.as_ref()).ok_or_else(|| {
        let known: Vec<_> = published::all().iter().map(|known| known.code.to_string()).collect();
        let known = known.join(", ");
        mistake(code, format!("`refuse` is the number of an AADSTS error; known are {known}"))
    })
}

fn check_upn(upn: Spanned<String>) -> Result<String, Mistake> {
    if is_address(upn.as_ref()) {
        return Ok(upn.into_inner());
    }
    let said = upn.as_ref();
    Err(mistake(&upn, format!("`{said}` is not an address; write one like `admin@contoso.com`")))
}

fn check_role(name: &Spanned<String>) -> Result<Uuid, Mistake> {
    let said = name.as_ref();
    let known = DIRECTORY_ROLES.iter().find(|role| {
        role.name.eq_ignore_ascii_case(said) || Uuid::try_parse(said) == Ok(role.template_id)
    });
    known.map(|role| role.template_id).ok_or_else(|| {
        let all: Vec<_> = DIRECTORY_ROLES.iter().map(|role| role.name).collect();
        let all = all.join(", ");
        mistake(name, format!("`{said}` is not a directory role known here; write one of {all}"))
    })
}

fn check_issuer(raw: RawIssuer) -> Result<FederatedIssuer, Mistake> {
    if !raw.issuer.as_ref().starts_with("https://") {
        return Err(mistake(&raw.issuer, "an issuer is an https address"));
    }
    let keys = PublicKey::read_set(raw.jwks.as_ref()).map_err(|error| mistake(&raw.jwks, error))?;
    Ok(FederatedIssuer { issuer: raw.issuer.into_inner(), keys })
}
