//! Certificates on disk, the switches of the organisation, and mailboxes of each type.

use std::fmt::Write as _;
use std::fs;

use auditform::resource::{Kind, RecipientType};
use serde_json::{Value, json};

use super::application::{DELETED_IS_DESIRED, NOT_THERE, row};
use super::scene::{Cell, Object, Row, SEED, Stage};
use crate::support::{Request, credential};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![certificate(), certificate_renewed(), certificate_removed()];
    rows.extend([customization(), unified_audit_log(), organization(), mailboxes()]);
    rows
}

const NOT_LOGGED: fn(&Request) -> bool = |_| false;
const MADE: &str = "[certificate.auditor]\ncommon_name = \"Auditor\"\ndirectory = \"keys\"\n\
                    key_size = 2048\n";

/// The files of a certificate, as somebody else leaves them.
fn lay(stage: &Stage, name: &str) {
    let pair = credential::named(name);
    stage.world.write("keys/auditor.pem", pair.pem());
    stage.world.write("keys/auditor.pfx", pair.pfx(""));
    stage
        .world
        .write("keys/auditor.cer", crate::support::graph::certificate(pair.pem().as_bytes()));
}

fn remove(stage: &Stage) {
    fs::remove_dir_all(stage.world.path("keys")).unwrap();
}

/// A directory cannot be read as a file, whoever asks.
fn spoil(stage: &Stage) {
    let _ = fs::remove_dir_all(stage.world.path("keys"));
    for name in ["auditor.pem", "auditor.pfx", "auditor.cer"] {
        fs::create_dir_all(stage.world.path("keys").join(name)).unwrap();
    }
}

fn certificate() -> Row {
    row(
        (Kind::Certificate, "created", "certificate.auditor"),
        NOT_LOGGED,
        ("", MADE),
        [
            Cell::Left,
            Cell::Moved(|stage| lay(stage, "Auditor")),
            Cell::Moved(|stage| lay(stage, "Theirs")),
            NOT_THERE,
            Cell::Moved(spoil),
        ],
    )
}

fn certificate_renewed() -> Row {
    let row = row(
        (Kind::Certificate, "replaced", "certificate.auditor"),
        NOT_LOGGED,
        ("", MADE),
        [
            Cell::Left,
            Cell::Moved(|stage| lay(stage, "Auditor")),
            Cell::Moved(|stage| lay(stage, "Theirs")),
            Cell::Moved(remove),
            Cell::Moved(spoil),
        ],
    );
    Row { prepare: |stage| lay(stage, "Old"), ..row }
}

fn certificate_removed() -> Row {
    let row = row(
        (Kind::Certificate, "deleted", "certificate.auditor"),
        NOT_LOGGED,
        ("", "[certificate.auditor]\ndirectory = \"keys\"\nensure = \"absent\"\n"),
        [
            Cell::Left,
            Cell::Moved(remove),
            Cell::Moved(|stage| lay(stage, "Theirs")),
            DELETED_IS_DESIRED,
            Cell::Moved(spoil),
        ],
    );
    Row { prepare: |stage| lay(stage, "Auditor"), ..row }
}

/// The mailboxes that stand for the organisation and for its audit log.
const ORGANIZATION: &str = "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}";
const AUDIT_LOG: &str =
    "APP:SystemMailbox{8cc370d3-822a-4ab8-a926-bb94bd0641a9}@contoso.onmicrosoft.com";
const ON_OR_OFF: Cell = Cell::Cannot("it is on or off");
const NEVER_GONE: Cell = Cell::Cannot("a tenant always has it");
const ONE_WAY: Cell = Cell::Cannot("it is done or not, and never taken back");
const RECORDING: &str = "[unified_audit_log]\ningestion = true\n";

fn tenant_row(row: Row, key: &str) -> Row {
    Row { seed: SEED.replace("\n\n[[mailbox]]", &format!("\n{key}\n\n[[mailbox]]")), ..row }
}

