//! Programs that sign in without a person and without a key: by the token of another issuer, and as
//! the identity of a machine in Azure. Each against the emulator, with what is said where the
//! surroundings lack something.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use snapbox::data::Inline;
use snapbox::{assert_data_eq, str};

use crate::bad_input::{BODY, CLIENT, SEED};
use crate::sign_in_methods::{reads_the_mailbox, signing_in, spec};
use crate::support::front::{Front, Reply};
use crate::support::{Emulator, World};

const ISSUER: &str = "https://token.actions.githubusercontent.com";
const SUBJECT: &str = "repo:contoso/audit:ref:refs/heads/main";
const WORKLOAD: &str = "\n[tenant.sign_in]\nmethod = \"workload_identity\"\n";
const MACHINE: &str = "\n[tenant.sign_in]\nmethod = \"managed_identity\"\n";

/// A tenant whose application takes the tokens of this workflow.
fn trusting(subject: &str) -> (World, Emulator) {
    let world = World::new();
    let trust =
        format!("\n[[federated_credential]]\nissuer = \"{ISSUER}\"\nsubject = \"{subject}\"\n");
    let emulator = Emulator::start(&world, &format!("{SEED}{trust}"));
    spec(&world, &emulator, &format!("{WORKLOAD}\n{BODY}"));
    (world, emulator)
}

/// The variables of a job in GitHub Actions with `id-token: write`.
fn job(emulator: &Emulator) -> [(&'static str, String); 3] {
    let url = format!("{}/_emulator/oidc/token?api-version=2.0", emulator.base_url);
    [
        ("AZURE_CLIENT_ID", emulator.client_id.clone()),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "of-the-job".to_owned()),
    ]
}

/// Plans with these variables.
fn plan(world: &World, variables: &[(&str, String)]) -> crate::support::Output {
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    world.run_with(&["plan"], &variables)
}

/// What a plan with these variables says that does not come about.
#[track_caller]
fn refused(world: &World, variables: &[(&str, String)], code: i32, expected: Inline) {
    let output = plan(world, variables).ended(code);
    assert_eq!(output.stdout, "");
    assert_data_eq!(world.redact(&output.stderr), expected);
}

#[test]
fn a_job_of_github_actions_signs_in_by_its_token() {
    let (world, emulator) = trusting(SUBJECT);
    reads_the_mailbox(plan(&world, &job(&emulator)));
    assert_eq!(emulator.token_requests().len(), 1);
}

#[test]
fn a_file_with_a_token_signs_in_named_by_the_platform_or_by_the_spec() {
    let (world, emulator) = trusting(SUBJECT);
    world.write("token", emulator.workload_token() + "\n");
    let file = ("AZURE_FEDERATED_TOKEN_FILE", world.path("token").display().to_string());
    reads_the_mailbox(plan(&world, &[("AZURE_CLIENT_ID", emulator.client_id.clone()), file]));
    let client_id = &emulator.client_id;
    let named = format!("{WORKLOAD}client_id = \"{client_id}\"\ntoken_file = \"token\"\n\n{BODY}");
    spec(&world, &emulator, &named);
    reads_the_mailbox(plan(&world, &[]));
}

#[test]
fn an_application_that_the_spec_makes_signs_in_without_any_key() {
    let world = World::new();
    let emulator = Emulator::start(&world, SEED);
    let (client_id, pem) = (&emulator.client_id, emulator.certificate.display());
    let chain = format!(
        r#"approve_second_phase = true

[tenant.sign_in]
application = "application.pipeline"

[tenant.bootstrap]
method = "certificate"
client_id = "{client_id}"
certificate = "{pem}"

[application.pipeline]
display_name = "Pipeline"
api_permissions = ["Exchange.ManageAsApp"]
directory_roles = ["Exchange Administrator"]

[[application.pipeline.federated_credentials]]
name = "main"
issuer = "{ISSUER}"
subject = "{SUBJECT}"

{BODY}"#
    );
    spec(&world, &emulator, &chain);
    let job = job(&emulator);
    let variables: Vec<_> = job.iter().map(|(name, value)| (*name, value.as_str())).collect();
    world.run_with(&["apply", "--auto-approve"], &variables).ended(0);
    assert_eq!(emulator.mailbox("ada@contoso.com")["AuditLogAgeLimit"], "100.00:00:00");
    let applications = emulator.state()["Applications"].clone();
    let made = applications.as_array().unwrap().iter().find(|app| app["displayName"] == "Pipeline");
    assert_eq!(made.unwrap()["keyCredentials"], serde_json::json!([]));
    let again = world.run_with(&["plan"], &variables).ended(0);
    assert!(again.stdout.starts_with("No changes."), "{}", again.stdout);
}

