//! The wire format, both ways: cmdlets with their parameters and anchors as requests, envelopes of
//! answers. Pure; a write's parameters are wholly determined by the [`Write`].

use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;
use uuid::Uuid;

use crate::client::header::{HeaderMap, HeaderName, HeaderValue};
use crate::client::{EndpointClass, Method, Request, without_tokens};
use crate::plan::{ListWrite, MailboxPatch, MailboxRef, Write};
use crate::resource::RecipientType;

/// The arbitration mailbox that app-only calls about the organisation go to, in every tenant.
const ORGANIZATION_MAILBOX: &str = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}";
/// The one that Set-AdminAuditLogConfig wants (CIPP; enabling failed elsewhere,
/// pnp/cli-microsoft365#4677).
const AUDIT_LOG_MAILBOX: &str = "SystemMailbox{8cc370d3-822a-4ab8-a926-bb94bd0641a9}";

/// Where the gateway routes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Anchor {
    Organization,
    AuditLogConfig,
    Upn(String),
    Smtp(String),
    Guid(Uuid),
}

impl Anchor {
    /// Where a write to a mailbox is sent after this one has led to the wrong server: the forms that
    /// Microsoft's module derives from a user, an address and a Guid, each once. The user's name is
    /// an address of the mailbox as a rule, and is looked up as such apart from users; the Guid stays
    /// with the mailbox when its name has gone to another.
    pub(crate) fn after(&self, mailbox: &MailboxRef) -> Option<Self> {
        match self {
            Self::Upn(_) => Some(Self::Smtp(mailbox.upn.clone())),
            Self::Smtp(_) => Some(Self::Guid(mailbox.guid)),
            Self::Guid(_) | Self::Organization | Self::AuditLogConfig => None,
        }
    }

    fn header(&self, tenant: Uuid) -> Option<HeaderValue> {
        let text = match self {
            Self::Organization => format!("APP:{ORGANIZATION_MAILBOX}@{tenant}"),
            Self::AuditLogConfig => format!("APP:{AUDIT_LOG_MAILBOX}@{tenant}"),
            Self::Upn(upn) => format!("UPN:{upn}"),
            Self::Smtp(address) => format!("SMTP:{address}"),
            Self::Guid(guid) => format!("MBX:{guid}@{tenant}"),
        };
        HeaderValue::from_bytes(text.as_bytes()).ok()
    }
}

/// One cmdlet with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Command {
    pub(crate) cmdlet: &'static str,
    pub(crate) parameters: Map<String, Value>,
    /// The properties to return; none means all of the few.
    pub(crate) select: &'static [&'static str],
    pub(crate) page_size: Option<u16>,
}

pub(crate) const ORGANIZATION_FIELDS: [&str; 2] = ["AuditDisabled", "IsDehydrated"];
pub(crate) const AUDIT_LOG_FIELDS: [&str; 1] = ["UnifiedAuditLogIngestionEnabled"];
const MAILBOX_FIELDS: [&str; 11] = [
    "Guid",
    "UserPrincipalName",
    "RecipientTypeDetails",
    "AuditEnabled",
    "AuditAdmin",
    "AuditDelegate",
    "AuditOwner",
    "DefaultAuditSet",
    "AuditLogAgeLimit",
    "PrimarySmtpAddress",
    "EmailAddresses",
];

/// The properties that a list of mailboxes asks for: a full record has some 336.
pub(crate) fn mailbox_fields(addresses: bool) -> &'static [&'static str] {
    let without = MAILBOX_FIELDS.len() - 2;
    if addresses { &MAILBOX_FIELDS } else { MAILBOX_FIELDS.split_at(without).0 }
}

