//! Secrets stay where they belong: a password, private keys, tokens, and what proves a job of
//! GitHub Actions are in nothing that the program prints, logs, writes or sends to where they are
//! not wanted, at the most verbose level, whether it succeeds or fails.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]

mod debug;
mod failing;
pub(crate) mod search;
mod watch;

use crate::support::credential;
use watch::{PASSWORD, SEED, Watch, chain};

/// An application of the spec, by whatever does the work in the directory.
const AUDITOR: &str = r#"
[certificate.auditor]
directory = "certificates"
password_env = "PFX_PASSWORD"

[application.auditor]
display_name = "Auditor"
certificates = ["certificate.auditor"]
"#;

#[test]
fn of_an_identity_chain_from_nothing_to_its_removal() {
    let watch = Watch::start(&[]);
    let spec = chain(&watch, PASSWORD);
    for arguments in [
        &["validate", "--roles"][..],
        &["plan"],
        &["plan", "--full"],
        &["plan", "--format", "json"],
        &["graph"],
        &["apply", "--auto-approve"],
        &["plan"],
        &["certificate", "show", "certificates", "--password-env", "PFX_PASSWORD"],
    ] {
        watch.run(arguments, &[]).ended(0);
    }
    // Another name has the certificate renewed.
    watch.world.write("auditform.toml", spec.replace("Contoso auditor", "Fabrikam auditor"));
    watch.run(&["plan", "--format", "json"], &[]).ended(0);
    watch.run(&["apply", "--auto-approve"], &[]).ended(0);
    let gone = spec.replace("display_name", "ensure = \"absent\"\ndisplay_name");
    watch.world.write("auditform.toml", gone);
    watch.run(&["plan"], &[]);
    watch.finds_nothing();
    let uploaded =
        watch.front.seen().iter().any(|seen| seen.text().contains("\"AsymmetricX509Cert\""));
    assert!(uploaded, "the requests were seen");
}

#[test]
fn of_certificates_made_by_hand() {
    let watch = Watch::start(&[]);
    let password = ["--password-env", "PFX_PASSWORD"];
    let with = |arguments: &[&str]| watch.run(&[arguments, &password].concat(), &[]);
    let name = ["--directory", "certificates", "--name", "auditor", "--common-name", "Auditor"];
    with(&[&["certificate", "create"], &name[..]].concat()).ended(0);
    with(&[&["certificate", "create"], &name[..]].concat()).ended(1);
    with(&["certificate", "show", "certificates"]).ended(0);
    with(&["certificate", "rotate", "certificates", "--name", "auditor"]).ended(0);
    with(&["certificate", "rotate", "certificates", "--name", "auditor", "--switch"]).ended(0);
    watch.run(&["certificate", "show", "certificates/auditor.pfx"], &[]).ended(1);
    with(&["certificate", "show", "certificates/auditor.pem"]).ended(0);
    // A key that is not its certificate's, and one that is cut off.
    let (own, other) = (watch.file("certificates/auditor.pem"), credential::shared());
    let (key, _) = own.split_once("-----BEGIN CERTIFICATE").unwrap();
    watch.world.write("certificates/mixed.pem", format!("{key}{}", other.certificate_pem()));
    watch.world.write("certificates/cut.pem", &own[..own.len() / 3]);
    with(&["certificate", "show", "certificates/mixed.pem"]).ended(1);
    with(&["certificate", "show", "certificates/cut.pem"]).ended(1);
    watch.finds_nothing();
}

#[test]
fn of_a_person_with_a_device_code() {
    let watch = Watch::start(&["--device-code", "approve-after:2", "--device-interval", "0"]);
    watch.spec(&format!("[tenant.sign_in]\nmethod = \"device_code\"\n{AUDITOR}"));
    watch.run(&["plan"], &[]).ended(0);
    watch.run(&["apply", "--auto-approve"], &[]).ended(0);
    watch.finds_nothing();
    let codes = watch.sent("device_code");
    assert!(!codes.is_empty(), "the codes were seen");
}

#[test]
fn of_a_token_in_a_variable() {
    let watch = Watch::start(&[]);
    let token = watch.emulator.token("https://graph.microsoft.com");
    watch.spec(&format!(
        "[tenant.sign_in]\nmethod = \"environment\"\ntoken_env = \"GRAPH_TOKEN\"\n{AUDITOR}"
    ));
    let good = [("GRAPH_TOKEN", token.as_str())];
    watch.run(&["plan"], &good).ended(0);
    watch.run(&["apply", "--auto-approve"], &good).ended(0);
    // One that is for another service, one that is cut off, one with more behind it.
    let other = watch.emulator.token("https://outlook.office365.com");
    let signed = token.rsplit_once('.').unwrap().0;
    let broken = [other, format!("{signed}.AAAAAAAAAAAA"), format!("{token}\n{token}")];
    for token in broken {
        let output = watch.run(&["plan"], &[("GRAPH_TOKEN", &token)]);
        assert_ne!(output.code, 0, "{output:?}");
    }
    watch.finds_nothing();
}

