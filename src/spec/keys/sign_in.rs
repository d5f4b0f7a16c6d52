//! `[tenant.sign_in]` and `[tenant.bootstrap]`: either an application of the spec, or a method with
//! the keys that belong to it.

use super::row::{Alternative, Key, List, Section, Shape, Word};
use super::shapes::{GUID, PATH, TEXT, VARIABLE, form, some, word};
use super::sources::{APP_ONLY, FEDERATED, WORKLOAD_IDENTITY};

/// A way of signing in, and the keys that belong to it.
#[derive(Debug)]
pub struct Method {
    /// Its name, and who signs in.
    pub word: Word,
    /// The keys that it may have beside `method`.
    pub keys: &'static [&'static str],
    /// Those among them that must be there.
    pub required: &'static [&'static str],
}

/// Every method.
pub const METHODS: &[Method] = &[
    Method {
        word: word("certificate", "an application that exists, with its certificate"),
        keys: &["client_id", "certificate", "thumbprint", "directory", "password_env"],
        required: &["client_id"],
    },
    Method {
        word: word("device_code", "a person, with a browser on any machine"),
        keys: &["client_id"],
        required: &[],
    },
    Method { word: word("azure_cli", "whoever is signed in to `az`"), keys: &[], required: &[] },
    Method {
        word: word("environment", "whoever got the tokens in these variables"),
        keys: &["token_env"],
        required: &["token_env"],
    },
    Method {
        word: word(
            "workload_identity",
            "an application with a federated credential, by a token of another issuer: GitHub \
             Actions, or a file",
        ),
        keys: &["client_id", "token_file", "audience"],
        required: &[],
    },
    Method {
        word: word("managed_identity", "the identity of a machine in Azure"),
        keys: &["client_id"],
        required: &[],
    },
];

const METHOD_WORDS: [Word; METHODS.len()] = {
    let mut words = [METHODS[0].word; METHODS.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = METHODS[at].word;
        at += 1;
    }
    words
};

const ROWS: &[Key] = &[
    Key::new(
        "application",
        form("`\"application.NAME\"`", r"^(application\.)?[A-Za-z_][A-Za-z0-9_-]*$"),
        "an application that this spec makes, with its certificate or its federated credential",
    )
    .otherwise("this or `method`")
    .note("It stands alone: no other key goes with it.")
    .example("\"application.audit\""),
    Key::new("method", Shape::Words(&METHOD_WORDS), "the way of signing in")
        .otherwise("this or `application`")
        .example("\"certificate\""),
    Key::new("client_id", GUID, "the application (client) id")
        .otherwise("depends on `method`")
        .note(
            "Required for `certificate`. Otherwise: for `device_code` Microsoft Graph Command Line \
             Tools, for `workload_identity` the variable `AZURE_CLIENT_ID`, for `managed_identity` \
             the system-assigned identity.",
        )
        .example("\"402b12a2-fb2b-4222-8f54-5596def1a0c3\""),
    Key::new("certificate", PATH, "a `.pfx`, or a PEM with key and certificate in one file")
        .otherwise("this or `thumbprint`")
        .example("\"auditform.pfx\"")
        .source(APP_ONLY),
    Key::new(
        "thumbprint",
        form("text", r"^([ :]*[0-9A-Fa-f]){40}([ :]*[0-9A-Fa-f]){0,24}[ :]*$"),
        "SHA-1 (40 digits) or SHA-256 (64) of a certificate that lies in `directory`",
    )
    .otherwise("this or `certificate`")
    .note("Spaces and colons between digits do no harm.")
    .example("\"92c7de5f29d78c21a5a7a3c1ce41d8b6fcd9a10e\""),
    Key::new("directory", PATH, "a directory of `.pfx` and `.pem` files")
        .otherwise("required with `thumbprint`")
        .example("\"certificates\""),
    Key::new("password_env", VARIABLE, "the environment variable that holds the file's password")
        .otherwise("no password")
        .note("Never the password itself: a spec goes to Git.")
        .example("\"AUDITFORM_PFX_PASSWORD\""),
    Key::new(
        "token_env",
        TOKEN_ENV,
        "the variables that hold the tokens, told apart by their audience",
    )
    .otherwise("required for `environment`")
    .note("Never a token itself.")
    .example("\"AUDITFORM_TOKEN\""),
    Key::new("token_file", PATH, "a file with the other issuer's token")
        .otherwise("the file in `AZURE_FEDERATED_TOKEN_FILE`, or GitHub's own endpoint")
        .example("\"/var/run/secrets/azure/tokens/azure-identity-token\"")
        .source(WORKLOAD_IDENTITY),
    Key::new("audience", TEXT, "what GitHub's endpoint is asked for")
        .otherwise("the cloud's")
        .example("\"api://AzureADTokenExchange\"")
        .source(FEDERATED),
];

const TOKEN_ENV: Shape = Shape::Either(&[
    Alternative { shape: VARIABLE, about: "one variable" },
    Alternative { shape: Shape::List(&VARIABLES), about: "several, one for each audience" },
]);
const VARIABLES: List = some("list of names", VARIABLE);

/// `[tenant.sign_in]`.
pub const SIGN_IN: &Section = &Section {
    id: "sign_in",
    title: "[tenant.sign_in]",
    place: "in `[tenant.sign_in]`",
    about: "How to sign in: either `application`, alone, or `method` and what belongs to it. Needed \
            for every endpoint but the embedded one",
    keys: ROWS,
};
/// `[tenant.sign_in]` as an application that the spec makes.
pub const SIGN_IN_APPLICATION: &[Key] = ROWS.split_at(1).0;
/// `[tenant.bootstrap]`: who makes an application has to be there before.
pub const BOOTSTRAP: &Section = &Section {
    id: "bootstrap",
    title: "[tenant.bootstrap]",
    place: "in `[tenant.bootstrap]`",
    about: "The identity for work in Entra, where it is not the one of `sign_in`",
    keys: ROWS.split_at(1).1,
};

/// The keys of `[tenant.sign_in]` with this method, or of every method where it is none of them.
pub(in crate::spec) fn of_method(
    method: Option<&str>,
) -> impl Iterator<Item = &'static Key> + Clone {
    let methods: Vec<&Method> = METHODS
        .iter()
        .filter(|known| method.is_none_or(|method| method == known.word.value))
        .collect();
    BOOTSTRAP.into_iter().filter(move |key| {
        key.name == "method" || methods.iter().any(|method| method.keys.contains(&key.name))
    })
}
