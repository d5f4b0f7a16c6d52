//! Device codes: a program that waits, an administrator who answers, and what the program may do
//! then.

use super::*;
use crate::emulator::DeviceApproval;
use crate::emulator::entra::snapshot::Entry;
use crate::emulator::identity::device_endpoint::{answer, device_code, page};

const GRAPH_TOOLS: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";
const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const SCOPE: &str = "https://graph.microsoft.com/Application.ReadWrite.All \
                     https://graph.microsoft.com/RoleManagement.ReadWrite.Directory";

impl World {
    fn answering(seed: &str, approval: DeviceApproval) -> Self {
        let settings = Settings { approval, interval: 5, ..Settings::default() };
        Self::with(seed, 0, &no_certificate(), settings)
    }

    fn ask(&self, client_id: &str, scope: &str) -> Got {
        let request = form(&[("client_id", client_id), ("scope", scope)]);
        Got::of(&device_code(&self.service, "contoso.onmicrosoft.com", &request))
    }

    fn poll(&self, client_id: &str, code: &Value) -> Got {
        let code = code.as_str().unwrap();
        let fields = [("grant_type", GRANT), ("client_id", client_id), ("device_code", code)];
        self.post_token("contoso.onmicrosoft.com", &fields)
    }

    fn say(&self, user_code: &str, said: &str) -> Got {
        let request = form(&[("user_code", user_code), ("answer", said)]);
        Got::of(&answer(&self.service, &request))
    }

    /// Says of the generated application whether it may sign people in.
    fn register(&self, public: bool) -> String {
        let now = self.service.clock.now();
        let replica = self.service.directory.replica(now);
        let known = replica.application_of(self.service.generated().client_id).unwrap();
        let mut changed = known.as_ref().clone();
        changed.properties.insert("isFallbackPublicClient".into(), public.into());
        let entry = Entry::Application(Box::new(changed));
        let commit = self.service.directory.commit(now, |_| Ok::<_, ()>((vec![entry], ())));
        assert!(commit.is_ok());
        self.service.generated().client_id.to_string()
    }
}

#[test]
fn a_program_waits_until_the_administrator_approves_and_then_acts_for_them() {
    let world = World::answering("", DeviceApproval::Ask);
    let asked = world.ask(GRAPH_TOOLS, SCOPE);
    assert_eq!((asked.status, &asked.body["expires_in"]), (200, &json!(900)));
    assert_eq!(asked.body["interval"], 5);
    let uri = "http://tenant.local:8080/_emulator/device";
    assert_eq!(asked.body["verification_uri"], uri);
    let (device_code, user_code) =
        (&asked.body["device_code"], asked.body["user_code"].as_str().unwrap());
    let message = asked.body["message"].as_str().unwrap();
    assert!(message.contains(uri) && message.contains(user_code), "{message}");

    let waiting = world.poll(GRAPH_TOOLS, device_code);
    assert_eq!((waiting.status, &waiting.body["error"]), (400, &json!("authorization_pending")));
    assert_eq!(waiting.body["error_codes"], json!([70016]));
    let said = world.say(&user_code.to_lowercase(), "approve");
    assert_eq!(
        (said.status, &*said.text),
        (200, "admin@contoso.onmicrosoft.com has approved the sign-in.\n")
    );

    let got = world.poll(GRAPH_TOOLS, device_code);
    assert_eq!((got.status, &got.body["scope"]), (200, &json!(SCOPE)));
    assert_eq!(
        (&got.body["token_type"], &got.body["expires_in"]),
        (&json!("Bearer"), &json!(3599))
    );
    let claims = payload(&got.body["access_token"]);
    assert_eq!(claims["scp"], "Application.ReadWrite.All RoleManagement.ReadWrite.Directory");
    assert_eq!(
        (&claims["idtyp"], &claims["aud"]),
        (&json!("user"), &json!("https://graph.microsoft.com"))
    );
    assert_eq!(claims["upn"], "admin@contoso.onmicrosoft.com");
    assert_eq!(claims["oid"], world.service.administrator.id.to_string());
    assert_eq!(claims["wids"], json!(["62e90394-69f5-4237-9190-012177145e10"]));
    assert_eq!((&claims["appid"], claims.get("roles")), (&json!(GRAPH_TOOLS), None));
    assert_eq!(got.body.get("id_token"), None);
    assert_eq!(world.poll(GRAPH_TOOLS, device_code).body["error_codes"], json!([54005]));
}

