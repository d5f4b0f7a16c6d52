//! The same where things go wrong: wrong passwords, hosts that are not there, and services that
//! answer nonsense or say back what they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::watch::{PASSWORD, Watch, chain};
use crate::support::front::{Front, Reply, Seen};

#[test]
fn of_a_password_that_is_wrong_and_files_that_are_damaged() {
    let mut watch = Watch::start(&[]);
    chain(&watch, PASSWORD);
    let wrong = "Wrong-canary-52aa=";
    watch.secrets.word("the wrong password", wrong);
    let output = watch.run(&["apply", "--auto-approve"], &[("PFX_PASSWORD", wrong)]).ended(1);
    assert!(output.stderr.contains("the password is wrong"), "{}", output.stderr);
    watch.run(&["apply", "--auto-approve"], &[]).ended(0);
    watch.run(&["plan"], &[("PFX_PASSWORD", wrong)]).ended(1);
    let pfx = std::fs::read(watch.world.path("certificates/auditor.pfx")).unwrap();
    watch.world.write("certificates/auditor.pfx", &pfx[..pfx.len() / 2]);
    watch.run(&["plan"], &[]).ended(1);
    let pem = watch.file("certificates/auditor.pem");
    // The key's lines in another order: no key any more, and all of it is there.
    let (head, rest) = pem.split_at(pem.len() / 4);
    watch.world.write("certificates/auditor.pfx", pfx);
    watch.world.write("certificates/auditor.pem", format!("{head}\n!!{rest}"));
    watch.run(&["plan"], &[]).ended(1);
    watch.world.write("certificates/auditor.pem", pem);
    // A password where the name of a variable belongs, which is what people write at first.
    let spec = watch.file("auditform.toml");
    let named = spec.replacen("\"PFX_PASSWORD\"", &json!(PASSWORD).to_string(), 1);
    watch.world.write("auditform.toml", named);
    let output = watch.run(&["validate"], &[]).ended(1);
    assert!(output.stderr.contains("password_env"), "{}", output.stderr);
    watch.world.write("auditform.toml", spec);
    watch.finds_nothing();
}

#[test]
fn of_hosts_that_do_not_answer() {
    let mut watch = Watch::start(&[]);
    watch.secrets.word("the password in an address", "Pass-word-77c1");
    let spec = chain(&watch, PASSWORD);
    watch.world.write("auditform.toml", spec.replace(&watch.front.url(), "http://127.0.0.1:9"));
    let fast = ["--request-timeout", "1s"];
    let output = watch.run(&[&["apply", "--auto-approve"], &fast[..]].concat(), &[]);
    assert_ne!(output.code, 0);
    watch.world.write("auditform.toml", spec.replace("http://", "http://user:Pass-word-77c1@"));
    watch.run(&[&["plan"], &fast[..]].concat(), &[]);
    watch.world.write("auditform.toml", spec);
    watch.finds_nothing();
}

/// Everything that was said, said back in as many ways as answers are read.
fn echoes(seen: &Seen) -> Vec<Reply> {
    let text = seen.text();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let field = |name: &str| {
        let pairs = url::form_urlencoded::parse(body.as_bytes());
        pairs.into_owned().find(|(key, _)| key == name).map(|(_, value)| value)
    };
    let bearer = seen.header("authorization").to_owned();
    let proof = field("client_assertion").unwrap_or(bearer);
    let said = format!("AADSTS50013: Assertion failed signature validation. Token: '{proof}'");
    let oauth = json!({ "error": "invalid_client", "error_description": said });
    let odata = json!({ "error": { "code": "BadRequest", "message": said,
                                   "innerError": { "date": proof, "request-id": proof },
                                   "details": [{ "code": proof, "message": said }] } });
    let json = [("content-type", "application/json")];
    let id = [("content-type", "application/json"), ("request-id", proof.as_str())];
    let swapped = json!({ "access_token": { "value": proof }, "expires_in": proof,
                          "value": proof, "id": { "was": proof }, "error": proof });
    vec![
        Reply::new(400, &json, oauth.to_string()),
        Reply::new(403, &id, odata.to_string()),
        Reply::new(400, &json, json!(said).to_string()),
        Reply::new(400, &[], format!("{head}\n\n{body}")),
        Reply::new(400, &[], format!("<html><pre>{text}</pre></html>")),
        Reply::new(200, &json, swapped.to_string()),
        Reply::new(200, &json, format!("{proof} is no JSON")),
        Reply::cut(&odata),
        Reply::new(302, &[("location", &format!("/elsewhere?token={proof}"))], ""),
    ]
}

/// A service, or a proxy before it, that says back what it was told: it does so to one kind of
/// request, in one way at a time.
#[test]
fn of_services_that_say_back_what_they_were_told() {
    let mut watch = Watch::start(&[]);
    let places: [fn(&Seen) -> bool; 3] = [
        |seen| seen.target.ends_with("/oauth2/v2.0/token"),
        |seen| seen.target.starts_with("/v1.0/"),
        |seen| seen.target.starts_with("/adminapi/"),
    ];
    for place in places {
        let way = Arc::new(AtomicUsize::new(0));
        let chosen = Arc::clone(&way);
        watch.front = Front::before(&watch.emulator.base_url, move |seen| {
            let mut echoes = echoes(seen);
            if place(seen) {
                echoes.swap_remove(chosen.load(Ordering::SeqCst))
            } else {
                Reply::Forward
            }
        });
        exchange(&watch);
        let ways = 9;
        for number in 0..ways {
            way.store(number, Ordering::SeqCst);
            let arguments = ["apply", "--auto-approve", "--request-timeout", "1s"];
            let output = watch.run(&arguments, &[]);
            assert_ne!(output.code, 0, "{number}: {output:?}");
        }
        watch.finds_nothing();
    }
}

/// A spec that touches the sign-in service, Graph and Exchange as one application.
fn exchange(watch: &Watch) {
    let id = &watch.emulator.client_id;
    watch.spec(&format!(
        "[tenant.sign_in]\nmethod = \"certificate\"\nclient_id = \"{id}\"\n\
         certificate = \"application.pfx\"\npassword_env = \"PFX_PASSWORD\"\n\n\
         [application.other]\ndisplay_name = \"Other\"\n\n\
         [mailbox_audit.people]\nrecipient_types = [\"UserMailbox\"]\nlog_age_limit = 200\n"
    ));
}
