//! `[[check]]` and its tables: what a spec asserts of a tenant.

use super::row::{Alternative, Key, List, Section, Shape};
use super::shapes::{LENGTH, PATTERN, TEXT, distinct, form, some, word};
use super::sources::{MAILBOX_AUDITING, SET_MAILBOX, TURN_AUDITING};
use super::{EXCLUDE, safeguards};
use crate::resource::LogonType;

/// The keys of `[[check]]` that say what is asserted.
pub const ASSERTIONS: &[&str] = &["unified_audit_log", "organization", "mailboxes", "certificate"];
/// The keys of `[check.mailboxes]` that say what a mailbox has to be.
pub const EXPECTATIONS: &[&str] =
    &["audited", "admin", "delegate", "owner", "default_audit_set", "log_age_limit"];

const TYPES: List = some("list of types", Shape::RecipientType);
const PATTERNS: List = some("list of patterns", PATTERN);
const EXCLUSIONS: List = List {
    noun: "list of patterns or tables",
    of: Shape::Either(&[
        Alternative { shape: PATTERN, about: "mailboxes that match are not looked at" },
        Alternative { shape: Shape::Table(EXCLUDE), about: "with a reason, or for a time" },
    ]),
    least: 0,
    most: None,
    is_distinct: false,
};
const LOGON_TYPES: List = distinct(
    "list of logon types",
    Shape::Words(&[
        word("admin", "what administrators do"),
        word("delegate", "what delegates do"),
        word("owner", "what owners do"),
    ]),
);
const QUANTITY: Shape = Shape::Either(&[
    Alternative { shape: safeguards::COUNT, about: "so many mailboxes" },
    Alternative { shape: safeguards::SHARE, about: "so large a part of the selected mailboxes" },
]);
const DAYS: Shape = Shape::Integer(1, 10_675_199);

const fn rule(name: &'static str, logon: LogonType, about: &'static str) -> Key {
    Key::new(name, Shape::Rule(logon), about)
        .otherwise("not asked about")
        .note(
            "In the words of a policy: it holds where a policy with this rule would change \
             nothing. `at_least` asks for these and takes whatever is there besides.",
        )
        .example("{ at_least = [\"HardDelete\", \"SoftDelete\"] }")
        .source(MAILBOX_AUDITING)
}

/// `[[check]]`.
pub const CHECK: &Section = &Section {
    id: "check",
    title: "[[check]]",
    place: "in `[[check]]`",
    about: "Something that has to be so, whether the spec manages it or not. Nothing is ever \
            written for it. It holds one of `unified_audit_log`, `organization`, `mailboxes` and \
            `certificate`",
    keys: &[
        Key::new(
            "name",
            form("name", "^[A-Za-z_][A-Za-z0-9_-]*$"),
            "what it is called in plans; its address is `check.NAME`",
        )
        .required()
        .example("\"executives_are_recorded\""),
        Key::new("description", TEXT, "why, for whoever reads that it failed")
            .example("\"ISO 27001, A.8.15\""),
        Key::new(
            "on",
            Shape::Words(&[
                word("planned", "the tenant as it will be once the plan was applied"),
                word("observed", "the tenant as it was read"),
            ]),
            "which state has to be so",
        )
        .default("\"planned\"")
        .note("A failing error on the planned state forbids the apply.")
        .example("\"observed\""),
        Key::new(
            "severity",
            Shape::Words(&[
                word("error", "a failure ends with exit code 7"),
                word("warning", "a failure is said, and no more"),
            ]),
            "what a failure means",
        )
        .default("\"error\"")
        .example("\"warning\""),
        Key::new(
            "unified_audit_log",
            Shape::Table(CHECK_UNIFIED_AUDIT_LOG),
            "asserts something of the tenant's audit log",
        ),
        Key::new(
            "organization",
            Shape::Table(CHECK_ORGANIZATION),
            "asserts something of the organisation",
        ),
        Key::new("mailboxes", Shape::Table(CHECK_MAILBOXES), "asserts something of mailboxes"),
        Key::new(
            "certificate",
            Shape::Table(CHECK_CERTIFICATE),
            "asserts something of a certificate of this spec",
        ),
    ],
};

/// `[check.unified_audit_log]`.
pub const CHECK_UNIFIED_AUDIT_LOG: &Section = &Section {
    id: "check_unified_audit_log",
    title: "[check.unified_audit_log]",
    place: "in `[check.unified_audit_log]`",
    about: "What has to be so of the tenant's audit log",
    keys: &[Key::new("ingestion", Shape::Boolean, "whether the log takes records")
        .required()
        .example("true")
        .source(TURN_AUDITING)],
};

