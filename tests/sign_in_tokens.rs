//! Tokens that somebody else has fetched: the Azure CLI, for whoever is signed in to it, and the
//! environment. Each against the emulator, with what is said where the token will not do.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::bad_input::{BODY, SEED};
use crate::sign_in_methods::{CHAIN, signing_in, spec};
use crate::support::{Emulator, World};

const GRAPH: &str = "https://graph.microsoft.com";
const EXCHANGE: &str = "https://outlook.office365.com";

/// A token with these claims that no service will believe.
pub(crate) fn token(claims: &Value) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// `az` in front of the other programs.
#[cfg(unix)]
fn with_az(world: &World, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let az = world.write("bin/az", script);
    std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", world.path("bin").display())
}

/// A spec whose directory work is that of whoever is signed in to the Azure CLI.
#[cfg(unix)]
fn with_azure_cli(chain: &str) -> (World, Emulator, String) {
    let world = World::new();
    let options = ["--device-code", "approve-after:1", "--device-interval", "0"];
    let emulator = Emulator::with(&world, SEED, &options);
    spec(&world, &emulator, &format!("{chain}\n[tenant.bootstrap]\nmethod = \"azure_cli\"\n"));
    let path = with_az(&world, &crate::support::package("tests/fixtures/az_signed_in"));
    (world, emulator, path)
}

#[cfg(unix)]
#[test]
fn the_azure_cli_makes_an_application_that_needs_no_role() {
    let chain = CHAIN.replace("directory_roles = [\"Exchange Administrator\"]\n", "");
    let (world, emulator, path) = with_azure_cli(&chain);
    let variables = [("PATH", path.as_str()), ("EMULATOR", &emulator.base_url)];
    world.run_with(&["apply", "--auto-approve"], &variables).ended(0);
    let applications = emulator.state()["Applications"].to_string();
    assert!(applications.contains("Auditor"), "{applications}");
    assert_eq!(emulator.state()["AppRoleAssignments"].to_string().matches("Auditor").count(), 1);
}