#[test]
fn a_workflow_that_no_federated_credential_names_is_told_what_its_token_says() {
    let (world, emulator) = trusting("repo:contoso/audit:environment:production");
    refused(
        &world,
        &job(&emulator),
        1,
        str![[r#"
error[sign-in]: no federated credential of the application matches the token: AADSTS700213: No matching federated identity record found for presented assertion subject 'repo:contoso/audit:ref:refs/heads/main'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation (the assertion says iss `https://token.actions.githubusercontent.com`, sub `repo:contoso/audit:ref:refs/heads/main`, aud `api://AzureADTokenExchange`) [POST http://127.0.0.1:<port>/<guid>/oauth2/v2.0/token (access token), status 401, request-id <guid>, 1 try in <time> s]
 |
 = help: compare issuer, subject and audience with the application's federated credentials, letter case included; a new one takes some minutes to be known

"#]],
    );
    assert_eq!(emulator.token_requests().len(), 1);
}

#[test]
fn a_job_without_the_permission_to_get_tokens() {
    let (world, emulator) = trusting(SUBJECT);
    let client = ("AZURE_CLIENT_ID", emulator.client_id.clone());
    refused(
        &world,
        &[client, ("GITHUB_ACTIONS", "true".to_owned())],
        1,
        str![[r#"
error[no-token]: no token of another issuer is at hand
 --> auditform.toml:7:1
  |
7 | [tenant.sign_in]
  | ^^^^^^^^^^^^^^^^
  |
  = help: in GitHub Actions, give the job `permissions: id-token: write`
  = help: elsewhere, name a file with `token_file`, or set `AZURE_FEDERATED_TOKEN_FILE`

"#]],
    );
    assert_eq!(emulator.requests(), []);
}

#[test]
fn a_workload_that_does_not_say_which_application_it_is() {
    let (world, emulator) = trusting(SUBJECT);
    refused(
        &world,
        &job(&emulator)[1..],
        1,
        str![[r#"
error[no-client-id]: neither `client_id` nor the variable `AZURE_CLIENT_ID` says which application
 --> auditform.toml:7:1
  |
7 | [tenant.sign_in]
  | ^^^^^^^^^^^^^^^^
  |
  = help: write `client_id`: the application that holds the federated credential

"#]],
    );
    assert_eq!(emulator.requests(), []);
}

#[test]
fn an_issuer_that_refuses_is_not_shown_with_its_secret_address() {
    let (world, emulator) = trusting(SUBJECT);
    let front = Front::start(|_| Reply::new(403, &[], "no"));
    let [client, _, token] = job(&emulator);
    let url = ("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/secret/path?token=s3cret", front.url()));
    refused(
        &world,
        &[client, url, token],
        1,
        str![[r#"
error[sign-in]: the token of the workload cannot be got: its issuer refuses [GET http://127.0.0.1:<port> (token of the workload), status 403, 1 try in <time> s]
 |
 = help: in GitHub Actions the job needs `permissions: id-token: write`; elsewhere check `token_file`

"#]],
    );
    assert_eq!(front.seen().len(), 1);
}

#[test]
fn a_token_file_that_is_not_there_and_one_without_a_token() {
    let (world, emulator) = trusting(SUBJECT);
    let file = world.path("token").display().to_string();
    let variables =
        [("AZURE_CLIENT_ID", emulator.client_id.clone()), ("AZURE_FEDERATED_TOKEN_FILE", file)];
    refused(
        &world,
        &variables,
        1,
        str![[r#"
error[sign-in]: the token of the workload cannot be got: `<dir>/token` cannot be read: No such file or directory (os error 2)
 |
 = help: in GitHub Actions the job needs `permissions: id-token: write`; elsewhere check `token_file`

"#]],
    );
    world.write("token", "\n");
    refused(
        &world,
        &variables,
        1,
        str![[r#"
error[sign-in]: the token of the workload cannot be got: `<dir>/token` holds no token
 |
 = help: in GitHub Actions the job needs `permissions: id-token: write`; elsewhere check `token_file`

"#]],
    );
    assert_eq!(emulator.token_requests(), []);
}

#[test]
fn a_virtual_machine_signs_in_as_itself() {
    let (world, emulator) = signing_in(MACHINE);
    let host = ("AZURE_POD_IDENTITY_AUTHORITY_HOST", emulator.base_url.clone());
    reads_the_mailbox(plan(&world, &[host]));
    assert_eq!(emulator.token_requests(), []);
}

/// The variables of App Service.
fn app_service(emulator: &Emulator) -> [(&'static str, String); 2] {
    let endpoint = format!("{}/msi/token", emulator.base_url);
    [("IDENTITY_ENDPOINT", endpoint), ("IDENTITY_HEADER", "of-the-machine".to_owned())]
}

#[test]
fn an_app_service_signs_in_as_itself() {
    let (world, emulator) = signing_in(MACHINE);
    reads_the_mailbox(plan(&world, &app_service(&emulator)));
    let asked = emulator.requests();
    assert!(asked.iter().any(|request| request.path.starts_with("/msi/token")), "{asked:?}");
}

#[test]
fn an_identity_that_the_machine_does_not_have() {
    let (world, emulator) = signing_in(&format!("{MACHINE}client_id = \"{CLIENT}\"\n"));
    let host = ("AZURE_POD_IDENTITY_AUTHORITY_HOST", emulator.base_url.clone());
    refused(
        &world,
        &[host],
        1,
        str![[r#"
error[sign-in]: there is no managed identity here: Identity not found [GET http://127.0.0.1:<port>/metadata/identity/oauth2/token (access token), status 400, request-id <guid>, 1 try in <time> s]
 |
 = help: this works on a machine in Azure that has one; for a user-assigned identity set `client_id`

"#]],
    );
    refused(
        &world,
        &app_service(&emulator),
        1,
        str![[r#"
error[sign-in]: there is no managed identity here: Identity not found [GET http://127.0.0.1:<port>/msi/token (access token), status 400, request-id <guid>, 1 try in <time> s]
 |
 = help: this works on a machine in Azure that has one; for a user-assigned identity set `client_id`

"#]],
    );
}

#[test]
fn a_machine_outside_of_azure() {
    let (world, _emulator) = signing_in(MACHINE);
    let host = ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1".to_owned());
    refused(
        &world,
        &[host],
        1,
        str![[r#"
error[sign-in]: there is no managed identity here: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111) [GET http://127.0.0.1:<port>/metadata/identity/oauth2/token (access token), 3 tries in <time> s]
 |
 = help: this works on a machine in Azure that has one; for a user-assigned identity set `client_id`

"#]],
    );
}