impl Command {
    pub(crate) fn read(cmdlet: &'static str, select: &'static [&'static str]) -> Self {
        Self { cmdlet, parameters: Map::new(), select, page_size: None }
    }

    /// `Get-Mailbox`. Without `ResultSize: Unlimited` the service stops at 1000.
    pub(crate) fn mailboxes(types: &[RecipientType], addresses: bool, page_size: u16) -> Self {
        let mut parameters = Map::new();
        parameters.insert("ResultSize".into(), "Unlimited".into());
        if types.contains(&RecipientType::GroupMailbox) {
            parameters.insert("GroupMailbox".into(), true.into());
        } else {
            let names: Vec<&str> = types.iter().map(|kind| kind.name()).collect();
            parameters.insert("RecipientTypeDetails".into(), names.into());
        }
        let select = mailbox_fields(addresses);
        Self { cmdlet: "Get-Mailbox", parameters, select, page_size: Some(page_size) }
    }

    /// `Get-Mailbox` of one mailbox, by its Guid.
    pub(crate) fn mailbox(guid: Uuid, kind: RecipientType) -> Self {
        let mut parameters = one("Identity", guid.to_string().into());
        if kind == RecipientType::GroupMailbox {
            parameters.insert("GroupMailbox".into(), true.into());
        }
        let select = mailbox_fields(false);
        Self { cmdlet: "Get-Mailbox", parameters, select, page_size: None }
    }

    /// The cmdlet that carries out a write, and where it has to run.
    pub(crate) fn of(write: &Write) -> (Self, Anchor) {
        let (cmdlet, mut parameters, anchor) = match write {
            Write::EnableOrganizationCustomization => {
                ("Enable-OrganizationCustomization", Map::new(), Anchor::Organization)
            }
            Write::SetUnifiedAuditLog { ingestion } => (
                "Set-AdminAuditLogConfig",
                one("UnifiedAuditLogIngestionEnabled", (*ingestion).into()),
                Anchor::AuditLogConfig,
            ),
            Write::SetMailboxAuditing { enabled } => (
                "Set-OrganizationConfig",
                one("AuditDisabled", (!enabled).into()),
                Anchor::Organization,
            ),
            Write::ResetDefaultAuditSet { mailbox, logon_types } => {
                let mut parameters = identity(mailbox);
                parameters.insert("DefaultAuditSet".into(), logon_types.names().into());
                ("Set-Mailbox", parameters, Anchor::Upn(mailbox.upn.clone()))
            }
            Write::SetMailbox { mailbox, patch } => {
                let mut parameters = identity(mailbox);
                add_patch(&mut parameters, patch);
                ("Set-Mailbox", parameters, Anchor::Upn(mailbox.upn.clone()))
            }
        };
        parameters.insert("Confirm".into(), false.into());
        (Self { cmdlet, parameters, select: &[], page_size: None }, anchor)
    }
}

fn one(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

fn identity(mailbox: &MailboxRef) -> Map<String, Value> {
    let mut parameters = one("Identity", mailbox.guid.to_string().into());
    if mailbox.recipient_type == RecipientType::GroupMailbox {
        parameters.insert("GroupMailbox".into(), true.into());
    }
    parameters
}

fn add_patch(parameters: &mut Map<String, Value>, patch: &MailboxPatch) {
    let lists = [
        ("AuditAdmin", &patch.admin),
        ("AuditDelegate", &patch.delegate),
        ("AuditOwner", &patch.owner),
    ];
    let enabled = patch.enabled.map(|enabled| ("AuditEnabled", Value::from(enabled)));
    let lists =
        lists.into_iter().filter_map(|(name, list)| Some((name, list_value(list.as_ref()?))));
    let age = patch.log_age_limit.map(|limit| ("AuditLogAgeLimit", limit.timespan().into()));
    for (name, value) in enabled.into_iter().chain(lists).chain(age) {
        parameters.insert(name.to_owned(), value);
    }
}

fn list_value(list: &ListWrite) -> Value {
    match list {
        // An empty array is no value of this parameter; `None` alone clears the list.
        ListWrite::Replace(names) if names.is_empty() => json!(["None"]),
        ListWrite::Replace(names) => json!(names),
        ListWrite::Add(names) => {
            json!({ "@odata.type": "#Exchange.GenericHashTable", "Add": names })
        }
    }
}

/// What all requests of a session share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session<'a> {
    pub(crate) base: &'a Url,
    pub(crate) tenant: Uuid,
    pub(crate) connection: Uuid,
}

impl Session<'_> {
    /// A request without its `Authorization`, which is added at each try.
    pub(crate) fn request(
        &self,
        command: &Command,
        anchor: &Anchor,
        class: EndpointClass,
    ) -> Request {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            let tenant = self.tenant.to_string();
            segments.pop_if_empty().extend(["adminapi", "beta", &tenant, "InvokeCommand"]);
        }
        if !command.select.is_empty() {
            url.set_query(Some(&format!("$select={}", command.select.join(","))));
        }
        let body = json!({ "CmdletInput": {
            "CmdletName": command.cmdlet,
            "Parameters": command.parameters,
        } });
        Request {
            method: Method::POST,
            url,
            label: command.cmdlet.to_owned(),
            headers: self.headers(command, anchor),
            body: Some(body.to_string().into_bytes()),
            class,
            cookies: class == EndpointClass::ExchangeRead,
        }
    }

    fn headers(&self, command: &Command, anchor: &Anchor) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: Option<HeaderValue>| {
            if let Some(value) = value {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        let fixed = |text: &'static str| Some(HeaderValue::from_static(text));
        set("content-type", fixed("application/json; charset=utf-8"));
        // Not `odata.metadata=none`: OData then drops annotations, and warnings, errors and the
        // next link are annotations.
        set("accept", fixed("application/json"));
        // Messages are told apart by their English text.
        set("accept-language", fixed("en-US"));
        set("x-responseformat", fixed("json"));
        set("x-cmdletname", fixed(command.cmdlet));
        set("x-anchormailbox", anchor.header(self.tenant));
        set("connection-id", HeaderValue::from_str(&self.connection.to_string()).ok());
        let prefer = command.page_size.map(|size| format!("odata.maxpagesize={size}"));
        set("prefer", prefer.and_then(|text| HeaderValue::from_str(&text).ok()));
        headers
    }
}

