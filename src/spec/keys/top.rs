//! The top of a spec, and the two switches of a tenant.

use super::row::{Key, List, Section, Shape};
use super::safeguards::PREVENT_OF_AUDITING;
use super::shapes::PATH;
use super::sources::{MAILBOX_AUDITING, TURN_AUDITING};
use super::{APPLICATION, APPROVAL, CERTIFICATE, CHECK, LIMITS, MAILBOX_AUDIT, TENANT, VARIABLE};

const PARTS: List =
    List { noun: "list of paths", of: PATH, least: 0, most: None, is_distinct: false };

const CHECKS: List = List {
    noun: "list of tables",
    of: Shape::Table(CHECK),
    least: 0,
    most: None,
    is_distinct: false,
};

/// The top of the file.
pub const ROOT: &Section = &Section {
    id: "spec",
    title: "Auditform spec",
    place: "at the top of the file",
    about: "What an `auditform.toml` may hold. `auditform validate` checks more than a schema can: \
            overlaps, lost actions, dates",
    keys: &[
        Key::new("version", Shape::Numbers(&[1]), "the version of this format")
            .otherwise("required, unless another file says it")
            .literal()
            .example("1"),
        Key::new("extends", PATH, "the spec that this one is a layer over")
            .literal()
            .example("\"../base.toml\""),
        Key::new(
            "include",
            Shape::List(&PARTS),
            "files that are read as part of this one, or patterns of their names",
        )
        .literal()
        .example("[\"common.toml\", \"policies/*.toml\"]"),
        Key::new("variables", Shape::Named(VARIABLE), "what the spec leaves open, by name"),
        Key::new("tenant", Shape::Table(TENANT), "which tenant, and how to reach it")
            .otherwise("required, unless another file says it"),
        Key::new("approval", Shape::Table(APPROVAL), "who has to sign a plan before it is applied")
            .otherwise("nobody has to"),
        Key::new("certificate", Shape::Named(CERTIFICATE), "certificates with their keys, by name")
            .otherwise("not managed"),
        Key::new(
            "application",
            Shape::Named(APPLICATION),
            "applications in Entra, what they may do and sign in with, by name",
        )
        .otherwise("not managed"),
        Key::new("unified_audit_log", Shape::Table(UNIFIED_AUDIT_LOG), "the tenant's audit log")
            .otherwise("not managed"),
        Key::new(
            "organization",
            Shape::Table(ORGANIZATION),
            "mailbox auditing of the organisation",
        )
        .otherwise("not managed"),
        Key::new(
            "mailbox_audit",
            Shape::Named(MAILBOX_AUDIT),
            "audit settings of mailboxes, by name",
        )
        .otherwise("not managed"),
        Key::new("limits", Shape::Table(LIMITS), "what a plan may not exceed")
            .otherwise("no limits"),
        Key::new("check", Shape::List(&CHECKS), "what has to be so, checked by every plan")
            .note("Each has a header of its own, `[[check]]`."),
    ],
};

/// `[unified_audit_log]`.
pub const UNIFIED_AUDIT_LOG: &Section = &Section {
    id: "unified_audit_log",
    title: "[unified_audit_log]",
    place: "in `[unified_audit_log]`",
    about: "The unified audit log of the tenant",
    keys: &[
        Key::new(
            "ingestion",
            Shape::Boolean,
            "whether the log takes records (`UnifiedAuditLogIngestionEnabled`)",
        )
        .required()
        .note("A change takes up to 60 minutes to be seen.")
        .example("true")
        .source(TURN_AUDITING),
        PREVENT_OF_AUDITING,
    ],
};

/// `[organization]`.
pub const ORGANIZATION: &Section = &Section {
    id: "organization",
    title: "[organization]",
    place: "in `[organization]`",
    about: "Settings of the Exchange organisation",
    keys: &[
        Key::new(
            "mailbox_auditing",
            Shape::Boolean,
            "mailbox auditing on by default: the service's `AuditDisabled`, inverted",
        )
        .required()
        .note("Off, nothing is audited on any mailbox, whatever the mailbox says.")
        .example("true")
        .source(MAILBOX_AUDITING),
        PREVENT_OF_AUDITING,
    ],
};
