//! The seed as TOML has it, and the rules that make it a `Seed`. Spans stay with the values until
//! they have been judged, so that every mistake has its place in the text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use uuid::Uuid;

use super::sign_in::{self, RawAdministrator, RawIssuer, RawSignIn, RawTrust};
use super::{
    ApplicationSeed, DEFAULT_ORGANIZATION, Generate, MAILBOXES_AT_MOST, MailboxSeed, Seed,
    TenantSeed,
};
use crate::emulator::actions::{ActionError, ActionTable, Logon};
use crate::emulator::audit::Audit;
use crate::emulator::recipient::RecipientType;

/// Where in the text, and what about it.
pub(super) struct Mistake(pub(super) Range<usize>, pub(super) String);

pub(super) fn mistake<T>(at: &Spanned<T>, message: impl Into<String>) -> Mistake {
    Mistake(at.span(), message.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSeed {
    #[serde(default)]
    tenant: RawTenant,
    #[serde(default)]
    mailbox: Vec<RawMailbox>,
    generate: Option<RawGenerate>,
    #[serde(default)]
    application: Vec<RawApplication>,
    sign_in: Option<RawSignIn>,
    administrator: Option<RawAdministrator>,
    #[serde(default)]
    federated_issuer: Vec<RawIssuer>,
    #[serde(default)]
    federated_credential: Vec<RawTrust>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawTenant {
    organization: Option<Spanned<String>>,
    tenant_id: Option<Spanned<String>>,
    dehydrated: Option<bool>,
    unified_audit_log: Option<bool>,
    mailbox_auditing: Option<bool>,
    #[serde(default)]
    added_defaults: RawAdded,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawAdded {
    #[serde(default)]
    admin: Vec<Spanned<String>>,
    #[serde(default)]
    delegate: Vec<Spanned<String>>,
    #[serde(default)]
    owner: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMailbox {
    upn: Spanned<String>,
    #[serde(rename = "type")]
    kind: Spanned<String>,
    #[serde(default)]
    inactive: bool,
    #[serde(default)]
    proxy_addresses: Vec<Spanned<String>>,
    audit: Option<Spanned<String>>,
    enabled: Option<bool>,
    admin: Option<Spanned<Vec<String>>>,
    delegate: Option<Spanned<Vec<String>>>,
    owner: Option<Spanned<Vec<String>>>,
    log_age_days: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGenerate {
    mailboxes: Spanned<usize>,
    #[serde(default)]
    seed: u64,
    compliant: Option<Spanned<f64>>,
    types: Option<Spanned<BTreeMap<Spanned<String>, Spanned<f64>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawApplication {
    display_name: Spanned<String>,
    unique_name: Option<Spanned<String>>,
}

impl RawSeed {
    pub(super) fn check(self, text: &str) -> Result<Seed, Mistake> {
        let tenant = self.tenant.check()?;
        let actions = ActionTable::new(&tenant.added_defaults);
        let mut taken = BTreeSet::new();
        let mailboxes = self
            .mailbox
            .into_iter()
            .map(|raw| raw.check(&actions, &mut taken))
            .collect::<Result<_, _>>()?;
        let generate = self.generate.map(RawGenerate::check).transpose()?;
        let mut taken = BTreeSet::new();
        let applications = self
            .application
            .into_iter()
            .map(|raw| raw.check(&mut taken))
            .collect::<Result<_, _>>()?;
        let (issuers, trusted) = (self.federated_issuer, self.federated_credential);
        let sign_in = sign_in::check(self.sign_in, self.administrator, issuers, trusted)?;
        Ok(Seed { text: text.to_owned(), tenant, mailboxes, generate, applications, sign_in })
    }
}

impl RawTenant {
    fn check(self) -> Result<TenantSeed, Mistake> {
        let organization = match self.organization {
            None => DEFAULT_ORGANIZATION.to_owned(),
            Some(name) if is_domain(name.as_ref()) => name.into_inner().to_ascii_lowercase(),
            Some(name) => {
                let said = name.as_ref().clone();
                return Err(mistake(
                    &name,
                    format!("`{said}` is not a domain; write one like `{DEFAULT_ORGANIZATION}`"),
                ));
            }
        };
        let mut tenant = TenantSeed::named(organization);
        if let Some(id) = self.tenant_id {
            tenant.tenant_id = Uuid::try_parse(id.as_ref()).map_err(|_| {
                mistake(&id, "`tenant_id` is not a GUID; leave it out to have one made")
            })?;
        }
        tenant.dehydrated = self.dehydrated.unwrap_or(tenant.dehydrated);
        tenant.unified_audit_log = self.unified_audit_log.unwrap_or(tenant.unified_audit_log);
        tenant.mailbox_auditing = self.mailbox_auditing.unwrap_or(tenant.mailbox_auditing);
        tenant.added_defaults = self.added_defaults.check()?;
        Ok(tenant)
    }
}

impl RawAdded {
    fn check(self) -> Result<[Vec<String>; 3], Mistake> {
        let mut lists = [self.admin, self.delegate, self.owner];
        let mut distinct = BTreeSet::new();
        for name in lists.iter().flatten() {
            distinct.insert(name.as_ref().to_ascii_lowercase());
            if distinct.len() > ActionTable::ADDED_AT_MOST {
                let most = ActionTable::ADDED_AT_MOST;
                return Err(mistake(name, format!("at most {most} actions may be added")));
            }
            if !name.as_ref().chars().all(|c| c.is_ascii_alphanumeric()) || name.as_ref().is_empty()
            {
                return Err(mistake(name, "an action is one word of letters and digits"));
            }
        }
        Ok(lists.each_mut().map(|list| list.drain(..).map(Spanned::into_inner).collect()))
    }
}

impl RawMailbox {
    fn check(
        self,
        actions: &ActionTable,
        taken: &mut BTreeSet<String>,
    ) -> Result<MailboxSeed, Mistake> {
        for address in [&self.upn].into_iter().chain(&self.proxy_addresses) {
            let text = address.as_ref();
            if !is_address(text) {
                let message = format!(
                    "`{text}` is not an address; write one like `ada@{DEFAULT_ORGANIZATION}`"
                );
                return Err(mistake(address, message));
            }
            if !taken.insert(text.to_ascii_lowercase()) {
                let message = format!("`{text}` belongs to another mailbox already");
                return Err(mistake(address, message));
            }
        }
        let Some(kind) = RecipientType::parse(self.kind.as_ref()) else {
            let (said, known) = (self.kind.as_ref(), RecipientType::names());
            let message = format!("`{said}` is not a mailbox type; write one of {known}");
            return Err(mistake(&self.kind, message));
        };
        Ok(MailboxSeed {
            audit: self.audit(actions)?,
            upn: self.upn.into_inner(),
            kind,
            inactive: self.inactive,
            proxy_addresses: self.proxy_addresses.into_iter().map(Spanned::into_inner).collect(),
        })
    }

    fn audit(&self, actions: &ActionTable) -> Result<Audit, Mistake> {
        let mut audit = Audit::untouched(actions);
        let lists = [&self.admin, &self.delegate, &self.owner];
        if let Some(whole) = &self.audit {
            let own = self.enabled.is_some() || self.log_age_days.is_some();
            if whole.as_ref() != "default" {
                return Err(mistake(
                    whole,
                    "`audit` can only be \"default\"; for anything else give `admin`, `delegate`, `owner`, `enabled` or `log_age_days`",
                ));
            }
            if own || lists.iter().any(|list| list.is_some()) {
                return Err(mistake(
                    whole,
                    "`audit = \"default\"` stands alone; remove it or the other audit keys of this mailbox",
                ));
            }
        }
        audit.enabled = self.enabled.unwrap_or(false);
        if let Some(days) = &self.log_age_days {
            if *days.as_ref() == 0 {
                return Err(mistake(
                    days,
                    "an age of 0 would mean an erased log; write at least 1",
                ));
            }
            audit.age_seconds = i64::from(*days.as_ref()) * 86_400;
        }
        for (logon, list) in Logon::ALL.into_iter().zip(lists) {
            if let Some(list) = list {
                let bits = actions
                    .stored(list.as_ref(), logon)
                    .map_err(|error| mistake(list, list_mistake(&error, logon, actions)))?;
                audit.write_list(logon, bits);
            }
        }
        Ok(audit)
    }
}

fn list_mistake(error: &ActionError, logon: Logon, actions: &ActionTable) -> String {
    match error {
        ActionError::Unknown(name) => {
            format!("`{name}` is not an audit action; the actions are {}", actions.enum_values())
        }
        ActionError::NoneAmongOthers => "`None` stands alone or not at all".to_owned(),
        ActionError::NotAccepted | ActionError::Deprecated => {
            format!("the list holds an action that {} does not take", logon.name())
        }
    }
}

impl RawGenerate {
    fn check(self) -> Result<Generate, Mistake> {
        if *self.mailboxes.as_ref() > MAILBOXES_AT_MOST {
            return Err(mistake(&self.mailboxes, format!("at most {MAILBOXES_AT_MOST} mailboxes")));
        }
        let compliant = match &self.compliant {
            None => 0.1,
            Some(share) if (0.0..=1.0).contains(share.as_ref()) => *share.as_ref(),
            Some(share) => {
                return Err(mistake(share, "`compliant` is a share: write 0.0 to 1.0"));
            }
        };
        let mut types = Vec::new();
        if let Some(raw) = self.types {
            let span = raw.span();
            for (name, weight) in raw.into_inner() {
                types.push((check_type(&name)?, check_weight(&weight)?));
            }
            if types.iter().all(|(_, weight)| *weight == 0.0) {
                return Err(Mistake(span, "give at least one type a weight above 0".to_owned()));
            }
        }
        types.sort_by_key(|(kind, _)| *kind);
        Ok(Generate { mailboxes: self.mailboxes.into_inner(), seed: self.seed, compliant, types })
    }
}

impl RawApplication {
    fn check(self, taken: &mut BTreeSet<String>) -> Result<ApplicationSeed, Mistake> {
        if self.display_name.as_ref().is_empty() {
            return Err(mistake(&self.display_name, "an application needs a name"));
        }
        if let Some(name) = &self.unique_name
            && !taken.insert(name.as_ref().to_lowercase())
        {
            let message = format!("`{}` belongs to another application already", name.as_ref());
            return Err(mistake(name, message));
        }
        Ok(ApplicationSeed {
            display_name: self.display_name.into_inner(),
            unique_name: self.unique_name.map(Spanned::into_inner),
        })
    }
}

fn check_type(name: &Spanned<String>) -> Result<RecipientType, Mistake> {
    RecipientType::parse(name.as_ref()).ok_or_else(|| {
        let (said, known) = (name.as_ref(), RecipientType::names());
        mistake(name, format!("`{said}` is not a mailbox type; write one of {known}"))
    })
}

fn check_weight(weight: &Spanned<f64>) -> Result<f64, Mistake> {
    let value = *weight.as_ref();
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(mistake(weight, "a weight is a number of 0 or more"))
    }
}

fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
}

pub(super) fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && local.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '"')
            && is_domain(domain)
    })
}