fn customization() -> Row {
    let row = row(
        (Kind::OrganizationCustomization, "done", "organization_customization"),
        |write| write.cmdlet() == "Enable-OrganizationCustomization",
        ("", RECORDING),
        [
            Cell::Left,
            Cell::Moved(|stage| {
                stage.exchange("Enable-OrganizationCustomization", &json!({}), ORGANIZATION);
            }),
            ONE_WAY,
            ONE_WAY,
            Cell::Unread(|seen| seen.cmdlet() == "Get-OrganizationConfig"),
        ],
    );
    tenant_row(row, "unified_audit_log = false\ndehydrated = true")
}

fn unified_audit_log() -> Row {
    let row = row(
        (Kind::UnifiedAuditLog, "changed", "unified_audit_log"),
        |write| write.cmdlet() == "Set-AdminAuditLogConfig",
        ("", RECORDING),
        [
            Cell::Left,
            Cell::Moved(|stage| {
                let on = json!({ "UnifiedAuditLogIngestionEnabled": true });
                stage.exchange("Set-AdminAuditLogConfig", &on, AUDIT_LOG);
            }),
            ON_OR_OFF,
            NEVER_GONE,
            Cell::Unread(|seen| seen.cmdlet() == "Get-AdminAuditLogConfig"),
        ],
    );
    tenant_row(row, "unified_audit_log = false")
}

fn organization() -> Row {
    let row = row(
        (Kind::Organization, "changed", "organization"),
        |write| write.cmdlet() == "Set-OrganizationConfig",
        ("", "[organization]\nmailbox_auditing = true\n"),
        [
            Cell::Left,
            Cell::Moved(|stage| {
                let on = json!({ "AuditDisabled": false });
                stage.exchange("Set-OrganizationConfig", &on, ORGANIZATION);
            }),
            ON_OR_OFF,
            NEVER_GONE,
            Cell::Unread(|seen| seen.cmdlet() == "Get-OrganizationConfig"),
        ],
    );
    tenant_row(row, "mailbox_auditing = false")
}

/// A mailbox of each type: what it is called, and where it stands in the plan.
fn mailbox(kind: RecipientType) -> Object {
    let policy = if kind == RecipientType::GroupMailbox { "groups" } else { "people" };
    let address = format!("mailbox_audit.{policy}[\"{}\"]", upn(kind));
    let is_write: fn(&Request) -> bool = |write| write.anchor().contains("@each.contoso.com");
    // Both live as long as the tests do.
    let address = Box::leak(address.into_boxed_str());
    Object { kind: Kind::MailboxAudit, what: kind.name(), address, is_write }
}

fn upn(kind: RecipientType) -> String {
    format!("{}@each.contoso.com", kind.name().to_lowercase())
}

fn mailboxes() -> Row {
    let mut seed = SEED.to_owned();
    for kind in RecipientType::ALL {
        write!(seed, "\n[[mailbox]]\nupn = \"{}\"\ntype = \"{}\"\n", upn(kind), kind.name())
            .unwrap();
    }
    let types: Vec<&str> = RecipientType::ALL
        .into_iter()
        .filter(|kind| *kind != RecipientType::GroupMailbox)
        .map(RecipientType::name)
        .collect();
    let spec = format!(
        "[mailbox_audit.people]\nrecipient_types = {types:?}\ninclude = [\"*@each.contoso.com\"]\n\
         log_age_limit = 180\n[mailbox_audit.groups]\nrecipient_types = [\"GroupMailbox\"]\n\
         log_age_limit = 180\n"
    );
    let objects = RecipientType::ALL.into_iter().map(mailbox).collect();
    let cells = [
        Cell::Left,
        Cell::Moved(|stage| keep_for(stage, "180.00:00:00")),
        Cell::Moved(|stage| keep_for(stage, "30.00:00:00")),
        Cell::Reseeded(|_| SEED.to_owned()),
        Cell::Unread(|seen| seen.cmdlet() == "Get-Mailbox"),
    ];
    Row { objects, seed, before: String::new(), prepare: |_| {}, spec, cells }
}

fn keep_for(stage: &Stage, limit: &str) {
    for kind in RecipientType::ALL {
        let mut parameters = json!({ "Identity": upn(kind), "AuditLogAgeLimit": limit });
        if kind == RecipientType::GroupMailbox {
            parameters["GroupMailbox"] = Value::Bool(true);
        }
        stage.exchange("Set-Mailbox", &parameters, &format!("UPN:{}", upn(kind)));
    }
}
