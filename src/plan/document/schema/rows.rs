//! The sorts of changes: the row that is written, narrowed to what a kind of object has. A narrower
//! type stands here for a member, and everything else (the other members, their words) is that of
//! the row.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::super::row::{MailboxRow, Particulars, WholeRow};
use super::super::step::ExchangeStep;
use crate::plan::IdentityWrite;
use crate::resource::{Kind, LogonType};

/// A change, of any sort.
pub(super) struct Row;

impl JsonSchema for Row {
    fn schema_name() -> Cow<'static, str> {
        "Change".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [
            generator.subschema_for::<IdentityRow>(),
            generator.subschema_for::<TenantRow>(),
            generator.subschema_for::<WholeMailboxRow>(),
            generator.subschema_for::<MailboxRow>(),
        ] })
    }
}

/// Implements a sort of change: a row without some members, narrowed by the view beside it.
macro_rules! sort {
    ($sort:ident, $name:literal, $row:ty, $view:ty, without $without:expr) => {
        pub(super) struct $sort;

        impl JsonSchema for $sort {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let (row, view) = (<$row>::json_schema(generator), <$view>::json_schema(generator));
                narrowed(row, view, &$without)
            }
        }
    };
}

const NOT_OF_MAILBOXES: [&str; 4] = ["attributes", "after_unknown", "after_exchange", "finally"];

sort!(IdentityRow, "IdentityChange", WholeRow, Identity,
    without ["guid", "anchor", "policies", "recipient_type"]);
sort!(TenantRow, "TenantChange", WholeRow, Switched,
    without ["guid", "anchor", "policies", "recipient_type", "attributes", "after_unknown",
        "after_exchange", "finally"]);
sort!(WholeMailboxRow, "MailboxChange", WholeRow, WholeMailbox, without NOT_OF_MAILBOXES);
sort!(PatternRow, "Pattern", Particulars, Patterned, without NOT_OF_MAILBOXES);

