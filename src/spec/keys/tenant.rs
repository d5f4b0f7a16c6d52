//! `[tenant]` and `[tenant.endpoints]`.

use super::row::{Alternative, Key, Section, Shape};
use super::shapes::{BASE_URL, DOMAIN, GUID, PATH, SCOPE, form, word};
use super::sources::{APP_ONLY, NATIONAL_CLOUDS};
use super::{BOOTSTRAP, SIGN_IN};

/// `[tenant]`.
pub const TENANT: &Section = &Section {
    id: "tenant",
    title: "[tenant]",
    place: "in `[tenant]`",
    about: "Which tenant, where its services are, and how to sign in",
    keys: &[
        Key::new("organization", DOMAIN, "the initial domain, by which Exchange is addressed")
            .otherwise("required, unless embedded")
            .example("\"contoso.onmicrosoft.com\"")
            .source(APP_ONLY),
        Key::new("tenant_id", GUID, "a tenant that answers with another GUID is refused")
            .example("\"2b0c6e5f-1f54-4c0e-9b0a-6d2f8c1e7a90\""),
        CLOUD,
        ENDPOINT,
        Key::new("endpoints", Shape::Table(ENDPOINTS), "each host by itself"),
        Key::new("ca_file", PATH, "a PEM file of trusted roots beyond the system's")
            .example("\"corporate-ca.pem\""),
        Key::new("sign_in", Shape::Table(SIGN_IN), "how to sign in")
            .otherwise("required, unless embedded"),
        Key::new(
            "bootstrap",
            Shape::Table(BOOTSTRAP),
            "the identity for work in Entra, where it is another one",
        )
        .otherwise("the identity of `sign_in`"),
        Key::new(
            "approve_second_phase",
            Shape::Boolean,
            "with `--auto-approve`, what can be planned only once the identity is made is applied \
             without asking again",
        )
        .default("false")
        .example("true"),
        Key::new(
            "stamp",
            form("word", "^[A-Za-z0-9._-]{1,64}$"),
            "tells the applications of this spec from those of another",
        )
        .note(
            "Letters, digits, `.`, `_` and `-`, at most 64. An application with another stamp is \
             not taken over, only adopted by `app_id`.",
        )
        .example("\"contoso-audit\""),
    ],
};

const CLOUD: Key = Key::new(
    "cloud",
    Shape::Words(&[
        word("worldwide", "the worldwide cloud, and GCC"),
        word("us-gov-high", "GCC High"),
        word("us-gov-dod", "the cloud of the Department of Defense; nobody has tried it"),
        word("china", "operated by 21Vianet; its hosts are not verified"),
    ]),
    "whose published hosts and scopes hold",
)
.default("\"worldwide\"")
.note("GCC belongs to `worldwide`.")
.example("\"us-gov-high\"")
.source(NATIONAL_CLOUDS);

const ENDPOINT: Key = Key::new(
    "endpoint",
    Shape::Either(&[
        Alternative { shape: Shape::Words(&[word("embedded", EMBEDDED)]), about: EMBEDDED },
        Alternative {
            shape: BASE_URL,
            about: "a base URL is https, or plain http on this machine",
        },
    ]),
    "where the tenant's services are",
)
.otherwise("the cloud's hosts")
.note(
    "`\"embedded\"` is the tenant in memory, kept in `.auditform/` beside the spec; a URL serves \
     authority, Graph and Exchange together.",
)
.example("\"embedded\"");

const EMBEDDED: &str = "the tenant in memory that Auditform brings along, kept in `.auditform/` \
                        beside the spec";

/// `[tenant.endpoints]`.
pub const ENDPOINTS: &Section = &Section {
    id: "endpoints",
    title: "[tenant.endpoints]",
    place: "in `[tenant.endpoints]`",
    about: "Each host by itself, over the one that `endpoint` or `cloud` gives",
    keys: &[
        Key::new("authority", BASE_URL, "where tokens come from")
            .otherwise("as `endpoint` or `cloud` says")
            .example("\"https://login.microsoftonline.com\"")
            .source(NATIONAL_CLOUDS),
        Key::new("graph", BASE_URL, "Microsoft Graph")
            .otherwise("as `endpoint` or `cloud` says")
            .example("\"https://graph.microsoft.com\"")
            .source(NATIONAL_CLOUDS),
        Key::new("exchange", BASE_URL, "the Exchange admin API")
            .otherwise("as `endpoint` or `cloud` says")
            .example("\"https://outlook.office365.com\"")
            .source(APP_ONLY),
        Key::new("exchange_scope", SCOPE, "what Exchange tokens are asked for")
            .otherwise("the cloud's")
            .example("\"https://outlook.office365.com/.default\"")
            .source(APP_ONLY),
    ],
};
