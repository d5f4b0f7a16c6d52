//! `[mailbox_audit.NAME]`, an entry of `exclude`, and the forms of a rule.

use super::row::{Alternative, Key, List, Section, Shape};
use super::safeguards::PREVENT_OF_AUDITING;
use super::shapes::{DAY, PATTERN, TEXT, distinct, form, some};
use super::sources::{MAILBOX_AUDITING, SET_MAILBOX};
use crate::resource::LogonType;

/// The keys of `[mailbox_audit.NAME]` that set something on a mailbox.
pub const ATTRIBUTES: &[&str] = &["enabled", "admin", "delegate", "owner", "log_age_limit"];

const TYPES: List = some("list of types", Shape::RecipientType);
const PATTERNS: List = some("list of patterns", PATTERN);
const EXCLUSIONS: List = List {
    noun: "list of patterns or tables",
    of: Shape::Either(&[
        Alternative { shape: PATTERN, about: "mailboxes that match are left alone for good" },
        Alternative { shape: Shape::Table(EXCLUDE), about: "with a reason, or for a time" },
    ]),
    least: 0,
    most: None,
    is_distinct: false,
};
const POLICIES: List =
    distinct("list of names", form("text", r"^(mailbox_audit\.)?[A-Za-z_][A-Za-z0-9_-]*$"));

const fn rule(name: &'static str, logon: LogonType, about: &'static str) -> Key {
    Key::new(name, Shape::Rule(logon), about)
        .otherwise("not managed")
        .note(
            "`\"default\"` is Microsoft's set, kept by Microsoft. `default_plus` adds to it, \
             `at_least` adds to what is there, `exactly` replaces.",
        )
        .example("{ default_plus = [\"Move\", \"RecordDelete\"] }")
        .source(MAILBOX_AUDITING)
}

/// `[mailbox_audit.NAME]`.
pub const MAILBOX_AUDIT: &Section = &Section {
    id: "mailbox_audit",
    title: "[mailbox_audit.NAME]",
    place: "in `[mailbox_audit.NAME]`",
    about: "A policy: audit settings of a set of mailboxes. What is left out is not managed and is \
            never written",
    keys: &[
        Key::new(
            "recipient_types",
            Shape::List(&TYPES),
            "the mailbox types that the policy is about (`RecipientTypeDetails`)",
        )
        .required()
        .note("`GroupMailbox` takes `log_age_limit` only.")
        .example("[\"UserMailbox\", \"SharedMailbox\"]")
        .source(MAILBOX_AUDITING),
        Key::new("include", Shape::List(&PATTERNS), "only mailboxes that one of these matches")
            .otherwise("all mailboxes of the types")
            .note("`*` is any text, `?` one character, `[a-c]` one of, `{a,b}` either.")
            .example("[\"*@contoso.com\"]"),
        Key::new("exclude", Shape::List(&EXCLUSIONS), "mailboxes that are left alone")
            .example("[{ address = \"svc-*@contoso.com\", until = 2027-01-31 }]"),
        Key::new("enabled", Shape::Boolean, "`AuditEnabled`")
            .otherwise("not managed")
            .note(
                "Needed on types that the organisation does not cover (rooms, equipment and \
                 others), without effect on those that it does (users, shared mailboxes).",
            )
            .example("true")
            .source(MAILBOX_AUDITING),
        rule("admin", LogonType::Admin, "what is recorded of administrators (`AuditAdmin`)"),
        rule("delegate", LogonType::Delegate, "what is recorded of delegates (`AuditDelegate`)"),
        rule("owner", LogonType::Owner, "what is recorded of owners (`AuditOwner`)"),
        Key::new(
            "log_age_limit",
            Shape::Integer(1, 10_675_199),
            "how long entries are kept (`AuditLogAgeLimit`)",
        )
        .unit("days")
        .otherwise("not managed")
        .note(
            "1 to 10,675,199. Microsoft's default is 90. Zero would erase the log and is an error.",
        )
        .example("180")
        .source(SET_MAILBOX),
        Key::new(
            "overrides",
            Shape::List(&POLICIES),
            "policies that this one takes precedence over",
        )
        .example("[\"everyone\"]"),
        PREVENT_OF_AUDITING.note("It holds for every mailbox in which the policy has a say."),
    ],
};

/// An entry of `exclude` that is a table.
pub const EXCLUDE: &Section = &Section {
    id: "exclude",
    title: "an entry of exclude",
    place: "in an entry of `exclude`",
    about: "Mailboxes that the policy leaves alone",
    keys: &[
        Key::new("address", PATTERN, "which mailboxes")
            .required()
            .note("`*` is any text, `?` one character, `[a-c]` one of, `{a,b}` either.")
            .example("\"svc-backup@contoso.com\""),
        Key::new("reason", TEXT, "why, for people").example("\"reads every folder at night\""),
        Key::new("until", DAY, "the last day, in UTC, on which the exclusion holds")
            .otherwise("for good")
            .note("As a TOML date or a string.")
            .example("2027-01-31"),
    ],
};

/// `admin`, `delegate` or `owner` as a table.
pub const RULE: &Section = &Section {
    id: "rule",
    title: "admin, delegate or owner as a table",
    place: "in `admin`, `delegate` or `owner`",
    about: "One of `default_plus`, `at_least` and `exactly`",
    keys: &[
        Key::new("exactly", Shape::Actions { or_none: true }, "these and nothing else")
            .note("It drops what Microsoft records by default. `[\"None\"]` alone records nothing.")
            .example("[\"HardDelete\", \"SoftDelete\"]")
            .source(MAILBOX_AUDITING),
        Key::new(
            "at_least",
            Shape::Actions { or_none: false },
            "these and whatever is there already; nothing is removed",
        )
        .example("[\"HardDelete\"]")
        .source(MAILBOX_AUDITING),
        Key::new(
            "default_plus",
            Shape::Actions { or_none: false },
            "Microsoft's default set and these, nothing else",
        )
        .example("[\"Move\"]")
        .source(MAILBOX_AUDITING),
    ],
};