/// `[check.organization]`.
pub const CHECK_ORGANIZATION: &Section = &Section {
    id: "check_organization",
    title: "[check.organization]",
    place: "in `[check.organization]`",
    about: "What has to be so of the organisation",
    keys: &[Key::new("mailbox_auditing", Shape::Boolean, "whether mailbox auditing is on")
        .required()
        .example("true")
        .source(MAILBOX_AUDITING)],
};

/// `[check.certificate]`.
pub const CHECK_CERTIFICATE: &Section = &Section {
    id: "check_certificate",
    title: "[check.certificate]",
    place: "in `[check.certificate]`",
    about: "What has to be so of a certificate",
    keys: &[
        Key::new(
            "name",
            form("text", r"^(certificate\.)?[A-Za-z_][A-Za-z0-9_-]*$"),
            "which one: NAME of `[certificate.NAME]`",
        )
        .required()
        .note("One that others issue is declared there with `existing` and never written.")
        .example("\"auditor\""),
        Key::new("valid_for", LENGTH, "how much longer it has to be valid")
            .unit("d, h, m or s")
            .required()
            .example("\"30d\""),
    ],
};

/// `[check.mailboxes]`.
pub const CHECK_MAILBOXES: &Section = &Section {
    id: "check_mailboxes",
    title: "[check.mailboxes]",
    place: "in `[check.mailboxes]`",
    about: "What has to be so of a set of mailboxes, which is selected as in a policy",
    keys: &[
        Key::new("recipient_types", Shape::List(&TYPES), "the mailbox types that it is about")
            .required()
            .example("[\"UserMailbox\", \"SharedMailbox\"]")
            .source(MAILBOX_AUDITING),
        Key::new("include", Shape::List(&PATTERNS), "only mailboxes that one of these matches")
            .otherwise("all mailboxes of the types")
            .note("`*` is any text, `?` one character, `[a-c]` one of, `{a,b}` either.")
            .example("[\"ceo@*\", \"cfo@*\"]"),
        Key::new("exclude", Shape::List(&EXCLUSIONS), "mailboxes that it is not about")
            .example("[\"svc-*@contoso.com\"]"),
        Key::new(
            "audited",
            Shape::Boolean,
            "whether what happens in it is recorded: mailbox auditing of the organisation is on, and \
             it covers the mailbox or `AuditEnabled` is true on it",
        )
        .otherwise("not asked about")
        .example("true")
        .source(MAILBOX_AUDITING),
        rule("admin", LogonType::Admin, "what is recorded of administrators (`AuditAdmin`)"),
        rule("delegate", LogonType::Delegate, "what is recorded of delegates (`AuditDelegate`)"),
        rule("owner", LogonType::Owner, "what is recorded of owners (`AuditOwner`)"),
        Key::new(
            "default_audit_set",
            Shape::List(&LOGON_TYPES),
            "the logon types that Microsoft manages (`DefaultAuditSet`), exactly these; `[]` is none",
        )
        .otherwise("not asked about")
        .example("[\"owner\"]")
        .source(SET_MAILBOX),
        Key::new(
            "log_age_limit",
            Shape::Table(CHECK_DAYS),
            "how long entries are kept (`AuditLogAgeLimit`)",
        )
        .otherwise("not asked about"),
        Key::new("count", Shape::Table(CHECK_RANGE), "how many mailboxes there have to be")
            .otherwise("at least 1"),
        Key::new(
            "conforming",
            Shape::Table(CHECK_RANGE),
            "how many of them have to be as asserted",
        )
        .otherwise("all"),
    ],
};

/// `count` and `conforming`.
pub const CHECK_RANGE: &Section = &Section {
    id: "check_range",
    title: "count or conforming",
    place: "in `count` or `conforming`",
    about: "From how many to how many",
    keys: &[
        Key::new("at_least", QUANTITY, "no fewer")
            .otherwise("no such bound")
            .note("A share, such as `\"95%\"`, in `conforming` alone.")
            .example("1"),
        Key::new("at_most", QUANTITY, "no more")
            .otherwise("no such bound")
            .note("A share, such as `\"5%\"`, in `conforming` alone.")
            .example("50"),
    ],
};

/// `log_age_limit`.
pub const CHECK_DAYS: &Section = &Section {
    id: "check_days",
    title: "log_age_limit of a check",
    place: "in `log_age_limit` of a check",
    about: "From how many days to how many",
    keys: &[
        Key::new("at_least", DAYS, "no shorter")
            .unit("days")
            .otherwise("no such bound")
            .example("180"),
        Key::new("at_most", DAYS, "no longer")
            .unit("days")
            .otherwise("no such bound")
            .example("365"),
    ],
};