#[test]
fn who_declines_waits_too_long_or_makes_a_code_up_gets_no_token() {
    let world = World::answering("", DeviceApproval::Ask);
    let error = |got: &Got| (got.body["error"].clone(), got.body["error_codes"][0].clone());
    let declined = world.ask(GRAPH_TOOLS, SCOPE);
    world.say(declined.body["user_code"].as_str().unwrap(), "decline");
    let got = world.poll(GRAPH_TOOLS, &declined.body["device_code"]);
    assert_eq!(error(&got), (json!("authorization_declined"), json!(65004)));

    let late = world.ask(GRAPH_TOOLS, SCOPE);
    let other = world.poll(AZURE_CLI, &late.body["device_code"]);
    assert_eq!(error(&other), (json!("bad_verification_code"), json!(70018)));
    world.wait(901);
    let got = world.poll(GRAPH_TOOLS, &late.body["device_code"]);
    assert_eq!(error(&got), (json!("expired_token"), json!(70019)));
    let said = world.say(late.body["user_code"].as_str().unwrap(), "approve");
    assert_eq!(error(&said), (json!("expired_token"), json!(70019)));

    let made_up = world.poll(GRAPH_TOOLS, &json!("nonsense"));
    assert_eq!(error(&made_up), (json!("bad_verification_code"), json!(70018)));
}

#[test]
fn an_answer_needs_a_code_that_waits_for_one() {
    let world = World::answering("", DeviceApproval::Ask);
    let asked = world.ask(GRAPH_TOOLS, SCOPE);
    let user_code = asked.body["user_code"].as_str().unwrap();
    assert_eq!(world.say("", "approve").body["error_codes"], json!([90119]));
    assert_eq!(world.say("BCDFGHJKL", "approve").body["error_codes"], json!([70018]));
    assert_eq!(world.say(user_code, "perhaps").status, 400);
    assert_eq!(world.say(user_code, "approve").status, 200);
    assert_eq!(world.say(user_code, "decline").body["error_codes"], json!([90120]));
    let page = Got::of(&page(&world.service));
    assert!(page.text.contains("name=user_code") && page.text.contains("value=decline"));
}

#[test]
fn a_script_may_answer_in_place_of_the_administrator() {
    for (script, errors) in [
        ("approve-after:3", vec!["authorization_pending", "authorization_pending"]),
        ("approve-after:1", vec![]),
    ] {
        let world = World::answering("", script.parse().unwrap());
        let asked = world.ask(GRAPH_TOOLS, SCOPE);
        for error in errors {
            assert_eq!(world.poll(GRAPH_TOOLS, &asked.body["device_code"]).body["error"], error);
        }
        assert_eq!(world.poll(GRAPH_TOOLS, &asked.body["device_code"]).status, 200, "{script}");
    }
    for (script, error) in [("decline", "authorization_declined"), ("expire", "expired_token")] {
        let world = World::answering("", script.parse().unwrap());
        let asked = world.ask(GRAPH_TOOLS, SCOPE);
        for _ in 0..2 {
            let got = world.poll(GRAPH_TOOLS, &asked.body["device_code"]);
            assert_eq!(got.body["error"], error);
        }
    }
    let said = "perhaps".parse::<DeviceApproval>().unwrap_err();
    assert!(said.contains("approve-after:POLLS"), "{said}");
}

