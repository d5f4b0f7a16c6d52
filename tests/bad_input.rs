//! What goes wrong before the first call: the spec's path, the certificate, the command line. Each
//! is said exactly, with what to do, and nothing is on standard output. Signing in is in
//! `bad_sign_in.rs`.

#![expect(clippy::unwrap_used, reason = "a failed assumption is a failed test")]
#![expect(clippy::needless_raw_string_hashes, reason = "snapbox writes expected texts like this")]

use std::path::Path;

use snapbox::data::Inline;
use snapbox::{assert_data_eq, str};

use crate::support::{Emulator, World, credential, tenant};

pub(crate) const SEED: &str = "[[mailbox]]\nupn = \"ada@contoso.com\"\ntype = \"UserMailbox\"\n";
pub(crate) const BODY: &str =
    "[mailbox_audit.a]\nrecipient_types = [\"UserMailbox\"]\nlog_age_limit = 100\n";
pub(crate) const CLIENT: &str = "402b12a2-fb2b-4222-8f54-5596def1a0c3";
const NOWHERE: &str = "http://127.0.0.1:1";

/// The command fails with this code and says exactly this.
#[track_caller]
pub(crate) fn fails(world: &World, arguments: &[&str], code: i32, expected: Inline) {
    let output = world.run(arguments).ended(code);
    assert_eq!(output.stdout, "");
    assert_data_eq!(world.redact(&output.stderr), expected);
}

/// A spec whose sign-in names this certificate; the tenant's host does not exist.
pub(crate) fn with_certificate(name: &str, content: &[u8], more: &str) -> World {
    let world = World::new();
    world.write(name, content);
    // Relative, since the carets below it would be as many as the letters of a long path.
    let head = tenant("contoso.onmicrosoft.com", NOWHERE, CLIENT, Path::new(name));
    world.write("auditform.toml", format!("{head}{more}\n{BODY}"));
    world
}

#[test]
fn a_spec_that_is_not_there() {
    let world = World::new();
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[no-spec]: there is no spec at `auditform.toml`
 |
 = help: name a directory that holds `auditform.toml`, or a spec file itself

"#]],
    );
    fails(
        &world,
        &["apply", "nowhere/else.toml"],
        1,
        str![[r#"
error[no-spec]: there is no spec at `nowhere/else.toml`
 |
 = help: name a directory that holds `auditform.toml`, or a spec file itself

"#]],
    );
}

#[test]
fn a_spec_that_is_no_text() {
    let world = World::new();
    world.write("auditform.toml", [0xff, 0xfe, 0x00]);
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[unreadable-file]: `auditform.toml` cannot be read: it is not UTF-8 text

"#]],
    );
}

#[test]
fn a_spec_with_mistakes_makes_no_call() {
    let world = World::new();
    let emulator = Emulator::start(&world, SEED);
    world.spec(&emulator, &BODY.replace("100", "0"));
    fails(
        &world,
        &["apply", "--auto-approve"],
        1,
        str![[r#"
error[log-age-erases]: a log age limit of 0 erases the audit log
  --> auditform.toml:14:17
   |
14 | log_age_limit = 0
   |                 ^
   |
   = note: Exchange deletes all entries of the mailbox when it next tidies up
   = help: write the days to keep; Microsoft's default is 90
   = help: to leave the limit as it is in the tenant, remove `log_age_limit`

"#]],
    );
    assert_eq!(emulator.requests(), []);
}

#[test]
fn a_certificate_that_is_not_there() {
    let world = with_certificate("app.pem", b"", "");
    std::fs::remove_file(world.path("app.pem")).unwrap();
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[unreadable-file]: the certificate `./app.pem` cannot be read: [..]
  --> auditform.toml:10:15
   |
10 | certificate = 'app.pem'
   |               ^^^^^^^^^
   |
   = help: a relative path starts at the directory of the spec

"#]],
    );
}

#[test]
fn a_certificate_that_is_something_else() {
    let world = with_certificate("app.pem", b"Dear Ada,\n", "");
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[certificate]: the certificate `./app.pem` cannot be used: it is neither a .pfx (PKCS#12) nor a PEM file
  --> auditform.toml:10:15
   |
10 | certificate = 'app.pem'
   |               ^^^^^^^^^
   |
   = help: name a .pfx, or a PEM file that holds the certificate and its own private key

"#]],
    );
}

#[test]
fn a_certificate_without_its_key() {
    let pem = credential::shared().certificate_pem();
    let world = with_certificate("app.cer", pem.as_bytes(), "");
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[certificate]: the certificate `./app.cer` cannot be used: it holds a certificate and no private key
  --> auditform.toml:10:15
   |
10 | certificate = 'app.cer'
   |               ^^^^^^^^^
   |
   = help: name a .pfx, or a PEM file that holds the certificate and its own private key

"#]],
    );
}