/// All of an answer but its rows.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Envelope {
    #[serde(rename = "@odata.nextLink")]
    pub(crate) next_link: Option<String>,
    #[serde(rename = "@adminapi.warnings", default)]
    warnings: Value,
    #[serde(rename = "@adminapi.errors", default)]
    errors: Value,
    #[serde(default)]
    error: Value,
    /// What is left of it after the rows were taken out.
    #[serde(default)]
    value: Value,
}

impl Envelope {
    /// Whether the answer held a list, all of whose rows were taken out.
    pub(crate) fn had_rows_list(&self) -> bool {
        self.value.as_array().is_some_and(Vec::is_empty)
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        match &self.warnings {
            Value::Null => Vec::new(),
            Value::Array(warnings) => warnings.iter().map(plain).collect(),
            other => vec![plain(other)],
        }
    }

    /// The first error inside of a 200, if there is any.
    pub(crate) fn error(&self) -> Option<&Value> {
        match (&self.error, &self.errors) {
            (Value::Null, Value::Null) => None,
            (Value::Null, Value::Array(errors)) => errors.first(),
            (Value::Null, errors) => Some(errors),
            (error, _) => Some(error),
        }
    }
}

fn plain(value: &Value) -> String {
    without_tokens(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{AgeLimit, LogonType, LogonTypes};

    fn mailbox(recipient_type: RecipientType) -> MailboxRef {
        MailboxRef { guid: Uuid::from_u128(7), upn: "a@contoso.com".into(), recipient_type }
    }

    fn parameters(write: &Write) -> Value {
        Value::Object(Command::of(write).0.parameters)
    }

    #[test]
    fn one_set_mailbox_carries_every_changed_attribute_and_no_other() {
        let patch = MailboxPatch {
            enabled: Some(true),
            admin: Some(ListWrite::Replace(vec!["Update".into(), "Copy".into()])),
            delegate: Some(ListWrite::Replace(vec![])),
            owner: Some(ListWrite::Add(vec!["Move".into()])),
            log_age_limit: Some(AgeLimit::days(180)),
        };
        let mailbox = mailbox(RecipientType::UserMailbox);
        let write = Write::SetMailbox { mailbox: mailbox.clone(), patch };
        assert_eq!(
            parameters(&write),
            json!({
                "Identity": Uuid::from_u128(7).to_string(),
                "AuditEnabled": true,
                "AuditAdmin": ["Update", "Copy"],
                "AuditDelegate": ["None"],
                "AuditOwner": { "@odata.type": "#Exchange.GenericHashTable", "Add": ["Move"] },
                "AuditLogAgeLimit": "180.00:00:00",
                "Confirm": false,
            })
        );
        let nothing = Write::SetMailbox { mailbox, patch: MailboxPatch::default() };
        let guid = Uuid::from_u128(7).to_string();
        assert_eq!(parameters(&nothing), json!({ "Identity": guid, "Confirm": false }));
    }

    #[test]
    fn a_reset_names_the_logon_types_and_a_group_its_switch() {
        let mailbox = mailbox(RecipientType::GroupMailbox);
        let logon_types = LogonTypes::NONE.with(LogonType::Owner).with(LogonType::Admin);
        let (command, anchor) = Command::of(&Write::ResetDefaultAuditSet { mailbox, logon_types });
        assert_eq!(command.parameters.get("DefaultAuditSet"), Some(&json!(["Admin", "Owner"])));
        assert_eq!(command.parameters.get("GroupMailbox"), Some(&json!(true)));
        assert_eq!(anchor, Anchor::Upn("a@contoso.com".into()));
    }

    #[test]
    fn mailbox_auditing_is_written_inverted() {
        let write = Write::SetMailboxAuditing { enabled: true };
        assert_eq!(parameters(&write), json!({ "AuditDisabled": false, "Confirm": false }));
    }

    #[test]
    fn anchors_have_the_forms_that_the_gateway_knows() {
        let tenant = Uuid::from_u128(1);
        let header = |anchor: Anchor| {
            anchor
                .header(tenant)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let ends = |text: &str| Some(format!("{text}@{tenant}"));
        assert_eq!(
            header(Anchor::Organization),
            ends("APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}")
        );
        let (_, anchor) = Command::of(&Write::SetUnifiedAuditLog { ingestion: true });
        assert_eq!(header(anchor), ends("APP:SystemMailbox{8cc370d3-822a-4ab8-a926-bb94bd0641a9}"));
        assert_eq!(header(Anchor::Guid(Uuid::nil())), ends(&format!("MBX:{}", Uuid::nil())));
        assert_eq!(header(Anchor::Smtp("a@x".into())).as_deref(), Some("SMTP:a@x"));
        assert_eq!(header(Anchor::Upn("jörg@x".into())).as_deref(), Some("UPN:jörg@x"));
    }

    #[test]
    fn errors_inside_of_an_envelope_are_found_in_every_shape() {
        let error = |text: &str| {
            serde_json::from_str::<Envelope>(text).is_ok_and(|envelope| envelope.error().is_some())
        };
        assert!(!error(r#"{"value":[],"@adminapi.errors":[]}"#));
        assert!(!error(r#"{"@adminapi.errors":null,"error":null}"#));
        assert!(error(r#"{"@adminapi.errors":["x"]}"#));
        assert!(error(r#"{"@adminapi.errors":{"message":"x"}}"#));
        assert!(error(r#"{"error":{"code":"x"}}"#));
    }
}
