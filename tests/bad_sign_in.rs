//! Signing in and being let in: what a tenant, an application, a certificate or a token that will
//! not do is told as. Each is said exactly, with what to do; nothing is on standard output.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use crate::bad_input::{BODY, CLIENT, SEED, fails, with_certificate};
use crate::support::front::{Front, Reply, Seen};
use crate::support::{Emulator, World, credential, tenant};

#[test]
fn a_host_that_does_not_answer() {
    let world = with_certificate("app.pem", credential::shared().pem().as_bytes(), "");
    fails(
        &world,
        &["plan"],
        8,
        str![[r#"
error[sign-in-unreachable]: the sign-in service cannot be reached: error sending request: client error (Connect): tcp connect error: [..] [GET http://127.0.0.1:<port>/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration (tenant discovery), 3 tries in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: check the network, the proxy variables and `[tenant.endpoints] authority`; a private certificate authority goes into `ca_file`

"#]],
    );
}

#[test]
fn a_host_that_does_not_answer_in_the_time_given_is_not_said_to_fail() {
    let world = with_certificate("app.pem", credential::shared().pem().as_bytes(), "");
    let output = world.run(&["plan", "--request-timeout", "1s"]).ended(8);
    let said = "the sign-in service cannot be reached";
    assert!(output.stderr.contains(said), "{}", output.stderr);
}

#[test]
fn a_host_that_is_no_tenant() {
    let front = Front::start(|_| Reply::new(404, &[], "<html>no such page</html>"));
    let world = World::new();
    let pem = world.write("app.pem", credential::shared().pem());
    let head = tenant("contoso.onmicrosoft.com", &front.url(), CLIENT, &pem);
    world.write("auditform.toml", format!("{head}\n{BODY}"));
    fails(
        &world,
        &["plan"],
        8,
        str![[r#"
error[sign-in-unreachable]: the answer is not one of a sign-in service [GET http://127.0.0.1:<port>/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration (tenant discovery), status 404, 1 try in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: is `[tenant.endpoints] authority` right, and does a proxy answer in its place?

"#]],
    );
}

/// A spec with one thing in it exchanged, on a tenant that is in order.
fn exchanged(from: impl Fn(&Emulator) -> String, to: &str) -> (World, Emulator) {
    let world = World::new();
    let emulator = Emulator::start(&world, SEED);
    world.spec(&emulator, BODY);
    let spec = std::fs::read_to_string(world.path("auditform.toml")).unwrap();
    let from = from(&emulator);
    assert!(spec.contains(&from));
    world.write("auditform.toml", spec.replace(&from, to));
    (world, emulator)
}

#[test]
fn a_tenant_that_does_not_exist() {
    let (world, emulator) =
        exchanged(|emulator| emulator.organization.clone(), "fabrikam.onmicrosoft.com");
    fails(
        &world,
        &["apply", "--auto-approve"],
        1,
        str![[r#"
error[sign-in]: the tenant does not exist: AADSTS90002: Tenant 'fabrikam.onmicrosoft.com' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant. [GET http://127.0.0.1:<port>/fabrikam.onmicrosoft.com/v2.0/.well-known/openid-configuration (tenant discovery), status 400, request-id <guid>, 1 try in <time> s]
 |
 = help: check `organization` (the initial domain, such as contoso.onmicrosoft.com) and `cloud`

"#]],
    );
    assert_eq!(emulator.writes(), []);
}

#[test]
fn a_tenant_id_that_is_of_another_tenant() {
    let to = "[tenant]\ntenant_id = \"11111111-2222-4333-8444-555555555555\"";
    let (world, _emulator) = exchanged(|_| "[tenant]".to_owned(), to);
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[sign-in]: the host serves another tenant: `tenant_id` is <guid>, the host answers for <guid> [GET http://127.0.0.1:<port>/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration (tenant discovery), status 200, request-id <guid>, 1 try in <time> s]
 |
 = help: check `organization` and `tenant_id` against each other

"#]],
    );
}

#[test]
fn an_application_that_does_not_exist() {
    let (world, _emulator) = exchanged(|emulator| emulator.client_id.clone(), CLIENT);
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[sign-in]: the application is not known in this tenant: AADSTS700016: Application with identifier '<guid>' was not found in the directory '<guid>'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant. [POST http://127.0.0.1:<port>/<guid>/oauth2/v2.0/token (access token), status 400, request-id <guid>, 1 try in <time> s]
 |
 = help: check `client_id`: it is the Application (client) ID of an app registration in this very tenant

"#]],
    );
}

#[test]
fn a_certificate_that_is_not_registered() {
    let (world, _emulator) =
        exchanged(|emulator| emulator.certificate.display().to_string(), "stranger.pem");
    world.write("stranger.pem", credential::stranger().pem());
    let output = world.run(&["plan"]).ended(1);
    assert_eq!(output.stdout, "");
    // The thumbprint is another one each time.
    let (before, rest) = output.stderr.split_once("client: '").unwrap();
    let (_, after) = rest.split_once('\'').unwrap();
    let said = format!("{before}client: '<thumbprint>'{after}");
    assert_data_eq!(
        world.redact(&said),
        str![[r#"
error[sign-in]: the certificate is not registered on the application: AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '<thumbprint>'] [POST http://127.0.0.1:<port>/<guid>/oauth2/v2.0/token (access token), status 401, request-id <guid>, 1 try in <time> s]
 |
 = help: upload the certificate (the .cer, not the key) to the app registration; after an upload it takes a few minutes to be known

"#]]
    );
}

/// The emulator behind a server that gives out tokens with these claims.
fn with_claims(claims: impl Fn(&str) -> Value + Send + Sync + 'static) -> (World, Front) {
    let world = World::new();
    let emulator = Emulator::start(&world, SEED);
    let id = emulator.tenant_id.clone();
    let discovery = json!({
        "issuer": format!("https://login.example/{id}/v2.0"),
        "token_endpoint": "x",
    });
    let front = Front::start(move |seen: &Seen| {
        if seen.target.contains("/.well-known/") {
            return Reply::json(&discovery);
        }
        if !seen.cmdlet().is_empty() {
            return Reply::new(403, &[("request-id", "r-1")], "\0".repeat(512));
        }
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims(&id).to_string()));
        Reply::json(&json!({ "access_token": token, "expires_in": 3600 }))
    });
    world.spec_at(&front.url(), &emulator, BODY);
    (world, front)
}

#[test]
fn a_token_without_the_permission_is_not_sent_anywhere() {
    let (world, front) = with_claims(|id| json!({ "tid": id, "roles": ["Mail.Read"] }));
    fails(
        &world,
        &["apply", "--auto-approve"],
        1,
        str![[r#"
error[sign-in]: the token of application <guid> lacks the permission `Exchange.ManageAsApp`
 |
 = help: add the application permission `Exchange.ManageAsApp` of Office 365 Exchange Online to the app registration and grant admin consent

"#]],
    );
    assert!(front.seen().iter().all(|seen| seen.cmdlet().is_empty()));
}

#[test]
fn a_token_of_another_tenant_is_not_sent_anywhere() {
    let other = "11111111-2222-4333-8444-555555555555";
    let (world, front) =
        with_claims(move |_| json!({ "tid": other, "roles": ["Exchange.ManageAsApp"] }));
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[sign-in]: the token was issued by tenant <guid>, not by <guid>
 |
 = help: check `organization`, `tenant_id` and `[tenant.endpoints]`

"#]],
    );
    assert!(front.seen().iter().all(|seen| seen.cmdlet().is_empty()));
}

#[test]
fn a_refusal_of_exchange_names_the_roles_that_would_do() {
    let (world, _front) = with_claims(|id| json!({ "tid": id, "roles": ["Exchange.ManageAsApp"] }));
    fails(
        &world,
        &["plan"],
        8,
        str![[r#"
error[denied]: Exchange denies access and gives no reason, to a new token either: a grant is missing or not yet in force [POST http://127.0.0.1:<port>/adminapi/beta/<guid>/InvokeCommand (Get-Mailbox), status 403, request-id r-1, 2 tries in <time> s]
 |
 = note: what could not be read is unknown, so nothing is planned
 = help: the token names no directory role; give the application's service principal the role Global Reader or Exchange Administrator, or a role group with View-Only Recipients; a role given just now takes some minutes to be in force

"#]],
    );
}