#[test]
fn each_program_gets_the_permissions_that_it_may_ask_for() {
    let world = World::answering("", DeviceApproval::ApproveAfter(1));
    let registered = world.register(true);
    let default = "https://graph.microsoft.com/.default";
    let cli = "Application.ReadWrite.All AppRoleAssignment.ReadWrite.All AuditLog.Read.All \
               DelegatedPermissionGrant.ReadWrite.All Directory.AccessAsUser.All \
               Group.ReadWrite.All User.Read.All User.ReadWrite.All";
    for (client, scope, permissions) in [
        (GRAPH_TOOLS, "User.Read openid offline_access", "User.Read"),
        (GRAPH_TOOLS, default, "User.Read"),
        (AZURE_CLI, default, cli),
        (AZURE_CLI, "Directory.AccessAsUser.All", cli),
        (&registered, "https://outlook.office365.com/.default", "Exchange.Manage"),
        (&registered, "Application.Read.All", "Application.Read.All"),
    ] {
        let asked = world.ask(client, scope);
        let got = world.poll(client, &asked.body["device_code"]);
        assert_eq!(payload(&got.body["access_token"])["scp"], permissions, "{client} {scope}");
    }
    for (client, scope, code) in [
        (AZURE_CLI, "RoleManagement.ReadWrite.Directory", 65002),
        (AZURE_CLI, "https://outlook.office365.com/.default", 65002),
        (GRAPH_TOOLS, "https://outlook.office365.com/.default", 65002),
        (GRAPH_TOOLS, "https://vault.azure.net/user_impersonation", 500_011),
        (GRAPH_TOOLS, "User.Read https://outlook.office365.com/Exchange.Manage", 28002),
        (GRAPH_TOOLS, "User.Read .default", 70011),
        (GRAPH_TOOLS, "https://graph.microsoft.com/!", 70011),
        (GRAPH_TOOLS, "", 900_144),
        ("11111111-2222-3333-4444-555555555555", "User.Read", 700_016),
        ("someone", "User.Read", 700_016),
    ] {
        let got = world.ask(client, scope);
        assert_eq!(got.body["error_codes"], json!([code]), "{client} {scope}: {}", got.text);
    }
}

#[test]
fn an_application_with_a_credential_of_its_own_signs_nobody_in() {
    let world = World::answering("", DeviceApproval::ApproveAfter(1));
    let confidential = world.register(false);
    let asked = world.ask(&confidential, "User.Read");
    let got = world.poll(&confidential, &asked.body["device_code"]);
    assert_eq!((got.status, &got.body["error_codes"][0]), (401, &json!(7_000_218)));
}

#[test]
fn the_token_says_the_administrators_name_and_roles_as_the_seed_has_them() {
    let seed = "[administrator]\nupn = 'eve@contoso.com'\nroles = ['application administrator']";
    let world = World::answering(seed, DeviceApproval::ApproveAfter(1));
    let asked = world.ask(GRAPH_TOOLS, "User.Read openid profile");
    let code = asked.body["device_code"].as_str().unwrap();
    let fields = [
        ("grant_type", GRANT),
        ("client_id", GRAPH_TOOLS),
        ("device_code", code),
        ("client_info", "1"),
    ];
    let got = world.post_token("contoso.onmicrosoft.com", &fields);
    let claims = payload(&got.body["access_token"]);
    assert_eq!(claims["upn"], "eve@contoso.com");
    assert_eq!(claims["wids"], json!(["9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"]));
    assert_eq!(got.body["scope"], "User.Read openid profile");
    let identity = payload(&got.body["id_token"]);
    assert_eq!(identity["preferred_username"], "eve@contoso.com");
    assert_eq!((&identity["aud"], &identity["oid"]), (&json!(GRAPH_TOOLS), &claims["oid"]));
    let info = URL_SAFE_NO_PAD.decode(got.body["client_info"].as_str().unwrap()).unwrap();
    let info: Value = serde_json::from_slice(&info).unwrap();
    assert_eq!(info, json!({ "uid": claims["oid"], "utid": claims["tid"] }));
}