#[cfg(unix)]
#[test]
fn what_the_azure_clis_token_cannot_do_is_said_before_anything_is_written() {
    let (world, emulator, path) = with_azure_cli(CHAIN);
    let variables = [("PATH", path.as_str()), ("EMULATOR", &emulator.base_url)];
    let output = world.run_with(&["apply", "--auto-approve"], &variables).ended(8);
    assert_eq!(output.stdout, "");
    assert_data_eq!(
        world.redact(&output.stderr),
        str![[r#"
error[denied]: Microsoft Graph denies access: Authorization failed due to missing permission scope RoleManagement.Read.Directory,RoleManagement.Read.All,RoleManagement.ReadWrite.Directory,Directory.Read.All,Directory.ReadWrite.All. (PermissionScopeNotGranted) [GET http://127.0.0.1:<port>/v1.0/roleManagement/directory/roleDefinitions (directory roles), status 403, request-id <guid>, client-request-id <guid>, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: the token lacks RoleManagement.Read.Directory or RoleManagement.Read.All or RoleManagement.ReadWrite.Directory or Directory.Read.All or Directory.ReadWrite.All: sign in with an identity that has it, or have it granted; a user also needs the role Directory Readers, where reading is restricted

error[missing-permission]: the token for Microsoft Graph lacks the scope `RoleManagement.ReadWrite.Directory`
 |
 = note: it is needed for `application.auditor`
 = note: nothing was written
 = help: sign in by `method = "device_code"`, which asks for it; the Azure CLI's token cannot hold the scopes of role management

"#]]
    );
    assert_eq!(emulator.directory_writes(), []);
    assert!(!world.path("keys").exists());
}

#[cfg(unix)]
#[test]
fn the_azure_cli_does_not_open_exchange() {
    let (world, emulator) = signing_in("\n[tenant.sign_in]\nmethod = \"azure_cli\"\n");
    let path = with_az(&world, &crate::support::package("tests/fixtures/az_signed_in"));
    let variables = [("PATH", path.as_str()), ("EMULATOR", &emulator.base_url)];
    let output = world.run_with(&["plan"], &variables).ended(1);
    assert_data_eq!(
        world.redact(&output.stderr),
        str![[r#"
error[sign-in]: Microsoft's own client may not ask for this: AADSTS65002: Consent between first party application and first party resource must be configured via preauthorization - applications owned and operated by Microsoft must get approval from the API owner before requesting tokens for that API.
 |
 = help: the Azure CLI and other clients of Microsoft's have fixed sets of permissions: sign in to Exchange as an application, and for directory work by `method = "device_code"` without `client_id`

"#]]
    );
}

#[cfg(unix)]
#[test]
fn an_azure_cli_that_is_not_there_and_one_that_nobody_is_signed_in_to() {
    let (world, emulator) = signing_in("\n[tenant.sign_in]\nmethod = \"azure_cli\"\n");
    let missing = world.run_with(&["plan"], &[("PATH", "/nowhere")]).ended(1);
    assert_data_eq!(
        world.redact(&missing.stderr),
        str![[r#"
error[sign-in]: the Azure CLI cannot be started: there is no `az`
 |
 = help: install it (https://aka.ms/azure-cli) so that `az` is in the PATH, or use another `method`

"#]]
    );
    let path = with_az(&world, &crate::support::package("tests/fixtures/az"));
    let nobody = world.run_with(&["plan"], &[("PATH", &path)]).ended(1);
    assert_data_eq!(
        world.redact(&nobody.stderr),
        str![[r#"
error[sign-in]: the Azure CLI gives no token: Please run 'az login' to setup account.
 |
 = help: sign in to it: `az login --tenant ...`

"#]]
    );
    assert_eq!(emulator.token_requests(), []);
}

/// Who works in both services by tokens that somebody else fetched.
const GIVEN: &str = "\n[tenant.sign_in]\nmethod = \"environment\"\ntoken_env = [\"GRAPH_TOKEN\", \"EXCHANGE_TOKEN\"]\n";

#[test]
fn given_tokens_open_both_services_and_one_plan_shows_all() {
    let (world, emulator) = signing_in(GIVEN);
    let application = "\n[application.reader]\ndisplay_name = \"Reader\"\n";
    spec(&world, &emulator, &format!("{GIVEN}{application}\n{BODY}"));
    let (graph, exchange) = (emulator.token(GRAPH), emulator.token(EXCHANGE));
    let variables = [("GRAPH_TOKEN", graph.as_str()), ("EXCHANGE_TOKEN", &exchange)];
    let output = world.run_with(&["apply", "--auto-approve"], &variables).ended(0);
    assert!(output.stdout.contains("Plan: 2 to create, 1 to change"), "{}", output.stdout);
    assert_eq!(emulator.mailbox("ada@contoso.com")["AuditLogAgeLimit"], "100.00:00:00");
    // Nobody was asked for a token.
    assert_eq!(emulator.token_requests(), []);
}

/// The generated application, which is what all given tokens are of, is to be gone.
fn itself_gone(emulator: &Emulator) -> String {
    format!("\n[application.own]\napp_id = \"{}\"\nensure = \"absent\"\n", emulator.client_id)
}

#[test]
fn a_given_token_names_the_application_that_the_run_must_not_remove() {
    let (world, emulator) = signing_in(GIVEN);
    let own = itself_gone(&emulator);
    spec(&world, &emulator, &format!("{GIVEN}{own}\n{BODY}"));
    let (graph, exchange) = (emulator.token(GRAPH), emulator.token(EXCHANGE));
    let variables = [("GRAPH_TOKEN", graph.as_str()), ("EXCHANGE_TOKEN", &exchange)];
    let output = world.run_with(&["apply", "--auto-approve"], &variables).ended(1);
    assert!(output.stderr.contains("error[deletes-own-identity]"), "{}", output.stderr);
    assert_eq!(emulator.all_writes(), []);
}

#[test]
fn a_given_token_names_the_application_that_goes_after_the_work_in_exchange() {
    let world = World::new();
    let options = ["--device-code", "approve-after:1", "--device-interval", "0"];
    let emulator = Emulator::with(&world, SEED, &options);
    let sign_in = GIVEN.replace("\"GRAPH_TOKEN\", ", "");
    let bootstrap = "\n[tenant.bootstrap]\nmethod = \"device_code\"\n";
    let own = itself_gone(&emulator);
    spec(&world, &emulator, &format!("{sign_in}{bootstrap}{own}\n{BODY}"));
    let exchange = emulator.token(EXCHANGE);
    let plan = ["plan", "--format", "json"];
    let output = world.run_with(&plan, &[("EXCHANGE_TOKEN", exchange.as_str())]).ended(0);
    let plan: Value = serde_json::from_str(&output.stdout).unwrap();
    let changes = plan["changes"].as_array().unwrap();
    let of_application = |change: &&Value| change["address"] == "application.own";
    let gone = changes.iter().find(of_application).unwrap();
    assert_eq!(gone["after_exchange"], true, "{gone}");
}

/// What is said of this token for Exchange.
#[track_caller]
fn says_of_token(exchange: &str, code: i32, expected: snapbox::data::Inline) {
    let (world, emulator) = signing_in(&GIVEN.replace("\"GRAPH_TOKEN\", ", ""));
    let output = world.run_with(&["plan"], &[("EXCHANGE_TOKEN", exchange)]).ended(code);
    assert_eq!(output.stdout, "");
    assert_data_eq!(world.redact(&output.stderr), expected);
    assert_eq!(emulator.writes(), []);
}

#[test]
fn a_variable_without_a_token() {
    says_of_token(
        "  \n",
        1,
        str![[r#"
error[no-token]: the environment variable `EXCHANGE_TOKEN` is not set
 --> auditform.toml:9:14
  |
9 | token_env = ["EXCHANGE_TOKEN"]
  |              ^^^^^^^^^^^^^^^^ names the variable that holds an access token
  |
  = help: put a token into it before the run; one for Microsoft Graph comes from `az account get-access-token --resource-type ms-graph`

"#]],
    );
}

#[test]
fn a_given_token_that_has_expired() {
    let expired = json!({ "aud": EXCHANGE, "exp": 1_700_000_000 });
    says_of_token(
        &token(&expired),
        1,
        str![[r#"
error[sign-in]: the token has been expired since 2023-11-14T22:13:20Z: the one for `https://outlook.office365.com`
 |
 = help: put a new token into the variable

"#]],
    );
}

#[test]
fn a_given_token_for_another_service() {
    says_of_token(
        &token(&json!({ "aud": GRAPH, "exp": 4_000_000_000_i64 })),
        1,
        str![[r#"
error[sign-in]: no token was given for this service: `https://outlook.office365.com` is wanted, there is `https://graph.microsoft.com`
 |
 = help: put a token for this service into a variable that `[tenant.sign_in]` names

"#]],
    );
}

#[test]
fn a_given_token_of_another_tenant() {
    let other = "11111111-2222-4333-8444-555555555555";
    let claims = json!({ "aud": EXCHANGE, "exp": 4_000_000_000_i64, "tid": other });
    says_of_token(
        &token(&claims),
        1,
        str![[r#"
error[sign-in]: the token is of another tenant: it is of <guid>, not of <guid>
 |
 = help: fetch it for the tenant that `organization` names; the Azure CLI signs in there by `az login --tenant ...`

"#]],
    );
}

#[test]
fn a_given_token_that_nobody_can_read_is_left_to_exchange() {
    says_of_token(
        "opaque",
        8,
        str![[r#"
error[denied]: Exchange denies access: 2000001;reason="The token has an invalid signature.";error_category="invalid_token" [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 401, request-id <guid>, 2 tries in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: a token has to be for Exchange, whole, of this cloud and tenant, and with the application permission `Exchange.ManageAsApp`; fetch a new one

"#]],
    );
}
