//! `[application.NAME]` and an entry of `federated_credentials`.

use super::row::{Key, List, Section, Shape};
use super::safeguards::PREVENT_OF_IDENTITY;
use super::shapes::{ENSURE, GUID, HTTPS, TEXT, distinct, form};
use super::sources::{APP_ONLY, APPLICATION as PAGE, ENTRA_ROLES, FEDERATED, ROLE_ASSIGNMENT};

const PERMISSIONS: List = distinct("list of permissions", TEXT);
const ROLES: List = distinct("list of roles", TEXT);
const CERTIFICATES: List = distinct(
    "list of `\"certificate.NAME\"`",
    form("text", r"^(certificate\.)?[A-Za-z_][A-Za-z0-9_-]*$"),
);
const CREDENTIALS: List = List {
    noun: "list of tables",
    of: Shape::Table(FEDERATED_CREDENTIAL),
    least: 0,
    most: Some(20),
    is_distinct: false,
};
const OWNERS: List = distinct(
    "list of names or ids",
    form(
        "text",
        r"^([^\s@]+@[^\s@]+\.[^\s@]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$",
    ),
);

/// `[application.NAME]`.
pub const APPLICATION: &Section = &Section {
    id: "application",
    title: "[application.NAME]",
    place: "in `[application.NAME]`",
    about: "An application, what it may do, and what it signs in with",
    keys: &[
        Key::new("ensure", ENSURE, "whether it is to be there")
            .default("\"present\"")
            .note(
                "`\"absent\"` deletes the application, and with it its service principal, consents \
                 and roles.",
            )
            .example("\"absent\""),
        Key::new("display_name", TEXT, "its name in the portal")
            .otherwise("required, unless adopted or absent")
            .note("Names are not unique in Entra.")
            .example("\"Auditform\"")
            .source(PAGE),
        Key::new("unique_name", TEXT, "the key by which it is found again (`uniqueName`)")
            .otherwise("`auditform-application-NAME`")
            .note("It cannot be changed later.")
            .example("\"contoso-audit\"")
            .source(PAGE),
        Key::new(
            "app_id",
            GUID,
            "instead of `unique_name`: adopts an application that exists, whoever made it",
        )
        .example("\"402b12a2-fb2b-4222-8f54-5596def1a0c3\""),
        Key::new(
            "api_permissions",
            Shape::List(&PERMISSIONS),
            "application permissions, alone if well known, or after their service: \
             `SERVICE/PERMISSION`",
        )
        .example("[\"Exchange.ManageAsApp\", \"Microsoft Graph/Application.Read.All\"]")
        .source(APP_ONLY),
        Key::new(
            "admin_consent",
            Shape::Boolean,
            "whether they are granted too, not only declared",
        )
        .otherwise("`true` where there are any")
        .example("false"),
        Key::new("directory_roles", Shape::List(&ROLES), "roles of Entra, by name or template id")
            .note("`Global Administrator` is taken with a warning.")
            .example("[\"Exchange Administrator\"]")
            .source(ENTRA_ROLES),
        Key::new(
            "exchange_roles",
            Shape::List(&ROLES),
            "**beta**: management roles of Exchange, which are less than any directory role",
        )
        .example("[\"Audit Logs\", \"Mail Recipients\", \"Organization Configuration\"]")
        .source(ROLE_ASSIGNMENT),
        Key::new(
            "certificates",
            Shape::List(&CERTIFICATES),
            "certificates of this spec with which it signs in",
        )
        .example("[\"certificate.audit\"]"),
        Key::new(
            "federated_credentials",
            Shape::List(&CREDENTIALS),
            "issuers whose tokens sign it in, without any key",
        )
        .source(FEDERATED),
        Key::new("notes", TEXT, "notes in the portal")
            .otherwise("not managed")
            .example("\"Kept by Auditform: change the spec, not the portal.\"")
            .source(PAGE),
        Key::new("owners", Shape::List(&OWNERS), "user principal names, or object ids")
            .otherwise("not managed")
            .example("[\"admin@contoso.com\"]"),
        Key::new(
            "exclusive",
            Shape::Boolean,
            "credentials, permissions and roles that the spec does not name are removed",
        )
        .default("false")
        .example("true"),
        PREVENT_OF_IDENTITY,
    ],
};

/// An entry of `federated_credentials`.
pub const FEDERATED_CREDENTIAL: &Section = &Section {
    id: "federated_credential",
    title: "[[application.NAME.federated_credentials]]",
    place: "in an entry of `federated_credentials`",
    about: "An issuer whose tokens sign the application in, without any key",
    keys: &[
        Key::new(
            "name",
            form("text", "^[A-Za-z0-9_-]{3,120}$"),
            "unique in the application: 3 to 120 letters, digits, `-` and `_`",
        )
        .required()
        .note("It cannot be changed later.")
        .example("\"main-branch\"")
        .source(FEDERATED),
        Key::new("issuer", HTTPS, "`iss` of the token, letter by letter")
            .required()
            .example("\"https://token.actions.githubusercontent.com\"")
            .source(FEDERATED),
        Key::new(
            "subject",
            TEXT,
            "`sub` of the token, letter by letter: a `*` stands for itself alone",
        )
        .required()
        .example("\"repo:contoso/audit:ref:refs/heads/main\"")
        .source(FEDERATED),
        Key::new("audience", TEXT, "`aud` of the token")
            .otherwise("the cloud's")
            .note(
                "`api://AzureADTokenExchange`, in the American government clouds \
                 `api://AzureADTokenExchangeUSGov`, in China `api://AzureADTokenExchangeChina`.",
            )
            .example("\"api://AzureADTokenExchange\"")
            .source(FEDERATED),
    ],
};
