//! Each way to sign in that a spec can name, against the emulator: what was asked of the sign-in
//! service, what it is good for, and what is said where it will not do. Tokens that somebody else has
//! fetched are in `sign_in_tokens.rs`, workloads without a person and a key in `sign_in_workloads.rs`.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use snapbox::{assert_data_eq, str};

use crate::bad_input::{BODY, SEED, fails};
use crate::support::{Emulator, Output, World, credential};

/// An application that the spec makes and signs in to Exchange as.
pub(crate) const CHAIN: &str = r#"
[tenant.sign_in]
application = "application.auditor"

[certificate.auditor]
directory = "keys"

[application.auditor]
display_name = "Auditor"
api_permissions = ["Exchange.ManageAsApp"]
directory_roles = ["Exchange Administrator"]
certificates = ["certificate.auditor"]
"#;

/// The spec of this tenant; `rest` begins within `[tenant]`.
pub(crate) fn spec(world: &World, emulator: &Emulator, rest: &str) {
    spec_at(&emulator.base_url, world, emulator, rest);
}

/// The same, reaching the tenant by another URL.
pub(crate) fn spec_at(url: &str, world: &World, emulator: &Emulator, rest: &str) {
    let organization = &emulator.organization;
    let head = format!("organization = \"{organization}\"\nendpoint = \"{url}\"");
    world.write("auditform.toml", format!("version = 1\n\n[tenant]\n{head}\n{rest}"));
}

/// A tenant of one mailbox, and a spec that changes it.
pub(crate) fn signing_in(rest: &str) -> (World, Emulator) {
    let world = World::new();
    let emulator = Emulator::start(&world, SEED);
    spec(&world, &emulator, &format!("{rest}\n{BODY}"));
    (world, emulator)
}

/// Whether a plan was made of what Exchange says.
#[track_caller]
pub(crate) fn reads_the_mailbox(output: Output) {
    let output = output.ended(0);
    assert!(output.stdout.contains("Plan: 0 to create, 1 to change, 0 to delete."), "{output:?}");
}

#[test]
fn a_certificate_signs_in_from_either_form_of_file() {
    let world = World::new();
    let emulator = Emulator::start(&world, SEED);
    for file in [&emulator.certificate, &emulator.certificate_pfx] {
        world.spec(&emulator, BODY);
        let spec = std::fs::read_to_string(world.path("auditform.toml")).unwrap();
        let (pem, file) = (emulator.certificate.display(), file.display());
        world.write("auditform.toml", spec.replace(&pem.to_string(), &file.to_string()));
        reads_the_mailbox(world.run(&["plan"]));
    }
    assert_eq!(emulator.token_requests().len(), 2);
}

/// A directory with certificates of others, with or without the one that is looked for.
fn with_thumbprint(thumbprint: &str, with_ours: bool) -> (World, Emulator) {
    let world = World::new();
    let emulator = Emulator::start(&world, SEED);
    world.write("keys/stranger.pem", credential::stranger().pem());
    world.write("keys/curve.pem", credential::curve().pem());
    world.write("keys/note.txt", "no certificate");
    if with_ours {
        world.write("keys/ours.pfx", credential::shared().pfx(""));
    }
    let client_id = &emulator.client_id;
    let sign_in = format!(
        "\n[tenant.sign_in]\nmethod = \"certificate\"\nclient_id = \"{client_id}\"\n\
         thumbprint = \"{thumbprint}\"\ndirectory = \"keys\"\n\n{BODY}"
    );
    spec(&world, &emulator, &sign_in);
    (world, emulator)
}

#[test]
fn a_certificate_is_found_by_its_thumbprint() {
    let (sha1, sha256) = credential::shared().thumbprints();
    let colons = sha1.as_bytes().chunks(2).map(String::from_utf8_lossy).collect::<Vec<_>>();
    for thumbprint in [sha1.to_lowercase(), colons.join(":"), sha256] {
        let (world, _emulator) = with_thumbprint(&thumbprint, true);
        reads_the_mailbox(world.run(&["plan"]));
    }
}