#[test]
fn a_password_that_is_wrong() {
    let pfx = credential::shared().pfx("right");
    let world = with_certificate("app.pfx", &pfx, "password_env = \"CERTIFICATE_PASSWORD\"\n");
    let mut command = world.command(&["plan"]);
    let output = command.env("CERTIFICATE_PASSWORD", "secret-wrong").output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("secret-wrong"));
    assert_data_eq!(
        world.redact(&stderr),
        str![[r#"
error[certificate]: the certificate `./app.pfx` cannot be used: the password is wrong
  --> auditform.toml:10:15
   |
10 | certificate = 'app.pfx'
   |               ^^^^^^^^^
   |
   = help: check the variable that holds the password; it may have changed since the file was written

"#]]
    );
}

#[test]
fn a_password_that_is_right_opens_the_certificate() {
    let world = World::new();
    let emulator = Emulator::start(&world, SEED);
    let path = world.write("app.pfx", credential::shared().pfx("right"));
    let head = tenant(&emulator.organization, &emulator.base_url, &emulator.client_id, &path);
    world.write("auditform.toml", format!("{head}password_env = \"SECRET\"\n\n{BODY}"));
    let output = world.command(&["plan"]).env("SECRET", "right").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_pfx_without_a_password_needs_none() {
    let world = World::new();
    let emulator = Emulator::start(&world, SEED);
    let path = &emulator.certificate_pfx;
    let head = tenant(&emulator.organization, &emulator.base_url, &emulator.client_id, path);
    world.write("auditform.toml", format!("{head}\n{BODY}"));
    world.run(&["plan"]).ended(0);
}

#[test]
fn a_password_that_is_not_given() {
    let pfx = credential::shared().pfx("right");
    let world = with_certificate("app.pfx", &pfx, "");
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[certificate]: the certificate `./app.pfx` cannot be used: it is protected by a password and none was given
  --> auditform.toml:10:15
   |
10 | certificate = 'app.pfx'
   |               ^^^^^^^^^
   |
   = help: name the environment variable that holds the password: `password_env` in a spec, `--password-env` on the command line

"#]],
    );
    let world = with_certificate("app.pfx", &pfx, "password_env = \"CERTIFICATE_PASSWORD\"\n");
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[no-password]: the environment variable `CERTIFICATE_PASSWORD` is not set
  --> auditform.toml:11:16
   |
11 | password_env = "CERTIFICATE_PASSWORD"
   |                ^^^^^^^^^^^^^^^^^^^^^^ names the variable that holds the certificate's password
   |
   = help: set `CERTIFICATE_PASSWORD`, or name no variable for a file without password

"#]],
    );
}

#[test]
fn a_certificate_that_has_expired() {
    let pem = credential::shared_in((2020, 2021)).pem();
    let world = with_certificate("app.pem", pem.as_bytes(), "");
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[certificate]: the certificate `./app.pem` cannot be used: the certificate expired on 2021-01-01T00:00:00Z
  --> auditform.toml:10:15
   |
10 | certificate = 'app.pem'
   |               ^^^^^^^^^
   |
   = help: make a new certificate and upload it to the application

"#]],
    );
}

#[test]
fn a_certificate_that_is_not_valid_yet() {
    let pem = credential::shared_in((2090, 2091)).pem();
    let world = with_certificate("app.pem", pem.as_bytes(), "");
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[certificate]: the certificate `./app.pem` cannot be used: the certificate is not valid before 2090-01-01T00:00:00Z
  --> auditform.toml:10:15
   |
10 | certificate = 'app.pem'
   |               ^^^^^^^^^
   |
   = help: check this machine's clock, or wait until then

"#]],
    );
}

#[test]
fn a_key_on_a_curve() {
    let world = with_certificate("app.pem", credential::curve().pem().as_bytes(), "");
    fails(
        &world,
        &["plan"],
        1,
        str![[r#"
error[certificate]: the certificate `./app.pem` cannot be used: its private key is an elliptic curve key; Microsoft Entra takes RSA keys alone
  --> auditform.toml:10:15
   |
10 | certificate = 'app.pem'
   |               ^^^^^^^^^
   |
   = help: make a certificate with an RSA key: Microsoft Entra ID takes no other for an application

"#]],
    );
}

#[test]
fn usage_errors_end_with_64_and_name_what_is_wrong() {
    let world = World::new();
    fails(
        &world,
        &["plan", "--colour"],
        64,
        str![[r#"
error: unexpected argument '--colour' found

  tip: to pass '--colour' as a value, use '-- --colour'

Usage: auditform plan [OPTIONS] [PATH]

For more information, try '--help'.

"#]],
    );
    fails(
        &world,
        &["destroy"],
        64,
        str![[r#"
error: unrecognized subcommand 'destroy'

  tip: a similar subcommand exists: 'history'

Usage: auditform [OPTIONS] <COMMAND>

For more information, try '--help'.

"#]],
    );
    fails(
        &world,
        &["plan", "--format", "yaml"],
        64,
        str![[r#"
error: invalid value 'yaml' for '--format <FORMAT>'
  [possible values: text, json, markdown, html]

For more information, try '--help'.

"#]],
    );
    fails(
        &world,
        &["plan", "--request-timeout", "soon"],
        64,
        str![[r#"
error: invalid value 'soon' for '--request-timeout <DURATION>': `soon` is not a duration; write it as `90s`, `5m`, `24h` or `7d`

For more information, try '--help'.

"#]],
    );
    fails(
        &world,
        &["apply", "--parallelism", "0"],
        64,
        str![[r#"
error: invalid value '0' for '--parallelism <NUMBER>': 0 is not in 1..=256

For more information, try '--help'.

"#]],
    );
    fails(
        &world,
        &["emulate", "--seed", "a", "--mailboxes", "1"],
        64,
        str![[r#"
error: the argument '--seed <FILE>' cannot be used with '--mailboxes <NUMBER>'

Usage: auditform emulate --seed <FILE>

For more information, try '--help'.

"#]],
    );
}

#[test]
fn no_command_at_all_shows_the_help_as_an_error() {
    let world = World::new();
    let output = world.run(&[]).ended(64);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("Usage: auditform"), "{}", output.stderr);
    let help = world.run(&["--help"]).ended(0);
    assert_eq!(help.stderr, "");
    assert!(help.stdout.contains("Usage: auditform"), "{}", help.stdout);
}