/// The members of a row but for some, each as the view has it where the view has it.
fn narrowed(mut row: Schema, mut view: Schema, without: &[&str]) -> Schema {
    let mut properties = members(&mut row);
    let mut required = names(&mut row);
    for (name, narrower) in members(&mut view) {
        let words = properties.get(&name).and_then(|wider| wider.get("description")).cloned();
        let mut narrower = narrower;
        if let (Some(words), Some(object)) = (words, narrower.as_object_mut()) {
            object.entry("description").or_insert(words);
        }
        properties.insert(name, narrower);
    }
    for name in names(&mut view) {
        if !required.contains(&name) {
            required.push(name);
        }
    }
    required.retain(|name| !without.iter().any(|gone| name == gone));
    properties.retain(|name, _| !without.contains(&name.as_str()));
    let words = view.remove("description");
    json_schema!({
        "description": words,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn members(schema: &mut Schema) -> Map<String, Value> {
    match schema.remove("properties") {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

fn names(schema: &mut Schema) -> Vec<Value> {
    match schema.remove("required") {
        Some(Value::Array(names)) => names,
        _ => Vec::new(),
    }
}

/// A change of an identity chain: a certificate, an application, or what hangs on it.
#[derive(JsonSchema)]
struct Identity {
    address: IdentityAddress,
    removes: BTreeMap<String, SomeValues>,
    leaves_microsoft_management: Nothing,
    after_exchange: bool,
    #[schemars(skip_serializing_if = "Option::is_none")]
    finally: Option<IdentityWrite>,
    writes: Vec<IdentityWrite>,
}

/// A change of the tenant as a whole.
#[derive(JsonSchema)]
struct Switched {
    address: TenantAddress,
    before: Switch,
    after: Switch,
    removes: NoMembers,
    leaves_microsoft_management: Nothing,
    #[schemars(length(min = 1, max = 1))]
    writes: Vec<TenantStep>,
}

/// A change of one mailbox.
#[derive(JsonSchema)]
struct WholeMailbox {
    address: MailboxAddress,
    guid: uuid::Uuid,
    #[schemars(regex(pattern = "^UPN:.+"))]
    anchor: String,
    #[schemars(flatten)]
    patterned: Patterned,
}

/// The change of any number of mailboxes.
#[derive(JsonSchema)]
struct Patterned {
    #[schemars(length(min = 1))]
    recipient_type: String,
    before: Audit,
    after: Audit,
    removes: RemovedActions,
    #[schemars(extend("uniqueItems" = true))]
    leaves_microsoft_management: Vec<LogonType>,
    /// The requests, in order: a reset comes first.
    #[schemars(length(min = 1, max = 2))]
    writes: Vec<MailboxStep>,
}

/// The one attribute of a tenant change.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
struct Switch {
    /// Whether settings of its own are enabled in the organisation.
    #[schemars(skip_serializing_if = "Option::is_none")]
    customized: Option<bool>,
    /// Whether the unified audit log takes records.
    #[schemars(skip_serializing_if = "Option::is_none")]
    ingestion: Option<bool>,
    /// Whether mailbox auditing of the organisation is on.
    #[schemars(skip_serializing_if = "Option::is_none")]
    mailbox_auditing: Option<bool>,
}

/// All audit attributes of a mailbox, changed or not.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Audit {
    /// The effective value, which is what the service shows.
    enabled: bool,
    /// What is recorded of administrators.
    admin: ActionNames,
    /// What is recorded of delegates.
    delegate: ActionNames,
    /// What is recorded of the owner.
    owner: ActionNames,
    /// How long records are kept.
    log_age_limit: TimeSpan,
    /// Logon types that Microsoft manages.
    #[schemars(extend("uniqueItems" = true))]
    default_audit_set: Vec<LogonType>,
}

/// Actions that go, by attribute; never an empty list.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct RemovedActions {
    /// Of administrators.
    #[schemars(skip_serializing_if = "Option::is_none")]
    admin: Option<SomeActionNames>,
    /// Of delegates.
    #[schemars(skip_serializing_if = "Option::is_none")]
    delegate: Option<SomeActionNames>,
    /// Of the owner.
    #[schemars(skip_serializing_if = "Option::is_none")]
    owner: Option<SomeActionNames>,
}

/// Audit actions in the service's order; empty where nothing is recorded.
#[derive(JsonSchema)]
#[schemars(extend("uniqueItems" = true))]
pub(in super::super) struct ActionNames(#[schemars(inner(length(min = 1)))] Vec<String>);

/// Audit actions in the service's order; at least one.
#[derive(JsonSchema)]
#[schemars(extend("uniqueItems" = true, "minItems" = 1))]
pub(in super::super) struct SomeActionNames(#[schemars(inner(length(min = 1)))] Vec<String>);

/// `days.hours:minutes:seconds`, as the service writes it.
#[derive(JsonSchema)]
pub(in super::super) struct TimeSpan(
    #[schemars(regex(pattern = r"^([0-9]+\.)?[0-9]{2}:[0-9]{2}:[0-9]{2}$"))] String,
);

#[derive(JsonSchema)]
#[schemars(inline)]
struct SomeValues(#[schemars(length(min = 1))] Vec<String>);

#[derive(JsonSchema)]
#[schemars(inline)]
struct Nothing(#[schemars(length(max = 0))] Vec<String>);

#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
struct NoMembers {}

/// Implements a text that is the address of some kinds of object.
macro_rules! address {
    ($(#[$meta:meta])* $name:ident, $title:literal, $pattern:expr) => {
        $(#[$meta])*
        pub(in super::super) struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $title.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

address!(
    /// The address of something of an identity chain.
    IdentityAddress, "IdentityAddress",
    format!(
        r#"^({})\.[^\[]+$|^({})\.[^\[]+\[".+"\]$"#,
        kinds(|kind| part(kind) == Part::Named),
        kinds(|kind| part(kind) == Part::Keyed),
    )
);
address!(
    /// The address of a switch of the tenant.
    TenantAddress, "TenantAddress",
    format!("^({})$", kinds(|kind| part(kind) == Part::Tenant))
);
address!(
    /// The address of a mailbox.
    MailboxAddress, "MailboxAddress",
    format!(r#"^({})\.[^\[]+\[".+"\]$"#, kinds(|kind| part(kind) == Part::Mailbox))
);

/// What the address of a change is made of, by kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// An identity chain's `kind.name`.
    Named,
    /// An identity chain's `kind.name["key"]`.
    Keyed,
    /// The bare kind.
    Tenant,
    /// A policy, and a mailbox by its user principal name.
    Mailbox,
    /// Nothing is planned for it.
    Never,
}

fn part(kind: Kind) -> Part {
    match kind {
        Kind::Certificate | Kind::Application | Kind::ServicePrincipal => Part::Named,
        Kind::ApplicationOwner
        | Kind::AppRoleAssignment
        | Kind::DirectoryRoleAssignment
        | Kind::ExchangeRoleAssignment
        | Kind::KeyCredential
        | Kind::FederatedCredential => Part::Keyed,
        Kind::OrganizationCustomization | Kind::UnifiedAuditLog | Kind::Organization => {
            Part::Tenant
        }
        Kind::MailboxAudit => Part::Mailbox,
        Kind::Check => Part::Never,
    }
}

fn kinds(is_one: impl Fn(Kind) -> bool) -> String {
    let names = Kind::ALL.into_iter().filter(|kind| is_one(*kind)).map(Kind::name);
    names.collect::<Vec<_>>().join("|")
}

/// Implements a request to Exchange that is one of some.
macro_rules! steps {
    ($name:ident, $title:literal, $of:expr) => {
        struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $title.into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                steps(generator, $of)
            }
        }
    };
}

steps!(MailboxStep, "MailboxStep", true);
steps!(TenantStep, "TenantStep", false);

/// The operations on a mailbox, or those on the tenant.
fn steps(generator: &mut SchemaGenerator, of_mailbox: bool) -> Schema {
    let mut all = ExchangeStep::json_schema(generator);
    let Some(Value::Array(mut steps)) = all.remove("oneOf") else { return all };
    steps.retain(|step| {
        let operation = &step["properties"]["operation"]["const"];
        let is_of_mailbox = operation == "reset_default_audit_set" || operation == "set_mailbox";
        is_of_mailbox == of_mailbox
    });
    json_schema!({ "oneOf": steps })
}