#[test]
fn a_thumbprint_that_no_file_has_makes_no_call() {
    let (world, emulator) = with_thumbprint("6AE05A829110A0A3F76FEE149B7B52A70DDFD88C", false);
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[no-certificate]: no certificate in `./keys` has the thumbprint 6AE05A829110A0A3F76FEE149B7B52A70DDFD88C
  --> auditform.toml:10:14
   |
10 | thumbprint = "6AE05A829110A0A3F76FEE149B7B52A70DDFD88C"
   |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   |
   = note: `curve.pem`: its private key is an elliptic curve key; Microsoft Entra takes RSA keys alone
   = note: `stranger.pem` has [..]
   = help: is the directory the right one, and is the file there with its key?

"#]],
    );
    assert_eq!(emulator.requests(), []);
}

#[test]
fn a_person_with_a_device_code_makes_the_application_that_works_in_exchange() {
    let world = World::new();
    let options = ["--device-code", "approve-after:3", "--device-interval", "0"];
    let emulator = Emulator::with(&world, SEED, &options);
    let bootstrap = "\n[tenant.bootstrap]\nmethod = \"device_code\"\n";
    let both = format!("approve_second_phase = true\n{CHAIN}{bootstrap}\n{BODY}");
    spec(&world, &emulator, &both);
    let output = world.run(&["apply", "--auto-approve", "--quiet"]).ended(0);
    // The code is all that is said, and that in spite of `--quiet`.
    assert_data_eq!(
        world.redact(&output.stderr),
        str![[r#"
To sign in, use a web browser to open the page http://127.0.0.1:<port>/_emulator/device and enter the code [..] to authenticate.

"#]]
    );
    assert_eq!(emulator.mailbox("ada@contoso.com")["AuditLogAgeLimit"], "100.00:00:00");
    let statuses = emulator.token_requests().iter().map(|asked| asked.status).collect::<Vec<_>>();
    // Twice too early; then the person, the new certificate's proof, and the application.
    assert_eq!(statuses, [400, 400, 200, 200, 200]);
    let again = world.run(&["plan", "--quiet"]).ended(0);
    assert!(again.stdout.starts_with("No changes."), "{}", again.stdout);
}

/// A spec whose directory work is a person's with a device code.
fn with_device_code(answer: &str) -> (World, Emulator) {
    let world = World::new();
    let options = ["--device-code", answer, "--device-interval", "0"];
    let emulator = Emulator::with(&world, SEED, &options);
    let bootstrap = "\n[tenant.bootstrap]\nmethod = \"device_code\"\n";
    spec(&world, &emulator, &format!("{CHAIN}{bootstrap}\n{BODY}"));
    (world, emulator)
}

#[test]
fn a_device_code_that_is_declined() {
    let (world, emulator) = with_device_code("decline");
    fails(
        &world,
        &["apply", "--auto-approve"],
        1,
        str![[r#"
To sign in, use a web browser to open the page http://127.0.0.1:<port>/_emulator/device and enter the code [..] to authenticate.
error[sign-in]: the sign-in was declined: AADSTS65004: User declined to consent to access the app. [POST http://127.0.0.1:<port>/<guid>/oauth2/v2.0/token (access token), status 400, request-id <guid>, 1 try in <time> s]
 |
 = help: run this again and accept it in the browser; nothing was changed

"#]],
    );
    assert_eq!(emulator.token_requests().len(), 1);
    assert_eq!(emulator.directory_writes(), []);
    assert!(!world.path("keys").exists());
}

#[test]
fn a_device_code_that_nobody_enters() {
    let (world, emulator) = with_device_code("expire");
    fails(
        &world,
        &["apply", "--auto-approve"],
        1,
        str![[r#"
To sign in, use a web browser to open the page http://127.0.0.1:<port>/_emulator/device and enter the code [..] to authenticate.
error[sign-in]: the code has expired before anybody signed in with it: AADSTS70019: Verification code expired. Have the user retry the sign-in. [POST http://127.0.0.1:<port>/<guid>/oauth2/v2.0/token (access token), status 400, request-id <guid>, 1 try in <time> s]
 |
 = help: run this again for a new code; if the browser refused, as a policy against device codes makes it, use another `method`

"#]],
    );
    assert_eq!(emulator.token_requests().len(), 1);
    assert_eq!(emulator.directory_writes(), []);
}