#[test]
fn of_workloads_and_machines() {
    let mut watch = Watch::start(&[]);
    let secret = "bearer-of-the-job-61f0";
    watch.secrets.word("GitHub's request token", secret);
    watch.secrets.word("the header of a managed identity", "identity-header-9b72");
    let id = watch.emulator.client_id.clone();
    let url = format!("{}/_emulator/oidc/token?api-version=2.0", watch.front.url());
    watch.secrets.word("GitHub's request address", "hidden-in-the-url");
    let job = [
        ("AZURE_CLIENT_ID", id.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", &url),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", secret),
    ];
    watch.spec(&format!("[tenant.sign_in]\nmethod = \"workload_identity\"\n{AUDITOR}"));
    watch.run(&["plan"], &job).ended(0);
    watch.run(&["apply", "--auto-approve"], &job).ended(0);
    let gone = "http://127.0.0.1:9/hidden-in-the-url";
    watch.run(&["plan"], &[job[0], ("ACTIONS_ID_TOKEN_REQUEST_URL", gone), job[2]]);

    watch.world.write("secret.jwt", watch.emulator.workload_token());
    let file = ("AZURE_FEDERATED_TOKEN_FILE", "secret.jwt");
    watch.run(&["plan"], &[job[0], file]).ended(0);
    watch.run(&["plan"], &[("AZURE_CLIENT_ID", "11111111-2222-4333-8444-555555555555"), file]);

    watch.spec(&format!("[tenant.sign_in]\nmethod = \"managed_identity\"\n{AUDITOR}"));
    let endpoint = format!("{}/msi/token", watch.front.url());
    let header = ("IDENTITY_HEADER", "identity-header-9b72");
    watch.run(&["plan"], &[("IDENTITY_ENDPOINT", &endpoint), header]).ended(0);
    watch.run(&["plan"], &[("IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi"), header]);
    watch.finds_nothing();
    let was_sent = watch.front.seen().iter().any(|seen| seen.text().contains(secret));
    assert!(was_sent, "the requests were seen");
}

#[cfg(unix)]
#[test]
fn of_the_azure_cli() {
    let watch = Watch::start(&[]);
    // What it was called with, which every user of the machine can see, is among what is searched.
    let token = watch.emulator.token("https://graph.microsoft.com");
    let answers = format!(
        "#!/bin/sh\necho \"$@\" >> az.arguments\n[ -e az.refuses ] && echo 'WARNING: {token}' >&2 && \
         echo 'ERROR: {token} is over' >&2 && exit 1\n\
         echo '{{\"accessToken\":\"{token}\",\"expires_on\":1990000000}}'\n"
    );
    let program = watch.world.write("bin/az", answers);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(program, mode).unwrap();
    let path = format!("{}:/usr/bin:/bin", watch.world.path("bin").display());
    watch.spec(&format!("[tenant.sign_in]\nmethod = \"azure_cli\"\n{AUDITOR}"));
    watch.run(&["plan"], &[("PATH", &path)]).ended(0);
    watch.world.write("az.refuses", "");
    watch.run(&["plan"], &[("PATH", &path)]).ended(1);
    assert!(watch.file("az.arguments").contains("get-access-token"));
    std::fs::remove_dir_all(watch.world.path("bin")).unwrap();
    watch.finds_nothing();
}

#[test]
fn of_an_embedded_tenant() {
    let watch = Watch::start(&[]);
    let head = "version = 1\n[tenant]\nendpoint = \"embedded\"\napprove_second_phase = true\n\
                [tenant.sign_in]\napplication = \"application.auditor\"\n[organization]\n\
                mailbox_auditing = true\n";
    let exchange = "api_permissions = [\"Exchange.ManageAsApp\"]\n\
                    directory_roles = [\"Exchange Administrator\"]\n";
    watch.world.write("auditform.toml", format!("{head}{AUDITOR}{exchange}"));
    watch.world.write("tenant.toml", SEED);
    watch.run(&["apply", "--auto-approve"], &[]).ended(0);
    watch.run(&["plan"], &[]).ended(0);
    watch.finds_nothing();
}

/// The search is of use only if it fails where a secret is: put there on purpose, in each place.
#[test]
fn a_secret_put_there_on_purpose_is_found() {
    let watch = Watch::start(&[]);
    let spec = chain(&watch, PASSWORD);
    watch.run(&["apply", "--auto-approve"], &[]).ended(0);
    let pem = watch.file("certificates/auditor.pem");
    let line = pem.lines().nth(12).unwrap();
    let bearer = watch.front.seen().iter().find_map(|seen| {
        let header = seen.header("authorization");
        (!header.is_empty()).then(|| header.to_owned())
    });
    let files = [
        ("auditform.toml", format!("{spec}# {PASSWORD}\n")),
        ("plan.json", format!("{{\"password\":{}}}", serde_json::json!(PASSWORD))),
        (".auditform/runs/1.journal", line.to_owned()),
        ("log.txt", format!("{:?}", watch.emulator.client_id) + &bearer.unwrap()),
        ("certificates/auditor.cer.pem.txt", pem.clone()),
    ];
    watch.finds_nothing();
    for (name, text) in files {
        let before = std::fs::read(watch.world.path(name)).ok();
        watch.world.write(name, text);
        let found = watch.leaks();
        assert!(
            !found.is_empty() && found.iter().all(|leak| leak.contains(name)),
            "{name}: {found:?}"
        );
        match before {
            Some(before) => watch.world.write(name, before),
            None => watch.world.write(name, ""),
        };
    }
    watch.finds_nothing();
}

#[test]
fn a_secret_in_a_request_is_found() {
    let mut watch = Watch::start(&[]);
    chain(&watch, PASSWORD);
    // What the application is called is as good as a secret: it goes to Graph.
    watch.secrets.word("a name that is sent", "Kept by hand and by nobody");
    let spec = watch.file("auditform.toml");
    let notes = "display_name = \"Auditor\"\nnotes = \"Kept by hand and by nobody\"";
    watch.world.write("auditform.toml", spec.replace("display_name = \"Auditor\"", notes));
    watch.run(&["apply", "--auto-approve"], &[]).ended(0);
    let found = watch.leaks();
    assert!(found.iter().any(|leak| leak.starts_with("a request of /v1.0/")), "{found:?}");
}
